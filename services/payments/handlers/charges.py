"""Proposals are answered: charged, refused or deferred, with all that was heard (events.md 3)."""

from collections.abc import Sequence
from uuid import UUID

from contracts.collections import DemandProposed, EnforcementProposed, FilingProposed
from contracts.dunning import ReminderProposed
from contracts.terms import ChargeKind
from plumbing.transaction import Transaction
from services.payments.domain.charges import Prices, Proposal, decide
from services.payments.domain.history import ChargeState
from services.payments.handlers.carrying import carry_out
from services.payments.handlers.rates import to_charge_by
from services.payments.store import charges, claims

Proposed = ReminderProposed | DemandProposed | FilingProposed | EnforcementProposed

KINDS: dict[type[Proposed], ChargeKind] = {
    ReminderProposed: ChargeKind.REMINDER,
    DemandProposed: ChargeKind.DEMAND,
    FilingProposed: ChargeKind.FILING,
    EnforcementProposed: ChargeKind.ENFORCEMENT,
}


async def answer_proposals(
    tx: Transaction, events: Sequence[Proposed], *, payee_bankgiro: str
) -> None:
    """Answer proposals, each about another claim; one for a claim not yet open waits for it.

    One that is heard after its day is answered as of today, with the time to pay it asked for: the
    letter leaves today, and the debtor may have paid meanwhile.
    """
    known = await claims.lock(tx, [event.claim_id for event in events])
    histories = await charges.histories(tx, known.values())
    prices = Prices(await to_charge_by(tx), payee_bankgiro)
    await claims.wait(tx, [event for event in events if event.claim_id not in known])
    decisions = [
        decide(
            known[event.claim_id],
            proposal_of(event).moved_to(tx.today),
            histories[event.claim_id],
            prices,
        )
        for event in events
        if event.claim_id in known
    ]
    await carry_out(tx, "charged", decisions)


async def price_deferred(
    tx: Transaction, claim_ids: Sequence[UUID], *, payee_bankgiro: str
) -> None:
    """Price what waited for a reference rate, as of today; a refusal ends the waiting."""
    known = await claims.lock(tx, claim_ids)
    histories = await charges.histories(tx, known.values())
    prices = Prices(await to_charge_by(tx), payee_bankgiro)
    decisions = []
    refused = []
    for claim_id, claim in known.items():
        history = histories[claim_id]
        for waits in (c for c in history.charges if c.state is ChargeState.DEFERRED):
            proposal = Proposal(
                claim_id=waits.claim_id,
                creditor_id=waits.creditor_id,
                kind=waits.kind,
                ordinal=waits.ordinal,
                as_of=waits.as_of,
                pay_by=waits.pay_by,
                yearly=waits.kind is ChargeKind.ENFORCEMENT
                and any(one.kind is waits.kind for one in history.standing),
            )
            decision = decide(claim, proposal.moved_to(tx.today), history, prices)
            claim = decision.claim
            decisions.append(decision)
            if not decision.charges:
                refused.append(waits)
    await charges.forget(tx, refused)
    await carry_out(tx, "charged", decisions)


def proposal_of(event: Proposed) -> Proposal:
    """A proposal as the rules know it."""
    pay_by = None
    if isinstance(event, ReminderProposed):
        pay_by = event.pay_by
    elif isinstance(event, DemandProposed):
        pay_by = event.respond_by
    return Proposal(
        event.claim_id,
        event.creditor_id,
        KINDS[type(event)],
        event.ordinal,
        event.as_of,
        pay_by,
        isinstance(event, EnforcementProposed) and event.yearly,
    )
