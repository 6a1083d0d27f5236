"""What stands on the printed invoice, read back from the PDF, and that it can be made again."""

import io
import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from contracts.payments import ChargeReversed, ReminderCharged, ReversalCause
from contracts.terms import ChargeKind
from services.invoicing import pdf
from services.invoicing.domain import printing, timeline
from services.invoicing.subscribers import HEARS
from tests.invoicing import builders, stories


def text_of(made: bytes) -> str:
    """The words of a PDF, each run of blanks and lines as one blank."""
    pages = PdfReader(io.BytesIO(made)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


async def issued(house: Any, **more: Any) -> tuple[Any, dict[str, Any]]:
    seller = await house.seller(organisation_number="529999-9994", phone="08-123 456")
    answer = await seller.post("/invoices", json=builders.invoice(**more))
    assert answer.status_code == 201, answer.text
    return seller, answer.json()


async def test_an_invoice_holds_everything_the_law_and_the_payer_want(house):
    """Mervärdesskattelagen 17 kap. 24 §; R-54, R-55, R-59."""
    rows = [
        builders.row(quantity="9.9996"[:5], price_ore=1_000_00),
        builders.row(text="Lunch", quantity="1.5", price_ore=100_00, vat_percent=12),
    ]
    seller, invoice = await issued(house, rows=rows, reminder_fee_agreed=True, message="Tack!")
    answer = await seller.get(f"/invoices/{invoice['claim_id']}/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    words = text_of(answer.content)
    for expected in (
        *("Faktura", "Fakturanummer", "Exempelmåleriet AB", "Jobbstigen 2", "123 45 Grönköping"),
        *("Org.nr 529999-9994", "Momsreg.nr SE529999999401", "Godkänd för F-skatt"),
        *("Åsa Öberg", "Storgatan 1", "123 46 Grönköping", "Tack!"),
        *("Målning", "9,999", "1 000,00", "25 %", "9 999,00", "Lunch", "1,5", "12 %"),
        *("2 499,75", "18,00", "Öresavrundning", "0,25", "12 667,00 kr"),
        *("Bankgiro".lower(), "991-2346", invoice["ocr"], invoice["due_on"], "Sida 1 av 1"),
        "Vid sen betalning debiteras dröjsmålsränta enligt räntelagen",
        "påminnelseavgift på 60 kr",
    ):
        assert expected in words, expected


async def test_the_reminder_fee_is_printed_only_where_it_is_agreed(house):
    """Lag (1981:739) 2 §."""
    seller, invoice = await issued(house, reminder_fee_agreed=False, due_date_agreed=True)
    words = text_of((await seller.get(f"/invoices/{invoice['claim_id']}/pdf")).content)
    assert "påminnelseavgift" not in words
    assert "Efter förfallodagen debiteras dröjsmålsränta" in words


async def test_the_same_invoice_gives_the_same_bytes_for_seller_and_customer(house):
    seller, invoice = await issued(house)
    first = (await seller.get(f"/invoices/{invoice['claim_id']}/pdf")).content
    again = (await house.debtor(invoice["claim_id"]).get("/debtor/invoice/pdf")).content
    assert first == again
    assert b"<pdfaid:part>3</pdfaid:part>" in first


async def test_a_credit_note_names_its_invoice_and_what_is_credited(house):
    """Mervärdesskattelagen 17 kap. 22 and 23 §§."""
    seller, invoice = await issued(house)
    where = f"/invoices/{invoice['claim_id']}/credit"
    assert (await seller.get(f"{where}/pdf")).status_code == 404
    await seller.post(where, json={"reason": "Fel pris"})
    words = text_of((await seller.get(f"{where}/pdf")).content)
    for expected in ("Kreditfaktura", "Avser faktura", "1 av den", "1 250,00 kr"):
        assert expected in words, expected
    assert "Krediterat belopp 1 250,00 kr" in words, "an unpaid invoice leaves nobody any credit"
    assert "−1 000,00" in words
    assert "991-2346" not in words


async def test_a_preview_shows_the_invoice_and_takes_no_number(house):
    """R-51."""
    seller = await house.seller()
    answer = await seller.post("/invoices/preview", json=builders.invoice())
    assert answer.status_code == 200, answer.text
    words = text_of(answer.content)
    assert "Målning" in words
    assert "1 250,00 kr" in words
    assert (await seller.get("/invoices")).json()["invoices"] == []
    assert (await seller.get("/customers")).json()["customers"] == []
    assert (await seller.get("/creditors/me")).json()["next_number"] == 1


async def test_sixty_rows_and_long_names_run_over_several_pages_and_lose_nothing(house):
    """R-47."""
    long = "Bostadsrättsföreningen " + "Gränby-Björkhagens " * 8
    rows = [builders.row(text=f"Rad nummer {at}", price_ore=at * 100 + 1) for at in range(60)]
    customer = builders.customer(name=long.strip())
    seller, invoice = await issued(house, rows=rows, customer=customer)
    words = text_of((await seller.get(f"/invoices/{invoice['claim_id']}/pdf")).content)
    assert all(f"Rad nummer {at} " in words for at in range(60))
    assert words.count("Beskrivning") >= 2
    assert "Sida 2 av" in words
    assert words.count("OCR-nummer") == 1


async def test_letters_that_no_font_has_still_make_a_pdf(house):
    seller, invoice = await issued(house, message="李 😀 #set $x$ *bold* \\ <b>")
    made = (await seller.get(f"/invoices/{invoice['claim_id']}/pdf")).content
    assert made.startswith(b"%PDF")


async def test_the_customer_gets_the_credit_note_itself(house):
    """Mervärdesskattelagen 17 kap. 22-23 §§: it goes to whoever got the invoice."""
    seller, invoice = await issued(house)
    debtor = house.debtor(invoice["claim_id"])
    assert (await debtor.get("/debtor/credit/pdf")).status_code == 404
    await seller.post(f"/invoices/{invoice['claim_id']}/credit", json={"reason": "Fel pris"})
    theirs = (await debtor.get("/debtor/credit/pdf")).content
    assert theirs == (await seller.get(f"/invoices/{invoice['claim_id']}/credit/pdf")).content
    words = text_of(theirs)
    for expected in ("Momsreg.nr SE529999999401", "Jobbstigen 2", "Målning", "−250,00", "Fel pris"):
        assert expected in words, expected
    note = (await debtor.get("/debtor/invoice")).json()["credit_note"]
    assert (note["number"], note["credit_ore"]) == (2, 1_250_00)


async def hear(house: Any, event: Any) -> None:
    async with house.app.state.database.transaction() as tx:
        await HEARS[type(event)](tx, [event])


DUE = printing.Due(3_304_44, date(2026, 12, 9))


@pytest.mark.parametrize(
    ("now", "code", "words"),
    [
        (printing.Now.AS_ISSUED, True, "Skanna koden"),
        (printing.Now.CHANGED, True, "återstår av fakturans summa, 1 250,00 kr"),
        (printing.Now.REMINDED, True, "obetalt efter påminnelsen"),
        (printing.Now.IN_COLLECTION, True, "lämnad till inkasso"),
        (printing.Now.DISPUTED, False, "är bestridd"),
        (printing.Now.PAID, False, "ska inte betalas igen"),
        (printing.Now.CREDITED, False, "är krediterad och ska inte betalas"),
    ],
)
async def test_slip_and_code_ask_for_what_is_owed_now_or_for_nothing(house, now, code, words):
    """Bank-formats 6: no code on paid or cancelled invoices; on a reminder what is due and when."""
    seller, invoice = await issued(house)
    document = (await seller.get(f"/invoices/{invoice['claim_id']}")).json()
    page = printing.invoice_page(document, payee="Klientmedel AB", now=now, due=DUE)
    shown = text_of(await pdf.render(page))
    assert words in shown
    assert ("OCR-nummer" in shown) is code
    assert ("Mottagare Klientmedel AB" in shown) is code, "the payer's bank names the payee"
    assert ("3 304,44 kr" in shown) is ("2026-12-09" in shown) is code
    if not code:
        assert page["qr"] is None
        return
    read = json.loads(page["qr"])
    assert (read["due"], read["ddt"], read["iref"]) == (3304.44, "20261209", invoice["ocr"])
    assert "vat" not in read, "the VAT of another sum"


async def test_a_printed_invoice_follows_what_was_heard_of_it(house):
    """R-69, bank-formats 6: amount and day are the reminder's; the rows stay as issued."""
    seller, invoice = await issued(house, reminder_fee_agreed=True)
    claim, where = invoice["claim_id"], f"/invoices/{invoice['claim_id']}"

    async def words() -> str:
        return text_of((await seller.get(f"{where}/pdf")).content)

    assert f"Senast {invoice['due_on']}" in await words()
    who = {"claim_id": UUID(claim), "creditor_id": seller.company}
    await hear(house, stories.charged(ReminderCharged, who, 1_310_11))
    reminded = await words()
    for expected in ("Påminnelse", "1 310,11 kr", f"Senast {stories.DAY}", "Målning"):
        assert expected in reminded, expected
    assert "Fakturans summa 1 250,00 kr" in reminded
    await house.rows("update invoice set remaining_ore = 100")
    assert "1,00 kr" in await words()
    await house.rows("update timeline set detail = null where what = 'reminder_charged'")
    told_before = await words()
    assert "Beloppet kan ha ändrats" in told_before
    assert "Senast" not in told_before
    await house.rows("update invoice set settled = true")
    assert "är betald" in await words()
    await seller.post(f"{where}/credit", json={"reason": "Fel"})
    credited = text_of((await house.debtor(claim).get("/debtor/invoice/pdf")).content)
    assert "är krediterad" in credited
    assert "1 250,00 kr" in credited


async def test_delivery_discount_and_reverse_charge_are_printed(house):
    """Mervärdesskattelagen 17 kap. 24 § p. 4, 8, 9 and 14."""
    builder = builders.customer(kind="business", name="Bygg AB", identity_number="556016-0680")
    rows = [
        builders.row(price_ore=10_000_00, vat_percent=0),
        builders.row(text="Rabatt", quantity="-0.1250", price_ore=800_00, vat_percent=0),
    ]
    day = date.today() - timedelta(days=3)  # noqa: DTZ011  (a day of either clock will do)
    seller, invoice = await issued(
        house, customer=builder, rows=rows, zero_vat="reverse_charge", delivered_on=str(day)
    )
    words = text_of((await seller.get(f"/invoices/{invoice['claim_id']}/pdf")).content)
    for expected in (
        *("Omvänd betalningsskyldighet", "Momsreg.nr SE556016068001", f"Leveransdatum {day}"),
        *("Rabatt −0,1250 st 800,00 0 % −100,00", "9 900,00 kr"),
    ):
        assert expected in words, expected
    assert "undantagna" not in words


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ({}, "undantagna från mervärdesskatt"),
        ({"zero_vat": "export"}, "utanför EU"),
    ],
)
async def test_what_bears_no_tax_says_why(house, why, words):
    """Mervärdesskattelagen 17 kap. 24 § p. 13."""
    seller, invoice = await issued(house, rows=[builders.row(vat_percent=0)], **why)
    assert words in text_of((await seller.get(f"/invoices/{invoice['claim_id']}/pdf")).content)


