"""A case at Kronofogden: applied for, enforced, and taken back when the claim is over.

    filing_charged ─▶ applying ─▶ filed ─▶ confirmed ─▶ served ─▶ decided ─▶ enforcement_proposed
                        │  │        └──────── contested ────┘       │  ▲          │
      settled: never    │  └ refused: corrected                     └──│──────────▼
      attempted, closed ┘    and filed again            enforcement ◀──┴── enforcement_charged
                                                            └─▶ exhausted
    settled in any of these but `exhausted`: withdrawing ─▶ closed

What is sent, and what its receipt means, is in `sending`; what Kronofogden tells, in `news`. A case
that ends with its filing charged and never sent says `CaseWithdrawn(reason="never_filed")`: nothing
is owed to Kronofogden, and the ledger takes the filing's costs back.
"""

from dataclasses import replace
from datetime import date, datetime

from contracts.collections import NEVER_FILED, CloseReason
from contracts.payments import (
    ChargeRefused,
    ChargeReversed,
    ClaimSettled,
    EnforcementCharged,
    FilingCharged,
    PaymentAllocated,
    RefusalReason,
    ReversalCause,
    SettledHow,
)
from contracts.terms import ChargeKind
from law.banking_days import add_banking_days
from services.collections.domain import messages
from services.collections.domain.cases import (
    Case,
    Decision,
    Stage,
    Task,
    apply,
    apply_for_enforcement,
    back_to_asking,
    close,
    demand_anew,
    hear_refused_for_now,
    is_of_a_lost_demand,
    undemanded,
)
from services.collections.domain.sending import WRITTEN, withdrawn

NOT_SENT = frozenset({*WRITTEN, Stage.REFUSED})


# What the ledger charged.


def hear_filing_charged(
    case: Case, event: FilingCharged, *, ombudskod: str, now: datetime
) -> Decision:
    """The application was priced: write it, and send it unless the claim is disputed."""
    if case.stage is not Stage.FILING_PROPOSED or event.ordinal != case.filing_ordinal:
        return Decision(case)
    charged = replace(
        case,
        stage=Stage.FILING_CHARGED,
        application=messages.application(case, event, ombudskod=ombudskod, now=now),
        amount_ore=event.statement.total_ore,
        correction=0,
    )
    return apply(charged)


def hear_enforcement_charged(case: Case, event: EnforcementCharged) -> Decision:
    """Enforcement was priced: apply for it, unless the claim is disputed."""
    awaited = case.stage is Stage.ENFORCEMENT_PROPOSED
    if not awaited or event.ordinal != case.enforcement_ordinal:
        return Decision(case)
    message = messages.enforcement_application(case, event)
    return apply_for_enforcement(
        replace(case, stage=Stage.ENFORCEMENT_CHARGED, enforcement=message)
    )


# The claim is paid, credited, or its charges fall.


def hear_payment(case: Case, event: PaymentAllocated, today: date) -> Decision:
    """All is paid: end the case. A part: tell Kronofogden at once (kronofogden.md 4).

    A part that Kronofogden collected itself is no news to it.
    """
    if event.settled:
        return end(case, CloseReason.PAID, f"payment:{event.payment_id}", today)
    if case.stage in NOT_SENT and not case.attempted and case.application is not None:
        lower = messages.lowered(case, event)
        lowered = replace(case, application=lower, amount_ore=messages.asked_ore(lower))
        if case.stage is Stage.REFUSED:  # it goes once it is corrected
            return Decision(lowered)
        # The one in the queue is another now, and is dropped.
        return Decision(replace(lowered, stage=Stage.FILING_CHARGED, next_on=today))
    if not case.may_stand_open or event.at_kronofogden:
        return Decision(case)
    return Decision(case, messages=(messages.reduction(case, event),))


def hear_settled(case: Case, event: ClaimSettled, today: date) -> Decision:
    """The balance became zero by a credit, a write-off or a reversal."""
    reasons = {
        SettledHow.CREDIT: CloseReason.CREDITED,
        SettledHow.WRITE_OFF: CloseReason.CREDITOR_WITHDREW,
        SettledHow.REVERSAL: CloseReason.PAID,
    }
    return end(case, reasons[event.how], f"settled:{event.how}:{event.as_of}", today)


