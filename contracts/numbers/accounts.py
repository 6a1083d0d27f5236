"""Swedish bank accounts: a clearing number that says whose rules apply, and an account number under
those rules (Bankgirot, *Bankernas kontonummer*; `clearing_numbers.csv` is its list). A wrong check
digit is refused where the algorithm is certain, and only warned about where banks themselves have
old accounts that fail it, or where the algorithm was never published."""

import csv
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from stdnum import iban
from stdnum.exceptions import ValidationError as StdnumError

from contracts.numbers.digits import (
    LONGEST_WRITTEN,
    NumberError,
    luhn_digit,
    passes_luhn,
    passes_modulus_11,
    require_length,
    require_luhn,
    written,
)

KIND = "bank account"
IBAN = "IBAN"
BIC = r"^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$"
"""How a bank's BIC is written."""
ENDED_CLEARING = ((9260, 9269, "DNB"), (9300, 9349, "Swedbank"), (9880, 9899, "Riksgälden"))
"""Clearing numbers no longer in use: no payout can reach them."""
BANKGIROT_CLEARING = "9900"
"""Stands for Bankgirot in payment files; an account under it would be read as a bankgiro number."""


@dataclass(frozen=True, slots=True)
class ClearingRange:
    """One row of the list: which bank, and by which `type.comment` its accounts are checked."""

    first: int
    last: int
    bank: str
    rule: str


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account that may be paid to; `warning` says what could not be vouched for."""

    clearing: str
    """Four digits; Swedbank's fifth stands in `clearing_check_digit`."""
    number: str
    bank: str | None
    warning: str | None = None

    @property
    def clearing_check_digit(self) -> str:
        """Swedbank's fifth clearing digit (modulus 10 over the four before it); else nothing."""
        return luhn_digit(self.clearing) if self.clearing[0] == "8" else ""

    @property
    def machine_form(self) -> str:
        """Sixteen digits: clearing number and account zero-filled to twelve."""
        return self.clearing + self.number.zfill(12)

    def __str__(self) -> str:
        return f"{self.clearing}{self.clearing_check_digit}-{self.number}"


def parse_account(text: str) -> BankAccount:
    """Read `clearing-account` in one piece; in Swedbank's 8000 series the clearing has five digits.

    Blanks, hyphens, full stops and commas between digits are allowed.
    """
    digits = re.sub(r"[-., ]", "", written(text, KIND, "-., "))
    require_length(digits, 6, 17, KIND)
    clearing_length = 5 if digits[0] == "8" else 4
    return account(digits[:clearing_length], digits[clearing_length:])


def account(clearing: str, number: str) -> BankAccount:
    """Check an account given as two fields; an 8000 clearing may have four or five digits."""
    clearing = re.sub(r"[- ]", "", written(clearing, "clearing number", "- "))
    number = re.sub(r"[-., ]", "", written(number, KIND, "-., "))
    clearing = _four_digits(clearing)
    known = _range_of(clearing)
    if known is None:
        require_length(number, 2, 10, KIND)
        return BankAccount(clearing, number, None, "the clearing number is not in the list")
    number, warning = _CHECKS[known.rule](clearing, number)
    return BankAccount(clearing, number, known.bank, warning)


def parse_iban(text: str) -> str:
    """Return the 24 characters of a Swedish IBAN (`SE`, two check digits, twenty digits)."""
    if not isinstance(text, str) or len(text) > LONGEST_WRITTEN:
        raise NumberError(IBAN, "too_long", f"is longer than {LONGEST_WRITTEN} characters")
    compact = text.replace(" ", "").upper()
    if compact[:2] != "SE":
        raise NumberError(IBAN, "country", "is not Swedish: it must begin with SE")
    require_length(written(compact[2:], IBAN), 22, 22, IBAN)
    try:
        return str(iban.validate(compact))
    except StdnumError:
        raise NumberError(IBAN, "check_digit", "has wrong check digits") from None


@cache
def clearing_ranges() -> tuple[ClearingRange, ...]:
    """The list of clearing numbers, in ascending order."""
    with (Path(__file__).parent / "clearing_numbers.csv").open(encoding="utf-8") as file:
        return tuple(
            ClearingRange(
                int(row["from"]), int(row["to"]), row["bank"], f"{row['type']}.{row['comment']}"
            )
            for row in csv.DictReader(file)
        )


def _four_digits(clearing: str) -> str:
    if len(clearing) == 5 and clearing[0] == "8":
        if not passes_luhn(clearing):
            raise NumberError("clearing number", "check_digit", "has a wrong fifth digit")
        clearing = clearing[:4]
    require_length(clearing, 4, 4, "clearing number")
    for first, last, bank in ENDED_CLEARING:
        if first <= int(clearing) <= last:
            raise NumberError("clearing number", "ended", f"has ended ({bank})")
    if clearing == BANKGIROT_CLEARING:
        raise NumberError("clearing number", "bankgirot", "is Bankgirot's: give a bankgiro number")
    if int(clearing) < 1000:
        raise NumberError("clearing number", "unknown", "begins with a zero")
    return clearing


def _range_of(clearing: str) -> ClearingRange | None:
    ranges = clearing_ranges()
    at = bisect_right(ranges, int(clearing), key=lambda known: known.first) - 1
    return ranges[at] if at >= 0 and int(clearing) <= ranges[at].last else None


def _type_1_1(clearing: str, number: str) -> tuple[str, str | None]:
    require_length(number, 7, 7, KIND)
    return _modulus_11(clearing[1:] + number, number)


def _type_1_2(clearing: str, number: str) -> tuple[str, str | None]:
    require_length(number, 7, 7, KIND)
    return _modulus_11(clearing + number, number)


def _type_2_1(clearing: str, number: str) -> tuple[str, str | None]:
    require_length(number, 10, 10, KIND)
    require_luhn(number, KIND)
    return number, None


def _type_2_2(clearing: str, number: str) -> tuple[str, str | None]:
    require_length(number, 8, 9, KIND)
    return _modulus_11(number.zfill(9), number.zfill(9))


def _type_2_3(clearing: str, number: str) -> tuple[str, str | None]:
    require_length(number, 2, 10 if clearing[0] == "8" else 8, KIND)
    warning = None if passes_luhn(number) else "the check digit is wrong, as in some old accounts"
    return number, warning


def _type_2_4(clearing: str, number: str) -> tuple[str, str | None]:
    require_length(number, 2, 10, KIND)
    return number, "the bank has not published how its check digit is made"


def _modulus_11(checked: str, number: str) -> tuple[str, str | None]:
    if not passes_modulus_11(checked):
        raise NumberError(KIND, "check_digit", "has a wrong check digit")
    return number, None


_CHECKS = {
    "1.1": _type_1_1,
    "1.2": _type_1_2,
    "2.1": _type_2_1,
    "2.2": _type_2_2,
    "2.3": _type_2_3,
    "2.4": _type_2_4,
}


def _as_text(text: str) -> str:
    return str(parse_account(text))


AccountNumber = Annotated[
    str,
    AfterValidator(_as_text),
    WithJsonSchema(
        {"type": "string", "pattern": "^[0-9]{4,5}-[0-9]{2,10}$", "examples": ["5102-0158751"]}
    ),
]
"""A Swedish bank account, kept as `clearing-account`."""

Iban = Annotated[
    str,
    AfterValidator(parse_iban),
    WithJsonSchema(
        {"type": "string", "pattern": "^SE[0-9]{22}$", "examples": ["SE3550000000054910000003"]}
    ),
]
"""A Swedish IBAN, kept without blanks."""
