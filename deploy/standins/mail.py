"""A mail server that keeps what it is given: SMTP in, readable pages and JSON out.

A message is on disk before the sender hears 250. Nothing is sent on, and nothing is thrown
together: a message accepted twice is two records with one Message-ID, so that whoever counts can
tell.
"""

import asyncio
import email
import email.policy
import hashlib
import html
import re
import sqlite3
from collections.abc import AsyncIterator
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import orjson
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session
from markupsafe import Markup

from deploy.standins.books import now_text
from deploy.standins.party import Party, arguments, as_json, page, serve, whole_number

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
MESSAGES_PER_PAGE = 50
NOBODYS_DOMAIN = "finns-inte.example"
# A message may style itself and lead elsewhere in a new tab; it may run nothing and load nothing.
MESSAGE_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data: 'self'; base-uri 'none'; form-action 'none'"
)
SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY,
  message_id TEXT NOT NULL,
  mail_from TEXT NOT NULL,
  rcpt_to TEXT NOT NULL,
  sender TEXT NOT NULL,
  recipients TEXT NOT NULL,
  subject TEXT NOT NULL,
  headers TEXT NOT NULL,
  received_at TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  raw BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_message_id ON messages (message_id);
"""
LIST_COLUMNS = "id, message_id, mail_from, rcpt_to, sender, recipients, subject, received_at"


class Mail(Party):
    """The post office: one SMTP door, pages, and JSON for programs."""

    title = "Brevlådan"
    schema = SCHEMA

    def __init__(self, folder: Path, smtp_port: int) -> None:
        super().__init__(folder)
        self.smtp_port = smtp_port

    def routes(self) -> list[web.RouteDef]:
        """Pages for people, `/messages.json` for programs."""
        return [
            web.get("/", self._list),
            web.get("/messages.json", self._json),
            web.get(r"/messages/{id:\d+}", self._message),
            web.get(r"/messages/{id:\d+}/html", self._html),
            web.get(r"/messages/{id:\d+}/raw", self._raw),
            web.get(r"/messages/{id:\d+}/parts/{part:\d+}", self._part),
        ]

    async def live(self) -> AsyncIterator[None]:
        """Listen for SMTP while the pages are up."""
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(
                self,
                hostname="localhost",
                ident="Brevladan",
                enable_SMTPUTF8=True,
                data_size_limit=MAX_MESSAGE_BYTES,
            ),
            "127.0.0.1",
            self.smtp_port,
        )
        yield
        server.close()

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take whoever is written to, but nobody of the domain that has nobody."""
        if address.lower().endswith(f"@{NOBODYS_DOMAIN}"):
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Record one message, then say that it was taken."""
        record = read_headers(envelope)
        await self.books.write(lambda books: _keep(books, record))
        await self.hold_answer()
        return "250 2.0.0 taken"

    def records(self, books: sqlite3.Connection, request: web.Request) -> dict[str, Any]:
        """Accepted messages after `after`, oldest first, with all headers."""
        after, limit = (
            whole_number(request, "after", 0),
            whole_number(request, "limit", 1000, 10_000),
        )
        rows = books.execute(
            f"SELECT {LIST_COLUMNS}, headers, sha256, length(raw) AS size FROM messages"
            " WHERE id > ? ORDER BY id LIMIT ?",
            (after, limit),
        ).fetchall()
        total = books.execute("SELECT count(*) FROM messages").fetchone()[0]
        messages = [{**summary(row), "sha256": row["sha256"], "size": row["size"]} for row in rows]
        for message, row in zip(messages, rows, strict=True):
            message["headers"] = orjson.loads(row["headers"])
        last = rows[-1]["id"] if limit and len(rows) == limit else None
        return {"messages": messages, "total": total, "next_after": last}

    async def _json(self, request: web.Request) -> web.Response:
        """Messages after `after`, oldest first, with their text; `to` keeps one recipient's.

        With `before` they are those before it, newest first.
        """
        after, limit = whole_number(request, "after", 0), whole_number(request, "limit", 100, 1000)
        before, to = whole_number(request, "before", 0), request.query.get("to", "")
        place = "id < ?" if before else "id > ?"
        order = "DESC" if before else "ASC"
        rows = await self.books.read(
            lambda books: books.execute(
                f"SELECT {LIST_COLUMNS}, raw FROM messages WHERE {place} AND (? = '' OR EXISTS"
                " (SELECT 1 FROM json_each(rcpt_to) WHERE lower(value) = lower(?)))"
                f" ORDER BY id {order} LIMIT ?",
                (before or after, to, to, limit),
            ).fetchall()
        )
        return as_json({"messages": [{**summary(row), **contents(row["raw"])} for row in rows]})

    async def _list(self, request: web.Request) -> web.Response:
        query = request.query.get("sok", "").strip()
        number = max(1, whole_number(request, "sida", 1, 10**6))
        pattern = "%" + re.sub(r"([\\%_])", r"\\\1", query) + "%"
        where = r"WHERE recipients LIKE ? ESCAPE '\' OR subject LIKE ? ESCAPE '\'"

        def find(books: sqlite3.Connection) -> tuple[int, list[sqlite3.Row]]:
            total = books.execute(f"SELECT count(*) FROM messages {where}", (pattern, pattern))
            rows = books.execute(
                f"SELECT {LIST_COLUMNS} FROM messages {where} ORDER BY id DESC LIMIT ? OFFSET ?",
                (pattern, pattern, MESSAGES_PER_PAGE, (number - 1) * MESSAGES_PER_PAGE),
            )
            return total.fetchone()[0], rows.fetchall()

        total, rows = await self.books.read(find)
        more = number * MESSAGES_PER_PAGE < total
        return page(
            "mail_list.html", messages=rows, total=total, query=query, number=number, more=more
        )

    async def _message(self, request: web.Request) -> web.Response:
        row, message = await self._find(request)
        plain, rich = message.get_body(("plain",)), message.get_body(("html",))
        return page(
            "mail_message.html",
            row=row,
            text=None if plain is None else with_links(content(plain)),
            has_html=rich is not None,
            attachments=attachments(message),
            headers=list(message.raw_items()),
        )

    async def _html(self, request: web.Request) -> web.Response:
        row, message = await self._find(request)
        rich = message.get_body(("html",))
        if rich is None:
            raise web.HTTPNotFound
        return web.Response(
            text=in_a_new_tab(with_inline_images(content(rich), message, row["id"])),
            content_type="text/html",
            headers={
                "Content-Security-Policy": MESSAGE_POLICY,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
            },
        )

    async def _raw(self, request: web.Request) -> web.Response:
        row, _ = await self._find(request)
        return web.Response(
            body=row["raw"],
            content_type="text/plain",
            headers={"X-Content-Type-Options": "nosniff"},
        )

    async def _part(self, request: web.Request) -> web.Response:
        _, message = await self._find(request)
        parts = list(message.walk())
        number = int(request.match_info["part"])
        if number >= len(parts) or parts[number].is_multipart():
            raise web.HTTPNotFound
        part = parts[number]
        name = part.get_filename() or f"bilaga-{number}"
        return web.Response(
            body=cast(bytes, part.get_payload(decode=True)),
            headers={
                "Content-Type": part.get_content_type(),
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "X-Content-Type-Options": "nosniff",
            },
        )

    async def _find(self, request: web.Request) -> tuple[sqlite3.Row, EmailMessage]:
        number = min(int(request.match_info["id"]), 2**62)
        row = await self.books.read(
            lambda books: books.execute("SELECT * FROM messages WHERE id = ?", (number,)).fetchone()
        )
        if row is None:
            raise web.HTTPNotFound
        return row, parse(row["raw"])


def read_headers(envelope: Envelope) -> dict[str, Any]:
    """One accepted message as a record."""
    raw = cast(bytes, envelope.content)
    message = BytesHeaderParser().parsebytes(raw)  # of its policies the quick one
    headers = [[name, readable(value)] for name, value in message.items()]
    first = {name.lower(): value for name, value in reversed(headers)}
    return {
        "message_id": first.get("message-id", "").strip(),
        "mail_from": envelope.mail_from or "",
        "rcpt_to": orjson.dumps(envelope.rcpt_tos).decode(),
        "sender": first.get("from", ""),
        "recipients": ", ".join(dict.fromkeys([*envelope.rcpt_tos, first.get("to", "")])),
        "subject": first.get("subject", ""),
        "headers": orjson.dumps(headers).decode(),
        "received_at": now_text(),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "raw": raw,
    }


def readable(value: object) -> str:
    """A header's value on one line, its encoded words (RFC 2047) as what they say."""
    line = re.sub(r"\r?\n(?=[ \t])", "", str(value))
    if "=?" not in line:
        return line
    try:
        return " ".join(str(make_header(decode_header(line))).splitlines())
    except (ValueError, LookupError):  # an encoding that nobody knows, or broken base64
        return line


