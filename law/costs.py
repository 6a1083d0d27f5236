"""What an unpaid claim may cost the debtor besides interest, and when each cost may be charged.

Lag (1981:739) om ersättning för inkassokostnader m.m., wording through SFS 2013:56, holds the
amounts of reminder, demand, instalment plan and late-payment compensation (2–4 a §§) and forbids
every other (5–6 §§); förordning (1992:1094) om avgifter vid Kronofogdemyndigheten, wording through
SFS 2025:472, holds the fees of Kronofogden. Either the late-payment compensation is charged or the
other three, never both. None bears VAT, for they are compensation, not consideration. Each decision
returns a `Cost` or the reason why there is none; a reminder whose fee is refused may still be sent,
without a fee.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts.terms import Component, DebtorKind
from law.banking_days import effective_due_on


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount in öre that the debtor owes, and the paragraph to print beside it."""

    component: Component
    amount_ore: int
    paragraph: str


@dataclass(frozen=True, slots=True)
class StatutoryAmount:
    """One row of the dated table: amount, where it stands, and the days on which it applies.

    `valid_from` None means earlier than any claim in the house; `valid_until` None means still in
    force.
    """

    component: Component
    amount_ore: int
    paragraph: str
    wording: str
    valid_from: date | None
    valid_until: date | None = None


class NoStatutoryAmountError(LookupError):
    """No amount of this kind is held for measures taken on the day."""

    def __init__(self, component: Component, on: date) -> None:
        super().__init__(f"no statutory amount for {component} is held for {on}")
        self.component = component
        self.on = on


# SFS 2013:56 moved the amounts into the law and repealed förordning (1981:1057) for measures taken
# from this day on.
_LAW_SINCE = date(2013, 3, 16)

STATUTORY_AMOUNTS = (
    # Skriftlig betalningspåminnelse: at most 60 kr.
    StatutoryAmount(
        Component.REMINDER_FEE, 60_00, "lag (1981:739) 2, 4 §§", "SFS 2013:56", _LAW_SINCE
    ),
    # Inkassokrav: at most 180 kr.
    StatutoryAmount(
        Component.DEMAND_COST, 180_00, "lag (1981:739) 3 § 1, 4 §", "SFS 2013:56", _LAW_SINCE
    ),
    # Amorteringsplan: at most 170 kr.
    StatutoryAmount(
        Component.INSTALMENT_COST, 170_00, "lag (1981:739) 3 § 2, 4 §", "SFS 2013:56", _LAW_SINCE
    ),
    # Förseningsersättning: 450 kr.
    StatutoryAmount(
        Component.LATE_COMPENSATION, 450_00, "lag (1981:739) 4 a §", "SFS 2013:56", _LAW_SINCE
    ),
    # Ansökningsavgift, betalningsföreläggande: 300 kr, due also if the application is withdrawn.
    StatutoryAmount(
        Component.FILING_FEE, 300_00, "förordning (1992:1094) 1 §", "SFS 2025:472", None
    ),
    # Ombudsarvode or own work: 380 kr as Kronofogden's page "Avgifter och kostnader" gives it; the
    # regulation with the amount was not read.
    StatutoryAmount(
        Component.FILING_WORK,
        380_00,
        "Kronofogden, Avgifter och kostnader",
        "page read 2026-11-22",
        None,
    ),
    # Grundavgift: 600 kr per title and per year the case is handled.
    StatutoryAmount(
        Component.ENFORCEMENT_FEE, 600_00, "förordning (1992:1094) 5, 6 §§", "SFS 2025:472", None
    ),
)

# Förordning (1992:1094) 5 §, wording SFS 2025:472: no new yearly fee when less than 100 kr is
# unpaid.
LEAST_UNPAID_FOR_A_NEW_YEARLY_FEE_ORE = 100_00

# The three costs that late-payment compensation stands instead of, lag (1981:739) 2–4 §§.
COLLECTION_COSTS = frozenset(
    {Component.REMINDER_FEE, Component.DEMAND_COST, Component.INSTALMENT_COST}
)


class CostRefusal(StrEnum):
    """Why the debtor does not owe a cost."""

    NOT_AGREED = "not_agreed"  # 2 §: not agreed no later than when the debt arose
    TOO_EARLY = "too_early"  # 2, 3, 4 a §§: the claim is not yet late
    ALREADY_CHARGED = "already_charged"  # one reminder fee, one demand cost, one of each per claim
    COMPENSATION_CHARGED = "compensation_charged"  # 4 a §: 450 kr stands instead of the others
    COLLECTION_COST_CHARGED = "collection_cost_charged"  # 4 a §: the others stand instead of 450 kr
    CONSUMER = "consumer"  # 4 a §: never against a consumer
    NOT_GOODS_OR_SERVICES = "not_goods_or_services"  # 4 a §: only such claims
    NO_RIGHT_TO_INTEREST = "no_right_to_interest"  # 4 a §: follows the right to interest
    TOO_LITTLE_UNPAID = "too_little_unpaid"  # förordning (1992:1094) 5 §


