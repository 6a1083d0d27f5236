"""Keeps the steps of a loop apart, so that a stream of single things is worked on many at a time.

A step costs the same for one event as for twenty: a fetch, a transaction, an offset. As long as
there is something to do whenever the next step may be taken, each waits twice as long after the one
before, up to `longest`; what the step itself took counts. As soon as the loop has stood idle for as
long as it would wait, there is no stream: the next step is taken at once, and gaps begin anew.
"""

import asyncio
import time
from dataclasses import dataclass


@dataclass
class Pace:
    """The pace of one loop; `shortest` and `longest` are seconds from one step to the next."""

    shortest: float
    longest: float
    _gap: float = 0.0
    _stepped_at: float = 0.0
    _ready_at: float = 0.0

    def step(self) -> None:
        """Note that a step is taken now."""
        self._stepped_at = time.monotonic()
        idle = self._stepped_at - self._ready_at
        self._gap = self.shortest if idle > self._gap else min(self.longest, 2 * self._gap)

    async def keep(self) -> None:
        """Wait until the next step may be taken."""
        await asyncio.sleep(max(0.0, self._stepped_at + self._gap - time.monotonic()))
        self._ready_at = time.monotonic()
