"""A case at Kronofogden: applied for, followed by its news, and taken back when the claim is over.

    filing_charged ─▶ applying ─▶ filed ─▶ confirmed ─▶ served ─▶ decided ─▶ enforcement_proposed
                        │  │        └──────── contested ────┘          └─▶ enforcement ─▶ exhausted
      settled: never    │  └ refused                  settled in any of these: withdrawing ─▶ closed
      attempted, closed ┘

`attempted` is written before the first sending: until then an application can be dropped, from then
on Kronofogden may have it, whatever became of the answer, and it must be withdrawn. A case that
ends with its filing charged and never sent says `CaseWithdrawn(reason="never_filed")`: nothing is
owed to Kronofogden, and the ledger takes the filing's costs back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import uuid5

from contracts.collections import (
    NEVER_FILED,
    CaseFiled,
    CaseOutcome,
    CaseOutcomeHeard,
    CaseWithdrawn,
    CloseReason,
)
from contracts.envelope import Event
from contracts.ids import DisputeId
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
    Objection,
    Stage,
    Task,
    apply,
    back_to_asking,
    close,
    hear_refused_for_now,
)

WRITTEN = frozenset({Stage.FILING_CHARGED, Stage.APPLYING})
NOT_SENT = frozenset({Stage.FILING_CHARGED, Stage.APPLYING, Stage.REFUSED})
GONE = frozenset({"CLOSED", "UNKNOWN"})
"""Kronofogden's codes for a case that does not stand open there."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Kronofogden's answer to one message; `codes` are those of its errors."""

    ok: bool
    codes: tuple[str, ...] = ()


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
    )
    return apply(charged)


def hear_enforcement_charged(case: Case, event: EnforcementCharged) -> Decision:
    """Enforcement was priced: apply for it."""
    awaited = case.stage is Stage.ENFORCEMENT_PROPOSED
    if not awaited or event.ordinal != case.enforcement_ordinal:
        return Decision(case)
    message = messages.enforcement_application(case, event)
    return Decision(replace(case, stage=Stage.ENFORCEMENT), messages=(message,))


# The claim is paid, credited, or its charges fall.


def hear_payment(case: Case, event: PaymentAllocated, today: date) -> Decision:
    """All is paid: end the case. A part: tell Kronofogden at once (kronofogden.md 4)."""
    if event.settled:
        return end(case, CloseReason.PAID, f"payment:{event.payment_id}", today)
    if case.stage in WRITTEN and not case.attempted and case.application is not None:
        lower = messages.lowered(case.application, event)
        written = replace(case, stage=Stage.FILING_CHARGED, application=lower, next_on=today)
        return Decision(written)  # the one in the queue is another now, and is dropped
    if not case.may_stand_open:
        return Decision(case)
    message = messages.reduction(case, event)
    return Decision(case, messages=(message,) if message else ())


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
    asking = back_to_asking(case, event)
    if asking is None:
        return Decision(case)
    cause = f"refused:{event.kind}:{event.ordinal}"
    match event.reason:
        case RefusalReason.SETTLED:
            return end(asking, CloseReason.PAID, cause, today)
        case RefusalReason.CREDITED:
            return end(asking, CloseReason.CREDITED, cause, today)
    return hear_refused_for_now(asking, event)


def hear_reversed(case: Case, event: ChargeReversed, today: date) -> Decision:
    """A charge fell by a fact dated before it: the step it paid for was not taken, or must end."""
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
        return replace(closed, says=(_withdrawn(case, NEVER_FILED, today), *closed.says))
    return closed


def _withdrawn(case: Case, reason: str, today: date) -> CaseWithdrawn:
    return CaseWithdrawn(
        claim_id=case.claim_id,
        creditor_id=case.creditor_id,
        case_number=case.number,
        reason=reason,
        withdrawn_on=today,
    )


# Sending: a last look, and the receipt.


def look_again(case: Case, message: Mapping[str, Any]) -> Case | None:
    """Just before sending: the case as it is if the message goes, None if it is dropped.

    An application that was attempted before goes again: Kronofogden knows its id.
    """
    if message["kind"] == "payment_order_application":
        if case.attempted:
            return case
        same = case.application == message
        wanted = case.stage is Stage.APPLYING and not case.held and same
        return replace(case, attempted=True) if wanted else None
    return case if case.attempted else None


def hear_receipt(
    case: Case, message: Mapping[str, Any], receipt: Receipt | None, today: date
) -> Decision:
    """Kronofogden answered; None for a message that was dropped at the last look."""
    if receipt is None:
        return _dropped(case, message, today)
    match message["kind"]:
        case "payment_order_application":
            return _applied(case, receipt, today)
        case "withdrawal":
            return _taken_back(case, receipt, today)
    if receipt.ok or GONE & set(receipt.codes):
        return Decision(case)
    return Decision(case, tasks=(_refused_task(message["kind"], receipt),))


def _dropped(case: Case, message: Mapping[str, Any], today: date) -> Decision:
    """An application held back; one that was wanted again meanwhile is queued anew by a timer."""
    if case.stage is Stage.APPLYING and not case.attempted:
        return Decision(replace(case, stage=Stage.FILING_CHARGED, next_on=today))
    return Decision(case)


def _applied(case: Case, receipt: Receipt, today: date) -> Decision:
    if receipt.ok:
        stage = Stage.FILED if case.stage is Stage.APPLYING else case.stage
        return _filed(replace(case, stage=stage), today)
    task = _refused_task("payment_order_application", receipt)
    if case.stage is Stage.WITHDRAWING:
        assert case.close_reason is not None
        closed = close(replace(case, attempted=False), case.close_reason, today)
        return replace(closed, says=(_withdrawn(case, NEVER_FILED, today), *closed.says))
    return Decision(replace(case, stage=Stage.REFUSED, attempted=False), tasks=(task,))


def _filed(case: Case, today: date) -> Decision:
    """Say once that Kronofogden has the application, whichever of receipt and news came first."""
    if case.filed_on is not None:
        return Decision(case)
    filed = CaseFiled(
        claim_id=case.claim_id,
        creditor_id=case.creditor_id,
        case_number=case.number,
        filed_on=today,
        amount_ore=case.amount_ore,
    )
    return Decision(replace(case, filed_on=today), (filed,))


def _taken_back(case: Case, receipt: Receipt, today: date) -> Decision:
    if case.stage is not Stage.WITHDRAWING or case.close_reason is None:
        return Decision(case)
    if not receipt.ok and not GONE & set(receipt.codes):
        return Decision(case, tasks=(_refused_task("withdrawal", receipt),))
    closed = close(case, case.close_reason, today)
    return replace(closed, says=(_withdrawn(case, case.close_reason, today), *closed.says))


def _refused_task(kind: str, receipt: Receipt) -> Task:
    return Task(f"{kind}_refused", ", ".join(receipt.codes)[:200])


# News from Kronofogden.

OUTCOMES = {
    "confirmation": (CaseOutcome.CONFIRMED, Stage.CONFIRMED),
    "served": (CaseOutcome.SERVED, Stage.SERVED),
    "contested": (CaseOutcome.CONTESTED, Stage.CONTESTED),
    "decision": (CaseOutcome.DECIDED, Stage.DECIDED),
}
CLOSINGS = {
    "dismissed": (CaseOutcome.DISMISSED, CloseReason.DISMISSED),
    "service_failed": (CaseOutcome.SERVICE_FAILED, CloseReason.DISMISSED),
    "contested": (CaseOutcome.CLOSED, CloseReason.DISPUTED),
    "transferred_to_court": (CaseOutcome.CLOSED, CloseReason.DISPUTED),
}
FOR_A_PERSON = frozenset({"partial_payment", "new_basic_fee"})
NOTHING_TO_DO = frozenset({"investigation_report"})


def hear_news(case: Case, news: Mapping[str, Any], today: date) -> Decision:
    """One numbered message of Kronofogden's outbox about this case."""
    case = replace(case, kronofogden_number=news.get("caseNumber") or case.kronofogden_number)
    kind = news["kind"]
    if kind in FOR_A_PERSON:
        return Decision(case, tasks=(Task(kind, str(news.get("amountOre", ""))),))
    if kind in NOTHING_TO_DO:
        return Decision(case)
    if kind == "confirmation" and news.get("stage") == "enforcement":
        return Decision(case)
    if not case.may_stand_open:
        return Decision(case)  # closed, or being withdrawn: the receipt tells how it ended
    first = _filed(case, today)
    told = _told(first.case, news, today)
    return replace(told, says=(*first.says, *told.says))


