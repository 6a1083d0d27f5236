"""The only module that knows what time it is.

Business time is real time plus a whole number of days. Production leaves the offset at zero and has
no door to change it; a demo or a test moves it, and each process confirms the new day in its
database before anything else happens on it. While a day is held no timer fires: so all services
can be brought to it before any of them acts. Leases, retries, tokens and retention use real time.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from plumbing.driver import Connection, taken

SWEDISH = ZoneInfo("Europe/Stockholm")

LOAD = text("select offset_days, held from clock")
MOVE = text("update clock set offset_days = :days, held = :held")
CONFIRM = text("""
  insert into clock_confirmation (process, offset_days, seen_at) values (:process, :days, now())
  on conflict (process) do update set offset_days = excluded.offset_days, seen_at = excluded.seen_at
""")
UNCONFIRMED = text("""
  select count(*) from clock where held or exists (select 1 from clock_confirmation c
    where c.seen_at > now() - interval '3 seconds' and c.offset_days <> clock.offset_days)
""")
FORGET = text("delete from clock_confirmation where seen_at < now() - interval '1 hour'")


def real_now() -> datetime:
    """The instant on the wall, UTC: for leases, retries, tokens, retention and traces."""
    return datetime.now(UTC)


class Clock:
    """Business time of one process."""

    def __init__(self) -> None:
        self.offset_days = 0
        self.held = False
        """No timer fires: others have yet to reach this day."""
        self.process: UUID = uuid4()

    def now(self) -> datetime:
        """The business instant, UTC."""
        return real_now() + timedelta(days=self.offset_days)

    def today(self) -> date:
        """The Swedish calendar day on which business is done: the real one, moved by whole days.

        Not the day of `now`, which in the evening is another one when summer time lies between.
        """
        return real_now().astimezone(SWEDISH).date() + timedelta(days=self.offset_days)

    async def follow(self, connection: Connection) -> None:
        """Take over the durable offset and confirm it."""
        self.offset_days, self.held = (await connection.execute(LOAD)).one()
        await connection.execute(CONFIRM, {"process": self.process, "days": self.offset_days})
        await connection.execute(FORGET)

    async def move(self, engine: AsyncEngine, today: date, *, hold: bool = False) -> None:
        """Make `today` the business day of every process of this service (demo and tests only).

        This process takes it over when it is committed, as the others do, and not before.
        """
        real = real_now().astimezone(SWEDISH).date()
        async with taken(engine) as connection:
            await connection.execute(MOVE, {"days": (today - real).days, "held": hold})
            await self.follow(connection)

    async def is_confirmed(self, connection: Connection) -> bool:
        """Whether each process alive (seen within three seconds) acts on the durable day."""
        return bool((await connection.execute(UNCONFIRMED)).scalar_one() == 0)
