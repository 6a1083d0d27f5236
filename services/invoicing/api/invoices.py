"""Invoices over HTTP: issue, list, look at, credit, hand over, write to the customer."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from contracts.ids import ClaimId, CreditorId, CustomerId, new_id
from contracts.invoicing import HandoverCause
from plumbing import commands
from plumbing.flow import FLOW
from plumbing.gathering import Gathering
from plumbing.problems import Problem, invalid
from plumbing.transaction import Database, Transaction
from services.invoicing.api import forms
from services.invoicing.api.access import (
    Company,
    database,
    issues,
    missing,
    payee,
    payee_name,
    takes,
)
from services.invoicing.api.registers import SHORTEST_SEARCH, Limit, Search
from services.invoicing.handlers import issuing as handlers
from services.invoicing.handlers import showing
from services.invoicing.handlers import standing as standing_handlers
from services.invoicing.handlers.words import Decision, Refusal, RefusalReason, State
from services.invoicing.store import registers, standing

router = APIRouter()
MOST_MESSAGES = 200
"""In one invoice's thread."""
MOST_FOUND = 200
"""Customers that a search among invoices looks at."""


@dataclass(frozen=True, slots=True)
class Posted:
    """An invoice as it was posted, not yet read."""

    command: commands.Command
    invoice: Any
    flow: UUID | None


def issuer(database: Database, payee: str) -> Gathering[Posted, Response]:
    """Issues what is posted one by one: a company's, posted at one time, in one transaction."""

    async def issue_together(
        company: UUID, posted: Sequence[Posted]
    ) -> Sequence[Response | Exception]:
        creditor_id = CreditorId(company)
        async with database.transaction(tenant=company) as tx:

            async def run(places: Sequence[int]) -> list[Any]:
                invoices = [posted[at].invoice for at in places]
                flows = [posted[at].flow for at in places]
                answers = await _issue_read(tx, creditor_id, invoices, payee, flows)
                return [_answer(answer) for answer in answers]

            return await commands.each_once(tx, company, [each.command for each in posted], run)

    return Gathering(issue_together)


@router.post("/invoices", status_code=201, openapi_extra=takes(forms.InvoiceForm))
async def issue(request: Request, company: Company) -> Response:
    """Issue one invoice."""
    posted = Posted(await commands.command_of(request), await forms.read_any(request), FLOW.get())
    answer: Response = await issues(request).ask(company, posted, apart=posted.command.key)
    return answer


@router.post("/invoices/bulk", openapi_extra=takes(forms.BulkForm))
async def issue_many(request: Request, company: Company) -> Response:
    """Issue up to 10,000 invoices; each is accepted, or refused with its reasons."""
    invoices = (await forms.read(request, forms.BulkForm)).invoices
    async with database(request).transaction(tenant=company) as tx:

        async def run() -> dict[str, Any]:
            results = await _issue_read(tx, company, invoices, payee(request))
            return {"results": [_result(at, result) for at, result in enumerate(results)]}

        return await commands.once(tx, request, company, run, status=200)


async def _issue_read(
    tx: Transaction,
    company: CreditorId,
    invoices: Sequence[Any],
    payee: str,
    flows: Iterable[UUID | None] = repeat(None),
) -> list[Decision | Refusal]:
    """Read invoices and issue those that can be; answers stand in the order of the invoices."""
    asked = []
    for at, (invoice, flow) in enumerate(zip(invoices, flows, strict=False), 1):
        each = forms.asked_of(invoice, tx.today)
        asked.append(each if isinstance(each, Refusal) else replace(each, flow=flow))
        if at % handlers.BREATH == 0:
            await asyncio.sleep(0)
    answers = iter(await handlers.issue(tx, company, forms.all_good(asked), payee=payee))
    return [each if isinstance(each, Refusal) else next(answers) for each in asked]


@router.post("/invoices/preview", openapi_extra=takes(forms.InvoiceForm))
async def preview(request: Request, company: Company) -> Response:
    """The invoice as the customer would see it, without number or reference (R-51)."""
    invoice = await forms.read_any(request)
    async with database(request).transaction(tenant=company) as tx:
        asked = _readable(forms.asked_of(invoice, tx.today))
        page = await showing.preview_page(
            tx, company, asked, payee=payee(request), payee_name=payee_name(request)
        )
    if isinstance(page, Refusal):
        raise invalid(forms.refused(page))
    return _pdf(await showing.printed(page), "forhandsvisning.pdf")


