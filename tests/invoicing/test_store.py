"""What the database itself promises: numbers without gaps, walls, states, documents that stand."""

import asyncio
import itertools
from datetime import date

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from plumbing.transaction import Transaction
from services.invoicing.domain.standing import Standing, state_of
from services.invoicing.store import standing as store
from tests.invoicing import builders


async def test_four_writers_on_one_series_leave_no_gap_and_meet_no_error(house):
    """R-56. Four processes, as it were: within one, what is posted at once is issued together."""
    seller = await house.seller()
    twins = [house.twin() for _ in range(3)]
    writers = [house.asker("seller", app=app, company=seller.company) for app in twins]

    async def write(writer: httpx2.AsyncClient) -> list[int]:
        numbers = []
        for _ in range(10):
            answer = await writer.post("/invoices", json=builders.invoice())
            assert answer.status_code == 201, answer.text
            numbers.append(answer.json()["number"])
        return numbers

    async def write_many(writer: httpx2.AsyncClient) -> list[int]:
        bulk = {"invoices": [builders.invoice(rows=[]), *[builders.invoice()] * 20]}
        answer = await writer.post("/invoices/bulk", json=bulk)
        return [result["number"] for result in answer.json()["results"] if "number" in result]

    each = [work(writer) for writer in (seller, *writers) for work in (write, write_many)]
    numbers = await asyncio.gather(*each)
    assert sorted(itertools.chain(*numbers)) == list(range(1, 121))
    (ocrs,) = await house.rows("select count(distinct ocr) from invoice")
    assert ocrs[0] == 120
    for twin in twins:
        await twin.state.database.engine.dispose()


async def test_a_failed_issue_burns_no_number(house):
    seller = await house.seller()
    await seller.post("/invoices", json=builders.invoice())

    async def fail() -> None:
        async with house.app.state.database.transaction(tenant=seller.company) as tx:
            await tx.execute(text("update series set next = next + 1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert (await seller.post("/invoices", json=builders.invoice())).json()["number"] == 2


async def test_a_company_sees_no_row_of_another_even_without_asking_for_its_own(house):
    mine, other = await house.seller(), await house.seller()
    for seller in (mine, other):
        await seller.post("/articles", json={"name": "Färg", "price_ore": 1, "vat_percent": 25})
        issued = (await seller.post("/invoices", json=builders.invoice())).json()
        await seller.post(f"/invoices/{issued['claim_id']}/messages", json={"text": "Hej"})
        await seller.post(f"/invoices/{issued['claim_id']}/credit", json={"reason": "Fel"})
    tables = (
        *("creditor", "series", "customer", "article", "invoice", "document"),
        *("credit_note", "message"),
    )
    async with house.app.state.database.transaction(tenant=mine.company) as tx:
        for table in tables:
            seen = await tx.execute(text(f"select distinct creditor_id from {table}"))
            assert [row.creditor_id for row in seen] == [mine.company], table
    async with house.app.state.database.transaction(tenant=mine.company) as tx:
        changed = await tx.execute(text("update invoice set settled = true returning claim_id"))
        assert len(changed.all()) == 1


async def test_every_table_of_a_company_has_the_wall(house):
    open_tables = await house.rows("""
      select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
      where a.attname = 'creditor_id' and c.relkind = 'r' and not c.relrowsecurity
    """)
    assert open_tables == []


async def test_what_was_issued_cannot_be_changed_in_the_database(house):
    seller = await house.seller()
    await seller.post("/invoices", json=builders.invoice())
    for change in ("update document set body = 'x'", "delete from document"):
        with pytest.raises(DBAPIError, match="never changes"):
            await house.rows(change)


async def test_the_state_in_lists_is_the_state_of_the_rules_for_every_set_of_facts(house):
    """The ladder is one: SQL reads it as the rules do, for all 4,096 combinations."""
    seller = await house.seller()
    issued = (await seller.post("/invoices", json=builders.invoice())).json()
    today = date(2027, 1, 1)
    await house.rows("""
      insert into invoice
      select uuidv7(), i.creditor_id, i.customer_id, b.v + 2, i.total_ore,
        i.remaining_ore, i.issued_on, date '2027-01-01' - (b.v & 1),
        case when b.v & 2 > 0 then i.issued_on end, b.v & 4 > 0, b.v & 8 > 0, (b.v & 16) / 16,
        b.v & 32 > 0, case b.v & 192 when 64 then true when 128 then false end,
        case when b.v & 256 > 0 then i.issued_on end, b.v & 512 > 0, b.v & 1024 > 0, b.v & 1 = 0,
        false, i.ocr, i.customer_name
      from invoice i, generate_series(0, 4095) as b(v) where i.number = 1
    """)
    await house.rows("update invoice set undelivered = (number - 2) & 2048 > 0 where number > 1")
    async with house.app.state.database.transaction() as tx:
        rows = (
            await tx.execute(
                text(f"select {', '.join(store.STANDING)}, {store.STATE} as state from invoice i"),
                {"today": today},
            )
        ).all()
    assert len(rows) == 4097
    for row in rows:
        *facts, state = row
        assert state_of(Standing(*facts), today).value == state
    assert issued["number"] == 1


async def test_a_search_by_the_first_letters_uses_its_index(house):
    """R-45: also behind row-level security, where `like` would read the whole register."""
    seller = await house.seller()
    await house.rows(
        """
        insert into customer select uuidv7(), :company, 'consumer', 'Kund ' || n, 'kund ' || n,
          null, null, null, null, null, 'email' from generate_series(1, 5000) n
        """,
        company=seller.company,
    )
    await house.rows("analyze customer")
    async with house.app.state.database.transaction(tenant=seller.company) as tx:
        plan = await _plan(tx, seller.company)
    assert "customer_name" in plan
    assert "Seq Scan" not in plan


async def _plan(tx: Transaction, company: object) -> str:
    explained = await tx.execute(
        text("""
          explain select name from customer where creditor_id = :company
            and (name_key, customer_id) > ('kund 49', '00000000-0000-0000-0000-000000000000')
            and name_key < 'kund 49\U0010ffff' order by name_key, customer_id limit 50
        """),
        {"company": company},
    )
    return "\n".join(explained.scalars())
