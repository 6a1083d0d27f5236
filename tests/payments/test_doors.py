"""Payments' doors on a real PostgreSQL: what is heard, booked, woken and asked."""

from __future__ import annotations

import asyncio
import random
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.collections import DisputeOutcome
from contracts.dunning import ReminderProposed
from contracts.notifications import Letter
from contracts.payments import (
    ChargeDeferred,
    ChargeRefused,
    ChargeReversed,
    ClaimOpened,
    FilingCharged,
    OverpaymentFound,
    PaymentAllocated,
    PaymentUnmatched,
    ReminderCharged,
    UnmatchedReason,
)
from contracts.terms import ChargeKind
from services.payments.domain.incoming import Hold, Reference, ReferenceKind
from tests.payments import facts
from tests.payments.conftest import Room
from tests.payments.facts import DEMANDED, REMINDED


async def test_an_invoice_is_paid_and_its_money_is_payable_the_next_banking_day(
    room: Room,
) -> None:
    """events.md 5, rows one to four; R-97, R-130."""
    invoice = facts.invoice()
    await room.hear(invoice)
    result = await room.book(facts.payment(invoice.ocr, amount_ore=324_000))
    assert (result.booked, result.matched, result.booked_ore) == (1, 1, 324_000)
    opened, allocated = await room.said()
    assert isinstance(opened, ClaimOpened)
    assert isinstance(allocated, PaymentAllocated)
    assert allocated.settled
    accounts = (await room.check()).accounts
    assert accounts["bank:client"] == -accounts["payable"] == 324_000
    ((kind, key, due_on),) = await room.rows("select kind, key, due_on from timers")
    assert (kind, key, due_on) == ("payout", facts.CREDITOR, date(2026, 8, 21))


async def test_a_payment_in_two_files_is_booked_once(room: Room) -> None:
    """Also twice in one file, and in two files at the same time."""
    invoice = facts.invoice()
    await room.hear(invoice)
    payment = facts.payment(invoice.ocr, amount_ore=100_000)
    first = await room.book(payment, payment)
    assert (first.booked, first.duplicates) == (1, 1)
    both = await asyncio.gather(room.book(payment), room.book(payment))
    assert [result.booked for result in both] == [0, 0]
    assert len(await room.said_of(PaymentAllocated)) == 1
    await room.check()


async def test_money_waits_for_its_claim_and_is_matched_when_it_opens(room: Room) -> None:
    """events.md 4."""
    invoice = facts.invoice()
    await room.book(facts.payment(invoice.ocr, amount_ore=330_000))
    (unmatched,) = await room.said_of(PaymentUnmatched)
    assert unmatched.reason is UnmatchedReason.UNKNOWN_REFERENCE
    assert (await room.check()).accounts["suspense"] == -330_000
    await room.hear(invoice)
    (allocated,) = await room.said_of(PaymentAllocated)
    assert allocated.payment_id == unmatched.payment_id
    assert [found.amount_ore for found in await room.said_of(OverpaymentFound)] == [6_000]
    assert (await room.check()).accounts["suspense"] == 0
    assert (
        await room.rows("select 1 from unmatched union all select 1 from unmatched_reference") == []
    )


async def test_money_and_claim_that_come_at_the_same_moment_find_each_other(room: Room) -> None:
    """Either the booking sees the claim or the opening sees the money."""
    for _ in range(15):
        invoice = facts.invoice(1_000)
        payment = facts.payment(invoice.ocr, amount_ore=1_000)
        await asyncio.gather(room.book(payment), room.hear(invoice))
    assert len(await room.said_of(PaymentAllocated)) == 15
    await room.check()


async def test_money_for_two_claims_waits_for_the_one_that_opens_at_the_same_moment(
    room: Room,
) -> None:
    """One of the claims is open: the booking looks once more when no claim can open."""
    for _ in range(15):
        first, second = facts.invoice(1_000), facts.invoice(2_000)
        await room.hear(first)
        payment = facts.payment(first.ocr, second.ocr, amount_ore=3_000)
        await asyncio.gather(room.book(payment), room.hear(second))
    assert len(await room.said_of(PaymentAllocated)) == 30
    await room.check()


