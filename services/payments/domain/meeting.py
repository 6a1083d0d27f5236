"""Money meets a claim: allocation in the order of law, and what its value date changes.

Late facts: a payment dated on or before a charge reverses the charge if it leaves nothing owed on
that day (`reversal`). If something was still owed, the charge was called for and stands, but
interest posted for days on which the payment had already lowered the capital is taken back. Where
that alone settles the claim, none of the money meets it: then it is `ClaimSettled` by reversal.
"""

from dataclasses import replace
from datetime import date
from typing import NamedTuple

from contracts.envelope import Event
from contracts.ids import PaymentId
from contracts.payments import (
    ClaimSettled,
    OverpaymentFound,
    PaymentAllocated,
    ReversalCause,
    SettledHow,
)
from contracts.terms import Component
from law.allocation import ORDER_OF_ALLOCATION, Stage, allocate
from law.rates import ReferenceRates
from services.payments.domain.claim import COMPONENTS, PLACE, Claim
from services.payments.domain.draft import Allocation, Decision, Draft
from services.payments.domain.history import Charge, History
from services.payments.domain.interest import excess, paid_capital
from services.payments.domain.reversal import take_back, unjustified


class Money(NamedTuple):
    """What of a payment is to meet one claim, in öre, with its value date and booking day."""

    payment_id: PaymentId
    amount_ore: int
    paid_on: date
    booked_on: date


def meet(claim: Claim, money: Money) -> Decision:
    """Let money meet a claim that was not charged on or after the money's value date."""
    return _met(Draft(claim, money.paid_on), money, (), (), ())


def meet_late(
    claim: Claim, money: Money, history: History, *, rates: ReferenceRates, today: date
) -> Decision:
    """Let money meet a claim that was charged on or after the money's value date."""
    draft = Draft(claim, money.paid_on)
    known = replace(history, money=(*history.money, (money.paid_on, money.amount_ore)))
    charges, reversals = take_back(
        draft, unjustified(claim, known), known, cause=ReversalCause.PAYMENT, today=today
    )
    moved = draft.settle_freed(today)
    if len(charges) < len(history.standing):
        draft.lower_interest(_posted_too_much(draft, money, history, rates))
    decision = _met(draft, money, tuple(charges), moved, tuple(reversals))
    return _settled_by_reversal(decision, claim, today)


def _settled_by_reversal(decision: Decision, before: Claim, today: date) -> Decision:
    """Say that the claim is settled where no `PaymentAllocated` does: all was taken back."""
    told = any(isinstance(event, PaymentAllocated) for event in decision.says)
    if told or before.is_settled or not decision.claim.is_settled:
        return decision
    settled = ClaimSettled(
        claim_id=before.claim_id,
        creditor_id=before.creditor_id,
        how=SettledHow.REVERSAL,
        as_of=today,
    )
    return decision._replace(says=(*decision.says, settled))


def followed(history: History, claim: Claim, decision: Decision) -> History:
    """The history after a decision, for the next one in the same batch."""
    rows = {(charge.kind, charge.ordinal): charge for charge in history.charges}
    rows |= {(charge.kind, charge.ordinal): charge for charge in decision.charges}
    made = decision.allocations
    paid = paid_capital(claim, ((one.paid_on, one.capital_ore) for one in made))
    received = ((m.paid_on, m.amount_ore + m.overpaid_ore) for m in made if m.payment_id)
    return replace(
        history,
        changes=(*history.changes, *paid),
        money=(*history.money, *received),
        charges=tuple(rows.values()),
    )


def _met(
    draft: Draft,
    money: Money,
    charges: tuple[Charge, ...],
    moved: tuple[Allocation, ...],
    reversals: tuple[Event, ...],
) -> Decision:
    claim = draft.claim
    parts, creditor_ore, capital_ore, overpaid_ore = draft.receive(money.amount_ore)
    met_ore = money.amount_ore - overpaid_ore
    after = draft.written()
    says: list[Event] = list(reversals)
    if parts:
        remaining = after.open_components
        says.append(
            PaymentAllocated(
                claim_id=claim.claim_id,
                creditor_id=claim.creditor_id,
                payment_id=money.payment_id,
                amount_ore=met_ore,
                parts=tuple(parts),
                paid_on=money.paid_on,
                booked_on=money.booked_on,
                remaining=remaining,
                remaining_ore=draft.remaining_ore,
                settled=not remaining,
            )
        )
    if overpaid_ore:
        says.append(
            OverpaymentFound(
                payment_id=money.payment_id,
                claim_id=claim.claim_id,
                creditor_id=claim.creditor_id,
                amount_ore=overpaid_ore,
                paid_on=money.paid_on,
            )
        )
    allocation = Allocation(
        money.payment_id,
        claim.claim_id,
        claim.creditor_id,
        met_ore,
        creditor_ore,
        capital_ore,
        overpaid_ore,
        money.paid_on,
        money.booked_on,
    )
    return Decision(
        after, claim.book, tuple(draft.postings), (*moved, allocation), charges, tuple(says)
    )


def _posted_too_much(draft: Draft, money: Money, history: History, rates: ReferenceRates) -> int:
    """Open interest that falls away because of the money's value date, in öre.

    What it lowers the capital by depends on the interest that is open, and the other way round; the
    amount only grows from round to round, so the rounds end. Interest that has been paid stays: the
    next charge posts so much less.
    """
    claim = draft.claim
    order = ORDER_OF_ALLOCATION[Stage.CASE if draft.in_case else Stage.INVOICE]
    open_ore = dict(zip(COMPONENTS, draft.open, strict=True))
    open_interest_ore = draft.open[PLACE[Component.INTEREST]]
    lowered_ore = 0
    while True:
        open_ore[Component.INTEREST] = open_interest_ore - lowered_ore
        met = allocate(money.amount_ore, open_ore, order).parts_ore
        fall = paid_capital(claim, [(money.paid_on, met.get(Component.CAPITAL, 0))])
        changes = (*history.changes, *fall)
        too_much_ore = excess(claim, draft.interest_posted_ore, changes, rates)
        if (found_ore := min(open_interest_ore, too_much_ore)) <= lowered_ore:
            return lowered_ore
        lowered_ore = found_ore
