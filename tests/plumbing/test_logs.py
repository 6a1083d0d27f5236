"""Logs say what happened and where in the code, and nothing about anybody."""

from __future__ import annotations

import io
import json
import logging
import time
from typing import Any
from uuid import UUID

import pytest
import structlog
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.ids import new_id
from plumbing.logs import LONGEST, shown
from tests.plumbing import toy
from tests.plumbing.conftest import Library, lines, rows
from tests.records import record

SECRETS = ("Karin", "Hemlig", "karin@hemlig.se", "850709-9805", "198507099805", "Storgatan")


def nobody_is_in(text: str) -> None:
    assert text
    assert [secret for secret in SECRETS if secret in text] == []


class DriverError(Exception):
    """What a driver raises; `sqlstate` is PostgreSQL's."""

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


def database_error(message: str, sqlstate: str | None = None) -> DBAPIError:
    parameters = {"n": ["Karin Hemlig"], "e": ["karin@hemlig.se"], "s": ["Storgatan 1"]}
    return DBAPIError(
        "insert into t values (:n, :e, :s)", parameters, DriverError(message, sqlstate)
    )


def wrong_event() -> ValidationError:
    try:
        toy.BookLent.model_validate(dict(zip(("book_id", "step"), SECRETS, strict=False)))
    except ValidationError as error:
        return error
    raise AssertionError


ERRORS: dict[str, tuple[BaseException, str]] = {
    "a row that breaks a rule": (
        database_error(
            "<class 'asyncpg.exceptions.NotNullViolationError'>: null value in column \"town\"\n"
            "DETAIL:  Failing row contains (Karin Hemlig, Storgatan 1).",
            "23502",
        ),
        'null value in column "town"',
    ),
    "a value of another kind": (
        database_error(
            "<class 'asyncpg.exceptions.DataError'>: invalid input for query argument $1: "
            "'Karin Hemlig' ('str' object cannot be interpreted as an integer)"
        ),
        "invalid input for query argument $1",
    ),
    "a value out of range": (
        database_error('value "198507099805" is out of range for type integer', "22003"),
        "value *** is out of range for type integer",
    ),
    "an event of another shape": (wrong_event(), "book_id: uuid_parsing; step: int_parsing"),
    "a server's no": (
        RuntimeError("550 <karin@hemlig.se>: no such mailbox"),
        "550 <***>: no such mailbox",
    ),
    "a bug of ours": (ValueError("born 850709-9805?"), "born ***?"),
    "a text that no database takes": (OSError("x \0 y"), "x  y"),
    "an id": (
        ValueError("no claim 0193b000-0000-7000-8000-000000000001"),
        "no claim 0193b000-0000-7000-8000-000000000001",
    ),
}


@pytest.mark.parametrize(("error", "told"), ERRORS.values(), ids=ERRORS.keys())
def test_of_an_error_nothing_is_kept_that_it_met(
    error: BaseException, told: str, written: io.StringIO
) -> None:
    """Neither where it is parked nor in the log beside it, with its causes."""
    assert shown(error) == told
    try:
        try:
            raise error
        except BaseException as cause:
            raise KeyError("shelf") from cause
    except KeyError as error_of_ours:
        structlog.get_logger("house").error("event_parked", exc_info=error_of_ours)
        logging.getLogger("a library's own").exception(f"{type(error).__name__}: {error}")
        logging.getLogger("another's").error(f"failed: {error}", exc_info=error)
    nobody_is_in(written.getvalue())
    line = json.loads(written.getvalue().splitlines()[0])
    assert "test_logs.py" in line["exception"]
    assert told in line["exception"]
    assert line["exception"].endswith("KeyError: 'shelf'")


async def test_a_parked_event_leaves_nobody_in_the_log(
    library: Library, written: io.StringIO
) -> None:
    """A whole batch is bound when a statement fails; the log names the event and its flow."""
    shelf = library.make_shelf()

    async def insert(tx: Any, loans: Any) -> None:
        names = [loan.borrower for loan in loans]
        await tx.execute(text("insert into shelf (book, heard) values (null, :n)"), {"n": names})

    shelf.state.inbox.hears = {toy.BookLent: insert}
    loan = toy.BookLent(book_id=UUID(str(new_id())), step=1, borrower="Karin Hemlig")
    await shelf.state.inbox([record(loan)])
    ((reason, event_id),) = await rows(shelf, "select reason, event_id::text from parked")
    (line,) = lines(written, "event_parked")
    nobody_is_in(reason + written.getvalue())
    assert (line["event_id"], line["key"]) == (event_id, str(loan.book_id))
    assert line["correlation_id"]
    await shelf.state.database.engine.dispose()


def test_a_long_text_is_looked_through_once() -> None:
    """Whatever it is made of: a minute in which nothing else is answered is what some hope for."""
    begun = time.monotonic()
    for long in ("a" * 200_000, "1" * 200_000, "a@" * 100_000, "'" * 100_001, '"' * 100_001):
        assert len(shown(ValueError(long))) <= LONGEST
    assert time.monotonic() - begun < 5
    assert shown(ValueError("till anna@exempel.se, (bo@exempel.se)")) == "till ***, (***)"
