"""`betalt parked`: what could not be acted on, why, and another try once the reason is mended.

A parked event holds up later events of its key, in its service; timers and parcels to outside
parties that failed are set aside beside them.
"""

from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.commands.operator import operator, say, show_json

app = typer.Typer(help="Events that were parked: list them, look at one, act on them again.")
PAGE = 500


class Service(StrEnum):
    """The services that hear."""

    INVOICING = "invoicing"
    PAYMENTS = "payments"
    DUNNING = "dunning"
    COLLECTIONS = "collections"
    NOTIFICATIONS = "notifications"


AsJson = Annotated[bool, typer.Option("--json", help="Write the answer as JSON.")]
Key = Annotated[str | None, typer.Option(help="Only what has this key, such as a claim's id.")]
OneService = Annotated[Service, typer.Argument(help="The service that parked it.")]


@app.command("list")
def list_parked(
    service: Annotated[Service | None, typer.Option(help="Only this service.")] = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List what is parked; exit status 1 when there is anything."""
    asked = operator()
    query = f"?limit={PAGE}" + (f"&key={key}" if key else "")
    found = {
        name.value: asked.ask_service(name, "GET", f"/ops/parked{query}")
        for name in ([service] if service else Service)
    }
    if as_json:
        show_json(found)
    elif not any(map(_count, found.values())):
        say("Nothing is parked.")
    else:
        Console().print(_table(found))
    if any(map(_count, found.values())):
        raise typer.Exit(1)


@app.command()
def show(
    service: OneService,
    number: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="Its number in the list.")],
) -> None:
    """Show one parked event with its reason; personal fields are masked."""
    show_json(operator().ask_service(service, "GET", f"/ops/parked/{number}"))


@app.command()
def redrive(
    service: OneService,
    key: Key = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All keys, also timers and parcels set aside.")
    ] = False,
) -> None:
    """Act again on what is parked, in order; exit status 1 when some of it stays parked."""
    if (key is None) == (not everything):
        raise typer.BadParameter("say which: --key KEY, or --all")
    found = operator().ask_service(service, "POST", "/ops/parked/redrive", {"key": key})
    if not any(found.values()):
        say("Nothing like that is parked.")
        return
    say(
        f"Acted on {found['events']} events, {found['timers']} timers "
        f"and {found['parcels']} parcels."
    )
    if found["keys_standing"]:
        say(f"{found['keys_standing']} keys stay parked: the reason is still there.")
        raise typer.Exit(1)


@app.command()
def let_go(
    service: OneService,
    number: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="Its number in the list.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept with the record.")],
) -> None:
    """Give up a record that nobody can read, and act on what waited behind it."""
    path = f"/ops/parked/{number}/let-go"
    found = operator().ask_service(service, "POST", path, {"reason": reason})
    say(f"Let go. Acted on {found['events']} events that waited behind it.")
    if found["keys_standing"]:
        say("Its key stays parked: what comes next cannot be acted on either.")
        raise typer.Exit(1)


def _count(found: dict[str, Any]) -> int:
    return len(found["events"]) + len(found["timers"]) + len(found["parcels"])


def _table(found: dict[str, dict[str, Any]]) -> Table:
    table = Table("service", "number", "what", "key", "reason", box=None, header_style="dim")
    for column in table.columns:
        column.overflow = "fold"
    table.columns[3].no_wrap = True  # a key is copied, to act on it again
    for service, each in found.items():
        for event in each["events"]:
            what = event["type"] or "unreadable"
            table.add_row(service, str(event["id"]), what, event["key"], event["reason"])
        for timer in each["timers"]:
            what = f"timer {timer['kind']}, {timer['due_on']}"
            table.add_row(service, "", what, str(timer["key"]), timer["failed"])
        for parcel in each["parcels"]:
            tried = "given up" if parcel["given_up"] else f"tried {parcel['attempts']} times"
            what = f"parcel {parcel['kind']}, {tried}"
            table.add_row(service, "", what, str(parcel["key"]), parcel["trouble"])
    return table
