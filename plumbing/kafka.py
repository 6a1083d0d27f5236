"""How this house speaks Kafka: partitions, producer, subscription, lag, topics.

Keys are placed by CRC-32, as librdkafka's `consistent` partitioner does, in every producer of the
house (ADR-0008): the place of a key is computed in C and is the same in any language.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
import traceback
import zlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextvars import Context
from functools import partial
from typing import Any, cast

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import ConsumerStoppedError, KafkaError, TopicAlreadyExistsError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage, KafkaRouter

from plumbing.pace import Pace

log = structlog.get_logger()

BATCH_BYTES = 512 * 1024
MAX_RECORDS = 3_000
"""Records a door takes at a time; it never waits to have them (stack.md 5, rule 4)."""
BATCHES_APART = (0.005, 0.04, 0.2)
"""Seconds from one batch to the next under a stream of small ones (`pace`): each of them costs the
broker, the consumer and the database as much as a batch of twenty (measured)."""
OFFSETS_EVERY = 0.5
"""Seconds after which offsets are committed anew; what comes twice after a crash, the inbox knows.
A commit after each batch costs the broker as much as the fetch that brought it."""
LAG_WITHIN = 2.0
"""Seconds: a broker that hangs must not make a service look as if it did not answer."""


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a record's key among `partitions`."""
    return zlib.crc32(key) % partitions


def _partitioner(key: bytes | None, every: Sequence[int], available: Sequence[int]) -> int:
    return every[partition_of(key or b"", len(every))]


async def start_producer(bootstrap: str) -> AIOKafkaProducer:
    """A started producer: acks=all, not idempotent (ADR-0007); waits for a broker to answer."""
    while True:
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            acks="all",
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=4 * BATCH_BYTES,
            partitioner=_partitioner,
            request_timeout_ms=10_000,
        )
        try:
            await producer.start()
        except (KafkaError, OSError) as error:
            log.warning("kafka_awaited", error=type(error).__name__)
            await producer.stop()
            await asyncio.sleep(0.5)
        except BaseException:
            await producer.stop()
            raise
        else:
            return producer


async def read_tolerantly(
    message: tuple[ConsumerRecord, ...],
    parse: Callable[[Any], Awaitable[KafkaMessage]],
) -> KafkaMessage:
    """Parse no header: null ones and such as are not UTF-8 must reach the inbox, which parks them.

    FastStream's parser makes the message (its class decides how offsets are committed), but it is
    shown the first record without headers; then the message gets the whole batch.
    """
    parsed = await parse((dataclasses.replace(message[0], headers=(), value=b""),))
    parsed.raw_message = message
    parsed.consumer = BatchOffsets(cast(PatientConsumer, parsed.consumer), message)
    return parsed


class BatchOffsets:
    """A consumer as one batch sees it: its commit names the batch's own partitions.

    Of itself aiokafka commits every partition it holds, sixty and more, after each small batch.
    """

    def __init__(self, consumer: PatientConsumer, records: Sequence[ConsumerRecord]) -> None:
        self._consumer = consumer
        self._records = records

    async def commit(self) -> None:
        """Note the offset after each partition's last record; it is committed within a moment."""
        self._consumer.acted_on(self._records)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go back to an offset, to be given its records again."""
        self._consumer.seek(partition, offset)


async def leave_as_is(message: KafkaMessage) -> object:
    """Decode nothing: the inbox reads record by record, so that one bad one stands alone."""
    return message.raw_message


async def take_all(message: KafkaMessage) -> bool:
    """Filter no batch; FastStream's own filter is not async, and costs each batch a thread."""
    return True


class PatientConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """Waits until there is something: FastStream sleeps as long again after each vain wait, and
    what comes meanwhile would lie there. What comes right after a batch waits for the next.
    """

    def __init__(self, *topics: str, **settings: Any) -> None:
        super().__init__(*topics, **settings)
        self._pace = Pace(*BATCHES_APART)
        self._acted_on: dict[TopicPartition, int] = {}
        self._given: dict[TopicPartition, int] = {}
        """Where it goes on after the last records that were handed over, by partition."""
        self._committed_at = 0.0

    def acted_on(self, records: Iterable[ConsumerRecord]) -> None:
        """Note what need not come again."""
        self._acted_on |= {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}

    async def commit_acted(self) -> None:
        """Commit what was acted on, where it is still ours; else it comes to another, or again.

        What the broker did not take is committed the next time.
        """
        self._committed_at = time.monotonic()
        held = self.assignment()
        acted, self._acted_on = self._acted_on, {}
        if ours := {place: after for place, after in acted.items() if place in held}:
            try:
                await self.commit(ours)
            except KafkaError as error:
                self._acted_on = ours | self._acted_on
                log.info("offsets_not_committed", error=type(error).__name__)

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """The records at hand; ends without any only when the consumer is stopped."""
        await self._pace.keep()
        if time.monotonic() - self._committed_at > OFFSETS_EVERY:
            await self.commit_acted()
        while True:
            try:
                found: dict[TopicPartition, list[ConsumerRecord]] = await super().getmany(
                    *partitions, timeout_ms=timeout_ms, max_records=max_records
                )
            except ConsumerStoppedError:
                raise
            except Exception as error:
                await self._go_back()
                if not isinstance(error, UnicodeDecodeError):
                    raise
                found = await self._up_to_unreadable(*_place_of(error), timeout_ms)
            if found:
                self._given |= {place: found[place][-1].offset + 1 for place in found}
                self._pace.step()
                return found
            await self.commit_acted()

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go to an offset, to be given the records from there on."""
        self._given[partition] = offset
        super().seek(partition, offset)

    async def _go_back(self) -> None:
        """Be given again what aiokafka took out of its buffers for a call that then failed."""
        for place in self.assignment():
            after = self._given.get(place)
            if after is None:
                after = await self.committed(place)
            if after is None:
                await self.seek_to_beginning(place)
            else:
                super().seek(place, after)

    async def _up_to_unreadable(
        self, place: TopicPartition, offset: int, timeout_ms: int
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """What lies before a record whose headers cannot be told apart, or what stands for it.

        Its bytes stay in the topic; what is handed over, and parked, names the place.
        """
        before = offset - await self.position(place)
        if before > 0:
            found: dict[TopicPartition, list[ConsumerRecord]] = await super().getmany(
                place, timeout_ms=timeout_ms, max_records=before
            )
            return found
        log.error("record_unreadable", topic=place.topic, partition=place.partition, offset=offset)
        self.seek(place, offset + 1)
        headers = (("unreadable", f"{place.topic}[{place.partition}] {offset}".encode()),)
        record = ConsumerRecord(
            place.topic, place.partition, offset, 0, 0, None, None, None, 0, 0, headers
        )
        return {place: [record]}

    async def stop(self) -> None:
        """Commit what was acted on, if the broker answers, and leave the group."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.commit_acted(), 2)
        await super().stop()


def _place_of(error: UnicodeDecodeError) -> tuple[TopicPartition, int]:
    """Which record has a header name that is not UTF-8: only aiokafka's own frame knows."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "_unpack_records":
            return frame.f_locals["tp"], frame.f_locals["self"].next_fetch_offset
    raise error


class Broker(KafkaBroker):
    """FastStream's broker, with a patient consumer for each subscriber."""

    async def _connect(self) -> Callable[..., AIOKafkaConsumer]:
        made = cast("partial[AIOKafkaConsumer]", await super()._connect())
        patient = partial(PatientConsumer, *made.args, **made.keywords)
        self.config.broker_config.builder = patient  # connecting has set it to aiokafka's own
        return patient


def subscribe(
    router: KafkaRouter,
    topics: Iterable[str],
    group: str,
    hear: Callable[[Sequence[ConsumerRecord]], Coroutine[Any, Any, None]],
    *,
    session_seconds: float = 10,
) -> None:
    """Door 1 of a service: batches of records, given back whole when `hear` raises.

    A member that is silent for `session_seconds`, which a killed one is, loses its partitions.

    What is opened while a batch is heard keeps the context of that moment as long as it lives, and
    FastStream's holds the batch: a pool of connections would hold as many. So it is heard in none.
    """

    async def on_events(records: tuple[ConsumerRecord, ...]) -> None:
        await asyncio.get_running_loop().create_task(hear(records), context=Context())

    subscriber = router.subscriber(
        *sorted(topics),
        group_id=group,
        batch=True,
        max_records=MAX_RECORDS,
        batch_timeout_ms=int(OFFSETS_EVERY * 1000),  # then offsets are; see PatientConsumer
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        parser=read_tolerantly,
        decoder=leave_as_is,
        fetch_max_wait_ms=500,
        max_partition_fetch_bytes=2 * 1024 * 1024,
        session_timeout_ms=int(session_seconds * 1000),
        heartbeat_interval_ms=min(3_000, int(session_seconds * 300)),
        title=f"{group}.events",
    )
    subscriber(on_events, filter=take_all)


