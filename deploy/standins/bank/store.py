"""The bank's own books: orders, what is booked on the account, and the files that tell of it.

One row of `transactions` is one booked payment, in or out; it is told of in exactly one camt.054
file, at the first report after its day. A deposit is one payee's credits of one day in one file.
Amounts in öre.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import orjson

from deploy.standins.bank.days import executed_on
from deploy.standins.bank.orders import Order, group_status
from deploy.standins.books import now_text, today

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
  id INTEGER PRIMARY KEY,
  message_id TEXT NOT NULL,
  duplicate INTEGER NOT NULL,
  status TEXT NOT NULL,
  reason TEXT,
  received_at TEXT NOT NULL,
  received_on TEXT NOT NULL,
  body BLOB NOT NULL,
  answer BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS orders_message_id ON orders (message_id)
  WHERE duplicate = 0 AND message_id <> '';
CREATE TABLE IF NOT EXISTS transfers (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders,
  payment_information_id TEXT NOT NULL,
  instruction_id TEXT NOT NULL,
  end_to_end_id TEXT NOT NULL,
  amount_ore INTEGER NOT NULL CHECK (amount_ore > 0),
  execute_on TEXT NOT NULL,
  debit_on TEXT NOT NULL,
  creditor_name TEXT NOT NULL,
  creditor_account TEXT NOT NULL,
  account_kind TEXT NOT NULL,
  reference TEXT NOT NULL,
  refused TEXT,
  debited_on TEXT
);
CREATE INDEX IF NOT EXISTS transfers_order ON transfers (order_id);
CREATE INDEX IF NOT EXISTS transfers_due ON transfers (debit_on)
  WHERE refused IS NULL AND debited_on IS NULL;
CREATE TABLE IF NOT EXISTS transactions (
  id INTEGER PRIMARY KEY,
  direction TEXT NOT NULL CHECK (direction IN ('CRDT', 'DBIT')),
  amount_ore INTEGER NOT NULL CHECK (amount_ore > 0),
  booked_on TEXT NOT NULL,
  value_on TEXT NOT NULL,
  payee_bankgiro TEXT,
  kind TEXT,
  reference TEXT,
  payer_name TEXT,
  payer_bankgiro TEXT,
  key TEXT UNIQUE,
  transfer_id INTEGER UNIQUE REFERENCES transfers,
  file_id INTEGER REFERENCES files
);
CREATE INDEX IF NOT EXISTS transactions_unreported ON transactions (id) WHERE file_id IS NULL;
CREATE INDEX IF NOT EXISTS transactions_file
  ON transactions (file_id, direction, payee_bankgiro, value_on);
CREATE INDEX IF NOT EXISTS transactions_booked ON transactions (booked_on, direction, amount_ore);
CREATE TABLE IF NOT EXISTS deposits (
  id INTEGER PRIMARY KEY,
  file_id INTEGER NOT NULL REFERENCES files,
  payee_bankgiro TEXT NOT NULL,
  booked_on TEXT NOT NULL,
  value_on TEXT NOT NULL,
  payments INTEGER NOT NULL,
  amount_ore INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS deposits_file ON deposits (file_id);
CREATE INDEX IF NOT EXISTS deposits_booked ON deposits (booked_on);
CREATE TABLE IF NOT EXISTS files (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('camt.054', 'camt.053')),
  version TEXT NOT NULL,
  statement_on TEXT,
  drop_folder TEXT,
  made_on TEXT NOT NULL,
  made_at TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('making', 'waiting', 'delivered', 'refused')),
  payments INTEGER NOT NULL,
  size INTEGER,
  sha256 TEXT,
  opening_ore INTEGER,
  closing_ore INTEGER
);
CREATE INDEX IF NOT EXISTS files_open ON files (status) WHERE status IN ('making', 'waiting');
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY,
  file_id INTEGER NOT NULL REFERENCES files,
  at TEXT NOT NULL,
  status INTEGER NOT NULL,
  answer TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_file ON deliveries (file_id);
"""


@dataclass(frozen=True)
class Incoming:
    """One customer's payment to a bankgiro; `kind` is ocr, document or text."""

    payee_bankgiro: str
    reference: str
    kind: str
    amount_ore: int
    payer_name: str
    payer_bankgiro: str | None
    paid_on: date
    key: str | None


class KeyReusedError(Exception):
    """An idempotency key came again with another payment."""


def bank_reference(mark: str, transaction_id: int) -> str:
    """The bank's own reference of one payment (`AcctSvcrRef`), unique for ever."""
    return f"BTP{mark}{transaction_id:012d}"


