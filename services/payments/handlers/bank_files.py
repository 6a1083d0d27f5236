"""Files that lie in PostgreSQL are worked through: controlled in one pass, booked in a second.

What the first pass has read of a file is not read again, unless the file is too large to hold. A
thread reads it out of its chunks, one batch ahead, so that the event loop never waits for XML; two
transactions book at the same time, each with its own batch and its position. One message books; the
other only controls: what it tells of is compared with what was booked.
"""

import asyncio
import contextlib
import io
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from time import monotonic
from typing import Any, BinaryIO, cast
from uuid import UUID

import structlog

from plumbing.clock import real_now
from plumbing.logs import shown
from plumbing.transaction import PAUSES, Database, Transaction, is_trouble
from services.payments import bank_file, pain002
from services.payments.domain.incoming import Hold, IncomingPayment, OutgoingDebit, Validation
from services.payments.handlers import booking, comparing, entries, intake, payouts
from services.payments.handlers.intake import Item
from services.payments.store import intake as store

log = structlog.get_logger()

BATCH = 1_500
"""Items in one booking transaction."""
AT_ONCE = 2
"""Booking transactions under way; more wait for the same two cores."""
AHEAD_BYTES = 32 * 1024 * 1024
"""Up to here a file is read while it is controlled; more is too much to hold."""
LONGEST_PAUSE = timedelta(minutes=1)
LEFT_BEHIND = timedelta(hours=1)
"""Chunks of an upload that broke off are dropped after this long."""

Fetch = Callable[[int], Coroutine[Any, Any, bytes]]


