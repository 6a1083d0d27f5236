"""Door 1: a batch of events arrives; each is acted on once, in order per key.

In one transaction: lock the batch's partition numbers (a key has the same one on every topic), put
aside what waits behind a parked event, claim the rest by event id, hand them to the service. A
batch that fails is halved until the one bad event stands alone and is parked with its reason; later
events of its key wait behind it until an operator redrives them. Trouble (a database away) gives
the whole batch back, with growing pauses.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple, cast
from uuid import UUID

import orjson
import structlog
from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy import text

from contracts.envelope import Envelope, Event
from plumbing.literals import ids, quick_uuid
from plumbing.logs import shown
from plumbing.texts import storable
from plumbing.transaction import Database, Transaction, is_trouble

log = structlog.get_logger()

Handler = Callable[[Transaction, Sequence[Any]], Awaitable[None]]
"""Acts on events of one type, each of another key, inside the given transaction."""

PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries in trouble; then the batch is given back to Kafka."""

# One round trip (`schema.hear_at_once`). Answers those heard before: they are few, and a row in the
# answer costs more than the insert.
HEAR = text("""
  select waiting, heard from hear(:consumer, cast(:places as text[]),
    cast(cast(:ids as text) as uuid[]), :limit)
""")
LOCK = text("""
  select pg_advisory_xact_lock(hashtextextended(place, 741002)) from
    (select place from unnest(cast(:places as text[])) as p(place) order by place) as ordered
""")
CLAIM = text("""
  with given as (select unnest(cast(cast(:ids as text) as uuid[])) as event_id),
    fresh as (insert into inbox (consumer, event_id) select :consumer, event_id from given
      on conflict do nothing returning event_id)
  select event_id from given where event_id not in (select event_id from fresh)
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
ONE_PARKED = text("""
  select key, topic, partition, headers, record_key, payload from parked
  where consumer = :consumer and id = :id
""")
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
PRUNE = text("""
  with gone as (delete from inbox where event_id < :oldest returning 1) select count(*) from gone
""")

BEHIND = "an earlier event of this key is parked"


class HaltedError(Exception):
    """Too many events are parked, or one cannot be: the consumer stops, for a backlog is better
    than a landfill, and than a loss."""


class ReadableError(Exception):
    """The event can be read: what keeps it is mended, and it is not let go."""


class Heard(NamedTuple):
    """A record that was read: the event and what surrounded it."""

    envelope: Envelope
    event: Event
    record: Any

    @property
    def waits_by(self) -> str:
        """The key as text, by which events wait behind a parked one."""
        return str(self.envelope.key)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that could not be read, with the reason; never with what it contained."""

    record: Any
    reason: str
    waits_by: str
    id: UUID
    type: str | None


@dataclass
class Inbox:
    """What one consumer hears: `hears` maps event types to handlers; other types are passed by."""

    database: Database
    consumer: str
    hears: Mapping[type[Event], Handler]
    parked_limit: int = 500
    halted: bool = False
    heard: int = 0
    unknown: int = 0
    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    """The offset after the last record acted on, by partition."""

    def __post_init__(self) -> None:
        self._types = {cls.type.encode(): cls for cls in self.hears}
        self._known = {name.encode() for name in Event.registry}
        self._order = {cls: at for at, cls in enumerate(self.hears)}

    async def __call__(self, records: Sequence[ConsumerRecord]) -> None:
        """Act on a batch of records, in Kafka's order; raises only when nothing can be done now."""
        items = [item for record in records if (item := self._read(record)) is not None]
        if items:
            await self._act(items)
        self.heard += len(items)
        last = {(record.topic, record.partition): record.offset for record in records}
        self.offsets |= {TopicPartition(*place): offset + 1 for place, offset in last.items()}

    def _read(self, record: Any) -> Heard | Unreadable | None:
        kind = kind_of(record)
        cls = self._types.get(kind) if kind is not None else None
        if cls is None and kind is not None:
            self.unknown += kind not in self._known
            return None
        return read(record, cls)

    async def _act(self, items: Sequence[Heard | Unreadable]) -> None:
        for pause in (*PAUSES, None):
            try:
                await self._apply(items)
                return
            except HaltedError:
                await asyncio.sleep(2)
                raise
            except Exception as error:
                if not is_trouble(error):
                    await self._halve(items, error)
                    return
                if pause is None:
                    raise
                log.warning("inbox_waits", consumer=self.consumer, error=type(error).__name__)
                await asyncio.sleep(pause)

    async def _halve(self, items: Sequence[Heard | Unreadable], error: Exception) -> None:
        """The batch failed by an event in it: find it, let the others land."""
        if len(items) > 1:
            middle = len(items) // 2
            await self._act(items[:middle])
            await self._act(items[middle:])
            return
        item = items[0]
        reason = f"{type(error).__name__}: {shown(error)}"
        about = about_one(item)
        if isinstance(item, Unreadable):
            self.halted = True
            log.critical("event_not_parked", consumer=self.consumer, exc_info=error, **about)
            await asyncio.sleep(2)
            raise HaltedError(f"an event could not be parked: {reason}") from error
        log.error("event_parked", consumer=self.consumer, reason=reason, exc_info=error, **about)
        bad = Unreadable(item.record, reason, item.waits_by, item.envelope.id, item.envelope.type)
        await self._act([bad])

    async def _apply(self, items: Sequence[Heard | Unreadable]) -> None:
        async with self.database.transaction() as tx:
            by_id = {item.envelope.id: item for item in items if isinstance(item, Heard)}
            all_read = not any(isinstance(item, Unreadable) for item in items)
            partitions = {item.record.partition for item in items}
            given = {
                "consumer": self.consumer,
                "places": [f"{self.consumer}:{partition}" for partition in partitions],
                "ids": ids(sorted(by_id) if all_read else ()),
                "limit": self.parked_limit,
            }
            parked: list[str] = []
            for key, before in await tx.execute(HEAR, given):
                if key is None:
                    del by_id[before]
                else:
                    parked.append(key)
            self._halt(len(parked))
            if parked or not all_read:
                by_id = await self._claim(tx, await self._put_aside(tx, items, set(parked)))
            await self._hear(tx, by_id.values())

    def _halt(self, parked: int) -> None:
        self.halted = parked >= self.parked_limit
        if self.halted:
            log.critical("consumer_halted", consumer=self.consumer, parked=parked)
            raise HaltedError(f"{parked} events are parked")

    async def _put_aside(
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

    async def _claim(self, tx: Transaction, items: Iterable[Heard]) -> dict[UUID, Heard]:
        """What of this was not heard before; twice in a batch is heard once."""
        by_id = {item.envelope.id: item for item in items}
        given = {"consumer": self.consumer, "ids": ids(sorted(by_id))}
        before = await tx.execute(CLAIM, given)
        for event_id in before.scalars():
            del by_id[event_id]
        return by_id

    async def _hear(self, tx: Transaction, items: Iterable[Heard]) -> None:
        """Hand what is new over, in rounds in which each topic's key comes once.

        What several topics tell of a key goes by the order of `hears`: between them there is none.
        """
        rounds: list[dict[type[Event], list[Heard]]] = []
        seen: dict[tuple[str, UUID], int] = {}
        for item in items:
            place = item.record.topic, item.envelope.key
            nth = seen.get(place, 0)
            seen[place] = nth + 1
            if nth == len(rounds):
                rounds.append(defaultdict(list))
            rounds[nth][type(item.event)].append(item)
        for round_ in rounds:
            for cls in sorted(round_, key=self._order.__getitem__):
                heard = round_[cls]
                tx.causes = {item.envelope.key: item.envelope for item in heard}
                await self.hears[cls](tx, [item.event for item in heard])
        tx.causes = {}

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
                item = self._read(record_of(row))
                if isinstance(item, Unreadable):
                    raise ValueError(item.reason)
                if item is not None:
                    await self._hear(tx, (await self._claim(tx, [item])).values())
                await tx.execute(UNPARK, {"id": row.id})
        except Exception as error:
            if is_trouble(error) or row is None:
                raise
            reason = f"{type(error).__name__}: {shown(error)}"
            async with self.database.transaction() as tx:
                await tx.execute(STILL_BAD, {"id": row.id, "reason": reason})
            return False
        return True

    def can_read(self, row: Any) -> bool:
        """Whether the record of a parked row can be read (by now)."""
        return not isinstance(self._read(record_of(row)), Unreadable)

    async def let_go(self, parked_id: int, *, by: UUID, why: str) -> str | None:
        """Give up a parked record that cannot be read; its bytes are kept with who did so and why.

        Returns its key, of which what waits behind it can now be redriven; None where nothing such
        is parked. Raises `ReadableError` for an event: what it tells must not be lost.
        """
        which = {"consumer": self.consumer, "id": parked_id}
        async with self.database.transaction() as tx:
            row: Any = (await tx.execute(ONE_PARKED, which)).first()
            if row is None:
                return None
            await tx.execute(LOCK, {"places": [f"{self.consumer}:{row.partition}"]})
            if self.can_read(row):
                raise ReadableError
            gone = await tx.execute(LET_GO, {"id": parked_id, "by": by, "why": why})
            if gone.first() is None:
                return None
        log.warning("event_let_go", consumer=self.consumer, key=row.key, by=str(by))
        return str(row.key)

    async def prune(self, oldest: date) -> int:
        """Forget events said before a real day; they can no longer be said again."""
        floor = int(datetime.combine(oldest, time(), UTC).timestamp() * 1000) << 80
        async with self.database.transaction() as tx:
            return int((await tx.execute(PRUNE, {"oldest": UUID(int=floor)})).scalar_one())


def read(record: Any, cls: type[Event] | None) -> Heard | Unreadable:
    """Read one record; whatever is wrong with it becomes a reason that holds no personal data."""
    named: dict[str, bytes | None] = {}
    try:
        named = dict(record.headers)
        if cls is None:
            raise ValueError("header ce_type is missing")
        event = cls.model_validate_json(record.value or b"")
        cause = named.get("ce_causationid")
        envelope = Envelope(
            quick_uuid(_header(named, "ce_id").decode()),
            cls.type,
            _text(_header(named, "ce_source")),
            quick_uuid(record.key.decode()),
            _instant(_header(named, "ce_time")),
            _flow(_header(named, "ce_correlationid")),
            quick_uuid(cause.decode()) if cause else None,
            (named.get("ce_sequence") or b"").decode(),
        )
        if envelope.key != event.key:
            raise ValueError("the record's key is not the event's")
    except Exception as error:  # anything at all may come from a topic
        reason = f"unreadable: {type(error).__name__}: {shown(error)}"
        kind = kind_of(record)
        return Unreadable(
            record,
            reason,
            key_text(record.key),
            id_of(record, named),
            kind.decode(errors="replace") if kind else None,
        )
    return Heard(envelope, event, record)


def _header(named: Mapping[str, bytes | None], name: str) -> bytes:
    value = named[name]
    if value is None:
        raise ValueError(f"header {name} is null")
    return value


@lru_cache(maxsize=100)
def _text(value: bytes) -> str:
    return value.decode()


@lru_cache(maxsize=1_000)
def _instant(value: bytes) -> datetime:
    """An instant; all events of a transaction share it, as they share the flow."""
    return datetime.fromisoformat(value.decode())


@lru_cache(maxsize=1_000)
def _flow(value: bytes) -> UUID:
    return quick_uuid(value.decode())


def about_one(item: Heard | Unreadable) -> dict[str, str | None]:
    """By what a log's reader finds an event again, and the flow it belongs to."""
    if isinstance(item, Unreadable):
        return {"event_id": str(item.id), "event_type": item.type, "key": item.waits_by}
    envelope = item.envelope
    return {
        "event_id": str(envelope.id),
        "event_type": envelope.type,
        "key": item.waits_by,
        "correlation_id": str(envelope.correlation),
    }


def id_of(record: Any, named: Mapping[str, bytes | None]) -> UUID:
    """The event's id; a hash of the bytes where there is none (or none that is a UUID)."""
    try:
        return UUID(_header(named, "ce_id").decode())
    except (KeyError, ValueError):
        parts = [record.key or b"", record.value or b"", repr(record.headers).encode()]
        return UUID(bytes=hashlib.sha256(b"\0".join(parts)).digest()[:16])


def kind_of(record: Any) -> bytes | None:
    """The type a record claims to be, if it says so; nothing else of it is looked at."""
    for name, value in record.headers:
        if name == "ce_type":
            return cast("bytes | None", value)
    return None


def key_text(key: bytes | None) -> str:
    """A record's key as text by which later events of it are found, whatever its bytes are."""
    if key is None:
        return "-"
    try:
        return str(UUID(key.decode()))
    except ValueError:
        return "x" + key.hex()


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
