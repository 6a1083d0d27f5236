"""Taking charges back when a fact dated on or before them is heard later (events.md 3).

A charge is justified when, seen with everything now known, something was still owed on its day. So
the order in which facts are heard does not matter: heard before the charge they refuse it, heard
after it they reverse it, and the same money remains. What decides is the value date. Interest that
was posted with a charge goes with it, for interest never demanded is waived; but where a later
charge stands, which demanded that interest as well, only the cost is taken back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from contracts.payments import ChargeReversed, ReversalCause
from contracts.terms import ChargeKind, Component
from services.payments.domain.claim import Claim
from services.payments.domain.draft import Draft
from services.payments.domain.history import FEES, Charge, ChargeState, History


def unjustified(claim: Claim, history: History) -> list[Charge]:
    """The standing charges on whose day nothing was owed any more, as is now known."""
    found: list[Charge] = []
    owed_ore = claim.total_ore
    for charge in history.standing:
        assert charge.charged_on is not None
        lowered_ore = _dated(history.money, charge.charged_on)
        lowered_ore += _dated(history.credits, charge.charged_on)
        if lowered_ore >= owed_ore:
            found.append(charge)
        else:
            owed_ore += charge.amount_ore
    return found


def take_back(
    draft: Draft, charges: Sequence[Charge], history: History, *, cause: ReversalCause, today: date
) -> tuple[list[Charge], list[ChargeReversed]]:
    """Write in the draft that the charges are taken back; gives their rows and what is said."""
    gone = {(charge.kind, charge.ordinal) for charge in charges}
    left = [c for c in history.standing if (c.kind, c.ordinal) not in gone]
    rows, taken = [], []
    for charge in charges:
        is_last = not any(later.order > charge.order for later in left)
        interest_ore = min(charge.interest_ore, draft.interest_posted_ore) if is_last else 0
        draft.take_back(FEES[charge.kind], charge.fee_ore)
        draft.take_back(Component.FILING_WORK, charge.work_ore)
        draft.lower_interest(interest_ore)
        taken.append((charge, charge.fee_ore + charge.work_ore + interest_ore))
        rows.append(
            replace(charge, state=ChargeState.REVERSED, reversed_on=today, cause=cause.value)
        )
    draft.in_case = any(charge.kind is ChargeKind.DEMAND for charge in left)
    says = [
        ChargeReversed(
            claim_id=charge.claim_id,
            creditor_id=charge.creditor_id,
            kind=charge.kind,
            ordinal=charge.ordinal,
            amount_ore=amount_ore,
            cause=cause,
            reversed_on=today,
            remaining_ore=draft.remaining_ore,
        )
        for charge, amount_ore in taken
    ]
    return rows, says


def _dated(facts: Iterable[tuple[date, int]], on: date) -> int:
    return sum(ore for day, ore in facts if day <= on)
