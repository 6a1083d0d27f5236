"""Lives through a world day by day: issues, pays, credits, objects, and lets the clock move on.

Knows the platform only through its client. What it was told (numbers, OCR references, amounts) it
keeps in memory by the plan's own names. `on_day` is called when a day is over; the crash run does
its mischief meanwhile.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from deploy.story.client import Client
from deploy.story.plan import (
    OVERPAID_ORE,
    SCRIPTS,
    Act,
    Amount,
    Company,
    Deed,
    Invoice,
    Reference,
    World,
)

T = TypeVar("T")
PAYEE_BANKGIRO = "9912346"
"""Bankgirot's own example number, the platform's unless PAYEE_BANKGIRO says otherwise."""
AT_ONCE = 6
LOOKUP_AT_ONCE = 1000
CAMT_VERSIONS = ("001.02", "001.08")
REASONS = (
    "Arbetet är inte utfört som vi kom överens om.",
    "Jag har redan betalt kontant på plats.",
    "Priset stämmer inte med offerten.",
)
STRAY_TEXTS = ("Tack för senast", "Medlemsavgift", "Insamling klass 6B")


@dataclass(frozen=True, slots=True)
class Issued:
    """What the platform said of an invoice when it was issued."""

    claim_id: str
    number: int
    ocr: str
    total_ore: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day that is over: how far the story has come, and what was done."""

    on: date
    place: int
    of: int
    issued: int
    acts: Sequence[Act]


OnDay = Callable[[Day], Awaitable[None]]


@dataclass
class Told:
    """What the platform has told so far, by the plan's keys."""

    creditors: dict[str, str] = field(default_factory=dict)
    articles: dict[str, list[str]] = field(default_factory=dict)
    customers: dict[str, list[str]] = field(default_factory=dict)
    issued: dict[str, Issued] = field(default_factory=dict)
    disputes: dict[str, str] = field(default_factory=dict)


