"""The crash run's judge: it upholds a world in which all is right, and sees each single fault."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from deploy.chaos.judge import calendar, statutes
from deploy.chaos.judge.checks.claims import tell
from deploy.chaos.judge.court import judge
from deploy.chaos.judge.expectation import foretell
from deploy.chaos.judge.records import (
    Balance,
    Deed,
    DeliveryRow,
    Evidence,
    Leftover,
    Mail,
    SaidAgain,
)
from tests.deploy import judged_world as w

D = date.fromisoformat
CHANGES: dict[str, Callable[[Evidence], Evidence]] = {
    "invoice lost": lambda e: w.changed(e, invoices=without(e.invoices, w.PAID)),
    "invoice nobody asked for": lambda e: w.changed(e, issued=without(e.issued, w.PAID)),
    "invoice total": lambda e: w.changed(
        e, issued={**e.issued, w.PAID: replace(e.issued[w.PAID], asked_ore=999_00)}
    ),
    "gap in numbers": lambda e: w.changed(
        e, invoices={**e.invoices, w.LATE: replace(e.invoices[w.LATE], number=9)}
    ),
    "number given twice": lambda e: w.changed(
        e, invoices={**e.invoices, w.LATE: replace(e.invoices[w.LATE], number=3)}
    ),
    "credit note": lambda e: w.changed(e, notes=()),
    "told twice": lambda e: w.changed(e, retold=("paid twice over",)),
    "said twice": lambda e: w.changed(
        e, said_again=(SaidAgain("payments", "payments.claim.opened.v1", w.PAID, 2),)
    ),
    "ledger sum": lambda e: w.changed(e, balances=(*e.balances, Balance("vat", None, None, 1))),
    "ledger transaction off": lambda e: w.changed(e, unbalanced=("t1",)),
    "client money": lambda e: w.changed(e, bank_balance_ore=e.bank_balance_ore + 1),
    "claim = its postings": lambda e: w.changed(
        e, claims={**e.claims, w.PAID: replace(e.claims[w.PAID], overpaid_ore=5)}
    ),
    "payment booked once": lambda e: w.changed(e, payments=(*e.payments, e.payments[0])),
    "payment from nowhere": lambda e: w.changed(e, deposits=e.deposits[1:]),
    "payment met its claim": lambda e: w.changed(
        e, payments=(replace(e.payments[0], claims=(w.LATE,)), *e.payments[1:])
    ),
    "claim lost": lambda e: w.changed(e, claims=without(e.claims, w.REMINDED)),
    "claim from nowhere": lambda e: w.changed(
        e, claims={**e.claims, "ghost": replace(e.claims[w.PAID], claim_id="ghost")}
    ),
    "charged once": lambda e: w.changed(e, charges=(*e.charges, replace(e.charges[0], ordinal=2))),
    "claim as its life left it": lambda e: w.changed(
        e, claims={**e.claims, w.REMINDED: one_ore_more(e, w.REMINDED)}
    ),
    "invoicing's view": lambda e: w.changed(
        e, invoices={**e.invoices, w.PAID: replace(e.invoices[w.PAID], settled=False)}
    ),
    "dunning's view": lambda e: w.changed(
        e, ladders={**e.ladders, w.PAID: replace(e.ladders[w.PAID], settled=False)}
    ),
    "letter taken": lambda e: w.changed(e, mails=e.mails[1:]),
    "doubt shown": lambda e: w.changed(e, mails=(*e.mails, e.mails[0])),
    "letter from nowhere": lambda e: w.changed(e, mails=(*e.mails, Mail("<minted@x>", "x"))),
    "one reminder at most": lambda e: w.changed(
        e, deliveries=(*e.deliveries, second_reminder()), mails=(*e.mails, mail_of_second())
    ),
    "letter of a charge": lambda e: w.changed(e, charges=e.charges[1:]),
    "payout once": lambda e: w.changed(e, transfers=(*e.transfers, *e.transfers)),
    "payout from nowhere": lambda e: w.changed(
        e, transfers=(*e.transfers, replace(e.transfers[0], end_to_end_id="P2"))
    ),
    "payout never ordered": lambda e: w.changed(e, transfers=()),
    "payout state": lambda e: w.changed(e, payouts=(replace(e.payouts[0], state="ordered"),)),
    "one application": lambda e: w.changed(
        e, messages=(*e.messages, replace(e.messages[0], message_id="M2"))
    ),
    "one withdrawal": lambda e: w.changed(
        e, messages=(*e.messages, replace(e.messages[0], message_id="M2", kind="withdrawal"))
    ),
    "message the same": lambda e: w.changed(
        e, messages=(replace(e.messages[0], times_other_content=1),)
    ),
    "settled, not pursued": lambda e: w.changed(
        e, claims={**e.claims, w.FILED: replace(e.claims[w.FILED], open_ore={})}
    ),
    "nothing left": lambda e: w.changed(e, leftovers=(Leftover("dunning", "parked", 1, "x"),)),
}


def without(found: object, name: str) -> dict[str, object]:
    """A mapping without one of its names."""
    assert isinstance(found, dict)
    return {key: value for key, value in found.items() if key != name}


def one_ore_more(evidence: Evidence, claim_id: str) -> object:
    """The claim with an öre of interest more than its days come to."""
    claim = evidence.claims[claim_id]
    more = {**claim.open_ore, "interest": claim.open_ore["interest"] + 1}
    return replace(claim, open_ore=more)


def second_reminder() -> DeliveryRow:
    """A reminder beyond the one."""
    return DeliveryRow(w.LETTER.format(99), w.REMINDED, "reminder", 2, "accepted", False)


def mail_of_second() -> Mail:
    """Its message in the mail server's list."""
    return Mail(f"<{w.LETTER.format(99)}@betalt.example>", "x")


