"""Door 1: a batch of events arrives; each is acted on once, in order per key.

In one transaction: lock the batch's partition numbers (a key has the same one on every topic), put
aside what waits behind a parked event, claim the rest by event id, hand them to the service. A
batch that fails is halved until the one bad event stands alone and is parked with its reason; later
events of its key wait behind it until an operator redrives them. Trouble (a database away) gives
the whole batch back, with growing pauses.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy import text

from contracts.envelope import Event
from plumbing.literals import ids
from plumbing.logs import shown
from plumbing.parked import Parked
from plumbing.records import Heard, Unreadable, about_one, kind_of, read
from plumbing.transaction import PAUSES, Database, Transaction, is_trouble

log = structlog.get_logger()

Handler = Callable[[Transaction, Sequence[Any]], Awaitable[None]]
"""Acts on events of one type, each of another key, inside the given transaction."""

# One round trip (`schema.hear_at_once`). Answers those heard before: they are few, and a row in the
# answer costs more than the insert.
HEAR = text("""
  select waiting, heard from hear(:consumer, cast(:places as text[]),
    cast(cast(:ids as text) as uuid[]), :limit)
""")
CLAIM = text("""
  with given as (select unnest(cast(cast(:ids as text) as uuid[])) as event_id),
    fresh as (insert into inbox (consumer, event_id) select :consumer, event_id from given
      on conflict do nothing returning event_id)
  select event_id from given where event_id not in (select event_id from fresh)
""")
PRUNE = text("""
  with gone as (delete from inbox where event_id < :oldest returning 1) select count(*) from gone
""")


class HaltedError(Exception):
    """Too many events are parked, or one cannot be: the consumer stops, for a backlog is better
    than a landfill, and than a loss."""


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
        self.parked = Parked(self.database, self.consumer, self._read, self._act_on_one)

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
                by_id = await self._claim(tx, await self.parked.put_aside(tx, items, set(parked)))
            await self._hear(tx, by_id.values())

    def _halt(self, parked: int) -> None:
        self.halted = parked >= self.parked_limit
        if self.halted:
            log.critical("consumer_halted", consumer=self.consumer, parked=parked)
            raise HaltedError(f"{parked} events are parked")

    async def _claim(self, tx: Transaction, items: Iterable[Heard]) -> dict[UUID, Heard]:
        """What of this was not heard before; twice in a batch is heard once."""
        by_id = {item.envelope.id: item for item in items}
        given = {"consumer": self.consumer, "ids": ids(sorted(by_id))}
        before = await tx.execute(CLAIM, given)
        for event_id in before.scalars():
            del by_id[event_id]
        return by_id

    async def _act_on_one(self, tx: Transaction, item: Heard) -> None:
        await self._hear(tx, (await self._claim(tx, [item])).values())

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

    async def prune(self, oldest: date) -> int:
        """Forget events said before a real day; they can no longer be said again."""
        floor = int(datetime.combine(oldest, time(), UTC).timestamp() * 1000) << 80
        async with self.database.transaction() as tx:
            return int((await tx.execute(PRUNE, {"oldest": UUID(int=floor)})).scalar_one())
