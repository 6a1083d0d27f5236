"""What pages say and how: Swedish amounts, days and states, and refusals in ordinary words.

Services refuse in English with a field and a reason; a person gets a Swedish page that says what to
do now. Programs (paths of the API, the feed, health) get the problem as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from contracts.numbers import format_bankgiro, format_organisation_number, mask_personal_number
from plumbing import problems
from plumbing.clock import SWEDISH
from plumbing.problems import Problem
from services.gateway.told import told

FOLDER = Path(__file__).parent
PROGRAMS = ("/api/", "/feeds/", "/ops/", "/health/", "/demo/token")
NO_BREAK = "\N{NO-BREAK SPACE}"

MONTHS = (
    "jan.", "feb.", "mars", "apr.", "maj", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "dec.",
)  # fmt: skip

SMALL_NUMBERS = (
    "noll", "en", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv",
)  # fmt: skip

STATES = {
    "issued": ("Skapad", "calm"),
    "undelivered": ("Ej levererad", "bad"),
    "sent": ("Skickad", "calm"),
    "opened": ("Öppnad", "calm"),
    "part_paid": ("Delbetald", "calm"),
    "paid": ("Betald", "good"),
    "overdue": ("Förfallen", "warn"),
    "reminded": ("Påmind", "warn"),
    "collection": ("Inkasso", "bad"),
    "kronofogden": ("Kronofogden", "bad"),
    "disputed": ("Bestridd", "held"),
    "credited": ("Krediterad", "quiet"),
}
"""What a list shows of an invoice, and the tone it is shown in."""

COMPONENTS = {
    "capital": "Kapitalbelopp",
    "reminder_fee": "Påminnelseavgift",
    "interest": "Dröjsmålsränta",
    "demand_cost": "Kostnad för inkassokrav",
    "instalment_cost": "Kostnad för amorteringsplan",
    "late_compensation": "Förseningsersättning",
    "filing_fee": "Ansökningsavgift till Kronofogden",
    "filing_work": "Ombudsarvode",
    "enforcement_fee": "Grundavgift till Kronofogden",
}
"""What a claim consists of, in the words of law and Kronofogden; letters use the same."""

OTHER_WORDS = {
    "open": "Öppen", "settled": "Betald", "disputed": "Bestridd", "closed": "Avslutad",
    "waiting": "Väntar", "demanded": "Krav skickat", "filed": "Hos Kronofogden",
    "withdrawn": "Återkallad", "upheld": "Kunden fick rätt", "ordered": "Skickad till banken",
    "rejected": "Nekad av banken", "paid_out": "Utbetald", "received": "Mottagen",
    "validated": "Kontrollerad", "refused": "Nekad", "booking": "Bokförs", "booked": "Bokförd",
    "consumer": "Privatperson", "business": "Företag", "email": "Webbfaktura via e-post",
    "paper": "Papper", "automatic": "Automatiskt", "ask": "Fråga först",
    "correction": "Rättelse", "commercial": "Överenskommelse", "bankgiro": "Bankgiro",
    "plusgiro": "Plusgiro", "account": "Bankkonto", "iban": "IBAN",
    "no_reference": "Saknar referens", "unknown_reference": "Okänd referens",
    "held": "Hålls kvar", "pending": "Väntar", "accepted": "Mottagen", "failed": "Misslyckades",
    "opened": "Öppnad", "objected": "Bestridd", "confirmed": "Bekräftad", "served": "Delgiven",
    "service_failed": "Ej delgiven", "decided": "Utslag", "enforcement": "Utmätning",
    "demand_proposed": "Krav förbereds", "demand_charged": "Krav på väg",
    "undeliverable": "Kunden nås inte", "awaits_creditor": "Väntar på dig",
    "filing_proposed": "Ansökan förbereds", "filing_charged": "Ansökan klar",
    "applying": "Ansökan skickas", "invoice": "Faktura", "reminder": "Påminnelse",
    "withdrawal": "Återkallelse", "credit_note": "Kreditfaktura", "credit": "Kreditfaktura",
    "sent": "Skickad", "stale": "För sent", "manual": "Hålls för handpåläggning",
    "carrying": "Skickas", "queued": "I kö", "demand": "Inkassokrav", "filing": "Ansökan",
    "unmatched": "Omatchad", "contested": "Bestridd hos Kronofogden", "late": "Dröjer",
    "enforcement_proposed": "Utmätning förbereds",
    "enforcement_charged": "Utmätning klar att begära",
    "withdrawing": "Återkallas", "exhausted": "Inget att utmäta",
    "payment_order_application_refused": "Kronofogden nekade ansökan",
    "enforcement_application_refused": "Kronofogden nekade utmätning",
    "reduction_refused": "Kronofogden nekade nedsättning",
    "withdrawal_refused": "Kronofogden nekade återkallelse",
    "application_uncertain": "Bestridd: oklart om ansökan kom fram",
    "enforcement_too_early": "Utmätning saknar bokförd ansökan",
    "kronofogden_unreadable": "Kronofogdens svar går inte att läsa",
    "new_basic_fee": "Ny grundavgift hos Kronofogden", "claim_barred": "Fordran är preskriberad",
    "charge_reversed": "En kostnad togs tillbaka", "withdrawal_overdue": "Återkallelse dröjer",
    "demand_undeliverable": "Krav kunde inte lämnas", "unknown_news": "Okänt besked",
    "news_of_unknown_case": "Besked om okänt ärende", "unreadable_news": "Oläsligt besked",
    "partial_payment": "Kronofogden fick in pengar, i öre",  # of the time before they were booked
}  # fmt: skip

ADVICE = {
    400: ("Det gick inte att läsa det du skickade", "Gå tillbaka och försök igen."),
    401: ("Du behöver logga in", "Logga in och försök sedan igen."),
    403: ("Du får inte se den här sidan", "Byt identitet, eller gå tillbaka till din översikt."),
    404: ("Sidan finns inte", "Kontrollera adressen, eller börja om från startsidan."),
    405: ("Så kan sidan inte användas", "Gå tillbaka och använd knapparna på sidan."),
    409: ("Det går inte just nu", "Ladda om sidan för att se hur det ligger till nu."),
    410: ("Länken gäller inte längre", "Använd länken i det senaste meddelandet du har fått."),
    413: ("Det du skickade är för stort", "Dela upp det eller korta texten och försök igen."),
    422: ("Något behöver rättas", "Gå tillbaka, rätta uppgifterna och försök igen."),
    502: ("Något gick fel hos oss", "Felet är noterat. Försök igen om en stund."),
    503: ("Tjänsten svarar inte just nu", "Inget har gått förlorat. Försök igen om en stund."),
    504: (
        "Det tog för lång tid",
        "Kontrollera om det du gjorde blev gjort innan du försöker igen.",
    ),
}
"""Per status: what happened, and what to do now."""

AWAY = frozenset({503, 504})
"""What passes by itself: the same may be sent again."""
SEND_AGAIN = (
    "Det du skickade finns kvar på den här sidan. Vänta en stund och skicka det igen; det "
    "som redan har kommit fram görs inte två gånger."
)
LOOK_AGAIN = "Ladda om sidan om en stund."

REASONS = {
    "paid": "Fakturan är redan betald.",
    "settled": "Fakturan är redan betald.",
    "credited": "Fakturan är redan krediterad.",
    "disputed": "Fakturan är bestridd; avgör invändningen först.",
    "on_hold": "Ärendet är pausat.",
    "already_charged": "Det är redan gjort.",
    "already_credited": "Fakturan är redan krediterad.",
    "already_handed_over": "Fakturan är redan skickad till inkasso.",
    "not_overdue": "Fakturan har inte förfallit än.",
    "upheld": "Kunden har fått rätt i sin invändning; kreditera fakturan.",
    "unreachable": "Kunden kan inte nås. Rätta kundens uppgifter först.",
    "already_reminded": "En påminnelse är redan på väg eller skickad.",
    "reference_rate_missing": "Påminnelsen väntar: referensräntan för halvåret är inte "
    "inlagd än. Den skickas när räntan finns.",
    "in_collection": "Fakturan är redan skickad till inkasso.",
    "not_due": "Fakturan har inte förfallit än.",
    "not_sent": "Fakturan har inte nått kunden än: rätta adressen först.",
    "not_failed": "Brevet går inte att skicka igen. Det är redan på väg, eller så saknas en "
    "e-postadress som fungerar.",
    "on_ledger": "Betalningen är redan bokförd.",
    "currency": "Ange belopp i kronor för annan valuta, och bara då.",
    "entry_booked": "Bankens post är redan bokförd på ett annat sätt. Ta bort den betalningen "
    "ur väntan först.",
    "amount_differs": "Betalningen är inte bokförd med samma belopp som uttaget.",
    "more_than_overpaid": "Kunden har inte så mycket till godo på den fordran.",
    "no_payout_account": "Inget konto kan ta emot pengarna. Registrera ett konto först.",
    "rate_not_added": "Räntan är redan borttagen, eller så har den gällt från början och kan inte "
    "tas bort.",
    "rate_charged": "Krav har räknats efter att halvåret började, och breven anger räntan. Den "
    "kan inte tas bort längre.",
    "debit_resolved": "Uttaget väntar inte längre. Någon har redan tagit hand om det.",
    "too_early": "Det är för tidigt.",
    "moving": "Klockan går redan.",
    "back": "Klockan går aldrig bakåt.",
    "far_ahead": "Dagen ligger för långt fram.",
    "another_site": "Det du skickade kom inte från den här webbplatsens egen sida. Öppna sidan här "
    "och försök igen.",
    "barred": "Lagen hindrar det.",
    "identity_number_missing": "Kundens person- eller organisationsnummer saknas.",
    "address_missing": "Kundens adress saknas.",
    "not issued": "Fakturan är inte skickad.",
    "already_disputed": "Invändningen är redan registrerad.",
    "dispute_settled": "Invändningen är redan avgjord.",
    "case_ended": "Inkassoärendet är redan avslutat eller återkallat.",
    "not_waiting": "Inkassoärendet väntar inte på dig längre.",
    "key_used": "Det du skickade är redan mottaget. Ladda om sidan för att göra något mer.",
    "thread_full": "Det får inte plats fler meddelanden här. Använd e-post eller telefon.",
}
"""Known reasons of refusals, in words; anything else gets the general advice of its status."""

ALREADY = frozenset(
    {
        *("already_charged", "already_credited", "already_handed_over", "already_reminded"),
        *("already_disputed", "dispute_settled", "case_ended", "key_used", "debit_resolved"),
    }
)
"""Reasons of refusals that only say that somebody, perhaps with a double click, was first."""

FAULTS = (
    (
        r"whole postal address is needed",
        "Över 4 000 kr ska kundens namn och hela postadress stå på fakturan. Lägg till adressen.",
    ),
    (r"not registered for VAT", "Företaget är inte momsregistrerat, så momsen ska vara 0 %."),
    (r"rows without VAT", "Skälet gäller bara rader med 0 % moms."),
    (r"\[0-9\]\{10\}", "Skriv numret med 10 eller 12 siffror."),
    (r"needs the BIC", "Ett IBAN-nummer behöver bankens BIC."),
    (r"\[A-Z\]\{6\}", "BIC har 8 eller 11 tecken."),
    (r"should be '", "Välj ett av alternativen."),
    (r"control characters", "Texten har tecken som inte går att använda. Ta bort dem."),
    (r"\[0-9\]\{1,9\}", "Skriv ett antal, till exempel 1,5."),
    (r"field required|is needed|missing|at least 1 (?:character|item)", "Fyll i uppgiften."),
    (r"should be a valid string", "Fyll i uppgiften."),
    (r"at least (\d+) (?:character|item)", "Skriv minst {0} tecken."),
    (r"at most (\d+) (?:character|item)", "Skriv högst {0} tecken."),
    (r"greater than or equal to (-?\d+)", "Ange minst {0}."),
    (r"less than or equal to (\d+)", "Ange högst {0}."),
    (r"less than (\d+)", "Ange mindre än {0}."),
    (r"must be (\d+) or higher", "Nästa nummer är {0}. Serien flyttas bara framåt."),
    (r"another article's", "Numret har redan en annan artikel."),
    (r"must be 25, 12, 6 or 0", "Välj momssats."),
    (r"for agreed interest", "Avtalad ränta behöver en räntesats, och bara den."),
    (r"1 to (\d+) rows", "En faktura har 1 till {0} rader."),
    (r"organisation number", "Organisationsnumret stämmer inte. Kontrollera siffrorna."),
    (r"personal number|identity number", "Numret stämmer inte. Kontrollera siffrorna."),
    (r"mail cannot be sent", "Det går inte att mejla till kundens e-postadress. Rätta den."),
    (r"e-?mail address of the customer", "Kunden saknar e-postadress."),
    (r"unaccented letters", "Skriv en e-postadress utan å, ä och ö, som namn@exempel.se."),
    (r"e-?mail", "E-postadressen stämmer inte."),
    (r"not offered yet", "Pappersfaktura finns inte än. Skicka som webbfaktura."),
    (r"due date must not have passed", "Förfallodagen har redan passerat. Välj en senare dag."),
    (r"more than (\d+) days back", "Datumet får ligga högst {0} dagar bakåt."),
    (r"discounts at (\d+) %", "Rabatten på {0} % moms är större än raderna med den momsen."),
    (r"cannot both be below 0", "Sätt minus på antalet eller på priset, inte på båda."),
    (r"must not be 0", "Antalet får inte vara noll."),
    (
        r"reverse charge needs a buyer",
        "Omvänd betalningsskyldighet gäller bara när kunden är ett företag.",
    ),
    (r"needs the buyer's VAT number", "Fyll i köparens momsregistreringsnummer."),
    (r"VAT number", "Momsregistreringsnumret stämmer inte."),
    (r"five digits", "Postnumret ska ha fem siffror."),
    (r"lie ahead|future", "Datumet får inte ligga framåt i tiden."),
    (r"latest invoice of the series", "Datumet ligger före den senaste fakturan i nummerserien."),
    (r"within \d+ days of the invoice date", "Leveransdagen ska ligga inom ett år."),
    (r"days after the invoice date", "Förfallodagen ska ligga inom ett år från fakturadatumet."),
    (r"no such article", "Artikeln finns inte."),
    (r"not active", "Artikeln är avaktiverad."),
    (r"no such customer", "Kunden finns inte."),
    (r"total must be", "Fakturans summa ska vara över noll och under tio miljarder kronor."),
    (r"coming day", "Välj en dag framåt i tiden."),
    (r"too far ahead", "Dagen ligger för långt fram."),
    (r"valid (integer|decimal|number)|integer|decimal", "Skriv ett tal."),
    (r"check digit|must have .* digits|is not Swedish", "Numret stämmer inte. Kontrollera det."),
    (r"is empty", "Fyll i uppgiften."),
    (r"valid date|date", "Skriv ett datum, till exempel 2026-11-22."),
)
"""Patterns of services' reasons for a field, and the same in Swedish."""


