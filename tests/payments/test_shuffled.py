"""The ledger in any order of hearing: which charges stand, and where every öre lies, in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.collections import CaseWithdrawn, EnforcementProposed, FilingProposed
from contracts.envelope import Event
from contracts.ids import new_id
from contracts.invoicing import InvoiceIssued
from contracts.notifications import DeliveryAccepted, DeliveryFailed, Letter
from contracts.payments import (
    CHARGED,
    Charged,
    ChargeReversed,
    ClaimOpened,
    ClaimSettled,
    DemandCharged,
    FilingCharged,
    PaymentAllocated,
    ReminderCharged,
)
from plumbing.inbox import Inbox
from tests.payments import facts
from tests.payments.conftest import Room
from tests.shuffled import SAID_OF, Act, Delivery, events_in, shuffled

ANSWERS: Mapping[type[Event], type[Event]] = {
    FilingProposed: DemandCharged,
    EnforcementProposed: FilingCharged,
    CaseWithdrawn: FilingCharged,
}
TOTAL = 324_000
FEE, COST, FILING, ENFORCEMENT = 6_000, 18_000, 30_000 + 38_000, 60_000
TO_REMINDER, TO_DEMAND, TO_ENFORCEMENT = 533, 2_397, 8_255
"""Interest at 10 % from the day after the due date: to 6 July, 27 July and 1 October."""


@dataclass(frozen=True)
class End:
    """The kinds of charges that stand, and the öre by account; nothing else is anywhere."""

    standing: frozenset[str]
    money: Mapping[str, int]


@dataclass(frozen=True)
class Story:
    """What is said about an invoice, topic by topic; what its debtor pays; the lawful ends.

    Two ends differ only where a fact dated *after* a charge was heard before its proposal.
    """

    topics: Callable[[InvoiceIssued], Sequence[Sequence[Event]]]
    ends: Sequence[End]
    paid: Sequence[tuple[int, date]] = ()
    credited: Sequence[tuple[int, date]] = ()
    repaid: bool = False
    """Whether an operator repays what is too much: once between, and once in the end."""
    answers: Mapping[type[Event], type[Event]] = field(default_factory=dict)
    due_date_agreed: bool = True


def owed(*standing: str, ore: int) -> End:
    """Nothing was paid: open components, and whose they will be."""
    return End(frozenset(standing), {"claim": ore, "pending": -ore})


def received(*standing: str, **whose: int) -> End:
    """Nothing is owed any more: money on the bank account, and whose it is."""
    held = {account: -ore for account, ore in whose.items()}
    return End(frozenset(standing), {"bank:client": sum(whose.values()), **held})


def part_paid(*standing: str, paid: int, left: int) -> End:
    """Something was paid, all of it the creditor's."""
    money = {"bank:client": paid, "payable": -paid, "claim": left, "pending": -left}
    return End(frozenset(standing), money)


def july(day: int) -> date:
    return date(2026, 7, day)


def withdrawn_dispute(on: InvoiceIssued, day: date) -> list[Event]:
    objection = facts.disputed(on, day)
    return [objection, facts.dispute_settled(objection)]


