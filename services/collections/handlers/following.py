"""What the other services say, and what a day brings: each decided under its case's lock."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from contracts.envelope import Event
from contracts.ids import ClaimId
from contracts.invoicing import (
    CreditorRegistered,
    HandedToCollection,
    InvoiceIssued,
    RecipientChanged,
)
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
from plumbing.transaction import Transaction
from services.collections import store
from services.collections.domain import applications, cases, handover
from services.collections.domain.cases import Case, Decision, Stage, Task
from services.collections.handlers.carrying import carry_out

E = TypeVar("E", bound=Event)


# Door 1: what the other services say.


async def give_policies(tx: Transaction, events: Sequence[CreditorRegistered]) -> None:
    """A company joined: it starts with the house's policy."""
    await store.add_policies(tx, [event.creditor_id for event in events])


async def know_claims(tx: Transaction, events: Sequence[InvoiceIssued]) -> None:
    """Remember whose each claim is: its debtor may object long before there is a case."""
    await store.add_claims(tx, events)


async def open_cases(tx: Transaction, events: Sequence[HandedToCollection]) -> None:
    """Open a case for each claim that has none; one that has is handed over anew."""
    known = await store.lock_cases(tx, [event.claim_id for event in events])
    again = [event for event in events if event.claim_id in known]
    opened = await store.new_cases(tx, [one for one in events if one.claim_id not in known])
    decisions = [cases.open_case(case, tx.today) for case in opened]
    decisions += [handover.hear_again(known[each.claim_id], each, tx.today) for each in again]
    await carry_out(tx, decisions)


async def follow_recipients(tx: Transaction, events: Sequence[RecipientChanged]) -> None:
    """Debtors' contact details were corrected."""
    await _decide(tx, events, partial(_with_today, handover.hear_recipient_changed, tx))


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
        await carry_out(tx, [rule(known[ClaimId(event.key)], event) for event in heard])


# Door 2: a day comes.


async def take_steps(tx: Transaction, claim_ids: Sequence[ClaimId]) -> None:
    """The day of a step came: ask the rules again."""
    known = await store.lock_cases(tx, claim_ids)
    await carry_out(tx, [cases.take_step(case, tx.today) for case in known.values()])


async def check_withdrawals(tx: Transaction, claim_ids: Sequence[ClaimId]) -> None:
    """A banking day after a claim was settled: alarm if it still stands open at Kronofogden."""
    known = await store.lock_cases(tx, claim_ids)
    late = [case for case in known.values() if case.stage is Stage.WITHDRAWING]
    await store.add_tasks(tx, [(case, Task("withdrawal_overdue")) for case in late])
