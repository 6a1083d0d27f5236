"""Payouts on a real database, against the bank stand-in: ordered, answered, ended by the debit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from lxml import etree

from contracts.ids import CreditorId
from contracts.invoicing import CreditorRegistered
from contracts.payments import PayoutOrdered, PayoutRejected, PayoutSettled
from law.banking_days import roll_forward
from plumbing.clock import SWEDISH, real_now
from plumbing.outbound import Carrier, Outbound
from services.payments.bank import Bank
from services.payments.handlers import opening, payouts
from tests.payments import facts
from tests.payments.bank_house import (
    PAYER,
    House,
    credit,
    debit,
    house,
    notification,
)
from tests.payments.test_intake import shown
from tests.shared import bank_schema
from tests.standins.programs import TOKEN, Program

__all__ = ["house"]

SUPPORT = UUID(int=5)
SECOND = UUID("0190d2f0-0000-7000-8000-00000000c0d2")
TODAY = real_now().astimezone(SWEDISH).date()


def registered(creditor_id: UUID = facts.CREDITOR, name: str = "Möbelhuset AB") -> Any:
    return CreditorRegistered(
        creditor_id=creditor_id,
        name=name,
        organisation_number="5566778899",
        vat_registered=True,
        f_skatt=True,
        email="info@example.se",
        town="Umeå",
    )


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Program]:
    """The bank as the program it is; reports only when asked."""
    async with Program("bank", tmp_path, "--token", TOKEN) as program:
        yield program


async def have_account(
    house: House, creditor_id: UUID = facts.CREDITOR, number: str = "50501055"
) -> None:
    async with house.database.transaction() as tx:
        await payouts.keep_creditors(tx, [registered(creditor_id)])
        await payouts.set_account(
            tx, CreditorId(creditor_id), kind="bankgiro", number=number, bic=None, by=SUPPORT
        )


async def receive_money(house: House, count: int = 3) -> None:
    await house.open_claims(count)
    await house.send(notification(credit(range(count))))
    await house.work_all()


async def order(house: House, *creditors: UUID) -> None:
    wanted = [CreditorId(creditor) for creditor in creditors or (facts.CREDITOR,)]
    async with house.database.transaction() as tx:
        await payouts.order_payouts(tx, wanted, payer=PAYER)


def carrier(house: House, bank: Program) -> Outbound:
    speak = Bank(bank.address, TOKEN)
    kinds = {payouts.PAYMENT_ORDER: Carrier(speak.order, payouts.hear_answers)}
    return Outbound(house.database, kinds)


async def files_of(bank: Program) -> list[bytes]:
    """Everything booked and unreported on the next banking day, as camt.054."""
    await bank.post("/clock", {"today": roll_forward(TODAY).isoformat()})
    made = await bank.post("/push", {})
    return [(await bank.page(f"/files/{file['id']}")).encode() for file in made["files"]]


async def states(house: House) -> list[str]:
    rows = await house.rows("select state from payout order by payout_id")
    return [row.state for row in rows]


async def test_money_received_is_ordered_accepted_and_settled_by_the_debit(
    house: House, bank: Program
) -> None:
    """R-90, R-130."""
    await have_account(house)
    await receive_money(house)
    await order(house)
    assert await carrier(house, bank).carry_due() == 1
    assert await states(house) == ["accepted"]
    assert await house.said(PayoutSettled) == [], "an accepted order is not yet paid"
    assert await house.balance("transit") == -300_00
    for body in await files_of(bank):
        await house.send(body)
    await house.work_all()
    assert await states(house) == ["settled"]
    assert [said["amount_ore"] for said in await house.said(PayoutSettled)] == [300_00]
    assert await house.balance("bank:client") == 0
    assert await house.balance("transit") == 0
    await house.check_ledger()


async def test_money_waits_for_an_account_and_is_shown_until_then(house: House) -> None:
    """Without a payout account money waits (events.md 1)."""
    await receive_money(house)
    await order(house)
    assert await states(house) == []
    async with house.database.transaction() as tx:
        waiting = (await payouts.list_alarms(tx))["waiting"]
    assert [(row["amount_ore"], row["reason"]) for row in waiting] == [
        (300_00, "no payout account")
    ]
    await have_account(house)
    timer = "select due_on from timers where kind = 'payout'"
    assert await house.one(timer) == house.clock.today()
    await order(house)
    assert await states(house) == ["ordered"]


async def test_an_order_is_not_made_twice(house: House) -> None:
    """A timer that fires again finds nothing payable."""
    await have_account(house)
    await receive_money(house)
    await order(house)
    await order(house)
    assert await states(house) == ["ordered"]
    assert await house.one("select count(*) from outbound") == 1
    await house.check_ledger()


async def test_what_each_claim_gave_is_told(house: House) -> None:
    """PayoutOrdered names claims with parts; the account is masked."""
    await have_account(house)
    await receive_money(house)
    await order(house)
    [said] = await house.said(PayoutOrdered)
    assert said["amount_ore"] == 300_00
    assert [claim["amount_ore"] for claim in said["claims"]] == [100_00] * 3
    assert said["account_masked"] == "•••1055"


async def test_all_creditors_of_a_day_share_one_file_with_the_same_bytes_for_ever(
    house: House,
) -> None:
    """bank-formats 5.1: message id and time of creation are the batch's."""
    await have_account(house)
    await have_account(house, SECOND, "9912346")
    issued = [facts.invoice(100_00, ocr="7000000000")]
    issued.append(facts.invoice(100_00, ocr="7000000001", creditor_id=SECOND))
    async with house.database.transaction() as tx:
        await payouts_open(tx, issued)
    await house.send(notification(credit([0, 1])))
    await house.work_all()
    await order(house, facts.CREDITOR, SECOND)
    [row] = await house.rows("select id, body from outbound")
    body = bytes(row.body)
    assert body.count(b"<CdtTrfTxInf>") == 2
    assert f"<MsgId>{row.id.hex}</MsgId>".encode() in body
    [batch] = await house.rows("select created_at from payout_batch")
    created = batch.created_at.strftime("%Y-%m-%dT%H:%M:%S")
    assert f"<CreDtTm>{created}</CreDtTm>".encode() in body
    etree.XMLSchema(etree.parse(bank_schema("pain.001.001.03"))).assertValid(etree.fromstring(body))


