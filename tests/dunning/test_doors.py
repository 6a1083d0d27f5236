"""dunning's doors on a real PostgreSQL: shuffled topics, many at a time, and the seller's door."""

import asyncio
import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import text

from contracts.ids import ClaimId, CreditorId, new_id
from contracts.terms import ChargeKind
from plumbing.inbox import Inbox
from plumbing.service import create_service
from plumbing.timers import Timers
from plumbing.transaction import Database
from services.dunning import api, handlers
from services.dunning.settings import Settings
from services.dunning.subscribers import HEARS
from services.dunning.timers import WAKES
from tests.askers import PUBLIC_KEY, asker
from tests.dunning.builders import (
    CLAIM,
    COLLECTION_ON,
    CREDITOR,
    DUE_ON,
    PAY_BY,
    REMINDER_ON,
    allocated,
    charge_reversed,
    charged,
    issued,
    reminder_sent,
    reminder_stale,
    sent,
)
from tests.records import record


async def hear(own: Database, records: Sequence[Any], *, at_once: int = 1000) -> None:
    inbox = Inbox(own, "dunning", HEARS)
    for at in range(0, len(records), at_once):
        await inbox(records[at : at + at_once])


async def live_on(own: Database, day: date) -> None:
    """Let a day come, and every timer due on it."""
    await own.clock.move(own.engine, day)
    timers = Timers(own, WAKES)
    while await timers.fire_due():
        pass


async def said(own: Database) -> list[str]:
    async with own.transaction() as tx:
        return list((await tx.execute(text("select type from said order by batch, n"))).scalars())


async def test_an_unpaid_invoice_is_reminded_once_and_then_proposed_for_collection(
    own: Database,
) -> None:
    """R-99, R-100, R-129."""
    # 2026-08-31 the invoice is issued, due 2026-09-30; the company lets unpaid claims go on.
    await choose(own, collection="automatic")
    await hear(own, [record(issued()), record(sent())])
    # 2026-10-04, a Sunday: nothing yet.
    await live_on(own, date(2026, 10, 4))
    assert await said(own) == []
    # 2026-10-05: the reminder day.
    await live_on(own, REMINDER_ON)
    assert await said(own) == ["dunning.reminder.proposed.v1"]
    # Later the same day the ledger has priced it; 2026-10-13 passes unpaid.
    await hear(own, [record(charged()), record(reminder_sent())])
    await live_on(own, date(2026, 10, 14))
    assert len(await said(own)) == 1
    # 2026-10-15: handed over, once.
    await live_on(own, COLLECTION_ON)
    await live_on(own, date(2026, 12, 1))
    assert (await said(own))[1:] == ["dunning.collection.proposed.v1"]


async def test_a_batch_of_many_claims_is_one_set_of_rows(own: Database) -> None:
    claims = [ClaimId(new_id()) for _ in range(2_000)]
    paid = claims[::2]
    await hear(own, [record(issued(claim)) for claim in claims], at_once=2_000)
    await hear(own, [record(sent(claim)) for claim in claims], at_once=2_000)
    await hear(own, [record(allocated(claim)) for claim in paid], at_once=2_000)
    await live_on(own, REMINDER_ON)
    assert len(await said(own)) == 1_000
    async with own.transaction() as tx:
        reminded = set((await tx.execute(text("select key from said"))).scalars())
        assert (await tx.execute(text("select count(*) from timers"))).scalar_one() == 0
    assert not reminded & set(paid)


async def test_an_event_that_changes_nothing_here_leaves_the_claim_and_its_timer(
    own: Database,
) -> None:
    """A demand's charge taken back tells whose claim it is, and no more."""
    demand = charge_reversed(kind=ChargeKind.DEMAND, remaining_ore=1_000_00)
    await hear(own, [record(demand)])
    await hear(own, [record(event) for event in (issued(), sent())])
    await hear(own, [record(charge_reversed(kind=ChargeKind.DEMAND, remaining_ore=1_000_00))])
    async with own.transaction() as tx:
        assert (await tx.execute(text("select count(*) from parked"))).scalar_one() == 0
    await live_on(own, REMINDER_ON)
    assert await said(own) == ["dunning.reminder.proposed.v1"]


async def test_a_changed_policy_moves_the_claims_that_stand(own: Database) -> None:
    await hear(own, [record(event) for event in (issued(), sent(), charged(), reminder_sent())])
    await live_on(own, COLLECTION_ON)
    assert await said(own) == []
    await choose(own, collection="automatic")
    await live_on(own, COLLECTION_ON)
    assert await said(own) == ["dunning.collection.proposed.v1"]


async def test_an_invoice_that_was_never_sent_is_never_reminded_of(own: Database) -> None:
    """And is, on the next banking day, once its letter has left late."""
    await hear(own, [record(issued())])
    await live_on(own, date(2026, 11, 2))
    assert await said(own) == []
    await hear(own, [record(sent(on=date(2026, 11, 2)))])
    await live_on(own, date(2026, 11, 6))
    assert await said(own) == []
    await live_on(own, date(2026, 11, 9))
    assert await said(own) == ["dunning.reminder.proposed.v1"]


async def test_a_reminder_that_could_not_leave_in_time_is_proposed_again_that_day(
    own: Database,
) -> None:
    await hear(own, [record(issued()), record(sent())])
    await live_on(own, REMINDER_ON)
    await hear(own, [record(charged())])
    await live_on(own, PAY_BY)
    await hear(own, [record(reminder_stale())])
    await live_on(own, PAY_BY)
    async with own.transaction() as tx:
        rows = (await tx.execute(text("select payload from said order by batch, n"))).scalars()
        proposals = [json.loads(row) for row in rows]
    assert [each["ordinal"] for each in proposals] == [1, 2]
    assert [each["pay_by"] for each in proposals] == ["2026-10-13", "2026-10-21"]


