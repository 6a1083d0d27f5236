"""What becomes of a claim's costs and money at Kronofogden (ADR-0016).

Costs of an application that Kronofogden has stand, whatever is objected afterwards; those it never
awards are taken back, for the debtor owes them by its decision alone, and what was laid out is the
creditor's to pay (R-113). What Kronofogden collects has met the claim on its value date; until its
money is on our account it is owed to us, and nobody is paid out of it.
"""

from datetime import date

from contracts.collections import CaseClosed, CloseReason, EnforcementPaid
from contracts.envelope import Event
from contracts.payments import PaymentAllocated, ReversalCause
from contracts.terms import ChargeKind
from law.costs import withdrawal_outlays_ore
from law.rates import ReferenceRates
from services.payments.domain.charges import Prices, Proposal, price
from services.payments.domain.claim import Claim
from services.payments.domain.draft import Decision
from services.payments.domain.history import History
from services.payments.domain.ledger import Account, Posting
from services.payments.domain.meeting import Money, is_late, meet, meet_late
from services.payments.domain.rebooking import take_back

NOT_AWARDED = frozenset(
    {CloseReason.CREDITOR_WITHDREW, CloseReason.DISMISSED, CloseReason.DISPUTED}
)
"""Ends after which the debtor does not owe the costs of the application."""
CREDITORS_OUTLAYS = NOT_AWARDED | {CloseReason.CREDITED}
"""Ends after which the creditor pays what was laid out for him."""


def filed(claim: Claim, history: History, prices: Prices) -> Decision:
    """Kronofogden has the application: what an objection of the same day took back is owed."""
    ours = [charge for charge in history.charges if charge.kind is ChargeKind.FILING]
    if any(charge.stands for charge in ours) or claim.is_settled:
        return Decision(claim, claim.book)
    disputed = [charge for charge in ours if charge.cause == ReversalCause.DISPUTE]
    if not disputed:
        return Decision(claim, claim.book)
    latest = max(disputed, key=lambda charge: charge.ordinal)
    proposal = Proposal(
        claim_id=claim.claim_id,
        creditor_id=claim.creditor_id,
        kind=ChargeKind.FILING,
        ordinal=latest.ordinal,
        as_of=latest.charged_on or latest.as_of,
        pay_by=latest.pay_by,
    )
    return price(claim, proposal, history, prices)


def never_filed(claim: Claim, history: History, rates: ReferenceRates, today: date) -> Decision:
    """The application was charged and never reached Kronofogden: its costs go."""
    wrong = [
        charge
        for charge in history.standing
        if charge.kind is ChargeKind.FILING and charge.sent_on is None
    ]
    cause = ReversalCause.NEVER_DELIVERED
    return take_back(claim, wrong, history, cause=cause, rates=rates, on=today, today=today)


def closed(
    claim: Claim, event: CaseClosed, history: History, rates: ReferenceRates, today: date
) -> Decision:
    """The case ended: take back what the debtor does not owe."""
    if event.filed is None:
        return Decision(claim, claim.book)  # said before it was told
    steps = {ChargeKind.FILING, ChargeKind.ENFORCEMENT} if event.reason in NOT_AWARDED else set()
    if not event.enforced:
        steps |= {ChargeKind.ENFORCEMENT}
    wrong = [charge for charge in history.standing if charge.kind in steps]
    cause = ReversalCause.NEVER_DELIVERED
    return take_back(claim, wrong, history, cause=cause, rates=rates, on=today, today=today)


def outlays_ore(event: CaseClosed, history: History) -> int:
    """What the creditor owes for it: the filing's fee, and 600 kr for each year of enforcement."""
    if not event.filed or event.reason not in CREDITORS_OUTLAYS:
        return 0
    fees = [c.fee_ore for c in history.standing if c.kind is ChargeKind.ENFORCEMENT and c.fee_ore]
    begun = bool(event.enforced)
    further_ore = sum(fees[1:]) if begun else 0
    return withdrawal_outlays_ore(event.closed_on, enforcement_begun=begun) + further_ore


def owed_by_creditor(claim: Claim, outlay_ore: int, today: date) -> tuple[Posting, Posting]:
    """The lines of an outlay that a creditor owes."""
    return (
        Posting(Account.RECEIVABLE, claim.creditor_id, None, outlay_ore, today),
        Posting(Account.OPERATOR, None, None, -outlay_ore, today),
    )


def collected(
    claim: Claim, event: EnforcementPaid, history: History, rates: ReferenceRates, today: date
) -> Decision:
    """Money at Kronofogden meets the claim as of its value date, as any payment does."""
    money = Money(event.payment_id, event.amount_ore, event.paid_on, today)
    if is_late(claim, event.paid_on):
        decision = meet_late(claim, money, history, rates=rates, today=today)
    else:
        decision = meet(claim, money)
    awaited = Posting(Account.KRONOFOGDEN, claim.claim_id, None, event.amount_ore, event.paid_on)
    return decision._replace(
        postings=(*decision.postings, awaited),
        says=tuple(_at_kronofogden(one) for one in decision.says),
    )


def _at_kronofogden(event: Event) -> Event:
    if isinstance(event, PaymentAllocated):
        return event.model_copy(update={"at_kronofogden": True})
    return event
