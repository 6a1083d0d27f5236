"""`betalt run`: the whole platform in one terminal, one line per thing started, then a story.

The terminal stays quiet; what the programs say themselves is in the data folder's `logs/`. The last
line is the address to open. Ctrl-C, SIGTERM or a closed terminal end everything, in seconds.
"""

import asyncio
import contextlib
import importlib
import importlib.util
import signal
import time

from rich.console import Console

from deploy.local.folders import data_folder
from deploy.local.platform import Platform, services_here, standins_here
from deploy.local.ports import fixed_ports

STOPPERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STORY = "deploy.story"


class Teller:
    """Tells a person at a terminal how the start goes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def doing(self, what: str) -> None:
        """Say what takes its time."""
        self._console.print(
            f"  … {what}", style="dim", highlight=False, markup=False, soft_wrap=True
        )

    def done(self, name: str, seconds: float, where: str = "") -> None:
        """One line: what works, after how long, and where."""
        line = f"  [green]✓[/] {name:<24} [dim]{seconds:5.1f} s  {where}[/]"
        self._console.print(line.rstrip(), highlight=False, soft_wrap=True)


async def run(console: Console) -> None:
    """Start, tell the story, stay up; returns when asked to stop, raises when something died."""
    asked = asyncio.Event()
    for number in STOPPERS:
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    life = asyncio.create_task(_live(console))
    waiting = asyncio.create_task(asked.wait())
    await asyncio.wait({life, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if asked.is_set():
        console.print("\nStopping …", style="dim")
    begun = time.monotonic()
    life.cancel()
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await life
    console.print(f"Stopped in {time.monotonic() - begun:.1f} s. The data is kept.", style="dim")


async def _live(console: Console) -> None:
    begun = time.monotonic()
    folder = data_folder()
    console.print("[bold]Betalt[/] starts; its data and logs are in", end=" ")
    console.print(str(folder), markup=False, highlight=False, soft_wrap=True)
    platform = Platform(
        folder,
        fixed_ports(),
        services=services_here(),
        standins=standins_here(),
        voice=Teller(console),
    )
    async with platform:
        console.print(f"Everything is up after {time.monotonic() - begun:.1f} s.", highlight=False)
        watching = asyncio.create_task(platform.watch())
        telling = asyncio.create_task(_tell(platform, console))
        try:
            await asyncio.wait({watching, telling}, return_when=asyncio.FIRST_COMPLETED)
            if not watching.done():
                await telling
                _say_where(platform, console)
            await watching
        finally:
            for task in (watching, telling):
                task.cancel()
            await asyncio.gather(watching, telling, return_exceptions=True)


async def _tell(platform: Platform, console: Console) -> None:
    """Tell the story, where it is part of this house."""
    if importlib.util.find_spec(STORY) is not None:
        await importlib.import_module(STORY).tell(platform, console)


def _say_where(platform: Platform, console: Console) -> None:
    """The addresses, the one to open last."""
    for name in platform.standins:
        console.print(f"  {name:<24} {platform.url(name)}", highlight=False)
    console.print("Ctrl-C stops everything.", highlight=False)
    if "gateway" in platform.services:
        console.print(f"Open [bold]{platform.url('gateway')}[/]", highlight=False)
