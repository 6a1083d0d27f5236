"""`betalt check-ledger`: recomputes the ledger from its postings and says what is wrong."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.commands.operator import operator, say, show_json

CHECK_SECONDS = 600.0


def check_ledger(
    as_json: Annotated[bool, typer.Option("--json", help="Write the answer as JSON.")] = False,
) -> None:
    """Check that every transaction sums to zero and every balance is that of its postings.

    Exit status 1 when anything is wrong.
    """
    found = operator().ask("GET", "/api/v1/ledger/check", seconds=CHECK_SECONDS)
    if as_json:
        show_json(found)
    else:
        _show(found)
    if found["sum_ore"] != 0 or found["problems"]:
        raise typer.Exit(1)


def _show(found: dict[str, Any]) -> None:
    table = Table("account", "balance", box=None, header_style="dim")
    table.columns[1].justify = "right"
    for account, balance_ore in sorted(found["accounts"].items()):
        table.add_row(account, kronor(balance_ore))
    Console().print(table)
    say(f"{found['transactions']} transactions, sum {found['sum_ore']} öre.")
    for problem in found["problems"]:
        say(f"  {problem}", style="red")
    if found["sum_ore"] == 0 and not found["problems"]:
        say("The ledger is right.", style="green")


def kronor(amount_ore: int) -> str:
    """Öre as kronor, as Swedes write them: 12 345,67."""
    whole, rest = divmod(abs(amount_ore), 100)
    sign = "−" if amount_ore < 0 else ""
    return f"{sign}{whole:,}".replace(",", "\N{NO-BREAK SPACE}") + f",{rest:02d}"
