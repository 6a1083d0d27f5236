"""What services tell in English of money, files and letters is told in Swedish, none forgotten."""

import ast
from collections.abc import Iterator
from pathlib import Path

from law.rates import ANNOUNCED_RATES
from services.gateway.told import told

PAYMENTS = Path(__file__).parents[2] / "services" / "payments"
READERS = (
    *(PAYMENTS / f"{name}.py" for name in ("bank_file", "xml_stream", "camt", "pain002")),
    *(PAYMENTS / f"camt_{name}.py" for name in ("controls", "entry", "transaction")),
    PAYMENTS / "handlers" / "intake.py",
)
FAULTS = ("BankFileError", "broken_at", "_problem", "Problem", "Difference")
"""What takes the reason of a fault in a bank file, as its last text."""


def written(node: ast.expr) -> str | None:
    """A text of the source, with a number for what is filled in; None for any other expression."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(written(part) or "7" for part in parts)
    return None


def reasons() -> Iterator[str]:
    """The reasons that the readers of bank files write."""
    for path in READERS:
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            texts = [text for arg in call.args if (text := written(arg)) is not None]
            if name in FAULTS and texts and " " in texts[-1]:
                yield texts[-1]


def test_what_services_tell_is_said_in_swedish_and_what_is_new_is_shown_as_it_is() -> None:
    assert told("the payout was ordered with 100 öre").startswith("Utbetalningen beställdes")
    assert told("the mail server did not answer in time").startswith("Mejlservern")
    assert told("RJCT AC04") == "Kontot är avslutat (AC04)"
    assert told("RJCT AC03") == "Kontonumret är fel (AC03)"
    assert told("RJCT XT99") == "RJCT XT99"
    assert told(None) == ""


def test_every_fault_in_a_bank_file_is_told_in_swedish() -> None:
    """Those of the readers, and (below) those of the comparison; not what the XML parser says."""
    found = set(reasons())
    assert len(found) > 25, "the readers are read"
    named = "the payment BTP1"
    found |= {
        "BgMax is recognised but not yet supported: ask the bank for camt.054",
        f"{named} is of an entry booked as 100 öre or 200 öre",
        f"{named} is not booked",
        f"{named} is none of the order's",
        "the order 7 is none of ours",
        f"{named} is booked as 100 öre, not 200",
        f"{named} stands twice in the file: one is left out",
        f"{named} is booked as 100 öre of 2026-11-26, not as 100 öre of 2026-11-27",
    }
    assert {reason for reason in found if told(reason) == reason} == set()
    assert told("NbOfNtries states Sum 7, the entries give 8.50") == (
        "NbOfNtries: Sum är 7, men posterna ger 8.50"
    )


def test_where_a_rate_was_read_is_told_in_swedish_or_is_a_name() -> None:
    """An announcement's number and the Riksbank's page stand as they are."""
    named = {row.source for row in ANNOUNCED_RATES if told(row.source) == row.source}
    assert {name for name in named if not name.startswith(("SFS ", "Riksbanken"))} == set()
