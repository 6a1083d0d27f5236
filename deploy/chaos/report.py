"""What a person sees: how the run goes, and what the judge says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.chaos.judge.docket import Verdict
from deploy.chaos.killer import Killer

SHOWN = 40


def progress(console: Console) -> Progress:
    """One line that tells how far it is."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[news]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


@dataclass(frozen=True)
class Danger:
    """The time in which everything was in danger, and the story's days that it covered."""

    seconds: float
    begins_on: date
    ends_on: date


def news(killer: Killer) -> str:
    """Day, and deaths so far."""
    deaths, hit = killer.kills.total(), killer.windows.total()
    return f"{killer.today() or '…'} · {deaths} killed · {hit} in the act"


def tell_kills(console: Console, killer: Killer, danger: Danger) -> None:
    """Who was killed how often, and how far into the story."""
    count, minutes = killer.kills.total(), danger.seconds / 60
    console.print(
        f"{count} deaths in {danger.seconds:.0f} s, {count / minutes:.1f} a minute; the last on "
        f"{killer.last_kill_on} of a story from {danger.begins_on} to {danger.ends_on}",
        highlight=False,
    )
    deaths = ", ".join(f"{name} {count}" for name, count in sorted(killer.kills.items()))
    console.print(f"Killed with SIGKILL: {deaths or 'nobody'}", highlight=False)
    acts = ", ".join(f"{party} {count}" for party, count in sorted(killer.windows.items()))
    console.print(f"Killed between their yes and our commit: {acts or 'nobody'}", highlight=False)
    if killer.died:
        own = ", ".join(f"{name} {count}" for name, count in sorted(killer.died.items()))
        console.print(f"Ended by itself and was started again: {own}", highlight=False)


def tell_verdict(console: Console, verdict: Verdict) -> None:
    """What was compared, what happened, and every fault."""
    compared = Table(title="What the judge compared", title_justify="left")
    compared.add_column("guarantee")
    compared.add_column("checked", justify="right")
    compared.add_column("faults", justify="right")
    for kind in sorted({*verdict.checked, *verdict.kinds}):
        faults = verdict.kinds.get(kind, 0)
        style = "red" if faults else ""
        compared.add_row(kind, str(verdict.checked.get(kind, 0)), str(faults), style=style)
    console.print(compared)
    happened = ", ".join(f"{count} {what}" for what, count in sorted(verdict.seen.items()) if count)
    console.print(f"Seen: {happened}", highlight=False)
    for fault in verdict.faults[:SHOWN]:
        console.print(f"[red]✗[/] {fault.kind}: ", end="")
        console.print(f"{fault.about}: {fault.text}", markup=False, highlight=False)
    if len(verdict.faults) > SHOWN:
        console.print(f"… and {sum(verdict.kinds.values()) - SHOWN} more faults")
    if verdict.upheld:
        console.print("[bold green]Upheld:[/] nothing lost, doubled or invented.")
    else:
        console.print("[bold red]Broken.[/]")


def tell_where(console: Console, folder: Path, kept: Mapping[str, str]) -> None:
    """Where the evidence lies."""
    console.print(f"The evidence is kept in {folder}", highlight=False, soft_wrap=True)
    for name, what in kept.items():
        console.print(f"  {name:<16} {what}", highlight=False, soft_wrap=True)
