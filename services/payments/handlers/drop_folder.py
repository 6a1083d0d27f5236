"""Files that a bank leaves in a folder: taken when they are whole, then moved out of the way.

A file is whole when it has its name: whoever leaves it writes it under another one (a leading dot,
`.tmp`, `.part`) and renames it. It is moved only after it has been stored, so that a crash between
the two stores it again, which changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from plumbing.transaction import is_trouble
from services.payments.handlers import intake
from services.payments.handlers.bank_files import BankFiles

log = structlog.get_logger()

UNFINISHED = (".tmp", ".part", ".half", ".filepart", ".crdownload")
READ_BYTES = 1024 * 1024


@dataclass
class DropFolder:
    """Watches one folder. Taken files go to `taken/`, those with mistakes to `refused/`."""

    folder: Path
    files: BankFiles
    poll: float = 1.0

    async def run(self) -> None:
        """Take what lies there, for ever."""
        while True:
            try:
                await self.take_all()
            except Exception as error:
                if not is_trouble(error):
                    raise
                log.warning("drop_folder_waits", error=type(error).__name__)
            await asyncio.sleep(self.poll)

    async def take_all(self) -> int:
        """Take every whole file, by name; returns how many."""
        found = await asyncio.to_thread(self._whole_files)
        for path in found:
            await self._take(path)
        return len(found)

    async def waiting(self) -> int:
        """Whole files not yet taken, for which quiet waits."""
        return len(await asyncio.to_thread(self._whole_files))

    def _whole_files(self) -> list[Path]:
        self.folder.mkdir(parents=True, exist_ok=True)
        return sorted(
            path
            for path in self.folder.iterdir()
            if path.is_file()
            and not path.name.startswith(".")
            and path.suffix.lower() not in UNFINISHED
        )

    async def _take(self, path: Path) -> None:
        try:
            got = await intake.receive(
                self.files.database,
                _read(path),
                name=path.name,
                rules=self.files.rules,
                ahead=self.files.ahead,
            )
        except intake.TooLargeError:
            log.error("dropped_file_too_large", name=path.name)
            await asyncio.to_thread(_move, path, "refused")
            return
        except FileNotFoundError:
            return  # another process was faster
        self.files.wake.set()
        log.info("dropped_file_taken", file_id=str(got.file_id), state=got.state)
        await asyncio.to_thread(_move, path, "refused" if got.state == "refused" else "taken")


async def _read(path: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    with file:
        while part := await asyncio.to_thread(file.read, READ_BYTES):
            yield part


def _move(path: Path, where: str) -> None:
    folder = path.parent / where
    folder.mkdir(exist_ok=True)
    target, number = folder / path.name, 0
    while target.exists():
        number += 1
        target = folder / f"{path.stem}.{number}{path.suffix}"
    try:
        path.rename(target)
    except FileNotFoundError:
        log.info("dropped_file_gone", name=path.name)
