"""The bank's doors: payment orders and customers' payments in, files out, and pages for people.

`/betala` is the internet bank of a debtor: what is paid there is booked today and reported at
once.
"""

import argparse
import asyncio
import re
import sqlite3
import uuid
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import Field, StringConstraints, TypeAdapter

from deploy.standins.bank import orders, store
from deploy.standins.bank.camt import Account
from deploy.standins.bank.feed import Feed
from deploy.standins.books import now_text, remember, setting, today
from deploy.standins.party import (
    Body,
    Party,
    as_json,
    json_object,
    page,
    whole_number,
)

Version = Literal["001.02", "001.08"]
PRINTABLE = r"^[^\x00-\x1f\x7f\ufffe\uffff]*$"
Name = Annotated[str, StringConstraints(max_length=140, pattern=PRINTABLE, strip_whitespace=True)]
Bankgiro = Annotated[str, StringConstraints(pattern=r"^[0-9]{3,4}-?[0-9]{4}$")]
MAX_REFERENCE = {"ocr": 35, "document": 35, "text": 140}
MAX_PAYMENT_ORE = 10**13
LATEST = 25


class Payment(Body):
    """One customer's payment over his own bank, as `POST /payments` takes it."""

    payee_bankgiro: Bankgiro
    reference: Name = ""
    kind: Literal["ocr", "document", "text"] = "ocr"
    amount_ore: int = Field(strict=True, gt=0, le=MAX_PAYMENT_ORE)
    payer_name: Name = ""
    payer_bankgiro: Bankgiro | None = None
    paid_on: date | None = None
    key: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None

    def problem(self, day: date) -> str | None:
        """What the bank would not take, beyond the shape."""
        if len(self.reference) > MAX_REFERENCE[self.kind]:
            return f"reference: at most {MAX_REFERENCE[self.kind]} characters for {self.kind}"
        if self.paid_on is not None and self.paid_on > day:
            return f"paid_on: {self.paid_on} has not come yet, the bank's day is {day}"
        return None

    def booked(self, day: date) -> store.Incoming:
        """The payment as the books have it."""
        return store.Incoming(
            payee_bankgiro=self.payee_bankgiro.replace("-", ""),
            reference=self.reference,
            kind=self.kind,
            amount_ore=self.amount_ore,
            payer_name=self.payer_name,
            payer_bankgiro=self.payer_bankgiro and self.payer_bankgiro.replace("-", ""),
            paid_on=self.paid_on or day,
            key=self.key,
        )


PAYMENTS = TypeAdapter(list[Payment])


class PushOptions(Body):
    """`POST /push`: how the files are made and where they go (None: the feed's address)."""

    version: Version | None = None
    max_payments_per_file: int | None = Field(default=None, ge=1)
    drop_folder: str | None = None


class StatementOptions(Body):
    """`POST /statement`: the day whose statement is wanted."""

    date: date
    version: Version | None = None
    drop_folder: str | None = None


class Controls(Body):
    """The bank's own controls of `POST /control`; both are remembered over a restart."""

    reject_accounts: list[str] | None = None
    report_every_seconds: float | None = Field(default=None, ge=0)


