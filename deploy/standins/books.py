"""The durable records of one outside party: an SQLite file that has what was accepted, or nothing.

A write is a function of a connection. Writes that arrive together share one commit and one disk
flush, yet each stands or falls alone; when `write` returns, the records survive a SIGKILL and a
power cut. The party's day lives here too, as a distance to the real Swedish day, so a moved day
goes on at midnight and survives a restart.
"""

import asyncio
import secrets
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

SWEDEN = ZoneInfo("Europe/Stockholm")
T = TypeVar("T")
WRITES_PER_COMMIT = 500
SETTINGS = "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)"

Outcome = tuple[Any, BaseException | None]


class Books:
    """One folder's records: `write` and `read` take a function of an `sqlite3.Connection`."""

    def __init__(self, folder: Path, schema: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._path = folder / "records.sqlite"
        self._writer = self._open()
        self._writer.executescript(schema)
        self._writer.execute(SETTINGS)
        # Tells the numbers of one folder from those of another that is started afresh.
        self._writer.execute(
            "INSERT OR IGNORE INTO settings VALUES ('mark', ?)", (secrets.token_hex(3).upper(),)
        )
        self.mark = str(setting(self._writer, "mark"))
        self._reader = self._open()
        self._reader.execute("PRAGMA query_only = ON")
        self._writing = ThreadPoolExecutor(1, "write")
        self._reading = ThreadPoolExecutor(1, "read")
        self._waiting: list[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]] = []
        self._flushing: asyncio.Task[None] | None = None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA busy_timeout = 60000")
        return connection

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Carry out one unit of work: on disk when this returns, or it raised and left no trace."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return await future

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Read in one consistent view."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reading, in_one_view, self._reader, work)

    async def read_at_length(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Read something long on a connection of its own, so that no page waits for it."""
        return await asyncio.to_thread(self._read_alone, work)

    def _read_alone(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._open()
        try:
            return in_one_view(connection, work)
        finally:
            connection.close()

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = self._waiting[:WRITES_PER_COMMIT]
            del self._waiting[:WRITES_PER_COMMIT]
            works = [work for work, _ in batch]
            outcomes = await loop.run_in_executor(self._writing, self._commit, works)
            for (_, future), (value, error) in zip(batch, outcomes, strict=True):
                if future.cancelled():
                    continue
                if error is None:
                    future.set_result(value)
                else:
                    future.set_exception(error)

    def _commit(self, works: list[Callable[[sqlite3.Connection], Any]]) -> list[Outcome]:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            outcomes = [self._carry_out(work) for work in works]
            self._writer.execute("COMMIT")
        except Exception as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            return [(None, error)] * len(works)
        return outcomes

    def _carry_out(self, work: Callable[[sqlite3.Connection], Any]) -> Outcome:
        self._writer.execute("SAVEPOINT one")
        try:
            value = work(self._writer)
        except Exception as error:
            self._writer.execute("ROLLBACK TO one")
            self._writer.execute("RELEASE one")
            return None, error
        self._writer.execute("RELEASE one")
        return value, None

    def close(self) -> None:
        """Let what is under way finish, and close the file."""
        self._writing.shutdown()
        self._reading.shutdown()
        self._writer.close()
        self._reader.close()


def in_one_view(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run `work` against one snapshot of the records."""
    connection.execute("BEGIN")
    try:
        return work(connection)
    finally:
        connection.execute("COMMIT")


def setting(connection: sqlite3.Connection, name: str) -> str | None:
    """A remembered value, or None."""
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["value"])


def remember(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Remember a value under a name."""
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))


def real_today() -> date:
    """The Swedish calendar day of the real clock."""
    return datetime.now(SWEDEN).date()


def today(connection: sqlite3.Connection) -> date:
    """The party's day: the real one, moved by what `move_clock` last asked."""
    return real_today() + timedelta(days=int(setting(connection, "clock_offset_days") or 0))


def move_clock(connection: sqlite3.Connection, day: date) -> None:
    """Let it be `day` now; tomorrow it is the day after."""
    remember(connection, "clock_offset_days", str((day - real_today()).days))


def now_text() -> str:
    """The real instant in Swedish time, ISO 8601 with its offset."""
    return datetime.now(SWEDEN).isoformat(timespec="milliseconds")
