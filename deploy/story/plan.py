"""What will happen in the story, decided from a seed: who sells what to whom, and who pays how.

Pure: the same seed, size and last day give the same world. Each invoice has a fate, and a fate is a
handful of deeds on days; what those deeds lead to (a reminder, a case, a decision) is the
platform's business, and `expected` says from the law alone what must have come of it.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from contracts.invoicing import Channel
from contracts.numbers.digits import luhn_digit
from deploy.story import names
from deploy.story.names import Article
from law.banking_days import add_banking_days, is_banking_day, roll_forward
from law.demand import earliest_filing_on, respond_by
from law.reminder import reminder_date_has_passed_on, reminder_on, reminder_pay_by

T = TypeVar("T")
STORY_DAYS = 120
CUSTOMERS_PER_COMPANY = (8, 20)
INVOICING_DAYS = 14
"""On about so many days of the story does a company send invoices."""
OVERPAID_ORE = 10_000
DAYS_TO_DECISION = 24
"""From filing: confirmed, served and answered within this (the stand-in's `procedure`)."""


class Fate(StrEnum):
    """How a debtor meets an invoice."""

    ON_TIME = "on_time"
    EARLY = "early"
    DAYS_LATE = "days_late"
    AFTER_REMINDER = "after_reminder"
    LATE_FILE = "late_file"
    """Paid before the reminder; the bank's file comes after it, so the fee is taken back."""
    IN_PARTS = "in_parts"
    HALF_ONLY = "half_only"
    TWICE = "twice"
    TOO_MUCH = "too_much"
    WRONG_REFERENCE = "wrong_reference"
    TEXT_REFERENCE = "text_reference"
    CREDITED = "credited"
    OBJECTS_AND_IS_RIGHT = "objects_and_is_right"
    OBJECTS_AND_PAYS = "objects_and_pays"
    OBJECTS = "objects"
    ON_DEMAND = "on_demand"
    IN_COLLECTION = "in_collection"
    """Never pays; the day of the demand (*inkassokrav*) is yet to come when the story ends."""
    DECIDED = "decided"
    """Never pays: reminder, demand, application, decision (*utslag*)."""
    ENFORCED = "enforced"
    PAYS_AT_KRONOFOGDEN = "pays_at_kronofogden"
    CONTESTS = "contests"


PARTS_PER_THOUSAND: Mapping[Fate, int] = {
    Fate.ON_TIME: 388,
    Fate.EARLY: 160,
    Fate.DAYS_LATE: 60,
    Fate.AFTER_REMINDER: 100,
    Fate.LATE_FILE: 20,
    Fate.IN_PARTS: 35,
    Fate.HALF_ONLY: 15,
    Fate.TWICE: 15,
    Fate.TOO_MUCH: 15,
    Fate.WRONG_REFERENCE: 20,
    Fate.TEXT_REFERENCE: 20,
    Fate.CREDITED: 30,
    Fate.OBJECTS_AND_IS_RIGHT: 10,
    Fate.OBJECTS_AND_PAYS: 10,
    Fate.OBJECTS: 10,
    Fate.ON_DEMAND: 30,
    Fate.IN_COLLECTION: 12,
    Fate.DECIDED: 20,
    Fate.ENFORCED: 10,
    Fate.PAYS_AT_KRONOFOGDEN: 10,
    Fate.CONTESTS: 10,
}
SCRIPTS: Mapping[Fate, str] = {
    Fate.DECIDED: "U",
    Fate.HALF_ONLY: "U",
    Fate.ENFORCED: "X",
    Fate.PAYS_AT_KRONOFOGDEN: "P",
    Fate.CONTESTS: "B",
}
"""Which way Kronofogden's case goes, in the letters of its stand-in."""
NEEDS_TIME = frozenset({*SCRIPTS, Fate.ON_DEMAND})
HANDED_OVER = NEEDS_TIME | {Fate.IN_COLLECTION}
"""Whom a creditor hands over himself where collection does not follow by itself."""


class Deed(StrEnum):
    """What somebody does on a day."""

    PAY = "pay"
    CREDIT = "credit"
    OBJECT = "object"
    GIVE_RIGHT = "give_right"
    """The creditor agrees with the objection; a credit follows."""
    TAKE_BACK = "take_back"
    """The debtor takes the objection back."""
    HAND_OVER = "hand_over"
    """The creditor sends the claim to collection himself."""
    ALLOCATE = "allocate"
    """An operator finds the claim of a payment that nothing named."""
    REHEARSE = "rehearse"
    """Kronofogden's stand-in is told which way the case will go."""


class Amount(StrEnum):
    """How much is paid; the öre are known when the day comes."""

    TOTAL = "total"
    HALF = "half"
    REST = "rest"
    """The invoice's total without the first half."""
    ASKED = "asked"
    """What settles the claim that day."""
    MORE = "more"
    """The total and a hundred kronor."""


class Reference(StrEnum):
    """What the payer writes."""

    OCR = "ocr"
    TEXT = "text"
    """The OCR number within a sentence."""
    WRONG = "wrong"
    """Another number, which names nothing."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who is invoiced."""

    kind: str
    name: str
    identity_number: str
    email: str
    street: str
    postcode: str
    town: str


@dataclass(frozen=True, slots=True)
class Company:
    """Somebody who invoices. `collects` says whether collection follows by itself."""

    key: str
    name: str
    organisation_number: str
    email: str
    street: str
    postcode: str
    town: str
    bankgiro: str
    articles: tuple[Article, ...]
    customers: tuple[Customer, ...]
    terms_days: int
    collects: bool
    enforces: bool


@dataclass(frozen=True, slots=True)
class Row:
    """An article (its place in the company's list) and how much of it."""

    article: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """What will be issued, and to which fate."""

    key: str
    company: Company
    customer: int
    rows: tuple[Row, ...]
    issued_on: date
    due_on: date
    reminder_fee_agreed: bool
    fate: Fate


@dataclass(frozen=True, slots=True)
class Act:
    """One deed; `invoice` is None for money that belongs nowhere."""

    key: str
    on: date
    deed: Deed
    invoice: Invoice | None = None
    amount: Amount = Amount.TOTAL
    reference: Reference = Reference.OCR
    paid_on: date | None = None
    """Value date, when the bank tells of it later."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What must have come of one invoice by the last day; each a day or None."""

    reminded_on: date | None = None
    demanded_on: date | None = None
    filed_on: date | None = None
    settled_on: date | None = None


@dataclass(frozen=True)
class World:
    """Everything that will happen, from the first day to the last."""

    seed: int
    begins_on: date
    ends_on: date
    companies: tuple[Company, ...]
    invoices: tuple[Invoice, ...]
    acts: tuple[Act, ...]

    @cached_property
    def issues_by_day(self) -> Mapping[date, Sequence[Invoice]]:
        """Invoices by the day they are issued."""
        return _by_day((each.issued_on, each) for each in self.invoices)

    @cached_property
    def acts_by_day(self) -> Mapping[date, Sequence[Act]]:
        """Deeds by day, none after the last."""
        return _by_day((act.on, act) for act in self.acts)

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The days on which somebody does something, in order."""
        return tuple(sorted({*self.issues_by_day, *self.acts_by_day}))


def make_world(
    seed: int, *, invoices: int, ends_on: date, companies: int = 24, days: int = STORY_DAYS
) -> World:
    """Decide everything; `invoices` are about as many, never fewer, than asked for."""
    chance = random.Random(seed)
    begins_on = ends_on - timedelta(days=days)
    who = tuple(_companies(chance, companies))
    fates = _fates(invoices)
    issues = _issue_days(chance, who, begins_on, ends_on, len(fates))
    made = tuple(_invoices(chance, issues, fates, ends_on))
    acts = [act for each in made for act in acts_of(each, random.Random(f"{seed}/{each.key}"))]
    acts += _strays(chance, max(2, invoices // 400), begins_on, ends_on)
    told = sorted((act for act in acts if act.on <= ends_on), key=lambda act: (act.on, act.key))
    return World(seed, begins_on, ends_on, who, made, tuple(told))


def expected(invoice: Invoice, acts: Sequence[Act], ends_on: date) -> Expected:
    """What the law makes of an invoice on which exactly these deeds are done (its own, in order).

    A milestone counts when its day came before the debtor was done and the story was over; deeds
    are planned never to fall on a milestone's own day.
    """
    settled_on = _settled_on(invoice, acts)
    held_on = next((act.on for act in acts if act.deed is Deed.OBJECT), None)
    over_on = min(
        day for day in (settled_on, held_on, ends_on + timedelta(days=1)) if day is not None
    )
    steps = ladder(invoice, acts)
    reached = Expected(*(day if day is not None and day < over_on else None for day in steps))
    within = settled_on if settled_on is not None and settled_on <= ends_on else None
    return replace(reached, settled_on=within)


def ladder(invoice: Invoice, acts: Sequence[Act]) -> tuple[date, date | None, date | None]:
    """The days of reminder, demand and application if nothing is paid; None where none comes."""
    reminder = reminder_on(invoice.due_on)
    demand = next((act.on for act in acts if act.deed is Deed.HAND_OVER), None)
    if invoice.company.collects:
        demand = _demand_on(invoice.due_on)
    if demand is None:
        return reminder, None, None
    return reminder, demand, _filing_on(demand)


# Fates.


def acts_of(invoice: Invoice, chance: random.Random) -> list[Act]:
    """The deeds of an invoice's fate, in order, also those after the story's end."""
    due, reminded = invoice.due_on, reminder_on(invoice.due_on)
    demand = _demand_on(invoice.due_on)
    filing = _filing_on(demand)
    make = _Acts(invoice)
    if invoice.fate in HANDED_OVER and not invoice.company.collects:
        make(Deed.HAND_OVER, demand)
    if invoice.fate in SCRIPTS:
        make(Deed.REHEARSE, add_banking_days(demand, 1))
    match invoice.fate:
        case Fate.ON_TIME:
            make(Deed.PAY, _no_later(due - timedelta(days=chance.randrange(4)), invoice))
        case Fate.EARLY:
            ahead = chance.randrange(1, max(2, (due - invoice.issued_on).days))
            make(Deed.PAY, _no_later(invoice.issued_on + timedelta(days=ahead), invoice))
        case Fate.DAYS_LATE:
            make(Deed.PAY, add_banking_days(due, 1))
        case Fate.AFTER_REMINDER:
            make(Deed.PAY, add_banking_days(reminded, chance.randrange(1, 5)), Amount.ASKED)
        case Fate.LATE_FILE:
            booked = add_banking_days(reminded, 1)
            make(Deed.PAY, booked, paid_on=add_banking_days(due, 1))
        case Fate.IN_PARTS:
            make(Deed.PAY, _no_later(due - timedelta(days=6), invoice), Amount.HALF)
            make(Deed.PAY, _no_later(due - timedelta(days=1), invoice), Amount.REST)
        case Fate.HALF_ONLY:
            make(Deed.PAY, _no_later(due - timedelta(days=2), invoice), Amount.HALF)
        case Fate.TWICE:
            first = _no_later(due - timedelta(days=4), invoice)
            make(Deed.PAY, first)
            make(Deed.PAY, add_banking_days(first, chance.randrange(1, 4)))
        case Fate.TOO_MUCH:
            make(Deed.PAY, _no_later(due - timedelta(days=1), invoice), Amount.MORE)
        case Fate.WRONG_REFERENCE:
            paid = _no_later(due - timedelta(days=1), invoice)
            make(Deed.PAY, paid, reference=Reference.WRONG)
            found = add_banking_days(paid, 1) if chance.random() < 0.6 else reminded
            make(Deed.ALLOCATE, add_banking_days(found, 1))
        case Fate.TEXT_REFERENCE:
            paid = _no_later(due - timedelta(days=2), invoice)
            make(Deed.PAY, paid, reference=Reference.TEXT)
        case Fate.CREDITED:
            make(Deed.CREDIT, _no_later(invoice.issued_on + timedelta(days=5), invoice))
        case Fate.OBJECTS_AND_IS_RIGHT | Fate.OBJECTS_AND_PAYS | Fate.OBJECTS:
            _objections(make, invoice)
        case Fate.ON_DEMAND:
            make(Deed.PAY, add_banking_days(demand, chance.randrange(1, 4)), Amount.ASKED)
        case Fate.PAYS_AT_KRONOFOGDEN:
            served = add_banking_days(filing, 5)
            make(Deed.PAY, add_banking_days(served, chance.randrange(1, 4)), Amount.ASKED)
        case Fate.DECIDED | Fate.ENFORCED | Fate.CONTESTS | Fate.IN_COLLECTION:
            pass
    return make.made


class _Acts:
    """Numbers the deeds of one invoice."""

    def __init__(self, invoice: Invoice) -> None:
        self._invoice = invoice
        self.made: list[Act] = []

    def __call__(
        self,
        deed: Deed,
        on: date,
        amount: Amount = Amount.TOTAL,
        *,
        reference: Reference = Reference.OCR,
        paid_on: date | None = None,
    ) -> None:
        key = f"{self._invoice.key}.{len(self.made) + 1}"
        self.made.append(Act(key, on, deed, self._invoice, amount, reference, paid_on))


def _objections(make: _Acts, invoice: Invoice) -> None:
    objected = _no_later(invoice.issued_on + timedelta(days=3), invoice)
    answered = add_banking_days(objected, 2)
    make(Deed.OBJECT, objected)
    if invoice.fate is Fate.OBJECTS_AND_IS_RIGHT:
        make(Deed.GIVE_RIGHT, answered)
        make(Deed.CREDIT, add_banking_days(answered, 1))
    elif invoice.fate is Fate.OBJECTS_AND_PAYS:
        make(Deed.TAKE_BACK, answered)
        make(Deed.PAY, add_banking_days(answered, 1))


def _no_later(day: date, invoice: Invoice) -> date:
    """A banking day after the invoice's and, where the day was, in time."""
    return max(roll_forward(day), add_banking_days(invoice.issued_on, 1))


def _demand_on(due_on: date) -> date:
    return reminder_date_has_passed_on(reminder_pay_by(reminder_on(due_on)))


def _filing_on(demanded_on: date) -> date:
    """A demand states a day that suits every channel, had it left a banking day later."""
    stated = respond_by(add_banking_days(demanded_on, 1), Channel.PAPER)
    return earliest_filing_on(stated, demanded_on, Channel.EMAIL)


def _settled_on(invoice: Invoice, acts: Sequence[Act]) -> date | None:
    """The day of the deed that settles the claim; part payments and mere objections do not."""
    settling = {Amount.TOTAL, Amount.ASKED, Amount.MORE, Amount.REST}
    for act in acts:
        if act.deed in (Deed.CREDIT, Deed.ALLOCATE):
            return act.on
        found = act.reference is not Reference.WRONG
        if act.deed is Deed.PAY and act.amount in settling and found:
            return act.on
    return None


# Companies and their customers.


def _companies(chance: random.Random, count: int) -> Iterator[Company]:
    for at in range(count):
        trade = names.TRADES[at % len(names.TRADES)]
        postcode, town = chance.choice(names.TOWNS)
        customers = chance.randint(*CUSTOMERS_PER_COMPANY)
        yield Company(
            key=f"c{at + 1:02d}",
            name=trade.name if at < len(names.TRADES) else f"{trade.name} {at + 1}",
            organisation_number=organisation_number(chance),
            email=f"{_plain(trade.name).split('.')[0]}{at + 1}@foretag.example",
            street=_street(chance),
            postcode=postcode,
            town=town,
            bankgiro=_bankgiro(chance),
            articles=trade.articles,
            customers=tuple(_customer(chance, trade.to_businesses) for _ in range(customers)),
            terms_days=trade.terms_days,
            collects=at % 4 != 3,
            enforces=at % 2 == 0,
        )


def _customer(chance: random.Random, to_businesses: int) -> Customer:
    is_business = chance.randrange(100) < to_businesses
    if is_business:
        place, kind = chance.choice(names.BUSINESS_NAMES), chance.choice(names.BUSINESS_KINDS)
        name, number = f"{place} {kind}", organisation_number(chance)
        email = f"faktura@{_plain(name)}.example"
    else:
        name = f"{chance.choice(names.FIRST_NAMES)} {chance.choice(names.LAST_NAMES)}"
        number = personal_number(chance)
        email = f"{_plain(name)}{chance.randrange(10, 99)}@post.example"
    postcode, town = chance.choice(names.TOWNS)
    kind_of_debtor = "business" if is_business else "consumer"
    return Customer(kind_of_debtor, name, number, email, _street(chance), postcode, town)


def organisation_number(chance: random.Random) -> str:
    """A number with a right check digit that no organisation has.

    Its first digit tells an organisation's form (SKV 709); 4 stands for none.
    """
    nine = f"4{chance.randrange(10)}{chance.randrange(2, 10)}{chance.randrange(10**6):06d}"
    return nine + luhn_digit(nine)


def personal_number(chance: random.Random) -> str:
    """A grown-up's number of the series kept for tests (birth numbers 980 to 999)."""
    born_on = date(1940, 1, 1) + timedelta(days=chance.randrange(64 * 365))
    nine = f"{born_on:%y%m%d}{chance.randrange(980, 1000)}"
    return f"{born_on.year // 100}{nine}{luhn_digit(nine)}"


def _bankgiro(chance: random.Random) -> str:
    seven = f"{chance.randrange(5_000_000, 6_000_000)}"
    return seven + luhn_digit(seven)


def _street(chance: random.Random) -> str:
    return f"{chance.choice(names.STREETS)} {chance.randrange(1, 90)}"


def _plain(name: str) -> str:
    letters = str.maketrans("åäöéü", "aaoeu")
    words = name.lower().translate(letters).split()
    return ".".join("".join(c for c in word if c.isalnum()) for word in words if word != "&")


# Invoices.


def _fates(count: int) -> list[Fate]:
    """So many of each fate as its parts say, at least one of each."""
    shares = {fate: max(1, count * parts // 1000) for fate, parts in PARTS_PER_THOUSAND.items()}
    shares[Fate.ON_TIME] = max(1, count - sum(shares.values()) + shares[Fate.ON_TIME])
    return [fate for fate, share in shares.items() for _ in range(share)]


def _issue_days(
    chance: random.Random, who: Sequence[Company], begins_on: date, ends_on: date, count: int
) -> list[tuple[date, Company]]:
    """On which day each company issues how many: some days each, more at month ends."""
    days = [begins_on + timedelta(days=n) for n in range((ends_on - begins_on).days)]
    open_days = [day for day in days if is_banking_day(day)]
    weights = [3 if day.day >= 25 else 1 for day in open_days]
    issues: list[tuple[date, Company]] = []
    for at, company in enumerate(who):
        share = count // len(who) + (at < count % len(who))
        own = chance.choices(open_days, weights, k=INVOICING_DAYS)
        issues += [(chance.choice(own), company) for _ in range(share)]
    return sorted(issues, key=lambda issue: (issue[0], issue[1].key))


def _invoices(
    chance: random.Random, issues: list[tuple[date, Company]], fates: list[Fate], ends_on: date
) -> Iterator[Invoice]:
    """Give each issue a fate; those that take long fall on early invoices, so they are seen.

    Those that are to be in collection on the last day fall where a demand runs then.
    """
    slow = [fate for fate in fates if fate in NEEDS_TIME]
    quick = [fate for fate in fates if fate not in NEEDS_TIME]
    early = [at for at, (day, company) in enumerate(issues) if _has_time(day, company, ends_on)]
    chance.shuffle(slow)
    chosen = chance.sample(early, min(len(slow), len(early)))
    by_place = dict(zip(chosen, slow, strict=False))
    late = [at for at, (day, company) in enumerate(issues) if _is_demanded(day, company, ends_on)]
    standing = chance.sample(late, min(len(late), quick.count(Fate.IN_COLLECTION)))
    by_place |= dict.fromkeys(standing, Fate.IN_COLLECTION)
    for _ in standing:
        quick.remove(Fate.IN_COLLECTION)
    rest = quick + slow[len(chosen) :]
    chance.shuffle(rest)
    others = iter(rest)
    for at, (day, company) in enumerate(issues):
        yield _invoice(chance, f"i{at + 1:05d}", day, company, by_place.get(at) or next(others))


def _has_time(issued_on: date, company: Company, ends_on: date) -> bool:
    """Whether a decision can be seen before the story ends."""
    due_on = issued_on + timedelta(days=company.terms_days)
    return _filing_on(_demand_on(due_on)) + timedelta(days=DAYS_TO_DECISION) <= ends_on


def _is_demanded(issued_on: date, company: Company, ends_on: date) -> bool:
    """Whether an unpaid invoice is in collection on the last day, and not yet at Kronofogden."""
    demand = _demand_on(issued_on + timedelta(days=company.terms_days))
    return demand + timedelta(days=2) <= ends_on < _filing_on(demand)


def _invoice(chance: random.Random, key: str, day: date, company: Company, fate: Fate) -> Invoice:
    articles = chance.sample(
        range(len(company.articles)), chance.randint(1, min(2, len(company.articles)))
    )
    rows = tuple(_row(chance, company, at) for at in articles)
    return Invoice(
        key=key,
        company=company,
        customer=chance.randrange(len(company.customers)),
        rows=rows,
        issued_on=day,
        due_on=day + timedelta(days=company.terms_days),
        reminder_fee_agreed=chance.random() < 0.8,
        fate=fate,
    )


def _row(chance: random.Random, company: Company, article: int) -> Row:
    most = company.articles[article].quantity
    return Row(article, chance.randint(max(1, most // 4), most))


def _strays(chance: random.Random, count: int, begins_on: date, ends_on: date) -> Iterator[Act]:
    """Money that names nothing and that nobody asks for."""
    for at in range(count):
        day = roll_forward(begins_on + timedelta(days=chance.randrange(20, STORY_DAYS - 10)))
        on = min(day, ends_on)
        yield Act(f"s{at + 1:03d}", on, Deed.PAY, None, Amount.TOTAL, Reference.WRONG)


def _by_day(dated: Iterator[tuple[date, T]]) -> Mapping[date, Sequence[T]]:
    found: dict[date, list[T]] = defaultdict(list)
    for day, each in dated:
        found[day].append(each)
    return found
