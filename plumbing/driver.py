"""Statements go to the driver itself; SQLAlchemy writes them and keeps the connections (ADR-0020).

On SQLAlchemy's own connection a small statement costs the processor three times as much and a small
transaction more than twice, and of small ones a day of few events is made. What comes back is read
as SQLAlchemy's results are; all of it is here when it is read.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

import asyncpg
from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

DIALECT = dialect()  # type: ignore[no-untyped-call]
COMMITTED = "COMMIT"
Item = TypeVar("Item")


def _column(name: str) -> Any:
    return property(lambda row: row[name])


class Row(asyncpg.Record):  # type: ignore[misc]
    """A row: a tuple whose values have the names of their columns too."""

    # A record's own methods are no names that a column may not have.
    get, items, keys, values = map(_column, ("get", "items", "keys", "values"))

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Answer(Generic[Item]):
    """What a statement gave: rows, or what was asked to be made of each."""

    __slots__ = ("_items",)

    def __init__(self, items: list[Item]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def all(self) -> list[Item]:
        """All of them."""
        return self._items

    def first(self) -> Item | None:
        """The first one; None where there is none."""
        return self._items[0] if self._items else None

    def one(self) -> Item:
        """The only one; `LookupError` where there is none, or more."""
        if len(self._items) != 1:
            raise LookupError(f"one row was expected, {len(self._items)} came")
        return self._items[0]

    def scalars(self: Answer[Row]) -> Answer[Any]:
        """The first value of each row."""
        return Answer([row[0] for row in self._items])

    def scalar(self: Answer[Row]) -> Any:
        """The first row's first value; None where there is no row."""
        return self._items[0][0] if self._items else None

    def scalar_one(self: Answer[Row]) -> Any:
        """The only row's first value; `LookupError` where there is none, or more."""
        return self.one()[0]

    def mappings(self: Answer[Row]) -> Answer[dict[str, Any]]:
        """Each row as a dictionary."""
        return Answer([dict(asyncpg.Record.items(row)) for row in self._items])


class LostCommitError(Exception):
    """The database ended a transaction otherwise than asked: a failed statement was passed over."""


class Connection:
    """A connection that is ours for a while. Each statement is its own transaction unless begun."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def execute(
        self, statement: TextClause, parameters: Mapping[str, Any] | None = None
    ) -> Answer[Any]:
        """Run one statement; raises the driver's errors, which quote what they met (`shown`)."""
        words, names = _written(statement)
        given = [parameters[name] for name in names] if parameters else ()
        return Answer(await self._driver.fetch(words, *given, record_class=Row))

    def cut_off(self) -> None:
        """End the session at once; the database undoes what it had begun, and unlocks."""
        self._driver.terminate()

    @contextlib.asynccontextmanager
    async def begun(self, words: str = "begin") -> AsyncIterator[None]:
        """A transaction: committed at the end, undone by an error. `words` begin it.

        Where even undoing fails the connection is cut off, and the database undoes.
        """
        try:
            await self._driver.execute(words)
            yield
            if (tag := await self._driver.execute("commit")) != COMMITTED:
                raise LostCommitError(tag)
        except BaseException:
            try:
                await self._driver.execute("rollback")
            except BaseException as error:
                self.cut_off()
                if not isinstance(error, Exception):
                    raise
            raise


@contextlib.asynccontextmanager
async def taken(engine: AsyncEngine) -> AsyncIterator[Connection]:
    """A connection of the engine's pool; one that was lost meanwhile is not given, nor kept."""
    async with engine.connect() as connection:
        driver = await _driver_of(connection)
        try:
            yield Connection(driver)
        except asyncpg.InternalClientError:  # a server's last words came between two statements
            driver.terminate()
            raise
        finally:
            if driver.is_closed():
                await connection.invalidate()


async def _driver_of(connection: AsyncConnection) -> asyncpg.Connection:
    driver = cast(Any, (await connection.get_raw_connection()).driver_connection)
    if driver.is_closed():
        await connection.invalidate()  # the next one is new
        driver = cast(Any, (await connection.get_raw_connection()).driver_connection)
    return driver


@lru_cache(maxsize=2_000)
def _written(statement: TextClause) -> tuple[str, Sequence[str]]:
    """A statement as the driver takes it, and the names of its parameters in their order."""
    compiled = statement.compile(dialect=DIALECT)
    return compiled.string, tuple(compiled.positiontup or ())
