"""What came of a story, counted over public HTTP and the stand-ins' doors, and the table of it.

Nothing is taken from the plan: every number is what the platform, or an outside party, says itself.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from deploy.story.client import Client

DECIDED_STATES = frozenset({"decided", "enforcement", "settled", "exhausted"})
"""States of a case in Kronofogden's register that follow a decision."""
FILED = "payment_order_application"
MAILS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Count:
    """A story in numbers: invoices by their state now, the rest as often as it happened."""

    states: dict[str, int]
    letters: dict[str, int]
    filed: int
    decided: int
    withdrawn: int
    paid_out_ore: int
    payouts: int
    received: int
    received_ore: int
    unmatched: int
    unmatched_ore: int
    ledger_sum_ore: int
    ledger_problems: int
    said: int
    heard: int
    parked: int

    @property
    def issued(self) -> int:
        """All invoices."""
        return sum(self.states.values())


async def count(client: Client, creditors: Iterable[str]) -> Count:
    """Ask everybody, when all is quiet."""
    quiet = await client.quiet()
    services = [numbers for numbers in quiet["services"].values() if numbers]
    states: Counter[str] = Counter()
    for creditor in creditors:
        for row in (await client.read(creditor, "/invoices/counts"))["states"]:
            states[row["state"]] += row["count"]
    ledger = await client.read("operator", "/ledger/check")
    unmatched = await _pages(client, "/unmatched?limit=500", "payments")
    bank = await client.records("bank")
    paid_out = [
        transfer["amount_ore"]
        for order in bank["orders"]
        for transfer in order["transactions"]
        if transfer["debited_on"]
    ]
    cases = (await client.records("kronofogden"))["cases"]
    return Count(
        states=dict(states),
        letters=await _letters(client),
        filed=len(cases),
        decided=sum(case["state"] in DECIDED_STATES for case in cases),
        withdrawn=sum(case["state"] == "withdrawn" for case in cases),
        paid_out_ore=sum(paid_out),
        payouts=len(paid_out),
        received=len(bank["payments"]),
        received_ore=sum(payment["amount_ore"] for payment in bank["payments"]),
        unmatched=len(unmatched),
        unmatched_ore=sum(payment["amount_ore"] for payment in unmatched),
        ledger_sum_ore=ledger["sum_ore"],
        ledger_problems=len(ledger["problems"]),
        said=sum(numbers["relay"]["sent"] for numbers in services),
        heard=sum(numbers["inbox"]["heard"] for numbers in services),
        parked=sum(quiet["parked"].values()),
    )


async def _pages(client: Client, path: str, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = await client.read("operator", f"{path}{after}")
        found += page[name]
        if not page["next"]:
            return found
        after = f"&after={page['next']}"


async def _letters(client: Client) -> dict[str, int]:
    """Mails by the first word of their subject: Faktura, Påminnelse, Inkassokrav …"""
    counted: Counter[str] = Counter()
    after = 0
    while True:
        page = await client.records("mail", f"?after={after}&limit={MAILS_AT_ONCE}")
        for message in page["messages"]:
            counted[message["subject"].split()[0].rstrip(":")] += 1
        if page["next_after"] is None:
            return dict(counted)
        after = page["next_after"]


def table(found: Count, seconds: float) -> Table:
    """The story in numbers, for a terminal."""
    shown = Table(title="What came of it", title_justify="left", show_header=False, box=None)
    shown.add_column(style="bold")
    shown.add_column(justify="right")
    shown.add_column(style="dim")
    for name, number, remark in _rows(found, seconds):
        shown.add_row(name, number, remark)
    return shown


def _rows(found: Count, seconds: float) -> Sequence[tuple[str, str, str]]:
    states, letters = found.states, found.letters
    open_now = found.issued - states.get("paid", 0) - states.get("credited", 0)
    return [
        ("Invoices issued", whole(found.issued), f"{whole(open_now)} of them open"),
        ("Paid", whole(states.get("paid", 0)), f"{kronor(found.received_ore)} kr received"),
        ("Reminded", whole(letters.get("Påminnelse", 0)), "letters sent"),
        (
            "In collection",
            whole(states.get("collection", 0)),
            f"{whole(letters.get('Inkassokrav', 0))} demands sent",
        ),
        (
            "At Kronofogden",
            whole(states.get("kronofogden", 0)),
            f"{whole(found.filed)} applications, {whole(found.withdrawn)} withdrawn",
        ),
        ("Decided", whole(found.decided), "by Kronofogden"),
        (
            "Paid out",
            f"{kronor(found.paid_out_ore)} kr",
            f"in {whole(found.payouts)} transfers to the companies",
        ),
        ("Credited", whole(states.get("credited", 0)), ""),
        ("Disputed", whole(states.get("disputed", 0)), "held until the parties agree"),
        ("Unmatched payments", whole(found.unmatched), f"{kronor(found.unmatched_ore)} kr wait"),
        ("Ledger sum", f"{found.ledger_sum_ore} öre", f"{found.ledger_problems} problems"),
        ("Events said", whole(found.said), f"{whole(found.heard)} heard"),
        ("Parked events", whole(found.parked), ""),
        ("Time taken", f"{seconds:.0f} s", ""),
    ]


def whole(number: int) -> str:
    """A number as it is read in Sweden: 12 345."""
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")


def kronor(amount_ore: int) -> str:
    """Whole kronor, the öre dropped."""
    return whole(amount_ore // 100)
