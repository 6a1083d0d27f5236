"""The double-entry ledger: postings are only added, and every transaction sums to zero.

The sum is checked here before anything is sent, and once more by the database per statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from contracts.ids import new_id
from plumbing.literals import days, ids, numbers, words
from plumbing.transaction import Transaction
from services.payments.domain.claim import COMPONENTS
from services.payments.domain.ledger import BENEFICIARIES, Account, Movement, UnbalancedError

POST = text("""
  with journals as (
    insert into journal (id, kind, booked_on, source)
    select u.id, u.kind, :booked_on, u.source from unnest(cast(:ids as uuid[]),
      cast(:kinds as text[]), cast(:sources as uuid[])) as u(id, kind, source))
  insert into posting (transaction_id, n, account, owner, component, amount_ore, value_on)
  select u.transaction_id, u.n, u.account, u.owner, u.component, u.amount_ore, u.value_on
  from (select l.*, m.id as transaction_id from unnest(cast(cast(:places as text) as int[]),
      cast(cast(:accounts as text) as text[]), cast(cast(:owners as text) as uuid[]),
      cast(cast(:components as text) as text[]), cast(cast(:amounts as text) as bigint[]),
      cast(cast(:values as text) as date[]))
      with ordinality as l(place, account, owner, component, amount_ore, value_on, n)
    join unnest(cast(:ids as uuid[])) with ordinality as m(id, place) using (place)) as u
""")

ONE_MOMENT = text("set transaction isolation level repeatable read, read only")
SUMS = text("""
  select (select count(*) from journal) as transactions,
    (select coalesce(sum(amount_ore), 0)::bigint from posting) as sum_ore,
    (select count(*) from (select 1 from posting group by transaction_id
       having sum(amount_ore) <> 0) as off) as unbalanced
""")
ACCOUNTS = text("""
  select account, sum(amount_ore)::bigint as ore from posting group by account order by account
""")
BALANCES = text("""
  select account, owner, component, sum(amount_ore)::bigint as ore, count(*) as lines from posting
  where account <> 'claim' and (cast(:account as text) is null or account = :account)
    and (cast(:after as uuid) is null or owner > :after)
  group by account, owner, component order by account, owner nulls first limit :limit
