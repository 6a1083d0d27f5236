"""What pages say: Swedish amounts, days and numbers, there and back, and refusals in our words."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from plumbing.fields import Form
from plumbing.problems import Problem, field_errors
from services.gateway import words
from services.invoicing.api import forms
from services.notifications import letters


@pytest.mark.parametrize(
    ("ore", "text"),
    [
        (0, "0,00 kr"),
        (5, "0,05 kr"),
        (123_450, "1 234,50 kr"),
        (-100_00, "−100,00 kr"),
        (100_000_000_00, "100 000 000,00 kr"),
        (None, "–"),
    ],
)
def test_amounts_are_written_as_swedes_write_them(ore: int | None, text: str) -> None:
    """With no-break spaces, so that no amount falls apart."""
    assert words.kronor(ore).replace("\N{NO-BREAK SPACE}", " ") == text
    assert " " not in words.kronor(ore)


@pytest.mark.parametrize(
    ("typed", "ore"),
    [
        ("1 234,50", 123_450),
        ("1\N{NO-BREAK SPACE}234,5 kr", 123_450),
        ("99.90", 9_990),
        ("−20", -2_000),
        ("12,345", None),
        ("tolv", None),
        ("", None),
        ("1e5", None),
    ],
)
def test_amounts_are_read_as_people_type_them(typed: str, ore: int | None) -> None:
    """What is no amount is none, and never a guess."""
    assert words.parse_kronor(typed) == ore


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-11-22", "22 nov. 2026"),
        (date(2026, 5, 1), "1 maj 2026"),
        ("2026-12-31T23:30:00Z", "1 jan. 2027"),
        (None, "–"),
        ("skräp", "–"),
    ],
)
def test_days_are_swedish_days(value: object, text: str) -> None:
    """An instant late on the last of December in UTC is the next year's first day here."""
    assert words.day(value).replace("\N{NO-BREAK SPACE}", " ") == text


def test_pages_and_letters_call_the_parts_of_a_claim_the_same() -> None:
    """One word for a thing: law's and Kronofogden's own."""
    assert {part.value: name for part, name in letters.COMPONENTS.items()} == words.COMPONENTS


def test_personal_numbers_are_masked_and_companies_are_not() -> None:
    """Lists show no one's personal number."""
    assert words.identity_number("5560360793") == "556036-0793"
    assert "9876" not in words.identity_number("198112189876")
    assert "9876" not in words.identity_number("8112189876")
    assert words.identity_number("811218-****") == "811218-****", "masked by its service already"


@pytest.mark.parametrize(
    "reason",
    [
        "already_disputed",
        "dispute_settled",
        "case_ended",
        "key_used",
        "already_reminded",
        "already_handed_over",
    ],
)
def test_what_somebody_did_before_is_no_trouble(reason: str) -> None:
    """A double click is answered with what is so."""
    title, told = words.advice(Problem(409, "No", reason=reason))
    assert title == "Det är redan gjort"
    assert "redan" in told


def test_words_within_a_sentence_keep_their_names() -> None:
    """And the debtor found right is not an objection upheld by whoever made it."""
    assert words.word_in_text("filed") == "hos Kronofogden"
    assert words.word_in_text("payment_order_application_refused").startswith("Kronofogden")
    assert words.word("upheld") == "Kunden fick rätt"


def test_only_a_demand_has_a_day_to_answer_by() -> None:
    """The day stays with the case, but is nothing to wait for once it is filed or closed."""
    for stage, awaits in (("demanded", True), ("filed", False), ("closed", False)):
        assert words.is_awaiting_answer({"stage": stage, "respond_by": "2026-12-22"}) == awaits


def test_a_refusal_is_told_in_ordinary_words() -> None:
    """The known reason, else what to do for that kind of trouble."""
    paid = Problem(409, "No", reason="settled")
    assert words.advice(paid)[1] == "Fakturan är redan betald."
    fault = Problem(422, "No", errors=[{"field": "email", "reason": "must be an e-mail"}])
    assert words.faults(fault) == {"email": "E-postadressen stämmer inte."}
    assert words.advice(Problem(418, "?"))[0] == "Något gick fel hos oss"


@pytest.mark.parametrize(
    ("typed", "points"),
    [
        ("8", 800),
        ("10,5 %", 1050),
        ("100", 10_000),
        ("0.25%", 25),
        ("x", None),
        ("", None),
        ("-1", None),
        ("8,125", None),
        ("1e9", None),
        ("1e999996", None),
        ("NaN", None),
        ("9" * 40, None),
    ],
)
def test_rates_are_read_in_percent(typed: str, points: int | None) -> None:
    """Basis points, or none; powers of ten would keep the gateway busy for a minute."""
    assert words.parse_percent(typed) == points


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("the customer's whole postal address is needed on an invoice above 4 000 kr", "4 000 kr"),
        ("mail cannot be sent to the customer's e-mail address", "inte att mejla"),
        ("must be an e-mail address of unaccented letters, like namn@exempel.se", "utan å"),
        ("paper is not offered yet", "Papper"),
        ("the due date must not have passed when the invoice is sent", "redan passerat"),
        ("must not lie more than 30 days back", "högst 30 dagar"),
        ("the discounts at 12 % VAT exceed the rows at that rate", "12 %"),
        ("quantity and price cannot both be below 0", "minus"),
        ("must not be 0", "noll"),
        ("must be 0: the company is not registered for VAT", "inte momsregistrerat"),
        ("is for rows without VAT of a company that is registered for VAT", "rader med 0 %"),
        ("reverse charge needs a buyer that is a business", "företag"),
        ("reverse charge needs the buyer's VAT number", "köparens momsregistreringsnummer"),
        ("must be within 365 days of the invoice date", "Leveransdagen"),
        ("must be 0 to 365 days after the invoice date", "Förfallodagen"),
        ("must be 502 or higher", "Nästa nummer är 502."),
        ("is another article's", "en annan artikel"),
        ("is for agreed interest, which needs it", "räntesats"),
        ("must be 1 to 500 rows", "1 till 500 rader"),
        ("the total must be above 0 and below 10 000 000 000 kr", "tio miljarder"),
    ],
)
def test_invoicings_reasons_are_told_in_swedish(reason: str, told: str) -> None:
    """Each by its own words, never by a pattern that stands before it."""
    assert told in words.fault(reason)


