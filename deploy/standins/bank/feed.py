"""The bank's feed: makes files, and delivers each until the receiver takes or refuses it.

A file is a row first (`making`), then bytes on disk (`waiting`), then `delivered` or `refused`.
Whatever was under way when the program died is made again with the same bytes and delivered
again.
"""

import asyncio
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import aiohttp

from deploy.standins.bank import camt
from deploy.standins.books import Books, now_text

REFUSED_FOR_GOOD = (409, 422)
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
DELIVERY_SECONDS = 900


class Feed:
    """Delivers the files of one bank to one receiver."""

    def __init__(
        self, books: Books, account: camt.Account, url: str | None, token: str | None
    ) -> None:
        self.books, self.account = books, account
        self.url, self.token = url, token
        self._folder = books.folder / "files"
        self._folder.mkdir(exist_ok=True)
        self._news = asyncio.Event()
        self._making = asyncio.Lock()

    def path(self, name: str) -> Path:
        """Where a file's bytes are kept."""
        return self._folder / name

    def wake(self) -> None:
        """There is something to deliver: do not finish the pause."""
        self._news.set()

    async def make(self) -> None:
        """Write every opened file to disk, whole or not at all."""
        async with self._making:
            for file in await self._files("making"):
                size, digest = await self.books.read_at_length(
                    lambda books, file=file: self._write(books, file)  # type: ignore[misc]
                )
                await self.books.write(_made(file["id"], size, digest))
        self.wake()

    def _write(self, books: sqlite3.Connection, file: sqlite3.Row) -> tuple[int, str]:
        path = self.path(file["name"])
        half = path.with_suffix(".half")
        with half.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as out:
            camt.write(out, books, file, mark=self.books.mark, account=self.account)
            out.flush()
            os.fsync(out.fileno())
        half.replace(path)
        with path.open("rb") as made:
            return path.stat().st_size, hashlib.file_digest(made, "sha256").hexdigest()

    async def run(self) -> None:
        """Deliver what waits, for ever; a failure is tried again with growing pauses."""
        timeout = aiohttp.ClientTimeout(total=DELIVERY_SECONDS, connect=5)
        pause = FIRST_PAUSE_SECONDS
        async with aiohttp.ClientSession(timeout=timeout) as session:
            await self.make()
            while True:
                self._news.clear()
                failed = False
                for file in await self._files("waiting"):
                    failed |= not await self._deliver(session, file)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS) if failed else FIRST_PAUSE_SECONDS
                await self._pause(pause if failed else None)

    async def _pause(self, seconds: float | None) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return

    async def _files(self, status: str) -> list[sqlite3.Row]:
        return await self.books.read(
            lambda books: books.execute(
                "SELECT * FROM files WHERE status = ? ORDER BY id", (status,)
            ).fetchall()
        )

    async def _deliver(self, session: aiohttp.ClientSession, file: sqlite3.Row) -> bool:
        """Try once; True when the file is done with."""
        if file["drop_folder"]:
            status, answer = await asyncio.to_thread(self._drop, file)
        elif self.url:
            status, answer = await self._post(session, file, self.url)
        else:
            return True  # nobody to deliver to: it waits until the program is started with one
        outcome = (
            "delivered"
            if 200 <= status < 300
            else "refused"
            if status in REFUSED_FOR_GOOD
            else None
        )
        await self.books.write(_tried(file["id"], status, answer, outcome))
        return outcome is not None

    async def _post(
        self, session: aiohttp.ClientSession, file: sqlite3.Row, url: str
    ) -> tuple[int, str]:
        headers = {"Content-Type": "application/xml", "X-File-Name": file["name"]}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            with self.path(file["name"]).open("rb") as body:
                async with session.post(url, data=body, headers=headers) as answer:
                    return answer.status, (await answer.text(errors="replace"))[:2000]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return 0, f"{type(error).__name__}: {error}"[:2000]

    def _drop(self, file: sqlite3.Row) -> tuple[int, str]:
        folder = Path(file["drop_folder"])
        half = folder / f".{file['name']}.half"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self.path(file["name"]).open("rb") as source, half.open("wb") as copy:
                shutil.copyfileobj(source, copy)
                copy.flush()
                os.fsync(copy.fileno())
            half.replace(folder / file["name"])
        except OSError as error:
            return 0, str(error)
        return 201, f"dropped in {folder}"


def _made(file_id: int, size: int, digest: str) -> Callable[[sqlite3.Connection], None]:
    def work(books: sqlite3.Connection) -> None:
        books.execute(
            "UPDATE files SET status = 'waiting', size = ?, sha256 = ? WHERE id = ?",
            (size, digest, file_id),
        )

    return work


def _tried(
    file_id: int, status: int, answer: str, outcome: str | None
) -> Callable[[sqlite3.Connection], None]:
    def work(books: sqlite3.Connection) -> None:
        last = books.execute(
            "SELECT id, status, answer FROM deliveries WHERE file_id = ? ORDER BY id DESC LIMIT 1",
            (file_id,),
        ).fetchone()
        if outcome is None and last and (last["status"], last["answer"]) == (status, answer):
            return  # the same trouble again says nothing new
        books.execute(
            "INSERT INTO deliveries (file_id, at, status, answer) VALUES (?, ?, ?, ?)",
            (file_id, now_text(), status, answer),
        )
        if outcome:
            books.execute("UPDATE files SET status = ? WHERE id = ?", (outcome, file_id))

    return work
