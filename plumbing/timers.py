"""Door 2: a day comes. A timer is a row that wakes a handler on a business day.

Firing is a question, not an order: the handler locks what the timer is about and asks the rules
again. Missed days are caught up in order, one kind of one day at a time; a timer whose handler
fails is set aside with its reason and its neighbours fire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from plumbing.literals import ids, numbers
from plumbing.logs import shown
from plumbing.transaction import PAUSES, Database, Transaction, is_trouble, work_for_ever

log = structlog.get_logger()

Waker = Callable[[Transaction, Sequence[Any]], Awaitable[None]]
"""Acts on the keys of one kind of timer, inside the given transaction."""

LOCK = text("select pg_advisory_xact_lock(741003)")
DUE = text("""
  with first as (
    select due_on, kind from timers where failed is null and due_on <= :today
    order by due_on, kind limit 1)
  select t.kind, t.key, t.due_on from timers t join first f
    on t.due_on = f.due_on and t.kind = f.kind
  where t.failed is null order by t.key limit :limit
""")
STILL_DUE = text("""
  select t.key, t.xmin::text as version from timers t
  where t.kind = :kind and t.due_on = :due_on and t.failed is null
    and t.key = any(cast(:keys as uuid[])) order by t.key
""")
# One that was set anew meanwhile stays: what it was set for may not have been seen.
FIRED = text("""
  delete from timers t using unnest(cast(cast(:keys as text) as uuid[]),
    cast(cast(:versions as text) as text[])) as u(key, version)
  where t.kind = :kind and t.key = u.key and t.xmin::text = u.version
""")
SET_ASIDE = text("""
  update timers set failed = :reason where kind = :kind and key = :key and due_on = :due_on
""")
REVIVE = text("""
  with revived as (update timers set failed = null where failed is not null returning 1)
  select count(*) from revived
""")


@dataclass
class Timers:
    """The timers of one service. `wakes` maps each kind to its handler."""

    database: Database
    wakes: Mapping[str, Waker]
    limit: int = 2_000
    poll: float = 0.5
    fired: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Fire what is due, for ever; in trouble wait and go on."""
        await work_for_ever("timers", self.fire_due, self.wake, self.poll)

    async def fire_due(self) -> int:
        """Fire the earliest day's first kind; returns how many timers were looked at."""
        today = self.database.clock.today()
        if self.database.clock.held:
            return 0
        async with self.database.connection() as connection:
            rows = (await connection.execute(DUE, {"today": today, "limit": self.limit})).all()
        if rows:
            await self._fire(rows[0].kind, rows[0].due_on, [row.key for row in rows])
        return len(rows)

    async def _fire(self, kind: str, due_on: Any, keys: Sequence[UUID]) -> None:
        for pause in (*PAUSES, None):
            try:
                await self._fire_together(kind, due_on, keys)
                return
            except Exception as error:
                if not is_trouble(error):
                    await self._halve(kind, due_on, keys, error)
                    return
                if pause is None:
                    raise
                await asyncio.sleep(pause)

    async def _fire_together(self, kind: str, due_on: Any, keys: Sequence[UUID]) -> None:
        async with self.database.transaction() as tx:
            await tx.execute(LOCK)  # one process fires at a time
            which = {"kind": kind, "due_on": due_on}
            rows = (await tx.execute(STILL_DUE, {**which, "keys": list(keys)})).all()
            if not rows:
                return
            due = [row.key for row in rows]
            await self.wakes[kind](tx, due)
            versions = numbers(row.version for row in rows)
            await tx.execute(FIRED, {"kind": kind, "keys": ids(due), "versions": versions})
        self.fired += len(due)

    async def _halve(self, kind: str, due_on: Any, keys: Sequence[UUID], error: Exception) -> None:
        if len(keys) > 1:
            middle = len(keys) // 2
            await self._fire(kind, due_on, keys[:middle])
            await self._fire(kind, due_on, keys[middle:])
            return
        reason = f"{type(error).__name__}: {shown(error)}"
        log.error("timer_set_aside", kind=kind, key=str(keys[0]), reason=reason, exc_info=error)
        async with self.database.transaction() as tx:
            await tx.execute(
                SET_ASIDE, {"kind": kind, "key": keys[0], "due_on": due_on, "reason": reason}
            )

    async def redrive(self) -> int:
        """Let the timers that were set aside fire again; returns how many."""
        async with self.database.transaction() as tx:
            return int((await tx.execute(REVIVE)).scalar_one())
