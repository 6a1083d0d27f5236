"""Money received: payments by their source, what of them met a claim, and what waits unmatched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from contracts.ids import PaymentId
from contracts.payments import UnmatchedReason
from plumbing.literals import days, ids, numbers, quick_uuid
from plumbing.transaction import Transaction, columns
from services.payments.domain.draft import Allocation
from services.payments.domain.incoming import (
    EntryRef,
    Hold,
    IncomingPayment,
    Reference,
    ReferenceKind,
)
from services.payments.domain.matching import is_on_ledger

INSERT = text("""
  insert into payment (payment_id, source_key, file_id, paid_on, booked_on, amount_ore, currency,
    payer_name, payer_account)
  select u.payment_id, u.source_key, :file_id, u.paid_on, u.booked_on, u.amount_ore, u.currency,
    u.payer_name, u.payer_account
  from unnest(cast(cast(:payment_id as text) as uuid[]), cast(:source_key as text[]),
    cast(cast(:paid_on as text) as date[]),
    cast(cast(:booked_on as text) as date[]), cast(cast(:amount_ore as text) as bigint[]),
    cast(:currency as text[]), cast(:payer_name as text[]), cast(:payer_account as text[]))
    as u(payment_id, source_key, paid_on, booked_on, amount_ore, currency, payer_name,
      payer_account)
  order by u.payment_id on conflict do nothing returning payment_id
""")
ALLOCATE = text("""
  insert into allocation (payment_id, claim_id, creditor_id, amount_ore, creditor_part_ore,
    capital_ore, overpaid_ore, paid_on, booked_on)
  select * from unnest(cast(cast(:payment_id as text) as uuid[]),
    cast(cast(:claim_id as text) as uuid[]), cast(cast(:creditor_id as text) as uuid[]),
    cast(cast(:amount_ore as text) as bigint[]),
    cast(cast(:creditor_part_ore as text) as bigint[]),
    cast(cast(:capital_ore as text) as bigint[]), cast(cast(:overpaid_ore as text) as bigint[]),
    cast(cast(:paid_on as text) as date[]), cast(cast(:booked_on as text) as date[]))
""")
OPENING_ALONE = text("select pg_advisory_xact_lock_shared(742001)")
WAITING_ALONE = text("select pg_advisory_xact_lock(742001)")
WAIT = text("""
  insert into unmatched (payment_id, reason, hold, on_ledger, amount_ore, paid_on, received_on,
    payment)
  select u.payment_id, u.reason, u.hold, u.on_ledger, u.amount_ore, u.paid_on, :today,
    cast(u.payment as jsonb)
  from unnest(cast(:payment_id as uuid[]), cast(:reason as text[]), cast(:hold as text[]),
    cast(:on_ledger as boolean[]), cast(:amount_ore as bigint[]), cast(:paid_on as date[]),
    cast(:payment as text[]))
    as u(payment_id, reason, hold, on_ledger, amount_ore, paid_on, payment)
""")
WAIT_BY = text("""
  insert into unmatched_reference (reference, payment_id)
  select * from unnest(cast(:references as text[]), cast(:payment_ids as uuid[]))
  on conflict do nothing
""")
WAITING_FOR = text("""
  select u.payment_id, u.payment, u.on_ledger from unmatched u
  where u.hold is null and u.payment_id in (select r.payment_id from unmatched_reference r
    where r.reference = any(cast(:references as text[])))
  order by u.payment_id for update
""")
LOCK_ONE_WAITING = text("""
  select payment_id, payment, on_ledger from unmatched where payment_id = :payment_id for update
""")
NO_LONGER_WAITING = text("""
  with gone as (
    delete from unmatched where payment_id = any(cast(:ids as uuid[])) returning payment_id)
  delete from unmatched_reference where payment_id in (select payment_id from gone)
""")
_SHOWN = "payment_id, reason, hold, on_ledger, amount_ore, paid_on, received_on, payment"
LIST_WAITING = text(f"""
  select {_SHOWN} from unmatched
  where (paid_on, payment_id) > (cast(:paid_on as date), cast(:payment_id as uuid))
  order by paid_on, payment_id limit :limit
""")
COUNT_WAITING = text("select count(*) from unmatched")
ONE_WAITING = text(f"select {_SHOWN} from unmatched where payment_id = :payment_id")


class Received(NamedTuple):
    """A payment of ours with its id; `on_ledger` says whether it stands in suspense."""

    payment_id: PaymentId
    payment: IncomingPayment
    on_ledger: bool


def payment_id_of(source_key: str) -> PaymentId:
    """A payment's id, derived from what the bank calls it: the same in every file."""
    return PaymentId(quick_uuid(sha256(source_key.encode()).digest()[:16]))


