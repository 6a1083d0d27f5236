"""A loan desk of a library: the toy that proves plumbing, which knows no invoice.

The desk says `BookLent`; the shelf hears it, counts per book what it has heard and in which order,
and wakes itself on the day the book is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.envelope import Event, Personal
from plumbing.outbound import Carrier
from plumbing.schema import HISTORY
from plumbing.service import create_service
from plumbing.settings import ServiceSettings
from plumbing.transaction import Transaction

TABLES = """
create table shelf (
  book uuid primary key, heard int not null default 0, last_step int not null default 0,
  disorder int not null default 0, reminded_on date[] not null default '{}') with (fillfactor = 60);
"""

HEAR = text("""
  insert into shelf (book, heard, last_step)
  select u.book, 1, u.step from unnest(cast(:books as uuid[]), cast(:steps as int[])) u(book, step)
  order by u.book
  on conflict (book) do update set heard = shelf.heard + 1, last_step = excluded.last_step,
    disorder = shelf.disorder + (excluded.last_step <= shelf.last_step)::int
""")
REMIND = text("""
  update shelf set reminded_on = reminded_on || cast(:today as date)
  where book = any(cast(:books as uuid[]))
""")


POISONOUS = True
"""Whether a poisonous loan still breaks the handler; a test mends the handler by unsetting it."""


class BookLent(Event):
    """Somebody borrowed a book; `step` grows with each loan of it."""

    type = "library.book.lent.v1"
    topic = "library.loans"
    key_field = "book_id"

    book_id: UUID
    step: int
    borrower: Personal = "Karin"
    poison: bool = False


class BookReturned(Event):
    """A book came back: another topic's news of the same key."""

    type = "library.book.returned.v1"
    topic = "library.returns"
    key_field = "book_id"

    book_id: UUID
    step: int


async def shelve(tx: Transaction, loans: Sequence[BookLent]) -> None:
    """Count what was heard; a poisonous loan is a bug in the handler."""
    for loan in loans:
        if loan.poison and POISONOUS:
            raise RuntimeError("poison")
    books = [loan.book_id for loan in loans]
    await tx.execute(HEAR, {"books": books, "steps": [loan.step for loan in loans]})
    tx.wake("due", {book: tx.today + timedelta(days=14) for book in books})


async def remind(tx: Transaction, books: Sequence[UUID]) -> None:
    """Write down the day on which each book was reminded of."""
    await tx.execute(REMIND, {"books": list(books), "today": tx.today})


class _Operations:
    """What `create_plumbing` needs of Alembic: running a statement."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def execute(self, statement: str) -> None:
        self.statements.append(statement)


async def prepare(url: str) -> None:
    """Create plumbing's tables and the toy's."""
    operations = _Operations()
    for step in HISTORY:
        step(operations)
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in (*operations.statements, TABLES):
            await connection.execute(text(statement))
    await engine.dispose()


def settings(url: str, bootstrap: str, public_key: str, **more: Any) -> ServiceSettings:
    """Settings of a toy service in demo mode."""
    return ServiceSettings(
        database_url=url,
        kafka_bootstrap_servers=bootstrap,
        identity_public_key=public_key,
        betalt_demo=True,
        **more,
    )


def create_shelf(config: ServiceSettings, name: str = "shelf", **more: Carrier) -> FastAPI:
    """The listening service."""
    return create_service(
        name, config, hears={BookLent: shelve}, wakes={"due": remind}, carriers=more
    )


def create_desk(config: ServiceSettings, name: str = "desk") -> FastAPI:
    """The speaking service; it hears nothing."""
    return create_service(name, config, hears={})


def loans(book: UUID, steps: int, *, first: int = 1) -> list[BookLent]:
    """Loans of one book in order."""
    return [BookLent(book_id=book, step=step) for step in range(first, first + steps)]


TOMORROW = timedelta(days=1)
A_DAY = date(2026, 11, 2)
