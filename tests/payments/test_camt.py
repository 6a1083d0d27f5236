"""What is read of a camt file, and which of its money waits for a person."""

import io
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments import bank_file
from services.payments.camt_entry import ore
from services.payments.domain.incoming import (
    EntryRef,
    Hold,
    IncomingPayment,
    OutgoingDebit,
    ReferenceKind,
    Validation,
    candidates,
)
from tests.payments.camt_samples import Camt, Ntry, Tx, balance, document, ocr, summary, text


def _read(sample: Camt | bytes) -> tuple[Validation, list[Any]]:
    """Read in two passes; one pass must always give the same."""
    file = io.BytesIO(sample if isinstance(sample, bytes) else sample.xml())
    validation = bank_file.validate(file)
    read = list(bank_file.read(file, validation)) if validation.accepted else []
    assert bank_file.read_at_once(file) == (validation, read)
    if not validation.accepted:
        return validation, []
    assert len(read) == validation.counts.items
    return validation, read


def _one(sample: Camt) -> Any:
    validation, items = _read(sample)
    assert validation.problems == ()
    assert len(items) == 1
    return items[0]


def _refusal(sample: Camt | bytes) -> str:
    validation, items = _read(sample)
    assert not validation.accepted
    assert items == []
    return "; ".join(f"{one.line}: {one.reason}" for one in validation.problems)


MESSAGES = [f"camt.05{kind}.001.{version}" for kind in "34" for version in ("02", "04", "08")]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_payment_is_read_the_same_from_every_version(message: str) -> None:
    payment = _one(
        Camt(
            message=message,
            entries=(
                Ntry(
                    txs=(
                        Tx(
                            bank_reference="B1",
                            end_to_end_id="E1",
                            payer_bankgiro="66662222",
                            remittance=ocr("12351", "100.00"),
                        ),
                    )
                ),
            ),
        )
    )
    assert payment == IncomingPayment(
        source_key="B1",
        payee_bankgiro="50501055",
        account="54401060156",
        booked_on=date(2026, 10, 16),
        paid_on=date(2026, 10, 17),
        amount_ore=10_000,
        currency="SEK",
        references=payment.references,
        payer_name="Kalles Plåt AB",
        payer_account="66662222",
        end_to_end_id="E1",
        bank_reference="B1",
        held=None,
        split_held=False,
        line=7,
        entry=EntryRef("ENTRY1", None, 10_000),
    )
    [reference] = payment.references
    assert (reference.kind, reference.value) == (ReferenceKind.OCR, "12351")
    assert reference.amount_ore == 10_000


@pytest.mark.parametrize(
    ("written", "amount_ore"),
    [
        ("8625.000", 862_500),
        ("91838", 9_183_800),
        ("91838.00", 9_183_800),
        ("0.01", 1),
        ("1.5", 150),
        ("1.", 100),
        (".5", 50),
        ("007.50", 750),
        ("1.005", None),
        ("-5", None),
        ("+5", None),
        ("1e5", None),
        ("1,50", None),
        ("1 000.00", None),
        ("٣.00", None),
        ("", None),
        (".", None),
        ("1.0.0", None),
        ("9" * 25, None),
        ("NaN", None),
        ("9999999999999999.99", 10**18 - 1),
        ("0009999999999999999.99", 10**18 - 1),
        ("10000000000000000.00", None),
    ],
)
def test_an_amount_is_whole_ore_or_no_amount_at_all(written: str, amount_ore: int | None) -> None:
    assert ore(written) == amount_ore


@pytest.mark.parametrize("written", ["1.005", "-5", "x", ""])
def test_a_file_with_an_amount_that_is_none_is_refused_at_its_line(written: str) -> None:
    entry = Ntry(txs=(Tx(amount=written),))
    assert _refusal(Camt(entries=(entry,))).startswith("7: Amt is not an amount")
    assert _refusal(Camt(entries=(Ntry(amount=written),))).startswith("6: Amt is not an amount")


