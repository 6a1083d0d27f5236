"""Keeps the steps of a loop apart, so that a stream of single things is worked on many at a time.

A step costs the same for one event as for twenty: a fetch, a transaction, an offset. The first step
after a pause is taken at once; of those that follow closely each waits twice as long as the one
before, up to `longest`. A step that takes longer than that by itself is never waited for, and after
one that took twice as long the gaps begin anew.
"""

import asyncio
import math
import time
from dataclasses import dataclass


@dataclass
class Pace:
    """The pace of one loop; `shortest` and `longest` are seconds from one step to the next."""

    shortest: float
    longest: float
    _gap: float = 0.0
    _stepped_at: float = -math.inf

    def step(self) -> None:
        """Note that a step is taken now."""
        now = time.monotonic()
        if now - self._stepped_at > 2 * self.longest:
            self._gap = self.shortest
        self._stepped_at = now

    async def keep(self) -> None:
        """Wait until the next step may be taken."""
        since = time.monotonic() - self._stepped_at
        await asyncio.sleep(max(0.0, self._gap - since))
        self._gap = min(self.longest, 2 * self._gap)
