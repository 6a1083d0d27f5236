"""A claim's book as the handbook says it must be kept: what is owed, charged, paid and taken back.

A small second ledger of one claim, written from events.md 3 and 4: interest is posted only with a
charge (all due to date, rounded once, less what was posted); the value date decides, not the day a
fact is heard. So the book is written anew at each fact, in the order of dates: on one day credits,
then money, then charges, of which those fall on whose day nothing was owed.
"""

from collections.abc import Collection
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
        if any(day > on for day, _ in (*self.money, *self.credits)):
            self._write_anew()

    def pay(self, paid_on: date, amount_ore: Ore) -> None:
        """Money is heard of, dated `paid_on`."""
        self.money.append((paid_on, amount_ore))
        self._write_anew()

    def credit(self, on: date, *, correction: bool) -> None:
        """The whole invoice is credited; every charge goes with it."""
        counts = min(self.invoice.issued_on, self.invoice.due_on) if correction else on
        self.credits.append((counts, self.invoice.total_ore - self.credited_ore))
        self.credited_ore = self.invoice.total_ore
        self._write_anew(without={charge.kind for charge in self.standing})

    def object(self, on: date) -> None:
        """The debtor objects: what was charged from that day on goes."""
        self._write_anew(without={charge.kind for charge in self.standing if charge.on >= on})
        self.disputes += 1

    def never_delivered(self, kind: str, on: date) -> None:
        """No channel took the letter of a charge: it is taken back."""
        if self.charges[kind].stands:
            self._write_anew(without={kind})

    def not_awarded(self, on: date) -> None:
        """Kronofogden never awards the costs of an application: they are not the debtor's."""
        self._write_anew(without={"filing", "enforcement"})

    def _write_anew(self, *, without: Collection[str] = ()) -> None:
        """Take every fact in on its date; the charges `without` are taken back."""
        charges, demanded = self.standing, 0
        self.open = {"capital": self.invoice.total_ore}
        self.overpaid_ore = self.posted_interest_ore = 0
        self.in_case, self.falls = False, []
        facts: list[tuple[date, int, Ore]] = [(on, -2, ore) for on, ore in self.credits]
        facts += [(on, -1, ore) for on, ore in self.money]
        facts += [(charge.on, nth, 0) for nth, charge in enumerate(charges)]
        for on, nth, ore in sorted(facts, key=lambda fact: fact[:2]):
            if nth >= 0:
                demanded += charges[nth].interest_ore
                self._charge_again(charges[nth], demanded, stands=charges[nth].kind not in without)
            elif nth == -1:
                self._receive(on, ore)
            else:
                self._credit_again(on, ore)

    def _charge_again(self, charge: Charge, demanded: Ore, *, stands: bool) -> None:
        """A charge stands if something is owed; its interest is never more than was demanded."""
        if not stands or self.settled:
            self.charges[charge.kind] = replace(charge, stands=False)
            return
        due = min(self.due_interest_ore(charge.on, self.falls), demanded)
        interest = max(0, due - self.posted_interest_ore)
        self._owe(FEE_COMPONENT[charge.kind], charge.fee_ore)
        self._owe("filing_work", charge.work_ore)
        self._owe("interest", interest)
        self.posted_interest_ore += interest
        self.in_case = self.in_case or charge.kind == "demand"
        self.charges[charge.kind] = replace(charge, interest_ore=interest)

    def _credit_again(self, counts: date, amount_ore: Ore) -> None:
        """A credit lowers the capital; what of it was paid meets something else."""
        paid = amount_ore - min(amount_ore, self.open["capital"])
        self._owe("capital", paid - amount_ore)
        self.falls.append((counts, -amount_ore))
        if paid:
            self.falls.append((counts, paid))
            self._receive(counts, paid)

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
