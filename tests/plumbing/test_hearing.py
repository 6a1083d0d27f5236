"""Door 1 keeps its promises: once each, in order per key, whatever arrives and whoever dies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError
from faststream.kafka import KafkaBroker
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.envelope import Event
from contracts.ids import new_id
from plumbing import kafka as bus
from plumbing import parked
from plumbing.inbox import HaltedError, Inbox
from plumbing.parked import ReadableError
from plumbing.transaction import CLIENTS_OWN, Transaction, is_trouble
from tests.plumbing import toy
from tests.plumbing.conftest import Library, heard, rows, running, say, until
from tests.records import record


def book() -> UUID:
    return UUID(str(new_id()))


async def has_heard(shelf: Any, count: int) -> bool:
    """Whether so many records have come, new and known."""
    return bool(shelf.state.inbox.heard == count)


async def shelf_rows(shelf: Any) -> dict[UUID, tuple[int, int, int]]:
    found = await rows(shelf, "select book, heard, last_step, disorder from shelf")
    return {row[0]: row[1:] for row in found}


async def test_a_message_delivered_twice_is_acted_on_once(library: Library) -> None:
    """Within one batch, in a later batch, and as another record of the same event."""
    shelf = library.make_shelf()
    one, two = (record(loan) for loan in toy.loans(book(), 2))
    await shelf.state.inbox([one, one, two])
    await shelf.state.inbox([one, two])
    assert list((await shelf_rows(shelf)).values()) == [(2, 2, 0)]
    await shelf.state.database.engine.dispose()


async def test_events_of_one_key_never_overtake_each_other_in_a_batch(library: Library) -> None:
    shelf = library.make_shelf()
    books = [book() for _ in range(50)]
    batch = [
        record(loan) for step in range(1, 8) for b in books for loan in toy.loans(b, 1, first=step)
    ]
    await shelf.state.inbox(batch)
    assert set((await shelf_rows(shelf)).values()) == {(7, 7, 0)}
    await shelf.state.database.engine.dispose()


async def test_what_several_topics_tell_of_a_key_goes_in_the_order_in_which_it_is_heard(
    library: Library,
) -> None:
    """And in as few rounds as a topic needs: order holds within topics, never between them."""
    shelf = library.make_shelf()
    rounds: list[list[tuple[str, int]]] = []

    async def note(tx: Transaction, events: Sequence[Event]) -> None:
        rounds.append([(event.type, cast(Any, event).step) for event in events])

    inbox = Inbox(shelf.state.database, library.group, {toy.BookReturned: note, toy.BookLent: note})
    one, other = book(), book()
    back = [toy.BookReturned(book_id=each, step=9) for each in (one, other)]
    batch = [*toy.loans(one, 2), back[0], *toy.loans(other, 1), back[1]]
    await inbox([record(event) for event in batch])
    returned, lent = (toy.BookReturned.type, 9), toy.BookLent.type
    assert rounds == [[returned, returned], [(lent, 1), (lent, 1)], [(lent, 2)]]
    await shelf.state.database.engine.dispose()


async def test_one_bad_event_is_parked_and_its_good_neighbours_land(library: Library) -> None:
    """Later events of the bad one's key wait behind it, also those of later batches."""
    shelf = library.make_shelf()
    good, bad = [book() for _ in range(30)], book()
    batch = [record(loan) for b in good for loan in toy.loans(b, 2)]
    poison = toy.BookLent(book_id=bad, step=2, poison=True)
    batch[20:20] = [
        record(toy.loans(bad, 1)[0]),
        record(poison),
        *map(record, toy.loans(bad, 2, first=3)),
    ]
    await shelf.state.inbox(batch)
    await shelf.state.inbox([record(loan) for loan in toy.loans(bad, 1, first=5)])
    found = await shelf_rows(shelf)
    assert {found[b] for b in good} == {(2, 2, 0)}
    assert found[bad] == (1, 1, 0)
    parked = await rows(shelf, "select key, reason, cause_of_wait from parked order by id")
    assert [row[2] for row in parked] == [True, False, False, False]
    assert parked[0][:2] == (str(bad), "RuntimeError: poison")
    await shelf.state.database.engine.dispose()


UNREADABLE: list[tuple[str, dict[str, Any]]] = [
    ("no JSON", {"value": b"\xff\xfe not json"}),
    ("no value", {"value": None}),
    ("a missing field", {"value": b'{"step": 1}'}),
    ("a NUL in a text", {"value": b'{"book_id": "\\u0000", "step": 1}'}),
    ("no key", {"key": None}),
    ("a key that is no UUID", {"key": b"\x00\xff"}),
    ("another key than the event's", {"key": str(UUID(int=1)).encode()}),
]


