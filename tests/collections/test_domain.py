"""The rules of a case, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from contracts.collections import (
    CaseFiled,
    CloseReason,
    DemandProposed,
    DisputeOutcome,
    FilingProposed,
)
from contracts.ids import DisputeId, new_id
from contracts.invoicing import Channel
from contracts.payments import FilingCharged, RefusalReason, ReversalCause, SettledHow
from contracts.terms import ChargeKind, Component, InterestKind, InterestTerms
from law.demand import leaves_legal_time
from services.collections.domain import applications, cases, disputes, messages, sending
from services.collections.domain import news as kronofogden
from services.collections.domain.cases import Case, Decision, Filing, Lack, Policy, Stage
from services.collections.domain.sending import Receipt
from services.collections.domain.tasks import over
from tests.collections.builders import (
    CLAIM,
    CREDITOR,
    FILING_ON,
    HANDED_ON,
    RESPOND_BY,
    charge_reversed,
    credited,
    demand_charged,
    enforcement_charged,
    failed,
    filing_charged,
    handed_over,
    kinds,
    paid,
    part_paid,
    refused,
    sent,
    stale,
)

A_DAY = timedelta(days=1)
NOW = datetime(2026, 10, 5, 8, tzinfo=UTC)
OK = Receipt(True)


def handed(**changes: Any) -> Case:
    case = Case(CLAIM, CREDITOR, "INK-2026-000001", HANDED_ON, handed_over())
    return replace(case, **changes)


def demanded(**changes: Any) -> Case:
    case = cases.open_case(handed(), HANDED_ON).case
    case = cases.hear_demand_charged(case, demand_charged()).case
    return replace(cases.hear_sent(case, sent()).case, **changes)


def filing() -> Case:
    return cases.take_step(demanded(), FILING_ON).case


def charge(case: Case, event: FilingCharged | None = None) -> Decision:
    charged = event or filing_charged()
    return applications.hear_filing_charged(case, charged, ombudskod="BETALT", now=NOW)


def applying() -> Case:
    return charge(filing()).case


def looked(case: Case, message: Any = None, at: datetime = NOW) -> Any:
    """What goes at the last look, None for nothing."""
    return sending.look_again(case, message or case.application or {}, at).message


def attempted() -> Case:
    case = applying()
    assert case.application is not None
    return sending.look_again(case, case.application, NOW).case


def filed(stage: Stage = Stage.FILED) -> Case:
    case = attempted()
    assert case.application is not None
    decision = sending.hear_receipt(case, case.application, OK, FILING_ON)
    (told,) = decision.says
    assert isinstance(told, CaseFiled)
    assert told.amount_ore == 5_463_15, "all that the application asks for"
    return replace(decision.case, stage=stage, kronofogden_number="01-000001-26")


def objection(outcome: DisputeOutcome | None = None) -> disputes.Dispute:
    return disputes.Dispute(
        DisputeId(new_id()), CLAIM, CREDITOR, "Färgen flagnar.", None, HANDED_ON, outcome
    )


def closed(case: Case) -> Case:
    return cases.close(case, CloseReason.CREDITOR_WITHDREW, HANDED_ON).case


# The demand.


def test_a_hand_over_opens_a_case_and_demands_with_legal_time_on_every_channel() -> None:
    """R-108, R-110."""
    decision = cases.open_case(handed(), HANDED_ON)
    assert kinds(decision.says) == ["CaseOpened", "DemandProposed"]
    proposal = decision.says[1]
    assert isinstance(proposal, DemandProposed)
    for channel in Channel:
        assert leaves_legal_time(proposal.respond_by, HANDED_ON + A_DAY, channel)
    assert proposal.respond_by == RESPOND_BY


def test_a_case_handed_over_on_a_saturday_demands_on_monday() -> None:
    decision = cases.open_case(handed(), date(2026, 9, 19))
    assert kinds(decision.says) == ["CaseOpened"]
    assert decision.case.next_on == date(2026, 9, 21)


def test_a_demands_time_runs_from_its_sending_whichever_news_comes_first() -> None:
    opened = cases.open_case(handed(), HANDED_ON).case
    first = cases.hear_sent(cases.hear_demand_charged(opened, demand_charged()).case, sent())
    second = cases.hear_demand_charged(cases.hear_sent(opened, sent()).case, demand_charged())
    assert first.case == second.case
    assert (first.case.stage, first.case.next_on) == (Stage.DEMANDED, FILING_ON)


def test_a_letter_sent_late_moves_the_filing() -> None:
    opened = cases.open_case(handed(), HANDED_ON).case
    case = cases.hear_demand_charged(opened, demand_charged()).case
    case = cases.hear_sent(case, sent(sent_on=date(2026, 9, 28))).case
    assert case.next_on == date(2026, 10, 8)


def test_a_demand_that_could_not_leave_in_time_is_proposed_anew() -> None:
    opened = cases.open_case(handed(), HANDED_ON).case
    case = cases.hear_demand_charged(opened, demand_charged()).case
    decision = cases.hear_stale(case, stale(), HANDED_ON + A_DAY)
    (proposal,) = decision.says
    assert isinstance(proposal, DemandProposed)
    assert proposal.ordinal == decision.case.demand_ordinal == 2
    assert not cases.hear_stale(decision.case, stale(), HANDED_ON + A_DAY).says
    late = cases.hear_demand_charged(decision.case, demand_charged(1)).case
    assert late.stage is Stage.DEMAND_PROPOSED
    again = cases.hear_demand_charged(decision.case, demand_charged(2)).case
    assert cases.hear_sent(again, sent(1)).case.stage is Stage.DEMAND_CHARGED
    assert cases.hear_sent(again, sent(2)).case.stage is Stage.DEMANDED


def test_what_became_of_an_earlier_letter_changes_nothing() -> None:
    """Nor what is said of the one that left: the demand's time has begun."""
    opened = cases.open_case(handed(), HANDED_ON).case
    again = cases.hear_stale(opened, stale(), HANDED_ON).case
    second = cases.hear_sent(cases.hear_demand_charged(again, demand_charged(2)).case, sent(2)).case
    late = sent(1, sent_on=HANDED_ON - A_DAY)
    for case in (again, second, closed(second)):
        assert cases.hear_stale(case, stale(1), FILING_ON) == Decision(case)
        assert cases.hear_undeliverable(case, failed(1)) == Decision(case)
    assert cases.hear_sent(second, late) == Decision(second)
    assert cases.hear_stale(second, stale(2), FILING_ON) == Decision(second)
    assert cases.hear_undeliverable(second, failed(2)) == Decision(second)