async def insert_new(
    tx: Transaction, payments: Iterable[IncomingPayment], file_id: UUID
) -> list[Received]:
    """Keep the payments not known before and give those back, in order."""
    by_id: dict[PaymentId, IncomingPayment] = {}
    for payment in payments:
        by_id.setdefault(payment_id_of(payment.source_key), payment)
    found = by_id.values()
    given = {
        "file_id": file_id,
        "payment_id": ids(by_id),
        "source_key": [payment.source_key for payment in found],
        "paid_on": days(payment.paid_on for payment in found),
        "booked_on": days(payment.booked_on for payment in found),
        "amount_ore": numbers(payment.amount_ore for payment in found),
        "currency": [payment.currency for payment in found],
        "payer_name": [payment.payer_name for payment in found],
        "payer_account": [payment.payer_account for payment in found],
    }
    kept = await tx.execute(INSERT, given)
    new = set(kept.scalars())
    return [
        Received(key, payment, is_on_ledger(payment))
        for key, payment in by_id.items()
        if key in new
    ]


async def add_allocations(tx: Transaction, allocations: Sequence[Allocation]) -> None:
    """Keep what money met."""
    if allocations:
        given: dict[str, Any] = columns(allocations, Allocation._fields)
        for name in ("amount_ore", "creditor_part_ore", "capital_ore", "overpaid_ore"):
            given[name] = numbers(given[name])
        for name in ("paid_on", "booked_on"):
            given[name] = days(given[name])
        for name in ("payment_id", "claim_id", "creditor_id"):
            given[name] = ids(given[name])
        await tx.execute(ALLOCATE, given)


async def hold_openings(tx: Transaction) -> None:
    """Before money is left waiting: no claim opens until this transaction ends."""
    await tx.execute(WAITING_ALONE)


async def announce_opening(tx: Transaction) -> None:
    """Before claims open: no money is left waiting meanwhile that they would not see."""
    await tx.execute(OPENING_ALONE)


async def leave_waiting(
    tx: Transaction, waiting: Sequence[tuple[Received, UnmatchedReason, Sequence[str]]]
) -> None:
    """Leave payments waiting, to be found by the references under which they look for a claim."""
    rows = [
        (
            received.payment_id,
            reason.value,
            payment.held and payment.held.value,
            received.on_ledger,
            payment.amount_ore,
            payment.paid_on,
            json.dumps(kept(payment), default=str),
        )
        for received, reason, _ in waiting
        for payment in (received.payment,)
    ]
    names = ["payment_id", "reason", "hold", "on_ledger", "amount_ore", "paid_on", "payment"]
    await tx.execute(WAIT, {"today": tx.today, **columns(rows, names)})
    await wait_by(tx, [(key, received.payment_id) for received, _, keys in waiting for key in keys])


async def wait_by(tx: Transaction, references: Sequence[tuple[str, UUID]]) -> None:
    """Let waiting payments be found by references (reference, payment)."""
    if references:
        await tx.execute(WAIT_BY, columns(references, ("references", "payment_ids")))


async def lock_waiting_for(tx: Transaction, references: Sequence[str]) -> list[Received]:
    """Lock the payments that wait for claims with these references; held ones stay."""
    rows = (await tx.execute(WAITING_FOR, {"references": list(references)})).all()
    return [received_of(row) for row in rows]


async def lock_one_waiting(tx: Transaction, payment_id: UUID) -> Received | None:
    """Lock one waiting payment; None if it does not wait."""
    row = (await tx.execute(LOCK_ONE_WAITING, {"payment_id": payment_id})).first()
    return row and received_of(row)


async def end_waiting(tx: Transaction, payment_ids: Sequence[UUID]) -> None:
    """Payments that found their claim wait no longer."""
    if payment_ids:
        await tx.execute(NO_LONGER_WAITING, {"ids": list(payment_ids)})


async def list_waiting(
    tx: Transaction, *, after: tuple[date, UUID] | None, limit: int
) -> Sequence[Any]:
    """A page of what waits, by value date; `after` is the last one of the page before."""
    paid_on, payment_id = after or (date.min, UUID(int=0))
    which = {"paid_on": paid_on, "payment_id": payment_id, "limit": limit}
    return (await tx.execute(LIST_WAITING, which)).all()


async def count_waiting(tx: Transaction) -> int:
    """How many payments wait."""
    found: int = (await tx.execute(COUNT_WAITING)).scalar_one()
    return found


async def read_waiting(tx: Transaction, payment_id: UUID) -> Any | None:
    """One that waits."""
    return (await tx.execute(ONE_WAITING, {"payment_id": payment_id})).first()


def received_of(row: Any) -> Received:
    """A waiting payment from its row."""
    return Received(PaymentId(row.payment_id), payment_of(row.payment), row.on_ledger)


def kept(payment: IncomingPayment) -> dict[str, Any]:
    """A payment as it is written where it waits."""
    return {**payment._asdict(), "references": [one._asdict() for one in payment.references]}


def payment_of(kept: Any) -> IncomingPayment:
    """A payment from what `leave_waiting` wrote."""
    fields = dict(json.loads(kept) if isinstance(kept, str | bytes) else kept)
    for name in ("booked_on", "paid_on"):
        fields[name] = date.fromisoformat(fields[name])
    fields["held"] = fields["held"] and Hold(fields["held"])
    fields["references"] = tuple(
        Reference(ReferenceKind(one["kind"]), one["value"], one["amount_ore"])
        for one in fields["references"]
    )
    entry = fields.get("entry")
    fields["entry"] = EntryRef(*entry) if entry else None
    return IncomingPayment(**fields)
