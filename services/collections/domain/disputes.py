"""An objection (*bestridande*) to a claim, in a case or without one, until it is settled.

One objection of a claim is open at a time. While it is, a case of the claim is held: no step is
taken, and an application not yet sent is kept back (R-115), for enforcement too. What Kronofogden
has stays there: it holds the matter itself once the debtor contests it; and where its answer was
lost, nothing is sent again until the objection is over, and a person is told. A part objection
holds the whole case.
"""

from dataclasses import dataclass, replace
from datetime import date

from contracts.collections import (
    ClaimDisputed,
    CloseReason,
    DisputeOutcome,
    DisputeSettled,
)
from contracts.ids import ClaimId, CreditorId, DisputeId
from law.banking_days import add_banking_days
from services.collections.domain.applications import end
from services.collections.domain.cases import Case, Decision, Stage
from services.collections.domain.sending import kept_back

STEPPING = frozenset(
    {
        *(Stage.OPENED, Stage.DEMANDED, Stage.FILING_CHARGED, Stage.DECIDED),
        Stage.ENFORCEMENT_CHARGED,
    }
)


@dataclass(frozen=True, slots=True)
class Dispute:
    """An objection; `disputed_ore` None means the whole claim. `outcome` None while it is open."""

    dispute_id: DisputeId
    claim_id: ClaimId
    creditor_id: CreditorId
    reason: str
    disputed_ore: int | None
    objected_on: date
    outcome: DisputeOutcome | None = None
    settled_on: date | None = None


def disputed(dispute: Dispute) -> ClaimDisputed:
    """What is said of an objection; its words are personal and stay here."""
    return ClaimDisputed(
        claim_id=dispute.claim_id,
        creditor_id=dispute.creditor_id,
        dispute_id=dispute.dispute_id,
        disputed_ore=dispute.disputed_ore,
        objected_on=dispute.objected_on,
    )


def settle(
    dispute: Dispute, outcome: DisputeOutcome, today: date
) -> tuple[Dispute, DisputeSettled]:
    """End an objection, and what is said of it."""
    event = DisputeSettled(
        claim_id=dispute.claim_id,
        creditor_id=dispute.creditor_id,
        dispute_id=dispute.dispute_id,
        outcome=outcome,
        settled_on=today,
    )
    return replace(dispute, outcome=outcome, settled_on=today), event


def hold(case: Case) -> Decision:
    """The claim is disputed: keep back what has not been sent."""
    return Decision(kept_back(replace(case, held=True)))


def release(case: Case, dispute: Dispute, today: date) -> Decision:
    """The dispute is over: go on from the next banking day, or end where the debtor was right."""
    free = replace(case, held=False)
    if dispute.outcome is DisputeOutcome.UPHELD:
        return end(free, CloseReason.DISPUTED, f"dispute:{dispute.dispute_id}", today)
    if free.stage not in STEPPING:
        return Decision(free)
    if free.stage is Stage.DECIDED and not free.policy.enforcement:
        return Decision(free)
    again_on = add_banking_days(today, 1)
    return Decision(replace(free, next_on=max(again_on, free.next_on or again_on)))
