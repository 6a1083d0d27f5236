"""Measures the walk itself: invoices, payments and reminders a second, all services on.

Everything goes through the services' own HTTP and through bank files. Only the million old claims
of the growth run are laid down by SQL: issuing them would measure issuing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import psutil

from deploy.bench import bank_file
from deploy.bench.figures import Figures
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

    async def settle(self, *, mails: bool = False, every: float = 0.2) -> None:
        """Wait until nothing is under way (mails still to be sent count only when asked)."""
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
        path = self.platform.folder / f"{message}.xml"
        ore = [(each["ocr"], each["total_ore"]) for each in issued]
        bank_file.write(path, message, day, BANKGIRO, ore, sum(amount for _, amount in ore))
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
        await self.settle(every=0.05)
        path.unlink()


async def measure_platform(figures: Figures, platform: Platform, *, scale: int) -> None:
    """Invoices, payments (N and 2N), reminders and memory; `scale` is N."""
    timeout = aiohttp.ClientTimeout(total=3600)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        house = House(platform, http)
        await house.move_in()
        await house.issue(1_000)  # warm
        await house.settle()

        begun = time.perf_counter()
        first = await house.issue(scale)
        figures.add(
            "invoices issued in bulk",
            scale / (time.perf_counter() - begun),
            "invoices/s",
            "raw unnest",
        )
        await house.settle()
        figures.add(
            "invoices issued and acted on everywhere",
            scale / (time.perf_counter() - begun),
            "invoices/s",
            "raw Kafka out",
        )
        await _one_by_one(figures, house)

        today = date.fromisoformat((await house.numbers())["payments"]["today"])
        begun = time.perf_counter()
        await house.push(first, "N", today)
        figures.add(
            "payments, N", scale / (time.perf_counter() - begun), "payments/s", "raw unnest"
        )
        second = await house.issue(2 * scale)
        await house.settle()
        begun = time.perf_counter()
        await house.push(second, "2N", today)
        figures.add(
            "payments, 2N", 2 * scale / (time.perf_counter() - begun), "payments/s", "raw unnest"
        )
        await _reminders(figures, house, scale, today)
        for name, pid in platform.pids.items():
            figures.add(f"memory {name}", psutil.Process(pid).memory_full_info().pss / 2**20, "MB")


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


async def _reminders(figures: Figures, house: House, count: int, today: date) -> None:
    """All of `count` invoices fall due for a reminder on one day."""
    await house.issue(count)
    await house.settle()
    day = today + timedelta(days=30 + 5 + 5)  # terms, reminder days, and any weekend or holiday
    begun = time.perf_counter()
    await asyncio.gather(
        *(
            house.call(name, "POST", "/ops/clock", house.operator, {"today": day.isoformat()})
            for name in SERVICES
        )
    )
    await house.settle(every=0.05)
    figures.add(
        "reminders charged and acted on",
        count / (time.perf_counter() - begun),
        "reminders/s",
        "raw unnest",
    )
