"""The killer's habits, tried on a platform that only pretends."""

import asyncio
import random
from datetime import UTC, datetime

import pytest

from deploy.chaos import killer, midnight
from deploy.chaos.killer import Killer
from deploy.chaos.tried import TriedPlatform


class Grave(TriedPlatform):
    """What is killed here does not rise before it is called."""

    def __init__(self) -> None:
        self.services = ("invoicing", "payments", "dunning")
        self.buried: list[str] = []
        self.call = asyncio.Event()
        self.enough = asyncio.Event()

    @property
    def dead(self) -> set[str]:
        """Nobody lies dead but in the killer's own hands."""
        return set()

    async def kill(self, name: str) -> None:
        """Bury it."""
        self.buried.append(name)
        if len(self.buried) >= killer.MOST_DEAD:
            self.enough.set()

    async def restart(self, name: str) -> None:
        """Come back when called."""
        await self.call.wait()


async def test_the_next_one_dies_while_the_last_has_not_risen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise a death every few seconds would be one every ten or fifteen."""
    monkeypatch.setattr(killer, "PAUSE_SECONDS", (0, 0))
    monkeypatch.setattr(killer, "DEAD_SECONDS", (0, 0))
    grave = Grave()
    hand = Killer(grave, random.Random(1), today=lambda: "2026-03-02", lull_days=(0, 0))
    raging = asyncio.ensure_future(hand.rage())
    await asyncio.wait_for(grave.enough.wait(), 10)
    assert len(set(grave.buried)) == killer.MOST_DEAD
    assert hand.last_kill_on == "2026-03-02"
    raging.cancel()
    await asyncio.gather(raging, return_exceptions=True)


class Ward(TriedPlatform):
    """Two lie dead; the first one takes its time to rise."""

    def __init__(self) -> None:
        self.services = ("invoicing", "payments")
        self.lying = {*self.services}
        self.rising: list[str] = []
        self.begun, self.call = asyncio.Event(), asyncio.Event()

    @property
    def dead(self) -> set[str]:
        """Who lies there."""
        return set(self.lying)

    async def restart(self, name: str) -> None:
        """Rise when called."""
        self.rising.append(name)
        self.begun.set()
        await self.call.wait()
        self.lying.discard(name)


async def test_who_was_killed_and_rose_while_another_was_started_did_not_die_by_itself() -> None:
    ward = Ward()
    hand = Killer(ward, random.Random(1))
    watching = asyncio.ensure_future(hand.watch())
    async with hand.turn("payments"):  # by whoever killed it
        await asyncio.wait_for(ward.begun.wait(), 10)
        ward.lying.discard("payments")
    ward.call.set()
    while ward.lying:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert (ward.rising, hand.died) == (["invoicing"], {"invoicing": 1})


async def test_a_midnight_breaks_the_run_off_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The business day moves by itself then, and nobody can judge what came of it."""
    monkeypatch.setattr(midnight, "seconds_until", lambda now: 0)
    with pytest.raises(midnight.MidnightError, match="midnight"):
        await midnight.strike()


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        (datetime(2026, 1, 15, 22, 59, 50, tzinfo=UTC), 10),
        (datetime(2026, 1, 15, 23, 0, 0, tzinfo=UTC), 24 * 3600),
        (datetime(2026, 7, 15, 21, 59, 50, tzinfo=UTC), 10),
        (datetime(2026, 10, 24, 22, 0, 0, tzinfo=UTC), 25 * 3600),
    ],
)
def test_swedish_midnight_is_known_from_any_instant(now: datetime, seconds: float) -> None:
    """In winter, in summer, and on the day that has an hour more."""
    assert midnight.seconds_until(now) == seconds
