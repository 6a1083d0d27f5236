"""Issuing one invoice on a page that works without scripts: each button sends the form, and it
comes back with what was typed, one row more, or the faults at their fields.

The page computes no amounts: the preview is invoicing's own document, and so is the invoice.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from plumbing.commands import KEY_USED
from plumbing.problems import Problem
from services.gateway.forms import text
from services.gateway.seller.invoices import SHORTEST_SEARCH, pdf_answer
from services.gateway.seller.registers import customer_in
from services.gateway.sessions import SellerSession, Session
from services.gateway.upstream import Upstream, listed_in
from services.gateway.words import (
    faults,
    page,
    parse_kronor,
    parse_percent,
    parse_quantity,
    plain_kronor,
)

router = APIRouter()

MOST_ROWS = 100
LONGEST_NAME = 200
VAT_RATES = ("25", "12", "6", "0")
TERMS = ("10", "14", "30")
INTEREST_KINDS = ("statutory", "agreed_fixed", "agreed_over_reference")


@dataclass
class Typed:
    """The form as it was typed, before anything is made of it."""

    customer_id: str = ""
    search: str = ""
    new: dict[str, Any] = field(default_factory=lambda: {"kind": "business", "channel": "email"})
    rows: list[dict[str, str]] = field(default_factory=lambda: [empty_row()])
    terms: str = "30"
    due_on: str = ""
    issued_on: str = ""
    due_date_agreed: bool = True
    reminder_fee_agreed: bool = True
    interest_kind: str = "statutory"
    interest_rate: str = ""
    message: str = ""
    delivered_on: str = ""
    zero_vat: str = ""
    buyer_vat_number: str = ""
    key: str = ""


def empty_row() -> dict[str, str]:
    """A row with nothing in it."""
    return {"text": "", "quantity": "1", "unit": "st", "price": "", "vat": "25", "article_id": ""}


@router.get("/fakturor/ny")
async def start(request: Request, session: SellerSession, kund: str = "") -> Response:
    """An empty invoice with the company's own defaults."""
    upstream: Upstream = request.app.state.upstream
    company = await upstream.ask(session.identity, "invoicing", "/creditors/me")
    typed = Typed(customer_id=kund, key=str(uuid4()))
    days = str(company.get("default_terms_days", 30))
    typed.terms = days if days in TERMS else "annat"
    typed.due_date_agreed = bool(company.get("due_date_agreed"))
    typed.reminder_fee_agreed = bool(company.get("reminder_fee_agreed"))
    return await _form_page(request, session, typed)


@router.post("/fakturor/ny")
async def go_on(request: Request, session: SellerSession) -> Response:
    """What the pressed button asks: another row, a search, the preview, or to send."""
    form = await request.form(max_fields=MOST_ROWS * 8 + 50)
    typed, wish = typed_in(form), text(form, "gor") or "rad"
    upstream: Upstream = request.app.state.upstream
    if wish not in ("visa", "skicka"):
        articles = await _articles_of(upstream, session, typed.rows)
        change(typed, wish, articles)
        return await _form_page(request, session, typed, articles=articles)
    order, wrong = order_of(typed)
    if wrong:
        return await _form_page(request, session, typed, wrong=wrong)
    try:
        if wish == "visa":
            content = await upstream.document(
                session.identity, "invoicing", "/invoices/preview", method="POST", json=order
            )
            return pdf_answer(content, "forhandsvisning.pdf")
        issued = await upstream.ask(
            session.identity, "invoicing", "/invoices", method="POST", json=order,
            key=typed.key or None, seconds=30,
        )  # fmt: skip
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        if problem.body.get("reason") == KEY_USED:
            return await _sent_already(request, session, typed, problem.body.get("earlier"))
        told = {name.replace(".article_id", ".text"): why for name, why in faults(problem).items()}
        told = told or {"form": "Fakturan gick inte att skicka. Kontrollera uppgifterna."}
        return await _form_page(request, session, typed, wrong=told)
    return RedirectResponse(f"/fakturor/{UUID(issued['claim_id'])}?gjort=skickad", status_code=303)


