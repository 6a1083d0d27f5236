"""An order to pay at Kronofogden (*betalningsföreläggande*), lag (1990:746), "BfL".

The day that follows from what is heard of a case there; every other day is stated in Kronofogden's
own message. When a demand has run out is in `law.demand`, what an application costs in `law.costs`,
and whether one may be made the ledger decides with all that it has heard (ADR-0002).
"""

from datetime import date

from law.banking_days import add_banking_days

# House rule, no statute: how long a settled claim may stand open at Kronofogden.
BANKING_DAYS_TO_WITHDRAW = 1


def withdraw_by(settled_on: date) -> date:
    """Return the banking day after which a settled claim must not stand open at Kronofogden."""
    return add_banking_days(settled_on, BANKING_DAYS_TO_WITHDRAW)
