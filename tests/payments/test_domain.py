"""The rules of the ledger, without a database: most of what an accountant would ask about."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.collections import DisputeOutcome
from contracts.ids import CreditorId
from contracts.invoicing import CreditKind
from contracts.payments import (
    ChargeDeferred,
    ChargeRefused,
    ChargeReversed,
    ClaimSettled,
    DemandCharged,
    FilingCharged,
    OverpaymentFound,
    PaymentAllocated,
    RefusalReason,
    ReminderCharged,
    ReversalCause,
    UnmatchedReason,
)
from contracts.terms import ChargeKind, Component, DebtorKind, InterestTerms
from services.payments.domain.charges import Proposal
from services.payments.domain.incoming import Hold, Reference, ReferenceKind
from services.payments.domain.ledger import Account, Movement, Posting, UnbalancedError
from services.payments.domain.matching import keys, references_to_say, shares
from tests.payments import facts
from tests.payments.facts import DUE, REMINDED
from tests.payments.paper import TODAY, Paper


def july(day: int) -> date:
    """A day of July 2026."""
    return date(2026, 7, day)


def test_a_demand_states_what_the_handbook_s_example_states() -> None:
    """law-and-fees 4.2: 2,240.00 + 19.31 + 60 + 180 = 2,499.31, then 0.61 a day."""
    paper = Paper(facts.invoice(324_000))
    paper.remind()
    paper.pay(100_000, july(10))
    (charged,) = paper.propose(facts.demand(paper.invoice)).says
    assert isinstance(charged, DemandCharged)
    statement = charged.statement
    assert statement.capital_ore == 224_000
    assert statement.interest_ore == 1_931
    assert [(s.days, s.capital_ore, s.rate_bp) for s in statement.interest] == [
        (10, 324_000, 1000),
        (17, 224_000, 1000),
    ]
    assert statement.interest_per_day_ore == 61
    assert {cost.component: cost.amount_ore for cost in statement.costs} == {
        Component.REMINDER_FEE: 6_000,
        Component.DEMAND_COST: 18_000,
    }
    assert statement.total_ore == 249_931
    assert statement.paid_ore == 100_000
    assert charged.fee_ore == 18_000
    paper.check()


def test_a_reminder_adds_sixty_kronor_and_the_interest_to_the_day() -> None:
    """R-100: the fee was agreed; interest of six days on 3,240.00 is 5.33."""
    paper = Paper(facts.invoice())
    (charged,) = paper.remind().says
    assert isinstance(charged, ReminderCharged)
    assert charged.fee_ore == 6_000
    assert charged.statement.interest_ore == 533
    assert charged.statement.total_ore == 324_000 + 6_000 + 533
    assert charged.statement.pay_by == july(14)
    paper.check()


@pytest.mark.parametrize(
    ("as_of", "days", "total_ore"),
    [
        (date(2026, 12, 1), [], 125_000),
        (date(2026, 12, 26), [], 125_000),
        (date(2026, 12, 27), [1], 125_034),
    ],
)
def test_a_statement_says_from_which_day_interest_runs(
    as_of: date, days: list[int], total_ore: int
) -> None:
    """R-101; räntelagen (1975:635) 4 § 1 st.: thirty days after the invoice was sent."""
    terms = {"issued_on": date(2026, 11, 26), "due_on": date(2026, 11, 27)}
    paper = Paper(facts.invoice(125_000, due_date_agreed=False, reminder_fee_agreed=False, **terms))
    paper.sent(date(2026, 11, 26))
    (charged,) = paper.remind(as_of).says
    assert isinstance(charged, ReminderCharged)
    statement = charged.statement
    assert [segment.days for segment in statement.interest] == days
    assert (statement.interest_from, statement.interest_per_day_ore) == (date(2026, 12, 27), 34)
    assert statement.total_ore == total_ore


def test_no_rate_of_a_half_year_to_come_is_guessed_or_waited_for() -> None:
    """law-and-fees 1.3: what interest will cost a day is not told before its rate is decided."""
    paper = Paper(facts.invoice(due_date_agreed=False, due_on=date(2026, 12, 8)))
    paper.sent(date(2026, 12, 7))
    (charged,) = paper.remind(date(2026, 12, 14)).says
    assert isinstance(charged, ReminderCharged)
    assert charged.statement.interest_from == date(2027, 1, 7)
    assert charged.statement.interest_per_day_ore == 0


@pytest.mark.parametrize("sent_on", [None, date(2026, 6, 1)])
def test_a_statement_names_no_day_of_interest_where_none_runs(sent_on: date | None) -> None:
    """Räntelagen 4 §: without an agreed due date not before the sending, nor without notice."""
    paper = Paper(
        facts.invoice(due_date_agreed=False, interest=InterestTerms(notice_given=not sent_on))
    )
    if sent_on:
        paper.sent(sent_on)
    (charged,) = paper.remind().says
    assert isinstance(charged, ReminderCharged)
    assert (charged.statement.interest_from, charged.statement.interest_per_day_ore) == (None, 0)


def test_a_reminder_whose_fee_was_not_agreed_is_sent_without_one() -> None:
    """Lag (1981:739) 2 §."""
    paper = Paper(facts.invoice(reminder_fee_agreed=False))
    (charged,) = paper.remind().says
    assert isinstance(charged, ReminderCharged)
    assert charged.fee_ore == 0
    assert charged.statement.costs == ()


def _settled(paper: Paper) -> None:
    paper.pay(324_000, july(1))


def _credited(paper: Paper) -> None:
    paper.credit(324_000, july(1), CreditKind.COMMERCIAL)


def _disputed(paper: Paper) -> None:
    paper.dispute(facts.disputed(paper.invoice, july(1)))


def _upheld(paper: Paper) -> None:
    objection = facts.disputed(paper.invoice, july(1))
    paper.dispute(objection)
    paper.settle_dispute(facts.dispute_settled(objection, DisputeOutcome.UPHELD))


def _reminded(paper: Paper) -> None:
    paper.remind()


@pytest.mark.parametrize(
    ("before", "as_of", "reason"),
    [
        (_settled, REMINDED, RefusalReason.SETTLED),
        (_credited, REMINDED, RefusalReason.CREDITED),
        (_disputed, REMINDED, RefusalReason.DISPUTED),
        (_upheld, REMINDED, RefusalReason.ON_HOLD),
        (_reminded, REMINDED, RefusalReason.ALREADY_CHARGED),
        (None, DUE, RefusalReason.TOO_EARLY),
        (None, date(2029, 6, 1), RefusalReason.BARRED),
    ],
)
def test_the_ledger_says_no_and_nothing_is_booked(
    before: Any, as_of: date, reason: RefusalReason
) -> None:
    """events.md 3: nothing is charged after the ledger has heard why not."""
    paper = Paper(facts.invoice())
    if before:
        before(paper)
    held = dict(paper.sums)
    (refused,) = paper.remind(as_of).says
    assert isinstance(refused, ChargeRefused)
    assert refused.reason is reason
    assert paper.sums == held


@pytest.mark.parametrize(
    ("as_of", "refused"), [(date(2029, 5, 31), False), (date(2029, 6, 1), True)]
)
def test_a_consumer_s_claim_can_be_demanded_through_its_last_day(
    as_of: date, refused: bool
) -> None:
    """Preskriptionslagen 2 §: three years; with agreed interest no reference rate is needed."""
    terms = InterestTerms(kind="agreed_fixed", rate_bp=800)
    paper = Paper(facts.invoice(interest=terms))
    (said,) = paper.remind(as_of).says
    assert isinstance(said, ChargeRefused) is refused


def test_a_payment_interrupts_limitation() -> None:
    """Preskriptionslagen 5 § 1."""
    paper = Paper(facts.invoice(interest=InterestTerms(kind="agreed_fixed", rate_bp=800)))
    paper.pay(1_000, date(2028, 1, 10))
    (said,) = paper.remind(date(2029, 6, 1)).says
    assert isinstance(said, ReminderCharged)


def test_an_application_needs_a_demand_whose_time_has_run_out() -> None:
    """Inkassolagen 6 §: the demand's last day is 2026-08-06."""
    paper = Paper(facts.invoice())
    assert [type(s) for s in paper.propose(facts.file(paper.invoice)).says] == [ChargeRefused]
    paper.propose(facts.demand(paper.invoice))
    (early,) = paper.propose(facts.file(paper.invoice, date(2026, 8, 6))).says
    assert isinstance(early, ChargeRefused)
    assert early.reason is RefusalReason.TOO_EARLY
    (filed,) = paper.propose(facts.file(paper.invoice, date(2026, 8, 7))).says
    assert isinstance(filed, FilingCharged)
    assert filed.fee_ore == 68_000
    paper.propose(facts.enforce(paper.invoice))
    assert paper.open(Component.ENFORCEMENT_FEE) == 60_000
    paper.check()


