"""Who somebody is to the authorities: organisation number, personal number (*personnummer*),
co-ordination number (*samordningsnummer*) and VAT number (*momsregistreringsnummer*). Organisations
are kept as ten digits and people as twelve, so the length alone tells what must be masked. A sole
trader's organisation number **is** the owner's personal number and is treated as one."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from contracts.numbers.digits import NumberError, require_length, require_luhn, written

ORGANISATION = "organisation number"
PERSON = "personal number"
VAT = "VAT number"
COORDINATION_DAY = 60
"""Added to the day of birth in a co-ordination number."""


def parse_organisation_number(text: str) -> str:
    """Return the ten digits of `NNNNNN-NNNC`, also written with the prefix `16`."""
    number = written(text, ORGANISATION, "-")
    if "-" in number and not re.fullmatch(r"(16)?[0-9]{6}-[0-9]{4}", number):
        raise NumberError(ORGANISATION, "hyphen", "has its hyphen before the last four digits only")
    digits = number.replace("-", "")
    if len(digits) == 12 and digits.startswith("16"):
        digits = digits[2:]
    require_length(digits, 10, 10, ORGANISATION)
    if digits[2] < "2":
        raise NumberError(ORGANISATION, "third_digit", "has a third digit below 2, as people have")
    if digits[0] == "0":
        raise NumberError(ORGANISATION, "leading_zero", "begins with a zero")
    require_luhn(digits, ORGANISATION)
    return digits


def parse_personal_number(text: str, *, today: date | None = None) -> str:
    """Return twelve digits `YYYYMMDDNNNC` of a personal or co-ordination number.

    The ten-digit form tells the century by its separator, which becomes `+` from the year the
    person turns 100 (folkbokföringslag (1991:481) 18 §), so it is read only when `today` is given.
    Without a separator the latest possible day of birth is meant.
    """
    number = written(text, PERSON, "-+")
    match = re.fullmatch(r"([0-9]{2})?([0-9]{6})([-+]?)([0-9]{4})", number)
    if match is None:
        raise NumberError(PERSON, "form", "must be written YYMMDD-NNNN or YYYYMMDDNNNN")
    century, six, separator, four = match.groups()
    if century is None and today is None:
        raise NumberError(PERSON, "century", "must be written with its century, as twelve digits")
    if century is None:
        assert today is not None
        century = _century(six, separator, today)
    if century not in ("18", "19", "20"):
        raise NumberError(PERSON, "century", "is not of this or the two last centuries")
    born_on = _birth_date(century + six)
    if today is not None and born_on > today:
        raise NumberError(PERSON, "not_born", "has a day of birth that lies ahead")
    if four.startswith("000"):
        raise NumberError(PERSON, "serial", "has the serial number 000")
    require_luhn(six + four, PERSON)
    return century + six + four


def parse_identity_number(text: str, *, today: date | None = None) -> str:
    """Return an organisation's ten digits or a person's twelve, whichever the text is."""
    digits = written(text, "identity number", "-+").replace("-", "").replace("+", "")
    if len(digits) == 12:
        return parse_organisation_number(text) if digits.startswith("16") else _person(text, today)
    require_length(digits, 10, 10, "identity number")
    return parse_organisation_number(text) if digits[2] >= "2" else _person(text, today)


def is_personal(identity_number: str) -> bool:
    """Say whether a kept identity number is a person's: twelve digits, where a company has ten."""
    return len(identity_number) == 12


def parse_vat_number(text: str) -> str:
    """Return `SE`, the ten digits of the organisation or sole trader, and `01`."""
    if not isinstance(text, str) or len(text) > 20:
        raise NumberError(VAT, "too_long", "is longer than 20 characters")
    compact = text.replace(" ", "").replace("-", "").upper()
    if compact[:2] != "SE":
        raise NumberError(VAT, "country", "must begin with SE")
    digits = written(compact[2:], VAT)
    require_length(digits, 12, 12, VAT)
    if digits[10:] != "01":
        raise NumberError(VAT, "suffix", "must end with 01")
    if digits[2] < "2":
        _any_birth_date(digits[:6])
    require_luhn(digits[:10], VAT)
    return compact


def vat_number_of(identity_number: str) -> str:
    """Make the VAT number of a kept identity number (ten digits, or a person's twelve)."""
    return f"SE{identity_number[-10:]}01"


def format_organisation_number(digits: str) -> str:
    """Write an organisation number as people read it: `556016-0680`."""
    return f"{digits[:6]}-{digits[6:]}"


def mask_personal_number(text: str) -> str:
    """Hide what identifies a person: `850709-****`, whatever the form; never refuses anything."""
    match = re.fullmatch(r"\s*(?:[0-9]{2})?([0-9]{6})[-+]?[0-9]{4}\s*", text, re.ASCII)
    return f"{match.group(1)}-****" if match else "******-****"


def _person(text: str, today: date | None) -> str:
    return parse_personal_number(text, today=today)


def _century(six: str, separator: str, today: date) -> str:
    """Find the century of a two-digit year; `-` is younger than 100 this year, `+` is not."""
    youngest = today.year - (today.year - int(six[:2])) % 100
    ahead = f"{youngest}{six[2:4]}{int(six[4:]) % COORDINATION_DAY:02}" > f"{today:%Y%m%d}"
    if separator == "+" or (separator == "" and ahead):
        youngest -= 100
    return str(youngest)[:2]


def _birth_date(eight: str) -> date:
    day = int(eight[6:])
    if day > COORDINATION_DAY:
        day -= COORDINATION_DAY
    try:
        return date(int(eight[:4]), int(eight[4:6]), day)
    except ValueError:
        raise NumberError(PERSON, "date", "begins with a day that does not exist") from None


def _any_birth_date(six: str) -> None:
    for century in ("20", "19"):
        try:
            _birth_date(century + six)
        except NumberError:
            continue
        return
    raise NumberError(VAT, "date", "has neither an organisation number nor a day of birth in it")


OrganisationNumber = Annotated[
    str,
    AfterValidator(parse_organisation_number),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{10}$", "examples": ["5560160680"]}),
]
"""A legal person's number, kept as ten digits."""

PersonalNumber = Annotated[
    str,
    AfterValidator(parse_personal_number),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{12}$", "examples": ["198507099805"]}),
]
"""A personal or co-ordination number, kept as twelve digits; doors that take ten-digit ones call
`parse_personal_number` with the day."""

IdentityNumber = Annotated[
    str,
    AfterValidator(parse_identity_number),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]{10}|[0-9]{12})$"}),
]
"""An organisation's ten digits or a person's twelve; see `is_personal`."""

VatNumber = Annotated[
    str,
    AfterValidator(parse_vat_number),
    WithJsonSchema(
        {"type": "string", "pattern": "^SE[0-9]{10}01$", "examples": ["SE556016068001"]}
    ),
]
"""A Swedish VAT number, kept without blanks."""
