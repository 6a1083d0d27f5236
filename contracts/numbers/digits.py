"""What every number format here stands on: one refusal that names what is wrong, one way to read
digits a stranger typed, and the two check sums of Swedish numbers (modulus 10 and modulus 11).
A refusal never repeats the number it refuses, for the number may be a person's."""

from stdnum import luhn

LONGEST_WRITTEN = 40
"""No format here is longer than this, written with every separator it allows."""


class NumberError(ValueError):
    """A number is not what it claims to be: its kind, a code for pages, and what is wrong."""

    def __init__(self, kind: str, code: str, sentence: str) -> None:
        super().__init__(f"{kind}: {sentence}")
        self.kind = kind
        self.code = code


def written(text: str, kind: str, separators: str = "") -> str:
    """Strip outer blanks; refuse anything but ASCII digits and the separators of the format."""
    if not isinstance(text, str):
        raise NumberError(kind, "not_text", "must be given as text")
    if len(text) > LONGEST_WRITTEN:
        raise NumberError(kind, "too_long", f"is longer than {LONGEST_WRITTEN} characters")
    stripped = text.strip(" ")
    if not stripped:
        raise NumberError(kind, "empty", "is empty")
    strange = set(stripped) - set("0123456789" + separators)
    if strange:
        raise NumberError(
            kind,
            "character",
            f"contains a character that does not belong: U+{ord(min(strange)):04X}",
        )
    return stripped


def require_length(digits: str, shortest: int, longest: int, kind: str) -> None:
    """Refuse a digit string shorter or longer than its format."""
    if not shortest <= len(digits) <= longest:
        wanted = str(shortest) if shortest == longest else f"{shortest} to {longest}"
        raise NumberError(kind, "length", f"must have {wanted} digits, has {len(digits)}")


def require_luhn(digits: str, kind: str) -> None:
    """Refuse a wrong modulus-10 check digit (the last digit)."""
    if not passes_luhn(digits):
        raise NumberError(kind, "check_digit", "has a wrong check digit")


def passes_luhn(digits: str) -> bool:
    """Say whether the last digit is right by modulus 10 (Luhn) over all digits."""
    return luhn.checksum(digits) == 0


def luhn_digit(digits: str) -> str:
    """Return the digit that makes the given digits pass modulus 10 when put last."""
    return str(luhn.calc_check_digit(digits))


def passes_modulus_11(digits: str) -> bool:
    """Say whether the sum weighted 1, 2, … 10, 1 from the right is divisible by 11."""
    weights = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1)
    pairs = zip(reversed(digits), weights, strict=False)
    return sum(int(digit) * weight for digit, weight in pairs) % 11 == 0
