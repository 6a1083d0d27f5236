"""Invoices' whole lives, day by day, on one platform: one after the other, for the clock never
goes back.

Everything is said over public HTTP and in the bank's files; every amount is counted by hand. At
last every page of the gateway is opened, and the fakes that its own tests stand on are held against
what the services truly answer.
"""

from collections.abc import AsyncIterator
from datetime import date

import pytest

from deploy.local.platform import temporary_platform
from deploy.story.client import Client
from deploy.story.telling import places_of, set_clock_back
from services.gateway import words
from tests.gateway import fakes
from tests.journeys.diary import ROW, Diary, Town, company, consumer
from tests.journeys.looking import Browser, ask, asker_of, differences, faked_answers, plain

BERGS, CIRKEL = "Bergs Bygg AB", "Cirkel Städ AB"


@pytest.fixture(scope="module")
async def town() -> AsyncIterator[Town]:
    """A platform on which it is the second of February."""
    async with temporary_platform() as platform:
        await set_clock_back(platform, date(2026, 2, 2))
        async with Client(places_of(platform), patience_seconds=300) as client:
            yield Town(platform, client)


async def at_kronofogden(client: Client) -> list[str]:
    """The kinds of messages that Kronofogden has got, in order."""
    found = await client.records("kronofogden")
    return [message["kind"] for message in found["messages"]]


async def test_an_unpaid_invoice_goes_all_the_way_and_is_withdrawn_the_day_it_is_paid(
    town: Town,
) -> None:
    """R-99, R-100, R-101, R-110, R-111: one of each letter, one application, one withdrawal."""
    client, move = town.client, town.client.move_clock

    # Monday 2 February. Lindås El joins, and sends Alva an invoice of 1,000 kr for the 16th.
    await move(date(2026, 2, 2))
    lindas = await town.join(company("4566000016", "Lindås El AB"))
    ladder = {"collection": "automatic"}
    await client.command(lindas, "ladder", "PUT", "/dunning/policy", ladder, key="ladder")
    diary = Diary(client, lindas, consumer("Alva Berg", "198507099805"))
    issued = await diary.issue("2026-02-16")
    assert issued["total_ore"] == 100_000
    assert await diary.letters() == ["Faktura"]
    assert await diary.state() == "sent"

    # Monday 16 February. It falls due, and nobody bothers Alva before Monday the 23rd.
    await move(date(2026, 2, 22))
    assert (await diary.owed())["to_pay_ore"] == 100_000
    assert await diary.state() == "overdue"
    await move(date(2026, 2, 23))
    assert await diary.letters() == ["Faktura", "Påminnelse"]
    # 1,000 kr + 60 kr + 7 days of interest at 10 %: 1.92 kr.
    assert (await diary.owed())["to_pay_ore"] == 100_000 + 6_000 + 192
    assert await diary.state() == "reminded"

    # Tuesday 3 March. The reminder's day; a payment made today has shown by Thursday.
    await move(date(2026, 3, 4))
    assert len(await diary.letters()) == 2
    await move(date(2026, 3, 5))
    assert await diary.letters() == ["Faktura", "Påminnelse", "Inkassokrav"]
    # + 180 kr, and interest for 17 days: 4.66 kr.
    owed = await diary.owed()
    assert owed["to_pay_ore"] == 100_000 + 6_000 + 18_000 + 466
    assert owed["pay_by"] == "2026-03-16"
    assert await diary.state() == "collection"

    # Monday 16 March. Alva's time runs out; two banking days later the case may be filed.
    await move(date(2026, 3, 17))
    assert await at_kronofogden(client) == []
    await move(date(2026, 3, 18))
    assert await at_kronofogden(client) == ["payment_order_application"]
    # + the fee 300 kr, the work 380 kr, and interest for 30 days: 8.22 kr.
    owed_ore = (await diary.owed())["to_pay_ore"]
    assert owed_ore == 100_000 + 6_000 + 18_000 + 30_000 + 38_000 + 822
    assert await diary.state() == "kronofogden"

    # Tuesday 24 March. Kronofogden's letter has reached her, and Alva pays everything.
    await move(date(2026, 3, 24))
    await diary.pay(owed_ore, "alva-pays")
    assert await at_kronofogden(client) == ["payment_order_application", "withdrawal"]
    assert await diary.state() == "paid"
    assert (await diary.owed())["to_pay_ore"] == 0

    # A week later. No decision, no further letter; the company has got its money.
    await move(date(2026, 3, 31))
    assert len(await diary.letters()) == 3
    (case,) = (await client.records("kronofogden"))["cases"]
    assert (case["state"], case["decided_on"]) == ("withdrawn", None)
    ledger = await client.read("operator", "/ledger/check")
    assert (ledger["sum_ore"], ledger["problems"]) == (0, [])
    order = ["issued", "reminder_charged", "demand_charged", "filing_charged", "paid"]
    assert await diary.told(*order) == order


