"""Cases at Kronofogden's stand-in: the whole walk, withdrawals in order, and lost answers."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from contracts.terms import ChargeKind
from plumbing.transaction import Database
from services.collections import store
from services.collections.domain.sending import Receipt
from services.collections.handlers import carrying, sending
from services.collections.kronofogden import Kronofogden, UnreadableAnswerError
from tests.collections.builders import (
    CLAIM,
    CREDITOR,
    FILING_ON,
    HANDED_ON,
    charge_reversed,
    demand_charged,
    enforcement_charged,
    filing_charged,
    handed_over,
    issued,
    paid,
    part_paid,
    sent,
)
from tests.collections.house import House
from tests.standins.programs import TOKEN, Program

DEMANDED_SAYS = ["CaseOpened", "DemandProposed", "FilingProposed"]


@pytest.fixture
async def house(own: Database, authority: Program) -> Any:
    """A case whose filing has been proposed."""
    house = House(own, authority)
    # 2026-09-22: handed over, demanded, sent. 2026-10-05: its time has run out.
    await house.day(HANDED_ON)
    await house.hear(issued(), handed_over(), demand_charged(), sent())
    await house.day(FILING_ON)
    assert await house.said() == DEMANDED_SAYS
    yield house
    await house.courier.kronofogden.close()


async def at_kronofogden(house: House) -> tuple[list[str], list[dict[str, Any]]]:
    """The kinds of messages it took, in order, and its cases."""
    assert house.authority is not None
    found = await house.authority.get("/records")
    assert found["unreadable"] == 0
    refused = [one["receipt"] for one in found["messages"] if not one["ok"]]
    assert refused == []
    return [one["kind"] for one in found["messages"]], found["cases"]


async def test_an_unpaid_case_walks_to_enforcement(house: House) -> None:
    """R-111, R-131: the diary of an unanswered order to pay."""
    # 2026-10-05: priced, and filed the same day.
    await house.hear(filing_charged())
    await house.settle()
    assert (await house.said())[3:] == ["CaseFiled"]
    # 2026-10-06 confirmed, 2026-10-09 served, 2026-10-22 decided: enforcement is proposed.
    await house.day(date(2026, 10, 8))
    assert await house.stage() == "confirmed"
    await house.day(date(2026, 10, 12))
    assert await house.stage() == "served"
    await house.day(date(2026, 10, 22))
    assert (await house.said())[4:] == ["CaseOutcomeHeard"] * 3 + ["EnforcementProposed"]
    # The ledger prices it; Kronofogden takes it up.
    await house.hear(enforcement_charged(date(2026, 10, 22)))
    await house.settle()
    kinds, (case,) = await at_kronofogden(house)
    assert kinds == ["payment_order_application", "enforcement_application"]
    assert (case["state"], await house.stage()) == ("enforcement", "enforcement")
    # Part is paid, and then all: both are changes of the enforcement.
    await house.hear(part_paid())
    await house.settle()
    _, (case,) = await at_kronofogden(house)
    assert case["capital_ore"] == 3_500_00
    await house.hear(paid())
    await house.settle()
    kinds, (case,) = await at_kronofogden(house)
    assert kinds[2:] == ["enforcement_change", "enforcement_change"]
    assert (case["state"], await house.stage()) == ("withdrawn", "closed")
    assert await house.alarms() == []


async def test_what_kronofogden_collects_and_charges_in_enforcement_is_told(house: House) -> None:
    """The diary of a case with two part payments, a new year and a final report."""
    assert house.authority is not None
    await house.authority.post("/scripts", {"default": "X"})
    await house.hear(filing_charged())
    await house.settle()
    await house.day(date(2026, 10, 22))
    await house.hear(enforcement_charged(date(2026, 10, 22)))
    await house.settle()
    before = len(await house.said())
    # 2026-11-21 a third, 2026-12-21 half of the rest, 2027-10-22 a new basic fee.
    await house.day(date(2027, 10, 22))
    assert (await house.said())[before:] == ["EnforcementPaid"] * 2 + ["EnforcementProposed"]
    await house.day(date(2027, 12, 1))
    assert (await house.said())[before + 3 :] == ["CaseOutcomeHeard"]
    assert (await house.stage(), await house.alarms()) == ("exhausted", [])


async def test_nonsense_from_kronofogden_is_a_task_and_what_can_be_read_is_heard(
    house: House,
) -> None:
    await house.hear(filing_charged())
    await house.settle()
    about = {"reference": await house.number(), "caseNumber": "01-000001-26"}
    page: list[Any] = [
        {"kind": "served", "messageId": "without", **about},
        {"number": 1, "kind": "confirmation", **about},
        {"number": 2, "kind": "contested", **about, "reason": 5},
        {"number": 3, "kind": "served", **about},
        {"number": 4, "kind": "served", "reference": 7},
        "nothing",
    ]
    async with house.own.transaction() as tx:
        assert await sending.hear_news(tx, 0, page)
        assert await sending.hear_news(tx, 4, page[:1]) is False
    assert await house.stage() == "served"
    unreadable = ["unreadable_news"] * 3
    assert sorted(await house.alarms()) == ["news_of_unknown_case", *unreadable]
    async with house.own.transaction() as tx:
        assert await store.news_heard(tx, lock=False) == 4


@pytest.mark.parametrize(
    "body",
    [
        *(b"<html>", b"[]", b"{}", b'{"messages": 5}', b'{"messages": [{"kind": "served"}]}'),
        b"[" * 100_000,
    ],
    ids=["no JSON", "a list", "nothing", "a number", "no number", "too deep"],
)
async def test_a_page_nobody_can_read_is_trouble_that_alarms_once(
    own: Database, body: bytes
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    house = House(own)
    async with TestServer(application(answer)) as strange:
        house.courier.kronofogden = Kronofogden(str(strange.make_url("")), TOKEN)
        for _ in range(2):
            with pytest.raises(UnreadableAnswerError):
                await house.courier.fetch_news()
            await house.courier.tell_trouble()
        if b"messages" not in body or b"5" in body:
            with pytest.raises(UnreadableAnswerError):
                await house.courier.kronofogden.send(b"{}")
        await house.courier.kronofogden.close()
    assert (await house.alarms()).count("kronofogden_unreadable") == 1


async def test_texts_that_no_table_takes_are_cleaned_where_they_come_in(house: House) -> None:
    """NUL and half a surrogate pair anywhere in a message; such a page would come for ever."""
    await house.hear(filing_charged())
    await house.settle()
    bad = "x\0\ud800"
    told = {"number": 1, "messageId": bad, "kind": "contested", "reference": bad, "\0": bad}
    page = [told, {**told, "number": 2, "reference": await house.number(), "reason": f"Nej{bad}!"}]
    page += [{**page[1], "number": 3, "kind": bad, "amountOre": bad}]

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=json.dumps({"messages": page}), content_type="application/json")

    async with TestServer(application(answer)) as strange:
        real, strangers = house.courier.kronofogden, Kronofogden(str(strange.make_url("")), TOKEN)
        house.courier.kronofogden = strangers
        await house.courier.fetch_news()
        await strangers.close()
        house.courier.kronofogden = real
    async with house.own.transaction() as tx:
        assert await store.news_heard(tx, lock=False) == 3
        (dispute,) = await store.read_disputes(tx)
    assert dispute.reason == "Nejx?!"
    assert await house.alarms() == ["news_of_unknown_case", "unknown_news"]


def application(answer: Any) -> web.Application:
    """An authority with one answer."""
    strange = web.Application()
    strange.add_routes([web.get("/messages", answer), web.post("/messages", answer)])
    return strange


async def test_a_case_paid_after_filing_is_withdrawn_at_once(house: House) -> None:
    """R-113; events.md 3: a payment on a filed case."""
    await house.hear(filing_charged())
    await house.settle()
    await house.day(date(2026, 10, 9))
    await house.hear(part_paid())
    await house.settle()
    await house.hear(paid())
    await house.settle()
    kinds, (case,) = await at_kronofogden(house)
    assert kinds == ["payment_order_application", "reduction", "withdrawal"]
    assert (case["state"], await house.stage()) == ("withdrawn", "closed")
    assert (await house.said())[-2:] == ["CaseWithdrawn", "CaseClosed"]
    # The echo of the withdrawal, and the monitor's day, find nothing left to do.
    await house.day(date(2026, 10, 20))
    assert await house.alarms() == []


async def test_a_case_paid_before_the_sending_is_never_filed(house: House) -> None:
    await house.hear(filing_charged())
    await house.hear(paid())
    await house.settle()
    assert await at_kronofogden(house) == ([], [])
    assert (await house.said())[3:] == ["CaseWithdrawn", "CaseClosed"]


async def test_a_reversed_filing_never_leaves(house: House) -> None:
    await house.hear(filing_charged(), charge_reversed(ChargeKind.FILING, 0))
    await house.settle()
    assert await at_kronofogden(house) == ([], [])
    assert await house.stage() == "closed"


async def send_and_die(house: House) -> list[Receipt | None]:
    """Carry what is due, and lose every answer; gives the answers that were lost."""
    lost: list[Receipt | None] = []

    async def killed(parcel: Any) -> Receipt | None:
        lost.append(await house.courier.carry(parcel))
        raise ConnectionResetError

    carriers = house.outbound.carriers
    house.outbound.carriers = {carrying.KRONOFOGDEN: type(carriers["kronofogden"])(killed, None)}  # type: ignore[arg-type]
    await house.outbound.carry_due()
    house.outbound.carriers = carriers
    return lost


async def all_is_due(house: House, *, arrived: bool = True) -> None:
    """The pauses have passed, and (`arrived`) so has the time in which an attempt may arrive."""
    async with house.own.engine.begin() as connection:
        await connection.exec_driver_sql("update outbound set due_at = now()")
        if arrived:
            await connection.exec_driver_sql(
                "update collection_case set attempted_at = attempted_at - interval '1 hour'"
            )


async def test_a_killed_carrier_files_one_case_and_withdraws_it(house: House) -> None:
    """The application is taken and its receipt never written; meanwhile the debtor pays."""
    await house.hear(filing_charged())
    assert [receipt.ok for receipt in await send_and_die(house) if receipt] == [True]
    await house.hear(paid())
    assert await house.stage() == "withdrawing"
    await all_is_due(house, arrived=False)
    await house.settle()
    assert await house.stage() == "withdrawing"  # the first attempt might still arrive
    for _ in range(2):  # the application is dropped, and then the withdrawal goes
        await all_is_due(house)
        await house.settle()
    kinds, (case,) = await at_kronofogden(house)
    assert kinds == ["payment_order_application", "withdrawal"]
    assert case["state"] == "withdrawn"
    assert (await house.said())[3:] == ["CaseFiled", "CaseWithdrawn", "CaseClosed"]


async def test_an_application_that_was_lost_on_its_way_is_not_filed_once_the_claim_is_paid(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether it arrived; the answer to the withdrawal tells that it did not."""

    async def lost(_: bytes) -> Receipt:
        raise TimeoutError

    await house.hear(filing_charged())
    with monkeypatch.context() as patch:
        patch.setattr(house.courier.kronofogden, "send", lost)
        await house.outbound.carry_due()
    await house.hear(paid())
    for _ in range(2):
        await all_is_due(house)
        await house.settle()
    assert house.authority is not None
    records = await house.authority.get("/records")
    assert records["cases"] == records["outlays"] == []
    assert (await house.said())[3:] == ["CaseWithdrawn", "CaseClosed"]


