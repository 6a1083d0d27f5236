"""The ladder's rules, without a database."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import pytest

from contracts.collections import DisputeOutcome
from contracts.dunning import CollectionProposed, ReminderProposed
from contracts.envelope import Event
from contracts.payments import RefusalReason, ReversalCause
from contracts.terms import ChargeKind
from services.dunning import domain
from services.dunning.domain import Claim, Collection, Decision, Policy, Refusal, Step, StepKind
from tests.dunning.builders import (
    CLAIM,
    COLLECTION_ON,
    CREDITOR,
    DUE_ON,
    ISSUED_ON,
    PAY_BY,
    REMINDER_ON,
    allocated,
    case_opened,
    charge_reversed,
    charged,
    deferred,
    dispute_settled,
    disputed,
    issued,
    refused,
    reminder_sent,
    reminder_stale,
    reopened,
    sent,
    settled,
)

A_DAY = timedelta(days=1)
AUTOMATIC = Policy(collection=Collection.AUTOMATIC)
PROPOSED = domain.Reminder.PROPOSED
NEXT_BANKING_DAY = date(2026, 10, 6)


def known(*events: Event, policy: Policy = AUTOMATIC, start: Claim | None = None) -> Claim:
    """A claim whose invoice was sent, after events, merged as the store merges them."""
    claim = start or Claim(CLAIM, CREDITOR, policy=policy, invoice_sent_on=ISSUED_ON)
    for event in events:
        facts = domain.facts_of(event)
        if facts is None:
            continue
        told = {
            name: value
            for name in (
                *("due_on", "settled", "dispute", "in_collection", "reminder", "pay_by"),
                *("invoice_sent_on", "reminder_sent_on"),
            )
            if (value := getattr(facts, name)) is not None
        }
        days = [day for day in (claim.not_before, facts.not_before) if day]
        ordinals = {
            name: max(getattr(claim, name), getattr(facts, name) or 0)
            for name in ("reminder_ordinal", "stale_ordinal")
        }
        claim = claim._replace(**told, **ordinals, not_before=max(days, default=None))
    return claim


def asked(claim: Claim) -> Claim:
    """The claim with its reminder proposed."""
    return claim._replace(reminder=PROPOSED, reminder_ordinal=1)


@pytest.mark.parametrize(
    ("today", "says"),
    [(DUE_ON, 0), (REMINDER_ON - A_DAY, 0), (REMINDER_ON, 1), (REMINDER_ON + A_DAY, 1)],
)
def test_an_unpaid_invoice_is_reminded_five_days_after_its_due_date(today: date, says: int) -> None:
    """R-99."""
    decision = domain.take_step(known(issued()), today=today)
    assert len(decision.says) == says
    assert (decision.wake_on == REMINDER_ON) is (says == 0)


def test_a_creditor_may_wait_longer_before_the_reminder() -> None:
    """R-99: the tenth day is a Saturday."""
    claim = known(issued(), policy=replace(AUTOMATIC, reminder_days=10))
    assert domain.next_step(claim) == Step(StepKind.REMINDER, date(2026, 10, 12))


def test_a_reminder_is_proposed_with_a_date_eight_days_later() -> None:
    decision = domain.take_step(known(issued()), today=REMINDER_ON)
    assert decision.says == (
        ReminderProposed(claim_id=CLAIM, creditor_id=CREDITOR, as_of=REMINDER_ON, pay_by=PAY_BY),
    )
    assert decision.claim.reminder is PROPOSED
    assert domain.next_step(decision.claim) is None


def test_nothing_is_proposed_on_a_day_when_banks_are_closed() -> None:
    saturday = date(2026, 10, 10)
    decision = domain.take_step(known(issued()), today=saturday)
    assert decision == Decision(known(issued()), wake_on=date(2026, 10, 12))


@pytest.mark.parametrize(
    "event",
    [
        allocated(),
        settled(),
        case_opened(),
        disputed(),
        dispute_settled(DUE_ON, DisputeOutcome.UPHELD),
        refused(RefusalReason.BARRED),
        refused(RefusalReason.SETTLED),
        refused(RefusalReason.CREDITED),
    ],
    ids=lambda event: event.type,
)
def test_a_settled_disputed_or_handed_over_invoice_is_never_reminded(event: Event) -> None:
    for order in permutations([issued(), event]):
        claim = known(*order)
        assert domain.next_step(claim) is None
        assert not domain.take_step(claim, today=REMINDER_ON).says
        assert isinstance(domain.remind_now(claim, today=REMINDER_ON), Refusal)


def test_a_part_payment_does_not_stop_the_reminder() -> None:
    """R-94."""
    claim = known(allocated(settled=False), issued())
    assert domain.next_step(claim) == Step(StepKind.REMINDER, REMINDER_ON)


def test_a_claim_that_is_open_again_is_reminded_on_a_later_banking_day() -> None:
    claim = known(issued(), allocated(), reopened(REMINDER_ON))
    assert domain.next_step(claim) == Step(StepKind.REMINDER, NEXT_BANKING_DAY)
    early = known(issued(), allocated(), reopened(DUE_ON))
    assert domain.next_step(early) == Step(StepKind.REMINDER, REMINDER_ON)


def test_an_unpaid_reminder_leads_to_collection_after_its_date() -> None:
    for order in permutations([issued(), charged(), reminder_sent()]):
        claim = known(*order)
        assert domain.next_step(claim) == Step(StepKind.COLLECTION, COLLECTION_ON)
        assert not domain.take_step(claim, today=COLLECTION_ON - A_DAY).says
        decision = domain.take_step(claim, today=COLLECTION_ON)
        assert decision.says == (
            CollectionProposed(claim_id=CLAIM, creditor_id=CREDITOR, as_of=COLLECTION_ON),
        )
        assert domain.next_step(decision.claim) is None


def test_a_creditor_who_wants_to_be_asked_hands_over_himself() -> None:
    reminded = known(issued(), charged(), reminder_sent(), policy=Policy())
    assert domain.next_step(reminded) is None


def test_a_creditor_may_wait_longer_before_collection() -> None:
    patient = replace(AUTOMATIC, collection_after_days=30)
    claim = known(issued(), charged(), reminder_sent(), policy=patient)
    assert domain.next_step(claim) == Step(StepKind.COLLECTION, date(2026, 11, 12))


def test_without_reminders_an_unpaid_invoice_goes_to_collection_on_the_reminder_day() -> None:
    policy = replace(AUTOMATIC, reminders=False)
    claim = known(issued(), policy=policy)
    assert domain.next_step(claim) == Step(StepKind.COLLECTION, REMINDER_ON)
    later = known(issued(), policy=replace(policy, collection_after_days=10))
    assert domain.next_step(later) == Step(StepKind.COLLECTION, date(2026, 10, 15))
    assert domain.next_step(known(issued(), policy=Policy(reminders=False))) is None


@pytest.mark.parametrize("cause", list(ReversalCause))
def test_one_reminder_is_sent_and_never_two_even_when_it_was_reversed(cause: ReversalCause) -> None:
    """R-100."""
    undone = charge_reversed(cause=cause, remaining_ore=600_00)
    for order in permutations([issued(), reminder_sent(), charged()]):
        claim = known(*order, undone)
        assert domain.next_step(claim) == Step(StepKind.COLLECTION, COLLECTION_ON)
        assert domain.remind_now(claim, today=COLLECTION_ON) is Refusal.ALREADY_REMINDED


def test_a_reminder_that_was_taken_back_before_it_left_leads_nowhere() -> None:
    """Nobody was reminded: no collection follows, and only the creditor asks for another."""
    undone = charge_reversed(cause=ReversalCause.NEVER_DELIVERED, remaining_ore=600_00)
    claim = known(issued(), charged(), undone)
    assert domain.next_step(claim) is None
    decision = domain.remind_now(claim, today=COLLECTION_ON)
    assert isinstance(decision, Decision)
    (proposal,) = decision.says
    assert isinstance(proposal, ReminderProposed)
    assert proposal.ordinal == 2
    refused_then = known(refused(RefusalReason.TOO_EARLY), start=decision.claim)
    (again,) = domain.take_step(refused_then, today=COLLECTION_ON).says
    assert isinstance(again, ReminderProposed)
    assert again.ordinal == 2, "the first number is the reminder's that was taken back"
    unreminding = claim._replace(policy=replace(AUTOMATIC, reminders=False))
    assert domain.next_step(unreminding) == Step(StepKind.COLLECTION, REMINDER_ON)


@pytest.mark.parametrize("kind", [ChargeKind.REMINDER, ChargeKind.DEMAND])
def test_a_reversal_that_leaves_nothing_to_pay_ends_the_ladder(kind: ChargeKind) -> None:
    reminded = known(issued(), charged(), reminder_sent())
    for left_ore, ends in ((0, True), (1, False)):
        claim = known(charge_reversed(kind=kind, remaining_ore=left_ore), start=reminded)
        assert claim.settled is ends
        assert (domain.next_step(claim) is None) is ends


def test_a_reversed_demand_is_no_reversed_reminder() -> None:
    claim = known(issued(), charged(), charge_reversed(kind=ChargeKind.DEMAND, remaining_ore=1))
    assert claim.reminder is domain.Reminder.CHARGED


@pytest.mark.parametrize(
    "reason", [RefusalReason.TOO_EARLY, RefusalReason.ON_HOLD, RefusalReason.DISPUTED]
)
def test_a_reminder_refused_for_now_is_proposed_on_the_next_banking_day(
    reason: RefusalReason,
) -> None:
    claim = known(refused(reason), start=asked(known(issued())))
    assert domain.next_step(claim) == Step(StepKind.REMINDER, NEXT_BANKING_DAY)


@pytest.mark.parametrize(
    "event",
    [refused(RefusalReason.ALREADY_CHARGED), refused(RefusalReason.TOO_EARLY, ChargeKind.DEMAND)],
)
def test_a_refusal_of_something_else_changes_nothing(event: Event) -> None:
    assert domain.facts_of(event) is None


def test_a_withdrawn_objection_lets_the_reminder_go_on_a_later_banking_day() -> None:
    claim = known(issued(), disputed(), dispute_settled(date(2026, 10, 9)))
    assert domain.next_step(claim) == Step(StepKind.REMINDER, date(2026, 10, 12))
    early = known(issued(), disputed(), dispute_settled(DUE_ON))
    assert domain.next_step(early) == Step(StepKind.REMINDER, REMINDER_ON)


def test_the_order_between_topics_does_not_matter() -> None:
    refusal, dispute = refused(RefusalReason.DISPUTED), disputed()
    end = dispute_settled(date(2026, 10, 20))
    orders = [(refusal, dispute, end), (dispute, refusal, end), (dispute, end, refusal)]
    steps = {domain.next_step(known(*order, start=asked(known(issued())))) for order in orders}
    assert steps == {Step(StepKind.REMINDER, date(2026, 10, 21))}


def test_a_paused_claim_waits_until_the_day_the_creditor_gave() -> None:
    claim = known(issued())._replace(paused_until=date(2026, 10, 24))
    assert domain.next_step(claim) == Step(StepKind.REMINDER, date(2026, 10, 26))


@pytest.mark.parametrize(
    ("today", "allowed"), [(DUE_ON - A_DAY, False), (DUE_ON, False), (DUE_ON + A_DAY, True)]
)
def test_a_creditor_can_remind_as_soon_as_the_invoice_is_overdue(
    today: date, allowed: bool
) -> None:
    decision = domain.remind_now(known(issued()), today=today)
    assert isinstance(decision, Decision) if allowed else decision is Refusal.NOT_DUE
    assert domain.remind_now(Claim(CLAIM, CREDITOR), today=today) is Refusal.NOT_ISSUED


def test_a_reminder_is_not_asked_for_twice() -> None:
    reminded = known(issued(), charged(), reminder_sent())
    for claim in (asked(known(issued())), known(issued(), charged()), reminded):
        assert domain.remind_now(claim, today=REMINDER_ON) is Refusal.ALREADY_REMINDED


def test_nobody_is_reminded_or_collected_from_before_the_invoice_was_sent() -> None:
    """events.md 3.3: sent counts from the channel's yes; law.demand's NOT_NOTIFIED."""
    unsent = Claim(CLAIM, CREDITOR, policy=AUTOMATIC)
    for policy in (AUTOMATIC, replace(AUTOMATIC, reminders=False)):
        claim = known(issued(), start=unsent._replace(policy=policy))
        assert domain.next_step(claim) is None
        assert domain.take_step(claim, today=COLLECTION_ON) == Decision(claim)
        assert domain.remind_now(claim, today=COLLECTION_ON) is Refusal.NOT_SENT
    for order in permutations([issued(), sent()]):
        claim = known(*order, start=unsent)
        assert domain.next_step(claim) == Step(StepKind.REMINDER, REMINDER_ON)


@pytest.mark.parametrize(
    ("sent_on", "reminded_on"),
    [(DUE_ON, REMINDER_ON), (DUE_ON + A_DAY, REMINDER_ON + A_DAY)],
)
def test_an_invoice_sent_after_its_due_date_is_reminded_of_as_if_due_when_sent(
    sent_on: date, reminded_on: date
) -> None:
    claim = known(issued(), sent(on=sent_on))
    assert domain.next_step(claim) == Step(StepKind.REMINDER, reminded_on)


@pytest.mark.parametrize("reminders", [True, False])
def test_a_reminder_under_way_is_waited_for_whoever_asked_for_it(reminders: bool) -> None:
    """Also one that a creditor without reminders asked for; and its letter may be heard of first.

    Collection follows only what the ledger has booked *and* a channel has taken.
    """
    start = asked(known(issued(), policy=replace(AUTOMATIC, reminders=reminders)))
    for claim in (start, known(charged(), start=start), known(reminder_sent(), start=start)):
        assert domain.next_step(claim) is None
        assert domain.remind_now(claim, today=COLLECTION_ON) is Refusal.ALREADY_REMINDED
    reminded = known(reminder_sent(), charged(), start=start)
    assert domain.next_step(reminded) == Step(StepKind.COLLECTION, COLLECTION_ON)


@pytest.mark.parametrize(
    ("sent_on", "collected_on"),
    [
        (REMINDER_ON, COLLECTION_ON),
        (REMINDER_ON + A_DAY, COLLECTION_ON + A_DAY),
        (REMINDER_ON + 3 * A_DAY, date(2026, 10, 20)),
    ],
)
def test_the_time_of_a_reminder_counts_from_the_day_it_was_sent(
    sent_on: date, collected_on: date
) -> None:
    """events.md 3.3; eight days, and two banking days for the payment to show."""
    claim = known(issued(), charged(), reminder_sent(on=sent_on))
    assert domain.next_step(claim) == Step(StepKind.COLLECTION, collected_on)


def test_a_reminder_that_came_too_late_to_leave_is_proposed_anew() -> None:
    """Whatever is heard first of the ledger's yes and the letter's end."""
    for order in permutations([charged(), reminder_stale()]):
        claim = known(*order, start=asked(known(issued())))
        assert domain.next_step(claim) == Step(StepKind.REMINDER, REMINDER_ON)
        decision = domain.take_step(claim, today=PAY_BY)
        (proposal,) = decision.says
        assert isinstance(proposal, ReminderProposed)
        assert (proposal.ordinal, proposal.pay_by) == (2, date(2026, 10, 21))
        assert domain.next_step(decision.claim) is None
        late = known(charged(), start=decision.claim)
        assert domain.next_step(late) is None
        reminded = known(
            charged(ordinal=2, pay_by=proposal.pay_by),
            reminder_sent(on=PAY_BY, ordinal=2),
            start=late,
        )
        assert domain.next_step(reminded) == Step(StepKind.COLLECTION, date(2026, 10, 23))


def test_a_reminder_that_was_refused_keeps_its_number_for_the_next_time() -> None:
    again = domain.take_step(known(reminder_stale(), start=asked(known(issued()))), today=PAY_BY)
    refusal = refused(RefusalReason.TOO_EARLY, as_of=PAY_BY)
    decision = domain.take_step(known(refusal, start=again.claim), today=date(2026, 10, 14))
    (proposal,) = decision.says
    assert isinstance(proposal, ReminderProposed)
    assert proposal.ordinal == 2


def test_a_hand_over_that_was_refused_for_an_objection_is_proposed_when_that_is_withdrawn() -> None:
    """Invoicing heard of the objection before the proposal, dunning after it."""
    reminded = known(issued(), charged(), reminder_sent())
    proposed = domain.take_step(reminded, today=COLLECTION_ON).claim
    assert domain.next_step(proposed) is None
    objected = known(disputed(), start=proposed)
    assert domain.next_step(objected) is None
    withdrawn = known(dispute_settled(date(2026, 10, 16)), start=objected)
    assert domain.next_step(withdrawn) == Step(StepKind.COLLECTION, date(2026, 10, 19))
    assert domain.next_step(known(case_opened(), start=withdrawn)) is None
    again = domain.take_step(withdrawn, today=date(2026, 10, 19)).claim
    assert domain.next_step(again) is None


def test_a_claim_that_is_open_again_may_be_proposed_for_collection_again() -> None:
    proposed = domain.take_step(
        known(issued(), charged(), reminder_sent()), today=COLLECTION_ON
    ).claim
    again = known(allocated(), reopened(COLLECTION_ON), start=proposed)
    assert domain.next_step(again) == Step(StepKind.COLLECTION, date(2026, 10, 16))


def test_a_reminder_that_waits_for_a_reference_rate_is_not_said_to_be_on_its_way() -> None:
    """law-and-fees 1.3: whoever asks for it again hears why; the ledger answers once it can."""
    waits = known(deferred(), start=asked(known(issued())))
    assert domain.next_step(waits) is None, "nothing else is done meanwhile"
    gone = known(reminder_stale(), start=waits)
    assert isinstance(domain.remind_now(gone, today=REMINDER_ON), Decision)
    assert domain.remind_now(waits, today=REMINDER_ON) is Refusal.RATE_MISSING
    assert known(deferred(ChargeKind.DEMAND), start=waits) == waits
    priced = known(charged(), start=waits)
    assert domain.remind_now(priced, today=REMINDER_ON) is Refusal.ALREADY_REMINDED
    stale = known(reminder_stale(), start=priced)
    assert domain.next_step(stale) is not None
    refused_then = known(refused(RefusalReason.DISPUTED), start=waits)
    assert refused_then.reminder is domain.Reminder.NONE
