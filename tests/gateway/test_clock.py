"""The quiet barrier, as a pure rule over readings and against a toy world that counts its steps."""

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from plumbing.problems import Problem
from services.gateway import clock
from services.gateway.clock import (
    PATIENCE_SECONDS,
    Barrier,
    Reading,
    is_quiet,
    next_day,
    waiting_for,
)

TODAY = date(2026, 3, 2)


def numbers(**given: Any) -> dict[str, Any]:
    """A service at rest, but for what is given."""
    return {
        "today": given.get("today", TODAY.isoformat()),
        "clock_held": given.get("held", False),
        "outbox": {"last_batch": given.get("said", 5)},
        "relay": {"sent": given.get("sent", 5)},
        "inbox": {
            "heard": given.get("heard", 7),
            "parked": given.get("parked", 0),
            "halted": given.get("halted", False),
        },
        "timers": {"fired": 1, "next_on": given.get("next_on")},
        "outbound": {"carried": 0},
        "backlog": given.get("backlog", 0),
    }


def reading(
    services: Mapping[str, Any] | None = None, standins: Mapping[str, Any] | None = None
) -> Reading:
    """Two services at rest and no stand-ins, unless told otherwise."""
    at_rest = {"payments": numbers(), "dunning": numbers()}
    return Reading(at_rest | dict(services or {}), standins or {})


@pytest.mark.parametrize(
    ("case", "blamed"),
    [
        (reading({"dunning": None}), "dunning"),
        (reading({"dunning": numbers(backlog=1)}), "dunning"),
        (reading({"dunning": numbers(halted=True)}), "dunning"),
        (reading({"dunning": numbers(held=True, backlog=1)}), "dunning"),
        (reading({"dunning": numbers(today="2026-03-03")}), "the services live on different days"),
        (reading(standins={"bank": {"pending": 1}}), "bank"),
        (reading(standins={"bank": None}), "bank"),
    ],
)
def test_the_day_waits_while_anything_is_under_way(case: Reading, blamed: str) -> None:
    """Whatever is not at rest is named, and two such readings are not quiet."""
    assert [each.partition(":")[0] for each in waiting_for(case)] == [blamed]
    assert not is_quiet(case, case)
    assert not is_quiet(reading(), case)


def test_two_equal_readings_at_rest_are_quiet() -> None:
    """Parked events are named and do not hold the day up."""
    parked = reading({"dunning": numbers(parked=3)})
    assert is_quiet(parked, parked)
    assert parked.parked == {"dunning": 3}


@pytest.mark.parametrize("moved", [{"said": 6}, {"sent": 6}, {"heard": 8}])
def test_what_moved_between_two_readings_is_not_quiet(moved: dict[str, Any]) -> None:
    """Nothing under way at both moments, and yet something passed."""
    assert not is_quiet(reading(), reading({"dunning": numbers(**moved)}))


def test_days_without_anything_to_do_are_skipped() -> None:
    """To the first timer of any service, at most to the target."""
    target = TODAY + timedelta(days=30)
    due = reading({"dunning": numbers(next_on="2026-03-09")})
    assert next_day(due, TODAY, target) == date(2026, 3, 9)
    assert next_day(reading(), TODAY, target) == target
    assert next_day(due, TODAY, date(2026, 3, 5)) == date(2026, 3, 5)


def test_no_day_is_skipped_past_a_stand_in_that_does_not_say_when_it_acts() -> None:
    """A bank with payments due says so, or every day is lived."""
    target = TODAY + timedelta(days=30)
    silent = reading(standins={"bank": {"pending": 0}})
    telling = reading(standins={"bank": {"pending": 0, "next_on": "2026-03-04"}})
    idle = reading(standins={"bank": {"pending": 0, "next_on": None}})
    assert next_day(silent, TODAY, target) == TODAY + timedelta(days=1)
    assert next_day(telling, TODAY, target) == date(2026, 3, 4)
    assert next_day(idle, TODAY, target) == target


