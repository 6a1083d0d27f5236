"""collections' doors on a real PostgreSQL: shuffled topics, and the doors of HTTP."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.ids import ClaimId, new_id
from plumbing.transaction import Database
from services.collections import store
from services.collections.domain.cases import Task
from tests.collections.builders import (
    CLAIM,
    CREDITOR,
    FILING_ON,
    HANDED_ON,
    credited,
    demand_charged,
    failed,
    filing_charged,
    handed_over,
    issued,
    paid,
    sent,
)
from tests.collections.house import House


async def test_a_second_hand_over_opens_no_second_case(own: Database) -> None:
    house = House(own)
    await house.day(HANDED_ON)
    await house.hear(handed_over())
    await house.hear(handed_over())
    assert await house.said() == ["CaseOpened", "DemandProposed"]


async def test_a_case_that_lacks_something_goes_on_when_it_is_handed_over_anew(
    own: Database,
) -> None:
    house = House(own)
    await house.day(HANDED_ON)
    await house.hear(handed_over(debtor_identity_number=None), demand_charged(), sent())
    await house.day(FILING_ON)
    assert await house.stage() == "awaits_creditor"
    await house.hear(handed_over())
    assert (await house.said())[2:] == ["FilingProposed"]


async def test_a_closed_case_is_opened_again_by_a_hand_over(own: Database) -> None:
    house = House(own)
    await house.day(HANDED_ON)
    await house.hear(handed_over())
    async with house.door(company=CREDITOR) as seller:
        await seller.post(f"/cases/{CLAIM}/withdraw")
        await house.hear(handed_over())
        shown = (await seller.get(f"/cases/{CLAIM}")).json()
    assert (shown["stage"], shown["close_reason"]) == ("demand_proposed", None)
    assert shown["number"].endswith("/2")
    assert (await house.said())[2:] == ["CaseClosed", "CaseOpened", "DemandProposed"]


async def test_a_payment_of_a_claim_without_a_case_is_passed_by(own: Database) -> None:
    house = House(own)
    await house.hear(paid(), credited(), filing_charged())
    assert await house.state() == []


async def test_a_debtor_objects_once_and_the_case_waits(own: Database) -> None:
    """R-115, R-116."""
    house = House(own)
    await house.day(HANDED_ON)
    await house.hear(issued(), handed_over(), demand_charged(), sent())
    async with house.door(claim=CLAIM, role="debtor") as debtor:
        answer = await debtor.post("/disputes", json={"reason": "Färgen flagnar."})
        assert answer.status_code == 201
        dispute_id = answer.json()["dispute_id"]
        again = await debtor.post("/disputes", json={"reason": "Igen."})
        assert (again.status_code, again.json()["reason"]) == (409, "already_disputed")
        assert (await debtor.get("/disputes")).status_code == 403
    await house.day(FILING_ON)
    assert (await house.said())[2:] == ["ClaimDisputed"]
    async with house.door(company=CREDITOR) as seller:
        listed = (await seller.get("/disputes")).json()["disputes"]
        assert [one["dispute_id"] for one in listed] == [dispute_id]
        for claim, found in ((CLAIM, listed), (uuid4(), [])):
            asked = await seller.get("/disputes", params={"claim_id": str(claim)})
            assert asked.json()["disputes"] == found
        settled = await seller.post(f"/disputes/{dispute_id}/settle", json={"outcome": "withdrawn"})
        assert settled.status_code == 200, settled.text
        twice = await seller.post(f"/disputes/{dispute_id}/settle", json={"outcome": "upheld"})
        assert (twice.status_code, twice.json()["reason"]) == (409, "dispute_settled")
    await house.day(FILING_ON.replace(day=6))
    assert (await house.said())[3:] == ["DisputeSettled", "FilingProposed"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        *(({"reason": reason}, "reason") for reason in ("", "  ", "a\0b", "a\u202eb", "x" * 2_001)),
        *(({"disputed_ore": ore}, "disputed_ore") for ore in (0, -1, 10**30, True, 1.0, "5")),
        ({"disputed_öre": 5}, "disputed_öre"),
    ],
)
async def test_an_objection_is_read_strictly(own: Database, wrong: Any, field: str) -> None:
    house = House(own)
    await house.hear(issued())
    async with house.door(claim=CLAIM, role="debtor") as debtor:
        answer = await debtor.post("/disputes", json={"reason": "Färgen flagnar.", **wrong})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert await house.said() == []


async def test_a_claim_without_a_case_can_be_disputed_by_its_debtor_and_its_seller(
    own: Database,
) -> None:
    house = House(own)
    await house.hear(issued())
    stranger = new_id()
    objection = {"claim_id": str(CLAIM), "reason": "Fel belopp.", "disputed_ore": 100}
    async with house.door(company=stranger) as other:
        assert (await other.post("/disputes", json=objection)).status_code == 404
    async with house.door(company=CREDITOR) as seller:
        assert (await seller.post("/disputes", json=objection)).status_code == 201
    assert await house.said() == ["ClaimDisputed"]


async def test_a_case_handed_over_while_disputed_makes_no_demand(own: Database) -> None:
    house = House(own)
    await house.day(HANDED_ON)
    await house.hear(issued())
    async with house.door(claim=CLAIM, role="debtor") as debtor:
        await debtor.post("/disputes", json={"reason": "Färgen flagnar."})
    await house.hear(handed_over())
    assert await house.said() == ["ClaimDisputed", "CaseOpened"]


async def test_a_creditor_who_wants_to_be_asked_files_by_hand(own: Database) -> None:
    house = House(own)
    async with house.door(company=CREDITOR) as seller:
        wish = {"filing": "ask", "enforcement": False}
        assert (await seller.put("/policy", json=wish)).json() == wish
        assert (await seller.get("/policy")).json() == wish
        await house.day(HANDED_ON)
        await house.hear(handed_over(), demand_charged(), sent())
        await house.day(FILING_ON)
        shown = (await seller.get(f"/cases/{CLAIM}")).json()
        assert (shown["stage"], shown["lack"]) == ("awaits_creditor", "creditor_decides")
        assert "Karin" not in (await seller.get("/cases")).text
        key = {"idempotency-key": "file"}
        for _ in range(2):  # the answer to the first was lost
            answer = await seller.post(f"/cases/{CLAIM}/file", headers=key)
            assert (answer.status_code, answer.json()["stage"]) == (202, "filing_proposed")
        again = await seller.post(f"/cases/{CLAIM}/file")
        assert (again.status_code, again.json()["reason"]) == (409, "not_waiting")
    assert (await house.said())[-1] == "FilingProposed"


async def test_cases_are_paged_through_to_the_last_and_open_objections_come_first(
    own: Database,
) -> None:
    """R-114: whatever became of the newer ones."""
    house = House(own)
    claims = [ClaimId(UUID(int=n)) for n in (1, 2, 3)]
    for nth, claim in enumerate(claims):
        await house.day(HANDED_ON + timedelta(days=nth))
        await house.hear(handed_over(claim))
    async with house.door(company=CREDITOR) as seller:
        first = (await seller.get("/cases", params={"limit": 2})).json()
        more = {"limit": 2, "after": first["next"]}
        last = (await seller.get("/cases", params=more)).json()
        listed = [each["claim_id"] for each in (*first["cases"], *last["cases"])]
        assert (listed, last["next"]) == ([str(claim) for claim in reversed(claims)], None)
        objected = []
        for claim in claims[:2]:
            body = {"claim_id": str(claim), "reason": "Fel"}
            objected.append((await seller.post("/disputes", json=body)).json()["dispute_id"])
        outcome = {"outcome": "withdrawn"}
        await seller.post(f"/disputes/{objected[1]}/settle", json=outcome)
        disputes = (await seller.get("/disputes")).json()["disputes"]
        assert [each["dispute_id"] for each in disputes] == objected


async def test_a_seller_sees_and_touches_only_his_own_cases(own: Database) -> None:
    house = House(own)
    await house.hear(handed_over())
    async with house.door(company=UUID(int=7)) as other:
        assert (await other.get(f"/cases/{CLAIM}")).status_code == 404
        assert (await other.get("/cases")).json() == {"cases": [], "next": None}
        assert (await other.post(f"/cases/{CLAIM}/withdraw")).status_code == 404
        assert (await other.get("/cases/alarms")).status_code == 403
    async with house.door(company=CREDITOR) as seller:
        key = {"idempotency-key": "withdraw"}
        for _ in range(2):  # the answer to the first was lost
            answer = await seller.post(f"/cases/{CLAIM}/withdraw", headers=key)
            assert (answer.status_code, answer.json()["stage"]) == (202, "closed")
        again = await seller.post(f"/cases/{CLAIM}/withdraw")
        assert (again.status_code, again.json()["reason"]) == (409, "case_ended")


async def test_a_lost_debtor_is_an_alarm_to_operators(own: Database) -> None:
    house = House(own)
    await house.day(HANDED_ON)
    await house.hear(handed_over(), demand_charged(), failed())
    async with house.door(role="operator") as operator:
        alarms = (await operator.get("/cases/alarms")).json()
    assert (alarms["count"], alarms["alarms"][0]["kind"]) == (1, "demand_undeliverable")


async def test_an_operator_does_a_task_and_the_next_ones_come_a_page_at_a_time(
    own: Database,
) -> None:
    house = House(own)
    await house.hear(handed_over())
    async with own.transaction() as tx:
        known = await store.lock_cases(tx, [CLAIM])
        tasks = [(known[CLAIM], Task("unknown_news", f"message {n}")) for n in range(3)]
        await store.add_tasks(tx, tasks)
    async with own.transaction() as tx:
        await store.add_tasks(tx, tasks)  # lie there already
    async with house.door(role="operator") as operator:
        first = (await operator.get("/cases/alarms?limit=2")).json()
        assert (first["count"], len(first["alarms"])) == (3, 2)
        rest = (await operator.get(f"/cases/alarms?after={first['next']}&limit=2")).json()
        assert (len(rest["alarms"]), rest["next"]) == (1, None)
        done = f"/cases/alarms/{first['alarms'][0]['id']}/done"
        for _ in range(2):
            assert (await operator.post(done)).status_code == 200
        assert (await operator.post("/cases/alarms/999999/done")).status_code == 404
        assert (await operator.get("/cases/alarms")).json()["count"] == 2
        assert (await operator.get(f"/cases/alarms?claim_id={CLAIM}")).json()["count"] == 2
        other = (await operator.get(f"/cases/alarms?claim_id={UUID(int=7)}")).json()
        assert (other["count"], other["alarms"]) == (0, [])
    async with house.door(company=CREDITOR) as seller:
        assert (await seller.post(done)).status_code == 403


async def test_an_operator_corrects_what_is_known_of_a_debtor_and_the_case_goes_on(
    own: Database,
) -> None:
    house = House(own)
    await house.day(HANDED_ON)
    lost = handed_over(debtor_identity_number=None, debtor_address=None)
    await house.hear(lost, demand_charged(), failed())
    async with house.door(role="operator") as operator:
        path = f"/cases/{CLAIM}/resume"
        wrong = await operator.post(path, json={"debtor_identity_number": "12"})
        assert wrong.status_code == 422
        for wrong_number in ("000000000000", "197307245429", "730724-542x"):
            wrong = await operator.post(path, json={"debtor_identity_number": wrong_number})
            assert [e["field"] for e in wrong.json()["errors"]] == ["debtor_identity_number"]
        nowhere = {"street": "Storgatan 1", "postcode": "1112", "town": "Stockholm"}
        wrong = await operator.post(path, json={"debtor_address": nowhere})
        assert [e["field"] for e in wrong.json()["errors"]] == ["debtor_address.postcode"]
        (stopped,) = (await operator.get("/cases?stopped=true")).json()["cases"]
        assert (stopped["stage"], stopped["stopped"]) == ("undeliverable", True)
        answer = await operator.post(path, json={})
        assert (answer.status_code, answer.json()["stage"]) == (202, "demand_proposed")
        assert (await operator.post(path, json={})).status_code == 409
        assert await house.alarms() == []
        assert (await operator.get("/cases?stopped=true")).json()["cases"] == []
        await house.hear(demand_charged(2), sent(2))
        await house.day(FILING_ON)
        missing = await operator.post(path, json={})
        assert (missing.status_code, missing.json()["reason"]) == (409, "identity_number_missing")
        where = {"street": "Storgatan 1", "postcode": "11122", "town": "Stockholm"}
        right = {"debtor_identity_number": "730724-5428", "debtor_address": where}
        assert (await operator.post(path, json=right)).status_code == 202
    assert (await house.said())[-1] == "FilingProposed"
    async with house.door(company=CREDITOR) as seller:
        assert (await seller.post(path, json={})).status_code == 403
