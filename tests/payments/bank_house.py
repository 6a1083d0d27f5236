"""Payments with a database of its own, open claims and files from the bank, for intake's tests."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import pytest
from sqlalchemy import text

from contracts.envelope import Event
from contracts.invoicing import InvoiceIssued
from plumbing.clock import Clock
from plumbing.transaction import Database, connect
from services.payments import pain001
from services.payments.handlers import intake, opening
from services.payments.handlers.bank_files import BankFiles
from services.payments.handlers.payouts import Payer
from services.payments.store import ledger
from tests.conftest import OwnDatabase
from tests.payments import camt_samples, facts

DEBTOR = pain001.Debtor(
    "Betalt Klientmedel AB", "Stockholm", "5566778899", "SE3550000000054910000003", "ESSESESS"
)
PAYER = Payer(DEBTOR)
IDS = UUID("0190d2f0-0000-7000-8000-000000000001")


class House:
    """Payments without its doors: handlers are called as they would call them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = connect(url)
        self.clock = Clock()
        self.database = Database(self.engine, self.clock)
        self.files = BankFiles(self.database)

    async def open_claims(self, count: int, total_ore: int = 100_00) -> list[InvoiceIssued]:
        """Open claims with OCRs that follow from their number."""
        issued = [
            facts.invoice(total_ore, claim_id=uuid5(IDS, str(n)), ocr=ocr(n)) for n in range(count)
        ]
        for at in range(0, count, 2_000):
            async with self.database.transaction() as tx:
                await opening.open_claims(tx, issued[at : at + 2_000], others={})
        return issued

    async def send(self, body: bytes | Iterable[bytes], name: str = "f.xml") -> intake.Received:
        """Take a file in as the bank's door does."""
        return await intake.receive(
            self.database,
            streamed(body),
            name=name,
            rules=self.files.rules,
            ahead=self.files.ahead,
        )

    async def work_all(self) -> None:
        """Work through files until none may go on."""
        while await self.files.work():
            pass

    async def rows(self, sql: str, **given: Any) -> list[Any]:
        """What a query gives."""
        async with self.engine.connect() as connection:
            return list((await connection.execute(text(sql), given)).all())

    async def one(self, sql: str, **given: Any) -> Any:
        """The one value that a query gives."""
        return (await self.rows(sql, **given))[0][0]

    async def said(self, event: type[Event]) -> list[dict[str, Any]]:
        """Payloads of what was said of a kind, in order."""
        kind = "select payload from said where type = :type order by batch, n"
        return [json.loads(row.payload) for row in await self.rows(kind, type=event.type)]

    async def check_ledger(self) -> None:
        """Fail unless the ledger is right."""
        async with self.database.transaction() as tx:
            assert not (await ledger.check(tx)).problems

    async def balance(self, account: str) -> int:
        """Öre on all accounts of a kind."""
        sql = "select coalesce(sum(amount_ore), 0)::bigint from posting where account = :account"
        return int(await self.one(sql, account=account))

    async def move_to(self, day: date) -> None:
        """Let the business day be another."""
        await self.clock.move(self.engine, day)


@asynccontextmanager
async def house_on(url: str) -> AsyncIterator[House]:
    """A house on a database, its connections closed afterwards."""
    house = House(url)
    yield house
    await house.engine.dispose()


@pytest.fixture
async def house(own_database: OwnDatabase) -> AsyncIterator[House]:
    """Payments on a fresh database."""
    async with house_on(await own_database("payments")) as made:
        yield made


def ocr(n: int) -> str:
    """The OCR of the n-th claim; unlike any other number in a file."""
    return str(7_000_000_000 + n)


def key(n: int) -> str:
    """The bank's reference of the n-th payment."""
    return f"BTP{n:09d}"


def credit(
    numbers: Iterable[int], amount: str = "100.00", entry: str = "E1", more: Sequence[Any] = ()
) -> camt_samples.Ntry:
    """A deposit with a payment for each of the claims."""
    txs = tuple(
        camt_samples.Tx(
            amount=amount,
            bank_reference=key(n),
            payee_bankgiro="9912346",
            remittance=camt_samples.ocr(ocr(n)),
        )
        for n in numbers
    )
    total = sum(int(tx.amount.replace(".", "")) for tx in txs if tx.amount)
    return camt_samples.Ntry(
        txs=txs, amount=f"{total // 100}.{total % 100:02}", bank_reference=entry
    )


def debit(end_to_end_id: str, amount: str, reference: str = "D1") -> camt_samples.Ntry:
    """A debit on our account."""
    tx = camt_samples.Tx(
        amount=amount, bank_reference=reference, end_to_end_id=end_to_end_id, payee_bankgiro=None
    )
    return camt_samples.Ntry((tx,), amount=amount, sign="DBIT", bank_reference=f"E{reference}")


def notification(*entries: camt_samples.Ntry) -> bytes:
    """A camt.054 with these entries."""
    return camt_samples.Camt(entries).xml()


def statement(*entries: camt_samples.Ntry, balances: str = "") -> bytes:
    """A camt.053 with these entries."""
    return camt_samples.Camt(entries, message="camt.053.001.02", balances=balances).xml()


def large(count: int, amount: str = "100.00") -> Iterator[bytes]:
    """A camt.054 of many payments in one deposit, written as it is read."""
    whole, part = frame(count, amount)
    head, tail = whole.split(b"@@")
    yield head
    for at in range(0, count, 500):
        yield b"".join(
            part.replace(b"KEY", key(n).encode()).replace(b"OCR", ocr(n).encode())
            for n in range(at, min(at + 500, count))
        )
    yield tail


def frame(count: int, amount: str) -> tuple[bytes, bytes]:
    """The file around its payments, and one payment; the sum of the entry is right."""
    tx = camt_samples.Tx(
        amount=amount,
        bank_reference="KEY",
        payee_bankgiro="9912346",
        remittance=camt_samples.ocr("OCR"),
    )
    total = int(amount.replace(".", "")) * count
    entry = camt_samples.Ntry((tx,), amount=f"{total // 100}.{total % 100:02}")
    body = notification(entry)
    first, last = body.index(b"<TxDtls>"), body.index(b"</TxDtls>") + len(b"</TxDtls>\n")
    return body[:first] + b"@@" + body[last:], body[first:last]


async def streamed(body: bytes | Iterable[bytes]) -> AsyncIterator[bytes]:
    """A body as a server gives it, in small parts."""
    if isinstance(body, bytes):
        file = io.BytesIO(body)
        while part := file.read(65_536):
            yield part
        return
    for part in body:
        yield part
