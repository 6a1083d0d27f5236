"""Builders of what payments hears and receives: fixed values, the one that matters spelled out."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from contracts.collections import (
    NEVER_FILED,
    CaseClosed,
    CaseFiled,
    CaseWithdrawn,
    ClaimDisputed,
    CloseReason,
    DemandProposed,
    DisputeOutcome,
    DisputeSettled,
    EnforcementPaid,
    EnforcementProposed,
    FilingProposed,
)
from contracts.dunning import ReminderProposed
from contracts.ids import new_id
from contracts.invoicing import Channel, CreditKind, InvoiceCredited, InvoiceIssued
from contracts.notifications import DeliveryAccepted, DeliveryFailed, Letter
from contracts.terms import DebtorKind, InterestTerms
from law.rates import REFERENCE_RATES
from services.payments.domain.charges import Prices
from services.payments.domain.incoming import (
    Hold,
    IncomingPayment,
    OutgoingDebit,
    Reference,
    ReferenceKind,
)

CREDITOR = UUID("0190d2f0-0000-7000-8000-00000000c0de")
BANKGIRO = "991-2346"
PRICES = Prices(REFERENCE_RATES, BANKGIRO)
ISSUED = date(2026, 5, 31)
DUE = date(2026, 6, 30)
REMINDED = date(2026, 7, 6)
DEMANDED = date(2026, 7, 27)


def invoice(total_ore: int = 324_000, **given: Any) -> InvoiceIssued:
    """An invoice to a consumer, due on a Tuesday, all agreed."""
    claim_id = given.pop("claim_id", None) or new_id()
    return InvoiceIssued(
        **{
            "claim_id": claim_id,
            "creditor_id": CREDITOR,
            "number": 1,
            "ocr": str(10**9 + claim_id.int % 10**9),
            "debtor_kind": DebtorKind.CONSUMER,
            "total_ore": total_ore,
            "vat": (),
            "issued_on": ISSUED,
            "due_on": DUE,
            "due_date_agreed": True,
            "reminder_fee_agreed": True,
            "interest": InterestTerms(),
            "arose_on": ISSUED,
        }
        | given
    )


def payment(
    *ocrs: str, amount_ore: int, paid_on: date = date(2026, 7, 1), **given: Any
) -> IncomingPayment:
    """A payment with OCR references, from a bank's file."""
    references = tuple(Reference(ReferenceKind.OCR, ocr) for ocr in ocrs)
    fields: dict[str, Any] = {
        "source_key": str(new_id()),
        "payee_bankgiro": "9912346",
        "account": "SE00",
        "booked_on": paid_on,
        "paid_on": paid_on,
        "amount_ore": amount_ore,
        "currency": "SEK",
        "references": references,
        "payer_name": "Karin",
        "payer_account": None,
        "end_to_end_id": "NOTPROVIDED",
        "bank_reference": None,
        "held": None,
        "split_held": False,
        "line": 1,
    }
    return IncomingPayment(**(fields | given))


def held(amount_ore: int, hold: Hold) -> IncomingPayment:
    """A payment that a person must look at."""
    return payment("123", amount_ore=amount_ore, held=hold)


def debit(amount_ore: int, *, source_key: str = "D1", **given: Any) -> OutgoingDebit:
    """Money that left our account; no payout of ours unless its ids say so."""
    day = date(2026, 8, 21)
    fields: dict[str, Any] = {
        "source_key": source_key,
        "account": "SE00",
        "booked_on": day,
        "paid_on": day,
        "amount_ore": amount_ore,
        "currency": "SEK",
        "message_id": None,
        "payment_group_id": None,
        "instruction_id": None,
        "end_to_end_id": None,
        "payee_name": None,
        "payee_account": None,
        "bank_reference": None,
        "held": None,
        "line": 1,
    }
    return OutgoingDebit(**(fields | given))


def credit(
    on: InvoiceIssued,
    credit_ore: int | None = None,
    *,
    credited_on: date = date(2026, 7, 10),
    kind: CreditKind = CreditKind.COMMERCIAL,
) -> InvoiceCredited:
    """A credit note; of the whole invoice if no amount is given."""
    return InvoiceCredited(
        claim_id=on.claim_id,
        creditor_id=on.creditor_id,
        note_id=new_id(),
        note_number=2,
        credit_ore=on.total_ore if credit_ore is None else credit_ore,
        kind=kind,
        credited_on=credited_on,
    )


