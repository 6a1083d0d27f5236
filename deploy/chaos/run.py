"""The crash run: a story told while everything is killed, then quiet, then judgement."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from deploy.chaos.judge.docket import Fault, Verdict
from deploy.chaos.killer import SENDER, Killer, raging
from deploy.chaos.report import (
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

    @property
    def least(self) -> dict[str, int]:
        """Outcomes of which there must be so many, or the run has proven nothing."""
        hundred = self.invoices // 100
        always = {
            "invoices issued": self.invoices,
            "payments": 55 * hundred,
            "paid in full": 45 * hundred,
            "reminded": 5 * hundred,
            "credited": hundred,
            "letters taken": 100 * hundred,
            "payouts settled": 5,
            "overpaid": hundred,
            "unmatched": 1,
        }
        late = {"demanded": hundred, "filed": 1, "applications": 1, "taken back": 1}
        return always | (late if self.days > SHORT_STORY_DAYS else {})


def scale_of(duration_seconds: float, invoices: int | None = None) -> Scale:
    """A run that fits a duration."""
    short = duration_seconds < SHORT_SECONDS
    return Scale(
        duration_seconds,
        invoices or max(100, int(duration_seconds * INVOICES_PER_SECOND)),
        companies=6 if short else 12,
        days=SHORT_STORY_DAYS if short else STORY_DAYS,
        windows=1 if short else 2,
    )


async def chaos(console: Console, seed: int, scale: Scale, folder: Path | None = None) -> bool:
    """Run, judge and tell; whether the platform was upheld. Evidence stays where it was not."""
    place = folder or FOLDER / f"seed-{seed}"
    remove(place)
    place.mkdir(parents=True, mode=0o711)
    place.chmod(0o711)
    console.print(
        f"[bold]Crash run[/] with seed {seed}: {scale.invoices} invoices in {scale.days} days, "
        f"everything in danger for up to {scale.duration_seconds:.0f} s",
        highlight=False,
    )
    verdict = None
    try:
        async with on_trial(place, seed) as trial:
            await tell_in_danger(console, trial, seed, scale)
            tell_kills(console, trial.killer)
            verdict = with_deaths(await trial.judge(scale.least), trial.killer)
            tell_verdict(console, verdict)
    finally:
        if verdict is not None and verdict.upheld:
            remove(place)
        else:
            tell_where(console, place, KEPT)
    return verdict.upheld


async def tell_in_danger(console: Console, trial: Trial, seed: int, scale: Scale) -> None:
    """Tell the story; killing goes on for the duration, and until everybody has died once."""
    ends_on, killer = real_today(), trial.killer
    world = make_world(
        seed, invoices=scale.invoices, ends_on=ends_on, companies=scale.companies, days=scale.days
    )
    await set_clock_back(trial.platform, world.begins_on)
    with progress(console) as shown:
        task = shown.add_task("telling", total=len(world.days), news="")
        ends_at = time.monotonic() + scale.duration_seconds
        place = world.begins_on

        async def on_day(day: Day) -> None:
            nonlocal place
            place = day.on
            shown.update(task, completed=day.place)

        async def keep_telling() -> None:
            while True:
                left = ends_at - time.monotonic()
                shown.update(task, news=news(killer, left, place.isoformat()))
                await asyncio.sleep(0.25)

        telling = asyncio.ensure_future(Teller(world, trial.client, on_day).tell())
        showing = asyncio.ensure_future(keep_telling())
        try:
            async with raging(killer, scale.windows) as rage:
                await asyncio.wait({telling}, timeout=scale.duration_seconds)
                while killer.spared and not telling.done():
                    await asyncio.sleep(0.25)
                rage.cancel()  # the ambushes lie on, for some doubtful moments come late
                await telling
        finally:
            for each in (telling, showing):
                each.cancel()
            await asyncio.gather(telling, showing, return_exceptions=True)


def with_deaths(verdict: Verdict, killer: Killer) -> Verdict:
    """The verdict, broken where somebody or a doubtful moment was spared: that was not tested."""
    faults = [Fault("enough happened", name, "was never killed") for name in sorted(killer.spared)]
    faults += [
        Fault("enough happened", sender, f"was never killed between {party}'s yes and our commit")
        for party, sender in SENDER.items()
        if not killer.windows[party]
    ]
    kinds = Counter(verdict.kinds) + Counter(fault.kind for fault in faults)
    return replace(verdict, faults=(*verdict.faults, *faults), kinds=dict(kinds))
