"""Late-payment interest (*dröjsmålsränta*), räntelagen (1975:635), wording through SFS 2013:55.

Interest is simple and runs on capital only, never on fees or on interest. The statute gives a
yearly rate and says nothing about dividing a year, so the convention is ours, in one place: every
calendar day d with `start < d <= until` is an interest day (paid on the due date: no days; the day
after: one day), the year has 365 days also in leap years, arithmetic is exact, and the sum is
rounded once, half up, to whole öre. A change of capital closes its segment on its own date: that
day still bears interest on the old capital, the next on the new.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from contracts.terms import DebtorKind, InterestKind, InterestSegment, InterestTerms
from law.banking_days import effective_due_on
from law.rates import ReferenceRates, half_year_start
from law.rounding import divide_half_up

# Räntelagen (1975:635) 6 § 1 st., wording through SFS 2013:55: the reference rate plus eight
# percentage points.
STATUTORY_MARGIN_BP = 800
# Räntelagen (1975:635) 4 § 1 and 2 st., wording through SFS 2013:55: thirty days after the demand
# was sent.
DAYS_FROM_DEMAND_TO_INTEREST = 30
# Convention (the statute is silent): actual/365, also in leap years.
DAYS_PER_YEAR = 365
BP_PER_UNIT = 10_000
_DENOMINATOR = BP_PER_UNIT * DAYS_PER_YEAR
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FixedRate:
    """A rate the parties agreed, räntelagen 1 § 2 st.; yearly, in basis points (24 % is 2400)."""

    rate_bp: int


@dataclass(frozen=True, slots=True)
class ReferencePlus:
    """The reference rate of each half-year plus a margin in basis points: 6 §, or as agreed."""

    margin_bp: int = STATUTORY_MARGIN_BP


RateTerms = FixedRate | ReferencePlus
STATUTORY_RATE = ReferencePlus(STATUTORY_MARGIN_BP)


@dataclass(frozen=True, slots=True)
class CapitalChange:
    """The capital rose or fell by `change_ore`; it counts from the day *after* `on`.

    The invoice itself is a rise dated on or before the start of interest. A part payment is a fall
    on its value date. A credit note that corrects an error is a fall dated as the invoice; a
    commercial one falls on its own date.
    """

    on: date
    change_ore: int


@dataclass(frozen=True, slots=True)
class Interest:
    """Interest by segment, as inkassolagen (1974:182) 5 § 5 wants it, and its total in öre."""

    segments: tuple[InterestSegment, ...]
    total_ore: int


def rate_terms(terms: InterestTerms) -> RateTerms:
    """Return the rate that an invoice's terms of interest amount to."""
    if terms.kind is InterestKind.STATUTORY:
        return STATUTORY_RATE
    if terms.rate_bp is None:
        raise ValueError("agreed interest needs its rate")
    if terms.kind is InterestKind.AGREED_FIXED:
        return FixedRate(terms.rate_bp)
    return ReferencePlus(terms.rate_bp)


class NoInterestReason(StrEnum):
    """Why no interest runs although the claim is unpaid."""

    NOT_SENT = "not_sent"  # 4 § : nothing has been demanded yet
    NO_NOTICE = "no_notice"  # 4 § 1 st.: the consumer was not told of interest


def interest_start(
    *,
    debtor: DebtorKind,
    due_on: date,
    due_date_agreed: bool,
    sent_on: date | None,
    notice_given: bool,
) -> date | NoInterestReason:
    """Return the day from which interest runs; the first interest day is the day after it.

    Räntelagen 3 §: the due date, if fixed in advance. Otherwise 4 §: the day 30 days after the
    demand was sent, for a consumer only with a notice of interest (1 st.), for others without (2
    st.); by 2 § never before the due date.
    """
    if due_date_agreed:
        return due_on
    if sent_on is None:
        return NoInterestReason.NOT_SENT
    if debtor is DebtorKind.CONSUMER and not notice_given:
        return NoInterestReason.NO_NOTICE
    return max(due_on, sent_on + timedelta(days=DAYS_FROM_DEMAND_TO_INTEREST))


