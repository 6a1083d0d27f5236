"""The crash run's judge: it upholds a world in which all is right, and sees each single fault."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from deploy.chaos.judge import calendar, statutes
from deploy.chaos.judge.book import Book
from deploy.chaos.judge.checks.claims import tell
from deploy.chaos.judge.checks.letters import delivery_of
from deploy.chaos.judge.court import judge
from deploy.chaos.judge.expectation import foretell
from deploy.chaos.judge.journal import understand
from deploy.chaos.judge.records import (
    Balance,
    ChargeRow,
    Collected,
    Deed,
    DeliveryRow,
    DisputeRow,
    Evidence,
    Leftover,
    Mail,
    Message,
    SaidAgain,
)
from tests.deploy import judged_world as w

D = date.fromisoformat
OBJECTION = DisputeRow("D1", w.REMINDED, D("2026-04-20"), settled=False)
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
    "one application/charged and lost on the way": lambda e: w.changed(
        e,
        messages=(),
        kronofogden={},
        invoices={**e.invoices, w.FILED: replace(e.invoices[w.FILED], filed=False)},
    ),
    "one enforcement application": lambda e: w.changed(
        e, messages=(*e.messages, *asked("enforcement_application", "M8", "M9"))
    ),
    "application's amount": lambda e: w.changed(
        e, messages=(replace(w.APPLICATION, asked=(w.TOTAL, 7_67, 920_01)),)
    ),
    "application's amount/interest called costs": lambda e: w.changed(
        e, messages=(replace(w.APPLICATION, asked=(w.TOTAL, 0, 927_67)),)
    ),
    "application's parties": lambda e: w.changed(
        e, messages=(replace(w.APPLICATION, respondents=("195809119950",)),)
    ),
    "application's parties/of another seller": lambda e: w.changed(
        e, messages=(replace(w.APPLICATION, applicant="4111111119"),)
    ),
    "message readable": lambda e: w.changed(e, unreadable=1),
    "filing told once": lambda e: said(e, w.FILED, "collections.case.filed.v1", 2),
    "said in turn": lambda e: said(e, w.FILED, "collections.case.opened.v1", 2),
    "said in turn/handed over twice": lambda e: said(
        e, w.FILED, "invoicing.claim.handed_over.v1", 2
    ),
    "objection in both books": lambda e: w.changed(e, disputes=(OBJECTION,)),
    "objection as made": lambda e: w.changed(e, disputes=(OBJECTION,)),
    "claim as invoiced": lambda e: w.changed(
        e, claims={**e.claims, w.PAID: replace(e.claims[w.PAID], ocr="100000002")}
    ),
    "claim as invoiced/other terms": lambda e: w.changed(
        e,
        claims={
            **e.claims,
            w.PAID: replace(
                e.claims[w.PAID], terms=e.issued[w.PAID].terms._replace(due_date_agreed=False)
            ),
        },
    ),
    "day that a reminder states": lambda e: w.changed(
        e, charges=(replace(e.charges[0], pay_by=w.PAY_BY + timedelta(days=1)), *e.charges[1:])
    ),
    "application's day": lambda e: w.changed(
        e, messages=(replace(w.APPLICATION, received_on=w.LAST_DAY),)
    ),
    "pursued as owed": lambda e: w.changed(
        e, kronofogden={"CASE-1": replace(e.kronofogden["CASE-1"], capital_ore=w.TOTAL + 1)}
    ),
    "payout on a banking day": lambda e: w.changed(
        e, transfers=(replace(e.transfers[0], debited_on=D("2026-05-03")),)
    ),
    "payment as the bank told/booked a day late": lambda e: w.changed(
        e, payments=(replace(e.payments[0], booked_on=w.LAST_DAY), *e.payments[1:])
    ),
    "client money/pending of another": lambda e: w.changed(
        e,
        balances=(
            *e.balances,
            Balance("pending", "AB", None, 1),
            Balance("pending", None, None, -1),
        ),
    ),
    "credit note/of another day": lambda e: w.changed(
        e, notes=(replace(e.notes[0], on=w.LAST_DAY),)
    ),
    "credit note/shown on an invoice without": lambda e: w.changed(
        e, invoices={**e.invoices, w.PAID: replace(e.invoices[w.PAID], credited=True)}
    ),
    "what a letter says/another day": lambda e: says(e, w.FILED, "27 april 2026", "28 april 2026"),
    "what a letter says": lambda e: says(e, w.REMINDED, "1 061,64 kr", "1 061,65 kr"),
    "what a letter says/of another claim": lambda e: says(e, w.FILED, "100000004", "100000003"),
    "what a letter says/another sum of an invoice": lambda e: says(
        e, w.PAID, "1 000,00 kr", "100,00 kr"
    ),
    "what a letter says/another note": lambda e: says(e, w.CREDITED, "Nummer: 3", "Nummer: 2"),
    "as registered": lambda e: w.changed(e, kept={**e.kept, "customer": ("C1", "C2", "C3")}),
    "as registered/lost": lambda e: w.changed(e, kept={**e.kept, "company": ("AB",)}),
    "choices as made": lambda e: w.changed(e, settings=without(e.settings, "AB")),
    "timeline": lambda e: w.changed(e, told=without(e.told, w.REMINDED)),
    "timeline/told of nothing that happened": lambda e: w.changed(
        e, told={**e.told, w.LATE: {**e.told[w.LATE], "case_withdrawn": 1}}
    ),
    "payout as shown": lambda e: w.changed(
        e, shown_payouts=(replace(e.shown_payouts[0], state="ordered"),)
    ),
    "bank file taken": lambda e: w.changed(e, untaken=("camt.054.001.08_1.xml",)),
    "account overdrawn": lambda e: w.changed(
        e, transfers=(replace(e.transfers[0], debited_on=D("2026-03-27")),)
    ),
    "payment told": lambda e: w.changed(
        e, deposits=(replace(e.deposits[0], told_on=None), *e.deposits[1:])
    ),
    "claim's money": lambda e: w.changed(
        e, claims={**e.claims, w.PAID: replace(e.claims[w.PAID], paid_ore=w.TOTAL - 1)}
    ),
    "client money/waiting money called the operator's": lambda e: w.changed(
        e,
        balances=(
            *e.balances,
            Balance("suspense", None, None, 1),
            Balance("operator", None, None, -1),
        ),
    ),
    "credit note/of another sum": lambda e: w.changed(
        e, notes=(replace(e.notes[0], credit_ore=w.TOTAL - 1),)
    ),
    "claim as its life left it/interest of a day more in one charge, less in the next": lambda e: (
        w.changed(e, charges=moved_interest(e, 28))
    ),
    "application from nowhere": lambda e: w.changed(
        e, messages=(*e.messages, replace(w.APPLICATION, message_id="M9", reference="CASE-9"))
    ),
    "message accepted": lambda e: w.changed(
        e, messages=(*e.messages, replace(w.WITHDRAWAL, message_id="M9", ok=False))
    ),
    "case of a hand-over": lambda e: w.changed(e, cases={}),
    "collections' view": lambda e: w.changed(
        e, cases={w.FILED: replace(e.cases[w.FILED], stage="closed")}
    ),
    "collections' view/a decision unheard of": lambda e: w.changed(
        e, kronofogden={"CASE-1": replace(e.kronofogden["CASE-1"], state="decided")}
    ),
    "objection known": lambda e: w.changed(
        e, claims={**e.claims, w.REMINDED: replace(e.claims[w.REMINDED], disputed=True)}
    ),
    "invoicing's view/lost that it was sent": lambda e: w.changed(
        e, invoices={**e.invoices, w.PAID: replace(e.invoices[w.PAID], sent=False)}
    ),
    "invoicing's view/lost that it was filed": lambda e: w.changed(
        e, invoices={**e.invoices, w.FILED: replace(e.invoices[w.FILED], filed=False)}
    ),
    "dunning's view/lost that it reminded": lambda e: w.changed(
        e, ladders={**e.ladders, w.FILED: replace(e.ladders[w.FILED], reminder="none")}
    ),
    "letter left/an invoice queued for ever": lambda e: in_state(e, "queued", "invoice", w.PAID),
    "letter left/a reminder queued for ever": lambda e: in_state(e, "queued", "reminder", w.FILED),
    "letter left/all failed": lambda e: in_state(e, "failed"),
    "letter left/all reminders withdrawn": lambda e: in_state(e, "withdrawn", "reminder"),
    "letter to its debtor": lambda e: w.changed(
        e, mails=(replace(e.mails[0], to="another@post.example"), *e.mails[1:])
    ),
    "letter of a credit": lambda e: w.changed(
        e, deliveries=tuple(d for d in e.deliveries if d.letter != "credit_note")
    ),
    "letter once": lambda e: w.changed(e, deliveries=(*e.deliveries, e.deliveries[-1])),
    "one invoice letter": lambda e: w.changed(e, deliveries=e.deliveries[1:]),
    "paid out in time": lambda e: w.changed(
        e,
        payouts=(),
        transfers=(),
        bank_balance_ore=4 * w.TOTAL,
        balances=(
            *e.balances,
            Balance("bank:client", None, None, 3 * w.TOTAL),
            Balance("payable", "AB", None, -3 * w.TOTAL),
        ),
    ),
    "payable is the creditor's part": lambda e: w.changed(
        e,
        balances=(
            *e.balances,
            Balance("payable", "AB", None, 500_00),
            Balance("payable", "BRF", None, -500_00),
        ),
    ),
    "no account, no payout": lambda e: w.changed(
        e, companies={**e.companies, "AB": replace(e.companies["AB"], payout_account=None)}
    ),
    "payout account": lambda e: w.changed(
        e, transfers=(replace(e.transfers[0], account="50501063"),)
    ),
    "payout as ordered": lambda e: w.changed(
        e, transfers=(replace(e.transfers[0], amount_ore=3 * w.TOTAL - 1),)
    ),
    "money in transit": lambda e: w.changed(
        e, balances=(*e.balances, Balance("transit", w.PAYOUT, None, -1))
    ),
    "payment as the bank told": lambda e: w.changed(
        e, payments=(replace(e.payments[0], paid_on=w.LAST_DAY), *e.payments[1:])
    ),
    "payment used once": lambda e: w.changed(
        e, payments=(replace(e.payments[0], waiting_ore=1), *e.payments[1:])
    ),
    "gap in numbers/before the first": lambda e: w.changed(
        e,
        issued={name: replace(one, number=one.number + 10) for name, one in e.issued.items()},
        invoices={name: replace(one, number=one.number + 10) for name, one in e.invoices.items()},
        notes=(replace(e.notes[0], number=13),),
        deeds=(replace(e.deeds[0], number=13),),
    ),
    "invoice as promised": lambda e: w.changed(
        e, invoices={**e.invoices, w.PAID: replace(e.invoices[w.PAID], due_on=w.LAST_DAY)}
    ),
    "day that a demand states": lambda e: w.changed(
        e,
        charges=tuple(
            replace(c, pay_by=date(2026, 12, 1)) if c.kind == "demand" else c for c in e.charges
        ),
    ),
    "foretold enough": lambda e: w.changed(
        e, companies={name: replace(one, changed=True) for name, one in e.companies.items()}
    ),
    "nothing left": lambda e: w.changed(e, leftovers=(Leftover("dunning", "parked", 1, "x"),)),
}


AFTER_PAYMENT: dict[str, Callable[[Evidence], Evidence]] = {
    "one withdrawal/never sent, and decided": lambda e: w.changed(
        e,
        messages=(w.APPLICATION,),
        kronofogden={
            "CASE-1": replace(e.kronofogden["CASE-1"], state="decided", decided_on=D("2026-05-11"))
        },
    ),
    "one withdrawal/sent twice": lambda e: w.changed(
        e, messages=(*e.messages, replace(w.WITHDRAWAL, message_id="M3"))
    ),
    "withdrawn at once": lambda e: w.changed(
        e, messages=(w.APPLICATION, replace(w.WITHDRAWAL, received_on=D("2026-05-05")))
    ),
    "not decided once paid": lambda e: w.changed(
        e, kronofogden={"CASE-1": replace(e.kronofogden["CASE-1"], decided_on=D("2026-05-05"))}
    ),
    "settled, not pursued": lambda e: w.changed(
        e, kronofogden={"CASE-1": replace(e.kronofogden["CASE-1"], state="enforcement")}
    ),
}
"""Faults that show where a claim was paid after its filing."""


def said(evidence: Evidence, claim_id: str, kind: str, times: int) -> Evidence:
    """The world in which something was said of a claim so many times."""
    of_claim = {**evidence.said[claim_id], kind: times}
    return w.changed(evidence, said={**evidence.said, claim_id: of_claim})


def says(evidence: Evidence, claim_id: str, right: str, wrong: str) -> Evidence:
    """The world in which a claim's letters say something else."""
    ours = {d.delivery_id for d in evidence.deliveries if d.claim_id == claim_id}
    return w.changed(
        evidence,
        mails=tuple(
            replace(m, text=m.text.replace(right, wrong))
            if delivery_of(m.message_id) in ours
            else m
            for m in evidence.mails
        ),
    )