def test_a_second_demand_after_a_stale_one_costs_nothing_more() -> None:
    """events.md 3.3."""
    paper = Paper(facts.invoice())
    paper.propose(facts.demand(paper.invoice))
    (again,) = paper.propose(facts.demand(paper.invoice, july(30), ordinal=2)).says
    assert isinstance(again, DemandCharged)
    assert again.fee_ore == 0
    assert paper.open(Component.DEMAND_COST) == 18_000
    assert again.statement.interest_ore == paper.open(Component.INTEREST) == 2_663
    paper.check()


def test_a_charge_without_a_reference_rate_waits() -> None:
    """events.md 4: nothing is guessed."""
    paper = Paper(facts.invoice())
    (deferred,) = paper.remind(date(2027, 1, 4)).says
    assert isinstance(deferred, ChargeDeferred)
    assert deferred.half_year == date(2027, 1, 1)
    assert paper.claim.book.remaining_ore == 324_000


def test_a_proposal_that_is_answered_later_keeps_its_time_to_pay() -> None:
    """The letter leaves later, so its day to pay moves as far, to a banking day."""
    proposal = Proposal(
        facts.invoice().claim_id,
        CreditorId(facts.CREDITOR),
        ChargeKind.REMINDER,
        1,
        july(6),
        july(14),
    )
    assert proposal.moved_to(july(10)).pay_by == july(20)
    assert proposal.moved_to(july(6)) is proposal


