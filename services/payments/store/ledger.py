"""The double-entry ledger: postings are only added, and every transaction sums to zero.

The sum is checked here before anything is sent, and once more by the database per statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from contracts.ids import new_id
from plumbing.literals import days, ids, numbers, words
from plumbing.transaction import Transaction
from services.payments.domain.ledger import Account, Movement, UnbalancedError
from services.payments.store.identities import IDENTITIES

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


@dataclass(frozen=True, slots=True)
class Check:
    """What a check of the whole ledger found; no problems means that it is right."""

    transactions: int
    sum_ore: int
    accounts: Mapping[str, int]
    problems: tuple[str, ...]


async def check(tx: Transaction) -> Check:
    """Recompute the ledger from its postings; must be the first thing its transaction does."""
    await tx.execute(ONE_MOMENT)
    return await look(tx)


async def look(tx: Transaction) -> Check:
    """The check as this transaction sees the ledger.

    Verified: each transaction and all of them sum to zero; the bank account holds what is owed to
    others and the operator; and every identity of `identities`.
    """
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
    for problem, query in IDENTITIES.items():
        problems += [f"{problem}: {_shown(row)}" for row in (await tx.execute(query)).mappings()]
    return Check(sums.transactions, sums.sum_ore, accounts, tuple(problems))


def _shown(row: Mapping[Any, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)


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
