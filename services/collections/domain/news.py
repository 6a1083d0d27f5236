"""News of Kronofogden: numbered messages from its outbox, each of which moves a case on.

Where a message is not what it should be, KeyError, TypeError or ValueError tells so, and the
message becomes a person's task.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid5

from contracts.collections import (
    CaseOutcome,
    CaseOutcomeHeard,
    CloseReason,
    EnforcementPaid,
)
from contracts.envelope import Event
from contracts.ids import DisputeId, PaymentId
from services.collections.domain.cases import (
    Case,
    Decision,
    Objection,
    Stage,
    Task,
    close,
    propose_enforcement,
)
from services.collections.domain.sending import enforcing, filed

News = Mapping[str, Any]

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
NOTHING_TO_DO = frozenset({"investigation_report"})
MOST_ORE = 10**13
LONGEST_REASON = 2_000


def number_of(news: object, after: int) -> int | None:
    """The number of a message beyond `after`; None for what has none that can be believed."""
    number = news.get("number") if isinstance(news, Mapping) else None
    if isinstance(number, bool) or not isinstance(number, int) or not after < number < 2**62:
        return None
    return number


def hear_news(case: Case, news: News, today: date) -> Decision:
    """One message of Kronofogden's outbox about this case."""
    if "caseNumber" in news:
        known = _words(news, "caseNumber", 50) or case.kronofogden_number
        case = replace(case, kronofogden_number=known)
    match news["kind"]:
        case "partial_payment":
            return _paid(case, news, today)
        case "new_basic_fee":
            return _lasts_a_new_year(case, news, today)
        case kind if kind in NOTHING_TO_DO:
            return Decision(case)
    if not case.may_stand_open:
        return Decision(case)  # closed, or being withdrawn: the receipt tells how it ended
    if news["kind"] == "confirmation" and news.get("stage") == "enforcement":
        return Decision(enforcing(case, today))
    first = filed(case, today)
    told = _told(first.case, news, today)
    return replace(told, says=(*first.says, *told.says))


def _paid(case: Case, news: News, today: date) -> Decision:
    """Money came in there, whatever has become of the case: the ledger books it."""
    amount_ore, message_id = news["amountOre"], _words(news, "messageId", 100)
    if not message_id or type(amount_ore) is not int or not 0 < amount_ore <= MOST_ORE:
        raise ValueError("no amount or no messageId")
    paid = EnforcementPaid(
        claim_id=case.claim_id,
        creditor_id=case.creditor_id,
        case_number=case.number,
        payment_id=PaymentId(uuid5(case.claim_id, f"kronofogden:{message_id}")),
        kronofogden_message=message_id,
        amount_ore=amount_ore,
        paid_on=date.fromisoformat(news["valueDate"]),
        heard_on=today,
    )
    return Decision(case, (paid,))


def _lasts_a_new_year(case: Case, news: News, today: date) -> Decision:
    """Kronofogden took its basic fee anew: the ledger charges it, or a person looks."""
    if case.stage is Stage.ENFORCEMENT:
        return propose_enforcement(case, today)
    return Decision(case, tasks=(Task("new_basic_fee", str(news.get("amountOre", ""))[:20]),))


def _told(case: Case, news: News, today: date) -> Decision:
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


def _advanced(case: Case, news: News, today: date) -> Decision:
    outcome, stage = OUTCOMES[news["kind"]]
    says: tuple[Event, ...] = (_heard(case, outcome, today),)
    after = replace(case, stage=stage, next_on=None)
    match outcome:
        case CaseOutcome.CONTESTED:
            after = replace(after, held=True)
            dispute_id = DisputeId(uuid5(case.claim_id, f"contested:{case.number}"))
            objection = Objection(dispute_id, _words(news, "reason", LONGEST_REASON))
            return Decision(after, says, objection=objection)
        case CaseOutcome.DECIDED:
            decided_on = date.fromisoformat(news["decidedAt"][:10])
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


def _words(news: News, name: str, longest: int) -> str:
    """A text that can be kept; empty where there is none. Raises TypeError for another thing."""
    found = news.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise TypeError(name)
    return found[:longest]
