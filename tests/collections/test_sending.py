"""The rules of sending: a last look, what certainly did not leave, and lost answers."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from contracts.collections import CaseClosed, CaseWithdrawn, CloseReason, DisputeOutcome
from contracts.payments import RefusalReason, ReversalCause
from contracts.terms import ChargeKind, Component, ComponentAmount
from services.collections.domain import applications, cases, disputes, messages, sending
from services.collections.domain.cases import Case, Decision, Stage
from services.collections.domain.sending import IN_FLIGHT, Receipt
from services.collections.domain.tasks import over
from services.collections.kronofogden import TIMEOUT
from tests.collections.builders import (
    CLAIM,
    FILING_ON,
    charge_reversed,
    enforcement_charged,
    kinds,
    paid,
    part_paid,
    refused,
)
from tests.collections.test_domain import NOW, OK, applying, attempted, filed, looked, objection

DECIDED_ON = date(2026, 10, 22)
A_DAY = timedelta(days=1)
UNKNOWN = Receipt(False, ("UNKNOWN",))


def enforcing(*, begun: bool) -> Case:
    case = cases.take_step(replace(filed(Stage.DECIDED), next_on=DECIDED_ON), DECIDED_ON).case
    case = applications.hear_enforcement_charged(case, enforcement_charged(DECIDED_ON)).case
    if not begun:
        return case
    assert case.enforcement is not None
    return sending.hear_receipt(case, case.enforcement, OK, DECIDED_ON).case


def not_sent(case: Case, *, first: bool = True) -> Decision:
    assert case.application is not None
    return sending.hear_not_sent(case, case.application, first=first, today=FILING_ON)


# The last look.


def test_only_what_the_case_wants_now_goes() -> None:
    """R-115; what waited in the queue may have been overtaken by a payment or an objection."""
    case = applying()
    assert looked(case) == case.application
    assert looked(replace(case, held=True)) is None
    lowered = applications.hear_payment(case, part_paid(), FILING_ON).case
    lowered = cases.take_step(lowered, FILING_ON).case
    assert looked(lowered) == lowered.application
    assert looked(lowered, case.application) is None, "of the same id, and asks for too much"
    asking = enforcing(begun=False)
    assert looked(asking, asking.enforcement) == asking.enforcement
    assert looked(replace(asking, held=True), asking.enforcement) is None


def test_a_withdrawal_goes_only_while_the_case_is_withdrawn_from_where_it_may_stand() -> None:
    ending = applications.hear_payment(filed(), paid(), FILING_ON)
    (withdrawal,) = ending.messages
    assert looked(ending.case, withdrawal) == withdrawal
    assert looked(replace(ending.case, stage=Stage.CLOSED), withdrawal) is None
    assert looked(filed(), withdrawal) is None
    assert looked(replace(ending.case, attempted=False), withdrawal) is None


# Nothing left us.


def test_only_an_application_of_whose_arrival_nothing_is_known_counts_as_never_sent() -> None:
    case = not_sent(attempted()).case
    assert (case.attempted, case.attempted_at) == (False, None)
    ending = applications.hear_payment(attempted(), paid(), FILING_ON)
    told = sending.hear_not_sent(ending.case, ending.messages[0], first=True, today=FILING_ON)
    assert told == Decision(ending.case), "a withdrawal goes again"
    for known in (replace(attempted(), filed_on=FILING_ON), filed()):
        assert not_sent(known) == Decision(known)


def test_an_application_that_never_left_is_not_filed_once_the_claim_is_paid() -> None:
    """R-115 and events.md 3, while Kronofogden is away: paid meanwhile, it is stopped."""
    case = not_sent(attempted()).case
    assert not case.attempted
    ended = applications.hear_payment(case, paid(), FILING_ON)
    assert kinds(ended.says) == ["CaseWithdrawn", "CaseClosed"]
    assert ended.messages == ()
    assert looked(ended.case) is None


def test_a_claim_paid_during_an_attempt_that_never_left_was_never_filed() -> None:
    case = attempted()
    ending = applications.hear_payment(case, paid(), FILING_ON)
    told = not_sent(ending.case)
    (withdrawn, closed) = told.says
    assert isinstance(withdrawn, CaseWithdrawn)
    assert withdrawn.reason == "never_filed"
    assert isinstance(closed, CaseClosed)
    assert closed.filed is False
    assert looked(told.case, ending.messages[0]) is None


def test_an_application_disputed_before_it_left_stays_here() -> None:
    """R-115."""
    case = not_sent(attempted()).case
    held = disputes.hold(case).case
    assert (held.stage, held.attempted) == (Stage.FILING_CHARGED, False)
    assert looked(held, case.application) is None


def test_an_earlier_attempt_that_may_have_left_is_not_forgotten() -> None:
    case = attempted()
    assert not_sent(case, first=False) == Decision(case)


def test_an_application_that_never_left_can_still_be_lowered() -> None:
    case = not_sent(attempted()).case
    decision = applications.hear_payment(case, part_paid(), FILING_ON)
    assert (decision.messages, decision.case.amount_ore) == ((), 3_500_00)


# The answer was lost.


def test_an_application_whose_answer_was_lost_goes_again_while_the_claim_is_owed() -> None:
    case = attempted()
    again = sending.look_again(case, case.application or {}, NOW + A_DAY)
    assert again.message == case.application
    assert again.case.attempted_at == NOW + A_DAY


def test_what_may_still_arrive_is_waited_for_longer_than_any_attempt_lasts() -> None:
    assert TIMEOUT.total is not None
    assert IN_FLIGHT.total_seconds() >= 2 * TIMEOUT.total


def test_of_a_claim_that_is_over_only_the_withdrawal_goes_and_not_before_the_rest_has_arrived() -> (
    None
):
    """Sent again, an application that had not arrived would cost 300 kr and a payment remark."""
    case = attempted()
    ending = applications.hear_payment(case, paid(), FILING_ON)
    assert case.application is not None
    (withdrawal,) = ending.messages
    for message in (case.application, withdrawal):
        soon = sending.look_again(ending.case, message, NOW + IN_FLIGHT - timedelta(seconds=1))
        assert (soon.message, soon.too_soon) == (None, True)
    later = sending.look_again(ending.case, case.application, NOW + IN_FLIGHT)
    assert (later.message, later.too_soon) == (None, False)
    dropped = sending.hear_receipt(ending.case, case.application, None, FILING_ON)
    assert dropped == Decision(ending.case)
    assert looked(ending.case, withdrawal, NOW + IN_FLIGHT) == withdrawal


@pytest.mark.parametrize(
    ("receipt", "says", "reason"),
    [
        (OK, ["CaseFiled", "CaseWithdrawn", "CaseClosed"], "paid"),
        (UNKNOWN, ["CaseWithdrawn", "CaseClosed"], "never_filed"),
    ],
)
def test_the_answer_to_the_withdrawal_tells_whether_there_was_an_application(
    receipt: Receipt, says: list[str], reason: str
) -> None:
    ending = applications.hear_payment(attempted(), paid(), FILING_ON)
    told = sending.hear_receipt(ending.case, ending.messages[0], receipt, FILING_ON)
    assert kinds(told.says) == says
    (withdrawn,) = [one for one in told.says if isinstance(one, CaseWithdrawn)]
    assert withdrawn.reason == reason
    assert "application_uncertain" not in over(ending.case)
    assert "application_uncertain" in over(told.case)


def test_while_disputed_nothing_whose_answer_was_lost_is_sent_again_and_a_person_is_told() -> None:
    """R-115."""
    case = attempted()
    held = disputes.hold(case).case
    assert case.application is not None
    assert looked(held, case.application) is None
    dropped = sending.hear_receipt(held, case.application, None, FILING_ON)
    assert [task.kind for task in dropped.tasks] == ["application_uncertain"]
    assert dropped.case.may_stand_open
    free = disputes.release(dropped.case, objection(DisputeOutcome.WITHDRAWN), FILING_ON).case
    again = cases.take_step(free, FILING_ON + A_DAY)
    assert again.messages == (case.application,)
    assert looked(again.case) == case.application
    right = disputes.release(dropped.case, objection(DisputeOutcome.UPHELD), FILING_ON)
    assert [message["kind"] for message in right.messages] == ["withdrawal"]


def test_an_answer_that_comes_after_the_objection_files_the_case() -> None:
    held = disputes.hold(attempted()).case
    told = sending.hear_receipt(held, held.application or {}, OK, FILING_ON)
    assert (kinds(told.says), told.case.stage) == (["CaseFiled"], Stage.FILED)


@pytest.mark.parametrize(
    ("case", "tasks", "stage", "next_on"),
    [
        (disputes.hold(attempted()).case, ["application_uncertain"], Stage.FILING_CHARGED, None),
        (disputes.hold(applying()).case, [], Stage.FILING_CHARGED, None),
        (replace(applying(), held=True), [], Stage.FILING_CHARGED, None),
        (attempted(), [], Stage.FILING_CHARGED, FILING_ON),
        (replace(filed(), held=True), [], Stage.FILED, None),
        (replace(filed(Stage.FILING_CHARGED), held=True), [], Stage.FILING_CHARGED, None),
        (disputes.hold(enforcing(begun=False)).case, [], Stage.ENFORCEMENT_CHARGED, None),
    ],
)
def test_what_was_dropped_is_queued_anew_once_free_and_a_person_sees_what_is_uncertain(
    case: Case, tasks: list[str], stage: Stage, next_on: date | None
) -> None:
    dropped = sending.hear_receipt(case, case.application or {}, None, FILING_ON)
    assert [task.kind for task in dropped.tasks] == tasks
    assert (dropped.case.stage, dropped.case.next_on) == (stage, next_on)
    reduction = {"kind": "reduction"}
    assert sending.hear_receipt(case, reduction, None, FILING_ON).tasks == ()


# What Kronofogden answers.


@pytest.mark.parametrize("kind", ["reduction", "enforcement_application", "withdrawal"])
@pytest.mark.parametrize(
    ("code", "is_task"), [("FORMAT", True), ("STATE", True), ("CLOSED", False), ("UNKNOWN", False)]
)
def test_a_refusal_is_a_persons_matter_unless_nothing_stands_open_there(
    kind: str, code: str, is_task: bool
) -> None:
    case = enforcing(begun=True)
    if kind == "withdrawal":
        case = applications.hear_payment(case, paid(), DECIDED_ON).case
    no = Receipt(False, (code,))
    told = sending.hear_receipt(case, {"kind": kind}, no, DECIDED_ON)
    assert [(each.kind, each.detail) for each in told.tasks] == [
        *([(f"{kind}_refused", code)] if is_task else [])
    ]
    assert (told.case.stage is Stage.CLOSED) is (kind == "withdrawal" and not is_task)
    assert told.messages == ()


def test_a_part_paid_is_told_anew_where_kronofogden_had_begun_to_enforce_unknown_to_us() -> None:
    case = enforcing(begun=False)
    (part,) = applications.hear_payment(case, part_paid(), DECIDED_ON).messages
    told = sending.hear_receipt(case, part, Receipt(False, ("STATE",)), DECIDED_ON)
    (again,) = told.messages
    assert looked(told.case, again)["kind"] == "enforcement_change"
    assert sending.hear_receipt(told.case, again, OK, DECIDED_ON) == Decision(told.case)


def test_an_application_for_what_stands_elsewhere_is_refused_as_any_other() -> None:
    case = attempted()
    no = Receipt(False, ("STATE", "X" * 300))
    told = sending.hear_receipt(case, case.application or {}, no, FILING_ON)
    (task,) = told.tasks
    assert (told.case.stage, task.kind) == (Stage.REFUSED, "payment_order_application_refused")
    assert len(task.detail) == 200
    assert (told.case.attempted_at, told.case.next_on) == (None, None)


@pytest.mark.parametrize("receipt", [OK, UNKNOWN])
def test_a_case_that_was_filed_is_withdrawn_once_whatever_kronofogden_knows_of_it(
    receipt: Receipt,
) -> None:
    ending = applications.hear_payment(filed(), paid(), FILING_ON)
    told = sending.hear_receipt(ending.case, ending.messages[0], receipt, FILING_ON)
    (withdrawn, closed) = told.says
    assert isinstance(withdrawn, CaseWithdrawn)
    assert isinstance(closed, CaseClosed)
    assert (withdrawn.reason, closed.filed) == ("paid", True)
    again = sending.hear_receipt(told.case, ending.messages[0], receipt, FILING_ON)
    assert again == Decision(told.case)


# Enforcement.


def test_enforcement_that_has_begun_is_known_from_its_first_day_and_stays() -> None:
    """What Kronofogden has stays there while the claim is disputed; a withdrawal goes on."""
    begun = sending.enforcing(filed(Stage.DECIDED), DECIDED_ON)
    assert (begun.stage, begun.enforced_on) == (Stage.ENFORCEMENT, DECIDED_ON)
    assert sending.enforcing(begun, DECIDED_ON + A_DAY) == begun
    assert disputes.hold(begun).case == replace(begun, held=True)
    ending = applications.hear_payment(enforcing(begun=False), paid(), DECIDED_ON).case
    late = sending.hear_receipt(ending, ending.enforcement or {}, OK, DECIDED_ON).case
    assert (late.stage, late.enforced_on) == (Stage.WITHDRAWING, DECIDED_ON)


def test_enforcement_is_not_asked_for_on_a_claim_that_was_paid_meanwhile() -> None:
    case = enforcing(begun=False)
    ending = applications.hear_payment(case, paid(), DECIDED_ON)
    assert looked(ending.case, case.enforcement) is None
    (withdrawal,) = ending.messages
    assert looked(ending.case, withdrawal)["kind"] == "withdrawal"


def test_enforcement_is_kept_back_while_the_claim_is_disputed_and_goes_later() -> None:
    """R-115: also where the ledger's answer comes after the objection."""
    queued = enforcing(begun=False)
    held = disputes.hold(queued).case
    proposed = cases.take_step(replace(filed(Stage.DECIDED), next_on=DECIDED_ON), DECIDED_ON).case
    late = applications.hear_enforcement_charged(
        disputes.hold(proposed).case, enforcement_charged(DECIDED_ON)
    )
    assert late.messages == ()
    for case in (held, late.case):
        assert case.stage is Stage.ENFORCEMENT_CHARGED
        assert looked(case, queued.enforcement) is None
        assert not cases.take_step(case, DECIDED_ON + A_DAY).messages
        free = disputes.release(case, objection(DisputeOutcome.WITHDRAWN), DECIDED_ON).case
        again = cases.take_step(free, DECIDED_ON + A_DAY)
        assert again.messages == (queued.enforcement,)


