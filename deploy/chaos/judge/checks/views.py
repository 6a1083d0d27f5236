"""Views: what invoicing, dunning and collections show of a claim follows from its life.

Where the life could be foretold it says whether the claim was handed over and is disputed; of the
others the services must at least agree. Whether Kronofogden pursues a claim, its register knows.
"""

from collections.abc import Sequence

from deploy.chaos.judge.checks.claims import Courses, charges_of
from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.records import ChargeRow, ClaimRow, Evidence, InvoiceRow


def check(evidence: Evidence, courses: Courses, docket: Docket) -> None:
    """Judge every service's view of every claim."""
    charges = charges_of(evidence)
    for row in evidence.claims.values():
        _foretold(evidence, row, courses, docket)
        reminder = _reminder(charges[row.claim_id])
        _collections(evidence, row, courses, docket)
        _dunning(evidence, row, reminder, docket)
        _invoicing(evidence, row, reminder, docket)


def _foretold(evidence: Evidence, row: ClaimRow, courses: Courses, docket: Docket) -> None:
    lawful = courses.get(row.claim_id)
    if not lawful:
        return
    about, has_case = f"claim {row.claim_id}", row.claim_id in evidence.cases
    known = row.disputed in {course.disputed for course in lawful}
    text = "held, and nobody objects" if row.disputed else "an objection was not heard"
    docket.holds("objection known", about, known, text)
    known = has_case in {course.handed_over for course in lawful}
    text = "a case nobody asked for" if has_case else "handed over, and there is no case"
    docket.holds("case of a hand-over", about, known, text)


def _collections(evidence: Evidence, row: ClaimRow, courses: Courses, docket: Docket) -> None:
    """A case is open until nothing is owed, the debtor was found right, or Kronofogden ends it."""
    case = evidence.cases.get(row.claim_id)
    if case is None:
        return
    upheld = any(course.upheld for course in courses.get(row.claim_id) or ())
    register = evidence.kronofogden.get(case.reference)
    must = row.remaining_ore > 0 and not upheld and (register is None or register.open)
    docket.same("collections' view", f"claim {row.claim_id}", must, case.open, "open")


def _dunning(evidence: Evidence, row: ClaimRow, reminder: str, docket: Docket) -> None:
    about = f"claim {row.claim_id}"
    ladder = evidence.ladders.get(row.claim_id)
    if ladder is None:
        docket.fault("dunning's view", about, "dunning does not know it")
        return
    must = (row.remaining_ore == 0, row.disputed, row.claim_id in evidence.cases, reminder)
    seen = (ladder.settled, ladder.disputed, ladder.in_collection, ladder.reminder)
    docket.same("dunning's view", about, must, seen, "settled, disputed, in collection, reminder")


def _invoicing(evidence: Evidence, row: ClaimRow, reminder: str, docket: Docket) -> None:
    invoice, issued = evidence.invoices.get(row.claim_id), evidence.issued.get(row.claim_id)
    if invoice is None or issued is None:
        return
    case = evidence.cases.get(row.claim_id)
    register = evidence.kronofogden.get(case.reference) if case is not None else None
    must = {
        "remaining": row.remaining_ore,
        "settled": row.remaining_ore == 0,
        "disputed": row.disputed,
        "reminded": reminder == "charged",
        "sent": issued.email is not None,
        "in collection": case is not None and case.open,
        "filed": register is not None and register.open,
    }
    docket.same("invoicing's view", f"claim {row.claim_id}", must, _shown(invoice))


def _shown(invoice: InvoiceRow) -> dict[str, object]:
    return {
        "remaining": invoice.remaining_ore,
        "settled": invoice.settled,
        "disputed": invoice.disputed,
        "reminded": invoice.reminded,
        "sent": invoice.sent,
        "in collection": invoice.in_collection,
        "filed": invoice.filed,
    }


def _reminder(charges: Sequence[ChargeRow]) -> str:
    """What became of the one reminder: none, charged or reversed."""
    stands = [charge.stands for charge in charges if charge.kind == "reminder"]
    if not stands:
        return "none"
    return "charged" if any(stands) else "reversed"
