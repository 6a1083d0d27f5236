"""What became of the money: payouts to the company, and its cases in collection."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.gateway.sessions import SellerSession
from services.gateway.upstream import Upstream, listed_in
from services.gateway.words import page

router = APIRouter()


@router.get("/inkasso")
async def cases(request: Request, session: SellerSession) -> Response:
    """The company's cases, and objections that wait for an answer."""
    upstream: Upstream = request.app.state.upstream
    found, disputes = await asyncio.gather(
        upstream.ask(session.identity, "collections", "/cases"),
        upstream.perhaps(session.identity, "collections", "/disputes"),
    )
    open_ones = [d for d in listed_in(disputes, "disputes") if not d.get("settled_on")]
    return page(
        request, "inkasso.html", session=session, cases=listed_in(found, "cases"),
        disputes=open_ones,
    )  # fmt: skip


@router.get("/utbetalningar")
async def payouts(request: Request, session: SellerSession) -> Response:
    """Payouts ordered, debited or refused by the bank, and the account they go to."""
    upstream: Upstream = request.app.state.upstream
    found, account = await asyncio.gather(
        upstream.ask(session.identity, "payments", "/payouts"),
        upstream.perhaps(session.identity, "payments", "/payout-account"),
    )
    return page(
        request, "utbetalningar.html", session=session, payouts=listed_in(found, "payouts"),
        account=account,
    )  # fmt: skip