def test_a_demand_that_no_channel_takes_needs_a_person() -> None:
    opened = cases.open_case(handed(), HANDED_ON).case
    decision = cases.hear_undeliverable(opened, failed())
    assert decision.case.stage is Stage.UNDELIVERABLE
    assert [task.kind for task in decision.tasks] == ["demand_undeliverable"]
    assert not cases.take_step(decision.case, FILING_ON).says
    late = cases.hear_demand_charged(decision.case, demand_charged())
    assert late == Decision(decision.case), "its price may be heard of after the letter's end"
    disputed = charge_reversed(ChargeKind.DEMAND, 1, ReversalCause.DISPUTE)
    charged = cases.hear_demand_charged(opened, demand_charged()).case
    back = applications.hear_reversed(charged, disputed, HANDED_ON).case
    lost = cases.hear_undeliverable(back, failed()).case
    assert (lost.stage, lost.next_on) == (Stage.UNDELIVERABLE, None), "not to that address again"


# Filing.


@pytest.mark.parametrize(
    ("today", "says"), [(FILING_ON - 3 * A_DAY, 0), (FILING_ON, 1), (FILING_ON + A_DAY, 1)]
)
def test_an_unpaid_demand_goes_to_kronofogden_when_its_time_has_run_out(
    today: date, says: int
) -> None:
    """R-111, R-131; whoever asks before that day makes it no earlier."""
    decision = cases.take_step(demanded(), today)
    assert kinds(decision.says) == ["FilingProposed"] * says
    assert decision.case.next_on == (None if says else FILING_ON)


