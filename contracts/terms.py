"""Words that several events share: kinds of debtor, components of a claim, the statement."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from contracts.envelope import BasisPoints, Fact, Ore


class DebtorKind(StrEnum):
    """Who owes: decides notice of interest, limitation and which costs may be charged."""

    CONSUMER = "consumer"
    BUSINESS = "business"


class InterestKind(StrEnum):
    """How late-payment interest (*dröjsmålsränta*) is set."""

    STATUTORY = "statutory"
    """Reference rate + 8 percentage points, räntelagen (1975:635) 6 §."""
    AGREED_FIXED = "agreed_fixed"
    """A yearly rate by agreement, räntelagen 1 § 2 st."""
    AGREED_OVER_REFERENCE = "agreed_over_reference"
    """Reference rate + agreed percentage points."""


class InterestTerms(Fact):
    """Terms of interest of one claim. `rate_bp` is None for the statutory rate."""

    kind: InterestKind = InterestKind.STATUTORY
    rate_bp: BasisPoints | None = None
    notice_given: bool = True
    """The invoice says that interest will be charged, räntelagen 4 § 1 st."""


class Component(StrEnum):
    """What a claim consists of; each has an account of its own in the ledger."""

    CAPITAL = "capital"
    REMINDER_FEE = "reminder_fee"
    INTEREST = "interest"
    DEMAND_COST = "demand_cost"
    INSTALMENT_COST = "instalment_cost"
    LATE_COMPENSATION = "late_compensation"
    FILING_FEE = "filing_fee"
    FILING_WORK = "filing_work"
    ENFORCEMENT_FEE = "enforcement_fee"


class ChargeKind(StrEnum):
    """The four steps that are priced by the ledger before anybody is told."""

    REMINDER = "reminder"
    DEMAND = "demand"
    FILING = "filing"
    ENFORCEMENT = "enforcement"


class Beneficiary(StrEnum):
    """Whose money a component will be once it is paid."""

    CREDITOR = "creditor"
    OPERATOR = "operator"


BENEFICIARIES: Mapping[Component, Beneficiary] = {
    Component.CAPITAL: Beneficiary.CREDITOR,
    Component.REMINDER_FEE: Beneficiary.CREDITOR,
    Component.INTEREST: Beneficiary.CREDITOR,
    Component.LATE_COMPENSATION: Beneficiary.CREDITOR,
    # What the operator works for or has laid out in the creditor's name.
    Component.DEMAND_COST: Beneficiary.OPERATOR,
    Component.INSTALMENT_COST: Beneficiary.OPERATOR,
    Component.FILING_FEE: Beneficiary.OPERATOR,
    Component.FILING_WORK: Beneficiary.OPERATOR,
    Component.ENFORCEMENT_FEE: Beneficiary.OPERATOR,
}
"""Whose money each component will be once it is paid: the one table of it."""


class VatSum(Fact):
    """VAT of one rate on an invoice. `rate_percent` is 25, 12, 6 or 0."""

    rate_percent: int
    base_ore: Ore
    vat_ore: Ore


class ComponentAmount(Fact):
    """An amount of one component, in öre."""

    component: Component
    amount_ore: Ore


class InterestSegment(Fact):
    """Interest of one stretch of days with one capital and one rate; both dates inclusive."""

    from_date: date
    to_date: date
    days: int
    capital_ore: Ore
    rate_bp: BasisPoints
    interest_ore: Ore


class StatementCost(Fact):
    """A cost on a statement with the paragraph that allows it."""

    component: Component
    amount_ore: Ore
    paragraph: str
    beneficiary: Beneficiary


class Statement(Fact):
    """What a debtor owes, priced and booked as of a day (inkassolagen (1974:182) 5 § p. 4 and 5).

    `capital_ore`, `interest_ore` and `costs` are what remains unpaid of each; `paid_ore` is what
    has been paid so far; `total_ore` = capital + interest + Σ costs is the amount to pay.
    """

    as_of: date
    pay_by: date
    capital_ore: Ore
    interest_ore: Ore
    interest: tuple[InterestSegment, ...]
    interest_per_day_ore: Ore
    costs: tuple[StatementCost, ...]
    paid_ore: Ore
    total_ore: Ore
    ocr: str
    payee_bankgiro: str
    capital_paid_on: date | None = None
    """The day the last of the capital was paid, where none is left of it."""
    interest_from: date | None = None
    """The first day that bears interest, which may lie ahead (räntelagen (1975:635) 3 and 4 §§).

    None where nothing is left of the capital, where no interest runs, or where it was not told."""
