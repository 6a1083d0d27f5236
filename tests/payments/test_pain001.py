"""A payout file has the same bytes whenever it is written, and says what the banks require."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError

from contracts.numbers import account, parse_account
from services.payments.pain001 import (
    NEUTRAL,
    SEB,
    SWEDBANK,
    AccountForm,
    AccountPayee,
    BankgiroPayee,
    BankProfile,
    Debtor,
    IbanPayee,
    Message,
    Ocr,
    Payout,
    PayoutFile,
    PayoutFileError,
    PlusgiroPayee,
    amount,
    bank_text,
    groups_of,
    write,
)
from services.payments.settings import Settings
from tests.askers import PUBLIC_KEY
from tests.shared import bank_samples

DEBTOR = Debtor(
    name="Testbolaget AB",
    town="Stockholm",
    id="5566778899",
    iban="SE3550000000054910000003",
    bic="ESSESESS",
    bankgiro="50501055",
)
TAX = Payout(
    id="PO20261016-0001-T1",
    payee=BankgiroPayee("50501055"),
    payee_name="Skatteverket",
    payee_town="Stockholm",
    amount_ore=125_000,
    execute_on=date(2026, 10, 19),
    remittance=Ocr("12345678903"),
)
PLUSGIRO = replace(
    TAX,
    id="PO20261016-0001-T2",
    payee=PlusgiroPayee("1760990"),
    payee_name="Mottagare PG",
    payee_town="Lund",
    amount_ore=80_075,
    remittance=Message("Utbetalning oktober"),
)
ACCOUNT = replace(
    PLUSGIRO,
    id="PO20261016-0001-T3",
    payee=AccountPayee(parse_account("5102-0158751")),
    payee_name="Mottagare konto",
    payee_town="Umeå",
    amount_ore=100_000,
)
IBAN = replace(ACCOUNT, id="T4", payee=IbanPayee("SE4550000000058398257466", "ESSESESS"))
ORDER = PayoutFile(
    message_id="PO20261016-0001",
    created_at=datetime(2026, 10, 16, 6, tzinfo=UTC),
    debtor=DEBTOR,
    payouts=(TAX, PLUSGIRO, ACCOUNT),
)
EXAMPLE = """<CdtTrfTxInf>
<PmtId><InstrId>PO20261016-0001-T1</InstrId><EndToEndId>PO20261016-0001-T1</EndToEndId></PmtId>
<Amt><InstdAmt Ccy="SEK">1250.00</InstdAmt></Amt>
<CdtrAgt><FinInstnId><ClrSysMmbId><ClrSysId><Cd>SESBA</Cd></ClrSysId><MmbId>9900</MmbId>
</ClrSysMmbId></FinInstnId></CdtrAgt>
<Cdtr><Nm>Skatteverket</Nm><PstlAdr><TwnNm>Stockholm</TwnNm><Ctry>SE</Ctry></PstlAdr></Cdtr>
<CdtrAcct><Id><Othr><Id>50501055</Id><SchmeNm><Prtry>BGNR</Prtry></SchmeNm></Othr></Id></CdtrAcct>
<RmtInf><Strd><RfrdDocAmt><RmtdAmt Ccy="SEK">1250.00</RmtdAmt></RfrdDocAmt><CdtrRefInf><Tp>
<CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>12345678903</Ref></CdtrRefInf></Strd></RmtInf>
</CdtTrfTxInf>"""


MANY = tuple(replace(TAX, id=f"T{n}", amount_ore=10**17 - 1) for n in range(11))


def _flat(written: bytes) -> str:
    root = etree.fromstring(written)
    for element in root.iter():
        element.text = (element.text or "").strip() or None
        element.tail = None
    whole: str = etree.tostring(root, encoding="unicode")
    return whole


def _texts(written: bytes, path: str) -> list[str]:
    names = "/".join(f"{{*}}{name}" for name in path.split("/"))
    return [element.text for element in etree.fromstring(written).findall(f".//{names}")]


def _schema() -> Any:
    return xmlschema.XMLSchema(bank_samples() / "schemas" / "pain.001.001.03.xsd")


def test_a_bankgiro_payout_with_ocr_is_written_as_the_handbook_s_example() -> None:
    assert EXAMPLE.replace("\n", "") in _flat(write(ORDER))


def test_counts_and_sums_are_those_of_the_payouts() -> None:
    written = write(ORDER)
    assert _texts(written, "NbOfTxs") == ["3", "3"]
    assert _texts(written, "CtrlSum") == ["3050.75", "3050.75"]
    assert _texts(written, "InstdAmt") == ["1250.00", "800.75", "1000.00"]


def test_writing_an_order_again_gives_the_same_bytes() -> None:
    assert write(ORDER) == write(replace(ORDER))
    assert write(ORDER) != write(replace(ORDER, message_id="PO20261016-0002"))
    assert _texts(write(ORDER), "CreDtTm") == ["2026-10-16T06:00:00"]


def test_payouts_of_different_days_stand_in_groups_of_their_own() -> None:
    later = replace(PLUSGIRO, execute_on=date(2026, 10, 20))
    written = write(replace(ORDER, payouts=(later, TAX, ACCOUNT)))
    assert _texts(written, "ReqdExctnDt") == ["2026-10-19", "2026-10-20"]
    assert _texts(written, "PmtInf/NbOfTxs") == ["2", "1"]
    assert _texts(written, "PmtInf/CtrlSum") == ["2250.00", "800.75"]
    assert _texts(written, "PmtInfId") == ["PO20261016-0001-1", "PO20261016-0001-2"]
    assert _texts(written, "InstrId")[-1] == later.id


def test_a_bank_s_wishes_are_in_its_profile_and_nowhere_else() -> None:
    neutral, seb = write(ORDER), write(ORDER, SEB)
    assert _texts(neutral, "ChrgBr") == _texts(neutral, "SvcLvl/Prtry") == []
    assert _texts(seb, "ChrgBr") == ["SHAR"]
    assert _texts(seb, "SvcLvl/Prtry") == ["MPNS"]
    assert _texts(seb, "OrgId/Othr/SchmeNm/Cd") == ["BANK", "BANK"]
    assert _texts(neutral, "BtchBookg") == _texts(seb, "BtchBookg") == []


def test_swedbank_gets_bankgiro_payees_debited_from_our_bankgiro_in_their_own_group() -> None:
    written = write(ORDER, SWEDBANK)
    assert _texts(written, "DbtrAcct/Id/Othr/Id") == ["50501055"]
    assert _texts(written, "DbtrAcct/Id/IBAN") == [DEBTOR.iban]
    assert _texts(written, "PmtInf/NbOfTxs") == ["2", "1"]
    assert _texts(written, "CstmrCdtTrfInitn/GrpHdr/CtrlSum") == ["3050.75"]
    with pytest.raises(PayoutFileError, match="from a bankgiro"):
        write(replace(ORDER, debtor=replace(DEBTOR, bankgiro=None)), SWEDBANK)


@pytest.mark.parametrize(
    ("clearing", "number", "member", "with_clearing", "without"),
    [
        ("5102", "0158751", "5102", "51020158751", "0158751"),
        ("6789", "123456789", "6789", "123456789", "123456789"),
        ("84244", "9831892246", "8424", "842449831892246", "49831892246"),
        ("9180", "1234567897", "9180", "1234567897", "1234567897"),
        ("3300", "0006205124", "3300", "0006205124", "0006205124"),
        ("9570", "1234567897", "9570", "95701234567897", "1234567897"),
        ("9500", "2109189", "9500", "95002109189", "2109189"),
    ],
)
def test_an_account_is_written_as_the_bank_s_guide_says(
    clearing: str, number: str, member: str, with_clearing: str, without: str
) -> None:
    order = replace(
        ORDER, payouts=(replace(ACCOUNT, payee=AccountPayee(account(clearing, number))),)
    )
    written = write(order)
    assert _texts(written, "MmbId") == [member]
    assert _texts(written, "CdtrAcct/Id/Othr/Id") == [with_clearing]
    other = write(order, BankProfile(account_form=AccountForm.WITHOUT_CLEARING))
    assert _texts(other, "CdtrAcct/Id/Othr/Id") == [without]


def test_a_plusgiro_payee_is_written_with_the_scheme_that_the_bank_wants() -> None:
    order = replace(ORDER, payouts=(PLUSGIRO,))
    assert _texts(write(order), "CdtrAcct/Id/Othr/SchmeNm/Cd") == ["BBAN"]
    written = write(order, BankProfile(plusgiro_scheme="PGNR"))
    assert _texts(written, "CdtrAcct/Id/Othr/SchmeNm/Prtry") == ["PGNR"]


@pytest.mark.parametrize(
    ("text", "longest", "written"),
    [
        ("Café & Söner <AB>", 70, "Cafe + Söner AB"),
        ("A\u030angstro\u0308m", 70, "Ångström"),
        ("a\x00b\nc\td", 70, "a b c d"),
        ("Łódź №1 ٣", 70, "odz No1"),
        ("x" * 80, 70, "x" * 70),
        ("ab cd", 3, "ab"),
        ("☃", 70, ""),
    ],
)
def test_text_is_written_in_the_characters_that_every_bank_takes(
    text: str, longest: int, written: str
) -> None:
    assert bank_text(text, longest) == written


@pytest.mark.parametrize(
    ("ore", "written"), [(1, "0.01"), (10, "0.10"), (100, "1.00"), (123_456, "1234.56")]
)
def test_an_amount_has_exactly_two_decimals(ore: int, written: str) -> None:
    assert amount(ore) == written


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (replace(ORDER, payouts=()), "no payouts"),
        (replace(ORDER, message_id="x" * 36), "1 to 35"),
        (replace(ORDER, message_id=""), "1 to 35"),
        (replace(ORDER, message_id="PO_1"), "1 to 35"),
        (replace(ORDER, payouts=(TAX, TAX)), "same id"),
        (replace(ORDER, payouts=MANY), "more than 18 digits"),
        (replace(ORDER, payouts=(replace(TAX, amount_ore=0),)), "no amount"),
        (replace(ORDER, payouts=(replace(TAX, amount_ore=-5),)), "no amount"),
        (replace(ORDER, payouts=(replace(TAX, payee_name="☃"),)), "no payee name"),
    ],
)
def test_an_order_that_no_bank_would_take_is_refused(order: PayoutFile, reason: str) -> None:
    with pytest.raises(PayoutFileError, match=reason):
        write(order)


@pytest.mark.parametrize("profile", [NEUTRAL, SEB, SWEDBANK])
def test_what_we_write_is_what_the_standard_says(profile: BankProfile) -> None:
    order = replace(ORDER, payouts=(TAX, PLUSGIRO, ACCOUNT, IBAN))
    _schema().validate(io.BytesIO(write(order, profile)))


def test_an_order_of_the_largest_sum_is_what_the_standard_says() -> None:
    written = write(replace(ORDER, payouts=MANY[:10]))
    assert _texts(written, "GrpHdr/CtrlSum") == ["9999999999999999.90"]
    _schema().validate(io.BytesIO(written))


def test_our_account_is_written_without_blanks_however_it_is_set_or_the_start_is_refused() -> None:
    """Else every order would be refused by the bank."""
    url = "postgresql+asyncpg://nobody@127.0.0.1/nothing"
    given: dict[str, Any] = {"PAYMENTS_DATABASE_URL": url, "identity_public_key": PUBLIC_KEY}
    given |= {"payer_iban": "SE35 5000 0000 0549 1000 0003"}
    assert Settings(**given).payer_iban == DEBTOR.iban
    for name, wrong in (("payer_iban", "SE36 5000 0000 0549 1000 0003"), ("payer_bic", "ESSE")):
        with pytest.raises(ValidationError, match=name):
            Settings(**{**given, name: wrong})


def test_whatever_names_and_messages_hold_the_file_stays_valid() -> None:
    schema = _schema()

    @given(st.text(max_size=200), st.text(max_size=200), st.integers(1, 10**15))
    @settings(max_examples=50, deadline=None)
    def check(name: str, message: str, amount_ore: int) -> None:
        payout = replace(
            TAX,
            payee_name="A" + name,
            payee_town=message,
            remittance=Message(message),
            amount_ore=amount_ore,
        )
        schema.validate(io.BytesIO(write(replace(ORDER, payouts=(payout,)))))

    check()


def test_a_file_tells_which_group_each_payout_is_in() -> None:
    """A bank's answer may name the group only (bank-formats 5.4)."""
    groups = groups_of(write(ORDER, SWEDBANK))
    assert set(groups) == {payout.id for payout in ORDER.payouts}
    assert groups[TAX.id] != groups[ACCOUNT.id]
    assert set(groups.values()) == set(_texts(write(ORDER, SWEDBANK), "PmtInfId"))
