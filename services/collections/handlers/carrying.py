"""Carrying out what was decided about locked cases.

Every message to Kronofogden is queued in the transaction that decides it, under one kind and the
claim's key, so that a withdrawal never overtakes its application.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from contracts.ids import ClaimId
from law.order_to_pay import withdraw_by
from plumbing import outbound
from plumbing.transaction import Transaction
from services.collections import store
from services.collections.domain import disputes
from services.collections.domain.cases import Case, Decision, Stage
from services.collections.domain.disputes import Dispute
from services.collections.domain.tasks import over

KRONOFOGDEN = "kronofogden"
STEP = "step"
CHECK_WITHDRAWAL = "check_withdrawal"
A_DAY = timedelta(days=1)


async def carry_out(tx: Transaction, decisions: Sequence[Decision]) -> None:
    """Write, say, queue and wake what was decided; of several about a case the last stands."""
    if not decisions:
        return
    latest = {decision.case.claim_id: decision.case for decision in decisions}
    await store.save_cases(tx, list(latest.values()))
    tx.say(event for decision in decisions for event in decision.says)
    await _object(tx, decisions)
    await outbound.queue(
        tx,
        KRONOFOGDEN,
        [
            (
                UUID(message["messageId"]),
                decision.case.claim_id,
                json.dumps(message, ensure_ascii=False).encode(),
            )
            for decision in decisions
            for message in decision.messages
        ],
    )
    await store.add_tasks(tx, [(d.case, task) for d in decisions for task in d.tasks])
    _set_timers(tx, decisions, latest)
    await store.finish_tasks(
        tx, [(claim_id, kind) for claim_id, case in latest.items() for kind in over(case)]
    )


async def _object(tx: Transaction, decisions: Sequence[Decision]) -> None:
    """Objections that reached Kronofogden are objections to the whole claim."""
    found = [
        Dispute(
            decision.objection.dispute_id,
            decision.case.claim_id,
            decision.case.creditor_id,
            decision.objection.reason,
            None,
            objected_on=tx.today,
        )
        for decision in decisions
        if decision.objection is not None
    ]
    added = await store.add_disputes(tx, found)
    tx.say(disputes.disputed(dispute) for dispute in added)


def _set_timers(
    tx: Transaction, decisions: Sequence[Decision], latest: Mapping[ClaimId, Case]
) -> None:
    tx.wake(
        STEP, {claim_id: None if case.held else case.next_on for claim_id, case in latest.items()}
    )
    ends = {d.case.claim_id: withdraw_by(d.settled_on) + A_DAY for d in decisions if d.settled_on}
    tx.wake(
        CHECK_WITHDRAWAL,
        {claim_id: day for claim_id, day in ends.items() if latest[claim_id].stage != Stage.CLOSED},
    )
