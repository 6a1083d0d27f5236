"""Kronofogden's register: cases, their history, outlays, and every message in and out.

A message is done in the transaction that records it, once per `messageId`: the same again gets
the same receipt, other content under the same id is refused. Amounts in öre.
"""

import hashlib
import re
import sqlite3
from datetime import date, timedelta
from typing import Any

import orjson
from pydantic import ValidationError

from deploy.standins.books import now_text, today
from deploy.standins.kronofogden import messages
from deploy.standins.party import kronor, plain_errors

APPLICATION_FEE_ORE = 30_000  # förordning (1992:1094) 1 §
BASIC_FEE_ORE = 60_000  # förordning (1992:1094) 6 §
CLOSED = ("withdrawn", "closed", "settled", "exhausted")
BEFORE_DECISION = ("filed", "confirmed", "served", "contested")
SCHEMA = """
CREATE TABLE IF NOT EXISTS incoming (
  id INTEGER PRIMARY KEY,
  message_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  digest TEXT NOT NULL,
  body TEXT NOT NULL,
  receipt TEXT NOT NULL,
  ok INTEGER NOT NULL,
  received_at TEXT NOT NULL,
  received_on TEXT NOT NULL,
  times_received INTEGER NOT NULL,
  times_other_content INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS unreadable (
  id INTEGER PRIMARY KEY,
  received_at TEXT NOT NULL,
  body BLOB NOT NULL,
  receipt TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS cases (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  reference TEXT UNIQUE,
  ombudskod TEXT NOT NULL,
  applicant TEXT NOT NULL,
  respondents TEXT NOT NULL,
  interest TEXT NOT NULL,
  enforcement TEXT NOT NULL,
  on_contest TEXT NOT NULL,
  capital_ore INTEGER NOT NULL CHECK (capital_ore >= 0),
  interest_ore INTEGER NOT NULL CHECK (interest_ore >= 0),
  costs_ore INTEGER NOT NULL CHECK (costs_ore >= 0),
  paid_ore INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL,
  next_step TEXT,
  next_on TEXT,
  received_on TEXT NOT NULL,
  served_on TEXT,
  answer_by TEXT,
  decided_on TEXT,
  enforcement_on TEXT,
  CHECK ((next_step IS NULL) = (next_on IS NULL))
);
CREATE INDEX IF NOT EXISTS cases_due ON cases (next_on, id) WHERE next_on IS NOT NULL;
CREATE TABLE IF NOT EXISTS history (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases,
  day TEXT NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS history_case ON history (case_id);
CREATE TABLE IF NOT EXISTS outlays (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases,
  kind TEXT NOT NULL CHECK (kind IN ('application', 'enforcement', 'yearly')),
  amount_ore INTEGER NOT NULL,
  day TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS outbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  case_id INTEGER NOT NULL REFERENCES cases,
  day TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS scripts (reference TEXT PRIMARY KEY, script TEXT NOT NULL);
"""


class MessageRefusedError(Exception):
    """The case does not allow the message: field, code and words."""

    def __init__(self, field: str, code: str, text: str) -> None:
        super().__init__(text)
        self.error = {"field": field, "code": code, "text": text}


def receive(books: sqlite3.Connection, body: bytes) -> tuple[dict[str, Any], bool]:
    """Take one message as it came; its receipt, and whether something was done now."""
    try:
        content = orjson.loads(body)
        message_id = content["messageId"]
        if not isinstance(message_id, str) or not message_id.strip():
            raise TypeError("messageId")
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return _unreadable(books, body), False
    plain = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(plain).hexdigest()
    before = books.execute("SELECT * FROM incoming WHERE message_id = ?", (message_id,)).fetchone()
    if before is not None:
        return _again(books, before, digest), False
    errors = _carry_out(books, body)
    receipt = _receipt(message_id, errors)
    books.execute(
        "INSERT INTO incoming (message_id, kind, digest, body, receipt, ok, received_at,"
        " received_on, times_received) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)",
        (
            message_id,
            str(content.get("kind")),
            digest,
            plain.decode(),
            orjson.dumps(receipt).decode(),
            not errors,
            now_text(),
            today(books).isoformat(),
        ),
    )
    return receipt, not errors


def _again(books: sqlite3.Connection, before: sqlite3.Row, digest: str) -> dict[str, Any]:
    same = before["digest"] == digest
    column = "times_received" if same else "times_other_content"
    books.execute(f"UPDATE incoming SET {column} = {column} + 1 WHERE id = ?", (before["id"],))
    if same:
        known: dict[str, Any] = orjson.loads(before["receipt"])
        return known
    text = "messageId was used before with other content"
    return _receipt(
        before["message_id"], [{"field": "messageId", "code": "ID_REUSED", "text": text}]
    )


