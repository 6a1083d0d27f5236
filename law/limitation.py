"""Limitation (*preskription*): how long a claim lives, preskriptionslagen (1981:130).

Wording through SFS 2022:976. A claim against a consumer, for goods or services supplied by a
business mainly for private use, lives three years from the day it arose; every other claim ten
(2 §). An interruption starts a new period of the same length. The period's last day is the same
calendar day, and the claim can still be demanded on it; from the day after it is barred, and so are
its interest and costs (8 §). An extension for a last day that is a holiday is never assumed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts.terms import DebtorKind
from law.periods import add_years

# Preskriptionslagen (1981:130) 2 § 1 and 2 st., wording through SFS 2022:976.
YEARS_AGAINST_A_CONSUMER = 3
YEARS_AGAINST_OTHERS = 10
# 7 §: a proceeding that ended without the debtor's knowledge leaves at least a year, once.
YEARS_AFTER_AN_UNNOTIFIED_PROCEEDING = 1


class InterruptionKind(StrEnum):
    """What interrupts limitation, preskriptionslagen 5 §."""

    ACKNOWLEDGED = "acknowledged"  # 5 § 1: promise, payment of interest or part, or other words
    DEMAND_RECEIVED = "demand_received"  # 5 § 2: a written demand or reminder *reached* the debtor
    PROCEEDING = "proceeding"  # 5 § 3: court, Kronofogden, arbitration, bankruptcy


@dataclass(frozen=True, slots=True)
class Interruption:
    """An event that may interrupt limitation.

    `on` is the day of the acknowledgement, of receipt, or of the start of the proceeding.
    `ended_on` is the day of the decision or of another end of the proceeding, None while it is
    pending.
    """

    kind: InterruptionKind
    on: date
    ended_on: date | None = None
    debtor_notified: bool = True


def limitation_years(debtor: DebtorKind, *, for_private_use: bool = True) -> int:
    """Return the length of the period (2 §): three years for a consumer's purchase, else ten."""
    if debtor is DebtorKind.CONSUMER and for_private_use:
        return YEARS_AGAINST_A_CONSUMER
    return YEARS_AGAINST_OTHERS


def last_day(arose_on: date, years: int, interruptions: Iterable[Interruption] = ()) -> date | None:
    """Return the last day on which the claim is not barred; None while a proceeding is pending.

    A new period runs from the interruption (6 §), or from the end of a proceeding (7 §). An event
    after the claim was barred changes nothing.
    """
    last = add_years(arose_on, years)
    grace_used = False
    for event in sorted(interruptions, key=lambda event: event.on):
        if event.on > last:
            break
        if event.kind is not InterruptionKind.PROCEEDING:
            last = max(last, add_years(event.on, years))
        elif event.ended_on is None:
            return None
        elif event.debtor_notified:
            last = max(last, add_years(event.ended_on, years))
        elif not grace_used:
            last = max(last, add_years(event.ended_on, YEARS_AFTER_AN_UNNOTIFIED_PROCEEDING))
            grace_used = True
    return last


def is_barred(last: date | None, today: date) -> bool:
    """Tell whether the claim is barred today, given what `last_day` returned."""
    return last is not None and today > last
