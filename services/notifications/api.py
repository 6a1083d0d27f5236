"""Door 3: what became of letters, one sent again, and that a debtor opened the web invoice."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from contracts.ids import ClaimId
from plumbing import commands
from plumbing.identity import Identity, company_of, identity_of, require
from plumbing.problems import Problem
from services.notifications import handlers, store
from services.notifications.store import Delivery

router = APIRouter()

Asking = Annotated[Identity, Depends(identity_of)]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.post("/opened")
async def opened(request: Request, identity: Asking) -> dict[str, Any]:
    """Record that the debtor opened the web invoice; the first time counts."""
    require(identity, "debtor")
    if identity.claim is None:
        raise Problem(403, "The token opens no claim")
    claim_id = ClaimId(identity.claim)
    async with request.app.state.database.transaction() as tx:
        await handlers.record_opening(tx, claim_id)
        first = await store.opened_on(tx, claim_id)
    if first is None:
        raise Problem(404, "The claim is not known here yet")
    return {"claim_id": claim_id, "opened_on": first}


@router.get("/deliveries")
async def deliveries(request: Request, identity: Asking, claim_id: UUID) -> dict[str, Any]:
    """Every letter about a claim, oldest first; a seller sees his own company's."""
    require(identity, "seller", "operator", "support")
    staff = identity.roles & {"operator", "support"}
    tenant = None if staff else company_of(identity)
    async with request.app.state.database.transaction(tenant=tenant) as tx:
        found = await store.deliveries_of(tx, claim_id)
        first = await store.opened_on(tx, claim_id)
    return {"deliveries": [shown(d) for d in found], "opened_on": first}


@router.post("/deliveries/{delivery_id}/again", status_code=202)
async def send_again(request: Request, identity: Asking, delivery_id: UUID) -> Response:
    """Send an invoice or a credit note that failed once more, to the address known today.

    409 for any other letter, and where nothing is known that would take it.
    """
    require(identity, "seller")
    company = company_of(identity)
    async with request.app.state.database.transaction(tenant=company) as tx:

        async def run() -> dict[str, Any]:
            asked = await handlers.send_again(tx, delivery_id)
            if asked is None:
                raise Problem(409, "The letter cannot be sent again", reason="not_failed")
            return shown(asked)

        return await commands.once(tx, request, company, run, status=202)


@router.get("/deliveries/doubtful")
async def doubtful(
    request: Request, identity: Asking, after: UUID | None = None, limit: Limit = 100
) -> dict[str, Any]:
    """Letters that may have been delivered twice: an answer of the channel was never heard."""
    require(identity, "operator", "support")
    async with request.app.state.database.transaction() as tx:
        return _page(await store.doubtful(tx, after, limit), limit)


@router.get("/deliveries/manual")
async def manual(
    request: Request, identity: Asking, after: UUID | None = None, limit: Limit = 100
) -> dict[str, Any]:
    """Letters held for a person, because the recipient's identity is protected."""
    require(identity, "operator", "support")
    async with request.app.state.database.transaction() as tx:
        return _page(await store.manual(tx, after, limit), limit)


@router.get("/deliveries/counts")
async def counts(request: Request, identity: Asking) -> dict[str, Any]:
    """How many deliveries stand in each state."""
    require(identity, "operator", "support")
    async with request.app.state.database.transaction() as tx:
        return {"states": await store.counts(tx)}


def _page(found: list[Delivery], limit: int) -> dict[str, Any]:
    following = found[-1].delivery_id if len(found) == limit else None
    return {"deliveries": [shown(delivery) for delivery in found], "next": following}


def shown(delivery: Delivery) -> dict[str, Any]:
    """A delivery as JSON values; it names no person."""
    return {
        "delivery_id": delivery.delivery_id,
        "claim_id": delivery.claim_id,
        "letter": delivery.letter,
        "ordinal": delivery.ordinal,
        "state": delivery.state,
        "channel": delivery.channel,
        "asked_on": delivery.asked_on,
        "ended_on": delivery.ended_on,
        "reason": delivery.reason,
        "doubtful": delivery.doubtful,
    }