class Bank(Party):
    """One bank with one client-money account."""

    title = "Övningsbanken"
    schema = store.SCHEMA

    def __init__(self, given: argparse.Namespace) -> None:
        folder: Path = given.folder
        super().__init__(folder, given.token)
        self.account = Account(given.account, given.owner)
        self.version: str = given.camt_version
        self.report_every: float | None = given.report_every
        self.feed_url, self.feed_token = given.feed_url, given.feed_token
        self.drop_folder: str | None = given.drop_folder
        self.feed: Feed

    def routes(self) -> list[web.RouteDef]:
        """Doors for programs, then pages."""
        return [
            web.post("/payment-orders", self._payment_orders),
            web.get("/payment-orders/{message_id}", self._status_report),
            web.post("/payments", self._payments),
            web.post("/push", self._push),
            web.post("/statement", self._statement),
            web.get(r"/files/{id:\d+}", self._file),
            web.post(r"/files/{id:\d+}/push-again", self._push_again),
            web.get("/", self._overview),
            web.get("/betala", self._pay_form),
            web.post("/betala", self._pay),
        ]

    async def live(self) -> AsyncIterator[None]:
        """Deliver files, and report what is booked as often as asked."""
        self.feed = Feed(self.books, self.account, self.feed_url, self.feed_token)
        tasks = [asyncio.create_task(self.feed.run()), asyncio.create_task(self._report())]
        for task in tasks:
            task.add_done_callback(_stop_with)
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _report(self) -> None:
        while True:
            kept = await self.books.read(lambda books: setting(books, "report_every_seconds"))
            seconds = float(kept) if kept else self.report_every or 0
            await asyncio.sleep(seconds or 1)
            if seconds and (await self.books.read(store.pending))["unreported_payments"]:
                await self.report(PushOptions())

    def pending(self, books: sqlite3.Connection) -> dict[str, int]:
        """Booked and not reported; reported and not delivered."""
        return store.pending(books)

    def next_on(self, books: sqlite3.Connection) -> str | None:
        """The next day on which a payment order is executed."""
        return store.next_debit_on(books)

    def day_came(self, books: sqlite3.Connection, day: date) -> None:
        """Debit what falls due."""
        store.debit_due(books, day)

    async def control(self, body: dict[str, Any]) -> None:
        """Accounts to refuse, and how often to report by itself (0: only when asked)."""
        wish = Controls.model_validate(body)

        def keep(books: sqlite3.Connection) -> None:
            if wish.reject_accounts is not None:
                accounts = sorted({orders.plain_account(one) for one in wish.reject_accounts})
                remember(books, "reject_accounts", ",".join(accounts))
            if wish.report_every_seconds is not None:
                remember(books, "report_every_seconds", str(wish.report_every_seconds))

        await self.books.write(keep)

    # Payment orders.

    async def _payment_orders(self, request: web.Request) -> web.Response:
        self.admit(request)
        body = await request.read()
        answer, taken = await self.books.write(lambda books: self._take_order(books, body))
        if taken:
            await self.hold_answer()
        return _xml(answer)

    def _take_order(self, books: sqlite3.Connection, body: bytes) -> tuple[bytes, bool]:
        report_id, created_at = f"BTR{uuid.uuid4().hex[:24]}", now_text()
        try:
            order = self._judged(books, body)
        except orders.OrderRefusedError as refusal:
            answer = orders.refused_report(report_id, created_at, refusal)
            store.keep_order(
                books,
                message_id=refusal.message_id[: orders.MAX_ID],
                body=body,
                answer=answer,
                status="RJCT",
                reason=str(refusal),
            )
            return answer, False
        answer = orders.accepted_report(report_id, created_at, order)
        status, reason = store.refusal_status(order)
        order_id = store.keep_order(
            books,
            message_id=order.message_id,
            body=body,
            answer=answer,
            status=status,
            reason=reason,
        )
        store.keep_transfers(books, order_id, order)
        return answer, True

    def _judged(self, books: sqlite3.Connection, body: bytes) -> orders.Order:
        order = orders.read_order(body, today(books))
        if store.order_of(books, order.message_id) is not None:
            text = f"MsgId {order.message_id} was used before; nothing is paid again"
            raise orders.OrderRefusedError("AM05", text, order.message_id, order.version)
        closed = set((setting(books, "reject_accounts") or "").split(","))
        return orders.refuse_accounts(order, closed)

    async def _status_report(self, request: web.Request) -> web.Response:
        """The pain.002 first given for a MsgId."""
        self.admit(request)
        wanted = request.match_info["message_id"]
        row = await self.books.read(lambda books: store.order_of(books, wanted))
        if row is None:
            raise web.HTTPNotFound
        return _xml(row["answer"])

    # Customers' payments.

    async def _payments(self, request: web.Request) -> web.Response:
        payments = PAYMENTS.validate_json(await request.read())

        def keep(books: sqlite3.Connection) -> list[int] | list[dict[str, str]]:
            day = today(books)
            problems = [
                {"field": str(number), "text": text}
                for number, one in enumerate(payments)
                if (text := one.problem(day))
            ]
            return problems or store.keep_payments(books, [one.booked(day) for one in payments])

        try:
            kept = await self.books.write(keep)
        except store.KeyReusedError as error:
            return as_json({"errors": [{"field": "key", "text": f"{error} was used before"}]}, 409)
        if kept and isinstance(kept[0], dict):
            return as_json({"errors": kept[:100]}, status=422)
        await self.hold_answer()
        references = [
            {"id": number, "bank_reference": store.bank_reference(self.books.mark, number)}
            for number in kept
            if isinstance(number, int)
        ]
        return as_json({"accepted": len(references), "payments": references})

    # Files.

    async def report(self, options: PushOptions) -> list[int]:
        """Put everything unreported into files on disk, to be delivered; the files' ids."""
        files = await self.books.write(
            lambda books: store.open_reports(
                books,
                self.books.mark,
                version=options.version or self.version,
                drop_folder=options.drop_folder,
                most=options.max_payments_per_file,
            )
        )
        await self.feed.make()
        return files

    def _allow(self, folder: str | None) -> None:
        """Refuse to write anywhere but in the folder that this bank was told of."""
        if folder is not None and folder != self.drop_folder:
            raise web.HTTPUnprocessableEntity(text="this bank leaves files in no such folder")

    async def _push(self, request: web.Request) -> web.Response:
        options = PushOptions.model_validate(await json_object(request))
        self._allow(options.drop_folder)
        return await self._told(await self.report(options))

    async def _statement(self, request: web.Request) -> web.Response:
        options = StatementOptions.model_validate(await json_object(request))
        self._allow(options.drop_folder)
        version = options.version or self.version

        def open_files(books: sqlite3.Connection) -> list[int]:
            if options.date > today(books):
                raise web.HTTPUnprocessableEntity(text=f"{options.date} has not come yet")
            # What a statement tells of has been told in a camt.054 before it.
            files = store.open_reports(
                books,
                self.books.mark,
                version=version,
                drop_folder=options.drop_folder,
                most=None,
                up_to=options.date,
            )
            statement = store.open_statement(
                books,
                self.books.mark,
                version=version,
                day=options.date,
                drop_folder=options.drop_folder,
            )
            return [*files, statement]

        files = await self.books.write(open_files)
        await self.feed.make()
        return await self._told(files)

    async def _told(self, ids: list[int]) -> web.Response:
        files = await self.books.read(_files)
        return as_json({"files": [one for one in files if one["id"] in set(ids)]})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        number = min(int(request.match_info["id"]), 2**62)
        name = await self.books.read(lambda books: _name(books, number))
        if name is None or not self.feed.path(name).exists():
            raise web.HTTPNotFound
        return web.FileResponse(self.feed.path(name), headers={"Content-Type": "application/xml"})

    async def _push_again(self, request: web.Request) -> web.Response:
        number = min(int(request.match_info["id"]), 2**62)
        found = await self.books.write(
            lambda books: (
                books.execute(
                    "UPDATE files SET status = 'waiting' WHERE id = ? AND status <> 'making'",
                    (number,),
                ).rowcount
            )
        )
        if not found:
            raise web.HTTPNotFound
        self.feed.wake()
        return await self._told([number])

    def records(self, books: sqlite3.Connection, request: web.Request) -> dict[str, Any]:
        """Payments received after `payments_after`, all orders with their payments, all files."""
        after = whole_number(request, "payments_after", 0)
        limit = whole_number(request, "payments_limit", -1)
        payments = books.execute(
            "SELECT * FROM transactions WHERE direction = 'CRDT' AND id > ? ORDER BY id LIMIT ?",
            (after, limit),
        )
        return {
            "balance_ore": store.balance_ore(books),
            "payments": [
                {**dict(row), "paid_on": row["value_on"], "bank_reference": self._reference(row)}
                for row in payments
            ],
            "orders": _orders(books, self.books.mark),
            "files": _files(books),
        }

    def _reference(self, row: sqlite3.Row) -> str:
        return store.bank_reference(self.books.mark, row["id"])

    # Pages.

    async def _overview(self, request: web.Request) -> web.Response:
        def find(books: sqlite3.Connection) -> dict[str, Any]:
            latest = f"ORDER BY id DESC LIMIT {LATEST}"
            return {
                "today": today(books),
                "balance_ore": store.balance_ore(books),
                "transactions": books.execute(
                    "SELECT t.*, f.creditor_name FROM transactions t"
                    " LEFT JOIN transfers f ON f.id = t.transfer_id"
                    f" ORDER BY t.id DESC LIMIT {LATEST}"
                ).fetchall(),
                "orders": books.execute(
                    "SELECT o.*,"
                    " (SELECT count(*) FROM transfers WHERE order_id = o.id) AS payments,"
                    " (SELECT sum(amount_ore) FROM transfers WHERE order_id = o.id) AS amount_ore"
                    f" FROM orders o {latest}"
                ).fetchall(),
                "files": books.execute(f"SELECT * FROM files {latest}").fetchall(),
                **store.pending(books),
            }

        return page("bank_overview.html", account=self.account, **await self.books.read(find))

    async def _pay_form(self, request: web.Request) -> web.Response:
        given = {
            name: request.query.get(name, "") for name in ("bankgiro", "ocr", "belopp", "namn")
        }
        back = safe_way_back(request.query.get("tillbaka", ""))
        return page(
            "bank_pay.html", given=given, back=back, problems={}, key=f"betala-{uuid.uuid4()}"
        )

    async def _pay(self, request: web.Request) -> web.Response:
        form = await request.post()
        given = {name: _field(form.get(name)) for name in ("bankgiro", "ocr", "belopp", "namn")}
        back, key = safe_way_back(_field(form.get("tillbaka"))), _field(form.get("nyckel"))
        problems = pay_problems(given)
        if problems:
            return page(
                "bank_pay.html", status=422, given=given, back=back, problems=problems, key=key
            )
        payment = Payment(
            payee_bankgiro=given["bankgiro"].replace(" ", ""),
            reference=reference_as_kept(given["ocr"]),
            kind="ocr" if is_ocr(given["ocr"]) else "text",
            amount_ore=amount_ore(given["belopp"]) or 0,
            payer_name=given["namn"],
            key=key[:200] or None,
        )

        def keep(books: sqlite3.Connection) -> date:
            day = today(books)
            store.keep_payments(books, [payment.booked(day)])
            return day

        try:
            day = await self.books.write(keep)
        except store.KeyReusedError:
            problems = {
                "form": "Betalningen är redan gjord. Öppna sidan på nytt för att betala igen."
            }
            return page(
                "bank_pay.html", status=409, given=given, back=back, problems=problems, key=key
            )
        await self.report(PushOptions())
        return page("bank_paid.html", payment=payment, day=day, back=back)


