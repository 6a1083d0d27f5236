"""Measures the walk with the outside parties in it: mails handed over by SMTP, money paid out.

The stand-ins take part of the same two processors, and each mail is an SMTP transaction of its own,
so this says what one machine that plays all parts does, not what the platform could.
"""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

import aiohttp

from deploy.bench.figures import Figures
from deploy.bench.platform_run import SERVICES, House, memory
from deploy.local.platform import Platform

DAYS = 4
"""Of the clock: by then all payments have been ordered to be paid out."""


async def measure_everything(figures: Figures, platform: Platform, count: int) -> None:
    """Issue, mail and pay `count` invoices and pay the money out; memory of every process."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3600)) as http:
        house = House(platform, http)
        await house.move_in()
        account = {
            "creditor_id": str(house.companies[0].identity.company),
            "kind": "bankgiro",
            "number": "5050-1055",
        }
        await house.call("payments", "PUT", "/payout-account", house.operator, account)
        begun = time.perf_counter()
        issued = await house.issue(count)
        ended = await house.settle(mails=True)
        figures.add("invoices issued and mailed", count / (ended - begun), "invoices/s")
        ore = [(each["ocr"], each["total_ore"]) for each in issued]
        seconds = await house.push("E", ore, sum(amount for _, amount in ore))
        figures.add(
            "payments, with mail and payouts on", count / seconds, "payments/s", "payments, N"
        )
        begun = time.perf_counter()
        await _next_days(house, await house.today(), DAYS)
        seconds = (time.perf_counter() - begun) / DAYS
        figures.add("a day of the clock moved, payouts in it", seconds, "s")
        await _paid_out(house, sum(amount for _, amount in ore))
        for name, megabytes in memory(platform).items():
            figures.add(f"memory {name}, everything on", megabytes, "MB")


async def _next_days(house: House, today: date, days: int) -> None:
    """Move every service on, day by day, each time until all is quiet."""
    for ahead in range(1, days + 1):
        body: dict[str, Any] = {"today": (today + timedelta(days=ahead)).isoformat()}
        for name in SERVICES:
            await house.call(name, "POST", "/ops/clock", house.operator, body)
        await house.settle(mails=True)


async def _paid_out(house: House, total_ore: int) -> None:
    """Refuse figures of a run in which the money was not ordered to be paid out."""
    company = house.companies[0]
    found = await house.call("payments", "GET", "/payouts", company.identity)
    ordered_ore = sum(each["amount_ore"] for each in found["payouts"])
    if ordered_ore != total_ore:
        raise RuntimeError(f"{ordered_ore} öre were ordered to be paid out, not {total_ore}")
