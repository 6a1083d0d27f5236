"""A file comes in from the bank: kept in chunks while it streams, known by the hash of its bytes.

Small files are controlled before the sender gets his answer, so that he hears at once what is
wrong; large ones are only kept, and controlled afterwards (`bank_files`). What is read of a file
while it is controlled need not be read again to be booked (`ReadAhead`). A refused file is kept
with its reasons, like every other.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from uuid import UUID

import structlog

from contracts.ids import new_id
from plumbing.transaction import Database, Transaction, is_trouble
from services.payments import bank_file
from services.payments.domain.incoming import (
    IncomingPayment,
    OutgoingDebit,
    Problem,
    Statement,
    Validation,
)
from services.payments.handlers.entries import EVERYTHING, Ours
from services.payments.store import intake as store

log = structlog.get_logger()

CHUNK_BYTES = 1024 * 1024
SMALL_BYTES = 8 * 1024 * 1024
"""Up to here a file is controlled before the answer; takes a quarter of a second."""
LONGEST_NAME = 200
ANSWERS = "answers"
"""What a file does that says what became of payment orders."""
MOST_MISSING = 31
"""Missing statements that are named, of a gap."""

Item = IncomingPayment | OutgoingDebit


class TooLargeError(Exception):
    """More bytes came than the house takes in one file."""


class BrokeOffError(Exception):
    """The file came in so slowly that its beginning was taken for an upload that broke off."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a file that was sent."""

    file_id: UUID
    state: str
    duplicate: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What an installation decides of files: which message books payments, and the largest file."""

    books: str = "camt.054"
    """The other message only controls (bank-formats.md 4.3): a payment comes in both."""
    most_bytes: int = 2 * 1024**3
    own: Ours = EVERYTHING
    """Whose money is ours; the default asks nothing."""

    def role_of(self, found: Validation) -> str:
        """What an accepted file does."""
        if found.format.startswith("pain.002"):
            return ANSWERS
        return "books" if found.format.startswith(self.books) else "controls"


@dataclass
class ReadAhead:
    """Items of files that were controlled in this process, until it books them.

    It spares reading a file twice, no more: what is not here is read from the stored file.
    """

    most: int = 100_000
    """Items of all files together, about 60 MB; the oldest files give way."""
    _items: dict[UUID, Sequence[Item]] = field(default_factory=dict)

    def keep(self, file_id: UUID, items: Sequence[Item]) -> None:
        """Keep a file's items if there is room for them at all."""
        if len(items) > self.most:
            return
        self._items[file_id] = items
        while sum(map(len, self._items.values())) > self.most:
            del self._items[next(iter(self._items))]

    def take(self, file_id: UUID) -> Sequence[Item] | None:
        """Give and forget a file's items; None where they are not known."""
        return self._items.pop(file_id, None)


async def receive(
    database: Database,
    stream: AsyncIterator[bytes],
    *,
    name: str,
    rules: Rules,
    ahead: ReadAhead,
) -> Received:
    """Keep a file; raises `TooLargeError`. Equal bytes change nothing and give the earlier file.

    Each chunk is a transaction of its own: a slow sender holds no transaction open. What the file
    says can stop nothing: a file whose control cannot be written is kept, to be looked at.
    """
    file_id = new_id()
    digest = hashlib.sha256()
    whole, size, chunks = bytearray(), 0, 0
    async for chunk in _chunks(stream):
        size += len(chunk)
        if size > rules.most_bytes:
            await _forget(database, file_id)
            raise TooLargeError
        digest.update(chunk)
        if size <= SMALL_BYTES:
            whole += chunk
        async with database.transaction() as tx:
            await store.keep_chunk(tx, file_id, chunks, chunk)
        chunks += 1
    found, items = None, list[Item]()
    if size <= SMALL_BYTES:
        found, items = await asyncio.to_thread(bank_file.control, BytesIO(whole))
    arrived = Arrived(file_id, tidy(name), digest.digest(), size, chunks)
    try:
        got = await _keep(database, arrived, found, rules)
    except (OSError, BrokeOffError):
        raise
    except Exception as error:
        if found is None or is_trouble(error):
            raise
        log.error("bank_file_not_controlled", file_id=str(file_id), exc_info=error)
        return await _keep(database, arrived, None, rules)
    if got.state == "validated" and not got.duplicate:
        ahead.keep(file_id, items)
    return got


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file all of whose chunks are kept."""

    file_id: UUID
    name: str
    digest: bytes
    size: int
    chunks: int


async def _keep(
    database: Database, arrived: Arrived, found: Validation | None, rules: Rules
) -> Received:
    """Make chunks a file, with what was found in it if it is small."""
    async with database.transaction() as tx:
        kept = await store.keep_file(
            tx,
            arrived.file_id,
            name=arrived.name,
            digest=arrived.digest,
            size=arrived.size,
            chunks=arrived.chunks,
        )
        if not kept:
            await store.forget_chunks(tx, arrived.file_id)
            return await _known(tx, arrived.digest)
        if await store.count_chunks(tx, arrived.file_id) != arrived.chunks:
            raise BrokeOffError
        if found is None:
            return Received(arrived.file_id, "received")
        state = await note_validation(tx, arrived.file_id, found, rules)
    return Received(arrived.file_id, state, problems=found.problems)


async def _known(tx: Transaction, digest: bytes) -> Received:
    """Give the file with the same bytes; of a refused one also why."""
    earlier = await store.find_file(tx, digest)
    assert earlier is not None, "files are never deleted"
    file_id, state = earlier
    shown = await store.show_file(tx, file_id) if state == "refused" else None
    problems = tuple(Problem(row["line"], row["reason"]) for row in shown[1]) if shown else ()
    return Received(file_id, state, duplicate=True, problems=problems)


def tidy(name: str) -> str:
    """A file's name as text that can be kept: of bytes that are no UTF-8 a mark is left."""
    readable = name.encode("utf-8", "replace").decode("utf-8")
    return "".join(one if one.isprintable() else "?" for one in readable)[:LONGEST_NAME]


