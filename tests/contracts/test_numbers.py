"""The worked examples of the number formats, as tables: what is taken, what is refused, and why."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts import numbers
from contracts.numbers import NumberError, OcrLevel
from contracts.numbers.accounts import clearing_ranges

TODAY = date(2026, 10, 16)

OCR_MADE = [
    ("0", False, None, "00"),
    ("1", False, None, "18"),
    ("123", False, None, "1230"),
    ("10234", False, None, "102343"),
    ("20260042", False, None, "202600425"),
    ("1234567890", False, None, "12345678903"),
    ("123", True, None, "12351"),
    ("10234", True, None, "1023472"),
    ("20260042", True, None, "2026004206"),
    ("1234567890", True, None, "123456789023"),
    ("123456", True, 10, "0012345609"),
    ("12345678901234567890123", True, None, "1234567890123456789012357"),
]
OCR_WITH_LENGTH = [
    *("655969", "657866", "658765", "657767", "657965", "650861", "659763", "658260"),
    *("658369", "658468", "123456789023"),
]
OCR_WITHOUT_LENGTH = ["65599", "573949", "20240016"]
OCR_WRONG = ["65598", "524963", "23554", "102344", "20260015"]


@pytest.mark.parametrize(("base", "length_digit", "total", "reference"), OCR_MADE)
def test_an_ocr_reference_is_made_as_the_bank_makes_it(
    base: str, length_digit: bool, total: int | None, reference: str
) -> None:
    made = numbers.make_ocr(base, length_digit=length_digit, total_length=total)
    assert made == reference
    assert numbers.check_ocr(made, OcrLevel.HARD) == reference


@pytest.mark.parametrize("reference", OCR_WITH_LENGTH)
def test_a_reference_with_check_and_length_digit_passes_every_level(reference: str) -> None:
    for level in (OcrLevel.SOFT, OcrLevel.HARD, OcrLevel.VARIABLE_LENGTH):
        assert numbers.check_ocr(reference, level) == reference
    assert numbers.check_ocr(reference, OcrLevel.FIXED_LENGTH, {len(reference)}) == reference


@pytest.mark.parametrize("reference", OCR_WITHOUT_LENGTH)
def test_a_reference_without_length_digit_passes_hard_control_only(reference: str) -> None:
    assert numbers.check_ocr(reference, OcrLevel.HARD) == reference
    assert not numbers.has_length_digit(reference)
    with pytest.raises(NumberError, match="length digit"):
        numbers.check_ocr(reference, OcrLevel.VARIABLE_LENGTH)


@pytest.mark.parametrize("reference", OCR_WRONG)
def test_a_reference_with_a_wrong_check_digit_is_refused_or_only_warned_about(
    reference: str,
) -> None:
    assert numbers.check_ocr(reference, OcrLevel.SOFT) == reference
    assert numbers.warning_at_soft_level(reference)
    for level in (OcrLevel.HARD, OcrLevel.VARIABLE_LENGTH):
        with pytest.raises(NumberError, match="check digit"):
            numbers.check_ocr(reference, level)


def test_fixed_length_takes_only_the_agreed_lengths() -> None:
    assert numbers.check_ocr("0012345609", OcrLevel.FIXED_LENGTH, (8, 10)) == "0012345609"
    with pytest.raises(NumberError, match="not agreed"):
        numbers.check_ocr("0012345609", OcrLevel.FIXED_LENGTH, (8,))
    with pytest.raises(NumberError, match="at most two"):
        numbers.check_ocr("0012345609", OcrLevel.FIXED_LENGTH, (8, 9, 10))
    with pytest.raises(NumberError, match="cannot be made 5"):
        numbers.make_ocr("123456", total_length=5)


@given(st.from_regex(r"[0-9]{1,23}", fullmatch=True))
def test_every_reference_we_make_passes_level_three_and_no_digit_of_it_may_change(
    base: str,
) -> None:
    made = numbers.make_ocr(base)
    assert numbers.check_ocr(made, OcrLevel.VARIABLE_LENGTH) == made
    for at, digit in enumerate(made):
        changed = made[:at] + str((int(digit) + 1) % 10) + made[at + 1 :]
        with pytest.raises(NumberError):
            numbers.check_ocr(changed, OcrLevel.VARIABLE_LENGTH)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("5050-1055", "50501055"),
        ("50501055", "50501055"),
        (" 991-2346 ", "9912346"),
        ("160-9908", "1609908"),
        ("5805-6201", "58056201"),
        ("5402-9681", "54029681"),
        ("378-3511", "3783511"),
        ("902-0033", "9020033"),
    ],
)
def test_a_bankgiro_number_is_read_and_written(text: str, digits: str) -> None:
    assert numbers.parse_bankgiro(text) == digits
    assert numbers.parse_bankgiro(numbers.format_bankgiro(digits)) == digits


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("5050-1056", "check_digit"),
        ("123-4567", "check_digit"),
        ("1234-5678", "check_digit"),
        ("970-1233", "check_digit"),
        ("50-501055", "hyphen"),
        ("505-01055", "hyphen"),
        ("0000000", "leading_zero"),
        ("123456", "length"),
        ("123456789", "length"),
    ],
)
def test_a_wrong_bankgiro_number_is_refused_by_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(NumberError) as refused:
        numbers.parse_bankgiro(text)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "digits", "shown"),
    [
        ("4-2", "42", "4-2"),
        ("4567-4", "45674", "45 67-4"),
        ("176099-0", "1760990", "17 60 99-0"),
        ("17 60 99-0", "1760990", "17 60 99-0"),
        ("286543-4", "2865434", "28 65 43-4"),
        ("210918-9", "2109189", "21 09 18-9"),
        ("902003-3", "9020033", "90 20 03-3"),
    ],
)
def test_a_plusgiro_number_is_read_and_written(text: str, digits: str, shown: str) -> None:
    assert numbers.parse_plusgiro(text) == digits
    assert numbers.format_plusgiro(digits) == shown
    assert numbers.parse_plusgiro(shown) == digits


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("123456-7", "check_digit"),
        ("815608-6", "check_digit"),
        ("12345-67", "hyphen"),
        ("0", "length"),
        ("00", "leading_zero"),
    ],
)
def test_a_wrong_plusgiro_number_is_refused_by_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(NumberError) as refused:
        numbers.parse_plusgiro(text)
    assert refused.value.code == code


VALID_ACCOUNTS = {
    "1.1": "5102-0158751 5000-1111116 3032-0050017 7000-1111116 9270-1111129 9071-4172383 "
    "1234-5612541",
    "1.2": "4000-1111112 9029-5735211 9550-1111138 9789-1111113",
    "2.1": "3300-000620-5124 3300-801201-6286 9570-1234567897 9180-1234567897",
    "2.2": "6789-123456789 6001-801230659 6000-301286698 6000-658159712",
    "2.3": "84244-983189224-6 83519-392242224-5 81299-043386711-6 82149-923472612-4 9500-210918-9",
}
EACH_ACCOUNT = [(rule, text) for rule, row in VALID_ACCOUNTS.items() for text in row.split()]


@pytest.mark.parametrize(("rule", "text"), EACH_ACCOUNT)
def test_an_account_is_checked_by_the_rule_of_its_clearing_number(rule: str, text: str) -> None:
    account = numbers.parse_account(text)
    assert account.warning is None
    known = [r for r in clearing_ranges() if r.first <= int(account.clearing) <= r.last]
    assert [r.rule for r in known] == [rule]
    assert account.bank == known[0].bank
    assert numbers.parse_account(str(account)) == account
    assert len(account.machine_form) == 16


@pytest.mark.parametrize(("rule", "text"), EACH_ACCOUNT)
def test_a_wrong_account_digit_is_refused_where_the_rule_is_certain_and_else_warned_about(
    rule: str, text: str
) -> None:
    wrong = text[:-1] + str((int(text[-1]) + 1) % 10)
    if rule == "2.3":
        assert "check digit" in (numbers.parse_account(wrong).warning or "")
    else:
        with pytest.raises(NumberError, match="check digit"):
            numbers.parse_account(wrong)


def test_a_swedbank_account_is_written_with_blanks_and_its_fifth_clearing_digit() -> None:
    account = numbers.parse_account("8424-4 983 189 224-6")
    assert (account.clearing, account.number) == ("8424", "9831892246")
    assert str(account) == "84244-9831892246"
    assert numbers.account("8424", "9831892246") == account
    assert account.machine_form == "8424009831892246"


def test_a_handelsbanken_account_of_eight_digits_gets_a_zero_first() -> None:
    nine = next(f"0{n}" for n in range(10_000_000, 10_000_020) if _is_account("6000", f"0{n}"))
    assert numbers.account("6000", nine[1:]).number == nine


def _is_account(clearing: str, number: str) -> bool:
    try:
        numbers.account(clearing, number)
    except NumberError:
        return False
    return True


@pytest.mark.parametrize(
    ("clearing", "number", "code"),
    [
        ("9260", "1234567", "ended"),
        ("9269", "1234567", "ended"),
        ("9300", "1234567", "ended"),
        ("9349", "1234567", "ended"),
        ("9880", "1234567", "ended"),
        ("9899", "1234567", "ended"),
        ("9900", "50501055", "bankgirot"),
        ("84245", "9831892246", "check_digit"),
        ("51021", "0158751", "length"),
        ("0512", "0158751", "unknown"),
        ("5102", "158751", "length"),
        ("3300", "00620-5124", "length"),
        ("9500", "123456789", "length"),
    ],
)
def test_an_account_that_cannot_be_paid_is_refused_by_what_is_wrong(
    clearing: str, number: str, code: str
) -> None:
    with pytest.raises(NumberError) as refused:
        numbers.account(clearing, number)
    assert refused.value.code == code


@pytest.mark.parametrize(("clearing", "part"), [("2150", "published"), ("9990", "not in the list")])
def test_an_account_nobody_can_check_is_taken_with_a_warning(clearing: str, part: str) -> None:
    assert part in (numbers.account(clearing, "1234567").warning or "")


def test_the_clearing_list_ascends_and_never_overlaps() -> None:
    ranges = clearing_ranges()
    assert len(ranges) == 62
    for earlier, later in pairwise(ranges):
        assert earlier.first <= earlier.last < later.first


@pytest.mark.parametrize(
    "text",
    ["SE3550000000054910000003", "SE4550000000058398257466", "se72 8000 0810 3400 0978 3242"],
)
def test_a_swedish_iban_is_read(text: str) -> None:
    assert numbers.parse_iban(text) == text.replace(" ", "").upper()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SE1250000000058398257466", "check_digit"),
        ("GB82WEST12345698765432", "country"),
        ("SE355000000005491000000", "length"),
        ("SE3550000000054910000003\n", "character"),
        ("SE355000000005491000000٣", "character"),
    ],
)
def test_a_wrong_iban_is_refused_by_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(NumberError) as refused:
        numbers.parse_iban(text)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "text",
    ["556016-0680", "202100-5489", "202100-5448", "212000-0142", "556703-7485", "556047-3521"],
)
def test_an_organisation_number_is_kept_as_ten_digits(text: str) -> None:
    digits = text.replace("-", "")
    assert numbers.parse_organisation_number(text) == digits
    assert numbers.parse_organisation_number(digits) == digits
    assert numbers.parse_organisation_number("16" + digits) == digits
    assert numbers.parse_organisation_number("16" + text) == digits
    assert numbers.format_organisation_number(digits) == text
    assert numbers.parse_vat_number(numbers.vat_number_of(digits)) == f"SE{digits}01"
    assert not numbers.is_personal(numbers.parse_identity_number(text))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("556016-0681", "check_digit"),
        ("850709-9805", "third_digit"),
        ("55601-60680", "hyphen"),
        ("55601606", "length"),
        ("175560160680", "length"),
        ("0020000004", "leading_zero"),
    ],
)
def test_a_wrong_organisation_number_is_refused_by_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(NumberError) as refused:
        numbers.parse_organisation_number(text)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("850709-9805", "198507099805"),
        ("8507099805", "198507099805"),
        ("198507099805", "198507099805"),
        ("19850709-9805", "198507099805"),
        ("880320-0016", "198803200016"),
        ("811228-9874", "198112289874"),
        ("850709+9805", "188507099805"),
        ("701063-2391", "197010632391"),
    ],
)
def test_a_personal_number_is_kept_as_twelve_digits(text: str, kept: str) -> None:
    assert numbers.parse_personal_number(text, today=TODAY) == kept
    assert numbers.parse_identity_number(text, today=TODAY) == kept
    assert numbers.is_personal(kept)
    assert numbers.parse_vat_number(numbers.vat_number_of(kept)).endswith("01")


def _with_check_digit(nine: str) -> str:
    return numbers.make_ocr(nine, length_digit=False)


@pytest.mark.parametrize(
    ("today", "separator", "century"),
    [
        (date(2025, 12, 31), "-", "19"),  # turns 99 this year
        (date(2026, 1, 1), "+", "19"),  # turns 100 this year, not yet had the birthday
        (date(2026, 12, 30), "", "19"),  # no separator: the latest birth that has happened
        (date(2026, 12, 31), "", "20"),
        (date(2026, 12, 31), "-", "20"),
    ],
)
def test_the_separator_tells_the_century_from_the_year_a_person_turns_100(
    today: date, separator: str, century: str
) -> None:
    ten = _with_check_digit("261231001")
    kept = numbers.parse_personal_number(ten[:6] + separator + ten[6:], today=today)
    assert kept == century + ten


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("850709-9806", "check_digit"),
        ("850231-" + _with_check_digit("850231980")[-4:], "date"),
        ("900229-" + _with_check_digit("900229001")[-4:], "date"),
        ("701092-" + _with_check_digit("701092239")[-4:], "date"),
        ("850709-" + _with_check_digit("850709000")[-4:], "serial"),
        ("261231-" + _with_check_digit("261231001")[-4:], "not_born"),
        ("17850709-9805", "century"),
        ("8507-099805", "form"),
        ("556016-0680", "date"),
    ],
)
def test_a_wrong_personal_number_is_refused_by_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(NumberError) as refused:
        numbers.parse_personal_number(text, today=TODAY)
    assert refused.value.code == code
    assert text[-4:] not in str(refused.value)


def test_ten_digits_need_a_day_to_tell_the_century() -> None:
    with pytest.raises(NumberError, match="twelve digits"):
        numbers.parse_personal_number("850709-9805")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SE556016068101", "check_digit"),
        ("SE556016068002", "suffix"),
        ("NO556016068001", "country"),
        ("SE5560160680", "length"),
        ("SE" + _with_check_digit("851399980") + "01", "date"),
        ("SE" + "5" * 40, "too_long"),
    ],
)
def test_a_wrong_vat_number_is_refused_by_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(NumberError) as refused:
        numbers.parse_vat_number(text)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("198507099805", "850709-****"),
        ("850709-9805", "850709-****"),
        ("850709+9805", "850709-****"),
        ("8507099805", "850709-****"),
        ("Kalle 850709-9805", "******-****"),
        ("", "******-****"),
    ],
)
def test_a_masked_personal_number_never_shows_its_last_four_digits(text: str, shown: str) -> None:
    assert numbers.mask_personal_number(text) == shown


EACH_PARSER = [
    numbers.parse_account,
    numbers.parse_bankgiro,
    numbers.parse_iban,
    numbers.parse_identity_number,
    numbers.parse_organisation_number,
    numbers.parse_personal_number,
    numbers.parse_plusgiro,
    numbers.parse_vat_number,
    numbers.make_ocr,
]
HOSTILE = [
    "",
    " ",
    "\x00",
    "9912346\x00",
    "9912346\n",
    "٩٩١٢٣٤٦",
    "９９１２３４６",
    "²³⁴⁵⁶⁷⁸",
    "0" * 1_000_000,
    "1" * 41,
    "991–2346",
    "-",
    "--",
    "\ud800",
]


@pytest.mark.parametrize("parse", EACH_PARSER)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_input_is_refused_by_every_number_format(parse, text: str) -> None:
    with pytest.raises(NumberError) as refused:
        parse(text)
    assert len(str(refused.value)) < 120


@pytest.mark.parametrize("parse", EACH_PARSER)
@given(text=st.text(max_size=60) | st.from_regex(r"[0-9 .,+-]{0,30}", fullmatch=True))
def test_no_text_raises_anything_but_a_clean_refusal(parse, text: str) -> None:
    try:
        kept = parse(text)
    except NumberError:
        return
    assert str(kept).isascii()


@pytest.mark.parametrize(
    ("annotated", "given_text", "kept"),
    [
        (numbers.OrganisationNumber, "16556016-0680", "5560160680"),
        (numbers.PersonalNumber, "19850709-9805", "198507099805"),
        (numbers.IdentityNumber, "556016-0680", "5560160680"),
        (numbers.IdentityNumber, "19850709-9805", "198507099805"),
        (numbers.Bankgiro, "5050-1055", "50501055"),
        (numbers.Plusgiro, "17 60 99-0", "1760990"),
        (numbers.AccountNumber, "8424-4 983189224-6", "84244-9831892246"),
        (numbers.Iban, "SE35 5000 0000 0549 1000 0003", "SE3550000000054910000003"),
        (numbers.OcrNumber, "2026004206", "2026004206"),
        (numbers.VatNumber, "SE556016-0680 01", "SE556016068001"),
    ],
)
def test_a_message_keeps_a_number_in_one_form_and_takes_it_back(
    annotated: Any, given_text: str, kept: str
) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(annotated)
    assert adapter.validate_python(given_text) == kept
    assert adapter.validate_python(kept) == kept
    assert "pattern" in adapter.json_schema()
    with pytest.raises(ValidationError):
        adapter.validate_python(given_text + "1")
