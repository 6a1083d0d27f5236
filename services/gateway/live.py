"""A page that shows news by itself: its browser holds a channel, and the gateway looks for it.

What is looked at is told apart by a short mark. A page names the mark of what it shows, so that
nothing is lost between its making and the channel's opening.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import blake2s
from typing import Any

from fastapi.sse import ServerSentEvent

LAST_EVENT = "last-event-id"
LOOK_EVERY_SECONDS = 1.0
LIVE_SECONDS = 900
"""After a quarter of an hour the browser connects anew, by itself."""


def mark_of(seen: Any) -> str:
    """A mark of what was seen: the same for the same, another for anything else."""
    return blake2s(repr(seen).encode(), digest_size=8).hexdigest()


async def changes(
    look: Callable[[], Awaitable[Any]], since: str = ""
) -> AsyncIterator[ServerSentEvent]:
    """Says `changed` when what a look sees is not what it was; None is no look at all.

    `since` is the mark on the page, or that of the event the same browser was sent last
    (`LAST_EVENT`): what changed while nobody listened is said at once. Without it the first look is
    what later ones are compared with.
    """
    until, before = time.monotonic() + LIVE_SECONDS, since
    while time.monotonic() < until:
        seen = await look()
        now = before if seen is None else mark_of(seen)
        if before and now != before:
            yield ServerSentEvent(event="changed", data={}, id=now)
        before = now
        await asyncio.sleep(LOOK_EVERY_SECONDS)
