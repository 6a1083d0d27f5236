"""A company's settings (R-10 to R-14): its details, the defaults of its invoices, its policies.

Each tab is a form of its own and goes to the service that owns the setting. The payout account is
shown masked and changed by support alone.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from plumbing.problems import Problem
from services.gateway.forms import text, typed
from services.gateway.sessions import SellerSession, Session, page_session
from services.gateway.upstream import Upstream
from services.gateway.words import faults, page

router = APIRouter()

TABS = {
    "generellt": "Generellt",
    "standard": "Standardinställningar",
    "krav": "Påminnelse och krav",
}
GENERAL = ("name", "email", "phone", "street", "postcode", "town")
GENERAL_FLAGS = ("vat_registered", "f_skatt")
DEFAULT_NUMBERS = ("default_terms_days", "first_number")
DEFAULT_FLAGS = ("round_to_krona", "due_date_agreed", "reminder_fee_agreed")


@router.get("/villkor")
async def terms(request: Request) -> Response:
    """The terms that a company has accepted (R-13)."""
    return page(request, "villkor.html", session=page_session(request))


@router.get("/installningar")
async def start(session: SellerSession) -> Response:
    """The first tab."""
    return RedirectResponse("/installningar/generellt", status_code=303)


@router.get("/installningar/{tab}")
async def shown(request: Request, session: SellerSession, tab: str, sparat: int = 0) -> Response:
    """One tab of the settings."""
    return await _settings_page(request, session, tab, saved=bool(sparat))


@router.post("/installningar/{tab}")
async def save(request: Request, session: SellerSession, tab: str) -> Response:
    """Save one tab; what a service refuses stands at its field."""
    form = await request.form()
    upstream: Upstream = request.app.state.upstream
    wrong: dict[str, str] = {}
    for service, method, path, body in commands_of(_known(tab), form):
        try:
            await upstream.ask(session.identity, service, path, method=method, json=body)
        except Problem as problem:
            if problem.status not in (409, 422):
                raise
            wrong |= faults(problem) or {"form": "Inställningen gick inte att spara."}
    if wrong:
        return await _settings_page(request, session, tab, wrong=wrong, given=typed(form))
    return RedirectResponse(f"/installningar/{tab}?sparat=1", status_code=303)


def commands_of(tab: str, form: FormData) -> list[tuple[str, str, str, dict[str, Any]]]:
    """What a tab's form asks of whom: service, method, path, body."""
    if tab == "generellt":
        body: dict[str, Any] = {name: text(form, name) or None for name in GENERAL}
        body |= {name: bool(text(form, name)) for name in GENERAL_FLAGS}
        return [("invoicing", "PATCH", "/creditors/me", body)]
    if tab == "standard":
        body = {name: bool(text(form, name)) for name in DEFAULT_FLAGS}
        body |= {name: _number(text(form, name)) for name in DEFAULT_NUMBERS if text(form, name)}
        return [("invoicing", "PATCH", "/creditors/me", body)]
    dunning = {
        "reminders": bool(text(form, "reminders")),
        "reminder_days": _number(text(form, "reminder_days")),
        "collection": "automatic" if text(form, "collection") == "automatic" else "ask",
        "collection_after_days": _number(text(form, "collection_after_days")),
    }
    collections = {
        "filing": "automatic" if text(form, "filing") == "automatic" else "ask",
        "enforcement": bool(text(form, "enforcement")),
    }
    return [
        ("dunning", "PUT", "/policy", dunning),
        ("collections", "PUT", "/policy", collections),
    ]


async def _settings_page(
    request: Request,
    session: Session,
    tab: str,
    *,
    saved: bool = False,
    wrong: dict[str, str] | None = None,
    given: dict[str, str] | None = None,
) -> Response:
    upstream: Upstream = request.app.state.upstream
    who = session.identity
    company, reminders, collection, account = await asyncio.gather(
        upstream.ask(who, "invoicing", "/creditors/me"),
        upstream.perhaps(who, "dunning", "/policy"),
        upstream.perhaps(who, "collections", "/policy"),
        upstream.perhaps(who, "payments", "/payout-account"),
    )
    return page(
        request, "installningar.html", status=422 if wrong else 200, session=session,
        tab=_known(tab), tabs=TABS, company=company | (given or {}), reminders=reminders,
        collection=collection, account=account, saved=saved, wrong=wrong or {},
    )  # fmt: skip


def _known(tab: str) -> str:
    if tab not in TABS:
        raise Problem(404, "No such tab")
    return tab


def _number(typed: str) -> int | str:
    """A whole number; anything else goes on as typed, for its service to refuse by name."""
    return int(typed) if re.fullmatch("[0-9]{1,15}", typed) else typed