def _unreadable(books: sqlite3.Connection, body: bytes) -> dict[str, Any]:
    text = "a JSON object with a messageId is expected"
    receipt = _receipt(None, [{"field": "", "code": "UNREADABLE", "text": text}])
    books.execute(
        "INSERT INTO unreadable (received_at, body, receipt) VALUES (?, ?, ?)",
        (now_text(), body, orjson.dumps(receipt).decode()),
    )
    return receipt


def _receipt(message_id: str | None, errors: list[dict[str, str]]) -> dict[str, Any]:
    return {"kind": "receipt", "messageId": message_id, "ok": not errors, "errors": errors}


def _carry_out(books: sqlite3.Connection, body: bytes) -> list[dict[str, str]]:
    """Do what the message asks; the errors, in which case nothing was done."""
    try:
        message = messages.INCOMING.validate_json(body)
    except ValidationError as error:
        return [{**one, "code": "FORMAT"} for one in plain_errors(error)]
    day = today(books)
    try:
        match message:
            case messages.PaymentOrderApplication():
                _apply(books, message, day)
            case messages.Reduction():
                _reduce(books, message, day)
            case messages.Withdrawal():
                _withdraw(books, _not_enforced(_open_case(books, message)), message.reason, day)
            case messages.EnforcementApplication():
                _ask_for_enforcement(books, message, day)
            case messages.EnforcementChange():
                _change_enforcement(books, message, day)
    except MessageRefusedError as refusal:
        return [refusal.error]
    return []


def _apply(books: sqlite3.Connection, message: messages.PaymentOrderApplication, day: date) -> None:
    if find(books, reference=message.reference) is not None:
        raise MessageRefusedError("reference", "KNOWN", "there is a case with this reference")
    for number, claim in enumerate(message.claims):
        if claim.due_date >= day:
            text = f"the claim is not due: {claim.due_date}"
            raise MessageRefusedError(f"claims.{number}.dueDate", "NOT_DUE", text)
    accrued = [one.interest for one in message.claims if one.interest is not None]
    case_id = _open(
        books,
        day,
        reference=message.reference,
        ombudskod=message.ombudskod,
        applicant=message.applicant.name,
        respondents=", ".join(one.name for one in message.respondents),
        interest=orjson.dumps(
            [
                {
                    "no": one.no,
                    "kind": one.interest.kind,
                    "bp": one.interest.bp,
                    "accruedTo": one.interest.accrued_to,
                }
                for one in message.claims
                if one.interest is not None
            ]
        ).decode(),
        enforcement=message.enforcement,
        on_contest=message.on_contest,
        capital_ore=sum(one.amount_ore for one in message.claims),
        interest_ore=sum(one.accrued_ore for one in accrued),
        costs_ore=sum(one.amount_ore for one in message.costs),
        state="filed",
    )
    plan(books, case_id, "confirm", weekday(day + timedelta(days=1)))
    outlay(books, case_id, "application", APPLICATION_FEE_ORE, day)
    note(books, case_id, day, "Ansökan om betalningsföreläggande kom in. Avgift 300 kr.")


def _open(books: sqlite3.Connection, day: date, **columns: Any) -> int:
    case_id = books.execute("SELECT coalesce(max(id), 0) + 1 FROM cases").fetchone()[0]
    columns |= {
        "id": case_id,
        "number": f"01-{case_id:06d}-{day:%y}",
        "received_on": day.isoformat(),
    }
    names, places = ", ".join(columns), ", ".join(f":{name}" for name in columns)
    books.execute(f"INSERT INTO cases ({names}) VALUES ({places})", columns)
    return int(case_id)


def _reduce(books: sqlite3.Connection, message: messages.Reduction, day: date) -> None:
    case = _not_enforced(_open_case(books, message))
    off_capital = case["capital_ore"] - message.new_capital_ore
    off_rest = message.paid_ore - off_capital
    if off_capital < 0:
        raise MessageRefusedError("newCapitalOre", "AMOUNT", "the capital would grow")
    if not 0 <= off_rest <= case["costs_ore"] + case["interest_ore"]:
        text = "paidOre does not fit newCapitalOre and what is left of costs and interest"
        raise MessageRefusedError("paidOre", "AMOUNT", text)
    if message.paid_ore == case["capital_ore"] + case["costs_ore"] + case["interest_ore"]:
        raise MessageRefusedError("paidOre", "AMOUNT", "all is paid: withdraw instead")
    off_costs = min(off_rest, case["costs_ore"])
    books.execute(
        "UPDATE cases SET capital_ore = ?, costs_ore = costs_ore - ?,"
        " interest_ore = interest_ore - ?, paid_ore = paid_ore + ? WHERE id = ?",
        (message.new_capital_ore, off_costs, off_rest - off_costs, message.paid_ore, case["id"]),
    )
    note(
        books,
        case["id"],
        day,
        f"Kravet sattes ned: {kronor(message.paid_ore)} kr betaldes {message.paid_date}.",
    )


