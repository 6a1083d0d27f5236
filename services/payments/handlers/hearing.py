"""What is heard of claims meets them under their locks; what precedes its claim waits for it."""

from collections.abc import Sequence
from typing import TypeVar

from contracts.envelope import Event
from plumbing.transaction import Transaction
from services.payments.domain.claim import Claim
from services.payments.domain.history import History
from services.payments.store import charges, claims

E = TypeVar("E", bound=Event)


async def locked(tx: Transaction, events: Sequence[E]) -> list[tuple[E, Claim]]:
    """The events with their claims, locked; those whose claim is not open yet wait for it."""
    known = await claims.lock(tx, [event.key for event in events])
    await claims.wait(tx, [event for event in events if event.key not in known])
    return [(event, known[event.key]) for event in events if event.key in known]


async def locked_with_histories(
    tx: Transaction, events: Sequence[E]
) -> list[tuple[E, Claim, History]]:
    """The same with what is known of each claim's charges, credits and money."""
    heard = await locked(tx, events)
    histories = await charges.histories(tx, [claim for _, claim in heard])
    return [(event, claim, histories[claim.claim_id]) for event, claim in heard]
