"""What other services say of our invoices: facts and timeline, a batch at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.envelope import Event
from contracts.payments import PayoutOrdered, PayoutRejected, PayoutSettled
from plumbing.transaction import Transaction
from services.invoicing.domain.standing import FOLLOWED
from services.invoicing.domain.timeline import TELLS
from services.invoicing.store import standing as store

HEARD = tuple(FOLLOWED)
"""The events told of a claim."""


async def follow(tx: Transaction, events: Sequence[Any]) -> None:
    """Keep what events of one type tell of their claims."""
    tells, changes = TELLS[type(events[0])], FOLLOWED[type(events[0])]
    await store.hear(
        tx,
        [
            (event.claim_id, event.creditor_id, _said_at(tx, event), tells(event), changes(event))
            for event in events
        ],
    )


async def follow_ordered_payouts(tx: Transaction, events: Sequence[PayoutOrdered]) -> None:
    """Money is on its way to the company: each claim in it is told."""
    for event in events:
        await store.order_payout(tx, event, _said_at(tx, event))


async def follow_settled_payouts(tx: Transaction, events: Sequence[PayoutSettled]) -> None:
    """The bank shows the debit: the company has its money."""
    closed = [(event.payout_id, event.creditor_id, event.settled_on) for event in events]
    await store.close_payouts(tx, closed, settled=True)


async def follow_rejected_payouts(tx: Transaction, events: Sequence[PayoutRejected]) -> None:
    """The bank refused an order; another will be made."""
    closed = [(event.payout_id, event.creditor_id, event.rejected_on) for event in events]
    await store.close_payouts(tx, closed, settled=False)


def _said_at(tx: Transaction, event: Event) -> datetime:
    """When it was said, so that a timeline reads the same whatever came first."""
    envelope = tx.causes.get(event.key)
    return envelope.time if envelope else tx.now