async def test_what_is_paid_or_disputed_while_kronofogden_is_away_is_never_filed(
    house: House,
) -> None:
    """R-115: no connection came about, so nothing was sent, and nothing is sent later."""
    authority, away = house.courier.kronofogden, Kronofogden("http://127.0.0.1:9", TOKEN)
    house.courier.kronofogden = away
    await house.hear(filing_charged())
    await house.outbound.carry_due()
    async with house.door(claim=CLAIM, role="debtor") as debtor:
        await debtor.post("/disputes", json={"reason": "Färgen flagnar."})
    house.courier.kronofogden = authority
    await all_is_due(house)
    await house.settle()
    assert await at_kronofogden(house) == ([], [])
    assert await house.stage() == "filing_charged"
    await house.hear(paid())
    await house.settle()
    assert await at_kronofogden(house) == ([], [])
    said = await house.said()
    assert said[-3:] == ["ClaimDisputed", "CaseWithdrawn", "CaseClosed"]
    await away.close()


async def test_a_contested_case_is_disputed_and_closed_without_a_decision(house: House) -> None:
    """R-115, R-118."""
    assert house.authority is not None
    await house.authority.post("/scripts", {"default": "B"})
    await house.hear(filing_charged())
    await house.settle()
    await house.day(date(2026, 10, 14))
    assert (await house.said())[-2:] == ["CaseOutcomeHeard", "ClaimDisputed"]
    async with house.door(company=CREDITOR) as seller:
        shown = (await seller.get("/cases")).json()["cases"]
    assert [(one["stage"], one["held"]) for one in shown] == [("contested", True)]
    await house.day(date(2026, 11, 12))
    assert await house.stage() == "closed"


async def test_a_dismissed_application_closes_the_case(house: House) -> None:
    assert house.authority is not None
    await house.authority.post("/scripts", {"default": "D"})
    await house.hear(filing_charged())
    await house.settle()
    await house.day(date(2026, 10, 12))
    assert (await house.said())[-2:] == ["CaseOutcomeHeard", "CaseClosed"]


async def test_a_withdrawal_that_does_not_get_through_alarms_after_a_banking_day(
    house: House,
) -> None:
    await house.hear(filing_charged())
    await house.settle()
    authority, house.authority = house.authority, None
    await house.hear(paid())
    await house.day(FILING_ON + timedelta(days=1))
    assert await house.alarms() == []
    await house.day(FILING_ON + timedelta(days=2))
    assert await house.alarms() == ["withdrawal_overdue"]
    house.authority = authority
    await house.settle()
    assert await house.alarms() == []


async def test_news_heard_twice_is_heard_once(house: House) -> None:
    await house.hear(filing_charged())
    await house.settle()
    await house.day(date(2026, 10, 9))
    before = await house.said()
    news = await house.courier.kronofogden.news(0)
    assert len(news) == 2
    async with house.own.transaction() as tx:
        await sending.hear_news(tx, 0, news)
    assert await house.said() == before
