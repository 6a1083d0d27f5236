"""Payout accounts, payouts and debits; and the allocations whose money is still to be paid out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from contracts.ids import ClaimId, CreditorId, PayoutId
from plumbing.transaction import Transaction, columns
from services.payments.domain.payouts import Payout, PayoutState

KEEP_CREDITORS = text("""
  insert into creditor select * from unnest(cast(:ids as uuid[]), cast(:names as text[]),
    cast(:towns as text[]))
  on conflict (creditor_id) do update set name = excluded.name, town = excluded.town
""")
WITH_ACCOUNT = text("""
  select creditor_id from payout_account where creditor_id = any(cast(:ids as uuid[]))
""")
SET_ACCOUNT = text("""
  insert into payout_account values (:creditor_id, :kind, :number, :bic, :set_by, :set_on, null)
  on conflict (creditor_id) do update set kind = excluded.kind, number = excluded.number,
    bic = excluded.bic, set_by = excluded.set_by, set_on = excluded.set_on, refused = null
""")
ACCOUNT = text("select * from payout_account where creditor_id = :creditor_id")
# Locked in this order, the accounts are the one gate to a creditor's payouts.
LOCK_ACCOUNTS = text("""
  select a.creditor_id, a.kind, a.number, a.bic, c.name, c.town
  from payout_account a join creditor c using (creditor_id)
  where a.creditor_id = any(cast(:ids as uuid[])) and a.refused is null
  order by a.creditor_id for update of a
""")
ON_ACCOUNT = """
  not exists (select from kronofogden_money k
    where k.payment_id = allocation.payment_id and k.cleared_by is null)
