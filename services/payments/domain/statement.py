"""What a claim amounts to today: the same book that charges are made from."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from law.rates import ReferenceRateMissingError, ReferenceRates
from services.payments.domain.claim import Claim
from services.payments.domain.history import Charge, History
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


@dataclass(frozen=True, slots=True)
class Today:
    """What is added to a book by looking at it today.

    `interest_accrued_ore` is interest since the due date that no charge has posted: it is not asked
    for, and waived if the claim is settled first. None where its reference rate is missing.
    """

    state: ClaimState
    interest_accrued_ore: int | None
    pay_by: date
    charges: tuple[Charge, ...]


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
    standing = history.standing
    days = [charge.pay_by for charge in standing if charge.pay_by]
    return Today(state_of(claim), interest_ore, max(days, default=claim.due_on), tuple(standing))
