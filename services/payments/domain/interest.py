"""Late-payment interest of a claim, from its terms and its dated facts; räntelagen (1975:635)."""

from collections.abc import Sequence
from datetime import date, timedelta

from law.interest import (
    CapitalChange,
    Interest,
    NoInterestReason,
    interest,
    interest_per_day,
    interest_start,
    payment_counts_on,
    rate_terms,
)
from law.rates import ReferenceRateMissingError, ReferenceRates
from services.payments.domain.claim import Claim
from services.payments.domain.history import History

__all__ = [
    "CapitalChange",
    "a_day",
    "accrued",
    "capital_changes",
    "credited_capital",
    "first_day",
    "interest_from",
    "paid_capital",
]

NO_INTEREST = Interest((), 0)


def interest_from(claim: Claim) -> date | None:
    """The day from which interest runs; None where none does (yet)."""
    start = interest_start(
        debtor=claim.debtor,
        due_on=claim.due_on,
        due_date_agreed=claim.due_date_agreed,
        sent_on=claim.book.sent_on,
        notice_given=claim.interest.notice_given,
    )
    return None if isinstance(start, NoInterestReason) else start


def accrued(
    claim: Claim, changes: Sequence[CapitalChange], until: date, rates: ReferenceRates
) -> Interest:
    """All interest from its start through `until`; `changes` are those after the invoice itself.

    Raises `ReferenceRateMissingError`.
    """
    start = interest_from(claim)
    if start is None:
        return NO_INTEREST
    invoice = CapitalChange(min(claim.issued_on, start), claim.total_ore)
    return interest((invoice, *changes), start, until, rate_terms(claim.interest), rates)


def first_day(claim: Claim) -> date | None:
    """The first day that bears interest: the one after its start; None where none runs."""
    start = interest_from(claim)
    return start and start + timedelta(days=1)


def a_day(claim: Claim, capital_ore: int, on: date, rates: ReferenceRates) -> int:
    """What a day costs from now on, or from the first that costs anything; öre, half up.

    Zero where the rate of a first day to come is not decided yet: nothing is guessed. Raises
    `ReferenceRateMissingError` where it is the rate of `on` that is missing.
    """
    first_on = first_day(claim)
    if first_on is None or not capital_ore:
        return 0
    terms = rate_terms(claim.interest)
    try:
        return interest_per_day(capital_ore, max(on, first_on), terms, rates)
    except ReferenceRateMissingError:
        if first_on <= on:
            raise
        return 0


def capital_changes(claim: Claim, history: History) -> Sequence[CapitalChange]:
    """All changes of the capital after the invoice itself, as they are booked."""
    paid = [paid_capital(claim, one.paid_on, one.capital_ore) for one in history.met]
    return (*paid, *(credited_capital(on, ore) for on, ore in history.credits))


def paid_capital(claim: Claim, paid_on: date, capital_ore: int) -> CapitalChange:
    """The fall of the capital by a payment; the weekend rule of lag (1930:173)."""
    return CapitalChange(payment_counts_on(paid_on, claim.due_on), -capital_ore)


def credited_capital(counts_on: date, credit_ore: int) -> CapitalChange:
    """The fall of the capital by a credit note."""
    return CapitalChange(counts_on, -credit_ore)