async def test_a_reminder_asks_for_the_rest_and_is_taken_back_when_the_rest_was_paid_before_it(
    town: Town,
) -> None:
    """R-95, R-100: the day on which it was paid decides, not the day on which the bank tells."""
    move = town.client.move_clock

    # Tuesday 7 April. Bergs Bygg joins, and sends Bo an invoice of 1,000 kr for the 21st.
    await move(date(2026, 4, 7))
    bergs = await town.join(company("4566000024", BERGS))
    diary = Diary(town.client, bergs, consumer("Bo Ek", "199001019802"))
    await diary.issue("2026-04-21")

    # Wednesday 15 April. Bo pays 400 kr of it.
    await move(date(2026, 4, 15))
    await diary.pay(40_000, "bo-pays-a-part")
    assert (await diary.owed())["to_pay_ore"] == 60_000
    assert await diary.state() == "part_paid"

    # Monday 27 April. Five days after the 21st is a Sunday; the reminder is on the rest.
    await move(date(2026, 4, 26))
    assert await diary.letters() == ["Faktura"]
    await move(date(2026, 4, 27))
    assert await diary.letters() == ["Faktura", "Påminnelse"]
    # 600 kr + 60 kr + 6 days of interest at 10 %: 0.99 kr.
    assert (await diary.owed())["to_pay_ore"] == 60_000 + 6_000 + 99
    async with Browser(town, bergs) as seller:
        assert "660,99 kr" in await seller.page(f"/fakturor/{diary.claim}")
    async with Browser(town) as bo:
        assert "660,99 kr" in await bo.web_invoice(diary)

    # Wednesday 29 April. The bank tells of 600 kr that Bo paid on Friday, before the reminder.
    await move(date(2026, 4, 29))
    await diary.pay(60_000, "bo-paid-the-rest", paid_on="2026-04-24")
    owed = await diary.owed()
    assert (owed["to_pay_ore"], owed["paid_ore"]) == (0, 100_000)
    assert await diary.state() == "paid"
    charges = ("reminder_charged", "charge_reversed", "paid")
    assert sorted(await diary.told(*charges)) == sorted(charges)

    # Monday 11 May. No further letter, and Bergs Bygg has got its 1,000 kr, not an öre more.
    await move(date(2026, 5, 11))
    assert await diary.letters() == ["Faktura", "Påminnelse"]
    assert await diary.paid_out(BERGS) == 100_000


async def test_an_objection_holds_the_ladder_until_it_is_settled_either_way(town: Town) -> None:
    """R-102: who was right gets a credit note, who takes it back gets the reminder."""
    move = town.client.move_clock

    # Tuesday 12 May. Cirkel Städ invoices Cilla and Dan 1,000 kr each, for the 26th.
    await move(date(2026, 5, 12))
    cirkel = await town.join(company("4566000032", CIRKEL))
    cilla = Diary(town.client, cirkel, consumer("Cilla Ask", "199102149805"))
    dan = Diary(town.client, cirkel, consumer("Dan Lind", "197803019806"))
    for diary in (cilla, dan):
        await diary.issue("2026-05-26")

    # Wednesday 13 May. Both object to all of it.
    await move(date(2026, 5, 13))
    for diary in (cilla, dan):
        await diary.object("Arbetet är inte utfört.")
        assert await diary.state() == "disputed"

    # Wednesday 3 June. The reminder's day, the 1st, has passed, and nobody has been reminded.
    await move(date(2026, 6, 3))
    for diary in (cilla, dan):
        assert await diary.letters() == ["Faktura"]

    # Cirkel agrees with Cilla and credits her invoice; Dan takes his objection back.
    await cilla.settle("upheld")
    reason = {"kind": "correction", "reason": "Arbetet var inte utfört."}
    await cilla.say("credit", f"/invoices/{cilla.claim}/credit", reason)
    await dan.settle("withdrawn")
    await town.client.quiet()
    assert await cilla.state() == "credited"
    assert (await cilla.owed())["to_pay_ore"] == 0
    assert await cilla.letters() == ["Faktura", "Kreditfaktura"]

    # Thursday 4 June. Dan is reminded: 60 kr, and interest for nine days at 10 %: 2.47 kr.
    await move(date(2026, 6, 4))
    assert await dan.letters() == ["Faktura", "Påminnelse"]
    assert (await dan.owed())["to_pay_ore"] == 100_000 + 6_000 + 247

    # Friday 5 June. He pays, and Cirkel gets what was asked for. Cilla has cost nobody anything.
    await move(date(2026, 6, 5))
    await dan.pay(106_247, "dan-pays")
    await move(date(2026, 6, 15))
    assert [await dan.state(), await cilla.state()] == ["paid", "credited"]
    assert await cilla.letters() == ["Faktura", "Kreditfaktura"]
    assert await dan.paid_out(CIRKEL) == 106_247
    ledger = await town.client.read("operator", "/ledger/check")
    assert (ledger["sum_ore"], ledger["problems"]) == (0, [])