def test_a_run_in_which_all_is_right_is_upheld() -> None:
    """Not a single fault, and every claim could be foretold."""
    verdict = judge(w.world(), w.LEAST)
    assert verdict.faults == ()
    assert verdict.seen["foretold"] == 6


@pytest.mark.parametrize("complaint", CHANGES)
def test_each_broken_guarantee_is_named(complaint: str) -> None:
    """One thing changed in a right world, and the judge says what."""
    verdict = judge(CHANGES[complaint](w.world()), {})
    assert complaint in verdict.kinds


def test_an_empty_story_cannot_pass() -> None:
    """Nothing happened, nothing is wrong, and that is not enough."""
    nothing = Evidence(days=(), companies={}, issued={})
    assert judge(nothing, w.LEAST).kinds["enough happened"] == len(w.LEAST)


def test_an_invoice_on_a_forgotten_ledger_row_does_not_hide_the_others() -> None:
    """A lost claim is one fault of its kind, not a crash of the judge."""
    evidence = w.world()
    verdict = judge(w.changed(evidence, claims={}), {})
    assert verdict.kinds["claim lost"] == len(evidence.issued)


def test_same_day_payment_and_reminder_may_be_booked_in_either_order() -> None:
    """Refused, or charged and taken back: both are lawful, with the same money (events.md 3)."""
    evidence = w.world()
    same_day = replace(evidence.deposits[3], paid_on=w.REMINDED_ON, told_on=w.REMINDED_ON)
    story = tell(w.changed(evidence, deposits=(same_day,)))[w.LATE]
    ends = foretell(story, w.DAYS).ends
    assert {end.open for end in ends} == {()}
    assert {len(end.charges) for end in ends} == {0, 1}


def test_an_objection_stops_the_ladder_until_it_is_taken_back() -> None:
    """The reminder comes the banking day after the debtor gave in."""
    evidence = w.world()
    deeds = (
        Deed(w.REMINDED, "object", D("2026-04-02"), 1),
        Deed(w.REMINDED, "settle_withdrawn", D("2026-04-10"), 2),
    )
    story = tell(w.changed(evidence, deeds=deeds))[w.REMINDED]
    (end,) = foretell(story, w.DAYS).ends
    assert [(kind, on) for kind, _, on, _ in end.charges] == [("reminder", D("2026-04-13"))]


