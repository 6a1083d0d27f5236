"""What a bank answers to a payout file, and what of it means anything yet."""

import io
import json
import re

import pytest

from services.payments import pain002
from services.payments.domain.incoming import BankFileError
from services.payments.pain002 import Outcome, Status
from tests.shared import bank_samples


def _report(group: str = "", below: str = "", message: str = "pain.002.001.03") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{message}"><CstmrPmtStsRpt>\n'
        "<GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-10-16T06:01:00</CreDtTm></GrpHdr>\n"
        "<OrgnlGrpInfAndSts><OrgnlMsgId>PO1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.03"
        f"</OrgnlMsgNmId><OrgnlNbOfTxs>2</OrgnlNbOfTxs>{group}</OrgnlGrpInfAndSts>\n"
        f"{below}</CstmrPmtStsRpt></Document>"
    ).encode()


_BODY = re.findall(b"<CstmrPmtStsRpt>.*</CstmrPmtStsRpt>", _report(), re.DOTALL)[0]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        *((code, Outcome.NOTED) for code in ["RCVD", "ACTC", "ACCP", "ACWP", "ACSP", "PDNG"]),
        ("ACWC", Outcome.CHANGED),
        ("ACSC", Outcome.PAID),
        ("ACCC", Outcome.PAID),
        ("PART", Outcome.PARTLY),
        ("RJCT", Outcome.REJECTED),
        ("CANC", Outcome.REJECTED),
        ("XXXX", Outcome.UNKNOWN),
        (None, Outcome.UNKNOWN),
    ],
)
def test_a_status_means_what_the_banks_mean_by_it(code: str | None, outcome: Outcome) -> None:
    assert Status(code).outcome is outcome


def test_a_partly_rejected_file_names_the_payout_the_reason_and_the_bank_s_words() -> None:
    below = (
        "<OrgnlPmtInfAndSts><OrgnlPmtInfId>PO1-1</OrgnlPmtInfId><TxInfAndSts>"
        "<OrgnlInstrId>T1</OrgnlInstrId><OrgnlEndToEndId>E1</OrgnlEndToEndId><TxSts>RJCT</TxSts>"
        "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>Kontot är</AddtlInf>"
        "<AddtlInf>avslutat</AddtlInf></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts>"
    )
    report = pain002.read(io.BytesIO(_report("<GrpSts>PART</GrpSts>", below)))
    assert (report.report_id, report.original_message_id) == ("R1", "PO1")
    assert report.status.outcome is Outcome.PARTLY
    [group] = report.groups
    assert (group.payment_group_id, group.status.outcome) == ("PO1-1", Outcome.UNKNOWN)
    [one] = group.transactions
    assert (one.instruction_id, one.end_to_end_id) == ("T1", "E1")
    assert one.status == Status("RJCT", ("AC04",), ("Kontot är", "avslutat"))


@pytest.mark.parametrize("name", ["actc", "rjct-narr"])
def test_a_public_report_is_read_as_its_description_says(name: str) -> None:
    samples = bank_samples()
    path = f"pain/corporatejs_pain.002.001.03_{name}.xml"
    expected = json.loads((samples / "expected.json").read_text())[path]
    report = pain002.read(samples / path)
    assert report.message == expected["message"]
    assert report.original_message_id == expected["original_message_id"]
    assert report.original_count == expected["original_count"]
    assert report.status.code == expected["group_status"]
    assert report.status.reasons == tuple(filter(None, [expected["group_reason"]]))
    assert [line.strip() for line in report.status.text] == [
        line.strip() for line in expected["group_text"]
    ]
    assert report.groups == ()


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (b"", "is empty"),
        (_report(message="pain.001.001.03"), "pain.001.001.03 is not a status report"),
        (_report().replace(b"<MsgId>R1</MsgId>", b""), "GrpHdr/MsgId"),
        (_report().replace(b"<OrgnlMsgId>PO1</OrgnlMsgId>", b""), "OrgnlMsgId"),
        (_report().replace(b"CstmrPmtStsRpt", b"Other"), "no CstmrPmtStsRpt"),
        (_report().replace(b"</Document>", _BODY + b"</Document>"), "two CstmrPmtStsRpt"),
        (_report()[:-20], "broken"),
        (_report().replace(b"\n<Document", b"\n<!DOCTYPE Document><Document"), "document type"),
    ],
)
def test_anything_but_a_status_report_is_refused_with_its_reason(
    report: bytes, reason: str
) -> None:
    with pytest.raises(BankFileError, match=reason):
        pain002.read(io.BytesIO(report))
