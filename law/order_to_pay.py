"""An order to pay at Kronofogden (*betalningsföreläggande*), lag (1990:746), "BfL".

Wording through SFS 2018:501 and 2020:924. Here are the conditions for an application and the days
that follow from what Kronofogden tells us; a day stated in its own message always wins. What it
costs is in `law.costs`, when a demand has run out in `law.demand`.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from law.banking_days import add_banking_days, effective_due_on, roll_forward
from law.periods import add_months

# BfL 25 §: at most two weeks from service without special reasons; Kronofogden normally sets ten
# days.
DAYS_TO_ANSWER = 10
MOST_DAYS_TO_ANSWER = 14
# BfL 34 §: four weeks to ask for hand-over to the district court. Trade practice; section not read.
DAYS_TO_ANSWER_A_CONTEST = 28
# BfL 53 §: the respondent may ask for recovery (återvinning) within one month. Section not read.
MONTHS_TO_RECOVERY = 1
# House rules, no statute: when a silent case should have been decided, and how long a settled claim
# may stand open at Kronofogden.
BANKING_DAYS_FROM_ANSWER_TO_DECISION = 5
BANKING_DAYS_TO_WITHDRAW = 1


class FilingBar(StrEnum):
    """What forbids an application."""

    SETTLED = "settled"  # nothing is left to claim
    NOT_DUE = "not_due"  # BfL 2 §
    NO_DEMAND = "no_demand"  # inkassolagen (1974:182) 6 §: no demand was sent
    TOO_EARLY = "too_early"  # inkassolagen 6 §: its time has not run out
    DISPUTED = "disputed"  # contested on the merits: court, not this procedure; house rule
    BARRED = "barred"  # preskriptionslagen (1981:130) 8 §
    INSOLVENCY = "insolvency"  # bankruptcy, reorganisation, debt restructuring


@dataclass(frozen=True, slots=True)
class FilingFacts:
    """What is known of a case; `earliest_filing_on` is `law.demand.earliest_filing_on`, or None."""

    unpaid_ore: int
    due_on: date
    earliest_filing_on: date | None
    disputed: bool = False
    barred: bool = False
    insolvency: bool = False


def bars_to_filing(facts: FilingFacts, today: date) -> tuple[FilingBar, ...]:
    """Return every reason why no application may be filed today; none means that it may."""
    filing_on = facts.earliest_filing_on
    conditions = {
        FilingBar.SETTLED: facts.unpaid_ore <= 0,
        FilingBar.NOT_DUE: today <= effective_due_on(facts.due_on),
        FilingBar.NO_DEMAND: filing_on is None,
        FilingBar.TOO_EARLY: filing_on is not None and today < filing_on,
        FilingBar.DISPUTED: facts.disputed,
        FilingBar.BARRED: facts.barred,
        FilingBar.INSOLVENCY: facts.insolvency,
    }
    return tuple(bar for bar, holds in conditions.items() if holds)


def answer_by(served_on: date) -> date:
    """Return the usual last day for the respondent to answer, ten days from service."""
    return served_on + timedelta(days=DAYS_TO_ANSWER)


def decision_expected_by(answer_by_on: date) -> date:
    """Return the day by which a case that nobody answered should have been decided."""
    return add_banking_days(roll_forward(answer_by_on), BANKING_DAYS_FROM_ANSWER_TO_DECISION)


def contest_reply_by(contested_on: date) -> date:
    """Return the last day to ask for hand-over to the district court after a contest."""
    return contested_on + timedelta(days=DAYS_TO_ANSWER_A_CONTEST)


def recovery_until(decided_on: date) -> date:
    """Return the last day on which the respondent may ask for recovery (*återvinning*)."""
    return roll_forward(add_months(decided_on, MONTHS_TO_RECOVERY))


def withdraw_by(settled_on: date) -> date:
    """Return the banking day after which a settled claim must not stand open at Kronofogden."""
    return add_banking_days(settled_on, BANKING_DAYS_TO_WITHDRAW)
