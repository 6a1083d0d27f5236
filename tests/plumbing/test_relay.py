"""The relay's own rules, on an outbox and a broker that stand still: what rests, what goes again.

What they do together with real parts is in `test_saying.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, uuid5

import pytest

from plumbing import relay
from plumbing.relay import Relay

A_ROUND = 0.2
"""Seconds the relay waits after a round that sent nothing."""


class Found(list[Any]):
    """A query's answer."""

    def all(self) -> list[Any]:
        return list(self)

    def first(self) -> Any:
        return self[0] if self else None


class Outbox:
    """Pointers of one event each, and the archive that may be said again."""

    def __init__(self, pointers: int = 0, archive: Sequence[Any] = ()) -> None:
        self.pointers = dict.fromkeys(range(1, pointers + 1))
        self.pages = [Found(archive), Found()]
        self.ended: list[str] = []
        self.progress = 0

    async def execute(self, statement: Any, given: Any = None) -> Any:
        if statement is relay.NEXT:
            return Found(self._next(set(given["held"]), given["limit"]))
        if statement is relay.DELIVERED:
            for batch in given["batches"]:
                del self.pointers[batch]
        if statement is relay.ASKED:
            return Found([SimpleNamespace(id=1, since=None, topic=None)])
        if statement is relay.PAGE:
            return self.pages.pop(0)
        if statement is relay.PROGRESS:
            self.progress += given["sent"]
        if statement is relay.ENDED:
            self.ended.append(given["state"])
        return None

    def _next(self, held: set[int], limit: int) -> list[Any]:
        free = (batch for batch in self.pointers if batch not in held)
        return [row(batch, "good") for _, batch in zip(range(limit), free, strict=False)]


class Row(NamedTuple):
    """A row of `NEXT` or `PAGE`, its columns in their order as far as the relay looks at them."""

    batch: int
    n: int
    topic: str
    key: str
    said_on: None = None


def row(batch: int, topic: str) -> Row:
    return Row(batch, 1, topic, str(uuid5(NAMESPACE_OID, str(batch))))


class Broker:
    """Takes all, or nothing, or everything but what is said on topics it does not have."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.relay = Relay(engine=None, bootstrap="nowhere", source="/desk")  # type: ignore[arg-type]
        self.topics = {"good": 12}
        self.is_away = False
        self.sent: Counter[str] = Counter()
        self.seconds = 0.0
        monkeypatch.setattr(self.relay, "_ready", self._ready)
        monkeypatch.setattr(self.relay, "_send_place", self._send_place)
        clock = SimpleNamespace(monotonic=lambda: self.seconds)
        monkeypatch.setattr(relay, "time", clock)
        monkeypatch.setattr(relay, "asyncio", SimpleNamespace(sleep=self._sleep, gather=_gather))

    async def _ready(self, rows: Any) -> Any:
        self.relay._partitions = dict(self.topics)
        return object()

    async def _send_place(self, producer: Any, place: Any, rows: Sequence[Any]) -> Sequence[Any]:
        if self.is_away or place[1] < 0:
            return rows
        self.sent.update(row.topic for row in rows)
        return ()

    async def _sleep(self, seconds: float) -> None:
        self.seconds += seconds


async def _gather(*sending: Any) -> list[Any]:
    return [await each for each in sending]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    return Broker(monkeypatch)


async def test_a_broker_away_long_enough_for_very_much_to_wait_gets_all_of_it(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than may rest at a time: what rested must be looked at again when its pause is over."""
    monkeypatch.setattr(relay, "ROUND", 20)
    monkeypatch.setattr(relay, "MOST_RESTING", 500)
    outbox = Outbox(pointers=700)
    broker.is_away = True
    for _ in range(600):
        await broker.relay._move(outbox)  # type: ignore[arg-type]
        broker.seconds += A_ROUND
    assert len(broker.relay._held) > relay.MOST_RESTING
    broker.is_away = False
    for _ in range(400):
        await broker.relay._move(outbox)  # type: ignore[arg-type]
        broker.seconds += A_ROUND
    assert (len(outbox.pointers), broker.sent["good"]) == (0, 700)
    assert not broker.relay._held


async def test_saying_again_sends_nothing_twice_while_a_topic_is_missing(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The topic comes after a minute; what the others had taken by then is not sent again."""
    archive = [row(nth, "good" if nth % 5 else "late") for nth in range(500)]
    outbox = Outbox(archive=archive)
    sleep = broker._sleep

    async def until_it_comes(seconds: float) -> None:
        await sleep(seconds)
        if broker.seconds > 60:
            broker.topics["late"] = 12

    monkeypatch.setattr(relay, "asyncio", SimpleNamespace(sleep=until_it_comes, gather=_gather))
    await broker.relay._say_again(outbox)  # type: ignore[arg-type]
    assert broker.sent == {"good": 400, "late": 100}
    assert (outbox.ended, outbox.progress) == (["done"], 500)


async def test_saying_again_gives_up_a_topic_that_never_comes(broker: Broker) -> None:
    """The request ends as stuck, and what is new is no longer held back by it."""
    outbox = Outbox(archive=[row(nth, "good" if nth % 5 else "missing") for nth in range(500)])
    assert await broker.relay._say_again(outbox)  # type: ignore[arg-type]
    assert broker.sent == {"good": 400}
    assert (outbox.ended, outbox.progress) == (["stuck"], 400)


async def test_saying_again_waits_for_a_broker_that_is_away_as_long_as_it_takes(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(archive=[row(nth, "good") for nth in range(50)])
    ready = broker._ready

    async def away(rows: Any) -> Any:
        if broker.seconds < 10 * relay.PATIENCE:
            raise ConnectionRefusedError
        return await ready(rows)

    monkeypatch.setattr(broker.relay, "_ready", away)
    await broker.relay._say_again(outbox)  # type: ignore[arg-type]
    assert (broker.sent, outbox.ended) == ({"good": 50}, ["done"])


async def test_what_waited_for_a_topic_is_sent_when_it_comes(broker: Broker) -> None:
    """Also after its partitions were unknown for a moment: nothing unsent counts as sent."""
    outbox = Outbox(pointers=10)
    broker.topics = {}
    await broker.relay._move(outbox)  # type: ignore[arg-type]
    assert len(outbox.pointers) == 10
    broker.topics, broker.is_away = {"good": 12}, True
    broker.seconds += 1
    await broker.relay._move(outbox)  # type: ignore[arg-type]
    broker.topics = {}
    broker.seconds += 60
    await broker.relay._move(outbox)  # type: ignore[arg-type]
    assert len(outbox.pointers) == 10
    broker.topics, broker.is_away = {"good": 12}, False
    broker.seconds += 60
    await broker.relay._move(outbox)  # type: ignore[arg-type]
    assert (len(outbox.pointers), broker.sent["good"]) == (0, 10)
