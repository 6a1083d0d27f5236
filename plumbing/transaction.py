"""One request, or one batch of messages or timers, is one transaction; only plumbing commits.

What a handler says and wakes is gathered and written just before the commit, in one statement each:
after the locks, so that the outbox keeps the order of commits per key.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from uuid_utils.compat import uuid7

from contracts.envelope import Envelope, Event
from plumbing.clock import Clock
from plumbing.driver import Answer, Connection, taken
from plumbing.flow import FLOW
from plumbing.literals import arrays, casts

log = structlog.get_logger()

LARGEST_PAYLOAD = 900_000
"""Bytes; Kafka's default limit for a record is 1,048,588 with its headers."""

SAID = {
    **{"topic": "text", "key": "uuid", "type": "text", "correlation": "uuid", "cause": "uuid"},
    **{"payload": "bytea[]"},
}
SAY = text(f"""
  with pointer as (insert into outbox (events) values (:count) returning batch, said_on)
  insert into said (said_on, batch, n, topic, key, id, type, time, correlation, cause, payload)
  select p.said_on, p.batch, u.n, u.topic, u.key, uuidv7(), u.type, :time, u.correlation, u.cause,
         u.payload
  from pointer p, unnest({casts(SAID)}) with ordinality as u({", ".join(SAID)}, n)
""")
TIMER = {"kind": "text", "key": "uuid"}
ARMED = {**TIMER, "due_on": "date"}
_ARM = f"""
  insert into timers as t ({", ".join(ARMED)})
  select * from unnest({casts(ARMED)})
  on conflict (kind, key) do update set failed = null, due_on = """
ARM = text(_ARM + "excluded.due_on")
ARM_SOONER = text(
    _ARM + "case when t.failed is null then least(t.due_on, excluded.due_on)"
    " else excluded.due_on end"
)
DISARM = text(f"""
  delete from timers t using unnest({casts(TIMER)}) as u({", ".join(TIMER)})
  where t.kind = u.kind and t.key = u.key
""")
BEGIN_AS_TENANT = """
  begin; select set_config('role', current_user || '_tenant', true),
    set_config('betalt.company', '{}', true)
"""
"""In one round trip; what is set in is a UUID, and nothing else."""

TROUBLE_CLASSES = ("08", "40", "53", "57", "55P03")
"""SQLSTATE: connection, rollback (deadlock, serialisation), resources, operator, lock timeout."""

PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries of a batch in trouble; then it is given up or given back."""

PLAN_IS_VOID = asyncpg.exceptions.InvalidCachedStatementError
CLIENTS_OWN = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""It has no connection, or one that is ending; with `ValueError` it will not send a value."""


def is_trouble(error: BaseException) -> bool:
    """Whether waiting may mend it (database or network away); a data error never does."""
    if isinstance(error, DBAPIError):  # a connection could not be had
        code = getattr(error.orig, "sqlstate", None) or ""
        return bool(
            error.connection_invalidated
            or (isinstance(error, InterfaceError) and not code)
            or code.startswith(TROUBLE_CLASSES)
        )
    if isinstance(error, PLAN_IS_VOID):  # a table was changed meanwhile; the next plan is a new one
        return True
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(TROUBLE_CLASSES)
    if isinstance(error, CLIENTS_OWN):
        return not isinstance(error, ValueError)
    return isinstance(error, (OSError, TimeoutError, PoolTimeoutError))


class Cause(Protocol):
    """What led to an event: the flow it belongs to, and the event before it where there is one."""

    @property
    def id(self) -> UUID | None:
        """The event that caused."""

    @property
    def correlation(self) -> UUID:
        """The flow."""