def test_a_payment_names_several_invoices_and_a_credit_note_with_their_amounts() -> None:
    remittance = document("77", "150.00") + document("78", "50.00", "CREN") + text("tack 79")
    payment = _one(Camt(entries=(Ntry(txs=(Tx(remittance=remittance),)),)))
    assert [(one.kind, one.value, one.amount_ore) for one in payment.references] == [
        (ReferenceKind.DOCUMENT, "77", 15_000),
        (ReferenceKind.CREDIT_NOTE, "78", -5_000),
        (ReferenceKind.TEXT, "tack 79", None),
    ]
    assert payment.held is None
    assert not payment.split_held


@pytest.mark.parametrize(
    "remittance",
    [
        ocr("12351", "99.99"),
        ocr("12351", "50.00") + ocr("1230"),
        ocr("12351", "x"),
        ocr("12351", "100.00").replace('Ccy="SEK"', 'Ccy="EUR"'),
    ],
)
def test_amounts_per_reference_that_do_not_add_up_hold_the_split_and_not_the_payment(
    remittance: str,
) -> None:
    payment = _one(Camt(entries=(Ntry(txs=(Tx(remittance=remittance),)),)))
    assert payment.held is None
    assert payment.split_held
    assert payment.references[0].value == "12351"
    assert {one.amount_ore for one in payment.references} == {None}


def test_candidates_come_in_order_of_trust_and_each_in_three_spellings() -> None:
    remittance = text("avser 00123 o 456") + document("501998/") + ocr(" 0012 351 ")
    tx = Tx(remittance=remittance, end_to_end_id="REF-9")
    payment = _one(Camt(entries=(Ntry(txs=(tx,)),)))
    assert candidates(payment) == [
        *("0012 351", "0012351", "12351"),
        "501998",
        *("00123", "123", "456"),
        *("REF-9", "9"),
    ]


def test_a_text_longer_than_any_bank_s_gives_no_candidate_that_was_cut() -> None:
    """A part of a number is another number."""
    words = "avser 123 " + "x" * 126 + " 4567890"
    payment = _one(Camt(entries=(Ntry(txs=(Tx(remittance=text(words)),)),)))
    assert payment.references[0].value == words[:139] + "…"
    assert candidates(payment) == ["123"]
    payment = _one(Camt(entries=(Ntry(txs=(Tx(remittance=ocr("A" + "1" * 150)),)),)))
    assert candidates(payment) == []


def test_a_reference_is_found_behind_however_many_blanks() -> None:
    remittance = ocr(" \n" * 100 + "12351" + "\t" * 200)
    payment = _one(Camt(entries=(Ntry(txs=(Tx(remittance=remittance),)),)))
    assert [one.value for one in payment.references] == ["12351"]


def test_an_end_to_end_id_that_says_nothing_is_no_candidate() -> None:
    payment = _one(Camt(entries=(Ntry(txs=(Tx(end_to_end_id="NOTPROVIDED"),)),)))
    assert candidates(payment) == []


def test_the_payee_is_read_from_the_entry_when_the_payment_does_not_say() -> None:
    entry = Ntry(txs=(Tx(payee_bankgiro=None),), reference="BG12345678 00294-0251222")
    assert _one(Camt(entries=(entry,))).payee_bankgiro == "12345678"


@pytest.mark.parametrize("written", ["50501055", "5050-1055", "5050 1055", "0050501055"])
def test_a_bankgiro_is_the_same_however_a_bank_writes_it(written: str) -> None:
    payment = _one(Camt(entries=(Ntry(txs=(Tx(payee_bankgiro=written),)),)))
    assert payment.payee_bankgiro == "50501055"


def test_an_entry_without_details_is_one_payment() -> None:
    payment = _one(Camt(entries=(Ntry(amount="12.50"),)))
    assert (payment.amount_ore, payment.references) == (1250, ())
    assert payment.source_key == "ENTRY1/1"
    assert payment.bank_reference == "ENTRY1"


def test_a_single_payment_without_its_own_amount_has_that_of_the_entry() -> None:
    assert _one(Camt(entries=(Ntry(txs=(Tx(amount=None),)),))).amount_ore == 10_000


