"""`betalt read-bank-file FILE`: shows as JSON what the payments service would book of a file, with
its own reader and without a database. Payments are written one by one, so that a file of a million
is shown in the memory of one. The exit status is 0 when the file is accepted and 2 when refused."""

import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import orjson
import typer

from services.payments import bank_file

ACCEPTED, REFUSED = 0, 2


def read_bank_file(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="The bank's file."),
    ],
) -> None:
    """Show as JSON what would be booked of a bank file; nothing is booked."""
    raise typer.Exit(write_answer(file, sys.stdout.buffer))


def write_answer(file: Path, out: BinaryIO) -> int:
    """Write the answer as one JSON document and return the exit status."""
    validation = bank_file.validate(file)
    out.write(orjson.dumps(bank_file.heading(validation))[:-1] + b',"payments":[')
    separator = b"\n"
    for row in bank_file.payment_rows(file, validation):
        out.write(separator + orjson.dumps(row))
        separator = b",\n"
    problems = orjson.dumps(bank_file.problem_rows(validation))
    out.write(b'],\n"problems":' + problems + b"}\n")
    out.flush()
    return ACCEPTED if validation.accepted else REFUSED