def test_enforcement_dropped_while_held_and_freed_before_it_was_written_is_queued_anew() -> None:
    case = enforcing(begun=False)
    dropped = sending.hear_receipt(case, case.enforcement or {}, None, DECIDED_ON)
    assert (dropped.case.stage, dropped.case.next_on) == (Stage.ENFORCEMENT_CHARGED, DECIDED_ON)


def test_in_enforcement_payments_and_withdrawals_are_changes_of_it() -> None:
    """kronofogden.md 4 and 5: *Ändring*."""
    case = enforcing(begun=True)
    (part,) = applications.hear_payment(case, part_paid(), DECIDED_ON).messages
    change = looked(case, part)
    assert (change["kind"], change["change"]) == ("enforcement_change", "amount")
    assert change["newAmountOre"] == 3_500_00
    ending = applications.hear_payment(case, paid(), DECIDED_ON)
    change = looked(ending.case, ending.messages[0])
    assert (change["kind"], change["change"]) == ("enforcement_change", "withdrawal")
    assert change["messageId"] != ending.messages[0]["messageId"]


def test_enforcement_that_had_begun_unknown_to_us_is_withdrawn_as_such() -> None:
    ending = applications.hear_payment(enforcing(begun=False), paid(), DECIDED_ON)
    told = sending.hear_receipt(
        ending.case, ending.messages[0], Receipt(False, ("STATE",)), DECIDED_ON
    )
    (again,) = told.messages
    assert again["messageId"] != ending.messages[0]["messageId"]
    assert looked(told.case, again)["kind"] == "enforcement_change"
    closed = sending.hear_receipt(told.case, again, OK, DECIDED_ON).says[-1]
    assert isinstance(closed, CaseClosed)
    assert (closed.filed, closed.enforced) == (True, True)


