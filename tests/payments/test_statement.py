"""What a claim's statement tells its debtor: how money was used, and until when there is time."""

from __future__ import annotations

from datetime import date

import pytest

from contracts.invoicing import CreditKind
from contracts.terms import ChargeKind, Component
from services.payments.domain.statement import pay_by
from tests.payments import facts
from tests.payments.facts import DEMANDED, DUE
from tests.payments.paper import Paper

PLEDGED = date(2026, 8, 6)
"""The day that `facts.demand` names."""


def at_kronofogden(total_ore: int = 125_000) -> Paper:
    """A claim that was reminded of, demanded, and filed on 10 August."""
    paper = Paper(facts.invoice(total_ore))
    paper.remind()
    paper.propose(facts.demand(paper.invoice))
    paper.propose(facts.file(paper.invoice))
    return paper


def test_every_krona_of_a_payment_is_shown_where_it_went() -> None:
    """law-and-fees 5: costs, then interest, then capital; R-93."""
    paper = at_kronofogden()
    paper.pay(150_000, date(2026, 8, 12))
    shown = {part.component: part[1:] for part in paper.parts()}
    assert shown == {
        Component.CAPITAL: (125_000, 56_596, 68_404),
        Component.REMINDER_FEE: (6_000, 6_000, 0),
        Component.INTEREST: (1_404, 1_404, 0),  # 41 days
        Component.DEMAND_COST: (18_000, 18_000, 0),
        Component.FILING_FEE: (30_000, 30_000, 0),
        Component.FILING_WORK: (38_000, 38_000, 0),
    }
    paper.check()


def test_what_a_credit_note_took_is_not_charged_and_what_it_freed_is_the_debtors() -> None:
    paper = Paper(facts.invoice(100_000))
    paper.pay(90_000, date(2026, 6, 20))
    paper.credit(30_000, date(2026, 6, 25), CreditKind.COMMERCIAL)
    assert [part[1:] for part in paper.parts()] == [(70_000, 70_000, 0)]
    assert paper.claim.book.overpaid_ore == 20_000
    paper.check()


def test_the_same_invoice_paid_twice_is_received_twice_and_used_once() -> None:
    """R-95."""
    paper = Paper(facts.invoice(100_000))
    paper.pay(100_000, date(2026, 6, 20))
    paper.pay(100_000, date(2026, 6, 21))
    assert [part[1:] for part in paper.parts()] == [(100_000, 100_000, 0)]
    assert paper.claim.book.overpaid_ore == 100_000
    paper.check()


def test_a_demand_paid_on_its_own_day_falls_and_its_cost_is_the_debtors_again() -> None:
    """events.md 3: a fact dated on the charge's day reverses it."""
    paper = Paper(facts.invoice(125_000))
    paper.remind()
    before_ore = paper.claim.book.remaining_ore
    paper.propose(facts.demand(paper.invoice))
    demanded_ore = paper.claim.book.remaining_ore
    paper.pay(demanded_ore, DEMANDED)
    assert Component.DEMAND_COST not in {part.component for part in paper.parts()}
    assert paper.claim.book.paid_ore == before_ore
    assert paper.claim.book.overpaid_ore == demanded_ore - before_ore
    paper.check()


@pytest.mark.parametrize(
    ("due_on", "today", "last_on"),
    [
        (DUE, date(2026, 6, 1), DUE),
        (DUE, DUE, DUE),
        (DUE, date(2026, 7, 1), None),
        (date(2026, 10, 31), date(2026, 10, 31), date(2026, 10, 31)),  # a Saturday
        (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)),
        (date(2026, 10, 31), date(2026, 11, 2), date(2026, 11, 2)),
        (date(2026, 10, 31), date(2026, 11, 3), None),
    ],
)
def test_no_day_to_pay_has_passed(due_on: date, today: date, last_on: date | None) -> None:
    """Lag (1930:173) 2 §: a day that is no banking day is met the next one."""
    paper = Paper(facts.invoice(due_on=due_on))
    assert pay_by(paper.claim, paper.history.standing, today) == last_on


@pytest.mark.parametrize(
    ("today", "last_on"), [(PLEDGED, PLEDGED), (date(2026, 8, 7), None)], ids=["in time", "late"]
)
def test_a_demands_day_is_the_day_to_pay_until_it_has_passed(
    today: date, last_on: date | None
) -> None:
    paper = Paper(facts.invoice())
    paper.remind()
    paper.propose(facts.demand(paper.invoice))
    assert pay_by(paper.claim, paper.history.standing, today) == last_on


def test_an_application_leaves_no_day_to_pay() -> None:
    """Not the demand's either: its sum was another."""
    paper = at_kronofogden()
    assert paper.history.standing[-1].kind is ChargeKind.FILING
    assert pay_by(paper.claim, paper.history.standing, date(2026, 8, 5)) is None
