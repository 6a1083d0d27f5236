"""The room behind collections' doors: lock the cases, decide each, carry out many.

Every message to Kronofogden is queued in the transaction that decides it, under one kind and the
claim's key, so that a withdrawal never overtakes its application.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from contracts.collections import CloseReason, DisputeOutcome
from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId, DisputeId, new_id
from contracts.invoicing import CreditorRegistered, HandedToCollection, InvoiceIssued
from contracts.notifications import DeliveryAccepted, DeliveryFailed, DeliveryStale, Letter
from contracts.payments import (
    ChargeRefused,
    ChargeReversed,
    ClaimSettled,
    DemandCharged,
    EnforcementCharged,
    FilingCharged,
    PaymentAllocated,
)
from law.order_to_pay import withdraw_by
from plumbing import outbound
from plumbing.outbound import Parcel
from plumbing.problems import Problem
from plumbing.transaction import Transaction
from services.collections import store
from services.collections.domain import applications, cases, disputes
from services.collections.domain.applications import Receipt
from services.collections.domain.cases import Case, Decision, Filing, Policy, Stage, Task
from services.collections.domain.disputes import Dispute

KRONOFOGDEN = "kronofogden"
STEP = "step"
CHECK_WITHDRAWAL = "check_withdrawal"
A_DAY = timedelta(days=1)

E = TypeVar("E", bound=Event)


# Door 1: what the other services say.


async def give_policies(tx: Transaction, events: Sequence[CreditorRegistered]) -> None:
    """A company joined: it starts with the house's policy."""
    await store.add_policies(tx, [event.creditor_id for event in events])


async def know_claims(tx: Transaction, events: Sequence[InvoiceIssued]) -> None:
    """Remember whose each claim is: its debtor may object long before there is a case."""
    await store.add_claims(tx, events)


async def open_cases(tx: Transaction, events: Sequence[HandedToCollection]) -> None:
    """Open a case for each claim that has none; a second hand-over changes nothing."""
    opened = await store.new_cases(tx, events)
    await _carry_out(tx, [cases.open_case(case, tx.today) for case in opened])


async def follow_demands(tx: Transaction, events: Sequence[DemandCharged]) -> None:
    """Demands were priced."""
    await _decide(tx, events, cases.hear_demand_charged)


async def follow_payments(tx: Transaction, events: Sequence[PaymentAllocated]) -> None:
    """Money met claims: stop, withdraw or reduce; claims without a case are passed by."""
    await _decide(tx, events, partial(_with_today, applications.hear_payment, tx))


async def follow_settlements(tx: Transaction, events: Sequence[ClaimSettled]) -> None:
    """Balances became zero by something else than money."""
    await _decide(tx, events, partial(_with_today, applications.hear_settled, tx))


async def follow_refusals(tx: Transaction, events: Sequence[ChargeRefused]) -> None:
    """The ledger said no."""
    await _decide(tx, events, partial(_with_today, applications.hear_refused, tx))


async def follow_reversals(tx: Transaction, events: Sequence[ChargeReversed]) -> None:
    """Charges were taken back."""
    await _decide(tx, events, partial(_with_today, applications.hear_reversed, tx))


async def file(tx: Transaction, events: Sequence[FilingCharged], *, ombudskod: str) -> None:
    """Applications were priced: write and queue them."""
    rule = partial(applications.hear_filing_charged, ombudskod=ombudskod, now=tx.now)
    await _decide(tx, events, rule)


async def enforce(tx: Transaction, events: Sequence[EnforcementCharged]) -> None:
    """Enforcement was priced: apply for it."""
    await _decide(tx, events, applications.hear_enforcement_charged)


async def count_from_sending(tx: Transaction, events: Sequence[DeliveryAccepted]) -> None:
    """Demands left: their time runs."""
    await _decide(tx, _demands(events), cases.hear_sent)


async def propose_again(tx: Transaction, events: Sequence[DeliveryStale]) -> None:
    """Demands could not leave in time."""
    await _decide(tx, _demands(events), partial(_with_today, cases.hear_stale, tx))


async def ask_a_person(tx: Transaction, events: Sequence[DeliveryFailed]) -> None:
    """Demands that no channel would take."""
    await _decide(tx, _demands(events), cases.hear_undeliverable)


L = TypeVar("L", DeliveryAccepted, DeliveryFailed, DeliveryStale)


def _demands(events: Sequence[L]) -> list[L]:
    return [event for event in events if event.letter is Letter.DEMAND]


def _with_today(rule: Callable[..., Decision], tx: Transaction, case: Case, event: Any) -> Decision:
    return rule(case, event, tx.today)


async def _decide(
    tx: Transaction, events: Sequence[E], rule: Callable[[Case, E], Decision]
) -> None:
    if events:
        known = await store.lock_cases(tx, [ClaimId(event.key) for event in events])
        heard = [event for event in events if event.key in known]
        await _carry_out(tx, [rule(known[ClaimId(event.key)], event) for event in heard])


# Door 2: a day comes.


async def take_steps(tx: Transaction, claim_ids: Sequence[ClaimId]) -> None:
    """The day of a step came: ask the rules again."""
    known = await store.lock_cases(tx, claim_ids)
    await _carry_out(tx, [cases.take_step(case, tx.today) for case in known.values()])


async def check_withdrawals(tx: Transaction, claim_ids: Sequence[ClaimId]) -> None:
    """A banking day after a claim was settled: alarm if it still stands open at Kronofogden."""
    known = await store.lock_cases(tx, claim_ids)
    late = [case for case in known.values() if case.stage is Stage.WITHDRAWING]
    await store.add_tasks(tx, [(case, Task("withdrawal_overdue")) for case in late])


