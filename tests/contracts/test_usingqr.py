"""The code to scan on an invoice, against the examples of the format's own public tests."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import segno

from contracts.usingqr import ERROR_CORRECTION, QUIET_MODULES, ToPay, usingqr
from tests.shared import bank_samples

EXAMPLE = (
    '{"uqr":1,"tp":1,"nme":"Test company AB","cid":"555555-5555","iref":"52456","ddt":"20130408",'
    '"due":5,"pt":"BG","acc":"433-8778"}'
)
"""Bank-formats 6, the first example: to a bankgiro. Ours says the invoice's date (`idt`) too."""
PAY = ToPay(
    seller_name="Test company AB",
    organisation_number="5555555555",
    ocr="52456",
    issued_on=date(2013, 3, 9),
    due_on=date(2013, 4, 8),
    due_ore=5_00,
    payee_bankgiro="4338778",
)


def without_date(text: str) -> str:
    return text.replace('"idt":"20130309",', "")


def test_the_code_reads_as_the_public_example_letter_by_letter() -> None:
    assert without_date(usingqr(PAY)) == EXAMPLE


def test_the_code_reads_as_the_sample_beside_the_repository() -> None:
    lines = (bank_samples() / "qr" / "usingqr_payloads.jsonl").read_text().splitlines()
    to_bankgiro = [line for line in lines if json.loads(line)["pt"] == "BG"]
    assert [without_date(usingqr(PAY))] == to_bankgiro
    for line in lines:
        fields = list(json.loads(line))
        ours = [name for name in json.loads(usingqr(PAY)) if name in fields]
        assert [name for name in fields if name in ours] == ours, (
            "fields come in the format's order"
        )


@pytest.mark.parametrize(
    ("ore", "number"),
    [(5_00, "5"), (10_75, "10.75"), (10_50, "10.5"), (12_500_00, "12500"), (5, "0.05")],
)
def test_amounts_are_numbers_without_needless_zeros(ore: int, number: str) -> None:
    text = usingqr(replace(PAY, due_ore=ore, vat_ore=ore))
    assert f'"due":{number},"vat":{number},' in text


@pytest.mark.parametrize(
    "name", ["Åsas Bageri AB", 'Citat "och" \\ snedstreck', "李 😀", "Å" * 200]
)
def test_whatever_the_seller_is_called_the_code_is_ascii_and_drawn_in_bytes(name: str) -> None:
    """Letters that are no ASCII are escaped, so that no reader has to guess their encoding."""
    text = usingqr(replace(PAY, seller_name=name))
    read: dict[str, Any] = json.loads(text)
    assert text.isascii()
    assert read["nme"] == name[:100]
    assert json.dumps(read, separators=(",", ":")) == text
    drawn = segno.make(text, error=ERROR_CORRECTION, micro=False, boost_error=False)
    assert (drawn.mode, drawn.error) == ("byte", "M")
    assert QUIET_MODULES >= 4