def test_a_payment_dated_before_the_reminder_takes_the_fee_away() -> None:
    """Architecture 2: booked after the reminder, dated on its day: fee and interest are gone."""
    paper = Paper(facts.invoice())
    paper.remind()
    reversed_, allocated = paper.pay(324_000, REMINDED).says
    assert isinstance(reversed_, ChargeReversed)
    assert (reversed_.amount_ore, reversed_.cause) == (6_533, ReversalCause.PAYMENT)
    assert isinstance(allocated, PaymentAllocated)
    assert allocated.settled
    assert not allocated.remaining
    paper.check()


def test_a_payment_dated_after_the_reminder_leaves_the_fee_owed() -> None:
    """The day after: the reminder was called for."""
    paper = Paper(facts.invoice())
    paper.remind()
    (allocated,) = paper.pay(324_000, REMINDED + timedelta(days=1)).says
    assert isinstance(allocated, PaymentAllocated)
    assert allocated.remaining_ore == 6_533


def test_a_part_payment_dated_before_the_reminder_lowers_only_the_interest() -> None:
    """Something was owed on the reminder's day; but 1,000.00 bore no interest from 2 July on."""
    paper = Paper(facts.invoice())
    paper.remind()
    (allocated,) = paper.pay(100_000, july(1)).says
    assert isinstance(allocated, PaymentAllocated)
    assert paper.open(Component.REMINDER_FEE) == 6_000
    assert paper.open(Component.INTEREST) == 396  # 324,000 x 1 day + 224,000 x 5 days at 10 %
    paper.check()