def _told(case: Case, news: Mapping[str, Any], today: date) -> Decision:
    kind = news["kind"]
    if kind in OUTCOMES:
        return _advanced(case, news, today)
    if kind == "closed" and news["reason"] in CLOSINGS:
        outcome, reason = CLOSINGS[news["reason"]]
        closed = close(case, reason, today)
        return replace(closed, says=(_heard(case, outcome, today), *closed.says))
    if kind == "final_report":
        if news.get("outcome") == "exhausted":
            after = replace(case, stage=Stage.EXHAUSTED, next_on=None)
            return Decision(after, (_heard(case, CaseOutcome.EXHAUSTED, today),))
        closed = close(case, CloseReason.PAID, today)
        return replace(closed, says=(_heard(case, CaseOutcome.CLOSED, today), *closed.says))
    return Decision(case, tasks=(Task("unknown_news", str(kind)[:50]),))


def _advanced(case: Case, news: Mapping[str, Any], today: date) -> Decision:
    outcome, stage = OUTCOMES[news["kind"]]
    says: tuple[Event, ...] = (_heard(case, outcome, today),)
    after = replace(case, stage=stage)
    match outcome:
        case CaseOutcome.CONTESTED:
            after = replace(after, held=True)
            dispute_id = DisputeId(uuid5(case.claim_id, f"contested:{case.number}"))
            objection = Objection(dispute_id, str(news.get("reason") or "")[:2000])
            return Decision(after, says, objection=objection)
        case CaseOutcome.DECIDED:
            decided_on = date.fromisoformat(str(news["decidedAt"])[:10])
            enforce_on = today if case.policy.enforcement else None
            return Decision(replace(after, decided_on=decided_on, next_on=enforce_on), says)
    return Decision(after, says)


def _heard(case: Case, outcome: CaseOutcome, today: date) -> CaseOutcomeHeard:
    return CaseOutcomeHeard(
        claim_id=case.claim_id,
        creditor_id=case.creditor_id,
        case_number=case.number,
        outcome=outcome,
        kronofogden_number=case.kronofogden_number,
        heard_on=today,
    )
