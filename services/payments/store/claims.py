"""Claims and their books; credits and disputes; the events that wait for a claim to open.

Rows are locked in the order of their ids, everywhere, so that two transactions over the same claims
wait for each other and never both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from contracts.collections import ClaimDisputed, DisputeSettled
from contracts.envelope import Event
from contracts.ids import ClaimId
from contracts.invoicing import InvoiceCredited
from contracts.terms import DebtorKind, InterestKind, InterestTerms
from plumbing.literals import arrays, casts, days, ids, numbers
from plumbing.transaction import Transaction, columns
from services.payments.domain.claim import COMPONENTS, CREDITORS, Book, Claim

_OPEN = [f"{component}_ore" for component in COMPONENTS]
_BOOK = [
    "credited_ore",
    "paid_ore",
    "overpaid_ore",
    "interest_posted_ore",
    "charged_on",
    "in_case",
    "disputes",
    "on_hold",
    "sent_on",
]
_TERMS = [
    "claim_id",
    "creditor_id",
    "ocr",
    "debtor_kind",
    "total_ore",
    "issued_on",
    "due_on",
    "arose_on",
    "due_date_agreed",
    "reminder_fee_agreed",
    "interest_kind",
    "interest_rate_bp",
    "notice_given",
]
_TYPES = {"charged_on": "date", "sent_on": "date", "in_case": "boolean", "on_hold": "boolean"} | {
    "disputes": "int"
}
_CREDITORS = " + ".join(f"{c}_ore" for c, own in zip(COMPONENTS, CREDITORS, strict=True) if own)
_READ = f"select {', '.join((*_TERMS, *_OPEN, *_BOOK))} from claim"
_SAVED = (*_OPEN, *_BOOK)

READ = text(f"{_READ} where claim_id = any(cast(:ids as uuid[])) order by claim_id")
LOCK = text(READ.text + " for update")
LOCK_BY_REFERENCE = text(
    f"{_READ} where ocr = any(cast(:references as text[])) order by claim_id for update"
)
OWED_TO = text(f"""
  select coalesce(sum(own_ore), 0)::bigint as creditors_ore,
    coalesce(sum(own_ore) filter (where due_on < :today), 0)::bigint as overdue_ore,
    coalesce(sum(own_ore) filter (where due_on < :today and disputes > 0), 0)::bigint
      as overdue_disputed_ore
  from claim cross join lateral (values ({_CREDITORS})) as own(own_ore)
  where creditor_id = :creditor_id and not on_hold
""")
_OPENED = {
    **{"claim_id": "uuid", "creditor_id": "uuid", "ocr": "text", "debtor_kind": "text"},
    **{"total_ore": "bigint", "issued_on": "date", "due_on": "date", "arose_on": "date"},
    **{"due_date_agreed": "boolean", "reminder_fee_agreed": "boolean", "interest_kind": "text"},
    **{"interest_rate_bp": "int", "notice_given": "boolean"},
}
"""What is told of a claim, in the order of `_TERMS`."""
OPEN = text(f"""
  insert into claim ({", ".join((*_TERMS, "capital_ore"))})
  select *, total_ore from unnest({casts(_OPENED)}) as u({", ".join(_TERMS)})
""")
SENT = text("""
  with sent as (
    update claim c set sent_on = u.sent_on
    from unnest(cast(:ids as uuid[]), cast(:days as date[])) as u(claim_id, sent_on)
    where c.claim_id = u.claim_id and c.sent_on is null and not c.due_date_agreed)
  select claim_id from claim where claim_id = any(cast(:ids as uuid[]))
""")
CREDIT = text("""
  insert into credit (note_id, claim_id, creditor_id, credit_ore, kind, counts_on, credited_on)
  select * from unnest(cast(:note_id as uuid[]), cast(:claim_id as uuid[]),
    cast(:creditor_id as uuid[]), cast(:credit_ore as bigint[]), cast(:kind as text[]),
    cast(:counts_on as date[]), cast(:credited_on as date[]))