@pytest.mark.parametrize(
    ("capital", "start", "until", "kind", "agreed", "ore"),
    [
        ([("2026-03-31", 10_000_00)], "2026-03-31", "2026-04-30", "statutory", None, 82_19),
        ([("2025-06-15", 25_000_00)], "2025-06-15", "2025-07-15", "statutory", None, 215_75),
        ([("2024-01-31", 12_500_00)], "2024-01-31", "2024-03-31", "statutory", None, 246_58),
        ([("2023-12-15", 8_000_00)], "2023-12-15", "2024-07-20", "statutory", None, 571_62),
        ([("2018-05-20", 40_000_00)], "2018-05-20", "2019-08-15", "statutory", None, 3740_27),
        (
            [("2024-11-30", 30_000_00), ("2025-01-20", -12_000_00)],
            "2024-11-30",
            "2025-07-10",
            "statutory",
            None,
            1409_26,
        ),
        ([("2025-12-10", 5_600_00)], "2026-01-09", "2026-02-28", "statutory", None, 76_71),
        ([("2026-06-30", 3_200_00)], "2026-06-30", "2026-08-14", "agreed_fixed", 2400, 94_68),
        ([("2021-12-31", 100_000_00)], "2021-12-31", "2026-11-22", "statutory", None, 50716_44),
        ([("2026-05-29", 5_000_00)], "2026-05-29", "2026-05-29", "statutory", None, 0),
        ([("2026-05-29", 5_000_00)], "2026-05-29", "2026-05-30", "statutory", None, 1_37),
        ([("2025-06-30", 10_000_00)], "2025-06-30", "2025-07-01", "statutory", None, 2_74),
        (
            [("2025-11-28", 18_750_00), ("2025-12-19", -5_000_00), ("2026-01-15", -1_250_00)],
            "2025-11-28",
            "2026-03-02",
            "statutory",
            None,
            367_12,
        ),
        (
            [("2025-05-31", 7_450_00)],
            "2025-05-31",
            "2026-01-31",
            "agreed_over_reference",
            1200,
            706_22,
        ),
    ],
)
def test_the_judge_knows_interest(
    capital: list[tuple[str, int]],
    start: str,
    until: str,
    kind: str,
    agreed: int | None,
    ore: int,
) -> None:
    """Examples 1–8 and 10–16 of the handbook (law-and-fees.md 1.5), by the judge's own sums."""
    changes = [(D(on), change) for on, change in capital]
    found = statutes.interest_ore(changes, D(start), D(until), kind=kind, agreed_bp=agreed)
    assert found == ore


@pytest.mark.parametrize(
    ("sent", "paper", "respond_by", "filing"),
    [
        ("2026-06-15", True, "2026-06-24", "2026-06-26"),
        ("2026-06-15", False, "2026-06-23", "2026-06-25"),
        ("2026-09-01", True, "2026-09-09", "2026-09-11"),
        ("2026-04-01", True, "2026-04-13", "2026-04-15"),
        ("2026-12-21", True, "2027-01-04", "2027-01-07"),
        ("2026-12-21", False, "2026-12-29", "2027-01-04"),
    ],
)
def test_the_judge_knows_the_days_of_a_demand(
    sent: str, paper: bool, respond_by: str, filing: str
) -> None:
    """law-and-fees.md 4.3."""
    stated = calendar.respond_by(D(sent), paper=paper)
    assert stated == D(respond_by)
    assert calendar.filing_on(stated, D(sent), paper=paper) == D(filing)


@pytest.mark.parametrize(
    ("due", "reminder"),
    [
        ("2026-06-30", "2026-07-06"),
        ("2026-10-31", "2026-11-05"),
        ("2026-11-16", "2026-11-23"),
        ("2026-12-19", "2026-12-28"),
    ],
)
def test_the_judge_knows_the_reminder_day(due: str, reminder: str) -> None:
    """law-and-fees.md 8."""
    assert calendar.reminder_on(D(due)) == D(reminder)


def test_the_judge_knows_what_an_invoice_comes_to() -> None:
    """One rounding per VAT rate, then whole kronor (documents-and-exports.md 1.5)."""
    rows = [("1.5", 333_33, 25), ("3", 9_99, 25), ("1", 100_10, 6)]
    exact = statutes.invoice_total_ore(rows, whole_kronor=False)
    # 500.00 + 29.97 at 25 % give 132.49; 100.10 at 6 % give 6.01.
    assert exact == 500_00 + 29_97 + 132_49 + 100_10 + 6_01
    assert statutes.invoice_total_ore(rows, whole_kronor=True) == 769_00
