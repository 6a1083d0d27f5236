"""Cases in collection that stand still, and what else waits for the operator there."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from plumbing.problems import Problem
from services.gateway.forms import key, text, typed
from services.gateway.operations.overview import RowNumber
from services.gateway.operations.rates import LACKING
from services.gateway.sessions import OperatorSession, Session
from services.gateway.upstream import Upstream, listed_in
from services.gateway.words import advice, faults, page

router = APIRouter()

PLACE = "/drift/inkasso"
ADDRESS = ("street", "postcode", "town")
NOTICES = {"vidare": "Ärendet går vidare.", "klart": "Uppgiften är klar."}


@router.get(PLACE)
async def stopped(
    request: Request, session: OperatorSession, gjort: str = "", efter: int = 0
) -> Response:
    """The cases that stand still, and what waits for an operator, oldest first."""
    upstream: Upstream = request.app.state.upstream
    found, tasks, lacking = await asyncio.gather(
        upstream.ask(session.identity, "collections", "/cases", query={"stopped": "true"}),
        upstream.ask(session.identity, "collections", "/cases/alarms", query={"after": efter}),
        upstream.perhaps(session.identity, "payments", LACKING),
    )
    return page(
        request, "arenden.html", session=session, cases=listed_in(found, "cases"),
        tasks=listed_in(tasks, "alarms"), count=tasks["count"], next=tasks.get("next"),
        notice=NOTICES.get(gjort), lacking=listed_in(lacking, "half_years"),
    )  # fmt: skip


@router.get(PLACE + "/{claim_id}")
async def case(
    request: Request, session: OperatorSession, claim_id: UUID, gjort: str = ""
) -> Response:
    """One case: where it stands, what waits to be done, and the way on."""
    return await _case_page(request, session, claim_id, notice=NOTICES.get(gjort))


@router.post(PLACE + "/{claim_id}")
async def resume(request: Request, session: OperatorSession, claim_id: UUID) -> Response:
    """Correct what stopped a case and let it go on."""
    form = await request.form()
    upstream: Upstream = request.app.state.upstream
    path, body = f"/cases/{claim_id}/resume", corrections_in(form)
    try:
        await upstream.ask(
            session.identity, "collections", path, method="POST", json=body, key=key(form)
        )
    except Problem as refusal:
        if refusal.status not in (409, 422):
            raise
        wrong = faults(refusal)
        told = None if wrong else advice(refusal)
        return await _case_page(
            request, session, claim_id, status=refusal.status, wrong=wrong, refusal=told,
            given=typed(form),
        )  # fmt: skip
    return RedirectResponse(f"{PLACE}/{claim_id}?gjort=vidare", status_code=303)


@router.post("/drift/larm/{task_id}/klart")
async def finish_task(
    request: Request,
    session: OperatorSession,
    task_id: RowNumber,
    fordran: Annotated[UUID | None, Form()] = None,
    lista: Annotated[bool, Form()] = False,
) -> Response:
    """Say that what an alarm asked for is done, and go back to where it was said."""
    upstream: Upstream = request.app.state.upstream
    path = f"/cases/alarms/{task_id}/done"
    await upstream.ask(session.identity, "collections", path, method="POST", json={})
    back = f"{PLACE}/{fordran}" if fordran else PLACE if lista else None
    return RedirectResponse(f"{back}?gjort=klart" if back else "/drift", status_code=303)


def corrections_in(form: FormData) -> dict[str, Any]:
    """What was typed of the debtor; what was left empty stays as it is known."""
    number = re.sub(r"[\s+-]", "", text(form, "debtor_identity_number"))
    given: dict[str, Any] = {
        "debtor_name": text(form, "debtor_name"),
        "debtor_identity_number": number,
        "basis": text(form, "basis"),
    }
    address = {name: text(form, name) for name in ADDRESS}
    if any(address.values()):
        given["debtor_address"] = address
    return {name: value for name, value in given.items() if value}


async def _case_page(
    request: Request, session: Session, claim_id: UUID, *, status: int = 200, **values: Any
) -> Response:
    upstream: Upstream = request.app.state.upstream
    who = session.identity
    found, tasks = await asyncio.gather(
        upstream.ask(who, "collections", f"/cases/{claim_id}"),
        upstream.perhaps(who, "collections", "/cases/alarms", {"claim_id": str(claim_id)}),
    )
    shown = {"wrong": {}, "notice": None, "refusal": None, "given": {}} | values
    return page(
        request, "arende.html", status=status, session=session, case=found, claim_id=claim_id,
        tasks=listed_in(tasks, "alarms"), **shown,
    )  # fmt: skip
