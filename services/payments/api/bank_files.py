"""The bank's door: files come in, and operators see what became of them."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from plumbing.identity import Identity, identity_of, require
from plumbing.problems import Problem
from services.payments.handlers import intake
from services.payments.handlers.bank_files import BankFiles
from services.payments.store import intake as store

router = APIRouter(prefix="/bank-files")
Asker = Annotated[Identity, Depends(identity_of)]
NAMELESS = "unnamed"
PASS_OVER_SECONDS = 60.0


def admit_feed(request: Request) -> None:
    """Let in the bank, which has a credential of its own, or a feed with an identity."""
    token = request.app.state.settings.bank_feed_token
    given = request.headers.get("authorization", "")
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return
    require(identity_of(request), "feed")


@router.post("", dependencies=[Depends(admit_feed)])
async def receive(request: Request) -> JSONResponse:
    """Keep a file as it streams in; 202, or 200 for bytes that came before, or 422 with lines.

    A refused file is refused each time: who lost the first answer must hear it too.
    """
    files: BankFiles = request.app.state.bank_files
    stream = request.stream()
    if int(request.headers.get("content-length") or 0) > files.rules.most_bytes:
        raise await _too_large(stream, files)
    name = request.headers.get("x-file-name") or NAMELESS
    try:
        got = await intake.receive(
            files.database, stream, name=name, rules=files.rules, ahead=files.ahead
        )
    except intake.TooLargeError:
        raise await _too_large(stream, files) from None
    except intake.BrokeOffError:
        raise Problem(408, "The file came in too slowly; send it again") from None
    files.wake.set()
    body: dict[str, Any] = {"file_id": str(got.file_id), "state": got.state}
    if got.duplicate:
        body["duplicate"] = True
    if got.state == "refused":
        problems = [{"line": one.line, "reason": one.reason} for one in got.problems]
        errors = [{"field": f"line {one.line}", "reason": one.reason} for one in got.problems]
        raise Problem(422, "The file is refused", errors=errors, problems=problems, **body)
    return JSONResponse(body, status_code=200 if got.duplicate else 202)


async def _too_large(stream: AsyncIterator[bytes], files: BankFiles) -> Problem:
    """The answer, after what still comes has been passed over, for a while at most.

    Whoever is cut off while he sends hears "away" instead, and sends the same again for ever.
    """
    with contextlib.suppress(ClientDisconnect, TimeoutError):
        async with asyncio.timeout(PASS_OVER_SECONDS):
            async for _ in stream:
                pass
    return Problem(413, "The file is too large", most_bytes=files.rules.most_bytes)


@router.get("")
async def list_files(
    request: Request,
    identity: Asker,
    after: UUID | None = None,
    state: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """A page of files, newest first."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:
        rows = await store.list_files(tx, before=after, state=state, limit=limit)
    files = [dict(row) for row in rows]
    return {"files": files, "next": rows[-1]["file_id"] if len(rows) == limit else None}


@router.get("/{file_id}")
async def show_file(request: Request, file_id: UUID, identity: Asker) -> dict[str, Any]:
    """One file: counts, sums, how far it is booked, and what is wrong with it."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:
        found = await store.show_file(tx, file_id)
    if found is None:
        raise Problem(404, "There is no such file")
    row, problems = found
    return {**row, "problems": [dict(problem) for problem in problems]}