async def test_what_payers_write_is_not_said(room: Room) -> None:
    """events.md 2: only operators read it, in the queue."""
    written = (
        Reference(ReferenceKind.TEXT, "Hyra Anna Andersson 19850101-1234"),
        Reference(ReferenceKind.OCR, "198501019802"),
        Reference(ReferenceKind.DOCUMENT, "Anna 7"),
        Reference(ReferenceKind.OCR, "998"),
    )
    await room.book(facts.payment(amount_ore=500, references=written))
    (unmatched,) = await room.said_of(PaymentUnmatched)
    assert unmatched.references == ("998",)
    async with room.asker("operator") as operator:
        (waiting,) = (await operator.get("/unmatched")).json()["payments"]
    assert waiting["references"] == [one.value for one in written]


async def test_held_payments_wait_and_only_kronor_on_the_account_are_booked(room: Room) -> None:
    """bank-formats 4: of another currency not even the amount is sure."""
    result = await room.book(facts.held(500, Hold.RETURNED), facts.held(700, Hold.CURRENCY))
    assert (result.held, result.booked_ore) == (2, 500)
    assert (await room.check()).accounts == {"bank:client": 500, "suspense": -500}


async def test_a_charge_is_made_once_however_often_it_is_proposed(room: Room) -> None:
    """events.md 3.1."""
    invoice = facts.invoice()
    await room.hear(invoice, facts.remind(invoice), facts.remind(invoice))
    assert len(await room.said_of(ReminderCharged)) == 1
    assert [refused.reason for refused in await room.said_of(ChargeRefused)] == ["already_charged"]
    await room.check()


async def test_a_proposal_heard_ten_days_late_keeps_its_time_to_pay(room: Room) -> None:
    """events.md 6: a late step acts as of today; the letter's last day to pay is not past."""
    invoice, paid = facts.invoice(), facts.invoice()
    await room.hear_together([invoice, paid])
    room.live_on(date(2026, 7, 16))
    await room.hear_late([facts.remind(invoice), facts.remind(paid)])
    await room.book(facts.payment(paid.ocr, amount_ore=324_000, paid_on=date(2026, 7, 14)))
    charged, _ = await room.said_of(ReminderCharged)
    assert charged.charged_on == charged.statement.as_of == date(2026, 7, 16)
    assert charged.statement.pay_by == date(2026, 7, 24)
    (reversed_,) = await room.said_of(ChargeReversed)
    assert reversed_.claim_id == paid.claim_id, "who paid before the letter left owes no fee"
    await room.check()


async def test_a_charge_waits_for_its_reference_rate_and_is_priced_when_it_comes(
    room: Room,
) -> None:
    """events.md 4: an operator adds the rate; as of the day it is priced."""
    room.live_on(date(2027, 1, 4))
    invoice = facts.invoice()
    await room.hear(invoice, facts.remind(invoice, as_of=date(2027, 1, 4)))
    assert len(await room.said_of(ChargeDeferred)) == 1
    room.live_on(date(2027, 1, 7))
    async with room.asker("operator") as operator:
        rate = {"valid_from": "2027-01-01", "bp": 200, "source": "SFS 2027:1"}
        answer = await operator.post("/rates", json=rate)
        assert answer.status_code == 201, answer.text
        assert (await operator.post("/rates", json=rate | {"bp": 250})).status_code == 409
        assert (await operator.post("/rates", json=rate | {"valid_from": "2027-02-01"})).is_error
        assert (await operator.get("/rates")).json()[0]["source"] == "SFS 2027:1"
    assert await room.rows("select due_on from timers") == [(date(2027, 1, 7),)]
    await room.wake("deferred", invoice.claim_id)
    (charged,) = await room.said_of(ReminderCharged)
    assert charged.charged_on == date(2027, 1, 7)
    await room.check()


