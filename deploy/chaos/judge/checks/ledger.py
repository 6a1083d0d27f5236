"""The ledger: it balances, agrees with the bank to the öre, and holds each payment once."""

from collections import defaultdict
from datetime import date

from deploy.chaos.judge.checks.claims import named, tell
from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.records import Evidence, Ore
from deploy.chaos.judge.statutes import CREDITORS

PARTS = (
    "suspense",
    "overpaid",
    "payable",
    "transit",
    "operator",
    "receivable",
    "revenue",
    "vat",
    "kronofogden",
)
"""Whose the money on the client account is, less what Kronofogden has and owes it."""


def check(evidence: Evidence, docket: Docket) -> None:
    """Judge the ledger's identities (events.md 5) and every payment the bank told of."""
    for transaction in evidence.unbalanced:
        docket.fault("ledger transaction off", transaction, "does not sum to zero")
    sums: dict[str, Ore] = defaultdict(int)
    components: dict[tuple[str, str], Ore] = defaultdict(int)
    overpaid: dict[str, Ore] = defaultdict(int)
    pending: dict[str, Ore] = defaultdict(int)
    for balance in evidence.balances:
        sums[balance.account] += balance.amount_ore
        if balance.account == "claim":
            components[balance.owner or "", balance.component or ""] += balance.amount_ore
        if balance.account == "overpaid":
            overpaid[balance.owner or ""] -= balance.amount_ore
        if balance.account == "pending":
            pending[balance.owner or ""] -= balance.amount_ore
    docket.same("ledger sum", "all accounts", 0, sum(sums.values()))
    explained = -sum(sums[name] for name in PARTS)
    docket.same("client money", "bank:client = its parts", explained, sums["bank:client"])
    docket.same("client money", "pending = open", -sums["claim"], sums["pending"])
    told = sum(d.amount_ore for d in evidence.deposits if d.told_on is not None)
    paid = sum(t.amount_ore for t in evidence.transfers if t.told_on is not None)
    docket.same("client money", "ledger = what the bank told", told - paid, sums["bank:client"])
    in_books = sum(d.amount_ore for d in evidence.deposits) - sum(
        t.amount_ore for t in evidence.transfers if t.debited_on is not None
    )
    docket.same("client money", "the bank's own books", in_books, evidence.bank_balance_ore)
    _overdrawn(evidence, docket)
    for claim in evidence.claims.values():
        about = f"claim {claim.claim_id}"
        posted = {name: components[claim.claim_id, name] for name in claim.open_ore}
        docket.same("claim = its postings", about, posted, dict(claim.open_ore))
        docket.same("claim = its postings", about, overpaid[claim.claim_id], claim.overpaid_ore)
    for claim in evidence.claims.values():
        for name, ore in claim.open_ore.items():
            pending[claim.creditor_id if name in CREDITORS else ""] -= ore
    wrong = {owner: ore for owner, ore in pending.items() if ore}
    docket.holds("client money", "pending of each", not wrong, f"more than is open: {wrong}")
    waiting = sum(payment.waiting_ore for payment in evidence.payments)
    docket.same("client money", "suspense = what waits", -waiting, sums["suspense"])
    for name in evidence.untaken:
        docket.fault("bank file taken", name, "the bank reported, and nobody took it")
    docket.checked["bank file taken"] += len(evidence.deposits)
    _claims(evidence, docket)
    _payments(evidence, docket)


def _overdrawn(evidence: Evidence, docket: Docket) -> None:
    """No day ends with more paid out of the client account than had come in."""
    moved: dict[date, Ore] = defaultdict(int)
    for deposit in evidence.deposits:
        moved[deposit.booked_on] += deposit.amount_ore
    for transfer in evidence.transfers:
        if transfer.debited_on is not None:
            moved[transfer.debited_on] -= transfer.amount_ore
    balance = 0
    for day in sorted(moved):
        balance += moved[day]
        docket.holds("account overdrawn", f"bank on {day}", balance >= 0, f"{balance} öre")


def _claims(evidence: Evidence, docket: Docket) -> None:
    """What payments counts of a claim is what came in for it, and what was credited of it."""
    noted: dict[str, Ore] = defaultdict(int)
    for note in evidence.notes:
        noted[note.claim_id] += note.credit_ore
    for claim_id, story in tell(evidence).items():
        row = evidence.claims.get(claim_id)
        if row is None:
            continue
        came = sum(d.amount_ore for d in story.deposits if d.told_on is not None)
        must = (came, noted[claim_id])
        found = (row.paid_ore + row.overpaid_ore, row.credited_ore)
        docket.same("claim's money", f"claim {claim_id}", must, found, "came in, credited")


def _payments(evidence: Evidence, docket: Docket) -> None:
    booked = defaultdict(list)
    for payment in evidence.payments:
        booked[payment.bank_reference].append(payment)
    allocated = {deed.payment_id: deed.claim_id for deed in evidence.deeds if deed.payment_id}
    for deposit in evidence.deposits:
        about = f"payment {deposit.bank_reference}"
        found = booked.pop(deposit.bank_reference, [])
        docket.holds("payment told", about, deposit.told_on is not None, "no file tells of it")
        if deposit.told_on is None:
            continue
        docket.seen["payments"] += 1
        docket.same("payment booked once", about, 1, len(found), "bookings")
        if len(found) != 1:
            continue
        row = found[0]
        must = (deposit.amount_ore, deposit.paid_on, deposit.told_on)
        found_of_it = (row.amount_ore, row.paid_on, row.booked_on)
        docket.same("payment as the bank told", about, must, found_of_it)
        spread = row.met_ore + row.waiting_ore
        docket.same("payment used once", about, deposit.amount_ore, spread, "met + waiting")
        claim_id = named(evidence, deposit) or allocated.get(row.payment_id)
        if claim_id is not None:
            docket.same("payment met its claim", about, (claim_id,), row.claims)
            docket.seen["allocated by hand"] += row.payment_id in allocated
        else:
            docket.same("unknown money waits", about, deposit.amount_ore, row.waiting_ore, "öre")
            docket.seen["unmatched"] += 1
    for reference in booked:
        docket.fault("payment from nowhere", f"payment {reference}", "the bank knows of none")
