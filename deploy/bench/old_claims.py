"""Lays down old claims by SQL, so that growth can be measured: issuing them would take an hour.

Nothing is made up: claims that the platform itself issued and saw paid are copied as they lie in
every service's tables, with other identifiers. An old identifier begins with the copy's number
where a new one has the time, so copies sort before everything new, as old rows do. What was payable
of a copy is under way to its company.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg
from rich.progress import track

from deploy.bench.figures import Figures

COLUMNS = """
  select column_name from information_schema.columns
  where table_schema = 'public' and table_name = $1 and is_identity = 'NO' order by ordinal_position
"""


def _old(column: str) -> str:
    """An identifier as the $1-th copy has it."""
    return f"cast(lpad(to_hex($1::int), 8, '0') || substr(cast({column} as text), 9) as uuid)"


OF_CLAIM = "claim_id in (table original)"
MARKS: Mapping[str, Sequence[str]] = {
    "payments": (
        f"create temp table paid as select payment_id from allocation where {OF_CLAIM}",
        """
        create temp table booked as select distinct transaction_id from posting
        where account = 'claim' and owner in (table original)
        """,
    )
}
"""What else marks the rows to copy; `original` and `heard` are everywhere."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A table, which of its rows are copied, and how a copy's columns differ."""

    table: str
    changes: Mapping[str, str] = field(default_factory=lambda: {"claim_id": _old("claim_id")})
    where: str = OF_CLAIM


INBOX = Copied("inbox", {"event_id": _old("event_id")}, "event_id in (table heard)")
TABLES: Mapping[str, Sequence[Copied]] = {
    "invoicing": (
        Copied(
            "invoice",
            {
                "claim_id": _old("claim_id"),
                "number": "number + $1::bigint * 1000000000",
                "ocr": "ocr || $1::int",
            },
        ),
        Copied("document"),
        Copied("timeline"),
        INBOX,
    ),
    "payments": (
        Copied("claim", {"claim_id": _old("claim_id"), "ocr": "ocr || '-' || $1::int"}),
        Copied("payment", {"payment_id": _old("payment_id")}, "payment_id in (table paid)"),
        Copied("journal", {"id": _old("id")}, "id in (table booked)"),
        Copied(
            "posting",
            {
                "transaction_id": _old("transaction_id"),
                "account": "case account when 'payable' then 'transit' else account end",
                "owner": "case when account in ('claim', 'overpaid') then "
                + f"{_old('owner')} else owner end",
            },
            "transaction_id in (table booked)",
        ),
        Copied(
            "allocation",
            {
                "claim_id": _old("claim_id"),
                "payment_id": _old("payment_id"),
                "payout_id": "creditor_id",
            },
        ),
        INBOX,
    ),
    "dunning": (Copied("claim"), INBOX),
    "collections": (Copied("claim"), INBOX),
    "notifications": (
        Copied("recipients"),
        Copied("invoices"),
        Copied(
            "deliveries",
            {"claim_id": _old("claim_id"), "delivery_id": _old("delivery_id")},
        ),
        INBOX,
    ),
}
"""Every table that keeps something of a claim that was issued and paid."""
AFTERWARDS: Mapping[str, Sequence[str]] = {
    "payments": (
        """
        insert into payout (payout_id, batch_id, creditor_id, amount_ore, account_masked, state,
          ordered_on, execute_on)
        select creditor_id, creditor_id, creditor_id, sum(creditor_part_ore), '', 'accepted',
          max(booked_on), max(booked_on)
        from allocation where payout_id = creditor_id group by creditor_id
        """,
    )
}
"""What makes the copies whole: each company's old money is one payout under way, of its own id."""


async def lay_down(
    figures: Figures, urls: Mapping[str, str], originals: Sequence[str], count: int
) -> int:
    """Copy claims until `count` old ones lie in every service's database; returns how many do."""
    copies = -(-count // len(originals))
    for service, tables in TABLES.items():
        url = urls[service].replace("postgresql+asyncpg", "postgresql")
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("create temp table original (claim_id uuid primary key)")
            rows = [(each,) for each in originals]
            await connection.copy_records_to_table("original", records=rows)
            heard = f"select event_id from inbox limit {2 * len(originals)}"
            await connection.execute(f"create temp table heard as {heard}")
            for mark in MARKS.get(service, ()):
                await connection.execute(mark)
            await connection.execute("analyze")
            statements = [await _statement(connection, each) for each in tables]
            told = f"  old claims in {service}"
            for nth in track(range(1, copies + 1), told, console=figures.console):
                async with connection.transaction():
                    for statement in statements:
                        await connection.execute(statement, nth)
            for statement in AFTERWARDS.get(service, ()):
                await connection.execute(statement)
            await connection.execute("analyze")
        finally:
            await connection.close()
    return copies * len(originals)


async def _statement(connection: asyncpg.Connection, copied: Copied) -> str:
    names = [row[0] for row in await connection.fetch(COLUMNS, copied.table)]
    values = ", ".join(copied.changes.get(name, name) for name in names)
    return (
        f"insert into {copied.table} ({', '.join(names)}) "
        f"select {values} from {copied.table} where {copied.where}"
    )
