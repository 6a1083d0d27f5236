"""Reads the outside parties' own records over HTTP: bank, mail server, Kronofogden."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

import aiohttp

from deploy.chaos.judge.records import (
    Asked,
    Collected,
    Deposit,
    KronofogdenCase,
    Mail,
    Message,
    Ore,
    Transfer,
)

TAKEN = "delivered"
PAGE = 1_000


async def _get(http: aiohttp.ClientSession, url: str) -> Any:
    async with http.get(url) as answer:
        answer.raise_for_status()
        return await answer.json()


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@dataclass(frozen=True, slots=True)
class Bank:
    """What came in, what was ordered out, what is left, and files that nobody took."""

    deposits: tuple[Deposit, ...]
    transfers: tuple[Transfer, ...]
    balance_ore: Ore
    untaken: tuple[str, ...]


async def bank(http: aiohttp.ClientSession, url: str) -> Bank:
    """The bank's own books; money is told of when a file was taken that has it."""
    found = await _get(http, f"{url}/records")
    told = {f["id"]: f["made_on"] for f in found["files"] if f["status"] == TAKEN}
    deposits = tuple(
        Deposit(
            bank_reference=row["bank_reference"],
            reference=row["reference"] or "",
            amount_ore=row["amount_ore"],
            paid_on=date.fromisoformat(row["value_on"]),
            booked_on=date.fromisoformat(row["booked_on"]),
            told_on=_day(told.get(row["file_id"])),
            n=row["id"],
        )
        for row in found["payments"]
    )
    transfers = tuple(
        Transfer(
            end_to_end_id=row["end_to_end_id"],
            amount_ore=row["amount_ore"],
            account=row["creditor_account"],
            refused=row["refused"] is not None,
            debited_on=_day(row["debited_on"]),
            told_on=_day(told.get(row["file_id"])),
        )
        for order in found["orders"]
        if not order["duplicate"]
        for row in order["transactions"]
    )
    untaken = tuple(f["name"] for f in found["files"] if f["status"] != TAKEN)
    return Bank(deposits, transfers, found["balance_ore"], untaken)


async def mails(http: aiohttp.ClientSession, url: str) -> tuple[Mail, ...]:
    """Every message taken, also those taken twice."""
    found: list[Mail] = []
    after = 0
    while True:
        url_of_page = f"{url}/messages.json?after={after}&limit={PAGE}"
        messages = (await _get(http, url_of_page))["messages"]
        if not messages:
            return tuple(found)
        found += [Mail(m["message_id"], ", ".join(m["rcpt_to"]), m["text"] or "") for m in messages]
        after = messages[-1]["id"]


async def kronofogden(
    http: aiohttp.ClientSession, url: str
) -> tuple[tuple[Message, ...], dict[str, KronofogdenCase], int]:
    """Every message received, the register, and how much was no message at all."""
    found = await _get(http, f"{url}/records")
    numbers = {row["number"]: row["reference"] for row in found["cases"]}
    contested = {
        row["reference"]: date.fromisoformat(row["on"])
        for row in found["outbox"]
        if row["kind"] == "contested"
    }
    closed = {
        row["reference"]: date.fromisoformat(row["on"])
        for row in found["outbox"]
        if row["kind"] == "closed" and row["reason"] != "withdrawn"
    }
    collected: dict[str, list[Collected]] = defaultdict(list)
    for row in found["outbox"]:
        if row["kind"] == "partial_payment":
            days = (date.fromisoformat(row["on"]), date.fromisoformat(row["valueDate"]))
            collected[row["reference"]].append(Collected(*days, row["amountOre"]))
    messages = tuple(
        Message(
            message_id=row["message_id"],
            kind=_kind(row),
            reference=row["body"].get("reference")
            or numbers.get(row["body"].get("caseNumber") or "", ""),
            ok=bool(row["ok"]),
            times_received=row["times_received"],
            times_other_content=row["times_other_content"],
            received_on=date.fromisoformat(row["received_on"]),
            asked=_asked(row["body"]),
            applicant=(row["body"].get("applicant") or {}).get("id", ""),
            respondents=tuple(one["id"] for one in row["body"].get("respondents") or ()),
        )
        for row in found["messages"]
    )
    cases = {
        row["reference"]: KronofogdenCase(
            reference=row["reference"],
            state=row["state"],
            capital_ore=row["capital_ore"],
            interest_ore=row["interest_ore"],
            costs_ore=row["costs_ore"],
            received_on=date.fromisoformat(row["received_on"]),
            decided_on=_day(row["decided_on"]),
            contested_on=contested.get(row["reference"]),
            enforcement_on=_day(row["enforcement_on"]),
            closed_on=closed.get(row["reference"]),
            collected=tuple(collected[row["reference"]]),
        )
        for row in found["cases"]
    }
    return messages, cases, found["unreadable"]


def _kind(row: dict[str, Any]) -> str:
    """What a message is; in enforcement a withdrawal is one of its changes."""
    return "withdrawal" if row["body"].get("change") == "withdrawal" else str(row["kind"])


def _asked(body: dict[str, Any]) -> Asked:
    """Capital, interest and costs of an application; what is no capital is costs."""
    amounts = body.get("amounts") or {}
    claims = body.get("claims") or []
    capital = sum(each["amountOre"] for each in claims if each["type"] == "capital")
    costs = sum(each["amountOre"] for each in claims if each["type"] != "capital")
    costs += sum(each["amountOre"] for each in body.get("costs") or [])
    interest = sum((each.get("interest") or {}).get("accruedOre", 0) for each in claims)
    return (
        capital + amounts.get("capitalOre", 0),
        interest + amounts.get("interestOre", 0),
        costs + amounts.get("costsOre", 0),
    )
