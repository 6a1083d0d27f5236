"""Statements on the driver itself: what comes back, and that no transaction is left half done."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from plumbing.clock import Clock
from plumbing.driver import LostCommitError, taken
from plumbing.transaction import Database, Work, connect, is_trouble
from tests.conftest import MakeDatabase

ADD = "insert into shelf (book) values (:given)"
BOOKS = text("select book from shelf order by book")
IDLE = text("select pg_backend_pid() as pid, pg_current_xact_id_if_assigned() is null as idle")


@pytest.fixture
async def own(make_database: MakeDatabase) -> AsyncIterator[Database]:
    """A database with one table, and one connection to it: whatever is left on it is met again."""
    engine = connect(await make_database("template1"), pool_size=1)
    async with taken(engine) as connection:
        await connection.execute(text("create table shelf (book int not null, at jsonb)"))
    yield Database(engine, Clock())
    await engine.dispose()


async def write(own: Database, *statements: tuple[str, int | None]) -> None:
    """One transaction of statements, each with a number."""
    async with own.transaction() as tx:
        for statement, given in statements:
            await tx.execute(text(statement), {"given": given})


async def books(own: Database) -> list[int]:
    async with taken(own.engine) as connection:
        return list((await connection.execute(BOOKS)).scalars())


async def test_what_comes_back_is_read_by_name_and_by_place(own: Database) -> None:
    async with own.transaction() as tx:
        for book in (2, 1):
            await tx.execute(text(ADD), {"given": book})
        answer = await tx.execute(
            text(
                "select book, :of || book::text as name, at from shelf where :of <> '' order by 1"
            ),
            {"of": "nr "},
        )
        assert [(row.book, row[1], row.at) for row in answer] == [
            (1, "nr 1", None),
            (2, "nr 2", None),
        ]
        assert answer.first() == (1, "nr 1", None)
        assert answer.mappings().all()[1] == {"book": 2, "name": "nr 2", "at": None}
        assert answer.scalars().all() == [1, 2]
        clash = (await tx.execute(text("select 1 as items, 2 as keys, 3 as get"))).one()
        assert (clash.items, clash.keys, clash.get) == (1, 2, 3)
        with pytest.raises(AttributeError, match="author"):
            _ = answer.all()[0].author
        with pytest.raises(LookupError, match="2 came"):
            answer.one()
        nothing = await tx.execute(text("select book from shelf where book > 5"))
        assert (nothing.first(), nothing.scalar(), nothing.all()) == (None, None, [])
        with pytest.raises(LookupError, match="0 came"):
            nothing.scalar_one()


async def test_an_error_undoes_all_of_it_and_the_connection_goes_on(own: Database) -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        await write(own, (ADD, 1), (ADD, None))
    with pytest.raises(KeyError):
        await write(own, (ADD, 1), ("select :other", 1))
    assert await books(own) == []
    await write(own, (ADD, 2))
    assert await books(own) == [2]


async def test_one_that_is_cancelled_in_a_statement_leaves_nothing_behind(own: Database) -> None:
    """The connection is the only one: it must come back, and not in somebody's transaction."""

    task = asyncio.create_task(write(own, (ADD, 1), ("select pg_sleep(:given)", 60)))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5), taken(own.engine) as connection:
        assert (await connection.execute(IDLE)).one().idle
    assert await books(own) == []


async def test_a_connection_that_was_lost_is_not_given(own: Database) -> None:
    """A database that was started anew is met at the first try, not when the pool is used up."""
    async with taken(own.engine) as connection:
        lost = (await connection.execute(IDLE)).one().pid
    other = connect(own.engine.url.render_as_string(hide_password=False), pool_size=1)
    async with taken(other) as connection:
        await connection.execute(text("select pg_terminate_backend(:pid)"), {"pid": lost})
    await asyncio.sleep(0.2)
    async with taken(own.engine) as connection:
        assert (await connection.execute(IDLE)).one().pid != lost
    await other.dispose()


async def test_one_that_is_lost_in_the_middle_is_trouble_and_not_kept(own: Database) -> None:
    with pytest.raises(asyncpg.PostgresError) as failed:
        await write(own, (ADD, 1), ("select pg_terminate_backend(pg_backend_pid() + :given)", 0))
    assert is_trouble(failed.value)
    assert await books(own) == []


async def test_a_failed_statement_that_is_passed_over_cannot_look_committed(own: Database) -> None:
    """PostgreSQL answers such a commit with a rollback, and no error."""

    async def pass_it_over() -> None:
        async with own.transaction() as tx:
            await tx.execute(text(ADD), {"given": 1})
            with contextlib.suppress(asyncpg.NotNullViolationError):
                await tx.execute(text(ADD), {"given": None})

    with pytest.raises(LostCommitError, match="ROLLBACK"):
        await pass_it_over()
    assert await books(own) == []


async def test_a_table_that_was_changed_meanwhile_is_trouble_once(own: Database) -> None:
    """A migration beside a running service: the plan that it kept is void, the next one is not."""
    everything = text("select * from shelf")

    async def read() -> list[Any]:
        async with own.transaction() as tx:
            return (await tx.execute(everything)).all()

    await read()
    other = connect(own.engine.url.render_as_string(hide_password=False), pool_size=1)
    async with taken(other) as connection:
        await connection.execute(text("alter table shelf add column author text"))
    await other.dispose()
    with pytest.raises(asyncpg.PostgresError) as failed:
        await read()
    assert is_trouble(failed.value)
    assert await read() == []


async def test_what_the_driver_refuses_to_send_is_no_trouble(own: Database) -> None:
    with pytest.raises(asyncpg.DataError) as failed:
        await write(own, (ADD, 2**40))
    assert not is_trouble(failed.value)


async def test_rest_is_when_nothing_was_worked_on_for_a_while() -> None:
    work = Work()
    begun = time.monotonic()
    await work.rest(0.01, until=begun + 5)
    assert time.monotonic() - begun < 1

    async def toil() -> None:
        with work.piece():
            await asyncio.sleep(0.2)

    toiling = asyncio.create_task(toil())
    await asyncio.sleep(0)
    begun = time.monotonic()
    await work.rest(0.05, until=begun + 5)
    assert toiling.done()
    assert time.monotonic() - begun >= 0.24, "and a while after"
    with work.piece():
        await work.rest(0.01, until=time.monotonic() + 0.05)  # patience ends