async def test_a_rate_that_is_missing_is_told_before_and_while_charges_wait_for_it(
    room: Room,
) -> None:
    """law-and-fees 1.3: an operator's task; from four weeks before the half-year begins."""
    invoice = facts.invoice()
    await room.hear(invoice)

    async def lacking() -> list[tuple[str, int, bool]]:
        async with room.asker("operator") as operator:
            found = (await operator.get("/rates/lacking")).json()["half_years"]
        return [(one["valid_from"], one["claims_waiting"], one["begun"]) for one in found]

    room.live_on(date(2026, 12, 3))
    assert await lacking() == []
    room.live_on(date(2026, 12, 4))
    assert await lacking() == [("2027-01-01", 0, False)]
    room.live_on(date(2027, 1, 4))
    assert await lacking() == [("2027-01-01", 0, True)]
    await room.hear(facts.remind(invoice, as_of=date(2027, 1, 4)))
    assert await lacking() == [("2027-01-01", 1, True)]
    async with room.asker("operator") as operator:
        rate = {"valid_from": "2027-01-01", "bp": 200, "source": "SFS 2027:1"}
        assert (await operator.post("/rates", json=rate)).json()["claims_waiting"] == 1
        [added, before, *_] = (await operator.get("/rates")).json()
    assert (added["added_on"], before["added_on"]) == ("2027-01-04", None)
    assert await lacking() == []
    async with room.asker("seller", company=facts.CREDITOR) as seller:
        assert (await seller.get("/rates/lacking")).status_code == 403


async def test_a_mistyped_rate_is_refused_or_withdrawn_while_nothing_was_charged(
    room: Room,
) -> None:
    """Räntelagen 9 §: half percentage points; and a letter's rate is not taken back."""
    rate = {"valid_from": "2027-01-01", "bp": 25, "source": "SFS 2027:1"}
    async with room.asker("operator") as operator:
        refused = await operator.post("/rates", json=rate)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "bp"
        assert (await operator.delete("/rates/2027-01-01")).status_code == 409
        assert (await operator.post("/rates", json=rate | {"bp": 550})).status_code == 201
        assert (await operator.delete("/rates/2027-01-01")).status_code == 204
        assert (await operator.post("/rates", json=rate | {"bp": 250})).status_code == 201
        room.live_on(date(2027, 1, 4))
        invoice = facts.invoice()
        await room.hear(invoice, facts.remind(invoice, as_of=date(2027, 1, 4)))
        assert (await operator.delete("/rates/2027-01-01")).status_code == 409
        assert (await operator.delete("/rates/2026-07-01")).status_code == 409, "law's own"
    async with room.asker("seller", company=facts.CREDITOR) as seller:
        assert (await seller.delete("/rates/2027-01-01")).status_code == 403
    assert len(await room.said_of(ReminderCharged)) == 1


async def test_a_rate_is_not_withdrawn_while_a_charge_is_being_made_by_it(room: Room) -> None:
    """The withdrawal waits for the charge, and then sees it."""
    invoice = facts.invoice()
    await room.hear(invoice)
    room.live_on(date(2027, 1, 4))
    async with room.asker("operator") as operator:
        rate = {"valid_from": "2027-01-01", "bp": 250, "source": "SFS 2027:1"}
        assert (await operator.post("/rates", json=rate)).status_code == 201
        async with room.database.transaction() as tx:
            proposal = facts.remind(invoice, as_of=date(2027, 1, 4))
            await room.hears[type(proposal)](tx, [proposal])
            withdrawal = asyncio.create_task(operator.delete("/rates/2027-01-01"))
            waits = text("select count(*) from pg_locks where not granted")
            async with asyncio.timeout(30):
                while not (await tx.execute(waits)).scalar_one():
                    await asyncio.sleep(0)
        assert (await withdrawal).status_code == 409


