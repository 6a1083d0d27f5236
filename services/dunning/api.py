"""Door 3: a seller sets the policy, looks at a claim on the ladder, reminds now, or pauses."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import Response

from contracts.ids import ClaimId, CreditorId
from plumbing import commands
from plumbing.fields import Form
from plumbing.identity import Identity, company_of, identity_of, require
from services.dunning import handlers, store

router = APIRouter()
LONGEST_DAYS = 365


async def seller(identity: Annotated[Identity, Depends(identity_of)]) -> CreditorId:
    """The company that asks."""
    require(identity, "seller")
    return CreditorId(company_of(identity))


Seller = Annotated[CreditorId, Depends(seller)]


class PolicyBody(Form):
    """A policy as JSON; the five days to a reminder may be lengthened only (R-99)."""

    reminders: bool = True
    reminder_days: int = Field(default=5, ge=5, le=LONGEST_DAYS)
    collection: Literal["automatic", "ask"] = "ask"
    collection_after_days: int = Field(default=0, ge=0, le=LONGEST_DAYS)


class Pause(Form):
    """The day before which nothing happens; null lifts the pause."""

    until: date | None


@router.get("/policy")
async def get_policy(request: Request, creditor_id: Seller) -> PolicyBody:
    """The company's policy."""
    async with request.app.state.database.transaction(tenant=creditor_id) as tx:
        policy = await store.read_policy(tx, creditor_id)
    return PolicyBody.model_validate(policy, from_attributes=True)


@router.put("/policy")
async def put_policy(request: Request, creditor_id: Seller, body: PolicyBody) -> PolicyBody:
    """Choose a policy; unpaid claims follow it from now on."""
    async with request.app.state.database.transaction(tenant=creditor_id) as tx:
        await handlers.choose_policy(tx, creditor_id, **body.model_dump())
    return body


@router.post("/claims/{claim_id}/remind", status_code=202)
async def remind(request: Request, creditor_id: Seller, claim_id: UUID) -> Response:
    """Send the one reminder now: the proposal goes to the ledger, which decides."""
    async with request.app.state.database.transaction(tenant=creditor_id) as tx:

        async def run() -> dict[str, Any]:
            return await handlers.remind_now(tx, ClaimId(claim_id))

        return await commands.once(tx, request, creditor_id, run, status=202)


@router.post("/claims/{claim_id}/pause")
async def pause(request: Request, creditor_id: Seller, claim_id: UUID, body: Pause) -> Response:
    """Let nothing happen before a day."""
    async with request.app.state.database.transaction(tenant=creditor_id) as tx:

        async def run() -> dict[str, Any]:
            return await handlers.pause(tx, ClaimId(claim_id), body.until)

        return await commands.once(tx, request, creditor_id, run, status=200)


@router.get("/claims/{claim_id}")
async def get_claim(
    request: Request, claim_id: UUID, identity: Annotated[Identity, Depends(identity_of)]
) -> dict[str, Any]:
    """Where a claim stands on the ladder, for its seller and for operators."""
    require(identity, "seller", "operator")
    tenant = None if "operator" in identity.roles else company_of(identity)
    async with request.app.state.database.transaction(tenant=tenant) as tx:
        return handlers.show(await store.read_claim(tx, ClaimId(claim_id)))
