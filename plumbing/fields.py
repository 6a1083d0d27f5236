"""Fields of what strangers send, read strictly, and the base of the forms that hold them.

Texts refuse control characters (NUL among them, which PostgreSQL cannot keep) and the marks that
turn the direction of writing, with which one number can be shown as another. One in which nothing
can be seen, whatever it consists of, is empty.
"""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from plumbing.texts import storable

_HOSTILE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_HOSTILE_IN_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_SEEN = "LNPS"
"""Kinds of characters that show by themselves: letters, numbers, punctuation, symbols."""
_BLANK = frozenset("\N{HANGUL CHOSEONG FILLER}\N{HANGUL JUNGSEONG FILLER}\N{HANGUL FILLER}"
                   "\N{HALFWIDTH HANGUL FILLER}\N{BRAILLE PATTERN BLANK}")  # fmt: skip
"""Those among them that do not."""

MOST_FIELDS = 100
"""Of one form; with more it is no mistake, and each would be a fault to tell."""


class Form(BaseModel):
    """Base of what is sent; unknown fields are refused, for they are mistakes."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _is_no_flood(cls, given: Any) -> Any:
        if isinstance(given, dict) and len(given) > MOST_FIELDS:
            raise ValueError(f"must have at most {MOST_FIELDS} fields")
        return given


def _one_line(value: str) -> str:
    if _HOSTILE.search(value):
        raise ValueError("must not contain control characters")
    return _visible(value)


def _visible(value: str) -> str:
    """The text, refused if it has characters and none of them shows."""
    if value and not any(unicodedata.category(c)[0] in _SEEN and c not in _BLANK for c in value):
        raise ValueError("is empty")
    return value


def _lines(value: str) -> str:
    value = value.replace("\r\n", "\n")
    if _HOSTILE_IN_LINES.search(value):
        raise ValueError("must not contain control characters other than line breaks")
    return _visible(value)


def _kept(value: str) -> str:
    if storable(value) != value:
        raise ValueError("must not contain NUL")
    return value


def _postcode(value: str) -> str:
    digits = value.replace(" ", "")
    if not re.fullmatch(r"[1-9][0-9]{4}", digits):
        raise ValueError("must be five digits")
    return digits


def _written_day(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("must be a date, YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_written_day)]
"""A day of this century."""
Text = Annotated[str, AfterValidator(_one_line)]
Lines = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_lines)]
Reason = Annotated[Lines, Field(min_length=3, max_length=500)]
"""Why a person decides so."""
Key = Annotated[str, Field(max_length=300), AfterValidator(_kept)]
"""What something is known by, whoever made the key."""
Name = Annotated[Text, Field(min_length=1, max_length=200)]
Street = Annotated[Text, Field(min_length=1, max_length=200)]
Postcode = Annotated[Text, Field(max_length=10), AfterValidator(_postcode)]
Town = Annotated[Text, Field(min_length=1, max_length=100)]
Flag = Annotated[bool, Field(strict=True)]
Amount = Annotated[int, Field(strict=True, gt=0, lt=10**18)]
"""Öre, above zero and small enough for every sum."""
