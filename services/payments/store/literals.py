"""Arrays of numbers, days and fixed words written as PostgreSQL's own text: `cast(:x as text)`.

asyncpg asks of every element of an array whether it is itself a container, by an abstract base
class, which costs more than all else in a large batch. Text is taken as it is. Only for values that
need no quotes: never for what a person or a bank has written.
"""

from collections.abc import Iterable
from datetime import date


def numbers(values: Iterable[int | bool | None]) -> str:
    """Whole numbers or truth values."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def days(values: Iterable[date | None]) -> str:
    """Dates."""
    made = ["NULL" if value is None else value.isoformat() for value in values]
    return "{" + ",".join(made) + "}"


def words(values: Iterable[str | None]) -> str:
    """Names of our own, such as components and states."""
    return "{" + ",".join(["NULL" if value is None else f'"{value}"' for value in values]) + "}"