def test_a_reversed_enforcement_that_has_not_begun_goes_back_to_the_decision() -> None:
    event = charge_reversed(ChargeKind.ENFORCEMENT, 1, ReversalCause.DISPUTE)
    case = enforcing(begun=False)
    back = applications.hear_reversed(case, event, DECIDED_ON)
    assert (back.case.stage, back.tasks) == (Stage.DECIDED, ())
    assert (looked(back.case, case.enforcement), back.case.enforcement) == (None, None)
    begun = applications.hear_reversed(enforcing(begun=True), event, DECIDED_ON)
    assert [task.kind for task in begun.tasks] == ["charge_reversed"]


def test_enforcement_the_ledger_finds_too_early_is_a_task_and_no_daily_question() -> None:
    case = cases.take_step(replace(filed(Stage.DECIDED), next_on=DECIDED_ON), DECIDED_ON).case
    told = applications.hear_refused(
        case, refused(ChargeKind.ENFORCEMENT, RefusalReason.TOO_EARLY), DECIDED_ON
    )
    assert [task.kind for task in told.tasks] == ["enforcement_too_early"]
    assert (told.case.stage, told.case.next_on) == (Stage.DECIDED, None)
    disputed = refused(ChargeKind.ENFORCEMENT, RefusalReason.DISPUTED, as_of=DECIDED_ON)
    later = applications.hear_refused(case, disputed, DECIDED_ON)
    assert (later.tasks, later.case.next_on) == ((), DECIDED_ON + A_DAY)


