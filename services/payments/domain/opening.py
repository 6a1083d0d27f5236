"""Opening a claim on an invoice."""

from datetime import date

from contracts.invoicing import InvoiceIssued
from contracts.payments import ClaimOpened
from contracts.terms import Component
from services.payments.domain.claim import NOTHING_OPEN, Book, Claim
from services.payments.domain.draft import Decision, Draft


def open_claim(invoice: InvoiceIssued, *, today: date) -> Decision:
    """Open a claim on an invoice: its total is owed as capital."""
    empty = Claim(
        claim_id=invoice.claim_id,
        creditor_id=invoice.creditor_id,
        ocr=invoice.ocr,
        debtor=invoice.debtor_kind,
        total_ore=invoice.total_ore,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        arose_on=invoice.arose_on,
        due_date_agreed=invoice.due_date_agreed,
        reminder_fee_agreed=invoice.reminder_fee_agreed,
        interest=invoice.interest,
        book=Book(NOTHING_OPEN),
    )
    draft = Draft(empty, invoice.issued_on)
    draft.owe(Component.CAPITAL, invoice.total_ore)
    opened = ClaimOpened(
        claim_id=invoice.claim_id,
        creditor_id=invoice.creditor_id,
        total_ore=invoice.total_ore,
        ocr=invoice.ocr,
        opened_on=today,
    )
    return Decision(draft.written(), draft.claim.book, tuple(draft.postings), says=(opened,))
