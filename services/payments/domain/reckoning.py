"""What a claim's book must be, worked out from its dated facts: the value date decides.

Facts are heard in any order and taken here in the order of their dates, so that a late one ends in
the same money, and in the same hands, as one heard in time (events.md 3 and 4). On one day credits
come first, then money, then charges, for a fact dated on a charge's day precedes it. A charge on
whose day nothing was owed any more falls. A payment meets what is open in the order of the stage
that its value date lies in. Each charge that stands demands all interest due through its day that
charges before it have not demanded, but never more than had in fact been demanded by then.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import NamedTuple

from contracts.ids import PaymentId
from contracts.terms import BENEFICIARIES, Beneficiary, ChargeKind, Component
from law.allocation import ORDER_OF_ALLOCATION, Stage, allocate
from law.rates import ReferenceRates
from services.payments.domain.claim import Claim
from services.payments.domain.history import FEES, Charge, History, Met
from services.payments.domain.interest import (
    CapitalChange,
    accrued,
    credited_capital,
    paid_capital,
)

Place = tuple[PaymentId | None, date]
"""Whose money, and of which value date; without a payment, what a credit note took back."""


class Money(NamedTuple):
    """What of a payment is to meet one claim, in öre, with its value date and booking day."""

    payment_id: PaymentId
    amount_ore: int
    paid_on: date
    booked_on: date


@dataclass(slots=True)
class Reckoning:
    """A claim's book being worked out, local to one decision; complete when `reckon` gives it."""

    claim: Claim
    rates: ReferenceRates
    open_ore: dict[Component, int]
    parts_ore: dict[Place, dict[Component, int]] = field(default_factory=dict)
    """What the money of each place met; negative where a credit note took it back."""
    overpaid_ore: dict[Place, int] = field(default_factory=dict)
    interest_posted_ore: int = 0
    demanded_ore: int = 0
    """Interest that had been demanded so far, whether its charge stands or falls."""
    in_case: bool = False
    standing: list[Charge] = field(default_factory=list)
    fallen: list[Charge] = field(default_factory=list)
    changes: list[CapitalChange] = field(default_factory=list)

    def credit(self, counts_on: date, credit_ore: int) -> None:
        """Lower the capital; what of it was paid already meets something else."""
        unpaid_ore = min(credit_ore, self.open_ore[Component.CAPITAL])
        self.open_ore[Component.CAPITAL] -= unpaid_ore
        self.changes.append(credited_capital(counts_on, credit_ore))
        if paid_ore := credit_ore - unpaid_ore:
            self._met((None, counts_on), Component.CAPITAL, -paid_ore)
            self.receive((None, counts_on), paid_ore)

    def receive(self, place: Place, amount_ore: int) -> None:
        """Let money meet what is open, in the order of the stage that it comes in."""
        stage = Stage.CASE if self.in_case else Stage.INVOICE
        split = allocate(amount_ore, self.open_ore, ORDER_OF_ALLOCATION[stage])
        for component, part_ore in split.parts_ore.items():
            self.open_ore[component] -= part_ore
            self._met(place, component, part_ore)
        if split.overpaid_ore:
            before_ore = self.overpaid_ore.get(place, 0)
            self.overpaid_ore[place] = before_ore + split.overpaid_ore

    def charge(self, charge: Charge, *, taken_back: bool) -> None:
        """Add what a charge costs, and its interest; or let it fall."""
        assert charge.charged_on is not None
        self.demanded_ore += charge.interest_ore
        if taken_back or not any(self.open_ore.values()):
            self.fallen.append(charge)
            return
        due_ore = accrued(self.claim, self.changes, charge.charged_on, self.rates).total_ore
        interest_ore = max(0, min(due_ore, self.demanded_ore) - self.interest_posted_ore)
        self.interest_posted_ore += interest_ore
        self.open_ore[FEES[charge.kind]] += charge.fee_ore
        self.open_ore[Component.FILING_WORK] += charge.work_ore
        self.open_ore[Component.INTEREST] += interest_ore
        self.in_case = self.in_case or charge.kind is ChargeKind.DEMAND
        self.standing.append(charge._replace(interest_ore=interest_ore))

    def rows(self) -> dict[Place, Met]:
        """What the money of each place met, as the allocations have it."""
        found = {}
        for place in chain(self.parts_ore, self.overpaid_ore):
            parts_ore = self.parts_ore.get(place, {})
            creditor_ore = sum(
                ore for c, ore in parts_ore.items() if BENEFICIARIES[c] is Beneficiary.CREDITOR
            )
            found[place] = Met(
                *place,
                sum(parts_ore.values()),
                creditor_ore,
                parts_ore.get(Component.CAPITAL, 0),
                self.overpaid_ore.get(place, 0),
            )
        return found

    def _met(self, place: Place, component: Component, amount_ore: int) -> None:
        parts_ore = self.parts_ore.setdefault(place, {})
        parts_ore[component] = parts_ore.get(component, 0) + amount_ore
        if component is Component.CAPITAL:
            self.changes.append(paid_capital(self.claim, place[1], amount_ore))


def reckon(
    claim: Claim,
    history: History,
    rates: ReferenceRates,
    *,
    newest: Money | None = None,
    taken_back: Collection[Charge] = (),
) -> Reckoning:
    """Work out the book from what has been heard, `newest` money included.

    `taken_back` are standing charges that fall for a reason of their own.
    """
    open_ore = dict.fromkeys(Component, 0) | {Component.CAPITAL: claim.total_ore}
    reckoning = Reckoning(claim, rates, open_ore)
    gone = {(charge.kind, charge.ordinal) for charge in taken_back}
    for fact in sorted(_facts(history, newest), key=_when):
        if isinstance(fact, Charge):
            reckoning.charge(fact, taken_back=(fact.kind, fact.ordinal) in gone)
        elif isinstance(fact, Money):
            reckoning.receive((fact.payment_id, fact.paid_on), fact.amount_ore)
        else:
            reckoning.credit(*fact)
    return reckoning


Fact = tuple[date, int] | Money | Charge


def _facts(history: History, newest: Money | None) -> Iterator[Fact]:
    """Credits, money (the newest last) and charges."""
    yield from history.credits
    for one in history.met:
        if one.payment_id is not None and one.received_ore:
            yield Money(one.payment_id, one.received_ore, one.paid_on, one.paid_on)
    if newest is not None:
        yield newest
    yield from history.standing


def _when(fact: Fact) -> tuple[date, int]:
    if isinstance(fact, Charge):
        assert fact.charged_on is not None
        return fact.charged_on, 2
    if isinstance(fact, Money):
        return fact.paid_on, 1
    return fact[0], 0
