"""Bankgiro and plusgiro numbers: 7 or 8, and 2 to 8 digits, the last a check digit by modulus 10.
Kept as digits alone, written with a hyphen. A bare run of digits can be either, so whoever stores
one stores its kind beside it."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from contracts.numbers.digits import NumberError, require_length, require_luhn, written

BANKGIRO = "bankgiro number"
PLUSGIRO = "plusgiro number"


def parse_bankgiro(text: str) -> str:
    """Return the 7 or 8 digits of `NNN-NNNN`, `NNNN-NNNN` or the bare digits."""
    number = written(text, BANKGIRO, "-")
    if "-" in number and not re.fullmatch(r"[0-9]{3,4}-[0-9]{4}", number):
        raise NumberError(BANKGIRO, "hyphen", "has its hyphen before the last four digits only")
    digits = number.replace("-", "")
    require_length(digits, 7, 8, BANKGIRO)
    return _checked(digits, BANKGIRO)


def parse_plusgiro(text: str) -> str:
    """Return the 2 to 8 digits of `17 60 99-0`, `176099-0` or the bare digits."""
    number = written(text, PLUSGIRO, "- ")
    if "-" in number and not re.fullmatch(r"[0-9 ]*[0-9]-[0-9]", number):
        raise NumberError(PLUSGIRO, "hyphen", "has its hyphen before the last digit only")
    digits = number.replace("-", "").replace(" ", "")
    require_length(digits, 2, 8, PLUSGIRO)
    return _checked(digits, PLUSGIRO)


def format_bankgiro(digits: str) -> str:
    """Write a bankgiro number as people read it: `5050-1055`."""
    return f"{digits[:-4]}-{digits[-4:]}"


def format_plusgiro(digits: str) -> str:
    """Write a plusgiro number as people read it, in pairs from the right: `17 60 99-0`."""
    body, pairs = digits[:-1], []
    while body:
        pairs.append(body[-2:])
        body = body[:-2]
    return f"{' '.join(reversed(pairs))}-{digits[-1]}"


def _checked(digits: str, kind: str) -> str:
    if digits[0] == "0":
        raise NumberError(kind, "leading_zero", "begins with a zero")
    require_luhn(digits, kind)
    return digits


Bankgiro = Annotated[
    str,
    AfterValidator(parse_bankgiro),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{6,7}$", "examples": ["50501055"]}),
]
"""A bankgiro number; whatever hyphen it came with, it is kept as digits."""

Plusgiro = Annotated[
    str,
    AfterValidator(parse_plusgiro),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{1,7}$", "examples": ["1760990"]}),
]
"""A plusgiro number; whatever hyphen and blanks it came with, it is kept as digits."""
