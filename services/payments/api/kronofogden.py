"""Money that Kronofogden has collected, and the payment by which it comes to our account."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from plumbing import commands
from plumbing.fields import Form
from plumbing.identity import Identity, identity_of, require
from plumbing.problems import Problem
from plumbing.transaction import Transaction
from services.payments.api.unmatched import waiting_on_ledger
from services.payments.handlers import kronofogden as handlers
from services.payments.store import kronofogden

router = APIRouter()
Asker = Annotated[Identity, Depends(identity_of)]


class Cleared(Form):
    """What a payment of Kronofogden's is for, as its accounting tells: all of each."""

    payment_ids: list[UUID] = Field(min_length=1, max_length=1_000)


@router.get("/kronofogden/awaited")
async def read_awaited(
    request: Request,
    identity: Asker,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """A page of what Kronofogden has collected and not paid us yet."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:
        rows = await kronofogden.awaited(tx, after=after, limit=limit)
    more = rows[-1]["payment_id"] if len(rows) == limit else None
    return {"awaited": [dict(row) for row in rows], "next": more}


@router.post("/unmatched/{payment_id}/kronofogden")
async def clear(request: Request, payment_id: UUID, cleared: Cleared, identity: Asker) -> Response:
    """Say that a waiting payment is Kronofogden's, and for which of what it collected."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:

        async def run() -> dict[str, Any]:
            return await _clear(tx, payment_id, cleared.payment_ids)

        return await commands.once(tx, request, identity.person, run, status=200)


async def _clear(tx: Transaction, payment_id: UUID, payment_ids: list[UUID]) -> dict[str, Any]:
    received = await waiting_on_ledger(tx, payment_id)
    sum_ore = await handlers.clear(tx, received, payment_ids)
    if sum_ore is None:
        raise Problem(404, "No such money is awaited from Kronofogden")
    if sum_ore != received.payment.amount_ore:
        raise Problem(409, "What is named does not sum to the payment", sum_ore=sum_ore)
    return {"payment_id": payment_id, "payment_ids": payment_ids}
