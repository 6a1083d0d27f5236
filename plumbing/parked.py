"""What a consumer could not act on waits here, in order per key, until an operator redrives it.

All later events of a key that is parked wait behind it. A record that nobody will ever be able to
read may be let go, with a reason; what was an event never is (ADR-0004).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import structlog
from sqlalchemy import text

from plumbing.logs import shown
from plumbing.records import Heard, Unreadable
from plumbing.texts import storable
from plumbing.transaction import Database, Transaction, is_trouble

log = structlog.get_logger()

LOCK = text("""
  select pg_advisory_xact_lock(hashtextextended(place, 741002)) from
    (select place from unnest(cast(:places as text[])) as p(place) order by place) as ordered
""")
PARK = text("""
  insert into parked (consumer, event_id, topic, partition, key, type, headers, record_key, payload,
    reason, cause_of_wait)
  select :consumer, u.id, u.topic, u.partition, u.key, u.type, u.headers, u.record_key, u.payload,
    u.reason, u.cause_of_wait
  from unnest(cast(:ids as uuid[]), cast(:topics as text[]), cast(:partitions as int[]),
    cast(:keys as text[]), cast(:types as text[]), cast(:headers as bytea[]),
    cast(:record_keys as bytea[]), cast(:payloads as bytea[]), cast(:reasons as text[]),
    cast(:causes as boolean[])) with ordinality as u(id, topic, partition, key, type, headers,
    record_key, payload, reason, cause_of_wait, n)
  order by u.n on conflict (consumer, event_id) do nothing
""")
HEARD_BEFORE = text("""
  select event_id from inbox where consumer = :consumer and event_id = any(cast(:ids as uuid[]))
""")
KEYS_PARKED = text("""
  select key, partition from parked
  where consumer = :consumer and (cast(:key as text) is null or key = :key)
  group by key, partition order by min(id)
""")
FIRST_OF_KEY = text("""
  select id, topic, partition, headers, record_key, payload from parked
  where consumer = :consumer and key = :key order by id limit 1
""")
UNPARK = text("delete from parked where id = :id")
ONE = text("select * from parked where consumer = :consumer and id = :id")
LET_GO = text("""
  with gone as (delete from parked where id = :id returning *)
  insert into let_go (id, consumer, event_id, topic, partition, key, type, headers, record_key,
    payload, reason, parked_at, let_go_by, why)
  select id, consumer, event_id, topic, partition, key, type, headers, record_key, payload, reason,
    parked_at, :by, :why from gone
  returning id
""")
LET_GO_BEFORE = text("""
  select event_id from let_go where consumer = :consumer and event_id = any(cast(:ids as uuid[]))