def _not_enforced(case: sqlite3.Row) -> sqlite3.Row:
    """The case, unless it is in enforcement, where an `enforcement_change` is what to send."""
    if case["state"] == "enforcement":
        text = "the case is in enforcement: send an enforcement_change"
        raise MessageRefusedError("kind", "STATE", text)
    return case


def _withdraw(books: sqlite3.Connection, case: sqlite3.Row, reason: str, day: date) -> None:
    close(books, case, day, state="withdrawn", reason="withdrawn")
    note(books, case["id"], day, f"Ansökan återkallades av ombudet: {reason}.")


def _ask_for_enforcement(
    books: sqlite3.Connection, message: messages.EnforcementApplication, day: date
) -> None:
    case = find(books, reference=message.reference, number=message.case_number)
    if case is None and message.title and message.reference and not message.case_number:
        case = _foreign_title(books, message, day)
    if case is None:
        raise MessageRefusedError("caseNumber", "UNKNOWN", "there is no such case")
    if case["state"] != "decided":
        text = f"enforcement needs a decision in force; the case is {case['state']}"
        raise MessageRefusedError("caseNumber", "STATE", text)
    parts = ("capitalOre", "interestOre", "costsOre")
    asked = {f"{name}_ore": case[f"{name}_ore"] for name in ("capital", "interest", "costs")}
    if all(part in message.amounts for part in parts):
        if message.amounts["capitalOre"] > case["capital_ore"]:
            raise MessageRefusedError("amounts.capitalOre", "AMOUNT", "the capital would grow")
        asked = {f"{part.removesuffix('Ore')}_ore": message.amounts[part] for part in parts}
    books.execute(
        "UPDATE cases SET enforcement = :wish, capital_ore = :capital_ore,"
        " interest_ore = :interest_ore, costs_ore = :costs_ore WHERE id = :id",
        {**asked, "wish": message.wish, "id": case["id"]},
    )
    begin_enforcement(books, case, day)


def _foreign_title(
    books: sqlite3.Connection, message: messages.EnforcementApplication, day: date
) -> sqlite3.Row:
    case_id = _open(
        books,
        day,
        reference=message.reference,
        ombudskod=message.ombudskod or "",
        applicant="",
        respondents="",
        interest="[]",
        enforcement=message.wish,
        on_contest="ask",
        capital_ore=message.amounts.get("totalOre") or sum(message.amounts.values()),
        interest_ore=0,
        costs_ore=0,
        state="decided",
        decided_on=message.decided_at.isoformat()[:10],
    )
    note(books, case_id, day, f"Exekutionstitel: {message.title}.")
    return case_by_id(books, case_id)


def begin_enforcement(books: sqlite3.Connection, case: sqlite3.Row, day: date) -> None:
    """The case enters enforcement: outlay 600, confirmed the next weekday."""
    books.execute(
        "UPDATE cases SET state = 'enforcement', enforcement_on = ? WHERE id = ?",
        (day.isoformat(), case["id"]),
    )
    outlay(books, case["id"], "enforcement", BASIC_FEE_ORE, day)
    note(books, case["id"], day, "Målet togs upp för verkställighet. Grundavgift 600 kr.")
    plan(books, case["id"], "confirm_enforcement", weekday(day + timedelta(days=1)))


def _change_enforcement(
    books: sqlite3.Connection, message: messages.EnforcementChange, day: date
) -> None:
    case = _open_case(books, message)
    if case["state"] != "enforcement":
        text = f"the case is not in enforcement but {case['state']}"
        raise MessageRefusedError("caseNumber", "STATE", text)
    if message.change == "withdrawal":
        _withdraw(books, case, message.reason or "ingen orsak angiven", day)
    elif message.change == "amount":
        books.execute(
            "UPDATE cases SET capital_ore = ?, interest_ore = 0, costs_ore = 0 WHERE id = ?",
            (message.new_amount_ore, case["id"]),
        )
        note(books, case["id"], day, "Ombudet ändrade beloppet.")
    elif message.until is not None and case["next_on"] is not None:
        plan(books, case["id"], case["next_step"], max(message.until, iso(case["next_on"])))
        note(books, case["id"], day, f"Uppskov till {message.until}.")


