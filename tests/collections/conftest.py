"""A database as collections' own role sees it, and Kronofogden's stand-in as the program it is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plumbing.clock import Clock
from plumbing.transaction import Database, connect
from tests.conftest import OwnDatabase
from tests.standins.programs import TOKEN, Program


@pytest.fixture
async def own(own_database: OwnDatabase) -> AsyncIterator[Database]:
    """collections' database."""
    engine = connect(await own_database("collections"))
    yield Database(engine, Clock())
    await engine.dispose()


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[Program]:
    """Kronofogden's stand-in, empty."""
    program = Program("kronofogden", tmp_path, "--token", TOKEN)
    async with program:
        yield program
