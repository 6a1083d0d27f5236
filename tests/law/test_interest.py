"""Late-payment interest against the worked examples; two independent computations agree on each."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.terms import DebtorKind, InterestKind, InterestSegment, InterestTerms
from law.interest import (
    STATUTORY_RATE,
    CapitalChange,
    FixedRate,
    NoInterestReason,
    RateTerms,
    ReferencePlus,
    interest,
    interest_per_day,
    interest_start,
    payment_counts_on,
    rate_terms,
)
from law.rates import REFERENCE_RATES, ReferenceRateMissingError, ReferenceRates

CONSUMER, BUSINESS = DebtorKind.CONSUMER, DebtorKind.BUSINESS


def day(text: str) -> date:
    return date.fromisoformat(text)


def kronor(text: str) -> int:
    """Read "25 000.00" as öre."""
    whole, ore = text.replace(" ", "").split(".")
    return int(whole) * 100 + int(ore)


def as_row(segment: InterestSegment) -> str:
    """Write a segment the way the table does."""
    kronor_part, ore_part = divmod(segment.capital_ore, 100)
    amount = f"{kronor_part:,}.{ore_part:02}".replace(",", " ")
    percent, hundredths = divmod(segment.rate_bp, 100)
    return f"{amount} x {segment.days} d x {percent}.{hundredths:02} %"


def capital(start: str, amount: str, *falls: tuple[str, str]) -> list[CapitalChange]:
    """The claim from the day interest starts, then what lowered it and when."""
    rise = CapitalChange(day(start), kronor(amount))
    return [rise, *(CapitalChange(day(on), -kronor(fall)) for on, fall in falls)]


class Example(NamedTuple):
    """A row of the table; each segment reads "capital x days x yearly rate"."""

    start: str
    amount: str
    falls: list[tuple[str, str]]
    until: str
    terms: RateTerms
    segments: list[str]
    interest: str


# `start` is the agreed due date (3 §), or the day 30 days after sending (4 §).
WORKED_EXAMPLES = {
    1: Example(
        start="2026-03-31",
        amount="10 000.00",
        falls=[],
        until="2026-04-30",
        terms=STATUTORY_RATE,
        segments=[
            "10 000.00 x 30 d x 10.00 %",
        ],
        interest="82.19",
    ),
    2: Example(
        start="2025-06-15",
        amount="25 000.00",
        falls=[],
        until="2025-07-15",
        terms=STATUTORY_RATE,
        segments=[
            "25 000.00 x 15 d x 11.00 %",
            "25 000.00 x 15 d x 10.00 %",
        ],
        interest="215.75",
    ),
    3: Example(
        start="2024-01-31",
        amount="12 500.00",
        falls=[],
        until="2024-03-31",
        terms=STATUTORY_RATE,
        segments=[
            "12 500.00 x 60 d x 12.00 %",
        ],
        interest="246.58",
    ),
    4: Example(
        start="2023-12-15",
        amount="8 000.00",
        falls=[],
        until="2024-07-20",
        terms=STATUTORY_RATE,
        segments=[
            "8 000.00 x 16 d x 11.50 %",
            "8 000.00 x 182 d x 12.00 %",
            "8 000.00 x 20 d x 12.00 %",
        ],
        interest="571.62",
    ),
    5: Example(
        start="2018-05-20",
        amount="40 000.00",
        falls=[],
        until="2019-08-15",
        terms=STATUTORY_RATE,
        segments=[
            "40 000.00 x 41 d x 7.50 %",
            "40 000.00 x 184 d x 7.50 %",
            "40 000.00 x 181 d x 7.50 %",
            "40 000.00 x 46 d x 8.00 %",
        ],
        interest="3 740.27",
    ),
    6: Example(
        start="2024-11-30",
        amount="30 000.00",
        falls=[("2025-01-20", "12 000.00")],
        until="2025-07-10",
        terms=STATUTORY_RATE,
        segments=[
            "30 000.00 x 31 d x 12.00 %",
            "30 000.00 x 20 d x 11.00 %",
            "18 000.00 x 161 d x 11.00 %",
            "18 000.00 x 10 d x 10.00 %",
        ],
        interest="1 409.26",
    ),
    7: Example(
        start="2026-01-09",
        amount="5 600.00",
        falls=[],
        until="2026-02-28",
        terms=STATUTORY_RATE,
        segments=[
            "5 600.00 x 50 d x 10.00 %",
        ],
        interest="76.71",
    ),
    8: Example(
        start="2026-06-30",
        amount="3 200.00",
        falls=[],
        until="2026-08-14",
        terms=FixedRate(2400),
        segments=[
            "3 200.00 x 45 d x 24.00 %",
        ],
        interest="94.68",
    ),
    9: Example(
        start="2026-06-24",
        amount="999.00",
        falls=[],
        until="2026-07-31",
        terms=STATUTORY_RATE,
        segments=[
            "999.00 x 6 d x 10.00 %",
            "999.00 x 31 d x 10.00 %",
        ],
        interest="10.13",
    ),
    10: Example(
        start="2021-12-31",
        amount="100 000.00",
        falls=[],
        until="2026-11-22",
        terms=STATUTORY_RATE,
        segments=[
            "100 000.00 x 181 d x 8.00 %",
            "100 000.00 x 184 d x 8.50 %",
            "100 000.00 x 181 d x 10.50 %",
            "100 000.00 x 184 d x 11.50 %",
            "100 000.00 x 182 d x 12.00 %",
            "100 000.00 x 184 d x 12.00 %",
            "100 000.00 x 181 d x 11.00 %",
            "100 000.00 x 184 d x 10.00 %",
            "100 000.00 x 181 d x 10.00 %",
            "100 000.00 x 145 d x 10.00 %",
        ],
        interest="50 716.44",
    ),
    11: Example(
        start="2026-05-29",
        amount="5 000.00",
        falls=[],
        until="2026-05-29",
        terms=STATUTORY_RATE,
        segments=[],
        interest="0.00",
    ),
    12: Example(
        start="2026-05-29",
        amount="5 000.00",
        falls=[],
        until="2026-05-30",
        terms=STATUTORY_RATE,
        segments=[
            "5 000.00 x 1 d x 10.00 %",
        ],
        interest="1.37",
    ),
    13: Example(
        start="2026-09-30",
        amount="149.00",
        falls=[],
        until="2026-10-01",
        terms=STATUTORY_RATE,
        segments=[
            "149.00 x 1 d x 10.00 %",
        ],
        interest="0.04",
    ),
    14: Example(
        start="2025-06-30",
        amount="10 000.00",
        falls=[],
        until="2025-07-01",
        terms=STATUTORY_RATE,
        segments=[
            "10 000.00 x 1 d x 10.00 %",
        ],
        interest="2.74",
    ),
    15: Example(
        start="2025-11-28",
        amount="18 750.00",
        falls=[("2025-12-19", "5 000.00"), ("2026-01-15", "1 250.00")],
        until="2026-03-02",
        terms=STATUTORY_RATE,
        segments=[
            "18 750.00 x 21 d x 10.00 %",
            "13 750.00 x 12 d x 10.00 %",
            "13 750.00 x 15 d x 10.00 %",
            "12 500.00 x 46 d x 10.00 %",
        ],
        interest="367.12",
    ),
    16: Example(
        start="2025-05-31",
        amount="7 450.00",
        falls=[],
        until="2026-01-31",
        terms=ReferencePlus(1200),
        segments=[
            "7 450.00 x 30 d x 15.00 %",
            "7 450.00 x 184 d x 14.00 %",
            "7 450.00 x 31 d x 14.00 %",
        ],
        interest="706.22",
    ),
}


@pytest.mark.parametrize("number", WORKED_EXAMPLES)
def test_interest_comes_to_the_worked_example(number: int) -> None:
    """R-102, R-103: räntelagen 6 § and the day count of the house, segment by segment."""
    example = WORKED_EXAMPLES[number]
    found = interest(
        capital(example.start, example.amount, *example.falls),
        day(example.start),
        day(example.until),
        example.terms,
        REFERENCE_RATES,
    )
    assert [as_row(segment) for segment in found.segments] == example.segments
    assert found.total_ore == kronor(example.interest)


def test_a_demand_shows_interest_by_segment_with_dates() -> None:
    """Inkassolagen 5 § 5: 3 240.00 due 2026-06-30, 1 000.00 paid 07-10, demand on 07-27."""
    changes = capital("2026-06-30", "3240.00", ("2026-07-10", "1000.00"))
    found = interest(changes, day("2026-06-30"), day("2026-07-27"), STATUTORY_RATE, REFERENCE_RATES)
    assert [(s.from_date, s.to_date, s.days, s.capital_ore) for s in found.segments] == [
        (day("2026-07-01"), day("2026-07-10"), 10, kronor("3240.00")),
        (day("2026-07-11"), day("2026-07-27"), 17, kronor("2240.00")),
    ]
    assert [s.interest_ore for s in found.segments] == [888, 1043]
    assert found.total_ore == 1931
    per_day = interest_per_day(
        kronor("2240.00"), day("2026-07-27"), STATUTORY_RATE, REFERENCE_RATES
    )
    assert per_day == 61


def test_a_correction_counts_from_the_due_date_and_a_commercial_credit_from_its_own() -> None:
    """Example 15: the claim was never so large, or it was until the note's date."""
    correction = capital("2026-03-31", "10000.00", ("2026-03-31", "4000.00"))
    commercial = capital("2026-03-31", "10000.00", ("2026-04-15", "4000.00"))
    span = (day("2026-03-31"), day("2026-04-30"), STATUTORY_RATE, REFERENCE_RATES)
    assert interest(correction, *span).total_ore == 4932  # 6 000 x 10 % x 30 d
    assert interest(commercial, *span).total_ore == 6575  # 10 000 x 15 d + 6 000 x 15 d