def keep_order(
    books: sqlite3.Connection,
    *,
    message_id: str,
    body: bytes,
    answer: bytes,
    status: str,
    reason: str | None,
) -> int:
    """Record one message with its answer; one whose id was used before is marked as duplicate."""
    return int(
        books.execute(
            "INSERT INTO orders (message_id, duplicate, status, reason, received_at, received_on,"
            " body, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                message_id,
                order_of(books, message_id) is not None,
                status,
                reason,
                now_text(),
                today(books).isoformat(),
                body,
                answer,
            ),
        ).lastrowid
        or 0
    )


def order_of(books: sqlite3.Connection, message_id: str) -> sqlite3.Row | None:
    """The message that first used an id, or None."""
    row: sqlite3.Row | None = books.execute(
        "SELECT * FROM orders WHERE message_id = ? AND duplicate = 0 AND message_id <> ''",
        (message_id,),
    ).fetchone()
    return row


def keep_transfers(books: sqlite3.Connection, order_id: int, order: Order) -> None:
    """Record the payments of a message that was taken, and debit those whose day it is.

    A day on which the bank is closed is its next one.
    """
    day = today(books)
    books.executemany(
        "INSERT INTO transfers (order_id, payment_information_id, instruction_id, end_to_end_id,"
        " amount_ore, execute_on, debit_on, creditor_name, creditor_account, account_kind,"
        " reference, refused) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                order_id,
                one.payment_information_id,
                one.instruction_id,
                one.end_to_end_id,
                one.amount_ore,
                one.execute_on.isoformat(),
                executed_on(max(one.execute_on, day)).isoformat(),
                one.creditor_name,
                one.creditor_account,
                one.account_kind,
                one.reference,
                one.refused,
            )
            for one in order.transfers
        ],
    )
    debit_due(books, day)


def debit_due(books: sqlite3.Connection, day: date) -> None:
    """Debit every taken payment whose day has come, each on its own day, in order."""
    due = "refused IS NULL AND debited_on IS NULL AND debit_on <= ?"
    books.execute(
        "INSERT INTO transactions (direction, amount_ore, booked_on, value_on, reference,"
        " transfer_id) SELECT 'DBIT', amount_ore, debit_on, debit_on, reference, id"
        f" FROM transfers WHERE {due} ORDER BY debit_on, id",
        (day.isoformat(),),
    )
    books.execute(f"UPDATE transfers SET debited_on = debit_on WHERE {due}", (day.isoformat(),))


