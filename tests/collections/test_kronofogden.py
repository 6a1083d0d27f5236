"""Cases at Kronofogden's stand-in: the whole walk, withdrawals in order, and lost answers."""

from datetime import date, timedelta
from typing import Any

import pytest

from contracts.terms import ChargeKind
from plumbing.transaction import Database
from services.collections import handlers
from services.collections.domain.applications import Receipt
from tests.collections.builders import (
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
from tests.standins.programs import Program

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
    assert await house.alarms() == []


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


async def test_a_killed_carrier_files_one_case_and_withdraws_it(house: House) -> None:
    """The application is taken and its receipt never written; meanwhile the debtor pays."""
    await house.hear(filing_charged())
    taken = []

    async def killed(parcel: Any) -> Receipt | None:
        taken.append(await house.courier.carry(parcel))
        raise ConnectionResetError

    carriers = house.outbound.carriers
    house.outbound.carriers = {handlers.KRONOFOGDEN: type(carriers["kronofogden"])(killed, None)}  # type: ignore[arg-type]
    await house.outbound.carry_due()
    house.outbound.carriers = carriers
    assert [receipt.ok for receipt in taken if receipt] == [True]
    await house.hear(paid())
    assert await house.stage() == "withdrawing"
    await carry_until_closed(house)
    kinds, (case,) = await at_kronofogden(house)
    assert kinds == ["payment_order_application", "withdrawal"]
    assert case["state"] == "withdrawn"
    assert (await house.said())[3:] == ["CaseFiled", "CaseWithdrawn", "CaseClosed"]


async def carry_until_closed(house: House) -> None:
    for _ in range(200):
        await house.settle()
        if await house.stage() == "closed":
            return
        async with house.own.engine.begin() as connection:
            await connection.exec_driver_sql("update outbound set due_at = now()")
    raise AssertionError("the case never closed")


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
        await handlers.hear_news(tx, 0, news)
    assert await house.said() == before
