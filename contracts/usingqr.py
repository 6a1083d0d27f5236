"""The code to scan on an invoice: UsingQR, rev. 2 of June 2014, which Swedish bank apps read.

The PDF and the web invoice are two services' work and carry the same code, so its text is made here
and nowhere else. How it is drawn is part of it: byte mode, which pure ASCII needs no announcement
of, the error correction `ERROR_CORRECTION` and a quiet zone of `QUIET_MODULES`.
"""

import json
from dataclasses import dataclass
from datetime import date

from contracts.numbers import format_bankgiro, format_organisation_number

VERSION = 1
INVOICE_TO_PAY = 1
"""The code's kind; credit notes (2) and paid invoices (3) never get one here."""
LONGEST_NAME = 100
ERROR_CORRECTION = "m"
QUIET_MODULES = 4


@dataclass(frozen=True, slots=True)
class ToPay:
    """What a payer scans. `payee_bankgiro` is digits; `vat_ore` only where it belongs to `due`."""

    seller_name: str
    organisation_number: str
    ocr: str
    issued_on: date
    due_on: date
    due_ore: int
    payee_bankgiro: str
    vat_ore: int | None = None


def usingqr(pay: ToPay) -> str:
    """The text of the code: one JSON object, pure ASCII, nothing between its parts."""
    fields = {
        "uqr": str(VERSION),
        "tp": str(INVOICE_TO_PAY),
        "nme": json.dumps(pay.seller_name[:LONGEST_NAME]),
        "cid": json.dumps(format_organisation_number(pay.organisation_number)),
        "iref": json.dumps(pay.ocr),
        "idt": json.dumps(f"{pay.issued_on:%Y%m%d}"),
        "ddt": json.dumps(f"{pay.due_on:%Y%m%d}"),
        "due": _kronor(pay.due_ore),
        "vat": None if pay.vat_ore is None else _kronor(pay.vat_ore),
        "pt": '"BG"',
        "acc": json.dumps(format_bankgiro(pay.payee_bankgiro)),
    }
    parts = (f'"{name}":{value}' for name, value in fields.items() if value is not None)
    return "{" + ",".join(parts) + "}"


def _kronor(ore: int) -> str:
    """A JSON number without needless zeros: `5`, `10.75`, `12500`."""
    whole, rest = divmod(ore, 100)
    return f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)
