"""The double-entry ledger: postings are only added, and every transaction sums to zero.

The sum is checked here before anything is sent, and once more by the database per statement.
"""

from collections.abc import Sequence

from sqlalchemy import text

from contracts.ids import new_id
from plumbing.transaction import Transaction
from services.payments.domain.ledger import Movement, UnbalancedError

POST = text("""
  with journals as (
    insert into journal (id, kind, booked_on, source)
    select u.id, u.kind, :booked_on, u.source from unnest(cast(:ids as uuid[]),
      cast(:kinds as text[]), cast(:sources as uuid[])) as u(id, kind, source))
  insert into posting (transaction_id, n, account, owner, component, amount_ore, value_on)
  select u.transaction_id, u.n, u.account, u.owner, u.component, u.amount_ore, u.value_on
  from unnest(cast(:transactions as uuid[]), cast(:accounts as text[]), cast(:owners as uuid[]),
    cast(:components as text[]), cast(:amounts as bigint[]), cast(:values as date[]))
    with ordinality as u(transaction_id, account, owner, component, amount_ore, value_on, n)
""")


async def post(tx: Transaction, movements: Sequence[Movement]) -> None:
    """Write movements, each one ledger transaction; raises `UnbalancedError` if one is not zero."""
    ids, kinds, sources, transactions = [], [], [], []
    lines = []
    for movement in movements:
        made = [posting for posting in movement.postings if posting[3]]
        if sum(posting[3] for posting in made):
            raise UnbalancedError(movement)
        if made:
            transaction_id = new_id()
            ids.append(transaction_id)
            kinds.append(movement.kind)
            sources.append(movement.source)
            transactions += [transaction_id] * len(made)
            lines += made
    if not lines:
        return
    accounts, owners, components, amounts, values = zip(*lines, strict=True)
    await tx.execute(
        POST,
        {
            "booked_on": tx.today,
            "ids": ids,
            "kinds": kinds,
            "sources": sources,
            "transactions": transactions,
            "accounts": accounts,
            "owners": owners,
            "components": components,
            "amounts": amounts,
            "values": values,
        },
    )