def disputed(on: InvoiceIssued, objected_on: date = REMINDED) -> ClaimDisputed:
    """An objection to the whole claim."""
    return ClaimDisputed(
        claim_id=on.claim_id,
        creditor_id=on.creditor_id,
        dispute_id=new_id(),
        disputed_ore=None,
        objected_on=objected_on,
    )


def dispute_settled(
    dispute: ClaimDisputed, outcome: DisputeOutcome = DisputeOutcome.WITHDRAWN
) -> DisputeSettled:
    """The end of an objection."""
    return DisputeSettled(
        claim_id=dispute.claim_id,
        creditor_id=dispute.creditor_id,
        dispute_id=dispute.dispute_id,
        outcome=outcome,
        settled_on=date(2026, 7, 20),
    )


def remind(on: InvoiceIssued, as_of: date = REMINDED) -> ReminderProposed:
    """A proposal to remind."""
    return ReminderProposed(
        claim_id=on.claim_id, creditor_id=on.creditor_id, as_of=as_of, pay_by=date(2026, 7, 14)
    )


def demand(on: InvoiceIssued, as_of: date = DEMANDED, ordinal: int = 1) -> DemandProposed:
    """A proposal to demand."""
    return DemandProposed(
        claim_id=on.claim_id,
        creditor_id=on.creditor_id,
        case_number="I-1",
        ordinal=ordinal,
        as_of=as_of,
        respond_by=date(2026, 8, 6),
    )


def file(on: InvoiceIssued, as_of: date = date(2026, 8, 10)) -> FilingProposed:
    """A proposal to apply for an order to pay."""
    return FilingProposed(
        claim_id=on.claim_id, creditor_id=on.creditor_id, case_number="I-1", as_of=as_of
    )


def enforce(
    on: InvoiceIssued, as_of: date = date(2026, 10, 1), **given: Any
) -> EnforcementProposed:
    """A proposal to enforce."""
    return EnforcementProposed(
        claim_id=on.claim_id, creditor_id=on.creditor_id, case_number="I-1", as_of=as_of, **given
    )


def filed(on: InvoiceIssued, filed_on: date = date(2026, 8, 10)) -> CaseFiled:
    """Kronofogden has the application."""
    return CaseFiled(
        claim_id=on.claim_id,
        creditor_id=on.creditor_id,
        case_number="I-1",
        filed_on=filed_on,
        amount_ore=1,
    )


def closed(
    on: InvoiceIssued, reason: CloseReason, *, filed: bool | None = True, enforced: bool = False
) -> CaseClosed:
    """The case ended."""
    return CaseClosed(
        claim_id=on.claim_id,
        creditor_id=on.creditor_id,
        case_number="I-1",
        reason=reason,
        closed_on=date(2026, 10, 15),
        filed=filed,
        enforced=None if filed is None else enforced,
    )


def collected(
    on: InvoiceIssued, amount_ore: int, paid_on: date = date(2026, 11, 2)
) -> EnforcementPaid:
    """Kronofogden collected money."""
    payment_id = new_id()
    return EnforcementPaid(
        claim_id=on.claim_id,
        creditor_id=on.creditor_id,
        case_number="I-1",
        payment_id=payment_id,
        kronofogden_message=f"KFM-{payment_id}",
        amount_ore=amount_ore,
        paid_on=paid_on,
        heard_on=paid_on,
    )


def never_filed(on: InvoiceIssued) -> CaseWithdrawn:
    """The application was charged, and dropped before it reached Kronofogden."""
    return CaseWithdrawn(
        claim_id=on.claim_id,
        creditor_id=on.creditor_id,
        case_number="INK-2026-1",
        reason=NEVER_FILED,
        withdrawn_on=date(2026, 8, 11),
    )


def sent(
    on: InvoiceIssued, letter: Letter = Letter.INVOICE, sent_on: date = ISSUED
) -> DeliveryAccepted:
    """A channel took a letter."""
    return DeliveryAccepted(
        claim_id=on.claim_id,
        creditor_id=on.creditor_id,
        delivery_id=new_id(),
        cause_event=new_id(),
        letter=letter,
        channel=Channel.EMAIL,
        sent_on=sent_on,
    )


def undelivered(on: InvoiceIssued, letter: Letter) -> DeliveryFailed:
    """No channel would take a letter."""
    return DeliveryFailed(
        claim_id=on.claim_id,
        creditor_id=on.creditor_id,
        delivery_id=new_id(),
        cause_event=new_id(),
        letter=letter,
        reason="bounced",
        failed_on=REMINDED,
    )