# Kronofogden.


async def look_again(tx: Transaction, parcel: Parcel) -> bool:
    """Just before a sending, under the case's lock: whether the message still goes.

    That an application is being sent is written first, for from then on it can only be withdrawn.
    """
    known = await store.lock_cases(tx, [ClaimId(parcel.key)])
    case = known.get(ClaimId(parcel.key))
    looked = case and applications.look_again(case, json.loads(parcel.body))
    if looked is None:
        return False
    if looked != case:
        await store.save_cases(tx, [looked])
    return True


async def settle_messages(
    tx: Transaction, carried: Sequence[tuple[Parcel, Receipt | None]]
) -> None:
    """Kronofogden's receipts, one per case; None for a message that was dropped."""
    known = await store.lock_cases(tx, [ClaimId(parcel.key) for parcel, _ in carried])
    decisions = [
        applications.hear_receipt(
            known[ClaimId(parcel.key)], json.loads(parcel.body), receipt, tx.today
        )
        for parcel, receipt in carried
        if parcel.key in known
    ]
    await _carry_out(tx, decisions)


async def hear_news(tx: Transaction, after: int, news: Sequence[Mapping[str, Any]]) -> None:
    """Act on Kronofogden's numbered messages, once each; a number heard before changes nothing."""
    if await store.news_heard(tx, lock=True) != after:
        return  # another process heard them meanwhile
    known = await store.lock_numbers(tx, [str(one.get("reference")) for one in news])
    decisions: list[Decision] = []
    strange: list[tuple[Case | None, Task]] = []
    for one in news:
        case = known.get(str(one.get("reference")))
        if case is None:
            strange.append((None, Task("news_of_unknown_case", f"message {one.get('number')}")))
            continue
        try:
            decision = applications.hear_news(case, one, tx.today)
        except (KeyError, TypeError, ValueError):
            strange.append((case, Task("unreadable_news", f"message {one.get('number')}")))
            continue
        known[case.number] = decision.case
        decisions.append(decision)
    await store.add_tasks(tx, strange)
    await store.move_news(tx, max(int(one["number"]) for one in news))
    await _carry_out(tx, decisions)


# Door 3: somebody asks.


async def object_to(
    tx: Transaction,
    claim_id: ClaimId,
    reason: str,
    disputed_ore: int | None,
    by: CreditorId | None = None,
) -> Dispute:
    """Take an objection; 404 for a claim unknown or not of company `by`, 409 for a second one."""
    owner = await store.owner_of(tx, claim_id)
    if owner is None or by not in (None, owner):
        raise Problem(404, "No such claim")
    known = await store.lock_cases(tx, [claim_id])
    dispute = Dispute(
        DisputeId(new_id()), claim_id, owner, reason, disputed_ore, objected_on=tx.today
    )
    if not await store.add_disputes(tx, [dispute]):
        raise Problem(409, "The claim is disputed already")
    tx.say([disputes.disputed(dispute)])
    await _carry_out(tx, [disputes.hold(case) for case in known.values()])
    return dispute


async def settle_dispute(tx: Transaction, dispute_id: UUID, outcome: str) -> Dispute:
    """End an objection; 404 for an unknown one, 409 for one that has ended."""
    found = await store.lock_dispute(tx, dispute_id)
    if found is None:
        raise Problem(404, "No such dispute")
    if found.outcome is not None:
        raise Problem(409, "The dispute is settled already")
    dispute, event = disputes.settle(found, DisputeOutcome(outcome), tx.today)
    known = await store.lock_cases(tx, [dispute.claim_id])
    await store.settle_dispute(tx, dispute)
    tx.say([event])
    decisions = [disputes.release(case, dispute, tx.today) for case in known.values()]
    await _carry_out(tx, decisions)
    return dispute


async def withdraw(tx: Transaction, claim_id: ClaimId) -> Case:
    """The creditor regrets (R-112, R-113); 404 without a case, 409 for one that is ending."""
    case = await _lock_one(tx, claim_id)
    if case.stage in (Stage.CLOSED, Stage.WITHDRAWING):
        raise Problem(409, "The case has ended")
    decision = applications.end(case, CloseReason.CREDITOR_WITHDREW, "creditor", tx.today)
    await _carry_out(tx, [decision])
    return decision.case


async def file_now(tx: Transaction, claim_id: ClaimId) -> Case:
    """The creditor decides to file; 409 where the case does not wait for that."""
    case = await _lock_one(tx, claim_id)
    if case.stage is not Stage.AWAITS_CREDITOR or case.held:
        raise Problem(409, "The case does not wait for its creditor", stage=case.stage)
    if (lack := cases.lack_of(case)) is not None or case.lack is cases.Lack.BARRED:
        raise Problem(409, "The case cannot be filed", reason=lack or case.lack)
    decision = cases.propose_filing(case, tx.today)
    await _carry_out(tx, [decision])
    return decision.case


async def choose_policy(
    tx: Transaction, creditor_id: CreditorId, *, filing: str, enforcement: bool
) -> None:
    """Keep a creditor's choice; cases ask for it when their next step comes."""
    await store.save_policy(tx, creditor_id, Policy(Filing(filing), enforcement))


async def _lock_one(tx: Transaction, claim_id: ClaimId) -> Case:
    known = await store.lock_cases(tx, [claim_id])
    if claim_id not in known:
        raise Problem(404, "No such case")
    return known[claim_id]


# Carrying out.


async def _carry_out(tx: Transaction, decisions: Sequence[Decision]) -> None:
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
    closed = [claim_id for claim_id, case in latest.items() if case.stage is Stage.CLOSED]
    await store.finish_tasks(tx, closed)


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
