"""What letters say: the Swedish way of numbers, and all that the law wants in a demand."""

import re
from datetime import date
from typing import Any

import pytest

from contracts.envelope import Event
from contracts.notifications import Letter
from contracts.terms import Component, DebtorKind, InterestKind, InterestTerms, VatSum
from law.demand import DemandElement
from services.notifications import letters
from services.notifications.letters import Written, day, kronor, percent, write
from tests.notifications import builders as some

NBSP = "\N{NO-BREAK SPACE}"
EVERY_LETTER = [
    (Letter.INVOICE, some.invoice()),
    (Letter.CREDIT_NOTE, some.note()),
    (Letter.REMINDER, some.reminder()),
    (Letter.DEMAND, some.demand()),
]


@pytest.mark.parametrize(
    ("ore", "written"),
    [
        (0, "0,00 kr"),
        (5, "0,05 kr"),
        (123_450, "1 234,50 kr"),
        (99_999, "999,99 kr"),
        (100_000, "1 000,00 kr"),
        (123_456_789_01, "123 456 789,01 kr"),
        (-12_00, "−12,00 kr"),
    ],
)
def test_amounts_are_written_the_swedish_way_and_never_broken(ore: int, written: str) -> None:
    assert kronor(ore) == written.replace(" ", NBSP)


@pytest.mark.parametrize(
    ("basis_points", "written"), [(1000, "10 %"), (1025, "10,25 %"), (5, "0,05 %")]
)
def test_rates_are_written_in_percent(basis_points: int, written: str) -> None:
    assert percent(basis_points) == written.replace(" ", NBSP)


def test_days_are_written_out() -> None:
    assert day(date(2026, 12, 4)) == "4 december 2026".replace(" ", NBSP)


def plain(text: str) -> str:
    """Letters as a reader sees them: no tags, every space one space."""
    without_tags = re.sub(r"<[^>]+>", " ", re.sub(r"<head>.*</head>", "", text, flags=re.S))
    return " ".join(without_tags.replace(NBSP, " ").replace("&amp;", "&").split())


def both(written: Written) -> tuple[str, str]:
    return plain(written.text), plain(written.html)


@pytest.mark.parametrize(
    "piece",
    [
        "Åsas Bageri AB",
        "556036-0793",
        "3 240,00 kr",
        "30 juni 2026",
        "991-2346",
        "1000000427",
        "referensräntan plus 8 procentenheter enligt räntelagen, från förfallodagen",
        "Den kostar 60,00 kr",
        "Ett inkassokrav kostar 180,00 kr",
        "Kronofogden",
    ],
)
def test_an_invoice_letter_says_what_to_pay_and_what_happens_otherwise(piece: str) -> None:
    """R-64, R-106."""
    for shown in both(write(Letter.INVOICE, some.about(), some.invoice())):
        assert piece in shown


def test_an_invoice_letter_threatens_with_nothing_that_was_not_agreed() -> None:
    """R-101, R-104: no fee without agreement, no interest without notice."""
    invoice = some.invoice(
        reminder_fee_agreed=False, interest=InterestTerms(notice_given=False), due_date_agreed=False
    )
    for shown in both(write(Letter.INVOICE, some.about(invoice=invoice), invoice)):
        assert "60,00 kr" not in shown
        assert "ränta" not in shown.lower()


@pytest.mark.parametrize(
    ("terms", "rate"),
    [
        (InterestTerms(kind=InterestKind.AGREED_FIXED, rate_bp=1200), "12 % om året enligt avtal"),
        (
            InterestTerms(kind=InterestKind.AGREED_OVER_REFERENCE, rate_bp=950),
            "referensräntan plus 9,50 procentenheter enligt avtal",
        ),
    ],
)
def test_an_agreed_rate_is_stated_as_agreed(terms: InterestTerms, rate: str) -> None:
    """R-102."""
    invoice = some.invoice(interest=terms)
    for shown in both(write(Letter.INVOICE, some.about(invoice=invoice), invoice)):
        assert rate in shown


def test_an_invoice_letter_shows_the_vat_of_each_rate_that_has_any() -> None:
    vat = (
        VatSum(rate_percent=25, base_ore=2_000_00, vat_ore=500_00),
        VatSum(rate_percent=0, base_ore=740_00, vat_ore=0),
    )
    about = some.about(invoice=some.invoice(vat=vat))
    for shown in both(write(Letter.INVOICE, about, about.invoice)):
        assert "arav moms 25 %" in shown
        assert "500,00 kr" in shown
        assert "moms 0 %" not in shown


@pytest.mark.parametrize(("letter", "said"), EVERY_LETTER)
def test_a_letter_says_whom_to_ask(letter: Letter, said: Event) -> None:
    """The seller, and of a demand the collector; no address is shown that takes no mail."""
    asked = "inkasso@bolaget.example" if letter is Letter.DEMAND else "asa@bageri.example"
    for shown in both(write(letter, some.about(), said)):
        assert asked in shown
    for shown in both(write(letter, some.about(seller_email=None), said)):
        assert "asa@" not in shown
        assert "None" not in shown


