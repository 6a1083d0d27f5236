"""Files from the bank as they lie in PostgreSQL: chunks, states, batches that are booked, problems.

A file is a row only when all of its chunks are there; its digest is unique, so the same bytes are
one file. What is booked of it is told by its batches, each written in the transaction that booked
it: a crash loses no position and two transactions under way need not wait for one another.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from plumbing.driver import taken
from plumbing.transaction import Database, Transaction, columns

STUCK_AFTER = 3
"""Failed attempts, after which other files no longer wait for one."""

KEEP_CHUNK = text("insert into bank_file_chunk (file_id, n, bytes) values (:file_id, :n, :bytes)")
CHUNK = text("select bytes from bank_file_chunk where file_id = :file_id and n = :n")
FORGET = text("delete from bank_file_chunk where file_id = :file_id")
# By its newest chunk: a slow upload is still coming in.
SWEEP = text("""
  delete from bank_file_chunk where file_id in (
    select c.file_id from bank_file_chunk c
    where c.n = 0 and c.stored_at < :before
      and not exists (select from bank_file f where f.file_id = c.file_id)
      and not exists (select from bank_file_chunk later
        where later.file_id = c.file_id and later.stored_at >= :before))
""")
KEEP_FILE = text("""
  insert into bank_file (file_id, name, digest, bytes, chunks, state, received_on)
  values (:file_id, :name, :digest, :bytes, :chunks, 'received', :received_on)
  on conflict (digest) do nothing returning file_id
""")
BY_DIGEST = text("select file_id, state from bank_file where digest = :digest")
FILE = text("select * from bank_file where file_id = :file_id")
NOTE_VALIDATION = text("""
  update bank_file set state = :state, role = :role, format = :format, message_id = :message_id,
    payments = :payments, debits = :debits, entries = :entries, not_booked = :not_booked,
    credits_ore = :credits_ore, debits_ore = :debits_ore,
    held_entries = cast(:held_entries as jsonb), ended_on = :ended_on, trouble = null,
    attempts = 0, retry_at = null
  where file_id = :file_id and state = 'received' returning file_id
""")
NOTE_PROBLEMS = text("""
  insert into bank_file_problem (file_id, line, reason, payment_id, entry_key, statement)
  select :file_id, u.line, u.reason, u.payment_id, u.entry_key, u.statement
  from unnest(cast(:lines as int[]), cast(:reasons as text[]), cast(:payments as uuid[]),
    cast(:entries as text[]), cast(:statements as text[])) with ordinality
    as u(line, reason, payment_id, entry_key, statement, n) order by u.n
""")
STATEMENT_CAME = text("""
  delete from bank_file_problem where statement = any(cast(:statements as text[]))
""")
NOTE_STATEMENTS = text("""
  insert into bank_statement (file_id, n, statement, account, currency, electronic_number,
    opening_ore, closing_ore, year)
  select :file_id, u.n, u.statement, u.account, u.currency, u.number, u.opening, u.closing, u.year
  from unnest(cast(:statements as text[]), cast(:accounts as text[]), cast(:currencies as text[]),
    cast(:numbers as bigint[]), cast(:openings as bigint[]), cast(:closings as bigint[]),
    cast(:years as int[])) with ordinality
    as u(statement, account, currency, number, opening, closing, year, n)
""")
# The last one before it: of the same year and below its number, or else of an earlier year.
STATEMENT_BEFORE = text("""
  select s.electronic_number, s.closing_ore, s.year from bank_statement s
  join bank_file f using (file_id)
  where s.account = :account and f.format like :message and s.electronic_number is not null
    and ((s.year is not distinct from cast(:year as int) and s.electronic_number < :number)
      or s.year < cast(:year as int))
  order by s.year desc nulls last, s.electronic_number desc limit 1
""")
STATE = text("""
  update bank_file set state = :state, ended_on = :ended_on, trouble = null, attempts = 0,
    retry_at = null where file_id = :file_id
""")
TROUBLE = text("""
  update bank_file set trouble = :trouble, attempts = attempts + 1, retry_at = :retry_at
  where file_id = :file_id returning attempts
""")
# A file that controls waits until what it is compared with, all that came before it, is booked;
# not for a file that is stuck: what is found missing then goes when that one is booked after all.
OPEN = text("""
  select f.file_id, f.attempts from bank_file f
  where f.state not in ('booked', 'refused') and (f.retry_at is null or f.retry_at <= :at)
    and (f.state = 'received' or f.role = 'books' or not exists (select from bank_file e
      where e.file_id < f.file_id and e.state not in ('booked', 'refused') and e.attempts < :most))
  order by f.file_id limit 50
""")
LOCK = text("select pg_try_advisory_lock(741010, hashtext(cast(:file_id as text)))")
UNLOCK = text("select pg_advisory_unlock(741010, hashtext(cast(:file_id as text)))")
BATCHES = text("select start_at, items from bank_file_batch where file_id = :file_id order by 1")
KEEP_BATCH = text("""
  insert into bank_file_batch values (:file_id, :start_at, :items, :booked, :duplicates, :matched,
    :unmatched, :held, :booked_ore, :settled)
