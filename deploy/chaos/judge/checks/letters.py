"""Letters: each invoice and charge has one, taken once by the mail server or shown as doubtful.

What a letter asks for is read in the message that the server took: it must be what was owed.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from deploy.chaos.judge.checks.claims import Courses
from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.records import ChargeRow, DeliveryRow, Evidence, Issued, Mail, Ore

TAKEN = "accepted"
OF_CHARGES = ("reminder", "demand")
KRONOR = re.compile(r"(\d[\d\s]*),(\d\d)\s*kr")
"""An amount as Swedes write it; thousands are parted by some kind of blank."""

MONTHS = (
    *("januari", "februari", "mars", "april", "maj", "juni", "juli"),
    *("augusti", "september", "oktober", "november", "december"),
)
Charged = Mapping[tuple[str, str, int], ChargeRow]
"""Charges by claim, kind and ordinal."""


def check(evidence: Evidence, courses: Courses, docket: Docket) -> None:
    """Judge deliveries against what asked for them, and against the mail server's own list."""
    of_claim: dict[str, list[DeliveryRow]] = defaultdict(list)
    for delivery in evidence.deliveries:
        of_claim[delivery.claim_id].append(delivery)
    charged = {(c.claim_id, c.kind, c.ordinal): c for c in evidence.charges}
    credited = {deed.claim_id for deed in evidence.deeds if deed.kind == "credit"}
    for issued in evidence.issued.values():
        about, ours = f"claim {issued.claim_id}", of_claim[issued.claim_id]
        letters = Counter((d.letter, d.ordinal) for d in ours)
        docket.same("one invoice letter", about, 1, letters["invoice", 1])
        notes = int(issued.claim_id in credited)
        docket.same("letter of a credit", about, notes, letters["credit_note", 1])
        twice = sorted(name for name, count in letters.items() if count > 1)
        docket.holds("letter once", about, not twice, f"more than one of {twice}")
        reminders = sum(d.state == TAKEN and d.letter == "reminder" for d in ours)
        docket.holds("one reminder at most", about, reminders <= 1, f"{reminders} were sent")
        docket.seen["reminders sent"] += reminders
        docket.seen["demands sent"] += any(d.state == TAKEN and d.letter == "demand" for d in ours)
        for delivery in ours:
            charge = charged.get((delivery.claim_id, delivery.letter, delivery.ordinal))
            _state(delivery, issued, charge, ours, docket)
    for claim_id, kind, ordinal in charged:
        if kind in OF_CHARGES:
            found = any((d.letter, d.ordinal) == (kind, ordinal) for d in of_claim[claim_id])
            docket.holds("letter of a charge", f"claim {claim_id}", found, f"no {kind} letter")
    for delivery in evidence.deliveries:
        if delivery.letter in OF_CHARGES:
            docket.holds(
                "letter of a charge",
                f"claim {delivery.claim_id}",
                (delivery.claim_id, delivery.letter, delivery.ordinal) in charged,
                f"a {delivery.letter} for which nothing was charged",
            )
    _mails(evidence, courses, charged, docket)


def _state(
    delivery: DeliveryRow,
    issued: Issued,
    charge: ChargeRow | None,
    beside: Iterable[DeliveryRow],
    docket: Docket,
) -> None:
    """A letter left, unless it has no address or what it told of was taken back before."""
    lawful = {TAKEN} if issued.email is not None else {"failed"}
    if charge is not None and not charge.stands:
        lawful |= {"withdrawn", "stale"}
    if any(d.letter == delivery.letter and d.ordinal > delivery.ordinal for d in beside):
        lawful.add("stale")
    text = f"{delivery.letter} is {delivery.state}, must be {' or '.join(sorted(lawful))}"
    docket.holds("letter left", f"claim {issued.claim_id}", delivery.state in lawful, text)


def _mails(evidence: Evidence, courses: Courses, charged: Charged, docket: Docket) -> None:
    taken: dict[str, list[Mail]] = defaultdict(list)
    for mail in evidence.mails:
        taken[delivery_of(mail.message_id)].append(mail)
    for delivery in evidence.deliveries:
        about = f"letter {delivery.delivery_id}"
        mails = taken.pop(delivery.delivery_id, [])
        times = len(mails)
        if delivery.state == TAKEN:
            docket.seen["letters taken"] += 1
            docket.holds("letter taken", about, times >= 1, "called sent, and no server has it")
        else:
            text = f"called {delivery.state} without doubt, and the server took it {times}×"
            docket.holds("letter taken", about, times == 0 or delivery.doubtful, text)
        issued = evidence.issued.get(delivery.claim_id)
        if issued is not None:
            wrong = sorted({mail.to for mail in mails if mail.to != issued.email})
            docket.holds("letter to its debtor", about, not wrong, f"went to {len(wrong)} others")
            must = _told(delivery, issued, evidence, courses)
            must_day = _day_told(delivery, issued, charged)
            for mail in mails:
                found = {*_amounts(mail.text), *re.findall(r"\d+", mail.text)}
                holds = not must or any(found >= set(each) for each in must)
                text = f"{delivery.letter} must tell {must} and {must_day}"
                holds = holds and must_day in " ".join(mail.text.split()).lower()
                docket.holds("what a letter says", about, holds, text)
        if times > 1:
            docket.seen["taken twice, doubt shown"] += delivery.doubtful
            text = f"taken {times}×, and nobody is told of the doubt"
            docket.holds("doubt shown", about, delivery.doubtful, text)
        docket.seen["doubtful letters"] += delivery.doubtful
    for name in taken:
        docket.fault("letter from nowhere", f"letter {name}", "taken, and in nobody's book")


def _told(
    delivery: DeliveryRow, issued: Issued, evidence: Evidence, courses: Courses
) -> list[tuple[Ore | str, ...]]:
    """What a letter must tell: öre, and the number to pay or to look up; any of several.

    Nothing where the claim was not foretold.
    """
    match delivery.letter:
        case "invoice":
            return [(issued.total_ore, issued.ocr)]
        case "credit_note":
            notes = (note for note in evidence.notes if note.claim_id == issued.claim_id)
            return [(issued.total_ore, str(note.number)) for note in notes]
        case _:
            lawful = courses.get(issued.claim_id) or ()
            asked = (course.of_step.get(delivery.letter) for course in lawful)
            return sorted({(sum(parts), issued.ocr) for parts in asked if parts})


def _day_told(delivery: DeliveryRow, issued: Issued, charged: Charged) -> str:
    """The day that a letter must name, as Swedes write it."""
    charge = charged.get((delivery.claim_id, delivery.letter, delivery.ordinal))
    on = charge.pay_by if charge is not None else issued.due_on
    if delivery.letter == "credit_note":
        on = issued.issued_on
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}" if on is not None else ""


def _amounts(text: str) -> set[Ore]:
    """Every amount of kronor in a text, in öre."""
    found = KRONOR.findall(text)
    return {int("".join(whole.split())) * 100 + int(ore) for whole, ore in found}


def delivery_of(message_id: str) -> str:
    """The delivery that a Message-ID names: what stands before the @, as a plain UUID."""
    name = message_id.strip().strip("<>").partition("@")[0].lower()
    plain = name.replace("-", "")
    if len(plain) == 32:
        return f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"
    return name
