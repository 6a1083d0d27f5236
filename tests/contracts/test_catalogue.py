"""What the contracts promise as a whole: names, topics, keys, schemas and samples agree."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from stdnum import luhn

import contracts
from contracts.catalogue import SPEAKERS, events, said_by, speaker
from contracts.envelope import Envelope, Event, Fact, Ore, Personal, is_personal
from contracts.generate import SAMPLES, SCHEMAS, rendered, schema, stale
from contracts.topics import PARTITIONS, TOPICS

EVERY = pytest.mark.parametrize("event", events().values(), ids=events().keys())
TOPIC_OF = {topic.name: topic for topic in TOPICS}


def sample(event: type[Event]) -> dict[str, Any]:
    """The committed sample of an event type."""
    found: dict[str, Any] = json.loads((SAMPLES / f"{event.type}.json").read_text())
    return found


@EVERY
def test_a_type_is_named_service_aggregate_fact_and_version(event: type[Event]) -> None:
    """The convention of the house: `<service>.<aggregate>.<fact>.v<n>`."""
    assert re.fullmatch(r"[a-z]+\.[a-z]+\.[a-z]+(_[a-z]+)*\.v[1-9][0-9]*", event.type)
    assert speaker(event) in SPEAKERS


@EVERY
def test_a_service_says_its_own_events_on_its_own_topics(event: type[Event]) -> None:
    """An event lies in the module of its speaker and travels on a topic of that speaker."""
    assert event.__module__ == f"contracts.{speaker(event)}"
    assert event in said_by(speaker(event))
    assert event.topic.partition(".")[0] == speaker(event)
    assert event.topic in TOPIC_OF


@EVERY
def test_everything_about_one_key_has_an_order(event: type[Event]) -> None:
    """The key is a required identifier of the event, the one its topic is keyed by."""
    field = event.model_fields[event.key_field]
    assert field.is_required()
    assert event.key_field == f"{TOPIC_OF[event.topic].key}_id"


def test_a_claim_lies_in_the_same_partition_number_of_every_topic() -> None:
    """All topics have the same number of partitions."""
    assert {topic.partitions for topic in TOPICS} == {PARTITIONS}


def test_no_topic_is_silent_and_none_is_listed_twice() -> None:
    """Each listed topic has an event that travels on it."""
    assert sorted(TOPIC_OF) == sorted(topic.name for topic in TOPICS)
    assert {event.topic for event in events().values()} == set(TOPIC_OF)


def test_every_event_of_contracts_is_in_the_catalogue() -> None:
    """No module of contracts registers an event that the generators overlook."""
    for module in pkgutil.walk_packages(contracts.__path__, "contracts."):
        importlib.import_module(module.name)
    ours = {n for n, e in Event.registry.items() if e.__module__.startswith("contracts.")}
    assert ours == set(events())


@EVERY
def test_personal_data_travels_on_restricted_topics_only(event: type[Event]) -> None:
    """Names, addresses and personal numbers never reach a topic of long retention."""
    assert TOPIC_OF[event.topic].restricted or "x-personal" not in rendered(schema(event))


@pytest.mark.parametrize(
    "kind", ["invoicing.creditor.registered.v1", "invoicing.claim.handed_over.v1"]
)
def test_a_sole_traders_number_is_masked_wherever_it_is_shown(kind: str) -> None:
    """His organisation number is his personal number, and his e-mail is his own."""
    event = events()[kind]
    said = event.model_validate(sample(event)["value"])
    shown = said.masked()
    named = [name for name in shown if name.endswith(("organisation_number", "email"))]
    assert named
    assert {shown[name] for name in named if getattr(said, name)} == {"***"}


def test_the_committed_schemas_equal_the_code() -> None:
    """`python -m contracts.generate` has been run; no file is missing or left over."""
    assert [path.name for path in stale()] == []


def test_a_schema_that_differs_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check above sees a changed, a missing and a left-over file."""
    for path in SCHEMAS.glob("*.json"):
        (tmp_path / path.name).write_text(path.read_text())
    monkeypatch.setattr("contracts.generate.SCHEMAS", tmp_path)
    assert stale() == []
    (tmp_path / "payments.claim.opened.v1.json").write_text("{}\n")
    (tmp_path / "payments.claim.settled.v1.json").unlink()
    (tmp_path / "payments.claim.gone.v1.json").write_text("{}\n")
    assert {path.name for path in stale()} == {
        "payments.claim.opened.v1.json",
        "payments.claim.settled.v1.json",
        "payments.claim.gone.v1.json",
    }


def test_every_event_has_a_sample_and_every_sample_an_event() -> None:
    """Versions that are still read keep their sample."""
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(events())


@EVERY
def test_a_sample_is_read_and_written_again_unchanged(event: type[Event]) -> None:
    """Today's model reads the sample; the fast writer and pydantic's own say the same JSON."""
    value = sample(event)["value"]
    heard = event.model_validate_json(json.dumps(value))
    assert json.loads(heard.payload()) == json.loads(heard.model_dump_json()) == value


@EVERY
def test_a_younger_sender_may_say_more(event: type[Event]) -> None:
    """A field that the reader does not know changes nothing."""
    value = sample(event)["value"]
    assert event.model_validate({**value, "said_later": 1}) == event.model_validate(value)