def keep_payments(books: sqlite3.Connection, payments: list[Incoming]) -> list[int]:
    """Book customers' payments; the id of each, an old one where the key was used before.

    Raises `KeyReusedError` when a key came before with another payment; then nothing is booked.
    """
    booked_on = today(books).isoformat()
    next_id = books.execute("SELECT coalesce(max(id), 0) + 1 FROM transactions").fetchone()[0]
    known = _known(books, [one.key for one in payments if one.key is not None])
    ids: list[int] = []
    rows = []
    for one in payments:
        content = _content(one)
        if one.key is not None and one.key in known:
            old_id, old_content = known[one.key]
            if old_content != content:
                raise KeyReusedError(one.key)
            ids.append(old_id)
            continue
        if one.key is not None:
            known[one.key] = (next_id, content)
        rows.append((next_id, booked_on, one.key, *content))
        ids.append(next_id)
        next_id += 1
    books.executemany(
        "INSERT INTO transactions (id, direction, booked_on, key, payee_bankgiro, reference, kind,"
        " amount_ore, payer_name, payer_bankgiro, value_on)"
        " VALUES (?, 'CRDT', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    return ids


Content = tuple[str, str, str, int, str, str | None, str]


def _content(one: Incoming) -> Content:
    return (
        one.payee_bankgiro,
        one.reference,
        one.kind,
        one.amount_ore,
        one.payer_name,
        one.payer_bankgiro,
        one.paid_on.isoformat(),
    )


def _known(books: sqlite3.Connection, keys: list[str]) -> dict[str, tuple[int, Content]]:
    rows = books.execute(
        "SELECT key, id, payee_bankgiro, reference, kind, amount_ore, payer_name, payer_bankgiro,"
        " value_on FROM transactions WHERE key IN (SELECT value FROM json_each(?))",
        (orjson.dumps(keys).decode(),),
    )
    return {row[0]: (row[1], tuple(row)[2:]) for row in rows}


def open_reports(
    books: sqlite3.Connection,
    mark: str,
    *,
    version: str,
    drop_folder: str | None,
    most: int | None,
    up_to: date | None = None,
) -> list[int]:
    """Open camt.054 files for everything unreported, at most `most` payments in each; their ids."""
    day = today(books)
    debit_due(books, day)
    limit, last_day = most or -1, (up_to or date.max).isoformat()
    files: list[int] = []
    while True:
        file_id = _open_file(
            books, mark, kind="camt.054", version=version, day=day, drop_folder=drop_folder
        )
        payments = books.execute(
            "UPDATE transactions SET file_id = ? WHERE id IN (SELECT id FROM transactions"
            " WHERE file_id IS NULL AND booked_on <= ? ORDER BY id LIMIT ?)",
            (file_id, last_day, limit),
        ).rowcount
        if payments == 0:
            books.execute("DELETE FROM files WHERE id = ?", (file_id,))
            return files
        books.execute("UPDATE files SET payments = ? WHERE id = ?", (payments, file_id))
        books.execute(
            "INSERT INTO deposits (file_id, payee_bankgiro, booked_on, value_on, payments,"
            " amount_ore) SELECT file_id, payee_bankgiro, booked_on, value_on, count(*),"
            " sum(amount_ore) FROM transactions WHERE file_id = ? AND direction = 'CRDT'"
            " GROUP BY payee_bankgiro, booked_on, value_on ORDER BY value_on, payee_bankgiro",
            (file_id,),
        )
        files.append(file_id)


def open_statement(
    books: sqlite3.Connection, mark: str, *, version: str, day: date, drop_folder: str | None
) -> int:
    """Open the account statement of one day; its balances are those of this moment."""
    file_id = _open_file(
        books,
        mark,
        kind="camt.053",
        version=version,
        day=today(books),
        drop_folder=drop_folder,
        statement_on=day,
    )
    opening = balance_ore(books, "booked_on < ?", day)
    closing = balance_ore(books, "booked_on <= ?", day)
    payments = books.execute(
        "SELECT count(*) FROM transactions WHERE booked_on = ?", (day.isoformat(),)
    ).fetchone()[0]
    books.execute(
        "UPDATE files SET opening_ore = ?, closing_ore = ?, payments = ? WHERE id = ?",
        (opening, closing, payments, file_id),
    )
    return file_id


def _open_file(
    books: sqlite3.Connection,
    mark: str,
    *,
    kind: str,
    version: str,
    day: date,
    drop_folder: str | None,
    statement_on: date | None = None,
) -> int:
    file_id = books.execute("SELECT coalesce(max(id), 0) + 1 FROM files").fetchone()[0]
    name = f"{kind}.{version}_{day:%Y%m%d}_{mark}_{file_id:06d}.xml"
    books.execute(
        "INSERT INTO files (id, name, kind, version, statement_on, drop_folder, made_on, made_at,"
        " status, payments) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'making', 0)",
        (
            file_id,
            name,
            kind,
            version,
            statement_on and statement_on.isoformat(),
            drop_folder,
            day.isoformat(),
            now_text(),
        ),
    )
    return int(file_id)


def balance_ore(books: sqlite3.Connection, condition: str = "?", day: date | None = None) -> int:
    """The account's balance over the transactions that meet a condition on a day (all without)."""
    row = books.execute(
        "SELECT coalesce(sum(CASE direction WHEN 'CRDT' THEN amount_ore ELSE -amount_ore END), 0)"
        f" FROM transactions WHERE {condition}",
        (day.isoformat() if day else 1,),
    ).fetchone()
    return int(row[0])


def next_debit_on(books: sqlite3.Connection) -> str | None:
    """The next day (ISO) on which a transfer is to be debited."""
    waiting = "refused IS NULL AND debited_on IS NULL"
    row = books.execute(f"SELECT min(debit_on) FROM transfers WHERE {waiting}").fetchone()
    return None if row[0] is None else str(row[0])


def pending(books: sqlite3.Connection) -> dict[str, int]:
    """Booked and not yet in a file; in a file and not yet delivered."""
    unreported = books.execute("SELECT count(*) FROM transactions WHERE file_id IS NULL")
    files = books.execute("SELECT count(*) FROM files WHERE status IN ('making', 'waiting')")
    return {
        "unreported_payments": unreported.fetchone()[0],
        "undelivered_files": files.fetchone()[0],
    }


def refusal_status(order: Order) -> tuple[str, str | None]:
    """An order's status, and the first reason when some payment was refused."""
    reasons: Iterable[str] = (one.refused for one in order.transfers if one.refused)
    return group_status(order.transfers), next(iter(reasons), None)
