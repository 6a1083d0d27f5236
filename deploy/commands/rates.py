"""`betalt rates`: the reference rates (*referensränta*) in force, and putting a new one in force.

The rate of a half-year is announced around its turn (räntelagen (1975:635) 9 §); until it is
entered, charges that need it wait.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from deploy.commands.operator import operator, say, show_json

app = typer.Typer(
    help="The reference rates of räntelagen: list them, add the next half-year's, withdraw one."
)
AsJson = Annotated[bool, typer.Option("--json", help="Write the answer as JSON.")]


@app.command("list")
def list_rates(as_json: AsJson = False) -> None:
    """List the rates in force, newest first, with where each was read."""
    found = operator().ask("GET", "/api/v1/rates")
    if as_json:
        show_json(found)
        return
    table = Table("from", "rate", "source", box=None, header_style="dim")
    table.columns[1].justify = "right"
    for row in found:
        overruled = " (overruled by the law's own table)" if row.get("overruled") else ""
        table.add_row(row["valid_from"], percent(row["bp"]), row["source"] + overruled)
    Console().print(table)


@app.command(context_settings={"ignore_unknown_options": True})  # a rate may lie below zero
def add(
    valid_from: Annotated[
        datetime, typer.Argument(formats=["%Y-%m-%d"], help="First day of the half-year.")
    ],
    rate: Annotated[str, typer.Argument(help="Percent a year, such as 2.00, 2,5 or -0.5.")],
    source: Annotated[str, typer.Option(help="Where it was announced, such as SFS 2025:809.")],
) -> None:
    """Put the rate of a half-year in force; charges that waited for it are priced."""
    bp = basis_points(rate)
    body = {"valid_from": valid_from.date().isoformat(), "bp": bp, "source": source}
    found = operator().ask("POST", "/api/v1/rates", body, key=f"rates-{uuid4()}")
    waited = found["claims_waiting"]
    more = f" {waited} claims had waited for it." if waited else ""
    say(f"The reference rate is {percent(bp)} from {body['valid_from']}.{more}")


@app.command()
def withdraw(
    valid_from: Annotated[
        datetime, typer.Argument(formats=["%Y-%m-%d"], help="First day of the half-year.")
    ],
) -> None:
    """Withdraw a rate that was mistyped; only while nothing was charged in its half-year."""
    day = valid_from.date().isoformat()
    operator().ask("DELETE", f"/api/v1/rates/{day}")
    say(f"The reference rate from {day} is withdrawn.")


def basis_points(rate: str) -> int:
    """A percentage as a person writes it, in hundredths of a percent; refuses finer ones."""
    written = rate.removesuffix("%").strip().replace(",", ".")
    if not re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,9})?", written):
        raise typer.BadParameter(f"{rate!r} is no percentage; write 2.00")
    hundredths = Decimal(written) * 100
    if hundredths != hundredths.to_integral_value():
        raise typer.BadParameter(f"{rate!r} is finer than a hundredth of a percent")
    return int(hundredths)


def percent(bp: int) -> str:
    """Basis points as a percentage: 2.00 %."""
    return f"{Decimal(bp) / 100:.2f} %"
