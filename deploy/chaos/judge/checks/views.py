"""Views: what invoicing, dunning and collections show of a claim follows from its life.

Where the life could be foretold it says whether the claim was handed over and is disputed; of the
others the services must at least agree. Whether Kronofogden pursues a claim, its register knows.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

from deploy.chaos.judge.checks.claims import Courses, charges_of
from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.records import ChargeRow, ClaimRow, Evidence, InvoiceRow

OPENED, CLOSED = "collections.case.opened.v1", "collections.case.closed.v1"
STAGE_AT = {"withdrawn": "closed", "settled": "closed"}
"""How our stage is called where Kronofogden's register has another word."""
PROPOSED, HANDED_OVER = "dunning.collection.proposed.v1", "invoicing.claim.handed_over.v1"


def check(evidence: Evidence, courses: Courses, docket: Docket) -> None:
    """Judge every service's view of every claim."""
    charges = charges_of(evidence)
    _objections(evidence, docket)
    standing = Counter(each.claim_id for each in evidence.disputes if not each.settled)
    asked = Counter(deed.claim_id for deed in evidence.deeds if deed.kind == "hand_over")
    for row in evidence.claims.values():
        _foretold(evidence, row, courses, docket)
        reminder = _reminder(charges[row.claim_id])
        open_ones = standing[row.claim_id]
        about = f"claim {row.claim_id}"
        docket.same("objection in both books", about, int(row.disputed), open_ones, "open")
        _in_turn(evidence, row, asked[row.claim_id], docket)
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


def _objections(evidence: Evidence, docket: Docket) -> None:
    """Each objection was made that day, to us or at Kronofogden."""
    made: dict[str, set[date | None]] = defaultdict(set)
    for deed in evidence.deeds:
        if deed.kind == "object":
            made[deed.claim_id].add(deed.on)
    for case in evidence.cases.values():
        if case.reference in evidence.kronofogden:
            made[case.claim_id].add(evidence.kronofogden[case.reference].contested_on)
    for dispute in evidence.disputes:
        known = dispute.objected_on in made[dispute.claim_id]
        text = f"made on {dispute.objected_on}, which nobody did"
        docket.holds("objection as made", f"claim {dispute.claim_id}", known, text)


def _in_turn(evidence: Evidence, row: ClaimRow, asked: int, docket: Docket) -> None:
    """A case opens for a hand-over and closes before the next; somebody wanted each hand-over."""
    said, case = evidence.said.get(row.claim_id, {}), evidence.cases.get(row.claim_id)
    about = f"claim {row.claim_id}"
    opened, closed = said.get(OPENED, 0), said.get(CLOSED, 0)
    is_open = int(case is not None and case.open)
    docket.same("said in turn", about, is_open, opened - closed, "cases opened and not closed")
    asked += said.get(PROPOSED, 0)
    handed = said.get(HANDED_OVER, 0)
    text = f"{asked}× asked for, handed over {handed}×, opened {opened}×"
    docket.holds("said in turn", about, opened <= handed <= asked, text)


def _collections(evidence: Evidence, row: ClaimRow, courses: Courses, docket: Docket) -> None:
    """A case is open until nothing is owed, the debtor was found right, or Kronofogden ends it."""
    case = evidence.cases.get(row.claim_id)
    if case is None:
        return
    upheld = any(course.upheld for course in courses.get(row.claim_id) or ())
    register = evidence.kronofogden.get(case.reference)
    must = row.remaining_ore > 0 and not upheld and (register is None or register.open)
    docket.same("collections' view", f"claim {row.claim_id}", must, case.open, "open")
    if register is not None:
        stage = STAGE_AT.get(register.state, register.state)
        docket.same("collections' view", f"claim {row.claim_id}", stage, case.stage, "stage")


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
