"""What became of the money: payouts to the company, and its cases in collection."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from plumbing.problems import Problem
from services.gateway.sessions import SellerSession, Session
from services.gateway.upstream import Query, Upstream, listed_in
from services.gateway.words import page

router = APIRouter()

PAGE_SIZE = 100
MOST_LOOKED_UP = 1_000
"""Claims that a service looks up at a time; collections tells of no more."""


@router.get("/inkasso")
async def cases(request: Request, session: SellerSession, efter: UUID | None = None) -> Response:
    """The company's cases and objections, with whose they are and what is owed."""
    upstream: Upstream = request.app.state.upstream
    query: Query = {"after": str(efter) if efter else None, "limit": PAGE_SIZE}
    found, disputes = await asyncio.gather(
        upstream.ask(session.identity, "collections", "/cases", query=query),
        upstream.perhaps(session.identity, "collections", "/disputes"),
    )
    cases = listed_in(found, "cases")
    open_ones = [d for d in listed_in(disputes, "disputes") if not d.get("settled_on")]
    claim_ids = list(dict.fromkeys(str(each["claim_id"]) for each in (*open_ones, *cases)))
    invoices, claims = await asyncio.gather(
        _looked_up(upstream, session, "invoicing", "invoices", claim_ids),
        _looked_up(upstream, session, "payments", "claims", claim_ids),
    )
    return page(
        request, "inkasso.html", session=session, cases=cases, disputes=open_ones,
        invoices=invoices, claims=claims, after=efter, next=(found or {}).get("next"),
    )  # fmt: skip


async def _looked_up(
    upstream: Upstream, session: Session, service: str, what: str, claim_ids: list[str]
) -> dict[str, dict[str, Any]]:
    """What a service knows of claims, by claim; nothing of those it does not tell of."""
    asked = {"claim_ids": claim_ids[:MOST_LOOKED_UP]}
    try:
        told = await upstream.ask(
            session.identity, service, f"/{what}/lookup", method="POST", json=asked
        )
    except Problem:
        return {}  # the list is shown with what there is
    return {str(each["claim_id"]): each for each in listed_in(told, what)}


@router.get("/utbetalningar")
async def payouts(request: Request, session: SellerSession, efter: UUID | None = None) -> Response:
    """Payouts ordered, debited or refused by the bank, and the account they go to."""
    upstream: Upstream = request.app.state.upstream
    found, account = await asyncio.gather(
        upstream.ask(
            session.identity, "payments", "/payouts", query={"after": str(efter) if efter else None}
        ),
        upstream.perhaps(session.identity, "payments", "/payout-account"),
    )
    return page(
        request, "utbetalningar.html", session=session, payouts=listed_in(found, "payouts"),
        account=account, after=efter, next=(found or {}).get("next"),
    )  # fmt: skip