WAITS = (
    ("does not answer", "svarar inte"),
    ("halted by parked events", "stoppad av parkerade händelser"),
    ("held on", "hålls kvar den"),
    ("under way", "på väg"),
    ("in hand", "i hand"),
    ("the services live on different days", "tjänsterna lever på olika dagar"),
    ("not yet on", "ännu inte på"),
)
"""The barrier's words and ours."""


def kronor(amount_ore: int | str | None) -> str:
    """An amount as Swedes write it: `1 234,50 kr`; a dash for none."""
    return f"{plain_kronor(amount_ore)}{NO_BREAK}kr" if amount_ore is not None else "–"


def plain_kronor(amount_ore: int | str | None) -> str:
    """The amount without its unit, as a form field holds it: `1 234,50`."""
    if amount_ore is None or amount_ore == "":
        return ""
    amount_ore = int(amount_ore)  # a sum that was numeric in its database comes as text
    whole, rest = divmod(abs(amount_ore), 100)
    sign = "−" if amount_ore < 0 else ""
    return f"{sign}{whole:,}".replace(",", NO_BREAK) + f",{rest:02d}"


def money(amount: int | str | None, currency: str = "SEK") -> str:
    """An amount in hundredths of a currency: `10,00 EUR`; kronor as `kronor` writes them."""
    if currency == "SEK" or amount is None:
        return kronor(amount)
    return f"{plain_kronor(amount)}{NO_BREAK}{currency}"


