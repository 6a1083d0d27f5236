"""Tells what kind of file a bank has left, by what is in it, and gives it to its reader. The same
reading serves the booking and the operator's question what a file would book, which needs no
database. What is not read is refused by name, so that nobody waits for money in a file we ignored.
Besides its own account's news a bank may leave there what it says later of payment orders.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from services.payments import camt, pain002
from services.payments.domain.incoming import (
    BankFileError,
    IncomingPayment,
    OutgoingDebit,
    Problem,
    Validation,
)
from services.payments.xml_stream import HEAD_BYTES, Source, opened, root_of

BGMAX_OPENING = (b"01BGMAX", b"\xef\xbb\xbf01BGMAX")


def validate(source: Source) -> Validation:
    """Find the format and control the whole file; never raises for what the file contains."""
    return _unknown(source) or camt.validate(source)


def read_at_once(source: Source) -> tuple[Validation, list[IncomingPayment | OutgoingDebit]]:
    """Control a file that fits in memory, and give all that `read` would give of it."""
    refused = _unknown(source)
    return (refused, []) if refused else camt.read_at_once(source)


def control(source: Source) -> tuple[Validation, list[IncomingPayment | OutgoingDebit]]:
    """Control a file of the bank's channel as `read_at_once` does, or an answer to payment orders,
    of which there is nothing to book but something to hear."""
    message = _answering(source)
    if message is None:
        return read_at_once(source)
    try:
        report = pain002.read(source)
    except BankFileError as error:
        return _refused(message, error.problem), []
    return Validation(format=message, message_id=report.report_id), []


def read(
    source: Source, validation: Validation, *, start_at: int = 0
) -> Iterator[IncomingPayment | OutgoingDebit]:
    """Give the items of an accepted file, from the `start_at`-th on, always in the same order."""
    return camt.read(source, validation, start_at=start_at)


def books(validation: Validation, message: str) -> bool:
    """Whether an installation that books from `message` (`camt.054`) books a file; others only
    control (bank-formats.md 4.3)."""
    return validation.format.startswith(message)


def payment_rows(source: Source, validation: Validation) -> Iterator[dict[str, Any]]:
    """Give each payment of a file as it is shown to a person; none when the file is refused."""
    if not validation.accepted:
        return
    for item in read(source, validation):
        if isinstance(item, IncomingPayment):
            yield {
                "references": [reference.value for reference in item.references],
                "amount_ore": item.amount_ore,
                "currency": item.currency,
                "booked_on": item.booked_on.isoformat(),
                "payer_name": item.payer_name,
                "bank_reference": item.bank_reference,
                "held": item.held and item.held.value,
            }


def problem_rows(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Give why a file is refused, line by line."""
    return [{"line": one.line, "reason": one.reason} for one in problems]


def _answering(source: Source) -> str | None:
    with opened(source) as file:
        head = file.read(HEAD_BYTES)
    try:
        return pain002.message_of(root_of(head))
    except BankFileError:
        return None


def _unknown(source: Source) -> Validation | None:
    """Refuse by its name what is not read here."""
    with opened(source) as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(BGMAX_OPENING):
        reason = "BgMax is recognised but not yet supported: ask the bank for camt.054"
        return _refused("BgMax", Problem(1, reason))
    try:
        root = root_of(head)
    except BankFileError as error:
        return _refused("unknown", error.problem)
    if message := pain002.message_of(root):
        problem = Problem(1, f"the message {message} answers payment orders and books no payment")
        return _refused(message, problem)
    if camt.message_of(root) is None:
        problem = Problem(1, f"the message {root.shown} is not one that is read")
        return _refused(root.shown, problem)
    return None


def _refused(format: str, problem: Problem) -> Validation:
    return Validation(format=format, problems=(problem,))
