"""An issued invoice shown: its document, what is known of it, its timeline and its page."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from contracts.ids import ClaimId, CreditorId
from contracts.terms import Component
from law.costs import statutory_cost
from law.demand import LEAST_DAYS_TO_RESPOND
from law.reminder import DAYS_FROM_DUE_DATE_TO_REMINDER
from plumbing.transaction import Transaction
from services.invoicing import documents, pdf
from services.invoicing.domain import printing, timeline
from services.invoicing.domain.issuing import Draft
from services.invoicing.domain.orders import Refusal
from services.invoicing.domain.standing import State
from services.invoicing.handlers.issuing import Asked, draft
from services.invoicing.store import issuing as store_issuing
from services.invoicing.store import standing as store

Page = dict[str, Any]

NOW = {
    State.DISPUTED: printing.Now.DISPUTED,
    State.COLLECTION: printing.Now.IN_COLLECTION,
    State.KRONOFOGDEN: printing.Now.IN_COLLECTION,
    State.REMINDED: printing.Now.REMINDED,
}
"""What these states print; in the others the amount tells."""


async def invoice(tx: Transaction, claim_id: UUID) -> dict[str, Any] | None:
    """An invoice as its seller sees it; None where this transaction may not."""
    row = await store.invoice(tx, claim_id)
    if row is None:
        return None
    note = await store.credit_note(tx, claim_id)
    told = await store.timeline(tx, claim_id)
    document = await _document(tx, claim_id)
    assert document is not None, "every invoice has its document"
    return (
        document
        | printing.statements(document)
        | {
            "claim_id": claim_id,
            "state": row["state"],
            "remaining_ore": row["remaining_ore"],
            "paid_on": row["paid_on"],
            "may_be_on_paper": row["on_paper"],
            "handed_over_on": row["handed_over_on"],
            "credit_note": note,
            "upheld": row["upheld"],
            "link_version": row["link_version"],
            "costs": costs(tx.today),
            "messages": await store.count_messages(tx, claim_id),
            "timeline": timeline.tell(told, issued_on=row["issued_on"]),
        }
    )


async def invoice_for_debtor(tx: Transaction, claim_id: UUID) -> dict[str, Any] | None:
    """An invoice as its customer sees it; what is owed today is payments' to say."""
    row = await store.invoice(tx, claim_id)
    document = await _document(tx, claim_id)
    if row is None or document is None:
        return None
    return (
        document
        | printing.statements(document)
        | {
            "claim_id": claim_id,
            "creditor_id": row["creditor_id"],
            "state": row["state"],
            "credited": row["credited"],
            "credit_note": await store.credit_note(tx, claim_id),
            "upheld": row["upheld"],
            "link_version": row["link_version"],
            "costs": costs(tx.today),
            "messages": await store.messages(tx, claim_id),
        }
    )


async def invoice_page(
    tx: Transaction, claim_id: UUID, *, payee_name: str
) -> tuple[int, Page] | None:
    """An issued invoice's number and page: its rows as issued, and what is to be paid now."""
    row = await store.invoice(tx, claim_id)
    document = await _document(tx, claim_id)
    if row is None or document is None:
        return None
    told = [each for _, each in await store.timeline(tx, claim_id)]
    due = printing.Due(row["remaining_ore"], timeline.pay_by(told, row["due_on"]))
    page = printing.invoice_page(document, payee=payee_name, now=_now(row), due=due)
    return document["number"], page


async def credit_page(tx: Transaction, claim_id: UUID) -> tuple[int, Page] | None:
    """The number and page of an invoice's credit note."""
    note = await store.credit_note(tx, claim_id)
    document = await _document(tx, claim_id)
    if note is None or document is None:
        return None
    return note["number"], printing.credit_page(document, note)


async def preview_page(
    tx: Transaction, creditor_id: CreditorId, asked: Asked, *, payee: str, payee_name: str
) -> Page | Refusal:
    """The page of an invoice that is not issued (R-51)."""
    (drafted,) = await draft(tx, creditor_id, [asked])
    if not isinstance(drafted, Draft):
        return drafted
    document = documents.Writer(drafted.seller, payee).preview(drafted)
    return printing.invoice_page(document, payee=payee_name)


def costs(today: date) -> dict[str, int]:
    """What being late may cost the customer by law, and when, for pages that warn of it."""
    return {
        "reminder_after_days": DAYS_FROM_DUE_DATE_TO_REMINDER,
        "days_to_answer_a_demand": LEAST_DAYS_TO_RESPOND,
    } | {
        f"{component}_ore": statutory_cost(component, today).amount_ore
        for component in (
            *(Component.REMINDER_FEE, Component.DEMAND_COST, Component.FILING_FEE),
            *(Component.FILING_WORK, Component.ENFORCEMENT_FEE),
        )
    }


def _now(row: dict[str, Any]) -> printing.Now:
    if row["credited"]:
        return printing.Now.CREDITED
    if row["settled"]:
        return printing.Now.PAID
    changed = row["remaining_ore"] != row["total_ore"]
    otherwise = printing.Now.CHANGED if changed else printing.Now.AS_ISSUED
    return NOW.get(State(row["state"]), otherwise)


async def printed(page: Page) -> bytes:
    """A page as PDF."""
    return await pdf.render(page)


async def read_documents(tx: Transaction, ids: Sequence[UUID]) -> dict[ClaimId, dict[str, Any]]:
    """Documents by claim, as they were issued."""
    found = await store_issuing.documents(tx, ids)
    return {claim: documents.read(body) for claim, body in found.items()}


async def _document(tx: Transaction, claim_id: UUID) -> dict[str, Any] | None:
    return (await read_documents(tx, [claim_id])).get(ClaimId(claim_id))
