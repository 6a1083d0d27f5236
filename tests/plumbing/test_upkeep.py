"""What plumbing keeps, it also lets go of; and what it shows of work that cannot go on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.ids import new_id
from plumbing import archive, outbound
from plumbing.archive import keep_archive
from plumbing.clock import real_now
from plumbing.commands import forget_answers
from plumbing.operations import TROUBLES, backlog, numbers
from plumbing.outbound import Carrier, UndeliverableError
from tests.conftest import OwnDatabase
from tests.plumbing import toy
from tests.plumbing.conftest import Library, rows, say

DAYS = "select tableoid::regclass::text, count(*) from said group by 1 order by 1"
SAID_ON = """
  select pg_get_expr(adbin, adrelid) from pg_attrdef d
  join pg_attribute a on (a.attrelid, a.attnum) = (d.adrelid, d.adnum)
  where d.adrelid = 'outbox'::regclass and a.attname = 'said_on'
"""
ANSWERED = text("""
  insert into command (scope, key, digest, status, body, answered_at)
  select :scope, k, '', 201, '', now() - k::int * interval '1 day'
  from unnest(cast(:keys as text[])) as k
""")


async def test_a_machine_that_slept_past_its_partitions_makes_them_when_it_wakes(
    library: Library,
) -> None:
    """What was said meanwhile lies in the default partition, and moves to its day."""
    desk, today = library.make_desk(), real_now().date()
    database = desk.state.database
    await say(desk, *toy.loans(UUID(str(new_id())), 3))
    assert await rows(desk, DAYS) == [("said_default", 3)]
    await keep_archive(database, days=30)
    assert await rows(desk, DAYS) == [(f"said_{today:%Y%m%d}", 3)]
    await say(desk, *toy.loans(UUID(str(new_id())), 2))
    assert await keep_archive(database, days=30) == []
    assert await rows(desk, DAYS) == [(f"said_{today:%Y%m%d}", 5)]
    await database.engine.dispose()


@pytest.mark.parametrize(
    "service", ["invoicing", "payments", "dunning", "collections", "notifications"]
)
async def test_what_is_said_over_midnight_is_kept_on_the_day_of_its_end(
    own_database: OwnDatabase, service: str
) -> None:
    """The day of a batch is read when it is written, as its number is: both only grow.

    Asked without its last step, which makes a day of it, the instant moves within a transaction.
    """
    engine = create_async_engine(await own_database(service))
    async with engine.begin() as connection:
        instant = (await connection.execute(text(SAID_ON))).scalar_one().removesuffix("::date")
        first, _, second = [
            (await connection.execute(text(f"select {asked}"))).scalar_one()
            for asked in (instant, "pg_sleep(0.001)", instant)
        ]
        assert first < second
        in_utc = real_now().replace(tzinfo=None)
        assert abs(second - in_utc) < timedelta(minutes=5), "as the partitions are made"
    await engine.dispose()


async def test_days_of_the_archive_go_whole_but_never_one_with_something_unsent(
    library: Library, monkeypatch: Any
) -> None:
    desk, today = library.make_desk(), real_now().date()
    database = desk.state.database
    await keep_archive(database, days=30)
    await say(desk, *toy.loans(UUID(str(new_id())), 1))
    later = real_now() + timedelta(days=40)
    monkeypatch.setattr(archive, "real_now", lambda: later)
    assert await keep_archive(database, days=30) == []
    async with database.transaction() as tx:
        await tx.execute(text("delete from outbox"))
    gone = await keep_archive(database, days=30)
    assert gone == [today + timedelta(days=ahead) for ahead in range(archive.AHEAD + 1)]
    assert await rows(desk, "select count(*) from said") == [(0,)]
    await database.engine.dispose()


async def test_answers_to_commands_are_forgotten_after_their_days(library: Library) -> None:
    desk = library.make_desk()
    database = desk.state.database
    async with database.transaction() as tx:
        await tx.execute(ANSWERED, {"scope": new_id(), "keys": ["0", "6", "8", "400"]})
    assert await forget_answers(database, days=7) == 2
    assert await rows(desk, "select key from command order by key") == [("0",), ("6",)]
    await database.engine.dispose()


async def test_what_waits_behind_a_parcel_given_up_is_shown_and_not_waited_for(
    library: Library,
) -> None:
    """It is under no one's way: the clock would stand still for ever."""
    shelf, key = library.make_shelf(), UUID(str(new_id()))
    database = shelf.state.database

    async def refuse(parcel: Any) -> None:
        raise UndeliverableError("no such address")

    async def settle(tx: Any, done: Any) -> None:
        raise AssertionError

    shelf.state.outbound.carriers = {"letter": Carrier(refuse, settle)}
    first, second = uuid5(key, "1"), uuid5(key, "2")
    async with database.transaction() as tx:
        await outbound.queue(tx, "letter", [(first, key, b"x"), (second, key, b"x")])
    assert (await numbers(shelf.state))["outbound"]["waiting"] == 2
    await shelf.state.outbound.carry_due()
    counted = await numbers(shelf.state)
    assert counted["outbound"] == {
        "waiting": 0,
        "given_up": 1,
        "behind_given_up": 1,
        "carried": 0,
    }
    assert backlog({**counted, "inbox": {**counted["inbox"], "lag": {}}}) == 0
    async with database.engine.connect() as connection:
        shown = (await connection.execute(TROUBLES)).all()
    assert {row.id: row.trouble for row in shown} == {
        first: "UndeliverableError: no such address",
        second: "waits behind a parcel of its key that was given up",
    }
    await shelf.state.outbound.redrive()
    assert (await numbers(shelf.state))["outbound"]["waiting"] == 2
    await database.engine.dispose()


async def test_a_sessions_lock_goes_past_the_proxy(library: Library) -> None:
    """Where the common address pools transactions, two relays would lead at once."""
    past = library.desk_url.replace("127.0.0.1", "localhost")
    desk = library.make_desk(database_direct_url=past)
    assert str(desk.state.relay.engine.url) == str(desk.state.database.direct.url)
    assert desk.state.relay.engine.url.host == "localhost"
    assert desk.state.database.engine.url.host == "127.0.0.1"
    plain = library.make_desk()
    assert plain.state.relay.engine.url == plain.state.database.engine.url
