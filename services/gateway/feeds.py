"""The bank's door: files come in with the feed credential and stream through to payments.

The gateway neither reads nor keeps a file: payments validates, stores and answers, and its answer
goes back as it is.
"""

from __future__ import annotations

import hmac
from uuid import UUID

import aiohttp
from fastapi import APIRouter, Request
from fastapi.responses import Response

from plumbing.identity import Identity
from plumbing.problems import Problem
from services.gateway.settings import Settings
from services.gateway.upstream import Upstream

router = APIRouter()

BANK = Identity(UUID("00000000-0000-7000-8000-00000000ba4c"), frozenset({"feed"}))
PASSED_ON = ("content-type", "content-length", "x-file-name")


@router.post("/feeds/bank-files", include_in_schema=False)
async def take_bank_file(request: Request) -> Response:
    """Stream a file of the bank to payments, and its answer back."""
    _admit(request)
    upstream: Upstream = request.app.state.upstream
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    body = aiohttp.payload.AsyncIterablePayload(request.stream())
    async with upstream.open(
        BANK, "payments", "POST", "/bank-files", body=body, headers=headers, seconds=0
    ) as answer:
        content = await answer.read()
        media_type = answer.headers.get("content-type", "application/json")
        return Response(content, status_code=answer.status, media_type=media_type)


def _admit(request: Request) -> None:
    """Refuse (401) whoever does not show the credential; compared in constant time."""
    settings: Settings = request.app.state.settings
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    expected = settings.bank_feed_token
    if (
        not expected
        or scheme.lower() != "bearer"
        or not hmac.compare_digest(shown.encode(), expected.encode())
    ):
        raise Problem(401, "The feed's credential is needed")
