"""Invoices: every accepted command became one, none came from nowhere, numbers have no gap."""

from collections import defaultdict
from itertools import pairwise

from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.records import Evidence

FIRST_NUMBER = 1
"""Of a company that does not ask for another."""


def check(evidence: Evidence, docket: Docket) -> None:
    """Judge issued invoices and number series."""
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
    for row in evidence.invoices.values():
        docket.holds(
            "invoice nobody asked for",
            f"invoice {row.claim_id}",
            row.claim_id in evidence.issued,
            f"number {row.number} of {row.creditor_id} was never commanded",
        )
    _numbers(evidence, docket)
    _credits(evidence, docket)
    for line in evidence.retold:
        docket.fault("told twice", "timeline", line)
    docket.checked["told twice"] += len(evidence.invoices)
    for again in evidence.said_again:
        docket.fault(
            "said twice", f"{again.service} {again.key}", f"{again.type} was said {again.count}×"
        )
    docket.checked["said twice"] += len(evidence.claims)


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
        row = evidence.invoices.get(claim_id)
        if row is not None:
            docket.same("credit note", f"invoice {claim_id}", True, row.credited, "credited")
    for claim_id, found in notes.items():
        docket.fault("credit note", f"invoice {claim_id}", f"note {found} was never commanded")
