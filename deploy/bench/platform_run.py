"""Measures the walk itself: invoices, payments and reminders a second, all services on.

Everything goes through the services' own HTTP and through bank files. Only the old claims of the
growth run are laid down by SQL (`old_claims`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import psutil

from deploy.bench import bank_file
from deploy.bench.figures import Figures
from deploy.bench.old_claims import lay_down
from deploy.local.platform import Platform
from plumbing.identity import Identity, Keys

SERVICES = ("invoicing", "payments", "dunning", "collections", "notifications")
BANKGIRO = "991-2346"
PRICE_ORE = 80_000


class House:
    """The services of a running platform, spoken to with tokens of our own making."""

    def __init__(self, platform: Platform, http: aiohttp.ClientSession) -> None:
        self.platform, self.http = platform, http
        self.keys = Keys(platform.keys.identity_private)
        self.operator = Identity(uuid4(), frozenset({"operator", "support", "feed"}))
        self.seller = Identity(uuid4(), frozenset({"seller"}))
        self.customer = ""

    async def call(
        self, service: str, method: str, path: str, who: Identity, body: Any = None
    ) -> Any:
        """One call; an answer that is no success is an error."""
        headers = {"authorization": f"Bearer {self.keys.sign(who, service)}"}
        url = self.platform.url(service) + path
        async with self.http.request(method, url, json=body, headers=headers) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json()

    async def move_in(self) -> None:
        """Register the company and the customer that all of this is about."""
        company = {
            "organisation_number": "556016-0680",
            "name": "Mätmåleriet AB",
            "email": "post@matmaleriet.example",
            "street": "Storgatan 1",
            "postcode": "11122",
            "town": "Stockholm",
            "vat_registered": True,
            "f_skatt": True,
        }
        made = await self.call("invoicing", "POST", "/creditors", self.seller, company)
        self.seller = Identity(
            self.seller.person, frozenset({"seller"}), company=UUID(made["creditor_id"])
        )
        customer = {
            "kind": "consumer",
            "name": "Karin Exempel",
            "email": "karin@example.se",
            "street": "Gatan 2",
            "postcode": "11122",
            "town": "Stockholm",
            "channel": "email",
        }
        made = await self.call("invoicing", "POST", "/customers", self.seller, customer)
        self.customer = made["customer_id"]

    def invoice(self, nth: int) -> dict[str, Any]:
        """An invoice of one row: 800 kr and a few öre, with VAT 25 %."""
        row = {
            "text": "Målning",
            "quantity": "1",
            "unit": "tim",
            "price_ore": PRICE_ORE,
            "vat_percent": 25,
        }
        return {
            "customer_id": self.customer,
            "rows": [row],
            "terms_days": 30,
            "due_date_agreed": True,
            "reminder_fee_agreed": True,
        }

    async def issue(self, count: int) -> list[dict[str, Any]]:
        """Issue in bulk, ten thousand a call; returns what each became."""
        issued: list[dict[str, Any]] = []
        while len(issued) < count:
            some = [self.invoice(nth) for nth in range(min(10_000, count - len(issued)))]
            answer = await self.call(
                "invoicing", "POST", "/invoices/bulk", self.seller, {"invoices": some}
            )
            issued += answer["results"]
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

    async def settle(self, *, mails: bool = False, every: float = 0.2) -> None:
        """Wait until nothing is under way (mails still to be sent count only when asked).

        Asking takes the processors from what is asked about, so it is done seldom.
        """
        while True:
            numbers = await self.numbers()
            left = sum(
                each["backlog"] - (0 if mails else each["outbound"]["waiting"])
                for each in numbers.values()
            )
            if any(each["inbox"]["parked"] for each in numbers.values()):
                raise RuntimeError("events are parked: the figures would be worthless")
            if left <= 0:
                return
            await asyncio.sleep(every)

    async def push(self, issued: Sequence[dict[str, Any]], message: str, day: date) -> None:
        """Pay invoices with one bank file, and wait until every service has acted on it."""
        ore = [(each["ocr"], each["total_ore"]) for each in issued]
        await self._send(message, day, ore, sum(amount for _, amount in ore))

    async def _send(
        self, message: str, day: date, payments: Iterable[tuple[str, int]], total: int
    ) -> None:
        path = self.platform.folder / f"{message}.xml"
        bank_file.write(path, message, day, BANKGIRO, payments, total)
        headers = {
            "authorization": f"Bearer {self.keys.sign(self.operator, 'payments')}",
            "content-type": "application/xml",
            "x-file-name": path.name,
        }
        with path.open("rb") as file:
            url = f"{self.platform.url('payments')}/bank-files"
            async with self.http.post(url, data=file, headers=headers) as answer:
                if answer.status >= 300:
                    raise RuntimeError(await answer.text())
        await self.settle()
        path.unlink()

    async def push_in_parts(
        self, issued: Sequence[dict[str, Any]], message: str, day: date, parts: int
    ) -> None:
        """Pay a part of each invoice, `parts` times over, with one file; wait as `push` does."""
        share = [(each["ocr"], each["total_ore"] // parts) for each in issued]
        total = parts * sum(ore for _, ore in share)
        await self._send(message, day, (one for _ in range(parts) for one in share), total)


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
        await house.issue(1_000)  # warm
        await house.settle()
        first = await _walk(figures, house, scale)
        await _one_by_one(figures, house)
        second = await house.issue(2 * scale)
        await house.settle()
        await _paid(figures, house, second, "payments, 2N")
        await _reminders(figures, house, scale, "reminders charged and acted on")
        for name, pid in platform.pids.items():
            figures.add(f"memory {name}", psutil.Process(pid).memory_full_info().pss / 2**20, "MB")
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
    await house.settle()
    figures.add(
        f"invoices issued and acted on everywhere{after}",
        scale / (time.perf_counter() - begun),
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
    begun = time.perf_counter()
    await house.push(issued, f"F{len(figures.by_name)}", await house.today())
    figures.add(name, len(issued) / (time.perf_counter() - begun), "payments/s", raw)


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
    begun = time.perf_counter()
    parts = -(-payments // len(issued))
    await house.push_in_parts(issued, "L", await house.today(), parts)
    watching.cancel()
    count = parts * len(issued)
    taken = time.perf_counter() - begun
    figures.add(f"payments, {count:,} in one file", count / taken, "payments/s", "payments, N")
    figures.add("memory payments before that file", before / 2**20, "MB")
    figures.add("memory payments at most during it", peak / 2**20, "MB")


async def _one_by_one(figures: Figures, house: House, count: int = 1_500) -> None:
    """One invoice a request, sixteen requests at a time."""
    queue = list(range(count))

    async def clerk() -> None:
        while queue:
            await house.call(
                "invoicing", "POST", "/invoices", house.seller, house.invoice(queue.pop())
            )

    begun = time.perf_counter()
    await asyncio.gather(*(clerk() for _ in range(16)))
    figures.add(
        "invoices issued one by one over HTTP",
        count / (time.perf_counter() - begun),
        "invoices/s",
        "raw commits",
    )
    await house.settle()


async def _reminders(
    figures: Figures, house: House, count: int, name: str, raw: str = "raw unnest"
) -> None:
    """All of `count` invoices fall due for a reminder on one day."""
    await house.issue(count)
    await house.settle()
    day = await house.today() + timedelta(days=30 + 5 + 5)  # terms, reminder days, any weekend
    begun = time.perf_counter()
    await asyncio.gather(
        *(
            house.call(name, "POST", "/ops/clock", house.operator, {"today": day.isoformat()})
            for name in SERVICES
        )
    )
    await house.settle()
    figures.add(name, count / (time.perf_counter() - begun), "reminders/s", raw)