def test_a_credit_note_names_the_invoice_it_credits() -> None:
    for shown in both(write(Letter.CREDIT_NOTE, some.about(), some.note())):
        assert "Kreditfaktura 7" in shown
        assert "faktura 1042" in shown
        assert "3 240,00 kr" in shown


@pytest.mark.parametrize(
    "piece",
    [
        "Kapitalbelopp",
        "2 240,00 kr",
        "19,31 kr",
        "60,00 kr",
        "lag (1981:739) 2, 4 §§",
        "2 499,31 kr",
        "10 augusti 2026",
        "Har du redan betalat?",
        "Tycker du att kravet är fel?",
        "Det här är den enda påminnelsen",
        "0,61 kr om dagen",
    ],
)
def test_a_reminder_says_what_is_owed_and_how_to_object(piece: str) -> None:
    """R-99, R-100."""
    for shown in both(write(Letter.REMINDER, some.about(), some.reminder())):
        assert piece.lower() in shown.lower()


@pytest.mark.parametrize(
    ("element", "pieces"),
    [
        ("the name of the creditor", ["Borgenär", "Åsas Bageri AB", "556036-0793"]),
        ("what the claim is based on", [some.BASIS, "förföll till betalning den 30 juni 2026"]),
        ("the capital by itself", ["Kapitalbelopp", "2 240,00 kr"]),
        ("the interest by itself", ["Ränta", "19,31 kr"]),
        (
            "interest: amount, rate, time and capital of the first stretch",
            ["1 juli 2026 till 10 juli 2026, 10 dagar", "10 % om året på 3 240,00 kr", "8,88 kr"],
        ),
        (
            "interest: amount, rate, time and capital of the second stretch",
            ["11 juli 2026 till 27 juli 2026, 17 dagar", "om året på 2 240,00 kr", "10,43 kr"],
        ),
        ("the reminder fee and its ground", ["Påminnelseavgift", "60,00 kr", "2, 4 §§"]),
        ("the demand's cost and its ground", ["inkassokrav", "180,00 kr", "3 § 1, 4 §"]),
        ("the time to pay or object", ["invänd senast den 10 augusti 2026"]),
        ("the way to pay", ["Bankgiro", "991-2346", "OCR-nummer", "1000000427"]),
        ("the sum", ["2 499,31 kr"]),
        (
            "where the collector is reached",
            ["Inkassobolaget AB", "Box 1, 111 22 Stockholm", "08-465 004 00", "inkasso@bolaget"],
        ),
        ("the consequences", ["betalningsföreläggande", "betalningsanmärkning", "utmäta lön"]),
    ],
)
def test_a_demand_states_all_that_the_law_wants(element: str, pieces: list[str]) -> None:
    """Inkassolagen (1974:182) 5 §; R-123. The example of law-and-fees 4.2."""
    for shown in both(write(Letter.DEMAND, some.about(), some.demand())):
        for piece in pieces:
            assert piece.lower() in shown.lower(), f"{element}: {piece}"


@pytest.mark.parametrize(
    ("lacking", "stated", "missing"),
    [
        ({}, {}, ()),
        ({"seller_name": " "}, {}, (DemandElement.CREDITOR,)),
        ({"basis": ""}, {}, (DemandElement.BASIS,)),
        ({}, {"total_ore": 2_499_30}, (DemandElement.CAPITAL,)),
        ({}, {"interest": ()}, (DemandElement.INTEREST,)),
        ({}, {"interest": some.statement().interest[:1]}, (DemandElement.INTEREST,)),
        ({}, {"pay_by": date(2026, 7, 27)}, (DemandElement.RESPOND_BY,)),
        ({}, {"ocr": ""}, (DemandElement.WAY_TO_PAY,)),
        ({}, {"payee_bankgiro": ""}, (DemandElement.WAY_TO_PAY,)),
    ],
)
def test_whatever_a_demand_lacks_of_the_law_is_found_before_it_is_written(
    lacking: dict[str, Any], stated: dict[str, Any], missing: tuple[DemandElement, ...]
) -> None:
    """Inkassolagen (1974:182) 5 §; no claim here is transferred, so point 3 asks for nothing."""
    found = letters.missing_from_demand(some.about(**lacking), some.statement(**stated))
    assert found == missing


def test_a_company_learns_that_the_application_itself_marks_it() -> None:
    """R-123."""
    business = some.about(invoice=some.invoice(debtor_kind=DebtorKind.BUSINESS))
    sentence = "För ett företag kan redan ansökan ge en betalningsanmärkning"
    assert all(sentence in text for text in both(write(Letter.DEMAND, business, some.demand())))
    consumer = both(write(Letter.DEMAND, some.about(), some.demand()))
    assert not any(sentence in text for text in consumer)
    assert all("utmäta lön eller egendom" in text for text in consumer)
    assert not any("lön" in text for text in both(write(Letter.DEMAND, business, some.demand())))


