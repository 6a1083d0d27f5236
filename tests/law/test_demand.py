"""What a demand must hold (inkassolagen 5 §), what stops it (4, 8 §§) and an application."""

from dataclasses import replace
from datetime import date

import pytest

from contracts.terms import DebtorKind, InterestSegment
from law.demand import (
    DemandBar,
    DemandContent,
    DemandElement,
    DemandFacts,
    bars_to_demand,
    missing_elements,
)
from law.interest import STATUTORY_RATE, CapitalChange, Interest, accrued_ore, interest
from law.order_to_pay import withdraw_by
from law.payment_terms import LongTerm, long_payment_term
from law.rates import REFERENCE_RATES

DUE = date(2026, 6, 30)
LATE = date(2026, 7, 27)
PLAIN = DemandFacts(unpaid_ore=2_240_00, due_on=DUE)


def test_an_unpaid_and_undisputed_claim_may_be_demanded() -> None:
    assert bars_to_demand(PLAIN, LATE) == ()
    assert bars_to_demand(replace(PLAIN, unpaid_ore=1), LATE) == ()


@pytest.mark.parametrize(
    ("facts", "bar"),
    [
        (replace(PLAIN, unfounded=True), DemandBar.UNFOUNDED),
        (replace(PLAIN, disputed=True), DemandBar.DISPUTED),
        (replace(PLAIN, due_on=date(2026, 7, 27)), DemandBar.NOT_DUE),
        (replace(PLAIN, claim_notified=False), DemandBar.NOT_NOTIFIED),
        (replace(PLAIN, unpaid_ore=0), DemandBar.SETTLED),
        (replace(PLAIN, already_demanded=True), DemandBar.ALREADY_DEMANDED),
        (replace(PLAIN, barred=True), DemandBar.BARRED),
        (replace(PLAIN, insolvency=True), DemandBar.INSOLVENCY),
        (replace(PLAIN, deceased=True), DemandBar.DECEASED),
        (replace(PLAIN, minor=True), DemandBar.MINOR),
        (replace(PLAIN, identity_unclear=True), DemandBar.IDENTITY_UNCLEAR),
        (replace(PLAIN, protected_identity=True), DemandBar.PROTECTED_IDENTITY),
    ],
)
def test_a_demand_is_stopped_and_the_reason_named(facts: DemandFacts, bar: DemandBar) -> None:
    """R-115, R-119."""
    assert bars_to_demand(facts, LATE) == (bar,)


def test_every_reason_is_told_not_only_the_first() -> None:
    facts = replace(PLAIN, disputed=True, barred=True)
    assert bars_to_demand(facts, LATE) == (DemandBar.DISPUTED, DemandBar.BARRED)


@pytest.mark.parametrize(
    ("today", "due"),
    [("2026-06-29", False), ("2026-06-30", False), ("2026-07-01", True)],
)
def test_a_claim_is_demanded_only_after_its_due_date(today: str, due: bool) -> None:
    assert (bars_to_demand(PLAIN, date.fromisoformat(today)) == ()) is due


def replace_in(segment: InterestSegment, **changed: int) -> InterestSegment:
    """The stretch with something else in it."""
    return segment.model_copy(update=changed)


ACCRUED = interest([CapitalChange(DUE, 2_240_00)], DUE, LATE, STATUTORY_RATE, REFERENCE_RATES)
COMPLETE = DemandContent(
    creditor_name="Exempelmåleriet AB",
    basis="Målningsarbete, faktura 1042",
    assigned=False,
    assignment_notice="",
    capital_ore=2_240_00,
    interest=ACCRUED,
    costs_ore=240_00,
    total_ore=2_240_00 + ACCRUED.total_ore + 240_00,
    respond_by=date(2026, 8, 6),
    way_to_pay="bankgiro 5050-1055, OCR 1042",
)


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (COMPLETE, ()),
        (replace(COMPLETE, creditor_name=" "), (DemandElement.CREDITOR,)),
        (replace(COMPLETE, basis=""), (DemandElement.BASIS,)),
        (replace(COMPLETE, assigned=True), (DemandElement.ASSIGNMENT,)),
        (replace(COMPLETE, assigned=True, assignment_notice="Fordran har överlåtits."), ()),
        # Interest and costs alone may be demanded.
        (replace(COMPLETE, capital_ore=0, total_ore=ACCRUED.total_ore + 240_00), ()),
        (
            replace(COMPLETE, capital_ore=0, interest=Interest((), 0), costs_ore=0, total_ore=0),
            (DemandElement.CAPITAL,),
        ),
        (replace(COMPLETE, total_ore=COMPLETE.total_ore + 1), (DemandElement.CAPITAL,)),
        (
            replace(COMPLETE, capital_ore=1, interest=Interest((), 0), costs_ore=0, total_ore=1),
            (),
        ),
        (
            replace(COMPLETE, capital_ore=-1, total_ore=ACCRUED.total_ore + 240_00 - 1),
            (DemandElement.CAPITAL,),
        ),
        # A negative part would hide in a right sum.
        (
            replace(COMPLETE, capital_ore=-1_00, total_ore=COMPLETE.total_ore - 2_241_00),
            (DemandElement.CAPITAL,),
        ),
        (replace(COMPLETE, respond_by=None), (DemandElement.RESPOND_BY,)),
        (replace(COMPLETE, way_to_pay=""), (DemandElement.WAY_TO_PAY,)),
    ],
)
def test_a_demand_holds_what_the_statute_lists(
    content: DemandContent, missing: tuple[DemandElement, ...]
) -> None:
    """Inkassolagen (1974:182) 5 §."""
    assert missing_elements(content) == missing


