"""What a Kafka record is to this house: an event with its envelope, or unreadable with a reason.

Anything at all may lie in a topic. What cannot be read still has a key by which later events find
it, and an id by which it is known again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast
from uuid import UUID

from contracts.envelope import Envelope, Event
from plumbing.literals import quick_uuid
from plumbing.logs import shown


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
