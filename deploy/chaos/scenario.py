"""The smallest trades worth judging: one company, a handful of invoices, some paid, some collected.

The sabotage runs use them: a fault must show here, in seconds, and the same trade without the fault
must be upheld.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from deploy.story.client import Client
from deploy.story.plan import organisation_number
from deploy.story.teller import PAYEE_BANKGIRO
from law.banking_days import add_banking_days

PRICE_ORE = 800_00
TERMS_DAYS = 10
DAYS_TO_KRONOFOGDEN = 25
"""From the hand-over, with a demand's time and whatever holidays there may be."""
COLLECTING_DAYS = TERMS_DAYS + 5 + DAYS_TO_KRONOFOGDEN
"""What `collect` takes of the calendar, at most."""


@dataclass(frozen=True, slots=True)
class Traded:
    """What the platform answered: the company, and per invoice its claim, reference and total."""

    creditor_id: str
    invoices: tuple[tuple[str, str, int], ...]


async def register(client: Client, seed: int) -> tuple[str, str]:
    """A company joins, gets an account and a customer; the ids of company and customer."""
    chance = random.Random(seed)
    body = {
        "organisation_number": organisation_number(chance),
        "name": f"Handelsbolaget {seed}",
        "email": f"bolaget{seed}@foretag.example",
        "street": "Storgatan 1",
        "postcode": "11122",
        "town": "Stockholm",
        "vat_registered": True,
        "f_skatt": True,
    }
    key = f"scenario/{seed}"
    joined = await client.command(
        "new", "register", "POST", "/creditors", body, key=f"{key}/register"
    )
    creditor_id = str(joined["creditor_id"])
    await client.quiet()
    account = {"creditor_id": creditor_id, "kind": "bankgiro", "number": "50501055"}
    await client.command(
        "operator", "account", "PUT", "/payout-account", account, key=f"{key}/account"
    )
    customer = {
        "kind": "consumer",
        "name": "Karin Exempel",
        "identity_number": "197307245428",
        "email": f"karin{seed}@post.example",
        "street": "Nygatan 2",
        "postcode": "11122",
        "town": "Stockholm",
        "channel": "email",
    }
    known = await client.command(
        creditor_id, "customer", "POST", "/customers", customer, key=f"{key}/customer"
    )
    return creditor_id, str(known["customer_id"])


async def trade(client: Client, seed: int, *, invoices: int = 6) -> Traded:
    """Register, issue, let every second invoice be paid, and wait until all is quiet."""
    creditor_id, customer_id = await register(client, seed)
    traded = await issue(client, creditor_id, customer_id, f"scenario/{seed}", invoices)
    await client.quiet()
    await pay(client, traded, f"scenario/{seed}")
    await client.quiet()
    return traded


async def collect(client: Client, seed: int, *, invoices: int = 2) -> Traded:
    """Register, issue, hand over what nobody pays, and go on until Kronofogden was applied to."""
    creditor_id, customer_id = await register(client, seed)
    key = f"scenario/{seed}"
    traded = await issue(client, creditor_id, customer_id, key, invoices, TERMS_DAYS)
    await client.quiet()
    issued_on = date.fromisoformat((await client.clock())["today"])
    overdue_on = add_banking_days(issued_on + timedelta(days=TERMS_DAYS), 1)
    await client.move_clock(overdue_on)
    for claim_id, _, _ in traded.invoices:
        path = f"/invoices/{claim_id}/collection"
        await client.command(
            creditor_id, "hand_over", "POST", path, key=f"{key}/{claim_id}/hand-over"
        )
    await client.quiet()
    await client.move_clock(overdue_on + timedelta(days=DAYS_TO_KRONOFOGDEN))
    return traded


async def issue(
    client: Client,
    creditor_id: str,
    customer_id: str,
    key: str,
    invoices: int,
    terms_days: int = 30,
) -> Traded:
    """Issue some invoices of one row each, in one call."""
    rows = [{"text": "Arbete", "quantity": "1", "unit": "tim", "price_ore": PRICE_ORE}]
    one = {
        "customer_id": customer_id,
        "rows": [{**rows[0], "vat_percent": 25}],
        "terms_days": terms_days,
        "due_date_agreed": True,
        "reminder_fee_agreed": True,
    }
    body = {"invoices": [one] * invoices}
    answer = await client.command(
        creditor_id, "issue", "POST", "/invoices/bulk", body, key=f"{key}/issue"
    )
    return Traded(
        creditor_id,
        tuple((r["claim_id"], r["ocr"], r["total_ore"]) for r in answer["results"]),
    )


async def pay(client: Client, traded: Traded, key: str, *, amount_ore: int | None = None) -> None:
    """Every second invoice is paid, in full unless told otherwise, and the bank tells of it."""
    payments = [
        {
            "payee_bankgiro": PAYEE_BANKGIRO,
            "reference": ocr,
            "kind": "ocr",
            "amount_ore": amount_ore or total_ore,
            "payer_name": "Karin Exempel",
            "key": f"{key}/{claim_id}",
        }
        for claim_id, ocr, total_ore in traded.invoices[::2]
    ]
    await client.pay(payments)
    await client.push()
