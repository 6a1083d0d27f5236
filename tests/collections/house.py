"""The service's doors without a broker: records as Kafka delivers them, days, sendings, HTTP."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import text

from contracts.envelope import Event
from plumbing.inbox import Inbox
from plumbing.outbound import Carrier, Outbound
from plumbing.service import create_service
from plumbing.timers import Timers
from plumbing.transaction import Database
from services.collections import api
from services.collections.app import Courier
from services.collections.handlers import carrying, sending
from services.collections.kronofogden import Kronofogden
from services.collections.settings import Settings
from services.collections.subscribers import hears
from services.collections.timers import WAKES
from tests.askers import PUBLIC_KEY, asker
from tests.records import record
from tests.standins.programs import TOKEN, Program


class House:
    """collections at work on one database, with or without an authority to speak to."""

    def __init__(self, own: Database, authority: Program | None = None) -> None:
        self.own = own
        self.authority = authority
        address = authority.address if authority else "http://127.0.0.1:9"
        self.courier = Courier(Kronofogden(address, TOKEN))
        self.courier.database = own
        carrier = Carrier(self.courier.carry, sending.settle_messages)
        self.outbound = Outbound(own, {carrying.KRONOFOGDEN: carrier})

    async def hear(self, *events: Event, twice: bool = True) -> None:
        """Hear events in one batch, each of them twice."""
        records = [record(event) for event in events]
        await self.deliver(
            [one for each in records for one in ((each, each) if twice else (each,))]
        )

    async def deliver(self, records: Sequence[Any], *, at_once: int = 1000) -> None:
        """Hear records."""
        inbox = Inbox(self.own, "collections", hears("BETALT"))
        for at in range(0, len(records), at_once):
            await inbox(records[at : at + at_once])

    async def day(self, day: date) -> None:
        """Let a day come here and at the authority, and everything due on it."""
        await self.own.clock.move(self.own.engine, day)
        if self.authority:
            await self.authority.post("/clock", {"today": day.isoformat()})
        await self.settle()

    async def settle(self) -> None:
        """Take the steps that are due, carry what is queued, fetch what is new, until all rests."""
        timers = Timers(self.own, WAKES)
        busy = True
        while busy:
            busy = bool(await timers.fire_due())
            if self.authority:
                busy |= bool(await self.outbound.carry_due())
                busy |= bool(await self.courier.fetch_news())

    async def said(self) -> list[str]:
        """The names of all that was said, in order."""
        found = await self._column("select type from said order by batch, n")
        return [Event.registry[name].__name__ for name in found]

    async def state(self) -> list[Any]:
        """What the service knows, but for what differs from run to run."""
        rows: list[Any] = []
        async with self.own.transaction() as tx:
            for what in (
                "stage, held, next_on, lack, demand_ordinal, respond_by, sent_on, close_reason, "
                "filing_ordinal from collection_case",
                "kind, due_on, failed from timers order by kind",
                "kind from task",
                "outcome from dispute",
                "reason from parked",
                "kind from outbound",
            ):
                rows += [tuple(row) for row in await tx.execute(text(f"select {what}"))]
        return rows

    async def stage(self) -> str:
        """Where the one case stands."""
        (stage,) = await self._column("select stage from collection_case")
        return str(stage)

    async def number(self) -> str:
        """The number of the one case."""
        (number,) = await self._column("select number from collection_case")
        return str(number)

    async def alarms(self) -> list[str]:
        """The kinds of open tasks."""
        return await self._column("select kind from task where done_on is null order by id")

    async def _column(self, statement: str) -> list[Any]:
        async with self.own.transaction() as tx:
            return list((await tx.execute(text(statement))).scalars())

    def door(
        self, *, company: UUID | None = None, claim: UUID | None = None, role: str = "seller"
    ) -> httpx2.AsyncClient:
        """The service's HTTP door, entered in a role."""
        settings = Settings(
            COLLECTIONS_DATABASE_URL=self.own.engine.url.render_as_string(hide_password=False),
            identity_public_key=PUBLIC_KEY,
        )
        app = create_service("collections", settings, hears={}, routers=[api.router])
        app.state.database = self.own
        return asker(app, role, company=company, claim=claim)
