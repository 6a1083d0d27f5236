"""Notifications without a broker: what it hears, carries and has said."""

import itertools
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from contracts.envelope import Event
from plumbing.outbound import Outbound
from plumbing.transaction import Database
from services.notifications.smtp import PostOffice
from services.notifications.subscribers import HEARS
from tests.notifications import builders as some


@dataclass
class Room:
    """Notifications without a broker: events are handed to its doors one batch at a time."""

    database: Database
    outbound: Outbound
    statements: list[str]
    office: PostOffice

    async def hear(self, *events: Event) -> None:
        """One transaction per event type, each event under its own envelope."""
        for cls, batch in itertools.groupby(events, type):
            heard = list(batch)
            async with self.database.transaction() as tx:
                self.statements.clear()
                tx.causes = some.envelopes(heard)
                await HEARS[cls](tx, heard)

    async def carry(self) -> None:
        """Carry until nothing is due; what waits for a pause is due at once."""
        for _ in range(20):
            await self.query("update outbound set due_at = now() where not given_up")
            if not await self.outbound.carry_due():
                return
        raise AssertionError("the outbound never empties")

    async def query(self, statement: str, **given: Any) -> list[Any]:
        async with self.database.engine.begin() as connection:
            result = await connection.execute(text(statement), given)
            return list(result.all()) if result.returns_rows else []

    async def said(self) -> list[tuple[str, dict[str, Any]]]:
        rows = await self.query("select type, payload from said order by said_on, batch, n")
        return [(row.type.split(".")[2], json.loads(row.payload)) for row in rows]

    async def deliveries(self) -> dict[str, Any]:
        return {row.letter: row for row in await self.query("select * from deliveries")}
