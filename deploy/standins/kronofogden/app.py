"""Kronofogden's doors: messages in and out for the filer, scripts to rehearse, a page to read."""

import sqlite3
from datetime import date
from pathlib import Path
from typing import Any, Literal

import orjson
from aiohttp import web
from pydantic import model_validator

from deploy.standins.books import remember, setting, today
from deploy.standins.kronofogden import cases, procedure
from deploy.standins.party import Body, Party, as_json, json_object, page, whole_number

CASES_PER_PAGE = 50
Script = Literal["P", "B", "D", "U", "X", "F"]
STATES = {
    "filed": "Inkommet",
    "confirmed": "Bekräftat",
    "served": "Delgivet",
    "contested": "Bestritt",
    "decided": "Utslag",
    "enforcement": "Verkställighet",
    "withdrawn": "Återkallat",
    "closed": "Avslutat",
    "settled": "Betalt",
    "exhausted": "Inget mer att driva in",
}


class Scripts(Body):
    """`POST /scripts`: which way one case goes, or all that are not told otherwise."""

    reference: str | None = None
    script: Script | None = None
    default: Script | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Scripts":
        if (self.reference is None) != (self.script is None) or not (self.script or self.default):
            raise ValueError("give reference and script, or default")
        return self


class Kronofogden(Party):
    """The authority, for one filer."""

    title = "Övningskronofogden"
    schema = cases.SCHEMA

    def __init__(self, folder: Path, token: str | None) -> None:
        super().__init__(folder, token)

    def routes(self) -> list[web.RouteDef]:
        """The filer's two doors, the rehearsal's one, and the page."""
        return [
            web.post("/messages", self._receive),
            web.get("/messages", self._outbox),
            web.post("/scripts", self._scripts),
            web.get("/", self._cases),
        ]

    def day_came(self, books: sqlite3.Connection, day: date) -> None:
        """Take every step that is due, in order."""
        procedure.advance(books, day)

    def pending(self, books: sqlite3.Connection) -> dict[str, int]:
        """Messages that the filer has not fetched."""
        last = books.execute("SELECT coalesce(max(number), 0) FROM outbox").fetchone()[0]
        return {"unfetched_messages": last - int(setting(books, "fetched") or 0)}

    def next_on(self, books: sqlite3.Connection) -> str | None:
        """The next day on which a case takes a step."""
        row = books.execute("SELECT min(next_on) FROM cases").fetchone()
        return None if row[0] is None else str(row[0])

    async def _receive(self, request: web.Request) -> web.Response:
        self.admit(request)
        body = await request.read()
        receipt, done = await self.books.write(lambda books: cases.receive(books, body))
        if done:
            await self.hold_answer()
        return as_json(receipt)

    async def _outbox(self, request: web.Request) -> web.Response:
        """Messages after `after`; asking so says that everything up to `after` has been taken."""
        self.admit(request)
        after = whole_number(request, "after", 0)
        limit = whole_number(request, "limit", 500, 5000)

        def fetch(books: sqlite3.Connection) -> tuple[list[sqlite3.Row], int]:
            rows = books.execute(
                "SELECT number, body FROM outbox WHERE number > ? ORDER BY number LIMIT ?",
                (after, limit),
            ).fetchall()
            return rows, int(setting(books, "fetched") or 0)

        rows, fetched = await self.books.read(fetch)
        if after > fetched:
            await self.books.write(lambda books: _fetched(books, after))
        return as_json({"messages": [_outgoing(row) for row in rows]})

    async def _scripts(self, request: web.Request) -> web.Response:
        wish = Scripts.model_validate(await json_object(request))
        told = [(wish.reference, wish.script)] if wish.script else []
        told += [("", wish.default)] if wish.default else []
        await self.books.write(
            lambda books: books.executemany("INSERT OR REPLACE INTO scripts VALUES (?, ?)", told)
        )
        return as_json({"scripts": [list(one) for one in told]})

    def records(self, books: sqlite3.Connection, request: web.Request) -> dict[str, Any]:
        """Every message received and sent, every case with its script, and the outlays."""
        incoming = [dict(row) for row in books.execute("SELECT * FROM incoming ORDER BY id")]
        for one in incoming:
            one["body"] = orjson.loads(one["body"])
            one["receipt"] = orjson.loads(one["receipt"])
        found = [
            {**dict(row), "script": cases.script_of(books, row)}
            for row in books.execute("SELECT * FROM cases ORDER BY id").fetchall()
        ]
        return {
            "messages": incoming,
            "unreadable": books.execute("SELECT count(*) FROM unreadable").fetchone()[0],
            "cases": found,
            "outlays": [dict(row) for row in books.execute("SELECT * FROM outlays ORDER BY id")],
            "outbox": [
                _outgoing(row) for row in books.execute("SELECT * FROM outbox ORDER BY number")
            ],
        }

    async def _cases(self, request: web.Request) -> web.Response:
        number = max(1, whole_number(request, "sida", 1, 10**6))

        def find(books: sqlite3.Connection) -> dict[str, Any]:
            total = books.execute("SELECT count(*) FROM cases").fetchone()[0]
            rows = books.execute(
                "SELECT * FROM cases ORDER BY id DESC LIMIT ? OFFSET ?",
                (CASES_PER_PAGE, (number - 1) * CASES_PER_PAGE),
            ).fetchall()
            history = {
                row["id"]: books.execute(
                    "SELECT * FROM history WHERE case_id = ? ORDER BY id", (row["id"],)
                ).fetchall()
                for row in rows
            }
            return {"total": total, "cases": rows, "history": history, "today": today(books)}

        found = await self.books.read(find)
        more = number * CASES_PER_PAGE < found["total"]
        return page(
            "kronofogden_cases.html",
            **found,
            number=number,
            more=more,
            states=STATES,
            total_ore=cases.total_ore,
        )


def _fetched(books: sqlite3.Connection, after: int) -> None:
    last = books.execute("SELECT coalesce(max(number), 0) FROM outbox").fetchone()[0]
    most = max(int(setting(books, "fetched") or 0), min(after, last))
    remember(books, "fetched", str(most))


def _outgoing(row: sqlite3.Row) -> dict[str, Any]:
    number = row["number"]
    return {"number": number, "messageId": f"KFM-{number:08d}", **orjson.loads(row["body"])}