def test_no_interest_runs_once_everything_is_paid() -> None:
    changes = capital("2026-03-31", "500.00", ("2026-04-10", "500.00"))
    found = interest(changes, day("2026-03-31"), day("2026-12-31"), STATUTORY_RATE, REFERENCE_RATES)
    assert [s.to_date for s in found.segments] == [day("2026-04-10")]


def test_a_payment_on_the_day_of_charge_does_not_lower_the_interest_of_that_day() -> None:
    unpaid = capital("2026-03-31", "500.00")
    paid_today = capital("2026-03-31", "500.00", ("2026-04-10", "500.00"))
    span = (day("2026-03-31"), day("2026-04-10"), STATUTORY_RATE, REFERENCE_RATES)
    assert interest(paid_today, *span) == interest(unpaid, *span)


@pytest.mark.parametrize("paid", ["2026-04-10", "2026-04-11", "2026-12-01"])
def test_what_happens_after_the_day_of_reckoning_changes_nothing(paid: str) -> None:
    later = capital("2026-03-31", "500.00", (paid, "500.00"))
    span = (day("2026-03-31"), day("2026-04-10"), STATUTORY_RATE, REFERENCE_RATES)
    assert [s.days for s in interest(later, *span).segments] == [10]


def test_an_overpaid_claim_earns_the_debtor_no_interest() -> None:
    changes = capital("2026-03-31", "500.00", ("2026-04-10", "900.00"))
    found = interest(changes, day("2026-03-31"), day("2026-04-30"), STATUTORY_RATE, REFERENCE_RATES)
    assert found.total_ore == 137  # 500 x 10 % x 10 d and nothing after


