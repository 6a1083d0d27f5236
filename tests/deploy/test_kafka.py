"""The real broker as the launcher runs it: ready means usable, and a kill loses nothing."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.folders import temporary_folder
from deploy.local.kafka import Kafka
from deploy.local.ports import free_ports


async def make_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    answer = await admin.create_topics([NewTopic(name, num_partitions=12, replication_factor=1)])
    await admin.close()
    assert [error[1] for error in answer.topic_errors] == [0]


async def topics(bootstrap: str) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    names = set(await admin.list_topics())
    await admin.close()
    return names


async def test_a_broker_that_is_ready_takes_topics_at_once(kafka: str) -> None:
    await make_topic(kafka, "deploy.ready")
    assert "deploy.ready" in await topics(kafka)


async def test_a_broker_goes_on_after_a_kill_and_forgets_only_when_wiped() -> None:
    with temporary_folder() as folder:
        broker = Kafka(folder, *free_ports(2))
        await broker.start()
        await make_topic(broker.bootstrap, "deploy.kept")
        await broker.kill()
        await broker.start()
        assert "deploy.kept" in await topics(broker.bootstrap)
        await broker.wipe()
        await broker.start()
        assert await topics(broker.bootstrap) == set()
        await broker.stop()


async def test_a_broker_keeps_to_its_folder_whatever_that_and_the_locale_are_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    with temporary_folder() as folder:
        broker = Kafka(folder / "Mina saker, Å", *free_ports(2))
        await broker.start()
        await make_topic(broker.bootstrap, "deploy.named")
        await broker.stop()
        assert [place.name for place in folder.iterdir()] == ["Mina saker, Å"]
        assert (broker.folder / "kafka" / "deploy.named-0").is_dir()