@pytest.mark.parametrize(
    ("case", "lack"),
    [
        (demanded(policy=Policy(filing=Filing.ASK)), Lack.CREDITOR_DECIDES),
        (demanded(handover=handed_over(debtor_identity_number=None)), Lack.IDENTITY_NUMBER),
        (demanded(handover=handed_over(debtor_address=None)), Lack.ADDRESS),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_case_that_cannot_be_filed_waits_for_its_creditor(case: Case, lack: Lack) -> None:
    decision = cases.take_step(case, FILING_ON)
    assert decision.says == ()
    assert (decision.case.stage, decision.case.lack) == (Stage.AWAITS_CREDITOR, lack)


def test_an_application_claims_what_the_ledger_charged() -> None:
    """The first row of kronofogden.md 6: 5 463.15 in all."""
    (message,) = charge(filing()).messages
    assert message["claims"][0]["amountOre"] == 4_500_00
    assert message["claims"][0]["interest"] == {
        "kind": "reference_plus",
        "bp": 800,
        "from": "2026-09-01",
        "accruedOre": 43_15,
        "accruedTo": "2026-10-05",
    }
    assert {cost["type"]: cost["amountOre"] for cost in message["costs"]} == {
        "reminder": 60_00,
        "inkasso": 180_00,
        "application_fee": 300_00,
        "ombudsarvode": 380_00,
    }
    assert message["enforcement"] == "none"
    assert message["messageId"] == charge(filing()).messages[0]["messageId"]


def test_interest_that_has_not_begun_is_claimed_from_its_first_day() -> None:
    """Kronofogden.md 2: from which day; räntelagen (1975:635) 4 § may put it ahead."""
    begins = {"interest": (), "interest_ore": 0, "interest_from": FILING_ON + 3 * A_DAY}
    event = filing_charged()
    later = event.model_copy(update={"statement": event.statement.model_copy(update=begins)})
    (message,) = charge(filing(), later).messages
    interest = message["claims"][0]["interest"]
    assert (interest["from"], interest["accruedOre"]) == ("2026-10-08", 0)


def test_an_agreed_rate_is_stated_as_agreed() -> None:
    terms = InterestTerms(kind=InterestKind.AGREED_FIXED, rate_bp=1200)
    (message,) = charge(replace(filing(), interest=terms)).messages
    assert message["claims"][0]["interest"]["kind"] == "fixed"
    assert message["claims"][0]["interest"]["bp"] == 1200


@pytest.mark.parametrize("kind", [ChargeKind.DEMAND, ChargeKind.FILING])
@pytest.mark.parametrize(
    ("reason", "closes"),
    [(RefusalReason.SETTLED, CloseReason.PAID), (RefusalReason.CREDITED, CloseReason.CREDITED)],
)
def test_a_step_refused_because_nothing_is_owed_closes_the_case(
    kind: ChargeKind, reason: RefusalReason, closes: CloseReason
) -> None:
    case = filing() if kind is ChargeKind.FILING else cases.open_case(handed(), HANDED_ON).case
    decision = applications.hear_refused(case, refused(kind, reason), FILING_ON)
    assert kinds(decision.says) == ["CaseClosed"]
    assert decision.case.close_reason is closes


@pytest.mark.parametrize("reason", [RefusalReason.TOO_EARLY, RefusalReason.DISPUTED])
def test_a_step_refused_for_now_is_asked_for_on_the_next_banking_day(reason: RefusalReason) -> None:
    decision = applications.hear_refused(filing(), refused(ChargeKind.FILING, reason), FILING_ON)
    assert (decision.case.stage, decision.case.next_on) == (Stage.DEMANDED, FILING_ON + A_DAY)
    (again,) = cases.take_step(decision.case, FILING_ON + A_DAY).says
    assert isinstance(again, FilingProposed)
    assert again.ordinal == 2


@pytest.mark.parametrize(
    ("case", "kind", "reason"),
    [
        (filing(), ChargeKind.FILING, RefusalReason.ALREADY_CHARGED),
        (filing(), ChargeKind.DEMAND, RefusalReason.TOO_EARLY),
        (filing(), ChargeKind.REMINDER, RefusalReason.SETTLED),
        (demanded(), ChargeKind.FILING, RefusalReason.TOO_EARLY),
        (applying(), ChargeKind.FILING, RefusalReason.DISPUTED),
    ],
)
def test_a_refusal_that_answers_nothing_asked_now_changes_nothing(
    case: Case, kind: ChargeKind, reason: RefusalReason
) -> None:
    """What is charged already is answered by its charge; a reminder is dunning's."""
    assert applications.hear_refused(case, refused(kind, reason), FILING_ON) == Decision(case)


@pytest.mark.parametrize("kind", [ChargeKind.DEMAND, ChargeKind.FILING])
def test_a_claim_that_is_barred_is_demanded_and_filed_no_more_before_a_person_has_looked(
    kind: ChargeKind,
) -> None:
    """Preskriptionslagen (1981:130) 8 §."""
    case = filing() if kind is ChargeKind.FILING else cases.open_case(handed(), HANDED_ON).case
    told = applications.hear_refused(case, refused(kind, RefusalReason.BARRED), FILING_ON)
    assert (told.case.stage, told.case.lack) == (Stage.AWAITS_CREDITOR, Lack.BARRED)
    assert [task.kind for task in told.tasks] == ["claim_barred"]
    assert cases.take_step(told.case, date(2026, 12, 1)) == Decision(told.case)
    assert "claim_barred" not in over(told.case)
    assert "claim_barred" in over(filing())


DECIDED = replace(filed(Stage.DECIDED), next_on=FILING_ON)
ENFORCING = cases.take_step(DECIDED, FILING_ON).case


@pytest.mark.parametrize(
    "case",
    [
        cases.open_case(handed(), HANDED_ON).case,
        cases.take_step(demanded(policy=Policy(filing=Filing.ASK)), FILING_ON).case,
        filing(),
        applying(),
        cases.take_step(charge(replace(filing(), next_on=FILING_ON)).case, FILING_ON).case,
        ENFORCING,
        applications.hear_enforcement_charged(ENFORCING, enforcement_charged(FILING_ON)).case,
        applications.end(DECIDED, CloseReason.PAID, "paid", FILING_ON).case,
    ],
    ids=lambda case: case.stage,
)
def test_a_case_that_waits_for_an_answer_has_no_day_on_which_it_goes_on(case: Case) -> None:
    assert case.next_on is None
    asked_anyway = cases.take_step(replace(case, next_on=FILING_ON), FILING_ON)
    assert asked_anyway == Decision(case)


# Paid, credited, regretted.


def test_only_the_answer_to_the_latest_proposal_is_acted_on() -> None:
    case = filing()
    assert charge(case, filing_charged(2)) == Decision(case)
    decided = replace(filed(Stage.DECIDED), next_on=FILING_ON)
    asked = cases.take_step(decided, FILING_ON).case
    again = enforcement_charged(FILING_ON).model_copy(update={"ordinal": 2})
    assert applications.hear_enforcement_charged(asked, again) == Decision(asked)


@pytest.mark.parametrize("event", [paid(), credited()])
@pytest.mark.parametrize(
    "case", [cases.open_case(handed(), HANDED_ON).case, demanded(), filing()], ids=lambda c: c.stage
)
def test_a_claim_that_is_over_before_filing_closes_its_case(case: Case, event: Any) -> None:
    rule = applications.hear_payment if event.type.endswith("allocated.v1") else None
    decision = (rule or applications.hear_settled)(case, event, FILING_ON)
    assert kinds(decision.says) == ["CaseClosed"]
    assert (decision.messages, decision.case.next_on) == ((), None)
    assert not charge(decision.case).messages


def test_an_application_not_yet_sent_is_dropped_when_the_claim_is_paid() -> None:
    case = applying()
    decision = applications.hear_payment(case, paid(), FILING_ON)
    assert kinds(decision.says) == ["CaseWithdrawn", "CaseClosed"]
    assert decision.says[0].reason == "never_filed"  # type: ignore[attr-defined]
    assert case.application is not None
    assert looked(decision.case, case.application) is None
    dropped = sending.hear_receipt(decision.case, case.application, None, FILING_ON)
    assert dropped == Decision(decision.case)


@pytest.mark.parametrize(
    "case",
    [
        attempted(),
        *map(filed, (Stage.FILED, Stage.CONFIRMED, Stage.SERVED, Stage.CONTESTED, Stage.DECIDED)),
        *map(filed, (Stage.ENFORCEMENT_PROPOSED, Stage.ENFORCEMENT_CHARGED, Stage.ENFORCEMENT)),
    ],
    ids=lambda case: case.stage,
)
def test_a_claim_paid_at_kronofogden_is_withdrawn(case: Case) -> None:
    decision = applications.hear_payment(case, paid(), FILING_ON)
    assert (decision.case.stage, decision.says) == (Stage.WITHDRAWING, ())
    (message,) = decision.messages
    assert message["kind"] == "withdrawal"
    assert decision.settled_on == FILING_ON
    again = applications.hear_payment(decision.case, paid(), FILING_ON)
    assert again == Decision(decision.case)
    receipt = sending.hear_receipt(decision.case, message, OK, FILING_ON)
    assert kinds(receipt.says)[-2:] == ["CaseWithdrawn", "CaseClosed"]


def test_an_application_kronofogden_refuses_while_ending_was_never_filed() -> None:
    case = attempted()
    assert case.application is not None
    ending = applications.hear_payment(case, paid(), FILING_ON)
    no = Receipt(False, ("FORMAT",))
    decision = sending.hear_receipt(ending.case, case.application, no, FILING_ON)
    assert kinds(decision.says) == ["CaseWithdrawn", "CaseClosed"]
    assert looked(decision.case, ending.messages[0]) is None
    assert "application_uncertain" in over(decision.case)


def test_a_refused_application_is_a_persons_task() -> None:
    case = attempted()
    assert case.application is not None
    no = Receipt(False, ("FORMAT",))
    decision = sending.hear_receipt(case, case.application, no, FILING_ON)
    assert decision.case.stage is Stage.REFUSED
    assert [task.kind for task in decision.tasks] == ["payment_order_application_refused"]


@pytest.mark.parametrize("code", ["CLOSED", "UNKNOWN"])
def test_a_withdrawal_of_what_no_longer_stands_ends_the_case(code: str) -> None:
    decision = applications.hear_payment(filed(), paid(), FILING_ON)
    gone = Receipt(False, (code,))
    ended = sending.hear_receipt(decision.case, decision.messages[0], gone, FILING_ON)
    assert ended.case.stage is Stage.CLOSED


def test_a_part_payment_lowers_the_claim_at_kronofogden() -> None:
    event = part_paid()
    (message,) = applications.hear_payment(filed(), event, FILING_ON).messages
    assert message["kind"] == "reduction"
    assert (message["newCapitalOre"], message["paidOre"]) == (3_500_00, 1_963_15)
    assert message["paidDate"] == "2026-10-05"


def test_a_part_payment_before_the_sending_lowers_the_application_itself() -> None:
    case = applying()
    decision = applications.hear_payment(case, part_paid(), FILING_ON)
    assert (decision.case.stage, decision.messages) == (Stage.FILING_CHARGED, ())
    assert case.application is not None
    assert looked(decision.case, case.application) is None
    assert decision.case.amount_ore == 3_500_00
    (message,) = cases.take_step(decision.case, FILING_ON).messages
    assert message["claims"][0]["amountOre"] == 3_500_00
    assert message["claims"][0]["interest"]["accruedOre"] == 0
    assert message["costs"] == []
    assert message["messageId"] == case.application["messageId"]


@pytest.mark.parametrize("at_kronofogden", [False, True])
def test_a_part_paid_is_told_to_kronofogden_only_where_it_may_have_the_case(
    at_kronofogden: bool,
) -> None:
    """Before, the ledger prices what is left; an application that may have left stays as it was."""
    event = part_paid().model_copy(update={"at_kronofogden": at_kronofogden})
    for case in (demanded(), filing(), closed(applying())):
        assert applications.hear_payment(case, event, FILING_ON) == Decision(case)
    uncertain = disputes.hold(attempted()).case
    for case in (attempted(), uncertain):
        told = applications.hear_payment(case, event, FILING_ON)
        assert told.case == case
        reductions = [] if at_kronofogden else ["reduction"]
        assert [message["kind"] for message in told.messages] == reductions


def test_where_only_costs_are_left_the_claim_is_on_the_costs() -> None:
    event = part_paid()
    left = event.parts[:4]
    lowered = messages.lowered(applying(), event.model_copy(update={"remaining": left}))
    assert lowered["claims"][0]["type"] == "inkasso"
    assert lowered["claims"][0]["amountOre"] == 240_00
    assert {cost["type"] for cost in lowered["costs"]} == {"application_fee", "ombudsarvode"}
    ground = lowered["claims"][0]["ground"]
    assert "kapitalet 4500,00 kr betalades 2026-10-05. Inkassokrav sändes 2026-09-22." in ground
    assert Component.CAPITAL not in {part.component for part in left}


def test_a_creditor_who_regrets_withdraws_what_is_filed_and_closes_what_is_not() -> None:
    """R-112, R-113."""
    reason = CloseReason.CREDITOR_WITHDREW
    assert kinds(applications.end(demanded(), reason, "creditor", FILING_ON).says) == ["CaseClosed"]
    decision = applications.end(filed(), reason, "creditor", FILING_ON)
    assert decision.messages[0]["kind"] == "withdrawal"
    assert decision.case.close_reason is reason


NEXT_DAY = FILING_ON + A_DAY
CREDIT, DISPUTE, PAYMENT = ReversalCause.CREDIT, ReversalCause.DISPUTE, ReversalCause.PAYMENT
DEMAND, FILE, ENFORCE = ChargeKind.DEMAND, ChargeKind.FILING, ChargeKind.ENFORCEMENT
BEFORE_FILING = [
    replace(demanded(), stage=Stage.DEMAND_CHARGED, next_on=None),
    demanded(),
    demanded(stage=Stage.AWAITS_CREDITOR, lack=Lack.CREDITOR_DECIDES, next_on=None),
    filing(),
]


@pytest.mark.parametrize(
    ("case", "kind", "cause", "stage", "next_on", "asks_a_person"),
    [
        *((case, DEMAND, DISPUTE, Stage.OPENED, NEXT_DAY, False) for case in BEFORE_FILING),
        (demanded(), DEMAND, ReversalCause.NEVER_DELIVERED, Stage.DEMANDED, FILING_ON, False),
        (filed(), DEMAND, DISPUTE, Stage.FILED, None, False),
        (applying(), FILE, PAYMENT, Stage.DEMANDED, NEXT_DAY, False),
        (replace(applying(), stage=Stage.REFUSED), FILE, PAYMENT, Stage.DEMANDED, NEXT_DAY, False),
        (attempted(), FILE, DISPUTE, Stage.APPLYING, None, False),
        (attempted(), FILE, PAYMENT, Stage.APPLYING, None, True),
        (filed(), FILE, PAYMENT, Stage.FILED, None, True),
        (filed(Stage.WITHDRAWING), FILE, PAYMENT, Stage.WITHDRAWING, None, True),
        (filed(Stage.ENFORCEMENT), ENFORCE, DISPUTE, Stage.DECIDED, NEXT_DAY, False),
        (filed(Stage.WITHDRAWING), ENFORCE, DISPUTE, Stage.WITHDRAWING, None, True),
        (filed(Stage.CLOSED), FILE, PAYMENT, Stage.CLOSED, None, False),
        (filed(), ChargeKind.REMINDER, DISPUTE, Stage.FILED, None, False),
    ],
)
def test_a_step_whose_charge_fell_is_taken_back_where_it_can_be_and_else_a_persons_matter(
    case: Case,
    kind: ChargeKind,
    cause: ReversalCause,
    stage: Stage,
    next_on: date | None,
    asks_a_person: bool,
) -> None:
    """What is still owed goes on from the step before, on the banking day after the reversal."""
    told = applications.hear_reversed(case, charge_reversed(kind, 1, cause), FILING_ON)
    assert (told.case.stage, told.case.next_on) == (stage, next_on)
    assert [task.kind for task in told.tasks] == ["charge_reversed"] * asks_a_person
    assert (told.says, told.messages) == ((), ())


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (charge_reversed(FILE, 0, CREDIT), CloseReason.CREDITED),
        (charge_reversed(FILE, 0, PAYMENT), CloseReason.PAID),
        (credited(), CloseReason.CREDITED),
        (credited(SettledHow.WRITE_OFF), CloseReason.CREDITOR_WITHDREW),
        (credited(SettledHow.REVERSAL), CloseReason.PAID),
    ],
)
@pytest.mark.parametrize("stage", [Stage.APPLYING, Stage.REFUSED, Stage.CLOSED])
def test_a_case_ends_once_with_the_reason_that_ended_the_claim(
    event: Any, reason: CloseReason, stage: Stage
) -> None:
    """R-113: nothing is owed to Kronofogden for what it never had, or refused."""
    rule = applications.hear_reversed if "reversed" in event.type else None
    case = replace(applying(), stage=stage)
    decision = (rule or applications.hear_settled)(case, event, FILING_ON)
    if stage is Stage.CLOSED:
        assert decision == Decision(case)
        return
    assert kinds(decision.says) == ["CaseWithdrawn", "CaseClosed"]
    assert decision.says[0].reason == "never_filed"  # type: ignore[attr-defined]
    assert decision.case.close_reason is reason


