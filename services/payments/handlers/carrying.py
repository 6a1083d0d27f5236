"""Carrying out what was decided: one statement per table and one ledger transaction."""

from collections.abc import Iterable, Sequence
from itertools import chain
from uuid import UUID

from plumbing.transaction import Transaction
from services.payments.domain.claim import Book
from services.payments.domain.draft import Decision
from services.payments.domain.ledger import Movement, Posting, merged
from services.payments.domain.payouts import payout_on
from services.payments.store import charges, claims, ledger, money


async def carry_out(
    tx: Transaction,
    kind: str,
    decisions: Sequence[Decision],
    *,
    beside: Iterable[Posting] = (),
    source: UUID | None = None,
) -> None:
    """Write decisions about locked claims, in their order, and say what they say.

    `beside` are money's own lines (bank account, suspense), which decisions leave to the caller.
    """
    allocations = [one for decision in decisions for one in decision.allocations]
    await claims.save(tx, _books(decisions))
    await money.add_allocations(tx, allocations)
    await charges.save(tx, [charge for decision in decisions for charge in decision.charges])
    lines = chain(beside, *(decision.postings for decision in decisions))
    await ledger.post(tx, [Movement(kind, merged(lines), source)])
    tx.say(event for decision in decisions for event in decision.says)
    creditors = {one.creditor_id for one in allocations if one.creditor_part_ore > 0}
    if creditors:
        tx.wake("payout", dict.fromkeys(creditors, payout_on(tx.today)), sooner=True)


def _books(decisions: Sequence[Decision]) -> list[tuple[UUID, Book, Book]]:
    """Each claim's book before its first decision and after its last."""
    first: dict[UUID, Book] = {}
    last: dict[UUID, Book] = {}
    for decision in decisions:
        claim = decision.claim
        first.setdefault(claim.claim_id, decision.before)
        last[claim.claim_id] = claim.book
    return [(claim_id, before, last[claim_id]) for claim_id, before in first.items()]
