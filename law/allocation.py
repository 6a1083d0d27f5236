"""The order in which a payment meets what is owed (*avräkning*).

On an invoice or a reminder the capital comes first and interest last, which keeps the ledger plain
and favours the debtor. On a collection case costs come before interest and interest before capital:
trade practice, and handelsbalken 9 kap. 5 § for interest before capital. The order is a setting per
creditor and per case, so `allocate` takes it as an argument. No öre is ever lost: what was paid =
what was allocated + what was overpaid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from contracts.terms import Component


class Stage(StrEnum):
    """Where the claim is when the payment arrives."""

    INVOICE = "invoice"  # invoice or reminder
    CASE = "case"  # from the opening of a collection case


# Kronofogden's fees first, for somebody has advanced them.
_COSTS_FIRST = (
    Component.ENFORCEMENT_FEE,
    Component.FILING_FEE,
    Component.FILING_WORK,
    Component.INSTALMENT_COST,
    Component.DEMAND_COST,
    Component.LATE_COMPENSATION,
    Component.REMINDER_FEE,
)

ORDER_OF_ALLOCATION: Mapping[Stage, tuple[Component, ...]] = {
    Stage.INVOICE: (
        Component.CAPITAL,
        *reversed(_COSTS_FIRST),
        Component.INTEREST,
    ),
    # Handelsbalken 9 kap. 5 §: interest before capital.
    Stage.CASE: (*_COSTS_FIRST, Component.INTEREST, Component.CAPITAL),
}


@dataclass(frozen=True, slots=True)
class Allocation:
    """How a payment was split, in öre: the components that received something, in order."""

    parts_ore: Mapping[Component, int]
    overpaid_ore: int


def allocate(
    amount_ore: int, open_ore: Mapping[Component, int], order: Sequence[Component]
) -> Allocation:
    """Split a payment over the open components in the given order; the rest is overpaid.

    Amounts are in öre and not negative, and the order must name every open component once:
    `ValueError` otherwise, for money must not miss a debt because a list was short.
    """
    if amount_ore < 0 or any(unpaid < 0 for unpaid in open_ore.values()):
        raise ValueError("a payment and what is open are never negative")
    if len(set(order)) != len(order) or not set(open_ore) <= set(order):
        raise ValueError("the order of allocation must name every open component once")
    parts_ore: dict[Component, int] = {}
    left_ore = amount_ore
    for component in order:
        part_ore = min(left_ore, open_ore.get(component, 0))
        if part_ore:
            parts_ore[component] = part_ore
            left_ore -= part_ore
    return Allocation(parts_ore, left_ore)