def short_kronor(amount_ore: int | str | None) -> str:
    """An amount in running text: whole kronor go without decimals, `60 kr`."""
    return kronor(amount_ore).replace(f",00{NO_BREAK}kr", f"{NO_BREAK}kr")


def small_number(number: int) -> str:
    """A number in running text: `fem`, `30`."""
    return SMALL_NUMBERS[number] if 0 <= number < len(SMALL_NUMBERS) else str(number)


def parse_kronor(text: str) -> int | None:
    """Öre of an amount as typed (`1 234,50`, `99.5`, `100 kr`); None when it is no amount."""
    cleaned = re.sub(r"\s|kr$", "", text.strip().lower()).replace("−", "-").replace(",", ".")
    if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,2})?", cleaned):
        return None
    return int((Decimal(cleaned) * 100).to_integral_value(ROUND_HALF_UP))


def parse_quantity(text: str) -> str | None:
    """A quantity as typed, with a point; None when it is none."""
    cleaned = re.sub(r"\s", "", text).replace("−", "-").replace(",", ".")
    return cleaned if re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,4})?", cleaned) else None


def as_date(value: Any) -> date | None:
    """A calendar day out of JSON or a form; None when it is none. Instants become Swedish days."""
    if isinstance(value, datetime):
        return value.astimezone(SWEDISH).date()
    if isinstance(value, date):
        return value
    text = str(value or "").strip()
    try:
        if len(text) > 10:
            instant = datetime.fromisoformat(text)
            return instant.astimezone(SWEDISH).date() if instant.tzinfo else instant.date()
        return date.fromisoformat(text)
    except ValueError:
        return None


