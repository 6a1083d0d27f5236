"""Outbox and relay keep their promises: what was said arrives, in order per key, whoever dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer
from sqlalchemy import text

from contracts.ids import new_id
from deploy.local.kafka import Kafka
from deploy.local.ports import free_ports
from plumbing import outbound, relay
from plumbing.clock import real_now
from plumbing.relay import TooOldError, ask_say_again
from tests.plumbing import toy
from tests.plumbing.conftest import Library, heard, rows, running, say, until
from tests.records import record

TAKE_TURN = text("update shelf set last_step = last_step + 1 where book = :b returning last_step")
FROM_THE_START: dict[str, Any] = {"group_id": None, "auto_offset_reset": "earliest"}


def book() -> UUID:
    return UUID(str(new_id()))


@pytest.fixture
async def own_broker(run_folder: Path) -> AsyncIterator[Kafka]:
    """A broker that this test may kill and wipe."""
    broker = Kafka(run_folder / f"kafka-{new_id().hex[-6:]}", *free_ports(2), heap_mb=192)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def fragile(
    make_database: Any, own_broker: Kafka, monkeypatch: pytest.MonkeyPatch
) -> Library:
    """A library on a broker of its own."""
    monkeypatch.setattr(toy.BookLent, "topic", f"library.loans.{new_id().hex[-8:]}")
    library = Library(make_database, own_broker.bootstrap)
    await library.prepare()
    return library


async def order_and_count(shelf: Any) -> set[tuple[int, int, int]]:
    return set(await rows(shelf, "select heard, last_step, disorder from shelf"))


async def test_what_is_not_committed_was_not_said(library: Library) -> None:
    desk = library.make_desk()

    async def change_my_mind() -> None:
        async with desk.state.database.transaction() as tx:
            tx.say(toy.loans(book(), 3))
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_my_mind()
    assert await rows(desk, "select count(*) from said") == [(0,)]
    assert await rows(desk, "select count(*) from outbox") == [(0,)]
    await desk.state.database.engine.dispose()


async def test_a_commit_wakes_only_those_it_has_something_for(library: Library) -> None:
    """What hears but says nothing would otherwise make the relay look after each batch."""
    desk = library.make_desk()
    woken: list[str] = []
    desk.state.database.on_said = lambda: woken.append("relay")
    desk.state.database.on_queued = lambda: woken.append("outbound")
    async with desk.state.database.transaction() as tx:
        await tx.execute(text("select 1"))
    assert woken == []
    await say(desk, *toy.loans(book(), 1))
    assert woken == ["relay"]
    async with desk.state.database.transaction() as tx:
        await outbound.queue(tx, "letter", [(book(), book(), b"x")])
    assert woken == ["relay", "outbound"]
    await desk.state.database.engine.dispose()


async def test_more_commits_than_a_round_takes_go_in_order_and_without_a_pause(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven rounds, found by one look: another process may have said all of it."""
    monkeypatch.setattr(relay, "ROUND", 3)
    desk, shelf, books = library.make_desk(), library.make_shelf(), [book() for _ in range(5)]
    desk.state.database.on_said = lambda: None
    desk.state.relay.poll = 2.0
    async with running(desk, shelf):
        await until(lambda: _leads(desk))
        for step in range(1, 5):
            for b in books:
                await say(desk, toy.BookLent(book_id=b, step=step))
        await until(heard(shelf, 20), 7)
        assert await order_and_count(shelf) == {(4, 4, 0)}


async def test_an_event_too_large_for_kafka_is_refused_where_it_is_said(
    library: Library,
) -> None:
    desk = library.make_desk()
    huge = toy.BookLent.model_construct(book_id=book(), step=1, borrower="x" * 1_000_000)
    with pytest.raises(ValueError, match="too large"):
        await say(desk, huge)
    assert await rows(desk, "select count(*) from outbox") == [(0,)]
    await desk.state.database.engine.dispose()


async def test_the_order_of_commits_per_key_is_the_order_on_the_topic(library: Library) -> None:
    """Twenty writers take turns on five locked rows; each row's steps arrive in commit order."""
    desk, shelf = library.make_desk(), library.make_shelf()
    books = [book() for _ in range(5)]
    async with running(desk, shelf):
        async with desk.state.database.transaction() as tx:
            for b in books:
                await tx.execute(text("insert into shelf (book) values (:book)"), {"book": b})

        async def writer(nth: int) -> None:
            for turn in range(10):
                b = books[(nth + turn) % 5]
                async with desk.state.database.transaction() as tx:
                    step = (await tx.execute(TAKE_TURN, {"b": b})).scalar_one()
                    tx.say([toy.BookLent(book_id=b, step=step)])

        await asyncio.gather(*(writer(nth) for nth in range(20)))
        await until(heard(shelf, 200))
        assert await order_and_count(shelf) == {(40, 40, 0)}


