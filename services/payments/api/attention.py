"""What of the money needs a person's look, in numbers: for the operator's first page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from plumbing.identity import Identity, identity_of, require
from services.payments.handlers import payouts, rates
from services.payments.store import money, overpaid

router = APIRouter()
Asker = Annotated[Identity, Depends(identity_of)]


@router.get("/attention")
async def read_attention(request: Request, identity: Asker) -> dict[str, Any]:
    """Rates that are missing, and how much waits in each of the operator's queues."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:
        alarms = await payouts.list_alarms(tx)
        stuck = [one for which in ("late", "rejected", "waiting") for one in alarms[which]]
        return {
            "half_years": await rates.lacking(tx),
            "unmatched": await money.count_waiting(tx),
            "overpaid": await overpaid.in_sum(tx),
            "unknown_debits": len(alarms["unknown_debits"]),
            "creditors_unpaid": len({one["creditor_id"] for one in stuck}),
        }
