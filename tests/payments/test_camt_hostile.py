"""Files that are broken, foreign or made to do harm are refused with line and reason, and nothing
else ever comes of them."""

import gzip
import io
import random
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.payments import bank_file, camt, xml_stream
from services.payments.domain.incoming import BankFileError, Validation
from tests.payments.camt_samples import Camt, Ntry, Tx, ocr

SAMPLE = Camt(
    entries=(
        Ntry(txs=(Tx(bank_reference="B1", remittance=ocr("12351", "100.00")), Tx()), amount="200"),
        Ntry(sign="DBIT"),
    )
).xml()


def _refused(data: bytes) -> Validation:
    validation = bank_file.validate(io.BytesIO(data))
    assert not validation.accepted
    assert all(0 < len(one.reason) < 400 for one in validation.problems)
    return validation


def _with_doctype(subset: str, name: str = "x") -> bytes:
    head, _, rest = SAMPLE.partition(b"\n")
    doctype = f"<!DOCTYPE Document [{subset}]>".encode()
    return head + b"\n" + doctype + rest.replace(b"Kalles", f"&{name};".encode())


LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))


@pytest.mark.parametrize(
    "data",
    [
        _with_doctype('<!ENTITY x "y">'),
        _with_doctype('<!ENTITY x SYSTEM "file:///etc/passwd">'),
        _with_doctype('<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd">%x;'),
        _with_doctype(f'<!ENTITY l0 "ha">{LAUGHS}', "l12"),
        SAMPLE.replace(b"\n<Document", b'\n<!DOCTYPE Document SYSTEM "x.dtd"><Document'),
        SAMPLE.replace(b"\n<Document", b"\n<!-- a -->\n<?b c?><!DOCTYPE Document><Document"),
    ],
)
def test_a_file_with_a_document_type_is_refused_before_anything_of_it_is_read(data: bytes) -> None:
    [problem] = _refused(data).problems
    assert "document type" in problem.reason
    assert problem.line >= 2


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32"])
@pytest.mark.parametrize("is_declared", [True, False])
def test_a_file_in_letters_of_two_or_four_bytes_cannot_hide_a_document_type(
    encoding: str, is_declared: bool
) -> None:
    """An entity within an amount would make another amount of it."""
    data = _with_doctype('<!ENTITY x "">').decode().replace(">100.00<", ">1&x;00.00<")
    head, _, rest = data.replace("UTF-8", "UTF-16").partition("\n")
    [problem] = _refused((f"{head}\n" * is_declared + rest).encode(encoding)).problems
    assert (problem.line, problem.reason) == (1, "the encoding UTF-16 or UTF-32 is not read")


def test_a_document_type_that_a_look_at_the_bytes_misses_is_seen_by_the_parser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xml_stream, "_line_of_root", lambda head: 2)
    [problem] = _refused(_with_doctype('<!ENTITY x "y">')).problems
    assert "document type" in problem.reason


def test_an_entity_that_nobody_declared_is_refused() -> None:
    [problem] = _refused(SAMPLE.replace(b"Kalles", b"&kalle;")).problems
    assert problem.line == 7
    assert "broken" in problem.reason


