"""Periods counted in months and years, lag (1930:173) om beräkning av lagstadgad tid 1 §.

A period ends on the day whose number in its month is that of the day it is counted from; where the
month has no such day, on the month's last.
"""

from calendar import monthrange
from datetime import date
from functools import lru_cache

MONTHS_PER_YEAR = 12


@lru_cache(maxsize=4096)
def add_months(day: date, months: int) -> date:
    """Return the same day of the month, `months` later (or earlier, if negative)."""
    year, month_index = divmod(day.year * MONTHS_PER_YEAR + day.month - 1 + months, MONTHS_PER_YEAR)
    last_day_of_month = monthrange(year, month_index + 1)[1]
    return date(year, month_index + 1, min(day.day, last_day_of_month))


def add_years(day: date, years: int) -> date:
    """Return the same day of the year, `years` later; 29 February becomes 28 in a common year."""
    return add_months(day, years * MONTHS_PER_YEAR)
