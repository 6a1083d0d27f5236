"""The crash run itself: a short one is upheld, and every broken guarantee is found out.

One platform serves all sabotages in turn: each leaves faults of its own kind behind, so what counts
is that its complaint was not there before and is there afterwards.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from deploy.chaos.killer import Killer
from deploy.chaos.midnight import let_pass
from deploy.chaos.run import chaos, scale_of
from deploy.chaos.scenario import COLLECTING_DAYS, collect, pay, trade
from deploy.chaos.trial import Trial, on_trial
from deploy.local.folders import temporary_folder
from deploy.story.client import Client
from deploy.story.telling import real_today, set_clock_back

ISSUED, FILED = "invoicing.invoice.issued.v1", "payments.filing.charged.v1"
LEAST = {
    "invoices issued": 8,
    "taken twice, doubt shown": 1,
    "applications": 2,
    "part paid": 1,
    "messages sent again": 1,
}
TAKES_SECONDS = 300
"""What all trades with their faults may take; a midnight that is nearer is waited for."""
SHORT = replace(scale_of(25, invoices=100), companies=4, lull_days=(9, 13))


@pytest.fixture(scope="module")
async def trial() -> AsyncIterator[Trial]:
    """A platform that supervises itself: what dies is started again."""
    with temporary_folder() as folder:
        await let_pass(Console(), TAKES_SECONDS)
        async with on_trial(folder) as made:
            await set_clock_back(made.platform, real_today() - timedelta(days=2 * COLLECTING_DAYS))
            await made.note_day()
            watching = asyncio.ensure_future(made.killer.watch())
            yield made
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


@pytest.fixture(scope="module")
def known() -> set[str]:
    """What the judge has complained of, of all trades up to now."""
    return set()


async def found_out(
    trial: Trial,
    known: set[str],
    service: str,
    fault: str,
    seed: int,
    *,
    worst_moment: str = "",
    party: str = "",
    doing: Callable[[Client, int], Awaitable[object]] = trade,
) -> set[str]:
    """What the judge newly complains of after a trade with a fault."""
    async with trial.sabotaged(service, fault, worst_moment):
        ambush = asyncio.ensure_future(_ambushed(trial.killer, party))
        await doing(trial.client, seed)
        if fault == "drop-inbox":
            await trial.say_again("payments")
        await ambush
        complaints = {*(await trial.judge({})).kinds} - known
        known |= complaints
        return complaints


async def _ambushed(killer: Killer, party: str) -> None:
    if party:
        await killer.ambush(party, killer.windows[party] + 1)


async def test_a_platform_that_is_not_sabotaged_is_upheld(trial: Trial) -> None:
    """Crashes in the worst moments, and everything said again: nothing lost, doubled, invented."""
    async with (
        trial.sabotaged("invoicing", "honest-sayer", ISSUED),
        trial.sabotaged("payments", "honest-hearer", ISSUED),
        trial.sabotaged("collections", "honest-hearer", FILED),
    ):
        ambush = asyncio.ensure_future(trial.killer.ambush("mail"))
        await trade(trial.client, 1)
        await ambush
        collected = await collect(trial.client, 2)
        ambush = asyncio.ensure_future(trial.killer.ambush("kronofogden"))
        await pay(trial.client, collected, "a part", amount_ore=400_00)  # lowers the application
        await trial.client.quiet()
        await ambush
        await trial.say_again("payments")
        verdict = await trial.judge(LEAST)
    assert verdict.faults == ()
    assert trial.killer.died == {"invoicing": 1, "payments": 1, "collections": 1}


async def test_an_application_lost_with_its_offset_is_found_out(
    trial: Trial, known: set[str]
) -> None:
    """The debtor is charged for Kronofogden, and Kronofogden was never asked."""
    complaints = await found_out(
        trial, known, "collections", "commit-offset-first", 9, worst_moment=FILED, doing=collect
    )
    assert "one application" in complaints


async def test_a_dropped_inbox_is_found_out(trial: Trial, known: set[str]) -> None:
    """Said again, heard again: an invoice's timeline tells a payment twice."""
    assert "told twice" in await found_out(trial, known, "invoicing", "drop-inbox", 4)


async def test_an_offset_committed_first_is_found_out(trial: Trial, known: set[str]) -> None:
    """What had come and was not yet acted on is lost with the process."""
    complaints = await found_out(
        trial,
        known,
        "payments",
        "commit-offset-first",
        5,
        worst_moment=ISSUED,
    )
    assert "claim lost" in complaints


async def test_sending_before_the_commit_is_found_out(trial: Trial, known: set[str]) -> None:
    """The others hear of invoices that were never issued."""
    complaints = await found_out(
        trial,
        known,
        "invoicing",
        "send-before-commit",
        6,
        worst_moment=ISSUED,
    )
    assert "claim from nowhere" in complaints


async def test_a_doubt_that_is_not_shown_is_found_out(trial: Trial, known: set[str]) -> None:
    """A letter that the mail server took twice must be marked for people to see."""
    complaints = await found_out(trial, known, "notifications", "forget-attempts", 7, party="mail")
    assert "doubt shown" in complaints


async def test_a_short_crash_run_is_upheld() -> None:
    """Services, broker and database die under a story, and in each of the three doubtful moments.

    Proves R-100 and the guarantees of events.md 3 under SIGKILL.
    """
    said = io.StringIO()
    with temporary_folder() as folder:
        upheld = await chaos(Console(file=said, width=160), 7, SHORT, folder / "run")
    assert upheld, said.getvalue()