def moved_interest(evidence: Evidence, ore: int) -> tuple[ChargeRow, ...]:
    """The charges, with some interest of `FILED`'s demand in its reminder instead."""
    more = {"reminder": ore, "demand": -ore}
    return tuple(
        replace(c, interest_ore=c.interest_ore + more.get(c.kind, 0))
        if c.claim_id == w.FILED
        else c
        for c in evidence.charges
    )


def asked(kind: str, *ids: str) -> list[Message]:
    """Accepted messages of a kind about the case."""
    return [Message(name, kind, "CASE-1", ok=True) for name in ids]


def in_state(
    evidence: Evidence, state: str, letter: str | None = None, claim_id: str | None = None
) -> Evidence:
    """Some letters, or all, in a state in which no server took them."""
    hit = {
        d.delivery_id
        for d in evidence.deliveries
        if letter in (None, d.letter) and claim_id in (None, d.claim_id)
    }
    return w.changed(
        evidence,
        deliveries=tuple(
            replace(d, state=state) if d.delivery_id in hit else d for d in evidence.deliveries
        ),
        mails=tuple(m for m in evidence.mails if delivery_of(m.message_id) not in hit),
    )


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


def test_an_application_taken_back_when_all_was_paid_is_upheld() -> None:
    """The right world of the faults in `AFTER_PAYMENT`."""
    assert judge(w.withdrawn(), w.LEAST | {"withdrawals": 1}).faults == ()


