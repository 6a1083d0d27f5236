"""What lowers or holds a claim without money: credit notes, disputes, letters that never left.

A credit note beyond what is unpaid takes paid capital back from the creditor (his payable may go
below zero and is set off) and gives it to the debtor, never to payout. A credit of the whole
invoice takes every charge back with it: whoever lets the claim fall does not collect its fees.
"""

from dataclasses import replace
from datetime import date

from contracts.collections import ClaimDisputed, DisputeOutcome, DisputeSettled
from contracts.invoicing import CreditKind, InvoiceCredited
from contracts.payments import ReversalCause, SettledHow
from contracts.terms import ChargeKind
from law.rates import ReferenceRates
from services.payments.domain.claim import Claim
from services.payments.domain.draft import Decision
from services.payments.domain.history import History
from services.payments.domain.rebooking import rebook, take_back, told
from services.payments.domain.reckoning import reckon


def credit_counts_on(claim: Claim, note: InvoiceCredited) -> date:
    """From when a credit lowers the capital: a correction from the invoice, else its own date."""
    correction = note.kind is CreditKind.CORRECTION
    return min(claim.issued_on, claim.due_on) if correction else note.credited_on


def credit(
    claim: Claim, note: InvoiceCredited, history: History, *, rates: ReferenceRates, today: date
) -> Decision:
    """Book a credit note; never more of it than is left of the invoice."""
    credited_ore = min(claim.book.credited_ore + note.credit_ore, claim.total_ore)
    counted = (credit_counts_on(claim, note), credited_ore - claim.book.credited_ore)
    known = replace(history, credits=(*history.credits, counted))
    whole = credited_ore >= claim.total_ore
    taken_back = known.standing if whole else ()
    reckoning = reckon(claim, known, rates, taken_back=taken_back)
    cause, on = ReversalCause.CREDIT, note.credited_on
    decision = rebook(claim, history, reckoning, cause=cause, on=on, today=today)
    book = decision.claim.book._replace(credited_ore=credited_ore)
    booked = decision._replace(claim=decision.claim.with_book(book))
    return told(booked, claim, SettledHow.CREDIT, today)


def dispute(
    claim: Claim,
    objection: ClaimDisputed,
    history: History,
    *,
    rates: ReferenceRates,
    today: date,
) -> Decision:
    """Hold a claim, wholly or partly disputed; what was charged from that day on goes (R-115).

    But an application that Kronofogden has is an outlay made: it stands until the case has ended.
    """
    on = objection.objected_on
    late = [
        charge
        for charge in history.standing
        if charge.charged_on
        and charge.charged_on >= on
        and not (charge.kind is ChargeKind.FILING and charge.sent_on)
    ]
    cause = ReversalCause.DISPUTE
    decision = take_back(claim, late, history, cause=cause, rates=rates, on=on, today=today)
    book = decision.claim.book._replace(disputes=claim.book.disputes + 1)
    return decision._replace(claim=decision.claim.with_book(book))


def settle_dispute(claim: Claim, settlement: DisputeSettled) -> Decision:
    """End one hold; a claim whose debtor was found right stays held."""
    upheld = settlement.outcome is DisputeOutcome.UPHELD
    book = claim.book._replace(
        disputes=max(0, claim.book.disputes - 1),
        on_hold=claim.book.on_hold or upheld,
    )
    return Decision(claim.with_book(book), claim.book)


def never_delivered(
    claim: Claim, kind: ChargeKind, history: History, *, rates: ReferenceRates, today: date
) -> Decision:
    """Take back every charge of a kind none of whose letters any channel ever took."""
    ours = [charge for charge in history.charges if charge.kind is kind]
    if any(charge.sent_on for charge in ours):
        return Decision(claim, claim.book)
    wrong = [charge for charge in history.standing if charge.kind is kind]
    cause = ReversalCause.NEVER_DELIVERED
    return take_back(claim, wrong, history, cause=cause, rates=rates, on=today, today=today)
