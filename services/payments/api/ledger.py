"""The ledger's own doors, for operators: whether it is right, and what its accounts hold."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from plumbing.identity import Identity, identity_of, require
from services.payments.handlers import checking
from services.payments.store import ledger

router = APIRouter()
Asker = Annotated[Identity, Depends(identity_of)]


@router.get("/ledger/check")
async def check_ledger(request: Request, identity: Asker) -> dict[str, Any]:
    """Recompute the ledger from its postings and say what is wrong with it."""
    require(identity, "operator")
    state = request.app.state
    found = await checking.check_once(state.database, state.alarms)
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