STORIES = {
    "nothing is paid": Story(
        lambda on: [[facts.remind(on)], [facts.demand(on), facts.file(on), facts.enforce(on)]],
        [
            owed(
                *("reminder", "demand", "filing", "enforcement"),
                ore=TOTAL + FEE + COST + FILING + ENFORCEMENT + TO_ENFORCEMENT,
            )
        ],
    ),
    "all paid or credited before the reminder": Story(
        lambda on: [[facts.remind(on)], withdrawn_dispute(on, july(15)), [facts.sent(on)]],
        [received(payable=300_000)],
        paid=[(100_000, july(2)), (200_000, july(3))],
        credited=[(24_000, july(1))],
    ),
    "a part paid before the reminder": Story(
        lambda on: [[facts.remind(on)]],
        [part_paid("reminder", paid=100_000, left=TOTAL - 100_000 + FEE + 423)],
        paid=[(100_000, july(2))],
    ),
    "paid between reminder and demand": Story(
        lambda on: [[facts.remind(on)], [facts.demand(on)]],
        [
            received("reminder", payable=TOTAL + FEE + TO_REMINDER),
            received(payable=TOTAL, overpaid=FEE + TO_REMINDER),
        ],
        paid=[(TOTAL + FEE + TO_REMINDER, july(20))],
    ),
    "the reminder never left": Story(
        lambda on: [[facts.remind(on)], [facts.undelivered(on, Letter.REMINDER)]],
        [received(payable=TOTAL)],
        paid=[(TOTAL, july(20))],
        answers={DeliveryFailed: ReminderCharged},
    ),
    "the reminder left after all": Story(
        lambda on: [
            [facts.remind(on)],
            [
                facts.sent(on, Letter.REMINDER, facts.REMINDED),
                facts.undelivered(on, Letter.REMINDER),
            ],
        ],
        [owed("reminder", ore=TOTAL + FEE + TO_REMINDER)],
        answers={DeliveryAccepted: ReminderCharged, DeliveryFailed: ReminderCharged},
    ),
    "the demand never left": Story(
        lambda on: [
            [facts.remind(on)],
            [facts.demand(on)],
            [facts.undelivered(on, Letter.DEMAND)],
        ],
        [owed("reminder", ore=TOTAL + FEE + TO_REMINDER)],
        answers={DeliveryFailed: DemandCharged},
    ),
    "the application never reached Kronofogden": Story(
        lambda on: [
            [facts.remind(on)],
            [facts.demand(on), facts.file(on), facts.never_filed(on)],
        ],
        [owed("reminder", "demand", ore=TOTAL + FEE + COST + TO_DEMAND)],
    ),
    "paid at the last moment, never filed": Story(
        lambda on: [[facts.demand(on), facts.file(on), facts.never_filed(on)]],
        [
            received(
                "demand",
                payable=TOTAL + TO_DEMAND,
                operator=COST,
                overpaid=400_000 - TOTAL - TO_DEMAND - COST,
            ),
            received(payable=TOTAL, overpaid=400_000 - TOTAL),
        ],
        paid=[(400_000, date(2026, 8, 11))],
    ),
    "disputed between reminder and demand": Story(
        lambda on: [[facts.remind(on)], [facts.demand(on)], [facts.disputed(on, july(15))]],
        [owed("reminder", ore=TOTAL + FEE + TO_REMINDER), owed(ore=TOTAL)],
    ),
    "paid too much, repaid, and paid before that too": Story(
        lambda on: [[facts.remind(on)], [facts.demand(on)]],
        [received("reminder", payable=TOTAL + FEE + TO_REMINDER), received(payable=TOTAL)],
        paid=[(2 * TOTAL, july(29)), (TOTAL + FEE + TO_REMINDER, july(20))],
        repaid=True,
    ),
    "credited in two, repaid between": Story(
        lambda on: [[facts.remind(on)], [facts.demand(on), facts.file(on)]],
        [End(frozenset(), {})],
        paid=[(300_000, july(20))],
        credited=[(200_000, july(29)), (TOTAL - 200_000, july(30))],
        repaid=True,
    ),
    "credited whole": Story(
        lambda on: [[facts.remind(on)], [facts.demand(on), facts.file(on)]],
        [received(overpaid=50_000)],
        paid=[(50_000, july(20))],
        credited=[(TOTAL, july(30))],
    ),
    "no due date agreed": Story(
        lambda on: [[facts.remind(on, july(10))], [facts.sent(on, sent_on=date(2026, 6, 5))]],
        [owed("reminder", ore=TOTAL + FEE + interest) for interest in (444, 0)],
        due_date_agreed=False,
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
@shuffled(15)
@given(data=st.data())
async def test_whatever_comes_first_and_twice_the_ledger_ends_where_the_story_lets_it(
    room: Room, story: Story, data: st.DataObject
) -> None:
    """events.md 3: what is dated on or before a charge refuses or reverses it: the same money.

    law-and-fees 5: what was repaid meanwhile is the debtor's no more, whatever is heard then.
    """
    room.live_on(facts.REMINDED)  # so that no proposal is heard after its day, and moved
    before = (await room.check()).accounts
    invoice = facts.invoice(TOTAL, creditor_id=new_id(), due_date_agreed=story.due_date_agreed)
    notes = [facts.credit(invoice, ore, credited_on=day) for ore, day in story.credited]
    bookings: list[Act] = [
        partial(room.book, facts.payment(invoice.ocr, amount_ore=ore, paid_on=day))
        for ore, day in story.paid
    ]
    delivery = Delivery(
        data,
        Inbox(room.database, "payments", room.hears),
        partial(said_of, room, invoice.claim_id),
        lambda event: {**ANSWERS, **story.answers}.get(type(event)),
    )
    repay = partial(repay_what_is_too_much, room, invoice.claim_id)
    topics: list[Sequence[Event | Act]] = [*story.topics(invoice), bookings, [*bookings]]
    topics += [[repay]] * story.repaid
    await delivery.of([invoice, *notes], *topics)
    if story.repaid:
        await repay()
    after = (await room.check()).accounts
    moved = {name: after.get(name, 0) - before.get(name, 0) for name in {**before, **after}}
    money = {name: ore for name, ore in moved.items() if ore}
    assert End(await standing(room, invoice.claim_id), money) in story.ends
    assert believed(await said_of(room, invoice.claim_id)) == money.get("claim", 0)


async def repay_what_is_too_much(room: Room, claim: UUID) -> None:
    """An operator repays what stands in the queue of a claim now, if anything does."""
    rows = await room.rows(f"select overpaid_ore from claim where claim_id = '{claim}'")
    if ore := sum(row.overpaid_ore for row in rows):
        await room.repay(claim, ore)


async def said_of(room: Room, claim: UUID) -> list[Event]:
    return events_in(await room.rows(SAID_OF, claim=claim))


async def standing(room: Room, claim: UUID) -> frozenset[str]:
    """The kinds of charges that stand; each was said once, and so was each that was taken back."""
    assert await room.rows("select reason from parked") == []
    assert await room.rows(f"select type from waiting where claim_id = '{claim}'") == []
    rows = await room.rows(f"select * from charge where claim_id = '{claim}'")
    said = await said_of(room, claim)
    told = [(kind, e.ordinal, e.charged_on, e.fee_ore) for kind, e in _charged(said)]
    made = [(row.kind, row.ordinal, row.charged_on, row.fee_ore + row.work_ore) for row in rows]
    assert sorted(told) == sorted(made)
    gone = [(row.kind, row.ordinal) for row in rows if row.state == "reversed"]
    taken_back = [(e.kind.value, e.ordinal) for e in said if isinstance(e, ChargeReversed)]
    assert sorted(taken_back) == sorted(gone)
    return frozenset(row.kind for row in rows if row.state == "charged")


def _charged(said: Sequence[Event]) -> list[tuple[str, Any]]:
    kinds: dict[type[Any], str] = {event: kind.value for kind, event in CHARGED.items()}
    return [(kinds[type(e)], e) for e in said if isinstance(e, Charged)]


def believed(said: Sequence[Event]) -> int:
    """What a hearer of the claim's topic takes to be owed, in öre: each event tells the whole."""
    ore = 0
    for event in said:
        match event:
            case ClaimOpened():
                ore = event.total_ore
            case PaymentAllocated() | ChargeReversed():
                ore = event.remaining_ore
            case ClaimSettled():
                ore = 0
            case Charged():
                assert event.statement.total_ore == sum(
                    (event.statement.capital_ore, event.statement.interest_ore)
                ) + sum(cost.amount_ore for cost in event.statement.costs)
                ore = event.statement.total_ore
    return ore
