"""The crash run: a story told while everything is killed, then quiet, then judgement."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from deploy.chaos.judge.docket import Fault, Verdict
from deploy.chaos.killer import SENDER, Killer, raging
from deploy.chaos.midnight import let_pass, strike
from deploy.chaos.report import (
    Danger,
    news,
    progress,
    tell_kills,
    tell_verdict,
    tell_where,
)
from deploy.chaos.trial import Trial, on_trial
from deploy.local.folders import PROJECT, remove
from deploy.story.plan import STORY_DAYS, make_world
from deploy.story.teller import Day, Teller
from deploy.story.telling import real_today, set_clock_back

FOLDER = PROJECT / "build" / "chaos"
INVOICES_PER_SECOND = 20
SHORT_SECONDS = 60
"""Below it the story is of fewer days, too, and less is asked of it."""
SHORT_STORY_DAYS = 90
LEAST_PER_THOUSAND = {
    "payments": 550,
    "paid in full": 450,
    "overpaid": 15,
    "allocated by hand": 8,
    "credited": 20,
    "disputed": 5,
    "reminded": 60,
    "letters taken": 1000,
    "reminders sent": 60,
    "demanded": 10,
    "filed": 10,
    "applications": 10,
}
"""Of the invoices, what must at least have come about; about half of what the story plans."""
LATE_PER_THOUSAND = {
    "part paid": 10,
    "demanded": 60,
    "demands sent": 60,
    "taken back": 10,
    "filed": 35,
    "applications": 35,
    "withdrawals": 5,
    "decided": 20,
    "contested there": 5,
    "enforcement applications": 8,
    "enforced": 8,
}
"""The same, where the story is long enough for it."""
KEPT = {
    "journal.jsonl": "what was commanded and answered",
    "postgres": "the databases",
    "logs": "what every process said",
    "bank": "the bank's records; mail and kronofogden beside it",
}


@dataclass(frozen=True)
class Scale:
    """How large a run is, and what must at least have happened in it."""

    duration_seconds: float
    invoices: int
    companies: int
    days: int
    windows: int
    lull_days: tuple[int, int]

    @property
    def longest_seconds(self) -> float:
        """How long it may take, from the start of the first server to the verdict."""
        return 300 + 6 * self.duration_seconds

    @property
    def least(self) -> dict[str, int]:
        """Outcomes of which there must be so many, or the run has proven nothing."""
        counts = {
            "invoices issued": self.invoices,
            "payouts settled": 3 * self.companies,
            "unmatched": 1,
        }
        shares = LEAST_PER_THOUSAND | (LATE_PER_THOUSAND if self.days > SHORT_STORY_DAYS else {})
        parts = {name: self.invoices * share // 1000 for name, share in shares.items()}
        return counts | {name: max(1, count) for name, count in parts.items()}


def scale_of(duration_seconds: float, invoices: int | None = None) -> Scale:
    """A run that fits a duration."""
    short = duration_seconds < SHORT_SECONDS
    return Scale(
        duration_seconds,
        invoices or max(100, int(duration_seconds * INVOICES_PER_SECOND)),
        companies=6 if short else 12,
        days=SHORT_STORY_DAYS if short else STORY_DAYS,
        windows=1 if short else 2,
        lull_days=(5, 10) if short else (1, 4),
    )


async def chaos(console: Console, seed: int, scale: Scale, folder: Path | None = None) -> bool:
    """Run, judge and tell; whether the platform was upheld. Evidence stays where it was not."""
    await let_pass(console, scale.longest_seconds)
    place = folder or FOLDER / f"seed-{seed}"
    remove(place)
    place.mkdir(parents=True, mode=0o711)
    place.chmod(0o711)
    console.print(
        f"[bold]Crash run[/] with seed {seed}: {scale.invoices} invoices in {scale.days} days, "
        "everything in danger until the last of them",
        highlight=False,
    )
    verdict = None
    try:
        async with on_trial(place, seed) as trial:
            danger = await tell_in_danger(console, trial, seed, scale)
            tell_kills(console, trial.killer, danger)
            verdict = with_deaths(await trial.judge(scale.least), trial.killer)
            tell_verdict(console, verdict)
    finally:
        if verdict is not None and verdict.upheld:
            remove(place)
        else:
            tell_where(console, place, KEPT)
    return verdict.upheld


async def tell_in_danger(console: Console, trial: Trial, seed: int, scale: Scale) -> Danger:
    """Tell the story; killing goes on to its end. How long it took, and where it was."""
    ends_on, killer = real_today(), trial.killer
    world = make_world(
        seed, invoices=scale.invoices, ends_on=ends_on, companies=scale.companies, days=scale.days
    )
    killer.lull_days = scale.lull_days
    await set_clock_back(trial.platform, world.begins_on)
    begun = time.monotonic()
    with progress(console) as shown:
        task = shown.add_task("telling", total=len(world.days), news="")

        async def on_day(day: Day) -> None:
            shown.update(task, completed=day.place)

        async def keep_telling() -> None:
            while True:
                shown.update(task, news=news(killer))
                await asyncio.sleep(0.25)

        telling = asyncio.ensure_future(Teller(world, trial.client, on_day).tell())
        showing = asyncio.ensure_future(keep_telling())
        midnight = asyncio.ensure_future(strike())
        ends = {telling, midnight}
        try:
            async with raging(killer, scale.windows) as rage:
                ended, _ = await asyncio.wait({*ends, rage}, return_when=asyncio.FIRST_COMPLETED)
                for each in ended:
                    await each
        finally:
            for each in (*ends, showing):
                each.cancel()
            await asyncio.gather(*ends, showing, return_exceptions=True)
    return Danger(time.monotonic() - begun, world.begins_on, world.ends_on)


def with_deaths(verdict: Verdict, killer: Killer) -> Verdict:
    """The verdict, broken where somebody was spared, and where somebody died who was not killed."""
    faults = [Fault("enough happened", name, "was never killed") for name in sorted(killer.spared)]
    faults += [
        Fault("enough happened", sender, f"was never killed between {party}'s yes and our commit")
        for party, sender in SENDER.items()
        if not killer.windows[party]
    ]
    faults += [
        Fault("nobody dies by itself", name, f"ended {count}×, and nobody had killed it")
        for name, count in sorted(killer.died.items())
    ]
    kinds = Counter(verdict.kinds) + Counter(fault.kind for fault in faults)
    return replace(verdict, faults=(*verdict.faults, *faults), kinds=dict(kinds))
