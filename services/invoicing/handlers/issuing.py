"""Issuing, one invoice or ten thousand: look up, price each, lock the series, number, write, say.

Everything that can be done before the series is locked is done before, for all writers of one
company wait at that lock until the commit.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.ids import ClaimId, CreditorId, new_id
from plumbing.transaction import Transaction
from services.invoicing import documents
from services.invoicing.domain import issuing
from services.invoicing.domain.issuing import Decision, Draft, hints
from services.invoicing.domain.orders import Article, Buyer, Fault, Order, Refusal, Seller
from services.invoicing.store import issuing as store
from services.invoicing.store import registers

BREATH = 500
"""Invoices worked out before others get the processor."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An order and whom it is for: a customer of the register, or a new one saved with it."""

    order: Order
    customer_id: UUID | None
    new_buyer: Buyer | None
    flow: UUID | None = None
    """The flow of whoever asked for this one alone."""


async def issue(
    tx: Transaction, creditor_id: CreditorId, asked: Sequence[Asked], *, payee: str
) -> list[Decision | Refusal]:
    """Issue what can be issued, in this order; answers stand in the order of what was asked.

    New customers of refused orders are not saved. `payee` is the bankgiro printed, as digits.
    """
    drafts = await draft(tx, creditor_id, asked)
    good = [at for at, result in enumerate(drafts) if isinstance(result, Draft)]
    answers: list[Decision | Refusal] = [
        Refusal(()) if isinstance(result, Draft) else result for result in drafts
    ]
    if not good:
        return answers
    series, counters = await store.lock_series(tx, creditor_id, len(good))
    ready = [result for result in drafts if isinstance(result, Draft)]
    numbers, series = issuing.number_drafts(ready, series)
    issued: list[Decision] = []
    for nth, (at, number) in enumerate(zip(good, numbers, strict=True)):
        if isinstance(number, Refusal):
            answers[at] = number
            continue
        claim_id = ClaimId(new_id())
        decision = issuing.issue(
            ready[nth], claim_id=claim_id, number=number, counter=counters[nth]
        )
        answers[at] = decision
        issued.append(decision)
        if nth % BREATH == BREATH - 1:
            await asyncio.sleep(0)
    if issued:
        await _carry_out(tx, creditor_id, asked, answers, issued, series, payee)
    return answers


async def _carry_out(
    tx: Transaction,
    creditor_id: CreditorId,
    asked: Sequence[Asked],
    answers: Sequence[Decision | Refusal],
    issued: Sequence[Decision],
    series: issuing.Series,
    payee: str,
) -> None:
    new = [
        each.new_buyer
        for each, answer in zip(asked, answers, strict=True)
        if each.new_buyer is not None and isinstance(answer, Decision)
    ]
    if new:
        await registers.save_buyers(tx, creditor_id, new)
    invoices = [decision.invoice for decision in issued]
    writer = documents.Writer(invoices[0].draft.seller, payee)
    bodies = [writer.write(invoice) for invoice in invoices]
    await store.write_invoices(tx, creditor_id, series, invoices, bodies)
    # each in a flow of its own, for what is issued together may have been asked for apart
    flows = (
        each.flow or new_id()
        for each, answer in zip(asked, answers, strict=True)
        if isinstance(answer, Decision)
    )
    for decision, flow in zip(issued, flows, strict=True):
        tx.say(decision.says, flow=flow)


async def draft(
    tx: Transaction, creditor_id: CreditorId, asked: Sequence[Asked]
) -> list[Draft | Refusal]:
    """Work out orders without issuing them; look-ups are one statement for all."""
    seller = await registers.seller(tx, creditor_id)
    if seller is None:
        return [Refusal((Fault("", "the company is not registered"),))] * len(asked)
    wanted = {each.customer_id for each in asked if each.customer_id is not None}
    buyers = await registers.buyers(tx, wanted, creditor_id)
    named = {
        row.article_id for each in asked for row in each.order.rows if row.article_id is not None
    }
    articles = await registers.articles(tx, named, creditor_id)
    drafts: list[Draft | Refusal] = []
    for at, each in enumerate(asked):
        drafts.append(_priced(tx, each, seller, buyers, articles))
        if at % BREATH == BREATH - 1:
            await asyncio.sleep(0)
    return drafts


def _priced(
    tx: Transaction,
    asked: Asked,
    seller: Seller,
    buyers: Mapping[UUID, Buyer],
    articles: Mapping[UUID, Article],
) -> Draft | Refusal:
    buyer = asked.new_buyer or (buyers.get(asked.customer_id) if asked.customer_id else None)
    if buyer is None:
        return Refusal((Fault("customer_id", "there is no such customer"),))
    return issuing.price(asked.order, seller=seller, buyer=buyer, articles=articles, today=tx.today)


__all__ = ["BREATH", "Asked", "draft", "hints", "issue"]