def test_a_reversed_filing_is_not_sent() -> None:
    case = applying()
    gone = applications.hear_reversed(case, charge_reversed(ChargeKind.FILING, 0), FILING_ON)
    assert gone.case.stage is Stage.CLOSED
    held = applications.hear_reversed(
        case, charge_reversed(ChargeKind.FILING, 1, ReversalCause.DISPUTE), FILING_ON
    )
    assert (held.case.stage, held.case.application) == (Stage.DEMANDED, None)
    again = applications.hear_filing_charged(
        cases.take_step(held.case, FILING_ON + A_DAY).case,
        filing_charged(2),
        ombudskod="BETALT",
        now=NOW,
    )
    assert case.application is not None
    assert again.messages[0]["messageId"] != case.application["messageId"]
    sent_already = applications.hear_reversed(
        filed(), charge_reversed(ChargeKind.FILING, 1, ReversalCause.DISPUTE), FILING_ON
    )
    assert sent_already == Decision(filed())  # the ledger books it again: we filed


# Kronofogden's news.


def news(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "number": 1,
        "kind": kind,
        "reference": "INK-2026-000001",
        "caseNumber": "01-000001-26",
        **more,
    }


def test_news_moves_the_case_to_its_decision_and_on_to_enforcement() -> None:
    case = filed()
    for kind, stage in (("confirmation", Stage.CONFIRMED), ("served", Stage.SERVED)):
        decision = kronofogden.hear_news(case, news(kind), FILING_ON)
        assert kinds(decision.says) == ["CaseOutcomeHeard"]
        case = decision.case
        assert case.stage is stage
    decided_on = date(2026, 10, 22)
    case = kronofogden.hear_news(
        case, news("decision", decidedAt="2026-10-22T10:00:00Z"), decided_on
    ).case
    assert (case.stage, case.decided_on) == (Stage.DECIDED, decided_on)
    asked = cases.take_step(case, decided_on)
    assert kinds(asked.says) == ["EnforcementProposed"]
    charged = applications.hear_enforcement_charged(asked.case, enforcement_charged(decided_on))
    assert charged.messages[0]["kind"] == "enforcement_application"
    assert charged.messages[0]["decidedAt"] == "2026-10-22"
    assert charged.case.stage is Stage.ENFORCEMENT