async def test_what_law_says_wins_over_what_was_typed_in(room: Room) -> None:
    """A later law/ ships the right rate: charges go on by it, and operators see the difference."""
    async with room.database.transaction() as tx:
        typed = "insert into reference_rate values ('2026-07-01', 350, 'SFS', '2026-07-01', :by)"
        await tx.execute(text(typed), {"by": facts.CREDITOR})
    invoice = facts.invoice()
    await room.hear(invoice, facts.remind(invoice))
    (charged,) = await room.said_of(ReminderCharged)
    assert charged.statement.interest_ore == 533
    async with room.asker("operator") as operator:
        rows = (await operator.get("/rates")).json()
    of_july = [(r["bp"], r["overruled"]) for r in rows if r["valid_from"] == "2026-07-01"]
    assert of_july == [(200, False), (350, True)]


async def test_money_does_not_put_off_a_payout_that_is_due_today(room: Room) -> None:
    """Somebody gave the account today; a payment booked meanwhile waits for the next time only."""
    invoice = facts.invoice()
    await room.hear(invoice)
    async with room.database.transaction() as tx:
        tx.wake("payout", {facts.CREDITOR: tx.today})
    await room.book(facts.payment(invoice.ocr, amount_ore=324_000))
    assert await room.rows("select due_on from timers") == [(date(2026, 8, 20),)]


async def test_a_letter_that_never_left_is_not_paid_for(room: Room) -> None:
    """events.md 3.3; once sent, a later failure changes nothing."""
    lost, kept = facts.invoice(), facts.invoice()
    for invoice in (lost, kept):
        await room.hear(invoice, facts.remind(invoice))
    await room.hear(facts.sent(kept, Letter.REMINDER, REMINDED))
    for invoice in (lost, kept):
        await room.hear(facts.undelivered(invoice, Letter.REMINDER))
    assert [one.claim_id for one in await room.said_of(ChargeReversed)] == [lost.claim_id]
    await room.check()


async def test_an_application_that_never_reached_kronofogden_costs_nothing(room: Room) -> None:
    """Paid at the last moment: fee and work of the filing go, once, and the ledger stays right."""
    invoice = facts.invoice()
    await room.hear(invoice, facts.demand(invoice), facts.file(invoice, date(2026, 8, 14)))
    (filed,) = await room.said_of(FilingCharged)
    await room.hear(facts.never_filed(invoice))
    await room.hear(facts.never_filed(invoice))
    (taken_back,) = await room.said_of(ChargeReversed)
    assert (taken_back.kind, filed.fee_ore) == (ChargeKind.FILING, 68_000)
    assert taken_back.amount_ore >= filed.fee_ore
    await room.check()


async def test_interest_without_agreed_due_date_runs_from_the_sending(room: Room) -> None:
    """Räntelagen 4 §: the letter may be known before the claim."""
    invoice = facts.invoice(due_date_agreed=False)
    await room.hear(facts.sent(invoice, sent_on=date(2026, 6, 5)), invoice)
    await room.hear(facts.remind(invoice, date(2026, 7, 10)))
    (charged,) = await room.said_of(ReminderCharged)
    assert [segment.days for segment in charged.statement.interest] == [5]


async def test_a_thousand_claims_are_charged_in_one_batch(room: Room) -> None:
    """Set-shaped: a batch of one is the same code."""
    invoices = [facts.invoice(ocr=str(10**9 + at)) for at in range(1_000)]
    await room.hear_together(invoices)
    await room.hear_together([facts.remind(invoice) for invoice in invoices])
    charged = await room.said_of(ReminderCharged)
    assert len(charged) == 1_000
    assert {one.statement.total_ore for one in charged} == {330_533}
    await room.check()


# --- at the same time --------------------------------------------------------------------------


async def test_two_bookings_of_the_same_claims_wait_for_each_other(room: Room) -> None:
    """Claims are locked in the order of their ids; every payment is allocated once."""
    invoices = [facts.invoice(10_000, ocr=str(10**9 + at)) for at in range(40)]
    await room.hear_together(invoices)
    chance = random.Random(1)

    def batch() -> list[Any]:
        mixed = chance.sample(invoices, len(invoices))
        return [facts.payment(one.ocr, amount_ore=2_000) for one in mixed]

    await asyncio.gather(*(room.book(*batch()) for _ in range(6)))
    found = await room.check()
    assert found.accounts["bank:client"] == 40 * 6 * 2_000
    assert found.accounts["overpaid"] == -40 * 2_000
    assert len([one for one in await room.said_of(PaymentAllocated) if one.settled]) == 40


