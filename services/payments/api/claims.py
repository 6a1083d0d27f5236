"""Claims as of today, for their seller, their debtor and operators."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from contracts.terms import Component
from plumbing.identity import Identity, company_of, identity_of, require
from plumbing.problems import Problem
from plumbing.transaction import Transaction
from services.payments.domain.claim import COMPONENTS, Claim
from services.payments.domain.history import Charge, History
from services.payments.domain.statement import state_of, today_of
from services.payments.store import charges, claims, rates

router = APIRouter(prefix="/claims")
Asker = Annotated[Identity, Depends(identity_of)]


class Lookup(BaseModel):
    """Which claims to look up."""

    claim_ids: list[UUID] = Field(max_length=1_000)


@router.get("/{claim_id}")
async def read_claim(request: Request, claim_id: UUID, identity: Asker) -> dict[str, Any]:
    """The statement of one claim as of today."""
    async with request.app.state.database.transaction(tenant=_tenant(identity, claim_id)) as tx:
        claim = (await claims.read(tx, [claim_id])).get(claim_id)
        if claim is None:
            raise Problem(404, "There is no such claim")
        history = (await charges.histories(tx, [claim]))[claim_id]
        return await _shown(tx, claim, history, request.app.state.settings.payee_bankgiro)


@router.post("/lookup")
async def look_up(request: Request, lookup: Lookup, identity: Asker) -> list[dict[str, Any]]:
    """The states of up to 1,000 claims, in brief; those one may not see are left out."""
    require(identity, "seller", "operator", "support")
    async with request.app.state.database.transaction(tenant=_tenant(identity, None)) as tx:
        found = await claims.read(tx, lookup.claim_ids)
    return [
        {
            "claim_id": claim.claim_id,
            "state": state_of(claim),
            "total_ore": claim.total_ore,
            "paid_ore": claim.book.paid_ore,
            "credited_ore": claim.book.credited_ore,
            "to_pay_ore": claim.book.remaining_ore,
            "due_on": claim.due_on,
        }
        for claim in found.values()
    ]


def _tenant(identity: Identity, claim_id: UUID | None) -> UUID | None:
    """The company that binds what is read; None for operators and for a debtor's own claim."""
    if identity.roles & {"operator", "support"}:
        return None
    if claim_id is not None and "debtor" in identity.roles:
        if identity.claim != claim_id:
            raise Problem(404, "There is no such claim")
        return None
    require(identity, "seller")
    return company_of(identity)


async def _shown(
    tx: Transaction, claim: Claim, history: History, payee_bankgiro: str
) -> dict[str, Any]:
    today = today_of(claim, history, rates=await rates.in_force(tx), today=tx.today)
    return {
        "claim_id": claim.claim_id,
        "creditor_id": claim.creditor_id,
        "state": today.state,
        "as_of": tx.today,
        **{f"{c}_ore": claim.open_ore(c) for c in COMPONENTS},
        "total_ore": claim.total_ore,
        "paid_ore": claim.book.paid_ore,
        "credited_ore": claim.book.credited_ore,
        "overpaid_ore": claim.book.overpaid_ore,
        "posted_total_ore": claim.book.remaining_ore,
        "to_pay_ore": claim.book.remaining_ore,
        "interest_accrued_ore": today.interest_accrued_ore,
        "due_on": claim.due_on,
        "pay_by": today.pay_by,
        "ocr": claim.ocr,
        "payee_bankgiro": payee_bankgiro,
        "disputed": bool(claim.book.disputes),
        "payments": [{"paid_on": on, "amount_ore": ore} for on, ore in sorted(history.money)],
        "charges": [_charge(charge) for charge in today.charges],
    }


def _charge(charge: Charge) -> dict[str, Any]:
    return {
        "kind": charge.kind,
        "ordinal": charge.ordinal,
        "charged_on": charge.charged_on,
        "pay_by": charge.pay_by,
        "fee_ore": charge.fee_ore + charge.work_ore,
        f"{Component.INTEREST}_ore": charge.interest_ore,
        "sent_on": charge.sent_on,
    }