@pytest.mark.parametrize("first_ore", [324_000, 330_533])
def test_a_late_payment_that_settles_alone_leaves_what_came_after_it_to_the_debtor(
    first_ore: int,
) -> None:
    """events.md 4: heard last and dated first, it meets the claim; the other one is overpaid."""
    paper = Paper(facts.invoice())
    paper.remind()
    paper.pay(first_ore, july(8))
    reversed_, allocated, overpaid = paper.pay(324_000, july(3)).says
    assert isinstance(reversed_, ChargeReversed)
    assert reversed_.remaining_ore == 0
    assert isinstance(allocated, PaymentAllocated)
    assert allocated.settled
    assert isinstance(overpaid, OverpaymentFound)
    assert (overpaid.paid_on, overpaid.amount_ore) == (july(8), first_ore)
    assert paper.claim.book.overpaid_ore == first_ore
    paper.check()


@pytest.mark.parametrize("early", [100_000, 224_000])
def test_two_part_payments_dated_before_the_reminder_undo_it_in_either_order(early: int) -> None:
    """What decides is what was owed on the day, not which part was heard first."""
    paper = Paper(facts.invoice())
    paper.remind()
    paper.pay(early, july(1))
    paper.pay(324_000 - early, july(2))
    assert paper.claim.is_settled
    assert paper.open(Component.REMINDER_FEE) == 0
    paper.check()


def test_a_reminder_stays_when_the_first_money_came_after_it() -> None:
    """Money dated 1 July comes last, but the rest was paid after the reminder."""
    paper = Paper(facts.invoice())
    paper.remind()
    paper.pay(224_000, july(20))
    paper.pay(100_000, july(1))
    assert paper.open(Component.REMINDER_FEE) == 6_000
    paper.check()


def test_a_payment_on_the_banking_day_after_a_weekend_bears_no_interest() -> None:
    """Lag (1930:173) 2 §: due on Saturday 31 October, paid in part on Monday 2 November."""
    paper = Paper(facts.invoice(due_on=date(2026, 10, 31), issued_on=date(2026, 10, 1)))
    paper.pay(224_000, date(2026, 11, 2))
    paper.remind(date(2026, 11, 5))
    assert paper.open(Component.INTEREST) == 137  # 100,000 x 5 days at 10 %


def test_before_a_case_capital_comes_first_and_in_a_case_costs_do() -> None:
    """law-and-fees 5."""
    before = Paper(facts.invoice())
    before.remind()
    before.pay(10_000, july(8))
    assert before.open(Component.CAPITAL) == 314_000
    case = Paper(facts.invoice())
    case.remind()
    case.propose(facts.demand(case.invoice))
    case.pay(30_000, july(28))
    assert case.open(Component.DEMAND_COST) == case.open(Component.REMINDER_FEE) == 0
    assert case.open(Component.INTEREST) == 0
    assert case.open(Component.CAPITAL) == 324_000 - (30_000 - 24_000 - 2_397)
    assert -case.sum_of(Account.OPERATOR) == 18_000
    case.check()


def test_what_is_paid_too_much_is_the_debtor_s() -> None:
    """events.md 4: never paid out to a creditor."""
    paper = Paper(facts.invoice())
    allocated, found = paper.pay(330_000, july(1)).says
    assert isinstance(allocated, PaymentAllocated)
    assert allocated.amount_ore == 324_000
    assert isinstance(found, OverpaymentFound)
    assert found.amount_ore == 6_000
    (twice,) = paper.pay(324_000, july(2)).says
    assert isinstance(twice, OverpaymentFound)
    assert -paper.sum_of(Account.PAYABLE) == 324_000
    paper.check()


def test_a_credit_of_an_unpaid_invoice_settles_it() -> None:
    """events.md 2: ClaimSettled, for no payment did it."""
    paper = Paper(facts.invoice())
    (settled,) = paper.credit(324_000, july(1), CreditKind.COMMERCIAL).says
    assert isinstance(settled, ClaimSettled)
    paper.check()