def test_what_kronofogden_has_not_paid_yet_may_wait() -> None:
    """It is the creditor's, and is paid out when it has come (ADR-0016)."""
    assert judge(w.collected(), w.LEAST).faults == ()


@pytest.mark.parametrize("fault", CHANGES)
def test_each_broken_guarantee_is_named(fault: str) -> None:
    """One thing changed in a right world, and the judge says what."""
    verdict = judge(CHANGES[fault](w.world()), {})
    assert fault.partition("/")[0] in verdict.kinds


@pytest.mark.parametrize("fault", AFTER_PAYMENT)
def test_each_broken_guarantee_about_a_paid_case_is_named(fault: str) -> None:
    """The same, where a claim was paid after its filing."""
    verdict = judge(AFTER_PAYMENT[fault](w.withdrawn()), {})
    assert fault.partition("/")[0] in verdict.kinds


def test_every_guarantee_has_been_seen_broken() -> None:
    """Whatever the judge compares in the right worlds is among the faults tried here."""
    compared = {*judge(w.world(), {}).checked, *judge(w.withdrawn(), w.LEAST).checked}
    tried = {fault.partition("/")[0] for fault in (*CHANGES, *AFTER_PAYMENT)}
    assert compared - tried == {"enough happened"}


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
    assert [(kind, on) for kind, _, on, *_ in end.charges] == [("reminder", D("2026-04-13"))]


