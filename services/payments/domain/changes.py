"""What lowers or holds a claim without money: credit notes, disputes, letters that never left.

A credit note beyond what is unpaid takes paid capital back from the creditor (his payable may go
below zero and is set off) and gives it to the debtor, never to payout. A credit of the whole
invoice takes every charge back with it: whoever lets the claim fall does not collect its fees.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from contracts.collections import ClaimDisputed, DisputeOutcome, DisputeSettled
from contracts.envelope import Event
from contracts.invoicing import CreditKind, InvoiceCredited
from contracts.payments import ClaimSettled, ReversalCause, SettledHow
from contracts.terms import ChargeKind, Component
from law.rates import ReferenceRates
from services.payments.domain.claim import Claim
from services.payments.domain.draft import Decision, Draft
from services.payments.domain.history import Charge, History
from services.payments.domain.interest import credited_capital, excess
from services.payments.domain.reversal import take_back, unjustified


def credit_counts_on(claim: Claim, note: InvoiceCredited) -> date:
    """From when a credit lowers the capital: a correction from the invoice, else its own date."""
    correction = note.kind is CreditKind.CORRECTION
    return min(claim.issued_on, claim.due_on) if correction else note.credited_on


def credit(
    claim: Claim, note: InvoiceCredited, history: History, *, rates: ReferenceRates, today: date
) -> Decision:
    """Book a credit note; never more of it than is left of the invoice."""
    draft = Draft(claim, note.credited_on)
    unpaid_ore = claim.open_ore(Component.CAPITAL)
    credit_ore = min(note.credit_ore, claim.total_ore - claim.book.credited_ore)
    waived_ore = min(credit_ore, unpaid_ore)
    draft.waive(Component.CAPITAL, waived_ore)
    draft.free(Component.CAPITAL, credit_ore - waived_ore)
    draft.credited_ore += credit_ore
    counts_on = credit_counts_on(claim, note)
    known = replace(
        history,
        credits=(*history.credits, (counts_on, credit_ore)),
        changes=(*history.changes, credited_capital(counts_on, credit_ore)),
    )
    whole = draft.credited_ore >= claim.total_ore
    wrong = known.standing if whole else unjustified(claim, known)
    rows, reversals = take_back(draft, wrong, known, cause=ReversalCause.CREDIT, today=today)
    if len(rows) < len(known.standing):
        posted_ore = draft.interest_posted_ore
        draft.lower_interest(excess(claim, posted_ore, known.changes, rates))
    return _decision(draft, rows, reversals, SettledHow.CREDIT, today)


def dispute(claim: Claim, objection: ClaimDisputed, history: History, *, today: date) -> Decision:
    """Hold a claim, wholly or partly disputed; what was charged from that day on goes (R-115)."""
    draft = Draft(claim, objection.objected_on)
    late = [c for c in history.standing if c.charged_on and c.charged_on >= objection.objected_on]
    rows, says = take_back(draft, late, history, cause=ReversalCause.DISPUTE, today=today)
    decision = _decision(draft, rows, says, SettledHow.REVERSAL, today)
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


def never_delivered(claim: Claim, kind: ChargeKind, history: History, *, today: date) -> Decision:
    """Take back every charge of a kind none of whose letters any channel ever took."""
    ours = [charge for charge in history.charges if charge.kind is kind]
    if any(charge.sent_on for charge in ours):
        return Decision(claim, claim.book)
    draft = Draft(claim, today)
    wrong = [charge for charge in history.standing if charge.kind is kind]
    cause = ReversalCause.NEVER_DELIVERED
    rows, says = take_back(draft, wrong, history, cause=cause, today=today)
    return _decision(draft, rows, says, SettledHow.REVERSAL, today)


def _decision(
    draft: Draft, rows: list[Charge], reversals: Sequence[Event], how: SettledHow, today: date
) -> Decision:
    claim = draft.claim
    moved = draft.settle_freed(today)
    after = draft.written()
    says: list[Event] = list(reversals)
    if after.is_settled and not claim.is_settled:
        settled = ClaimSettled(
            claim_id=claim.claim_id, creditor_id=claim.creditor_id, how=how, as_of=today
        )
        says.append(settled)
    return Decision(after, claim.book, tuple(draft.postings), moved, tuple(rows), tuple(says))
