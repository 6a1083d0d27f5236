"""The reference rates: which are in force, and an operator's hand to add the next one."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import Response

from contracts.envelope import BasisPoints
from plumbing import commands
from plumbing.fields import Form, Text
from plumbing.identity import Identity, identity_of, require
from plumbing.problems import Problem, invalid
from plumbing.transaction import Transaction
from services.payments.handlers import rates

router = APIRouter(prefix="/rates")
Asker = Annotated[Identity, Depends(identity_of)]


class NewRate(Form):
    """A reference rate, and where it was read."""

    valid_from: date
    bp: BasisPoints = Field(ge=-1_000, le=10_000)
    source: Annotated[Text, Field(min_length=3, max_length=500)]


@router.get("")
async def read_rates(request: Request, identity: Asker) -> list[dict[str, Any]]:
    """The reference rates in force, newest first, with where each was read."""
    require(identity, "operator", "support", "seller")
    async with request.app.state.database.transaction() as tx:
        return await rates.all_rates(tx)


@router.get("/lacking")
async def read_lacking(request: Request, identity: Asker) -> dict[str, Any]:
    """The half-years whose rate is missing: charges wait for it, or will when it begins."""
    require(identity, "operator", "support")
    async with request.app.state.database.transaction() as tx:
        return {"half_years": await rates.lacking(tx)}


@router.post("")
async def add_rate(request: Request, rate: NewRate, identity: Asker) -> Response:
    """Put a rate in force; charges that waited for it are priced."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:
        return await commands.once(
            tx, request, identity.person, lambda: _add_rate(tx, rate, identity)
        )


async def _add_rate(tx: Transaction, rate: NewRate, identity: Identity) -> dict[str, Any]:
    added = await rates.add(tx, rate.valid_from, rate.bp, rate.source, identity.person)
    if isinstance(added, rates.RateRefused):
        if added.known:
            raise Problem(409, "Another rate is known", detail=added.reason)
        raise invalid([{"field": added.field, "reason": added.reason}])
    return {"valid_from": rate.valid_from, "bp": rate.bp, "claims_waiting": added}


@router.delete("/{valid_from}", status_code=204)
async def withdraw_rate(request: Request, valid_from: date, identity: Asker) -> None:
    """Withdraw a rate that was mistyped, while nothing has been charged since its first day."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:
        if kept := await rates.withdraw(tx, valid_from):
            raise Problem(409, "The rate is not withdrawn", reason=kept)