def test_costs_that_kronofogden_never_awards_are_not_the_debtors() -> None:
    """It ends the case itself: fee and work of the application go, with the interest it asked."""
    evidence = w.world()
    register = replace(evidence.kronofogden["CASE-1"], state="closed", closed_on=w.LAST_DAY)
    story = tell(w.changed(evidence, kronofogden={"CASE-1": register}))[w.FILED]
    (end,) = foretell(story, w.DAYS).ends
    kept = {"capital": w.TOTAL, "reminder_fee": 60_00, "demand_cost": 180_00, "interest": 4_38}
    assert dict(end.open) == kept
    assert {kind: stands for kind, stands, *_ in end.charges} == {
        "reminder": True,
        "demand": True,
        "filing": False,
    }


def test_what_kronofogden_collects_has_met_the_claim() -> None:
    """As its news have it, on its value date, and nothing of it is at the bank."""
    evidence = w.world()
    money = Collected(w.LAST_DAY, w.LAST_DAY, 680_00)
    register = replace(evidence.kronofogden["CASE-1"], collected=(money,))
    story = tell(w.changed(evidence, kronofogden={"CASE-1": register}))[w.FILED]
    ends = foretell(story, w.DAYS).ends
    assert {"filing_fee", "filing_work"}.isdisjoint(*(dict(end.open) for end in ends))


