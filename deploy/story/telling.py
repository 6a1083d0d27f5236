"""Tells the story to whoever typed `make run`: once, with a progress bar, and a table at the end.

The clock begins some months back and ends on the real today, from where life goes on. A second run
finds the story told; one that was interrupted is not told again, but brought to today.
"""

import os
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import aiohttp
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from deploy.local.platform import Platform
from deploy.local.processes import LaunchError
from deploy.story.client import Client, OutOfPatienceError, Places, RefusedError
from deploy.story.journal import Journal
from deploy.story.news import headline
from deploy.story.plan import STORY_DAYS, World, make_world
from deploy.story.report import count, table
from deploy.story.teller import Day, Teller
from deploy.story.troubles import DAYS_BEFORE_THE_END, Troubles
from plumbing.identity import Identity, Keys

SWEDISH = ZoneInfo("Europe/Stockholm")
SEED = 1
INVOICES = 2000
NEEDED = frozenset(
    {"invoicing", "payments", "dunning", "collections", "notifications", "gateway"}
    | {"mail", "bank", "kronofogden"}
)
"""Without any of these there is no story."""
REPORT_EVERY_SECONDS = 1.0
BAR_WIDTH = 24
"""Characters."""
SETTER = Identity(UUID("00000000-0000-7000-8000-00000000c10c"), frozenset({"operator"}))
"""Who sets the clock back before anything is said."""


async def tell(platform: Platform, console: Console) -> None:
    """Tell the story if it is not told yet; afterwards the bank reports by itself.

    BETALT_STORY is the number of invoices (2000); 0 starts with an empty platform.
    """
    missing = NEEDED - {*platform.services, *platform.standins}
    wanted = wanted_invoices()
    if missing or wanted == 0:
        why = f"{', '.join(sorted(missing))} missing" if missing else "BETALT_STORY=0"
        console.print(f"No story is told: {why}.", highlight=False)
        return
    journal = Journal(platform.folder / "story.jsonl")
    try:
        async with Client(places_of(platform), journal) as client:
            if await _is_begun(client):
                await _go_on(client, console)
            else:
                world = make_world(SEED, invoices=wanted, ends_on=real_today())
                await set_clock_back(platform, world.begins_on)
                await _tell(world, client, console)
            # The closed account (`troubles`) opens again, also one that a run cut short has left.
            await client.tell_bank(report_every_seconds=REPORT_EVERY_SECONDS, reject_accounts=[])
    except (RefusedError, OutOfPatienceError) as trouble:
        logs = platform.folder / "logs"
        raise LaunchError(f"the story broke off: {trouble}\nlogs are in {logs}") from trouble
    finally:
        journal.close()


def wanted_invoices() -> int:
    """How long the story shall be; refuses what is no number."""
    given = os.environ.get("BETALT_STORY") or str(INVOICES)
    if not (given.isascii() and given.isdecimal()):
        raise LaunchError(f"BETALT_STORY must be a number of invoices, not {given!r}")
    return int(given)


def places_of(platform: Platform) -> Places:
    """Where the story finds everybody."""
    return Places(
        gateway=platform.url("gateway"),
        bank=platform.url("bank"),
        kronofogden=platform.url("kronofogden"),
        mail=platform.url("mail"),
    )


def real_today() -> date:
    """The Swedish calendar day on the wall."""
    return datetime.now(UTC).astimezone(SWEDISH).date()


async def set_clock_back(platform: Platform, day: date) -> None:
    """Let the business day begin in the past; only possible before anything was said.

    The gateway's clock moves forward only, so each part is set through its own door.
    """
    keys = Keys(platform.keys.identity_private)
    async with aiohttp.ClientSession(raise_for_status=True) as http:
        for name in (*platform.services, *platform.standins):
            if name in ("gateway", "mail"):
                continue
            path = "/ops/clock" if name in platform.services else "/clock"
            headers = {"Authorization": f"Bearer {keys.sign(SETTER, name)}"}
            where, body = f"{platform.url(name)}{path}", {"today": day.isoformat()}
            async with http.post(where, json=body, headers=headers):
                pass


async def _is_begun(client: Client) -> bool:
    """Whether there are companies: then there is no need, and no way, to begin again."""
    return bool((await client.read("operator", "/creditors?limit=1"))["creditors"])


async def _go_on(client: Client, console: Console) -> None:
    """Go on with what a run before left."""
    left_on = await _business_day(client)
    today = real_today()
    if left_on >= today:
        console.print("The story was told before; its data is here. (make clean begins anew.)")
        return
    console.print(
        f"The story was left on {left_on}; the clock now goes on to {today}. "
        "(make clean begins anew.)",
        highlight=False,
    )
    client.patience_seconds = 600
    await client.move_clock(today)


def progress_bar(console: Console) -> Progress:
    """Bar, business day, time and the day's news, which alone is cut where there is no room."""
    return Progress(
        BarColumn(BAR_WIDTH, table_column=Column(min_width=BAR_WIDTH, no_wrap=True)),
        TextColumn("{task.fields[day]}", table_column=Column(min_width=10, no_wrap=True)),
        TimeElapsedColumn(table_column=Column(min_width=7, no_wrap=True)),
        TextColumn(
            "[dim]{task.description}",
            table_column=Column(ratio=1, overflow="ellipsis", no_wrap=True),
        ),
        console=console,
        expand=True,
    )


async def _business_day(client: Client) -> date:
    """The day on which the platform lives, once its services, newly started, can say so."""
    until = time.monotonic() + client.patience_seconds
    while (standing := await client.clock())["today"] is None:
        if time.monotonic() > until:
            raise OutOfPatienceError(f"nobody says what day it is: {standing['waiting_for']}")
    return date.fromisoformat(standing["today"])


async def _tell(world: World, client: Client, console: Console) -> None:
    begun = time.monotonic()
    months = round(STORY_DAYS / 30)
    console.print(
        f"\n{len(world.companies)} companies send {len(world.invoices)} invoices during {months} "
        f"months, from {world.begins_on} until today; nobody's real name or number is used.",
        highlight=False,
    )
    with progress_bar(console) as progress:
        whole = (world.ends_on - world.begins_on).days
        task = progress.add_task("companies register", total=whole, day=str(world.begins_on))
        troubles = Troubles(world, client)

        async def on_day(day: Day) -> None:
            news = headline(world, day.on, day.acts)
            done = (day.on - world.begins_on).days
            fields: Mapping[str, Any] = {"completed": done, "day": str(day.on)}
            progress.update(task, **fields, description=news)
            if day.place == max(1, day.of - DAYS_BEFORE_THE_END):
                await troubles.close_an_account()

        told = await Teller(world, client, on_day).tell()
        await troubles.happen(told)
        progress.update(task, completed=whole, day=str(world.ends_on), description="today")
    found = await count(client, told.creditors.values())
    console.print(table(found, time.monotonic() - begun))