def test_a_credit_of_a_paid_invoice_is_set_off_from_the_creditor() -> None:
    """events.md 4: the debtor gets a credit, taken back from what is payable."""
    paper = Paper(facts.invoice())
    paper.pay(324_000, july(1))
    assert paper.credit(324_000, july(10), CreditKind.COMMERCIAL).says == ()
    assert paper.sum_of(Account.PAYABLE) == 0
    assert -paper.sum_of(Account.OVERPAID) == 324_000
    paper.check()


@pytest.mark.parametrize("kind", CreditKind)
def test_a_credit_of_the_whole_invoice_takes_the_reminder_s_fee_with_it(kind: CreditKind) -> None:
    """Whoever lets the claim fall does not collect its fees."""
    paper = Paper(facts.invoice())
    paper.remind()
    reversed_, settled = paper.credit(324_000, july(10), kind).says
    assert isinstance(reversed_, ChargeReversed)
    assert reversed_.cause is ReversalCause.CREDIT
    assert isinstance(settled, ClaimSettled)
    assert paper.claim.is_settled
    paper.check()


def test_a_correction_lowers_interest_from_the_due_date_and_a_commercial_credit_from_its_own() -> (
    None
):
    """law-and-fees 1.5."""
    interest = {}
    for kind in CreditKind:
        paper = Paper(facts.invoice())
        paper.remind()
        paper.credit(100_000, REMINDED, kind)
        interest[kind] = paper.open(Component.INTEREST)
        paper.check()
    assert interest == {CreditKind.CORRECTION: 368, CreditKind.COMMERCIAL: 533}


def test_a_claim_on_costs_alone_says_when_its_capital_was_paid() -> None:
    """Kronofogden asks for the day (kronofogden.md 2); while capital is owed there is none."""
    paper = Paper(facts.invoice())
    paper.remind()
    paper.pay(100_000, july(8))
    (charged,) = paper.propose(facts.demand(paper.invoice)).says
    assert isinstance(charged, DemandCharged)
    assert charged.statement.capital_paid_on is None
    other = Paper(facts.invoice())
    other.remind()
    other.pay(100_000, july(8))
    other.pay(224_000, july(10))
    (charged,) = other.propose(facts.demand(other.invoice)).says
    assert isinstance(charged, DemandCharged)
    assert charged.statement.capital_ore == 0
    assert charged.statement.capital_paid_on == july(10)


def test_enforcement_is_too_early_while_nothing_was_filed() -> None:
    """A decision that the ledger knows no application for is a matter for a person."""
    paper = Paper(facts.invoice())
    paper.remind()
    paper.propose(facts.demand(paper.invoice))
    (refused,) = paper.propose(facts.enforce(paper.invoice)).says
    assert isinstance(refused, ChargeRefused)
    assert refused.reason is RefusalReason.TOO_EARLY
    paper.check()


def test_an_objection_dated_before_the_charge_reverses_it() -> None:
    """events.md 3, and R-115: held until settled, then the claim lives on."""
    paper = Paper(facts.invoice())
    paper.remind()
    objection = facts.disputed(paper.invoice, REMINDED)
    (reversed_,) = paper.dispute(objection).says
    assert isinstance(reversed_, ChargeReversed)
    assert reversed_.cause is ReversalCause.DISPUTE
    (refused,) = paper.propose(facts.demand(paper.invoice)).says
    assert isinstance(refused, ChargeRefused)
    paper.settle_dispute(facts.dispute_settled(objection))
    (charged,) = paper.propose(facts.demand(paper.invoice)).says
    assert isinstance(charged, DemandCharged)
    paper.check()


def test_a_letter_that_never_left_costs_nothing() -> None:
    """events.md 3.3; the interest is demanded by the next letter."""
    paper = Paper(facts.invoice())
    paper.remind()
    (reversed_,) = paper.lose_letter(ChargeKind.REMINDER).says
    assert isinstance(reversed_, ChargeReversed)
    assert paper.claim.book.remaining_ore == 324_000
    (charged,) = paper.propose(facts.demand(paper.invoice)).says
    assert isinstance(charged, DemandCharged)
    assert charged.statement.interest_ore == 2_397
    paper.check()


