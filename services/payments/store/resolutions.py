"""What a person decided of money that waited, or of a debit that nobody knew; and the rows that
such a decision changes."""

import json
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from plumbing.transaction import Transaction, columns
from services.payments.domain.incoming import Hold
from services.payments.store.money import Received, kept, received_of

KEEP = text("""
  insert into resolution (payment_id, claim_id, debit, kind, amount_ore, reason, resolved_by,
    resolved_on)
  values (:payment_id, :claim_id, :debit, :kind, :amount_ore, :reason, :resolved_by, :today)
""")
HELD_OF_ENTRY = text("""
  select payment_id, payment, on_ledger from unmatched
  where hold = :hold and not on_ledger and payment->'entry'->>0 = :key
  order by payment_id for update
""")
NOW_ON_LEDGER = text("""
  update unmatched w set on_ledger = true, hold = null, reason = 'unknown_reference',
    amount_ore = u.amount_ore, payment = cast(u.payment as jsonb)
  from unnest(cast(:ids as uuid[]), cast(:amounts as bigint[]), cast(:payments as text[]))
    as u(payment_id, amount_ore, payment)
  where w.payment_id = u.payment_id
""")
NOW_KRONOR = text("""
  update payment p set amount_ore = u.amount_ore, currency = 'SEK'
  from unnest(cast(:ids as uuid[]), cast(:amounts as bigint[])) as u(payment_id, amount_ore)
  where p.payment_id = u.payment_id
""")
FILE_OF = text("select file_id from payment where payment_id = :payment_id")
UNKNOWN_DEBIT = text("""
  select source_key, booked_on, amount_ore, currency from debit
  where source_key = :key and payout_id is null and batch_id is null and resolved_on is null
  for update
""")
RESOLVE_DEBIT = text("update debit set resolved_on = :today where source_key = :key")


class UnknownDebit(NamedTuple):
    """A debit that no payout explains."""

    source_key: str
    booked_on: date
    amount_ore: int
    currency: str


async def keep(
    tx: Transaction,
    *,
    kind: str,
    amount_ore: int,
    reason: str,
    by: UUID,
    payment_id: UUID | None = None,
    claim_id: UUID | None = None,
    debit: str | None = None,
) -> None:
    """Write who decided what, and why."""
    given = {"kind": kind, "amount_ore": amount_ore, "reason": reason, "resolved_by": by}
    named = {"payment_id": payment_id, "claim_id": claim_id, "debit": debit}
    await tx.execute(KEEP, {**given, **named, "today": tx.today})


async def lock_held_of_entry(tx: Transaction, key: str) -> list[Received]:
    """Lock the payments that are held because their entry was booked in one piece."""
    rows = await tx.execute(HELD_OF_ENTRY, {"key": key, "hold": Hold.ENTRY_TWICE.value})
    return [received_of(row) for row in rows]


async def put_on_ledger(tx: Transaction, received: Sequence[Received]) -> None:
    """Let held payments wait as kronor on the account, with the amounts they now have."""
    rows = [
        (one.payment_id, one.payment.amount_ore, json.dumps(kept(one.payment), default=str))
        for one in received
    ]
    await tx.execute(NOW_ON_LEDGER, columns(rows, ("ids", "amounts", "payments")))
    await tx.execute(NOW_KRONOR, columns([row[:2] for row in rows], ("ids", "amounts")))


async def file_of(tx: Transaction, payment_id: UUID) -> UUID:
    """The file that told of a payment."""
    found: UUID = (await tx.execute(FILE_OF, {"payment_id": payment_id})).scalar_one()
    return found


async def lock_unknown_debit(tx: Transaction, key: str) -> UnknownDebit | None:
    """Lock a debit that waits for a person; None if none of this key does."""
    row = (await tx.execute(UNKNOWN_DEBIT, {"key": key})).first()
    return row and UnknownDebit._make(row)


async def resolve_debit(tx: Transaction, key: str) -> None:
    """A debit no longer waits for a person."""
    await tx.execute(RESOLVE_DEBIT, {"key": key, "today": tx.today})
