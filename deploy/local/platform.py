"""The whole of Betalt on this machine: real parts, stand-ins for outside parties, the six services.

An async context manager: inside it everything is ready, after it everything is gone but the data.
`betalt run` has it with fixed ports and the project's data folder; tests, the crash run and the
bench have it with free ports and a folder of their own. Everything is a process of its own, which
can be killed by name and started again, and which ends with the launcher, however that ends.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from aiokafka.errors import KafkaConnectionError, KafkaError

from contracts.topics import TOPICS
from deploy.local.folders import PROJECT, private_folder, temporary_folder
from deploy.local.kafka import Kafka, silent
from deploy.local.ports import claim_ports, ephemeral_ports
from deploy.local.postgres import Postgres, create_service_databases
from deploy.local.processes import Household, LaunchError, Program, refuse_death, together
from deploy.local.settings import SERVICES, STANDINS, Keys, Surroundings, keep_keys
from plumbing.kafka import create_topics

PRIVATE = ("secrets", "logs", "kafka", "bank-drop", *STANDINS)
"""Folders of what nobody else on this machine is to read: names, numbers, letters with their links.

PostgreSQL closes its own; the data folder itself stays open to walk through, for `nobody`.
"""
LOOK_EVERY_SECONDS = 0.25
MIGRATION_MAY_TAKE_SECONDS = 600
START_MAY_TAKE_SECONDS = 240
"""Of a service, on a machine that has much else to do; one that dies is noticed at once."""


class Voice(Protocol):
    """Who tells a person how the start goes."""

    def doing(self, what: str) -> None:
        """Something is under way."""

    def done(self, name: str, seconds: float, where: str = "") -> None:
        """Something works, after so long, at this address."""


class Silence:
    """Tells nobody."""

    def doing(self, what: str) -> None: ...

    def done(self, name: str, seconds: float, where: str = "") -> None: ...


class Platform:
    """Everything, or what is named; `environment` is added to that of every service."""

    surroundings: Surroundings
    """Known once the databases are there."""

    def __init__(
        self,
        folder: Path,
        ports: Mapping[str, int],
        *,
        services: Collection[str] = SERVICES,
        standins: Collection[str] = STANDINS,
        demo: bool = True,
        environment: Mapping[str, str] | None = None,
        voice: Voice | None = None,
    ) -> None:
        self.folder = folder
        self.ports = ports
        self.services = tuple(services)
        self.standins = tuple(standins)
        self.demo = demo
        self._environment = dict(environment or {})
        self._voice = voice or Silence()
        self._household = Household(folder / "logs")
        self._servers = _own_servers(folder, ports)
        self._killed: set[str] = set()
        self._lock = contextlib.ExitStack()

    @property
    def bootstrap(self) -> str:
        """Where Kafka is."""
        own = f"127.0.0.1:{self.ports['kafka']}"
        return own if "kafka" in self._servers else os.environ["KAFKA_BOOTSTRAP_SERVERS"]

    @property
    def admin_url(self) -> str:
        """PostgreSQL's administrator's address."""
        server = self._servers.get("postgres")
        return server.admin_url if isinstance(server, Postgres) else os.environ["DATABASE_URL"]

    @property
    def keys(self) -> Keys:
        return self.surroundings.keys

    @property
    def pids(self) -> dict[str, int]:
        """The process of everything that runs here."""
        return {
            name: server.child.pid for name, server in self._servers.items()
        } | self._household.pids

    def url(self, name: str) -> str:
        """Where a service or a stand-in answers HTTP."""
        return self.surroundings.url(name)

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def kill(self, name: str) -> None:
        """SIGKILL one of `pids` by name."""
        if name in self._servers:
            self._killed.add(name)
            await self._servers[name].kill()
        else:
            await self._household.kill(name)

    async def restart(self, name: str) -> None:
        """Start again what was killed, or stop and start what runs; ready when this returns."""
        if name in self._servers:
            self._killed.add(name)
            await self._servers[name].stop()
            await self._servers[name].start()
            self._killed.discard(name)
        else:
            await self._household.restart(name)

    async def watch(self) -> None:
        """Look after everything for ever; raises `ChildDiedError` when something died by itself."""
        while True:
            for name, server in self._servers.items():
                if name not in self._killed:
                    refuse_death(server.child)
            self._household.check()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _start(self) -> None:
        self._lock.enter_context(_only_one(self.folder))
        for name in PRIVATE:
            private_folder(self.folder / name)
        _put_old_logs_away(self._household.log_folder)
        await claim_ports(self._ports_of_our_own())
        await together(*(self._start_server(name) for name in self._servers))
        await together(self._make_databases(), self._make_topics())
        with_tables = [
            s for s in self.services if (PROJECT / "services" / s / "migrations").exists()
        ]
        await together(*(self._migrate(service) for service in with_tables))
        programs = [self._standin(name) for name in self.standins]
        programs += [self._service(name) for name in self.services]
        await together(*(self._start_program(program) for program in programs))

    async def _stop(self) -> None:
        """Services first, so that nobody misses the parts they stand on."""
        await self._household.stop(self.services)
        await self._household.stop(self.standins)
        await asyncio.gather(*(server.stop() for server in self._servers.values()))
        self._lock.close()

    async def _start_server(self, name: str) -> None:
        with self._timed(name, f"127.0.0.1:{self.ports[name]}"):
            await self._servers[name].start(self._voice.doing)

    async def _make_databases(self) -> None:
        with self._timed("databases"):
            self.surroundings = Surroundings(
                keys=keep_keys(self.folder / "secrets"),
                ports=self.ports,
                database_urls=await create_service_databases(
                    self.admin_url, SERVICES, self.folder / "secrets"
                ),
                bootstrap=self.bootstrap,
                folder=self.folder,
                demo=self.demo,
            )

    async def _make_topics(self) -> None:
        with self._timed("topics"):
            await make_topics(self.bootstrap)

    async def _migrate(self, service: str) -> None:
        with self._timed(f"{service}'s tables"):
            await self._household.run(
                Program(
                    name=f"{service}-migrations",
                    command=[sys.executable, "-m", "plumbing.migrate", service],
                    environment=self._environment_of(service),
                    folder=PROJECT,
                    ready_within_seconds=MIGRATION_MAY_TAKE_SECONDS,
                )
            )

    async def _start_program(self, program: Program) -> None:
        with self._timed(program.name, self.url(program.name)):
            await self._household.start(program)

    def _service(self, name: str) -> Program:
        module, port = f"services.{name}.app", str(self.ports[name])
        return Program(
            name=name,
            command=[sys.executable, "-m", "deploy.local.serve", module, port],
            environment=self._environment_of(name),
            folder=PROJECT,
            ready_url=f"{self.url(name)}/health/ready",
            ready_within_seconds=START_MAY_TAKE_SECONDS,
        )

    def _standin(self, name: str) -> Program:
        arguments = ["--port", str(self.ports[name]), "--folder", str(self.folder / name)]
        if name == "mail":
            arguments += ["--smtp-port", str(self.ports["smtp"])]
        return Program(
            name=name,
            command=[sys.executable, "-m", f"deploy.standins.{name}", *arguments],
            environment=self.surroundings.of_standin(name),
            folder=PROJECT,
            ready_url=f"{self.url(name)}/health",
        )

    def _environment_of(self, service: str) -> dict[str, str]:
        return self.surroundings.of_service(service) | self._environment

    def _ports_of_our_own(self) -> dict[str, int]:
        wanted = {*self._servers, *self.services, *self.standins}
        wanted |= {"kafka-controller"} if "kafka" in wanted else set()
        wanted |= {"smtp"} if "mail" in wanted else set()
        return {name: port for name, port in self.ports.items() if name in wanted}

    @contextlib.contextmanager
    def _timed(self, name: str, where: str = "") -> Iterator[None]:
        begun = time.monotonic()
        yield
        self._voice.done(name, time.monotonic() - begun, where)


@contextlib.asynccontextmanager
async def temporary_platform(
    *,
    services: Collection[str] = SERVICES,
    standins: Collection[str] = STANDINS,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Platform]:
    """A platform on free ports in a folder of its own, gone afterwards with all its data."""
    with temporary_folder() as folder:
        platform = Platform(
            folder,
            ephemeral_ports(),
            services=services,
            standins=standins,
            environment=environment,
        )
        async with platform:
            yield platform


async def make_topics(bootstrap: str) -> list[str]:
    """Create what is missing of the topics in `contracts`; the names created.

    Raises `LaunchError` where no broker answers, or a topic has another number of partitions.
    """
    wanted = [(topic.name, topic.partitions, topic.retention_ms) for topic in TOPICS]
    try:
        with silent(logging.getLogger("aiokafka")):
            return await create_topics(bootstrap, wanted)
    except KafkaConnectionError as error:
        raise LaunchError(
            f"no Kafka answers at {bootstrap}: start Betalt with make run, or set "
            "KAFKA_BOOTSTRAP_SERVERS to a broker that runs"
        ) from error
    except KafkaError as error:
        raise LaunchError(f"Kafka at {bootstrap}: {error}") from error


def services_here() -> list[str]:
    """The services that can be started."""
    return [name for name in SERVICES if (PROJECT / "services" / name / "app.py").exists()]


def standins_here() -> list[str]:
    """The stand-ins that can be started."""
    folder = PROJECT / "deploy" / "standins"
    return [
        name
        for name in STANDINS
        if (folder / f"{name}.py").exists() or (folder / name / "__main__.py").exists()
    ]


def _own_servers(folder: Path, ports: Mapping[str, int]) -> dict[str, Postgres | Kafka]:
    """The servers that are ours to start: those that the environment does not name."""
    servers: dict[str, Postgres | Kafka] = {}
    if not os.environ.get("DATABASE_URL"):
        servers["postgres"] = Postgres(folder, ports["postgres"])
    if not os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        servers["kafka"] = Kafka(folder, ports["kafka"], ports["kafka-controller"])
    return servers


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Refuses a second launcher in the same folder, and a folder that nothing can be kept in.

    The kernel gives up the lock of a dead launcher.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = (folder / "lock").open("w")
    except OSError as trouble:
        raise LaunchError(
            f"no data can be kept in {folder}: {trouble.strerror}; set BETALT_DATA to another"
        ) from None
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LaunchError(
                f"Betalt runs already with the data in {folder}; "
                "stop that run, or set BETALT_DATA and BETALT_PORT_BASE to have a second one"
            ) from None
        yield


def _put_old_logs_away(folder: Path) -> None:
    """Begin with empty logs, and keep those of the run before."""
    before = folder / "before"
    before.mkdir(parents=True, exist_ok=True)
    for log in folder.glob("*.log"):
        log.replace(before / log.name)
