"""Facts heard late end in the same money, and in the same hands, as facts heard in time."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.invoicing import CreditKind
from contracts.payments import (
    ChargeRefused,
    ChargeReversed,
    ClaimSettled,
    OverpaymentFound,
    PaymentAllocated,
    RefusalReason,
    SettledHow,
)
from contracts.terms import ChargeKind, Component
from services.payments.domain.ledger import Account
from tests.payments import facts
from tests.payments.facts import REMINDED
from tests.payments.paper import Paper


def july(day: int) -> date:
    """A day of July 2026."""
    return date(2026, 7, day)


def august(day: int) -> date:
    """A day of August 2026."""
    return date(2026, 8, day)


def in_case(total_ore: int = 100_000) -> Paper:
    """A claim reminded of on 6 July and demanded on 27 July."""
    paper = Paper(facts.invoice(total_ore))
    paper.remind()
    paper.propose(facts.demand(paper.invoice))
    return paper


def kinds(events: Any) -> list[type]:
    """What was said, by type."""
    return [type(event) for event in events]


# --- a claim that becomes settled is said to be -------------------------------------------------


def test_money_dated_before_every_charge_settles_a_filed_claim_and_says_so() -> None:
    """R-112: paid after the filing with costs first; then the old payment is found."""
    paper = in_case()
    paper.propose(facts.file(paper.invoice))
    paper.pay(100_000, august(12))
    assert paper.claim.book.remaining_ore == 93_123
    says = paper.pay(100_000, july(2)).says
    reversals = [event for event in says if isinstance(event, ChargeReversed)]
    assert [event.kind for event in reversals] == list(ChargeKind)[:3]
    assert {event.remaining_ore for event in reversals} == {0}
    (allocated,) = [event for event in says if isinstance(event, PaymentAllocated)]
    assert allocated.settled
    assert (allocated.amount_ore, allocated.remaining_ore) == (100_000, 0)
    (overpaid,) = [event for event in says if isinstance(event, OverpaymentFound)]
    assert (overpaid.paid_on, overpaid.amount_ore) == (august(12), 100_000)
    paper.check()


@pytest.mark.parametrize("charged", ["reminder", "demand"])
def test_no_claim_becomes_settled_in_silence(charged: str) -> None:
    """What was paid once the fee was owed is enough when the fee falls."""
    paper = in_case() if charged == "demand" else Paper(facts.invoice(100_000))
    if charged == "reminder":
        paper.remind()
    paper.pay(110_000 if charged == "demand" else 100_000, july(29))
    assert not paper.claim.is_settled
    says = paper.pay(100_000, july(2)).says
    assert paper.claim.is_settled
    settled = [
        event
        for event in says
        if isinstance(event, ClaimSettled)
        or (isinstance(event, PaymentAllocated) and event.settled)
    ]
    assert len(settled) == 1
    paper.check()


@pytest.mark.parametrize("how", ["never delivered", "disputed"])
def test_a_charge_taken_back_tells_what_then_remains(how: str) -> None:
    """What was paid for the demand meets the capital: that is what remains, and no more."""
    paper = in_case()
    paper.pay(30_000, july(29))
    if how == "disputed":
        says = paper.dispute(facts.disputed(paper.invoice, july(27))).says
    else:
        says = paper.lose_letter(ChargeKind.DEMAND).says
    (reversed_,) = says
    assert isinstance(reversed_, ChargeReversed)
    assert reversed_.remaining_ore == paper.claim.book.remaining_ore == 76_164
    paper.check()


def test_freed_money_settles_a_claim_and_says_so() -> None:
    """The debtor paid capital and reminder's fee and not the demand, which never left."""
    paper = in_case()
    paper.pay(106_164, july(29))
    reversed_, settled = paper.lose_letter(ChargeKind.DEMAND).says
    assert isinstance(reversed_, ChargeReversed)
    assert reversed_.remaining_ore == 0
    assert isinstance(settled, ClaimSettled)
    assert settled.how is SettledHow.REVERSAL
    paper.check()


def test_what_was_paid_for_a_charge_that_falls_is_said_to_be_overpaid() -> None:
    """The debtor's credit is never silent, or nobody pays it back."""
    paper = in_case()
    paper.pay(paper.claim.book.remaining_ore, july(29))
    says = paper.lose_letter(ChargeKind.DEMAND).says
    assert kinds(says) == [ChargeReversed, OverpaymentFound]
    assert paper.claim.book.overpaid_ore == 18_000 + 740 - 164
    paper.check()


# --- the value date decides ---------------------------------------------------------------------


def test_money_dated_before_the_demand_and_booked_after_it_meets_the_capital() -> None:
    """events.md 4: 300.00 of 20 July is the creditor's, whatever day it is booked."""
    paper = in_case(324_000)
    paper.pay(30_000, july(20))
    assert paper.open(Component.CAPITAL) == 294_000
    assert paper.open(Component.DEMAND_COST) == 18_000
    assert -paper.sum_of(Account.PAYABLE) == 30_000
    assert paper.sum_of(Account.OPERATOR) == 0
    assert paper.claim.book.interest_posted_ore == 2_339
    paper.check()