""")
BOOKED_PAYMENTS = text("""
  select payment_id, amount_ore, paid_on, file_id, xmin = pg_current_xact_id()::xid as is_fresh
  from payment where payment_id = any(cast(:ids as uuid[]))
""")
CHUNKS = text("select count(*) from bank_file_chunk where file_id = :file_id")
# What was missing when a statement was compared may have come since.
OPEN_PROBLEM = """not exists (select from payment m where m.payment_id = p.payment_id)
    and not exists (select from bank_entry e where e.entry_key = p.entry_key)"""
SUMMED = f"""
  select f.file_id, f.name, f.state, f.role, f.format, f.bytes, f.payments, f.debits, f.entries,
    f.not_booked, f.credits_ore, f.debits_ore, f.received_on, f.ended_on, f.trouble,
    coalesce(b.position, 0) as position, coalesce(b.booked, 0) as booked,
    coalesce(b.duplicates, 0) as duplicates, coalesce(b.matched, 0) as matched,
    coalesce(b.unmatched, 0) as unmatched, coalesce(b.held, 0) as held,
    coalesce(b.booked_ore, 0) as booked_ore, coalesce(b.settled, 0) as payouts_settled,
    (select count(*) from bank_file_problem p where p.file_id = f.file_id and {OPEN_PROBLEM})
      as faults
  from bank_file f left join lateral (
    select sum(items) as position, sum(booked) as booked, sum(duplicates) as duplicates,
      sum(matched) as matched, sum(unmatched) as unmatched, sum(held) as held,
      sum(booked_ore)::bigint as booked_ore, sum(settled) as settled
    from bank_file_batch b where b.file_id = f.file_id) b on true
"""
LIST = text(
    SUMMED
    + """
  where (cast(:before as uuid) is null or f.file_id < :before)
    and (cast(:state as text) is null or f.state = :state)
  order by f.file_id desc limit :limit
"""
)
ONE = text(SUMMED + " where f.file_id = :file_id")
PROBLEMS = text(f"""
  select p.line, p.reason from bank_file_problem p where p.file_id = :file_id and {OPEN_PROBLEM}
  order by p.id limit 1000
""")
COUNT_UNFINISHED = text("select count(*) from bank_file where state not in ('booked', 'refused')")


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of the items of a file from `start_at` on, in one transaction."""

    start_at: int
    items: int
    booked: int = 0
    duplicates: int = 0
    matched: int = 0
    unmatched: int = 0
    held: int = 0
    booked_ore: int = 0
    settled: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """What is wrong at a line; gone when the payment, its entry or the statement has come."""

    line: int
    reason: str
    payment_id: UUID | None = None
    entry_key: str | None = None
    statement: str | None = None


class Booked(NamedTuple):
    """A payment as it is booked; `is_fresh`: by this very transaction."""

    amount_ore: int
    paid_on: date
    file_id: UUID
    is_fresh: bool


async def keep_chunk(tx: Transaction, file_id: UUID, n: int, chunk: bytes) -> None:
    """Keep the `n`-th part of a file that is still coming in."""
    await tx.execute(KEEP_CHUNK, {"file_id": file_id, "n": n, "bytes": chunk})


async def read_chunk(database: Database, file_id: UUID, n: int) -> bytes:
    """Give a chunk; empty past the last one."""
    async with database.connection() as connection:
        chunk = (await connection.execute(CHUNK, {"file_id": file_id, "n": n})).scalar()
    return bytes(chunk or b"")


async def forget_chunks(tx: Transaction, file_id: UUID) -> None:
    """Drop what came in of a file that is not kept."""
    await tx.execute(FORGET, {"file_id": file_id})


async def count_chunks(tx: Transaction, file_id: UUID) -> int:
    """Count what is kept of a file."""
    return int((await tx.execute(CHUNKS, {"file_id": file_id})).scalar_one())


async def sweep(tx: Transaction, before: datetime) -> None:
    """Drop what was left by uploads that broke off before a (real) instant."""
    await tx.execute(SWEEP, {"before": before})


async def find_file(tx: Transaction, digest: bytes) -> tuple[UUID, str] | None:
    """Give the file with these bytes, and its state."""
    row = (await tx.execute(BY_DIGEST, {"digest": digest})).first()
    return (row.file_id, row.state) if row else None


async def keep_file(
    tx: Transaction, file_id: UUID, *, name: str, digest: bytes, size: int, chunks: int
) -> bool:
    """Make chunks a file, in state `received`; False when the same bytes are one already."""
    row = {"file_id": file_id, "name": name, "digest": digest, "bytes": size, "chunks": chunks}
    kept = await tx.execute(KEEP_FILE, {**row, "received_on": tx.today})
    return kept.first() is not None


