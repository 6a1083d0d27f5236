"""Rest: when all is quiet nothing is parked, stuck, given up or waiting anywhere."""

from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.records import Evidence


def check(evidence: Evidence, docket: Docket) -> None:
    """Judge what services still hold after quiet."""
    for left in evidence.leftovers:
        text = f"{left.count} {left.what}" + (
            f", among them {left.example}" if left.example else ""
        )
        docket.holds("nothing left", left.service, left.count == 0, text)