CUSTOMER = {"kind": "business", "name": "Kök AB", "email": "a@b.example"}
COMPANY = CUSTOMER | {
    "street": "Gatan 1", "postcode": "11122", "town": "Ort", "vat_registered": True,
    "f_skatt": True,
}  # fmt: skip
del COMPANY["kind"]
ARTICLE = {"name": "Bänk", "price_ore": 100, "vat_percent": 25}
INVOICE = {"customer_id": str(UUID(int=1))}
ROW = {"text": "Bänk", "quantity": "1", "unit": "st", "price_ore": 100, "vat_percent": 25}


@pytest.mark.parametrize(
    ("form", "field", "given", "told"),
    [
        (forms.CustomerForm, "postcode", CUSTOMER | {"postcode": "1234"}, "fem siffror"),
        (forms.CustomerForm, "name", CUSTOMER | {"name": ""}, "Fyll i uppgiften."),
        (forms.CustomerForm, "name", CUSTOMER | {"name": "x" * 201}, "Skriv högst 200 tecken."),
        (forms.CustomerForm, "name", CUSTOMER | {"name": "a\0b"}, "inte går att använda. Ta bort"),
        (forms.CustomerForm, "kind", CUSTOMER | {"kind": "hund"}, "Välj ett av alternativen."),
        (forms.CreditorSettings, "street", COMPANY | {"street": ""}, "Fyll i uppgiften."),
        (forms.CreditorSettings, "street", COMPANY | {"street": None}, "Fyll i uppgiften."),
        (forms.CreditorSettings, "phone", COMPANY | {"phone": "1"}, "Skriv minst 3 tecken."),
        (
            forms.CreditorSettings,
            "first_number",
            COMPANY | {"first_number": 10**12},
            "mindre än 1 000 000 000 000.",
        ),
        (forms.ArticleForm, "name", ARTICLE | {"name": ""}, "Fyll i uppgiften."),
        (forms.ArticleForm, "unit", ARTICLE | {"unit": "x" * 21}, "Skriv högst 20 tecken."),
        (
            forms.ArticleForm,
            "price_ore",
            ARTICLE | {"price_ore": 10**12},
            "Ange högst 1 000 000 000 kr.",
        ),
        (forms.ArticleForm, "price_ore", ARTICLE | {"price_ore": -1}, "Ange minst 0 kr."),
        (forms.ArticleForm, "vat_percent", ARTICLE | {"vat_percent": 7}, "Välj momssats."),
        (
            forms.InvoiceForm,
            "interest.rate_bp",
            INVOICE | {"rows": [ROW], "interest": {"kind": "agreed_fixed", "rate_bp": 20_000}},
            "Ange högst 100 %.",
        ),
        (
            forms.InvoiceForm,
            "rows.0.text",
            INVOICE | {"rows": [ROW | {"text": "x" * 201}]},
            "Skriv högst 200 tecken.",
        ),
        (
            forms.InvoiceForm,
            "rows.0.quantity",
            INVOICE | {"rows": [ROW | {"quantity": "1e3"}]},
            "Skriv ett antal",
        ),
        (
            forms.InvoiceForm,
            "rows.0.price_ore",
            INVOICE | {"rows": [ROW | {"price_ore": -(10**12)}]},
            "Ange minst −1 000 000 000 kr.",
        ),
        (forms.CreditForm, "reason", {"reason": "x" * 501}, "Skriv högst 500 tecken."),
        (forms.MessageForm, "text", {"text": "\1"}, "inte går att använda. Ta bort"),
    ],
)
def test_what_invoicing_refuses_of_a_form_is_told_in_words_and_units_that_people_know(
    form: type[Form], field: str, given: dict[str, Any], told: str
) -> None:
    """Its own reasons, as it makes them: kronor and percent, never öre or basis points."""
    with pytest.raises(ValidationError) as raised:
        form.model_validate(given)
    problem = Problem(422, "No", errors=field_errors(raised.value))
    (said,) = (words.faults(problem)[name] for name in words.faults(problem) if name == field)
    assert told in said.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ({"state": "refused", "role": None}, "Nekad"),
        ({"state": "booked", "role": "controls", "booked_ore": 0}, "Jämförd"),
        ({"state": "booked", "role": "answers", "booked_ore": 0}, "Hörd"),
        ({"state": "booked", "role": "books", "booked_ore": 0}, "Inget bokfört"),
        ({"state": "booked", "role": "books", "booked_ore": 0, "payouts_settled": 2}, "Bokförd"),
        ({"state": "booked", "role": "books", "booked_ore": 2000}, "Bokförd"),
    ],
)
def test_a_bank_file_is_called_booked_where_something_was(file: dict[str, Any], shown: str) -> None:
    assert words.file_state(file) == shown