def day(value: Any) -> str:
    """A day as people write it: `22 nov. 2026`; a dash for none."""
    found = as_date(value)
    return f"{found.day}{NO_BREAK}{MONTHS[found.month - 1]}{NO_BREAK}{found.year}" if found else "–"


def clock_time(value: Any) -> str:
    """The Swedish time of an instant: `14.05`."""
    try:
        return datetime.fromisoformat(str(value)).astimezone(SWEDISH).strftime("%H.%M")
    except ValueError:
        return ""


def count(value: Any) -> str:
    """A whole number with groups of three; a dash for none."""
    return "–" if value is None else f"{int(value):,}".replace(",", NO_BREAK)


def rate(value: float | None) -> str:
    """Events per second, `12,5`; a dash while it is not known."""
    if value is None:
        return "–"
    return count(round(value)) if value >= 100 else f"{value:.1f}".replace(".", ",")


def duration(seconds: float | None) -> str:
    """A short length of time: `0,4 s`, `3 min`, `2 tim`."""
    if seconds is None:
        return "–"
    if seconds < 100:
        return f"{seconds:.1f}".replace(".", ",") + f"{NO_BREAK}s"
    return (
        f"{seconds / 60:.0f}{NO_BREAK}min"
        if seconds < 6000
        else f"{seconds / 3600:.0f}{NO_BREAK}tim"
    )


