"""An event as Kafka delivers it, made without Kafka: for tests that stand behind the broker."""

from datetime import datetime
from typing import Any

from aiokafka import ConsumerRecord

from contracts.envelope import Envelope, Event
from contracts.ids import new_id
from plumbing.clock import real_now
from plumbing.kafka import partition_of

PARTITIONS = 12
"""As in the house."""


def record(event: Event, *, at: datetime | None = None, **changed: Any) -> ConsumerRecord:
    """The event under an envelope of its own, said `at` a moment; `changed` replaces parts of it.

    Delivering the same record again is the same event again.
    """
    envelope = Envelope(
        id=new_id(),
        type=event.type,
        source="/elsewhere",
        key=event.key,
        time=at or real_now(),
        correlation=new_id(),
        cause=None,
        sequence="1",
    )
    key = str(event.key).encode()
    parts: dict[str, Any] = {
        "topic": event.topic,
        "partition": partition_of(key, PARTITIONS),
        "offset": 0,
        "timestamp": 0,
        "timestamp_type": 0,
        "key": key,
        "value": event.payload(),
        "checksum": None,
        "serialized_key_size": 0,
        "serialized_value_size": 0,
        "headers": envelope.headers(),
    }
    return ConsumerRecord(**{**parts, **changed})