def test_money_meets_what_was_owed_on_its_value_date_whenever_it_is_heard() -> None:
    """events.md 4: dated before the demand it is the capital's, not the demand's cost."""
    opens = set()
    for heard_late in (False, True):
        book = Book(w.world().issued[w.FILED], w.ISSUED_ON)
        if not heard_late:
            book.pay(D("2026-04-10"), 300_00)
        book.charge("demand", D("2026-04-20"))
        if heard_late:
            book.pay(D("2026-04-10"), 300_00)
        opens.add(tuple(sorted(book.open.items())))
    assert len(opens) == 1
    assert dict(opens.pop())["demand_cost"] == 180_00


def test_a_demand_that_states_a_far_day_does_not_put_off_the_filing() -> None:
    """The judge takes the stated day from the ledger only as far as it is a lawful one."""
    evidence = w.world()
    charges = tuple(
        replace(c, pay_by=D("2026-12-01")) if c.kind == "demand" else c for c in evidence.charges
    )
    story = tell(w.changed(evidence, charges=charges))[w.FILED]
    days = [w.ISSUED_ON + timedelta(days=n) for n in range(90)]
    (end,) = foretell(story, days).ends
    assert "filing" in {kind for kind, *_ in end.charges}


@pytest.mark.parametrize(("status", "objections"), [(303, 1), (409, 1), (422, 0)])
def test_an_objection_whose_first_answer_was_lost_is_known(status: int, objections: int) -> None:
    """Its repeat is answered with a conflict: the claim is held already."""
    line = {"n": 1, "day": "2026-03-02", "what": "command", "who": "debtor", "name": "object"}
    found = understand([{**line, "claim_id": w.PAID, "reason": "x", "status": status}], {})
    assert [deed.kind for deed in found.deeds] == ["object"] * objections


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
