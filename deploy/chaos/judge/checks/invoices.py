"""Invoices: every accepted command became one, none came from nowhere, numbers have no gap.

So with companies, customers and articles. Each thing is said once, and told once in a timeline.
"""

from collections import Counter, defaultdict
from itertools import pairwise

from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.records import Company, Evidence

FIRST_NUMBER = 1
"""Of a company that does not ask for another."""
CHOICES = (
    "reminders",
    "reminder_days",
    "automatic_collection",
    "collection_after_days",
    "automatic_filing",
    "enforces",
    "payout_account",
)
TOLD = (
    *("sent", "paid", "credited", "disputed", "dispute_settled", "charge_reversed"),
    *("reminder_charged", "demand_charged", "filing_charged", "enforcement_charged"),
    *("case_opened", "case_closed", "case_filed", "case_withdrawn"),
)
"""Lines of a timeline that can be counted from what others have on their books."""


def check(evidence: Evidence, docket: Docket) -> None:
    """Judge issued invoices and number series."""
    credited = {note.claim_id for note in evidence.notes}
    for issued in evidence.issued.values():
        docket.seen["invoices issued"] += 1
        about = f"invoice {issued.claim_id}"
        row = evidence.invoices.get(issued.claim_id)
        if row is None:
            docket.fault("invoice lost", about, f"number {issued.number} was promised and is gone")
            continue
        promised = (issued.creditor_id, issued.number, issued.ocr, issued.total_ore, issued.due_on)
        kept = (row.creditor_id, row.number, row.ocr, row.total_ore, row.due_on)
        docket.same("invoice as promised", about, promised, kept)
        docket.same("invoice total", about, issued.asked_ore, row.total_ore)
        noted = issued.claim_id in credited
        docket.same("credit note", about, noted, row.credited, "credited")
    for row in evidence.invoices.values():
        docket.holds(
            "invoice nobody asked for",
            f"invoice {row.claim_id}",
            row.claim_id in evidence.issued,
            f"number {row.number} of {row.creditor_id} was never commanded",
        )
    _nouns(evidence, docket)
    _numbers(evidence, docket)
    _credits(evidence, docket)
    _timelines(evidence, docket)
    for line in evidence.retold:
        docket.fault("told twice", "timeline", line)
    docket.checked["told twice"] += len(evidence.invoices)
    for again in evidence.said_again:
        docket.fault(
            "said twice", f"{again.service} {again.key}", f"{again.type} was said {again.count}×"
        )
    docket.checked["said twice"] += len(evidence.claims)


def _nouns(evidence: Evidence, docket: Docket) -> None:
    """What sellers registered is there, once, and nothing else; and their choices as made last."""
    for noun, must in evidence.commanded.items():
        found = evidence.kept.get(noun, ())
        lost, strange = sorted(must - {*found}), sorted({*found} - must)
        text = f"{len(lost)} lost, {len(strange)} that nobody asked for: {[*lost, *strange][:3]}"
        docket.holds("as registered", noun, not lost and not strange, text)
    for company in evidence.companies.values():
        held = evidence.settings.get(company.creditor_id, {})
        house = Company(company.creditor_id)
        chosen = {name: getattr(company, name) for name in CHOICES}
        kept = {name: held.get(name, getattr(house, name)) for name in CHOICES}
        docket.same("choices as made", f"creditor {company.creditor_id}", chosen, kept)


def _timelines(evidence: Evidence, docket: Docket) -> None:
    """What happened to an invoice is told in its timeline as often as it happened."""
    happened: dict[str, Counter[str]] = defaultdict(Counter)
    for delivery in evidence.deliveries:
        happened[delivery.claim_id]["sent"] += delivery.state == "accepted"
    for charge in evidence.charges:
        happened[charge.claim_id][f"{charge.kind}_charged"] += 1
        happened[charge.claim_id]["charge_reversed"] += not charge.stands
    for note in evidence.notes:
        happened[note.claim_id]["credited"] += 1
    for dispute in evidence.disputes:
        happened[dispute.claim_id]["disputed"] += 1
        happened[dispute.claim_id]["dispute_settled"] += dispute.settled
    for claim_id, count in evidence.met.items():
        happened[claim_id]["paid"] += count
    for case in evidence.cases.values():
        said = evidence.said.get(case.claim_id, {})
        for what in ("opened", "closed", "filed", "withdrawn"):
            happened[case.claim_id][f"case_{what}"] += said.get(f"collections.case.{what}.v1", 0)
    for claim_id in evidence.issued:
        told = Counter(evidence.told.get(claim_id, {}))
        told["paid"] += told.pop("part_paid", 0)
        must = {what: count for what, count in happened[claim_id].items() if count}
        found = {what: told[what] for what in {*TOLD, *must} if told[what]}
        docket.same("timeline", f"invoice {claim_id}", must, found)


def _numbers(evidence: Evidence, docket: Docket) -> None:
    series: dict[str, list[int]] = defaultdict(list)
    for row in evidence.invoices.values():
        series[row.creditor_id].append(row.number)
    for note in evidence.notes:
        series[note.creditor_id].append(note.number)
    for creditor_id, numbers in series.items():
        numbers.sort()
        about = f"creditor {creditor_id}"
        twice = sorted({a for a, b in pairwise(numbers) if a == b})
        docket.holds("number given twice", about, not twice, f"numbers {twice[:5]}")
        gaps = sorted(set(range(FIRST_NUMBER, numbers[-1] + 1)) - set(numbers))
        docket.holds("gap in numbers", about, not gaps, f"missing {gaps[:5]}")


def _credits(evidence: Evidence, docket: Docket) -> None:
    notes: dict[str, list[int]] = defaultdict(list)
    for note in evidence.notes:
        notes[note.claim_id].append(note.number)
    asked = {deed.claim_id: deed for deed in evidence.deeds if deed.kind == "credit"}
    for claim_id, deed in asked.items():
        docket.seen["credited"] += 1
        found = notes.pop(claim_id, [])
        must = [deed.number] if deed.number is not None else found[:1]
        docket.same("credit note", f"invoice {claim_id}", must, found, "notes")
        issued = evidence.issued.get(claim_id)
        if issued is not None:
            whole = [(issued.total_ore, deed.on)]
            told = [(n.credit_ore, n.on) for n in evidence.notes if n.claim_id == claim_id]
            docket.same("credit note", f"invoice {claim_id}", whole, told, "öre and day")
    for claim_id, found in notes.items():
        docket.fault("credit note", f"invoice {claim_id}", f"note {found} was never commanded")
