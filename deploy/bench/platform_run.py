"""Measures the walk itself: invoices, payments and reminders a second, all services on.

Everything goes through HTTP (single invoices through the gateway, as a seller's do) and through
bank files. Only the old claims of the growth run are laid down by SQL (`old_claims`). Mail is held
back here, for it is another party's speed, so that invoices were sent is said by SQL as well;
`everything_run` measures with it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import psutil

from deploy.bench import bank_file
from deploy.bench.figures import Figures
from deploy.bench.old_claims import lay_down
from deploy.local.platform import Platform
from law.banking_days import roll_forward
from law.rates import half_year_start
from plumbing.identity import Identity, Keys

SERVICES = ("invoicing", "payments", "dunning", "collections", "notifications")
EVERYBODY = (*SERVICES, "gateway")
BANKGIRO = "991-2346"
PRICE_ORE = 80_000
SENT = """
  update claim set invoice_sent_on = current_date
  where invoice_sent_on is null and settled is not true
"""
REMINDED = "select count(*) from charge where kind = 'reminder' and state = 'charged'"
COMPANIES = (
    *("5561000000", "5561001370", "5561002741", "5561004119"),
    *("5561005488", "5561006858", "5561008227", "5561009597"),
)
"""Bulk work and payments are the first one's; single invoices are posted by them all."""


class Company:
    """One seller, its token at the gateway and its one customer."""

    def __init__(self, creditor_id: str, customer_id: str, token: str) -> None:
        self.identity = Identity(uuid4(), frozenset({"seller"}), company=UUID(creditor_id))
        self.token = token
        self.customer_id = customer_id

    def invoice(self) -> dict[str, Any]:
        """An invoice of one row: 800 kr, with VAT 25 %."""
        row = {
            "text": "Målning",
            "quantity": "1",
            "unit": "tim",
            "price_ore": PRICE_ORE,
            "vat_percent": 25,
        }
        return {
            "customer_id": self.customer_id,
            "rows": [row],
            "terms_days": 30,
            "due_date_agreed": True,
            "reminder_fee_agreed": True,
        }


class Waits:
    """How long to wait between readings of all numbers, which take the processors from what they
    ask about: half of what the rest will take at the pace since the last one, so that readings are
    few in the middle and close to each other at the end."""

    SHORTEST, AS_LONG_AS_IT_GROWS, LONGEST = 0.05, 0.4, 2.0

    def __init__(self) -> None:
        self._left, self._at = 0, 0.0

    def after(self, left: int, at: float) -> float:
        """Seconds to wait after a reading at `at` (seconds) that found so many things under way."""
        done, took = self._left - left, at - self._at
        self._left, self._at = left, at
        if left <= 0:
            return self.SHORTEST
        if done <= 0:
            return self.AS_LONG_AS_IT_GROWS
        return min(max(self.SHORTEST, left * took / done / 2), self.LONGEST)