@pytest.mark.parametrize(("what", "changed"), UNREADABLE, ids=[what for what, _ in UNREADABLE])
async def test_what_cannot_be_read_is_parked_as_bytes(
    library: Library, what: str, changed: Any
) -> None:
    shelf = library.make_shelf()
    good = book()
    bad = record(toy.loans(book(), 1)[0], **changed)
    await shelf.state.inbox([bad, record(toy.loans(good, 1)[0])])
    assert (await shelf_rows(shelf))[good] == (1, 1, 0)
    parked = await rows(shelf, "select reason, payload, record_key from parked")
    assert len(parked) == 1
    assert parked[0][0].startswith("unreadable: ")
    assert parked[0][1:] == (bad.value, bad.key)
    await shelf.state.database.engine.dispose()


BAD_HEADERS: list[tuple[str, list[tuple[str, bytes | None]]]] = [
    ("none at all", []),
    ("a null header", [("ce_type", toy.BookLent.type.encode()), ("ce_id", None)]),
    ("not UTF-8", [("ce_type", toy.BookLent.type.encode()), ("ce_id", b"\xff\xfe")]),
    ("an empty header", [("ce_type", toy.BookLent.type.encode()), ("ce_id", b"")]),
    ("a null type", [("ce_type", None)]),
]


@pytest.mark.parametrize(("what", "headers"), BAD_HEADERS, ids=[what for what, _ in BAD_HEADERS])
async def test_headers_that_cannot_be_read_are_parked_through_the_real_broker(
    library: Library, what: str, headers: Any
) -> None:
    """FastStream's own parser would fail before the handler and lose the batch (stack.md 5)."""
    shelf, desk, good = library.make_shelf(), library.make_desk(), book()
    async with running(shelf, desk):
        producer = await bus.start_producer(library.bootstrap)
        loan = toy.loans(book(), 1)[0]
        key = str(loan.key).encode()
        await producer.send_and_wait(loan.topic, loan.payload(), key=key, headers=headers)
        await producer.stop()
        await say(desk, *toy.loans(good, 3))
        await until(heard(shelf, 3))
        assert len(await until(lambda: rows(shelf, "select id from parked"))) == 1


async def test_reasons_of_parked_events_hold_no_personal_data(library: Library) -> None:
    shelf = library.make_shelf()
    await shelf.state.inbox(
        [record(toy.loans(book(), 1)[0], value=b'{"borrower": "Karin Hemlig"}')]
    )
    assert "Karin" not in (await rows(shelf, "select reason from parked"))[0][0]
    await shelf.state.database.engine.dispose()


async def test_an_unknown_type_is_counted_and_passed_by(library: Library) -> None:
    shelf = library.make_shelf()
    odd = record(toy.loans(book(), 1)[0], headers=[("ce_type", b"library.book.burnt.v1")])
    await shelf.state.inbox([odd])
    assert shelf.state.inbox.unknown == 1
    assert await rows(shelf, "select count(*) from parked") == [(0,)]
    await shelf.state.database.engine.dispose()


