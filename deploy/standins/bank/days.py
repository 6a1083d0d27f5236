"""The days on which a bank executes payments; what is asked for another day waits for the next.

Not Saturdays, Sundays, public holidays, nor midsommarafton, julafton and nyårsafton.
"""

from datetime import date, timedelta
from functools import cache

import holidays

SATURDAY = 5


@cache
def _closed(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("SE", years=year, categories=("public", "de_facto")))


def executed_on(day: date) -> date:
    """The day itself, or the first banking day after it."""
    while day.weekday() >= SATURDAY or day in _closed(day.year):
        day += timedelta(days=1)
    return day