async def note_validation(tx: Transaction, file_id: UUID, found: Validation, rules: Rules) -> str:
    """Write what the first pass found, and compare statements with those before; the new state."""
    state = "validated" if found.accepted else "refused"
    noted = await store.note_validation(
        tx,
        file_id,
        {
            "state": state,
            "role": rules.role_of(found) if found.accepted else None,
            "format": found.format,
            "message_id": found.message_id,
            "payments": found.counts.payments,
            "debits": found.counts.debits,
            "entries": found.counts.entries,
            "not_booked": found.counts.entries_not_booked,
            "credits_ore": found.sums.credits_ore,
            "debits_ore": found.sums.debits_ore,
            "held_entries": json.dumps(
                {str(entry): hold.name for entry, hold in found.held_entries.items()}
            ),
            "ended_on": None if found.accepted else tx.today,
        },
    )
    if noted:
        problems = [store.Difference(problem.line, problem.reason) for problem in found.problems]
        if found.accepted:
            problems += await _gaps(tx, found)
            problems += [
                store.Difference(0, f"the account {one.account} is not one of ours")
                for one in found.statements
                if not rules.own.has(one.account)
            ]
            await _keep_statements(tx, file_id, found)
        await store.note_problems(tx, file_id, problems)
    return state


async def _keep_statements(tx: Transaction, file_id: UUID, found: Validation) -> None:
    rows = [
        (
            one.id,
            one.account,
            one.currency,
            _number(one),
            one.opening_ore,
            one.closing_ore,
            one.year,
        )
        for one in found.statements
    ]
    await store.note_statements(tx, file_id, rows)
    numbered = [(one, _number(one)) for one in found.statements]
    came = [_name(found, one, number) for one, number in numbered if number is not None]
    await store.statements_came(tx, came)


async def _gaps(tx: Transaction, found: Validation) -> list[store.Difference]:
    """Say where a statement is missing, or does not go on from the one before it."""
    known: dict[str, tuple[int, int | None, int | None]] = {}
    said = []
    for statement in sorted(
        found.statements, key=lambda one: (one.account, one.year or 0, _number(one) or 0)
    ):
        number, account = _number(statement), statement.account
        if number is None:
            continue
        before = known.get(account) or await store.statement_before(
            tx, account, number, year=statement.year, message=found.format[:8]
        )
        known[account] = (number, statement.closing_ore, statement.year)
        if before is None:
            continue
        missing = missing_between(before[0], before[2], number, statement.year)
        said += [
            store.Difference(
                0,
                f"statement {one} of the account {account} has not come",
                statement=_name(found, statement, one),
            )
            for one in missing[:MOST_MISSING]
        ]
        opens_with = statement.opening_ore
        if not missing and opens_with is not None and before[1] not in (None, opens_with):
            reason = f"statement {number} does not open with what statement {before[0]} closed with"
            said.append(store.Difference(0, reason))
    return said


def missing_between(last: int, last_year: int | None, number: int, year: int | None) -> range:
    """The numbers that should have come since the last one; some banks begin anew each year."""
    if number > last:
        return range(last + 1, number)
    return range(1, number) if last_year != year else range(0)


def _name(found: Validation, statement: Statement, number: int) -> str:
    """A statement as a gap names it: message, account, year and number."""
    return f"{found.format[:8]} {statement.account} {statement.year or ''} {number}"


def _number(statement: Statement) -> int | None:
    number = statement.electronic_number or statement.legal_number or ""
    return int(number) if number.isascii() and number.isdigit() and len(number) < 18 else None


async def _chunks(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut a stream into chunks of one size, the last one shorter; an empty stream gives none."""
    rest = bytearray()
    async for part in stream:
        rest += part
        for chunk in _cut(rest):
            yield chunk
    if rest:
        yield bytes(rest)


def _cut(rest: bytearray) -> Iterator[bytes]:
    while len(rest) >= CHUNK_BYTES:
        chunk = bytes(rest[:CHUNK_BYTES])
        del rest[:CHUNK_BYTES]
        yield chunk


async def _forget(database: Database, file_id: UUID) -> None:
    async with database.transaction() as tx:
        await store.forget_chunks(tx, file_id)
