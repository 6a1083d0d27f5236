"""The document of an issued invoice as bytes: JSON that never changes once it is written.

It holds seller and buyer as they were, rows, VAT sums and terms, and no article's margin, for the
customer sees all of it (R-40).
"""

from typing import Any, cast

import orjson

from contracts.numbers import format_bankgiro
from services.invoicing.domain.issuing import Draft, Invoice
from services.invoicing.domain.orders import Seller


class Writer:
    """Writes documents of one seller; the seller's own part is put into bytes once."""

    def __init__(self, seller: Seller, payee: str) -> None:
        self._seller = orjson.Fragment(orjson.dumps(_seller(seller)))
        self._payee = format_bankgiro(payee)

    def write(self, invoice: Invoice) -> bytes:
        """An issued invoice's document."""
        return self._write(invoice.draft, invoice.number, invoice.ocr)

    def preview(self, draft: Draft) -> dict[str, Any]:
        """The document of what is not issued: without number and reference."""
        return read(self._write(draft, None, None))

    def _write(self, draft: Draft, number: int | None, ocr: str | None) -> bytes:
        return orjson.dumps(
            {
                "number": number,
                "ocr": ocr,
                "payee_bankgiro": self._payee,
                "issued_on": draft.issued_on,
                "due_on": draft.due_on,
                "due_date_agreed": draft.due_date_agreed,
                "reminder_fee_agreed": draft.reminder_fee_agreed,
                "interest": {"kind": draft.interest.kind, "rate_bp": draft.interest.rate_bp},
                "message": draft.message,
                "delivered_on": draft.delivered_on,
                "zero_vat": draft.zero_vat,
                "buyer_vat_number": draft.buyer_vat_number,
                "channels": draft.channels,
                "seller": self._seller,
                "buyer": draft.buyer,
                "rows": draft.rows,
                "vat": [
                    {"rate_percent": s.rate_percent, "base_ore": s.base_ore, "vat_ore": s.vat_ore}
                    for s in draft.vat
                ],
                "net_ore": draft.net_ore,
                "vat_ore": draft.vat_ore,
                "rounding_ore": draft.rounding_ore,
                "total_ore": draft.total_ore,
            },
            default=str,
        )


def read(document: bytes) -> dict[str, Any]:
    """A document's content; days are ISO texts."""
    return cast(dict[str, Any], orjson.loads(document))


def _seller(seller: Seller) -> dict[str, Any]:
    """The seller as printed; what it has chosen for its invoices is its own."""
    return {
        "name": seller.name,
        "organisation_number": seller.organisation_number,
        "email": seller.email,
        "phone": seller.phone,
        "street": seller.street,
        "postcode": seller.postcode,
        "town": seller.town,
        "vat_registered": seller.vat_registered,
        "f_skatt": seller.f_skatt,
    }
