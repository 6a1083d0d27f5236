"""Issuing over HTTP: what a company asks for, what it gets, and what the other services are told."""

from contracts.invoicing import InvoiceIssued, RecipientNamed
from tests.invoicing import builders


async def test_an_issued_invoice_has_a_number_an_ocr_and_is_told_to_all(house):
    seller = await house.seller()
    answer = await seller.post("/invoices", json=builders.invoice())
    assert answer.status_code == 201, answer.text
    issued = answer.json()
    assert (issued["number"], issued["total_ore"]) == (1, 1_250_00)
    (said,) = await house.said(InvoiceIssued)
    (named,) = await house.said(RecipientNamed)
    assert (said.number, said.ocr, said.total_ore) == (1, issued["ocr"], 1_250_00)
    assert named.claim_id == said.claim_id
    assert named.email == "asa@kund.example"