async def payouts_open(tx: Any, issued: Any) -> None:
    await opening.open_claims(tx, issued, others={})


async def test_an_order_to_a_closed_account_is_payable_again_and_waits_for_a_person(
    house: House, bank: Program
) -> None:
    """PayoutRejected; the same account is not tried again, a new one is."""
    await have_account(house)
    await receive_money(house)
    await bank.post("/control", {"reject_accounts": ["5050-1055"]})
    await order(house)
    await carrier(house, bank).carry_due()
    assert await states(house) == ["rejected"]
    [said] = await house.said(PayoutRejected)
    assert "AC04" in said["reason"]
    assert await house.balance("payable") == -300_00
    await house.check_ledger()
    await order(house)
    assert await states(house) == ["rejected"], "the account is known to be closed"
    async with house.database.transaction() as tx:
        alarms = await payouts.list_alarms(tx)
    assert [row["amount_ore"] for row in alarms["rejected"]] == [300_00]
    assert "AC04" in str(alarms["waiting"][0]["reason"])
    await have_account(house, number="9912346")
    await order(house)
    await carrier(house, bank).carry_due()
    assert await states(house) == ["rejected", "accepted"]
    async with house.database.transaction() as tx:
        assert (await payouts.list_alarms(tx))["rejected"] == []