""")
DISPUTE = text("""
  insert into dispute (dispute_id, claim_id, creditor_id, objected_on, disputed_ore)
  select * from unnest(cast(:dispute_id as uuid[]), cast(:claim_id as uuid[]),
    cast(:creditor_id as uuid[]), cast(:objected_on as date[]), cast(:disputed_ore as bigint[]))
""")
SETTLE_DISPUTE = text("""
  update dispute d set outcome = u.outcome, settled_on = u.settled_on
  from unnest(cast(:dispute_id as uuid[]), cast(:outcome as text[]), cast(:settled_on as date[]))
    as u(dispute_id, outcome, settled_on) where d.dispute_id = u.dispute_id
""")
WAIT = text("""
  insert into waiting (claim_id, type, payload)
  select u.claim_id, u.type, u.payload from unnest(cast(:claim_ids as uuid[]),
    cast(:types as text[]), cast(:payloads as bytea[])) with ordinality
    as u(claim_id, type, payload, n) order by u.n
""")
TAKE_WAITING = text("""
  delete from waiting where claim_id = any(cast(:ids as uuid[])) returning id, type, payload
""")


async def lock(tx: Transaction, claim_ids: Iterable[UUID]) -> dict[UUID, Claim]:
    """Lock claims; those not open yet are missing in the answer."""
    rows = (await tx.execute(LOCK, {"ids": list(set(claim_ids))})).all()
    return {row[0]: claim_of(row) for row in rows}


async def lock_by_reference(tx: Transaction, references: Iterable[str]) -> list[Claim]:
    """Find and lock claims by OCR, in one statement."""
    rows = (await tx.execute(LOCK_BY_REFERENCE, {"references": list(set(references))})).all()
    return [claim_of(row) for row in rows]


async def read(tx: Transaction, claim_ids: Iterable[UUID]) -> dict[UUID, Claim]:
    """Read claims without locking; within the company if the transaction is bound to one."""
    rows = (await tx.execute(READ, {"ids": list(set(claim_ids))})).all()
    return {row[0]: claim_of(row) for row in rows}


async def owed_to(tx: Transaction, creditor_id: UUID) -> dict[str, int]:
    """The creditor's parts of a company's claims: all, overdue, and disputed of the overdue."""
    found = await tx.execute(OWED_TO, {"creditor_id": creditor_id, "today": tx.today})
    return dict(found.mappings().one())


async def insert(tx: Transaction, claims: Sequence[Claim]) -> None:
    """Insert claims just opened, with their total as capital."""
    rows = [
        (
            claim.claim_id,
            claim.creditor_id,
            claim.ocr,
            claim.debtor,
            claim.total_ore,
            claim.issued_on,
            claim.due_on,
            claim.arose_on,
            claim.due_date_agreed,
            claim.reminder_fee_agreed,
            claim.interest.kind,
            claim.interest.rate_bp,
            claim.interest.notice_given,
        )
        for claim in claims
    ]
    await tx.execute(OPEN, arrays(_OPENED, rows))


async def save(tx: Transaction, books: Sequence[tuple[UUID, Book, Book]]) -> None:
    """Write the books of locked claims: id, the book as it was read and as it is now.

    Only the columns in which any of them changed are written.
    """
    if not books:
        return
    was = zip(*(_columns_of(before) for _, before, _ in books), strict=True)
    now = zip(*(_columns_of(after) for _, _, after in books), strict=True)
    changed = [
        (name, column) for name, old, column in zip(_SAVED, was, now, strict=True) if old != column
    ]
    if changed:
        given = {name: _literal(name, column) for name, column in changed}
        names = tuple(given)
        given["ids"] = ids(claim_id for claim_id, _, _ in books)
        await tx.execute(_save(names), given)


async def mark_sent(tx: Transaction, sent: Sequence[tuple[UUID, date]]) -> set[UUID]:
    """Keep when invoices were first sent, where interest asks for it; gives the claims known."""
    if not sent:
        return set()
    return set((await tx.execute(SENT, columns(sent, ("ids", "days")))).scalars())


async def add_credits(tx: Transaction, rows: Sequence[tuple[InvoiceCredited, int, date]]) -> None:
    """Keep credit notes: each with the öre that were booked and the day from which it counts."""
    kept = [
        (n.note_id, n.claim_id, n.creditor_id, ore, n.kind.value, counts_on, n.credited_on)
        for n, ore, counts_on in rows
    ]
    names = ["note_id", "claim_id", "creditor_id", "credit_ore", "kind", "counts_on", "credited_on"]
    await tx.execute(CREDIT, columns(kept, names))


async def add_disputes(tx: Transaction, disputes: Sequence[ClaimDisputed]) -> None:
    """Keep objections."""
    rows = [
        (d.dispute_id, d.claim_id, d.creditor_id, d.objected_on, d.disputed_ore) for d in disputes
    ]
    names = ["dispute_id", "claim_id", "creditor_id", "objected_on", "disputed_ore"]
    await tx.execute(DISPUTE, columns(rows, names))


async def settle_disputes(tx: Transaction, settlements: Sequence[DisputeSettled]) -> None:
    """Keep how objections ended."""
    rows = [(s.dispute_id, s.outcome.value, s.settled_on) for s in settlements]
    await tx.execute(SETTLE_DISPUTE, columns(rows, ["dispute_id", "outcome", "settled_on"]))


async def wait(tx: Transaction, events: Sequence[Event]) -> None:
    """Let events wait for their claim, in this order."""
    if events:
        rows = [(event.key, event.type, event.payload()) for event in events]
        await tx.execute(WAIT, columns(rows, ("claim_ids", "types", "payloads")))


async def take_waiting(tx: Transaction, claim_ids: Sequence[UUID]) -> list[Event]:
    """Take what waited for claims, in the order it came."""
    rows = (await tx.execute(TAKE_WAITING, {"ids": list(claim_ids)})).all()
    return [Event.registry[row.type].model_validate_json(row.payload) for row in sorted(rows)]


@cache
def _save(names: tuple[str, ...]) -> TextClause:
    arrays = ", ".join(
        f"cast(cast(:{name} as text) as {_TYPES.get(name, 'bigint')}[])" for name in names
    )
    return text(f"""
      update claim c set {", ".join(f"{name} = u.{name}" for name in names)}
      from unnest(cast(cast(:ids as text) as uuid[]), {arrays}) as u(claim_id, {", ".join(names)})
      where c.claim_id = u.claim_id
    """)


def _literal(name: str, column: Sequence[Any]) -> str:
    return days(column) if _TYPES.get(name) == "date" else numbers(column)


def _columns_of(book: Book) -> tuple[Any, ...]:
    """A book's values in the order of `_SAVED`."""
    return (
        *book.open_ore,
        book.credited_ore,
        book.paid_ore,
        book.overpaid_ore,
        book.interest_posted_ore,
        book.charged_on,
        book.in_case,
        book.disputes,
        book.on_hold,
        book.sent_on,
    )


def claim_of(row: Sequence[Any]) -> Claim:
    """A claim from the columns that `_READ` gives."""
    return Claim(
        ClaimId(row[0]),
        row[1],
        row[2],
        _DEBTORS[row[3]],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        _interest(row[10], row[11], row[12]),
        Book(tuple(row[13:22]), *row[22:]),
    )


_DEBTORS: Mapping[str, DebtorKind] = {kind.value: kind for kind in DebtorKind}


@lru_cache(maxsize=1024)
def _interest(kind: str, rate_bp: int | None, notice_given: bool) -> InterestTerms:
    return InterestTerms(kind=InterestKind(kind), rate_bp=rate_bp, notice_given=notice_given)
