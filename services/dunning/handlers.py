"""The room behind dunning's doors: events add facts, days and people take steps.

Whatever is heard ends in `hear`: three statements for a batch, however large (facts in and claims
out, timers set, timers disarmed). Only `take_steps` and the creditor's own asking say anything.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId
from contracts.invoicing import CreditorRegistered
from law.banking_days import LAST_YEAR
from plumbing.problems import Problem, invalid
from plumbing.transaction import Transaction
from services.dunning import domain, store
from services.dunning.domain import Claim, Collection, Policy, Refusal

LAST_KNOWN_DAY = date(LAST_YEAR, 12, 1)
"""Some weeks before the calendar ends, so that steps roll forward within it."""
STEP = "step"
POLICY = "policy"


async def give_policies(tx: Transaction, events: Sequence[CreditorRegistered]) -> None:
    """A company joined: it starts with the house's policy."""
    await store.add_policies(tx, [event.creditor_id for event in events])


async def hear(tx: Transaction, events: Sequence[Event]) -> None:
    """Add what events tell, and wake each claim on the day that now follows."""
    facts = [fact for event in events if (fact := domain.facts_of(event)) is not None]
    if facts:
        standing = await store.hear(tx, facts)
        tx.wake(STEP, {fact.claim_id: None for fact in facts} | _next_days(standing))


async def take_steps(tx: Transaction, claim_ids: Sequence[ClaimId]) -> None:
    """The day came: ask the rules again, and propose what is still due."""
    claims = await store.lock_claims(tx, claim_ids)
    decisions = [domain.take_step(claim, today=tx.today) for claim in claims]
    await store.save_claims(tx, [d.claim for d in decisions if d.says])
    tx.say(event for d in decisions for event in d.says)
    tx.wake(STEP, {d.claim.claim_id: d.wake_on for d in decisions if d.wake_on is not None})


async def follow_policies(tx: Transaction, creditor_ids: Sequence[CreditorId]) -> None:
    """A creditor chose anew: its unpaid claims wake on the days that follow from the choice."""
    _set_timers(tx, await store.standing_claims(tx, creditor_ids))


async def choose_policy(
    tx: Transaction,
    creditor_id: CreditorId,
    *,
    reminders: bool,
    reminder_days: int,
    collection: str,
    collection_after_days: int,
) -> None:
    """Keep a creditor's choice, and let its claims follow as soon as the timers look."""
    policy = Policy(reminders, reminder_days, Collection(collection), collection_after_days)
    await store.save_policy(tx, creditor_id, policy)
    tx.wake(POLICY, {creditor_id: tx.today})


async def remind_now(tx: Transaction, claim_id: ClaimId) -> dict[str, Any]:
    """Propose the reminder today; 404 for an unknown claim, 409 with the rule that says no."""
    claim = await _lock(tx, claim_id)
    decision = domain.remind_now(claim, today=tx.today)
    if isinstance(decision, Refusal):
        raise Problem(409, "The claim cannot be reminded", reason=decision)
    await store.save_claims(tx, [decision.claim])
    tx.say(decision.says)
    tx.wake(STEP, {claim_id: None})
    return show(decision.claim)


async def pause(tx: Transaction, claim_id: ClaimId, until: date | None) -> dict[str, Any]:
    """Take no step before a day; None lifts the pause. 404 for an unknown claim.

    422 for a day that is not ahead, or so far that nobody knows its banking days.
    """
    if until is not None and not tx.today < until < LAST_KNOWN_DAY:
        why = "must be a coming day" if until <= tx.today else "lies too far ahead"
        raise invalid([{"field": "until", "reason": why}])
    claim = (await _lock(tx, claim_id))._replace(paused_until=until)
    await store.save_claims(tx, [claim])
    _set_timers(tx, [claim])
    return show(claim)


def show(claim: Claim | None) -> dict[str, Any]:
    """Where a claim stands on the ladder, as JSON values; 404 for an unknown one."""
    if claim is None:
        raise Problem(404, "No such claim")
    step = domain.next_step(claim)
    return {
        "claim_id": claim.claim_id,
        "due_on": claim.due_on,
        "reminder": claim.reminder,
        "pay_by": claim.pay_by,
        "invoice_sent_on": claim.invoice_sent_on,
        "reminder_sent_on": claim.reminder_sent_on,
        "paused_until": claim.paused_until,
        "collection_proposed_on": claim.collection_proposed_on,
        "off_the_ladder": domain.why_no_step(claim),
        "next_step": step and {"kind": step.kind, "on": step.on},
    }


async def _lock(tx: Transaction, claim_id: ClaimId) -> Claim:
    claims = await store.lock_claims(tx, [claim_id])
    if not claims:
        raise Problem(404, "No such claim")
    return claims[0]


def _set_timers(tx: Transaction, claims: Sequence[Claim]) -> None:
    tx.wake(STEP, _next_days(claims))


def _next_days(claims: Sequence[Claim]) -> dict[ClaimId, date | None]:
    """When each claim is looked at again; None: nothing is to be done."""
    steps = {claim.claim_id: domain.next_step(claim) for claim in claims}
    return {claim_id: step.on if step else None for claim_id, step in steps.items()}
