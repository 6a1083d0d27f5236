"""Gathers what is asked at the same time, so that it shares one transaction (ADR-0012).

Whoever asks while nothing of its key is under way is served at once, alone; whoever asks meanwhile
goes into the next group of that key. Groups are as large as the load makes them, and nobody waits
for one to fill; but only some keys are served at one time, so that under load groups grow and not
transactions. A group that fails is served one by one, so that only the bad one fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

import structlog

from plumbing.transaction import is_trouble

log = structlog.get_logger()

LARGEST_GROUP = 200
"""What a group holds at most: its first must not wait long for its last."""
AT_ONCE = 3
"""Groups served at one time: more would only share the same processors, and a few that wait for a
lock must not stop everybody else."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Serve = Callable[[UUID, Sequence[Item]], Awaitable[Sequence[Answer | Exception]]]
"""Serves a group of one key in a transaction; answers, or refuses, each in its place."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[Item, Answer]):
    """One who waits for an answer."""

    item: Item
    apart: Hashable | None
    answer: asyncio.Future[Answer]


class Gathering(Generic[Item, Answer]):
    """Serves what is asked for one key group by group, and a few keys side by side."""

    def __init__(self, serve: Serve[Item, Answer]) -> None:
        self._serve = serve
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting: dict[UUID, list[Asked[Item, Answer]]] = {}
        """Who waits for the next group, by key; a key stands here while it is being served."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, key: UUID, item: Item, *, apart: Hashable | None = None) -> Answer:
        """The answer to `item`. Of those that name the same `apart`, one goes in a group."""
        asked: Asked[Item, Answer] = Asked(item, apart, asyncio.Future())
        if key in self._waiting:
            self._waiting[key].append(asked)
        else:
            self._waiting[key] = [asked]
            # a task of its own: who asked first may leave, and the others still get answers
            task = asyncio.create_task(self._serve_all(key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await asked.answer

    async def _serve_all(self, key: UUID) -> None:
        try:
            while self._waiting[key]:
                async with self._turns:
                    group, self._waiting[key] = _next_group(self._waiting[key])
                    await self._serve_group(key, group)
        finally:
            for asked in self._waiting.pop(key):
                asked.answer.cancel()

    async def _serve_group(self, key: UUID, group: Sequence[Asked[Item, Answer]]) -> None:
        answers: Sequence[Answer | Exception]
        try:
            answers = await self._serve(key, [asked.item for asked in group])
        except asyncio.CancelledError:
            for asked in group:
                asked.answer.cancel()
            raise
        except Exception as error:
            # After trouble nobody knows whether it was committed: serving again might do it twice.
            if len(group) > 1 and not is_trouble(error):
                log.warning("group_served_singly", size=len(group), error=type(error).__name__)
                for asked in group:
                    await self._serve_group(key, [asked])
                return
            answers = [error] * len(group)
        for asked, answer in zip(group, answers, strict=True):
            if asked.answer.done():  # whoever asked has left
                continue
            if isinstance(answer, Exception):
                asked.answer.set_exception(answer)
            else:
                asked.answer.set_result(answer)


def _next_group(
    waiting: Sequence[Asked[Item, Answer]],
) -> tuple[list[Asked[Item, Answer]], list[Asked[Item, Answer]]]:
    """Those who go now, first come first served, and those who go on waiting."""
    group: list[Asked[Item, Answer]] = []
    later: list[Asked[Item, Answer]] = []
    seen: set[Hashable] = set()
    for asked in waiting:
        if len(group) == LARGEST_GROUP or asked.apart in seen:
            later.append(asked)
            continue
        group.append(asked)
        if asked.apart is not None:
            seen.add(asked.apart)
    return group, later
