"""Claims and events of dunning's tests: fixed values; a test spells out the one that matters."""

from datetime import date
from typing import Any
from uuid import UUID

from contracts.collections import CaseOpened, ClaimDisputed, DisputeOutcome, DisputeSettled
from contracts.ids import ClaimId, CreditorId, DeliveryId, DisputeId, PaymentId, new_id
from contracts.invoicing import Channel, InvoiceIssued
from contracts.notifications import DeliveryAccepted, DeliveryStale, Letter
from contracts.payments import (
    ChargeDeferred,
    ChargeRefused,
    ChargeReversed,
    ClaimReopened,
    ClaimSettled,
    DeferralReason,
    PaymentAllocated,
    RefusalReason,
    ReminderCharged,
    ReversalCause,
    SettledHow,
)
from contracts.terms import ChargeKind, DebtorKind, InterestTerms, Statement

CREDITOR = CreditorId(UUID("0193b4a0-0000-7000-8000-00000000c0de"))
CLAIM = ClaimId(UUID("0193b4a0-0000-7000-8000-000000000001"))
OBJECTION = DisputeId(UUID("0193b4a0-0000-7000-8000-00000000d15b"))
ISSUED_ON = date(2026, 8, 31)
DUE_ON = date(2026, 9, 30)  # a Wednesday
REMINDER_ON = date(2026, 10, 5)  # the Monday five days later
PAY_BY = date(2026, 10, 13)  # eight days after the reminder, a Tuesday
COLLECTION_ON = date(2026, 10, 15)  # two banking days after that


def issued(claim_id: ClaimId = CLAIM, due_on: date = DUE_ON) -> InvoiceIssued:
    return InvoiceIssued(
        claim_id=claim_id,
        creditor_id=CREDITOR,
        number=1042,
        ocr="1000000017",
        debtor_kind=DebtorKind.CONSUMER,
        total_ore=1_000_00,
        vat=(),
        issued_on=date(2026, 8, 31),
        due_on=due_on,
        due_date_agreed=True,
        reminder_fee_agreed=True,
        interest=InterestTerms(),
        arose_on=date(2026, 8, 31),
    )


def allocated(
    claim_id: ClaimId = CLAIM, *, settled: bool = True, paid_on: date = DUE_ON
) -> PaymentAllocated:
    return PaymentAllocated(
        claim_id=claim_id,
        creditor_id=CREDITOR,
        payment_id=PaymentId(new_id()),
        amount_ore=1_000_00 if settled else 400_00,
        parts=(),
        paid_on=paid_on,
        booked_on=paid_on,
        remaining=(),
        remaining_ore=0 if settled else 600_00,
        settled=settled,
    )


def settled() -> ClaimSettled:
    return ClaimSettled(claim_id=CLAIM, creditor_id=CREDITOR, how=SettledHow.CREDIT, as_of=DUE_ON)


def reopened(as_of: date) -> ClaimReopened:
    return ClaimReopened(claim_id=CLAIM, creditor_id=CREDITOR, remaining_ore=1, as_of=as_of)


def sent(claim_id: ClaimId = CLAIM, on: date = ISSUED_ON) -> DeliveryAccepted:
    """The invoice left."""
    return _accepted(claim_id, Letter.INVOICE, on, 1)


def reminder_sent(
    claim_id: ClaimId = CLAIM, on: date = REMINDER_ON, ordinal: int = 1
) -> DeliveryAccepted:
    """The reminder left."""
    return _accepted(claim_id, Letter.REMINDER, on, ordinal)


def _accepted(claim_id: ClaimId, letter: Letter, on: date, ordinal: int) -> DeliveryAccepted:
    return DeliveryAccepted(
        claim_id=claim_id,
        creditor_id=CREDITOR,
        delivery_id=DeliveryId(new_id()),
        cause_event=new_id(),
        letter=letter,
        ordinal=ordinal,
        channel=Channel.EMAIL,
        sent_on=on,
    )


def reminder_stale(ordinal: int = 1) -> DeliveryStale:
    """The reminder could not leave in time."""
    return DeliveryStale(
        claim_id=CLAIM,
        creditor_id=CREDITOR,
        delivery_id=DeliveryId(new_id()),
        cause_event=new_id(),
        letter=Letter.REMINDER,
        ordinal=ordinal,
        stale_on=PAY_BY,
    )


def charged(
    claim_id: ClaimId = CLAIM, *, ordinal: int = 1, pay_by: date = PAY_BY
) -> ReminderCharged:
    statement = Statement(
        as_of=REMINDER_ON,
        pay_by=pay_by,
        capital_ore=1_000_00,
        interest_ore=0,
        interest=(),
        interest_per_day_ore=0,
        costs=(),
        paid_ore=0,
        total_ore=1_060_00,
        ocr="1000000017",
        payee_bankgiro="991-2346",
    )
    return ReminderCharged(
        claim_id=claim_id,
        creditor_id=CREDITOR,
        ordinal=ordinal,
        charged_on=REMINDER_ON,
        fee_ore=60_00,
        statement=statement,
    )


def refused(
    reason: RefusalReason, kind: ChargeKind = ChargeKind.REMINDER, as_of: date = REMINDER_ON
) -> ChargeRefused:
    return ChargeRefused(
        claim_id=CLAIM, creditor_id=CREDITOR, kind=kind, ordinal=1, reason=reason, as_of=as_of
    )


def deferred(kind: ChargeKind = ChargeKind.REMINDER) -> ChargeDeferred:
    """The ledger does not know the reference rate."""
    return ChargeDeferred(
        claim_id=CLAIM,
        creditor_id=CREDITOR,
        kind=kind,
        ordinal=1,
        reason=DeferralReason.NO_REFERENCE_RATE,
        half_year=date(2026, 7, 1),
        as_of=REMINDER_ON,
    )


def charge_reversed(**changes: Any) -> ChargeReversed:
    values: dict[str, Any] = {
        "claim_id": CLAIM,
        "creditor_id": CREDITOR,
        "kind": ChargeKind.REMINDER,
        "ordinal": 1,
        "amount_ore": 60_00,
        "cause": ReversalCause.PAYMENT,
        "reversed_on": REMINDER_ON,
        "remaining_ore": 0,
    }
    return ChargeReversed(**(values | changes))


def disputed(claim_id: ClaimId = CLAIM) -> ClaimDisputed:
    return ClaimDisputed(
        claim_id=claim_id,
        creditor_id=CREDITOR,
        dispute_id=OBJECTION,
        disputed_ore=None,
        objected_on=DUE_ON,
    )


def dispute_settled(
    settled_on: date,
    outcome: DisputeOutcome = DisputeOutcome.WITHDRAWN,
    claim_id: ClaimId = CLAIM,
) -> DisputeSettled:
    return DisputeSettled(
        claim_id=claim_id,
        creditor_id=CREDITOR,
        dispute_id=OBJECTION,
        outcome=outcome,
        settled_on=settled_on,
    )


def case_opened() -> CaseOpened:
    return CaseOpened(
        claim_id=CLAIM, creditor_id=CREDITOR, case_number="INK-2026-1", opened_on=DUE_ON
    )
