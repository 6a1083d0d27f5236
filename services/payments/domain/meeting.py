"""Money meets a claim: allocation in the order of law, and what its value date changes.

Money that is the last of a claim's facts meets what is open. Other money is late: it is taken in on
its value date and the book is reckoned anew, so that a charge on whose day nothing was owed falls,
and whose money each payment is does not depend on the day it was booked (`reckoning`).
"""

from dataclasses import replace
from datetime import date

from contracts.payments import OverpaymentFound, PaymentAllocated, ReversalCause, SettledHow
from contracts.terms import ComponentAmount
from law.rates import ReferenceRates
from services.payments.domain.claim import Claim
from services.payments.domain.draft import Allocation, Decision, Draft
from services.payments.domain.history import History, Met
from services.payments.domain.rebooking import rebook, told
from services.payments.domain.reckoning import Money, reckon

__all__ = ["Money", "followed", "is_late", "meet", "meet_late"]


def is_late(claim: Claim, paid_on: date) -> bool:
    """Whether money of this value date may come before a fact that was heard already.

    Charges are known by day; where money or a credit came before one, only the history can tell.
    Of a claim that was never charged only capital is open, which all money meets alike; once a
    claim is settled, all that follows is the debtor's unless it precedes a charge.
    """
    book = claim.book
    if book.charged_on is None:
        return False
    if book.charged_on >= paid_on:
        return True
    return bool(book.paid_ore or book.credited_ore) and not claim.is_settled


def meet(claim: Claim, money: Money) -> Decision:
    """Let money that is not late meet a claim."""
    draft = Draft(claim, money.paid_on)
    parts, creditor_ore, capital_ore, overpaid_ore = draft.receive(money.amount_ore)
    met_ore = money.amount_ore - overpaid_ore
    after = draft.written()
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
    says: list[PaymentAllocated | OverpaymentFound] = []
    if parts:
        says.append(_allocated(after, money, tuple(parts)))
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
    return Decision(after, claim.book, tuple(draft.postings), (allocation,), (), tuple(says))


def meet_late(
    claim: Claim, money: Money, history: History, *, rates: ReferenceRates, today: date
) -> Decision:
    """Let money meet a claim on its value date, whatever was heard before it."""
    reckoning = reckon(claim, history, rates, newest=money)
    decision = rebook(
        claim,
        history,
        reckoning,
        cause=ReversalCause.PAYMENT,
        on=money.paid_on,
        today=today,
        newest=money,
    )
    parts_ore = reckoning.parts_ore.get((money.payment_id, money.paid_on))
    allocated = None
    if parts_ore:
        parts = (ComponentAmount(component=c, amount_ore=ore) for c, ore in parts_ore.items())
        allocated = _allocated(decision.claim, money, tuple(parts))
    return told(decision, claim, SettledHow.REVERSAL, today, allocated)


def followed(history: History, decision: Decision) -> History:
    """The history after a decision, for the next one in the same batch."""
    rows = {(charge.kind, charge.ordinal): charge for charge in history.charges}
    rows |= {(charge.kind, charge.ordinal): charge for charge in decision.charges}
    met = (
        Met(m.payment_id, m.paid_on, *m[3:7])  # the öre of an allocation, in the same order
        for m in decision.allocations
    )
    return replace(history, met=(*history.met, *met), charges=tuple(rows.values()))


def _allocated(after: Claim, money: Money, parts: tuple[ComponentAmount, ...]) -> PaymentAllocated:
    remaining = after.open_components
    return PaymentAllocated(
        claim_id=after.claim_id,
        creditor_id=after.creditor_id,
        payment_id=money.payment_id,
        amount_ore=sum(part.amount_ore for part in parts),
        parts=parts,
        paid_on=money.paid_on,
        booked_on=money.booked_on,
        remaining=remaining,
        remaining_ore=after.book.remaining_ore,
        settled=not remaining,
    )