def test_a_negative_rate_counts_as_zero() -> None:
    """Agreed "the reference rate" and no more, in the half-years when it was -0.50 %."""
    changes = capital("2018-03-31", "500.00")
    span = (day("2018-03-31"), day("2018-04-30"))
    assert interest(changes, *span, ReferencePlus(0), REFERENCE_RATES).total_ore == 0


@pytest.mark.parametrize(
    ("until", "missing"), [("2026-12-31", None), ("2027-01-01", "2027-01-01"), ("2027-08-01", None)]
)
def test_interest_is_never_guessed_for_a_half_year_without_a_rate(
    until: str, missing: str | None
) -> None:
    """The last day with a rate, the first without; the error names the half-year."""
    changes = capital("2026-11-30", "500.00")
    span = (day("2026-11-30"), day(until), STATUTORY_RATE, REFERENCE_RATES)
    if until == "2026-12-31":
        assert interest(changes, *span).total_ore == 425
        return
    with pytest.raises(ReferenceRateMissingError) as caught:
        interest(changes, *span)
    assert caught.value.half_year == day(missing or "2027-01-01")


def test_an_agreed_fixed_rate_needs_no_reference_rate() -> None:
    changes = capital("2026-12-01", "500.00")
    found = interest(
        changes, day("2026-12-01"), day("2027-01-30"), FixedRate(1000), ReferenceRates({})
    )
    assert [s.days for s in found.segments] == [60]


@pytest.mark.parametrize(
    ("debtor", "agreed", "sent", "notice", "expected"),
    [
        # 3 §: fixed in advance, companies and consumers alike, notice or not
        (CONSUMER, True, "2026-05-25", False, day("2026-06-08")),
        (BUSINESS, True, "2026-05-25", False, day("2026-06-08")),
        (BUSINESS, True, None, False, day("2026-06-08")),
        # 4 § 1 st: a consumer, 30 days after sending, with notice only
        (CONSUMER, False, "2026-05-25", True, day("2026-06-24")),
        (CONSUMER, False, "2026-05-25", False, NoInterestReason.NO_NOTICE),
        # 4 § 2 st: a business, 30 days after sending, no notice needed
        (BUSINESS, False, "2026-05-25", False, day("2026-06-24")),
        (BUSINESS, False, None, True, NoInterestReason.NOT_SENT),
        (CONSUMER, False, None, True, NoInterestReason.NOT_SENT),
        # 2 §: never before the claim is due
        (BUSINESS, False, "2026-05-01", True, day("2026-06-08")),
    ],
)
def test_interest_starts_on_the_day_of_the_statute(
    debtor: DebtorKind,
    agreed: bool,
    sent: str | None,
    notice: bool,
    expected: date | NoInterestReason,
) -> None:
    """R-102, R-103, R-104: räntelagen 2–4 §§; the due date on the invoice is 2026-06-08."""
    found = interest_start(
        debtor=debtor,
        due_on=day("2026-06-08"),
        due_date_agreed=agreed,
        sent_on=day(sent) if sent else None,
        notice_given=notice,
    )
    assert found == expected


