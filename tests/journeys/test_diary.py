"""One invoice's whole life, day by day: reminder, demand, Kronofogden, paid, withdrawn.

Everything is said over public HTTP and in the bank's files; every amount is counted by hand.
"""

from datetime import date
from typing import Any

from deploy.story.client import Client
from tests.journeys.conftest import Begin

PAYEE = "9912346"
COMPANY = {
    "organisation_number": "4566000016",
    "name": "Lindås El AB",
    "email": "lindas@foretag.example",
    "street": "Storgatan 1",
    "postcode": "39231",
    "town": "Kalmar",
    "vat_registered": True,
    "f_skatt": True,
}
ALVA = {
    "kind": "consumer",
    "name": "Alva Berg",
    "identity_number": "198507099805",
    "email": "alva@post.example",
    "street": "Ekvägen 2",
    "postcode": "39231",
    "town": "Kalmar",
    "channel": "email",
}
ROW = {
    "text": "Elarbete, byte av säkringsskåp",
    "quantity": "1",
    "unit": "st",
    "price_ore": 80_000,
    "vat_percent": 25,
}


class Diary:
    """The few questions that a diary asks again and again."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.company = ""
        self.claim = ""

    async def owed(self) -> dict[str, Any]:
        """The ledger's statement of the claim today."""
        found: dict[str, Any] = await self.client.read(self.company, f"/claims/{self.claim}")
        return found

    async def state(self) -> str:
        """What the seller sees in the list."""
        found = await self.client.read(self.company, f"/invoices/{self.claim}")
        return str(found["state"])

    async def letters(self) -> list[str]:
        """The subjects of all mails to Alva, without the invoice's number."""
        found = await self.client.records("mail")
        return [message["subject"].split(":")[0].split()[0] for message in found["messages"]]

    async def at_kronofogden(self) -> list[str]:
        """The kinds of messages that Kronofogden has got, in order."""
        found = await self.client.records("kronofogden")
        return [message["kind"] for message in found["messages"]]

    async def pay(self, ocr: str, amount_ore: int, key: str) -> None:
        """Alva pays at her bank, and the bank tells."""
        payment = {"payee_bankgiro": PAYEE, "reference": ocr, "amount_ore": amount_ore, "key": key}
        await self.client.pay([payment | {"payer_name": "Alva Berg"}])
        await self.client.push()
        await self.client.quiet()


async def test_an_unpaid_invoice_goes_all_the_way_and_is_withdrawn_the_day_it_is_paid(
    journey: Begin,
) -> None:
    """R-99, R-100, R-101, R-110, R-111: one of each letter, one application, one withdrawal."""
    async with journey(date(2026, 2, 2)) as client:
        diary = Diary(client)
        move, say = client.move_clock, client.command

        # Monday 2 February. Lindås El joins, and sends Alva an invoice of 1,000 kr for the 16th.
        await move(date(2026, 2, 2))
        joined = await say("new", "join", "POST", "/creditors", COMPANY, key="join")
        company = diary.company = joined["creditor_id"]
        await client.quiet()
        account = {"creditor_id": company, "kind": "bankgiro", "number": "5050-1055"}
        await say("operator", "account", "PUT", "/payout-account", account, key="account")
        ladder = {"collection": "automatic"}
        await say(company, "ladder", "PUT", "/dunning/policy", ladder, key="ladder")
        invoice = {"customer": ALVA, "rows": [ROW], "due_on": "2026-02-16"}
        agreed = {"due_date_agreed": True, "reminder_fee_agreed": True}
        issued = await say(
            company, "issue", "POST", "/invoices", {**invoice, **agreed}, key="issue"
        )
        diary.claim, ocr = issued["claim_id"], issued["ocr"]
        await client.quiet()
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
        assert await diary.at_kronofogden() == []
        await move(date(2026, 3, 18))
        assert await diary.at_kronofogden() == ["payment_order_application"]
        # + the fee 300 kr, the work 380 kr, and interest for 30 days: 8.22 kr.
        owed_ore = (await diary.owed())["to_pay_ore"]
        assert owed_ore == 100_000 + 6_000 + 18_000 + 30_000 + 38_000 + 822
        assert await diary.state() == "kronofogden"

        # Tuesday 24 March. Kronofogden's letter has reached her, and Alva pays everything.
        await move(date(2026, 3, 24))
        await diary.pay(ocr, owed_ore, "alva-pays")
        assert await diary.at_kronofogden() == ["payment_order_application", "withdrawal"]
        assert await diary.state() == "paid"
        assert (await diary.owed())["to_pay_ore"] == 0

        # A week later. No decision, no further letter; the company has got its money.
        await move(date(2026, 3, 31))
        assert len(await diary.letters()) == 3
        (case,) = (await client.records("kronofogden"))["cases"]
        assert (case["state"], case["decided_on"]) == ("withdrawn", None)
        ledger = await client.read("operator", "/ledger/check")
        assert (ledger["sum_ore"], ledger["problems"]) == (0, [])
        told = (await client.read(company, f"/invoices/{diary.claim}"))["timeline"]
        order = ["issued", "reminder_charged", "demand_charged", "filing_charged", "paid"]
        assert [each["what"] for each in told if each["what"] in order] == order