def _stop_with(task: asyncio.Task[None]) -> None:
    """A background task that died takes the program with it: a half-alive bank helps nobody."""
    if not task.cancelled() and task.exception() is not None:
        task.get_loop().call_exception_handler(
            {"message": "a background task of the bank died", "exception": task.exception()}
        )
        raise SystemExit(1)


def _xml(content: bytes) -> web.Response:
    return web.Response(body=content, content_type="application/xml", charset="utf-8")


def _name(books: sqlite3.Connection, file_id: int) -> str | None:
    row = books.execute("SELECT name FROM files WHERE id = ?", (file_id,)).fetchone()
    return None if row is None else str(row["name"])


def _files(books: sqlite3.Connection) -> list[dict[str, Any]]:
    files = [dict(row) for row in books.execute("SELECT * FROM files ORDER BY id")]
    for file in files:
        rows = books.execute(
            "SELECT at, status, answer FROM deliveries WHERE file_id = ? ORDER BY id", (file["id"],)
        )
        file["deliveries"] = [dict(row) for row in rows]
    return files


def _orders(books: sqlite3.Connection, mark: str) -> list[dict[str, Any]]:
    found = [
        {**dict(row), "transactions": []}
        for row in books.execute(
            "SELECT id, message_id, duplicate, status, reason, received_at, received_on FROM orders"
            " ORDER BY id"
        )
    ]
    of_id = {one["id"]: one["transactions"] for one in found}
    rows = books.execute(
        "SELECT f.*, t.id AS transaction_id, t.file_id FROM transfers f"
        " LEFT JOIN transactions t ON t.transfer_id = f.id ORDER BY f.id"
    )
    for row in rows:
        booked = row["transaction_id"]
        status = "RJCT" if row["refused"] else "ACSC" if row["debited_on"] else "ACTC"
        reference = booked and store.bank_reference(mark, booked)
        of_id[row["order_id"]].append({**dict(row), "status": status, "bank_reference": reference})
    return found


