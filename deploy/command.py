"""`betalt`, the operator's hand: one program, each command a function with a line of help.

A command that needs more than a few lines lives in a module of its own (`deploy/commands/`). The
exit status is 0 when all is well, 1 when something is wrong or refused, 64 when the command was
written wrongly; `read-bank-file` says 2 for a file that is refused.
"""

import asyncio
import os
from typing import Any

import typer
from rich.console import Console

from deploy import run as run_command
from deploy.commands import clock, parked, rates
from deploy.commands.ledger import check_ledger
from deploy.commands.say_again import say_again
from deploy.local.platform import make_topics
from deploy.local.ports import fixed_ports
from deploy.local.processes import LaunchError
from deploy.read_bank_file import read_bank_file

# A command written wrongly; 2, which is usual, means here that a bank file is refused.
usage_error: Any = typer.BadParameter.mro()[1]
usage_error.exit_code = os.EX_USAGE

app = typer.Typer(
    name="betalt",
    help="Betalt: from an invoice to money in the account.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def run() -> None:
    """Start everything on this machine and stay up; Ctrl-C stops it."""
    asyncio.run(run_command.run(Console()))


@app.command()
def topics() -> None:
    """Create the topics that are missing, at KAFKA_BOOTSTRAP_SERVERS or the running platform's."""
    own = f"127.0.0.1:{fixed_ports()['kafka']}"
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or own
    made = asyncio.run(make_topics(bootstrap))
    print("\n".join(made) if made else "All topics are there.")


app.command("say-again")(say_again)
app.add_typer(parked.app, name="parked", no_args_is_help=True)
app.add_typer(clock.app, name="clock", no_args_is_help=True)
app.add_typer(rates.app, name="rates", no_args_is_help=True)
app.command("check-ledger")(check_ledger)
app.command("read-bank-file")(read_bank_file)


def main() -> None:
    """Run the command; trouble that a person can mend is one message, not a traceback."""
    try:
        app()
    except LaunchError as trouble:
        told = Console(stderr=True, highlight=False)
        told.print(f"\n{trouble}", style="red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None
