"""Sending to Kronofogden: a last look before each attempt, and what the receipt means.

An attempt is written before it is made. What certainly never left (no connection came about) is
taken back; of what may have left, Kronofogden may have a copy, and three rules hold. A claim still
owed: the message goes again, for Kronofogden knows its id. A claim that is over: the application is
never sent again; once no earlier attempt can be on its way, the withdrawal goes alone, and
Kronofogden's answer to it tells whether there was a case. A claim that is disputed: nothing goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from contracts.collections import NEVER_FILED, CaseFiled, CaseWithdrawn
from services.collections.domain import messages
from services.collections.domain.cases import AT_KRONOFOGDEN, Case, Decision, Stage, Task, close

Message = Mapping[str, Any]

APPLICATION = "payment_order_application"
ENFORCEMENT = "enforcement_application"
IN_FLIGHT = timedelta(seconds=60)
"""How long an attempt whose answer was lost may still reach Kronofogden: twice our time-out."""
WRITTEN = frozenset({Stage.FILING_CHARGED, Stage.APPLYING})
GONE = frozenset({"CLOSED", "UNKNOWN"})
"""Kronofogden's codes for a case that does not stand open there."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Kronofogden's answer to one message; `codes` are those of its errors."""

    ok: bool
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """The case as it is from now on, and what goes: None where the message is dropped."""

    case: Case
    message: Message | None = None
    too_soon: bool = False
    """Neither sent nor dropped: an earlier attempt may still arrive."""


# The last look.


def look_again(case: Case, message: Message, now: datetime) -> Look:
    """Just before sending: whether the message still goes, and in what words."""
    match message["kind"]:
        case "payment_order_application":
            return _look_at_application(case, message, now)
        case "enforcement_application":
            goes = case.stage is Stage.ENFORCEMENT and not case.held
        case "withdrawal":
            if _may_arrive(case, now):
                return Look(case, too_soon=True)
            goes = case.stage is Stage.WITHDRAWING and case.attempted
        case _:
            goes = case.may_stand_open
    in_words = messages.as_sent(message, enforcing=case.enforced_on is not None)
    return Look(case, in_words if goes else None)


def _look_at_application(case: Case, message: Message, now: datetime) -> Look:
    if case.stage is Stage.WITHDRAWING:
        return Look(case, too_soon=_may_arrive(case, now))
    if case.stage is not Stage.APPLYING or case.held or case.application != message:
        return Look(case)
    return Look(replace(case, attempted=True, attempted_at=now), message)


def _may_arrive(case: Case, now: datetime) -> bool:
    """Whether an attempt without an answer may still be on its way."""
    unanswered = case.attempted and case.filed_on is None and case.attempted_at is not None
    return unanswered and now < (case.attempted_at or now) + IN_FLIGHT


def hear_not_sent(case: Case, message: Message, *, first: bool, today: date) -> Decision:
    """Nothing left us: the attempt did not happen. An earlier one (not `first`) may have."""
    if message["kind"] != APPLICATION or not first or case.filed_on is not None:
        return Decision(case)
    free = replace(case, attempted=False, attempted_at=None)
    if case.stage is Stage.WITHDRAWING:
        return _never_filed(free, today)
    return Decision(free if case.stage in WRITTEN else case)


def kept_back(case: Case) -> Case:
    """The case where what was queued for Kronofogden must not leave."""
    if case.stage is Stage.APPLYING:
        return replace(case, stage=Stage.FILING_CHARGED, next_on=None)
    if case.stage is Stage.ENFORCEMENT and case.enforced_on is None:
        return replace(case, stage=Stage.ENFORCEMENT_CHARGED, next_on=None)
    return case


# Receipts.


def hear_receipt(case: Case, message: Message, receipt: Receipt | None, today: date) -> Decision:
    """Kronofogden answered; None for a message that was dropped at the last look."""
    if receipt is None:
        return _dropped(case, message, today)
    if "STATE" in receipt.codes and message["kind"] in ("withdrawal", "reduction"):
        return _said_again_in_enforcement(case, message, today)
    match message["kind"]:
        case "payment_order_application":
            return _applied(case, receipt, today)
        case "enforcement_application":
            return _enforced(case, receipt, today)
        case "withdrawal":
            return _taken_back(case, receipt, today)
    if receipt.ok or GONE & set(receipt.codes):
        return Decision(case)
    return Decision(case, tasks=(refused_task(message["kind"], receipt),))


def _dropped(case: Case, message: Message, today: date) -> Decision:
    """What is wanted again meanwhile is queued anew by a timer, once the case is free."""
    back = kept_back(case)
    again = replace(back, next_on=today) if back != case and not case.held else back
    uncertain = case.held and case.attempted and case.filed_on is None
    if message["kind"] == APPLICATION and case.stage in WRITTEN and uncertain:
        return Decision(again, tasks=(Task("application_uncertain"),))
    return Decision(again)


def _applied(case: Case, receipt: Receipt, today: date) -> Decision:
    if receipt.ok:
        stage = Stage.FILED if case.stage in WRITTEN else case.stage
        return filed(replace(case, stage=stage), today)
    if case.stage is Stage.WITHDRAWING:
        return _never_filed(replace(case, attempted=False), today)
    after = replace(case, stage=Stage.REFUSED, attempted=False, attempted_at=None, next_on=None)
    return Decision(after, tasks=(refused_task(APPLICATION, receipt),))


def _enforced(case: Case, receipt: Receipt, today: date) -> Decision:
    if receipt.ok:
        return Decision(enforcing(case, today))
    if GONE & set(receipt.codes):
        return Decision(case)
    return Decision(case, tasks=(refused_task(ENFORCEMENT, receipt),))


def _taken_back(case: Case, receipt: Receipt, today: date) -> Decision:
    """The withdrawal was answered: the case is over, or never was where its taking was unknown."""
    if case.stage is not Stage.WITHDRAWING or case.close_reason is None:
        return Decision(case)
    if case.filed_on is None and "UNKNOWN" in receipt.codes:
        return _never_filed(replace(case, attempted=False), today)
    if not receipt.ok and not GONE & set(receipt.codes):
        return Decision(case, tasks=(refused_task("withdrawal", receipt),))
    first = filed(case, today)
    closed = close(first.case, case.close_reason, today)
    says = (*first.says, withdrawn(case, case.close_reason, today), *closed.says)
    return replace(closed, says=says)


def _said_again_in_enforcement(case: Case, message: Message, today: date) -> Decision:
    """Kronofogden enforces, which we did not know: the same once more, as a change of that."""
    if case.enforced_on is not None:
        return Decision(case, tasks=(Task(f"{message['kind']}_refused", "STATE"),))
    return Decision(replace(case, enforced_on=today), messages=(messages.renewed(message),))


def filed(case: Case, today: date) -> Decision:
    """Say once that Kronofogden has the application, whichever of receipt and news came first."""
    if case.filed_on is not None:
        return Decision(case)
    told = CaseFiled(
        claim_id=case.claim_id,
        creditor_id=case.creditor_id,
        case_number=case.number,
        filed_on=today,
        amount_ore=case.amount_ore,
    )
    return Decision(replace(case, filed_on=today), (told,))


def enforcing(case: Case, today: date) -> Case:
    """Kronofogden enforces, whichever of receipt and news said so first."""
    stage = Stage.ENFORCEMENT if case.stage in AT_KRONOFOGDEN else case.stage
    return replace(case, stage=stage, enforced_on=case.enforced_on or today, next_on=None)


def withdrawn(case: Case, reason: str, today: date) -> CaseWithdrawn:
    """What is said of an application taken back, or never made."""
    return CaseWithdrawn(
        claim_id=case.claim_id,
        creditor_id=case.creditor_id,
        case_number=case.number,
        reason=reason,
        withdrawn_on=today,
    )


def _never_filed(case: Case, today: date) -> Decision:
    assert case.close_reason is not None
    closed = close(case, case.close_reason, today)
    return replace(closed, says=(withdrawn(case, NEVER_FILED, today), *closed.says))


def refused_task(kind: str, receipt: Receipt) -> Task:
    """A refusal that a person must look at."""
    return Task(f"{kind}_refused", ", ".join(receipt.codes)[:200])
