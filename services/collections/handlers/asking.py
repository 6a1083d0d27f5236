"""What people ask for over HTTP: objections, a case withdrawn, filed or set going again."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from contracts.collections import CloseReason, DisputeOutcome
from contracts.ids import ClaimId, CreditorId, DisputeId, new_id
from contracts.invoicing import HandedToCollection
from plumbing.problems import Problem
from plumbing.transaction import Transaction
from services.collections import store
from services.collections.domain import applications, cases, disputes, handover
from services.collections.domain.cases import Case, Filing, Policy, Stage
from services.collections.domain.disputes import Dispute
from services.collections.handlers.carrying import carry_out


async def object_to(
    tx: Transaction,
    claim_id: ClaimId,
    reason: str,
    disputed_ore: int | None,
    by: CreditorId | None = None,
) -> Dispute:
    """Take an objection; 404 for a claim unknown or not of company `by`, 409 for a second one."""
    owner = await store.owner_of(tx, claim_id)
    if owner is None or by not in (None, owner):
        raise Problem(404, "No such claim")
    known = await store.lock_cases(tx, [claim_id])
    dispute = Dispute(
        DisputeId(new_id()), claim_id, owner, reason, disputed_ore, objected_on=tx.today
    )
    if not await store.add_disputes(tx, [dispute]):
        raise Problem(409, "The claim is disputed already", reason="already_disputed")
    tx.say([disputes.disputed(dispute)])
    await carry_out(tx, [disputes.hold(case) for case in known.values()])
    return dispute


async def settle_dispute(tx: Transaction, dispute_id: UUID, outcome: str) -> Dispute:
    """End an objection; 404 for an unknown one, 409 for one that has ended."""
    found = await store.lock_dispute(tx, dispute_id)
    if found is None:
        raise Problem(404, "No such dispute")
    if found.outcome is not None:
        raise Problem(409, "The dispute is settled already", reason="dispute_settled")
    dispute, event = disputes.settle(found, DisputeOutcome(outcome), tx.today)
    known = await store.lock_cases(tx, [dispute.claim_id])
    await store.settle_dispute(tx, dispute)
    tx.say([event])
    decisions = [disputes.release(case, dispute, tx.today) for case in known.values()]
    await carry_out(tx, decisions)
    return dispute


async def withdraw(tx: Transaction, claim_id: ClaimId) -> Case:
    """The creditor regrets (R-112, R-113); 404 without a case, 409 for one that is ending."""
    case = await _lock_one(tx, claim_id)
    if case.stage in (Stage.CLOSED, Stage.WITHDRAWING):
        raise Problem(409, "The case has ended", reason="case_ended")
    decision = applications.end(case, CloseReason.CREDITOR_WITHDREW, "creditor", tx.today)
    await carry_out(tx, [decision])
    return decision.case


async def file_now(tx: Transaction, claim_id: ClaimId) -> Case:
    """The creditor decides to file; 409 where the case does not wait for that."""
    case = await _lock_one(tx, claim_id)
    if case.stage is not Stage.AWAITS_CREDITOR or case.held:
        title, reason = "The case does not wait for its creditor", "not_waiting"
        raise Problem(409, title, stage=case.stage, reason=reason)
    if (lack := cases.lack_of(case)) is not None or case.lack is cases.Lack.BARRED:
        raise Problem(409, "The case cannot be filed", reason=lack or case.lack)
    decision = cases.propose_filing(case, tx.today)
    await carry_out(tx, [decision])
    return decision.case


async def resume(tx: Transaction, claim_id: ClaimId, corrections: Mapping[str, Any]) -> Case:
    """An operator corrects what is known of the debtor and lets a stopped case go on.

    404 without a case, 409 with the stage where the case is not stopped, or still lacks something.
    """
    case = await _lock_one(tx, claim_id)
    known = case.handover.model_dump() | dict(corrections)
    corrected = replace(case, handover=HandedToCollection.model_validate(known))
    decision = handover.resume(corrected, tx.today)
    if decision is None:
        raise Problem(409, "The case cannot go on", stage=case.stage, reason=case.lack)
    await carry_out(tx, [decision])
    return decision.case


async def choose_policy(
    tx: Transaction, creditor_id: CreditorId, *, filing: str, enforcement: bool
) -> None:
    """Keep a creditor's choice; cases ask for it when their next step comes."""
    await store.save_policy(tx, creditor_id, Policy(Filing(filing), enforcement))


async def finish_task(tx: Transaction, task_id: int) -> None:
    """An operator has done what a task asked for; 404 for an unknown one."""
    if not await store.finish_task(tx, task_id):
        raise Problem(404, "No such task")


async def _lock_one(tx: Transaction, claim_id: ClaimId) -> Case:
    known = await store.lock_cases(tx, [claim_id])
    if claim_id not in known:
        raise Problem(404, "No such case")
    return known[claim_id]
