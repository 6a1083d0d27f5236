"""Moves what was said to Kafka, in order per key, many at a time.

One relay leads per database (a session's advisory lock); the others wait. A pointer row names a
transaction's events in the archive; it is deleted when Kafka has them all, and the archive stays.
Per partition one batch is under way at a time: when it fails, its partition stops for a growing
pause and keeps its pointers, and the other partitions go on. After a crash the last batches are
sent twice, which inboxes make harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.envelope import constant_headers, own_headers
from plumbing import kafka
from plumbing.clock import real_now
from plumbing.driver import Connection, taken
from plumbing.pace import Pace
from plumbing.transaction import is_trouble

log = structlog.get_logger()

LEADER = 741_001
ROUND = 400
"""Pointers a round looks at."""
ROUND_EVENTS = 20_000
"""Events after which a round takes no further pointer: one bulk command alone may have as many."""
ROUNDS_APART = (0.005, 0.02, 0.1)
"""Seconds from one round to the next (`pace`), unless there is more than one round took."""
LOOKED_UP_WITHIN = 0.5
"""Seconds that a round waits for what Kafka says of a topic, which it does at once of one it has.
Of a missing one it says nothing for ten, and meanwhile the others go on."""
MOST_RESTING = 20_000
"""Pointers kept back at a time; beyond it nothing more is looked at until some may be tried."""
PATIENCE = 300.0
"""Seconds that saying again waits for a partition that takes nothing while a broker answers."""
NEXT = text("""
  with looked_at as (
    select batch, said_on, sum(events) over (order by batch) - events as before from (
      select batch, said_on, events from outbox
      where not (batch = any(cast(:held as bigint[])))
        and not exists (select from said_again where state = 'asked')
      order by batch limit :limit) as first),
  pointers as (select batch, said_on from looked_at where before < :events)
  select p.batch, s.n, s.topic, s.key::text, s.id::text, s.type, s.time, s.correlation::text,
    s.cause::text, s.payload
  from pointers p join said s on s.said_on = p.said_on and s.batch = p.batch
  order by s.batch, s.n
""")
TRY_TO_LEAD = text("select pg_try_advisory_lock(:lock)")
DELIVERED = text("delete from outbox where batch = any(cast(:batches as bigint[]))")
ASKED = text("select id, since, topic from said_again where state = 'asked' order by id limit 1")
PAGE = text("""
  select batch, n, topic, key::text, id::text, type, time, correlation::text, cause::text, payload,
    said_on
  from said s
  where (said_on, batch, n) > (:said_on, :batch, :n)
    and (cast(:topic as text) is null or topic = :topic)
    and not exists (select 1 from outbox o where o.batch = s.batch)
  order by said_on, batch, n limit 5000
