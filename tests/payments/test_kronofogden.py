"""Costs and money at Kronofogden: what stands, whose the outlays are, and what is paid out when."""

from __future__ import annotations

from datetime import date

import pytest

from contracts.collections import CloseReason, DisputeOutcome
from contracts.ids import CreditorId, new_id
from contracts.invoicing import InvoiceIssued
from contracts.payments import (
    ChargeReversed,
    ClaimSettled,
    EnforcementCharged,
    FilingCharged,
    PaymentAllocated,
)
from contracts.terms import ChargeKind, Component
from services.payments.store import payouts
from tests.payments import facts
from tests.payments.conftest import Room

FILED = date(2026, 8, 10)
ENFORCED = date(2026, 10, 1)
LATER = date(2026, 11, 22)


async def applied(room: Room, *, enforced: bool = False) -> InvoiceIssued:
    """A claim of 3,240.00 with its application at Kronofogden, and perhaps in enforcement."""
    room.live_on(ENFORCED if enforced else FILED)
    invoice = facts.invoice()
    await room.hear(invoice, facts.demand(invoice), facts.file(invoice), facts.filed(invoice))
    if enforced:
        await room.hear(facts.enforce(invoice))
    room.live_on(LATER)
    return invoice


async def open_of(room: Room, invoice: InvoiceIssued, component: Component) -> int:
    """What is open of one component."""
    query = f"select {component}_ore from claim where claim_id = '{invoice.claim_id}'"
    return int((await room.rows(query))[0][0])


async def payable_ore(room: Room) -> int:
    """What a payout to the creditor would pay now."""
    async with room.database.transaction() as tx:
        rows = await payouts.lock_payable(tx, [CreditorId(facts.CREDITOR)])
    return sum(row.amount_ore for row in rows)


async def test_an_application_that_is_filed_stands_whatever_is_objected_the_same_day(
    room: Room,
) -> None:
    """R-115; the two topics come in either order, with the same money."""
    for order in ("filed first", "objection first"):
        room.live_on(FILED)
        invoice = facts.invoice()
        await room.hear(invoice, facts.demand(invoice), facts.file(invoice))
        objection = facts.disputed(invoice, FILED)
        heard = [facts.filed(invoice), objection]
        await room.hear(*(heard if order == "filed first" else reversed(heard)))
        assert await open_of(room, invoice, Component.FILING_FEE) == 30_000, order
        assert await open_of(room, invoice, Component.FILING_WORK) == 38_000, order
        await room.hear(facts.dispute_settled(objection, DisputeOutcome.WITHDRAWN))
        room.live_on(ENFORCED)
        await room.hear(facts.enforce(invoice))
        (charged,) = [
            one
            for one in await room.said_of(EnforcementCharged)
            if one.claim_id == invoice.claim_id
        ]
        assert charged.statement.total_ore == 324_000 + 18_000 + 68_000 + 60_000 + 8_255
    await room.check()


async def test_an_objection_before_the_filing_is_known_takes_it_back_for_so_long(
    room: Room,
) -> None:
    room.live_on(FILED)
    invoice = facts.invoice()
    await room.hear(invoice, facts.demand(invoice), facts.file(invoice))
    await room.hear(facts.disputed(invoice, FILED))
    assert await open_of(room, invoice, Component.FILING_FEE) == 0
    await room.hear(facts.filed(invoice))
    first, again = await room.said_of(FilingCharged)
    assert (first.ordinal, first.statement.total_ore) == (again.ordinal, again.statement.total_ore)


@pytest.mark.parametrize(
    ("reason", "enforced", "left_ore", "owed_ore"),
    [
        (CloseReason.CREDITOR_WITHDREW, False, 0, 30_000),
        (CloseReason.CREDITOR_WITHDREW, True, 0, 90_000),
        (CloseReason.DISMISSED, False, 0, 30_000),
        (CloseReason.DISPUTED, False, 0, 30_000),
        (CloseReason.PAID, False, 68_000, 0),
        (CloseReason.PAID, True, 128_000, 0),
    ],
)
async def test_costs_kronofogden_never_awards_are_the_creditors_and_not_the_debtors(
    room: Room, reason: CloseReason, enforced: bool, left_ore: int, owed_ore: int
) -> None:
    """R-104, R-113."""
    invoice = await applied(room, enforced=enforced)
    await room.hear(facts.closed(invoice, reason, enforced=enforced))
    costs = (Component.FILING_FEE, Component.FILING_WORK, Component.ENFORCEMENT_FEE)
    assert sum([await open_of(room, invoice, each) for each in costs]) == left_ore
    assert await open_of(room, invoice, Component.DEMAND_COST) == 18_000
    accounts = (await room.check()).accounts
    assert accounts.get("receivable", 0) == owed_ore
    assert accounts.get("operator", 0) == -owed_ore


