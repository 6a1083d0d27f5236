"""Keeps the steps of a loop apart, so that a stream of single things is worked on many at a time.

A step costs the same for one event as for twenty: a fetch, a transaction, an offset. As long as
there is something to do whenever the next step may be taken, each waits twice as long after the one
before, up to `longest`; what the step itself took counts. Only a stream that goes on for seconds
waits longer, a tenth of its age and at most `in_streams`: of a burst each hop of a chain would pay
it. As soon as the loop has stood idle for as long as it would wait, there is no stream: the next
step is taken at once, and gaps begin anew.
"""

import asyncio
import time
from dataclasses import dataclass

SHARE_OF_AGE = 0.1


@dataclass
class Pace:
    """The pace of one loop; its gaps are seconds from one step to the next."""

    shortest: float
    longest: float
    in_streams: float
    _gap: float = 0.0
    _began_at: float = 0.0
    _stepped_at: float = 0.0
    _ready_at: float = 0.0

    def step(self) -> None:
        """Note that a step is taken now."""
        self._stepped_at = time.monotonic()
        if self._stepped_at - self._ready_at > self._gap:
            self._began_at, self._gap = self._stepped_at, self.shortest
            return
        by_age = SHARE_OF_AGE * (self._stepped_at - self._began_at)
        self._gap = min(2 * self._gap, max(self.longest, min(by_age, self.in_streams)))

    async def keep(self) -> None:
        """Wait until the next step may be taken."""
        await asyncio.sleep(max(0.0, self._stepped_at + self._gap - time.monotonic()))
        self._ready_at = time.monotonic()
