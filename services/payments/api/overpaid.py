"""The queue of what debtors have paid too much (law-and-fees 5; R-95), for operators.

Nothing of it is ever a creditor's. An operator repays it at the bank; the debit that then comes in
a file is told to be the repayment (`payouts.resolve_debit`), and the debtor's credit is gone.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from plumbing.identity import Identity, identity_of, require
from services.payments.handlers import payouts
from services.payments.store import overpaid

router = APIRouter()
Asker = Annotated[Identity, Depends(identity_of)]


@router.get("/overpaid")
async def read_overpaid(
    request: Request, identity: Asker, limit: Annotated[int, Query(ge=1, le=500)] = 200
) -> dict[str, Any]:
    """The claims on which too much was paid, the oldest first, and who paid what for them."""
    require(identity, "operator", "support")
    async with request.app.state.database.transaction() as tx:
        rows = await overpaid.credits(tx, limit=limit)
        paid = await overpaid.paid_for(tx, [row["claim_id"] for row in rows])
        together = await overpaid.in_sum(tx)
    claims = [{**row, "payments": [_shown(one) for one in paid[row["claim_id"]]]} for row in rows]
    return {"overpaid": claims, "count": together["claims"], "amount_ore": together["amount_ore"]}


def _shown(payment: Any) -> dict[str, Any]:
    account = payment.payer_account
    return {
        "payment_id": payment.payment_id,
        "paid_on": payment.paid_on,
        "amount_ore": payment.amount_ore,
        "payer_name": payment.payer_name,
        "payer_account": account and payouts.masked(account),
    }
