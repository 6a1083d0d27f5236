"""dunning's two tables and the only SQL that touches them; every statement works on many rows.

`claim` is hot: one row per invoice, written when the invoice is issued, paid and reminded. It has
no index but its key, so that those updates stay on their page. A null there was never heard.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from contracts.ids import ClaimId, CreditorId
from plumbing.transaction import Transaction, columns
from services.dunning.domain import (
    HOUSE_POLICY,
    Claim,
    Collection,
    Dispute,
    Facts,
    Policy,
    Reminder,
)

CLAIM = """
  c.claim_id, c.creditor_id, c.due_on, c.settled, c.dispute, c.in_collection, c.reminder, c.pay_by,
  c.not_before, c.paused_until, c.collection_proposed_on,
  p.reminders, p.reminder_days, p.collection, p.collection_after_days
"""
FACTS = (
    *("claim_id", "creditor_id", "due_on", "settled", "dispute", "in_collection", "reminder"),
    *("pay_by", "not_before"),
)
HEAR = text(f"""
  with heard as (
    insert into claim as c (claim_id, creditor_id, due_on, settled, dispute, in_collection,
      reminder, pay_by, not_before)
    select * from unnest(cast(:claim_id as uuid[]), cast(:creditor_id as uuid[]),
      cast(:due_on as date[]), cast(:settled as boolean[]), cast(:dispute as text[]),
      cast(:in_collection as boolean[]), cast(:reminder as text[]), cast(:pay_by as date[]),
      cast(:not_before as date[]))
    on conflict (claim_id) do update set
      due_on = coalesce(excluded.due_on, c.due_on),
      settled = coalesce(excluded.settled, c.settled),
      dispute = coalesce(excluded.dispute, c.dispute),
      in_collection = coalesce(excluded.in_collection, c.in_collection),
      reminder = coalesce(excluded.reminder, c.reminder),
      pay_by = coalesce(excluded.pay_by, c.pay_by),
      not_before = greatest(excluded.not_before, c.not_before)
    returning *)
  select {CLAIM} from heard c left join policy p using (creditor_id)
""")
LOCK = text(f"""
  select {CLAIM} from claim c left join policy p using (creditor_id)
  where c.claim_id = any(cast(:claim_ids as uuid[])) order by c.claim_id for update of c
""")
READ = text(f"""
  select {CLAIM} from claim c left join policy p using (creditor_id) where c.claim_id = :claim_id
""")
STANDING = text(f"""
  select {CLAIM} from claim c left join policy p using (creditor_id)
  where c.creditor_id = any(cast(:creditor_ids as uuid[])) and c.due_on is not null
    and c.settled is not true and c.collection_proposed_on is null
""")
SAVE = text("""
  update claim c set reminder = u.reminder, collection_proposed_on = u.collection_proposed_on,
    paused_until = u.paused_until
  from unnest(cast(:claim_ids as uuid[]), cast(:reminders as text[]),
    cast(:collections as date[]), cast(:pauses as date[]))
    as u(claim_id, reminder, collection_proposed_on, paused_until)
  where c.claim_id = u.claim_id
""")
ADD_POLICIES = text("""
  insert into policy (creditor_id, reminders, reminder_days, collection, collection_after_days)
  select u, :reminders, :reminder_days, :collection, :collection_after_days
  from unnest(cast(:creditor_ids as uuid[])) as u
  on conflict do nothing
""")
SAVE_POLICY = text("""
  insert into policy (creditor_id, reminders, reminder_days, collection, collection_after_days)
  values (:creditor_id, :reminders, :reminder_days, :collection, :collection_after_days)
  on conflict (creditor_id) do update set reminders = excluded.reminders,
    reminder_days = excluded.reminder_days, collection = excluded.collection,
    collection_after_days = excluded.collection_after_days
""")
READ_POLICY = text("select * from policy where creditor_id = :creditor_id")


async def hear(tx: Transaction, facts: Sequence[Facts]) -> list[Claim]:
    """Add facts to their claims, locking them in order; returns the claims as now known."""
    rows = sorted(
        [tuple(getattr(fact, name) for name in FACTS) for fact in facts], key=lambda row: row[0]
    )
    return [_claim(row) for row in await tx.execute(HEAR, columns(rows, FACTS))]


async def lock_claims(tx: Transaction, claim_ids: Sequence[ClaimId]) -> list[Claim]:
    """Claims by id, locked; ids never heard of are left out."""
    return [_claim(row) for row in await tx.execute(LOCK, {"claim_ids": list(claim_ids)})]


async def read_claim(tx: Transaction, claim_id: ClaimId) -> Claim | None:
    """One claim, not locked."""
    row = (await tx.execute(READ, {"claim_id": claim_id})).first()
    return None if row is None else _claim(row)


async def standing_claims(tx: Transaction, creditor_ids: Sequence[CreditorId]) -> list[Claim]:
    """The unpaid claims of creditors; reads the whole table, so it is for a changed policy only."""
    found = await tx.execute(STANDING, {"creditor_ids": list(creditor_ids)})
    return [_claim(row) for row in found]


async def save_claims(tx: Transaction, claims: Sequence[Claim]) -> None:
    """Write what dunning itself decides of claims; what was heard of them stays."""
    if claims:
        rows = [(c.claim_id, c.reminder, c.collection_proposed_on, c.paused_until) for c in claims]
        names = ("claim_ids", "reminders", "collections", "pauses")
        await tx.execute(SAVE, columns(rows, names))


async def add_policies(tx: Transaction, creditor_ids: Sequence[CreditorId]) -> None:
    """Give new creditors the house's policy, unless they have chosen already."""
    await tx.execute(
        ADD_POLICIES, {"creditor_ids": sorted(creditor_ids), **_policy_columns(HOUSE_POLICY)}
    )


async def save_policy(tx: Transaction, creditor_id: CreditorId, policy: Policy) -> None:
    """Write a creditor's choice."""
    await tx.execute(SAVE_POLICY, {"creditor_id": creditor_id, **_policy_columns(policy)})


async def read_policy(tx: Transaction, creditor_id: CreditorId) -> Policy:
    """A creditor's policy; the house's for one that has none."""
    return _policy((await tx.execute(READ_POLICY, {"creditor_id": creditor_id})).first())


def _claim(row: Any) -> Claim:
    return Claim(
        claim_id=row.claim_id,
        creditor_id=row.creditor_id,
        policy=_policy(row),
        due_on=row.due_on,
        settled=row.settled or False,
        dispute=Dispute(row.dispute or Dispute.NONE),
        in_collection=row.in_collection or False,
        reminder=Reminder(row.reminder or Reminder.NONE),
        pay_by=row.pay_by,
        not_before=row.not_before,
        paused_until=row.paused_until,
        collection_proposed_on=row.collection_proposed_on,
    )


def _policy(row: Any) -> Policy:
    if row is None or row.reminders is None:
        return HOUSE_POLICY
    return Policy(
        row.reminders, row.reminder_days, Collection(row.collection), row.collection_after_days
    )


def _policy_columns(policy: Policy) -> dict[str, Any]:
    return {
        "reminders": policy.reminders,
        "reminder_days": policy.reminder_days,
        "collection": policy.collection,
        "collection_after_days": policy.collection_after_days,
    }
