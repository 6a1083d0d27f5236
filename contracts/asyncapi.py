"""AsyncAPI 3.0 documents, one per service, written from the models.

FastStream's own generator would show nothing: our subscribers take raw batches and everything said
goes through the outbox, so it knows no payload. The document is small enough to write directly.
YAML is written here too, in the few forms that a document needs; strings are always quoted.
"""

import json
import re
from collections.abc import Collection
from typing import Any

from pydantic.json_schema import models_json_schema

from contracts.catalogue import speaker
from contracts.envelope import CONTENT_TYPE, Event
from contracts.generate import Untitled
from contracts.topics import TOPICS, Topic

Node = dict[str, Any]

PLAIN_KEY = re.compile(
    r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z$_][A-Za-z0-9_./$-]*", re.I
)
"""Keys that need no quotes in YAML 1.1 or 1.2."""
HEADERS: Node = {
    "type": "object",
    "description": "CloudEvents 1.0, Kafka binding 1.0.2, binary content mode; UTF-8.",
    "required": [
        "ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time",
        "ce_correlationid", "ce_sequence", "ce_traceparent", "content-type",
    ],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "UUIDv7; hear it once."},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string", "description": "The service that says it."},
        "ce_subject": {"type": "string", "format": "uuid", "description": "The record's key."},
        "ce_time": {"type": "string", "format": "date-time", "description": "Business instant."},
        "ce_correlationid": {"type": "string", "format": "uuid"},
        "ce_causationid": {
            "type": "string",
            "format": "uuid",
            "description": "The event that led to this one; absent where a person or a day did.",
        },
        "ce_sequence": {"type": "string", "description": "Grows with each event of a key."},
        "ce_traceparent": {"type": "string", "description": "W3C Trace Context."},
        "content-type": {"const": CONTENT_TYPE},
    },
}  # fmt: skip


def document(
    service: str,
    *,
    version: str,
    summary: str,
    says: Collection[type[Event]],
    hears: Collection[type[Event]],
) -> Node:
    """The AsyncAPI document of one service: what it says and what it hears, by topic."""
    said, heard = _by_topic(says), _by_topic(hears)
    events = sorted({*says, *hears}, key=lambda event: event.type)
    topics = [topic for topic in TOPICS if topic.name in said or topic.name in heard]
    operations = {f"say.{name}": _operation("send", name, of) for name, of in said.items()}
    operations |= {f"hear.{name}": _operation("receive", name, of) for name, of in heard.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Betalt {service}",
            "version": version,
            "description": summary,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            topic.name: _channel(topic, [e for e in events if e.topic == topic.name])
            for topic in topics
        },
        "operations": operations,
        "components": {
            "messages": {event.type: _message(event) for event in events},
            "schemas": {"Headers": HEADERS, **_schemas(events)},
        },
    }


def _by_topic(events: Collection[type[Event]]) -> dict[str, list[type[Event]]]:
    found: dict[str, list[type[Event]]] = {}
    for event in sorted(events, key=lambda event: event.type):
        found.setdefault(event.topic, []).append(event)
    return dict(sorted(found.items()))


def _channel(topic: Topic, events: list[type[Event]]) -> Node:
    personal = " Carries personal data: own access rights." if topic.restricted else ""
    return {
        "address": topic.name,
        "description": f"Keyed by {topic.key}; what is said of one key keeps its order.{personal}",
        "messages": {e.type: {"$ref": f"#/components/messages/{e.type}"} for e in events},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"retention.ms": topic.retention_ms},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation(action: str, topic: str, events: list[type[Event]]) -> Node:
    channel = f"#/channels/{topic}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{event.type}"} for event in events],
    }


def _message(event: type[Event]) -> Node:
    told, _, more = (event.__doc__ or "").strip().partition("\n\n")
    named: Node = {"name": event.type, "title": event.__name__, "summary": " ".join(told.split())}
    if more:
        named["description"] = " ".join(more.split())
    return named | {
        "contentType": CONTENT_TYPE,
        "tags": [{"name": f"said by {speaker(event)}"}],
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "format": "uuid", "description": event.key_field},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _schemas(events: list[type[Event]]) -> Node:
    _, found = models_json_schema(
        [(event, "validation") for event in events],
        ref_template="#/components/schemas/{model}",
        schema_generator=Untitled,
    )
    schemas: Node = found.get("$defs", {})
    return schemas


def yaml(node: Any, depth: int = 0) -> str:
    """A document as YAML: block mappings and lists, every string in double quotes."""
    margin = "  " * depth
    if isinstance(node, dict) and node:
        return "".join(
            f"{margin}{_key(name)}:{_nested(value, depth + 1)}" for name, value in node.items()
        )
    if isinstance(node, list) and node:
        return "".join(f"{margin}-{_item(value, depth + 1)}" for value in node)
    return f"{margin}{_scalar(node)}\n"


def _nested(value: Any, depth: int) -> str:
    if isinstance(value, dict | list) and value:
        return "\n" + yaml(value, depth)
    return f" {_scalar(value)}\n"


def _item(value: Any, depth: int) -> str:
    if isinstance(value, dict | list) and value:
        return " " + yaml(value, depth).removeprefix("  " * depth)
    return f" {_scalar(value)}\n"


def _key(name: str) -> str:
    return name if PLAIN_KEY.fullmatch(name) else _scalar(name)


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
