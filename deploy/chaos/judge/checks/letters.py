"""Letters: each invoice and charge has one, taken once by the mail server or shown as doubtful."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.records import ChargeRow, DeliveryRow, Evidence, Issued

TAKEN = "accepted"
OF_CHARGES = ("reminder", "demand")


def check(evidence: Evidence, docket: Docket) -> None:
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
    _mails(evidence, docket)


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


def _mails(evidence: Evidence, docket: Docket) -> None:
    taken: dict[str, list[str]] = defaultdict(list)
    for mail in evidence.mails:
        taken[delivery_of(mail.message_id)].append(mail.to)
    for delivery in evidence.deliveries:
        about = f"letter {delivery.delivery_id}"
        addresses = taken.pop(delivery.delivery_id, [])
        times = len(addresses)
        if delivery.state == TAKEN:
            docket.seen["letters taken"] += 1
            docket.holds("letter taken", about, times >= 1, "called sent, and no server has it")
        else:
            text = f"called {delivery.state} without doubt, and the server took it {times}×"
            docket.holds("letter taken", about, times == 0 or delivery.doubtful, text)
        issued = evidence.issued.get(delivery.claim_id)
        if issued is not None:
            wrong = sorted({to for to in addresses if to != issued.email})
            docket.holds("letter to its debtor", about, not wrong, f"went to {len(wrong)} others")
        if times > 1:
            docket.seen["taken twice, doubt shown"] += delivery.doubtful
            text = f"taken {times}×, and nobody is told of the doubt"
            docket.holds("doubt shown", about, delivery.doubtful, text)
        docket.seen["doubtful letters"] += delivery.doubtful
    for name in taken:
        docket.fault("letter from nowhere", f"letter {name}", "taken, and in nobody's book")


def delivery_of(message_id: str) -> str:
    """The delivery that a Message-ID names: what stands before the @, as a plain UUID."""
    name = message_id.strip().strip("<>").partition("@")[0].lower()
    plain = name.replace("-", "")
    if len(plain) == 32:
        return f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"
    return name