async def note_validation(tx: Transaction, file_id: UUID, found: dict[str, Any]) -> bool:
    """Write what the first pass found; False when somebody else did."""
    return (await tx.execute(NOTE_VALIDATION, {"file_id": file_id, **found})).first() is not None


async def note_problems(tx: Transaction, file_id: UUID, problems: Sequence[Difference]) -> None:
    """Write problems of a file, in their order."""
    if problems:
        rows = [
            (one.line, one.reason, one.payment_id, one.entry_key, one.statement) for one in problems
        ]
        named = columns(rows, ("lines", "reasons", "payments", "entries", "statements"))
        await tx.execute(NOTE_PROBLEMS, {"file_id": file_id, **named})


async def note_statements(
    tx: Transaction, file_id: UUID, statements: Sequence[tuple[Any, ...]]
) -> None:
    """Write statements (id, account, currency, number, opening and closing öre, year)."""
    if statements:
        names = ("statements", "accounts", "currencies", "numbers", "openings", "closings", "years")
        named = columns(statements, names)
        await tx.execute(NOTE_STATEMENTS, {"file_id": file_id, **named})


async def statement_before(
    tx: Transaction, account: str, number: int, *, year: int | None, message: str
) -> tuple[int, int | None, int | None] | None:
    """Give number, closing balance and year of the statement before; `message`: `camt.053`."""
    which = {"account": account, "number": number, "year": year, "message": f"{message}%"}
    row = (await tx.execute(STATEMENT_BEFORE, which)).first()
    return (row.electronic_number, row.closing_ore, row.year) if row else None


async def statements_came(tx: Transaction, statements: Sequence[str]) -> None:
    """Statements that were missing have come."""
    await tx.execute(STATEMENT_CAME, {"statements": list(statements)})


async def set_state(tx: Transaction, file_id: UUID, state: str) -> None:
    """Move a file on; trouble it had is over."""
    ended_on = tx.today if state in ("booked", "refused") else None
    await tx.execute(STATE, {"file_id": file_id, "state": state, "ended_on": ended_on})


async def note_trouble(tx: Transaction, file_id: UUID, trouble: str, retry_at: datetime) -> None:
    """Write why a file does not go on, and when (real time) it is tried again."""
    await tx.execute(TROUBLE, {"file_id": file_id, "trouble": trouble, "retry_at": retry_at})


async def open_files(tx: Transaction, at: datetime) -> list[tuple[UUID, int]]:
    """List files to go on with and their failed attempts, oldest first."""
    which = {"at": at, "most": STUCK_AFTER}
    return [(row.file_id, row.attempts) for row in await tx.execute(OPEN, which)]


@contextlib.asynccontextmanager
async def locked(database: Database, file_id: UUID) -> AsyncIterator[bool]:
    """Hold a file for one process; False when another one has it.

    A session's lock, so that a process that dies lets go at once. Two that believe to hold the
    same file (a connection that died unseen) still book nothing twice: batches and payments have
    unique keys.
    """
    async with taken(database.direct) as connection:
        which = {"file_id": str(file_id)}
        try:
            got = bool((await connection.execute(LOCK, which)).scalar_one())
            yield got
            if got:
                await connection.execute(UNLOCK, which)
        except BaseException:
            connection.cut_off()  # and the lock goes with it
            raise


async def read_file(tx: Transaction, file_id: UUID) -> dict[str, Any] | None:
    """Give a file's row."""
    return (await tx.execute(FILE, {"file_id": file_id})).mappings().first()


async def booked_ranges(tx: Transaction, file_id: UUID) -> list[tuple[int, int]]:
    """List what is booked of a file, as (first position, position after the last), in order."""
    rows = await tx.execute(BATCHES, {"file_id": file_id})
    return [(row.start_at, row.start_at + row.items) for row in rows]


async def keep_batch(tx: Transaction, file_id: UUID, batch: Batch) -> None:
    """Write a batch as booked; fails when it is already."""
    names = Batch.__slots__
    values = {name: getattr(batch, name) for name in names}
    await tx.execute(KEEP_BATCH, {"file_id": file_id, **values})


async def booked_payments(tx: Transaction, payment_ids: Sequence[UUID]) -> dict[UUID, Booked]:
    """Give those of the payments that are booked."""
    rows = await tx.execute(BOOKED_PAYMENTS, {"ids": list(payment_ids)})
    return {
        row.payment_id: Booked(row.amount_ore, row.paid_on, row.file_id, row.is_fresh)
        for row in rows
    }


async def list_files(
    tx: Transaction, *, before: UUID | None, state: str | None, limit: int
) -> list[dict[str, Any]]:
    """List files, newest first, with what has been booked of them."""
    which = {"before": before, "state": state, "limit": limit}
    return list((await tx.execute(LIST, which)).mappings())


async def show_file(
    tx: Transaction, file_id: UUID
) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """Give one file with what has been booked of it, and its problems."""
    row = (await tx.execute(ONE, {"file_id": file_id})).mappings().first()
    if row is None:
        return None
    return row, list((await tx.execute(PROBLEMS, {"file_id": file_id})).mappings())