class Toy:
    """One service and one stand-in; each day makes work that takes some readings to finish."""

    def __init__(self, readings_of_work: int = 3) -> None:
        self.today = TODAY
        self.standin_day = TODAY
        self.work = 0
        self.each_day = readings_of_work
        self.deaf = 0
        self.asked: list[str] = []
        self.moved_while_busy: list[date] = []
        self.order: list[str] = []
        self.stuck = False
        self.held = False
        self.away = 0
        self.patience: list[float] = []

    async def read(self, *, patience: float = 0) -> Reading:
        """One reading; work shrinks by one each time."""
        await asyncio.sleep(0)
        self.patience.append(patience)
        left = self.work
        if not self.stuck:
            self.work = max(0, self.work - 1)
        own = numbers(today=self.today.isoformat(), backlog=left, heard=100 - left, held=self.held)
        if self.away:
            self.away -= 1
            return Reading({"toy": None}, {})
        return Reading({"toy": own}, {"bank": {"pending": 0}})

    async def move_services(self, day: date, *, hold: bool) -> list[str]:
        """Some asks go unheard, then the day comes, and its work when it is no longer held."""
        if self.deaf:
            self.deaf -= 1
            self.asked.append("unheard")
            return ["toy"]
        self.asked.append("held" if hold else "acts")
        self.held = hold
        if hold:
            return []
        if self.work and day != self.today:
            self.moved_while_busy.append(day)
        if day != self.today:
            self.work = self.each_day
            self.order.append(f"service {day}")
        self.today = day
        return []

    async def move_standins(self, day: date) -> list[str]:
        """The stand-in follows."""
        if day != self.standin_day:
            self.order.append(f"bank {day}")
        self.standin_day = day
        return []

    async def report_payments(self) -> None:
        """Nothing is kept back."""


async def finished(barrier: Barrier) -> None:
    """Wait for the movement's end."""
    assert barrier.job is not None
    assert barrier.job.task is not None
    await asyncio.wait_for(barrier.job.task, 20)


async def test_a_day_never_moves_while_work_is_under_way() -> None:
    """Every day of a week is lived to its end, services first, the bank after them."""
    toy = Toy()
    toy.work = 2
    barrier = Barrier(toy)
    job = await barrier.start(days=3)
    await finished(barrier)
    assert job.trouble is None
    assert (toy.today, toy.standin_day) == (job.target, job.target)
    assert toy.moved_while_busy == []
    assert toy.work == 0
    days = [TODAY + timedelta(days=n) for n in (1, 2, 3)]
    assert toy.order == [f"{who} {day}" for day in days for who in ("service", "bank")]


async def test_a_service_that_does_not_confirm_is_asked_again() -> None:
    """And nobody acts on a day to which one has not come: it would answer from the day before."""
    toy = Toy(0)
    barrier = Barrier(toy)
    await barrier.start(days=1)
    toy.deaf = 2
    await finished(barrier)
    assert toy.asked == ["unheard", "unheard", "held", "acts"]
    assert toy.today == TODAY + timedelta(days=1)


async def test_a_movement_can_be_stopped_and_another_is_refused_meanwhile() -> None:
    """One at a time; a stop leaves everybody on the same day."""
    toy = Toy()
    toy.work, toy.stuck = 1, True
    barrier = Barrier(toy)
    await barrier.start(days=30)
    with pytest.raises(Problem) as refused:
        await barrier.start(days=1)
    assert refused.value.status == 409
    await barrier.stop()
    await finished(barrier)
    assert not barrier.moving
    assert toy.today == toy.standin_day == TODAY


async def test_a_gateway_that_ended_midway_leaves_nobody_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The one that follows lets go, when all answer; it moves nobody that is not held."""
    monkeypatch.setattr(clock, "RELEASE_EVERY_SECONDS", 0)
    toy = Toy(0)
    toy.held, toy.away = True, 2
    assert waiting_for(reading({"dunning": numbers(held=True)})) == ("dunning: held on 2026-03-02",)
    barrier = Barrier(toy)
    await barrier.release()
    await finished(barrier)
    assert (toy.held, toy.today, toy.asked) == (False, TODAY, ["held", "acts"])
    await barrier.release()
    assert toy.asked == ["held", "acts"]


async def test_the_clock_never_goes_back() -> None:
    """Yesterday is refused, and told otherwise than a day that is too far ahead."""
    with pytest.raises(Problem) as refused:
        await Barrier(Toy()).start(TODAY - timedelta(days=1))
    assert refused.value.status == 409
    with pytest.raises(Problem, match="days ahead at most"):
        await Barrier(Toy()).start(date.max)


async def test_only_one_who_waits_for_quiet_lets_the_services_come_to_rest_first() -> None:
    """A page of the operator's shows what is under way, and does not wait for it to end."""
    toy = Toy()
    barrier = Barrier(toy)
    await barrier.standing()
    assert toy.patience == [0]
    assert (await barrier.quiet(5))[0]
    assert set(toy.patience[1:]) == {PATIENCE_SECONDS}


async def test_waiting_for_quiet_gives_up_when_told_to() -> None:
    """The caller's patience is kept, and it learns what was still under way."""
    toy = Toy()
    toy.work, toy.stuck = 4, True
    quiet, last = await Barrier(toy).quiet(0.1)
    assert not quiet
    assert waiting_for(last) == ("toy: 4 under way",)