async def test_one_closed_account_does_not_hold_the_others_of_the_file(
    house: House, bank: Program
) -> None:
    """PART: payment by payment."""
    await have_account(house)
    await have_account(house, SECOND, "9912346")
    issued = [facts.invoice(100_00, ocr="7000000000")]
    issued.append(facts.invoice(100_00, ocr="7000000001", creditor_id=SECOND))
    async with house.database.transaction() as tx:
        await payouts_open(tx, issued)
    await house.send(notification(credit([0, 1])))
    await house.work_all()
    await bank.post("/control", {"reject_accounts": ["9912346"]})
    await order(house, facts.CREDITOR, SECOND)
    await carrier(house, bank).carry_due()
    rows = await house.rows("select creditor_id, state from payout order by creditor_id desc")
    assert {row.creditor_id: row.state for row in rows} == {
        facts.CREDITOR: "accepted",
        SECOND: "rejected",
    }
    await house.check_ledger()


async def test_a_crash_between_the_banks_acceptance_and_our_commit_pays_once(
    house: House, bank: Program
) -> None:
    """The same bytes again are a duplicate (AM05) at the bank; its first answer counts."""
    await have_account(house)
    await receive_money(house)
    await order(house)
    [row] = await house.rows("select body from outbound")
    async with bank.http.post("/payment-orders", data=bytes(row.body)) as answer:
        assert b"ACTC" in await answer.read()
    await carrier(house, bank).carry_due()
    assert await states(house) == ["accepted"]
    orders = (await bank.get("/records"))["orders"]
    assert len([one for one in orders if not one["duplicate"]]) == 1
    for body in await files_of(bank):
        await house.send(body)
    await house.work_all()
    assert await house.balance("bank:client") == 0
    await house.check_ledger()


async def test_a_bank_that_is_away_gets_the_order_later(house: House, bank: Program) -> None:
    """The parcel waits with its reason."""
    await have_account(house)
    await receive_money(house)
    await order(house)
    outbound = carrier(house, bank)
    away = Carrier(Bank("http://127.0.0.1:1", None).order, payouts.hear_answers)
    await Outbound(house.database, {payouts.PAYMENT_ORDER: away}).carry_due()
    assert await states(house) == ["ordered"]
    assert "BankAwayError" in await house.one("select trouble from outbound")
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql("update outbound set due_at = now()")
    await outbound.carry_due()
    assert await states(house) == ["accepted"]


async def test_a_debit_in_two_files_settles_its_payout_once(house: House) -> None:
    """One PayoutSettled, one line in the ledger."""
    await have_account(house)
    await receive_money(house)
    await order(house)
    payout_id = await house.one("select payout_id from payout")
    paid = debit(payout_id.hex, "300.00")
    await house.send(notification(paid))
    await house.send(notification(credit([9], entry="E9"), paid))
    await house.work_all()
    assert len(await house.said(PayoutSettled)) == 1
    other = debit(payout_id.hex, "300.00", reference="D2")
    await house.send(notification(other))
    await house.work_all()
    assert len(await house.said(PayoutSettled)) == 1
    async with house.database.transaction() as tx:
        [unknown] = (await payouts.list_alarms(tx))["unknown_debits"]
    assert unknown["reason"] == "the payout was debited before"
    await house.check_ledger()


async def test_a_debit_that_is_no_payout_is_shown_to_a_person(house: House) -> None:
    """A bank's fee, say: nothing is booked of it."""
    await house.send(notification(debit("NOTPROVIDED", "15.00")))
    await house.work_all()
    async with house.database.transaction() as tx:
        [unknown] = (await payouts.list_alarms(tx))["unknown_debits"]
    assert (unknown["amount_ore"], unknown["reason"]) == (15_00, "it is no payout of ours")
    assert await house.balance("bank:client") == 0


