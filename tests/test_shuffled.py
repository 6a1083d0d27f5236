"""The helper that shuffles is no proof of anything unless it delivers what it promises."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Event
from tests.records import record
from tests.shuffled import LARGEST_BATCH, Delivery, moved_to, shuffled


class Rung(Event):
    """A step of a ladder in a test."""

    type = "tests.ladder.rung.v1"
    topic = "tests.ladders"

    claim_id: UUID
    ordinal: int


class Answered(Rung):
    """Comes only when a rung of the same number was said."""

    type = "tests.ladder.answered.v1"


LADDER = UUID(int=1)


def rungs(*ordinals: int) -> list[Event]:
    return [Rung(claim_id=LADDER, ordinal=each) for each in ordinals]


@shuffled(60)
@given(data=st.data())
async def test_each_record_comes_twice_in_its_topics_order_and_acts_come_once(
    data: st.DataObject,
) -> None:
    came: list[str] = []

    async def inbox(records: Sequence[Any]) -> None:
        assert 0 < len(records) <= LARGEST_BATCH
        came.extend(str(each.value) for each in records)

    async def act() -> None:
        came.append("act")

    topics: list[list[Any]] = [rungs(1, 2, 3), [*rungs(11), act, *rungs(12)], rungs(21)]
    await Delivery(data, inbox).of(*topics)
    shown = {n: str(record(rungs(n)[0]).value) for n in (1, 2, 3, 11, 12, 21)}
    assert Counter(came) == Counter({"act": 1, **dict.fromkeys(shown.values(), 2)})
    for order in ((1, 2, 3), (11, 12)):
        firsts = [came.index(shown[n]) for n in order]
        assert firsts == sorted(firsts)
    assert came.index(shown[11]) < came.index("act") < came.index(shown[12])


@shuffled(60)
@given(data=st.data())
async def test_an_answer_comes_after_what_it_answers_or_never(data: st.DataObject) -> None:
    said: list[Event] = []
    came: list[Any] = []

    async def inbox(records: Sequence[Any]) -> None:
        came.extend(records)

    async def ask() -> None:
        said.extend(rungs(1))

    async def so_far() -> Sequence[Event]:
        return said

    def awaits(event: Event) -> type[Event] | None:
        return Rung if isinstance(event, Answered) else None

    answers = [Answered(claim_id=LADDER, ordinal=each) for each in (1, 2)]
    delivery = Delivery(data, inbox, so_far, awaits)
    await delivery.of(answers, [ask])
    assert [each.value for each in came] == [answers[0].payload()] * 2
    said.extend(rungs(2))
    await delivery.of()
    assert [each.value for each in came[2:]] == [answers[1].payload()] * 2


def test_an_event_moved_to_another_claim_says_the_same() -> None:
    moved = moved_to(Rung(claim_id=LADDER, ordinal=7), claim_id=UUID(int=2), creditor_id=LADDER)
    assert moved == Rung(claim_id=UUID(int=2), ordinal=7)
