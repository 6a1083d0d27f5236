"""The OCR reference: 2 to 25 digits that a payer types and a bank checks. The last digit is a check
digit by modulus 10; the second last may be a length digit, the last digit of the total length.
References are strings: a leading zero counts. Bankgirot's rules for OCR control."""

from collections.abc import Collection
from enum import IntEnum
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from contracts.numbers.digits import (
    NumberError,
    luhn_digit,
    passes_luhn,
    require_length,
    require_luhn,
    written,
)

KIND = "OCR reference"
SHORTEST, LONGEST = 2, 25


class OcrLevel(IntEnum):
    """What the payer's bank checks, as the payee agreed it for its bankgiro number."""

    SOFT = 1
    """Mjuk kontroll: a wrong check digit is warned about; free text may be sent too."""
    HARD = 2
    """Hård kontroll: the check digit must be right."""
    VARIABLE_LENGTH = 3
    """Check digit and length digit must be right."""
    FIXED_LENGTH = 4
    """The check digit must be right and the length one of at most two agreed ones."""


def make_ocr(base: str, *, length_digit: bool = True, total_length: int | None = None) -> str:
    """Make a reference out of base digits; `total_length` zero-fills the base to reach it."""
    digits = written(base, KIND)
    added = 2 if length_digit else 1
    if total_length is not None:
        if not len(digits) + added <= total_length <= LONGEST:
            raise NumberError(KIND, "length", f"cannot be made {total_length} digits long")
        digits = digits.zfill(total_length - added)
    require_length(digits, 1, LONGEST - added, f"{KIND} base")
    if length_digit:
        digits += str((len(digits) + 2) % 10)
    return digits + luhn_digit(digits)


def check_ocr(reference: str, level: OcrLevel, lengths: Collection[int] = ()) -> str:
    """Return the reference if a bank would take it at this level; refuse it by what is wrong.

    `lengths` are the one or two total lengths agreed at `FIXED_LENGTH`. At `SOFT` a wrong check
    digit is no reason to refuse, so only the form is looked at: see `warning_at_soft_level`.
    """
    digits = written(reference, KIND)
    require_length(digits, SHORTEST, LONGEST, KIND)
    if level is OcrLevel.SOFT:
        return digits
    require_luhn(digits, KIND)
    if level is OcrLevel.VARIABLE_LENGTH and not has_length_digit(digits):
        raise NumberError(KIND, "length_digit", "has a wrong length digit")
    if level is OcrLevel.FIXED_LENGTH:
        if not 1 <= len(lengths) <= 2:
            raise NumberError(KIND, "lengths", "at most two lengths, and at least one, are agreed")
        if len(digits) not in lengths:
            raise NumberError(KIND, "length", f"has {len(digits)} digits, which was not agreed")
    return digits


def warning_at_soft_level(reference: str) -> bool:
    """Say whether a payer's bank would warn about the reference at `SOFT`."""
    return not passes_luhn(check_ocr(reference, OcrLevel.SOFT))


def has_length_digit(digits: str) -> bool:
    """Say whether the second last digit is the last digit of the total length."""
    return int(digits[-2]) == len(digits) % 10


def _own(reference: str) -> str:
    return check_ocr(reference, OcrLevel.VARIABLE_LENGTH)


OcrNumber = Annotated[
    str,
    AfterValidator(_own),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{2,25}$", "examples": ["2026004206"]}),
]
"""A reference of ours: check digit and length digit right (works under levels 1 to 3; under 4 too
where its length is agreed)."""