def test_a_creditor_may_stop_at_the_decision() -> None:
    case = replace(filed(), policy=Policy(enforcement=False))
    told = news("decision", decidedAt="2026-10-22T10:00:00Z")
    assert kronofogden.hear_news(case, told, date(2026, 10, 22)).case.next_on is None


def test_news_that_comes_before_the_receipt_files_the_case_once() -> None:
    case = attempted()
    assert case.application is not None
    decision = kronofogden.hear_news(case, news("confirmation"), FILING_ON)
    assert kinds(decision.says) == ["CaseFiled", "CaseOutcomeHeard"]
    late = sending.hear_receipt(decision.case, case.application, OK, FILING_ON)
    assert late == Decision(decision.case)


def test_a_contested_case_is_held_and_its_claim_disputed() -> None:
    """R-115, R-118."""
    decision = kronofogden.hear_news(
        filed(Stage.SERVED), news("contested", reason="Jag är inte skyldig."), FILING_ON
    )
    assert decision.objection is not None
    assert decision.objection.reason == "Jag är inte skyldig."
    assert (decision.case.stage, decision.case.held) == (Stage.CONTESTED, True)


@pytest.mark.parametrize(
    ("reason", "closes"),
    [
        ("dismissed", CloseReason.DISMISSED),
        ("service_failed", CloseReason.DISMISSED),
        ("contested", CloseReason.DISPUTED),
    ],
)
def test_a_case_that_kronofogden_closes_is_closed(reason: str, closes: CloseReason) -> None:
    decision = kronofogden.hear_news(filed(), news("closed", reason=reason), FILING_ON)
    assert kinds(decision.says) == ["CaseOutcomeHeard", "CaseClosed"]
    assert decision.case.close_reason is closes


