"""What the other services say of one invoice in its life, by topic, each topic in its own order."""

from datetime import date
from typing import Any
from uuid import UUID

from contracts.collections import (
    CaseClosed,
    CaseFiled,
    CaseOpened,
    CaseOutcome,
    CaseOutcomeHeard,
    CaseWithdrawn,
    ClaimDisputed,
    CloseReason,
    DisputeOutcome,
    DisputeSettled,
)
from contracts.envelope import Event
from contracts.ids import new_id
from contracts.invoicing import Channel
from contracts.notifications import DeliveryAccepted, DeliveryOpened, Letter
from contracts.payments import (
    ChargeReversed,
    ClaimReopened,
    ClaimSettled,
    DemandCharged,
    PaymentAllocated,
    PayoutOrdered,
    PayoutPart,
    PayoutSettled,
    ReminderCharged,
    ReversalCause,
    SettledHow,
)
from contracts.terms import ChargeKind, Statement

DAY = date(2026, 12, 10)


def statement(total_ore: int) -> Statement:
    return Statement(
        as_of=DAY,
        pay_by=DAY,
        capital_ore=total_ore,
        interest_ore=0,
        interest=(),
        interest_per_day_ore=0,
        costs=(),
        paid_ore=0,
        total_ore=total_ore,
        ocr="100000000127",
        payee_bankgiro="9912346",
    )


def paid(who: dict[str, Any], amount_ore: int, remaining_ore: int) -> PaymentAllocated:
    return PaymentAllocated(
        **who,
        payment_id=new_id(),
        amount_ore=amount_ore,
        parts=(),
        paid_on=DAY,
        booked_on=DAY,
        remaining=(),
        remaining_ore=remaining_ore,
        settled=remaining_ore == 0,
    )


def charged(kind: type[Any], who: dict[str, Any], total_ore: int) -> Any:
    return kind(**who, ordinal=1, charged_on=DAY, fee_ore=60_00, statement=statement(total_ore))


def life(claim_id: UUID, creditor_id: UUID) -> list[list[Event]]:
    """Sent, opened, reminded, part paid, disputed, collected, filed, paid, reopened, paid again."""
    who: dict[str, Any] = {"claim_id": claim_id, "creditor_id": creditor_id}
    case = who | {"case_number": "2026-1"}
    letter = who | {"cause_event": new_id(), "sent_on": DAY}
    dispute, payout = new_id(), new_id()
    claims = [
        charged(ReminderCharged, who, 1_310_00),
        paid(who, 310_00, 1_000_00),
        ChargeReversed(
            **who,
            kind=ChargeKind.REMINDER,
            ordinal=1,
            amount_ore=60_00,
            cause=ReversalCause.PAYMENT,
            reversed_on=DAY,
            remaining_ore=940_00,
        ),
        charged(DemandCharged, who, 1_120_00),
        paid(who, 1_120_00, 0),
        ClaimReopened(**who, remaining_ore=1_120_00, as_of=DAY),
        ClaimSettled(**who, how=SettledHow.WRITE_OFF, as_of=DAY),
    ]
    cases = [
        CaseOpened(**case, opened_on=DAY),
        CaseFiled(**case, filed_on=DAY, amount_ore=1_120_00),
        CaseOutcomeHeard(**case, outcome=CaseOutcome.SERVED, kronofogden_number="1", heard_on=DAY),
        CaseWithdrawn(**case, reason="paid", withdrawn_on=DAY),
        CaseClosed(**case, reason=CloseReason.PAID, closed_on=DAY),
    ]
    disputes = [
        ClaimDisputed(**who, dispute_id=dispute, disputed_ore=None, objected_on=DAY),
        DisputeSettled(**who, dispute_id=dispute, outcome=DisputeOutcome.WITHDRAWN, settled_on=DAY),
    ]
    deliveries = [
        DeliveryAccepted(
            **letter, delivery_id=new_id(), letter=Letter.INVOICE, channel=Channel.EMAIL
        ),
        DeliveryOpened(**who, opened_on=DAY),
        DeliveryAccepted(
            **letter, delivery_id=new_id(), letter=Letter.REMINDER, channel=Channel.PAPER
        ),
    ]
    payouts = [
        PayoutOrdered(
            payout_id=payout,
            creditor_id=creditor_id,
            amount_ore=310_00,
            account_masked="***",
            claims=(PayoutPart(claim_id=claim_id, amount_ore=310_00),),
            ordered_on=DAY,
        ),
        PayoutSettled(payout_id=payout, creditor_id=creditor_id, amount_ore=310_00, settled_on=DAY),
    ]
    return [claims, cases, disputes, deliveries, payouts]