async def test_a_payout_that_is_late_is_shown(house: House) -> None:
    """Three banking days after the order."""
    await have_account(house)
    await receive_money(house)
    await order(house)
    async with house.database.transaction() as tx:
        assert (await payouts.list_alarms(tx))["late"] == []
    await house.move_to(date(TODAY.year + 1, TODAY.month, 1))
    async with house.database.transaction() as tx:
        [late] = (await payouts.list_alarms(tx))["late"]
    assert late["amount_ore"] == 300_00


def later_answer(message_id: str, *told: tuple[str, str], report_id: str = "R7") -> bytes:
    """A pain.002 that comes after the first one: payments (id, status) of an order."""
    listed = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{each}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        "<StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf></TxInfAndSts>"
        for each, status in told
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{report_id}</MsgId><CreDtTm>2026-10-16T06:01:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message_id}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.03"
        "</OrgnlMsgNmId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>"
        f"<OrgnlPmtInfId>{message_id}-1</OrgnlPmtInfId>{listed}</OrgnlPmtInfAndSts>"
        "</CstmrPmtStsRpt></Document>"
    ).encode()


async def told_later(house: House, body: bytes) -> dict[str, Any]:
    """What became of an answer that the bank left among its files."""
    got = await house.send(body)
    await house.work_all()
    return await shown(house, got.file_id)


async def test_an_order_that_the_bank_rejects_after_it_took_it_is_payable_again(
    house: House, bank: Program
) -> None:
    """bank-formats 5.4: taken is no promise of payment; the later answer comes as a file."""
    await have_account(house)
    await receive_money(house)
    await order(house)
    await carrier(house, bank).carry_due()
    [row] = await house.rows("select payout_id, batch_id from payout")
    told = (row.payout_id.hex, "RJCT")
    got = await told_later(house, later_answer(row.batch_id.hex, told))
    assert (got["state"], got["role"], got["problems"]) == ("booked", "answers", [])
    assert await states(house) == ["rejected"]
    [said] = await house.said(PayoutRejected)
    assert said["reason"] == "RJCT AM04"
    assert await house.balance("transit") == 0
    assert await house.balance("payable") == -300_00
    again = later_answer(row.batch_id.hex, told, (UUID(int=7).hex, "RJCT"), report_id="R8")
    assert (await told_later(house, again))["problems"] == [
        f"the payment {UUID(int=7).hex} is none of the order's"
    ]
    taken = later_answer(row.batch_id.hex, (row.payout_id.hex, "ACSP"), report_id="R9")
    assert (await told_later(house, taken))["problems"] == []
    assert await states(house) == ["rejected"]
    assert len(await house.said(PayoutRejected)) == 1
    await house.check_ledger()


async def test_a_later_answer_frees_nothing_that_was_debited_or_is_not_named(house: House) -> None:
    """Whatever a bank says after the debit; and an order of somebody else's changes nothing."""
    await have_account(house)
    await receive_money(house)
    await order(house)
    [row] = await house.rows("select payout_id, batch_id from payout")
    for message_id in (UUID(int=9).hex, "PO20261016-0001"):
        stranger = later_answer(message_id, (row.payout_id.hex, "RJCT"))
        assert (await told_later(house, stranger))["problems"] == [
            f"the order {message_id} is none of ours"
        ]
    assert await states(house) == ["ordered"]
    await told_later(house, notification(debit(row.payout_id.hex, "300.00")))
    await told_later(house, later_answer(row.batch_id.hex, (row.payout_id.hex, "RJCT")))
    assert await states(house) == ["settled"]
    assert await house.said(PayoutRejected) == []
    await house.check_ledger()


async def test_a_later_answer_that_is_broken_is_refused_with_its_line(house: House) -> None:
    """As every file of the bank's."""
    got = await house.send(later_answer("M").replace(b"<OrgnlMsgId>M</OrgnlMsgId>", b""))
    assert (got.state, got.problems[0].line) == ("refused", 1)
    assert got.problems[0].reason == "there is no OrgnlGrpInfAndSts/OrgnlMsgId"