@dataclass
class BankFiles:
    """Works through stored files, one at a time in each process; `wake` says that one has come."""

    database: Database
    rules: intake.Rules = field(default_factory=intake.Rules)
    ahead: intake.ReadAhead = field(default_factory=intake.ReadAhead)
    poll: float = 0.5
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Work for ever; a file that fails waits with its reason while others go on."""
        swept_at = monotonic() - LEFT_BEHIND.total_seconds()
        while True:
            self.wake.clear()
            try:
                if monotonic() - swept_at >= LEFT_BEHIND.total_seconds():
                    await self.sweep()
                    swept_at = monotonic()
                worked = await self.work()
            except Exception as error:
                # Nothing of a file may stop the service: what is no trouble is shown as an error.
                tell = log.warning if is_trouble(error) else log.error
                tell("bank_files_wait", error=type(error).__name__, exc_info=not is_trouble(error))
                await asyncio.sleep(1)
                continue
            if not worked:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.wake.wait(), self.poll)

    async def work(self) -> bool:
        """Bring one file to its end; False when there is none that may go on."""
        async with self.database.transaction() as tx:
            files = await store.open_files(tx, real_now())
        for file_id, attempts in files:
            async with store.locked(self.database, file_id) as got:
                if got:
                    await self._go_on(file_id, attempts)
                    return True
        return False

    async def sweep(self) -> None:
        """Drop what uploads left behind that broke off."""
        async with self.database.transaction() as tx:
            await store.sweep(tx, real_now() - LEFT_BEHIND)

    async def validate(self, file_id: UUID) -> None:
        """First pass, unless it has been made."""
        async with self.database.transaction() as tx:
            row = await store.read_file(tx, file_id)
        if row is None or row["state"] != "received":
            return
        with self._opened(file_id) as file:
            if row["bytes"] <= AHEAD_BYTES:
                found, items = await asyncio.to_thread(bank_file.control, cast(BinaryIO, file))
                self.ahead.keep(file_id, items)
            else:
                found = await asyncio.to_thread(bank_file.validate, cast(BinaryIO, file))
            file.check()
        async with self.database.transaction() as tx:
            state = await intake.note_validation(tx, file_id, found, self.rules)
        log.info("bank_file_validated", file_id=str(file_id), state=state)

    async def _go_on(self, file_id: UUID, attempts: int) -> None:
        try:
            await self.validate(file_id)
            await self._book(file_id)
        except Exception as error:
            if is_trouble(error):
                raise
            log.error("bank_file_stuck", file_id=str(file_id), exc_info=error)
            pause = min(LONGEST_PAUSE, timedelta(seconds=2**attempts))
            trouble = intake.tidy(f"{type(error).__name__}: {shown(error)}")
            async with self.database.transaction() as tx:
                await store.note_trouble(tx, file_id, trouble, real_now() + pause)

    async def _book(self, file_id: UUID) -> None:
        """Second pass, from where it stopped."""
        async with self.database.transaction() as tx:
            row = await store.read_file(tx, file_id)
            if row is None or row["state"] not in ("validated", "booking"):
                return
            await store.set_state(tx, file_id, "booking")
            ranges = await store.booked_ranges(tx, file_id)
        if row["role"] == intake.ANSWERS:
            return await self._hear(file_id)
        held = {int(entry): Hold[name] for entry, name in row["held_entries"].items()}
        accepted = Validation(format=row["format"], held_entries=held)
        work = self._book_batch if row["role"] == "books" else self._compare_batch
        with self._opened(file_id) as file:
            start_at = ranges[0][1] if ranges and ranges[0][0] == 0 else 0
            items = self._items(file_id, file, accepted, start_at)
            batches = unbooked(items, start_at, ranges)
            del items  # the reading thread alone keeps it, and frees it
            await _pipeline(batches, lambda at, batch: _patiently(lambda: work(file_id, at, batch)))
        async with self.database.transaction() as tx:
            await store.set_state(tx, file_id, "booked")
        log.info("bank_file_booked", file_id=str(file_id), role=row["role"])

    async def _hear(self, file_id: UUID) -> None:
        """What the bank says of payment orders after it took them, all of it at once."""
        self.ahead.take(file_id)
        with self._opened(file_id) as file:
            report = await asyncio.to_thread(pain002.read, cast(BinaryIO, file))
        async with self.database.transaction() as tx:
            unheard = await payouts.hear_report(tx, report)
            await store.note_problems(tx, file_id, [store.Difference(0, one) for one in unheard])
            await store.set_state(tx, file_id, "booked")
        log.info("bank_answer_heard", file_id=str(file_id), status=report.status.code)

    def _items(
        self, file_id: UUID, file: "ChunkFile", accepted: Validation, start_at: int
    ) -> Iterator[Item]:
        """The items of a file, as they were read ahead or else from its chunks."""
        if (known := self.ahead.take(file_id)) is not None:
            return islice(known, start_at, None)
        return bank_file.read(cast(BinaryIO, file), accepted, start_at=start_at)

    async def _book_batch(self, file_id: UUID, start_at: int, items: Sequence[Item]) -> None:
        credits = [item for item in items if isinstance(item, IncomingPayment)]
        debits = [item for item in items if isinstance(item, OutgoingDebit)]
        async with self.database.transaction() as tx:
            settled = await _settle(tx, debits, file_id, start_at)
            batch = store.Batch(start_at, len(items), settled=settled)
            if credits:
                credits = await entries.judged(
                    tx, credits, self.rules.own, file_id=file_id, start_at=start_at
                )
                done = await booking.book(tx, credits, file_id=file_id)
                if done.duplicates:
                    problems, others = await comparing.contradictions(tx, credits, file_id)
                    await store.note_problems(tx, file_id, problems)
                    if others:
                        done = done.but(await booking.book(tx, others, file_id=file_id))
                batch = store.Batch(
                    start_at,
                    len(items),
                    done.booked,
                    done.duplicates,
                    done.matched,
                    done.unmatched,
                    done.held,
                    done.booked_ore,
                    settled,
                )
            await store.keep_batch(tx, file_id, batch)

    async def _compare_batch(self, file_id: UUID, start_at: int, items: Sequence[Item]) -> None:
        """Note what the controlling message tells of and the booking one did not, or otherwise.

        A debit is what ends a payout, whichever message shows it first (bank-formats.md 5.4).
        """
        credits = [item for item in items if isinstance(item, IncomingPayment)]
        debits = [item for item in items if isinstance(item, OutgoingDebit)]
        async with self.database.transaction() as tx:
            settled = await _settle(tx, debits, file_id, start_at)
            problems = (
                await comparing.differences(tx, credits, self.rules.own, file_id=file_id)
                if credits
                else []
            )
            await store.note_problems(tx, file_id, problems)
            batch = store.Batch(start_at, len(items), settled=settled)
            await store.keep_batch(tx, file_id, batch)

    @contextlib.contextmanager
    def _opened(self, file_id: UUID) -> Iterator["ChunkFile"]:
        async def fetch(n: int) -> bytes:
            return await store.read_chunk(self.database, file_id, n)

        file = ChunkFile(fetch, asyncio.get_running_loop())
        try:
            yield file
        finally:
            file.close()


async def _settle(
    tx: Transaction, debits: Sequence[OutgoingDebit], file_id: UUID, start_at: int
) -> int:
    if not debits:
        return 0
    unseen = await entries.unseen(tx, debits)
    ended = await payouts.settle_debits(tx, unseen, file_id=file_id)
    await entries.keep_debits(tx, ended.debits, file_id=file_id, start_at=start_at)
    return ended.payouts


def unbooked(
    items: Iterator[Item], start_at: int, ranges: Sequence[tuple[int, int]]
) -> Generator[tuple[int, list[Item]], None, None]:
    """Cut items, the first of which has position `start_at`, into batches of what is not booked.

    A batch never reaches over what is booked already, so that its items are one stretch.
    """
    at, batch, position = start_at, list[Item](), start_at
    skipped = iter(ranges)
    first, after = next(skipped, (-1, -1))
    for item in items:
        while 0 <= after <= position:
            first, after = next(skipped, (-1, -1))
        if not first <= position < after:
            if not batch:
                at = position
            batch.append(item)
        if batch and (len(batch) == BATCH or position + 1 != at + len(batch)):
            yield at, batch
            batch = []
        position += 1
    if batch:
        yield at, batch


async def _pipeline(
    batches: Generator[tuple[int, list[Item]], None, None],
    work: Callable[[int, list[Item]], Coroutine[Any, Any, None]],
) -> None:
    """Work on batches, a few at a time, while one thread reads the next.

    Always the same thread, from the first read to the end: a parser that changes threads crashes.
    """
    loop = asyncio.get_running_loop()
    reader = ThreadPoolExecutor(1, "bank-file")
    under_way: set[asyncio.Task[None]] = set()
    ahead = loop.run_in_executor(reader, next, batches, None)
    try:
        while (batch := await ahead) is not None:
            ahead = loop.run_in_executor(reader, next, batches, None)
            if len(under_way) == AT_ONCE:
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            under_way.add(asyncio.create_task(work(*batch)))
        await asyncio.gather(*under_way)
    finally:
        ahead.cancel()
        reader.submit(batches.close)
        reader.shutdown(wait=False)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _patiently(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do a batch, again after trouble; a deadlock of two batches ends so."""
    for pause in PAUSES:
        try:
            return await work()
        except Exception as error:
            if not is_trouble(error):
                raise
            log.warning("bank_file_batch_again", error=type(error).__name__)
            await asyncio.sleep(pause)
    return await work()


