"""`betalt clock`: shows the business day, moves it through the days between, waits for quiet.

Production has no door for moving it; a demo has (events.md 6).
"""

import time
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.commands.operator import Operator, RefusedError, operator, say, show_json
from deploy.local.processes import LaunchError

app = typer.Typer(help="The business day: show it, move it, wait until all is quiet.")
LOOK_EVERY_SECONDS = 0.2
AsJson = Annotated[bool, typer.Option("--json", help="Write the answer as JSON.")]


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show the business day, whether it moves, and what is under way."""
    standing = operator().ask("GET", "/ops/clock")
    if as_json:
        show_json(standing)
        return
    for line in in_words(standing):
        say(line)


@app.command()
def move(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The day to move to.")],
) -> None:
    """Move the business day forward; Ctrl-C stops at the day reached.

    Every day between is lived through: timers fire, letters leave, the bank reports.
    """
    asked = operator()
    asked.ask("POST", "/ops/clock", {"today": day.date().isoformat()})
    try:
        _follow(asked, day.date())
    except KeyboardInterrupt:
        standing = asked.ask("DELETE", "/ops/clock")
        say(f"Stopped on {standing['today']}.")
        raise typer.Exit(1) from None


@app.command()
def quiet(
    seconds: Annotated[
        float, typer.Option("--timeout", min=0.1, max=600, help="How long to wait, in seconds.")
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Wait until nothing is under way anywhere; exit status 1 when time runs out first."""
    try:
        found = operator().ask("POST", "/ops/quiet", {"timeout": seconds}, seconds=seconds + 30)
    except RefusedError as refused:
        if refused.status != 504 or not isinstance(refused.problem, dict):
            raise
        found = refused.problem
    if as_json:
        show_json(found)
    elif found["quiet"]:
        say("All is quiet.")
    else:
        say(f"Not quiet after {seconds:g} s:", *(f"\n  {each}" for each in found["waiting_for"]))
    if not found["quiet"]:
        raise typer.Exit(1)


def in_words(standing: dict[str, Any]) -> list[str]:
    """The clock's standing in lines for a person."""
    said = [f"The business day is {standing['today'] or 'not known'}."]
    if standing["moving"]:
        said.append(f"It moves to {standing['target']}: {standing['percent']} %.")
    if standing["trouble"]:
        said.append(f"The last movement failed: {standing['trouble']}")
    if standing["quiet"]:
        said.append("All is quiet.")
    said += [f"  under way: {each}" for each in standing["waiting_for"]]
    said += [f"  parked in {name}: {count}" for name, count in standing["parked"].items()]
    return said


def _follow(asked: Operator, target: date) -> None:
    """Show how the movement goes, until it has ended."""
    columns = (BarColumn(30), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console()) as progress:
        task = progress.add_task("", total=100)
        while True:
            standing = asked.ask("GET", "/ops/clock")
            if not standing["moving"]:
                break
            waits = ", ".join(standing["waiting_for"][:2])
            progress.update(
                task, completed=standing["percent"] or 0, description=f"{standing['today']} {waits}"
            )
            time.sleep(LOOK_EVERY_SECONDS)
        progress.update(task, completed=100, description=str(standing["today"]))
    if standing["today"] != target.isoformat():
        raise LaunchError(f"The clock stands on {standing['today']}: {standing['trouble']}")
