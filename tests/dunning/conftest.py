"""A database as dunning's own role sees it, and transactions on a day of the test's choosing."""

from collections.abc import AsyncIterator

import pytest

from plumbing.clock import Clock
from plumbing.transaction import Database, connect
from tests.conftest import OwnDatabase


@pytest.fixture
async def own(own_database: OwnDatabase) -> AsyncIterator[Database]:
    """dunning's database."""
    engine = connect(await own_database("dunning"))
    yield Database(engine, Clock())
    await engine.dispose()
