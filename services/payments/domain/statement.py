"""What a claim amounts to today: the same book that charges are made from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from contracts.terms import Component
from law.banking_days import effective_due_on
from law.rates import ReferenceRateMissingError, ReferenceRates
from services.payments.domain.claim import COMPONENTS, Claim
from services.payments.domain.history import FEES, Charge, History
from services.payments.domain.interest import accrued, capital_changes


class ClaimState(StrEnum):
    """The state of a claim, in one word."""

    OPEN = "open"
    SETTLED = "settled"
    DISPUTED = "disputed"


def state_of(claim: Claim) -> ClaimState:
    """Settled, disputed or open."""
    if claim.is_settled:
        return ClaimState.SETTLED
    held = claim.book.disputes or claim.book.on_hold
    return ClaimState.DISPUTED if held else ClaimState.OPEN


class Part(NamedTuple):
    """A component of a claim: what is charged of it, what money has met, what is left; öre.

    Charged = paid + left, always. Of the capital, what credit notes took is charged no more.
    """

    component: Component
    charged_ore: int
    paid_ore: int
    left_ore: int


@dataclass(frozen=True, slots=True)
class Today:
    """What is added to a book by looking at it today.

    `interest_accrued_ore` is interest since the due date that no charge has posted: it is not asked
    for, and waived if the claim is settled first. None where its reference rate is missing.
    `pay_by` is None once no day is left: all is due at once.
    """

    state: ClaimState
    interest_accrued_ore: int | None
    pay_by: date | None
    charges: tuple[Charge, ...]
    parts: tuple[Part, ...]


def today_of(claim: Claim, history: History, *, rates: ReferenceRates, today: date) -> Today:
    """Look at a claim as of today."""
    interest_ore: int | None
    try:
        interest_ore = accrued(claim, capital_changes(claim, history), today, rates).total_ore
        interest_ore = max(0, interest_ore - claim.book.interest_posted_ore)
    except ReferenceRateMissingError:
        interest_ore = None
    if claim.is_settled:
        interest_ore = 0
    standing = tuple(history.standing)
    return Today(
        state_of(claim),
        interest_ore,
        pay_by(claim, standing, today),
        standing,
        parts_of(claim, standing),
    )


def pay_by(claim: Claim, standing: Sequence[Charge], today: date) -> date | None:
    """The last day to pay: of the latest charge, else the due date; None once it has passed.

    A day that is no banking day is met the next one, lag (1930:173) 2 §. An application and
    enforcement name no day.
    """
    stated_on = standing[-1].pay_by if standing else claim.due_on
    if stated_on is None or today <= stated_on:
        return stated_on
    last_on = effective_due_on(stated_on)
    return last_on if today <= last_on else None


def parts_of(claim: Claim, standing: Sequence[Charge]) -> tuple[Part, ...]:
    """How what was paid was used: every component that was charged, in the order of the book."""
    charged_ore: Counter[Component] = Counter()
    charged_ore[Component.CAPITAL] = claim.total_ore - claim.book.credited_ore
    for charge in standing:
        charged_ore[FEES[charge.kind]] += charge.fee_ore
        charged_ore[Component.FILING_WORK] += charge.work_ore
        charged_ore[Component.INTEREST] += charge.interest_ore
    return tuple(
        Part(component, ore := charged_ore[component], ore - left_ore, left_ore)
        for component, left_ore in zip(COMPONENTS, claim.book.open_ore, strict=True)
        if charged_ore[component] or left_ore or component is Component.CAPITAL
    )