async def test_what_the_debtor_paid_of_costs_never_awarded_meets_what_he_owes(room: Room) -> None:
    invoice = await applied(room)
    await room.book(facts.payment(invoice.ocr, amount_ore=68_000, paid_on=date(2026, 9, 1)))
    assert await open_of(room, invoice, Component.FILING_FEE) == 0
    await room.hear(facts.closed(invoice, CloseReason.CREDITOR_WITHDREW))
    assert await open_of(room, invoice, Component.DEMAND_COST) == 0
    left_ore = 68_000 - 18_000 - 2_397  # after the demand's cost and the interest it demanded
    assert await open_of(room, invoice, Component.CAPITAL) == 324_000 - left_ore
    assert {one.kind for one in await room.said_of(ChargeReversed)} == {ChargeKind.FILING}
    await room.check()


async def test_enforcement_that_never_began_costs_nothing_however_the_case_ends(
    room: Room,
) -> None:
    """Charged, and the debtor paid before anything left."""
    invoice = await applied(room, enforced=True)
    await room.hear(facts.closed(invoice, CloseReason.PAID, enforced=False))
    assert await open_of(room, invoice, Component.ENFORCEMENT_FEE) == 0
    assert await open_of(room, invoice, Component.FILING_FEE) == 30_000
    await room.check()


async def test_a_claim_on_which_only_costs_never_awarded_were_left_is_settled(room: Room) -> None:
    invoice = await applied(room)
    owed_ore = 324_000 + 18_000 + 3_639
    paid_on = date(2026, 8, 11)
    await room.book(facts.payment(invoice.ocr, amount_ore=owed_ore, paid_on=paid_on))
    await room.hear(facts.closed(invoice, CloseReason.CREDITOR_WITHDREW))
    assert len(await room.said_of(ClaimSettled)) == 1
    await room.check()


async def test_an_end_said_before_it_told_what_was_filed_changes_nothing(room: Room) -> None:
    invoice = await applied(room)
    await room.hear(facts.closed(invoice, CloseReason.CREDITOR_WITHDREW, filed=None))
    assert await open_of(room, invoice, Component.FILING_FEE) == 30_000


async def test_a_second_application_that_was_never_filed_costs_nothing(room: Room) -> None:
    """The first one was filed and withdrawn."""
    invoice = await applied(room)
    await room.hear(facts.closed(invoice, CloseReason.CREDITOR_WITHDREW))
    second = facts.file(invoice, LATER).model_copy(update={"ordinal": 2})
    await room.hear(second)
    assert await open_of(room, invoice, Component.FILING_FEE) == 30_000
    await room.hear(facts.never_filed(invoice))
    assert await open_of(room, invoice, Component.FILING_FEE) == 0
    await room.check()


async def test_a_new_year_of_enforcement_costs_its_basic_fee_once_more(room: Room) -> None:
    """Förordning (1992:1094) 5, 6 §§: not where less than 100 kr is unpaid."""
    invoice = await applied(room, enforced=True)
    await room.hear(facts.enforce(invoice, LATER, ordinal=2, yearly=True))
    first, second = await room.said_of(EnforcementCharged)
    assert (first.yearly, second.yearly) == (False, True)
    assert (second.fee_ore, second.statement.costs[-1].amount_ore) == (60_000, 120_000)
    await room.hear(facts.closed(invoice, CloseReason.CREDITOR_WITHDREW, enforced=True))
    assert (await room.check()).accounts["receivable"] == 30_000 + 60_000 + 60_000


