"""What the diaries share: a platform that several lives go through, and what they ask of it."""

from dataclasses import dataclass
from typing import Any

from deploy.local.platform import Platform
from deploy.story.client import Client

PAYEE = "9912346"
ACCOUNT = "5050-1055"
ROW = {
    "text": "Elarbete, byte av säkringsskåp",
    "quantity": "1",
    "unit": "st",
    "price_ore": 80_000,
    "vat_percent": 25,
}
AGREED = {"due_date_agreed": True, "reminder_fee_agreed": True}


def company(number: str, name: str) -> dict[str, Any]:
    """A company that may join."""
    return {
        "organisation_number": number,
        "name": name,
        "email": "faktura@foretag.example",
        "street": "Storgatan 1",
        "postcode": "39231",
        "town": "Kalmar",
        "vat_registered": True,
        "f_skatt": True,
    }


def consumer(name: str, number: str) -> dict[str, Any]:
    """A person who is invoiced by e-mail."""
    return {
        "kind": "consumer",
        "name": name,
        "identity_number": number,
        "email": f"{name.split()[0].lower()}@post.example",
        "street": "Ekvägen 2",
        "postcode": "39231",
        "town": "Kalmar",
        "channel": "email",
    }


@dataclass(frozen=True)
class Town:
    """One platform, set back to February, on which the diaries are lived one after the other."""

    platform: Platform
    client: Client

    async def join(self, who: dict[str, Any]) -> str:
        """A company joins and is told where its money goes; its id."""
        key = f"join-{who['name']}"
        joined = await self.client.command("new", "join", "POST", "/creditors", who, key=key)
        creditor_id: str = joined["creditor_id"]
        await self.client.quiet()
        account = {"creditor_id": creditor_id, "kind": "bankgiro", "number": ACCOUNT}
        await self.client.command(
            "operator", "account", "PUT", "/payout-account", account, key=f"account-{creditor_id}"
        )
        return creditor_id


@dataclass
class Diary:
    """One invoice's life, and the few questions that are asked of it again and again."""

    client: Client
    company: str
    debtor: dict[str, Any]
    claim: str = ""
    ocr: str = ""

    async def issue(self, due_on: str) -> dict[str, Any]:
        """The company invoices the debtor 1,000 kr."""
        invoice = {"customer": self.debtor, "rows": [ROW], "due_on": due_on, **AGREED}
        key = f"issue-{self.debtor['email']}"
        issued: dict[str, Any] = await self.say("issue", "/invoices", invoice, key=key)
        self.claim, self.ocr = issued["claim_id"], issued["ocr"]
        await self.client.quiet()
        return issued

    async def say(self, name: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The company asks for something to be done."""
        key = key or f"{name}-{self.claim}"
        return await self.client.command(self.company, name, "POST", path, body, key=key)

    async def owed(self) -> dict[str, Any]:
        """The ledger's statement of the claim today."""
        found: dict[str, Any] = await self.client.read(self.company, f"/claims/{self.claim}")
        return found

    async def invoice(self) -> dict[str, Any]:
        """The invoice as its seller sees it."""
        path = f"/invoices/{self.claim}"
        found: dict[str, Any] = await self.client.read(self.company, path)
        return found

    async def state(self) -> str:
        """What the seller sees in the list."""
        return str((await self.invoice())["state"])

    async def told(self, *kinds: str) -> list[str]:
        """What of these kinds the invoice's timeline tells, in order."""
        timeline = (await self.invoice())["timeline"]
        return [each["what"] for each in timeline if each["what"] in kinds]

    async def letters(self) -> list[str]:
        """The subjects of all mails to the debtor, without the invoice's number."""
        found = await self.client.records("mail")
        return [
            message["subject"].split(":")[0].split()[0]
            for message in found["messages"]
            if self.debtor["email"] in message["rcpt_to"]
        ]

    async def pay(self, amount_ore: int, key: str, *, paid_on: str | None = None) -> None:
        """The debtor pays at the own bank, and our bank tells, perhaps days later."""
        payment: dict[str, Any] = {"payee_bankgiro": PAYEE, "reference": self.ocr, "key": key}
        payment |= {"amount_ore": amount_ore, "payer_name": self.debtor["name"]}
        await self.client.pay([payment | ({"paid_on": paid_on} if paid_on else {})])
        await self.client.push()
        await self.client.quiet()

    async def object(self, reason: str) -> None:
        """The debtor objects on the web invoice."""
        await self.client.object(self.claim, self.debtor["email"], reason)
        await self.client.quiet()

    async def settle(self, outcome: str) -> None:
        """The parties end the objection."""
        path = f"/collections/disputes?claim_id={self.claim}"
        (dispute,) = (await self.client.read(self.company, path))["disputes"]
        where = f"/collections/disputes/{dispute['dispute_id']}/settle"
        await self.say("settle", where, {"outcome": outcome})
        await self.client.quiet()

    async def paid_out(self, name: str) -> int:
        """What the bank has sent to the account of the company of this name, in öre."""
        orders = (await self.client.records("bank"))["orders"]
        return sum(
            payment["amount_ore"]
            for order in orders
            for payment in order["transactions"]
            if (payment["creditor_name"], payment["debited_on"] is not None) == (name, True)
        )
