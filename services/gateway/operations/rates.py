"""Reference rates (*referensränta*): which are in force, which is missing, and adding the next one.

Until a half-year's rate is known no reminder, demand or application of it is priced
(law-and-fees 1.3), so a missing one is told on the operator's first page as well.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from plumbing.problems import Problem
from services.gateway.forms import key, text, typed
from services.gateway.sessions import OperatorSession, Session
from services.gateway.upstream import Upstream, listed_in
from services.gateway.words import advice, as_date, faults, page, parse_percent

router = APIRouter()

PLACE = "/drift/rantor"
LACKING = "/rates/lacking"
NOT_A_DAY = "Välj halvårets första dag: 1 januari eller 1 juli."
NOT_A_RATE = "Skriv räntan i procent, i hela eller halva procentenheter, till exempel 2,5."


@router.get(PLACE)
async def rates(
    request: Request, session: OperatorSession, gjort: str = "", antal: int = 0
) -> Response:
    """The rates in force, the one that is missing, and the form for it."""
    notice = {"tillagd": "Räntan gäller.", "borttagen": "Räntan är borttagen."}.get(gjort)
    if notice and gjort == "tillagd" and antal:
        waited = "1 krav som väntade" if antal == 1 else f"{antal} krav som väntade"
        notice += f" {waited} på den räknas och skickas nu."
    return await _rates_page(request, session, notice=notice)


@router.post(PLACE)
async def add(request: Request, session: OperatorSession) -> Response:
    """Put a half-year's rate in force; what waited for it goes on."""
    form = await request.form()
    rate, wrong = rate_in(form)
    upstream: Upstream = request.app.state.upstream
    if wrong:
        return await _rates_page(request, session, wrong=wrong, form=form, status=422)
    try:
        added = await upstream.ask(
            session.identity, "payments", "/rates", method="POST", json=rate, key=key(form)
        )
    except Problem as refusal:
        if refusal.status not in (409, 422):
            raise
        wrong = faults_of(refusal)
        return await _rates_page(request, session, wrong=wrong, form=form, status=refusal.status)
    return _to(f"{PLACE}?gjort=tillagd&antal={int(added['claims_waiting'])}")


@router.post(PLACE + "/{valid_from}/ta-bort")
async def withdraw(request: Request, session: OperatorSession, valid_from: date) -> Response:
    """Take back a rate that was mistyped, while nothing has been charged by it."""
    upstream: Upstream = request.app.state.upstream
    path = f"/rates/{valid_from}"
    try:
        await upstream.ask(session.identity, "payments", path, method="DELETE")
    except Problem as refusal:
        if refusal.status != 409:
            raise
        return await _rates_page(request, session, refusal=advice(refusal), status=409)
    return _to(f"{PLACE}?gjort=borttagen")


def rate_in(form: FormData) -> tuple[dict[str, Any], dict[str, str]]:
    """The rate that was typed, and what is wrong with its fields."""
    valid_from, bp = as_date(text(form, "valid_from")), basis_points(text(form, "bp"))
    source = text(form, "source")
    wrong = {}
    if valid_from is None:
        wrong["valid_from"] = NOT_A_DAY
    if bp is None:
        wrong["bp"] = NOT_A_RATE
    if not source:
        wrong["source"] = "Skriv var räntan står, till exempel en SFS eller Riksbankens sida."
    return {"valid_from": str(valid_from), "bp": bp, "source": source}, wrong


def basis_points(written: str) -> int | None:
    """A reference rate as typed, which may lie below zero; None when it is none."""
    sign = -1 if written[:1] in ("-", "\N{MINUS SIGN}") else 1
    bp = parse_percent(written.lstrip("-\N{MINUS SIGN}"))
    return None if bp is None else sign * bp


def faults_of(refusal: Problem) -> dict[str, str]:
    """What payments found wrong with a rate, at the fields of its form."""
    if refusal.status == 409:
        return {"valid_from": "Halvåret har redan en annan ränta. Se listan nedan."}
    told = {"valid_from": NOT_A_DAY, "bp": NOT_A_RATE}
    found = {field: told.get(field, fault) for field, fault in faults(refusal).items()}
    return found or {"form": advice(refusal)[1]}


async def _rates_page(
    request: Request,
    session: Session,
    *,
    status: int = 200,
    notice: str | None = None,
    refusal: tuple[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    form: FormData | None = None,
) -> Response:
    upstream: Upstream = request.app.state.upstream
    found, lacking = await asyncio.gather(
        upstream.perhaps(session.identity, "payments", "/rates"),
        upstream.perhaps(session.identity, "payments", LACKING),
    )
    missing = listed_in(lacking, "half_years")
    first = {"valid_from": missing[0]["valid_from"]} if missing else {}
    return page(
        request, "rantor.html", status=status, session=session, rates=found, lacking=missing,
        notice=notice, refusal=refusal, wrong=wrong or {}, given=typed(form) if form else first,
    )  # fmt: skip


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=303)