async def test_a_policy_that_is_changed_while_a_reminder_is_charged_leaves_the_claims_timer(
    own: Database,
) -> None:
    """The worst moment: the claim is looked at before the charge is committed, set after it."""
    await choose(own, collection="automatic")
    await hear(own, [record(issued()), record(sent())])
    await live_on(own, REMINDER_ON)  # proposed: the claim has no timer now
    looked, heard = asyncio.Event(), asyncio.Event()

    async def follow_policy() -> None:
        async with own.transaction() as tx:
            await handlers.follow_policies(tx, [CREDITOR])
            looked.set()
            await heard.wait()

    async with own.transaction() as hearing:
        await handlers.hear(hearing, [reminder_sent()])
        await handlers.hear(hearing, [charged()])
        following = asyncio.create_task(follow_policy())
        while not (looked.is_set() or await somebody_waits_for_a_lock(own)):
            pass
    heard.set()
    await following
    async with own.transaction() as tx:
        found = await tx.execute(text("select key, due_on from timers where kind = 'step'"))
        assert [tuple(row) for row in found] == [(CLAIM, COLLECTION_ON)]


async def somebody_waits_for_a_lock(own: Database) -> bool:
    """Whether PostgreSQL holds up somebody in this database."""
    waiting = text(
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and wait_event_type = 'Lock'"
    )
    async with own.engine.connect() as connection:
        return bool((await connection.execute(waiting)).scalar_one())


async def choose(own: Database, **changes: Any) -> None:
    async with door(own) as http:
        answer = await http.put("/policy", json=changes)
        assert answer.status_code == 200, answer.text


def door(own: Database, company: UUID = CREDITOR, *roles: str) -> httpx2.AsyncClient:
    """The service's HTTP door, entered by a seller."""
    settings = Settings(
        DUNNING_DATABASE_URL=own.engine.url.render_as_string(hide_password=False),
        identity_public_key=PUBLIC_KEY,
    )
    app = create_service("dunning", settings, hears={}, routers=[api.router])
    app.state.database = own
    return asker(app, *(roles or ("seller",)), company=company)


async def test_a_seller_reminds_by_hand_once(own: Database) -> None:
    await hear(own, [record(issued())])
    await live_on(own, date(2026, 10, 1))
    async with door(own) as http:
        early = await http.post(f"/claims/{CLAIM}/remind")
        assert (early.status_code, early.json()["reason"]) == (409, "not_sent")
    await hear(own, [record(sent())])
    async with door(own) as http:
        answer = await http.post(f"/claims/{CLAIM}/remind")
        assert (answer.status_code, answer.json()["reminder"]) == (202, "proposed")
        again = await http.post(f"/claims/{CLAIM}/remind")
        assert (again.status_code, again.json()["reason"]) == (409, "already_reminded")
    await live_on(own, REMINDER_ON)
    assert await said(own) == ["dunning.reminder.proposed.v1"]


async def test_a_seller_sees_and_touches_only_his_own_claims(own: Database) -> None:
    await hear(own, [record(issued())])
    other = CreditorId(new_id())
    async with door(own, other) as http:
        assert (await http.get(f"/claims/{CLAIM}")).status_code == 404
        assert (await http.post(f"/claims/{CLAIM}/remind")).status_code == 404
        pause = {"until": "2099-01-01"}
        assert (await http.post(f"/claims/{CLAIM}/pause", json=pause)).status_code == 404
    async with door(own, other, "operator") as http:
        assert (await http.get(f"/claims/{CLAIM}")).status_code == 200
        assert (await http.get("/policy")).status_code == 403


async def test_a_pause_holds_the_reminder_until_its_day(own: Database) -> None:
    await hear(own, [record(issued()), record(sent())])
    await live_on(own, DUE_ON)
    async with door(own) as http:
        answer = await http.post(f"/claims/{CLAIM}/pause", json={"until": "2026-10-20"})
        assert answer.json()["next_step"] == {"kind": "reminder", "on": "2026-10-20"}
        past = await http.post(f"/claims/{CLAIM}/pause", json={"until": "2026-09-30"})
        assert past.status_code == 422
        for far in ("2100-12-01", "2199-01-01", "9999-12-31"):
            answer = await http.post(f"/claims/{CLAIM}/pause", json={"until": far})
            assert answer.status_code == 422, "no calendar knows its banking days"
            assert answer.json()["errors"] == [{"field": "until", "reason": "lies too far ahead"}]
    await live_on(own, date(2026, 10, 19))
    assert await said(own) == []
    await live_on(own, date(2026, 10, 20))
    assert len(await said(own)) == 1


async def test_a_policy_can_lengthen_the_days_and_never_shorten_them(own: Database) -> None:
    async with door(own) as http:
        assert (await http.get("/policy")).json() == {
            "reminders": True,
            "reminder_days": 5,
            "collection": "ask",
            "collection_after_days": 0,
        }
        assert (await http.put("/policy", json={"reminder_days": 4})).status_code == 422
        longer = await http.put("/policy", json={"reminder_days": 10})
        assert longer.json() == (await http.get("/policy")).json()
        assert longer.json()["reminder_days"] == 10