async def test_a_charge_and_a_payment_at_the_same_moment_end_in_a_legitimate_state(
    room: Room,
) -> None:
    """The claim's lock decides: refused, or charged and reversed; the same money."""
    invoices = [facts.invoice(10_000, ocr=str(10**9 + at)) for at in range(20)]
    await room.hear_together(invoices)
    await asyncio.gather(
        *(room.hear(facts.remind(invoice)) for invoice in invoices),
        *(room.book(facts.payment(invoice.ocr, amount_ore=10_000)) for invoice in invoices),
    )
    accounts = (await room.check()).accounts
    assert accounts["claim"] == 0
    assert accounts["payable"] == -200_000


# --- what the database itself guards -----------------------------------------------------------


async def test_postings_are_never_changed_and_never_off_by_an_ore(room: Room) -> None:
    """events.md 5: the second wall."""
    await room.hear(facts.invoice())
    for statement in (
        "update posting set amount_ore = 1",
        "delete from posting",
        """insert into posting (transaction_id, n, account, amount_ore, value_on)
           values (gen_random_uuid(), 1, 'suspense', 1, '2026-07-01')""",
    ):
        with pytest.raises(DBAPIError, match=r"never changed|sum to zero"):
            async with room.database.engine.begin() as connection:
                await connection.execute(text(statement))


@pytest.mark.parametrize(
    "harm",
    [
        "update claim set capital_ore = capital_ore + 1",
        "update claim set overpaid_ore = 5",
        "update allocation set creditor_part_ore = 1",
        "delete from unmatched",
    ],
)
async def test_the_check_sees_every_column_that_differs_from_the_postings(
    room: Room, harm: str
) -> None:
    """A judge that cannot say no is none."""
    invoice = facts.invoice()
    await room.hear(invoice)
    await room.book(facts.payment(invoice.ocr, amount_ore=100), facts.payment("99", amount_ore=100))
    async with room.database.engine.begin() as connection:
        await connection.execute(text(harm))
    with pytest.raises(AssertionError):
        await room.check()


# --- door 3 ------------------------------------------------------------------------------------


async def test_a_claim_is_shown_to_its_seller_its_debtor_and_operators_alone(room: Room) -> None:
    """Architecture 6: the company in the token binds every query."""
    invoice, other = facts.invoice(), facts.invoice()
    room.live_on(DEMANDED)
    await room.hear(invoice, facts.remind(invoice))
    await room.book(facts.payment(invoice.ocr, amount_ore=100_000, paid_on=date(2026, 7, 10)))
    path = f"/claims/{invoice.claim_id}"
    async with (
        room.asker("seller", company=facts.CREDITOR) as seller,
        room.asker("seller", company=other.claim_id) as stranger,
        room.asker("debtor", claim=invoice.claim_id) as debtor,
        room.asker("debtor", claim=other.claim_id) as neighbour,
        room.asker("operator") as operator,
    ):
        shown = (await seller.get(path)).json()
        assert shown["to_pay_ore"] == 224_000 + 6_000 + 533
        assert shown["interest_accrued_ore"] == 1_931 - 533
        assert shown["pay_by"] is None
        assert shown["payments"] == [{"paid_on": "2026-07-10", "amount_ore": 100_000}]
        assert shown["state"] == "open"
        assert (shown["received_ore"], shown["overpaid_ore"]) == (100_000, 0)
        assert shown["parts"] == [
            {"component": name, "charged_ore": charged, "paid_ore": paid, "left_ore": left}
            for name, charged, paid, left in (
                ("capital", 324_000, 100_000, 224_000),
                ("reminder_fee", 6_000, 0, 6_000),
                ("interest", 533, 0, 533),
            )
        ]
        assert (await debtor.get(path)).json() == (await operator.get(path)).json() == shown
        assert (await stranger.get(path)).status_code == 404
        assert (await neighbour.get(path)).status_code == 404
        asked = {"claim_ids": [str(invoice.claim_id), str(other.claim_id)]}
        brief = (await seller.post("/claims/lookup", json=asked)).json()
        assert [one["to_pay_ore"] for one in brief] == [230_533]
        assert (await stranger.post("/claims/lookup", json=asked)).json() == []
        assert (await debtor.post("/claims/lookup", json=asked)).status_code == 403


