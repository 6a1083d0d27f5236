"""The Kronofogden stand-in, run as a program: done once per message, and each day in its order."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.standins.programs import TOKEN, Program

FILED_ON = "2026-10-05"  # a Monday


class KronofogdenProgram(Program):
    """Kronofogden, on a Monday in October."""

    def __init__(self, folder: Path) -> None:
        super().__init__("kronofogden", folder, "--token", TOKEN)

    async def send(self, content: dict[str, Any]) -> Any:
        """Send a message; its receipt."""
        return await self.post("/messages", content)

    async def news(self) -> list[dict[str, Any]]:
        """The whole outbox."""
        messages: list[dict[str, Any]] = (await self.get("/messages?after=0"))["messages"]
        return messages

    async def day(self, day: str) -> None:
        """Move to a day."""
        await self.post("/clock", {"today": day})


@pytest.fixture
async def kronofogden(tmp_path: Path) -> AsyncIterator[KronofogdenProgram]:
    program = KronofogdenProgram(tmp_path)
    async with program:
        await program.day(FILED_ON)
        yield program


def application(reference: str = "CASE-1", **changes: Any) -> dict[str, Any]:
    return {
        "messageId": f"application-{reference}",
        "kind": "payment_order_application",
        "sequence": 311,
        "ombudskod": "ABC",
        "reference": reference,
        "applicant": {"id": "5299999994", "name": "Exempelmåleriet AB", "address": {}},
        "respondents": [
            {"id": "197307245428", "name": "Karin <Exempel>", "address": {}, "joint": False}
        ],
        "claims": [
            {
                "no": 1,
                "type": "capital",
                "amountOre": 450000,
                "dueDate": "2026-08-31",
                "interest": {
                    "kind": "reference_plus",
                    "bp": 800,
                    "from": "2026-08-31",
                    "accruedOre": 4315,
                    "accruedTo": "2026-10-05",
                },
                "ground": "Kravet gäller målningsarbete i augusti 2026, faktura 1042.",
            }
        ],
        "costs": [
            {"type": "reminder", "amountOre": 6000},
            {"type": "inkasso", "amountOre": 18000},
            {"type": "application_fee", "amountOre": 30000},
            {"type": "ombudsarvode", "amountOre": 38000},
        ],
        "enforcement": "full",
        "onContest": "ask",
        "signedBy": "Anna Ombud",
        "signedAt": "2026-10-05T08:00:00Z",
        **changes,
    }


def withdrawal(message_id: str = "w1", reference: str = "CASE-1") -> dict[str, Any]:
    return {
        "messageId": message_id,
        "kind": "withdrawal",
        "reference": reference,
        "caseNumber": "01-000001-26",
        "reason": "betald",
    }


def story(news: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["on"], one["kind"]) for one in news]


CONFIRMED_AND_SERVED = [("2026-10-06", "confirmation"), ("2026-10-09", "served")]


async def test_an_unanswered_order_is_decided_with_the_amounts_applied_for(
    kronofogden: KronofogdenProgram,
) -> None:
    receipt = await kronofogden.send(application())
    assert receipt["ok"], receipt
    assert receipt["errors"] == []
    await kronofogden.day("2026-10-21")
    assert story(await kronofogden.news()) == CONFIRMED_AND_SERVED
    await kronofogden.day("2026-10-22")
    confirmation, served, decision = await kronofogden.news()
    assert confirmation["caseNumber"] == decision["caseNumber"] == "01-000001-26"
    assert served["answerBy"] == "2026-10-19"
    assert decision["amounts"] == {
        "capitalOre": 450000,
        "interestOre": 4315,
        "costsOre": 92000,
        "totalOre": 546315,
    }
    assert [one["number"] for one in (confirmation, served, decision)] == [1, 2, 3]
    await kronofogden.day("2027-10-22")
    assert len(await kronofogden.news()) == 3


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("P", [*CONFIRMED_AND_SERVED, ("2026-10-22", "decision")]),
        ("B", [*CONFIRMED_AND_SERVED, ("2026-10-14", "contested"), ("2026-11-12", "closed")]),
        ("D", [("2026-10-06", "confirmation"), ("2026-10-11", "closed")]),
        ("U", [*CONFIRMED_AND_SERVED, ("2026-10-22", "decision")]),
        (
            "X",
            [
                *CONFIRMED_AND_SERVED,
                ("2026-10-22", "decision"),
                ("2026-10-26", "confirmation"),
                ("2026-11-06", "investigation_report"),
                ("2026-11-22", "partial_payment"),
                ("2026-12-22", "partial_payment"),
                ("2027-10-23", "new_basic_fee"),
                ("2027-11-22", "final_report"),
            ],
        ),
        ("F", [("2026-10-06", "confirmation"), ("2026-11-05", "closed")]),
    ],
)
async def test_each_script_tells_its_story_also_when_the_clock_jumps(
    kronofogden: KronofogdenProgram, script: str, expected: list[tuple[str, str]]
) -> None:
    await kronofogden.send(application(f"CASE-1-{script}"))
    await kronofogden.day("2028-01-01")
    assert story(await kronofogden.news()) == expected


async def test_missed_days_of_many_cases_are_caught_up_in_order(
    kronofogden: KronofogdenProgram,
) -> None:
    for script in "XBU":
        await kronofogden.send(application(f"CASE-{script}", messageId=script))
    await kronofogden.post("/scripts", {"reference": "CASE-U", "script": "D"})
    await kronofogden.post("/scripts", {"default": "F"})
    await kronofogden.kill_and_restart()
    await kronofogden.day("2028-01-01")
    days = [one["on"] for one in await kronofogden.news()]
    assert days == sorted(days)
    outlays = (await kronofogden.get("/records"))["outlays"]
    assert [one["amount_ore"] for one in outlays] == [30000, 30000, 30000, 60000, 60000]


async def test_a_script_can_be_told_for_a_reference_and_for_all_others(
    kronofogden: KronofogdenProgram,
) -> None:
    await kronofogden.post("/scripts", {"reference": "ONE", "script": "D"})
    await kronofogden.post("/scripts", {"default": "F"})
    await kronofogden.post("/scripts", {"reference": "ONE"}, expect=422)
    for reference in ("ONE", "TWO", "THREE-B"):
        await kronofogden.send(application(reference))
    cases = (await kronofogden.get("/records"))["cases"]
    assert [one["script"] for one in cases] == ["D", "F", "B"]


async def test_a_message_sent_twice_is_done_once_and_answered_alike(
    kronofogden: KronofogdenProgram,
) -> None:
    first = await kronofogden.send(application())
    await kronofogden.kill_and_restart()
    assert await kronofogden.send(application()) == first
    other = await kronofogden.send(application(ombudskod="XYZ"))
    assert not other["ok"]
    assert other["errors"][0]["code"] == "ID_REUSED"
    records = await kronofogden.get("/records")
    assert len(records["cases"]) == 1
    assert [one["amount_ore"] for one in records["outlays"]] == [30000]
    (message,) = records["messages"]
    assert (message["times_received"], message["times_other_content"]) == (2, 1)


async def test_a_filer_that_dies_before_the_receipt_was_heard_all_the_same(
    kronofogden: KronofogdenProgram,
) -> None:
    await kronofogden.post("/control", {"answer_delay_seconds": 60, "times": 1})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(kronofogden.send(application()), 1)
    await kronofogden.kill_and_restart()
    assert (await kronofogden.send(application()))["ok"]
    assert len((await kronofogden.get("/records"))["cases"]) == 1


async def test_a_withdrawal_closes_the_case_once(kronofogden: KronofogdenProgram) -> None:
    await kronofogden.send(application("CASE-1-P", messageId="a"))
    await kronofogden.day("2026-10-12")
    assert (await kronofogden.send(withdrawal(reference="CASE-1-P")))["ok"]
    await kronofogden.day("2027-10-12")
    news = await kronofogden.news()
    assert story(news) == [*CONFIRMED_AND_SERVED, ("2026-10-12", "closed")]
    assert news[-1]["reason"] == "withdrawn"
    again = await kronofogden.send(withdrawal("w2", "CASE-1-P"))
    assert again["errors"][0]["code"] == "CLOSED"


async def test_a_reduction_lowers_what_the_decision_states(kronofogden: KronofogdenProgram) -> None:
    await kronofogden.send(application())
    reduction = {
        "messageId": "r1",
        "kind": "reduction",
        "reference": "CASE-1",
        "caseNumber": None,
        "newCapitalOre": 400000,
        "paidOre": 142000,
        "paidDate": "2026-10-06",
    }
    assert (await kronofogden.send(reduction))["ok"]
    too_much = reduction | {"messageId": "r2", "newCapitalOre": 500000}
    assert (await kronofogden.send(too_much))["errors"][0]["field"] == "newCapitalOre"
    misfit = reduction | {"messageId": "r3", "newCapitalOre": 300000, "paidOre": 99999}
    assert (await kronofogden.send(misfit))["errors"][0]["field"] == "paidOre"
    await kronofogden.day("2026-10-22")
    decision = (await kronofogden.news())[-1]
    assert decision["amounts"] == {
        "capitalOre": 400000,
        "interestOre": 4315,
        "costsOre": 0,
        "totalOre": 404315,
    }


async def test_messages_about_no_case_or_another_are_refused(
    kronofogden: KronofogdenProgram,
) -> None:
    unknown = await kronofogden.send(withdrawal())
    assert [one["code"] for one in unknown["errors"]] == ["UNKNOWN"]
    await kronofogden.send(application())
    second = await kronofogden.send(application(messageId="again"))
    assert [one["code"] for one in second["errors"]] == ["KNOWN"]
    early = {
        "messageId": "e1",
        "kind": "enforcement_application",
        "caseNumber": "01-000001-26",
        "decidedAt": "2026-10-22T10:00:00Z",
        "amounts": {"totalOre": 546315},
        "wish": "full",
    }
    assert (await kronofogden.send(early))["errors"][0]["code"] == "STATE"


async def test_enforcement_asked_for_costs_six_hundred_and_can_be_withdrawn(
    kronofogden: KronofogdenProgram,
) -> None:
    await kronofogden.send(application())
    await kronofogden.day("2026-10-22")
    ask = {
        "messageId": "e1",
        "kind": "enforcement_application",
        "reference": "CASE-1",
        "caseNumber": "01-000001-26",
        "decidedAt": "2026-10-22",
        "amounts": {"totalOre": 546315},
        "wish": "full",
    }
    assert (await kronofogden.send(ask))["ok"]
    outlays = (await kronofogden.get("/records"))["outlays"]
    assert [(one["kind"], one["amount_ore"]) for one in outlays] == [
        ("application", 30000),
        ("enforcement", 60000),
    ]
    change = {"messageId": "c1", "kind": "enforcement_change", "caseNumber": "01-000001-26"}
    assert (await kronofogden.send(change | {"change": "amount", "newAmountOre": 1000}))["ok"]
    assert (await kronofogden.send(change | {"messageId": "c2", "change": "withdrawal"}))["ok"]
    (case,) = (await kronofogden.get("/records"))["cases"]
    assert (case["state"], case["capital_ore"]) == ("withdrawn", 1000)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"extra": 1}, "extra"),
        ({"ombudskod": None}, "ombudskod"),
        ({"respondents": []}, "respondents"),
        ({"respondents": [{"id": "197307245429", "name": "K"}]}, "respondents.0.id"),
        ({"costs": [{"type": "inkasso", "amountOre": 18001}]}, "costs.0"),
        ({"costs": [{"type": "inkasso", "amountOre": "180"}]}, "costs.0.amountOre"),
        ({"signedAt": "2026-10-05T08:00:00"}, "signedAt"),
        ({"kind": "something"}, ""),
    ],
)
async def test_a_faulty_application_is_refused_with_the_field_that_is_wrong(
    kronofogden: KronofogdenProgram, changes: dict[str, Any], field: str
) -> None:
    receipt = await kronofogden.send(application(**changes))
    assert not receipt["ok"]
    assert receipt["errors"][0]["field"].endswith(field)
    assert (await kronofogden.get("/records"))["cases"] == []


async def test_a_claim_not_yet_due_is_refused(kronofogden: KronofogdenProgram) -> None:
    await kronofogden.day("2026-08-31")
    receipt = await kronofogden.send(application())
    assert receipt["errors"][0]["code"] == "NOT_DUE"


async def test_what_is_no_message_gets_a_receipt_that_says_so(
    kronofogden: KronofogdenProgram,
) -> None:
    for body in (b"{", b"[]", b'{"kind": "withdrawal"}'):
        async with kronofogden.http.post("/messages", data=body) as answer:
            receipt = await answer.json()
        assert receipt["errors"][0]["code"] == "UNREADABLE"
    assert (await kronofogden.get("/records"))["unreadable"] == 3


async def test_what_the_filer_has_not_fetched_is_pending(kronofogden: KronofogdenProgram) -> None:
    await kronofogden.send(application())
    await kronofogden.day("2026-10-09")
    assert (await kronofogden.get("/pending"))["pending"] == 2
    assert len((await kronofogden.get("/messages?after=0&limit=1"))["messages"]) == 1
    assert (await kronofogden.get("/pending"))["pending"] == 2
    assert len((await kronofogden.get("/messages?after=1"))["messages"]) == 1
    assert (await kronofogden.get("/pending"))["pending"] == 1
    assert (await kronofogden.get("/messages?after=2"))["messages"] == []
    await kronofogden.kill_and_restart()
    assert (await kronofogden.get("/pending"))["pending"] == 0


async def test_nobody_without_the_token_files_or_reads(kronofogden: KronofogdenProgram) -> None:
    async with aiohttp.ClientSession(kronofogden.address) as stranger:
        async with stranger.post("/messages", json=application()) as answer:
            assert answer.status == 401
        async with stranger.get("/messages") as answer:
            assert answer.status == 401


async def test_the_page_tells_each_case_in_plain_words(kronofogden: KronofogdenProgram) -> None:
    await kronofogden.send(application())
    await kronofogden.day("2026-10-22")
    text = await kronofogden.page("/")
    assert "Utslag meddelades." in text
    assert "Karin &lt;Exempel&gt;" in text
    assert "5\N{NO-BREAK SPACE}463,15 kr" in text
