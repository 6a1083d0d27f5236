"""Letters that a person must look at: those that may have gone twice, and those held back."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.gateway.sessions import OperatorSession
from services.gateway.upstream import Upstream, listed_in
from services.gateway.words import page

router = APIRouter()


@router.get("/drift/utskick")
async def letters(request: Request, session: OperatorSession) -> Response:
    """Letters of which nobody knows whether they were taken, and those that no machine may send."""
    upstream: Upstream = request.app.state.upstream
    doubtful, manual = await asyncio.gather(
        upstream.ask(session.identity, "notifications", "/deliveries/doubtful"),
        upstream.perhaps(session.identity, "notifications", "/deliveries/manual"),
    )
    return page(
        request, "utskick.html", session=session, deliveries=listed_in(doubtful, "deliveries"),
        manual=listed_in(manual, "deliveries"),
    )  # fmt: skip
