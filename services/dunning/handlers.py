"""The room behind dunning's doors: events add facts, days and people take steps.

Whatever is heard ends in `hear`: three statements for a batch, however large (facts in and claims
out, timers set, timers disarmed). Only `take_steps` and the creditor's own asking say anything.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId
from contracts.invoicing import CreditorRegistered
from plumbing.transaction import Transaction
from services.dunning import domain, store
from services.dunning.domain import Claim, Policy, Refusal

STEP = "step"
POLICY = "policy"


async def give_policies(tx: Transaction, events: Sequence[CreditorRegistered]) -> None:
    """A company joined: it starts with the house's policy."""
    await store.add_policies(tx, [event.creditor_id for event in events])


async def hear(tx: Transaction, events: Sequence[Event]) -> None:
    """Add what events tell, and wake each claim on the day that now follows."""
    facts = [fact for event in events if (fact := domain.facts_of(event)) is not None]
    if facts:
        _set_timers(tx, await store.hear(tx, facts))


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


async def choose_policy(tx: Transaction, creditor_id: CreditorId, policy: Policy) -> None:
    """Keep a creditor's choice, and let its claims follow as soon as the timers look."""
    await store.save_policy(tx, creditor_id, policy)
    tx.wake(POLICY, {creditor_id: tx.today})


async def remind_now(tx: Transaction, claim_id: ClaimId) -> Claim | Refusal | None:
    """Propose the reminder today; a refusal where the rules say no, None for an unknown claim."""
    claims = await store.lock_claims(tx, [claim_id])
    if not claims:
        return None
    decision = domain.remind_now(claims[0], today=tx.today)
    if isinstance(decision, Refusal):
        return decision
    await store.save_claims(tx, [decision.claim])
    tx.say(decision.says)
    tx.wake(STEP, {claim_id: None})
    return decision.claim


async def pause(tx: Transaction, claim_id: ClaimId, until: date | None) -> Claim | None:
    """Take no step before a day; None lifts the pause. Returns None for an unknown claim."""
    claims = await store.lock_claims(tx, [claim_id])
    if not claims:
        return None
    claim = replace(claims[0], paused_until=until)
    await store.save_claims(tx, [claim])
    _set_timers(tx, [claim])
    return claim


def _set_timers(tx: Transaction, claims: Sequence[Claim]) -> None:
    steps = {claim.claim_id: domain.next_step(claim) for claim in claims}
    tx.wake(STEP, {claim_id: step.on if step else None for claim_id, step in steps.items()})