def test_the_echo_of_a_withdrawal_says_nothing() -> None:
    ending = applications.hear_payment(filed(), paid(), FILING_ON).case
    assert not kronofogden.hear_news(ending, news("closed", reason="withdrawn"), FILING_ON).says


def test_a_debtor_without_assets_stays_under_watch() -> None:
    """R-121."""
    case = filed(Stage.ENFORCEMENT)
    decision = kronofogden.hear_news(case, news("final_report", outcome="exhausted"), FILING_ON)
    assert decision.case.stage is Stage.EXHAUSTED
    assert kinds(applications.hear_payment(decision.case, paid(), FILING_ON).says) == ["CaseClosed"]


# Disputes.


def test_nothing_is_done_in_a_case_while_its_claim_is_disputed() -> None:
    """R-115."""
    for case in (handed(next_on=HANDED_ON), demanded(), filed(Stage.DECIDED)):
        held = disputes.hold(case).case
        assert not cases.take_step(held, date(2026, 12, 1)).says
    assert charge(replace(filing(), held=True)).case.stage is Stage.FILING_CHARGED
    assert charge(replace(filing(), held=True)).messages == ()


def test_an_application_not_yet_sent_is_kept_back_by_a_dispute_and_goes_later() -> None:
    case = applying()
    held = disputes.hold(case).case
    assert case.application is not None
    assert looked(held, case.application) is None
    free = disputes.release(held, objection(DisputeOutcome.WITHDRAWN), FILING_ON).case
    assert free.next_on == FILING_ON + A_DAY
    assert cases.take_step(free, FILING_ON + A_DAY).messages == (case.application,)


