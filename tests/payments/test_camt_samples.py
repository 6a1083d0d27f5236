"""The public samples of real banks are read as their description says, and our own samples are
valid against the standard's schemas."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import xmlschema

from deploy.read_bank_file import ACCEPTED, REFUSED, write_answer
from services.payments import bank_file
from services.payments.camt_entry import ore
from services.payments.domain.incoming import IncomingPayment
from tests.payments.camt_samples import Camt, Ntry, Tx, balance, document, ocr, summary, text
from tests.shared import bank_samples

SEB = "camt/seb_camt.054_SE_CRED_BGC.xml"


def _answer(path: Path) -> tuple[int, dict[str, Any]]:
    out = io.BytesIO()
    with path.open("rb") as file:
        status = write_answer(file, out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return status, answer


def test_the_bank_s_own_bankgiro_sample_gives_its_two_payments() -> None:
    status, answer = _answer(bank_samples() / SEB)
    assert status == ACCEPTED
    assert answer == {
        "format": "camt.054.001.02",
        "accepted": True,
        "payments": [
            {
                "references": ["98547"],
                "amount_ore": 10_000,
                "currency": "SEK",
                "booked_on": "2022-05-05",
                "payer_name": "Debtor",
                "bank_reference": "STOIIQ0I220505085240644513000001",
                "held": None,
            },
            {
                "references": ["54318881444", "54318891445"],
                "amount_ore": 10_000,
                "currency": "SEK",
                "booked_on": "2022-05-05",
                "payer_name": "Debtor",
                "bank_reference": "STOIIQ0I220505085240810163000001",
                "held": None,
            },
        ],
        "problems": [],
    }


def test_the_bank_s_own_bankgiro_sample_is_read_as_its_description_says() -> None:
    samples = bank_samples()
    expected = json.loads((samples / "expected.json").read_text())[SEB]
    validation = bank_file.validate(samples / SEB)
    assert validation.message_id == expected["message_id"]
    [statement], [told] = validation.statements, expected["statements"]
    assert (statement.id, statement.account) == (told["id"], told["account"])
    [entry] = told["entries"]
    payments = list(bank_file.read(samples / SEB, validation))
    for payment, each in zip(payments, entry["transactions"], strict=True):
        assert isinstance(payment, IncomingPayment)
        assert payment.source_key == each["bank_ref"]
        assert payment.amount_ore == ore(each["amount"])
        assert payment.payee_bankgiro == each["creditor_account"] == "12345678"
        assert payment.payer_account == each["debtor_account"]
        assert payment.booked_on.isoformat() == entry["booking_date"]
        assert [(one.value, one.amount_ore) for one in payment.references] == [
            (one["value"], ore(one["amount"])) for one in each["references"]
        ]
    assert not payments[0].held


@pytest.mark.parametrize(
    ("name", "line", "reason"),
    [
        ("oca_test-camt053.xml", 38, "give 15555.28, the closing balance is 15121.12 EUR"),
        ("genkgo_camt053.v8.xml", 74, "the balances are in EUR and SEK"),
    ],
)
def test_a_sample_whose_balances_are_wrong_is_refused_with_line_and_reason(
    name: str, line: int, reason: str
) -> None:
    status, answer = _answer(bank_samples() / "camt" / name)
    assert status == REFUSED
    assert answer["payments"] == []
    [problem] = answer["problems"]
    assert problem["line"] == line
    assert reason in problem["reason"]


def test_a_bgmax_sample_is_recognised_and_refused_as_not_yet_supported() -> None:
    for path in sorted((bank_samples() / "bgmax").iterdir()):
        status, answer = _answer(path)
        assert (status, answer["format"], answer["accepted"]) == (REFUSED, "BgMax", False)
        assert "not yet supported" in answer["problems"][0]["reason"]


def test_an_answer_to_payment_orders_books_no_payment_and_says_so() -> None:
    for path in sorted((bank_samples() / "pain").glob("*pain.002*")):
        status, answer = _answer(path)
        assert (status, answer["accepted"], answer["payments"]) == (REFUSED, False, [])
        assert answer["problems"][0]["reason"].endswith(
            "answers payment orders and books no payment"
        )
        with path.open("rb") as file:
            heard, items = bank_file.control(file)
        assert (heard.accepted, heard.format, items) == (True, "pain.002.001.03", [])


def test_every_sample_and_every_beginning_of_one_gives_an_answer() -> None:
    for path in sorted(bank_samples().glob("*/*.*")):
        content = path.read_bytes()
        for end in range(0, min(len(content), 6000), 97):
            bank_file.validate(io.BytesIO(content[:end]))
        bank_file.validate(io.BytesIO(content))


@pytest.mark.parametrize(
    "message", ["camt.053.001.02", "camt.053.001.08", "camt.054.001.02", "camt.054.001.08"]
)
def test_our_own_samples_are_what_the_standard_says(message: str) -> None:
    schema = xmlschema.XMLSchema(bank_samples() / "schemas" / f"{message}.xsd")
    remittance = text("hej") + ocr("18", "60.00") + document("2", "40.00") + document("3")
    credit = document("4", "1.00", "CREN")
    txs = (
        Tx(bank_reference="B", remittance=remittance, end_to_end_id="E", instruction_id="I"),
        Tx(remittance=credit, returned=True, payer=None, payer_bankgiro="66662222"),
    )
    is_statement = message.startswith("camt.053")
    sample = Camt(
        message=message,
        summary=summary("CRDT", 1, "200.00"),
        balances=balance("OPBD", "0") + balance("CLBD", "100") if is_statement else "",
        entries=(
            Ntry(txs=txs, amount="200.00", reference="BG50501055 00001-1", reversal=True),
            Ntry(sign="DBIT", batch="<Btch><NbOfTxs>1</NbOfTxs></Btch>"),
        ),
    )
    schema.validate(io.BytesIO(sample.xml()))


def test_the_answer_about_a_file_needs_no_more_memory_than_one_payment(tmp_path: Path) -> None:
    path = tmp_path / "big.xml"
    txs = tuple(Tx(bank_reference=f"B{n}") for n in range(3000))
    path.write_bytes(Camt(entries=(Ntry(txs=txs, amount="300000.00"),)).xml())
    status, answer = _answer(path)
    assert status == ACCEPTED
    assert len(answer["payments"]) == 3000
    rows = bank_file.payment_rows(path, bank_file.validate(path))
    assert iter(rows) is rows


def test_a_file_that_changes_while_it_is_shown_is_refused_in_one_whole_document() -> None:
    """Never half of one: the reader of JSON must be able to tell."""

    class Changing(io.BytesIO):
        """Other bytes the second time."""

        def seek(self, offset: int, whence: int = 0) -> int:
            if self.tell():
                kept = self.getbuffer()
                kept[:] = bytes(kept).replace(b"</TxDtls>", b"</TxDtlz>")
                kept.release()
            return super().seek(offset, whence)

    out = io.BytesIO()
    status = write_answer(Changing(Camt().xml()), out)
    answer = json.loads(out.getvalue())
    assert (status, answer["accepted"]) == (REFUSED, False)
    assert "broken" in answer["problems"][0]["reason"]
