"""The hand that kills: services, broker and database, at random or exactly in the doubtful moment.

Whatever was killed is started again after a while, and so is what died by itself meanwhile, as a
supervisor would; that is counted apart. Deaths come in storms, in which nobody waits for the risen:
the next one dies while the last is still starting. Between storms the story gets on by some days.

The doubtful moment lies between an outside party's yes and our commit: the party's answer is
stretched (its `POST /control`), and the service that waits for it is killed when the party has
recorded what it was sent.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import aiohttp

from deploy.chaos.tried import TriedPlatform
from deploy.local.processes import LaunchError

PARTS = ("postgres", "kafka")
STORM = (2, 5)
"""Deaths that follow closely on each other."""
PAUSE_SECONDS = (0.5, 4.0)
"""Between two deaths of a storm."""
LONGEST_LULL_SECONDS = 120.0
"""A storm comes after it, even if the story could not get on."""
DEAD_SECONDS = (0.0, 1.0)
MOST_DEAD = 3
"""Parts that lie dead or are starting when another is spared for a moment."""
HELD_SECONDS = 6.0
LOOK_EVERY_SECONDS = 0.02
TRIES = 5
SENDER = {"mail": "notifications", "bank": "payments", "kronofogden": "collections"}
"""Who waits for each party's answer."""


@dataclass
class Killer:
    """Kills parts of one platform; `kills` counts by name, `windows` the doubtful moments hit."""

    platform: TriedPlatform
    chance: random.Random
    today: Callable[[], str | None] = lambda: None
    """The story's day."""
    lull_days: tuple[int, int] = (1, 4)
    """Between storms, the story's days on which somebody does something."""
    kills: Counter[str] = field(default_factory=Counter)
    last_kill_on: str | None = None
    """The story's day when somebody was killed last."""
    windows: Counter[str] = field(default_factory=Counter)
    died: Counter[str] = field(default_factory=Counter)
    """What died although nobody killed it."""
    _deck: list[str] = field(default_factory=list)
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def turn(self, name: str) -> asyncio.Lock:
        """Held by whoever stops or starts this part."""
        return self._turns[name]

    async def kill(self, name: str, dead_seconds: float | None = None) -> None:
        """SIGKILL one part and start it again after a while."""
        async with self._turns[name]:
            await self.platform.kill(name)
            self.kills[name] += 1
            self.last_kill_on = self.today()
            await asyncio.sleep(
                self.chance.uniform(*DEAD_SECONDS) if dead_seconds is None else dead_seconds
            )
            await self._raise(name)

    async def rage(self) -> None:
        """Kill in storms, for ever; nobody dies a third time before everybody died once."""
        async with asyncio.TaskGroup() as deaths:
            while True:
                for _ in range(self.chance.randint(*STORM)):
                    await asyncio.sleep(self.chance.uniform(*PAUSE_SECONDS))
                    deaths.create_task(self.kill(await self._next()))
                await self._lull()

    async def _next(self) -> str:
        """Whose turn it is to die, once he lives and few enough are down."""
        if not self._deck:
            everybody = list(PARTS + self.platform.services)
            self._deck = self.chance.sample(everybody, len(everybody))
        while len(self._down) >= MOST_DEAD or self._deck[-1] in self._down:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        return self._deck.pop()

    async def _lull(self) -> None:
        """Let the story go on by some days: no day ends while somebody is down."""
        days, seen = self.chance.randint(*self.lull_days), self.today()
        until = time.monotonic() + LONGEST_LULL_SECONDS
        while days and time.monotonic() < until:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            if self.today() != seen:
                days, seen = days - 1, self.today()

    @property
    def _down(self) -> set[str]:
        """Who is dead or starting."""
        busy = {name for name, turn in self._turns.items() if turn.locked()}
        return busy | self.platform.dead

    @property
    def spared(self) -> set[str]:
        """Who has not died yet."""
        return {*PARTS, *self.platform.services} - self.kills.keys()

    async def watch(self) -> None:
        """Start again what died by itself, for ever."""
        while True:
            await asyncio.sleep(0.25)
            for name in sorted(self.platform.dead & {*self.platform.services}):
                # Whoever was killed may have risen while another was started here.
                if name in self.platform.dead and not self._turns[name].locked():
                    async with self._turns[name]:
                        self.died[name] += 1
                        await self._raise(name)

    async def ambush(self, party: str, times: int = 1) -> None:
        """Kill the sender between this party's yes and our commit, so many times."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            while self.windows[party] < times:
                try:
                    if await self._caught(http, party):
                        self.windows[party] += 1
                        await self.kill(SENDER[party])
                        await self._control(http, party, 0, 0)
                except (aiohttp.ClientError, TimeoutError):
                    await asyncio.sleep(0.5)

    async def all_up(self) -> None:
        """Wait until everything that was killed lives again."""
        for name in sorted(self.platform.dead, key=lambda name: name in self.platform.services):
            async with self._turns[name]:
                if name in self.platform.dead:
                    await self._raise(name)

    async def _caught(self, http: aiohttp.ClientSession, party: str) -> bool:
        """Stretch the next answer, and wait until a sender of ours hangs on it."""
        before = await self._orders(http) if party == "bank" else 0
        await self._control(http, party, HELD_SECONDS, 1)
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            async with http.get(f"{self.platform.url(party)}/pending") as answer:
                held = (await answer.json())["held_answers"]
            if held:  # at the bank a customer's payment may hang just as well
                return party != "bank" or await self._orders(http) > before

    async def _orders(self, http: aiohttp.ClientSession) -> int:
        async with http.get(f"{self.platform.url('bank')}/records?payments_limit=0") as answer:
            return len((await answer.json())["orders"])

    async def _control(
        self, http: aiohttp.ClientSession, party: str, seconds: float, times: int
    ) -> None:
        body = {"answer_delay_seconds": seconds, "times": times}
        async with http.post(f"{self.platform.url(party)}/control", json=body) as answer:
            answer.raise_for_status()

    async def _raise(self, name: str) -> None:
        """Start it again; what it stands on may be dead too, so more than once."""
        for _ in range(TRIES):
            try:
                await self.platform.restart(name)
            except LaunchError as error:
                trouble = error
                await asyncio.sleep(0.5)
            else:
                return
        raise trouble


@contextlib.asynccontextmanager
async def raging(killer: Killer, windows: int) -> AsyncIterator["asyncio.Task[None]"]:
    """While inside, everything is in danger; afterwards everything is up again.

    Yields the killing at random, which may be ended earlier; the ambushes lie on until their hit.
    """
    rage, watch = asyncio.ensure_future(killer.rage()), asyncio.ensure_future(killer.watch())
    ambushes = [
        asyncio.ensure_future(killer.ambush(party, windows)) for party in killer.platform.standins
    ]
    tasks = [watch, rage, *ambushes]
    try:
        yield rage
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        await killer.all_up()
    for end in ends:
        if isinstance(end, Exception):
            raise end