@pytest.mark.parametrize(
    ("data", "format_name", "reason"),
    [
        (b"", "unknown", "is empty"),
        (b"\xef\xbb\xbf", "unknown", "not XML"),
        (b" \r\n\t", "unknown", "is empty"),
        (gzip.compress(SAMPLE), "unknown", "packed with gzip"),
        (b"PK\x03\x04" + SAMPLE, "unknown", "packed with zip"),
        (b"<!-- " + b"-" * 70_000 + b" -->" + SAMPLE, "unknown", "begin within 65536 bytes"),
        (b"hello", "unknown", "not XML"),
        (b"\x00" * 1000, "unknown", "not XML"),
        (b"\xff\xfe" + SAMPLE.decode().encode("utf-16-le"), "unknown", "UTF-16 or UTF-32"),
        (b"<a/>", "a", "message a is not"),
        (b"<", "unknown", ""),
        (b"<Document", "Document", ""),
        (SAMPLE.replace(b"camt.054.001.02", b"camt.052.001.02"), "camt.052.001.02", "camt.052"),
        (SAMPLE.replace(b"camt.054.001.02", b"camt.054.001.99"), "camt.054.001.99", "camt.054"),
        (SAMPLE.replace(b"urn:iso:std:iso:20022", b"urn:evil"), "camt.054.001.02", "not one"),
        (SAMPLE.replace(b"Document", b"Letter"), "camt.054.001.02", "not one"),
        (SAMPLE.replace(b"UTF-8", b"UTF-7"), "unknown", "encoding UTF-7"),
        (b"01BGMAX               0120040525173035010331P", "BgMax", "not yet supported"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_name(
    data: bytes, format_name: str, reason: str
) -> None:
    validation = _refused(data)
    assert validation.format == format_name
    assert reason in validation.problems[0].reason


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"<MsgId>M1</MsgId>", b"", "GrpHdr has no MsgId"),
        (b"<CreDtTm>2026-10-16T10:03:31</CreDtTm>", b"", "GrpHdr has no CreDtTm"),
        (b"<Id>S1</Id>", b"", "Ntfctn has no Id"),
        (b"<Id>54401060156</Id>", b"", "Acct has no Id"),
        (b"<Sts>BOOK</Sts>", b"", "Ntry has no Sts"),
        (b"<CdtDbtInd>CRDT</CdtDbtInd>", b"", "Ntry has no CdtDbtInd"),
        (b"<CdtDbtInd>CRDT</CdtDbtInd>", b"<CdtDbtInd>BOTH</CdtDbtInd>", "neither CRDT nor DBIT"),
        (b'<Amt Ccy="SEK">200</Amt>', b"", "Ntry has no Amt"),
        (b'<Amt Ccy="SEK">200</Amt>', b"<Amt>200</Amt>", "Amt has no currency"),
        (b'<Amt Ccy="SEK">200</Amt>', b'<Amt Ccy="kr">200</Amt>', "Amt has no currency"),
        (b">200</Amt>", b">2<x/>00</Amt>", "Amt is not an amount"),
        (b"<Sts>BOOK</Sts>", b"<Sts>PDNG</Sts><Sts>BOOK</Sts>", "Ntry has Sts twice"),
        (b"<CdtDbtInd>CRDT", b'<Amt Ccy="SEK">2</Amt><CdtDbtInd>CRDT', "Ntry has Amt twice"),
        (b"<RltdPties>", b"<RmtInf/><RltdPties>", "TxDtls has RmtInf twice"),
        (b"<RltdPties>", b"<AmtDtls/><RltdPties>", "TxDtls has AmtDtls twice"),
        (b"</TxAmt>", b'<Amt Ccy="SEK">1</Amt></TxAmt>', "the Amt of TxAmt twice"),
        (b"</NtryDtls>", b"</NtryDtls><RvslInd>true</RvslInd>", "RvslInd stands after NtryDtls"),
        (b"NtryDtls>", b"Other>", "TxDtls stands outside NtryDtls"),
        (b"Ntfctn>", b"Stmt>", ""),
        (b"BkToCstmrDbtCdtNtfctn>", b"Other>", "stands outside"),
    ],
)
def test_a_file_without_what_the_standard_requires_is_refused_at_the_line(
    old: bytes, new: bytes, reason: str
) -> None:
    assert old in SAMPLE
    [problem] = _refused(SAMPLE.replace(old, new)).problems
    assert reason in problem.reason
    assert problem.line > 1


def test_what_stands_after_the_payments_of_an_entry_is_refused_far_from_them_too() -> None:
    """Whether it is read in the same breath as the payments or a megabyte later."""
    entry = Ntry(txs=tuple(Tx(bank_reference=f"B{n}") for n in range(3000)), amount="300000")
    late = Camt(entries=(entry,)).xml().replace(b"</NtryDtls>", b"</NtryDtls><Sts>PDNG</Sts>")
    [problem] = _refused(late).problems
    assert problem.reason == "Sts stands after NtryDtls"


