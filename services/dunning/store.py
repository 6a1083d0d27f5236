"""dunning's two tables and the only SQL that touches them; every statement works on many rows.

`claim` is hot: one row per invoice, written when the invoice is issued, paid and reminded. It has
no index but its key, so that those updates stay on their page. A null there was never heard.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import TextClause, text

from contracts.ids import ClaimId, CreditorId
from plumbing.literals import arrays, casts, columns_told
from plumbing.transaction import Transaction
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
  c.invoice_sent_on, c.reminder_sent_on, c.reminder_ordinal, c.stale_ordinal,
  p.reminders, p.reminder_days, p.collection, p.collection_after_days
"""
TYPES = {
    **{"claim_id": "uuid", "creditor_id": "uuid", "due_on": "date", "settled": "boolean"},
    **{"dispute": "text", "in_collection": "boolean", "reminder": "text", "pay_by": "date"},
    **{"not_before": "date", "invoice_sent_on": "date", "reminder_sent_on": "date"},
    **{"reminder_ordinal": "int", "stale_ordinal": "int"},
}
"""What facts tell, with the types of the columns."""
ADDED = (
    dict.fromkeys(TYPES, "coalesce(excluded.{0}, c.{0})")
    | dict.fromkeys(("invoice_sent_on", "reminder_sent_on"), "coalesce(c.{0}, excluded.{0})")
    | dict.fromkeys(
        ("not_before", "reminder_ordinal", "stale_ordinal"), "greatest(excluded.{0}, c.{0})"
    )
)
"""How a fact is added to what was known: the latest told, the first day, or the greatest."""


@cache
def _hear(names: tuple[str, ...]) -> TextClause:
    """The statement that adds these facts, and answers with the claims that stand open.

    The creditor, which never changes, is set as well: some events tell nothing else.
    """
    added = [f"{name} = {ADDED[name].format(name)}" for name in names if name != "claim_id"]
    return text(f"""
      with heard as (
        insert into claim as c ({", ".join(names)})
        select * from unnest({casts({name: TYPES[name] for name in names})}) as u(claim_id)
        order by u.claim_id
        on conflict (claim_id) do update set {", ".join(added)}
        returning *)
      select {CLAIM} from heard c left join policy p using (creditor_id)
      where c.settled is not true
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
    and c.settled is not true and c.in_collection is not true
  order by c.claim_id for update of c
""")
_DECIDED = {
    **{"claim_ids": "uuid", "reminders": "text", "collections": "date", "pauses": "date"},
    **{"ordinals": "int"},
}
SAVE = text(f"""
  update claim c set reminder = u.reminder, collection_proposed_on = u.collection_proposed_on,
    paused_until = u.paused_until, reminder_ordinal = u.reminder_ordinal
  from unnest({casts(_DECIDED)})
    as u(claim_id, reminder, collection_proposed_on, paused_until, reminder_ordinal)
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
    """Add facts to their claims, locking them in order; returns those that are not settled.

    Only the columns are written that any of the facts names.
    """
    given = columns_told(TYPES, facts)
    return [_claim(row) for row in await tx.execute(_hear(tuple(given)), given)]


async def lock_claims(tx: Transaction, claim_ids: Sequence[ClaimId]) -> list[Claim]:
    """Claims by id, locked; ids never heard of are left out."""
    return [_claim(row) for row in await tx.execute(LOCK, {"claim_ids": list(claim_ids)})]


async def read_claim(tx: Transaction, claim_id: ClaimId) -> Claim | None:
    """One claim, not locked."""
    row = (await tx.execute(READ, {"claim_id": claim_id})).first()
    return None if row is None else _claim(row)


async def standing_claims(tx: Transaction, creditor_ids: Sequence[CreditorId]) -> list[Claim]:
    """The unpaid claims of creditors, locked; reads the whole table: for a changed policy only.

    Without the lock a timer that somebody sets meanwhile, by newer facts, would be unset again.
    """
    found = await tx.execute(STANDING, {"creditor_ids": list(creditor_ids)})
    return [_claim(row) for row in found]


async def save_claims(tx: Transaction, claims: Sequence[Claim]) -> None:
    """Write what dunning itself decides of claims; what was heard of them stays."""
    if claims:
        rows = [
            (c.claim_id, c.reminder, c.collection_proposed_on, c.paused_until, c.reminder_ordinal)
            for c in claims
        ]
        await tx.execute(SAVE, arrays(_DECIDED, rows))


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


def _claim(row: Sequence[Any]) -> Claim:
    """A claim from the columns of `CLAIM`, by place: the hot path makes one per event."""
    return Claim(
        row[0],
        row[1],
        _policy_of(*row[15:]),
        row[2],
        row[3] or False,
        DISPUTES[row[4]],
        row[5] or False,
        REMINDERS[row[6]],
        *(*row[7:13], row[13] or 0, row[14] or 0),
    )


DISPUTES: dict[str | None, Dispute] = {None: Dispute.NONE, **{str(d): d for d in Dispute}}
REMINDERS: dict[str | None, Reminder] = {
    None: Reminder.NONE,
    **{each.value: each for each in Reminder},
}


def _policy(row: Any) -> Policy:
    if row is None:
        return HOUSE_POLICY
    return _policy_of(row.reminders, row.reminder_days, row.collection, row.collection_after_days)


@lru_cache(maxsize=1_000)
def _policy_of(reminders: bool | None, days: int, collection: str, after_days: int) -> Policy:
    if reminders is None:
        return HOUSE_POLICY
    return Policy(reminders, days, Collection(collection), after_days)


def _policy_columns(policy: Policy) -> dict[str, Any]:
    return {
        "reminders": policy.reminders,
        "reminder_days": policy.reminder_days,
        "collection": policy.collection,
        "collection_after_days": policy.collection_after_days,
    }
