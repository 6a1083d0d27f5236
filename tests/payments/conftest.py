"""Payments on a real PostgreSQL: handlers driven as the inbox drives them, and the HTTP door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import text

from contracts.envelope import Event
from contracts.ids import new_id
from deploy.local.postgres import admin_connection
from plumbing.clock import Clock
from plumbing.identity import Identity, Keys
from plumbing.migrate import migrate
from plumbing.transaction import Database, connect
from services.payments import subscribers, timers
from services.payments.app import build
from services.payments.domain.incoming import IncomingPayment
from services.payments.handlers.booking import BookingResult, book
from services.payments.settings import Settings
from services.payments.store import ledger
from tests.conftest import MakeDatabase
from tests.payments import facts

KEY = OKPKey.generate_key("Ed25519")
GATEWAY = Keys(json.dumps(KEY.as_dict(private=True)))
E = TypeVar("E", bound=Event)
TEMPLATE = "payments_template"
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

    async def rows(self, query: str) -> list[Any]:
        """Rows of a query, to look behind the doors."""
        async with self.database.engine.connect() as connection:
            return list((await connection.execute(text(query))).all())

    def asker(self, *roles: str, **rights: UUID) -> httpx2.AsyncClient:
        """A client of the service's HTTP door with these roles."""
        settings = Settings(
            PAYMENTS_DATABASE_URL=self.url,
            identity_public_key=json.dumps(KEY.as_dict(private=False)),
        )
        app = build(settings)
        app.state.database = self.database
        token = GATEWAY.sign(Identity(new_id(), frozenset(roles), **rights), "payments")
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app),
            base_url="http://payments",
            headers={"authorization": f"Bearer {token}"},
        )


OpenRoom = Callable[[], Awaitable[Room]]


@pytest.fixture(scope="session")
async def migrated(postgres: str) -> str:
    """The name of a database at payments' newest version, to be copied."""
    async with admin_connection(postgres) as admin:
        owner = await admin.fetchval("select current_user")
        if not await admin.fetchval("select 1 from pg_roles where rolname = $1", f"{owner}_tenant"):
            await admin.execute(f'create role "{owner}_tenant" nologin')
        await admin.execute(f'drop database if exists "{TEMPLATE}"')
        await admin.execute(f'create database "{TEMPLATE}"')
    url = postgres.rsplit("/", 1)[0].replace("postgresql", "postgresql+asyncpg") + f"/{TEMPLATE}"
    await asyncio.to_thread(migrate, "payments", url)
    return TEMPLATE


@pytest.fixture
async def open_room(migrated: str, make_database: MakeDatabase) -> AsyncIterator[OpenRoom]:
    """Opens rooms, each with a ledger of its own."""
    rooms: list[Room] = []

    async def open_() -> Room:
        room = Room(await make_database(migrated))
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