def payment_counts_on(paid_on: date, due_on: date) -> date:
    """Return the date on which a payment lowers the capital: its value date, or the due date.

    A payment made after a due date that was no banking day, but by the next banking day, is in time
    (lag (1930:173) 2 §) and counts as made on the due date, so that it bears no interest.
    """
    return due_on if due_on < paid_on <= effective_due_on(due_on) else paid_on


def interest(
    changes: Sequence[CapitalChange],
    start: date,
    until: date,
    terms: RateTerms,
    reference_rates: ReferenceRates,
) -> Interest:
    """Return the interest of the days after `start` through `until`, by segment and in all.

    The total is rounded once. Each segment shows its exact interest rounded down, and the öre that
    are then missing to the total go to the segments with the largest remainders, the earlier first;
    so the segments always sum to the total. Days without capital, or with a negative one, bear
    nothing and need no rate. A rate below zero counts as zero. Raises `ReferenceRateMissingError`
    when a day with capital lies in a half-year without a rate.
    """
    spans = list(_spans(changes, start, until, terms, reference_rates))
    exact = [days * capital * rate_bp for _, _, days, capital, rate_bp in spans]
    total_ore = divide_half_up(sum(exact), _DENOMINATOR)
    amounts = _shares(exact, total_ore)
    segments = (
        InterestSegment(
            from_date=from_date,
            to_date=to_date,
            days=days,
            capital_ore=capital_ore,
            rate_bp=rate_bp,
            interest_ore=interest_ore,
        )
        for (from_date, to_date, days, capital_ore, rate_bp), interest_ore in zip(
            spans, amounts, strict=True
        )
    )
    return Interest(tuple(segments), total_ore)


def accrued_ore(segments: Iterable[InterestSegment]) -> int:
    """Return what the days, capitals and rates of segments come to, rounded once, half up."""
    exact = (segment.days * segment.capital_ore * segment.rate_bp for segment in segments)
    return divide_half_up(sum(exact), _DENOMINATOR)


def interest_per_day(
    capital_ore: int, on: date, terms: RateTerms, reference_rates: ReferenceRates
) -> int:
    """Return one day's interest at the rate valid on the day, in öre, rounded half up."""
    rate_bp = _rate_on(on, terms, reference_rates)
    return divide_half_up(max(capital_ore, 0) * rate_bp, _DENOMINATOR)


def _spans(
    changes: Sequence[CapitalChange],
    start: date,
    until: date,
    terms: RateTerms,
    reference_rates: ReferenceRates,
) -> Iterator[tuple[date, date, int, int, int]]:
    """Yield (first day, last day, days, capital, rate) for each stretch that bears interest."""
    after = start
    for through in _last_days(changes, start, until, terms):
        capital_ore = sum(change.change_ore for change in changes if change.on <= after)
        if capital_ore > 0:
            rate_bp = _rate_on(through, terms, reference_rates)
            yield after + _ONE_DAY, through, (through - after).days, capital_ore, rate_bp
        after = through


def _last_days(
    changes: Sequence[CapitalChange], start: date, until: date, terms: RateTerms
) -> list[date]:
    """Return the last day of every stretch within which neither capital nor rate changes."""
    if until <= start:
        return []
    last_days = {change.on for change in changes if start < change.on < until}
    last_days.add(until)
    if isinstance(terms, ReferencePlus):
        border = half_year_start(until) - _ONE_DAY
        while border > start:
            last_days.add(border)
            border = half_year_start(border) - _ONE_DAY
    return sorted(last_days)


def _rate_on(day: date, terms: RateTerms, reference_rates: ReferenceRates) -> int:
    """Return the yearly rate on the day in basis points, at least zero."""
    if isinstance(terms, FixedRate):
        return max(terms.rate_bp, 0)
    return max(reference_rates.bp_on(day) + terms.margin_bp, 0)


def _shares(exact: Sequence[int], total_ore: int) -> list[int]:
    """Split the rounded total over the exact numerators by largest remainder, the earlier first."""
    shares = [numerator // _DENOMINATOR for numerator in exact]
    missing = total_ore - sum(shares)
    by_remainder = sorted(range(len(exact)), key=lambda i: -(exact[i] % _DENOMINATOR))
    for i in by_remainder[:missing]:
        shares[i] += 1
    return shares