def test_a_text_that_holds_elements_is_none() -> None:
    """Half a reference may be somebody else's."""
    file = io.BytesIO(SAMPLE.replace(b"<Ref>12351", b"<Ref>12<x/>351"))
    [first, *_] = bank_file.read(file, bank_file.validate(file))
    assert getattr(first, "references", None) == ()


def test_a_file_that_ends_too_early_is_refused_wherever_it_ends() -> None:
    for end in range(len(SAMPLE.rstrip())):
        _refused(SAMPLE[:end])


def test_a_payment_hidden_in_another_payment_or_beside_its_place_is_refused() -> None:
    inner = SAMPLE.replace(b"<TxDtls><Refs>", b"<TxDtls><TxDtls></TxDtls><Refs>", 1)
    assert "stands outside" in _refused(inner).problems[0].reason
    loose = SAMPLE.replace(b"</Ntfctn>", b"</Ntfctn><Ntry></Ntry>")
    assert "stands outside" in _refused(loose).problems[0].reason


def test_elements_that_nobody_knows_are_tolerated() -> None:
    strange = (
        b'<SplmtryData><Envlp><TxDtls xmlns="urn:x"><Amt>z</Amt></TxDtls></Envlp></SplmtryData>'
    )
    data = SAMPLE.replace(b"</TxDtls>", strange + b"</TxDtls>", 1)
    validation = bank_file.validate(io.BytesIO(data))
    assert validation.problems == ()
    assert validation.counts.payments == 2


def test_a_name_prefix_makes_no_difference() -> None:
    data = SAMPLE.replace(b"<", b"<c:").replace(b"<c:/", b"</c:").replace(b"<c:?", b"<?")
    data = data.replace(b"xmlns=", b"xmlns:c=")
    validation = bank_file.validate(io.BytesIO(data))
    assert validation.problems == ()
    assert validation.counts.items == 3


def test_other_encodings_of_letters_are_read() -> None:
    data = SAMPLE.decode().replace("UTF-8", "ISO-8859-1").encode("iso-8859-1")
    file = io.BytesIO(data)
    items = list(bank_file.read(file, bank_file.validate(file)))
    assert getattr(items[0], "payer_name", None) == "Kalles Plåt AB"


def test_a_file_deeper_than_any_bank_s_is_refused() -> None:
    deep = SAMPLE.replace(b"<RltdPties>", b"<a>" * 100_000, 1)
    assert "broken" in _refused(deep).problems[0].reason


def test_a_text_longer_than_any_bank_s_is_refused_or_cut() -> None:
    _refused(SAMPLE.replace(b"Kalles", b"K" * 11_000_000, 1))
    file = io.BytesIO(SAMPLE.replace(b"Kalles", b"K" * 10_000))
    items = list(bank_file.read(file, bank_file.validate(file)))
    assert len(getattr(items[0], "payer_name", "")) == 140


def test_an_element_without_end_is_refused_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xml_stream, "UNFINISHED_BYTES", 300_000)
    endless = SAMPLE.replace(b"<RltdPties>", b"<RltdPties>" + b"<a>b</a>" * 60_000, 1)
    [problem] = _refused(endless).problems
    assert (problem.line, "one element from here on" in problem.reason) == (3, True)
    monkeypatch.setattr(xml_stream, "FILE_BYTES", 10_000)
    assert "file is larger" in _refused(SAMPLE + b" " * 10_000).problems[0].reason