@pytest.mark.parametrize(
    ("ore", "number"),
    [(5_00, "5"), (10_75, "10.75"), (10_50, "10.5"), (12_500_00, "12500"), (5, "0.05")],
)
def test_the_code_to_scan_writes_amounts_without_needless_zeros(ore, number):
    """Bank-formats 6."""
    document = {
        "seller": {"name": "Exempelmåleriet AB", "organisation_number": "5299999994"},
        "ocr": "104265",
        "issued_on": "2026-11-02",
        "due_on": "2026-12-02",
        "total_ore": ore,
        "vat_ore": 0,
        "payee_bankgiro": "991-2346",
    }
    code = printing.qr_text(document, printing.Due(ore, date(2026, 12, 2)))
    assert code is not None
    assert f'"due":{number},' in code
    assert code.isascii()
    assert " " not in code.replace("lm\\u00e5leriet AB", "")
    read = json.loads(code)
    assert list(read)[:2] == ["uqr", "tp"]
    assert (read["cid"], read["iref"], read["pt"], read["acc"]) == (
        *("529999-9994", "104265", "BG"),
        "991-2346",
    )


@pytest.mark.parametrize(
    ("ore", "shown"),
    [(0, "0,00"), (5, "0,05"), (-5, "−0,05"), (1_234_567_89, "1 234 567,89")],
)
def test_amounts_are_printed_as_swedes_write_them(ore, shown):
    assert printing.kronor(ore).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("number", "kind", "shown"),
    [
        ("19850709-9805", "consumer", "Personnr 850709-****"),
        ("19850709-9805", "business", "Personnr 850709-****"),
        ("556016-0680", "business", "Org.nr 556016-0680"),
    ],
)
async def test_a_customers_personal_number_is_masked_and_a_companys_is_not(
    house, number, kind, shown
):
    """Lag (2018:218) 3 kap. 10 §: an invoice gives no reason to show it; the web page does not."""
    customer = builders.customer(kind=kind, identity_number=number)
    seller, invoice = await issued(house, customer=customer)
    words = text_of((await seller.get(f"/invoices/{invoice['claim_id']}/pdf")).content)
    assert shown in words
    assert "9805" not in words


def test_the_day_to_pay_is_the_latest_of_what_was_asked_and_stands():
    """As the ledger tells it: a reminder or demand that was taken back asks for nothing."""
    who: dict[str, Any] = {"claim_id": UUID(int=1), "creditor_id": UUID(int=2)}
    reminder = timeline.TELLS[ReminderCharged](stories.charged(ReminderCharged, who, 1))
    gone = timeline.TELLS[ChargeReversed](
        ChargeReversed(
            **who,
            kind=ChargeKind.REMINDER,
            ordinal=1,
            amount_ore=1,
            cause=ReversalCause.PAYMENT,
            reversed_on=stories.DAY,
            remaining_ore=1,
        )
    )
    demand = timeline.Told("demand_charged", stories.DAY, 1, "2027-01-15")
    due_on = date(2026, 11, 1)
    assert timeline.pay_by([], due_on) == due_on
    assert timeline.pay_by([reminder], due_on) == stories.DAY
    assert timeline.pay_by([gone, reminder], due_on) == due_on, "in whatever order they are read"
    assert timeline.pay_by([demand, reminder], due_on) == date(2027, 1, 15)
    assert timeline.pay_by([timeline.Told("demand_charged", stories.DAY, 1)], due_on) is None
