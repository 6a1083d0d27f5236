"""The rules of Kronofogden's news about money, years, and what cannot be read."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.collections import EnforcementPaid, EnforcementProposed
from contracts.payments import RefusalReason
from contracts.terms import ChargeKind
from services.collections.domain import applications, sending
from services.collections.domain import news as kronofogden
from services.collections.domain.cases import Stage
from tests.collections.builders import enforcement_charged, kinds, paid, refused
from tests.collections.test_domain import filed, news
from tests.collections.test_sending import DECIDED_ON, enforcing

PAID = {"messageId": "KFM-00000007", "amountOre": 1_821_05, "valueDate": "2026-11-22"}


@pytest.mark.parametrize("stage", [Stage.ENFORCEMENT, Stage.WITHDRAWING, Stage.CLOSED])
def test_money_that_kronofogden_collects_is_told_to_the_ledger_whatever_the_case_is(
    stage: Stage,
) -> None:
    case = replace(enforcing(begun=True), stage=stage)
    (told,) = kronofogden.hear_news(case, news("partial_payment", **PAID), DECIDED_ON).says
    assert isinstance(told, EnforcementPaid)
    assert (told.amount_ore, str(told.paid_on)) == (1_821_05, "2026-11-22")
    (again,) = kronofogden.hear_news(case, news("partial_payment", **PAID), DECIDED_ON).says
    assert isinstance(again, EnforcementPaid)
    assert again.payment_id == told.payment_id


@pytest.mark.parametrize(
    "wrong",
    [
        *({"amountOre": amount} for amount in ("1821", 0, -1, True, 18.21, 10**13 + 1)),
        *({"valueDate": None}, {"messageId": None}),
    ],
)
def test_money_that_is_not_told_rightly_is_a_persons_matter(wrong: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        kronofogden.hear_news(
            enforcing(begun=True), news("partial_payment", **PAID | wrong), DECIDED_ON
        )


def test_a_new_yearly_fee_is_priced_by_the_ledger_and_nothing_is_asked_of_kronofogden() -> None:
    case = enforcing(begun=True)
    told = kronofogden.hear_news(case, news("new_basic_fee", amountOre=600_00), DECIDED_ON)
    (proposed,) = told.says
    assert isinstance(proposed, EnforcementProposed)
    assert (proposed.yearly, proposed.ordinal) == (True, 2)
    assert told.case.stage is Stage.ENFORCEMENT
    charged = enforcement_charged(DECIDED_ON).model_copy(update={"ordinal": 2, "yearly": True})
    assert applications.hear_enforcement_charged(told.case, charged).messages == ()
    no = refused(ChargeKind.ENFORCEMENT, RefusalReason.DISPUTED, ordinal=2)
    asked = applications.hear_refused(told.case, no, DECIDED_ON)
    assert [task.kind for task in asked.tasks] == ["new_basic_fee"]
    assert asked.case == told.case


@pytest.mark.parametrize(
    ("kind", "reason", "ordinal", "asks"),
    [
        (ChargeKind.ENFORCEMENT, RefusalReason.ON_HOLD, 2, True),
        (ChargeKind.ENFORCEMENT, RefusalReason.ALREADY_CHARGED, 2, False),
        (ChargeKind.ENFORCEMENT, RefusalReason.SETTLED, 2, False),
        (ChargeKind.ENFORCEMENT, RefusalReason.DISPUTED, 1, False),
        (ChargeKind.FILING, RefusalReason.DISPUTED, 2, False),
    ],
)
def test_a_person_looks_at_a_yearly_fee_that_was_taken_and_not_booked_and_at_no_other_answer(
    kind: ChargeKind, reason: RefusalReason, ordinal: int, asks: bool
) -> None:
    """A claim that is over ends by news of its own; an answer to an earlier question is no news."""
    yearly = news("new_basic_fee", amountOre=600_00)
    case = kronofogden.hear_news(enforcing(begun=True), yearly, DECIDED_ON).case
    told = applications.hear_refused(case, refused(kind, reason, ordinal), DECIDED_ON)
    assert [task.kind for task in told.tasks] == ["new_basic_fee"] * asks
    assert told.case == case
    elsewhere = replace(case, stage=Stage.DECIDED)
    assert not applications.hear_refused(
        elsewhere, refused(kind, reason, ordinal), DECIDED_ON
    ).tasks


def test_a_yearly_fee_of_a_case_that_is_over_is_a_task() -> None:
    ending = applications.hear_payment(enforcing(begun=True), paid(), DECIDED_ON).case
    told = kronofogden.hear_news(ending, news("new_basic_fee", amountOre=600_00), DECIDED_ON)
    assert [task.kind for task in told.tasks] == ["new_basic_fee"]


def test_enforcement_is_known_by_its_confirmation_as_by_its_receipt() -> None:
    confirmed = news("confirmation", stage="enforcement")
    case = kronofogden.hear_news(enforcing(begun=False), confirmed, DECIDED_ON).case
    assert (case.stage, case.enforced_on) == (Stage.ENFORCEMENT, DECIDED_ON)
    late = sending.hear_receipt(case, case.enforcement or {}, sending.Receipt(True), DECIDED_ON)
    assert late.case == case


def test_news_after_the_decision_says_nothing_of_a_case_that_ends() -> None:
    ending = applications.hear_payment(filed(), paid(), DECIDED_ON).case
    told = kronofogden.hear_news(ending, news("confirmation", stage="enforcement"), DECIDED_ON)
    assert kinds(told.says) == []
    assert told.case.stage is Stage.WITHDRAWING


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ({"number": 8}, 8),
        ({"number": 7}, None),
        ({"number": "8"}, None),
        ({"number": True}, None),
        ({"number": 2**62}, None),
        ({}, None),
        ("number", None),
        (None, None),
    ],
)
def test_only_a_number_that_can_be_believed_moves_us_on(message: Any, number: int | None) -> None:
    assert kronofogden.number_of(message, 7) == number


@pytest.mark.parametrize(
    "strange",
    [
        {"kind": ["x"]},
        {"kind": "contested", "reason": 5},
        {"kind": "decision", "decidedAt": 20261022},
        {"kind": "decision", "decidedAt": "soon"},
        {"kind": "closed"},
        {"kind": "confirmation", "caseNumber": 1},
    ],
)
def test_news_that_is_not_what_it_should_be_is_told_apart(strange: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        kronofogden.hear_news(filed(), strange, DECIDED_ON)