def _open_case(books: sqlite3.Connection, message: messages.AboutCase) -> sqlite3.Row:
    case = find(books, reference=message.reference, number=message.case_number)
    field = "reference" if message.reference is not None else "caseNumber"
    if case is None:
        raise MessageRefusedError(field, "UNKNOWN", "there is no such case")
    if case["state"] in CLOSED:
        raise MessageRefusedError(field, "CLOSED", f"the case is closed: {case['state']}")
    return case


def find(
    books: sqlite3.Connection, *, reference: str | None = None, number: str | None = None
) -> sqlite3.Row | None:
    """The case with this reference and this number, as far as given; None when none fits."""
    row: sqlite3.Row | None = books.execute(
        "SELECT * FROM cases WHERE (?1 IS NOT NULL OR ?2 IS NOT NULL)"
        " AND (?1 IS NULL OR reference = ?1) AND (?2 IS NULL OR number = ?2)",
        (reference, number),
    ).fetchone()
    return row


def case_by_id(books: sqlite3.Connection, case_id: int) -> sqlite3.Row:
    """A case that exists."""
    row: sqlite3.Row = books.execute("SELECT * FROM cases WHERE id = ?", (case_id,)).fetchone()
    return row


# What the steps of the procedure are made of.


def say(
    books: sqlite3.Connection, case: sqlite3.Row, day: date, kind: str, **fields: object
) -> None:
    """Put a numbered message in the filer's outbox."""
    body = {
        "kind": kind,
        "on": day,
        "ombudskod": case["ombudskod"],
        "reference": case["reference"],
        "caseNumber": case["number"],
        **fields,
    }
    books.execute(
        "INSERT INTO outbox (case_id, day, body) VALUES (?, ?, ?)",
        (case["id"], day.isoformat(), orjson.dumps(body).decode()),
    )


def note(books: sqlite3.Connection, case_id: int, day: date, text: str) -> None:
    """Write a line of the case's history, in Swedish."""
    books.execute(
        "INSERT INTO history (case_id, day, text) VALUES (?, ?, ?)",
        (case_id, day.isoformat(), text),
    )


def outlay(books: sqlite3.Connection, case_id: int, kind: str, amount_ore: int, day: date) -> None:
    """Charge the filer."""
    books.execute(
        "INSERT INTO outlays (case_id, kind, amount_ore, day) VALUES (?, ?, ?, ?)",
        (case_id, kind, amount_ore, day.isoformat()),
    )


def plan(books: sqlite3.Connection, case_id: int, step: str | None, day: date | None) -> None:
    """Set the case's next step and its day; None for neither."""
    books.execute(
        "UPDATE cases SET next_step = ?, next_on = ? WHERE id = ?",
        (step, day and day.isoformat(), case_id),
    )


def enter(books: sqlite3.Connection, case_id: int, state: str, **days: date) -> None:
    """Put the case in a state, with the days that came with it."""
    columns = "".join(f", {name} = ?" for name in days)
    values = [day.isoformat() for day in days.values()]
    books.execute(f"UPDATE cases SET state = ?{columns} WHERE id = ?", (state, *values, case_id))


def close(
    books: sqlite3.Connection, case: sqlite3.Row, day: date, *, state: str, reason: str
) -> None:
    """Close the case and tell the filer."""
    enter(books, case["id"], state)
    plan(books, case["id"], None, None)
    say(books, case, day, "closed", reason=reason)


def total_ore(case: sqlite3.Row) -> int:
    """What is left of the whole demand."""
    return int(case["capital_ore"] + case["interest_ore"] + case["costs_ore"])


def weekday(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=(0, 0, 0, 0, 0, 2, 1)[day.weekday()])


def iso(text: str) -> date:
    """A date from the register."""
    return date.fromisoformat(text)


def script_of(books: sqlite3.Connection, case: sqlite3.Row) -> str:
    """Which way this case goes: as told for its reference, by its suffix, or by default."""
    told = books.execute(
        "SELECT script FROM scripts WHERE reference = ?", (case["reference"],)
    ).fetchone()
    if told is not None:
        return str(told["script"])
    if suffix := re.search(r"-([PBDUXF])$", case["reference"] or ""):
        return suffix[1]
    default = books.execute("SELECT script FROM scripts WHERE reference = ''").fetchone()
    return "U" if default is None else str(default["script"])
