"""What goes wrong at the end of the told story, so that people find something to put right.

A letter whose address no mail server knows, money for a company that has no account yet, and a
payout to an account that its bank has closed: each is on a page with a button when the story ends.
The crash run tells no such things; its judge knows the world's own fates only.
"""

import random
from collections.abc import Mapping
from typing import Any

from deploy.story.client import Client
from deploy.story.plan import Company, World, organisation_number
from deploy.story.teller import PAYEE_BANKGIRO, Told

DAYS_BEFORE_THE_END = 4
"""Days on which something happens; a payout falls on one of them, and is refused."""
NOBODYS = "karin.lindkvist@finns-inte.example"
"""The mail program refuses whoever lives in this domain."""
CUSTOMER = {
    "kind": "consumer",
    "email": "post@kund.example",
    "street": "Ekstigen 4",
    "postcode": "11122",
    "town": "Stockholm",
    "channel": "email",
}
NEWCOMER = {
    "name": "Nyöppnade Syateljén AB",
    "email": "hej@syateljen.example",
    "street": "Sygatan 2",
    "postcode": "41101",
    "town": "Göteborg",
    "vat_registered": True,
    "f_skatt": True,
}


class Troubles:
    """The troubles of one telling."""

    def __init__(self, world: World, client: Client) -> None:
        self._world = world
        self._client = client

    @property
    def closed(self) -> Company:
        """The company whose bank has closed its account."""
        return self._world.companies[1]

    async def close_an_account(self) -> None:
        """From now on the bank pays nothing out to one company."""
        await self._client.tell_bank(reject_accounts=[self.closed.bankgiro])

    async def happen(self, told: Told) -> None:
        """The rest of it, on the last day, until all is quiet."""
        first = told.creditors[self._world.companies[0].key]
        await self._invoice(first, "misspelt", {"name": "Karin Lindkvist", "email": NOBODYS})
        number = organisation_number(random.Random("newcomer"))
        body = NEWCOMER | {"organisation_number": number}
        answer = await self._say("new", "register", "/creditors", body, "newcomer")
        newcomer = told.creditors["newcomer"] = answer["creditor_id"]
        await self._client.quiet()  # the others have heard of it
        issued = await self._invoice(newcomer, "newcomer", {"name": "Bo Ekdal"})
        await self._client.quiet()
        payment = {
            **{"payee_bankgiro": PAYEE_BANKGIRO, "key": f"{self._world.seed}/newcomer"},
            **{"payer_name": "Bo Ekdal", "reference": issued["ocr"], "kind": "ocr"},
            "amount_ore": issued["total_ore"],
        }
        await self._client.pay([payment])
        await self._client.push()
        await self._client.quiet()

    async def _invoice(self, who: str, key: str, customer: Mapping[str, str]) -> Any:
        body = {**CUSTOMER, **customer}
        made = await self._say(who, "customer", "/customers", body, key)
        row = {"text": "Konsultation", "quantity": "1", "unit": "h", "vat_percent": 25}
        invoice = {
            "customer_id": made["customer_id"],
            "rows": [{**row, "price_ore": 95_000}],
            "terms_days": 30,
            "due_date_agreed": True,
            "reminder_fee_agreed": True,
        }
        return await self._say(who, "issue", "/invoices", invoice, key)

    async def _say(self, who: str, name: str, path: str, body: Any, key: str) -> Any:
        key = f"{self._world.seed}/{name}/{key}"
        return await self._client.command(who, name, "POST", path, body, key=key)