@pytest.mark.parametrize("status", ["PDNG", "INFO", "FUTR"])
@pytest.mark.parametrize("message", MESSAGES)
def test_an_entry_that_is_not_booked_is_never_money(status: str, message: str) -> None:
    entries = (Ntry(txs=(Tx(),), status=status), Ntry(txs=(Tx(bank_reference="B2"),)))
    validation, items = _read(Camt(message=message, entries=entries))
    assert [item.source_key for item in items] == ["B2"]
    assert validation.counts.entries_not_booked == 1
    assert validation.sums.credits_ore == 10_000


@pytest.mark.parametrize(
    ("entry", "held"),
    [
        (Ntry(txs=(Tx(currency="EUR"),), currency="EUR"), Hold.CURRENCY),
        (Ntry(currency="EUR"), Hold.CURRENCY),
        (Ntry(txs=(Tx(returned=True),)), Hold.RETURNED),
        (Ntry(txs=(Tx(),), reversal=True), Hold.REVERSED),
        (Ntry(txs=(Tx(amount="0"),), amount="0.00"), Hold.ZERO),
        (Ntry(txs=(Tx(amount="99.99"),)), Hold.ENTRY_SUM),
        (Ntry(txs=(Tx(), Tx()), amount="150.00"), Hold.ENTRY_SUM),
        (Ntry(txs=(Tx(), Tx(amount=None)), amount="150.00"), Hold.ENTRY_AMOUNT),
        (Ntry(txs=(Tx(currency="EUR"),)), Hold.ENTRY_CURRENCY),
        (Ntry(txs=(Tx(),), batch="<Btch><NbOfTxs>2</NbOfTxs></Btch>"), Hold.ENTRY_COUNT),
        (Ntry(batch="<Btch><NbOfTxs>2</NbOfTxs></Btch>"), Hold.ENTRY_COUNT),
    ],
)
def test_what_is_not_ours_to_judge_is_held_for_a_person(entry: Ntry, held: Hold) -> None:
    payment = _one(Camt(entries=(entry,)))
    assert payment.held is held
    assert payment.amount_ore == ore(entry.amount)
    assert payment.currency == entry.currency


def _batch(count: int | None, total: str = "") -> str:
    number = f"<NbOfTxs>{count}</NbOfTxs>" if count is not None else ""
    return f"<Btch>{number}{total}</Btch>"


def _total(amount: str, currency: str = "SEK", sign: str = "CRDT") -> str:
    return f'<TtlAmt Ccy="{currency}">{amount}</TtlAmt><CdtDbtInd>{sign}</CdtDbtInd>'


@pytest.mark.parametrize(
    ("batch", "second", "held"),
    [
        (_batch(1, _total("100.00")), None, None),
        (_batch(1, _total("100")), None, None),
        (_batch(1, _total("99.99")), None, Hold.ENTRY_SUM),
        (_batch(1, _total("100.00", sign="DBIT")), None, Hold.ENTRY_SUM),
        (_batch(1, _total("9.50", "EUR")), None, None),
        (_batch(1, _total("100.00")), _batch(1, _total("100.00")), None),
        (_batch(1, _total("150.00")), _batch(1, _total("50.00")), None),
        (_batch(1, _total("100.00")), _batch(1, _total("100.01")), Hold.ENTRY_SUM),
        (_batch(1), _batch(2), Hold.ENTRY_COUNT),
        # One of two that state nothing: then nothing is known of all.
        (_batch(1, _total("100.00")), "", None),
        ("", _batch(1, _total("100.00")), None),
    ],
)
def test_what_an_entry_states_of_its_payments_is_theirs_or_it_stays_in_one_piece(
    batch: str, second: str | None, held: Hold | None
) -> None:
    """Over all of its `NtryDtls`, of which a bank may write several."""
    entry = Ntry(txs=(Tx(),), batch=batch or "<X/>", amount="100.00")
    data = Camt(entries=(entry,)).xml()
    if second is not None:
        tx = data[data.index(b"<TxDtls>") : data.index(b"</TxDtls>") + 9]
        more = b"<NtryDtls>" + second.encode() + tx + b"</NtryDtls></Ntry>"
        data = data.replace(b"</Ntry>", more).replace(
            b">100.00</Amt><CdtDbtInd>", b">200</Amt><CdtDbtInd>", 1
        )
    _, items = _read(data)
    assert {item.held for item in items} == {held}
    assert len(items) == (1 if held or second is None else 2)


