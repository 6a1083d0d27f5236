"""The second wall: whatever a query says, a company's request reaches its own rows and no others.

The tables are taken from each database's own catalogue, so a new one with a company's rows and no
wall is found here, and nobody has to remember it.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.gateway.settings import SERVICES
from tests.askers import bearer
from tests.conftest import OwnDatabase
from tests.walls.services import ONE, service
from tests.walls.test_doors import ASKERS, OTHER, doors

COMPANY = "creditor_id"
SCOPE = "scope"
"""Of the answers that are kept for whoever asked: the company, wherever one asks."""
NOT_ITS_OWN = {
    "outbox": {"insert", "select some"},
    "said": {"insert"},
    "timers": {"insert", "select", "update", "delete"},
    "outbound": {"insert", "select some"},
}
"""What its request may do to tables that are no company's: say, wake and send, and no more."""
READ_BY_ALL = {"payments": {"reference_rate": {"select"}}}
"""And what it reads beside them, by service."""

TABLES = """
  select c.relname as name, c.relrowsecurity as walled,
    array(select a.attname::text from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
    array(select pg_get_expr(p.polqual, p.polrelid) from pg_policy p
      where p.polrelid = c.oid) as policies,
    array(select r from unnest(array['select', 'insert', 'update', 'delete']) as r
      where has_table_privilege(current_user || '_tenant', c.oid, r)) as rights,
    array(select r || ' some' from unnest(array['select', 'insert', 'update']) as r
      where has_any_column_privilege(current_user || '_tenant', c.oid, r)
        and not has_table_privilege(current_user || '_tenant', c.oid, r)) as some
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
  order by c.relname
"""


async def tables_of(url: str) -> dict[str, Any]:
    """Every table and view of a service, as its catalogue tells."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return {row["name"]: row for row in await connection.fetch(TABLES)}
    finally:
        await connection.close()


@pytest.mark.parametrize("name", SERVICES)
async def test_every_table_with_a_companys_rows_stands_behind_a_wall(
    name: str, own_database: OwnDatabase
) -> None:
    """One policy, which compares the row's company with the transaction's."""
    tables = await tables_of(await own_database(name))
    owned = {each: row for each, row in tables.items() if {COMPANY, SCOPE} & set(row["columns"])}
    assert owned
    for table, row in owned.items():
        column = COMPANY if COMPANY in row["columns"] else SCOPE
        assert row["walled"], f"{name}: {table} has no wall"
        (policy,) = row["policies"]
        assert policy.startswith(f"({column} = ")
        assert "betalt.company" in policy


@pytest.mark.parametrize("name", SERVICES)
async def test_a_companys_request_may_touch_no_more_than_it_must(
    name: str, own_database: OwnDatabase
) -> None:
    """What others have said, sent or been answered is closed to it, and so is the ledger."""
    tables = await tables_of(await own_database(name))
    open_ones = {
        table: {*row["rights"], *row["some"]}
        for table, row in tables.items()
        if not row["walled"] and (row["rights"] or row["some"])
    }
    assert open_ones == NOT_ITS_OWN | READ_BY_ALL.get(name, {})


@pytest.mark.parametrize("name", SERVICES)
async def test_a_company_is_answered_all_that_it_may_ask(
    name: str, own_database: OwnDatabase
) -> None:
    """No door of its own needs a table that is closed to it."""
    with service(name, database_url=await own_database(name)) as room:
        seller = ASKERS["seller"]
        if name == "invoicing":
            joined = await room.ask("POST", "/creditors", bearer(ASKERS["newcomer"], name))
            seller = replace(seller, company=UUID(joined.json()["creditor_id"]))
        for method, path in room.routes:
            if "seller" in doors(name)[method, path]:
                answer = await room.ask(method, path, bearer(seller, name))
                assert answer.status_code < 500, f"{method} {path}: {answer.text}"
        await room.app.state.database.engine.dispose()


async def test_another_companys_answers_are_kept_from_it(own_database: OwnDatabase) -> None:
    """An answer that was kept for a key holds whatever was told, such as a customer's number."""
    url = (await own_database("invoicing")).replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "insert into command (scope, key, digest, status, body)"
            " values ($1, 'a key', '', 201, '{}')",
            OTHER,
        )
        async with connection.transaction():
            await connection.execute(
                "select set_config('role', current_user || '_tenant', true), "
                f"set_config('betalt.company', '{ONE}', true)"
            )
            assert await connection.fetch("select * from command") == []
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("select payload from said")
    finally:
        await connection.close()
