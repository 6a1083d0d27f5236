"""Claims: each stands as its life must have left it, and every service tells the same of it."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.expectation import End, Expected, Story, foretell
from deploy.chaos.judge.records import (
    ChargeRow,
    ClaimRow,
    Company,
    Deed,
    Deposit,
    Evidence,
    InvoiceRow,
)

UNNAMED = 5
"""Lawful ends written out in a fault."""


def check(evidence: Evidence, docket: Docket) -> None:
    """Judge every claim against its replayed life, then the services against each other."""
    charges: dict[str, list[ChargeRow]] = defaultdict(list)
    for charge in evidence.charges:
        charges[charge.claim_id].append(charge)
    stories = tell(evidence)
    for claim_id, issued in evidence.issued.items():
        about = f"claim {claim_id}"
        row = evidence.claims.get(claim_id)
        if row is None:
            docket.fault("claim lost", about, f"invoice {issued.number} has no claim")
            continue
        docket.checked["claim lost"] += 1
        _once(charges[claim_id], about, docket)
        _foretold(foretell(stories[claim_id], evidence.days), row, charges[claim_id], docket)
        _tally(row, charges[claim_id], docket)
    for claim_id in evidence.claims.keys() - evidence.issued.keys():
        docket.fault("claim from nowhere", f"claim {claim_id}", "no invoice stands for it")
    docket.checked["claim from nowhere"] += len(evidence.claims)
    for row in evidence.claims.values():
        _views(evidence, row, charges[row.claim_id], docket)


def tell(evidence: Evidence) -> dict[str, Story]:
    """The story of every issued invoice: what was paid on it and what was done about it."""
    paid_to: dict[str, list[Deposit]] = defaultdict(list)
    for deposit in evidence.deposits:
        if claim_id := named(evidence, deposit):
            paid_to[claim_id].append(deposit)
    deeds: dict[str, list[Deed]] = defaultdict(list)
    by_payment = {row.payment_id: row.bank_reference for row in evidence.payments}
    by_reference = {deposit.bank_reference: deposit for deposit in evidence.deposits}
    for deed in evidence.deeds:
        if deed.kind != "allocate":
            deeds[deed.claim_id].append(deed)
        elif moved := by_reference.get(by_payment.get(deed.payment_id or "", "")):
            paid_to[deed.claim_id].append(replace(moved, told_on=deed.on))
    stated = {
        charge.claim_id: charge.pay_by for charge in evidence.charges if charge.kind == "demand"
    }
    decided = {
        case.claim_id: evidence.kronofogden[case.reference].decided_on
        for case in evidence.cases.values()
        if case.reference in evidence.kronofogden
    }
    unknown = Company("unknown", changed=True)
    return {
        claim_id: Story(
            issued,
            evidence.companies.get(issued.creditor_id, unknown),
            paid_to[claim_id],
            deeds[claim_id],
            stated.get(claim_id),
            decided.get(claim_id),
        )
        for claim_id, issued in evidence.issued.items()
    }


def named(evidence: Evidence, deposit: Deposit) -> str | None:
    """The one claim that a payment names: by its reference, or by a number within its text."""
    claims = evidence.claim_of_ocr
    found = {claims[word] for word in re.findall(r"\d+", deposit.reference) if word in claims}
    return found.pop() if len(found) == 1 else None


def _once(charges: Iterable[ChargeRow], about: str, docket: Docket) -> None:
    kinds: dict[str, int] = defaultdict(int)
    for charge in charges:
        if charge.fee_ore or charge.kind == "reminder":
            kinds[charge.kind] += 1
    twice = sorted(kind for kind, count in kinds.items() if count > 1)
    docket.holds("charged once", about, not twice, f"charged more than once: {twice}")


def _foretold(expected: Expected, row: ClaimRow, charges: list[ChargeRow], docket: Docket) -> None:
    docket.seen["foretold" if expected.firm else "not foretold"] += 1
    if not expected.firm:
        return
    is_open = sorted((name, ore) for name, ore in row.open_ore.items() if ore)
    found = End(
        tuple(is_open),
        row.overpaid_ore,
        tuple(sorted((c.kind, c.stands, c.on, c.fee_ore) for c in charges)),
    )
    if len(expected.ends) > 1:
        docket.seen["two lawful ends"] += 1
    about = f"claim {row.claim_id}"
    ends = sorted(map(shown, expected.ends))[:UNNAMED]
    text = f"must be {' or '.join(ends)}, is {shown(found)}"
    docket.holds("claim as its life left it", about, found in expected.ends, text)


def shown(end: End) -> str:
    """An end in a line."""
    still = ", ".join(f"{name} {ore}" for name, ore in end.open) or "settled"
    steps = (f"{kind}{'' if stands else ' taken back'} {on}" for kind, stands, on, _ in end.charges)
    over = f"; {end.overpaid_ore} too much" if end.overpaid_ore else ""
    return f"[{still}{over}; {', '.join(steps) or 'no charges'}]"


def _tally(row: ClaimRow, charges: list[ChargeRow], docket: Docket) -> None:
    standing = {c.kind for c in charges if c.stands}
    docket.seen["reminded"] += "reminder" in standing
    docket.seen["demanded"] += "demand" in standing
    docket.seen["filed"] += "filing" in standing
    docket.seen["taken back"] += any(not c.stands for c in charges)
    docket.seen["overpaid"] += row.overpaid_ore > 0
    docket.seen["disputed"] += row.disputed
    if row.credited_ore:
        return
    if row.remaining_ore == 0:
        docket.seen["paid in full"] += 1
    elif row.paid_ore:
        docket.seen["part paid"] += 1
    else:
        docket.seen["unpaid"] += 1


def _views(evidence: Evidence, row: ClaimRow, charges: list[ChargeRow], docket: Docket) -> None:
    """What invoicing, dunning and collections show must follow from the ledger."""
    about = f"claim {row.claim_id}"
    settled = row.remaining_ore == 0
    invoice = evidence.invoices.get(row.claim_id)
    if invoice is not None:
        must = _seen_by_invoicing(evidence, row, charges)
        docket.same("invoicing's view", about, must, _view(invoice))
    ladder = evidence.ladders.get(row.claim_id)
    if ladder is None:
        docket.fault("dunning's view", about, "dunning does not know it")
    else:
        case = row.claim_id in evidence.cases
        must_be = (settled, row.disputed, case)
        seen = (ladder.settled, ladder.disputed, ladder.in_collection)
        docket.same("dunning's view", about, must_be, seen, "settled, disputed, in collection")
    found = evidence.cases.get(row.claim_id)
    if found is not None and settled:
        docket.holds("collections' view", about, not found.open, "settled, and the case is open")


def _view(invoice: InvoiceRow) -> dict[str, object]:
    return {
        "remaining": invoice.remaining_ore,
        "settled": invoice.settled,
        "disputed": invoice.disputed,
        "reminded": invoice.reminded,
        "in collection": invoice.in_collection,
    }


def _seen_by_invoicing(
    evidence: Evidence, row: ClaimRow, charges: list[ChargeRow]
) -> dict[str, object]:
    case = evidence.cases.get(row.claim_id)
    return {
        "remaining": row.remaining_ore,
        "settled": row.remaining_ore == 0,
        "disputed": row.disputed,
        "reminded": any(c.kind == "reminder" and c.stands for c in charges),
        "in collection": case is not None and case.open,
    }
