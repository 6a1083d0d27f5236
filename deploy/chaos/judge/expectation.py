"""What must have become of a claim: its whole life replayed from commands, bank and calendar.

The clock moves only when all is quiet, so a day's steps and a day's facts are all done before the
next day. Within a day nobody promises an order: both are replayed, and what is found must be one of
the lawful ends (events.md 3). Where a claim went a way that the handbook leaves to the services'
own choice, it is no longer foretold (`firm` is False) and only the invariants judge it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import permutations

from deploy.chaos.judge import calendar
from deploy.chaos.judge.book import Book
from deploy.chaos.judge.records import Asked, Company, Deed, Deposit, Issued, Ore

MOST_WAYS = 64
"""Lawful ends of one claim beyond which it is not foretold."""


@dataclass(frozen=True, slots=True)
class End:
    """How a claim stands at the end: open components, the debtor's credit, charges by kind."""

    open: tuple[tuple[str, Ore], ...]
    overpaid_ore: Ore
    charges: tuple[tuple[str, bool, date, Ore, Ore], ...]
    """Kind, whether it stands, its day, its cost and its interest."""


@dataclass(frozen=True, slots=True)
class Course:
    """What of a life shows in others' books than the ledger."""

    settled_on: date | None
    """The day on which nothing was owed any more, and never after."""
    disputed: bool
    upheld: bool
    """The debtor was found right."""
    handed_over: bool
    asked: tuple[tuple[str, Asked], ...]
    """What was owed when each step was charged, by kind."""

    @property
    def of_step(self) -> Mapping[str, Asked]:
        """The same, to look up."""
        return dict(self.asked)


@dataclass(frozen=True, slots=True)
class Expected:
    """All lawful ends of a claim, each with the courses that lead there."""

    ends: Mapping[End, frozenset[Course]]
    firm: bool = True


@dataclass
class Life:
    """A claim on its way: its book, and where it stands on the ladder."""

    book: Book
    company: Company
    not_before: date | None = None
    reminded: bool = False
    pay_by: date | None = None
    in_collection: bool = False
    demanded_on: date | None = None
    stated: date | None = None
    """The day by which the demand asked for an answer; at least what the law leaves."""
    decided_on: date | None = None
    contested_on: date | None = None
    closed_on: date | None = None
    settled_on: date | None = None
    asked: dict[str, Asked] = field(default_factory=dict)
    firm: bool = True

    def copy(self) -> "Life":
        """A second life to go another way with."""
        return replace(self, book=self.book.copy(), asked=dict(self.asked))

    def end(self) -> End:
        """The end, were it now."""
        charges = (
            (c.kind, c.stands, c.on, c.fee_ore + c.work_ore, c.interest_ore)
            for c in self.book.charges.values()
        )
        still = sorted((name, ore) for name, ore in self.book.open.items() if ore)
        return End(tuple(still), self.book.overpaid_ore, tuple(sorted(charges)))

    def course(self) -> Course:
        """The course, were this the end."""
        return Course(
            settled_on=self.settled_on,
            disputed=self.book.disputes > 0,
            upheld=self.book.on_hold,
            handed_over=self.in_collection,
            asked=tuple(sorted(self.asked.items())),
        )

    def end_day(self, today: date) -> None:
        """Note whether the day leaves anything owed."""
        if not self.book.settled:
            self.settled_on = None
        elif self.settled_on is None:
            self.settled_on = today

    # A day's steps.

    def step(self, today: date) -> None:
        """Take the steps that fall due; each asks again whether something is owed."""
        if self.contested_on == today and not self.book.settled:
            self.book.object(today)
        if self.closed_on == today and not self.book.settled:
            self.book.not_awarded(today)
        if self.book.settled or self.book.held or not calendar.is_banking_day(today):
            return
        if not self.in_collection and self.book.invoice.email is not None:
            # Who cannot be sent the invoice is neither reminded nor collected from by itself.
            self._remind(today)
            self._collect(today)
        self._file(today)
        self._enforce(today)

    def _remind(self, today: date) -> None:
        company, invoice = self.company, self.book.invoice
        if self.reminded or not company.reminders:
            return
        on = self._held(calendar.reminder_on(invoice.due_on, company.reminder_days))
        if on > today:
            return
        self.reminded = True
        self.pay_by = calendar.reminder_pay_by(today)
        self._charge("reminder", today)

    def _collect(self, today: date) -> None:
        company, due_on = self.company, self.book.invoice.due_on
        if not company.automatic_collection or (company.reminders and not self.reminded):
            return
        if self.pay_by is not None:
            on = calendar.collection_on(self.pay_by, company.collection_after_days)
        else:
            first = calendar.reminder_on(due_on, company.reminder_days)
            on = first + company.collection_after_days * calendar.DAY
        if self._held(on) <= today:
            self.hand_over(today)

    def hand_over(self, today: date) -> None:
        """The claim goes to collection, and the demand leaves the same day."""
        self.in_collection = True
        if self.book.settled or self.book.held:
            self.firm = False
            return
        self.demanded_on = today
        self._charge("demand", today)
        if self.book.invoice.email is None:
            self.firm = False

    def _file(self, today: date) -> None:
        if self.demanded_on is None or "filing" in self.book.charges:
            return
        if not self.company.automatic_filing or not self.book.invoice.identity_number:
            return
        earliest, latest = calendar.stated_between(self.demanded_on)
        stated = min(max(self.stated or earliest, earliest), latest)
        if calendar.filing_on(stated, self.demanded_on) <= today:
            if not self.book.charges["demand"].stands:
                self.firm = False
                return
            self._charge("filing", today)

    def _enforce(self, today: date) -> None:
        """A decision goes on to enforcement where the creditor wants it, and it costs once."""
        if "filing" not in self.book.charges or "enforcement" in self.book.charges:
            return
        wanted = self.company.enforces and self.decided_on is not None
        if wanted and self.decided_on is not None and self.decided_on <= today:
            self._charge("enforcement", today)

    def _charge(self, kind: str, today: date) -> None:
        self.book.charge(kind, today)
        capital, interest = (self.book.open.get(name, 0) for name in ("capital", "interest"))
        costs = sum(self.book.open.values()) - capital - interest
        self.asked[kind] = (capital, interest, costs) if capital else (0, 0, interest + costs)
        if self.book.invoice.email is None and kind in ("reminder", "demand"):
            self.book.never_delivered(kind, today)

    def _held(self, day: date) -> date:
        return calendar.forward(max(day, self.not_before or day))

    # A day's facts.

    def hear(self, fact: "Deposit | Deed", today: date) -> None:
        """Take in a fact that came this day."""
        if isinstance(fact, Deposit):
            self.book.pay(fact.paid_on, fact.amount_ore)
            return
        match fact.kind:
            case "credit":
                self.book.credit(today, correction=fact.correction)
            case "object" if self.book.disputes:
                pass  # one objection at a time: a second one is answered with a conflict
            case "object":
                self.firm = self.firm and not self.in_collection
                self.book.object(today)
            case "settle_upheld":
                self.book.disputes = max(0, self.book.disputes - 1)
                self.book.on_hold = True
                if not self.book.settled:
                    self.book.not_awarded(today)
            case "settle_withdrawn":
                self.book.disputes = max(0, self.book.disputes - 1)
                self.not_before = calendar.banking_days_after(today, 1)
                self.firm = self.firm and not self.in_collection
                # A reminder that fell before it left is proposed anew; one that left is the one.
                self.firm = self.firm and not self.reminded
            case "hand_over":
                self.hand_over(today)
            case _:
                self.firm = False


