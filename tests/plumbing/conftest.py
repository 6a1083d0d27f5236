"""The toy's services on real parts: desk says, shelf hears; each on a database of its own."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy import text

from contracts.ids import new_id
from plumbing import kafka as bus
from plumbing import logs
from plumbing.identity import Identity
from tests.askers import PUBLIC_KEY
from tests.plumbing import toy

OPERATOR = Identity(person=UUID(int=7), roles=frozenset({"operator"}))


class Library:
    """A desk and a shelf against one broker; both can be started, stopped and doubled."""

    def __init__(self, make_database: Callable[[str], Awaitable[str]], bootstrap: str) -> None:
        self.make_database, self.bootstrap = make_database, bootstrap
        self.group = f"shelf-{new_id().hex[-8:]}"
        self.desk_url = self.shelf_url = ""

    async def prepare(self) -> None:
        """Make databases and the topic; partitions as in the house."""
        self.desk_url = await self.make_database("template1")
        self.shelf_url = await self.make_database("template1")
        await toy.prepare(self.desk_url)
        await toy.prepare(self.shelf_url)
        await self.make_topic()

    async def make_topic(self) -> None:
        """Create the topic where it is missing (also after a wipe)."""
        await bus.create_topics(self.bootstrap, [(toy.BookLent.topic, 12, 86_400_000)])

    def make_desk(self, **more: Any) -> FastAPI:
        """A desk that is not started."""
        return toy.create_desk(toy.settings(self.desk_url, self.bootstrap, PUBLIC_KEY, **more))

    def make_shelf(self, **more: Any) -> FastAPI:
        """A shelf that is not started."""
        config = toy.settings(self.shelf_url, self.bootstrap, PUBLIC_KEY, **more)
        return toy.create_shelf(config, self.group)


@asynccontextmanager
async def running(*apps: FastAPI) -> AsyncIterator[None]:
    """Run services as their server would."""
    async with AsyncExitStack() as stack:
        for app in apps:
            await stack.enter_async_context(app.router.lifespan_context(app))
        yield


async def say(desk: FastAPI, *loans: toy.BookLent) -> None:
    """Say loans in one transaction."""
    async with desk.state.database.transaction() as tx:
        tx.say(loans)


async def rows(app: FastAPI, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """What a query of a service's own database gives."""
    async with app.state.database.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(sql), parameters)]


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
    """Wait for something to become true; the last value seen is in the failure."""
    value = None
    for _ in range(int(seconds / 0.05)):
        if value := await condition():
            return value
        await asyncio.sleep(0.05)
    raise AssertionError(f"still {value!r} after {seconds} s")


def heard(shelf: FastAPI, count: int) -> Callable[[], Awaitable[bool]]:
    """Whether the shelf has acted on `count` loans in all."""

    async def look() -> bool:
        found = await rows(shelf, "select coalesce(sum(heard), 0) from shelf")
        return found == [(count,)]

    return look


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that is logged meanwhile, as services write it."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    # not sys.stderr, which pytest puts back before the test begins
    monkeypatch.setattr(logs, "sys", SimpleNamespace(stderr=stream, exc_info=sys.exc_info))
    logs.configure("library", "INFO")
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.contextvars.clear_contextvars()


def lines(written: io.StringIO, event: str) -> list[dict[str, Any]]:
    """What was logged of one kind."""
    told = [json.loads(line) for line in written.getvalue().splitlines()]
    return [line for line in told if line["event"] == event]


@pytest.fixture
async def library(make_database: Any, kafka: str, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library on the run's broker, with a topic and a consumer group of its own."""
    monkeypatch.setattr(toy.BookLent, "topic", f"library.loans.{new_id().hex[-8:]}")
    made = Library(make_database, kafka)
    await made.prepare()
    return made