def percent(basis_points: int | None) -> str:
    """A yearly rate: 1050 is `10,5 %`."""
    if basis_points is None:
        return "–"
    return f"{Decimal(basis_points) / 100:f}".replace(".", ",").replace("-", "−") + f"{NO_BREAK}%"


def parse_percent(text: str) -> int | None:
    """Basis points of a rate as typed (`8`, `10,5`); None when it is none."""
    cleaned = re.sub(r"\s|%$", "", text.strip()).replace(",", ".")
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", cleaned):
        return None
    return int(Decimal(cleaned) * 100)


def state_word(state: Any) -> str:
    """A state in Swedish."""
    known = STATES.get(str(state))
    return known[0] if known else word(state)


def state_tone(state: Any) -> str:
    """The tone a state is shown in: good, calm, warn, bad, held or quiet."""
    known = STATES.get(str(state))
    return known[1] if known else "calm"


def word(code: Any) -> str:
    """A code of a service in Swedish; unknown ones are shown as they are, readable."""
    text = str(code if code is not None else "")
    return OTHER_WORDS.get(text) or COMPONENTS.get(text) or text.replace("_", " ").capitalize()


def word_in_text(code: Any) -> str:
    """The same within a sentence: `hos Kronofogden`."""
    text = word(code)
    return text if text.startswith("Kronofogden") else text[:1].lower() + text[1:]