def test_without_an_agreed_due_date_interest_waits_for_thirty_days_from_sending() -> None:
    """Räntelagen 4 §: not known to be sent, no interest."""
    paper = Paper(facts.invoice(due_date_agreed=False))
    paper.remind()
    assert paper.open(Component.INTEREST) == 0


def test_a_business_is_given_the_same_reminder_fee_only_if_agreed() -> None:
    """Lag (1981:739) 2 § knows no difference."""
    paper = Paper(facts.invoice(debtor_kind=DebtorKind.BUSINESS))
    paper.remind()
    assert paper.open(Component.REMINDER_FEE) == 6_000


def test_lines_that_do_not_sum_to_zero_name_themselves() -> None:
    """A bug is found before anything is written."""
    line = Posting(Account.SUSPENSE, None, None, 7, TODAY)
    assert "off by 7 öre" in str(UnbalancedError(Movement("received", [line])))


# --- matching (bank-formats 4.4) ---------------------------------------------------------------


def _claims(*totals: int) -> dict[str, Any]:
    papers = [
        Paper(facts.invoice(ore, ocr=f"12345678{at}")) for at, ore in enumerate(totals, start=10)
    ]
    return {paper.claim.ocr: paper.claim for paper in papers}


def _shared(payment: Any, claims: dict[str, Any]) -> Any:
    split = shares(payment, {ocr: c for ocr, c in claims.items() if ocr in keys(payment)})
    if isinstance(split, UnmatchedReason):
        return split
    return {share.claim.ocr: share.amount_ore for share in split}


def _references(*found: tuple[ReferenceKind, str, int | None]) -> tuple[Reference, ...]:
    return tuple(Reference(*one) for one in found)


OCR, TEXT, NOTE = ReferenceKind.OCR, ReferenceKind.TEXT, ReferenceKind.CREDIT_NOTE
DOCUMENT = ReferenceKind.DOCUMENT
A, B = "1234567810", "1234567811"


@pytest.mark.parametrize(
    ("references", "amount_ore", "more", "expected"),
    [
        (((OCR, A, None),), 500, {}, {A: 500}),
        (((OCR, f" 0{A}/", None),), 500, {}, {A: 500}),
        (((TEXT, f"faktura {A} tack", None),), 500, {}, {A: 500}),
        ((), 500, {"end_to_end_id": A}, {A: 500}),
        (((OCR, "99", None),), 500, {}, UnmatchedReason.UNKNOWN_REFERENCE),
        ((), 500, {}, UnmatchedReason.NO_REFERENCE),
        (((OCR, A, 100), (OCR, B, 400)), 500, {}, {A: 100, B: 400}),
        (((OCR, A, 100), (OCR, B, 400)), 500, {"split_held": True}, UnmatchedReason.HELD),
        (((OCR, A, None), (OCR, B, None)), 3_000, {}, {A: 1_000, B: 2_000}),
        (((OCR, A, None), (OCR, B, None)), 2_999, {}, UnmatchedReason.HELD),
        (((OCR, A, 500), (OCR, "99", 0)), 500, {}, UnmatchedReason.HELD),
        (((OCR, A, 1_500), (NOTE, B, -500)), 1_000, {}, UnmatchedReason.HELD),
        (((OCR, A, None), (TEXT, B, None)), 500, {}, {A: 500}),
        # The number of the invoice beside its OCR says nothing against it, whatever is paid.
        (((OCR, A, None), (DOCUMENT, "1042", None)), 500, {}, {A: 500}),
        (((OCR, A, 1_060), (DOCUMENT, "1042", None)), 1_060, {}, {A: 1_060}),
        (((OCR, A, 300), (DOCUMENT, "1042", 200)), 500, {}, UnmatchedReason.HELD),
        (((OCR, A, None), (DOCUMENT, B, None)), 500, {}, UnmatchedReason.HELD),
        (((OCR, A, None), (NOTE, "1042", None)), 500, {}, UnmatchedReason.HELD),
        (((OCR, "99", None), (DOCUMENT, A, None)), 500, {}, UnmatchedReason.HELD),
        (((OCR, A, None),), 500, {"held": Hold.RETURNED}, UnmatchedReason.HELD),
    ],
)
def test_a_payment_is_matched_when_certain_and_otherwise_waits(
    references: Any, amount_ore: int, more: dict[str, Any], expected: Any
) -> None:
    """R-97: by reference, split as the payer says, never guessed."""
    payment = facts.payment(amount_ore=amount_ore, references=_references(*references), **more)
    assert _shared(payment, _claims(1_000, 2_000)) == expected


