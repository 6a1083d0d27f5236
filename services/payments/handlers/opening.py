"""An invoice becomes a claim; what was heard or received before it is then looked at."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.collections import DemandProposed, EnforcementProposed, FilingProposed
from contracts.dunning import ReminderProposed
from contracts.envelope import Event
from contracts.invoicing import InvoiceIssued
from plumbing.inbox import Handler
from plumbing.transaction import Transaction
from services.payments.domain.ledger import Movement, merged
from services.payments.domain.opening import open_claim
from services.payments.handlers.booking import match_waiting
from services.payments.store import claims, ledger, money

PROPOSALS = (ReminderProposed, DemandProposed, FilingProposed, EnforcementProposed)


async def open_claims(
    tx: Transaction,
    invoices: Sequence[InvoiceIssued],
    *,
    others: Mapping[type[Event], Handler],
) -> None:
    """Open claims; then facts that waited for them, then money, and last proposals."""
    await money.announce_opening(tx)
    decisions = [open_claim(invoice, today=tx.today) for invoice in invoices]
    await claims.insert(tx, [decision.claim for decision in decisions])
    lines = [posting for decision in decisions for posting in decision.postings]
    await ledger.post(tx, [Movement("opened", merged(lines))])
    tx.say(event for decision in decisions for event in decision.says)
    waited = await claims.take_waiting(tx, [invoice.claim_id for invoice in invoices])
    await _hear(tx, [event for event in waited if not isinstance(event, PROPOSALS)], others)
    await match_waiting(tx, [invoice.ocr for invoice in invoices])
    await _hear(tx, [event for event in waited if isinstance(event, PROPOSALS)], others)


async def _hear(
    tx: Transaction, events: Sequence[Event], others: Mapping[type[Event], Handler]
) -> None:
    """Hand over what waited, in rounds in which each claim comes once, as the inbox does."""
    rounds: list[dict[type[Event], list[Any]]] = []
    seen: dict[Any, int] = {}
    for event in events:
        nth = seen.get(event.key, 0)
        seen[event.key] = nth + 1
        if nth == len(rounds):
            rounds.append({})
        rounds[nth].setdefault(type(event), []).append(event)
    for each in rounds:
        for kind, heard in each.items():
            await others[kind](tx, heard)