@pytest.fixture(scope="module")
async def last(town: Town) -> Diary:
    """An invoice of today that is part paid, and money that belongs to nobody yet."""
    berit = consumer("Berit Dahl", "198507099805")
    await town.client.move_clock(date(2026, 6, 16))
    diary = Diary(town.client, await town.join(company("4566000040", "Dahls Data AB")), berit)
    article = {"name": "Support", "unit": "tim", "price_ore": 95_000, "vat_percent": 25}
    await diary.say("article", "/articles", article, key="an-article")
    await diary.issue("2026-07-16")
    await diary.pay(12_345, "berit-pays-a-part")
    wrong = {"payee_bankgiro": "9912346", "reference": "1111111116", "key": "nobodys"}
    await town.client.pay([wrong | {"amount_ore": 77_700, "payer_name": "Okänd"}])
    await town.client.push()
    await diary.object("Jag har redan betalat.")
    await town.client.move_clock(date(2026, 6, 18))
    return diary


async def test_the_pages_of_a_company_show_what_the_services_know(town: Town, last: Diary) -> None:
    """Every page opens on the real services, and amounts stand where they must (R-77, R-132)."""
    customer = (await town.client.read(last.company, "/customers"))["customers"][0]
    article = (await town.client.read(last.company, "/articles"))["articles"][0]
    (payout,) = (await town.client.read(last.company, "/payouts"))["payouts"]
    assert payout["state"] == "settled"
    pages: dict[str, tuple[str, ...]] = {
        "/": ("876,55 kr",),
        "/fakturor": ("1 000,00 kr", "876,55 kr"),
        f"/fakturor/{last.claim}": ("1 000,00 kr", "876,55 kr", "123,45 kr"),
        "/fakturor/ny": ("Support",),
        "/kunder": ("Berit Dahl", "850709-****"),
        f"/kunder/{customer['customer_id']}": ("Berit Dahl",),
        "/artiklar": ("Support", "950,00 kr"),
        f"/artiklar/{article['article_id']}": ("950,00",),
        "/inkasso": (),
        "/utbetalningar": ("123,45 kr", "Utbetald", plain(words.day(payout["ended_on"]))),
        "/installningar/generellt": ("Dahls Data AB",),
        "/installningar/standard": (),
        "/installningar/krav": (),
        "/villkor": (),
    }
    async with Browser(town, last.company) as seller:
        for path, amounts in pages.items():
            text = await seller.page(path)
            assert [each for each in amounts if each not in text] == [], path


async def test_the_pages_of_a_debtor_show_what_is_owed_today(town: Town, last: Diary) -> None:
    async with Browser(town) as berit:
        text = await berit.web_invoice(last)
    assert str(ROW["text"]) in text
    for amount in ("1 000,00 kr", "876,55 kr"):
        assert amount in text


async def test_the_pages_of_the_operator_show_the_house_as_it_is(town: Town, last: Diary) -> None:
    (file, *_) = (await town.client.read("operator", "/bank-files"))["files"]
    (waiting, *_) = (await town.client.read("operator", "/unmatched"))["payments"]
    pages: dict[str, tuple[str, ...]] = {
        "/drift": ("Parkerade händelser",),
        "/drift/parkerade": ("Inget är parkerat",),
        "/drift/betalningar": ("777,00 kr", "1111111116"),
        "/drift/bankfiler": ("777,00 kr",),
        f"/drift/bankfiler/{file['file_id']}": (),
        f"/drift/betalningar/{waiting['payment_id']}": ("777,00 kr", "1111111116"),
        "/drift/utbetalningar": (),
        "/drift/overbetalningar": (),
        "/drift/rantor": ("SFS 2025:809",),
        "/drift/inkasso": (),
        "/drift/utskick": (),
        "/drift/huvudbok": ("777,00 kr",),
    }
    async with Browser(town, "operator") as operator:
        for path, amounts in pages.items():
            text = await operator.page(path)
            assert [each for each in amounts if each not in text] == [], path


async def test_the_gateways_fakes_say_what_the_services_say(town: Town, last: Diary) -> None:
    """Every field of every faked answer is in the true one, and of the same kind."""
    read = town.client.read
    (waiting, *_) = (await read("operator", "/unmatched"))["payments"]
    true = {
        fakes.PAYMENT: waiting["payment_id"],
        fakes.HELD: waiting["payment_id"],
        fakes.CUSTOMER: (await read(last.company, "/customers"))["customers"][0]["customer_id"],
        fakes.ARTICLE: (await read(last.company, "/articles"))["articles"][0]["article_id"],
        fakes.FILE: (await read("operator", "/bank-files"))["files"][0]["file_id"],
        fakes.CLAIM: last.claim,
    }
    compared, wrong = 0, []
    for service, path, faked in faked_answers():
        for fake_id, true_id in true.items():
            path = path.replace(str(fake_id), str(true_id))
        real = await ask(town, service, path, asker_of(path, last))
        told = differences(faked, real) if real is not None else [" has no answer"]
        wrong += [f"{service} {path}{each}" for each in told]
        compared += 1
    assert wrong == [], "\n".join(wrong)
    assert compared > 30