async def test_no_new_yearly_fee_where_little_is_unpaid(room: Room) -> None:
    invoice = await applied(room, enforced=True)
    owed_ore = sum([await open_of(room, invoice, each) for each in Component])
    await room.book(
        facts.payment(invoice.ocr, amount_ore=owed_ore - 9_999, paid_on=date(2026, 10, 5))
    )
    await room.hear(facts.enforce(invoice, LATER, ordinal=2, yearly=True))
    assert (await room.said_of(EnforcementCharged))[-1].fee_ore == 0
    await room.check()


async def test_what_kronofogden_collects_lowers_the_debt_and_is_paid_out_when_it_has_come(
    room: Room,
) -> None:
    """ADR-0016: the debtor has paid; nobody is paid out of what is not on our account."""
    invoice = await applied(room, enforced=True)
    await room.hear(facts.collected(invoice, 200_000))
    met = (await room.said_of(PaymentAllocated))[0]
    assert (met.at_kronofogden, met.amount_ore, met.paid_on) == (True, 200_000, date(2026, 11, 2))
    assert met.parts[0].component is Component.ENFORCEMENT_FEE
    # An earlier payment shows up late: what Kronofogden collected now meets something else.
    earlier = facts.payment(invoice.ocr, amount_ore=40_000, paid_on=date(2026, 10, 20))
    await room.book(earlier)
    accounts = (await room.check()).accounts
    assert accounts["kronofogden"] == 200_000
    assert accounts["bank:client"] == 40_000
    assert await payable_ore(room) == 0
    await room.book(facts.payment(amount_ore=200_000, paid_on=LATER))
    async with room.asker("operator") as operator:
        (awaited,) = (await operator.get("/kronofogden/awaited")).json()["awaited"]
        (waiting,) = (await operator.get("/unmatched")).json()["payments"]
        path = f"/unmatched/{waiting['payment_id']}/kronofogden"
        other = await operator.post(path, json={"payment_ids": [str(new_id())]})
        assert other.status_code == 404
        body = {"payment_ids": [awaited["payment_id"]]}
        for _ in range(2):
            answer = await operator.post(path, json=body, headers={"idempotency-key": "1"})
            assert answer.status_code == 200, answer.text
        assert (await operator.get("/kronofogden/awaited")).json()["awaited"] == []
        assert (await operator.post(path, json=body)).status_code == 404
    accounts = (await room.check()).accounts
    assert (accounts["kronofogden"], accounts["bank:client"]) == (0, 240_000)
    assert await payable_ore(room) == -accounts["payable"] > 0
    assert await room.rows("select 1 from timers where kind = 'payout'") != []


async def test_a_payment_is_cleared_only_against_all_that_it_holds(room: Room) -> None:
    invoice = await applied(room, enforced=True)
    await room.hear(facts.collected(invoice, 100_000))
    await room.book(facts.payment(amount_ore=90_000, paid_on=LATER))
    async with room.asker("operator") as operator:
        (awaited,) = (await operator.get("/kronofogden/awaited")).json()["awaited"]
        (waiting,) = (await operator.get("/unmatched")).json()["payments"]
        path = f"/unmatched/{waiting['payment_id']}/kronofogden"
        answer = await operator.post(path, json={"payment_ids": [awaited["payment_id"]]})
        assert (answer.status_code, answer.json()["sum_ore"]) == (409, 100_000)
    async with room.asker("seller", company=facts.CREDITOR) as seller:
        assert (await seller.get("/kronofogden/awaited")).status_code == 403
        assert (await seller.post(path, json={"payment_ids": [str(new_id())]})).status_code == 403
    await room.check()


async def test_money_kronofogden_had_before_a_charge_is_judged_by_its_value_date(
    room: Room,
) -> None:
    """It paid everything before enforcement was charged: enforcement falls."""
    invoice = await applied(room, enforced=True)
    everything_ore = 324_000 + 18_000 + 68_000 + 3_639
    await room.hear(facts.collected(invoice, everything_ore, paid_on=date(2026, 9, 30)))
    assert {one.kind for one in await room.said_of(ChargeReversed)} == {ChargeKind.ENFORCEMENT}
    assert sum([await open_of(room, invoice, each) for each in Component]) == 0
    await room.check()