@dataclass
class Story:
    """The facts of one claim by the day on which they came."""

    invoice: Issued
    company: Company
    deposits: Sequence[Deposit] = ()
    deeds: Sequence[Deed] = ()
    stated: date | None = None
    """The day by which the demand asked for an answer, as the demand has it."""
    decided_on: date | None = None
    """The day Kronofogden decided (*utslag*), as its register has it."""
    contested_on: date | None = None
    """The day the debtor contested there, as the register has it."""
    closed_on: date | None = None
    """The day Kronofogden ended the case without a decision, as its news have it."""
    by_day: dict[date, list[Deposit | Deed]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for deed in sorted(self.deeds, key=lambda d: d.n):
            self.by_day.setdefault(deed.on, []).append(deed)
        for deposit in sorted(self.deposits, key=lambda d: d.n):
            if deposit.told_on is not None:
                self.by_day.setdefault(deposit.told_on, []).append(deposit)


def foretell(story: Story, days: Iterable[date]) -> Expected:
    """Replay a claim's life over the days the clock stood on; all its lawful ends."""
    invoice = story.invoice
    sent_on = invoice.issued_on if invoice.email is not None else None
    lives = [
        Life(
            Book(invoice, sent_on),
            story.company,
            stated=story.stated,
            decided_on=story.decided_on,
            contested_on=story.contested_on,
            closed_on=story.closed_on,
            firm=not story.company.changed,
        )
    ]
    for today in days:
        if today < invoice.issued_on:
            continue
        facts = story.by_day.get(today, [])
        lives = _distinct(way for life in lives for way in _ways(life, facts, today))
        if len(lives) > MOST_WAYS:
            return Expected({}, firm=False)
    ends: dict[End, set[Course]] = defaultdict(set)
    for life in lives:
        ends[life.end()].add(life.course())
    firm = all(life.firm for life in lives)
    return Expected({end: frozenset(courses) for end, courses in ends.items()}, firm)


def _ways(life: Life, facts: list[Deposit | Deed], today: date) -> Iterator[Life]:
    """Every order in which a day may go: steps before, between or after its facts."""
    if not facts:
        life.step(today)
        life.end_day(today)
        yield life
        return
    orders = permutations(facts) if 1 < len(facts) <= 3 else [tuple(facts)]
    for order in orders:
        for place in range(len(order) + 1):
            way = life.copy()
            for fact in order[:place]:
                way.hear(fact, today)
            way.step(today)
            for fact in order[place:]:
                way.hear(fact, today)
            way.end_day(today)
            yield way


def _distinct(lives: Iterable[Life]) -> list[Life]:
    """Lives that are alike in all that matters are one."""
    found: dict[object, Life] = {}
    for life in lives:
        book = life.book
        key = (
            life.end(),
            life.course(),
            life.not_before,
            life.reminded,
            life.pay_by,
            life.in_collection,
            life.demanded_on,
            life.firm,
            book.disputes,
            book.on_hold,
            book.in_case,
            tuple(sorted(book.falls)),
        )
        found.setdefault(key, life)
    return list(found.values())