async def test_a_company_has_its_own_parts_to_get_and_what_is_disputed_is_overdue_too(
    room: Room,
) -> None:
    """events.md 4: the demand's 180 kr are the operator's; where the debtor was right, nothing."""
    filed, disputed, right = facts.invoice(), facts.invoice(), facts.invoice()
    coming = facts.invoice(due_on=date(2026, 12, 31))
    room.live_on(DEMANDED)
    await room.hear(filed, disputed, right, coming, facts.remind(filed), facts.demand(filed))
    lost = facts.disputed(right)
    await room.hear(facts.disputed(disputed), lost)
    await room.hear(facts.dispute_settled(lost, DisputeOutcome.UPHELD))
    async with (
        room.asker("seller", company=facts.CREDITOR) as seller,
        room.asker("seller", company=filed.claim_id) as stranger,
        room.asker("debtor", claim=filed.claim_id) as debtor,
    ):
        claim = (await seller.get(f"/claims/{filed.claim_id}")).json()
        assert claim["to_pay_ore"] - claim["creditors_ore"] == claim["demand_cost_ore"] == 18_000
        owed = (await seller.get("/claims/owed")).json()
        assert owed["overdue_ore"] == claim["creditors_ore"] + 324_000
        assert owed["overdue_disputed_ore"] == 324_000
        assert owed["creditors_ore"] == owed["overdue_ore"] + 324_000
        assert (await stranger.get("/claims/owed")).json()["creditors_ore"] == 0
        assert (await debtor.get("/claims/owed")).status_code == 403


async def test_an_operator_says_whose_unmatched_money_is(room: Room) -> None:
    """R-97: what is not certain a person decides, once."""
    invoice = facts.invoice()
    await room.hear(invoice)
    await room.book(facts.payment("99", amount_ore=100_000))
    async with room.asker("operator") as operator:
        (waiting,) = (await operator.get("/unmatched")).json()["payments"]
        assert waiting["references"] == ["99"]
        one = f"/unmatched/{waiting['payment_id']}"
        assert (await operator.get(one)).json() == waiting
        path, body = (
            f"/unmatched/{waiting['payment_id']}/allocate",
            {"claim_id": str(invoice.claim_id)},
        )
        once = {"idempotency-key": "1"}
        for _ in range(2):
            answer = await operator.post(path, json=body, headers=once)
            assert answer.status_code == 200, answer.text
        assert (await operator.post(path, json=body)).status_code == 404
        assert (await operator.get("/unmatched")).json()["payments"] == []
        assert (await operator.get(one)).status_code == 404
        check = (await operator.get("/ledger/check")).json()
        assert check["problems"] == []
        assert check["accounts"]["payable"] == -100_000
        balances = (await operator.get("/ledger/accounts")).json()
        assert {one["account"] for one in balances} >= {"bank:client", "payable", "pending"}
    async with room.asker("seller", company=facts.CREDITOR) as seller:
        assert (await seller.get("/unmatched")).status_code == 403
        assert (await seller.get(one)).status_code == 403
    assert len(await room.said_of(PaymentAllocated)) == 1


async def test_every_type_heard_has_a_handler_that_takes_a_batch(room: Room) -> None:
    """Proposals for claims not yet open wait for them and are answered when they open."""
    invoices = [facts.invoice(ocr=str(10**9 + at)) for at in range(3)]
    proposals: list[ReminderProposed] = [facts.remind(invoice) for invoice in invoices]
    await room.hear_together(proposals)
    assert await room.said() == []
    await room.hear_together(invoices)
    assert len(await room.said_of(ReminderCharged)) == 3
