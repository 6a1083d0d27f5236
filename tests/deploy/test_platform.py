"""The platform as a whole: its secrets stay apart, its servers come back, its folder is its own."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from contracts.topics import TOPICS
from deploy.local.platform import Platform, make_topics, temporary_platform
from deploy.local.ports import ephemeral_ports
from deploy.local.postgres import admin_connection
from deploy.local.processes import ChildDiedError, LaunchError
from deploy.local.settings import SERVICES, STANDINS, Surroundings, keep_keys


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[Platform]:
    """The real servers of a platform, before anybody lives there."""
    patch = pytest.MonkeyPatch()
    patch.delenv("DATABASE_URL", raising=False)
    patch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    async with temporary_platform(services=(), standins=()) as platform:
        yield platform
    patch.undo()


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    return Surroundings(
        keys=keep_keys(tmp_path),
        ports=ephemeral_ports(),
        database_urls={name: f"postgresql+asyncpg://{name}" for name in SERVICES},
        bootstrap="127.0.0.1:1",
        folder=tmp_path,
    )


async def test_every_service_has_its_database_and_every_topic_is_there(platform: Platform) -> None:
    for url in platform.surroundings.database_urls.values():
        await (await asyncpg.connect(url.replace("+asyncpg", ""))).close()
    admin = AIOKafkaAdminClient(bootstrap_servers=platform.bootstrap)
    await admin.start()
    assert {topic.name for topic in TOPICS} <= set(await admin.list_topics())
    await admin.close()
    assert await make_topics(platform.bootstrap) == []
    with pytest.raises(LaunchError, match=r"no Kafka answers at 127\.0\.0\.1:9: "):
        await make_topics("127.0.0.1:9")


def test_nobody_else_on_the_machine_reads_what_people_are_told(platform: Platform) -> None:
    """Events hold names and numbers, letters hold links, logs hold who asked what."""
    folders = [
        each for each in platform.folder.iterdir() if each.is_dir() and not each.is_symlink()
    ]
    assert {folder.name for folder in folders} >= {"secrets", "logs", "kafka", "mail", "bank-drop"}
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


@pytest.mark.parametrize("server", ["postgres", "kafka"])
async def test_a_killed_server_is_started_again_by_name(platform: Platform, server: str) -> None:
    before = platform.pids[server]
    await platform.kill(server)
    await platform.restart(server)
    assert platform.pids[server] != before


async def test_a_server_that_dies_by_itself_is_noticed(platform: Platform) -> None:
    watching = asyncio.create_task(platform.watch())
    os.kill(platform.pids["postgres"], signal.SIGINT)
    with pytest.raises(ChildDiedError, match=r"(?s)postgres died by itself.*is shut down"):
        await asyncio.wait_for(watching, 10)
    await platform.restart("postgres")


async def test_a_second_launcher_in_the_same_folder_is_refused(platform: Platform) -> None:
    with pytest.raises(LaunchError, match="runs already"):
        async with Platform(platform.folder, ephemeral_ports(), services=(), standins=()):
            pass
    assert platform.pids.keys() == {"postgres", "kafka"}


def test_a_service_is_told_only_its_own_secrets(surroundings: Surroundings) -> None:
    keys = surroundings.keys
    told = {name: set(surroundings.of_service(name).values()) for name in SERVICES}
    told |= {name: set(surroundings.of_standin(name).values()) for name in STANDINS}

    def knowing(secret: str) -> set[str]:
        return {name for name, values in told.items() if secret in values}

    assert knowing(keys.identity_private) == {"gateway"}
    assert knowing(keys.identity_public) == set(SERVICES)
    assert knowing(keys.link) == {"gateway", "notifications"}
    assert knowing(keys.bank_feed) == {"gateway", "bank"}
    assert knowing(keys.bank) == {"payments", "bank"}
    assert knowing(keys.kronofogden) == {"collections", "kronofogden"}
    for name, url in surroundings.database_urls.items():
        assert knowing(url) == {name}
    assert '"d"' not in keys.identity_public


def test_keys_are_made_once(tmp_path: Path) -> None:
    assert keep_keys(tmp_path) == keep_keys(tmp_path)
    assert keep_keys(tmp_path) != keep_keys(tmp_path / "another")
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("*-*")} == {0o600}


async def test_a_folder_that_keeps_nothing_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LaunchError, match=r"no data can be kept in .*; set BETALT_DATA"):
        async with Platform(tmp_path / "file" / "data", ephemeral_ports()):
            pass


@pytest.mark.parametrize("url", ["postgresql://a:b@127.0.0.1:9/postgres", "nonsense"])
async def test_a_database_that_cannot_be_reached_is_told_in_a_sentence(url: str) -> None:
    with pytest.raises(LaunchError, match=r"PostgreSQL cannot be used .*; check DATABASE_URL"):
        async with admin_connection(url):
            pass