STRETCH = ACCRUED.segments[-1]
A_DAY_MORE = replace_in(STRETCH, days=STRETCH.days + 1)
A_DAY_MORE = replace_in(A_DAY_MORE, interest_ore=accrued_ore([A_DAY_MORE]))
"""Its days give its amount, and its dates give other days."""


@pytest.mark.parametrize(
    ("segments", "demanded_ore", "paid_ore", "explained"),
    [
        (ACCRUED.segments, ACCRUED.total_ore, 0, True),
        ((), 0, 0, True),
        ((), ACCRUED.total_ore, 0, False),
        (ACCRUED.segments, ACCRUED.total_ore + 1, 1_00, False),
        (ACCRUED.segments, ACCRUED.total_ore - 1, 0, False),
        (ACCRUED.segments, ACCRUED.total_ore - 1, 1, True),
        (ACCRUED.segments, ACCRUED.total_ore - 2, 1, False),
        ((replace_in(STRETCH, days=STRETCH.days + 1),), ACCRUED.total_ore, 0, False),
        ((A_DAY_MORE,), A_DAY_MORE.interest_ore, 0, False),
        ((replace_in(STRETCH, rate_bp=STRETCH.rate_bp + 100),), ACCRUED.total_ore, 0, False),
        ((replace_in(STRETCH, capital_ore=2_000_00),), ACCRUED.total_ore, 0, False),
        ((replace_in(STRETCH, capital_ore=0, interest_ore=0),), 0, 0, False),
        ((replace_in(STRETCH, interest_ore=1),), 1, 0, False),
        ((STRETCH, STRETCH), 2 * ACCRUED.total_ore, 0, False),
    ],
)
def test_interest_is_stated_only_where_time_capital_and_rate_give_the_amount(
    segments: tuple[InterestSegment, ...], demanded_ore: int, paid_ore: int, explained: bool
) -> None:
    """Inkassolagen (1974:182) 5 § 5; less than what is shown is demanded only of who has paid."""
    content = replace(
        COMPLETE,
        interest=Interest(segments, demanded_ore),
        total_ore=COMPLETE.capital_ore + demanded_ore + COMPLETE.costs_ore,
        paid_ore=paid_ore,
    )
    assert (missing_elements(content) == ()) is explained
    assert set(missing_elements(content)) <= {DemandElement.INTEREST}


def stretch(
    first: str, last: str, days: int, capital_ore: int, interest_ore: int
) -> InterestSegment:
    """Ten per cent a year, as the example of law-and-fees 4.2 states it."""
    return InterestSegment(
        from_date=date.fromisoformat(first),
        to_date=date.fromisoformat(last),
        days=days,
        capital_ore=capital_ore,
        rate_bp=1000,
        interest_ore=interest_ore,
    )


def before(interest_ore: int) -> InterestSegment:
    """Until 1,000 kr were paid."""
    return stretch("2026-07-01", "2026-07-10", 10, 3_240_00, interest_ore)


def after(interest_ore: int) -> InterestSegment:
    return stretch("2026-07-11", "2026-07-27", 17, 2_240_00, interest_ore)


@pytest.mark.parametrize(
    ("segments", "explained"),
    [
        ((before(8_88), after(10_43)), True),
        # The last öre of the rounded sum may lie on either, and no more than that.
        ((before(8_87), after(10_44)), True),
        ((before(8_86), after(10_45)), False),
        ((before(8_98), after(10_33)), False),
        # The sum is rounded once.
        ((before(8_89), after(10_43)), False),
        ((before(8_88), after(10_42)), False),
        # No day is counted twice; one day is time enough, none is not.
        ((before(8_88), stretch("2026-07-10", "2026-07-27", 18, 2_240_00, 11_04)), False),
        ((after(10_43), before(8_88)), False),
        ((stretch("2026-07-01", "2026-07-01", 1, 3_240_00, 89),), True),
        ((stretch("2026-07-02", "2026-07-01", 0, 3_240_00, 0),), False),
    ],
)
def test_of_several_stretches_each_is_explained_and_their_sum_too(
    segments: tuple[InterestSegment, ...], explained: bool
) -> None:
    """Inkassolagen (1974:182) 5 § 5."""
    demanded_ore = sum(each.interest_ore for each in segments)
    content = replace(
        COMPLETE,
        interest=Interest(segments, demanded_ore),
        total_ore=COMPLETE.capital_ore + demanded_ore + COMPLETE.costs_ore,
    )
    assert missing_elements(content) == (() if explained else (DemandElement.INTEREST,))


def test_a_settled_claim_is_withdrawn_within_a_banking_day() -> None:
    """The house's own limit; kronofogden.md names none."""
    assert withdraw_by(date(2026, 10, 30)) == date(2026, 11, 2)


@pytest.mark.parametrize(
    ("days", "debtor", "public_body", "plan", "expected"),
    [
        (29, DebtorKind.BUSINESS, False, False, None),
        (30, DebtorKind.BUSINESS, False, False, None),
        (31, DebtorKind.BUSINESS, False, False, LongTerm.NEEDS_APPROVAL),
        (30, DebtorKind.BUSINESS, True, False, None),
        (31, DebtorKind.BUSINESS, True, False, LongTerm.NOT_ALLOWED),
        (31, DebtorKind.CONSUMER, False, False, None),
        (31, DebtorKind.BUSINESS, False, True, None),
    ],
)
def test_more_than_thirty_days_to_pay_is_special_between_businesses(
    days: int, debtor: DebtorKind, public_body: bool, plan: bool, expected: LongTerm | None
) -> None:
    """R-53: räntelagen 2 a–2 c §§."""
    found = long_payment_term(days, debtor, public_body=public_body, instalment_plan=plan)
    assert found == expected
