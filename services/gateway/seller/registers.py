"""A company's registers: customers and articles.

A change applies to what comes, never to what was issued (R-33, R-41); the services see to that.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from plumbing.problems import Problem
from services.gateway.forms import key_of, text
from services.gateway.seller.invoices import SHORTEST_SEARCH
from services.gateway.sessions import SellerSession, Session
from services.gateway.upstream import Upstream, listed_in
from services.gateway.words import faults, page, parse_kronor, plain_kronor

router = APIRouter()

CUSTOMER_FIELDS = (
    "kind", "name", "identity_number", "email", "street", "postcode", "town",
)  # fmt: skip


PAGE_SIZE = 100


@router.get("/kunder")
async def customers(
    request: Request, session: SellerSession, sok: str = "", efter: str = ""
) -> Response:
    """The register of customers; a search needs three letters (R-45)."""
    upstream: Upstream = request.app.state.upstream
    query, too_short = _page_query(sok, efter)
    found = await upstream.ask(session.identity, "invoicing", "/customers", query=query)
    return page(
        request, "kunder.html", session=session, customers=listed_in(found, "customers"),
        search=sok, too_short=too_short, after=efter, next=(found or {}).get("next"),
    )  # fmt: skip


def _page_query(sok: str, efter: str) -> tuple[dict[str, str | int | None], bool]:
    """The query for a page of a register, and whether the search is too short to be one."""
    search = sok.strip()[:100]
    too_short = 0 < len(search) < SHORTEST_SEARCH
    searched = None if too_short else search
    return {"q": searched, "after": efter or None, "limit": PAGE_SIZE}, too_short


@router.get("/kunder/ny")
async def new_customer(request: Request, session: SellerSession) -> Response:
    """An empty form."""
    given = {"kind": "business", "channel": "email"}
    return page(
        request, "kund.html", session=session, given=given, wrong={}, customer_id=None,
    )  # fmt: skip


@router.post("/kunder/ny")
async def add_customer(request: Request, session: SellerSession) -> Response:
    """Save a new customer (R-29)."""
    return await _save_customer(request, session, "POST", "/customers", None)


@router.get("/kunder/{customer_id}")
async def customer(request: Request, session: SellerSession, customer_id: UUID) -> Response:
    """The customer's form, filled in."""
    upstream: Upstream = request.app.state.upstream
    given = await upstream.ask(session.identity, "invoicing", f"/customers/{customer_id}")
    return page(
        request, "kund.html", session=session, given=given, wrong={}, customer_id=customer_id
    )


@router.post("/kunder/{customer_id}")
async def change_customer(request: Request, session: SellerSession, customer_id: UUID) -> Response:
    """Update a customer (R-33)."""
    return await _save_customer(request, session, "PATCH", f"/customers/{customer_id}", customer_id)


async def _save_customer(
    request: Request, session: Session, method: str, path: str, customer_id: UUID | None
) -> Response:
    form = await request.form()
    given = customer_in(form)
    upstream: Upstream = request.app.state.upstream
    try:
        await upstream.ask(
            session.identity, "invoicing", path, method=method, json=given,
            key=key_of(text(form, "nyckel"), given),
        )  # fmt: skip
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        return page(
            request, "kund.html", status=422, session=session, given=given,
            wrong=faults(problem), customer_id=customer_id,
        )  # fmt: skip
    return RedirectResponse("/kunder", status_code=303)


def customer_in(form: FormData, prefix: str = "") -> dict[str, Any]:
    """A customer as typed; empty fields are none."""
    given = {name: text(form, prefix + name) or None for name in CUSTOMER_FIELDS}
    return given | {
        "kind": "consumer" if given["kind"] == "consumer" else "business",
        "channel": "email",  # the only one there is
        "name": given["name"] or "",
    }


@router.get("/artiklar")
async def articles(
    request: Request, session: SellerSession, sok: str = "", efter: str = ""
) -> Response:
    """The register of articles; a search needs three letters (R-48)."""
    return await _articles_page(request, session, search=sok, after=efter)


@router.post("/artiklar")
async def add_article(request: Request, session: SellerSession) -> Response:
    """Save a new article (R-38)."""
    return await _save_article(request, session, "POST", "/articles", None)


@router.get("/artiklar/{article_id}")
async def article(request: Request, session: SellerSession, article_id: UUID) -> Response:
    """The register with one article's form filled in."""
    upstream: Upstream = request.app.state.upstream
    one = await upstream.ask(session.identity, "invoicing", f"/articles/{article_id}")
    given = one | {"price": plain_kronor(one.get("price_ore"))}
    return await _articles_page(request, session, given=given, article_id=article_id)


@router.post("/artiklar/{article_id}")
async def change_article(request: Request, session: SellerSession, article_id: UUID) -> Response:
    """Update or deactivate an article (R-41, R-42)."""
    return await _save_article(request, session, "PATCH", f"/articles/{article_id}", article_id)


def _vat(typed: str) -> int | None:
    return int(typed or 25) if re.fullmatch("[0-9]{0,2}", typed) else None


async def _save_article(
    request: Request, session: Session, method: str, path: str, article_id: UUID | None
) -> Response:
    form = await request.form()
    price = parse_kronor(text(form, "price"))
    given = {
        "name": text(form, "name"),
        "unit": text(form, "unit"),
        "price": text(form, "price"),
        "vat_percent": _vat(text(form, "vat_percent")),
        "number": text(form, "number") or None,
        "active": bool(text(form, "active")) if article_id else True,
    }
    wrong: dict[str, str] = {}
    if price is None:
        wrong["price_ore"] = "Skriv ett belopp i kronor, till exempel 1 250,00."
    if given["vat_percent"] is None:
        wrong["vat_percent"] = "Välj momssats."
    if wrong:
        return await _articles_page(request, session, given, wrong, article_id)
    body = {k: v for k, v in given.items() if k != "price" and (v is not None or article_id)}
    if not article_id:
        body.pop("active")
    upstream: Upstream = request.app.state.upstream
    try:
        json = body | {"price_ore": price}
        await upstream.ask(
            session.identity, "invoicing", path, method=method, json=json,
            key=key_of(text(form, "nyckel"), json),
        )  # fmt: skip
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        return await _articles_page(request, session, given, faults(problem), article_id)
    return RedirectResponse("/artiklar", status_code=303)


async def _articles_page(
    request: Request,
    session: Session,
    given: dict[str, Any] | None = None,
    wrong: dict[str, str] | None = None,
    article_id: UUID | None = None,
    *,
    search: str = "",
    after: str = "",
) -> Response:
    upstream: Upstream = request.app.state.upstream
    query, too_short = _page_query(search, after)
    found = await upstream.ask(
        session.identity, "invoicing", "/articles", query=query | {"inactive": "true"}
    )
    return page(
        request, "artiklar.html", status=422 if wrong else 200, session=session,
        articles=listed_in(found, "articles"), given=given or {"vat_percent": 25, "unit": "st"},
        wrong=wrong or {}, article_id=article_id, search=search, too_short=too_short, after=after,
        next=(found or {}).get("next"),
    )  # fmt: skip