""")
PROGRESS = text("update said_again set events = events + :sent where id = :id")
ENDED = text("update said_again set state = :state, ended_at = now() where id = :id")
ASK = text("insert into said_again (since, topic) values (:since, :topic) returning id")

Place = tuple[str, int]


@dataclass
class Stuck:
    """A partition that would not take a batch, and until when it is left alone."""

    until: float
    pause: float


@dataclass
class Relay:
    """The mover of one service's outbox."""

    engine: AsyncEngine
    bootstrap: str
    source: str
    poll: float = 0.2
    """Seconds between looks for what other processes said; this one's commits wake it."""
    sent: int = 0
    sent_on: Counter[str] = field(default_factory=Counter)
    """Events sent by topic; together they are `sent`."""
    leads: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    stuck: dict[Place, Stuck] = field(default_factory=dict)
    _held: dict[int, set[Place]] = field(default_factory=dict)
    """Pointers kept back, each with the places that its events still wait for (none: all)."""
    _producer: AIOKafkaProducer | None = None
    _producer_is_void: bool = False
    """An error came that a producer does not outlive (stack.md 11)."""
    _partitions: dict[str, int] = field(default_factory=dict)
    _lookups: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Lead when nobody else does, for ever; a lost database or broker is waited for."""
        try:
            while True:
                try:
                    async with taken(self.engine) as connection:
                        await self._lead(connection)
                except Exception as error:
                    if not is_trouble(error):
                        raise
                    log.warning("relay_database_away", error=type(error).__name__)
                    await asyncio.sleep(0.5)
        finally:
            await self._drop_producer()

    async def _lead(self, connection: Connection) -> None:
        try:
            while not (await connection.execute(TRY_TO_LEAD, {"lock": LEADER})).scalar():
                await asyncio.sleep(0.5)
            self.leads = True
            self._held.clear()
            pace = Pace(*ROUNDS_APART)
            while True:
                pace.step()
                self.wake.clear()
                found, at_once = await self._move(connection)
                if not found and await self._say_again(connection):
                    continue
                if not at_once:
                    await pace.keep()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self.wake.wait(), self.poll)
        finally:
            self.leads = False
            connection.cut_off()  # ends the session, and the lock with it

    async def _move(self, connection: Connection) -> tuple[int, bool]:
        """One round; how many pointers it found, and whether the next one is worth having now."""
        now = time.monotonic()  # one reading a round: a pause must not end in the middle of it
        held = [batch for batch, places in self._held.items() if self._rests(places, now)]
        if len(held) > MOST_RESTING:
            return 0, False
        limits = {"limit": ROUND, "events": ROUND_EVENTS}
        rows = (await connection.execute(NEXT, {"held": held, **limits})).all()
        if not rows:
            return 0, False
        failed = await self._send(rows, now)
        batches = {row[0] for row in rows}
        self._held |= failed
        done = list(batches - failed.keys())
        for batch in done:
            self._held.pop(batch, None)
        if done:
            await connection.execute(DELIVERED, {"batches": done})
        is_full = len(batches) == ROUND or len(rows) >= ROUND_EVENTS
        return len(batches), is_full and bool(done)

    def _rests(self, places: set[Place], now: float) -> bool:
        """Whether all places that a held pointer still waits for are in their pause."""
        return bool(places) and all(
            place in self.stuck and self.stuck[place].until > now for place in places
        )

    async def _send(self, rows: Sequence[Any], now: float) -> dict[int, set[Place]]:
        """Send rows; returns, per pointer that could not be emptied, the places it waits for."""
        try:
            producer = await self._ready(rows)
        except (KafkaError, OSError) as error:
            log.warning("relay_broker_away", error=type(error).__name__)
            await self._drop_producer()
            await asyncio.sleep(0.5)
            return {row.batch: set() for row in rows}
        places: dict[Place, list[Any]] = defaultdict(list)
        for row in rows:
            waiting, place = self._held.get(row[0]), self._place_of(row)
            # Of a topic that was, or is, unknown nobody can say which rows were sent: all go.
            if not waiting or place in waiting or place[1] < 0 or (place[0], -1) in waiting:
                places[place].append(row)
        failed: dict[int, set[Place]] = defaultdict(set)
        going = {}
        for place, waiting_rows in places.items():
            if place in self.stuck and self.stuck[place].until > now:
                for row in waiting_rows:
                    failed[row.batch].add(place)
            else:
                going[place] = waiting_rows
        answers = await asyncio.gather(
            *(self._send_place(producer, place, rows) for place, rows in going.items())
        )
        for place, unsent in zip(going, answers, strict=True):
            if unsent:
                pause = min(30.0, 2 * self.stuck[place].pause) if place in self.stuck else 0.5
                self.stuck[place] = Stuck(time.monotonic() + pause, pause)
                for row in unsent:
                    failed[row.batch].add(place)
            else:
                self.stuck.pop(place, None)
        if self._producer_is_void:
            await self._drop_producer()
        return failed

    async def _send_place(
        self, producer: AIOKafkaProducer, place: Place, rows: Sequence[Any]
    ) -> Sequence[Any]:
        """Send a partition's rows in order, one batch under way at a time; returns the unsent."""
        topic, partition = place
        at = 0
        if partition < 0:
            log.warning("relay_topic_missing", topic=topic, waiting=len(rows))
            return rows
        try:
            while at < len(rows):
                batch, first = producer.create_batch(), at
                while at < len(rows) and self._append(batch, rows[at]):
                    at += 1
                if at == first:
                    raise KafkaError("larger than a batch may be")
                batch.close()
                sending = await producer.send_batch(batch, topic, partition=partition)
                try:
                    await sending
                except BaseException:
                    at = first
                    raise
                self.sent += at - first
                self.sent_on[topic] += at - first
        except (KafkaError, OSError) as error:
            log.warning(
                "relay_partition_stuck",
                topic=topic,
                partition=partition,
                error=type(error).__name__,
                waiting=len(rows) - at,
            )
            self._producer_is_void |= not getattr(error, "retriable", False)
            return rows[at:]
        return ()

    def _append(self, batch: Any, row: Any) -> bool:
        said_in, n, _, key, event_id, kind, at, correlation, cause, payload = row[:10]
        headers = [
            *constant_headers(kind, self.source),
            *own_headers(
                id=event_id,
                key=key,
                time=_text_of(at),
                correlation=correlation,
                cause=cause,
                sequence=f"{said_in:019d}.{n:06d}",
            ),
        ]
        added = batch.append(key=key.encode(), value=payload, timestamp=None, headers=headers)
        return added is not None

    async def _ready(self, rows: Sequence[Any]) -> AIOKafkaProducer:
        """A live producer that knows the partitions of the topics in `rows` that there are."""
        if self._producer is None:
            self._producer = await kafka.start_producer(self.bootstrap)
            self._partitions.clear()
        begun = []
        for topic in {row[2] for row in rows} - self._partitions.keys() - self._lookups.keys():
            if not self._rests({(topic, -1)}, time.monotonic()):
                looking = asyncio.ensure_future(self._look_up(self._producer, topic))
                self._lookups[topic] = looking
                begun.append(looking)
        if begun:
            await asyncio.wait(begun, timeout=LOOKED_UP_WITHIN)
        return self._producer

    async def _look_up(self, producer: AIOKafkaProducer, topic: str) -> None:
        """Ask Kafka how many partitions a topic has; nothing is known of one it does not name."""
        try:
            known = await asyncio.wait_for(producer.partitions_for(topic), 10)
            if known:
                self._partitions[topic] = len(known)
                self.stuck.pop((topic, -1), None)
        except (KafkaError, OSError, TimeoutError):
            log.info("relay_topic_unknown", topic=topic)
        finally:
            del self._lookups[topic]

    async def _drop_producer(self) -> None:
        """Forget the producer; the next round makes a new one (after a wipe its ids are void)."""
        for looking in self._lookups.values():
            looking.cancel()
        producer, self._producer, self._producer_is_void = self._producer, None, False
        if producer is not None:
            try:
                await asyncio.wait_for(producer.stop(), 5)
            except (KafkaError, OSError, TimeoutError):
                log.warning("relay_producer_dropped")

    async def _say_again(self, connection: Connection) -> bool:
        """Carry out what an operator asked to be said again; whether there was such a request.

        It goes in order and before anything new: `NEXT` finds nothing while it waits.
        """
        asked = (await connection.execute(ASKED)).first()
        if asked is None:
            return False
        at: dict[str, Any] = {"said_on": asked.since, "batch": 0, "n": 0}
        lost: set[Place] = set()
        while rows := (await connection.execute(PAGE, {**at, "topic": asked.topic})).all():
            going = [row for row in rows if not lost & {self._place_of(row), (row.topic, -1)}]
            left = await self._send_patiently(going)
            lost |= {self._place_of(row) for row in left}
            await connection.execute(PROGRESS, {"id": asked.id, "sent": len(going) - len(left)})
            at = {"said_on": rows[-1].said_on, "batch": rows[-1].batch, "n": rows[-1].n}
        if lost:
            log.error("say_again_stuck", places=[f"{topic}[{at}]" for topic, at in sorted(lost)])
        state = "stuck" if lost else "done"
        await connection.execute(ENDED, {"id": asked.id, "state": state})
        return True

    async def _send_patiently(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Send what is said again, each row until its place takes it; returns what none took.

        A broker that is away is waited for without end, a place that takes nothing while others
        may for `PATIENCE`: what is new waits for all this.
        """
        left, begun = rows, time.monotonic()
        while left and (failed := await self._send(left, time.monotonic())):
            if not all(failed.values()):  # no broker answers
                begun = time.monotonic()
            left = [
                row
                for row in left
                if (places := failed.get(row.batch)) is not None
                and (not places or self._place_of(row) in places)
            ]
            if time.monotonic() - begun > PATIENCE:
                return left
            await asyncio.sleep(0.2)
        return ()

    def _place_of(self, row: Any) -> Place:
        """Where a row goes; partition -1 where its topic is not known."""
        topic = row[2]  # by place, for this runs per event
        count = self._partitions.get(topic, 0)
        return topic, kafka.partition_of(row[3].encode(), count) if count else -1


@lru_cache(maxsize=100)
def _text_of(time: datetime) -> str:
    """An instant as text; all events of a transaction share it."""
    return time.isoformat()


class TooOldError(ValueError):
    """Saying again would reach behind the inboxes, and events would be acted on twice."""


async def ask_say_again(
    connection: Connection, since: date, topic: str | None, *, inbox_days: int
) -> int:
    """Ask the leading relay to say again all since a real (UTC) day; returns the request's id."""
    oldest = real_now().date() - timedelta(days=inbox_days - 1)
    if since < oldest:
        raise TooOldError(f"inboxes reach back to {oldest}; {since} is before that")
    asked = await connection.execute(ASK, {"since": since, "topic": topic})
    return int(asked.scalar_one())