# What a person writes in the form.


def _field(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def amount_ore(text: str) -> int | None:
    """Kronor as a person writes them (1 234,50) in öre; None when it is no amount of money."""
    plain = re.sub(r"[\s\u00a0\u202f]|kr$", "", text.strip().lower())
    if not re.fullmatch(r"[0-9]{1,9}([.,][0-9]{1,2})?", plain):
        return None
    whole, _, rest = plain.replace(",", ".").partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0") or 0)


def reference_as_kept(text: str) -> str:
    """An OCR number without blanks; any other message as written."""
    digits = text.replace(" ", "")
    return digits if is_ocr(text) else text


def is_ocr(text: str) -> bool:
    """Whether a reference is an OCR number: 2 to 25 digits with a right check digit."""
    digits = text.replace(" ", "")
    return bool(re.fullmatch(r"[0-9]{2,25}", digits)) and orders.luhn(digits)


def pay_problems(given: dict[str, str]) -> dict[str, str]:
    """What is wrong with a filled-in form, in Swedish, by field."""
    problems = {}
    digits = re.sub(r"[\s-]", "", given["bankgiro"])
    if not digits:
        problems["bankgiro"] = "Skriv mottagarens bankgironummer."
    elif not re.fullmatch(r"[0-9]{3,4}-?[0-9]{4}", given["bankgiro"].replace(" ", "")):
        problems["bankgiro"] = (
            "Ett bankgironummer har sju eller åtta siffror, till exempel 5050-1055."
        )
    elif not orders.luhn(digits):
        problems["bankgiro"] = "Bankgironumret stämmer inte. Kontrollera siffrorna."
    ore = amount_ore(given["belopp"])
    if not given["belopp"]:
        problems["belopp"] = "Skriv beloppet."
    elif ore is None:
        problems["belopp"] = (
            "Skriv beloppet i kronor med högst två decimaler, till exempel 1 250,50."
        )
    elif ore == 0:
        problems["belopp"] = "Beloppet måste vara större än noll."
    if not given["ocr"]:
        problems["ocr"] = "Skriv OCR-numret eller ett meddelande till mottagaren."
    elif len(given["ocr"]) > MAX_REFERENCE["text"] or not re.fullmatch(PRINTABLE, given["ocr"]):
        problems["ocr"] = "Meddelandet får ha högst 140 tecken, på en rad."
    if len(given["namn"]) > 140 or not re.fullmatch(PRINTABLE, given["namn"]):
        problems["namn"] = "Namnet får ha högst 140 tecken, på en rad."
    return problems


def safe_way_back(address: str) -> str | None:
    """The address to go back to: a path here, or a page of this same machine; None otherwise."""
    if not address or "\\" in address or re.search(r"[\x00-\x20]", address):
        return None
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    if not parts.scheme and not parts.netloc:
        return address if address.startswith("/") and not address.startswith("//") else None
    local = host in ("localhost", "127.0.0.1", "::1")
    return address if parts.scheme in ("http", "https") and local else None