def hear_refused(case: Case, event: ChargeRefused, today: date) -> Decision:
    """The ledger said no to what the case asked for."""
    if is_of_a_lost_demand(case, event):
        return demand_anew(case, today)
    asking = back_to_asking(case, event)
    if asking is None:
        return _refused_a_new_year(case, event)
    cause = f"refused:{event.kind}:{event.ordinal}"
    match event.reason:
        case RefusalReason.SETTLED:
            return end(asking, CloseReason.PAID, cause, today)
        case RefusalReason.CREDITED:
            return end(asking, CloseReason.CREDITED, cause, today)
        case RefusalReason.ON_HOLD:  # the debtor was found right: it will not pass
            return end(asking, CloseReason.DISPUTED, cause, today)
    return hear_refused_for_now(asking, event)


def _refused_a_new_year(case: Case, event: ChargeRefused) -> Decision:
    """A yearly fee that Kronofogden took and the ledger did not book is a person's to look at."""
    yearly = event.kind is ChargeKind.ENFORCEMENT and case.stage is Stage.ENFORCEMENT
    ours = yearly and event.ordinal == case.enforcement_ordinal
    over = event.reason in (RefusalReason.ALREADY_CHARGED, RefusalReason.SETTLED)
    return Decision(case, tasks=(Task("new_basic_fee", event.reason),) if ours and not over else ())


def hear_reversed(case: Case, event: ChargeReversed, today: date) -> Decision:
    """A charge fell by a fact dated before it: the step it paid for was not taken, or must end."""
    if event.kind is ChargeKind.DEMAND and event.ordinal == case.charged_ordinal:
        case = undemanded(case)
    if event.remaining_ore == 0:
        credited = event.cause is ReversalCause.CREDIT
        reason = CloseReason.CREDITED if credited else CloseReason.PAID
        return end(case, reason, f"reversed:{event.kind}:{event.ordinal}", today)
    if event.cause is ReversalCause.NEVER_DELIVERED or case.stage is Stage.CLOSED:
        return Decision(case)
    again_on = add_banking_days(event.reversed_on, 1)
    match event.kind:
        case ChargeKind.DEMAND if case.stage in BEFORE_FILING:
            return Decision(replace(case, stage=Stage.OPENED, next_on=again_on))
        case ChargeKind.FILING if case.stage in NOT_SENT and not case.may_stand_open:
            after = replace(case, stage=Stage.DEMANDED, next_on=again_on, application=None)
            return Decision(after)
        case ChargeKind.FILING if event.cause is ReversalCause.DISPUTE:
            return Decision(case)  # it is booked again once the ledger hears that we filed
        case ChargeKind.ENFORCEMENT if case.enforced_on is None and case.may_stand_open:
            return Decision(replace(case, stage=Stage.DECIDED, enforcement=None, next_on=again_on))
        case ChargeKind.FILING | ChargeKind.ENFORCEMENT:
            return Decision(case, tasks=(Task("charge_reversed", event.kind),))
    return Decision(case)


BEFORE_FILING = frozenset(
    {Stage.DEMAND_CHARGED, Stage.DEMANDED, Stage.AWAITS_CREDITOR, Stage.FILING_PROPOSED}
)


def end(case: Case, reason: CloseReason, cause: str, today: date) -> Decision:
    """The claim is over: withdraw what stands at Kronofogden, or close what does not."""
    if case.stage in (Stage.CLOSED, Stage.WITHDRAWING):
        return Decision(case)
    if case.may_stand_open:
        message = messages.withdrawal(case, cause, reason)
        after = replace(case, stage=Stage.WITHDRAWING, close_reason=reason, next_on=None)
        return Decision(after, messages=(message,), settled_on=today)
    closed = close(case, reason, today)
    if case.stage in NOT_SENT:
        return replace(closed, says=(withdrawn(case, NEVER_FILED, today), *closed.says))
    return closed
