"""What services tell in English of money, letters and cases, as the pages say it in Swedish.

These are not refusals of what somebody typed (those are in `words`), but why something waits.
"""

from __future__ import annotations

import re
from typing import Any

TOLD = (
    # why a payment is held (payments)
    (r"currency is not SEK", "Den är i en annan valuta än kronor"),
    (r"returned payment", "Det är en betalning som kommit tillbaka"),
    (r"reversal of an earlier", "Banken har tagit tillbaka en tidigare post"),
    (r"sign differs", "Den har ett annat tecken än sin post"),
    (r"amount is zero", "Beloppet är noll"),
    (r"too many references", "Den har för många referenser för att läsas"),
    (r"do not add up to the entry", "Postens betalningar har inte samma summa som posten"),
    (r"not every amount", "Posten har flera betalningar och inte alla belopp"),
    (r"another currency than the entry", "En betalning är i en annan valuta än sin post"),
    (r"number of payments that it states", "Posten har inte så många betalningar som den anger"),
    (r"booked already, in one piece", "Posten är redan bokförd, hel eller som betalningar"),
    (r"neither the payee's bankgiro", "Varken bankgirot eller kontot är vårt"),
    # why a debit is no payout (payments)
    (r"it is no payout of ours", "Det är ingen utbetalning som vi har beställt"),
    (r"ordered with (\d+) öre", "Utbetalningen beställdes med ett annat belopp"),
    (r"come to (\d+) öre", "Utbetalningarna i beställningen har en annan summa"),
    (r"debited before", "Utbetalningen är redan dragen från kontot"),
    (r"had rejected the payout", "Banken hade nekat utbetalningen"),
    (r"no payout account", "Inget konto är registrerat"),
    # why a bank rejects a payout (ISO 20022's reasons; bank-formats.md 5)
    (r"\bAC04\b", "Kontot är avslutat (AC04)"),
    (r"\bAC06\b", "Kontot är spärrat (AC06)"),
    (r"\bAC0[123]\b", "Kontonumret är fel ({all})"),
    (r"\bAG01\b", "Kontot får inte ta emot sådana betalningar (AG01)"),
    (r"\bAM04\b", "Pengarna på vårt konto räcker inte (AM04)"),
    (r"\bAM05\b", "Banken har fått samma beställning förut (AM05)"),
    (r"\bRC0[34]\b", "Bankens clearingnummer eller BIC är fel ({all})"),
    # what became of a letter (notifications)
    (r"no e-mail address is known", "Kunden saknar e-postadress"),
    (r"paper is not available", "Papper finns inte än, och kunden saknar e-postadress"),
    (r"identity is protected", "Mottagaren har skyddade personuppgifter"),
    (r"e-mail address cannot be used", "E-postadressen går inte att använda"),
    (r"recipient's address was refused", "Mottagarens mejlserver tar inte emot den adressen"),
    (r"mail server", "Mejlservern tog inte emot brevet"),
    (r"no longer leaves the time", "Tiden att svara hade blivit för kort"),
    (r"no demand may be sent", "Lagen hindrar att kravet skickas"),
    (r"the demand lacks", "Uppgifter som kravet måste ha saknas"),
    (r"charge was reversed", "Kostnaden togs tillbaka"),
    # what is wrong with a bank file (payments); the rest is about XML, for those who read it
    (r"the account (\S+) is not one of ours", "Kontot {0} är inte vårt"),
    (r"statement (\S+) of the account (\S+) has not come", "Utdrag {0} för konto {1} saknas"),
    (r"statement (\S+) does not open with", "Utdrag {0} börjar inte där det förra slutade"),
    # what a task is about (collections)
    (r"^message (\d+)$", "meddelande {0}"),
)
"""Patterns, and what to say where they are found; the first one counts."""


def told(reason: Any) -> str:
    """A service's reason in Swedish; one that is not known is shown as it is."""
    text = str(reason if reason is not None else "")
    for pattern, swedish in TOLD:
        if found := re.search(pattern, text):
            return swedish.format(*found.groups(), all=found.group())
    return text
