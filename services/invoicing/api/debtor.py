"""What a debtor's link opens: one invoice, its PDF, its credit note, the thread with the seller."""

from typing import Any

from fastapi import APIRouter, Request, Response

from contracts.ids import ClaimId, CreditorId
from plumbing.transaction import Transaction
from services.invoicing.api import forms
from services.invoicing.api.access import Claim, database, missing, payee_name, takes
from services.invoicing.api.invoices import add_message, print_page
from services.invoicing.handlers import showing
from services.invoicing.store import standing

router = APIRouter(prefix="/debtor")


@router.get("/invoice")
async def my_invoice(request: Request, claim: Claim) -> dict[str, Any]:
    """The invoice as the customer sees it; what is owed today is payments' to say."""
    async with database(request).transaction() as tx:
        shown = await showing.invoice_for_debtor(tx, claim)
    if shown is None:
        raise missing("invoice")
    return shown


@router.get("/invoice/pdf")
async def my_pdf(request: Request, claim: Claim) -> Response:
    """The invoice to print (R-67)."""
    async with database(request).transaction() as tx:
        found = await showing.invoice_page(tx, claim, payee_name=payee_name(request))
    return await print_page(found, "faktura")


@router.get("/credit/pdf")
async def my_credit_note(request: Request, claim: Claim) -> Response:
    """The credit note that is the customer's too (mervärdesskattelagen 17 kap. 22-23 §§)."""
    async with database(request).transaction() as tx:
        found = await showing.credit_page(tx, claim)
    return await print_page(found, "kreditfaktura")


@router.post("/messages", status_code=201, openapi_extra=takes(forms.MessageForm))
async def write_message(request: Request, claim: Claim) -> Response:
    """Write to the seller (R-66)."""
    form = await forms.read(request, forms.MessageForm)
    async with database(request).transaction() as tx:
        row = await _row(tx, claim)
        thread = (claim, CreditorId(row["creditor_id"]))
        return await add_message(tx, request, thread, "debtor", form.text)


async def _row(tx: Transaction, claim: ClaimId) -> Any:
    row = await standing.invoice(tx, claim)
    if row is None:
        raise missing("invoice")
    return row