async def _sent_already(request: Request, session: Session, typed: Typed, earlier: Any) -> Response:
    """The form came back from the browser's history: its invoice is out, and stays as it was.

    With a key of its own the form makes a further invoice, should that be meant.
    """
    typed.key = str(uuid4())
    return await _form_page(request, session, typed, status=409, sent=earlier)


def typed_in(form: FormData) -> Typed:
    """The form as typed."""
    found = (re.fullmatch(r"rad-(\d{1,3})-text", name) for name in form)
    at = sorted({int(each[1]) for each in found if each})[:MOST_ROWS]
    rows = [{name: text(form, f"rad-{n}-{name}") for name in empty_row()} for n in at]
    return Typed(
        customer_id=text(form, "kund"),
        search=text(form, "kundsok"),
        new=customer_in(form, "ny-"),
        rows=rows or [empty_row()],
        terms=text(form, "villkor"),
        due_on=text(form, "forfaller"),
        issued_on=text(form, "fakturadatum"),
        due_date_agreed=bool(text(form, "avtalad-dag")),
        reminder_fee_agreed=bool(text(form, "avtalad-avgift")),
        interest_kind=text(form, "ranta"),
        interest_rate=text(form, "rantesats"),
        message=text(form, "meddelande"),
        delivered_on=text(form, "levererat"),
        zero_vat=text(form, "momsfritt"),
        buyer_vat_number=text(form, "kopare-moms"),
        key=text(form, "nyckel") or str(uuid4()),
    )


def change(typed: Typed, wish: str, articles: list[dict[str, Any]]) -> None:
    """Add or remove a row; rows that name an article take what they leave open from it (R-48).

    Asked to fill in, it takes the beginning of a name for the name, if only one begins so.
    """
    for row in typed.rows:
        article = _article_of(row, articles, beginning=wish == "fyll")
        if article is not None:
            row["text"] = str(article.get("name", ""))
            row["price"] = plain_kronor(article.get("price_ore"))
            row["unit"] = str(article.get("unit") or row["unit"])
            row["vat"] = str(article.get("vat_percent", row["vat"]))
            row["article_id"] = str(article.get("article_id", ""))
    if wish == "rad" and len(typed.rows) < MOST_ROWS:
        typed.rows.append(empty_row())
    elif removed := re.fullmatch(r"bort-(\d{1,3})", wish):
        at = int(removed[1])
        typed.rows = [row for n, row in enumerate(typed.rows) if n != at] or [empty_row()]


def _article_of(
    row: dict[str, str], articles: list[dict[str, Any]], *, beginning: bool
) -> dict[str, Any] | None:
    """The article that a row without a price names, or is alone in beginning so."""
    typed = row["text"].casefold()
    if not typed or row["price"]:
        return None
    named = {str(each.get("name", "")).casefold(): each for each in articles}
    found = [each for name, each in named.items() if name.startswith(typed)]
    alone = beginning and len(found) == 1 and len(typed) >= SHORTEST_SEARCH
    return found[0] if alone else named.get(typed)


def order_of(typed: Typed) -> tuple[dict[str, Any], dict[str, str]]:
    """The order that invoicing understands, or what could not even be read, by field."""
    wrong: dict[str, str] = {}
    order: dict[str, Any] = {
        "rows": _rows_of(typed, wrong),
        "due_date_agreed": typed.due_date_agreed,
        "reminder_fee_agreed": typed.reminder_fee_agreed,
        "interest": _interest_of(typed, wrong),
    }
    if typed.customer_id == "ny":
        order["customer"] = {k: v for k, v in typed.new.items() if v is not None}
        if not typed.new["name"]:
            wrong["customer.name"] = "Fyll i kundens namn."
    elif typed.customer_id:
        order["customer_id"] = typed.customer_id
    else:
        wrong["customer_id"] = "Välj en kund, eller lägg till en ny."
    if typed.terms in TERMS:
        order["terms_days"] = int(typed.terms)
    elif typed.due_on:
        order["due_on"] = typed.due_on
    else:
        wrong["due_on"] = "Välj förfallodag."
    optional = {
        "issued_on": typed.issued_on,
        "delivered_on": typed.delivered_on,
        "message": typed.message,
        "zero_vat": typed.zero_vat,
        "buyer_vat_number": typed.buyer_vat_number,
    }
    return order | {k: v for k, v in optional.items() if v}, wrong