@EVERY
def test_a_sample_travels_in_a_cloudevents_envelope(event: type[Event]) -> None:
    """The headers of each sample are those that `Envelope` makes, and agree with the data."""
    said = sample(event)
    headers = said["headers"]
    cause = headers.get("ce_causationid")
    envelope = Envelope(
        id=UUID(headers["ce_id"]),
        type=event.type,
        source=speaker(event),
        key=event.model_validate(said["value"]).key,
        time=datetime.fromisoformat(headers["ce_time"]),
        correlation=UUID(headers["ce_correlationid"]),
        cause=UUID(cause) if cause else None,
        sequence=headers["ce_sequence"],
    )
    assert headers == {name: value.decode() for name, value in envelope.headers()}
    assert said["topic"] == event.topic
    assert said["key"] == str(envelope.key)


@EVERY
def test_identifiers_in_samples_are_ordered_by_time(event: type[Event]) -> None:
    """Identifiers are UUID version 7, as `contracts.ids.new_id` makes them."""
    said = sample(event)
    named = [said["headers"]["ce_id"], said["headers"]["ce_correlationid"], said["key"]]
    named += [value for field, value in said["value"].items() if field.endswith("_id")]
    assert {UUID(text).version for text in named} == {7}


@EVERY
def test_the_business_day_of_a_sample_is_the_day_in_its_envelope(event: type[Event]) -> None:
    """What an event dates, lies on or before the day it was said, but for days to come."""
    said = sample(event)
    heard = event.model_validate(said["value"])
    day = datetime.fromisoformat(said["headers"]["ce_time"]).date()
    to_come = {"due_on", "pay_by", "respond_by", "half_year"}
    dates = {n: v for n, v in heard if isinstance(v, date) and n not in to_come}
    assert all(when <= day for when in dates.values()), dates


STATEMENTS = [event for event in events().values() if "statement" in event.model_fields]


@pytest.mark.parametrize("event", STATEMENTS, ids=lambda event: str(event.type))
def test_a_statement_in_a_sample_adds_up(event: type[Event]) -> None:
    """Segments follow one another and sum to the interest; capital, interest and costs to pay."""
    owed = getattr(event.model_validate(sample(event)["value"]), "statement")  # noqa: B009
    assert owed.total_ore == owed.capital_ore + owed.interest_ore + sum(
        cost.amount_ore for cost in owed.costs
    )
    assert owed.interest_ore == sum(part.interest_ore for part in owed.interest)
    for part in owed.interest:
        assert part.days == (part.to_date - part.from_date).days + 1
        exact = part.capital_ore * part.rate_bp * part.days
        assert abs(exact - part.interest_ore * 3_650_000) <= 3_650_000 // 2
    for former, latter in zip(owed.interest, owed.interest[1:], strict=False):
        assert (latter.from_date - former.to_date).days == 1
    assert owed.interest[-1].to_date == owed.as_of
    assert luhn.is_valid(owed.ocr)
    assert luhn.is_valid(owed.payee_bankgiro)


def facts(kind: type[Fact] = Fact) -> list[type[Fact]]:
    """Every class of fact in contracts."""
    own = [each for each in kind.__subclasses__() if each.__module__.startswith("contracts.")]
    return own + [deeper for each in own for deeper in facts(each)]


def test_money_and_rates_are_whole_numbers() -> None:
    """Nothing on the wire is a binary fraction, and öre refuse to be read from text or halves."""
    assert "number" not in {kind for event in events().values() for kind in _types(schema(event))}
    for fact in facts():
        for name, field in fact.model_fields.items():
            if name.endswith(("_ore", "_bp")):
                extra = field.json_schema_extra
                assert "x-unit" in str(extra) or "Strict" in str(field), f"{fact.__name__}.{name}"


def _types(node: object) -> set[str]:
    if isinstance(node, list):
        return {kind for part in node for kind in _types(part)}
    if not isinstance(node, dict):
        return set()
    own = {node["type"]} if isinstance(node.get("type"), str) else set()
    return own | {kind for part in node.values() for kind in _types(part)}


def test_the_changelog_names_every_event() -> None:
    """Nothing is said that the record of changes does not tell of."""
    told = (Path(contracts.__path__[0]) / "CHANGELOG.md").read_text()
    assert [e.__name__ for e in events().values() if f"`{e.__name__}`" not in told] == []


class Line(Fact):
    """A part of the letter below."""

    about: Personal
    amount_ore: Ore


class Letter(Fact):
    """Persons at every depth that a value has."""

    to: Personal | None
    first: Line
    lines: tuple[Line, ...]
    by_page: dict[str, Line]
    pages: int


def test_a_person_is_masked_at_any_depth() -> None:
    """In lists and mappings as in the value itself; the rest is shown as it is."""
    line = Line(about="Karin Hemlig", amount_ore=5)
    letter = Letter(to=None, first=line, lines=(line, line), by_page={"a": line}, pages=2)
    hidden = {"about": "***", "amount_ore": 5}
    assert letter.masked() == {
        "to": None,
        "first": hidden,
        "lines": [hidden, hidden],
        "by_page": {"a": hidden},
        "pages": 2,
    }
    assert "Karin" not in repr(letter)


def _persons(value: object, fact: type[Fact]) -> Iterator[str]:
    """Every text in a value that its shape marks as a person's."""
    for name, each in fact.model_fields.items():
        found = getattr(value, name)
        if is_personal(each.annotation, each.metadata):
            yield from [found] if isinstance(found, str) else []
        for part in found if isinstance(found, tuple) else (found,):
            if isinstance(part, Fact):
                yield from _persons(part, type(part))


@EVERY
def test_no_sample_shows_a_person_when_it_is_masked(event: type[Event]) -> None:
    """What a log, a parked view or a trace may hold of it."""
    said = event.model_validate(sample(event)["value"])
    shown = json.dumps(said.masked(), ensure_ascii=False)
    assert [person for person in _persons(said, event) if f'"{person}"' in shown] == []
