"""The envelope of everything said: CloudEvents attributes as Kafka headers, and the base of events.

Plumbing knows this module of `contracts` and no other: it moves events without knowing them.
Headers follow CloudEvents 1.0, Kafka binding 1.0.2 section 3.2 (binary content mode): attributes
carry the prefix `ce_`, the record's value is the JSON data.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, ClassVar, NamedTuple, cast, get_args, get_origin
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field

CONTENT_TYPE = "application/json"
SPEC_VERSION = "1.0"

Ore = Annotated[int, Field(strict=True, json_schema_extra={"x-unit": "öre"})]
"""Money: Swedish öre; 100 öre are one krona."""
BasisPoints = Annotated[int, Field(strict=True, json_schema_extra={"x-unit": "basis points"})]
"""A yearly rate in hundredths of a percent."""


MASK = "***"


class PersonalMark:
    """Marks a field that tells of a person: masked in logs, parked views and traces."""


Personal = Annotated[
    str, PersonalMark(), Field(max_length=2_000, json_schema_extra={"x-personal": True})
]
"""Text about a natural person. Travels only on restricted topics; shown masked elsewhere."""
PersonalOfAnyLength = Annotated[str, PersonalMark(), Field(json_schema_extra={"x-personal": True})]
"""`Personal` where a field was published without a limit: a limit set later refuses old events."""


def is_personal(annotation: Any, metadata: list[Any]) -> bool:
    """Whether a field's annotation, or any alternative in it, is marked personal."""
    if any(isinstance(mark, PersonalMark) for mark in metadata):
        return True
    if get_origin(annotation) is Annotated and any(
        isinstance(mark, PersonalMark) for mark in get_args(annotation)[1:]
    ):
        return True
    return any(is_personal(part, []) for part in get_args(annotation))


class Fact(BaseModel):
    """A value inside an event. Unknown fields are ignored: a younger sender may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    def masked(self) -> dict[str, Any]:
        """The fields as JSON values, personal ones as `***`: what a log or a page may show."""
        shown = self.model_dump(mode="json")
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if is_personal(field.annotation, field.metadata) and value is not None:
                shown[name] = MASK
            else:
                shown[name] = _masked(value, shown[name])
        return shown

    def __repr_args__(self) -> Any:
        masked = self.masked()
        return [(name, masked[name]) for name in type(self).model_fields]


class Event(Fact):
    """A fact in the past tense. `type` keeps its meaning; a breaking change is a new `.vN`."""

    type: ClassVar[str]
    topic: ClassVar[str]
    key_field: ClassVar[str] = "claim_id"
    registry: ClassVar[dict[str, builtins.type[Event]]] = {}

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "type" in cls.__dict__:
            Event.registry[cls.type] = cls

    @property
    def key(self) -> UUID:
        """The record's key: what is said about one key arrives in the order it was said."""
        return cast(UUID, getattr(self, self.key_field))

    def payload(self) -> bytes:
        """The event as JSON (UTF-8); equal to `model_dump_json`, several times faster."""
        return orjson.dumps(self.__dict__, default=_fields)


def _masked(value: object, shown: Any) -> Any:
    """What may be shown of a value, whose JSON is `shown`: facts stand at any depth."""
    if isinstance(value, Fact):
        return value.masked()
    if isinstance(value, (list, tuple)):
        return [_masked(each, known) for each, known in zip(value, shown, strict=True)]
    if isinstance(value, Mapping):
        return dict(zip(shown, map(_masked, value.values(), shown.values()), strict=True))
    return shown


def _fields(value: object) -> Any:
    if isinstance(value, Fact):
        return value.__dict__
    if isinstance(value, UUID):  # the database driver's own kind of UUID
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in an event")


class Envelope(NamedTuple):
    """What surrounds an event on its way; a plain tuple, for one is made per event.

    `time` is the business instant (moved clock); `id` is a UUIDv7 and so carries the real one.
    `sequence` grows with each event of a key, without being dense. `cause` is the id of the event
    that led to this one, None where a person or a day did; `correlation` follows the whole flow.
    """

    id: UUID
    type: str
    source: str
    key: UUID
    time: datetime
    correlation: UUID
    cause: UUID | None
    sequence: str

    def headers(self) -> list[tuple[str, bytes]]:
        """CloudEvents headers; extensions correlationid, causationid, sequence and traceparent."""
        return [
            *constant_headers(self.type, self.source),
            *own_headers(
                id=str(self.id),
                key=str(self.key),
                time=self.time.isoformat(),
                correlation=str(self.correlation),
                cause=str(self.cause) if self.cause else None,
                sequence=self.sequence,
            ),
        ]


@lru_cache(maxsize=1_000)
def constant_headers(kind: str, source: str) -> tuple[tuple[str, bytes], ...]:
    """The headers that all events of a type and a source share, made once."""
    return (
        ("ce_specversion", SPEC_VERSION.encode()),
        ("ce_type", kind.encode()),
        ("ce_source", source.encode()),
        ("content-type", CONTENT_TYPE.encode()),
    )


def own_headers(
    *, id: str, key: str, time: str, correlation: str, cause: str | None, sequence: str
) -> list[tuple[str, bytes]]:
    """The headers that are an event's own; all parts are text already, for this runs per event."""
    own = [
        ("ce_id", id.encode()),
        ("ce_subject", key.encode()),
        ("ce_time", time.encode()),
        ("ce_correlationid", correlation.encode()),
        ("ce_sequence", sequence.encode()),
        ("ce_traceparent", traceparent(correlation, id).encode()),
    ]
    if cause is not None:
        own.append(("ce_causationid", cause.encode()))
    return own


def traceparent(correlation: str, span: str) -> str:
    """W3C Trace Context: the correlation is the trace, the event's low 64 bits are the span."""
    return f"00-{correlation.replace('-', '')}-{span[19:23]}{span[24:]}-01"
