"""Which channel a letter takes, what stops it, and what is said of how it ended."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from contracts.ids import new_id
from contracts.invoicing import Channel
from contracts.notifications import DeliveryAccepted, DeliveryFailed, DeliveryStale, Letter
from law.demand import respond_by
from services.notifications import domain
from services.notifications.domain import Delivery, Outcome, Recipient, State
from tests.notifications.builders import CLAIM, SELLER

TODAY = date(2026, 6, 15)
CAUSE = UUID("0192f0c1-2345-7abc-8def-0123456789ab")
KARIN = Recipient("Karin", "karin@exempel.example", (Channel.EMAIL,), False, 1)
LETTER = Delivery(domain.delivery_id_of(CAUSE), CLAIM, SELLER, CAUSE, Letter.REMINDER, TODAY)
QUEUED = replace(LETTER, state=State.QUEUED, channel=Channel.EMAIL)


def test_a_letter_to_a_known_address_goes_by_email() -> None:
    """R-63."""
    decision = domain.dispatch(LETTER, KARIN, TODAY)
    assert (decision.delivery.state, decision.delivery.channel) == (State.QUEUED, Channel.EMAIL)
    assert decision.says == ()


def test_a_protected_person_is_never_written_to_by_machine() -> None:
    decision = domain.dispatch(LETTER, replace(KARIN, protected_identity=True), TODAY)
    assert decision.delivery.state is State.MANUAL
    assert decision.says == ()


@pytest.mark.parametrize(
    ("channels", "reason"),
    [
        ((Channel.PAPER,), domain.PAPER_UNAVAILABLE),
        ((Channel.EMAIL, Channel.PAPER), domain.PAPER_UNAVAILABLE),
        ((Channel.EMAIL,), domain.NO_ADDRESS),
    ],
)
def test_a_letter_that_no_channel_takes_fails_with_its_reason(
    channels: tuple[Channel, ...], reason: str
) -> None:
    decision = domain.dispatch(LETTER, replace(KARIN, email=None, channels=channels), TODAY)
    (said,) = decision.says
    assert isinstance(said, DeliveryFailed)
    assert (said.reason, said.cause_event, said.failed_on) == (reason, CAUSE, TODAY)


def test_until_there_is_paper_a_known_address_stands_in_for_it() -> None:
    decision = domain.dispatch(LETTER, replace(KARIN, channels=(Channel.PAPER,)), TODAY)
    assert decision.delivery.channel is Channel.EMAIL


@pytest.mark.parametrize(("late_days", "leaves"), [(-1, True), (0, True), (1, False)])
def test_a_demand_leaves_only_while_it_gives_the_legal_time(late_days: int, leaves: bool) -> None:
    """Inkassolagen (1974:182) 5 § 6; both sides of the last day."""
    stated = respond_by(TODAY, Channel.EMAIL) - timedelta(days=late_days)
    stopped = domain.stopped_at_the_door(QUEUED, KARIN, stated, TODAY)
    assert (stopped is None) is leaves
    if stopped:
        assert stopped.state is State.STALE
        (said,) = domain.conclude(QUEUED, stopped, TODAY).says
        assert isinstance(said, DeliveryStale)


def test_a_letter_looks_again_at_the_recipient_before_it_leaves() -> None:
    protected = replace(KARIN, protected_identity=True)
    stopped = domain.stopped_at_the_door(QUEUED, protected, None, TODAY)
    assert stopped is not None
    assert stopped.state is State.MANUAL


def test_a_letter_whose_charge_was_taken_back_does_not_leave() -> None:
    withdrawn = domain.withdraw(QUEUED, TODAY).delivery
    assert withdrawn.state is State.WITHDRAWN
    assert domain.stopped_at_the_door(withdrawn, KARIN, None, TODAY) == Outcome(
        State.WITHDRAWN, withdrawn.reason
    )


def test_a_letter_that_left_while_its_charge_was_taken_back_counts_as_sent() -> None:
    withdrawn = domain.withdraw(QUEUED, TODAY).delivery
    decision = domain.conclude(withdrawn, Outcome(State.ACCEPTED), TODAY)
    assert decision.delivery.state is State.ACCEPTED
    assert isinstance(decision.says[0], DeliveryAccepted)


def test_a_letter_that_has_ended_is_not_withdrawn() -> None:
    accepted = replace(QUEUED, state=State.ACCEPTED)
    assert domain.withdraw(accepted, TODAY) == domain.Decision(accepted)


def test_acceptance_says_day_channel_ordinal_and_cause() -> None:
    second = replace(QUEUED, ordinal=2)
    (said,) = domain.conclude(second, Outcome(State.ACCEPTED, doubtful=True), TODAY).says
    assert said == DeliveryAccepted(
        claim_id=CLAIM,
        creditor_id=SELLER,
        delivery_id=second.delivery_id,
        cause_event=CAUSE,
        letter=Letter.REMINDER,
        ordinal=2,
        channel=Channel.EMAIL,
        sent_on=TODAY,
        doubtful=True,
    )


@pytest.mark.parametrize(
    ("attempts", "refusals", "doubtful"),
    [(1, 0, False), (2, 0, True), (2, 1, False), (3, 1, True), (3, 2, False)],
)
def test_doubt_is_an_attempt_without_an_answer(
    attempts: int, refusals: int, doubtful: bool
) -> None:
    assert domain.is_doubtful(attempts, refusals) is doubtful


def test_letters_are_numbered_by_their_causes_and_sorted_as_these() -> None:
    causes = [new_id() for _ in range(500)]
    ids = [domain.delivery_id_of(cause) for cause in causes]
    assert ids == [domain.delivery_id_of(cause) for cause in causes]
    assert len({*ids, *causes}) == 1000
    assert sorted(ids) == ids
