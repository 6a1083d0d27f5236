"""When the one reminder (*betalningspåminnelse*) goes out, and when it asks to be paid.

No statute sets these days. Default: five calendar days after the due date, but never before two
banking days have passed since the last day on which payment was in time (the bank's file needs one,
one is spare), and sent on a banking day. What the reminder may cost is lag (1981:739), see
`law.costs`.
"""

from datetime import date, timedelta

from law.banking_days import add_banking_days, effective_due_on, roll_forward

DAYS_FROM_DUE_DATE_TO_REMINDER = 5
BANKING_DAYS_FOR_THE_PAYMENT_TO_SHOW = 2
DAYS_TO_PAY_A_REMINDER = 8
LEAST_DAYS_TO_PAY_A_REMINDER = 5


def reminder_on(due_on: date, *, days_after: int = DAYS_FROM_DUE_DATE_TO_REMINDER) -> date:
    """Return the banking day on which the reminder is sent."""
    payment_shows_on = add_banking_days(
        effective_due_on(due_on), BANKING_DAYS_FOR_THE_PAYMENT_TO_SHOW
    )
    return roll_forward(max(due_on + timedelta(days=days_after), payment_shows_on))


def reminder_pay_by(reminded_on: date, *, days_to_pay: int = DAYS_TO_PAY_A_REMINDER) -> date:
    """Return the day a reminder asks to be paid by: eight days later, on a banking day."""
    return roll_forward(reminded_on + timedelta(days=days_to_pay))


def leaves_time_to_pay(pay_by: date, sent_on: date) -> bool:
    """Tell whether a reminder sent on `sent_on` leaves time to pay by the day it states."""
    return pay_by >= sent_on + timedelta(days=LEAST_DAYS_TO_PAY_A_REMINDER)


def reminder_ran_out_on(pay_by: date, sent_on: date) -> date:
    """Return the day a reminder's time is out: the day it states, or eight days from sending.

    The later of the two, so that a letter that was late costs its reader nothing.
    """
    return max(pay_by, reminder_pay_by(sent_on))


def reminder_date_has_passed_on(pay_by: date) -> date:
    """Return the first day on which a payment made by `pay_by` must have shown.

    From that day collection may be proposed.
    """
    return add_banking_days(effective_due_on(pay_by), BANKING_DAYS_FOR_THE_PAYMENT_TO_SHOW)
