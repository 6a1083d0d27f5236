"""What is always true of the ledger (events.md 5), as queries that find where it is not.

Each compares what is kept in rows (claims, allocations, payments, payouts) with what is booked, or
two kinds of rows with each other, by owner: a difference on either side is found, also where the
other side has no such owner at all. Amounts are as people think of them: what is owed to others is
positive, though the ledger's credits are negative.
"""

from collections.abc import Mapping

from sqlalchemy import TextClause, text

from contracts.terms import BENEFICIARIES
from services.payments.domain.claim import COMPONENTS

MOST_SHOWN = 20


def _booked(account: str, sign: str = "-") -> str:
    """The balances of a kind of account by owner."""
    return f"select owner, {sign}amount_ore as ore from posting where account = '{account}'"


def _equal(kept: str, booked: str) -> TextClause:
    """Owners for which two queries of (owner, ore) do not add up to the same."""
    return text(f"""
      select owner, sum(kept)::bigint as kept_ore, sum(booked)::bigint as booked_ore from (
        select owner, ore as kept, 0::bigint as booked from ({kept}) as k(owner, ore)
        union all select owner, 0, ore from ({booked}) as b(owner, ore)) as both_sides
      group by owner having sum(kept) <> sum(booked) limit {MOST_SHOWN}
    """)


_CREDITORS = " + ".join(f"{c}_ore" for c in COMPONENTS if BENEFICIARIES[c] == "creditor")
_OPERATORS = " + ".join(f"{c}_ore" for c in COMPONENTS if BENEFICIARIES[c] == "operator")
_OPEN = " + ".join(f"{component}_ore" for component in COMPONENTS)
_COLUMNS = ", ".join(f"('{component}', {component}_ore)" for component in COMPONENTS)

OF_CLAIMS: Mapping[str, TextClause] = {
    "a claim's open components differ from its postings": text(f"""
      select kept.claim_id as owner, kept.component, kept.ore, booked.ore as booked_ore
      from (select c.claim_id, o.component, o.ore from claim c
            cross join lateral (values {_COLUMNS}) as o(component, ore)) as kept
      full join (select owner, component, sum(amount_ore)::bigint as ore from posting
            where account = 'claim' group by owner, component) as booked
        on booked.owner = kept.claim_id and booked.component = kept.component
      where coalesce(kept.ore, 0) <> coalesce(booked.ore, 0) limit {MOST_SHOWN}
    """),
    "pending differs from the open components": _equal(
        f"""select creditor_id, ({_CREDITORS})::bigint from claim
          union all select null, ({_OPERATORS})::bigint from claim""",
        _booked("pending"),
    ),
    "a claim's debt differs from its invoice, credits, charges and payments": _equal(
        f"select claim_id, ({_OPEN})::bigint from claim",
        """select claim_id, total_ore - credited_ore - paid_ore from claim
          union all select claim_id, fee_ore + work_ore + interest_ore from charge
            where state = 'charged'""",
    ),
    "interest that was posted differs from what the standing charges demand": _equal(
        "select claim_id, interest_posted_ore from claim",
        "select claim_id, interest_ore from charge where state = 'charged'",
    ),
    "what was credited differs from the credit notes": _equal(
        "select claim_id, credited_ore from claim", "select claim_id, credit_ore from credit"
    ),
    "a claim is in a case without a standing demand, or has one and is not": text(f"""
      select claim_id as owner, in_case from claim c where in_case <> exists (
        select from charge d where d.claim_id = c.claim_id and d.kind = 'demand'
          and d.state = 'charged') limit {MOST_SHOWN}
    """),
}

OF_MONEY: Mapping[str, TextClause] = {
    "a debtor's credit differs from its postings": _equal(
        "select claim_id, overpaid_ore from claim", _booked("overpaid")
    ),
    "a debtor's credit differs from the allocations and what was repaid": _equal(
        "select claim_id, overpaid_ore from claim",
        """select claim_id, overpaid_ore from allocation
          union all select claim_id, -amount_ore from resolution where kind = 'repaid'""",
    ),
    "what was paid on a claim differs from the allocations": _equal(
        "select claim_id, paid_ore from claim", "select claim_id, amount_ore from allocation"
    ),
    "a payment is not what its allocations and what waits of it make": _equal(
        """select payment_id, amount_ore from payment
          union all select payment_id, amount_ore from kronofogden_money""",
        """select payment_id, amount_ore + overpaid_ore from allocation
            where payment_id is not null
          union all select payment_id, amount_ore from unmatched
          union all select cleared_by, amount_ore from kronofogden_money
            where cleared_by is not null
          union all select payment_id, amount_ore from resolution
            where payment_id is not null and kind in ('taken_out', 'debited')""",
    ),
    "suspense differs from the money that waits": _equal(
        "select null::uuid, amount_ore from unmatched where on_ledger", _booked("suspense")
    ),
    "what Kronofogden owes differs from what it collected and has not paid": _equal(
        "select claim_id, amount_ore from kronofogden_money where cleared_by is null",
        _booked("kronofogden", ""),
    ),
    "what creditors owe differs from the outlays made for them": _equal(
        "select creditor_id, amount_ore from outlay", _booked("receivable", "")
    ),
    "the operator's part differs from the allocations and the outlays": _equal(
        """select null::uuid, amount_ore - creditor_part_ore from allocation
          union all select null, amount_ore from outlay
          union all select null, -amount_ore from resolution
            where kind = 'debited' and payment_id is null""",
        _booked("operator"),
    ),
    "the bank account differs from what was received and what was debited": _equal(
        """select null::uuid, amount_ore from payment
          union all select null, -amount_ore from unmatched where not on_ledger
          union all select null, -amount_ore from payout where state = 'settled'
          union all select null, -amount_ore from resolution
            where kind in ('taken_out', 'debited', 'repaid')""",
        _booked("bank:client", ""),
    ),
}

OF_PAYOUTS: Mapping[str, TextClause] = {
    "payable differs from the allocations not paid out": _equal(
        "select creditor_id, creditor_part_ore from allocation where payout_id is null",
        _booked("payable"),
    ),
    "transit differs from the payouts under way": _equal(
        "select payout_id, amount_ore from payout where state in ('ordered', 'accepted')",
        _booked("transit"),
    ),
    "a payout differs from the allocations that it pays": _equal(
        "select payout_id, amount_ore from payout where state <> 'rejected'",
        "select payout_id, creditor_part_ore from allocation where payout_id is not null",
    ),
    "the settled payouts of an order differ from its debits": _equal(
        "select batch_id, amount_ore from payout where state = 'settled'",
        """select p.batch_id, d.amount_ore from debit d join payout p using (payout_id)
          union all select batch_id, amount_ore from debit where batch_id is not null""",
    ),
}

IDENTITIES: Mapping[str, TextClause] = {**OF_CLAIMS, **OF_MONEY, **OF_PAYOUTS}