def _rows_of(typed: Typed, wrong: dict[str, str]) -> list[dict[str, Any]]:
    rows = []
    for at, row in enumerate(typed.rows):
        quantity, price_ore = parse_quantity(row["quantity"]), parse_kronor(row["price"])
        if not row["text"]:
            wrong[f"rows.{at}.text"] = "Skriv vad raden gäller."
        if quantity is None:
            wrong[f"rows.{at}.quantity"] = "Skriv ett antal, till exempel 1,5."
        if price_ore is None:
            wrong[f"rows.{at}.price_ore"] = "Skriv ett pris, till exempel 950,00."
        if row["vat"] not in VAT_RATES:
            wrong[f"rows.{at}.vat_percent"] = "Välj momssats."
            continue
        made = {
            "text": row["text"], "quantity": quantity, "unit": row["unit"],
            "price_ore": price_ore, "vat_percent": int(row["vat"]),
        }  # fmt: skip
        rows.append(made | ({"article_id": row["article_id"]} if row["article_id"] else {}))
    return rows


def _interest_of(typed: Typed, wrong: dict[str, str]) -> dict[str, Any]:
    if typed.interest_kind not in INTEREST_KINDS[1:]:
        return {"kind": "statutory", "rate_bp": None}
    rate_bp = parse_percent(typed.interest_rate)
    if rate_bp is None:
        wrong["interest.rate_bp"] = "Skriv räntan i procent, till exempel 12 eller 8,5."
    return {"kind": typed.interest_kind, "rate_bp": rate_bp}


async def _articles(upstream: Upstream, session: Session) -> list[dict[str, Any]]:
    """The first of the register, to be offered while typing."""
    found = await upstream.perhaps(session.identity, "invoicing", "/articles", {"limit": 200})
    return [each for each in listed_in(found, "articles") if each.get("active", True)]


async def _articles_of(
    upstream: Upstream, session: Session, rows: list[dict[str, str]]
) -> list[dict[str, Any]]:
    """The articles whose names begin as rows without a price do, wherever in the register."""
    texts = {row["text"] for row in rows if row["text"] and not row["price"]}
    beginnings = [each for each in texts if len(each) <= LONGEST_NAME and each.isprintable()]
    if not beginnings:
        return []
    found = await upstream.ask(
        session.identity, "invoicing", "/articles/lookup", method="POST",
        json={"beginnings": beginnings},
    )  # fmt: skip
    return listed_in(found, "articles")


async def _form_page(
    request: Request,
    session: Session,
    typed: Typed,
    *,
    wrong: dict[str, str] | None = None,
    articles: list[dict[str, Any]] | None = None,
    status: int = 200,
    sent: dict[str, Any] | None = None,
) -> Response:
    upstream: Upstream = request.app.state.upstream
    searching = len(typed.search) >= SHORTEST_SEARCH
    query = {"q": typed.search if searching else None, "limit": 20}
    found, known, company = await asyncio.gather(
        upstream.ask(session.identity, "invoicing", "/customers", query=query),
        _articles(upstream, session),
        upstream.perhaps(session.identity, "invoicing", "/creditors/me"),
    )
    customers = listed_in(found, "customers")
    offered = {each.get("article_id"): each for each in (*(articles or ()), *known)}
    if typed.customer_id not in ("", "ny", *(each.get("customer_id") for each in customers)):
        customers[:0] = await _chosen(upstream, session, typed)
    return page(
        request, "ny_faktura.html", status=422 if wrong else status, session=session, typed=typed,
        sent=sent, customers=customers, more_customers=bool((found or {}).get("next")),
        too_short=bool(typed.search) and not searching, articles=offered.values(),
        wrong=wrong or {}, vat_rates=VAT_RATES, terms=TERMS, most_rows=MOST_ROWS,
        costs=(company or {}).get("costs"),
    )  # fmt: skip


async def _chosen(upstream: Upstream, session: Session, typed: Typed) -> list[dict[str, Any]]:
    """The chosen customer, who may not be among those found; nobody when there is none such."""
    try:
        customer_id = UUID(typed.customer_id)
    except ValueError:
        typed.customer_id = ""
        return []
    found = await upstream.perhaps(session.identity, "invoicing", f"/customers/{customer_id}")
    return [found] if found else []