# --- whatever happens (hypothesis) -------------------------------------------------------------

DAYS = st.dates(date(2026, 6, 20), date(2026, 9, 30))
COMMANDS = st.one_of(
    st.tuples(st.just("pay"), st.integers(1, 400_000), DAYS),
    st.tuples(st.just("credit"), st.integers(1, 400_000), DAYS, st.sampled_from(CreditKind)),
    st.tuples(st.just("remind"), DAYS),
    st.tuples(st.just("demand"), DAYS, st.integers(1, 3)),
    st.tuples(st.just("file"), DAYS),
    st.tuples(st.just("enforce"), DAYS),
    st.tuples(st.just("dispute"), DAYS),
    st.tuples(st.just("agree")),
    st.tuples(st.just("lose"), st.sampled_from([ChargeKind.REMINDER, ChargeKind.DEMAND])),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(COMMANDS, max_size=14), st.booleans())
def test_whatever_happens_no_ore_is_lost(commands: list[Any], agreed: bool) -> None:
    """events.md 5: always true, after every step of every story."""
    paper = Paper(facts.invoice(due_date_agreed=agreed))
    objections = []
    for name, *details in commands:
        match name:
            case "pay":
                paper.pay(*details)
            case "credit":
                paper.credit(*details)
            case "remind":
                paper.remind(*details)
            case "demand":
                paper.propose(facts.demand(paper.invoice, details[0], details[1]))
            case "file":
                paper.propose(facts.file(paper.invoice, *details))
            case "enforce":
                paper.propose(facts.enforce(paper.invoice, *details))
            case "dispute":
                objections.append(facts.disputed(paper.invoice, *details))
                paper.dispute(objections[-1])
            case "agree":
                if objections:
                    paper.settle_dispute(facts.dispute_settled(objections.pop()))
            case "lose":
                paper.lose_letter(*details)
        paper.check()


@settings(max_examples=200, deadline=None)
@given(
    st.permutations(["remind", "pay", "rest", "credit"]),
    st.integers(1, 323_999),
    st.dates(july(1), REMINDED),
    st.booleans(),
)
def test_facts_dated_before_the_charge_give_the_same_money_in_any_order(
    order: list[str], part_ore: int, paid_on: date, with_credit: bool
) -> None:
    """events.md 3: refused, or charged and reversed; what is owed in the end is the same."""
    paper = Paper(facts.invoice())
    for step in order:
        if step == "remind":
            paper.remind()
        elif step == "pay":
            paper.pay(part_ore, paid_on)
        elif step == "rest":
            paper.pay(324_000 - part_ore, paid_on)
        elif with_credit:
            paper.credit(324_000, REMINDED, CreditKind.CORRECTION)
        paper.check()
    assert paper.claim.is_settled
    assert -paper.sum_of(Account.OVERPAID) == (324_000 if with_credit else 0)
    assert -paper.sum_of(Account.PAYABLE) == (0 if with_credit else 324_000)


@pytest.mark.parametrize(
    ("written", "is_said"),
    [
        ("7000000000", True),
        ("198507099805", False),
        ("１９８５０７０９９８０５", False),
        ("8507099805", False),
        ("faktura 7", False),
    ],
)
def test_no_reference_is_said_to_everybody_that_may_be_a_person_s_in_any_digits(
    written: str, is_said: bool
) -> None:
    """Personal data travels on restricted topics only (events.md 2)."""
    paid = facts.payment(written, amount_ore=100_00)
    assert references_to_say(paid) == ((written,) if is_said else ())
