"""Companies, customers and articles: kept as they are from now on. What was issued keeps what it
was issued with; only the contact details of open claims follow a customer (R-33, R-41).
"""

from dataclasses import replace
from typing import Any

from contracts.ids import CreditorId
from contracts.invoicing import Channel, CreditorChanged, CreditorRegistered
from plumbing.transaction import Transaction
from services.invoicing.domain import issuing
from services.invoicing.domain.orders import Buyer, Fault, Refusal, Seller
from services.invoicing.store import registers as store_registers
from services.invoicing.store import standing as store_standing

CORRECTED_AT_ONCE = 1_000
"""Open claims of one customer that a correction reaches, the newest first."""


async def register(tx: Transaction, seller: Seller) -> bool:
    """A company joins; False if its organisation number is registered already."""
    if not await store_registers.add_seller(tx, seller):
        return False
    tx.say([CreditorRegistered(**_described(seller))])
    return True


async def change_creditor(
    tx: Transaction, seller: Seller, *, first_number: int | None, reason: str | None
) -> Refusal | None:
    """Change a company's details and settings; `first_number` moves its series, upwards only."""
    if first_number is not None:
        following = await store_registers.lock_next_number(tx, seller.creditor_id)
        if first_number < following:
            return Refusal((Fault("first_number", f"must be {following} or higher"),))
        if first_number > following:
            await store_registers.jump_to(tx, seller.creditor_id, first_number, reason)
    await store_registers.change_seller(tx, seller)
    tx.say([CreditorChanged(**_described(seller))])
    return None


async def change_customer(
    tx: Transaction, creditor_id: CreditorId, before: Buyer, after: Buyer
) -> None:
    """Write a customer's new details; where it is reached differently, open claims say so."""
    await store_registers.save_buyers(tx, creditor_id, [after])
    if replace(before, kind=after.kind, identity_number=after.identity_number) == after:
        return
    claims = await store_standing.open_invoices_of(
        tx, creditor_id, after.customer_id, CORRECTED_AT_ONCE
    )
    switched = before.channel is not after.channel
    corrections = (
        issuing.correct_recipient(
            claim_id,
            creditor_id,
            after,
            after.channel if switched else Channel.PAPER if on_paper else Channel.EMAIL,
            link_version,
        )
        for claim_id, on_paper, link_version in claims
    )
    tx.say(correction for correction in corrections if correction is not None)


async def add_article(
    tx: Transaction, creditor_id: CreditorId, article: dict[str, Any]
) -> dict[str, Any] | None:
    """Add an article, numbering it where it has no number (R-39); None if its number is taken."""
    if article["number"] is None:
        number = await store_registers.next_article_number(tx, creditor_id)
        article = {**article, "number": str(number)}
    return article if await store_registers.add_article(tx, creditor_id, article) else None


def _described(seller: Seller) -> dict[str, Any]:
    return {
        "creditor_id": seller.creditor_id,
        "name": seller.name,
        "organisation_number": seller.organisation_number,
        "vat_registered": seller.vat_registered,
        "f_skatt": seller.f_skatt,
        "email": seller.email,
        "town": seller.town,
    }