class ChunkFile(io.RawIOBase):
    """A stored file as a thread reads it: chunks are fetched by the event loop, one ahead.

    `close` makes a thread that still reads give up; it is called in the event loop.
    """

    def __init__(self, fetch: Fetch, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._fetch, self._loop = fetch, loop
        self._chunk, self._at = memoryview(b""), 0
        self._given_up = False
        self._failure: BaseException | None = None
        self._turn(0)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read again from its beginning."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to the beginning; nowhere else."""
        assert (offset, whence) == (0, io.SEEK_SET), "only the beginning can be gone to"
        self._coming.cancel()
        self._chunk, self._at = memoryview(b""), 0
        self._turn(0)
        return 0

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what is left of the chunk."""
        if self._at == len(self._chunk):
            self._chunk, self._at = memoryview(self._wait()), 0
            if self._chunk:
                self._turn(self._n + 1)
        part = self._chunk[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def check(self) -> None:
        """Raise what kept a chunk from being read: that says nothing of the file."""
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Give up, also in the thread."""
        self._given_up = True
        self._coming.cancel()
        super().close()

    def _turn(self, n: int) -> None:
        self._n = n
        fetched = self._fetch(n)
        self._coming: Future[bytes] = cast(
            Future[bytes], asyncio.run_coroutine_threadsafe(fetched, self._loop)
        )
        if self._given_up:
            self._coming.cancel()

    def _wait(self) -> bytes:
        try:
            return self._coming.result()
        except BaseException as error:
            self._failure = error
            raise
