"""When a creditor is paid what has come in for him."""

from datetime import date

from law.banking_days import add_banking_days


def payout_on(today: date) -> date:
    """The banking day on which money booked today is paid out: the next one."""
    return add_banking_days(today, 1)