@router.get("/invoices")
async def list_invoices(
    request: Request,
    company: Company,
    state: State | None = None,
    after: Annotated[int | None, Query(ge=1, lt=2**62)] = None,
    limit: Limit = 50,
    q: Search = "",
) -> dict[str, Any]:
    """Invoices, newest first; `q` is a number or the first letters of a customer's name."""
    async with database(request).transaction(tenant=company) as tx:
        customers, number = await _searched(tx, company, q.strip())
        found = await standing.list_invoices(
            tx,
            company,
            state=state,
            before=after,
            limit=limit,
            customers=customers,
            number=number,
        )
    return {"invoices": found, "next": found[-1]["number"] if len(found) == limit else None}


@router.post("/invoices/lookup", openapi_extra=takes(forms.InvoiceLookup))
async def look_up_invoices(request: Request, company: Company) -> dict[str, Any]:
    """Up to 1,000 invoices as the list shows them; those one may not see are left out."""
    form = await forms.read(request, forms.InvoiceLookup)
    async with database(request).transaction(tenant=company) as tx:
        return {"invoices": await standing.look_up(tx, company, form.claim_ids)}


@router.get("/invoices/counts")
async def count_invoices(request: Request, company: Company) -> dict[str, Any]:
    """How many invoices stand in each state, with their sums."""
    async with database(request).transaction(tenant=company) as tx:
        return {"states": await standing.count_states(tx, company)}


@router.get("/invoices/{claim_id}")
async def one_invoice(request: Request, company: Company, claim_id: UUID) -> dict[str, Any]:
    """An invoice as issued, what is known of it now, and its timeline."""
    async with database(request).transaction(tenant=company) as tx:
        shown = await showing.invoice(tx, claim_id)
    if shown is None:
        raise missing("invoice")
    return shown


@router.get("/invoices/{claim_id}/pdf")
async def invoice_pdf(request: Request, company: Company, claim_id: UUID) -> Response:
    """The invoice as issued, with what is to be paid of it now; PDF/A-3."""
    async with database(request).transaction(tenant=company) as tx:
        found = await showing.invoice_page(tx, claim_id, payee_name=payee_name(request))
    return await print_page(found, "faktura")


async def print_page(found: tuple[int, showing.Page] | None, name: str) -> Response:
    """A document's page as PDF; 404 where the asker may not see it."""
    if found is None:
        raise missing("document")
    number, page = found
    return _pdf(await showing.printed(page), f"{name}-{number}.pdf")


@router.post("/invoices/{claim_id}/credit", status_code=201, openapi_extra=takes(forms.CreditForm))
async def credit(request: Request, company: Company, claim_id: UUID) -> Response:
    """Credit the whole invoice; 409 the second time."""
    form = await forms.read(request, forms.CreditForm)
    async with database(request).transaction(tenant=company) as tx:

        async def run() -> dict[str, Any]:
            answer = await standing_handlers.credit(tx, ClaimId(claim_id), form.kind, form.reason)
            if answer is None:
                raise missing("invoice")
            if isinstance(answer, RefusalReason):
                raise Problem(409, "The invoice is credited already", reason=answer.value)
            credited, known = answer
            return {
                "note_id": credited.note_id,
                "note_number": credited.note_number,
                "credit_ore": credited.credit_ore,
                "credited_on": credited.credited_on,
                "paper_original_may_have_been_sent": known.on_paper,
            }

        return await commands.once(tx, request, company, run)


@router.get("/invoices/{claim_id}/credit/pdf")
async def credit_pdf(request: Request, company: Company, claim_id: UUID) -> Response:
    """The credit note (*kreditfaktura*) of an invoice."""
    async with database(request).transaction(tenant=company) as tx:
        found = await showing.credit_page(tx, claim_id)
    return await print_page(found, "kreditfaktura")


@router.post("/invoices/{claim_id}/collection", status_code=202)
async def collect(request: Request, company: Company, claim_id: UUID) -> Response:
    """Send an overdue invoice to collection (R-108); 409 with the reason where it may not go."""
    return await _collect(request, company, claim_id, anew=False)


@router.post("/invoices/{claim_id}/collection/anew", status_code=202)
async def collect_anew(request: Request, company: Company, claim_id: UUID) -> Response:
    """Let a case go on with the customer's details as they are now; 409 where it may not go."""
    return await _collect(request, company, claim_id, anew=True)


async def _collect(request: Request, company: Company, claim_id: UUID, *, anew: bool) -> Response:
    async with database(request).transaction(tenant=company) as tx:

        async def run() -> dict[str, Any]:
            claim, creditor = ClaimId(claim_id), HandoverCause.CREDITOR
            answers = await standing_handlers.hand_over(tx, [claim], creditor, anew=anew)
            if claim not in answers:
                raise missing("invoice")
            reason = answers[claim]
            if reason is not None:
                raise Problem(409, "The invoice cannot go to collection", reason=reason.value)
            return {"claim_id": claim_id, "handed_over_on": tx.today}

        return await commands.once(tx, request, company, run, status=202)


