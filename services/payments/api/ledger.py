"""The ledger's own doors, for operators: is it right, what do accounts hold, which rates apply."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from contracts.envelope import BasisPoints
from law.rates import ANNOUNCED_RATES, ReferenceRateConflictError
from plumbing import commands
from plumbing.identity import Identity, identity_of, require
from plumbing.problems import Problem
from services.payments.handlers import charges
from services.payments.store import ledger, rates

router = APIRouter()
Asker = Annotated[Identity, Depends(identity_of)]


class NewRate(BaseModel):
    """A reference rate, and where it was read."""

    valid_from: date
    bp: BasisPoints = Field(ge=-1_000, le=10_000)
    source: str = Field(min_length=3, max_length=500)


@router.get("/ledger/check")
async def check_ledger(request: Request, identity: Asker) -> dict[str, Any]:
    """Recompute the ledger from its postings and say what is wrong with it."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:
        found = await ledger.check(tx)
    return {
        "transactions": found.transactions,
        "sum_ore": found.sum_ore,
        "accounts": found.accounts,
        "problems": found.problems,
    }


@router.get("/ledger/accounts")
async def read_accounts(
    request: Request,
    identity: Asker,
    account: str | None = None,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
) -> list[dict[str, Any]]:
    """Balances of all accounts but the claims' own; page within one `account` by owner."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:
        rows = await ledger.balances(tx, account=account, after=after, limit=limit)
    return [
        {"account": row.account, "owner": row.owner, "balance_ore": row.ore, "lines": row.lines}
        for row in rows
    ]


@router.get("/rates")
async def read_rates(request: Request, identity: Asker) -> list[dict[str, Any]]:
    """The reference rates in force, newest first, with where each was read."""
    require(identity, "operator", "support", "seller")
    async with request.app.state.database.transaction() as tx:
        added = await rates.added(tx)
    rows = [
        {"valid_from": row.half_year, "bp": row.rate_bp, "source": row.source}
        for row in ANNOUNCED_RATES
    ]
    rows += [{"valid_from": r.valid_from, "bp": r.bp, "source": r.source} for r in added]
    return sorted(rows, key=lambda row: str(row["valid_from"]), reverse=True)


@router.post("/rates")
async def add_rate(request: Request, rate: NewRate, identity: Asker) -> Response:
    """Put a rate in force; charges that waited for it are priced."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:

        async def run() -> dict[str, Any]:
            given = (rate.valid_from, rate.bp, rate.source, identity.person)
            try:
                waiting = await charges.add_rate(tx, *given)
            except ReferenceRateConflictError as error:
                raise Problem(409, "Another rate is known", detail=str(error)) from error
            except ValueError as error:
                wrong = [{"field": "valid_from", "reason": str(error)}]
                raise Problem(422, "The request is not valid", errors=wrong) from error
            return {"valid_from": rate.valid_from, "bp": rate.bp, "charges_waiting": waiting}

        return await commands.once(tx, request, identity.person, run)
