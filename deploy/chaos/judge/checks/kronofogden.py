"""Kronofogden: every application and withdrawal once, none open there that is settled here."""

from collections import Counter

from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.records import Evidence

APPLICATION = "payment_order_application"
STILL_OPEN = ("filed", "confirmed", "served")


def check(evidence: Evidence, docket: Docket) -> None:
    """Judge messages and register against our cases and the ledger's charges."""
    applied: Counter[str] = Counter()
    withdrawn: Counter[str] = Counter()
    for message in evidence.messages:
        about = f"message {message.message_id}"
        docket.holds("message accepted", about, message.ok, f"{message.kind} was refused")
        text = "the same id came with other content"
        docket.holds("message the same", about, message.times_other_content == 0, text)
        docket.seen["messages sent again"] += message.times_received > 1
        applied[message.reference] += message.kind == APPLICATION and message.ok
        withdrawn[message.reference] += message.kind == "withdrawal" and message.ok
    charged = {c.claim_id for c in evidence.charges if c.kind == "filing" and c.stands}
    known = set()
    for case in evidence.cases.values():
        about = f"case {case.reference}"
        known.add(case.reference)
        filed = int(case.filed)
        docket.same("one application", about, filed, applied[case.reference], "applications")
        taken_back = int(case.withdrawn and case.filed)
        docket.same("one withdrawal", about, taken_back, withdrawn[case.reference], "withdrawals")
        docket.seen["applications"] += applied[case.reference]
        docket.seen["withdrawals"] += withdrawn[case.reference]
        if case.filed:
            text = "filed, and the costs were not charged"
            docket.holds("application charged", about, case.claim_id in charged, text)
        register = evidence.kronofogden.get(case.reference)
        claim = evidence.claims.get(case.claim_id)
        if register is not None and claim is not None and claim.remaining_ore == 0:
            still = register.state in STILL_OPEN
            docket.holds("settled, not pursued", about, not still, f"it is {register.state} there")
    for reference in evidence.kronofogden.keys() - known:
        docket.fault("application from nowhere", f"case {reference}", "we have no such case")
