"""What four services say of an invoice, in any order: where it may stand, and what it tells."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.collections import (
    NEVER_FILED,
    CaseClosed,
    CaseFiled,
    CaseOpened,
    CaseOutcome,
    CaseOutcomeHeard,
    CaseWithdrawn,
    ClaimDisputed,
    CloseReason,
)
from contracts.dunning import CollectionProposed
from contracts.envelope import Event
from contracts.ids import new_id
from contracts.invoicing import Channel, HandedToCollection, InvoiceCredited
from contracts.notifications import DeliveryAccepted, DeliveryFailed, Letter
from contracts.payments import (
    ChargeRefused,
    ChargeReversed,
    ClaimSettled,
    DemandCharged,
    EnforcementCharged,
    FilingCharged,
    PayoutOrdered,
    PayoutPart,
    PayoutRejected,
    PayoutSettled,
    RefusalReason,
    ReminderCharged,
    ReversalCause,
    SettledHow,
)
from contracts.terms import ChargeKind
from tests.invoicing import builders, stories
from tests.invoicing.conftest import House
from tests.invoicing.stories import DAY, charged, paid
from tests.shuffled import SAID_OF, Act, Delivery, events_in, shuffled

ISSUED_ON = date(2026, 11, 2)
FACTS = (
    "settled",
    "disputes",
    "filed",
    "case_open",
    "reminded",
    "sent",
    "opened",
    "on_paper",
    "undelivered",
)


@dataclass(frozen=True)
class End:
    """Where an invoice stands: its state, what remains in öre, its facts, whether handed over."""

    state: str
    remaining_ore: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Those that differ from a fresh invoice's."""
    handed_over: bool = False


Who = Mapping[str, Any]
Topics = Callable[[Who], Sequence[Sequence[Event]]]


@dataclass(frozen=True)
class Story:
    """What is said of one claim, the timeline it makes (code, öre), and the lawful ends."""

    topics: Topics
    timeline: Sequence[tuple[str, int | None]]
    ends: Sequence[End]
    answers: Mapping[type[Event], type[Event]] = field(default_factory=dict)
    credited: bool = False
    """The company credits the invoice at some moment."""


def case(who: Who) -> dict[str, Any]:
    return {**who, "case_number": "INK-2026-1"}


def sent(who: Who, letter: Letter) -> DeliveryAccepted:
    return DeliveryAccepted(
        **who,
        delivery_id=new_id(),
        cause_event=new_id(),
        letter=letter,
        channel=Channel.EMAIL,
        sent_on=DAY,
    )


def undelivered(who: Who) -> DeliveryFailed:
    return DeliveryFailed(
        **who,
        delivery_id=new_id(),
        cause_event=new_id(),
        letter=Letter.INVOICE,
        reason="550",
        failed_on=DAY,
    )


def heard(who: Who, outcome: CaseOutcome) -> CaseOutcomeHeard:
    return CaseOutcomeHeard(**case(who), outcome=outcome, kronofogden_number="1", heard_on=DAY)


def filed(who: Who) -> list[Event]:
    return [
        CaseOpened(**case(who), opened_on=DAY),
        CaseFiled(**case(who), filed_on=DAY, amount_ore=2_170_00),
    ]


def disputed(who: Who) -> ClaimDisputed:
    return ClaimDisputed(**who, dispute_id=new_id(), disputed_ore=None, objected_on=DAY)


def to_collection(who: Who) -> CollectionProposed:
    return CollectionProposed(**who, as_of=DAY)


def closed(who: Who, reason: CloseReason) -> CaseClosed:
    return CaseClosed(**case(who), reason=reason, closed_on=DAY)


def charges(who: Who, *kinds: type[Any]) -> list[Event]:
    """Reminder, demand, filing, enforcement: each with what is owed after it."""
    return [charged(kind, dict(who), OWED[kind]) for kind in kinds]


OWED = {
    ReminderCharged: 1_310_00,
    DemandCharged: 1_490_00,
    FilingCharged: 2_170_00,
    EnforcementCharged: 2_770_00,
}


def refused(who: Who) -> ChargeRefused:
    return ChargeRefused(
        **who, kind=ChargeKind.DEMAND, ordinal=1, reason=RefusalReason.DISPUTED, as_of=DAY
    )


def filing_taken_back(who: Who) -> ChargeReversed:
    return ChargeReversed(
        **who,
        kind=ChargeKind.FILING,
        ordinal=1,
        amount_ore=680_00,
        cause=ReversalCause.NEVER_DELIVERED,
        reversed_on=DAY,
        remaining_ore=1_490_00,
    )


