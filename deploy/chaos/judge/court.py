"""The judgement: all checks over one run's evidence, and enough of every outcome to mean something.

A run in which nothing happened proves nothing, so each outcome has a least count. A claim that the
judge cannot foretell is judged by its invariants alone; only a small part may be such.
"""

from collections.abc import Mapping

from deploy.chaos.judge.checks import (
    claims,
    invoices,
    kronofogden,
    ledger,
    letters,
    payouts,
    rest,
    views,
)
from deploy.chaos.judge.docket import Docket, Verdict
from deploy.chaos.judge.records import Evidence

LEAST_SHARE_FORETOLD = 98
"""Percent of claims whose end the judge must be able to foretell exactly."""


def judge(evidence: Evidence, least: Mapping[str, int]) -> Verdict:
    """Judge a run; `least` names outcomes that must have been met so many times."""
    docket = Docket()
    fates = claims.foretold(evidence)
    courses = claims.courses(evidence, fates)
    for check in (invoices, ledger, payouts, rest):
        check.check(evidence, docket)
    letters.check(evidence, courses, docket)
    claims.check(evidence, fates, docket)
    views.check(evidence, courses, docket)
    kronofogden.check(evidence, courses, docket)
    foretold, rest_of_them = docket.seen["foretold"], docket.seen["not foretold"]
    enough = 100 * foretold >= LEAST_SHARE_FORETOLD * (foretold + rest_of_them)
    text = f"only {foretold} of {foretold + rest_of_them} claims could be foretold"
    docket.holds("foretold enough", "claims", enough, text)
    for outcome, count in least.items():
        text = f"{docket.seen[outcome]} × {outcome}, at least {count} are needed"
        docket.holds("enough happened", outcome, docket.seen[outcome] >= count, text)
    return Verdict(
        dict(docket.checked), dict(docket.seen), tuple(docket.faults), dict(docket.kinds)
    )
