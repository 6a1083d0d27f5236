"""Under a stream steps grow rare, and whoever comes after a pause is not kept waiting."""

from __future__ import annotations

import asyncio

import pytest

from plumbing import pace
from plumbing.pace import Pace


class Watch:
    """A clock that only moves when somebody sleeps, or works."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()
    monkeypatch.setattr(pace, "time", made)
    monkeypatch.setattr(pace, "asyncio", made)
    return made


async def steps(of: Pace, watch: Watch, count: int, *, working: float) -> list[float]:
    """How long was waited after each of some steps that follow each other closely."""
    watch.slept = []
    for _ in range(count):
        of.step()
        watch.now += working
        await of.keep()
    return watch.slept


async def test_a_stream_of_small_steps_slows_down_to_the_longest_gap(watch: Watch) -> None:
    kept = Pace(0.005, 0.1, 0.2)
    assert await steps(kept, watch, 6, working=0.0) == [0.005, 0.01, 0.02, 0.04, 0.08, 0.1]
    assert await steps(kept, watch, 2, working=0.0) == [0.1, 0.1]


async def test_a_stream_that_goes_on_waits_a_tenth_of_its_age_up_to_its_own_longest(
    watch: Watch,
) -> None:
    kept = Pace(0.005, 0.1, 0.2)
    slept = await steps(kept, watch, 30, working=0.0)
    assert slept == sorted(slept)
    assert max(slept[:14]) == 0.1, "a burst of a second"
    assert slept[-1] == 0.2
    watch.now += 0.3
    assert await steps(kept, watch, 6, working=0.0) == [0.005, 0.01, 0.02, 0.04, 0.08, 0.1]


async def test_work_counts_as_waiting(watch: Watch) -> None:
    kept = Pace(0.005, 0.1, 0.2)
    assert await steps(kept, watch, 6, working=0.03) == [0.0, 0.0, 0.0, 0.01, 0.05, 0.07]
    assert await steps(kept, watch, 2, working=0.2) == [0.0, 0.0]


async def test_who_comes_when_the_loop_stood_idle_finds_the_gaps_anew(watch: Watch) -> None:
    kept = Pace(0.005, 0.1, 0.2)
    await steps(kept, watch, 8, working=0.0)
    watch.now += 0.09  # less than it would have waited: still the stream
    assert await steps(kept, watch, 1, working=0.0) == [0.1]
    watch.now += 0.11
    assert await steps(kept, watch, 2, working=0.0) == [0.005, 0.01]


async def test_it_sleeps_by_the_real_clock() -> None:
    kept, loop = Pace(0.05, 0.05, 0.05), asyncio.get_running_loop()
    kept.step()
    begun = loop.time()
    await kept.keep()
    assert loop.time() - begun > 0.04