""")
_CREDITORS = " + ".join(f"{c}_ore" for c in COMPONENTS if BENEFICIARIES[c] == "creditor")
_OPERATORS = " + ".join(f"{c}_ore" for c in COMPONENTS if BENEFICIARIES[c] == "operator")
_COLUMNS = ", ".join(f"('{component}', {component}_ore)" for component in COMPONENTS)
PROBLEMS: Mapping[str, TextClause] = {
    "a claim's open components differ from its postings": text(f"""
      select kept.claim_id as owner, kept.component, kept.ore, booked.ore as booked_ore
      from (select c.claim_id, o.component, o.ore from claim c
            cross join lateral (values {_COLUMNS}) as o(component, ore)) as kept
      full join (select owner, component, sum(amount_ore)::bigint as ore from posting
            where account = 'claim' group by owner, component) as booked
        on booked.owner = kept.claim_id and booked.component = kept.component
      where coalesce(kept.ore, 0) <> coalesce(booked.ore, 0) limit 20
    """),
    "a debtor's credit differs from its postings": text("""
      select c.claim_id as owner, c.overpaid_ore as ore, -coalesce(b.ore, 0) as booked_ore
      from claim c left join (select owner, sum(amount_ore)::bigint as ore from posting
        where account = 'overpaid' group by owner) as b on b.owner = c.claim_id
      where c.overpaid_ore <> -coalesce(b.ore, 0) limit 20
    """),
    "pending differs from the open components": text(f"""
      select kept.owner, kept.ore, -coalesce(b.ore, 0) as booked_ore
      from (select creditor_id as owner, sum({_CREDITORS})::bigint as ore from claim group by 1
            union all select null, sum({_OPERATORS})::bigint from claim) as kept
      left join (select owner, sum(amount_ore)::bigint as ore from posting
        where account = 'pending' group by owner) as b on b.owner is not distinct from kept.owner
      where coalesce(kept.ore, 0) <> -coalesce(b.ore, 0) limit 20
    """),
    "suspense differs from the money that waits": text("""
      select kept.ore, booked.ore as booked_ore from
        (select coalesce(sum(amount_ore), 0)::bigint as ore from unmatched where on_ledger) as kept,
        (select -coalesce(sum(amount_ore), 0)::bigint as ore from posting
         where account = 'suspense') as booked
      where kept.ore <> booked.ore
    """),
    "payable differs from the allocations not paid out": text("""
      select coalesce(a.creditor_id, b.owner) as owner, a.ore, -b.ore as booked_ore
      from (select creditor_id, sum(creditor_part_ore)::bigint as ore from allocation
            where payout_id is null group by creditor_id) as a
      full join (select owner, sum(amount_ore)::bigint as ore from posting
            where account = 'payable' group by owner) as b on b.owner = a.creditor_id
      where coalesce(a.ore, 0) <> -coalesce(b.ore, 0) limit 20
    """),
}


@dataclass(frozen=True, slots=True)
class Check:
    """What a check of the whole ledger found; no problems means that it is right."""

    transactions: int
    sum_ore: int
    accounts: Mapping[str, int]
    problems: tuple[str, ...]


async def check(tx: Transaction) -> Check:
    """Recompute every balance from the postings; must be the first thing its transaction does.

    Verified: each transaction and all of them sum to zero; the bank account holds what is owed to
    others and the operator; pending equals the open components; columns equal postings.
    """
    await tx.execute(ONE_MOMENT)
    sums = (await tx.execute(SUMS)).one()
    accounts = {row.account: row.ore for row in (await tx.execute(ACCOUNTS)).all()}
    problems = []
    if sums.sum_ore:
        problems.append(f"all postings together are off by {sums.sum_ore} öre")
    if sums.unbalanced:
        problems.append(f"{sums.unbalanced} transactions do not sum to zero")
    money_ore = sum(ore for name, ore in accounts.items() if name not in ("claim", "pending"))
    if money_ore:
        problems.append(f"the bank account differs from what it holds for others: {money_ore} öre")
    if accounts.get(Account.BANK_CLIENT, 0) < 0:
        problems.append("more was paid out than was received")
    for problem, query in PROBLEMS.items():
        problems += [f"{problem}: {dict(row)}" for row in (await tx.execute(query)).mappings()]
    return Check(sums.transactions, sums.sum_ore, accounts, tuple(problems))


async def balances(
    tx: Transaction, *, account: str | None, after: UUID | None, limit: int
) -> Sequence[Any]:
    """Balances in öre of the accounts other than claims', a page at a time."""
    which = {"account": account, "after": after, "limit": limit}
    return (await tx.execute(BALANCES, which)).all()


async def post(tx: Transaction, movements: Sequence[Movement]) -> None:
    """Write movements, each one ledger transaction; raises `UnbalancedError` if one is not zero."""
    made_ids, kinds, sources, places = [], [], [], []
    lines = []
    for movement in movements:
        made = [posting for posting in movement.postings if posting[3]]
        if sum(posting[3] for posting in made):
            raise UnbalancedError(movement)
        if made:
            made_ids.append(new_id())
            kinds.append(movement.kind)
            sources.append(movement.source)
            places += [len(made_ids)] * len(made)
            lines += made
    if not lines:
        return
    accounts, owners, components, amounts, values = zip(*lines, strict=True)
    await tx.execute(
        POST,
        {
            "booked_on": tx.today,
            "ids": made_ids,
            "kinds": kinds,
            "sources": sources,
            "places": numbers(places),
            "accounts": words(accounts),
            "owners": ids(owners),
            "components": words(components),
            "amounts": numbers(amounts),
            "values": days(values),
        },
    )
