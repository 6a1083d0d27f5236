"""Companies, customers and articles over HTTP."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from contracts.ids import ArticleId, CreditorId, CustomerId, new_id
from contracts.numbers import is_personal, mask_personal_number
from plumbing import commands
from plumbing.identity import require
from plumbing.problems import Problem, invalid
from services.invoicing.api import forms
from services.invoicing.api.access import Asker, Company, cursor, database, missing, takes
from services.invoicing.handlers import registers as handlers
from services.invoicing.handlers.showing import costs
from services.invoicing.handlers.words import Buyer, Refusal, Seller
from services.invoicing.store import registers as store

router = APIRouter()
Limit = Annotated[int, Query(ge=1, le=200)]
Search = Annotated[str, Query(max_length=100)]
SHORTEST_SEARCH = 3
"""Letters; with fewer a register is not searched but listed (R-45, R-48)."""
MOST_OF_A_BEGINNING = 20
"""Articles that are looked up by one beginning of their names."""


@router.post("/creditors", status_code=201, openapi_extra=takes(forms.CreditorForm))
async def register(request: Request, identity: Asker) -> Response:
    """A company joins the platform; 409 if it has joined already."""
    require(identity, "seller", "operator")
    form = await forms.read(request, forms.CreditorForm)
    async with database(request).transaction() as tx:
        number = forms.organisation_number_of(form.organisation_number, tx.today)
        seller = Seller(
            creditor_id=CreditorId(new_id()),
            default_terms_days=30,
            round_to_krona=True,
            due_date_agreed=False,
            reminder_fee_agreed=False,
            **(form.model_dump() | {"organisation_number": number}),
        )

        async def run() -> dict[str, Any]:
            if not await handlers.register(tx, seller):
                raise Problem(409, "The company is registered already")
            return {"creditor_id": seller.creditor_id}

        return await commands.once(tx, request, identity.person, run)


@router.get("/creditors")
async def list_creditors(
    request: Request,
    identity: Asker,
    creditor_id: Annotated[list[UUID] | None, Query(max_length=200)] = None,
    after: UUID | None = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Companies in the order they came, or those that are named; for operators."""
    require(identity, "operator", "support")
    async with database(request).transaction() as tx:
        found = await store.sellers(tx, creditor_id, after, limit)
    shown = [_among_others(seller) | {"registered_on": day} for seller, day in found]
    return {"creditors": shown, "next": shown[-1]["creditor_id"] if len(shown) == limit else None}


def _among_others(seller: Seller) -> dict[str, Any]:
    """A company in a list: the number of a sole trader is a person's, and masked.

    A legal person's has at least 2 as its third digit, a person's month has not.
    """
    number = seller.organisation_number
    shown = number if number[2] >= "2" else mask_personal_number(number)
    return asdict(seller) | {"organisation_number": shown}


@router.get("/creditors/me")
async def my_company(request: Request, company: Company) -> dict[str, Any]:
    """The asker's company with its settings and number series."""
    async with database(request).transaction(tenant=company) as tx:
        return await _company(tx, company)


@router.patch("/creditors/me", openapi_extra=takes(forms.CreditorSettings))
async def change_company(request: Request, company: Company) -> dict[str, Any]:
    """Change details or settings; what is left out stays."""
    async with database(request).transaction(tenant=company) as tx:
        known = await store.seller(tx, company)
        if known is None:
            raise missing("company")
        kept = asdict(known)
        del kept["creditor_id"], kept["organisation_number"]
        form = await forms.read_changes(request, forms.CreditorSettings, kept)
        refusal = await handlers.change_creditor(
            tx,
            forms.seller_of(known, form),
            first_number=form.first_number,
            reason=form.first_number_reason,
        )
        if refusal is not None:
            raise invalid(forms.refused(refusal))
        return await _company(tx, company)


async def _company(tx: Any, company: CreditorId) -> dict[str, Any]:
    seller = await store.seller(tx, company)
    if seller is None:
        raise missing("company")
    return asdict(seller) | {
        "next_number": await store.next_number(tx, company),
        "number_jumps": [dict(jump) for jump in await store.jumps(tx, company)],
        "costs": costs(tx.today),
    }


@router.post("/customers", status_code=201, openapi_extra=takes(forms.CustomerForm))
async def add_customer(request: Request, company: Company) -> Response:
    """Add a customer to the register."""
    form = await forms.read(request, forms.CustomerForm)
    async with database(request).transaction(tenant=company) as tx:
        buyer = forms.buyer_of(form, CustomerId(new_id()), tx.today)
        if isinstance(buyer, Refusal):
            raise invalid(forms.refused(buyer))

        async def run() -> dict[str, Any]:
            await store.save_buyers(tx, company, [buyer])
            return asdict(buyer)

        return await commands.once(tx, request, company, run)


