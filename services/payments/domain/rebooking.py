"""From a claim's book to what it must be (`reckoning`): the lines, rows and news of the difference.

A late fact never rewrites anything: what is open, what was paid and whose it is are moved by new
lines that sum to zero, and new rows of allocations for the money that now meets something else.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from contracts.envelope import Event
from contracts.payments import (
    ChargeReversed,
    ClaimSettled,
    OverpaymentFound,
    PaymentAllocated,
    ReversalCause,
    SettledHow,
)
from contracts.terms import BENEFICIARIES, Beneficiary
from law.rates import ReferenceRates
from services.payments.domain.claim import COMPONENTS, Claim
from services.payments.domain.draft import Allocation, Decision
from services.payments.domain.history import Charge, ChargeState, History
from services.payments.domain.ledger import Account, Posting
from services.payments.domain.reckoning import Money, Place, Reckoning, reckon


def take_back(
    claim: Claim,
    charges: Collection[Charge],
    history: History,
    *,
    cause: ReversalCause,
    rates: ReferenceRates,
    on: date,
    today: date,
) -> Decision:
    """Take standing charges back, by a fact of the day `on`; what was paid of them meets the rest.

    Interest goes with the last charge that demanded it: where a later one stands, only the costs.
    """
    if not charges:
        return Decision(claim, claim.book)
    reckoning = reckon(claim, history, rates, taken_back=charges)
    decision = rebook(claim, history, reckoning, cause=cause, on=on, today=today)
    return told(decision, claim, SettledHow.REVERSAL, today)


def rebook(
    claim: Claim,
    history: History,
    reckoning: Reckoning,
    *,
    cause: ReversalCause,
    on: date,
    today: date,
    newest: Money | None = None,
) -> Decision:
    """Make the book what was reckoned, with lines dated `on`; money's own side is the caller's.

    Says which charges fell, each with what remains when all is done; `told` adds the rest.
    """
    allocations = _allocations(claim, history, reckoning, newest, today)
    book = claim.book._replace(
        open_ore=tuple(reckoning.open_ore[component] for component in COMPONENTS),
        paid_ore=claim.book.paid_ore + sum(one.amount_ore for one in allocations),
        overpaid_ore=claim.book.overpaid_ore + sum(one.overpaid_ore for one in allocations),
        interest_posted_ore=reckoning.interest_posted_ore,
        in_case=reckoning.in_case,
    )
    before = {(charge.kind, charge.ordinal): charge for charge in history.charges}
    changed = [c for c in reckoning.standing if before.get((c.kind, c.ordinal)) != c]
    fallen = [
        charge._replace(state=ChargeState.REVERSED, reversed_on=today, cause=cause.value)
        for charge in reckoning.fallen
    ]
    says = tuple(_reversals(reckoning, cause, today, book.remaining_ore))
    postings = _postings(claim, book.open_ore, allocations, on)
    return Decision(
        claim.with_book(book), claim.book, postings, allocations, (*fallen, *changed), says
    )


def told(
    decision: Decision,
    before: Claim,
    how: SettledHow,
    today: date,
    allocated: PaymentAllocated | None = None,
) -> Decision:
    """Add what the claim's new state is: told by the payment that made it, or else by itself."""
    news: list[Event] = [allocated] if allocated else []
    if not allocated and decision.claim.is_settled and not before.is_settled:
        news.append(
            ClaimSettled(
                claim_id=before.claim_id, creditor_id=before.creditor_id, how=how, as_of=today
            )
        )
    return decision._replace(says=(*decision.says, *news, *_overpayments(decision.allocations)))


def _allocations(
    claim: Claim, history: History, reckoning: Reckoning, newest: Money | None, today: date
) -> tuple[Allocation, ...]:
    """A row for each place whose money now meets something else than it did."""
    now = reckoning.rows()
    was: dict[Place, list[int]] = {}
    for one in history.met:
        known = was.get(one[:2], _NOTHING)
        was[one[:2]] = [a + b for a, b in zip(known, one[2:], strict=True)]
    booked: dict[Place, date] = {}
    if newest:
        booked[newest.payment_id, newest.paid_on] = newest.booked_on
    rows = []
    for place in {**was, **now}:
        new = now[place][2:] if place in now else _NOTHING
        met, creditor, capital, overpaid = (
            b - a for a, b in zip(was.get(place, _NOTHING), new, strict=True)
        )
        if met or creditor or capital or overpaid:
            payment_id, paid_on = place
            owner = (payment_id, claim.claim_id, claim.creditor_id)
            day = booked.get(place, today)
            rows.append(Allocation(*owner, met, creditor, capital, overpaid, paid_on, day))
    return tuple(rows)


_NOTHING = (0, 0, 0, 0)


def _postings(
    claim: Claim, open_ore: Sequence[int], allocations: Sequence[Allocation], on: date
) -> tuple[Posting, ...]:
    """Lines that sum to zero with those of money's own side, which brought what was received."""
    lines = []
    for component, was_ore, ore in zip(COMPONENTS, claim.book.open_ore, open_ore, strict=True):
        is_creditors = BENEFICIARIES[component] is Beneficiary.CREDITOR
        owner = claim.creditor_id if is_creditors else None
        lines.append(Posting(Account.CLAIM, claim.claim_id, component, ore - was_ore, on))
        lines.append(Posting(Account.PENDING, owner, None, was_ore - ore, on))
    creditor_ore = sum(one.creditor_part_ore for one in allocations)
    operator_ore = sum(one.amount_ore for one in allocations) - creditor_ore
    overpaid_ore = sum(one.overpaid_ore for one in allocations)
    lines.append(Posting(Account.PAYABLE, claim.creditor_id, None, -creditor_ore, on))
    lines.append(Posting(Account.OPERATOR, None, None, -operator_ore, on))
    lines.append(Posting(Account.OVERPAID, claim.claim_id, None, -overpaid_ore, on))
    return tuple(line for line in lines if line.amount_ore)


def _reversals(
    reckoning: Reckoning, cause: ReversalCause, today: date, remaining_ore: int
) -> Iterator[Event]:
    for charge in reckoning.fallen:
        is_last = not any(later.order > charge.order for later in reckoning.standing)
        interest_ore = charge.interest_ore if is_last else 0
        yield ChargeReversed(
            claim_id=charge.claim_id,
            creditor_id=charge.creditor_id,
            kind=charge.kind,
            ordinal=charge.ordinal,
            amount_ore=charge.fee_ore + charge.work_ore + interest_ore,
            cause=cause,
            reversed_on=today,
            remaining_ore=remaining_ore,
        )


def _overpayments(allocations: Sequence[Allocation]) -> Iterator[Event]:
    """More of a payment than before is the debtor's."""
    for one in allocations:
        if one.payment_id is not None and one.overpaid_ore > 0:
            yield OverpaymentFound(
                payment_id=one.payment_id,
                claim_id=one.claim_id,
                creditor_id=one.creditor_id,
                amount_ore=one.overpaid_ore,
                paid_on=one.paid_on,
            )
