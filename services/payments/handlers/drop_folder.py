"""Files that a bank leaves in a folder: taken when they are whole, then moved out of the way.

A file is whole when it has its name: whoever leaves it writes it under another one (a leading dot,
`.tmp`, `.part`) and renames it. It is moved only after it has been stored, so that a crash between
the two stores it again, which changes nothing.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import structlog

from plumbing.transaction import is_trouble
from services.payments.handlers import intake
from services.payments.handlers.bank_files import BankFiles

log = structlog.get_logger()

UNFINISHED = (".tmp", ".part", ".half", ".filepart", ".crdownload")
READ_BYTES = 1024 * 1024
MOST_NAME_BYTES = 255


class UnreadableError(Exception):
    """The file itself cannot be read: whose fault that is, its neighbours are taken."""


@dataclass
class DropFolder:
    """Watches one folder. Taken files go to `taken/`, those with mistakes to `refused/`.

    One file, whatever its name, rights or bytes, never keeps the others from being taken.
    """

    folder: Path
    files: BankFiles
    poll: float = 1.0
    _left: set[tuple[str, int]] = field(default_factory=set)
    """Files (name and inode) that can be neither read nor moved: said once, then passed over."""

    async def run(self) -> None:
        """Take what lies there, for ever."""
        while True:
            try:
                await self.take_all()
            except Exception as error:
                tell = log.warning if is_trouble(error) else log.error
                tell(
                    "drop_folder_waits",
                    error=type(error).__name__,
                    exc_info=not is_trouble(error),
                )
            await asyncio.sleep(self.poll)

    async def take_all(self) -> int:
        """Take every whole file, by name; returns how many."""
        taken = 0
        for path, mark in await asyncio.to_thread(self._whole_files):
            if mark not in self._left:
                taken += await self._take(path, mark)
        return taken

    async def waiting(self) -> int:
        """Whole files not yet taken, for which quiet waits; not those left with a reason."""
        found = await asyncio.to_thread(self._whole_files)
        return sum(mark not in self._left for _, mark in found)

    def _whole_files(self) -> list[tuple[Path, tuple[str, int]]]:
        self.folder.mkdir(parents=True, exist_ok=True)
        found = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                unfinished = Path(entry.name).suffix.lower() in UNFINISHED
                if not entry.name.startswith(".") and not unfinished and entry.is_file():
                    found.append((Path(entry.path), (entry.name, entry.inode())))
        return sorted(found)

    async def _take(self, path: Path, mark: tuple[str, int]) -> bool:
        name = intake.tidy(path.name)
        reason: str | None = None
        try:
            got = await intake.receive(
                self.files.database,
                _read(path),
                name=name,
                rules=self.files.rules,
                ahead=self.files.ahead,
            )
            if got.state == "refused":
                reason = "; ".join(f"line {one.line}: {one.reason}" for one in got.problems)
            self.files.wake.set()
            log.info("dropped_file_taken", file_id=str(got.file_id), state=got.state)
        except FileNotFoundError:
            return False  # another process was faster
        except intake.TooLargeError:
            reason = f"it is larger than {self.files.rules.most_bytes} bytes"
        except Exception as error:
            if is_trouble(error):
                raise
            reason = f"it cannot be taken: {intake.tidy(str(error)) or type(error).__name__}"
            log.error("dropped_file_not_taken", name=name, reason=reason)
        try:
            await asyncio.to_thread(_move, path, reason)
        except OSError as error:
            self._left.add(mark)
            log.error("dropped_file_not_moved", name=name, error=type(error).__name__)
        return True


async def _read(path: Path) -> AsyncIterator[bytes]:
    try:
        file = await asyncio.to_thread(path.open, "rb")
        with file:
            while part := await asyncio.to_thread(file.read, READ_BYTES):
                yield part
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableError(error.strerror or type(error).__name__) from error


def _move(path: Path, reason: str | None) -> None:
    """Move a file out of the way; beside a refused one lies why."""
    folder = path.parent / ("taken" if reason is None else "refused")
    folder.mkdir(exist_ok=True)
    target = _free(folder, path.stem, path.suffix)
    try:
        path.rename(target)
    except FileNotFoundError:
        log.info("dropped_file_gone", name=intake.tidy(path.name))
        return
    if reason is not None:
        beside = _free(folder, target.name, ".reason")
        beside.write_text(reason + "\n", encoding="utf-8")


def _free(folder: Path, stem: str, ending: str) -> Path:
    """A name that nothing has there: numbered if need be, and cut to what a folder takes."""
    for number in count():
        last = f".{number}{ending}" if number else ending
        kept = os.fsencode(stem)[: MOST_NAME_BYTES - len(os.fsencode(last))]
        place = folder / (os.fsdecode(kept) + last)
        if not place.exists():
            break
    return place