class Written(io.RawIOBase):
    """A file that is written while it is read."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._rest = parts, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (part := next(self._parts, b"")):
            self._rest += part
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


JUNK = b"<X>" + b"<Y/>" * 2000 + b"</X>"
HEAD, _, REST = SAMPLE.partition(b"<Ntry>")
ENTRY, _, TAIL = (b"<Ntry>" + REST).partition(b"</Ntry>")


@pytest.mark.parametrize(
    ("before", "repeated", "after"),
    [
        (HEAD, JUNK + ENTRY + b"</Ntry>", TAIL),
        (HEAD, ENTRY.replace(b"</NtryDtls>", JUNK + b"</NtryDtls>") + b"</Ntry>", TAIL),
        (HEAD + ENTRY, b"<NtryDtls><Btch/>" + JUNK + b"</NtryDtls>", b"</Ntry>" + TAIL),
        (
            HEAD + ENTRY.removesuffix(b"</NtryDtls>"),
            JUNK + b"<TxDtls><Refs/></TxDtls>",
            b"</NtryDtls></Ntry>" + TAIL,
        ),
    ],
)
def test_memory_does_not_grow_whatever_stands_between_the_payments(
    before: bytes, repeated: bytes, after: bytes
) -> None:
    """8 MB of elements that nobody knows, 240 MB as a tree, are read in a small part of that."""

    def parts() -> Iterator[bytes]:
        yield before
        for _ in range(1000):
            yield repeated
        yield after

    process = psutil.Process()
    warm = Written(iter([before, repeated * 20, after]))
    assert camt.validate(warm).accepted  # type: ignore[arg-type]
    used = process.memory_info().rss
    assert camt.validate(Written(parts())).accepted  # type: ignore[arg-type]
    assert process.memory_info().rss - used < 20_000_000


def test_a_message_has_one_header() -> None:
    header = SAMPLE[SAMPLE.index(b"<GrpHdr>") : SAMPLE.index(b"</GrpHdr>") + 9]
    assert "two GrpHdr" in _refused(SAMPLE.replace(header, header * 2)).problems[0].reason


def test_a_statement_with_endless_balances_is_refused() -> None:
    """They are kept to its end."""
    many = SAMPLE.replace(b"<Ntry>", b"<Bal></Bal>" * 20_000 + b"<Ntry>", 1)
    assert "too many" in _refused(many).problems[0].reason


def test_a_payment_with_more_references_than_can_be_read_is_held() -> None:
    entry = Ntry(txs=(Tx(remittance=ocr("12351") * 1500),))
    file = io.BytesIO(Camt(entries=(entry,)).xml())
    [payment] = bank_file.read(file, bank_file.validate(file))
    assert payment.held is not None
    assert len(getattr(payment, "references", ())) == 1000


@given(st.integers(0, 2**32), st.integers(1, 6))
@settings(max_examples=300, deadline=None)
@example(seed=2676858, changes=6)  # a root with a prefix that is not declared
def test_a_file_that_was_changed_anywhere_gives_items_or_a_clean_refusal(
    seed: int, changes: int
) -> None:
    chance = random.Random(seed)
    data = bytearray(SAMPLE)
    for _ in range(changes):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randrange(1, 60)]
            case 2:
                data[at:at] = data[: chance.randrange(60)]
            case 3:
                other = chance.randrange(len(data))
                data[at:at] = data[other : other + chance.randrange(120)]
    file = io.BytesIO(bytes(data))
    validation = bank_file.validate(file)
    if validation.accepted:
        assert len(list(bank_file.read(file, validation))) == validation.counts.items


def test_a_file_exchanged_between_the_passes_is_refused_by_the_second() -> None:
    validation = bank_file.validate(io.BytesIO(SAMPLE))
    with pytest.raises(BankFileError, match="line 7: "):
        list(bank_file.read(io.BytesIO(SAMPLE.replace(b"</TxDtls>", b"</Tx>")), validation))


def test_lines_are_counted_right_far_into_a_long_file() -> None:
    blank = SAMPLE.replace(b"<Ntry>", b"\n" * 100_000 + b"<Ntry>", 1)
    file = io.BytesIO(blank)
    first = next(iter(bank_file.read(file, bank_file.validate(file))))
    assert first.line == 100_007
    wrong = blank.replace(b"<Sts>BOOK</Sts>", b"")
    assert _refused(wrong).problems[0].line == 100_006
