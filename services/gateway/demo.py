"""The identity picker: anybody is anybody, in demo mode only (the router is not mounted elsewhere).

Tokens made here are as real as any; only the question "who are you" is not asked. It gives way to
sign-in over OpenID Connect.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from plumbing import fields
from plumbing.identity import Identity
from plumbing.problems import Problem
from services.gateway.sessions import Session, Sessions, page_session
from services.gateway.upstream import Query, Upstream
from services.gateway.words import page

router = APIRouter()

PEOPLE = UUID("00000000-0000-5000-8000-0000000de301")
"""Namespace of the demo's people, so that one company's person is the same each time."""
FOREMAN = Identity(uuid5(PEOPLE, "operator"), frozenset({"operator"}))

PAGE_SIZE = 100


class TokenWish(fields.Form):
    """Who wants to call the public API: a company, a role, or a company yet to register."""

    creditor_id: UUID | None = None
    role: Literal["operator", "support"] | None = None
    new: bool = False


@router.get("/demo")
async def pick(request: Request, tillbaka: str = "/", efter: UUID | None = None) -> Response:
    """The page that lists who one may be."""
    upstream: Upstream = request.app.state.upstream
    query: Query = {"limit": PAGE_SIZE, "after": str(efter) if efter else None}
    found, day = await asyncio.gather(
        upstream.perhaps(FOREMAN, "invoicing", "/creditors", query),
        upstream.perhaps(FOREMAN, "invoicing", "/ops/numbers"),
    )
    return page(
        request,
        "demo.html",
        session=page_session(request),
        companies=companies_in(found),
        reachable=found is not None,
        back=_way_back(tillbaka),
        today=(day or {}).get("today"),
        after=efter,
        next=found.get("next") if isinstance(found, dict) else None,
    )


@router.post("/demo")
async def become(
    request: Request,
    vem: Annotated[str, Form()] = "",
    tillbaka: Annotated[str, Form()] = "/",
) -> Response:
    """Begin a session as the one picked: `operator`, or a company's id."""
    sessions: Sessions = request.app.state.sessions
    if vem == "operator":
        session, default = Session(FOREMAN, email="drift@betalt.example"), "/drift"
    else:
        session, default = await _of_company(request, vem), "/"
    back = _way_back(tillbaka)
    fits = back.startswith("/drift") == session.is_operator
    answer = RedirectResponse(back if fits and back != "/" else default, status_code=303)
    sessions.begin(answer, session)
    return answer


@router.post("/logga-ut")
async def leave(request: Request) -> Response:
    """End the session."""
    answer = RedirectResponse("/demo", status_code=303)
    sessions: Sessions = request.app.state.sessions
    sessions.end(answer)
    return answer


@router.post("/demo/token", status_code=201)
async def token(request: Request, wish: TokenWish) -> Response:
    """A bearer token of the public API for whoever one wants to be."""
    sessions: Sessions = request.app.state.sessions
    if wish.role is not None:
        person = uuid5(PEOPLE, wish.role)
        identity = Identity(person, frozenset({"operator", wish.role}))
    elif wish.creditor_id is not None:
        identity = seller_of(wish.creditor_id)
    elif wish.new:
        identity = Identity(uuid5(PEOPLE, "new"), frozenset({"seller"}))
    else:
        raise Problem(422, "Say who: creditor_id, role, or new")
    return JSONResponse({"token": sessions.seal(Session(identity), "api")}, status_code=201)


def seller_of(company: UUID) -> Identity:
    """The one user of a company (R-08)."""
    return Identity(uuid5(PEOPLE, str(company)), frozenset({"seller"}), company=company)


def companies_in(found: Any) -> list[dict[str, Any]]:
    """The companies in invoicing's answer, by name."""
    listed = found.get("creditors", []) if isinstance(found, dict) else found or []
    return sorted(listed, key=lambda each: str(each.get("name", "")).casefold())


async def _of_company(request: Request, vem: str) -> Session:
    try:
        company = UUID(vem)
    except ValueError as error:
        raise Problem(422, "Nobody was picked") from error
    identity = seller_of(company)
    upstream: Upstream = request.app.state.upstream
    own = await upstream.ask(identity, "invoicing", "/creditors/me")
    return Session(identity, email=str(own.get("email", "")), company_name=str(own.get("name", "")))


def _way_back(address: str) -> str:
    """A path of this site; anything else leads to the start."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\", "/demo"))
    return address if plain and address.isprintable() and "\\" not in address else "/"
