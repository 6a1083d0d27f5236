"""Children of the launcher: started, awaited, watched, killed and stopped; never left behind.

Each child is a process group of its own (a Ctrl-C in the terminal reaches only the launcher, which
then stops them in order), writes to one log file, and dies with the launcher even when that one is
killed (`tether.py`). The kernel ties a child to the *thread* that started it, so children are
started from the main thread only.
"""

import asyncio
import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Mapping,
    Sequence,
)
from pathlib import Path
from typing import Any

import aiohttp

TETHER = Path(__file__).with_name("tether.py")
PAUSE_SECONDS = 0.02
LAST_LINES = 15

Say = Callable[[str], None]
"""Takes one line for the person at the terminal."""


class LaunchError(Exception):
    """Something could not be started, or died; the message is meant for the person at the terminal.

    ├── PortTakenError     another program listens where we want to (`ports.py`)
    ├── ChildDiedError     a child ended by itself; carries the last lines of its log
    └── NotReadyError      a child lives but does not answer in time
    """


class ChildDiedError(LaunchError):
    def __init__(self, name: str, exit_code: int, log: Path) -> None:
        how = f"signal {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit {exit_code}"
        super().__init__(
            f"{name} died by itself ({how}); its log {log} ends with\n{last_lines(log)}"
        )
        self.name = name
        self.exit_code = exit_code


class NotReadyError(LaunchError):
    def __init__(self, name: str, seconds: float, log: Path) -> None:
        super().__init__(
            f"{name} was not ready after {seconds:.0f} s; "
            f"its log {log} ends with\n{last_lines(log)}"
        )
        self.name = name


@dataclasses.dataclass(frozen=True, kw_only=True)
class Program:
    """What to start; `ready_url` answers 200 once it works, and None asks for no answer."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    ready_url: str | None = None
    ready_within_seconds: float = 60
    folder: Path | None = None
    user: int = 0
    at_launchers_death: signal.Signals = signal.SIGKILL


class Child:
    """One running program."""

    def __init__(self, program: Program, log: Path) -> None:
        """Start it at once; its output is appended to `log`."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("children die with the thread that starts them: use the main thread")
        self.name = program.name
        self.log = log
        tether = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid())]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    *tether,
                    str(int(program.at_launchers_death)),
                    str(program.user),
                    *program.command,
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**plain_environment(), **program.environment},
                cwd=program.folder,
                process_group=0,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Signal the child's whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def stop(
        self, politely: signal.Signals = signal.SIGTERM, within_seconds: float = 8
    ) -> None:
        """Ask it to end, insist when it does not, and wait until it is gone."""
        if self.exit_code is None:
            self.send(politely)
            with contextlib.suppress(TimeoutError):
                await until(lambda: self.exit_code is not None, within_seconds)
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL to the group, and wait until it is gone."""
        self.send(signal.SIGKILL)
        await until(lambda: self.exit_code is not None, 10)

    async def finish(self, within_seconds: float) -> None:
        """Wait for a child that has one thing to do; refuses an exit code other than 0."""
        try:
            await until(lambda: self.exit_code is not None, within_seconds)
        except TimeoutError:
            raise NotReadyError(self.name, within_seconds, self.log) from None
        finally:
            await self.kill()
        if self.exit_code:
            raise ChildDiedError(self.name, self.exit_code, self.log)

    async def ready(self, answers: Callable[[], Awaitable[bool]], within_seconds: float) -> None:
        """Wait until it answers; refuses when it dies or takes longer than it may."""
        deadline = time.monotonic() + within_seconds
        while not await answers():
            refuse_death(self)
            if time.monotonic() > deadline:
                raise NotReadyError(self.name, within_seconds, self.log)
            await asyncio.sleep(PAUSE_SECONDS)


class Household:
    """The named children of one launcher, in the order in which they were started."""

    def __init__(self, log_folder: Path) -> None:
        self.log_folder = log_folder
        self._programs: dict[str, Program] = {}
        self._children: dict[str, Child] = {}
        self._expected_dead: set[str] = set()

    @property
    def pids(self) -> dict[str, int]:
        """The process of every child that runs."""
        return {name: c.pid for name, c in self._children.items() if c.exit_code is None}

    async def start(self, program: Program) -> None:
        """Start a program and wait until it is ready."""
        self.log_folder.mkdir(parents=True, exist_ok=True)
        child = Child(program, self.log_folder / f"{program.name}.log")
        self._programs[program.name] = program
        self._children[program.name] = child
        self._expected_dead.discard(program.name)
        if program.ready_url is not None:
            async with _http() as session:
                url = program.ready_url
                await child.ready(lambda: _answers(session, url), program.ready_within_seconds)

    async def run(self, program: Program) -> None:
        """Run a program to its end; refuses an exit code other than 0."""
        self.log_folder.mkdir(parents=True, exist_ok=True)
        child = Child(program, self.log_folder / f"{program.name}.log")
        await child.finish(program.ready_within_seconds)

    async def kill(self, name: str) -> None:
        """SIGKILL one child; it stays known and can be restarted."""
        self._expected_dead.add(name)
        await self._children[name].kill()

    async def restart(self, name: str) -> None:
        """Start one child again, as it was started first; a living one is stopped before."""
        self._expected_dead.add(name)
        await self._children[name].stop()
        await self.start(self._programs[name])

    async def stop(self, names: Collection[str]) -> None:
        """Stop these, where they run, side by side: no longer than the slowest of them."""
        chosen = self._children.keys() & names
        self._expected_dead.update(chosen)
        await asyncio.gather(*(self._children[name].stop() for name in chosen))

    def check(self) -> None:
        """Refuses when a child has died that nobody killed."""
        for name, child in self._children.items():
            if name not in self._expected_dead:
                refuse_death(child)


def refuse_death(child: Child) -> None:
    """Refuses when this child has ended."""
    if child.exit_code is not None:
        raise ChildDiedError(child.name, child.exit_code, child.log)


async def together(*work: Coroutine[Any, Any, object]) -> None:
    """Do this side by side; the first failure cancels the rest and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for piece in work:
                group.create_task(piece)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def until(holds: Callable[[], bool], within_seconds: float) -> None:
    """Wait until a condition holds; `TimeoutError` when it does not in time."""
    deadline = time.monotonic() + within_seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(PAUSE_SECONDS)


def last_lines(log: Path, count: int = LAST_LINES) -> str:
    """The end of a log, for a person to read."""
    if not log.exists():
        return "    (no log)"
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(f"    {line}" for line in lines) or "    (empty)"


def plain_environment() -> dict[str, str]:
    """What every child may know of the terminal it was started from: no secret is among it."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ}


@contextlib.asynccontextmanager
async def _http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        yield session


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