@router.post("/invoices/{claim_id}/link")
async def renew_link(request: Request, company: Company, claim_id: UUID) -> Response:
    """Revoke the links to the web invoice that are out; coming letters carry the new one."""
    async with database(request).transaction(tenant=company) as tx:

        async def run() -> dict[str, Any]:
            await _visible(tx, claim_id)
            version = await standing_handlers.revoke_links(tx, ClaimId(claim_id))
            if version is None:
                raise Problem(409, "The customer cannot be reached", reason="unreachable")
            return {"claim_id": claim_id, "link_version": version}

        return await commands.once(tx, request, company, run, status=200)


@router.get("/invoices/{claim_id}/messages")
async def read_messages(request: Request, company: Company, claim_id: UUID) -> dict[str, Any]:
    """The thread with the customer about an invoice (R-66)."""
    async with database(request).transaction(tenant=company) as tx:
        await _visible(tx, claim_id)
        return {"messages": await standing.messages(tx, claim_id)}


@router.post(
    "/invoices/{claim_id}/messages", status_code=201, openapi_extra=takes(forms.MessageForm)
)
async def write_message(request: Request, company: Company, claim_id: UUID) -> Response:
    """Write to the customer about an invoice."""
    form = await forms.read(request, forms.MessageForm)
    async with database(request).transaction(tenant=company) as tx:
        await _visible(tx, claim_id)
        return await add_message(tx, request, (ClaimId(claim_id), company), "seller", form.text)


async def add_message(
    tx: Transaction,
    request: Request,
    thread: tuple[ClaimId, CreditorId],
    author: Literal["seller", "debtor"],
    text: str,
) -> Response:
    """Add to a thread (claim, company); 409 when it is full. Each side's keys are its own."""
    claim_id, creditor_id = thread
    scope: UUID = creditor_id if author == "seller" else claim_id

    async def run() -> dict[str, Any]:
        if await standing.count_messages(tx, claim_id) >= MOST_MESSAGES:
            raise Problem(409, "The thread is full", reason="thread_full")
        message = {
            "message_id": new_id(),
            "claim_id": claim_id,
            "creditor_id": creditor_id,
            "author": author,
            "body": text,
        }
        await standing.write_message(tx, message)
        return {"message_id": message["message_id"]}

    return await commands.once(tx, request, scope, run)


def _readable(asked: handlers.Asked | Refusal) -> handlers.Asked:
    if isinstance(asked, Refusal):
        raise invalid(forms.refused(asked))
    return asked


def _issued(decision: Decision) -> dict[str, Any]:
    invoice = decision.invoice
    return {
        "claim_id": invoice.claim_id,
        "number": invoice.number,
        "ocr": invoice.ocr,
        "total_ore": invoice.draft.total_ore,
    }


def _answer(answer: Decision | Refusal) -> dict[str, Any] | Problem:
    if isinstance(answer, Refusal):
        return invalid(forms.refused(answer))
    draft = answer.invoice.draft
    return _issued(answer) | {"due_on": draft.due_on, "hints": handlers.hints(draft)}


def _result(index: int, answer: Decision | Refusal) -> dict[str, Any]:
    if isinstance(answer, Refusal):
        return {"index": index, "refused": forms.refused(answer)}
    return {"index": index} | _issued(answer)


async def _visible(tx: Transaction, claim_id: UUID) -> Any:
    row = await standing.invoice(tx, claim_id)
    if row is None:
        raise missing("invoice")
    return row


async def _searched(
    tx: Transaction, company: CreditorId, q: str
) -> tuple[list[CustomerId] | None, int | None]:
    """What a search among invoices looks for: customers, or a number."""
    if not q:
        return None, None
    if q.isascii() and q.isdigit() and len(q) < 19:
        return None, int(q)
    if len(q) < SHORTEST_SEARCH or "\x00" in q:
        reason = f"must be a number or {SHORTEST_SEARCH} letters of a name"
        raise invalid([{"field": "q", "reason": reason}])
    found = await registers.find_buyers(tx, company, q, None, MOST_FOUND)
    return [buyer.customer_id for buyer in found], None


def _pdf(made: bytes, name: str) -> Response:
    disposition = {"content-disposition": f'inline; filename="{name}"'}
    return Response(made, media_type="application/pdf", headers=disposition)