def test_a_claim_whose_debtor_was_found_right_is_not_asked_about_for_ever() -> None:
    opened = replace(applying(), stage=Stage.DEMAND_PROPOSED, demand_ordinal=1)
    told = applications.hear_refused(
        opened, refused(ChargeKind.DEMAND, RefusalReason.ON_HOLD), FILING_ON
    )
    assert told.case.close_reason is CloseReason.DISPUTED


# Where only costs are left.


def costs_only() -> Case:
    """Applied for: 60 + 180 + 43.15 as the claim, 680 beside it."""
    case = filed()
    left = {Component.REMINDER_FEE: 60_00, Component.DEMAND_COST: 180_00, Component.INTEREST: 43_15}
    left |= {Component.FILING_FEE: 300_00, Component.FILING_WORK: 380_00}
    event = part_paid().model_copy(update={"remaining": amounts(left)})
    unsent = replace(applying(), application=applying().application)
    return replace(case, application=messages.lowered(unsent, event))


def amounts(parts: dict[Component, int]) -> tuple[ComponentAmount, ...]:
    return tuple(ComponentAmount(component=name, amount_ore=ore) for name, ore in parts.items())


@pytest.mark.parametrize(
    ("parts", "left", "new_capital_ore", "paid_ore"),
    [
        (
            {Component.FILING_FEE: 100_00},
            {
                **{Component.FILING_FEE: 200_00, Component.FILING_WORK: 380_00},
                **{Component.REMINDER_FEE: 60_00, Component.DEMAND_COST: 180_00},
                Component.INTEREST: 43_15,
            },
            283_15,
            100_00,
        ),
        (
            {Component.FILING_FEE: 300_00, Component.FILING_WORK: 380_00, Component.INTEREST: 3_15},
            {
                Component.REMINDER_FEE: 60_00,
                Component.DEMAND_COST: 180_00,
                Component.INTEREST: 40_00,
            },
            280_00,
            683_15,
        ),
    ],
)
def test_a_part_of_a_claim_on_costs_lowers_the_costs_that_are_its_capital(
    parts: dict[Any, int], left: dict[Any, int], new_capital_ore: int, paid_ore: int
) -> None:
    changes = {"parts": amounts(parts), "remaining": amounts(left)}
    event = part_paid().model_copy(update=changes)
    (message,) = applications.hear_payment(costs_only(), event, FILING_ON).messages
    assert (message["newCapitalOre"], message["paidOre"]) == (new_capital_ore, paid_ore)


def test_a_claim_on_costs_says_what_was_paid_and_demanded() -> None:
    """kronofogden.md 2: date of the demand, original claim, when the capital was paid."""
    (claim,) = (costs_only().application or {})["claims"]
    assert claim["type"] == "inkasso"
    for words in ("4500,00 kr betalades 2026-10-05", "Inkassokrav sändes 2026-09-22", "Faktura"):
        assert words in claim["ground"]


def test_money_kronofogden_collected_is_no_news_to_it() -> None:
    event = part_paid().model_copy(update={"at_kronofogden": True})
    assert applications.hear_payment(enforcing(begun=True), event, DECIDED_ON).messages == ()
    assert event.claim_id == CLAIM
