"""Money that Kronofogden has collected, until its own payment to our account clears it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from contracts.collections import EnforcementPaid
from plumbing.transaction import Transaction, columns

ADD = text("""
  insert into kronofogden_money (payment_id, claim_id, creditor_id, case_number, message,
    amount_ore, paid_on, heard_on)
  select * from unnest(cast(:payment_id as uuid[]), cast(:claim_id as uuid[]),
    cast(:creditor_id as uuid[]), cast(:case_number as text[]), cast(:message as text[]),
    cast(:amount_ore as bigint[]), cast(:paid_on as date[]), cast(:heard_on as date[]))
""")
LOCK = text("""
  select payment_id, claim_id, creditor_id, amount_ore, paid_on from kronofogden_money
  where payment_id = any(cast(:ids as uuid[])) and cleared_by is null
  order by payment_id for update
""")
CLEAR = text("""
  update kronofogden_money set cleared_by = :cleared_by, cleared_on = :today
  where payment_id = any(cast(:ids as uuid[]))
""")
AWAITED = text("""
  select payment_id, claim_id, creditor_id, case_number, message, amount_ore, paid_on, heard_on
  from kronofogden_money
  where cleared_by is null and (cast(:after as uuid) is null or payment_id > :after)
  order by payment_id limit :limit
""")
ADD_OUTLAYS = text("""
  insert into outlay (claim_id, creditor_id, amount_ore, booked_on)
  select u.*, cast(:today as date) from unnest(cast(:claim_id as uuid[]),
    cast(:creditor_id as uuid[]), cast(:amount_ore as bigint[])) as u
""")
_NAMES = ("payment_id", "claim_id", "creditor_id", "case_number", "message", "amount_ore")


async def add(tx: Transaction, events: Sequence[EnforcementPaid]) -> None:
    """Keep what Kronofogden collected; while it is kept so, nothing of it is paid out."""
    rows = [
        (
            *(one.payment_id, one.claim_id, one.creditor_id, one.case_number),
            *(one.kronofogden_message, one.amount_ore, one.paid_on, one.heard_on),
        )
        for one in events
    ]
    if rows:
        await tx.execute(ADD, columns(rows, (*_NAMES, "paid_on", "heard_on")))


async def lock(tx: Transaction, payment_ids: Sequence[UUID]) -> Sequence[Any]:
    """Lock money that is awaited from Kronofogden, in order; what is not awaited is missing."""
    return (await tx.execute(LOCK, {"ids": list(payment_ids)})).all()


async def clear(tx: Transaction, payment_ids: Sequence[UUID], cleared_by: UUID) -> None:
    """Kronofogden's money has come, by a payment of the bank's: it may be paid out."""
    ids = {"ids": list(payment_ids)}
    await tx.execute(CLEAR, {**ids, "cleared_by": cleared_by, "today": tx.today})


async def awaited(tx: Transaction, *, after: UUID | None, limit: int) -> Sequence[Any]:
    """A page of what Kronofogden has and we have not."""
    return (await tx.execute(AWAITED, {"after": after, "limit": limit})).mappings().all()


async def add_outlays(tx: Transaction, outlays: Sequence[tuple[UUID, UUID, int]]) -> None:
    """Keep what was laid out (claim, creditor, öre) and is the creditor's to pay."""
    if outlays:
        names = ("claim_id", "creditor_id", "amount_ore")
        await tx.execute(ADD_OUTLAYS, {**columns(outlays, names), "today": tx.today})
