"""The quiet barrier: moves the business day of everything at once, and only when all is quiet.

Quiet is two equal readings of everything said, heard, fired and carried, with nothing under way in
any service or in a stand-in's hands (events.md 6). A day comes to all services before any of them
acts on it, and to the outside parties' stand-ins after them, so that nobody meets an event or an
answer of a day that it has not reached. The rules are pure functions over readings; `Barrier` asks,
waits and moves.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import structlog

from plumbing.identity import Identity
from plumbing.problems import Problem

log = structlog.get_logger()

STANDINS = ("bank", "kronofogden")
"""The outside parties that live on the moved day too."""
CLOCKWORK = Identity(UUID("00000000-0000-7000-8000-00000000c10c"), frozenset({"operator"}))
"""In whose name the barrier asks."""
PATIENCE_SECONDS = 0.25
"""What a service may take to come to rest before it answers one who waits for quiet."""
READ_EVERY_SECONDS = 0.005
READ_SLOWLY_SECONDS = 0.03
RELEASE_EVERY_SECONDS = 0.5
FAR_DAYS = 3660

Step = Callable[[date], Awaitable[list[str]]]
"""Moves some to a day; names of those that did not confirm it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything at one moment: numbers by service, pending work by stand-in; None: no answer."""

    services: Mapping[str, Mapping[str, Any] | None]
    standins: Mapping[str, Mapping[str, Any] | None]

    @property
    def days(self) -> dict[str, date]:
        """On which business day each service that answered lives."""
        return {
            name: date.fromisoformat(numbers["today"])
            for name, numbers in self.services.items()
            if numbers is not None
        }

    @property
    def parked(self) -> dict[str, int]:
        """Parked events by service, where there are any; they do not hold the day up."""
        parked = {n: int(s["inbox"]["parked"]) for n, s in self.services.items() if s is not None}
        return {name: count for name, count in parked.items() if count}


def waiting_for(reading: Reading) -> tuple[str, ...]:
    """What is still under way, named; nothing is what the barrier waits for."""
    found: list[str] = []
    for name, numbers in reading.services.items():
        if numbers is None:
            found.append(f"{name}: does not answer")
        elif numbers["inbox"]["halted"]:
            found.append(f"{name}: halted by parked events")
        elif numbers["clock_held"]:
            found.append(f"{name}: held on {numbers['today']}")
        elif numbers["backlog"]:
            found.append(f"{name}: {numbers['backlog']} under way")
    for name, pending in reading.standins.items():
        if pending is None:
            found.append(f"{name}: does not answer")
        elif pending["pending"]:
            found.append(f"{name}: {pending['pending']} in hand")
    if len(set(reading.days.values())) > 1:
        found.append("the services live on different days")
    return tuple(found)


def movement(reading: Reading) -> dict[str, tuple[Any, ...]]:
    """What changes whenever anything happens: said, heard, fired and carried, per service."""
    return {
        name: (
            numbers["today"],
            numbers["outbox"]["last_batch"],
            numbers["relay"]["sent"],
            numbers["inbox"]["heard"],
            numbers["timers"]["fired"],
            numbers["outbound"]["carried"],
        )
        for name, numbers in reading.services.items()
        if numbers is not None
    }


def is_quiet(before: Reading, after: Reading) -> bool:
    """Whether two readings in a row show nothing under way and nothing that moved between them."""
    if waiting_for(before) or waiting_for(after):
        return False
    return movement(before) == movement(after)


def next_day(reading: Reading, today: date, target: date) -> date:
    """The day to move to: the first on which somebody has something to do, at most the target.

    A stand-in says its next day as `next_on` (null: none); one that does not may have something to
    do on any day, so no day is skipped.
    """
    wishes: list[date] = [target]
    armed = (numbers["timers"]["next_on"] for numbers in reading.services.values() if numbers)
    wishes.extend(date.fromisoformat(day) for day in armed if day)
    for pending in reading.standins.values():
        if pending is None or "next_on" not in pending:
            return today + timedelta(days=1)
        if pending["next_on"]:
            wishes.append(date.fromisoformat(pending["next_on"]))
    return max(min(wishes), today + timedelta(days=1))


@dataclass
class Job:
    """One movement of the clock, from its order to its end."""

    begun_on: date
    target: date
    today: date
    moving: bool = True
    waiting: tuple[str, ...] = ()
    trouble: str | None = None
    stopped: bool = False
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def share(self) -> int:
        """How far it has come, in percent."""
        whole = (self.target - self.begun_on).days
        return 100 if whole <= 0 else (self.today - self.begun_on).days * 100 // whole


class World(Protocol):
    """What the barrier reads and moves: the services and stand-ins, or a toy in a test."""

    async def read(self, *, patience: float = 0) -> Reading:
        """One reading of everything; with patience, of each service when it is at rest."""

    async def move_services(self, day: date, *, hold: bool) -> list[str]:
        """Ask every service to live on a day, acting or not yet; names of those that did not."""

    async def move_standins(self, day: date) -> list[str]:
        """The same for the stand-ins."""

    async def report_payments(self) -> None:
        """Have the bank report what it has booked."""


class Barrier:
    """Moves the day of one installation; one movement at a time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.job: Job | None = None

    @property
    def moving(self) -> bool:
        """Whether a movement is under way."""
        return self.job is not None and self.job.moving

    async def standing(self) -> dict[str, Any]:
        """Day, movement and what is waited for, as JSON values."""
        reading = await self._world.read()
        days, job = reading.days, self.job
        return {
            "today": min(days.values()).isoformat() if days else None,
            "moving": self.moving,
            "target": job.target.isoformat() if job and job.moving else None,
            "percent": job.share if job and job.moving else None,
            "quiet": not waiting_for(reading) and not self.moving,
            "waiting_for": list(waiting_for(reading)),
            "trouble": job.trouble if job else None,
            "parked": reading.parked,
        }

    async def quiet(self, seconds: float, before: Reading | None = None) -> tuple[bool, Reading]:
        """Wait until all is quiet; False with the last reading when time has run out.

        `before` is a reading made just now, if there is one.
        """
        until = time.monotonic() + seconds
        before = before or await self._world.read(patience=PATIENCE_SECONDS)
        while True:
            waits = waiting_for(before)
            if self.job is not None:
                self.job.waiting = waits
            if any(name in STANDINS for name in _names(waits)):
                await self._world.report_payments()
            await asyncio.sleep(READ_SLOWLY_SECONDS if waits else READ_EVERY_SECONDS)
            after = await self._world.read(patience=PATIENCE_SECONDS)
            if is_quiet(before, after):
                return True, after
            if time.monotonic() >= until:
                return False, after
            before = after

    async def start(self, target: date | None = None, *, days: int | None = None) -> Job:
        """Begin to move to a day or some days ahead; 409 while moving or out of reach."""
        if self.moving:
            raise Problem(409, "The clock is moving already", reason="moving")
        reading = await self._world.read(patience=PATIENCE_SECONDS)  # the first look for quiet
        if None in reading.services.values() or not reading.days:
            raise Problem(503, "A service does not answer", waiting_for=list(waiting_for(reading)))
        today = max(reading.days.values())
        wanted = target or today + timedelta(days=days or 1)
        if wanted < today:
            raise Problem(409, "The clock never goes back", reason="back", today=today.isoformat())
        if wanted > today + timedelta(days=FAR_DAYS):
            raise Problem(409, f"The clock goes {FAR_DAYS} days ahead at most", reason="far_ahead")
        if self.moving:  # somebody else began while we read
            raise Problem(409, "The clock is moving already", reason="moving")
        job = Job(begun_on=today, target=wanted, today=today)
        self.job = job
        job.task = asyncio.create_task(self._run(job, reading))
        return job

    async def release(self) -> None:
        """Let go what a movement holds that ended midway, with a gateway that was stopped.

        Asks until everybody answers; one that begins to move meanwhile releases as well.
        """
        while not self.moving:
            reading = await self._world.read()
            services = reading.services.values()
            if None not in services:
                if not any(numbers["clock_held"] for numbers in services if numbers):
                    return
                with contextlib.suppress(Problem):
                    await self.start(max(reading.days.values()))
                    return
            await asyncio.sleep(RELEASE_EVERY_SECONDS)

    async def stop(self) -> None:
        """End a movement at a whole day, everybody on the same one."""
        if self.job is not None and self.job.task is not None and self.job.moving:
            self.job.stopped = True
            await asyncio.wait({self.job.task}, timeout=5)

    async def close(self) -> None:
        """Give up at once: the gateway ends."""
        if self.job is not None and self.job.task is not None:
            self.job.task.cancel()
            await asyncio.gather(self.job.task, return_exceptions=True)

    async def _run(self, job: Job, seen: Reading) -> None:
        try:
            if _are_together(seen):
                await self._insist(job, job.today, self._world.move_standins)
            else:
                await self._live_on(job, job.today)  # whoever was left behind comes along first
            reading = await self._until_quiet(job, seen)
            while job.today < job.target and not job.stopped and reading is not None:
                day = next_day(reading, job.today, job.target)
                await self._live_on(job, day)
                job.today = day
                log.info("day_moved", day=day.isoformat())
                reading = await self._until_quiet(job)
        except Exception as error:
            job.trouble = f"{type(error).__name__}: {error}"
            log.exception("clock_failed")
        finally:
            job.moving = False

    async def _until_quiet(self, job: Job, seen: Reading | None = None) -> Reading | None:
        """Quiet, however long it takes; None when the movement was stopped meanwhile."""
        while not job.stopped:
            quiet, seen = await self.quiet(1, seen)
            if quiet:
                job.waiting = ()
                return seen
        return None

    async def _live_on(self, job: Job, day: date) -> None:
        """All services first; then they act, and the stand-ins follow. Asks until all confirm.

        One that was killed and comes back lives on the day that it had confirmed, not on another.
        """
        await self._insist(job, day, partial(self._world.move_services, hold=True))
        await asyncio.gather(
            self._insist(job, day, partial(self._world.move_services, hold=False)),
            self._insist(job, day, self._world.move_standins),
        )

    async def _insist(self, job: Job, day: date, step: Step) -> None:
        while behind := await step(day):
            job.waiting = tuple(f"{name}: not yet on {day}" for name in behind)
            await asyncio.sleep(READ_SLOWLY_SECONDS)


