"""What debtors have paid too much: the claims with a credit, and the money that came for them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from plumbing.transaction import Transaction

CREDITS = text("""
  select c.claim_id, c.creditor_id, n.name as creditor_name, c.ocr,
    c.overpaid_ore as amount_ore, a.since
  from claim c left join creditor n using (creditor_id)
  cross join lateral (select min(booked_on) as since from allocation
    where claim_id = c.claim_id and overpaid_ore > 0) as a
  where c.overpaid_ore > 0 order by a.since, c.claim_id limit :limit
""")
SUM = text("""
  select count(*) as claims, coalesce(sum(overpaid_ore), 0)::bigint as amount_ore from claim
  where overpaid_ore > 0
""")
PAID = text("""
  select a.claim_id, p.payment_id, p.paid_on, p.payer_name, p.payer_account,
    sum(a.amount_ore + a.overpaid_ore)::bigint as amount_ore
  from allocation a join payment p using (payment_id)
  where a.claim_id = any(cast(:ids as uuid[])) group by a.claim_id, p.payment_id
  order by p.paid_on desc, p.payment_id
""")


async def credits(tx: Transaction, *, limit: int) -> Sequence[Any]:
    """The claims with a debtor's credit, the oldest first."""
    return (await tx.execute(CREDITS, {"limit": limit})).mappings().all()


async def in_sum(tx: Transaction) -> dict[str, int]:
    """How many claims have a debtor's credit, and how much it is together."""
    return dict((await tx.execute(SUM)).mappings().one())


async def paid_for(tx: Transaction, claim_ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    """The payments that met claims, the latest first; payers are known of newer ones only."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in await tx.execute(PAID, {"ids": list(claim_ids)}):
        found[row.claim_id].append(row)
    return found