class Teller:
    """One telling of one world."""

    def __init__(self, world: World, client: Client, on_day: OnDay | None = None) -> None:
        self.world = world
        self.client = client
        self.told = Told()
        self._on_day = on_day
        self._bank_days = 0

    async def tell(self) -> Told:
        """From the first company to the last day, until all is quiet."""
        await self.register()
        for place, day in enumerate(self.world.days, 1):
            await self.live(day)
            if self._on_day is not None:
                issues = self.world.issues_by_day.get(day, ())
                acts = self.world.acts_by_day.get(day, ())
                await self._on_day(Day(day, place, len(self.world.days), len(issues), acts))
        await self.end()
        return self.told

    async def end(self) -> None:
        """Come to the last day and let everything settle on it."""
        await self.client.move_clock(self.world.ends_on)
        await self.client.push()
        await self.client.quiet()

    # Companies.

    async def register(self) -> None:
        """Every company joins, with account, policies, articles and customers."""
        await self.client.move_clock(self.world.begins_on)
        await _each(self._join, self.world.companies)
        await self.client.quiet()  # the others have heard of them all
        await _each(self._settle_in, self.world.companies)
        await self.client.quiet()

    async def _join(self, company: Company) -> None:
        body = {
            "organisation_number": company.organisation_number,
            "name": company.name,
            "email": company.email,
            "street": company.street,
            "postcode": company.postcode,
            "town": company.town,
            "vat_registered": True,
            "f_skatt": True,
        }
        answer = await self._say("new", "register", "POST", "/creditors", body, company.key)
        self.told.creditors[company.key] = answer["creditor_id"]

    async def _settle_in(self, company: Company) -> None:
        who = self.told.creditors[company.key]
        account = {"creditor_id": who, "kind": "bankgiro", "number": company.bankgiro}
        await self._say("operator", "account", "PUT", "/payout-account", account, company.key)
        ladder = {
            "reminders": True,
            "reminder_days": 5,
            "collection": "automatic" if company.collects else "ask",
            "collection_after_days": 0,
        }
        await self._say(who, "reminders", "PUT", "/dunning/policy", ladder, company.key)
        filing = {"filing": "automatic", "enforcement": company.enforces}
        await self._say(who, "collection", "PUT", "/collections/policy", filing, company.key)
        self.told.articles[company.key] = [
            (await self._say(who, "article", "POST", "/articles", body, f"{company.key}.a{at}"))[
                "article_id"
            ]
            for at, body in enumerate(_articles(company), 1)
        ]
        self.told.customers[company.key] = [
            (await self._say(who, "customer", "POST", "/customers", body, f"{company.key}.k{at}"))[
                "customer_id"
            ]
            for at, body in enumerate(_customers(company), 1)
        ]

    # A day.

    async def live(self, day: date) -> None:
        """Everything that people do on one day."""
        await self.client.move_clock(day)
        issues: dict[str, list[Invoice]] = defaultdict(list)
        for invoice in self.world.issues_by_day.get(day, ()):
            issues[invoice.company.key].append(invoice)
        await _each(self._issue, issues.values())
        acts = self.world.acts_by_day.get(day, ())
        await self._pay([act for act in acts if act.deed is Deed.PAY])
        await _each(self._carry_out, [act for act in acts if act.deed is not Deed.PAY])

    async def _issue(self, invoices: Sequence[Invoice]) -> None:
        company, day = invoices[0].company, invoices[0].issued_on
        who = self.told.creditors[company.key]
        body = {"invoices": [self._invoice(each) for each in invoices]}
        key = f"{company.key}.{day}"
        answer = await self._say(who, "issue", "POST", "/invoices/bulk", body, key)
        for invoice, result in zip(invoices, answer["results"], strict=True):
            if "refused" in result:
                raise ValueError(f"invoice {invoice.key} was refused: {result['refused']}")
            self.told.issued[invoice.key] = Issued(
                result["claim_id"], result["number"], result["ocr"], result["total_ore"]
            )

    def _invoice(self, invoice: Invoice) -> dict[str, Any]:
        articles = self.told.articles[invoice.company.key]
        return {
            "customer_id": self.told.customers[invoice.company.key][invoice.customer],
            "rows": [
                {"article_id": articles[row.article], "quantity": str(row.quantity)}
                for row in invoice.rows
            ],
            "due_on": invoice.due_on,
            "due_date_agreed": True,
            "reminder_fee_agreed": invoice.reminder_fee_agreed,
        }

    async def _carry_out(self, act: Act) -> None:
        assert act.invoice is not None
        invoice, claim_id = act.invoice, self.told.issued[act.invoice.key].claim_id
        who = self.told.creditors[invoice.company.key]
        match act.deed:
            case Deed.CREDIT:
                body = {"kind": "correction", "reason": "Fakturan var felaktig."}
                await self._say(
                    who, "credit", "POST", f"/invoices/{claim_id}/credit", body, act.key
                )
            case Deed.HAND_OVER:
                path = f"/invoices/{claim_id}/collection"
                await self._say(who, "hand_over", "POST", path, None, act.key)
            case Deed.OBJECT:
                reason = REASONS[self.told.issued[invoice.key].number % len(REASONS)]
                customer = invoice.company.customers[invoice.customer]
                await self.client.object(claim_id, customer.email, reason)
            case Deed.GIVE_RIGHT | Deed.TAKE_BACK:
                outcome = "upheld" if act.deed is Deed.GIVE_RIGHT else "withdrawn"
                path = f"/collections/disputes/{await self._dispute(who, claim_id)}/settle"
                body = {"outcome": outcome}
                await self._say(who, "settle_dispute", "POST", path, body, act.key)
            case Deed.ALLOCATE:
                await self._allocate(act, claim_id)
            case Deed.REHEARSE:
                case = await self.client.read(who, f"/collections/cases/{claim_id}")
                await self.client.rehearse(str(case["number"]), SCRIPTS[invoice.fate])

    async def _dispute(self, who: str, claim_id: str) -> str:
        if claim_id not in self.told.disputes:
            for each in (await self.client.read(who, "/collections/disputes"))["disputes"]:
                self.told.disputes[each["claim_id"]] = each["dispute_id"]
        return self.told.disputes[claim_id]

    async def _allocate(self, act: Act, claim_id: str) -> None:
        assert act.invoice is not None
        wrong = wrong_reference(self.told.issued[act.invoice.key].ocr)
        found = [each async for each in self._unmatched() if wrong in each["references"]]
        for payment in found:
            path = f"/unmatched/{payment['payment_id']}/allocate"
            body = {"claim_id": claim_id}
            await self._say("operator", "allocate", "POST", path, body, act.key)

    async def _unmatched(self) -> Any:
        after = ""
        while True:
            page = await self.client.read("operator", f"/unmatched?limit=500{after}")
            for payment in page["payments"]:
                yield payment
            if not page["next"]:
                return
            after = f"&after={page['next']}"

    # Money.

    async def _pay(self, acts: Sequence[Act]) -> None:
        asked = [act for act in acts if act.amount is Amount.ASKED]
        to_pay = await self._to_pay(act.invoice for act in asked if act.invoice)
        payments = [self._payment(act, to_pay) for act in acts]
        if not payments:
            return
        await self.client.pay(payments)
        self._bank_days += 1
        await self.client.push(CAMT_VERSIONS[self._bank_days % len(CAMT_VERSIONS)])

    async def _to_pay(self, invoices: Iterable[Invoice]) -> dict[str, int]:
        """What settles each claim today, in öre, by the plan's key."""
        keys = {self.told.issued[each.key].claim_id: each.key for each in invoices}
        claims, found = list(keys), {}
        for at in range(0, len(claims), LOOKUP_AT_ONCE):
            body = {"claim_ids": claims[at : at + LOOKUP_AT_ONCE]}
            for claim in await self.client.read("operator", "/claims/lookup", body):
                found[keys[claim["claim_id"]]] = int(claim["to_pay_ore"])
        return found

    def _payment(self, act: Act, to_pay: dict[str, int]) -> dict[str, Any]:
        payment: dict[str, Any] = {
            "payee_bankgiro": PAYEE_BANKGIRO,
            "key": f"{self.world.seed}/{act.key}",
            **({"paid_on": act.paid_on} if act.paid_on else {}),
        }
        if act.invoice is None:
            number = int(act.key[1:])
            text = STRAY_TEXTS[number % len(STRAY_TEXTS)]
            stray = {"reference": text, "kind": "text", "amount_ore": 15_000 + 7_300 * number}
            return payment | stray
        issued = self.told.issued[act.invoice.key]
        customer = act.invoice.company.customers[act.invoice.customer]
        payment |= {"payer_name": customer.name, "reference": issued.ocr, "kind": "ocr"}
        match act.reference:
            case Reference.TEXT:
                payment |= {"reference": f"Faktura {issued.ocr} tack", "kind": "text"}
            case Reference.WRONG:
                payment |= {"reference": wrong_reference(issued.ocr)}
        asked_ore = to_pay.get(act.invoice.key, 0)
        return payment | {"amount_ore": amount_ore(act.amount, issued.total_ore, asked_ore)}

    async def _say(self, who: str, name: str, method: str, path: str, body: Any, key: str) -> Any:
        """A command with a key that is the same whenever this world is told."""
        return await self.client.command(
            who, name, method, path, body, key=f"{self.world.seed}/{name}/{key}"
        )


