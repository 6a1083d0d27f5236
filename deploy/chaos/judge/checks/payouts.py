"""Payouts: each ordered and executed once, to the right account, no more than came in."""

from collections import Counter, defaultdict

from deploy.chaos.judge.docket import Docket
from deploy.chaos.judge.records import Evidence, Ore


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
        company = evidence.companies.get(payout.creditor_id)
        if company is not None and company.payout_account and not company.changed:
            must = plain(company.payout_account)
            docket.same("payout account", about, must, plain(transfer.account), "account")
        if transfer.refused:
            docket.same("payout state", about, "rejected", payout.state)
        elif transfer.told_on is not None:
            docket.same("payout state", about, "settled", payout.state)
            docket.seen["payouts settled"] += payout.state == "settled"
    for name in names.keys() - known:
        docket.fault("payout from nowhere", f"payout {name}", "paid, and the ledger has no payout")
    _accounts(evidence, docket)


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
    paid: dict[str, Ore] = defaultdict(int)
    for payout in evidence.payouts:
        if payout.state != "rejected":
            paid[payout.creditor_id] += payout.amount_ore
    for creditor_id, ore in paid.items():
        came = sum(
            claim.paid_ore for claim in evidence.claims.values() if claim.creditor_id == creditor_id
        )
        text = f"{ore} öre paid out; {came} öre came in"
        docket.holds("paid out what came in", f"creditor {creditor_id}", ore <= came, text)


def plain(account: str) -> str:
    """An account number's letters and digits."""
    return "".join(c for c in account if c.isalnum()).upper()
