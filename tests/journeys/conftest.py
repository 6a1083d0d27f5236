"""Journeys go through the whole platform: real servers, all services, the stand-ins, one clock."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import date

import pytest

from deploy.local.platform import temporary_platform
from deploy.story.client import Client
from deploy.story.telling import places_of, set_clock_back

Begin = Callable[[date], AbstractAsyncContextManager[Client]]


@pytest.fixture(scope="session")
def journey() -> Begin:
    """Begins a journey on a platform of its own, on a day in the past."""

    @contextlib.asynccontextmanager
    async def begin(day: date) -> AsyncIterator[Client]:
        async with temporary_platform() as platform:
            await set_clock_back(platform, day)
            async with Client(places_of(platform), patience_seconds=300) as client:
                yield client

    return begin
