"""Real parts for every test that needs one: one PostgreSQL and one Kafka per run, on free ports.

They start when the first test asks and are gone with the run. `DATABASE_URL` and
`KAFKA_BOOTSTRAP_SERVERS` put servers that already run in their place, and `--containers` puts
containers there, where Docker runs.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings
from testcontainers.community.kafka import KafkaContainer
from testcontainers.community.postgres import PostgresContainer

from deploy.local.folders import temporary_folder
from deploy.local.kafka import Kafka
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres, admin_connection, create_service_databases
from plumbing.migrate import migrate
from tests import running

# The same examples each time, and no clock among the reasons to fail: a busy machine is no fault.
settings.register_profile(
    "house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = "confluentinc/cp-kafka:8.0.0"
OWNER = "select pg_get_userbyid(datdba) from pg_database where datname = $1"

MakeDatabase = Callable[[str], Awaitable[str]]
OwnDatabase = Callable[[str], Awaitable[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--containers", action="store_true", help="PostgreSQL and Kafka in containers (Docker)"
    )
    parser.addoption("--no-skips", action="store_true", help="fail when any test is skipped")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    running.in_order(items)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:  # a worker has none
        running.tell_skips(reporter, session)
    yield


@pytest.fixture(scope="session")
def run_folder() -> Iterator[Path]:
    """A folder of this run, gone afterwards; open to the user that PostgreSQL runs as."""
    with temporary_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
async def postgres(run_folder: Path, pytestconfig: pytest.Config) -> AsyncIterator[str]:
    """The administrator's address of a PostgreSQL that this run has for itself."""
    if pytestconfig.getoption("--containers"):
        with PostgresContainer(POSTGRES_IMAGE, driver=None) as container:
            yield container.get_connection_url()
        return
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    server = Postgres(run_folder, free_ports(1)[0], durable=False)
    await server.start()
    yield server.admin_url
    await server.stop()


@pytest.fixture(scope="session")
async def kafka(run_folder: Path, pytestconfig: pytest.Config) -> AsyncIterator[str]:
    """The bootstrap address of a real broker that this run has for itself; name topics freely."""
    if pytestconfig.getoption("--containers"):
        with KafkaContainer(KAFKA_IMAGE).with_kraft() as container:
            yield container.get_bootstrap_server()
        return
    if given := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield given
        return
    broker = Kafka(run_folder, *free_ports(2))
    await broker.start()
    yield broker.bootstrap
    await broker.stop()


@pytest.fixture
async def make_database(postgres: str) -> AsyncIterator[MakeDatabase]:
    """Makes databases, each a fresh copy of the named one with its owner, gone after the test.

    `template1` is empty. Returns SQLAlchemy's address, as the superuser.
    """
    made: list[str] = []

    async def make(template: str) -> str:
        name = f"test_{secrets.token_hex(6)}"
        async with admin_connection(postgres) as admin:
            owner = await admin.fetchval(OWNER, template)
            await admin.execute(
                f'create database "{name}" owner "{owner}" template "{template}" strategy file_copy'
            )
        made.append(name)
        server = urlsplit(postgres)
        return server._replace(scheme="postgresql+asyncpg", path=f"/{name}").geturl()

    yield make
    async with admin_connection(postgres) as admin:
        for name in made:
            await admin.execute(f'drop database "{name}" with (force)')


@pytest.fixture
async def database(make_database: MakeDatabase) -> str:
    """SQLAlchemy's address of one empty database of this test's own."""
    return await make_database("template1")


@pytest.fixture(scope="session")
async def migrated(postgres: str, run_folder: Path) -> OwnDatabase:
    """Makes services' databases as in production and migrates them, once each in a run.

    Nobody stays connected to them: they are the templates of `own_database`.
    """
    made: dict[str, str] = {}

    async def of(service: str) -> str:
        if service not in made:
            urls = await create_service_databases(postgres, [service], run_folder)
            await asyncio.to_thread(migrate, service, urls[service])
            made.update(urls)
        return made[service]

    return of


@pytest.fixture
async def own_database(migrated: OwnDatabase, make_database: MakeDatabase) -> OwnDatabase:
    """Makes fresh databases of a service, opened as its own role.

    So a missing grant shows, and row-level security binds as in production.
    """

    async def make(service: str) -> str:
        template = urlsplit(await migrated(service))
        copy = urlsplit(await make_database(service))
        return template._replace(path=copy.path).geturl()

    return make