def test_an_entry_that_contradicts_its_payments_stays_in_one_piece_and_names_their_references() -> (
    None
):
    wrong = Ntry(txs=(Tx(remittance=ocr("18")), Tx(remittance=ocr("1230"))), amount="300.00")
    right = Ntry(txs=(Tx(bank_reference="B9"),), bank_reference="ENTRY2")
    _, [first, second] = _read(Camt(entries=(wrong, right)))
    assert (first.amount_ore, first.source_key) == (30_000, "ENTRY1/entry")
    assert [one.value for one in first.references] == ["18", "1230"]
    assert (second.source_key, second.held) == ("B9", None)


def test_a_deduction_inside_a_deposit_counts_against_it_and_is_held() -> None:
    entry = Ntry(txs=(Tx(amount="150.00"), Tx(amount="50.00", sign="DBIT")))
    _, [payment, deduction] = _read(Camt(message="camt.054.001.08", entries=(entry,)))
    assert (payment.amount_ore, payment.held) == (15_000, None)
    assert isinstance(deduction, OutgoingDebit)
    assert (deduction.amount_ore, deduction.held) == (5_000, Hold.SIGN)


def test_a_debit_tells_by_its_ids_which_payout_was_paid() -> None:
    tx = Tx(end_to_end_id="PO1-T1", instruction_id="PO1-T1", bank_reference="B1")
    validation, [debit] = _read(Camt(entries=(Ntry(txs=(tx,), sign="DBIT"),)))
    assert isinstance(debit, OutgoingDebit)
    assert (debit.end_to_end_id, debit.instruction_id) == ("PO1-T1", "PO1-T1")
    assert (debit.amount_ore, debit.booked_on) == (10_000, date(2026, 10, 16))
    assert debit.held is None
    assert (validation.counts.payments, validation.counts.debits) == (0, 1)
    assert (validation.sums.credits_ore, validation.sums.debits_ore) == (0, 10_000)


def test_a_debit_of_a_whole_group_tells_which_group() -> None:
    batch = "<Btch><MsgId>PO1</MsgId><PmtInfId>PO1-1</PmtInfId></Btch>"
    _, [debit] = _read(Camt(entries=(Ntry(sign="DBIT", batch=batch),)))
    assert (debit.message_id, debit.payment_group_id) == ("PO1", "PO1-1")


def test_each_payment_has_a_key_of_its_own_that_other_files_give_too() -> None:
    txs = (
        Tx(bank_reference="B1"),
        Tx(bank_reference="B1"),
        Tx(bank_reference="ENTRY1"),
        Tx(),
    )
    entry = Ntry(txs=txs, amount="400.00")
    _, first = _read(Camt(entries=(entry,)))
    _, second = _read(Camt(entries=(entry,), message="camt.053.001.08"))
    keys = [item.source_key for item in first]
    assert keys == ["B1", "B1/2", "ENTRY1/3", "ENTRY1/4"]
    assert [item.source_key for item in second] == keys


def test_a_reference_that_comes_again_later_in_its_entry_is_another_payment_s() -> None:
    """One slip may give several payments with one number (bank-formats 1.7)."""
    txs = tuple(Tx(bank_reference=reference) for reference in "ABA")
    _, items = _read(Camt(entries=(Ntry(txs=txs, amount="300.00"),)))
    assert [item.source_key for item in items] == ["A", "B", "A/3"]