def test_a_withdrawn_objection_lets_the_case_go_on_from_the_next_banking_day() -> None:
    held = disputes.hold(demanded()).case
    friday = date(2026, 10, 9)
    free = disputes.release(held, objection(DisputeOutcome.WITHDRAWN), friday).case
    assert (free.held, free.next_on) == (False, date(2026, 10, 12))


@pytest.mark.parametrize(
    "case",
    [handed(), applying(), filed(Stage.DECIDED), filed(Stage.ENFORCEMENT_CHARGED)],
    ids=lambda case: case.stage,
)
def test_a_step_that_an_objection_held_is_taken_once_it_is_withdrawn(case: Case) -> None:
    held = disputes.hold(case).case
    free = disputes.release(held, objection(DisputeOutcome.WITHDRAWN), date(2026, 10, 9)).case
    assert (free.held, free.next_on) == (False, date(2026, 10, 12))


def test_an_objection_is_told_with_its_part_its_day_and_its_end_and_without_its_words() -> None:
    part = replace(objection(), disputed_ore=1_000_00)
    told = disputes.disputed(part)
    assert (told.dispute_id, told.disputed_ore) == (part.dispute_id, 1_000_00)
    assert told.objected_on == HANDED_ON
    assert part.reason not in told.payload().decode(), "its words are personal"
    ended, said = disputes.settle(part, DisputeOutcome.UPHELD, FILING_ON)
    assert (ended.outcome, ended.settled_on) == (DisputeOutcome.UPHELD, FILING_ON)
    assert (said.dispute_id, said.outcome, said.settled_on) == (
        part.dispute_id,
        DisputeOutcome.UPHELD,
        FILING_ON,
    )


