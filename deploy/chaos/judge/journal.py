"""Reads the story's journal: what people commanded, and what they were promised.

One JSON line per command with its final answer (`n`, `day`, `what`, `name`, `who`, `path`, `body`,
`status`, `answer`). Only what was accepted counts; what an invoice comes to is worked out here from
the rows that were asked for.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from deploy.chaos.judge.records import Company, Deed, Issued
from deploy.chaos.judge.statutes import invoice_total_ore

DEFAULT_TERMS_DAYS = 30
CONFLICT = 409
Line = Mapping[str, Any]


@dataclass
class Commands:
    """What was commanded, by the nouns it was about."""

    companies: dict[str, Company] = field(default_factory=dict)
    issued: dict[str, Issued] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    whole_kronor: dict[str, bool] = field(default_factory=dict)
    articles: dict[str, Line] = field(default_factory=dict)
    customers: dict[str, Line] = field(default_factory=dict)
    refused: int = 0

    @property
    def nouns(self) -> dict[str, frozenset[str]]:
        """Ids that the platform answered with, by noun."""
        return {
            "company": frozenset(self.companies),
            "customer": frozenset(self.customers),
            "article": frozenset(self.articles),
        }


def read(journal: Path, claim_of_dispute: Mapping[str, str]) -> Commands:
    """Everything the journal says; `claim_of_dispute` tells which claim a dispute is about."""
    with journal.open("rb") as lines:
        return understand((json.loads(line) for line in lines if line.strip()), claim_of_dispute)


def understand(lines: Iterable[Line], claim_of_dispute: Mapping[str, str]) -> Commands:
    """The same, of lines already read."""
    found = Commands()
    for line in lines:
        if line["what"] == "clock":
            found.days.append(date.fromisoformat(line["day"]))
        elif line["what"] == "command":
            if line["status"] < 400 or _is_said_before(line):
                _command(found, line, claim_of_dispute)
            else:
                found.refused += 1
    return found


def _is_said_before(line: Line) -> bool:
    """An objection answered with a conflict stands: its first answer was lost on the way."""
    return (line["name"], line["status"]) == ("object", CONFLICT)


def _command(found: Commands, line: Line, claim_of_dispute: Mapping[str, str]) -> None:
    body, answer = line.get("body") or {}, line.get("answer") or {}
    match line["name"]:
        case "register":
            creditor_id = answer["creditor_id"]
            number = body.get("organisation_number", "")
            found.companies[creditor_id] = Company(creditor_id, organisation_number=number)
            found.whole_kronor[creditor_id] = body.get("round_to_krona", True)
        case "article":
            found.articles[answer["article_id"]] = body
        case "customer":
            found.customers[answer["customer_id"]] = body
        case "account":
            _choose(found, body["creditor_id"], payout_account=body["number"])
        case "reminders":
            _choose(
                found,
                line["who"],
                reminders=body["reminders"],
                reminder_days=body["reminder_days"],
                automatic_collection=body["collection"] == "automatic",
                collection_after_days=body["collection_after_days"],
            )
        case "collection":
            _choose(
                found,
                line["who"],
                automatic_filing=body["filing"] == "automatic",
                enforces=body["enforcement"],
            )
        case "issue":
            for asked, result in zip(_invoices(body), _results(answer), strict=True):
                if "claim_id" in result:
                    _issue(found, line, asked, result)
                else:
                    found.refused += 1
        case _:
            _deed(found, line, claim_of_dispute)


def _choose(found: Commands, creditor_id: str, **choice: Any) -> None:
    """A company's choice; one made after its first invoice makes its claims hard to foretell."""
    late = any(issued.creditor_id == creditor_id for issued in found.issued.values())
    company = found.companies.get(creditor_id, Company(creditor_id))
    found.companies[creditor_id] = replace(company, **choice, changed=company.changed or late)


def _invoices(body: Line) -> list[Line]:
    """What was asked for: many in bulk, or one."""
    asked: list[Line] = body.get("invoices", [body])
    return asked


def _results(answer: Line) -> list[Line]:
    results: list[Line] = answer.get("results", [answer])
    return results


def _issue(found: Commands, line: Line, asked: Line, result: Line) -> None:
    who = line["who"]
    customer = found.customers.get(asked.get("customer_id") or "") or asked["customer"]
    issued_on = date.fromisoformat(asked.get("issued_on") or line["day"])
    terms_days = asked.get("terms_days") or DEFAULT_TERMS_DAYS
    due_on = asked.get("due_on")
    interest = asked.get("interest") or {}
    rows = [_row(found, row) for row in asked["rows"]]
    found.issued[result["claim_id"]] = Issued(
        claim_id=result["claim_id"],
        creditor_id=who,
        number=result["number"],
        ocr=result["ocr"],
        total_ore=result["total_ore"],
        asked_ore=invoice_total_ore(rows, whole_kronor=found.whole_kronor.get(who, True)),
        issued_on=issued_on,
        due_on=date.fromisoformat(due_on) if due_on else issued_on + timedelta(days=terms_days),
        consumer=customer["kind"] == "consumer",
        due_date_agreed=bool(asked.get("due_date_agreed")),
        reminder_fee_agreed=bool(asked.get("reminder_fee_agreed")),
        interest_kind=interest.get("kind", "statutory"),
        interest_bp=interest.get("rate_bp"),
        notice=interest.get("notice_given", True),
        email=customer.get("email"),
        identity_number=customer.get("identity_number") or "",
    )


def _row(found: Commands, row: Line) -> tuple[str, int, int]:
    article = found.articles.get(row.get("article_id") or "") or {}
    price_ore = row.get("price_ore", article.get("price_ore"))
    percent = row.get("vat_percent", article.get("vat_percent"))
    assert price_ore is not None
    assert percent is not None
    return str(row["quantity"]), int(price_ore), int(percent)


def _deed(found: Commands, line: Line, claim_of_dispute: Mapping[str, str]) -> None:
    """Something done about one claim; its id is in the line, in the body or in the path."""
    name, body = line["name"], line.get("body") or {}
    place = (line.get("path") or "").strip("/").split("/")
    claim_id = line.get("claim_id") or body.get("claim_id")
    kind, number, payment_id = name, None, None
    match name:
        case "credit":
            claim_id, number = place[1], (line.get("answer") or {}).get("note_number")
        case "hand_over":
            claim_id = place[1]
        case "settle_dispute":
            claim_id = claim_of_dispute.get(place[2])
            kind = f"settle_{body['outcome']}"
        case "allocate":
            payment_id = place[1]
    if claim_id is not None:
        found.deeds.append(
            Deed(
                claim_id,
                kind,
                date.fromisoformat(line["day"]),
                line["n"],
                number=number,
                correction=body.get("kind") == "correction",
                payment_id=payment_id,
            )
        )