def _are_together(reading: Reading) -> bool:
    """Whether all services live on one day, and none is held on it."""
    held = any(numbers and numbers["clock_held"] for numbers in reading.services.values())
    return not held and len(set(reading.days.values())) == 1


def _names(waits: tuple[str, ...]) -> list[str]:
    return [wait.partition(":")[0] for wait in waits]


class Asker(Protocol):
    """What of the upstream hop the clock needs."""

    @property
    def services(self) -> tuple[str, ...]:
        """The services."""

    def knows(self, name: str) -> bool:
        """Whether a stand-in is there."""

    async def ask(
        self, identity: Identity | None, service: str, path: str, *, method: str = "GET",
        json: Any = None, seconds: float = 10,
    ) -> Any:  # fmt: skip
        """One call."""


class Installation:
    """The services and stand-ins of this installation, as the barrier sees them."""

    def __init__(self, upstream: Asker) -> None:
        self._upstream = upstream
        self._standins = tuple(name for name in STANDINS if upstream.knows(name))

    async def read(self, *, patience: float = 0) -> Reading:
        """Numbers of all services and pending work of all stand-ins."""
        services, standins = self._upstream.services, self._standins
        numbers = f"/ops/numbers?patience={patience}" if patience else "/ops/numbers"
        found = await asyncio.gather(
            *(self._ask(CLOCKWORK, name, numbers) for name in services),
            *(self._ask(None, name, "/pending") for name in standins),
        )
        return Reading(
            dict(zip(services, found, strict=False)),
            dict(zip(standins, found[len(services) :], strict=True)),
        )

    async def move_services(self, day: date, *, hold: bool) -> list[str]:
        """Names of the services that did not confirm the day."""
        wish = {"today": day.isoformat(), "hold": hold}
        return await self._move(CLOCKWORK, self._upstream.services, "/ops/clock", wish)

    async def move_standins(self, day: date) -> list[str]:
        """Names of the stand-ins that did not confirm the day."""
        return await self._move(None, self._standins, "/clock", {"today": day.isoformat()})

    async def report_payments(self) -> None:
        """Have the bank report what it has booked and keep nothing back."""
        if "bank" in self._standins:
            with contextlib.suppress(Problem):
                await self._upstream.ask(None, "bank", "/push", method="POST", json={})

    async def _ask(self, identity: Identity | None, name: str, path: str) -> Any:
        try:
            return await self._upstream.ask(identity, name, path, seconds=5)
        except Problem:
            return None

    async def _move(
        self, identity: Identity | None, names: tuple[str, ...], path: str, wish: Mapping[str, Any]
    ) -> list[str]:
        async def move(name: str) -> str | None:
            try:
                answer = await self._upstream.ask(identity, name, path, method="POST", json=wish)
            except Problem as problem:
                if problem.status == 404:
                    raise Problem(409, f"{name} does not let its clock be moved") from problem
                return name
            return None if str((answer or {}).get("today")) == wish["today"] else name

        behind = await asyncio.gather(*(move(name) for name in names))
        return [name for name in behind if name is not None]