"""
"""What Kronofogden has collected and not paid us is nobody's to be paid out (ADR-0016)."""
LOCK_PAYABLE = text(f"""
  select id, creditor_id, claim_id, creditor_part_ore from allocation
  where creditor_id = any(cast(:ids as uuid[])) and payout_id is null and creditor_part_ore <> 0
    and {ON_ACCOUNT}
  order by id for update
""")
MARK = text("""
  update allocation a set payout_id = u.payout_id
  from unnest(cast(:ids as bigint[]), cast(:payouts as uuid[])) as u(id, payout_id)
  where a.id = u.id
""")
FREE = text("""
  update allocation set payout_id = null where payout_id = any(cast(:payouts as uuid[]))
""")
ADD_BATCH = text("""
  insert into payout_batch (batch_id, created_at, payouts, amount_ore)
  values (:batch_id, :created_at, :payouts, :amount_ore)
""")
ADD_PAYOUTS = text("""
  insert into payout (payout_id, batch_id, creditor_id, amount_ore, account_masked, state,
    ordered_on, execute_on, group_id)
  select u.payout_id, :batch_id, u.creditor_id, u.amount_ore, u.account_masked, 'ordered',
    :ordered_on, :execute_on, u.group_id
  from unnest(cast(:payouts as uuid[]), cast(:creditors as uuid[]), cast(:amounts as bigint[]),
    cast(:accounts as text[]), cast(:groups as text[]))
    as u(payout_id, creditor_id, amount_ore, account_masked, group_id)
""")
COLUMNS = "payout_id, creditor_id, amount_ore, state, ordered_on, ended_on, reason"
LOCK_BATCHES = text(f"""
  select batch_id, {COLUMNS} from payout where batch_id = any(cast(:ids as uuid[]))
  order by payout_id for update
""")
LOCK_GROUPS = text(f"""
  select batch_id, group_id, {COLUMNS} from payout
  where batch_id = any(cast(:ids as uuid[])) order by payout_id for update
""")
LOCK_PAYOUTS = text(f"""
  select {COLUMNS} from payout where payout_id = any(cast(:ids as uuid[]))
  order by payout_id for update
""")
SAVE_PAYOUTS = text("""
  update payout p set state = u.state, ended_on = u.ended_on, reason = u.reason
  from unnest(cast(:ids as uuid[]), cast(:states as text[]), cast(:days as date[]),
    cast(:reasons as text[])) as u(payout_id, state, ended_on, reason)
  where p.payout_id = u.payout_id
""")
ANSWER_BATCH = text("""
  update payout_batch set status = :status, note = :note, answered_on = :today
  where batch_id = :batch_id
""")
REFUSE_ACCOUNTS = text("""
  update payout_account a set refused = u.reason
  from unnest(cast(:ids as uuid[]), cast(:reasons as text[])) as u(creditor_id, reason)
  where a.creditor_id = u.creditor_id
""")
# Sorted, so that two batches with the same debits wait for one another and do not deadlock.
ADD_DEBITS = text("""
  insert into debit (source_key, file_id, booked_on, paid_on, amount_ore, currency, end_to_end_id,
    payee_name, bank_reference)
  select u.source_key, :file_id, u.booked_on, u.paid_on, u.amount_ore, u.currency,
    u.end_to_end_id, u.payee_name, u.bank_reference
  from unnest(cast(:keys as text[]), cast(:booked as date[]), cast(:paid as date[]),
    cast(:amounts as bigint[]), cast(:currencies as text[]), cast(:ids as text[]),
    cast(:names as text[]), cast(:references as text[])) as u(source_key, booked_on, paid_on,
    amount_ore, currency, end_to_end_id, payee_name, bank_reference)
  order by u.source_key on conflict (source_key) do nothing returning source_key
""")
EXPLAIN_DEBITS = text("""
  update debit d set payout_id = u.payout_id, batch_id = u.batch_id, reason = u.reason
  from unnest(cast(:keys as text[]), cast(:payouts as uuid[]), cast(:batches as uuid[]),
    cast(:reasons as text[])) as u(source_key, payout_id, batch_id, reason)
  where d.source_key = u.source_key
""")
SHOWN = """
  select payout_id, creditor_id, amount_ore, account_masked, state, ordered_on, execute_on,
    ended_on, reason from payout
  where (cast(:creditor_id as uuid) is null or creditor_id = :creditor_id)
"""
ONE = text(SHOWN + " and payout_id = :payout_id")
LIST = text(
    SHOWN
    + """
    and (cast(:before as uuid) is null or payout_id < :before)
    and (cast(:state as text) is null or state = :state)
  order by payout_id desc limit :limit
"""
)
CLAIMS_OF = text("""
  select claim_id, sum(creditor_part_ore)::bigint as amount_ore from allocation
  where payout_id = :payout_id group by claim_id having sum(creditor_part_ore) <> 0
  order by claim_id
""")
UNDER_WAY = text(f"""
  select {COLUMNS} from payout where state in ('ordered', 'accepted') and ordered_on < :before
  order by ordered_on, payout_id limit 1000
""")
# A rejection is over when a later order of the creditor's was not rejected.
REJECTED = text(f"""
  select {COLUMNS} from payout p where state = 'rejected' and not exists (
    select from payout later where later.creditor_id = p.creditor_id
      and later.payout_id > p.payout_id and later.state <> 'rejected')
  order by payout_id desc limit 1000
""")
UNKNOWN_DEBITS = text("""
  select source_key, booked_on, amount_ore, currency, end_to_end_id, bank_reference, reason
  from debit where payout_id is null and batch_id is null and resolved_on is null
  order by booked_on desc, source_key limit 1000
""")
WAITING = text(f"""
  select p.creditor_id, p.amount_ore, p.since,
    case when a.creditor_id is null then 'no payout account' else a.refused end as reason
  from (select creditor_id, sum(creditor_part_ore)::bigint as amount_ore, min(booked_on) as since
    from allocation where payout_id is null and creditor_part_ore <> 0 and {ON_ACCOUNT}
    group by creditor_id) p
  left join payout_account a using (creditor_id)
  where p.amount_ore > 0 and (a.creditor_id is null or a.refused is not null)
  order by p.since, p.creditor_id limit 1000
""")


@dataclass(frozen=True, slots=True)
class PayoutAccount:
    """Where a creditor's money goes, and the name and town that banks want beside it."""

    creditor_id: CreditorId
    kind: str
    number: str
    bic: str | None
    name: str
    town: str