@pytest.mark.parametrize(("paid_ore", "unseen"), [(0, True), (1_000_00, False)])
def test_a_part_payer_is_not_told_that_nothing_was_seen(paid_ore: int, unseen: bool) -> None:
    """R-94."""
    said = some.reminder(some.statement(paid_ore=paid_ore))
    for shown in both(write(Letter.REMINDER, some.about(), said)):
        assert ("Vi har inte sett din betalning" in shown) is unseen
        assert ("Du har betalat 1 000,00 kr på fakturan" in shown) is not unseen


@pytest.mark.parametrize("component", Component)
def test_no_value_runs_into_its_label(component: Component) -> None:
    assert letters.label(letters.COMPONENTS[component]).endswith(" ")


@pytest.mark.parametrize(("letter", "said"), EVERY_LETTER)
def test_every_letter_leads_to_the_web_invoice(letter: Letter, said: Event) -> None:
    """R-64."""
    written = write(letter, some.about(), said)
    assert some.LINK in written.text
    assert f'href="{some.LINK}"' in written.html


@pytest.mark.parametrize(("letter", "said"), EVERY_LETTER)
def test_a_subject_names_seller_and_number_and_nobody_else(letter: Letter, said: Event) -> None:
    subject = write(letter, some.about(), said).subject
    assert subject.endswith("aktura 1042 från Åsas Bageri AB")
    assert "Karin" not in subject


@pytest.mark.parametrize(("letter", "said"), EVERY_LETTER)
def test_a_hostile_name_is_text_and_never_markup(letter: Letter, said: Event) -> None:
    name = "<script>alert(1)</script>{{ 7*7 }}"
    written = write(letter, some.about(seller_name=name, recipient_name=name), said)
    assert "<script>" not in written.html
    assert "{{ 7*7 }}" in written.text


def test_interest_that_was_part_paid_is_said_to_be() -> None:
    stated = some.statement(interest_ore=5_00)
    for shown in both(write(Letter.DEMAND, some.about(), some.demand(stated))):
        assert "En del av räntan är redan betald" in shown


@pytest.mark.parametrize(
    ("letter", "said"), [(Letter.REMINDER, some.reminder), (Letter.DEMAND, some.demand)]
)
@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        (
            {"interest_from": date(2026, 8, 20)},
            "Dröjsmålsränta börjar löpa den 20 augusti 2026 med 0,61 kr om dagen.",
        ),
        (
            {"interest_from": date(2027, 1, 7), "interest_per_day_ore": 0},
            "Dröjsmålsränta börjar löpa den 7 januari 2027, referensräntan plus 8 procentenheter "
            "enligt räntelagen.",
        ),
    ],
)
def test_no_letter_asks_for_interest_before_its_first_day(
    letter: Letter, said: Any, stated: dict[str, Any], sentence: str
) -> None:
    """R-101; inkassolagen (1974:182) 5 § p. 5; räntelagen (1975:635) 4 §."""
    statement = some.statement(interest_ore=0, interest=(), total_ore=2_480_00, **stated)
    for shown in both(write(letter, some.about(), said(statement))):
        assert sentence in shown
        assert "fortsätter" not in shown


@pytest.mark.parametrize(
    "first_on", [None, date(2026, 7, 1), date(2026, 7, 27)], ids=["not told", "past", "the day"]
)
def test_interest_that_runs_goes_on_after_the_day_of_the_letter(first_on: date | None) -> None:
    stated = some.statement(interest_from=first_on)
    for letter, said in ((Letter.REMINDER, some.reminder), (Letter.DEMAND, some.demand)):
        for shown in both(write(letter, some.about(), said(stated))):
            assert "fortsätter med 0,61 kr om dagen efter den 27 juli 2026" in shown
            assert "börjar löpa" not in shown


def test_a_credit_note_comes_with_its_tax_and_the_way_to_it() -> None:
    """Mervärdesskattelagen (2023:200) 17 kap. 22-23 §§: it is the buyer's document too."""
    sums = (VatSum(rate_percent=25, base_ore=2_592_00, vat_ore=648_00),)
    about, note = some.about(invoice=some.invoice(vat=sums)), some.note()
    written = write(Letter.CREDIT_NOTE, about, note)
    (tax,) = about.invoice.vat
    for shown in both(written):
        for words in (str(note.note_number), str(about.invoice.number), kronor(tax.vat_ore)):
            assert words.replace(NBSP, " ") in shown
    for raw in (written.text, written.html):
        assert f"{about.link}/kreditfaktura.pdf" in raw


@pytest.mark.parametrize(
    ("letter", "said"), [each for each in EVERY_LETTER if each[0] is not Letter.CREDIT_NOTE]
)
def test_the_payee_is_named_as_the_bank_and_the_printed_invoice_name_him(
    letter: Letter, said: Event
) -> None:
    """Who compares sees one name; another would look like a fraud."""
    for shown in both(write(letter, some.about(payee_name="Klientmedel i Umeå AB"), said)):
        assert re.search(r"Mottagare:? Klientmedel i Umeå AB", shown)