def file_state(file: Mapping[str, Any]) -> str:
    """How far a bank file has come; one that is read and booked nothing does not say it did."""
    if file.get("state") != "booked":
        return word(file.get("state"))
    if file.get("role") == "controls":
        return "Jämförd"
    if file.get("role") == "answers":
        return "Hörd"
    return "Bokförd" if file.get("booked_ore") or file.get("payouts_settled") else "Inget bokfört"


CHANNELS = {"email": "e-post", "paper": "papper"}


def channel(code: Any) -> str:
    """How a letter went, in running text."""
    return CHANNELS.get(str(code)) or word(code).lower()


def identity_number(number: str | None) -> str:
    """An organisation or personal number for a list: personal ones are masked."""
    if not number or "*" in number:  # its service has masked it
        return number or ""
    digits = re.sub(r"\D", "", number)
    if len(digits) == 10 and digits[2] >= "2":
        return format_organisation_number(digits)
    return mask_personal_number(number)


def organisation_number(digits: str | None) -> str:
    """An organisation number as it must stand on an invoice, whoever's it is: never masked."""
    return format_organisation_number(digits) if digits and len(digits) == 10 else (digits or "")


def postcode(digits: str | None) -> str:
    """A postcode as people write it: `123 45`."""
    return f"{digits[:3]}{NO_BREAK}{digits[3:]}" if digits and len(digits) == 5 else (digits or "")


def quantity(text: Any) -> str:
    """A row's quantity, `−1,5`."""
    return str(text).replace(".", ",").replace("-", "−")


def bankgiro(digits: str | None) -> str:
    """A bankgiro with its hyphen."""
    only = re.sub(r"\D", "", digits or "")
    return format_bankgiro(only) if 7 <= len(only) <= 8 else (digits or "")


def ocr(digits: str | None) -> str:
    """A reference in groups of four, easier to type off a screen."""
    return NO_BREAK.join(re.findall(r".{1,4}", digits or ""))


def fault(reason: str, field: str = "") -> str:
    """A service's reason for a field, in Swedish and in the unit that people know."""
    for pattern, text in FAULTS:
        if found := re.search(pattern, reason, re.IGNORECASE):
            return text.format(*(_limit(each, field) for each in found.groups()))
    return "Uppgiften går inte att använda. Kontrollera den."


def _limit(number: str, field: str) -> str:
    """A limit as people write it: kronor for a field in öre, percent for one in basis points."""
    if field.endswith("_ore"):
        return short_kronor(number)
    return percent(int(number)) if field.endswith("_bp") else count(number)