def consumers_of(broker: KafkaBroker) -> list[AIOKafkaConsumer]:
    """The consumers behind a broker's subscribers, for reading positions and ends."""
    consumers = [getattr(each, "consumer", None) for each in broker.subscribers]
    return [each for each in consumers if each is not None]


class LagReader:
    """Tells how many records a service has not yet acted on.

    It asks on a connection of its own: on the consumer's, an answer waits behind the fetch that the
    broker holds back until there is something to read, half a second on a quiet topic.
    """

    def __init__(self, broker: KafkaBroker, bootstrap: str) -> None:
        self._broker = broker
        self._bootstrap = bootstrap
        self._asker: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()

    async def read(self, heard: dict[TopicPartition, int]) -> dict[str, int] | None:
        """Records not yet acted on, by topic, of the partitions held here; None: no broker answers.

        `heard` maps a partition to the offset after the last record acted on. Where that differs
        from the end, the group is asked as well: after a rebalance another member may have gone on,
        and after a wipe offsets begin again.
        """
        try:
            async with asyncio.timeout(LAG_WITHIN):
                return await self._read(heard)
        except (KafkaError, OSError) as error:
            log.warning("lag_unknown", error=type(error).__name__)
            await self.close()
            return None

    async def _read(self, heard: dict[TopicPartition, int]) -> dict[str, int]:
        lag: dict[str, int] = {}
        for consumer in consumers_of(self._broker):
            partitions = list(consumer.assignment())
            if not partitions:
                continue
            asker = await self._connected()
            ends = await asker.end_offsets(partitions)
            for partition in partitions:
                end, known = ends[partition], heard.get(partition)
                if known != end:
                    committed = await consumer.committed(partition)
                    if committed is None:
                        committed = (await asker.beginning_offsets([partition]))[partition]
                    known = heard.get(partition)  # a batch may have been acted on while we asked
                    if known is None or known > end or committed > known:
                        known = heard[partition] = committed
                lag[partition.topic] = lag.get(partition.topic, 0) + max(0, end - known)
        return lag

    async def _connected(self) -> AIOKafkaConsumer:
        async with self._starting:
            if self._asker is None:
                asker = AIOKafkaConsumer(
                    bootstrap_servers=self._bootstrap, group_id=None, request_timeout_ms=3_000
                )
                try:
                    await asker.start()
                except BaseException:
                    await asker.stop()
                    raise
                self._asker = asker
            return self._asker

    async def close(self) -> None:
        """Let go of the connection; the next reading makes a new one."""
        asker, self._asker = self._asker, None
        if asker is not None:
            await asker.stop()


async def create_topics(
    bootstrap: str, topics: Iterable[tuple[str, int, int]], *, replication: int = 1
) -> list[str]:
    """Create what is missing of (name, partitions, retention in ms); returns the names created.

    Raises `KafkaError` where a topic that is there has another number of partitions: the place of a
    key, and the order of what is said of it, would be another on each topic.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        wanted = {topic[0]: topic for topic in topics}
        known = wanted.keys() & set(await admin.list_topics())
        for each in await admin.describe_topics(sorted(known)) if known else ():
            name, count = each["topic"], len(each["partitions"])
            if count != wanted[name][1]:
                raise KafkaError(f"{name} has {count} partitions, not {wanted[name][1]}")
        missing = [topic for name, topic in wanted.items() if name not in known]
        if missing:
            answer = await admin.create_topics(
                [
                    NewTopic(
                        name,
                        partitions,
                        replication,
                        topic_configs={"retention.ms": str(retention_ms)},
                    )
                    for name, partitions, retention_ms in missing
                ]
            )
            for _, code, *_ in answer.topic_errors:
                if code not in (0, TopicAlreadyExistsError.errno):
                    raise KafkaError(f"topics could not be created: {answer.topic_errors}")
        return [name for name, *_ in missing]
    finally:
        await admin.close()
