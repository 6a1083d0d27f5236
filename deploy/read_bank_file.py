"""`betalt read-bank-file FILE`: shows as JSON what the payments service would book of a file, with
its own reader and without a database. Payments are written one by one, so that a file of a million
is shown in the memory of one; whether the file is accepted stands after them. The exit status is 0
when the file is accepted, 2 when refused and 64 when it is not there to be read."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import orjson
import typer

from services.payments import bank_file
from services.payments.domain.incoming import BankFileError, Problem, Validation

ACCEPTED, REFUSED, NO_FILE = 0, 2, 64
BOOKS = "camt.054"


def read_bank_file(
    file: Annotated[Path, typer.Argument(help="The bank's file.")],
    books: Annotated[
        str,
        typer.Option(
            envvar="BANK_BOOKS", help="The message that books payments; others only control."
        ),
    ] = BOOKS,
) -> None:
    """Show as JSON what would be booked of a bank file; nothing is booked."""
    try:
        with file.open("rb") as opened:
            status = write_answer(opened, sys.stdout.buffer, books=books)
    except BrokenPipeError:
        # Whoever reads has heard enough; what is left must not be written at the end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = REFUSED
    except OSError as error:
        print(f"{file} cannot be read: {error.strerror or error}", file=sys.stderr)
        status = NO_FILE
    raise typer.Exit(status)


def write_answer(file: BinaryIO, out: BinaryIO, *, books: str = BOOKS) -> int:
    """Write the answer as one JSON document, whatever the file holds; return the exit status."""
    validation = bank_file.validate(file)
    problems = list(validation.problems)
    out.write(b'{"format":' + orjson.dumps(validation.format) + b',"payments":[')
    separator = b"\n"
    for row in _rows(file, validation, books, problems):
        out.write(separator + orjson.dumps(row))
        separator = b",\n"
    answer: dict[str, Any] = {"accepted": not problems}
    if validation.accepted and not bank_file.books(validation, books):
        answer["role"] = "controls"
    answer["problems"] = bank_file.problem_rows(problems)
    out.write(b"],\n" + orjson.dumps(answer)[1:] + b"\n")
    out.flush()
    return REFUSED if problems else ACCEPTED


def _rows(
    file: BinaryIO, validation: Validation, books: str, problems: list[Problem]
) -> Iterator[dict[str, Any]]:
    """Give what would be booked; a file that changes meanwhile is refused after all."""
    if not bank_file.books(validation, books):
        return
    try:
        yield from bank_file.payment_rows(file, validation)
    except BankFileError as error:
        problems.append(error.problem)
