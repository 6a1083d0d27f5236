"""Claims as of today, for their seller, their debtor and operators."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from plumbing.fields import Form
from plumbing.identity import Identity, company_of, identity_of, require
from plumbing.problems import Problem
from services.payments.handlers import reading

router = APIRouter(prefix="/claims")
Asker = Annotated[Identity, Depends(identity_of)]


class Lookup(Form):
    """Which claims to look up."""

    claim_ids: list[UUID] = Field(max_length=1_000)


@router.get("/owed")
async def read_owed(request: Request, identity: Asker) -> dict[str, Any]:
    """What the company has to get as of today: the creditor's parts of what is open."""
    require(identity, "seller")
    company = company_of(identity)
    async with request.app.state.database.transaction(tenant=company) as tx:
        return await reading.owed_to(tx, company)


@router.get("/{claim_id}")
async def read_claim(request: Request, claim_id: UUID, identity: Asker) -> dict[str, Any]:
    """The statement of one claim as of today."""
    state = request.app.state
    async with state.database.transaction(tenant=_tenant(identity, claim_id)) as tx:
        bankgiro = state.settings.payee_bankgiro
        found = await reading.claim_today(tx, claim_id, payee_bankgiro=bankgiro)
    if found is None:
        raise Problem(404, "There is no such claim")
    return found


@router.post("/lookup")
async def look_up(request: Request, lookup: Lookup, identity: Asker) -> list[dict[str, Any]]:
    """The states of up to 1,000 claims, in brief; those one may not see are left out."""
    async with request.app.state.database.transaction(tenant=_tenant(identity, None)) as tx:
        return await reading.claims_in_brief(tx, lookup.claim_ids)


def _tenant(identity: Identity, claim_id: UUID | None) -> UUID | None:
    """The company that binds what is read; None for operators and for a debtor's own claim."""
    if identity.roles & {"operator", "support"}:
        return None
    if "debtor" in identity.roles and claim_id is not None:
        if identity.claim != claim_id:
            raise Problem(404, "There is no such claim")
        return None
    require(identity, "seller")
    return company_of(identity)
