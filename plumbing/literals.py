"""Arrays of numbers, days, ids and fixed words as PostgreSQL's own text: `cast(:x as text)`.

asyncpg asks of every element of an array whether it is itself a container, by an abstract base
class, which costs more than all else in a large batch. Text is taken as it is. Only for values that
need no quotes: never for what a person or a bank has written. And only where it is read once, as by
`unnest`: in `= any(...)` a plan that walks the table would read the text again for each row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as DriverUUID  # noqa: N811


def numbers(values: Iterable[int | bool | None]) -> str:
    """Whole numbers or truth values."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def days(values: Iterable[date | None]) -> str:
    """Dates."""
    made = ["NULL" if value is None else value.isoformat() for value in values]
    return "{" + ",".join(made) + "}"


def ids(values: Iterable[UUID | None]) -> str:
    """Identifiers."""
    return "{" + ",".join([_one_id(value) for value in values]) + "}"


def _one_id(value: UUID | None) -> str:
    """Bare digits, unless the hyphens cost nothing: Python's own UUID takes thrice as long."""
    if value is None:
        return "NULL"
    return str(value) if type(value) is DriverUUID else f"{value.int:032x}"


def words(values: Iterable[str | None]) -> str:
    """Names of our own, such as components and states."""
    return "{" + ",".join(["NULL" if value is None else f'"{value}"' for value in values]) + "}"


def quick_uuid(written: str | bytes) -> UUID:
    """A UUID from its text or its 16 bytes: the database driver's, made several times faster."""
    made: UUID = DriverUUID(written)
    return made


def written(kind: str, values: Iterable[Any]) -> str:
    """A column of the SQL type `kind`."""
    return _WRITERS.get(kind, numbers)(values)


def columns_told(types: Mapping[str, str], rows: Sequence[Any]) -> dict[str, str]:
    """Attributes of rows as columns, by their SQL types; those that no row tells are left out."""
    columns = {name: [getattr(row, name) for row in rows] for name in types}
    return {
        name: written(types[name], column)
        for name, column in columns.items()
        if any(value is not None for value in column)
    }


def arrays(types: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Rows as columns in the order of `types`; a type that ends in [] is left to the driver.

    Those are for what people have written and for bytes; empty rows give empty arrays.
    """
    columns = zip(*rows, strict=True) if rows else ((),) * len(types)
    return {
        name: list(column) if kind.endswith("[]") else written(kind, column)
        for (name, kind), column in zip(types.items(), columns, strict=True)
    }


def casts(columns: Mapping[str, str]) -> str:
    """What `unnest` is given to read columns back: each name with its SQL type."""
    return ", ".join(
        f"cast(:{name} as {kind})"
        if kind.endswith("[]")
        else f"cast(cast(:{name} as text) as {kind}[])"
        for name, kind in columns.items()
    )


_WRITERS: Mapping[str, Callable[[Iterable[Any]], str]] = {"date": days, "text": words, "uuid": ids}
