"""What a company, a customer and an invoice look like when nothing about them matters."""

import itertools
from typing import Any

from contracts.numbers.digits import luhn_digit

_companies = itertools.count(1)


def organisation_number(nth: int) -> str:
    """A valid number of a company that does not exist."""
    base = f"5599{nth:05}"
    return base + luhn_digit(base)


def creditor(**more: Any) -> dict[str, Any]:
    """A company that registers; each with another number."""
    return {
        "organisation_number": organisation_number(next(_companies)),
        "name": "Exempelmåleriet AB",
        "email": "faktura@maleriet.example",
        "street": "Jobbstigen 2",
        "postcode": "12345",
        "town": "Grönköping",
        "vat_registered": True,
        "f_skatt": True,
    } | more


def customer(**more: Any) -> dict[str, Any]:
    """A private customer with e-mail and postal address."""
    return {
        "kind": "consumer",
        "name": "Åsa Öberg",
        "email": "asa@kund.example",
        "street": "Storgatan 1",
        "postcode": "123 46",
        "town": "Grönköping",
    } | more


def row(**more: Any) -> dict[str, Any]:
    """A row of 1,000 kr without VAT, at 25 %."""
    return {
        "text": "Målning",
        "quantity": "1",
        "unit": "st",
        "price_ore": 1_000_00,
        "vat_percent": 25,
    } | more


def invoice(**more: Any) -> dict[str, Any]:
    """An invoice of 1,250 kr to a new customer."""
    asked = {"customer": customer(), "rows": [row()]} | more
    if "customer_id" in more:
        del asked["customer"]
    return asked
