"""Which channel a letter takes, what stops it, and what is said of how it ended."""

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
QUEUED = LETTER._replace(state=State.QUEUED, channel=Channel.EMAIL)


def test_a_letter_to_a_known_address_goes_by_email() -> None:
    """R-63."""
    decision = domain.dispatch(LETTER, KARIN, TODAY)
    assert (decision.delivery.state, decision.delivery.channel) == (State.QUEUED, Channel.EMAIL)
    assert decision.says == ()


def test_a_protected_person_is_never_written_to_by_machine() -> None:
    decision = domain.dispatch(LETTER, KARIN._replace(protected_identity=True), TODAY)
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
    decision = domain.dispatch(LETTER, KARIN._replace(email=None, channels=channels), TODAY)
    (said,) = decision.says
    assert isinstance(said, DeliveryFailed)
    assert (said.reason, said.cause_event, said.failed_on) == (reason, CAUSE, TODAY)


def test_until_there_is_paper_a_known_address_stands_in_for_it() -> None:
    decision = domain.dispatch(LETTER, KARIN._replace(channels=(Channel.PAPER,)), TODAY)
    assert decision.delivery.channel is Channel.EMAIL


@pytest.mark.parametrize(("late_days", "leaves"), [(-1, True), (0, True), (1, False)])
def test_a_demand_leaves_only_while_it_gives_the_legal_time(late_days: int, leaves: bool) -> None:
    """Inkassolagen (1974:182) 5 § 6; both sides of the last day."""
    stated = respond_by(TODAY, Channel.EMAIL) - timedelta(days=late_days)
    demand = QUEUED._replace(letter=Letter.DEMAND)
    stopped = domain.stopped_at_the_door(demand, KARIN, stated, TODAY, doubtful=False)
    assert (stopped is None) is leaves
    if stopped:
        assert stopped.state is State.STALE
        (said,) = domain.conclude(demand, stopped, TODAY).says
        assert isinstance(said, DeliveryStale)


@pytest.mark.parametrize(("days_left", "leaves"), [(6, True), (5, True), (4, False)])
def test_a_reminder_leaves_only_while_there_is_time_to_pay(days_left: int, leaves: bool) -> None:
    stated = TODAY + timedelta(days=days_left)
    stopped = domain.stopped_at_the_door(QUEUED, KARIN, stated, TODAY, doubtful=False)
    assert (stopped is None) is leaves


@pytest.mark.parametrize("letter", [Letter.REMINDER, Letter.DEMAND])
def test_a_letter_that_may_be_out_is_never_called_stale(letter: Letter) -> None:
    """Or a second one would be asked for: it goes again as it is, and its doubt is shown."""
    delivery = QUEUED._replace(letter=letter)
    assert domain.stopped_at_the_door(delivery, KARIN, TODAY, TODAY, doubtful=True) is None


@pytest.mark.parametrize("state", [state for state in State if state not in domain.OPEN])
def test_every_end_keeps_the_doubt(state: State) -> None:
    ended = domain.conclude(QUEUED, Outcome(state, doubtful=True), TODAY).delivery
    assert (ended.state, ended.ended_on, ended.doubtful) == (state, TODAY, True)
    before = QUEUED._replace(doubtful=True)
    assert domain.conclude(before, Outcome(state), TODAY).delivery.doubtful, "also an earlier one"


def test_a_failure_that_may_be_none_says_so() -> None:
    (said,) = domain.conclude(QUEUED, Outcome(State.FAILED, "550", doubtful=True), TODAY).says
    assert isinstance(said, DeliveryFailed)
    assert said.doubtful


def test_a_letter_that_was_withdrawn_on_its_way_keeps_the_doubt_of_that_attempt() -> None:
    """It was being sent when its charge was taken back, and nobody heard the answer."""
    withdrawn = domain.withdraw(QUEUED, TODAY).delivery
    assert not withdrawn.doubtful
    decision = domain.conclude(withdrawn, Outcome(State.WITHDRAWN, doubtful=True), TODAY)
    assert (decision.delivery.state, decision.delivery.doubtful) == (State.WITHDRAWN, True)
    assert decision.says == ()


@pytest.mark.parametrize(
    ("letter", "email", "goes"),
    [
        (Letter.INVOICE, "karin@ny.example", True),
        (Letter.CREDIT_NOTE, "karin@ny.example", True),
        (Letter.REMINDER, "karin@ny.example", False),
        (Letter.DEMAND, "karin@ny.example", False),
        (Letter.INVOICE, None, False),
    ],
)
def test_a_failed_letter_goes_again_unless_its_charge_went_with_it(
    letter: Letter, email: str | None, goes: bool
) -> None:
    waiting = LETTER._replace(letter=letter, doubtful=True)
    nowhere = domain.dispatch(waiting, KARIN._replace(email=None), TODAY).delivery
    failed = nowhere._replace(refusals=2)
    assert (failed.state, failed.channel, failed.ended_on) == (State.FAILED, None, TODAY)
    again = domain.ask_again(failed, KARIN._replace(email=email))
    assert again == (QUEUED._replace(letter=letter, doubtful=True) if goes else None)
    if again:
        assert domain.stopped_at_the_door(again, KARIN, None, TODAY, doubtful=True) is None
    assert domain.ask_again(failed._replace(state=State.ACCEPTED), KARIN) is None


def test_a_demand_is_barred_while_the_debtor_was_never_told_of_the_claim() -> None:
    """Good collection practice, inkassolagen (1974:182) 4 §."""
    due_on = TODAY - timedelta(days=30)
    assert domain.barred(100_00, due_on, TODAY, told=True) is None
    barred = domain.barred(100_00, due_on, TODAY, told=False)
    assert barred == Outcome(State.FAILED, "no demand may be sent: not_notified")


def test_a_letter_looks_again_at_the_recipient_before_it_leaves() -> None:
    protected = KARIN._replace(protected_identity=True)
    stopped = domain.stopped_at_the_door(QUEUED, protected, None, TODAY, doubtful=False)
    assert stopped is not None
    assert stopped.state is State.MANUAL


@pytest.mark.parametrize("letter", domain.UNCHARGED)
def test_a_letter_that_gives_no_time_is_never_stale(letter: Letter) -> None:
    queued = QUEUED._replace(letter=letter)
    later = TODAY + timedelta(days=365)
    assert domain.stopped_at_the_door(queued, KARIN, None, later, doubtful=False) is None


def test_a_letter_whose_charge_was_taken_back_does_not_leave() -> None:
    withdrawn = domain.withdraw(QUEUED, TODAY).delivery
    assert withdrawn.state is State.WITHDRAWN
    stopped = domain.stopped_at_the_door(withdrawn, KARIN, None, TODAY, doubtful=False)
    assert stopped == Outcome(State.WITHDRAWN, withdrawn.reason)


def test_a_letter_that_left_while_its_charge_was_taken_back_counts_as_sent() -> None:
    withdrawn = domain.withdraw(QUEUED, TODAY).delivery
    decision = domain.conclude(withdrawn, Outcome(State.ACCEPTED), TODAY)
    assert decision.delivery.state is State.ACCEPTED
    assert isinstance(decision.says[0], DeliveryAccepted)


def test_a_letter_that_has_ended_is_not_withdrawn() -> None:
    accepted = QUEUED._replace(state=State.ACCEPTED)
    assert domain.withdraw(accepted, TODAY) == domain.Decision(accepted)


def test_acceptance_says_day_channel_ordinal_and_cause() -> None:
    second = QUEUED._replace(ordinal=2)
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