class Transaction:
    """The unit of work. `today` and `now` are read once and hold for all of it."""

    def __init__(self, connection: Connection, clock: Clock, correlation: UUID | None) -> None:
        self.connection = connection
        self.now: datetime = clock.now()
        self.today: date = clock.today()
        self.correlation = correlation or FLOW.get() or uuid7()
        self.causes: Mapping[UUID, Envelope] = {}
        """Envelope of the event now being heard, by key; empty at the other doors."""
        self.origins: Mapping[UUID, Cause] = {}
        """What queued the parcels now being settled, by key; empty at the other doors."""
        self._said: list[tuple[Event, UUID, UUID | None]] = []
        self._armed: dict[tuple[str, UUID], date | None] = {}
        self._sooner: set[tuple[str, UUID]] = set()
        """Of those armed: to be left where they are, if that is an earlier day."""
        self._afterwards: list[Callable[[], None]] = []
        self.has_said = False
        self.has_queued = False
        """Parcels, which are outbound's to carry."""

    async def execute(
        self, statement: TextClause, parameters: Mapping[str, Any] | None = None
    ) -> Answer[Any]:
        """Run one statement of a store."""
        return await self.connection.execute(statement, parameters)

    def say(
        self, events: Iterable[Event], *, cause: Cause | None = None, flow: UUID | None = None
    ) -> None:
        """Say events in this order; they become true with the commit. Cause: the event heard.

        `flow` is the correlation of what nothing caused, where it is not the transaction's.
        """
        if not (cause or self.causes or self.origins):
            self._said += [(event, flow or self.correlation, None) for event in events]
            return
        for event in events:
            known = cause or self.causes.get(event.key) or self.origins.get(event.key)
            correlation = known.correlation if known else flow or self.correlation
            self._said.append((event, correlation, known.id if known else None))

    def wake(self, kind: str, days: Mapping[Any, date | None], *, sooner: bool = False) -> None:
        """Set the timer `kind` of each key to a business day; None disarms it.

        With `sooner` a timer that is set to an earlier day stays there.
        """
        for key, day in days.items():
            known = self._armed.get((kind, key))
            if sooner and day and known:
                self._armed[kind, key] = min(day, known)
                continue
            self._armed[kind, key] = day
            (self._sooner.add if sooner else self._sooner.discard)((kind, key))

    @property
    def is_due(self) -> bool:
        """Whether a timer was set to a day that has come already."""
        return any(day is not None and day <= self.today for day in self._armed.values())

    def afterwards(self, call: Callable[[], None]) -> None:
        """Call once the commit has happened."""
        self._afterwards.append(call)

    async def flush(self) -> None:
        """Write what was said and woken; plumbing calls it just before the commit."""
        await self._flush_said()
        await self._flush_timers()

    async def _flush_said(self) -> None:
        said, self._said = self._said, []
        if not said:
            return
        self.has_said = True
        payloads = [event.payload() for event, _, _ in said]
        if max(map(len, payloads)) > LARGEST_PAYLOAD:
            largest = max(range(len(said)), key=lambda at: len(payloads[at]))
            raise ValueError(
                f"{said[largest][0].type}: {len(payloads[largest])} bytes is too large"
            )
        rows = [
            (event.topic, event.key, event.type, correlation, cause, payload)
            for (event, correlation, cause), payload in zip(said, payloads, strict=True)
        ]
        given = {"count": len(said), "time": self.now, **arrays(SAID, rows)}
        await self.connection.execute(SAY, given)

    async def _flush_timers(self) -> None:
        armed, self._armed = self._armed, {}
        sooner, self._sooner = self._sooner, set()
        arm = sorted((kind, key, day) for (kind, key), day in armed.items() if day is not None)
        disarm = sorted((kind, key) for (kind, key), day in armed.items() if day is None)
        await self._arm(ARM, [one for one in arm if one[:2] not in sooner])
        await self._arm(ARM_SOONER, [one for one in arm if one[:2] in sooner])
        if disarm:
            await self.connection.execute(DISARM, arrays(TIMER, disarm))

    async def _arm(self, statement: TextClause, timers: Sequence[tuple[str, UUID, date]]) -> None:
        if timers:
            await self.connection.execute(statement, arrays(ARMED, timers))

    def committed(self) -> None:
        """Run what was hung on the commit."""
        for call in self._afterwards:
            call()


class Work:
    """Whether this process is in the middle of something, and since when it is not."""

    def __init__(self) -> None:
        self._pieces = 0
        self._ended_at = 0.0

    @contextlib.contextmanager
    def piece(self) -> Iterator[None]:
        """Count what is done inside as work."""
        self._pieces += 1
        try:
            yield
        finally:
            self._pieces -= 1
            self._ended_at = time.monotonic()

    async def rest(self, seconds: float, *, until: float) -> None:
        """Wait until nothing was worked on for so long, at most until an instant (monotonic)."""
        while (now := time.monotonic()) < until:
            missing = self._ended_at + seconds - now
            if missing <= 0 and not self._pieces:
                return
            await asyncio.sleep(min(max(missing, 0.005), until - now))


class Database:
    """A service's database: hands out transactions, and tells who waits for their commits."""

    def __init__(
        self, engine: AsyncEngine, clock: Clock, direct: AsyncEngine | None = None
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.direct = direct or engine
        """Goes past any proxy that pools transactions: a session's lock would not survive one."""
        self.work = Work()
        self.on_said: Callable[[], None] = lambda: None
        self.on_queued: Callable[[], None] = lambda: None
        self.on_due: Callable[[], None] = lambda: None

    def connection(self) -> contextlib.AbstractAsyncContextManager[Connection]:
        """A connection for statements that are each a transaction of their own."""
        return taken(self.engine)

    @contextlib.asynccontextmanager
    async def transaction(
        self, *, tenant: UUID | None = None, correlation: UUID | None = None
    ) -> AsyncIterator[Transaction]:
        """One unit of work. `tenant` binds it to a company by row-level security."""
        begin = "begin" if tenant is None else BEGIN_AS_TENANT.format(UUID(str(tenant)))
        with self.work.piece():
            async with taken(self.engine) as connection, connection.begun(begin):
                tx = Transaction(connection, self.clock, correlation)
                yield tx
                if tx.is_due:
                    tx.afterwards(self.on_due)
                await tx.flush()
            tx.committed()
            if tx.has_said:
                self.on_said()
            if tx.has_queued:
                self.on_queued()


async def work_for_ever(
    door: str, work: Callable[[], Awaitable[int]], wake: asyncio.Event, poll: float
) -> None:
    """Work for as long as there is something, then wait to be woken, at most `poll` seconds.

    `work` tells how much there was. Trouble is waited out; any other error ends the loop.
    """
    while True:
        wake.clear()
        try:
            worked = await work()
        except Exception as error:
            if not is_trouble(error):
                raise
            log.warning("door_waits", door=door, error=type(error).__name__)
            await asyncio.sleep(1)
            continue
        if not worked:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), poll)


def connect(url: str, *, pool_size: int = 8) -> AsyncEngine:
    """An engine for short set-shaped statements: no JIT, no idle transaction beyond a minute.

    Its errors never carry the parameters of a statement, which are what people have written.
    """
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=4,
        pool_pre_ping=False,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={
            "timeout": 10,
            "server_settings": {
                "jit": "off",
                "timezone": "UTC",
                "idle_in_transaction_session_timeout": "60000",
            },
        },
    )


def columns(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> dict[str, list[Any]]:
    """Rows turned into named array parameters for `unnest`; empty rows give empty arrays."""
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}