@dataclass(frozen=True, slots=True)
class CostFacts:
    """What is known of a claim when a cost is considered.

    `reminder_fee_agreed` means agreed no later than when the debt arose. `interest_from` is what
    `law.interest.interest_start` returned, None where no interest runs.
    """

    debtor: DebtorKind
    due_on: date
    reminder_fee_agreed: bool
    interest_from: date | None
    already_charged: frozenset[Component] = frozenset()
    goods_or_services: bool = True


def statutory_cost(component: Component, on: date) -> Cost:
    """Return the amount for a measure taken on the day; raises `NoStatutoryAmountError`."""
    for row in STATUTORY_AMOUNTS:
        begun = row.valid_from is None or row.valid_from <= on
        ended = row.valid_until is not None and row.valid_until < on
        if row.component is component and begun and not ended:
            return Cost(component, row.amount_ore, row.paragraph)
    raise NoStatutoryAmountError(component, on)


def reminder_fee(facts: CostFacts, on: date) -> Cost | CostRefusal:
    """Decide the fee of a written reminder sent on the day: lag (1981:739) 2, 4 §§."""
    if not facts.reminder_fee_agreed:
        return CostRefusal.NOT_AGREED
    return _collection_cost(Component.REMINDER_FEE, facts, on)


def demand_cost(facts: CostFacts, on: date) -> Cost | CostRefusal:
    """Decide the cost of a collection demand: lag (1981:739) 3 § 1, 4 §.

    To be asked only for a demand with the content of inkassolagen (1974:182) 5 §.
    """
    return _collection_cost(Component.DEMAND_COST, facts, on)


def instalment_cost(facts: CostFacts, on: date) -> Cost | CostRefusal:
    """Decide the cost of an instalment plan: lag (1981:739) 3 § 2, 4 §.

    To be asked only for a written plan for the whole remaining debt, made with the debtor and sent
    or handed over.
    """
    return _collection_cost(Component.INSTALMENT_COST, facts, on)


def late_compensation(facts: CostFacts, on: date) -> Cost | CostRefusal:
    """Decide the late-payment compensation (*förseningsersättning*): lag (1981:739) 4 a §.

    Owed without agreement or notice from the first interest day, by businesses and public bodies
    only. Whether the creditor claims it, instead of the other costs, is the creditor's choice.
    """
    if facts.debtor is DebtorKind.CONSUMER:
        return CostRefusal.CONSUMER
    if not facts.goods_or_services:
        return CostRefusal.NOT_GOODS_OR_SERVICES
    if facts.interest_from is None:
        return CostRefusal.NO_RIGHT_TO_INTEREST
    if Component.LATE_COMPENSATION in facts.already_charged:
        return CostRefusal.ALREADY_CHARGED
    if facts.already_charged & COLLECTION_COSTS:
        return CostRefusal.COLLECTION_COST_CHARGED
    if on <= effective_due_on(facts.interest_from):
        return CostRefusal.TOO_EARLY
    return statutory_cost(Component.LATE_COMPENSATION, on)


def filing_costs(on: date) -> tuple[Cost, Cost]:
    """Return the costs of an application for an order to pay: fee (300) and work (380)."""
    return statutory_cost(Component.FILING_FEE, on), statutory_cost(Component.FILING_WORK, on)


def enforcement_fee(on: date) -> Cost:
    """Return the fee when enforcement begins: förordning (1992:1094) 5, 6 §§."""
    return statutory_cost(Component.ENFORCEMENT_FEE, on)


def yearly_enforcement_fee(unpaid_ore: int, on: date) -> Cost | CostRefusal:
    """Decide the fee of a new year of enforcement: none when less than 100 kr is unpaid (5 §)."""
    if unpaid_ore < LEAST_UNPAID_FOR_A_NEW_YEARLY_FEE_ORE:
        return CostRefusal.TOO_LITTLE_UNPAID
    return statutory_cost(Component.ENFORCEMENT_FEE, on)


def withdrawal_outlays_ore(on: date, *, enforcement_begun: bool) -> int:
    """Return the outlays of a creditor who withdraws: 300 kr, or 900 kr if enforcement began."""
    filed_ore = statutory_cost(Component.FILING_FEE, on).amount_ore
    return filed_ore + (enforcement_fee(on).amount_ore if enforcement_begun else 0)


def _collection_cost(component: Component, facts: CostFacts, on: date) -> Cost | CostRefusal:
    """Decide a cost of 2–3 §§: after the due date, once, not beside the compensation."""
    if component in facts.already_charged:
        return CostRefusal.ALREADY_CHARGED
    if Component.LATE_COMPENSATION in facts.already_charged:
        return CostRefusal.COMPENSATION_CHARGED
    if on <= effective_due_on(facts.due_on):
        return CostRefusal.TOO_EARLY
    return statutory_cost(component, on)