def test_interest_that_was_paid_and_was_not_due_is_the_debtor_s() -> None:
    """10,100.00 paid on 10 July with 16.44 interest; 5,000.00 of 2 July make it 10.96."""
    paper = Paper(facts.invoice(1_000_000))
    paper.remind()
    paper.pay(1_010_000, july(10))
    paper.pay(500_000, july(2))
    assert paper.claim.book.interest_posted_ore == 1_096
    assert -paper.sum_of(Account.PAYABLE) == 1_000_000 + 6_000 + 1_096
    paper.check()


def test_money_meets_the_capital_on_its_own_day_whatever_came_before_it() -> None:
    """Two parts heard in either order: the demand's interest is the same."""
    interest = set()
    for days in ((10, 20), (20, 10)):
        paper = Paper(facts.invoice(100_000))
        paper.remind()
        for day in days:
            paper.pay(55_000 if day == 20 else 50_000, july(day))
        paper.propose(facts.demand(paper.invoice))
        interest.add(paper.claim.book.interest_posted_ore)
        paper.check()
    assert len(interest) == 1


def test_interest_does_not_stay_when_no_charge_that_demanded_it_stands() -> None:
    """events.md 4: interest never demanded is waived."""
    paper = in_case()
    paper.lose_letter(ChargeKind.REMINDER)
    assert paper.open(Component.INTEREST) == 740
    paper.lose_letter(ChargeKind.DEMAND)
    assert paper.claim.book.remaining_ore == 100_000
    assert paper.claim.book.interest_posted_ore == 0
    paper.check()


def test_a_credit_of_the_whole_invoice_leaves_nothing_and_nothing_more_is_charged() -> None:
    """Whoever lets the claim fall does not collect its interest either."""
    paper = in_case()
    paper.lose_letter(ChargeKind.REMINDER)
    says = paper.credit(100_000, august(1), CreditKind.COMMERCIAL).says
    assert kinds(says) == [ChargeReversed, ClaimSettled]
    assert paper.claim.is_settled
    (refused,) = paper.propose(facts.demand(paper.invoice, august(3), ordinal=2)).says
    assert isinstance(refused, ChargeRefused)
    assert refused.reason is RefusalReason.CREDITED
    paper.check()


# --- any order (hypothesis) ---------------------------------------------------------------------

DAYS = st.dates(date(2026, 6, 20), date(2026, 9, 10))
PAYMENTS = st.lists(st.tuples(st.just("pay"), st.integers(1, 60_000), DAYS), max_size=4)
CREDITS = st.lists(
    st.tuples(st.just("credit"), st.integers(1, 60_000), DAYS, st.sampled_from(CreditKind)),
    max_size=1,
)
IN_FULL = st.lists(
    st.tuples(st.just("pay"), st.just(324_000), st.dates(date(2026, 6, 20), REMINDED)), max_size=1
)
STEPS = st.sampled_from(
    [
        ("remind",),
        ("remind", "demand"),
        ("remind", "lose", "demand"),
        ("remind", "demand", "lose"),
        ("demand", "file"),
        ("remind", "demand", "file"),
        ("remind", "demand", "lose", "file", "enforce"),
    ]
)


def _live(story: list[Any]) -> Paper:
    paper = Paper(facts.invoice(324_000))
    for name, *details in story:
        match name:
            case "pay":
                paper.pay(*details)
            case "credit":
                paper.credit(*details)
            case "remind":
                paper.remind()
            case "demand":
                paper.propose(facts.demand(paper.invoice))
            case "file":
                paper.propose(facts.file(paper.invoice))
            case "enforce":
                paper.propose(facts.enforce(paper.invoice, date(2026, 9, 1)))
            case "lose":
                paper.lose_letter(ChargeKind.REMINDER)
        paper.check()
    return paper


def _money(paper: Paper) -> dict[str, Any]:
    """Whose every öre is: by account and component, on the book, and by charge."""
    book = paper.claim.book
    accounts: dict[Any, int] = defaultdict(int)
    for (account, owner, component), ore in paper.sums.items():
        accounts[account, owner == facts.CREDITOR, component] += ore
    return {
        "accounts": {place: ore for place, ore in accounts.items() if ore},
        "book": book._replace(charged_on=None),
        "payable": paper.creditor_part_ore,
        "charges": sorted((c.order, c.amount_ore) for c in paper.history.standing),
    }


@st.composite
def _interleaved(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    """Two orders of the same facts; steps of the ladder keep theirs, for each asks the one before.

    Either all is paid by the day of the reminder, or never all: what settles a claim on a later day
    may be heard before a charge and then rightly refuses it.
    """
    steps = [(name,) for name in draw(STEPS)]
    others = [*draw(PAYMENTS), *draw(CREDITS), *draw(IN_FULL)]
    orders = []
    for _ in range(2):
        marks = draw(st.permutations([*others, *[None] * len(steps)]))
        ladder = iter(steps)
        orders.append([next(ladder) if mark is None else mark for mark in marks])
    return orders[0], orders[1]


@settings(max_examples=400, deadline=None)
@given(_interleaved())
def test_the_same_facts_in_any_order_end_in_the_same_money(orders: tuple[Any, Any]) -> None:
    """events.md 3 and 4: per component, per beneficiary, and what each creditor is paid."""
    one, other = (_live(order) for order in orders)
    assert _money(one) == _money(other)
