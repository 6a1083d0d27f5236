"""The dated facts of a claim beyond its book: what a charge or a late fact must look back at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from contracts.ids import ClaimId, CreditorId, PaymentId
from contracts.terms import ChargeKind, Component

FEES = {
    ChargeKind.REMINDER: Component.REMINDER_FEE,
    ChargeKind.DEMAND: Component.DEMAND_COST,
    ChargeKind.FILING: Component.FILING_FEE,
    ChargeKind.ENFORCEMENT: Component.ENFORCEMENT_FEE,
}
"""The cost of each kind of charge; an application's own work comes beside its fee."""
_STEPS = list(ChargeKind)


class ChargeState(StrEnum):
    """Where a charge is."""

    DEFERRED = "deferred"
    CHARGED = "charged"
    REVERSED = "reversed"


class Charge(NamedTuple):
    """A proposal that was priced (or waits to be), one per claim, kind and ordinal; öre."""

    claim_id: ClaimId
    creditor_id: CreditorId
    kind: ChargeKind
    ordinal: int
    state: ChargeState
    as_of: date
    pay_by: date | None
    charged_on: date | None = None
    fee_ore: int = 0
    work_ore: int = 0
    interest_ore: int = 0
    sent_on: date | None = None
    """The day a channel took its letter."""
    half_year: date | None = None
    """The half-year whose reference rate a deferred charge waits for."""
    reversed_on: date | None = None
    cause: str | None = None

    @property
    def stands(self) -> bool:
        """Whether it was booked and not taken back."""
        return self.state is ChargeState.CHARGED

    @property
    def amount_ore(self) -> int:
        """All that it added to the debt."""
        return self.fee_ore + self.work_ore + self.interest_ore

    @property
    def order(self) -> tuple[date, int, int]:
        """Charges follow each other by day, then by step, then by ordinal."""
        assert self.charged_on is not None
        return self.charged_on, _STEPS.index(self.kind), self.ordinal


class Met(NamedTuple):
    """What money of one value date met, in öre: a row of the allocations, or their sum.

    A row without a payment is money that a credit note took back, and where that went. Rows that
    correct earlier ones bring nothing: what they met, they take from what was overpaid.
    """

    payment_id: PaymentId | None
    paid_on: date
    amount_ore: int
    creditor_part_ore: int
    capital_ore: int
    overpaid_ore: int

    @property
    def received_ore(self) -> int:
        """What came in by it."""
        return self.amount_ore + self.overpaid_ore


@dataclass(frozen=True, slots=True)
class History:
    """Dated facts of one claim as they were heard, in öre; credits are dated as they count."""

    met: tuple[Met, ...] = ()
    credits: tuple[tuple[date, int], ...] = ()
    charges: tuple[Charge, ...] = field(default=())

    @property
    def standing(self) -> list[Charge]:
        """The charges that stand, in order."""
        return sorted((c for c in self.charges if c.stands), key=lambda c: c.order)

    @property
    def money(self) -> list[tuple[date, int]]:
        """What was paid towards the claim, whatever it met: value dates and öre."""
        return [(one.paid_on, one.received_ore) for one in self.met if one.received_ore]


NO_HISTORY = History()