async def test_of_two_relays_one_leads_and_the_other_takes_over(library: Library) -> None:
    first, second, shelf = library.make_desk(), library.make_desk(), library.make_shelf()
    books = [book() for _ in range(100)]
    async with running(shelf, second):
        async with running(first):
            await until(lambda: _leads(first, second))
            for step in range(1, 4):
                await say(first, *(toy.BookLent(book_id=b, step=step) for b in books))
            assert (first.state.relay.leads, second.state.relay.leads).count(True) == 1
        await until(lambda: _leads(second))
        await say(second, *(toy.BookLent(book_id=b, step=4) for b in books))
        await until(heard(shelf, 400))
        assert await order_and_count(shelf) == {(4, 4, 0)}


async def _leads(*desks: Any) -> bool:
    return any(desk.state.relay.leads for desk in desks)


async def test_a_crash_between_sending_and_forgetting_sends_twice_and_is_heard_once(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, shelf, books = library.make_desk(), library.make_shelf(), [book() for _ in range(60)]
    send = desk.state.relay._send
    died: list[int] = []

    async def send_and_die(*arguments: Any) -> Any:
        failed = await send(*arguments)
        if not died:
            died.append(desk.state.relay.sent)
            raise ConnectionResetError("gone between Kafka's answer and our delete")
        return failed

    monkeypatch.setattr(desk.state.relay, "_send", send_and_die)
    async with running(desk, shelf):
        await say(desk, *(loan for b in books for loan in toy.loans(b, 2)))
        await until(lambda: _emptied(desk))
        await say(desk, *(loan for b in books for loan in toy.loans(b, 1, first=3)))
        await until(heard(shelf, 180))
        assert died == [120]
        assert desk.state.relay.sent == 300
        assert await order_and_count(shelf) == {(3, 3, 0)}


async def _emptied(desk: Any) -> bool:
    return await rows(desk, "select count(*) from outbox") == [(0,)]


async def test_a_topic_that_does_not_exist_holds_back_nothing_else(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its events wait, the others go on; when the topic comes, they arrive in order."""
    desk, shelf, b, lost = library.make_desk(), library.make_shelf(), book(), book()
    real = toy.BookLent.topic
    async with running(desk, shelf):
        monkeypatch.setattr(toy.BookLent, "topic", f"{real}.missing")
        await say(desk, *toy.loans(lost, 2))
        monkeypatch.setattr(toy.BookLent, "topic", real)
        await say(desk, *toy.loans(b, 3))
        await until(heard(shelf, 3), 5)  # asking for what there is not takes Kafka's client ten
        for more in range(3):
            monkeypatch.setattr(toy.BookLent, "topic", f"{real}.missing")
            await say(desk, *toy.loans(book(), 1))
            monkeypatch.setattr(toy.BookLent, "topic", real)
            await say(desk, *toy.loans(book(), 1))
            await until(heard(shelf, 4 + more), 5)
        assert await rows(desk, "select sum(events) from outbox") == [(5,)]
        monkeypatch.setattr(toy.BookLent, "topic", f"{real}.missing")
        await library.make_topic()
        await until(lambda: _emptied(desk), 60)
    arrived = await _read(library, f"{real}.missing", 5)
    assert [loan.step for loan in arrived if loan.book_id == lost] == [1, 2]
    assert desk.state.relay.sent == 11


async def _read(library: Library, topic: str, count: int) -> list[toy.BookLent]:
    """A topic's first `count` loans."""
    reader = AIOKafkaConsumer(topic, bootstrap_servers=library.bootstrap, **FROM_THE_START)
    async with reader:
        loans = [await asyncio.wait_for(reader.getone(), 10) for _ in range(count)]
    return [toy.BookLent.model_validate_json(loan.value) for loan in loans]


async def test_a_round_takes_so_many_events_and_not_so_many_transactions(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction may say thousands: 400 of them at once would be gigabytes."""
    desk = library.make_desk()
    monkeypatch.setattr(relay, "ROUND_EVENTS", 10)
    for size in (4, 4, 4, 4, 30, 1):
        await say(desk, *toy.loans(book(), size))
    rounds = []
    async with desk.state.database.engine.connect() as connection:
        held: list[int] = []
        while True:
            given = {"held": held, "limit": relay.ROUND, "events": relay.ROUND_EVENTS}
            found = (await connection.execute(relay.NEXT, given)).all()
            if not found:
                break
            rounds.append(len(found))
            held += {row.batch for row in found}
    assert rounds == [12, 34, 1], "and one that is larger than a round goes all the same"
    await desk.state.database.engine.dispose()


async def test_a_broker_that_is_away_is_waited_for(fragile: Library, own_broker: Kafka) -> None:
    desk, shelf, books = fragile.make_desk(), fragile.make_shelf(), [book() for _ in range(50)]
    async with running(desk, shelf):
        await say(desk, *(loan for b in books for loan in toy.loans(b, 2)))
        await until(heard(shelf, 100))
        await own_broker.kill()
        await say(desk, *(loan for b in books for loan in toy.loans(b, 2, first=3)))
        await asyncio.sleep(1)
        await own_broker.start()
        await say(desk, *(loan for b in books for loan in toy.loans(b, 1, first=5)))
        await until(heard(shelf, 250), 90)
        assert await order_and_count(shelf) == {(5, 5, 0)}


async def test_a_wiped_broker_loses_nothing_when_everything_is_said_again(
    fragile: Library, own_broker: Kafka
) -> None:
    """What was not heard before the wipe is heard; what was heard is not acted on twice."""
    desk, shelf, books = fragile.make_desk(), fragile.make_shelf(), [book() for _ in range(50)]
    async with running(desk):
        async with running(shelf):
            await say(desk, *(loan for b in books for loan in toy.loans(b, 2)))
            await until(heard(shelf, 100))
        await say(desk, *(loan for b in books for loan in toy.loans(b, 2, first=3)))
        await until(lambda: _emptied(desk))
        await own_broker.stop()
        await own_broker.wipe()
        await own_broker.start()
        await fragile.make_topic()
        async with desk.state.database.engine.begin() as connection:
            await ask_say_again(connection, real_now().date(), None, inbox_days=45)
        await say(desk, *(loan for b in books for loan in toy.loans(b, 1, first=5)))
        again = fragile.make_shelf()
        async with running(again):
            await until(heard(again, 250), 90)
            assert await order_and_count(again) == {(5, 5, 0)}
            assert await rows(desk, "select state, events from said_again") == [("done", 200)]


async def test_a_listener_that_lives_through_a_wipe_hears_everything_once_and_in_order(
    fragile: Library, own_broker: Kafka
) -> None:
    """Its place on the topic is beyond the new end, or in the middle of what is said again."""
    desk, shelf, books = fragile.make_desk(), fragile.make_shelf(), [book() for _ in range(50)]
    async with running(desk, shelf):
        await say(desk, *(loan for b in books for loan in toy.loans(b, 2)))
        await until(heard(shelf, 100))
        await own_broker.kill()
        await say(desk, *(loan for b in books for loan in toy.loans(b, 2, first=3)))
        await own_broker.wipe()
        await own_broker.start()
        await fragile.make_topic()
        async with desk.state.database.engine.begin() as connection:
            await ask_say_again(connection, real_now().date(), None, inbox_days=45)
        await say(desk, *(loan for b in books for loan in toy.loans(b, 1, first=5)))
        await until(heard(shelf, 250), 120)
        assert await order_and_count(shelf) == {(5, 5, 0)}


async def test_saying_again_refuses_what_is_older_than_any_inbox(library: Library) -> None:
    desk = library.make_desk()
    async with desk.state.database.engine.begin() as connection:
        with pytest.raises(TooOldError):
            await ask_say_again(
                connection, real_now().date() - timedelta(days=45), None, inbox_days=45
            )
        await ask_say_again(connection, real_now().date() - timedelta(days=44), None, inbox_days=45)
    await desk.state.database.engine.dispose()


async def test_an_event_tells_its_cause_and_keeps_the_flow_together(
    library: Library,
) -> None:
    """The same correlation from end to end, and each effect names its cause."""
    shelf = library.make_shelf()

    async def answer(tx: Any, loans: Any) -> None:
        tx.say(toy.BookLent(book_id=loan.book_id, step=99) for loan in loans)

    shelf.state.inbox.hears = {toy.BookLent: answer}
    asked = record(toy.loans(book(), 1)[0])
    await shelf.state.inbox([asked])
    headers = {name: value.decode() for name, value in asked.headers}
    assert await rows(shelf, "select cause::text, correlation::text from said") == [
        (headers["ce_id"], headers["ce_correlationid"])
    ]
    await shelf.state.database.engine.dispose()
