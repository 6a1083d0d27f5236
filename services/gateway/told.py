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
    (r"booked already, with another amount", "Bankens referens är redan bokförd, med annat belopp"),
    (r"one like it came in another file", "En likadan kom i en annan fil, båda utan referens"),
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
    # what is wrong with a bank file (payments); elements of the message keep their names
    (r"the account (\S+) is not one of ours", "Kontot {0} är inte vårt"),
    (r"statement (\S+) of the account (\S+) has not come", "Utdrag {0} för konto {1} saknas"),
    (r"statement (\S+) does not open with", "Utdrag {0} börjar inte där det förra slutade"),
    (r"^the file is empty$", "Filen är tom"),
    (r"^the file is packed with (\S+):", "Filen är packad med {0}: den läses bara uppackad"),
    (r"^the file is not XML$", "Filen är inte XML"),
    (r"^the file does not begin within (\d+) bytes$", "Filen börjar inte inom {0} byte"),
    (r"^the file has a document type declaration", "Filen har en DTD, vilket inte är tillåtet"),
    (r"^the encoding (.+) is not read$", "Teckenkodningen {0} läses inte"),
    (r"^the file ends before its first element$", "Filen slutar innan något har börjat i den"),
    (r"^an element has too many like these$", "För många likadana element i samma element"),
    (r"^one element from here on is larger than (\d+) bytes$",
     "Ett element härifrån är större än {0} byte"),
    (r"^the file is larger than (\d+) bytes$", "Filen är större än {0} byte"),
    (r"^the XML is broken: (.*)$", "Filens XML är trasig: {0}"),
    (r"^BgMax is recognised", "Filen är i formatet BgMax, som inte läses: be banken om camt.054"),
    (r"^the message (.+) answers payment orders and books no payment$",
     "Meddelandet {0} är bankens svar på utbetalningar och bokför ingen betalning"),
    (r"^the order (.+) is none of ours$", "Beställningen {0} är inte vår"),
    (r"^the payment (.+) is none of the order's$", "Betalningen {0} finns inte i beställningen"),
    (r"^the message (.+) is not a status report that is read$",
     "Meddelandet {0} är inget svar som läses"),
    (r"^the report has too many payments$", "Svaret har för många betalningar"),
    (r"^there are two CstmrPmtStsRpt$", "CstmrPmtStsRpt finns två gånger"),
    (r"^there is no (\S+)( under \S+)?$", "{0} saknas"),
    (r"^the message (.+) is not one that is read$", "Meddelandet {0} är inget som läses"),
    (r"^there is no (\S+) in the file$", "{0} saknas i filen"),
    (r"^there are two GrpHdr$", "GrpHdr finns två gånger"),
    (r"^there is no GrpHdr before it$", "GrpHdr saknas före"),
    (r"^(\S+) stands outside (\S+)$", "{0} står utanför {1}"),
    (r"^(\S+) stands after NtryDtls$", "{0} står efter NtryDtls"),
    (r"^(\S+) has (\S+) twice$", "{0} har två {1}"),
    (r"^AmtDtls has the Amt of TxAmt twice$", "AmtDtls har två belopp i TxAmt"),
    (r"^the entries up to here are more than any", "Posterna hit är mer än något konto rymmer"),
    (r"^too many entries contradict", "Alltför många poster säger emot sina betalningar"),
    (r"^the file has too many statements$", "Filen har för många kontoutdrag"),
    (r"^(\S+) is not a number(: .*)?$", "{0} är inget tal"),
    (r"^(\S+) states (\S+) (\S+), the entries give (\S+)$",
     "{0}: {1} är {2}, men posterna ger {3}"),
    (r"^the balances are in (\S+) and (\S+), the account in (\S+)$",
     "Saldona är i {0} och {1}, men kontot i {2}"),
    (r"^the opening balance and the booked entries give (\S+), the closing balance is (.+)$",
     "Ingående saldo och bokförda poster ger {0}, men utgående saldo är {1}"),
    (r"^Bal has no Amt or no CdtDbtInd$", "Bal saknar Amt eller CdtDbtInd"),
    (r"^a booked Ntry has neither BookgDt nor ValDt$", "En bokförd Ntry saknar BookgDt och ValDt"),
    (r"^CdtDbtInd is neither CRDT nor DBIT$", "CdtDbtInd är varken CRDT eller DBIT"),
    (r"^(\S+) is not an amount with two decimals", "{0} är inget belopp med två decimaler"),
    (r"^(\S+) has no currency$", "{0} saknar valuta"),
    (r"^(\S+) is not a day of our time$", "{0} är ingen dag i vår tid"),
    (r"^(\S+) has no (\S+)( before its details)?$", "{0} saknar {1}"),
    (r"^the payment (.+) is of an entry booked as (\d+) öre",
     "Betalningen {0} hör till en post som är bokförd med en annan summa, {1} öre"),
    (r"^the payment (.+) is not booked$", "Betalningen {0} är inte bokförd"),
    (r"^the payment (.+) is booked as (\d+) öre, not (\d+)$",
     "Betalningen {0} är bokförd med {1} öre, inte {2}"),
    (r"^the payment (.+) stands twice in the file",
     "Betalningen {0} står två gånger i filen; den ena är utelämnad"),
    (r"^the payment (.+) is booked as (\d+) öre of (\S+), not as (\d+) öre of (\S+)$",
     "Betalningen {0} är bokförd med {1} öre den {2}, inte med {3} öre den {4}"),
    # where a reference rate was read (law), if not in an announcement
    (r"^two secondary sources that cite riksbank.se", "Två källor som hänvisar till riksbank.se; "
     "tillkännagivandet i SFS är inte läst"),
    (r"^9 §: policy rate (\S+) % on (\S+); not read$", "9 §: styrräntan var {0} % den {1}; "
     "tillkännagivandet i SFS är inte läst"),
    # what a task is about (collections)
    (r"^message (\d+)$", "meddelande {0}"),
)  # fmt: skip
"""Patterns, and what to say where they are found; the first one counts."""


def told(reason: Any) -> str:
    """A service's reason in Swedish; one that is not known is shown as it is."""
    text = str(reason if reason is not None else "")
    for pattern, swedish in TOLD:
        if found := re.search(pattern, text):
            return swedish.format(*found.groups(), all=found.group())
    return text
