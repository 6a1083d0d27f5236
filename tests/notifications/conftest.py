"""A post office for each test that asks."""

from collections.abc import AsyncIterator

import pytest

from tests.notifications.post import Post


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """A real SMTP server, gone after the test."""
    server = Post()
    await server.start()
    yield server
    await server.stop()
