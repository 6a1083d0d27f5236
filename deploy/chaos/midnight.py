"""Swedish midnight, when the business day moves by itself in the middle of whatever is told.

The moved clock is the real one and some days, so at midnight every service comes to the next day at
once, without the quiet barrier, and the story's own day has gone by. What is done then belongs to
neither day for certain, and no judge can say what must have come of it. So a run waits for a
midnight that is near, and breaks off when one comes all the same.
"""

import asyncio
from datetime import UTC, datetime, time, timedelta

from rich.console import Console

from deploy.story.telling import SWEDISH

AFTER_SECONDS = 2.0
"""Waited beyond midnight, so that every clock has passed it."""


class MidnightError(Exception):
    """Midnight came during a run: nothing can be said of it."""

    def __init__(self) -> None:
        super().__init__(
            "Swedish midnight came in the middle of it and moved the business day under the story. "
            "Nothing is judged; run it again."
        )


def seconds_until(now: datetime) -> float:
    """From an instant to the next Swedish midnight."""
    tomorrow = now.astimezone(SWEDISH).date() + timedelta(days=1)
    return (datetime.combine(tomorrow, time(), SWEDISH) - now).total_seconds()


async def let_pass(console: Console, needed_seconds: float) -> None:
    """Wait until midnight has gone by, where it is nearer than what is needed."""
    left = seconds_until(datetime.now(UTC))
    if left < needed_seconds:
        console.print(f"Swedish midnight is near: it begins after that, in {left / 60:.0f} minutes")
        await asyncio.sleep(left + AFTER_SECONDS)


async def strike() -> None:
    """Sleep until midnight, and raise `MidnightError`."""
    await asyncio.sleep(seconds_until(datetime.now(UTC)))
    raise MidnightError
