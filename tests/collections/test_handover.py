"""The ways on from a dead end: handed over anew, corrected, set going by an operator."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from contracts.collections import CloseReason, DisputeOutcome, FilingProposed
from contracts.payments import RefusalReason
from contracts.terms import ChargeKind, InterestKind, InterestTerms
from services.collections.domain import applications, cases, disputes, handover, sending
from services.collections.domain.cases import Case, Filing, Lack, Policy, Stage
from services.collections.domain.sending import Receipt
from services.collections.domain.tasks import over
from tests.collections.builders import (
    FILING_ON,
    HANDED_ON,
    RESPOND_BY,
    charge_reversed,
    demand_charged,
    failed,
    handed_over,
    kinds,
    part_paid,
    sent,
    stale,
)
from tests.collections.builders import refused as refused_by_ledger
from tests.collections.test_domain import (
    attempted,
    closed,
    demanded,
    filed,
    handed,
    objection,
)

A_DAY = timedelta(days=1)
SATURDAY = date(2026, 11, 14)
LATER = date(2026, 11, 16)


def refused() -> Case:
    case = attempted()
    no = Receipt(False, ("FORMAT",))
    return sending.hear_receipt(case, case.application or {}, no, FILING_ON).case


def lost() -> Case:
    case = cases.open_case(handed(), FILING_ON).case
    case = cases.hear_demand_charged(case, demand_charged()).case
    return cases.hear_undeliverable(case, failed()).case


def lacking(filing: Filing = Filing.AUTOMATIC) -> Case:
    without = handed_over(debtor_identity_number=None, debtor_address=None)
    case = demanded(handover=without, policy=Policy(filing))
    return cases.take_step(case, FILING_ON).case


def test_a_hand_over_anew_gives_an_open_case_what_it_lacked() -> None:
    assert lacking().lack is Lack.IDENTITY_NUMBER
    told = handover.hear_again(lacking(), handed_over(), LATER)
    assert kinds(told.says) == ["FilingProposed"]
    assert lacking(Filing.ASK).lack is Lack.IDENTITY_NUMBER
    asked = handover.hear_again(lacking(Filing.ASK), handed_over(), LATER)
    assert (asked.says, asked.case.lack) == ((), Lack.CREDITOR_DECIDES)
    still = handover.hear_again(lacking(), handed_over(debtor_address=None), LATER)
    assert still.case.lack is Lack.ADDRESS
    assert kinds(handover.hear_again(still.case, handed_over(), LATER).says) == ["FilingProposed"]


def test_an_operator_lets_a_case_go_on_that_has_what_it_lacked_but_never_for_its_creditor() -> None:
    told = handover.resume(replace(lacking(), handover=handed_over()), LATER)
    assert told is not None
    assert kinds(told.says) == ["FilingProposed"]
    asks = handover.hear_again(lacking(Filing.ASK), handed_over(), LATER).case
    assert handover.resume(asks, LATER) is None


@pytest.mark.parametrize("case", [demanded(), filed()], ids=lambda case: case.stage)
def test_a_hand_over_anew_of_a_case_on_its_way_only_corrects_it(case: Case) -> None:
    told = handover.hear_again(case, handed_over(debtor_name="Karin Exempelsson"), LATER)
    assert (told.says, told.messages) == ((), ())
    assert told.case == replace(case, handover=told.case.handover)
    assert told.case.handover.debtor_name == "Karin Exempelsson"


def test_a_closed_case_handed_over_anew_begins_again_under_a_number_of_its_own() -> None:
    case = replace(filed(), enforcement_ordinal=1)
    ended = applications.end(case, CloseReason.CREDITOR_WITHDREW, "creditor", FILING_ON)
    closed = sending.hear_receipt(ended.case, ended.messages[0], Receipt(True), FILING_ON).case
    told = handover.hear_again(closed, handed_over(), LATER)
    assert kinds(told.says) == ["CaseOpened"]
    case = told.case
    assert (case.number, case.demand_ordinal) == ("INK-2026-000001/2", 1)
    assert (case.attempted, case.filed_on, case.kronofogden_number) == (False, None, None)
    assert case.close_reason is None
    (asked,) = cases.take_step(case, LATER + A_DAY).says
    assert isinstance(asked, FilingProposed)
    assert (asked.ordinal, case.enforcement_ordinal) == (2, 1), "the ledger answered the first ones"
    third = handover.hear_again(replace(case, stage=Stage.CLOSED), handed_over(), LATER)
    assert third.case.number == "INK-2026-000001/3"


@pytest.mark.parametrize(
    ("again_on", "filing_on"),
    [(HANDED_ON, FILING_ON), (FILING_ON, FILING_ON + A_DAY), (LATER, LATER + A_DAY)],
)
def test_a_claim_that_was_demanded_is_not_demanded_twice(again_on: date, filing_on: date) -> None:
    """Inkassolagen (1974:182) 4 §, law-and-fees 3.1: it goes on from its one demand."""
    told = handover.hear_again(closed(demanded()), handed_over(), again_on)
    assert kinds(told.says) == ["CaseOpened"]
    case = told.case
    assert (case.stage, case.respond_by, case.next_on) == (Stage.DEMANDED, RESPOND_BY, filing_on)
    assert kinds(cases.take_step(case, filing_on).says) == ["FilingProposed"]


def test_a_case_that_begins_again_keeps_its_creditors_choices_its_rate_and_its_objection() -> None:
    """R-115: nothing is demanded while the claim is disputed, not under a new number either."""
    terms = InterestTerms(kind=InterestKind.AGREED_FIXED, rate_bp=1200)
    asking = Policy(Filing.ASK, enforcement=False)
    before = closed(disputes.hold(handed(policy=asking, interest=terms)).case)
    told = handover.hear_again(before, handed_over(), LATER)
    assert kinds(told.says) == ["CaseOpened"]
    case = told.case
    assert (case.policy, case.interest, case.held) == (asking, terms, True)
    free = disputes.release(case, objection(DisputeOutcome.WITHDRAWN), LATER).case
    assert kinds(cases.take_step(free, LATER + A_DAY).says) == ["DemandProposed"]


def test_a_demand_whose_letter_is_under_way_is_waited_for() -> None:
    proposed = cases.open_case(handed(), HANDED_ON).case
    charged = cases.hear_demand_charged(proposed, demand_charged()).case
    late = cases.hear_demand_charged(closed(proposed), demand_charged()).case
    for ended in (closed(charged), late):
        told = handover.hear_again(ended, handed_over(), HANDED_ON)
        assert (kinds(told.says), told.case.next_on) == (["CaseOpened"], None)
        assert told.case.stage is Stage.DEMAND_CHARGED
        assert cases.hear_sent(told.case, sent()).case.next_on == FILING_ON
        left = cases.hear_sent(ended, sent()).case
        assert (left.stage, left.next_on) == (Stage.CLOSED, None)
        gone = handover.hear_again(left, handed_over(), HANDED_ON)
        assert gone.case.next_on == FILING_ON


@pytest.mark.parametrize("remaining_ore", [0, 1])
def test_a_demand_that_fell_or_was_lost_is_made_anew(remaining_ore: int) -> None:
    proposed = cases.open_case(handed(), HANDED_ON).case
    charged = cases.hear_demand_charged(proposed, demand_charged()).case
    fell = charge_reversed(ChargeKind.DEMAND, remaining_ore)
    ended = (
        applications.hear_reversed(closed(demanded()), fell, HANDED_ON).case,
        closed(applications.hear_reversed(demanded(), fell, HANDED_ON).case),
        cases.hear_stale(closed(charged), stale(), HANDED_ON).case,
        cases.hear_undeliverable(closed(charged), failed()).case,
    )
    for case in ended:
        told = handover.hear_again(case, handed_over(), LATER)
        assert kinds(told.says) == ["CaseOpened", "DemandProposed"]
        assert told.case.demand_ordinal == case.demand_ordinal + 1


def test_a_demand_that_is_not_answered_is_proposed_again_as_the_same() -> None:
    """Inkassolagen (1974:182) 4 §: the ledger charges one proposal once, however often it comes."""
    proposed = cases.open_case(handed(), HANDED_ON).case
    told = handover.hear_again(closed(proposed), handed_over(), HANDED_ON)
    assert kinds(told.says) == ["CaseOpened", "DemandProposed"]
    assert told.says[1].ordinal == 1  # type: ignore[attr-defined]
    charged = cases.hear_demand_charged(told.case, demand_charged()).case
    assert charged.stage is Stage.DEMAND_CHARGED
    anew = closed(cases.hear_stale(charged, stale(), HANDED_ON).case)
    (_, second) = handover.hear_again(anew, handed_over(), HANDED_ON).says
    assert second.ordinal == 2  # type: ignore[attr-defined]
    gone = cases.hear_sent(closed(proposed), sent()).case
    again = handover.hear_again(gone, handed_over(), HANDED_ON).case
    assert cases.hear_demand_charged(again, demand_charged()).case.next_on == FILING_ON
    repeat = refused_by_ledger(ChargeKind.DEMAND, RefusalReason.ALREADY_CHARGED)
    assert applications.hear_refused(charged, repeat, HANDED_ON).case == charged
    saturday = handover.hear_again(closed(proposed), handed_over(), SATURDAY).case
    assert kinds(cases.take_step(saturday, LATER).says) == ["DemandProposed"]


def test_a_demand_that_was_charged_while_nobody_awaited_it_is_made_anew() -> None:
    """Its letter was known to be lost before the charge was heard, and is not waited for."""
    proposed = cases.open_case(handed(), HANDED_ON).case
    unreached = cases.hear_undeliverable(proposed, failed()).case
    passed_by = cases.hear_demand_charged(unreached, demand_charged()).case
    again = handover.hear_again(closed(passed_by), handed_over(), LATER).case
    repeat = refused_by_ledger(ChargeKind.DEMAND, RefusalReason.ALREADY_CHARGED)
    told = applications.hear_refused(again, repeat, LATER)
    assert kinds(told.says) == ["DemandProposed"]
    assert (told.case.stage, told.case.demand_ordinal) == (Stage.DEMAND_PROPOSED, 2)


def test_a_demand_that_was_lost_goes_again_when_the_address_is_corrected() -> None:
    """However it is told: contact details, a hand-over anew, or an operator."""
    ways = (
        handover.hear_recipient_changed(lost(), failed(), LATER),
        handover.hear_again(lost(), handed_over(), LATER),
        handover.resume(lost(), LATER),
    )
    for told in ways:
        assert told is not None
        assert kinds(told.says) == ["DemandProposed"]
        assert told.case.demand_ordinal == 2
        assert "demand_undeliverable" in over(told.case)
    assert not handover.hear_recipient_changed(demanded(), failed(), LATER).says


def test_a_refused_application_is_corrected_and_filed_again_for_the_same_money() -> None:
    case = refused()
    right = handed_over(debtor_identity_number="198001019802", basis="målning av ett kök.")
    told = handover.hear_again(case, right, LATER)
    (message,) = told.messages
    before = case.application or {}
    assert message["messageId"] != before["messageId"]
    assert message["respondents"][0]["id"] == "198001019802"
    assert "målning av ett kök" in message["claims"][0]["ground"]
    assert message["costs"] == before["costs"]
    assert message["claims"][0]["amountOre"] == before["claims"][0]["amountOre"]
    assert told.case.stage is Stage.APPLYING
    assert "payment_order_application_refused" in over(told.case)
    (again,) = handover.hear_again(replace(told.case, stage=Stage.REFUSED), right, LATER).messages
    assert again["messageId"] not in (message["messageId"], before["messageId"])


def test_a_part_paid_before_the_correction_is_not_asked_for_again() -> None:
    """kronofogden.md 4: what is filed once it is corrected is what is left."""
    told = applications.hear_payment(refused(), part_paid(), LATER)
    assert (told.case.stage, told.messages) == (Stage.REFUSED, ())
    (message,) = handover.hear_again(told.case, handed_over(), LATER).messages
    assert message["claims"][0]["amountOre"] == 3_500_00
    assert (message["claims"][0]["interest"]["accruedOre"], message["costs"]) == (0, [])
    assert told.case.amount_ore == 3_500_00


def test_a_refused_application_of_a_disputed_claim_waits_corrected() -> None:
    """R-115."""
    held = disputes.hold(refused()).case
    told = handover.resume(held, LATER)
    assert told is not None
    assert (told.messages, told.case.stage) == ((), Stage.FILING_CHARGED)


@pytest.mark.parametrize("case", [demanded(), filed(), lacking()], ids=lambda case: case.stage)
def test_an_operator_cannot_hurry_what_is_not_stopped_or_still_lacks_something(case: Case) -> None:
    assert handover.resume(case, LATER) is None


@pytest.mark.parametrize("case", [lost(), refused(), lacking(), filed(Stage.DECIDED)])
def test_a_case_stands_still_where_only_a_person_can_let_it_go_on(case: Case) -> None:
    """Not while a date or the creditor is waited for, nor while a dispute holds it."""
    still = replace(case, next_on=None)
    assert still.stopped
    assert not demanded().stopped
    assert not replace(still, stage=Stage.CLOSED).stopped
    if case.stage is Stage.AWAITS_CREDITOR:
        assert not replace(still, lack=Lack.CREDITOR_DECIDES).stopped
        assert not disputes.hold(still).case.stopped
    if case.stage is Stage.DECIDED:
        assert not replace(still, next_on=LATER).stopped
        assert not replace(still, policy=Policy(enforcement=False)).stopped
        assert not disputes.hold(still).case.stopped


def test_an_operator_who_finds_a_claim_not_barred_files_it() -> None:
    barred = demanded(stage=Stage.AWAITS_CREDITOR, lack=Lack.BARRED, next_on=None)
    told = handover.resume(barred, LATER)
    assert told is not None
    assert (kinds(told.says), told.case.lack) == (["FilingProposed"], None)
    assert handover.resume(disputes.hold(barred).case, LATER) is None
    assert handover.hear_again(barred, handed_over(), LATER).says == ()


@pytest.mark.parametrize("lack", [Lack.IDENTITY_NUMBER, Lack.ADDRESS])
def test_details_that_come_while_the_claim_is_disputed_are_kept_and_nothing_is_filed(
    lack: Lack,
) -> None:
    """R-115."""
    held = disputes.hold(replace(lacking(), lack=lack)).case
    told = handover.hear_again(held, handed_over(), LATER)
    assert (told.says, told.case) == ((), replace(held, handover=handed_over()))
    assert handover.resume(held, LATER) is None


def test_an_operator_lets_a_stopped_decision_go_on_unless_the_creditor_stopped_it() -> None:
    stopped = filed(Stage.DECIDED)
    told = handover.resume(stopped, LATER)
    assert told is not None
    assert kinds(told.says) == ["EnforcementProposed"]
    assert handover.resume(replace(stopped, policy=Policy(enforcement=False)), LATER) is None
    assert handover.resume(disputes.hold(stopped).case, LATER) is None
    assert objection().outcome is None