async def test_parked_events_are_redriven_in_order_while_new_ones_arrive(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New arrivals of the key queue behind; nothing overtakes, nothing is left behind."""
    shelf, bad = library.make_shelf(), book()
    poison = toy.BookLent(book_id=bad, step=1, poison=True)
    await shelf.state.inbox([record(poison), *map(record, toy.loans(bad, 30, first=2))])
    assert await shelf.state.inbox.parked.redrive() == (0, 1)
    monkeypatch.setattr(toy, "POISONOUS", False)

    async def arrive() -> None:
        for loan in toy.loans(bad, 40, first=32):
            await shelf.state.inbox([record(loan)])

    await asyncio.gather(
        arrive(), shelf.state.inbox.parked.redrive(), shelf.state.inbox.parked.redrive()
    )
    assert await rows(shelf, "select count(*) from parked") == [(0,)]
    assert (await shelf_rows(shelf))[bad] == (71, 71, 0)
    await shelf.state.database.engine.dispose()


async def test_an_unreadable_event_and_what_comes_behind_it_are_parked_together(
    library: Library,
) -> None:
    """One batch has both; an event heard before stays heard, and does not wait."""
    shelf, bad = library.make_shelf(), book()
    before, broken, behind = map(record, toy.loans(bad, 3))
    broken.value = b"no JSON"
    await shelf.state.inbox([before])
    await shelf.state.inbox([broken, before, behind])
    parked = await rows(shelf, "select cause_of_wait from parked order by id")
    assert parked == [(True,), (False,)]
    assert (await shelf_rows(shelf))[bad] == (1, 1, 0)
    await shelf.state.database.engine.dispose()


async def test_a_parked_record_is_redriven_with_the_headers_it_came_with(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka lets a header have no value."""
    shelf, bad = library.make_shelf(), book()
    poison = record(toy.BookLent(book_id=bad, step=1, poison=True))
    poison.headers.append(("x_of_another_house", None))
    await shelf.state.inbox([poison])
    monkeypatch.setattr(toy, "POISONOUS", False)
    assert await shelf.state.inbox.parked.redrive() == (1, 0)
    assert (await shelf_rows(shelf))[bad] == (1, 1, 0)
    await shelf.state.database.engine.dispose()


async def test_what_cannot_be_read_is_let_go_and_what_waited_behind_it_goes_on(
    library: Library,
) -> None:
    """Its bytes are kept with the reason; should it come again, it holds nobody up."""
    shelf, bad = library.make_shelf(), book()
    inbox = shelf.state.inbox
    broken, behind, later = map(record, toy.loans(bad, 3))
    broken.value = b"no JSON"
    await inbox([broken, behind])
    (number, _), (of_behind, _) = await rows(shelf, "select id, key from parked order by id")
    by = UUID(int=7)
    with pytest.raises(ReadableError):
        await inbox.parked.let_go(of_behind, by=by, why="it can be read")
    assert await inbox.parked.let_go(number, by=by, why="of another house") == str(bad)
    assert await inbox.parked.let_go(number, by=by, why="once more") is None
    assert await inbox.parked.redrive(str(bad)) == (1, 0)
    await inbox([broken, later])
    assert (await shelf_rows(shelf))[bad] == (2, 3, 0)
    assert await rows(shelf, "select count(*) from parked") == [(0,)]
    kept = await rows(shelf, "select payload, why, let_go_by from let_go")
    assert kept == [(b"no JSON", "of another house", by)]
    await shelf.state.database.engine.dispose()


async def test_beyond_a_limit_of_parked_events_the_consumer_stops_and_says_so(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, good = library.make_shelf(parked_limit=5), book()
    monkeypatch.setattr(asyncio, "sleep", _no_sleep)
    for _ in range(5):
        await shelf.state.inbox([record(toy.BookLent(book_id=book(), step=1, poison=True))])
    with pytest.raises(HaltedError):
        await shelf.state.inbox([record(toy.loans(good, 1)[0])])
    assert shelf.state.inbox.halted
    assert good not in await shelf_rows(shelf)
    monkeypatch.setattr(toy, "POISONOUS", False)
    await shelf.state.inbox.parked.redrive()
    await shelf.state.inbox([record(toy.loans(good, 1)[0])])
    assert not shelf.state.inbox.halted
    await shelf.state.database.engine.dispose()


async def test_an_event_that_cannot_even_be_parked_stops_the_consumer_and_shows(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given back, tried again when it comes again, and nothing behind it is lost."""
    shelf, good = library.make_shelf(), book()
    monkeypatch.setattr(asyncio, "sleep", _no_sleep)
    bad = toy.BookLent(book_id=book(), step=1, poison=True)
    batch = [record(bad), record(toy.loans(good, 1)[0])]
    with monkeypatch.context() as broken:
        broken.setattr(parked, "PARK", text("select 1 / 0"))
        with pytest.raises(HaltedError):
            await shelf.state.inbox(batch)
    assert shelf.state.inbox.halted
    assert good not in await shelf_rows(shelf)
    await shelf.state.inbox(batch)
    assert not shelf.state.inbox.halted
    assert (await shelf_rows(shelf))[good] == (1, 1, 0)
    assert await rows(shelf, "select count(*) from parked") == [(1,)]
    await shelf.state.database.engine.dispose()


async def test_what_was_heard_and_comes_again_does_not_wait_behind_what_was_parked_since(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else saying again would fill the consumer's limit with what is done (ADR-0001)."""
    shelf, b = library.make_shelf(parked_limit=5), book()
    before = [record(loan) for loan in toy.loans(b, 8)]
    bad = record(toy.BookLent(book_id=b, step=9, poison=True))
    await shelf.state.inbox(before)
    await shelf.state.inbox([bad])
    behind = record(toy.loans(b, 1, first=10)[0])
    await shelf.state.inbox([*before, bad, behind])
    assert await rows(shelf, "select cause_of_wait from parked order by id") == [(True,), (False,)]
    monkeypatch.setattr(toy, "POISONOUS", False)
    assert await shelf.state.inbox.parked.redrive() == (2, 0)
    assert (await shelf_rows(shelf))[b] == (10, 10, 0)
    await shelf.state.database.engine.dispose()


async def _no_sleep(seconds: float) -> None:
    return None


async def test_a_crash_between_the_database_commit_and_the_offset_commit_changes_nothing(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is gone before Kafka knows of the batch; the next one hears it again."""
    first, desk, books = library.make_shelf(), library.make_desk(), [book() for _ in range(40)]
    crashed = asyncio.Event()
    hear = first.state.inbox._act

    async def hear_and_die(items: Any) -> None:
        await hear(items)
        crashed.set()
        raise asyncio.CancelledError  # nothing after the commit runs

    monkeypatch.setattr(first.state.inbox, "_act", hear_and_die)
    async with running(desk):
        async with running(first):
            await say(desk, *(loan for b in books for loan in toy.loans(b, 2)))
            await asyncio.wait_for(crashed.wait(), 20)
        second = library.make_shelf()
        async with running(second):
            await say(desk, *(loan for b in books for loan in toy.loans(b, 1, first=3)))
            await until(heard(second, 120))
            assert set((await shelf_rows(second)).values()) == {(3, 3, 0)}
            await until(lambda: has_heard(second, 120))  # the first 80 came again


async def test_offsets_are_committed_of_places_acted_on_and_still_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Committing all that a service listens to costs more than the batch itself."""
    committed: list[dict[TopicPartition, int]] = []
    consumer, away = bus.PatientConsumer(), [False, True]

    async def commit(offsets: dict[TopicPartition, int]) -> None:
        if away.pop():
            raise CommitFailedError("a rebalance")
        committed.append(offsets)

    monkeypatch.setattr(consumer, "commit", commit)
    held = {TopicPartition("loans", place) for place in (1, 2, 3)}
    monkeypatch.setattr(consumer, "assignment", lambda: held)
    records = [
        SimpleNamespace(topic="loans", partition=place, offset=offset)
        for place, offset in ((1, 5), (1, 6), (3, 9), (7, 2))
    ]
    await bus.BatchOffsets(consumer, cast(Any, records)).commit()
    assert committed == []
    await consumer.commit_acted()
    assert committed == []
    await consumer.commit_acted()
    await bus.BatchOffsets(consumer, cast(Any, records[3:])).commit()
    await consumer.commit_acted()
    await consumer.commit_acted()
    await consumer.stop()
    assert committed == [{TopicPartition("loans", 1): 7, TopicPartition("loans", 3): 10}]


async def test_a_batch_that_others_have_acted_on_since_does_no_harm(library: Library) -> None:
    """What a zombie does: it held the batch while others acted on it and on what follows."""
    shelf, zombie, b = library.make_shelf(), library.make_shelf(), book()
    batch = [record(loan) for loan in toy.loans(b, 3)]
    await shelf.state.inbox(batch)
    await shelf.state.inbox([record(loan) for loan in toy.loans(b, 2, first=4)])
    await zombie.state.inbox(batch)
    await asyncio.gather(zombie.state.inbox(batch), shelf.state.inbox(batch))
    assert (await shelf_rows(shelf))[b] == (5, 5, 0)
    await shelf.state.database.engine.dispose()
    await zombie.state.database.engine.dispose()


async def test_a_database_that_is_away_is_waited_for_and_nothing_is_parked(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, b = library.make_shelf(), book()
    apply, tries = shelf.state.inbox._apply, []

    async def flaky(items: Any) -> None:
        tries.append(len(items))
        if len(tries) < 3:
            raise ConnectionResetError("database away")
        await apply(items)

    monkeypatch.setattr(shelf.state.inbox, "_apply", flaky)
    await shelf.state.inbox([record(loan) for loan in toy.loans(b, 4)])
    assert tries == [4, 4, 4], "the whole batch again, not one by one"
    assert (await shelf_rows(shelf))[b] == (4, 4, 0)
    assert await rows(shelf, "select count(*) from parked") == [(0,)]
    await shelf.state.database.engine.dispose()


async def test_a_data_error_is_parked_and_not_retried_for_ever(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number too large for its column is a data error of the database, not trouble."""
    shelf, good = library.make_shelf(), book()
    await shelf.state.inbox(
        [record(toy.BookLent(book_id=book(), step=2**40)), record(toy.loans(good, 1)[0])]
    )
    assert (await shelf_rows(shelf))[good] == (1, 1, 0)
    assert await rows(shelf, "select count(*) from parked") == [(1,)]
    await shelf.state.database.engine.dispose()


async def test_a_lost_connection_in_the_middle_is_trouble(library: Library) -> None:
    """PostgreSQL ends the session under a batch; the batch is acted on all the same, once."""
    shelf, b = library.make_shelf(), book()
    calls: list[int] = []
    handler = shelf.state.inbox.hears[toy.BookLent]

    async def cut(tx: Any, loans: Any) -> None:
        calls.append(len(loans))
        if len(calls) == 1:
            pid = (await tx.execute(text("select pg_backend_pid()"))).scalar_one()
            async with shelf.state.database.engine.begin() as other:
                await other.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        await handler(tx, loans)

    shelf.state.inbox.hears = {toy.BookLent: cut}
    await shelf.state.inbox([record(toy.loans(b, 1)[0])])
    assert len(calls) == 2
    assert (await shelf_rows(shelf))[b] == (1, 1, 0)
    await shelf.state.database.engine.dispose()


async def test_trouble_while_redriving_is_told_and_parks_nothing_for_a_new_reason(
    library: Library,
) -> None:
    """The database ends the session: the operator tries again, and the event says why it waits."""
    shelf, b = library.make_shelf(), book()
    handler = shelf.state.inbox.hears[toy.BookLent]

    async def fail(tx: Any, loans: Any) -> None:
        raise RuntimeError("a bug")

    async def cut(tx: Any, loans: Any) -> None:
        pid = (await tx.execute(text("select pg_backend_pid()"))).scalar_one()
        async with shelf.state.database.engine.begin() as other:
            await other.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        await handler(tx, loans)

    shelf.state.inbox.hears = {toy.BookLent: fail}
    await shelf.state.inbox([record(toy.loans(b, 1)[0])])
    parked = await rows(shelf, "select reason from parked")
    shelf.state.inbox.hears = {toy.BookLent: cut}
    with pytest.raises((DBAPIError, asyncpg.PostgresError, *CLIENTS_OWN)) as trouble:
        await shelf.state.inbox.parked.redrive()
    assert is_trouble(trouble.value)
    assert await rows(shelf, "select reason from parked") == parked
    shelf.state.inbox.hears = {toy.BookLent: handler}
    assert await shelf.state.inbox.parked.redrive() == (1, 0)
    assert (await shelf_rows(shelf))[b] == (1, 1, 0)
    await shelf.state.database.engine.dispose()


async def test_lag_is_what_has_not_been_acted_on(library: Library) -> None:
    shelf, desk, b = library.make_shelf(), library.make_desk(), book()
    async with running(shelf, desk):
        await say(desk, *toy.loans(b, 5))
        await until(heard(shelf, 5))

        async def caught_up() -> bool:
            lag: dict[str, int] | None = await shelf.state.lag.read(shelf.state.inbox.offsets)
            return lag == {toy.BookLent.topic: 0}

        await until(caught_up)
        reader = AIOKafkaConsumer(group_id=library.group, bootstrap_servers=library.bootstrap)
        await reader.start()
        partitions = shelf.state.inbox.offsets

        async def committed() -> bool:
            return sum([await reader.committed(each) or 0 for each in partitions]) == 5

        await until(committed)  # within a moment the group's offsets agree
        await reader.stop()


async def test_a_broker_that_hangs_does_not_make_a_service_look_as_if_it_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """How far behind it is cannot be told then; all else that it is asked for can."""
    reader = bus.LagReader(KafkaBroker(), "127.0.0.1:1")

    async def hang(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(reader, "_read", hang)
    monkeypatch.setattr(bus, "LAG_WITHIN", 0.05)
    async with asyncio.timeout(5):
        assert await reader.read({}) is None


def test_unforeseen_errors_are_not_taken_for_trouble() -> None:
    assert not is_trouble(RuntimeError("bug"))
    assert not is_trouble(KeyError("bug"))
    assert is_trouble(ConnectionRefusedError())
    assert not is_trouble(DBAPIError("insert", {}, Exception("value too long")))
    assert is_trouble(asyncpg.InterfaceError("connection is closed"))
    assert is_trouble(asyncpg.InternalClientError("cannot switch to state 12"))
    assert is_trouble(asyncpg.DeadlockDetectedError("deadlock detected"))
    assert not is_trouble(asyncpg.UniqueViolationError("duplicate key"))