STOPPED = {
    "undeliverable": "Inkassokravet kunde inte lämnas till kunden.",
    "refused": "Kronofogden nekade ansökan.",
    "decided": "Kronofogden har beslutat, men utmätning är inte begärd.",
    "barred": "Fordran är preskriberad.",
}


def stopped(why: str) -> str:
    """Why a case stands still, in Swedish."""
    return STOPPED.get(why) or REASONS.get(why, "")


def is_awaiting_answer(case: dict[str, Any]) -> bool:
    """Whether the debtor's time to answer the demand is what a case waits for."""
    asked = case.get("stage") in ("demand_proposed", "demand_charged", "demanded")
    return asked and bool(case.get("respond_by"))


def waiting(what: str) -> str:
    """What the clock waits for, in Swedish."""
    for english, swedish in WAITS:
        what = what.replace(english, swedish)
    return what


PARKED_FOR = (
    (r"(ValueError: )?unreadable: ", "Går inte att läsa."),
    (r"an earlier event of this key|waits behind a parcel", "Väntar bakom något tidigare."),
    (r"UndeliverableError: ", "Mottagaren tar inte emot det."),
)
"""How plumbing begins a reason, and what kind it is of; the rest of it is for engineers."""


def why(reason: str | None) -> str:
    """The kind of a technical reason, in Swedish; its own English words stand beside it."""
    for begins, told_as in PARKED_FOR:
        if re.match(begins, reason or ""):
            return told_as
    return "Ett fel uppstod när det skulle utföras."


def faults(problem: Problem) -> dict[str, str]:
    """Field → what is wrong with it, in Swedish; `query.` and `path.` are taken off."""
    found: dict[str, str] = {}
    for error in problem.body.get("errors") or ():
        field = re.sub(r"^(query|path)\.", "", str(error.get("field", "")))
        found.setdefault(field, fault(str(error.get("reason", "")), field))
    return found


def advice(problem: Problem) -> tuple[str, str]:
    """What happened and what to do, for a page."""
    title, what_now = ADVICE.get(problem.status, ADVICE[502])
    reason = problem.body.get("reason")
    if isinstance(reason, str) and reason in REASONS:
        return "Det är redan gjort" if reason in ALREADY else title, REASONS[reason]
    named = list(faults(problem).values())
    return title, " ".join(named) if named else what_now


PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters.update(
    kronor=kronor, plain_kronor=plain_kronor, short_kronor=short_kronor, day=day,
    clock_time=clock_time, count=count, rate=rate, duration=duration, percent=percent,
    file_state=file_state, state_word=state_word, state_tone=state_tone,
    money=money, told=told, channel=channel, word=word, word_in_text=word_in_text,
    waiting=waiting, stopped=stopped, why=why,
    identity_number=identity_number, bankgiro=bankgiro, ocr=ocr,
    organisation_number=organisation_number, postcode=postcode, quantity=quantity,
)  # fmt: skip
PAGES.tests.update(awaiting_answer=is_awaiting_answer)
PAGES.globals.update(new_key=uuid4)
"""What tells one form that was shown from another, so that what is sent twice is done once."""


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page, everything escaped."""
    state = getattr(request.scope.get("app"), "state", None)
    shown = {
        "settings": getattr(state, "settings", None),
        "path": request.url.path,
        "session": None,
    }
    html = PAGES.get_template(template).render(**(shown | values))
    return HTMLResponse(html, status_code=status)


def answer(request: Request, problem: Problem, **values: Any) -> Response:
    """A refusal for whoever asked: a page for people, a problem for programs."""
    if request.url.path.startswith(PROGRAMS):
        return problems.answer(problem)
    title, what_now = advice(problem)
    if problem.status in AWAY:
        what_now = SEND_AGAIN if values.get("sent") is not None else LOOK_AGAIN
    shown = page(
        request, "problem.html", status=problem.status, title=title, what_now=what_now, **values
    )
    shown.headers.update(problem.headers)
    return shown
