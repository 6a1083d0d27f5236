"""Payments on a real PostgreSQL: handlers driven as the inbox drives them, and the HTTP door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text

from contracts.envelope import Event
from contracts.ids import new_id
from plumbing.clock import Clock
from plumbing.transaction import Database, connect
from services.payments import subscribers, timers
from services.payments.app import build
from services.payments.domain.incoming import IncomingPayment
from services.payments.handlers import payouts, resolving
from services.payments.handlers.booking import BookingResult, book
from services.payments.settings import Settings
from services.payments.store import claims, ledger, resolutions
from tests.askers import PUBLIC_KEY, asker
from tests.conftest import OwnDatabase
from tests.payments import facts

E = TypeVar("E", bound=Event)
FILE = UUID("0190d2f0-0000-7000-8000-00000000f11e")


class Room:
    """The service without Kafka: what it hears, wakes and books, and what it has said."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = Clock()
        self.database = Database(connect(url), self.clock)
        self.hears = subscribers.hears(facts.BANKGIRO)
        self.wakes = timers.wakes(facts.BANKGIRO)

    def live_on(self, today: date) -> None:
        """Move the business day."""
        self.clock.offset_days += (today - self.clock.today()).days

    async def hear(self, *events: Event) -> None:
        """Hear events one after the other, each in its own transaction."""
        for event in events:
            await self.hear_together([event])

    async def hear_together(self, events: Sequence[Event]) -> None:
        """Hear events of one type, each of another claim, in one transaction.

        Proposals are heard on the day they are of, as everything is while all services are up.
        """
        today = self.clock.today()
        self.live_on(getattr(events[0], "as_of", today))
        await self.hear_late(events)
        self.live_on(today)

    async def hear_late(self, events: Sequence[Event]) -> None:
        """Hear events today, whatever day they are of."""
        async with self.database.transaction() as tx:
            await self.hears[type(events[0])](tx, events)

    async def book(self, *payments: IncomingPayment) -> BookingResult:
        """Book payments as the file job does."""
        async with self.database.transaction() as tx:
            return await book(tx, payments, file_id=FILE)

    async def repay(self, claim_id: UUID, amount_ore: int) -> None:
        """An operator repays a debtor, and says so of the debit that the bank shows."""
        debit = facts.debit(amount_ore, source_key=str(new_id()))
        async with self.database.transaction() as tx:
            await payouts.settle_debits(tx, [debit], file_id=FILE)
        async with self.database.transaction() as tx:
            unknown = await resolutions.lock_unknown_debit(tx, debit.source_key)
            claim = (await claims.lock(tx, [claim_id]))[claim_id]
            assert unknown
            why: dict[str, Any] = {"reason": "repaid", "by": facts.CREDITOR}
            await resolving.repay(tx, unknown, claim, amount_ore=None, **why)

    async def wake(self, kind: str, *keys: UUID) -> None:
        """A day came."""
        async with self.database.transaction() as tx:
            await self.wakes[kind](tx, keys)

    async def said(self) -> list[Event]:
        """Everything said so far, in order."""
        async with self.database.engine.connect() as connection:
            found = await connection.execute(
                text("select type, payload from said order by batch, n")
            )
            return [
                Event.registry[row.type].model_validate_json(row.payload) for row in found.all()
            ]

    async def said_of(self, kind: type[E]) -> list[E]:
        """What was said of one type."""
        return [event for event in await self.said() if isinstance(event, kind)]

    async def check(self) -> ledger.Check:
        """The ledger's own check, which must find nothing."""
        async with self.database.transaction() as tx:
            found = await ledger.check(tx)
        assert found.problems == ()
        assert found.sum_ore == 0
        return found

    async def rows(self, query: str, **given: Any) -> list[Any]:
        """Rows of a query, to look behind the doors."""
        async with self.database.engine.connect() as connection:
            return list((await connection.execute(text(query), given)).all())

    def asker(self, *roles: str, **rights: UUID) -> httpx2.AsyncClient:
        """A client of the service's HTTP door with these roles."""
        app = build(Settings(PAYMENTS_DATABASE_URL=self.url, identity_public_key=PUBLIC_KEY))
        app.state.database = self.database
        return asker(app, *roles, **rights)


OpenRoom = Callable[[], Awaitable[Room]]


@pytest.fixture
async def open_room(own_database: OwnDatabase) -> AsyncIterator[OpenRoom]:
    """Opens rooms, each with a ledger of its own."""
    rooms: list[Room] = []

    async def open_() -> Room:
        room = Room(await own_database("payments"))
        room.live_on(date(2026, 8, 20))
        rooms.append(room)
        return room

    yield open_
    for room in rooms:
        await room.database.engine.dispose()


@pytest.fixture
async def room(open_room: OpenRoom) -> Room:
    """One room."""
    return await open_room()
