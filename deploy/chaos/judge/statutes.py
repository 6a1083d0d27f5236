"""Amounts that follow from the statutes, in whole öre and exact arithmetic.

Interest: räntelagen (1975:635) 3, 4, 6 and 9 §§, day by day. Costs: lag (1981:739) 4 §, förordning
(1992:1094) 1 and 6 §§. VAT and rounding of an invoice: one rounding per rate, then whole kronor by
lag (1970:1029) 2 §. Allocation: handelsbalken 9 kap. 5 § for cases, capital first before them.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from deploy.chaos.judge.calendar import DAY, forward

REMINDER_FEE_ORE = 60_00
DEMAND_COST_ORE = 180_00
FILING_FEE_ORE = 300_00
FILING_WORK_ORE = 380_00
ENFORCEMENT_FEE_ORE = 600_00

MARGIN_BP = 800
REFERENCE_RATES_BP: Mapping[date, int] = {
    date(2018, 1, 1): -50,
    date(2018, 7, 1): -50,
    date(2019, 1, 1): -50,
    date(2019, 7, 1): 0,
    date(2020, 1, 1): 0,
    date(2020, 7, 1): 0,
    date(2021, 1, 1): 0,
    date(2021, 7, 1): 0,
    date(2022, 1, 1): 0,
    date(2022, 7, 1): 50,
    date(2023, 1, 1): 250,
    date(2023, 7, 1): 350,
    date(2024, 1, 1): 400,
    date(2024, 7, 1): 400,
    date(2025, 1, 1): 300,
    date(2025, 7, 1): 200,
    date(2026, 1, 1): 200,
    date(2026, 7, 1): 200,
}
"""Announced by the Riksbank, each for its own half-year alone (9 §)."""

BEFORE_A_CASE = (
    "capital",
    "reminder_fee",
    "late_compensation",
    "demand_cost",
    "instalment_cost",
    "filing_work",
    "filing_fee",
    "enforcement_fee",
    "interest",
)
IN_A_CASE = (
    "enforcement_fee",
    "filing_fee",
    "filing_work",
    "instalment_cost",
    "demand_cost",
    "late_compensation",
    "reminder_fee",
    "interest",
    "capital",
)
CREDITORS = frozenset({"capital", "reminder_fee", "interest", "late_compensation"})
"""Components that are the creditor's when paid; the others are the operator's outlays and work."""


class NoRateError(LookupError):
    """No reference rate is announced for the half-year of a day."""


def half_up(numerator: int, denominator: int) -> int:
    """A quotient of non-negative whole numbers, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def reference_bp(day: date) -> int:
    """The reference rate of a day, basis points."""
    first = date(day.year, 1 if day.month < 7 else 7, 1)
    if first not in REFERENCE_RATES_BP:
        raise NoRateError(first)
    return REFERENCE_RATES_BP[first]


def rate_bp(day: date, kind: str, agreed_bp: int | None) -> int:
    """The yearly rate of late-payment interest on a day, basis points; never below zero."""
    if kind == "agreed_fixed":
        return max(agreed_bp or 0, 0)
    margin = MARGIN_BP if kind == "statutory" else agreed_bp or 0
    return max(reference_bp(day) + margin, 0)


def interest_ore(
    capital: Iterable[tuple[date, int]],
    start: date,
    until: date,
    *,
    kind: str = "statutory",
    agreed_bp: int | None = None,
) -> int:
    """Simple interest on capital for each day after `start` through `until`, rounded once.

    `capital` holds changes in öre, each counting from the day after its date.
    """
    changes = sorted(capital)
    exact, day = 0, start + DAY
    while day <= until:
        owed = sum(change for on, change in changes if on < day)
        if owed > 0:
            exact += owed * rate_bp(day, kind, agreed_bp)
        day += DAY
    return half_up(exact, 10_000 * 365)


def interest_from(
    *, due_on: date, agreed: bool, sent_on: date | None, consumer: bool, notice: bool
) -> date | None:
    """The day after which interest runs, None where there is no right to it (3 and 4 §§)."""
    if agreed:
        return due_on
    if sent_on is None or (consumer and not notice):
        return None
    return max(due_on, sent_on + 30 * DAY)


def counts_on(paid_on: date, due_on: date) -> date:
    """When a payment lowers the capital: a deadline on a closed day is met on the next open one."""
    return due_on if due_on < paid_on <= forward(due_on) else paid_on


def invoice_total_ore(rows: Iterable[tuple[str, int, int]], *, whole_kronor: bool) -> int:
    """What an invoice comes to: rows of quantity (decimal text), price in öre, VAT in percent."""
    nets: dict[int, int] = {}
    for quantity, price_ore, percent in rows:
        net = (Decimal(quantity) * price_ore).quantize(Decimal(1), ROUND_HALF_UP)
        nets[percent] = nets.get(percent, 0) + int(net)
    total = sum(nets.values())
    for percent, base in nets.items():
        vat = Decimal(base) * percent / 100
        total += int(vat.quantize(Decimal(1), ROUND_HALF_UP))
    return (total + 50) // 100 * 100 if whole_kronor else total


def allocate(
    amount_ore: int, open_ore: Mapping[str, int], *, in_case: bool
) -> tuple[dict[str, int], int]:
    """Split money over what is open; the parts by component, and what is too much."""
    parts: dict[str, int] = {}
    left = amount_ore
    for component in IN_A_CASE if in_case else BEFORE_A_CASE:
        part = min(left, open_ore.get(component, 0))
        if part:
            parts[component] = part
            left -= part
    return parts, left
