"""The table of reference rates, räntelagen (1975:635) 9 §."""

from datetime import date
from decimal import Decimal

import pytest

from law.rates import (
    ANNOUNCED_RATES,
    REFERENCE_RATES,
    ReferenceRateConflictError,
    ReferenceRateMissingError,
    ReferenceRates,
    half_years_wanted,
)


def test_the_table_has_every_half_year_since_the_rate_was_introduced() -> None:
    half_years = [(row.half_year.year, row.half_year.month) for row in ANNOUNCED_RATES]
    assert half_years == [
        (year, month) for year in range(2002, 2027) for month in (1, 7) if (year, month) > (2002, 1)
    ]


def test_every_rate_is_a_multiple_of_half_a_percentage_point_and_has_a_source() -> None:
    """9 §: rounded up to the nearest half percentage point."""
    assert all(row.rate_bp % 50 == 0 and row.source for row in ANNOUNCED_RATES)


@pytest.mark.parametrize(
    ("on", "percent"),
    [
        ("2002-07-01", "4.50"),
        ("2008-12-31", "4.50"),
        ("2009-01-01", "2.00"),
        ("2016-06-30", "0.00"),
        ("2016-07-01", "-0.50"),
        ("2019-06-30", "-0.50"),
        ("2019-07-01", "0.00"),
        ("2022-06-30", "0.00"),
        ("2022-07-01", "0.50"),
        ("2022-12-31", "0.50"),
        ("2023-01-01", "2.50"),
        ("2023-07-01", "3.50"),
        ("2024-12-31", "4.00"),
        ("2025-01-01", "3.00"),
        ("2025-06-30", "3.00"),
        ("2025-07-01", "2.00"),
        ("2026-12-31", "2.00"),
    ],
)
def test_a_rate_is_valid_for_its_own_half_year(on: str, percent: str) -> None:
    assert REFERENCE_RATES.bp_on(date.fromisoformat(on)) == Decimal(percent) * 100


@pytest.mark.parametrize(
    ("on", "half_year"),
    [
        (date(2002, 6, 30), date(2002, 1, 1)),
        (date(2027, 1, 1), date(2027, 1, 1)),
        (date(2027, 12, 31), date(2027, 7, 1)),
    ],
)
def test_a_half_year_without_a_rate_is_named(on: date, half_year: date) -> None:
    with pytest.raises(ReferenceRateMissingError, match=str(half_year)) as caught:
        REFERENCE_RATES.bp_on(on)
    assert caught.value.half_year == half_year


def test_a_new_half_year_extends_the_table_and_leaves_the_old_one_alone() -> None:
    longer = REFERENCE_RATES.extended({date(2027, 1, 1): 225})
    assert longer.bp_on(date(2027, 6, 30)) == 225
    assert longer.bp_on(date(2026, 12, 31)) == 200
    with pytest.raises(ReferenceRateMissingError):
        REFERENCE_RATES.bp_on(date(2027, 1, 1))


def test_a_known_rate_cannot_be_changed_by_extending() -> None:
    assert REFERENCE_RATES.extended({date(2026, 7, 1): 200}) == REFERENCE_RATES
    with pytest.raises(ReferenceRateConflictError) as caught:
        REFERENCE_RATES.extended({date(2026, 7, 1): 250})
    assert (caught.value.known_bp, caught.value.given_bp) == (200, 250)


def test_a_rate_starts_on_the_first_of_january_or_july_only() -> None:
    with pytest.raises(ValueError, match="1 January or 1 July"):
        ReferenceRates({date(2027, 2, 1): 200})


@pytest.mark.parametrize(
    ("today", "wanted"),
    [
        (date(2026, 12, 3), [date(2026, 7, 1)]),
        (date(2026, 12, 4), [date(2026, 7, 1), date(2027, 1, 1)]),
        (date(2026, 12, 31), [date(2026, 7, 1), date(2027, 1, 1)]),
        (date(2027, 1, 1), [date(2027, 1, 1)]),
        (date(2027, 6, 2), [date(2027, 1, 1)]),
        (date(2027, 6, 3), [date(2027, 1, 1), date(2027, 7, 1)]),
    ],
)
def test_the_next_half_years_rate_is_wanted_four_weeks_before_it_begins(
    today: date, wanted: list[date]
) -> None:
    assert list(half_years_wanted(today)) == wanted