""")
STILL_BAD = text(
    "update parked set reason = :reason, cause_of_wait = true, parked_at = now() where id = :id"
)

BEHIND = "an earlier event of this key is parked"


class ReadableError(Exception):
    """The event can be read: what keeps it is mended, and it is not let go."""


@dataclass
class Parked:
    """What one consumer has put aside; it reads and acts as that consumer's door does."""

    database: Database
    consumer: str
    read: Callable[[Any], Heard | Unreadable | None]
    act: Callable[[Transaction, Heard], Awaitable[None]]
    """Acts on one event, unless it was heard before."""

    async def put_aside(
        self, tx: Transaction, items: Sequence[Heard | Unreadable], waiting: set[str]
    ) -> list[Heard]:
        """Park what cannot be read, and all that waits behind what is parked; the others.

        What was heard before its key was parked and comes again does not wait: it is done. So is
        what was let go.
        """
        items = await self._not_let_go(tx, items)
        fresh: list[Heard] = []
        parked: list[tuple[Heard | Unreadable, str]] = []
        for item in items:
            if item.waits_by in waiting:
                parked.append((item, BEHIND))
            elif isinstance(item, Unreadable):
                waiting.add(item.waits_by)
                parked.append((item, item.reason))
            else:
                fresh.append(item)
        if behind := [item.envelope.id for item, _ in parked if isinstance(item, Heard)]:
            given = {"consumer": self.consumer, "ids": behind}
            before = set((await tx.execute(HEARD_BEFORE, given)).scalars())
            parked = [
                (item, reason)
                for item, reason in parked
                if not (isinstance(item, Heard) and item.envelope.id in before)
            ]
        if parked:
            await self._park(tx, parked)
        return fresh

    async def _not_let_go(
        self, tx: Transaction, items: Sequence[Heard | Unreadable]
    ) -> Sequence[Heard | Unreadable]:
        unreadable = [item.id for item in items if isinstance(item, Unreadable)]
        if not unreadable:
            return items
        given = {"consumer": self.consumer, "ids": unreadable}
        gone = set((await tx.execute(LET_GO_BEFORE, given)).scalars())
        return [item for item in items if isinstance(item, Heard) or item.id not in gone]

    async def _park(
        self, tx: Transaction, parked: Sequence[tuple[Heard | Unreadable, str]]
    ) -> None:
        rows = [row_of(item, reason) for item, reason in parked]
        names = "ids topics partitions keys types headers record_keys payloads reasons causes"
        columns = zip(*rows, strict=True)
        arrays = {name: list(col) for name, col in zip(names.split(), columns, strict=True)}
        await tx.execute(PARK, {"consumer": self.consumer, **arrays})

    async def redrive(self, key: str | None = None) -> tuple[int, int]:
        """Act again on parked events, by key and in order; None takes every key.

        Returns how many were acted on and how many keys still stand. New arrivals of a key queue
        behind what is parked of it, because both hold the partition's lock.
        """
        async with self.database.transaction() as tx:
            found = await tx.execute(KEYS_PARKED, {"consumer": self.consumer, "key": key})
            places: dict[str, list[str]] = defaultdict(list)
            for row in found:
                places[row.key].append(f"{self.consumer}:{row.partition}")
        done, standing = 0, 0
        for name, held in places.items():
            while (moved := await self._redrive_one(name, held)) is True:
                done += 1
            standing += moved is False
        return done, standing

    async def _redrive_one(self, key: str, places: list[str]) -> bool | None:
        """The first parked event of a key: True acted on, False still bad, None nothing left."""
        row: Any = None
        try:
            async with self.database.transaction() as tx:
                await tx.execute(LOCK, {"places": places})
                found = await tx.execute(FIRST_OF_KEY, {"consumer": self.consumer, "key": key})
                row = found.first()
                if row is None:
                    return None
                item = self.read(record_of(row))
                if isinstance(item, Unreadable):
                    raise ValueError(item.reason)
                if item is not None:
                    await self.act(tx, item)
                await tx.execute(UNPARK, {"id": row.id})
        except Exception as error:
            if is_trouble(error) or row is None:
                raise
            reason = f"{type(error).__name__}: {shown(error)}"
            async with self.database.transaction() as tx:
                await tx.execute(STILL_BAD, {"id": row.id, "reason": reason})
            return False
        return True

    async def one(self, parked_id: int) -> Any:
        """One parked row, whole; None where there is none."""
        async with self.database.connection() as connection:
            which = {"consumer": self.consumer, "id": parked_id}
            return (await connection.execute(ONE, which)).first()

    def can_read(self, row: Any) -> bool:
        """Whether the record of a parked row can be read (by now)."""
        return not isinstance(self.read(record_of(row)), Unreadable)

    async def let_go(self, parked_id: int, *, by: UUID, why: str) -> str | None:
        """Give up a parked record that cannot be read; its bytes are kept with who did so and why.

        Returns its key, of which what waits behind it can now be redriven; None where nothing such
        is parked. Raises `ReadableError` for an event: what it tells must not be lost.
        """
        row = await self.one(parked_id)
        if row is None:
            return None
        if self.can_read(row):
            raise ReadableError
        async with self.database.transaction() as tx:
            await tx.execute(LOCK, {"places": [f"{self.consumer}:{row.partition}"]})
            gone = await tx.execute(LET_GO, {"id": parked_id, "by": by, "why": why})
            if gone.first() is None:
                return None
        log.warning("event_let_go", consumer=self.consumer, key=row.key, by=str(by))
        return str(row.key)


def row_of(item: Heard | Unreadable, reason: str) -> tuple[Any, ...]:
    """The columns of a parked row, in the order of `PARK`."""
    record = item.record
    event_id = item.envelope.id if isinstance(item, Heard) else item.id
    kind = item.envelope.type if isinstance(item, Heard) else item.type
    headers = orjson.dumps(
        [[name, value.hex() if value is not None else None] for name, value in record.headers]
    )
    return (
        event_id,
        record.topic,
        record.partition,
        item.waits_by,
        storable(kind) if kind else None,
        headers,
        record.key,
        record.value,
        reason[:1000],
        reason is not BEHIND,
    )


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """A parked record, shaped like the one that Kafka delivered."""

    topic: str
    partition: int
    headers: list[tuple[str, bytes | None]]
    key: bytes | None
    value: bytes | None


def record_of(row: Any) -> ParkedRecord:
    """A record made again from its parked row."""
    headers = [
        (name, bytes.fromhex(value) if value is not None else None)
        for name, value in orjson.loads(row.headers)
    ]
    return ParkedRecord(row.topic, row.partition, headers, row.record_key, row.payload)
