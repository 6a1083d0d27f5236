"""Limitation, preskriptionslagen (1981:130), and periods in months and years, lag (1930:173)."""

from datetime import date

import pytest

from contracts.terms import DebtorKind
from law.limitation import (
    Interruption,
    InterruptionKind,
    is_barred,
    last_day,
    limitation_years,
)
from law.periods import add_months, add_years

CONSUMER, BUSINESS = 3, 10
DEMAND = InterruptionKind.DEMAND_RECEIVED
ACKNOWLEDGED = InterruptionKind.ACKNOWLEDGED
PROCEEDING = InterruptionKind.PROCEEDING


def day(text: str) -> date:
    return date.fromisoformat(text)


def event(
    kind: InterruptionKind, on: str, ended: str | None = None, told: bool = True
) -> Interruption:
    return Interruption(kind, day(on), day(ended) if ended else None, debtor_notified=told)


def test_a_consumer_claim_lives_three_years_and_any_other_ten() -> None:
    """Preskriptionslagen 2 §."""
    assert limitation_years(DebtorKind.CONSUMER) == 3
    assert limitation_years(DebtorKind.CONSUMER, for_private_use=False) == 10
    assert limitation_years(DebtorKind.BUSINESS) == 10


@pytest.mark.parametrize(
    ("arose", "years", "events", "last"),
    [
        ("2024-05-10", CONSUMER, [], "2027-05-10"),
        ("2024-05-10", CONSUMER, [event(DEMAND, "2026-02-01")], "2029-02-01"),
        ("2024-05-10", CONSUMER, [event(ACKNOWLEDGED, "2026-09-15")], "2029-09-15"),
        ("2020-03-03", BUSINESS, [event(PROCEEDING, "2021-04-01", "2021-06-30")], "2031-06-30"),
        ("2024-02-29", CONSUMER, [], "2027-02-28"),
        # both sides of the last day: received on it interrupts, a day later is too late
        ("2024-05-10", CONSUMER, [event(DEMAND, "2027-05-09")], "2030-05-09"),
        ("2024-05-10", CONSUMER, [event(DEMAND, "2027-05-10")], "2030-05-10"),
        ("2024-05-10", CONSUMER, [event(DEMAND, "2027-05-11")], "2027-05-10"),
        # each interruption starts anew, in whatever order they are told
        (
            "2024-05-10",
            CONSUMER,
            [event(DEMAND, "2029-01-15"), event(DEMAND, "2026-02-01")],
            "2032-01-15",
        ),
        # 7 §: a proceeding begun in time, ended after the period; pending; debtor never told
        ("2024-05-10", CONSUMER, [event(PROCEEDING, "2027-04-01", "2027-08-01")], "2030-08-01"),
        ("2024-05-10", CONSUMER, [event(PROCEEDING, "2027-04-01")], None),
        # what happens while a proceeding lasts shortens nothing that its end gives
        *(
            ("2024-05-10", CONSUMER, [event(PROCEEDING, "2025-04-01", "2026-10-01"), more], end)
            for more, end in (
                (event(ACKNOWLEDGED, "2025-06-01"), "2029-10-01"),
                (event(PROCEEDING, "2025-05-01", "2025-06-01"), "2029-10-01"),
                (event(ACKNOWLEDGED, "2026-11-01"), "2029-11-01"),
            )
        ),
        (
            "2024-05-10",
            CONSUMER,
            [event(PROCEEDING, "2027-04-01", "2027-08-01", told=False)],
            "2028-08-01",
        ),
        (
            "2024-05-10",
            CONSUMER,
            [event(PROCEEDING, "2025-04-01", "2025-08-01", told=False)],
            "2027-05-10",
        ),
        (
            "2024-05-10",
            CONSUMER,
            [
                event(PROCEEDING, "2027-04-01", "2027-08-01", told=False),
                event(PROCEEDING, "2028-04-01", "2028-12-01", told=False),
            ],
            "2028-08-01",
        ),
    ],
)
def test_a_claim_lives_until_the_last_day_of_its_period(
    arose: str, years: int, events: list[Interruption], last: str | None
) -> None:
    """R-121: preskriptionslagen 2, 5–7 §§."""
    assert last_day(day(arose), years, events) == (day(last) if last else None)


@pytest.mark.parametrize(
    ("today", "barred"), [("2027-05-09", False), ("2027-05-10", False), ("2027-05-11", True)]
)
def test_a_claim_is_barred_the_day_after_its_last(today: str, barred: bool) -> None:
    """Preskriptionslagen 8 §."""
    assert is_barred(day("2027-05-10"), day(today)) is barred


def test_a_claim_in_a_pending_proceeding_is_not_barred() -> None:
    assert not is_barred(None, day("2050-01-01"))


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2026-01-30", 1, "2026-02-28"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2027-01-15", -1, "2026-12-15"),
        ("2026-03-31", -13, "2025-02-28"),
    ],
)
def test_a_period_in_months_ends_on_the_same_number_or_the_last_of_the_month(
    start: str, months: int, expected: str
) -> None:
    """Lag (1930:173) 1 §."""
    assert add_months(day(start), months) == day(expected)


def test_a_leap_day_becomes_28_february_in_a_common_year() -> None:
    assert add_years(day("2024-02-29"), 1) == day("2025-02-28")
    assert add_years(day("2024-02-29"), 4) == day("2028-02-29")