def _keep(books: sqlite3.Connection, record: dict[str, Any]) -> None:
    names = ", ".join(record)
    places = ", ".join(f":{name}" for name in record)
    books.execute(f"INSERT INTO messages ({names}) VALUES ({places})", record)


def parse(raw: bytes) -> EmailMessage:
    """The message with all its parts."""
    return email.message_from_bytes(raw, policy=email.policy.default)


def content(part: Any) -> str:
    """A text part's text; unknown characters are shown as such, never refused."""
    raw = cast(bytes, part.get_payload(decode=True))
    try:
        return raw.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def summary(row: sqlite3.Row) -> dict[str, Any]:
    """What a list says of a message."""
    return {
        "id": row["id"],
        "message_id": row["message_id"],
        "mail_from": row["mail_from"],
        "rcpt_to": orjson.loads(row["rcpt_to"]),
        "from": row["sender"],
        "subject": row["subject"],
        "received_at": row["received_at"],
    }


def contents(raw: bytes) -> dict[str, Any]:
    """The text, the HTML and the attachments' names of a message."""
    message = parse(raw)
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    return {
        "text": None if plain is None else content(plain),
        "html": None if rich is None else content(rich),
        "attachments": attachments(message),
    }


def attachments(message: EmailMessage) -> list[dict[str, Any]]:
    """Each downloadable part: its number in the message, name, type and size in bytes."""
    bodies = [message.get_body(("plain",)), message.get_body(("html",))]
    return [
        {
            "part": number,
            "name": part.get_filename() or f"bilaga-{number}",
            "content_type": part.get_content_type(),
            "size": len(cast(bytes, part.get_payload(decode=True))),
        }
        for number, part in enumerate(message.walk())
        if not part.is_multipart() and not any(part is body for body in bodies)
    ]


def with_links(text: str) -> Markup:
    """Plain text, escaped, with its web addresses as links."""
    pieces = re.split(r"(https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]])", text)
    return Markup("").join(
        Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(piece)
        if number % 2
        else piece
        for number, piece in enumerate(pieces)
    )


def with_inline_images(text: str, message: EmailMessage, number: int) -> str:
    """Let `cid:` addresses lead to the message's own parts."""
    for position, part in enumerate(message.walk()):
        if name := str(part.get("Content-ID", "")).strip("<> "):
            address = f"/messages/{number}/parts/{position}"
            text = text.replace(f"cid:{html.escape(name)}", address)
    return text


def in_a_new_tab(text: str) -> str:
    """Let every link of the message open beside it, for the frame it is shown in is sealed."""
    base = '<base target="_blank">'
    placed, found = re.subn(r"(?i)<head(\s[^>]*)?>", lambda head: head[0] + base, text, count=1)
    return placed if found else base + text


def main() -> None:
    """Run the mail server."""
    parser = arguments("mail")
    parser.add_argument("--smtp-port", type=int, required=True)
    given = parser.parse_args()
    serve(Mail(given.folder, given.smtp_port), given.port)


if __name__ == "__main__":
    main()
