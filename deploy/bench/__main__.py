"""Runs every measurement and writes the figures: `python -m deploy.bench`."""

from __future__ import annotations

import asyncio

from deploy.bench.baseline import measure_kafka, measure_postgres
from deploy.bench.figures import Figures
from deploy.bench.hop_run import measure_hop
from deploy.bench.platform_run import SERVICES, measure_platform
from deploy.local.platform import temporary_platform

SCALE = 20_000
"""Invoices, payments and reminders of the walk; twice that where growth is looked for."""


async def measure() -> None:
    """The baseline first: everything later is told beside it."""
    figures = Figures()
    async with temporary_platform(services=(), standins=()) as platform:
        figures.console.print("[bold]The machine, raw[/]")
        await measure_postgres(figures, platform.admin_url)
        await measure_kafka(figures, platform.bootstrap)
        figures.console.print("[bold]One hop[/]")
        await measure_hop(figures, platform.admin_url, platform.bootstrap, platform.folder)
        figures.console.print("[bold]The walk, every service on[/]")
    held = {"OUTBOUND_AT_ONCE": "0"}  # mail is another party's speed
    async with temporary_platform(services=SERVICES, standins=(), environment=held) as platform:
        await measure_platform(figures, platform, scale=SCALE)
    figures.write()


if __name__ == "__main__":
    asyncio.run(measure())
