"""Runs every measurement and writes the figures: `python -m deploy.bench`."""

from __future__ import annotations

import argparse
import asyncio

from deploy.bench.baseline import measure_kafka, measure_postgres
from deploy.bench.everything_run import measure_everything
from deploy.bench.figures import Figures
from deploy.bench.hop_run import measure_hop
from deploy.bench.platform_run import EVERYBODY, measure_platform
from deploy.local.platform import temporary_platform

SCALE = 20_000
"""Invoices, payments and reminders of the walk; twice that where growth is looked for."""


OLD_CLAIMS = 1_000_000
FILE = 1_000_000
EVERYTHING = 5_000
"""Invoices of the last run, in which the outside parties take part too."""


async def measure(*, scale: int, old_claims: int, file: int) -> None:
    """The baseline first: everything later is told beside it."""
    figures = Figures()
    async with temporary_platform(services=(), standins=()) as platform:
        figures.console.print("[bold]The machine, raw[/]")
        await measure_postgres(figures, platform.admin_url)
        await measure_kafka(figures, platform.bootstrap)
        figures.console.print("[bold]One hop[/]")
        await measure_hop(figures, platform.admin_url, platform.bootstrap, platform.folder)
        figures.console.print("[bold]The walk, every service on[/]")
    # Mail is another party's speed; the whole ledger is checked by the bench itself, afterwards.
    held = {"OUTBOUND_AT_ONCE": "0", "LEDGER_CHECK_SECONDS": "86400"}
    async with temporary_platform(services=EVERYBODY, standins=(), environment=held) as platform:
        await measure_platform(figures, platform, scale=scale, old_claims=old_claims, file=file)
    figures.console.print("[bold]With mail and payouts[/]")
    async with temporary_platform() as platform:
        await measure_everything(figures, platform, min(scale, EVERYTHING))
    figures.write()


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m deploy.bench", description=__doc__)
    parser.add_argument("--scale", type=int, default=SCALE, help="invoices and payments: N")
    parser.add_argument(
        "--old-claims", type=int, default=OLD_CLAIMS, help="beside which N is measured again"
    )
    parser.add_argument("--file", type=int, default=FILE, help="payments in one large file")
    given = parser.parse_args()
    asyncio.run(measure(scale=given.scale, old_claims=given.old_claims, file=given.file))


if __name__ == "__main__":
    main()
