"""Money that waits for a person: what it is, and the claim that the person says it is for."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from plumbing import commands
from plumbing.identity import Identity, identity_of, require
from plumbing.problems import Problem
from plumbing.transaction import Transaction
from services.payments.handlers import booking
from services.payments.store import claims, money

router = APIRouter(prefix="/unmatched")
Asker = Annotated[Identity, Depends(identity_of)]


class Target(BaseModel):
    """The claim a waiting payment is for."""

    claim_id: UUID


@router.get("")
async def read_unmatched(
    request: Request,
    identity: Asker,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """A page of what waits, by payment."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:
        rows = await money.list_waiting(tx, after=after, limit=limit)
    payments = [
        {
            "payment_id": row.payment_id,
            "reason": row.reason,
            "held": row.hold,
            "can_be_allocated": row.on_ledger,
            "amount_ore": row.amount_ore,
            "paid_on": row.paid_on,
            "received_on": row.received_on,
            "references": [one.value for one in money.payment_of(row.payment).references],
            "payer_name": money.payment_of(row.payment).payer_name,
        }
        for row in rows
    ]
    return {"payments": payments, "next": rows[-1].payment_id if len(rows) == limit else None}


@router.post("/{payment_id}/allocate")
async def allocate(request: Request, payment_id: UUID, target: Target, identity: Asker) -> Response:
    """Let a waiting payment meet a claim; what is more than the claim owes is the debtor's."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:

        async def run() -> dict[str, Any]:
            return await _allocate(tx, payment_id, target.claim_id)

        return await commands.once(tx, request, identity.person, run, status=200)


async def _allocate(tx: Transaction, payment_id: UUID, claim_id: UUID) -> dict[str, Any]:
    received = await money.lock_one_waiting(tx, payment_id)
    if received is None:
        raise Problem(404, "No such payment waits")
    if not received.on_ledger:
        raise Problem(409, "The payment is not booked as kronor on the account")
    claim = (await claims.lock(tx, [claim_id])).get(claim_id)
    if claim is None:
        raise Problem(404, "There is no such claim")
    await booking.allocate(tx, received, claim)
    return {"payment_id": payment_id, "claim_id": claim_id}
