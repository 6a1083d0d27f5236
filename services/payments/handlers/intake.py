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

from contracts.ids import new_id
from plumbing.transaction import Database, Transaction
from services.payments import bank_file
from services.payments.domain.incoming import (
    IncomingPayment,
    OutgoingDebit,
    Problem,
    Statement,
    Validation,
)
from services.payments.store import intake as store

CHUNK_BYTES = 1024 * 1024
SMALL_BYTES = 8 * 1024 * 1024
"""Up to here a file is controlled before the answer; takes a quarter of a second."""
LONGEST_NAME = 200

Item = IncomingPayment | OutgoingDebit


class TooLargeError(Exception):
    """More bytes came than the house takes in one file."""


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

    Each chunk is a transaction of its own: a slow sender holds no transaction open.
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
        found, items = await asyncio.to_thread(bank_file.read_at_once, BytesIO(whole))
    async with database.transaction() as tx:
        kept = await store.keep_file(
            tx,
            file_id,
            name=name[:LONGEST_NAME],
            digest=digest.digest(),
            size=size,
            chunks=chunks,
        )
        if not kept:
            await store.forget_chunks(tx, file_id)
            earlier = await store.find_file(tx, digest.digest())
            assert earlier is not None, "files are never deleted"
            return Received(*earlier, duplicate=True)
        if found is None:
            return Received(file_id, "received")
        state = await note_validation(tx, file_id, found, rules)
    ahead.keep(file_id, items)
    return Received(file_id, state, problems=found.problems)


async def note_validation(tx: Transaction, file_id: UUID, found: Validation, rules: Rules) -> str:
    """Write what the first pass found, and compare statements with those before; the new state."""
    state = "validated" if found.accepted else "refused"
    noted = await store.note_validation(
        tx,
        file_id,
        {
            "state": state,
            "role": "books" if found.format.startswith(rules.books) else "controls",
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
            problems += [store.Difference(0, reason) for reason in await _gaps(tx, found)]
            rows = [
                (one.id, one.account, one.currency, _number(one), one.opening_ore, one.closing_ore)
                for one in found.statements
            ]
            await store.note_statements(tx, file_id, rows)
        await store.note_problems(tx, file_id, problems)
    return state


async def _gaps(tx: Transaction, found: Validation) -> list[str]:
    """Say where a statement is missing, or does not go on from the one before it."""
    known: dict[str, tuple[int, int | None]] = {}
    said = []
    for statement in sorted(found.statements, key=lambda one: (one.account, _number(one) or 0)):
        number, account = _number(statement), statement.account
        if number is None or statement.opening_ore is None:
            continue
        before = known.get(account) or await store.statement_before(tx, account, number)
        known[account] = (number, statement.closing_ore)
        if before is None:
            continue
        last, closing_ore = before
        if last + 1 < number:
            said.append(f"statements {last + 1} to {number - 1} of the account have not come")
        elif last + 1 == number and closing_ore not in (None, statement.opening_ore):
            said.append(f"statement {number} does not open with what statement {last} closed with")
    return said


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