def test_an_objection_that_is_withdrawn_early_shortens_no_demands_time() -> None:
    """Inkassolagen (1974:182) 6 §."""
    held = disputes.hold(demanded()).case
    free = disputes.release(held, objection(DisputeOutcome.WITHDRAWN), HANDED_ON).case
    assert free.next_on == FILING_ON


@pytest.mark.parametrize(
    "case",
    [
        *(replace(filed(stage), held=True) for stage in (Stage.FILED, Stage.CONTESTED)),
        replace(filed(Stage.DECIDED), held=True, policy=Policy(enforcement=False)),
        demanded(stage=Stage.AWAITS_CREDITOR, lack=Lack.CREDITOR_DECIDES, next_on=None, held=True),
    ],
    ids=lambda case: case.stage,
)
def test_a_case_that_waited_for_something_else_waits_for_it_after_the_objection(case: Case) -> None:
    """Kronofogden's answer, or the creditor's word."""
    free = disputes.release(case, objection(DisputeOutcome.WITHDRAWN), FILING_ON)
    assert free == Decision(replace(case, held=False))


@pytest.mark.parametrize(
    ("case", "stage"), [(demanded(), Stage.CLOSED), (filed(), Stage.WITHDRAWING)]
)
def test_an_upheld_objection_ends_the_case(case: Case, stage: Stage) -> None:
    held = disputes.hold(case).case
    decision = disputes.release(held, objection(DisputeOutcome.UPHELD), FILING_ON)
    assert decision.case.stage is stage
    assert decision.case.close_reason is CloseReason.DISPUTED


def test_an_application_held_in_the_middle_of_a_sending_is_queued_anew() -> None:
    """Dropped at the last look, freed before the drop was written."""
    case = applying()
    assert case.application is not None
    decision = sending.hear_receipt(case, case.application, None, FILING_ON)
    assert (decision.case.stage, decision.case.next_on) == (Stage.FILING_CHARGED, FILING_ON)
