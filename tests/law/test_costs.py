"""What the debtor may be charged: lag (1981:739), förordning (1992:1094)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import permutations

import pytest

from contracts.terms import Component, DebtorKind
from law import costs
from law.costs import (
    COLLECTION_COSTS,
    STATUTORY_AMOUNTS,
    Cost,
    CostFacts,
    CostRefusal,
    NoStatutoryAmountError,
    demand_cost,
    enforcement_fee,
    filing_costs,
    instalment_cost,
    late_compensation,
    reminder_fee,
    statutory_cost,
    withdrawal_outlays_ore,
    yearly_enforcement_fee,
)
from law.interest import STATUTORY_RATE, CapitalChange, interest
from law.rates import REFERENCE_RATES

DUE = date(2026, 6, 30)  # a Tuesday
LATE = date(2026, 8, 3)
CONSUMER = CostFacts(DebtorKind.CONSUMER, DUE, reminder_fee_agreed=True, interest_from=DUE)
BUSINESS = CostFacts(DebtorKind.BUSINESS, DUE, reminder_fee_agreed=True, interest_from=DUE)

DECISIONS = {
    "reminder": reminder_fee,
    "demand": demand_cost,
    "plan": instalment_cost,
    "450": late_compensation,
}


def charge(facts: CostFacts, steps: str) -> int:
    """Take the steps one after the other on late days and return what they cost in öre."""
    total_ore = 0
    for step in steps.split():
        decided = DECISIONS[step](facts, LATE)
        if isinstance(decided, Cost):
            total_ore += decided.amount_ore
            charged = facts.already_charged | {decided.component}
            facts = replace(facts, already_charged=charged)
    return total_ore


@pytest.mark.parametrize(
    ("facts", "steps", "kronor"),
    [
        (CONSUMER, "reminder demand", 60 + 180),
        (replace(CONSUMER, reminder_fee_agreed=False), "reminder demand", 180),
        (CONSUMER, "reminder demand plan", 60 + 180 + 170),
        (BUSINESS, "450 reminder demand", 450),
        (BUSINESS, "reminder demand", 60 + 180),
        (BUSINESS, "450", 450),
        (replace(BUSINESS, reminder_fee_agreed=False), "reminder demand", 180),
        (CONSUMER, "450 reminder demand", 60 + 180),  # 4 a §: never against a consumer
        (BUSINESS, "reminder 450 demand", 60 + 180),  # either, not both
        (CONSUMER, "reminder reminder demand demand", 60 + 180),  # each once
    ],
)
def test_the_costs_of_a_claim_are_those_of_the_statute(
    facts: CostFacts, steps: str, kronor: int
) -> None:
    """R-101: lag (1981:739) 2–4 a §§."""
    assert charge(facts, steps) == kronor * 100


@pytest.mark.parametrize("steps", [" ".join(order) for order in permutations(DECISIONS)])
@pytest.mark.parametrize("facts", [CONSUMER, BUSINESS], ids=["consumer", "business"])
def test_no_order_of_steps_costs_more_than_the_statute(facts: CostFacts, steps: str) -> None:
    """4 a §: 450 and the other three are never charged together."""
    if facts is BUSINESS and steps.startswith("450"):
        assert charge(facts, steps) == 450_00
    else:
        assert charge(facts, steps) == (60 + 180 + 170) * 100


@pytest.mark.parametrize(
    ("on", "amount_ore"), [("2026-12-30", 60_00), ("2026-12-31", 60_00), ("2027-01-01", 70_00)]
)
def test_an_amount_that_is_amended_applies_to_measures_from_its_day(
    monkeypatch: pytest.MonkeyPatch, on: str, amount_ore: int
) -> None:
    """As SFS 2013:56 did; the old row stays for measures that were taken under it."""
    (now,) = (each for each in STATUTORY_AMOUNTS if each.component is Component.REMINDER_FEE)
    until = replace(now, valid_until=date(2026, 12, 31))
    amended = replace(now, amount_ore=70_00, valid_from=date(2027, 1, 1))
    monkeypatch.setattr(costs, "STATUTORY_AMOUNTS", (until, amended))
    cost = reminder_fee(CONSUMER, date.fromisoformat(on))
    assert isinstance(cost, Cost)
    assert cost.amount_ore == amount_ore


@pytest.mark.parametrize(
    ("due", "on", "allowed"),
    [
        ("2026-06-30", "2026-06-29", False),
        ("2026-06-30", "2026-06-30", False),
        ("2026-06-30", "2026-07-01", True),
        ("2026-10-31", "2026-11-02", False),  # due on a Saturday, in time until Monday
        ("2026-10-31", "2026-11-03", True),
    ],
)
def test_nothing_is_charged_before_the_claim_is_late(due: str, on: str, allowed: bool) -> None:
    """2–4 a §§: the measure is taken after the due date; 450 is there one day late."""
    due_on = date.fromisoformat(due)
    facts = replace(BUSINESS, due_on=due_on, interest_from=due_on)
    for decide in DECISIONS.values():
        decided = decide(facts, date.fromisoformat(on))
        assert isinstance(decided, Cost) is allowed
        assert allowed or decided is CostRefusal.TOO_EARLY


@pytest.mark.parametrize(
    ("on", "allowed"), [("2026-07-29", False), ("2026-07-30", False), ("2026-07-31", True)]
)
def test_compensation_without_an_agreed_due_date_waits_for_the_right_to_interest(
    on: str, allowed: bool
) -> None:
    """4 a §: sent 2026-06-30, interest from 2026-07-30; owed from the first interest day."""
    facts = replace(BUSINESS, interest_from=date(2026, 7, 30))
    assert isinstance(late_compensation(facts, date.fromisoformat(on)), Cost) is allowed


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (CONSUMER, CostRefusal.CONSUMER),
        (replace(BUSINESS, interest_from=None), CostRefusal.NO_RIGHT_TO_INTEREST),
        (replace(BUSINESS, goods_or_services=False), CostRefusal.NOT_GOODS_OR_SERVICES),
        (
            replace(BUSINESS, already_charged=frozenset({Component.LATE_COMPENSATION})),
            CostRefusal.ALREADY_CHARGED,
        ),
        (
            replace(BUSINESS, already_charged=frozenset({Component.REMINDER_FEE})),
            CostRefusal.COLLECTION_COST_CHARGED,
        ),
    ],
)
def test_compensation_is_refused_with_its_reason(facts: CostFacts, reason: CostRefusal) -> None:
    """Lag (1981:739) 4 a §."""
    assert late_compensation(facts, LATE) is reason


def test_a_reminder_fee_that_was_not_agreed_is_not_owed() -> None:
    """R-101: lag (1981:739) 2 §; the reminder itself may still be sent."""
    facts = replace(CONSUMER, reminder_fee_agreed=False)
    assert reminder_fee(facts, LATE) is CostRefusal.NOT_AGREED


@pytest.mark.parametrize("decide", [reminder_fee, demand_cost, instalment_cost])
def test_a_second_measure_or_one_beside_the_compensation_costs_nothing(
    decide: Callable[[CostFacts, date], Cost | CostRefusal],
) -> None:
    again = replace(BUSINESS, already_charged=COLLECTION_COSTS)
    beside = replace(BUSINESS, already_charged=frozenset({Component.LATE_COMPENSATION}))
    assert decide(again, LATE) is CostRefusal.ALREADY_CHARGED
    assert decide(beside, LATE) is CostRefusal.COMPENSATION_CHARGED


def test_the_amounts_in_the_law_apply_from_16_march_2013() -> None:
    """SFS 2013:56; older measures follow förordning (1981:1057), which is not held."""
    for component in (*COLLECTION_COSTS, Component.LATE_COMPENSATION):
        assert statutory_cost(component, date(2013, 3, 16)).amount_ore > 0
        with pytest.raises(NoStatutoryAmountError) as caught:
            statutory_cost(component, date(2013, 3, 15))
        assert caught.value.component is component


def test_every_amount_names_its_law_and_wording() -> None:
    assert all(row.paragraph and row.wording for row in STATUTORY_AMOUNTS)
    assert {row.component for row in STATUTORY_AMOUNTS} == set(Component) - {
        Component.CAPITAL,
        Component.INTEREST,
    }


@pytest.mark.parametrize(
    ("unpaid_ore", "kronor"), [(99_99, None), (100_00, 600), (100_01, 600), (0, None)]
)
def test_a_new_year_of_enforcement_costs_nothing_below_100_kronor(
    unpaid_ore: int, kronor: int | None
) -> None:
    """Förordning (1992:1094) 5 §."""
    decided = yearly_enforcement_fee(unpaid_ore, LATE)
    if kronor is None:
        assert decided is CostRefusal.TOO_LITTLE_UNPAID
    else:
        assert isinstance(decided, Cost)
        assert decided.amount_ore == kronor * 100


def test_withdrawing_costs_300_to_900_kronor() -> None:
    """R-113: 300 once filed, 300 + 600 once enforcement began."""
    assert withdrawal_outlays_ore(LATE, enforcement_begun=False) == 300_00
    assert withdrawal_outlays_ore(LATE, enforcement_begun=True) == 900_00


WORKED_AMOUNTS = [
    # capital, due, on, debtor, steps, enforcement, interest, total
    (4_500_00, "2026-08-31", "2026-10-05", CONSUMER, "reminder demand", False, 43_15, 5_463_15),
    (4_500_00, "2026-08-31", "2026-12-10", CONSUMER, "reminder demand", True, 124_52, 6_144_52),
    (21_875_00, "2026-07-31", "2026-09-28", BUSINESS, "450", False, 353_60, 23_358_60),
    (4_500_00, "2026-08-31", "2026-10-05", CONSUMER, "demand", False, 43_15, 5_403_15),
    (0, "2026-08-31", "2026-10-05", CONSUMER, "reminder demand", False, 0, 920_00),
]


@pytest.mark.parametrize(
    ("capital_ore", "due", "on", "facts", "steps", "enforced", "interest_ore", "total_ore"),
    WORKED_AMOUNTS,
)
def test_an_application_to_kronofogden_comes_to_the_worked_amount(
    capital_ore: int,
    due: str,
    on: str,
    facts: CostFacts,
    steps: str,
    enforced: bool,
    interest_ore: int,
    total_ore: int,
) -> None:
    due_on, on_date = date.fromisoformat(due), date.fromisoformat(on)
    accrued = interest(
        [CapitalChange(due_on, capital_ore)], due_on, on_date, STATUTORY_RATE, REFERENCE_RATES
    )
    costs_ore = charge(facts, steps) + sum(c.amount_ore for c in filing_costs(on_date))
    costs_ore += enforcement_fee(on_date).amount_ore if enforced else 0
    assert accrued.total_ore == interest_ore
    assert capital_ore + accrued.total_ore + costs_ore == total_ore
