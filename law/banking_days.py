"""Swedish banking days (*bankdagar*), and what happens to a deadline that falls on another day.

Not banking days are Saturdays, Sundays, the public holidays of lag (1989:253) om allmänna
helgdagar, and midsommarafton, julafton and nyårsafton, which lag (1930:173) 2 § equates with a
public holiday.
"""

from datetime import date, timedelta
from functools import cache

import holidays

SATURDAY = 5
FIRST_YEAR, LAST_YEAR = 1953, 2100
"""The years whose holidays the calendar knows; in any other only weekends would be left."""
ONE_DAY = timedelta(days=1)


class BankingDaysUnknownError(LookupError):
    """The holidays of the year are not known, so nobody can tell its banking days."""

    def __init__(self, year: int) -> None:
        super().__init__(f"banking days are known from {FIRST_YEAR} to {LAST_YEAR}, not of {year}")
        self.year = year


@cache
def _holidays_and_eves(year: int) -> frozenset[date]:
    """Return the public holidays of lag (1989:253) 1 § and the three eves of the year."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BankingDaysUnknownError(year)
    calendar = holidays.country_holidays("SE", years=year, categories=("public", "de_facto"))
    return frozenset(calendar)


def is_banking_day(day: date) -> bool:
    """Tell whether banks settle payments on the day; raises `BankingDaysUnknownError`."""
    return day not in _holidays_and_eves(day.year) and day.weekday() < SATURDAY


def roll_forward(day: date) -> date:
    """Return the day itself if it is a banking day, otherwise the first banking day after it."""
    while not is_banking_day(day):
        day += ONE_DAY
    return day


def add_banking_days(day: date, count: int) -> date:
    """Return the `count`th banking day after the day; the day itself never counts.

    With `count` 0 the day is returned unchanged, even if it is not a banking day.
    """
    if count < 0:
        raise ValueError(f"banking days are counted forward, not {count}")
    for _ in range(count):
        day = roll_forward(day + ONE_DAY)
    return day


def effective_due_on(due_on: date) -> date:
    """Return the last day on which a payment due on `due_on` is in time.

    A deadline on a non-banking day is met on the next banking day: lag (1930:173) 2 §; for
    promissory notes skuldebrevslagen (1936:81) 5 §.
    """
    return roll_forward(due_on)