class House:
    """The services of a running platform, spoken to with tokens of our own making."""

    def __init__(self, platform: Platform, http: aiohttp.ClientSession) -> None:
        self.platform, self.http = platform, http
        self.keys = Keys(platform.keys.identity_private)
        self.operator = Identity(uuid4(), frozenset({"operator", "support", "feed"}))
        self.companies: list[Company] = []
        self.unpaid = 0
        """Invoices that were issued and that no file has paid: as many reminders will come."""

    async def call(
        self, service: str, method: str, path: str, who: Identity, body: Any = None
    ) -> Any:
        """One call of a service; an answer that is no success is an error."""
        token = self.keys.sign(who, service)
        return await self._ask(method, self.platform.url(service) + path, token, body)

    async def ask_gateway(self, method: str, path: str, token: str, body: Any = None) -> Any:
        """One call of the public API, as a seller's program makes it."""
        return await self._ask(method, f"{self.platform.url('gateway')}{path}", token, body)

    async def _ask(self, method: str, url: str, token: str, body: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with self.http.request(method, url, json=body, headers=headers) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"{method} {url}: {answer.status} {await answer.text()}")
            return await answer.json()

    async def move_in(self) -> None:
        """Register the companies and the customers that all of this is about."""
        newcomer = Identity(uuid4(), frozenset({"seller"}))
        for number in COMPANIES:
            made = await self.call("invoicing", "POST", "/creditors", newcomer, _company(number))
            creditor_id = made["creditor_id"]
            wish = {"creditor_id": creditor_id}
            token = (await self.ask_gateway("POST", "/demo/token", "", wish))["token"]
            made = await self.ask_gateway("POST", "/api/v1/customers", token, CUSTOMER)
            self.companies.append(Company(creditor_id, made["customer_id"], token))

    async def issue(self, count: int) -> list[dict[str, Any]]:
        """Issue in bulk, ten thousand a call; returns what each became."""
        issued: list[dict[str, Any]] = []
        company = self.companies[0]
        while len(issued) < count:
            some = [company.invoice() for _ in range(min(10_000, count - len(issued)))]
            body = {"invoices": some}
            answer = await self.call("invoicing", "POST", "/invoices/bulk", company.identity, body)
            issued += answer["results"]
        self.unpaid += count
        return issued

    async def numbers(self) -> dict[str, Any]:
        """The numbers of all services."""
        answers = await asyncio.gather(
            *(self.call(name, "GET", "/ops/numbers", self.operator) for name in SERVICES)
        )
        return dict(zip(SERVICES, answers, strict=True))

    async def today(self) -> date:
        """The business day."""
        return date.fromisoformat((await self.numbers())["payments"]["today"])

    async def settle(self, *, mails: bool = False) -> float:
        """Wait until nothing is under way in two readings with the same counts; when that began.

        Mails still to be sent count only when asked. The moment returned is that of the first of
        the two readings.
        """
        waits = Waits()
        before: Any = None
        began = 0.0
        while True:
            asked_at = time.perf_counter()
            numbers = await self.numbers()
            if any(each["inbox"]["parked"] for each in numbers.values()):
                raise RuntimeError("events are parked: the figures would be worthless")
            left = sum(
                each["backlog"] - (0 if mails else each["outbound"]["waiting"])
                for each in numbers.values()
            )
            counted = left <= 0 and [
                (each["outbox"]["last_batch"], each["inbox"]["heard"], each["timers"]["fired"])
                for each in numbers.values()
            ]
            if counted and counted == before:
                return began
            if counted:
                before, began = counted, asked_at
            else:
                before = None
            await asyncio.sleep(waits.after(left, asked_at))

    async def push(self, message: str, payments: Iterable[tuple[str, int]], total: int) -> float:
        """Pay claims (OCR, öre) with one bank file; seconds until every service has acted on it."""
        path = self.platform.folder / f"{message}.xml"
        bank_file.write(path, message, await self.today(), BANKGIRO, payments, total)
        headers = {
            "authorization": f"Bearer {self.keys.sign(self.operator, 'payments')}",
            "content-type": "application/xml",
            "x-file-name": path.name,
        }
        begun = time.perf_counter()
        with path.open("rb") as file:
            url = f"{self.platform.url('payments')}/bank-files"
            async with self.http.post(url, data=file, headers=headers) as answer:
                if answer.status >= 300:
                    raise RuntimeError(await answer.text())
        ended = await self.settle()
        path.unlink()
        return ended - begun


CUSTOMER = {
    "kind": "consumer",
    "name": "Karin Exempel",
    "email": "karin@example.se",
    "street": "Gatan 2",
    "postcode": "11122",
    "town": "Stockholm",
    "channel": "email",
}


def _company(number: str) -> dict[str, Any]:
    return {
        "organisation_number": number,
        "name": f"Mätmåleriet {number[-4:]} AB",
        "email": "post@matmaleriet.example",
        "street": "Storgatan 1",
        "postcode": "11122",
        "town": "Stockholm",
        "vat_registered": True,
        "f_skatt": True,
    }


async def measure_platform(
    figures: Figures, platform: Platform, *, scale: int, old_claims: int = 0, file: int = 0
) -> None:
    """Invoices, payments (N and 2N), reminders, memory; then growth and one large file.

    `scale` is N; `old_claims` lie there when N is measured again; `file` is the payments in one
    file. Zero leaves a part out.
    """
    timeout = aiohttp.ClientTimeout(total=3600)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        house = House(platform, http)
        await house.move_in()
        await _paid(figures, house, await house.issue(1_000), "")  # warm
        first = await _walk(figures, house, scale)
        await _one_by_one(figures, house)
        second = await house.issue(2 * scale)
        await house.settle()
        await _paid(figures, house, second, "payments, 2N", "payments, N")
        await _reminders(figures, house, scale, "reminders charged and acted on")
        for name, megabytes in memory(platform).items():
            figures.add(f"memory {name}", megabytes, "MB")
        if old_claims:
            originals = [each["claim_id"] for each in first]
            await lay_down(figures, platform.surroundings.database_urls, originals, old_claims)
            after = f" after {old_claims:,} old claims"
            await _walk(figures, house, scale, after)
            await _reminders(
                figures, house, scale, f"reminders{after}", raw="reminders charged and acted on"
            )
            await _uphold(house)
        if file:
            await _one_file(figures, house, file)


def memory(platform: Platform) -> dict[str, float]:
    """MB of each process with those it has started; what they share is counted once."""
    found: dict[str, float] = {}
    for name, pid in platform.pids.items():
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        found[name] = sum(each.memory_full_info().pss for each in family) / 2**20
    return found


async def _walk(
    figures: Figures, house: House, scale: int, after: str = ""
) -> list[dict[str, Any]]:
    """Issue N invoices in bulk and pay them; `after` what, where it is measured once more."""
    begun = time.perf_counter()
    first = await house.issue(scale)
    raw = "invoices issued in bulk" if after else "raw unnest"
    figures.add(
        f"invoices issued in bulk{after}", scale / (time.perf_counter() - begun), "invoices/s", raw
    )
    ended = await house.settle()
    figures.add(
        f"invoices issued and acted on everywhere{after}",
        scale / (ended - begun),
        "invoices/s",
        "invoices issued and acted on everywhere" if after else "raw Kafka out",
    )
    await _paid(
        figures, house, first, f"payments, N{after}", "payments, N" if after else "raw unnest"
    )
    return first