@router.get("/customers")
async def list_customers(
    request: Request,
    company: Company,
    q: Search = "",
    after: str | None = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Customers by name; `q` finds those whose name begins so, from three letters."""
    _check_search(q)
    async with database(request).transaction(tenant=company) as tx:
        found = await store.find_buyers(tx, company, q, cursor(after), limit)
    full = len(found) == limit
    return {
        "customers": [_listed(buyer) for buyer in found],
        "next": f"{found[-1].customer_id} {found[-1].name}" if full else None,
    }


@router.get("/customers/{customer_id}")
async def one_customer(request: Request, company: Company, customer_id: UUID) -> dict[str, Any]:
    """One customer."""
    async with database(request).transaction(tenant=company) as tx:
        return asdict(await _customer(tx, company, customer_id))


@router.patch("/customers/{customer_id}", openapi_extra=takes(forms.CustomerForm))
async def change_customer(request: Request, company: Company, customer_id: UUID) -> dict[str, Any]:
    """Correct a customer; open claims are told of new contact details, documents never change."""
    async with database(request).transaction(tenant=company) as tx:
        before = await _customer(tx, company, customer_id)
        kept = asdict(before)
        del kept["customer_id"]
        form = await forms.read_changes(request, forms.CustomerForm, kept)
        after = forms.buyer_of(form, before.customer_id, tx.today)
        if isinstance(after, Refusal):
            raise invalid(forms.refused(after))
        await handlers.change_customer(tx, company, before, after)
        return asdict(after)


async def _customer(tx: Any, company: CreditorId, customer_id: UUID) -> Buyer:
    found = await store.buyers(tx, [customer_id], company)
    if customer_id not in found:
        raise missing("customer")
    return found[customer_id]


def _listed(buyer: Buyer) -> dict[str, Any]:
    """A customer in a list: a person's number is masked there."""
    shown = asdict(buyer)
    if buyer.identity_number and is_personal(buyer.identity_number):
        shown["identity_number"] = mask_personal_number(buyer.identity_number)
    return shown


def _check_search(q: str) -> None:
    if q and len(q.strip()) < SHORTEST_SEARCH:
        raise invalid([{"field": "q", "reason": f"needs {SHORTEST_SEARCH} letters"}])
    if "\x00" in q:
        raise invalid([{"field": "q", "reason": "must not contain control characters"}])


@router.post("/articles", status_code=201, openapi_extra=takes(forms.ArticleForm))
async def add_article(request: Request, company: Company) -> Response:
    """Add an article; without a number it gets the next one."""
    form = await forms.read(request, forms.ArticleForm)
    async with database(request).transaction(tenant=company) as tx:

        async def run() -> dict[str, Any]:
            article = {"article_id": ArticleId(new_id()), **form.model_dump()}
            added = await handlers.add_article(tx, company, article)
            if added is None:
                raise invalid([{"field": "number", "reason": "is another article's"}])
            return added

        return await commands.once(tx, request, company, run)


@router.get("/articles")
async def list_articles(
    request: Request,
    company: Company,
    q: Search = "",
    after: str | None = None,
    limit: Limit = 50,
    inactive: bool = False,
) -> dict[str, Any]:
    """Articles by name; inactive ones only when asked for (R-42)."""
    _check_search(q)
    async with database(request).transaction(tenant=company) as tx:
        found = await store.find_articles(
            tx, company, q, cursor(after), limit, inactive_too=inactive
        )
    full = len(found) == limit
    return {
        "articles": found,
        "next": f"{found[-1]['article_id']} {found[-1]['name']}" if full else None,
    }


@router.post("/articles/lookup", openapi_extra=takes(forms.ArticleLookup))
async def look_up_articles(request: Request, company: Company) -> dict[str, Any]:
    """Active articles whose name begins in one of several ways, a few of each (R-48)."""
    form = await forms.read(request, forms.ArticleLookup)
    async with database(request).transaction(tenant=company) as tx:
        found = await store.look_up_articles(tx, company, form.beginnings, MOST_OF_A_BEGINNING)
    return {"articles": found}


@router.get("/articles/{article_id}")
async def one_article(request: Request, company: Company, article_id: UUID) -> dict[str, Any]:
    """One article."""
    async with database(request).transaction(tenant=company) as tx:
        found = await store.article(tx, company, article_id)
    if found is None:
        raise missing("article")
    return found


@router.patch("/articles/{article_id}", openapi_extra=takes(forms.ArticleForm))
async def change_article(request: Request, company: Company, article_id: UUID) -> dict[str, Any]:
    """Change an article; what is issued stays as it was."""
    async with database(request).transaction(tenant=company) as tx:
        known = await store.article(tx, company, article_id)
        if known is None:
            raise missing("article")
        del known["article_id"]
        form = await forms.read_changes(request, forms.ArticleForm, known)
        article = {"article_id": article_id, **form.model_dump()}
        article["number"] = article["number"] or known["number"]
        if not await store.change_article(tx, company, article):
            raise invalid([{"field": "number", "reason": "is another article's"}])
        return article
