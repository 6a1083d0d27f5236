"""Payouts: each ordered and executed once, to the right account, no more than came in."""

from collections import Counter, defaultdict
from datetime import date

from deploy.chaos.judge.calendar import banking_days_after, is_banking_day
from deploy.chaos.judge.checks.claims import charges_of, tell
from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.records import Deposit, Evidence, Ore
from deploy.chaos.judge.statutes import CREDITORS


def check(evidence: Evidence, docket: Docket) -> None:
    """Judge the bank's executed orders against the ledger's payouts."""
    names = Counter(t.end_to_end_id for t in evidence.transfers)
    for name, count in names.items():
        docket.holds("payout once", f"payout {name}", count == 1, f"the bank paid it {count}×")
    transfers = {t.end_to_end_id: t for t in evidence.transfers}
    known = set()
    for payout in evidence.payouts:
        about = f"payout {payout.payout_id}"
        known.add(payout.end_to_end_id)
        transfer = transfers.get(payout.end_to_end_id)
        if transfer is None:
            docket.fault("payout never ordered", about, f"{payout.state}; the bank has no order")
            continue
        docket.seen["payouts"] += 1
        docket.same("payout as ordered", about, payout.amount_ore, transfer.amount_ore, "öre")
        if transfer.debited_on is not None:
            is_open, text = is_banking_day(transfer.debited_on), f"on {transfer.debited_on}"
            docket.holds("payout on a banking day", about, is_open, text)
        company = evidence.companies.get(payout.creditor_id)
        if company is not None and company.payout_account and not company.changed:
            must = plain(company.payout_account)
            docket.same("payout account", about, must, plain(transfer.account), "account")
        if transfer.refused:
            docket.same("payout state", about, "rejected", payout.state)
        elif transfer.told_on is not None:
            docket.same("payout state", about, "settled", payout.state)
            docket.seen["payouts settled"] += payout.state == "settled"
    shown = {(p.payout_id, p.creditor_id, p.state) for p in evidence.shown_payouts}
    ours = {(p.payout_id, p.creditor_id, p.state) for p in evidence.payouts}
    for name in {payout for payout, *_ in shown ^ ours}:
        docket.fault("payout as shown", f"payout {name}", "invoicing and payments differ about it")
    docket.checked["payout as shown"] += len(ours)
    for name in names.keys() - known:
        docket.fault("payout from nowhere", f"payout {name}", "paid, and the ledger has no payout")
    _accounts(evidence, docket)
    _payable(evidence, docket)


def _accounts(evidence: Evidence, docket: Docket) -> None:
    payable: dict[str, Ore] = defaultdict(int)
    transit: dict[str, Ore] = defaultdict(int)
    for balance in evidence.balances:
        if balance.account == "payable":
            payable[balance.owner or ""] -= balance.amount_ore
        if balance.account == "transit":
            transit[balance.owner or ""] -= balance.amount_ore
    for payout in evidence.payouts:
        under_way = 0 if payout.state in ("settled", "rejected") else payout.amount_ore
        about = f"payout {payout.payout_id}"
        docket.same("money in transit", about, under_way, transit.pop(payout.payout_id, 0), "öre")
    for name, ore in transit.items():
        docket.holds("money in transit", f"payout {name}", ore == 0, f"{ore} öre of no payout")


def _payable(evidence: Evidence, docket: Docket) -> None:
    """What came in for a creditor is paid out the next banking day, all of it and no more."""
    part, fresh = creditors_parts(evidence)
    owed: dict[str, Ore] = defaultdict(int)
    for balance in evidence.balances:
        if balance.account == "payable":
            owed[balance.owner or ""] -= balance.amount_ore
    paid: dict[str, Ore] = defaultdict(int)
    for payout in evidence.payouts:
        if payout.state != "rejected":
            paid[payout.creditor_id] += payout.amount_ore
    for creditor_id in {*part, *owed, *paid}:
        about = f"creditor {creditor_id}"
        must = part[creditor_id] - paid[creditor_id]
        docket.same("payable is the creditor's part", about, must, owed[creditor_id], "öre")
        company = evidence.companies.get(creditor_id)
        if company is not None and company.payout_account:
            text = f"{owed[creditor_id]} öre wait, {fresh[creditor_id]} of them may"
            in_time = owed[creditor_id] <= fresh[creditor_id]
            docket.holds("paid out in time", about, in_time, text)
        else:
            docket.same("no account, no payout", about, 0, paid[creditor_id], "öre")


def creditors_parts(evidence: Evidence) -> tuple[dict[str, Ore], dict[str, Ore]]:
    """What of the debtors' money is each creditor's, and how much money may wait.

    The rest is the debtor's own credit, and what was paid of the operator's costs and outlays. What
    came on the last day may wait, and what Kronofogden has collected and not paid us.
    """
    part: dict[str, Ore] = defaultdict(int)
    fresh: dict[str, Ore] = defaultdict(int)
    stories, charges = tell(evidence), charges_of(evidence)
    last_day = max(evidence.days, default=None)
    for claim_id, story in stories.items():
        row = evidence.claims.get(claim_id)
        if row is None:
            continue
        told = [d for d in story.deposits if d.told_on is not None]
        costs = sum(c.fee_ore for c in charges[claim_id] if c.stands and c.kind != "reminder")
        unpaid = sum(ore for name, ore in row.open_ore.items() if name not in CREDITORS)
        money = sum(d.amount_ore for d in told)
        part[row.creditor_id] += money - row.overpaid_ore - (costs - unpaid)
        fresh[row.creditor_id] += sum(
            d.amount_ore for d in told if d.awaited or (last_day and _paid_out_on(d) > last_day)
        )
    return part, fresh


def _paid_out_on(deposit: Deposit) -> date:
    assert deposit.told_on is not None
    return banking_days_after(deposit.told_on, 1)


def plain(account: str) -> str:
    """An account number's letters and digits."""
    return "".join(c for c in account if c.isalnum()).upper()