def amount_ore(amount: Amount, total_ore: int, asked_ore: int) -> int:
    """What is paid, in öre; half an invoice is whole kronor."""
    half_ore = total_ore // 200 * 100
    match amount:
        case Amount.TOTAL:
            return total_ore
        case Amount.HALF:
            return half_ore
        case Amount.REST:
            return total_ore - half_ore
        case Amount.ASKED:
            return asked_ore
        case Amount.MORE:
            return total_ore + OVERPAID_ORE


def wrong_reference(ocr: str) -> str:
    """A slip of the pen in an OCR number: its last digit is another."""
    return ocr[:-1] + str((int(ocr[-1]) + 5) % 10)


def _articles(company: Company) -> list[dict[str, Any]]:
    return [
        {
            "name": article.name,
            "unit": article.unit,
            "price_ore": article.price_ore,
            "vat_percent": article.vat_percent,
        }
        for article in company.articles
    ]


def _customers(company: Company) -> list[dict[str, Any]]:
    return [
        {
            "kind": customer.kind,
            "name": customer.name,
            "identity_number": customer.identity_number,
            "email": customer.email,
            "street": customer.street,
            "postcode": customer.postcode,
            "town": customer.town,
            "channel": "email",
        }
        for customer in company.customers
    ]


async def _each(work: Callable[[T], Awaitable[None]], things: Iterable[T]) -> None:
    """Do the same to many, some at once; the first trouble ends it."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(thing: T) -> None:
        async with gate:
            await work(thing)

    try:
        async with asyncio.TaskGroup() as group:
            for thing in things:
                group.create_task(one(thing))
    except ExceptionGroup as troubles:
        raise troubles.exceptions[0] from None
