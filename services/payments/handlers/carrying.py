"""Carrying out what was decided: one statement per table and one ledger transaction."""

from collections.abc import Iterable, Sequence
from itertools import chain
from uuid import UUID

from plumbing.transaction import Transaction
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
    latest = {decision.claim.claim_id: decision.claim for decision in decisions}
    await claims.save(tx, list(latest.values()))
    await money.add_allocations(tx, allocations)
    await charges.save(tx, [charge for decision in decisions for charge in decision.charges])
    lines = chain(beside, *(decision.postings for decision in decisions))
    await ledger.post(tx, [Movement(kind, merged(lines), source)])
    tx.say(event for decision in decisions for event in decision.says)
    creditors = {one.creditor_id for one in allocations if one.creditor_part_ore > 0}
    if creditors:
        tx.wake("payout", dict.fromkeys(creditors, payout_on(tx.today)))