@dataclass(frozen=True, slots=True)
class Payable:
    """Money of one allocation that is to be paid out; negative where it is to be set off."""

    allocation_id: int
    creditor_id: CreditorId
    claim_id: ClaimId
    amount_ore: int


async def keep_creditors(tx: Transaction, rows: Iterable[tuple[UUID, str, str]]) -> None:
    """Keep names and towns (id, name, town), each id once."""
    await tx.execute(KEEP_CREDITORS, columns(list(rows), ("ids", "names", "towns")))


async def with_account(tx: Transaction, creditor_ids: Iterable[UUID]) -> list[CreditorId]:
    """List those of the creditors that have a payout account."""
    return list((await tx.execute(WITH_ACCOUNT, {"ids": list(creditor_ids)})).scalars())


async def set_account(
    tx: Transaction, creditor_id: UUID, *, kind: str, number: str, bic: str | None, set_by: UUID
) -> None:
    """Set where a creditor's money goes; what the bank refused before is forgotten."""
    values = {"creditor_id": creditor_id, "kind": kind, "number": number, "bic": bic}
    await tx.execute(SET_ACCOUNT, {**values, "set_by": set_by, "set_on": tx.today})


async def read_account(tx: Transaction, creditor_id: UUID) -> dict[str, Any] | None:
    """Give a creditor's account."""
    return (await tx.execute(ACCOUNT, {"creditor_id": creditor_id})).mappings().first()


async def lock_accounts(
    tx: Transaction, creditor_ids: Sequence[CreditorId]
) -> dict[CreditorId, PayoutAccount]:
    """Lock the accounts that may be paid to, of creditors whose name has been heard."""
    rows = await tx.execute(LOCK_ACCOUNTS, {"ids": list(creditor_ids)})
    return {row.creditor_id: PayoutAccount(*tuple(row)) for row in rows}


async def lock_payable(tx: Transaction, creditor_ids: Iterable[CreditorId]) -> list[Payable]:
    """Lock what is payable to the creditors."""
    rows = await tx.execute(LOCK_PAYABLE, {"ids": list(creditor_ids)})
    return [Payable(*tuple(row)) for row in rows]


async def add_batch(
    tx: Transaction,
    batch_id: UUID,
    payouts: Sequence[tuple[Payout, str, str | None]],
    *,
    execute_on: date,
    marks: Sequence[tuple[int, PayoutId]],
) -> None:
    """Write a batch, its payouts (with masked account and group) and which allocations they pay."""
    total_ore = sum(payout.amount_ore for payout, _, _ in payouts)
    batch = {"batch_id": batch_id, "payouts": len(payouts), "amount_ore": total_ore}
    await tx.execute(ADD_BATCH, {**batch, "created_at": tx.now})
    rows = [(p.payout_id, p.creditor_id, p.amount_ore, *more) for p, *more in payouts]
    named = columns(rows, ("payouts", "creditors", "amounts", "accounts", "groups"))
    days = {"ordered_on": tx.today, "execute_on": execute_on}
    await tx.execute(ADD_PAYOUTS, {"batch_id": batch_id, **days, **named})
    await tx.execute(MARK, columns(marks, ("ids", "payouts")))


async def lock_batches(tx: Transaction, batch_ids: Iterable[UUID]) -> dict[UUID, list[Payout]]:
    """Lock all payouts of some batches, in order of their ids."""
    batches: dict[UUID, list[Payout]] = {}
    for row in await tx.execute(LOCK_BATCHES, {"ids": list(batch_ids)}):
        batches.setdefault(row.batch_id, []).append(_payout(row[1:]))
    return batches


async def lock_groups(
    tx: Transaction, batch_ids: Iterable[UUID]
) -> dict[tuple[UUID, str | None], list[Payout]]:
    """Lock all payouts of some batches, by batch and group of the order."""
    groups: dict[tuple[UUID, str | None], list[Payout]] = {}
    for row in await tx.execute(LOCK_GROUPS, {"ids": list(batch_ids)}):
        groups.setdefault((row.batch_id, row.group_id), []).append(_payout(row[2:]))
    return groups


