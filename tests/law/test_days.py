"""Banking days, the reminder's day, the time of a demand: tables of days, weekday by weekday."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.invoicing import Channel
from law.banking_days import (
    FIRST_YEAR,
    LAST_YEAR,
    BankingDaysUnknownError,
    add_banking_days,
    effective_due_on,
    is_banking_day,
    roll_forward,
)
from law.demand import (
    BelowLegalFloorError,
    DemandTimes,
    assumed_receipt_on,
    earliest_filing_on,
    leaves_legal_time,
    respond_by,
)
from law.reminder import (
    leaves_time_to_pay,
    reminder_date_has_passed_on,
    reminder_on,
    reminder_pay_by,
    reminder_ran_out_on,
)


def day(text: str) -> date:
    return date.fromisoformat(text)


# Lag (1989:253) and the three eves of lag (1930:173) 2 §: those that fall on Monday to Friday.
WEEKDAYS_WITHOUT_BANKING = {
    2026: "01-01 01-06 04-03 04-06 05-01 05-14 06-19 12-24 12-25 12-31",
    2027: "01-01 01-06 03-26 03-29 05-06 06-25 12-24 12-31",
    2028: "01-06 04-14 04-17 05-01 05-25 06-06 06-23 12-25 12-26",
}


@pytest.mark.parametrize("year", WEEKDAYS_WITHOUT_BANKING)
def test_banks_are_closed_on_weekends_holidays_and_eves_only(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365 + (year == 2028))]
    closed_weekdays = [d for d in days if d.weekday() < 5 and not is_banking_day(d)]
    assert " ".join(f"{d:%m-%d}" for d in closed_weekdays) == WEEKDAYS_WITHOUT_BANKING[year]
    assert not any(is_banking_day(d) for d in days if d.weekday() >= 5)


@pytest.mark.parametrize("year", [FIRST_YEAR, LAST_YEAR])
def test_the_calendar_knows_every_holiday_of_its_first_and_last_year(year: int) -> None:
    """Midsummer Eve among them, which was made one in 1953."""
    closed = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(d.weekday() < 5 and not is_banking_day(d) for d in closed) >= 8
    assert not is_banking_day(date(year, 1, 6))


@pytest.mark.parametrize("day", [date(1952, 12, 31), date(2101, 1, 1), date(2199, 7, 1)])
def test_a_year_whose_holidays_are_not_known_is_a_clear_error(day: date) -> None:
    """Else Christmas of 2101 would be a banking day."""
    for ask in (is_banking_day, roll_forward, effective_due_on):
        with pytest.raises(BankingDaysUnknownError, match=str(day.year)):
            ask(day)
    with pytest.raises(BankingDaysUnknownError, match="2101"):
        add_banking_days(date(2100, 12, 30), 2)


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        ("2026-04-01", 0, "2026-04-01"),
        ("2026-04-01", 1, "2026-04-02"),  # Maundy Thursday is a banking day
        ("2026-04-01", 2, "2026-04-07"),  # over Good Friday and Easter Monday
        ("2026-06-20", 0, "2026-06-20"),  # Midsummer Day: nothing is added, nothing moves
        ("2026-06-20", 1, "2026-06-22"),
        ("2026-12-23", 1, "2026-12-28"),
        ("2026-12-30", 1, "2027-01-04"),
    ],
)
def test_banking_days_are_counted_from_the_day_after(start: str, count: int, expected: str) -> None:
    assert add_banking_days(day(start), count) == day(expected)


def test_banking_days_are_not_counted_backwards() -> None:
    with pytest.raises(ValueError, match="forward"):
        add_banking_days(day("2026-06-15"), -1)


@pytest.mark.parametrize(
    ("due", "effective"),
    [
        ("2026-10-30", "2026-10-30"),  # Friday
        ("2026-10-31", "2026-11-02"),  # Saturday, All Saints'
        ("2026-11-01", "2026-11-02"),  # Sunday
        ("2026-11-02", "2026-11-02"),  # Monday
        ("2026-06-19", "2026-06-22"),  # Midsummer Eve
        ("2026-12-24", "2026-12-28"),  # Christmas Eve, a Thursday
        ("2026-12-31", "2027-01-04"),  # New Year's Eve, a Thursday
    ],
)
def test_a_deadline_on_a_day_without_banking_is_met_the_next_banking_day(
    due: str, effective: str
) -> None:
    """Lag (1930:173) 2 §."""
    assert effective_due_on(day(due)) == day(effective)


@given(st.dates(date(2020, 1, 1), date(2060, 1, 1)), st.integers(1, 15))
def test_adding_banking_days_counts_them_one_by_one(start: date, count: int) -> None:
    end = add_banking_days(start, count)
    between = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert is_banking_day(end)
    assert sum(is_banking_day(d) for d in between) == count


@pytest.mark.parametrize(
    ("due", "reminded"),
    [
        ("2026-06-30", "2026-07-06"),  # due + 5 is a Sunday
        ("2026-10-31", "2026-11-05"),  # a Saturday; 5 days later is past two banking days
        ("2026-11-16", "2026-11-23"),  # due + 5 is a Saturday
        ("2026-12-19", "2026-12-28"),  # due + 5 is Christmas Eve
        ("2026-11-10", "2026-11-16"),  # due + 5 is a Sunday
        ("2026-11-11", "2026-11-16"),  # due + 5 is a Monday
        ("2026-11-12", "2026-11-17"),  # due + 5 is a Tuesday
        # two banking days after the last day in time decide
        ("2026-04-01", "2026-04-07"),  # due + 5 is Easter Monday
        ("2026-04-02", "2026-04-08"),  # due + 5 is 04-07, only one banking day after the 2nd
        ("2026-04-03", "2026-04-09"),  # Good Friday: in time until 04-07
    ],
)
def test_the_reminder_goes_out_five_days_after_the_due_date(due: str, reminded: str) -> None:
    """R-99: on a banking day, and not before two banking days after the last day in time."""
    assert reminder_on(day(due)) == day(reminded)


@given(st.dates(date(2020, 1, 1), date(2060, 1, 1)))
def test_a_reminder_goes_out_on_the_first_banking_day_after_its_floors(due: date) -> None:
    """R-99."""
    reminded = reminder_on(due)
    floor = max(due + timedelta(days=5), add_banking_days(effective_due_on(due), 2))
    between = [floor + timedelta(days=n) for n in range((reminded - floor).days)]
    assert reminded >= floor
    assert is_banking_day(reminded)
    assert not any(is_banking_day(d) for d in between)


@pytest.mark.parametrize(
    ("reminded", "pay_by", "passed"),
    [
        ("2026-07-06", "2026-07-14", "2026-07-16"),
        ("2026-11-05", "2026-11-13", "2026-11-17"),
        ("2026-11-06", "2026-11-16", "2026-11-18"),  # 8 days later is a Saturday
        ("2026-12-16", "2026-12-28", "2026-12-30"),  # Christmas Eve
    ],
)
def test_a_reminder_gives_eight_days_to_pay(reminded: str, pay_by: str, passed: str) -> None:
    assert reminder_pay_by(day(reminded)) == day(pay_by)
    assert reminder_date_has_passed_on(day(pay_by)) == day(passed)


POST, DIGITAL = Channel.PAPER, Channel.EMAIL

TIME_OF_A_DEMAND = [
    # sent, channel, assumed receipt, respond by, earliest filing
    ("2026-06-15", POST, "2026-06-17", "2026-06-24", "2026-06-26"),
    ("2026-06-15", DIGITAL, "2026-06-15", "2026-06-23", "2026-06-25"),
    ("2026-09-01", POST, "2026-09-03", "2026-09-09", "2026-09-11"),
    ("2026-04-01", POST, "2026-04-07", "2026-04-13", "2026-04-15"),  # Easter
    ("2026-12-21", POST, "2026-12-23", "2027-01-04", "2027-01-07"),
    ("2026-12-21", DIGITAL, "2026-12-21", "2026-12-29", "2027-01-04"),
]


@pytest.mark.parametrize(("sent", "channel", "received", "answer", "filing"), TIME_OF_A_DEMAND)
def test_a_demand_leaves_the_time_that_good_practice_asks_for(
    sent: str, channel: Channel, received: str, answer: str, filing: str
) -> None:
    """R-110, R-111: inkassolagen 5 § 6 and 6 §, IMY 2023-02-21."""
    assert assumed_receipt_on(day(sent), channel) == day(received)
    assert respond_by(day(sent), channel) == day(answer)
    assert earliest_filing_on(day(answer), day(sent), channel) == day(filing)


@given(st.dates(date(2020, 1, 1), date(2060, 1, 1)), st.sampled_from(Channel))
def test_a_demand_never_leaves_less_than_the_floors(sent: date, channel: Channel) -> None:
    """R-110."""
    answer = respond_by(sent, channel)
    received = assumed_receipt_on(sent, channel)
    assert answer >= sent + timedelta(days=8)
    assert sum(is_banking_day(received + timedelta(days=n))
               for n in range(1, (answer - received).days + 1)) >= 4  # fmt: skip
    assert is_banking_day(answer)


@pytest.mark.parametrize(
    ("stated", "sent", "still_leaves_time", "filing"),
    [
        ("2026-06-23", "2026-06-15", True, "2026-06-25"),  # the shortest lawful day
        (
            "2026-06-22",
            "2026-06-15",
            False,
            "2026-06-25",
        ),  # stated a day short: the law's day counts
        ("2026-06-24", "2026-06-15", True, "2026-06-26"),  # stated longer: the letter's day counts
        ("2026-06-23", "2026-06-16", False, "2026-06-26"),  # sent a day late: counted from sending
        ("2026-06-27", "2026-06-15", True, "2026-07-01"),  # stated a Saturday: Monday, + 2
    ],
)
def test_filing_counts_from_the_later_of_the_stated_day_and_the_day_sent(
    stated: str, sent: str, still_leaves_time: bool, filing: str
) -> None:
    """R-111: inkassolagen 6 §; the day of delivery decides, not the day of proposal."""
    assert leaves_legal_time(day(stated), day(sent), DIGITAL) is still_leaves_time
    assert earliest_filing_on(day(stated), day(sent), DIGITAL) == day(filing)


def test_a_creditor_may_give_a_longer_time_but_never_a_shorter() -> None:
    """R-110."""
    longer = DemandTimes(days_to_respond=12)
    assert respond_by(day("2026-06-15"), DIGITAL, longer) == roll_forward(day("2026-06-27"))
    with pytest.raises(BelowLegalFloorError) as caught:
        DemandTimes(days_to_respond=7)
    assert (caught.value.name, caught.value.floor) == ("days_to_respond", 8)
    for shorter in (
        {"banking_days_from_receipt": 3},
        {"banking_days_in_the_post": 1},
        {"banking_days_to_filing": 1},
    ):
        with pytest.raises(BelowLegalFloorError):
            DemandTimes(**shorter)


@pytest.mark.parametrize(
    ("sent_on", "leaves"),
    [("2026-10-07", True), ("2026-10-08", True), ("2026-10-09", False)],
)
def test_a_reminder_leaves_while_five_days_are_left_of_its_time(sent_on: str, leaves: bool) -> None:
    """House rule: no statute gives a reminder a time."""
    assert leaves_time_to_pay(date(2026, 10, 13), date.fromisoformat(sent_on)) is leaves


@pytest.mark.parametrize(
    ("sent_on", "ran_out_on"),
    [
        ("2026-10-02", "2026-10-13"),  # days before: the day it states
        ("2026-10-05", "2026-10-13"),  # on its own day: the same
        ("2026-10-06", "2026-10-14"),  # a day late: eight days from sending
        ("2026-10-08", "2026-10-16"),
    ],
)
def test_a_reminder_that_was_late_runs_out_eight_days_after_it_was_sent(
    sent_on: str, ran_out_on: str
) -> None:
    found = reminder_ran_out_on(date(2026, 10, 13), date.fromisoformat(sent_on))
    assert found == date.fromisoformat(ran_out_on)