def test_an_item_tells_which_entry_it_is_of_and_whether_it_is_all_of_it() -> None:
    entries = (
        Ntry(txs=(Tx(), Tx()), amount="200.00", reference="BG12345678 00294-0251222"),
        Ntry(txs=(Tx(), Tx()), amount="150.00"),
        Ntry(amount="12.50", bank_reference="ENTRY3"),
    )
    _, items = _read(Camt(entries=entries))
    assert [item.entry for item in items] == [
        EntryRef("ENTRY1", "12345678 2026 00294", 20_000),
        EntryRef("ENTRY1", "12345678 2026 00294", 20_000),
        EntryRef("ENTRY1", None, 15_000, in_one_piece=True),
        EntryRef("ENTRY3", None, 1250, in_one_piece=True),
    ]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("<Dt>2026-10-16</Dt>", date(2026, 10, 16)),
        ("<Dt>2026-10-16Z</Dt>", date(2026, 10, 16)),
        ("<Dt>2026-10-16+02:00</Dt>", date(2026, 10, 16)),
        ("<DtTm>2026-10-16T23:59:00</DtTm>", date(2026, 10, 16)),
        ("<DtTm>2026-10-16T24:00:00</DtTm>", date(2026, 10, 16)),
        ("<DtTm>2026-10-16T23:59:00+02:00</DtTm>", date(2026, 10, 16)),
        ("<DtTm>2026-10-17T00:00:00+02:00</DtTm>", date(2026, 10, 17)),
        ("<DtTm>2026-10-16T21:59:59.999Z</DtTm>", date(2026, 10, 16)),
        ("<DtTm>2026-10-16T22:00:00Z</DtTm>", date(2026, 10, 17)),
        ("<DtTm>2026-12-31T23:00:00+00:00</DtTm>", date(2027, 1, 1)),
    ],
)
def test_a_day_is_the_one_written_and_of_an_instant_the_day_it_was_in_sweden(
    written: str, day: date
) -> None:
    """Interest counts by it, so midnight in another time zone must not move it."""
    payment = _one(Camt(entries=(Ntry(booked=written, valued=written),)))
    assert (payment.booked_on, payment.paid_on) == (day, day)


def test_pages_that_share_their_ids_have_payments_of_their_own() -> None:
    """A bank that gives no references, and divides a message or a statement into pages."""
    first = Camt(entries=(Ntry(bank_reference=None),)).xml()
    message, statement = (
        first.replace(after, f"{after.decode()}<{tag}><PgNb>%s</PgNb></{tag}>".encode())
        for after, tag in (
            (b"10:03:31</CreDtTm>", "MsgPgntn"),
            (b"<Id>S1</Id>", "StmtPgntn"),
        )
    )
    pages = [first, message % b"1", message % b"2", statement % b"2", message % b"10"]
    keys = [_read(page)[1][0].source_key for page in pages]
    assert keys[0] == keys[1] == "M1:S1:0/1", "whose file has one page has its key for ever"
    assert len(set(keys)) == 4


def test_a_booked_entry_without_any_day_refuses_the_file() -> None:
    sample = Camt().xml().replace(b"<BookgDt><Dt>2026-10-16</Dt></BookgDt>", b"")
    assert _read(sample)[0].accepted
    sample = sample.replace(b"<ValDt><Dt>2026-10-17</Dt></ValDt>", b"")
    assert "6: a booked Ntry has neither" in _refusal(sample)
    assert "BookgDt is not a day" in _refusal(Camt(entries=(Ntry(booked="<Dt>0001-01-01</Dt>"),)))
    assert "BookgDt is not a day of our time" in _refusal(
        Camt(entries=(Ntry(booked="<Dt>2026-02-30</Dt>"),))
    )


TWO = (Ntry(txs=(Tx(),)), Ntry(amount="40.00", sign="DBIT"))


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        (summary("all", 2, "140.00"), None),
        (summary("CRDT", 1, "100"), None),
        (summary("DBIT", 1, "40.000"), None),
        (summary("all", 3, "140.00"), "TtlNtries states NbOfNtries 3, the entries give 2"),
        (summary("CRDT", 1, "100.01"), "TtlCdtNtries states Sum 100.01, the entries give 100.00"),
        (summary("DBIT", 0, "40.00"), "TtlDbtNtries states NbOfNtries 0, the entries give 1"),
        (summary("all", "x", "140.00"), "NbOfNtries is not a number: x"),
        (summary("all", "2.5", "140.00"), "NbOfNtries is not a number: 2.5"),
    ],
)
def test_stated_counts_and_sums_are_those_of_the_entries_or_the_file_is_refused(
    stated: str, reason: str | None
) -> None:
    sample = Camt(entries=TWO, summary=stated)
    if reason is None:
        assert _read(sample)[0].accepted
    else:
        assert _refusal(sample) == f"5: {reason}"


