"""Kronofogden: what was charged for was asked for there, once, and taken back once it was paid.

What must have been sent follows from the ledger's charges, which the claims' replayed lives have
judged, and from the day on which nothing was owed any more; never from what our services said.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from deploy.chaos.judge.checks.claims import Courses, charges_of
from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.expectation import Course
from deploy.chaos.judge.records import (
    ChargeRow,
    ClaimRow,
    Evidence,
    KronofogdenCase,
    Message,
)

APPLICATION, ENFORCEMENT = "payment_order_application", "enforcement_application"
STEP_OF = {APPLICATION: "filing", ENFORCEMENT: "enforcement"}
WITHDRAWAL, FILED = "withdrawal", "collections.case.filed.v1"
Sent = Mapping[str, list[Message]]
"""Accepted messages about one case, by kind."""


def check(evidence: Evidence, courses: Courses, docket: Docket) -> None:
    """Judge messages and register against the ledger's charges and the claims' lives."""
    accepted: dict[str, dict[str, list[Message]]] = defaultdict(lambda: defaultdict(list))
    for message in evidence.messages:
        _message(message, docket)
        if message.ok:
            accepted[message.reference][message.kind].append(message)
    text = f"{evidence.unreadable} were no messages at all"
    docket.holds("message readable", "Kronofogden", evidence.unreadable == 0, text)
    reference_of = {case.claim_id: case.reference for case in evidence.cases.values()}
    for reference in {*evidence.kronofogden, *accepted} - {*reference_of.values()}:
        docket.fault("application from nowhere", f"case {reference}", "we have no such case")
    charges = charges_of(evidence)
    for claim in evidence.claims.values():
        reference = reference_of.get(claim.claim_id, "")
        sent, register = accepted[reference], evidence.kronofogden.get(reference)
        lawful = courses.get(claim.claim_id, frozenset())
        _asked_for(sent, charges[claim.claim_id], f"claim {claim.claim_id}", docket)
        _amounts(sent, lawful, f"claim {claim.claim_id}", docket)
        _days_of(sent, charges[claim.claim_id], f"claim {claim.claim_id}", docket)
        _parties(sent, evidence, claim, docket)
        filed = evidence.said.get(claim.claim_id, {}).get(FILED, 0)
        about, applied = f"claim {claim.claim_id}", len(sent.get(APPLICATION, ()))
        docket.same("filing told once", about, applied, filed, "told")
        if register is not None:
            _ended(sent, register, claim, lawful, docket)


def _message(message: Message, docket: Docket) -> None:
    about = f"message {message.message_id}"
    docket.holds("message accepted", about, message.ok, f"{message.kind} was refused")
    text = "the same id came with other content"
    docket.holds("message the same", about, message.times_other_content == 0, text)
    docket.seen["messages sent again"] += message.times_received > 1


def _asked_for(sent: Sent, charges: Iterable[ChargeRow], about: str, docket: Docket) -> None:
    """What was charged and stands was asked for once; what was taken back, at most once."""
    stands: dict[str, bool] = {}
    for charge in charges:
        stands[charge.kind] = stands.get(charge.kind, False) or charge.stands
    for kind, step, name in (
        (APPLICATION, "filing", "application"),
        (ENFORCEMENT, "enforcement", "enforcement application"),
    ):
        found = len(sent.get(kind, ()))
        must = {True: (1,), False: (0, 1), None: (0,)}[stands.get(step)]
        was = {True: "charged", False: "charged and taken back", None: "never charged"}
        text = f"{step} {was[stands.get(step)]}, and {found} were sent"
        docket.holds(f"one {name}", about, found in must, text)
        docket.seen[f"{name}s"] += found


def _amounts(sent: Sent, lawful: Iterable[Course], about: str, docket: Docket) -> None:
    """Each application asks for what was owed on its day, part by part."""
    for kind, step in STEP_OF.items():
        owed = {course.of_step[step] for course in lawful if step in course.of_step}
        for application in sent.get(kind, ()) if owed else ():
            text = f"owed were {sorted(owed)} (capital, interest, costs), asked {application.asked}"
            docket.holds("application's amount", about, application.asked in owed, text)


def _days_of(sent: Sent, charges: Iterable[ChargeRow], about: str, docket: Docket) -> None:
    """Each application arrives on the day for which it was charged."""
    charged_on = {charge.kind: charge.on for charge in charges}
    for kind, step in STEP_OF.items():
        for application in sent.get(kind, ()) if step in charged_on else ():
            must = charged_on[step]
            docket.same("application's day", about, must, application.received_on, step)


def _parties(sent: Sent, evidence: Evidence, claim: ClaimRow, docket: Docket) -> None:
    """The seller applies, against the one who was invoiced."""
    issued = evidence.issued.get(claim.claim_id)
    company = evidence.companies.get(claim.creditor_id)
    if issued is None or company is None:
        return
    for application in sent.get(APPLICATION, ()):
        must = (company.organisation_number, (issued.identity_number,))
        found = (application.applicant, application.respondents)
        docket.same("application's parties", f"claim {claim.claim_id}", must, found)


def _ended(
    sent: Sent,
    register: KronofogdenCase,
    claim: ClaimRow,
    lawful: frozenset[Course],
    docket: Docket,
) -> None:
    """Withdrawn once, on the day it was paid, credited or given up; nothing decided after it."""
    about, withdrawals = f"case {register.reference}", list(sent.get(WITHDRAWAL, ()))
    over = claim.remaining_ore == 0 or any(course.upheld for course in lawful)
    theirs = not register.open and register.state != "withdrawn"
    must = int(over and not theirs)
    docket.same("one withdrawal", about, must, len(withdrawals), "withdrawals")
    docket.seen["withdrawals"] += len(withdrawals)
    docket.seen["decided"] += register.decided_on is not None
    docket.seen["contested there"] += register.contested_on is not None
    docket.seen["enforced"] += register.enforcement_on is not None
    if claim.remaining_ore:
        _pursued(register, claim, docket)
        return
    text = f"nothing is owed, and it is {register.state} there"
    docket.holds("settled, not pursued", about, not register.open, text)
    days = {course.settled_on for course in lawful}
    if not days:
        return
    late = [w.received_on for w in withdrawals if w.received_on not in days]
    text = f"settled {_days(days)}, withdrawn {_days(late)}"
    docket.holds("withdrawn at once", about, not late, text)
    last = max(day for day in days if day is not None)
    in_time = register.decided_on is None or register.decided_on <= last
    text = f"settled {_days(days)}, decided {register.decided_on}"
    docket.holds("not decided once paid", about, in_time, text)


def _pursued(register: KronofogdenCase, claim: ClaimRow, docket: Docket) -> None:
    """What Kronofogden pursues is what is owed, part by part."""
    if register.open:
        capital, interest = claim.open_ore["capital"], claim.open_ore["interest"]
        must = (capital, interest, claim.remaining_ore - capital - interest)
        found = (register.capital_ore, register.interest_ore, register.costs_ore)
        docket.same("pursued as owed", f"case {register.reference}", must, found)


def _days(days: Iterable[object]) -> str:
    return " or ".join(sorted(map(str, days)))
