"""Claims: each stands in the ledger as its life must have left it, with every charge once."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from deploy.chaos.judge import calendar
from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.expectation import Course, End, Expected, Story, foretell
from deploy.chaos.judge.records import ChargeRow, ClaimRow, Company, Deed, Deposit, Evidence

Fates = Mapping[str, Expected]
"""What must have become of each claim."""
Courses = Mapping[str, frozenset[Course]]
"""How each claim may have come to the end that was found; nothing of one not foretold."""
UNNAMED = 5
"""Lawful ends written out in a fault."""


def check(evidence: Evidence, fates: Fates, docket: Docket) -> None:
    """Judge every claim against its replayed life."""
    charges = charges_of(evidence)
    for claim_id, issued in evidence.issued.items():
        about = f"claim {claim_id}"
        row = evidence.claims.get(claim_id)
        if row is None:
            docket.fault("claim lost", about, f"invoice {issued.number} has no claim")
            continue
        docket.checked["claim lost"] += 1
        promised = (issued.creditor_id, issued.ocr, issued.total_ore, issued.terms)
        kept = (row.creditor_id, row.ocr, row.total_ore, row.terms)
        docket.same("claim as invoiced", about, promised, kept)
        _once(charges[claim_id], about, docket)
        _stated(charges[claim_id], about, docket)
        _foretold(fates[claim_id], row, charges[claim_id], docket)
        _tally(row, charges[claim_id], docket)
    for claim_id in evidence.claims.keys() - evidence.issued.keys():
        docket.fault("claim from nowhere", f"claim {claim_id}", "no invoice stands for it")
    docket.checked["claim from nowhere"] += len(evidence.claims)


def foretold(evidence: Evidence) -> Fates:
    """What must have become of every issued invoice."""
    return {name: foretell(story, evidence.days) for name, story in tell(evidence).items()}


def charges_of(evidence: Evidence) -> Mapping[str, list[ChargeRow]]:
    """Charges by claim."""
    charges: dict[str, list[ChargeRow]] = defaultdict(list)
    for charge in evidence.charges:
        charges[charge.claim_id].append(charge)
    return charges


def courses(evidence: Evidence, fates: Fates) -> Courses:
    """The lawful courses to the ends that were found; none where the end is not a lawful one."""
    charges = charges_of(evidence)
    return {
        claim_id: fate.ends.get(_found(row, charges[claim_id]), frozenset())
        for claim_id, fate in fates.items()
        if fate.firm and (row := evidence.claims.get(claim_id)) is not None
    }


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
    registered = {
        case.claim_id: evidence.kronofogden[case.reference]
        for case in evidence.cases.values()
        if case.reference in evidence.kronofogden
    }
    for claim_id, case in registered.items():
        paid_to[claim_id] += [
            Deposit(
                bank_reference=case.reference,
                reference=case.reference,
                amount_ore=one.amount_ore,
                paid_on=one.paid_on,
                booked_on=one.told_on,
                told_on=one.told_on,
                n=0,
                awaited=True,
            )
            for one in case.collected
        ]
    unknown = Company("unknown", changed=True)
    return {
        claim_id: Story(
            issued,
            evidence.companies.get(issued.creditor_id, unknown),
            paid_to[claim_id],
            deeds[claim_id],
            stated.get(claim_id),
            registered[claim_id].decided_on if claim_id in registered else None,
            registered[claim_id].contested_on if claim_id in registered else None,
            registered[claim_id].closed_on if claim_id in registered else None,
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
        if charge.stands and (charge.fee_ore or charge.kind == "reminder"):
            kinds[charge.kind] += 1
    twice = sorted(kind for kind, count in kinds.items() if count > 1)
    docket.holds("charged once", about, not twice, f"charged more than once: {twice}")


def _stated(charges: Iterable[ChargeRow], about: str, docket: Docket) -> None:
    """A demand states a day that leaves the legal time, and no day far beyond it.

    A reminder states the eighth day after it.
    """
    for charge in charges:
        if charge.kind == "reminder":
            must = calendar.reminder_pay_by(charge.on)
            docket.same("day that a reminder states", about, must, charge.pay_by)
        if charge.kind == "demand":
            first, last = calendar.stated_between(charge.on)
            lawful = charge.pay_by is not None and first <= charge.pay_by <= last
            text = f"states {charge.pay_by}; lawful is {first} to {last}"
            docket.holds("day that a demand states", about, lawful, text)


def _foretold(expected: Expected, row: ClaimRow, charges: list[ChargeRow], docket: Docket) -> None:
    docket.seen["foretold" if expected.firm else "not foretold"] += 1
    if not expected.firm:
        return
    found = _found(row, charges)
    if len(expected.ends) > 1:
        docket.seen["two lawful ends"] += 1
    about = f"claim {row.claim_id}"
    ends = sorted(map(shown, expected.ends))[:UNNAMED]
    text = f"must be {' or '.join(ends)}, is {shown(found)}"
    docket.holds("claim as its life left it", about, found in expected.ends, text)


def _found(row: ClaimRow, charges: Iterable[ChargeRow]) -> End:
    """A claim's end as the ledger has it."""
    is_open = sorted((name, ore) for name, ore in row.open_ore.items() if ore)
    steps = sorted((c.kind, c.stands, c.on, c.fee_ore, c.interest_ore) for c in charges)
    return End(tuple(is_open), row.overpaid_ore, tuple(steps))


def shown(end: End) -> str:
    """An end in a line."""
    still = ", ".join(f"{name} {ore}" for name, ore in end.open) or "settled"
    steps = (
        f"{kind}{'' if stands else ' taken back'} {on} {fee}+{interest}"
        for kind, stands, on, fee, interest in end.charges
    )
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
