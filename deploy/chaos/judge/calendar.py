"""Swedish banking days and the days that follow from them, counted from the statutes.

Lag (1989:253) names the holidays, lag (1930:173) 2 § adds Saturdays and three eves and lets a
deadline on such a day be met on the next one. Easter by Gauss' rule as Meeus gives it.
"""

from datetime import date, timedelta
from functools import cache

DAY = timedelta(days=1)
POST_DAYS = 2
REMINDER_DAYS_TO_PAY = 8
GRACE_DAYS = 3


@cache
def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar."""
    golden, century, rest = year % 19, year // 100, year % 100
    skipped = century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15
    epact = skipped % 30
    epact -= (epact // 28) * (1 - (epact // 28) * (29 // (epact + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + epact + 2 - century + century // 4) % 7
    offset = epact - weekday
    month = 3 + (offset + 40) // 44
    assert rest < 100
    return date(year, month, offset + 28 - 31 * (month // 4))


@cache
def closed_days(year: int) -> frozenset[date]:
    """The weekday holidays and eves of a year; Saturdays and Sundays are closed anyway."""
    sunday = easter(year)
    fixed = [(1, 1), (1, 6), (5, 1), (6, 6), (12, 24), (12, 25), (12, 26), (12, 31)]
    midsummer = next(d for d in _days(date(year, 6, 20), 7) if d.weekday() == 5)
    moving = [sunday - 2 * DAY, sunday + DAY, sunday + 39 * DAY, midsummer - DAY]
    return frozenset([*(date(year, month, day) for month, day in fixed), *moving])


def _days(first: date, count: int) -> list[date]:
    return [first + n * DAY for n in range(count)]


def is_banking_day(day: date) -> bool:
    """Whether the banks are open."""
    return day.weekday() < 5 and day not in closed_days(day.year)


def forward(day: date) -> date:
    """The day, or the first banking day after it."""
    while not is_banking_day(day):
        day += DAY
    return day


def banking_days_after(day: date, count: int) -> date:
    """The banking day that is `count` banking days after a day."""
    for _ in range(count):
        day = forward(day + DAY)
    return day


def reminder_on(due_on: date, days: int = 5) -> date:
    """Due + 5 calendar days, at least 2 banking days after the day that was still in time."""
    return forward(max(due_on + days * DAY, banking_days_after(forward(due_on), 2)))


def reminder_pay_by(reminded_on: date) -> date:
    """Eight days after the reminder, on a banking day."""
    return forward(reminded_on + REMINDER_DAYS_TO_PAY * DAY)


def collection_on(pay_by: date, after_days: int) -> date:
    """When an unpaid reminder may be followed by collection: its payments must have shown."""
    return max(banking_days_after(forward(pay_by), 2), forward(pay_by + after_days * DAY))


def respond_by(sent_on: date, *, paper: bool = False) -> date:
    """The least time of a demand: eight days from sending, four banking days from receipt."""
    received_on = banking_days_after(sent_on, POST_DAYS) if paper else sent_on
    return forward(max(sent_on + 8 * DAY, banking_days_after(received_on, 4)))


def stated_between(demanded_on: date) -> tuple[date, date]:
    """The days that a demand may state: at least the law's, at most a few banking days more.

    More is what suits a letter by post that left a banking day later, and three days of grace.
    """
    by_post = respond_by(banking_days_after(demanded_on, 1), paper=True)
    return respond_by(demanded_on), banking_days_after(by_post, GRACE_DAYS)


def filing_on(stated: date, sent_on: date, *, paper: bool = False) -> date:
    """The first day for Kronofogden: two banking days after the demand's time has run out."""
    return banking_days_after(max(forward(stated), respond_by(sent_on, paper=paper)), 2)
