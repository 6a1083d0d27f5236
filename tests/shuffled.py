"""Delivery as Kafka promises it and no better: the order of a key holds within a topic only, and
everything may come twice.

Hypothesis draws what comes next and how many records make a batch; each record comes twice, the
second time at any later moment. What answers something that the service itself says comes once that
was said, or never. However it was drawn, a service must end where `events.md` 3 lets it.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from contracts.envelope import Event
from tests.records import record

LARGEST_BATCH = 7
SAID_AT = datetime(2026, 12, 10, 8, tzinfo=UTC)

Act = Callable[[], Awaitable[Any]]
"""Something that happens between two batches: a day comes, a letter is carried."""
Topic = Sequence[Event | Act]
"""What is said of one key on one topic, in order; acts have their place in an order as well."""
E = TypeVar("E", bound=Event)
SAID_OF = "select type, payload from said where key = :claim order by batch, n"
"""What a service has said of a claim, in order; `events_in` reads it."""


def events_in(rows: Iterable[Any]) -> list[Event]:
    """The events in rows of `SAID_OF`."""
    return [Event.registry[row.type].model_validate_json(row.payload) for row in rows]


def shuffled(examples: int) -> settings:
    """How such a test runs: the same examples each time, on one database, as long as it takes."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def moved_to(event: E, **ids: UUID) -> E:
    """The same event about another claim or company, so that many examples share a database."""
    return event.model_copy(
        update={name: value for name, value in ids.items() if hasattr(event, name)}
    )


@dataclass(frozen=True)
class _Sent:
    event: Event
    record: Any


@dataclass
class Delivery:
    """One shuffled delivery to a service's inbox of what the others say."""

    data: st.DataObject
    inbox: Callable[[Sequence[Any]], Awaitable[None]]
    said: Callable[[], Awaitable[Sequence[Event]]] | None = None
    """What the service has said so far; asked only where something awaits it."""
    awaits: Callable[[Event], type[Event] | None] = lambda event: None
    """What must have been said, of the same key and ordinal, before an event comes; or it never
    comes."""
    _waiting: list[list[_Sent | Act]] = field(default_factory=list)
    _clock: Iterator[datetime] = field(
        default_factory=lambda: (SAID_AT + timedelta(seconds=n) for n in range(10_000))
    )

    async def of(self, *topics: Topic) -> None:
        """Deliver topics, and what waited from before; ends when nothing more can come now."""
        self._waiting += [[self._sent(each) for each in topic] for topic in topics]
        again: list[_Sent] = []
        while True:
            heads = [queue for queue in self._waiting if queue and await self._may_come(queue[0])]
            if not heads and not again:
                return
            await self._next(heads, again)

    def _sent(self, each: Event | Act) -> _Sent | Act:
        """Said a second after what was given before it."""
        at = next(self._clock)
        return _Sent(each, record(each, at=at)) if isinstance(each, Event) else each

    async def _may_come(self, head: _Sent | Act) -> bool:
        asked = self.awaits(head.event) if isinstance(head, _Sent) else None
        if asked is None:
            return True
        assert isinstance(head, _Sent)
        assert self.said is not None
        about = _about(head.event)
        return any(isinstance(one, asked) and _about(one) == about for one in await self.said())

    async def _next(self, heads: list[list[_Sent | Act]], again: list[_Sent]) -> None:
        """One act; or a batch of what comes for the first time and what comes again."""
        batch: list[Any] = []
        for _ in range(self.data.draw(st.integers(1, LARGEST_BATCH))):
            fresh = [queue for queue in heads if queue]
            if not fresh and not again:
                break
            drawn = self.data.draw(st.integers(0, len(fresh) + len(again) - 1))
            if drawn >= len(fresh):
                batch.append(again.pop(drawn - len(fresh)).record)
                continue
            head = fresh[drawn][0]
            if isinstance(head, _Sent):
                batch.append(head.record)
                again.append(head)
            elif batch:
                break
            fresh[drawn].pop(0)
            if not isinstance(head, _Sent):
                await head()
                return
            if fresh[drawn] and not await self._may_come(fresh[drawn][0]):
                heads = [queue for queue in heads if queue is not fresh[drawn]]
        await self.inbox(batch)


def _about(event: Event) -> tuple[UUID, int]:
    return event.key, getattr(event, "ordinal", 1)