def test_interest_starts_thirty_days_after_sending_as_in_examples_7_and_9() -> None:
    for sent, start in (("2025-12-10", "2026-01-09"), ("2026-05-25", "2026-06-24")):
        found = interest_start(
            debtor=BUSINESS,
            due_on=day(sent),
            due_date_agreed=False,
            sent_on=day(sent),
            notice_given=True,
        )
        assert found == day(start)


@pytest.mark.parametrize(
    ("paid", "counts"),
    [
        ("2026-10-30", "2026-10-30"),  # Friday, early
        ("2026-10-31", "2026-10-31"),  # Saturday, the due date
        ("2026-11-02", "2026-10-31"),  # Monday: in time, so as if on the due date
        ("2026-11-03", "2026-11-03"),  # Tuesday: late
    ],
)
def test_a_payment_in_time_after_a_weekend_bears_no_interest(paid: str, counts: str) -> None:
    """Lag (1930:173) 2 §; due on Saturday 2026-10-31."""
    assert payment_counts_on(day(paid), day("2026-10-31")) == day(counts)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (InterestTerms(), ReferencePlus(800)),
        (InterestTerms(kind=InterestKind.AGREED_FIXED, rate_bp=2400), FixedRate(2400)),
        (InterestTerms(kind=InterestKind.AGREED_OVER_REFERENCE, rate_bp=1200), ReferencePlus(1200)),
    ],
)
def test_the_terms_of_an_invoice_give_its_rate(terms: InterestTerms, expected: RateTerms) -> None:
    assert rate_terms(terms) == expected


def test_agreed_interest_without_a_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="needs its rate"):
        rate_terms(InterestTerms(kind=InterestKind.AGREED_FIXED))


# --- compared with a sum day by day, written independently of the segments ---

DAYS = st.dates(min_value=date(2003, 1, 1), max_value=date(2026, 12, 31))
FALLS = st.lists(st.tuples(st.integers(-50, 900), st.integers(-500_00, 20_000_00)), max_size=5)
TERMS = st.one_of(st.integers(0, 3600).map(FixedRate), st.integers(-100, 2400).map(ReferencePlus))


def interest_by_day(
    changes: Sequence[CapitalChange], start: date, until: date, terms: RateTerms
) -> Fraction:
    """Add one day's interest at a time, looking up that day's capital and rate."""
    total = Fraction(0)
    for number in range(1, (until - start).days + 1):
        today = start + timedelta(days=number)
        owed = sum(change.change_ore for change in changes if change.on < today)
        if isinstance(terms, FixedRate):
            rate_bp = terms.rate_bp
        else:
            rate_bp = max(REFERENCE_RATES.bp_on(today) + terms.margin_bp, 0)
        total += Fraction(max(owed, 0) * rate_bp, 10_000 * 365)
    return total


@given(DAYS, st.integers(0, 900), st.integers(1, 100_000_00), FALLS, TERMS)
def test_segments_and_days_give_the_same_interest(
    start: date, length: int, claim_ore: int, falls: list[tuple[int, int]], terms: RateTerms
) -> None:
    until = min(start + timedelta(days=length), date(2026, 12, 31))
    changes = [CapitalChange(start, claim_ore)]
    changes += [CapitalChange(start + timedelta(days=at), -fall) for at, fall in falls]
    found = interest(changes, start, until, terms, REFERENCE_RATES)
    exact = interest_by_day(changes, start, until, terms)

    assert found.total_ore == floor(exact + Fraction(1, 2))
    assert sum(s.interest_ore for s in found.segments) == found.total_ore
    for segment in found.segments:
        whole = Fraction(segment.capital_ore * segment.rate_bp * segment.days, 10_000 * 365)
        assert abs(segment.interest_ore - whole) < 1
        assert segment.days == (segment.to_date - segment.from_date).days + 1
    for earlier, later in zip(found.segments, found.segments[1:], strict=False):
        assert earlier.to_date < later.from_date
