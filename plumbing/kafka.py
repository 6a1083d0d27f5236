"""How this house speaks Kafka: partitions, producer, subscription, lag, topics.

Keys are placed by CRC-32, as librdkafka's `consistent` partitioner does, in every producer of the
house (ADR-0008): the place of a key is computed in C and is the same in any language.
"""

from __future__ import annotations

import asyncio
import dataclasses
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage, KafkaRouter

log = structlog.get_logger()

BATCH_BYTES = 512 * 1024
MAX_RECORDS = 3_000
"""Records a door takes at a time; it never waits to have them (stack.md 5, rule 4)."""


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
    return parsed


async def leave_as_is(message: KafkaMessage) -> object:
    """Decode nothing: the inbox reads record by record, so that one bad one stands alone."""
    return message.body


def subscribe(
    router: KafkaRouter,
    topics: Iterable[str],
    group: str,
    hear: Callable[[Sequence[ConsumerRecord]], Awaitable[None]],
) -> None:
    """Door 1 of a service: batches of records, given back whole when `hear` raises."""

    async def on_events(message: KafkaMessage) -> None:
        await hear(message.raw_message)

    subscriber = router.subscriber(
        *sorted(topics),
        group_id=group,
        batch=True,
        max_records=MAX_RECORDS,
        batch_timeout_ms=500,  # how long an empty topic is waited at; records are handed at once
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        parser=read_tolerantly,
        decoder=leave_as_is,
        fetch_max_wait_ms=500,
        max_partition_fetch_bytes=2 * 1024 * 1024,
        session_timeout_ms=10_000,
        title=f"{group}.events",
    )
    subscriber(on_events)


def lag_of(broker: KafkaBroker) -> list[AIOKafkaConsumer]:
    """The consumers behind a broker's subscribers, for reading positions and ends."""
    consumers = [getattr(each, "consumer", None) for each in broker.subscribers]
    return [each for each in consumers if each is not None]


async def read_lag(broker: KafkaBroker, heard: dict[TopicPartition, int]) -> dict[str, int]:
    """Records not yet acted on, by topic, of the partitions this process holds.

    `heard` maps a partition to the offset after the last record acted on. Where that differs from
    the end, the group is asked as well: after a rebalance another member may have gone on, and
    after a wipe offsets begin again.
    """
    lag: dict[str, int] = {}
    for consumer in lag_of(broker):
        partitions = list(consumer.assignment())
        if not partitions:
            continue
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            end, known = ends[partition], heard.get(partition)
            if known != end:
                committed = await consumer.committed(partition)
                if committed is None:
                    committed = (await consumer.beginning_offsets([partition]))[partition]
                known = heard.get(partition)  # a batch may have been acted on while we asked
                if known is None or known > end or committed > known:
                    known = heard[partition] = committed
            lag[partition.topic] = lag.get(partition.topic, 0) + max(0, end - known)
    return lag


async def create_topics(
    bootstrap: str, topics: Iterable[tuple[str, int, int]], *, replication: int = 1
) -> list[str]:
    """Create what is missing of (name, partitions, retention in ms); returns the names created."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        known = set(await admin.list_topics())
        missing = [topic for topic in topics if topic[0] not in known]
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
