"""A claim's book as the handbook says it must be kept: what is owed, charged, paid and taken back.

A small second ledger of one claim, written from events.md 3 and 4: interest is posted only with a
charge (all due to date, rounded once, less what was posted); a fact dated on or before a charge and
heard after it takes the charge back if nothing was owed on that day.
"""

from dataclasses import dataclass, field, replace
from datetime import date

from deploy.chaos.judge import statutes
from deploy.chaos.judge.records import Issued, Ore

STEPS = ("reminder", "demand", "filing", "enforcement")
FEE_COMPONENT = {
    "reminder": "reminder_fee",
    "demand": "demand_cost",
    "filing": "filing_fee",
    "enforcement": "enforcement_fee",
}


@dataclass(frozen=True, slots=True)
class Charge:
    """A step that was priced; `work_ore` is an application's own cost beside its fee."""

    kind: str
    on: date
    fee_ore: Ore
    work_ore: Ore
    interest_ore: Ore
    stands: bool = True

    @property
    def order(self) -> tuple[date, int]:
        """By day, then by step."""
        return self.on, STEPS.index(self.kind)


@dataclass
class Book:
    """One claim; `sent_on` is the day its invoice left."""

    invoice: Issued
    sent_on: date | None
    open: dict[str, Ore] = field(default_factory=dict)
    credited_ore: Ore = 0
    overpaid_ore: Ore = 0
    posted_interest_ore: Ore = 0
    charged_on: date | None = None
    in_case: bool = False
    disputes: int = 0
    on_hold: bool = False
    charges: dict[str, Charge] = field(default_factory=dict)
    falls: list[tuple[date, Ore]] = field(default_factory=list)
    """What lowered the capital, dated as it counts, negative."""
    money: list[tuple[date, Ore]] = field(default_factory=list)
    credits: list[tuple[date, Ore]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.open:
            self.open = {"capital": self.invoice.total_ore}

    def copy(self) -> "Book":
        """A second book to go another way with."""
        return replace(
            self,
            open=dict(self.open),
            charges=dict(self.charges),
            falls=list(self.falls),
            money=list(self.money),
            credits=list(self.credits),
        )

    @property
    def settled(self) -> bool:
        """Nothing is open."""
        return not any(self.open.values())

    @property
    def held(self) -> bool:
        """An objection stands, or was found right."""
        return self.disputes > 0 or self.on_hold

    @property
    def standing(self) -> list[Charge]:
        """Charges that were not taken back, in order."""
        return sorted((c for c in self.charges.values() if c.stands), key=lambda c: c.order)

    def due_interest_ore(self, until: date, falls: list[tuple[date, Ore]]) -> Ore:
        """All interest from its start through a day."""
        invoice = self.invoice
        start = statutes.interest_from(
            due_on=invoice.due_on,
            agreed=invoice.due_date_agreed,
            sent_on=self.sent_on,
            consumer=invoice.consumer,
            notice=invoice.notice,
        )
        if start is None:
            return 0
        capital = [(min(invoice.issued_on, start), invoice.total_ore), *falls]
        return statutes.interest_ore(
            capital, start, until, kind=invoice.interest_kind, agreed_bp=invoice.interest_bp
        )

    def charge(self, kind: str, on: date) -> None:
        """Price and book a step; the caller has seen that it is owed."""
        fee = {
            "reminder": statutes.REMINDER_FEE_ORE if self.invoice.reminder_fee_agreed else 0,
            "demand": statutes.DEMAND_COST_ORE,
            "filing": statutes.FILING_FEE_ORE,
            "enforcement": statutes.ENFORCEMENT_FEE_ORE,
        }[kind]
        work = statutes.FILING_WORK_ORE if kind == "filing" else 0
        interest = max(0, self.due_interest_ore(on, self.falls) - self.posted_interest_ore)
        self._owe(FEE_COMPONENT[kind], fee)
        self._owe("filing_work", work)
        self._owe("interest", interest)
        self.posted_interest_ore += interest
        self.charged_on = max(on, self.charged_on or on)
        self.in_case = self.in_case or kind == "demand"
        self.charges[kind] = Charge(kind, on, fee, work, interest)

    def pay(self, paid_on: date, amount_ore: Ore) -> None:
        """Money is heard of, dated `paid_on`."""
        late = any(c.on >= paid_on for c in self.standing)
        self.money.append((paid_on, amount_ore))
        if late:
            self._reconsider()
            if self.standing:
                self._lower_interest(self._too_much_interest(paid_on, amount_ore))
        self._receive(paid_on, amount_ore)

    def credit(self, on: date, *, correction: bool) -> None:
        """The whole invoice is credited; every charge goes with it."""
        amount = self.invoice.total_ore - self.credited_ore
        unpaid = min(self.open.get("capital", 0), amount)
        self._owe("capital", -unpaid)
        self.credited_ore += amount
        counts = min(self.invoice.issued_on, self.invoice.due_on) if correction else on
        self.credits.append((counts, amount))
        freed = amount - unpaid
        for charge in self.standing:
            freed += self._take_back(charge, last=True)
        self.in_case = False
        self.falls.append((counts, -amount))
        if freed:
            self._receive(on, freed)

    def object(self, on: date) -> None:
        """The debtor objects: what was charged from that day on goes."""
        freed = 0
        for charge in [c for c in self.standing if c.on >= on]:
            later = [c for c in self.standing if c.order > charge.order and c.on < on]
            freed += self._take_back(charge, last=not later)
        self.in_case = any(c.kind == "demand" for c in self.standing)
        if freed:
            self._receive(on, freed)
        self.disputes += 1

    def never_delivered(self, kind: str, on: date) -> None:
        """No channel took the letter of a charge: it is taken back."""
        charge = self.charges[kind]
        if charge.stands:
            freed = self._take_back(charge, last=True)
            self.in_case = any(c.kind == "demand" for c in self.standing)
            if freed:
                self._receive(on, freed)

    def not_awarded(self, on: date) -> None:
        """Kronofogden never awards the costs of an application: they are not the debtor's."""
        freed = 0
        for charge in [c for c in self.standing if c.kind in ("filing", "enforcement")]:
            freed += self._take_back(charge, last=True)
        if freed:
            self._receive(on, freed)

    def _owe(self, component: str, amount_ore: Ore) -> None:
        self.open[component] = self.open.get(component, 0) + amount_ore

    def _receive(self, on: date, amount_ore: Ore) -> None:
        parts, left = statutes.allocate(amount_ore, self.open, in_case=self.in_case)
        for component, part in parts.items():
            self._owe(component, -part)
        if parts.get("capital"):
            counts = statutes.counts_on(on, self.invoice.due_on)
            self.falls.append((counts, -parts["capital"]))
        self.overpaid_ore += left

    def _reconsider(self) -> None:
        """Take back charges on whose day nothing was owed, as is now known."""
        owed, wrong = self.invoice.total_ore, []
        for charge in self.standing:
            facts = (*self.money, *self.credits)
            if sum(ore for on, ore in facts if on <= charge.on) >= owed:
                wrong.append(charge)
            else:
                owed += charge.fee_ore + charge.work_ore + charge.interest_ore
        kept = [c for c in self.standing if c not in wrong]
        freed = 0
        for charge in wrong:
            freed += self._take_back(charge, last=not any(c.order > charge.order for c in kept))
        if wrong:
            self.in_case = any(c.kind == "demand" for c in kept)
        if freed:
            self._receive(max(c.on for c in wrong), freed)

    def _take_back(self, charge: Charge, *, last: bool) -> Ore:
        """Undo a charge; what was paid of it is freed and returned."""
        self.charges[charge.kind] = replace(charge, stands=False)
        freed = 0
        undone = [(FEE_COMPONENT[charge.kind], charge.fee_ore), ("filing_work", charge.work_ore)]
        if last:
            interest = min(charge.interest_ore, self.posted_interest_ore)
            self.posted_interest_ore -= interest
            undone.append(("interest", interest))
        for component, amount in undone:
            waived = min(amount, self.open.get(component, 0))
            self._owe(component, -waived)
            freed += amount - waived
        return freed

    def _lower_interest(self, amount_ore: Ore) -> None:
        self._owe("interest", -amount_ore)
        self.posted_interest_ore -= amount_ore

    def _too_much_interest(self, paid_on: date, amount_ore: Ore) -> Ore:
        """Open interest posted for days on which this money had already lowered the capital."""
        assert self.charged_on is not None
        unpaid, lowered = self.open.get("interest", 0), 0
        while True:
            after = {**self.open, "interest": unpaid - lowered}
            parts, _ = statutes.allocate(amount_ore, after, in_case=self.in_case)
            counts = statutes.counts_on(paid_on, self.invoice.due_on)
            falls = [*self.falls, (counts, -parts.get("capital", 0))]
            due = self.due_interest_ore(self.charged_on, falls)
            found = min(unpaid, max(0, self.posted_interest_ore - due))
            if found <= lowered:
                return lowered
            lowered = found