def payouts(who: Who) -> list[Event]:
    """The bank refuses the first order and carries out the second."""
    company, part = who["creditor_id"], PayoutPart(claim_id=who["claim_id"], amount_ore=1_250_00)
    first, second = new_id(), new_id()
    orders = [
        PayoutOrdered(
            payout_id=each,
            creditor_id=company,
            amount_ore=1_250_00,
            account_masked="***",
            claims=(part,),
            ordered_on=DAY,
        )
        for each in (first, second)
    ]
    about = {"creditor_id": company, "amount_ore": 1_250_00}
    refusal = PayoutRejected(**about, payout_id=first, reason="AC04", rejected_on=DAY)
    debit = PayoutSettled(**about, payout_id=second, settled_on=DAY)
    return [orders[0], refusal, orders[1], debit]


LETTERS = (Letter.INVOICE, Letter.REMINDER, Letter.DEMAND)
IN_COLLECTION = {"case_open": True}

STORIES = {
    "everything, and paid in the end": Story(
        lambda who: stories.life(who["claim_id"], who["creditor_id"]),
        [
            *(("reminder_charged", 1_310_00), ("part_paid", 310_00), ("charge_reversed", 60_00)),
            *(("demand_charged", 1_120_00), ("paid", 1_120_00), ("reopened", 1_120_00)),
            *(("settled", None), ("case_opened", None), ("case_filed", 1_120_00)),
            *(("case_outcome", None), ("case_withdrawn", None), ("case_closed", None)),
            *(("disputed", None), ("dispute_settled", None)),
            *(("sent", None), ("opened", None), ("sent", None)),
            *(("payout_ordered", 310_00), ("payout_settled", 310_00)),
        ],
        [
            End(
                "paid",
                0,
                {"settled": True, "case_open": False, "sent": True, "opened": True},
            )
        ],
    ),
    "to the end of the ladder": Story(
        lambda who: [
            charges(who, *OWED),
            [*filed(who), heard(who, CaseOutcome.SERVED), heard(who, CaseOutcome.DECIDED)],
            [sent(who, letter) for letter in LETTERS],
        ],
        [
            *(("reminder_charged", 1_310_00), ("demand_charged", 1_490_00)),
            *(("filing_charged", 2_170_00), ("enforcement_charged", 2_770_00)),
            *(("case_opened", None), ("case_filed", 2_170_00)),
            *(("case_outcome", None), ("case_outcome", None)),
            *(("sent", None), ("sent", None), ("sent", None)),
        ],
        [
            End(
                "kronofogden",
                2_770_00,
                {"filed": True, "reminded": True, "sent": True, **IN_COLLECTION},
            )
        ],
    ),
    "charged for filing, never filed, paid": Story(
        lambda who: [
            [
                *charges(who, ReminderCharged, DemandCharged, FilingCharged),
                *(filing_taken_back(who), paid(dict(who), 1_490_00, 0)),
            ],
            [
                CaseOpened(**case(who), opened_on=DAY),
                CaseWithdrawn(**case(who), reason=NEVER_FILED, withdrawn_on=DAY),
                closed(who, CloseReason.PAID),
            ],
        ],
        [
            *(("reminder_charged", 1_310_00), ("demand_charged", 1_490_00)),
            *(("filing_charged", 2_170_00), ("charge_reversed", 680_00), ("paid", 1_490_00)),
            *(("case_opened", None), ("case_withdrawn", None), ("case_closed", None)),
        ],
        [End("paid", 0, {"settled": True, "case_open": False, "reminded": True})],
    ),
    "refused, for it is disputed": Story(
        lambda who: [[*charges(who, ReminderCharged), refused(who)], [disputed(who)]],
        [("reminder_charged", 1_310_00), ("charge_refused", None), ("disputed", None)],
        [End("disputed", 1_310_00, {"disputes": 1, "reminded": True})],
    ),
    "the letter failed": Story(
        lambda who: [
            charges(who, ReminderCharged),
            [undelivered(who), sent(who, Letter.REMINDER)],
        ],
        [("reminder_charged", 1_310_00), ("delivery_failed", None), ("sent", None)],
        [End("reminded", 1_310_00, {"reminded": True, "undelivered": True})],
    ),
    "no channel took it": Story(
        lambda who: [[undelivered(who)]],
        [("delivery_failed", None)],
        [End("undelivered", 1_250_00, {"undelivered": True})],
    ),
    "one took it in the end": Story(
        lambda who: [[undelivered(who), sent(who, Letter.INVOICE)]],
        [("delivery_failed", None), ("sent", None)],
        [End("overdue", 1_250_00, {"undelivered": True, "sent": True})],
    ),
    "paid out at the second attempt": Story(
        lambda who: [[paid(dict(who), 1_250_00, 0)], payouts(who)],
        [
            ("paid", 1_250_00),
            *(("payout_ordered", 1_250_00), ("payout_rejected", 1_250_00)),
            *(("payout_ordered", 1_250_00), ("payout_settled", 1_250_00)),
        ],
        [End("paid", 0, {"settled": True})],
    ),
    "to collection": Story(
        lambda who: [charges(who, ReminderCharged), [to_collection(who)]],
        [("reminder_charged", 1_310_00)],
        [End("collection", 1_310_00, {"reminded": True}, handed_over=True)],
    ),
    "to collection, and ended there": Story(
        lambda who: [
            [to_collection(who)],
            [CaseOpened(**case(who), opened_on=DAY), closed(who, CloseReason.CREDITOR_WITHDREW)],
        ],
        [("case_opened", None), ("case_closed", None)],
        [End("overdue", 1_250_00, {"case_open": False}, handed_over=True)],
        answers={CaseOpened: HandedToCollection},
    ),
    "to collection, or paid": Story(
        lambda who: [
            [*charges(who, ReminderCharged), paid(dict(who), 1_310_00, 0)],
            [to_collection(who)],
        ],
        [("reminder_charged", 1_310_00), ("paid", 1_310_00)],
        [
            End("paid", 0, {"settled": True, "reminded": True}, handed_over=handed)
            for handed in (True, False)
        ],
    ),
    "to collection, or disputed": Story(
        lambda who: [[disputed(who)], [to_collection(who)]],
        [("disputed", None)],
        [
            End("disputed", 1_250_00, {"disputes": 1}, handed_over=handed)
            for handed in (True, False)
        ],
    ),
    "to collection, or credited": Story(
        lambda who: [
            [ClaimSettled(**who, how=SettledHow.CREDIT, as_of=DAY)],
            [to_collection(who)],
        ],
        [("settled", None), ("credited", 1_250_00)],
        [
            End("credited", 0, {"settled": True, "credited": True}, handed_over=handed)
            for handed in (True, False)
        ],
        answers={ClaimSettled: InvoiceCredited},
        credited=True,
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
@shuffled(12)
@given(data=st.data())
async def test_whatever_comes_first_and_twice_an_invoice_ends_where_the_story_lets_it(
    house: House, story: Story, data: st.DataObject
) -> None:
    """events.md 3; R-129: what is told reads the same whatever came first."""
    clock, engine = house.app.state.clock, house.app.state.database.engine
    await clock.move(engine, ISSUED_ON)
    seller = await house.seller()
    answer = await seller.post("/invoices", json=builders.invoice(terms_days=10))
    claim = UUID(answer.json()["claim_id"])
    await clock.move(engine, DAY)
    who = {"claim_id": claim, "creditor_id": seller.company}  # type: ignore[attr-defined]
    said = partial(said_of, house, claim)
    awaits = story.answers.get
    delivery = Delivery(data, house.app.state.inbox, said, lambda event: awaits(type(event)))
    acts: list[Act] = [partial(credit, seller, claim)] if story.credited else []
    await delivery.of(*story.topics(who), acts)
    end = await end_of(house, seller, claim)
    assert end in story.ends
    told = await timeline_of(seller, claim)
    assert _others(told) == _others(story.timeline)
    assert told[0] == ("issued", None)
    own = [each for each in story.timeline if each[0] in OWN]
    handed = [("handed_over", None)] if end.handed_over else []
    assert sorted(told) == sorted([*_others(told), *own, ("issued", None), *handed])


def _others(told: Sequence[tuple[str, int | None]]) -> list[tuple[str, int | None]]:
    """What invoicing has heard; what it does itself stands where it was done."""
    return [each for each in told if each[0] not in OWN]


OWN = ("issued", "handed_over", "credited")


async def credit(seller: httpx2.AsyncClient, claim: UUID) -> None:
    answer = await seller.post(f"/invoices/{claim}/credit", json={"reason": "Fel"})
    assert answer.status_code == 201, answer.text


async def said_of(house: House, claim: UUID) -> list[Event]:
    return events_in(await house.rows(SAID_OF, claim=claim))


async def end_of(house: House, seller: httpx2.AsyncClient, claim: UUID) -> End:
    """Where the invoice stands, as shown and as kept; what was handed over was said, once."""
    assert await house.rows("select reason from parked") == []
    shown = (await seller.get(f"/invoices/{claim}")).json()
    (row,) = await house.rows("select * from invoice where claim_id = :claim", claim=claim)
    fresh = {"disputes": 0, "case_open": None}
    facts = {
        name: getattr(row, name)
        for name in (*FACTS, "credited")
        if getattr(row, name) != fresh.get(name, False)
    }
    handed = [e for e in await said_of(house, claim) if isinstance(e, HandedToCollection)]
    assert len(handed) == (row.handed_over_on is not None)
    assert all((e.capital_ore, e.handed_over_on) == (1_250_00, DAY) for e in handed)
    assert shown["remaining_ore"] == row.remaining_ore
    return End(shown["state"], row.remaining_ore, facts, handed_over=bool(handed))


async def timeline_of(seller: httpx2.AsyncClient, claim: UUID) -> list[tuple[str, int | None]]:
    shown = (await seller.get(f"/invoices/{claim}")).json()
    return [(entry["what"], entry["amount_ore"]) for entry in shown["timeline"]]
