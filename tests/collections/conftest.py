"""A database as collections' own role sees it, and Kronofogden's stand-in as the program it is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.local.postgres import create_service_databases
from plumbing.clock import Clock
from plumbing.migrate import migrate
from plumbing.transaction import Database, connect
from tests.conftest import MakeDatabase
from tests.standins.programs import TOKEN, Program


@pytest.fixture(scope="session")
async def migrated(postgres: str, run_folder: Path) -> str:
    """The address of a migrated database that others are copied from."""
    urls = await create_service_databases(postgres, ["collections"], run_folder)
    await asyncio.to_thread(migrate, "collections", urls["collections"])
    return urls["collections"]


@pytest.fixture
async def own_url(migrated: str, make_database: MakeDatabase) -> str:
    """A fresh copy, opened as the service's role: row-level security binds as in production."""
    copy = urlsplit(await make_database("collections"))
    return urlsplit(migrated)._replace(path=copy.path).geturl()


@pytest.fixture
async def own(own_url: str) -> AsyncIterator[Database]:
    """collections' database."""
    engine = connect(own_url)
    yield Database(engine, Clock())
    await engine.dispose()


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[Program]:
    """Kronofogden's stand-in, empty."""
    program = Program("kronofogden", tmp_path, "--token", TOKEN)
    async with program:
        yield program