@pytest.mark.parametrize(
    ("opening", "closing", "reason"),
    [
        (balance("OPBD", "10.00"), balance("CLBD", "70.00"), None),
        (balance("PRCD", "60.00", "DBIT"), balance("CLBD", "0.00"), None),
        (balance("OPBD", "10.00"), "", None),
        (balance("OPBD", "10.00"), balance("CLBD", "70.01"), "give 70.00, the closing balance is"),
        (balance("OPBD", "10.00"), balance("CLBD", "70.00", "DBIT"), "balance is -70.00 SEK"),
        (balance("OPBD", "10", "CRDT", "EUR"), balance("CLBD", "70.00"), "in EUR and SEK"),
    ],
)
def test_a_statement_s_balances_are_those_that_its_entries_give_or_the_file_is_refused(
    opening: str, closing: str, reason: str | None
) -> None:
    pending = Ntry(amount="5000.00", status="PDNG")
    sample = Camt(message="camt.053.001.02", balances=opening + closing, entries=(*TWO, pending))
    if reason is None:
        validation, _ = _read(sample)
        assert validation.accepted
        [statement] = validation.statements
        assert statement.electronic_number == "7"
        assert statement.opening_ore in (1000, -6000)
    else:
        assert reason in _refusal(sample)


def test_reading_goes_on_from_any_item_as_if_it_had_never_stopped() -> None:
    wrong = Ntry(txs=(Tx(), Tx()), amount="1.00")
    entries = (*TWO, wrong, Ntry(txs=tuple(Tx() for _ in range(5)), amount="500.00"))
    file = io.BytesIO(Camt(entries=entries).xml())
    validation = bank_file.validate(file)
    whole = list(bank_file.read(file, validation))
    assert len(whole) == 8
    for start_at in range(10):
        assert list(bank_file.read(file, validation, start_at=start_at)) == whole[start_at:]


_XML_TEXT = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=30
)
_TXS = st.builds(
    Tx,
    amount=st.integers(1, 10**9).map(lambda one: f"{one // 100}.{one % 100:02}"),
    bank_reference=st.none(),
    payer=st.none() | _XML_TEXT,
    remittance=st.lists(st.from_regex(r"[0-9]{2,25}", fullmatch=True), max_size=3).map(
        lambda numbers: "".join(map(ocr, numbers))
    ),
)


@given(st.lists(_TXS, max_size=12), st.sampled_from(MESSAGES), st.booleans())
@settings(deadline=None)
def test_what_a_bank_writes_is_read_back_exactly(txs: list[Tx], message: str, lump: bool) -> None:
    amounts = [ore(tx.amount) or 0 for tx in txs]
    groups = [tuple(txs)] if lump and txs else [(tx,) for tx in txs]
    entries = tuple(
        Ntry(txs=group, amount=_kronor(sum(ore(tx.amount) or 0 for tx in group)))
        for group in groups
    )
    total = _kronor(sum(amounts))
    sample = Camt(message=message, entries=entries, summary=summary("CRDT", len(entries), total))
    validation, items = _read(sample)
    assert validation.problems == ()
    assert [item.amount_ore for item in items] == amounts
    assert [item.held for item in items] == [None] * len(txs)
    names = [" ".join((tx.payer or "").split()) or None for tx in txs]
    assert [item.payer_name for item in items] == names
    assert ["".join(ocr(one.value) for one in item.references) for item in items] == [
        tx.remittance for tx in txs
    ]
    assert validation.sums.credits_ore == sum(amounts)


def _kronor(amount_ore: int) -> str:
    return f"{amount_ore // 100}.{amount_ore % 100:02}"