async def _paid(
    figures: Figures,
    house: House,
    issued: Sequence[dict[str, Any]],
    name: str,
    raw: str = "raw unnest",
) -> None:
    """Pay invoices with one file; a figure where it is given a name."""
    ore = [(each["ocr"], each["total_ore"]) for each in issued]
    total = sum(amount for _, amount in ore)
    seconds = await house.push(f"F{len(figures.by_name)}", ore, total)
    house.unpaid -= len(issued)
    if name:
        figures.add(name, len(issued) / seconds, "payments/s", raw)


async def _uphold(house: House) -> None:
    """Refuse figures of a ledger that the old claims have made wrong."""
    check = await house.call("payments", "GET", "/ledger/check", house.operator)
    if check["problems"]:
        raise RuntimeError(f"the ledger does not hold: {check['problems'][:3]}")


async def _one_file(figures: Figures, house: House, payments: int, claims: int = 10_000) -> None:
    """One file of very many payments, each a small part of an invoice; and what memory it takes."""
    issued = await house.issue(min(claims, payments))
    await house.settle()
    process = psutil.Process(house.platform.pids["payments"])
    before = peak = process.memory_info().rss

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, process.memory_info().rss)
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    parts = -(-payments // len(issued))
    share = [(each["ocr"], each["total_ore"] // parts) for each in issued]
    paid = (one for _ in range(parts) for one in share)
    seconds = await house.push("L", paid, parts * sum(ore for _, ore in share))
    watching.cancel()
    count = parts * len(issued)
    figures.add(f"payments, {count:,} in one file", count / seconds, "payments/s", "payments, N")
    figures.add("memory payments before that file", before / 2**20, "MB")
    figures.add("memory payments at most during it", peak / 2**20, "MB")


async def _one_by_one(figures: Figures, house: House, count: int = 2_000) -> None:
    """One invoice a request through the gateway, thirty-two requests at a time, by all companies.

    Then the same for one company alone, whose invoices share one number series.
    """
    for name, companies in (
        ("invoices issued one by one over HTTP", house.companies),
        ("invoices issued one by one, one company", house.companies[:1]),
    ):
        queue = list(range(count))

        async def clerk(companies: Sequence[Company], queue: list[int]) -> None:
            while queue:
                company = companies[queue.pop() % len(companies)]
                await house.ask_gateway(
                    "POST", "/api/v1/invoices", company.token, company.invoice()
                )

        begun = time.perf_counter()
        await asyncio.gather(*(clerk(companies, queue) for _ in range(32)))
        seconds = time.perf_counter() - begun
        figures.add(name, count / seconds, "invoices/s", "raw commits")
        house.unpaid += count
        await house.settle()


async def _let_invoices_be_sent(house: House) -> None:
    """Mail is held in a bench, and nobody is reminded of what was not sent: say that it was."""
    async with _database(house, "dunning") as connection:
        await connection.execute(SENT)
    for company in house.companies:  # whose claims follow a policy anew
        await house.call("dunning", "PUT", "/policy", company.identity, {})
    await house.settle()


async def _reminders(
    figures: Figures, house: House, count: int, name: str, raw: str = "raw unnest"
) -> None:
    """At least `count` invoices, all that are unpaid, fall due for a reminder on one day."""
    await house.issue(count)
    await house.settle()
    await _let_invoices_be_sent(house)
    # Terms and the reminder's days; nobody is reminded on a day that is no banking day.
    day = roll_forward(await house.today() + timedelta(days=30 + 5 + 5))
    await _know_rate(house, day)
    before = await _reminded(house)
    begun = time.perf_counter()
    await asyncio.gather(
        *(
            house.call(name, "POST", "/ops/clock", house.operator, {"today": day.isoformat()})
            for name in SERVICES
        )
    )
    ended = await house.settle()
    charged = await _reminded(house) - before
    if charged < count:
        raise RuntimeError(f"only {charged} of {count} claims were reminded of")
    figures.add(name, charged / (ended - begun), "reminders/s", raw)


async def _know_rate(house: House, day: date) -> None:
    """Add the reference rate of a day yet to come: without it a charge waits, and is not made."""
    half_year = half_year_start(day).isoformat()
    known = await house.call("payments", "GET", "/rates", house.operator)
    if half_year not in {each["valid_from"] for each in known}:
        rate = {"valid_from": half_year, "bp": known[0]["bp"], "source": "the bench: as before"}
        await house.call("payments", "POST", "/rates", house.operator, rate)


async def _reminded(house: House) -> int:
    """How many reminders the ledger has charged."""
    async with _database(house, "payments") as connection:
        return int(await connection.fetchval(REMINDED))


@asynccontextmanager
async def _database(house: House, service: str) -> AsyncIterator[Any]:
    """A connection to a service's own database."""
    url = house.platform.surroundings.database_urls[service]
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        yield connection
    finally:
        await connection.close()