async def lock_payouts(tx: Transaction, payout_ids: Iterable[UUID]) -> dict[UUID, Payout]:
    """Lock payouts in order of their ids."""
    rows = await tx.execute(LOCK_PAYOUTS, {"ids": list(payout_ids)})
    return {row.payout_id: _payout(row) for row in rows}


async def save_payouts(tx: Transaction, payouts: Sequence[Payout]) -> None:
    """Write the states of payouts; allocations of rejected ones are payable again."""
    rows = [(p.payout_id, p.state.value, p.ended_on, p.reason) for p in payouts]
    if not rows:
        return
    await tx.execute(SAVE_PAYOUTS, columns(rows, ("ids", "states", "days", "reasons")))
    rejected = [p.payout_id for p in payouts if p.state is PayoutState.REJECTED]
    if rejected:
        await tx.execute(FREE, {"payouts": rejected})


async def answer_batch(tx: Transaction, batch_id: UUID, status: str, note: str) -> None:
    """Write the bank's answer to a batch."""
    values = {"batch_id": batch_id, "status": status, "note": note, "today": tx.today}
    await tx.execute(ANSWER_BATCH, values)


async def refuse_accounts(tx: Transaction, reasons: Sequence[tuple[UUID, str]]) -> None:
    """Write what a bank says is wrong with accounts: nothing is sent there until they change."""
    if reasons:
        await tx.execute(REFUSE_ACCOUNTS, columns(reasons, ("ids", "reasons")))


async def add_debits(tx: Transaction, file_id: UUID, rows: Sequence[tuple[Any, ...]]) -> set[str]:
    """Write debits that are not known yet; returns their source keys."""
    names = ("keys", "booked", "paid", "amounts", "currencies", "ids", "names", "references")
    values = {"file_id": file_id, **columns(rows, names)}
    return set((await tx.execute(ADD_DEBITS, values)).scalars())


async def explain_debits(
    tx: Transaction, rows: Sequence[tuple[str, UUID | None, UUID | None, str | None]]
) -> None:
    """Write which payout or batch each debit paid, or why none (key, payout, batch, reason)."""
    if rows:
        await tx.execute(EXPLAIN_DEBITS, columns(rows, ("keys", "payouts", "batches", "reasons")))


async def list_payouts(
    tx: Transaction,
    *,
    creditor_id: UUID | None,
    before: UUID | None,
    state: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """List payouts, newest first."""
    which = {"creditor_id": creditor_id, "before": before, "state": state, "limit": limit}
    return list((await tx.execute(LIST, which)).mappings())


async def read_payout(
    tx: Transaction, payout_id: UUID, *, creditor_id: UUID | None
) -> dict[str, Any] | None:
    """Give one payout; of this creditor, if one is named."""
    which = {"payout_id": payout_id, "creditor_id": creditor_id}
    return (await tx.execute(ONE, which)).mappings().first()


async def claims_of(tx: Transaction, payout_id: UUID) -> list[dict[str, Any]]:
    """List what of a payout comes from which claim."""
    return list((await tx.execute(CLAIMS_OF, {"payout_id": payout_id})).mappings())


async def under_way(tx: Transaction, before: date) -> list[Payout]:
    """List payouts ordered before a day and not ended."""
    return [_payout(row) for row in await tx.execute(UNDER_WAY, {"before": before})]


async def rejected(tx: Transaction) -> list[Payout]:
    """List rejected payouts whose money has not been ordered anew."""
    return [_payout(row) for row in await tx.execute(REJECTED)]


async def unknown_debits(tx: Transaction) -> list[dict[str, Any]]:
    """List debits that no payout explains."""
    return list((await tx.execute(UNKNOWN_DEBITS)).mappings())


async def waiting_money(tx: Transaction) -> list[dict[str, Any]]:
    """List creditors whose money waits for an account."""
    return list((await tx.execute(WAITING)).mappings())


def _payout(row: Sequence[Any]) -> Payout:
    payout_id, creditor_id, amount_ore, state, *rest = row
    return Payout(payout_id, creditor_id, amount_ore, PayoutState(state), *rest)
