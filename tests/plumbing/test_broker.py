"""Door 1's promises on the real broker, with a database that is really away and members that really
freeze; the same promises record by record are in `test_hearing`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import Context, copy_context
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.record.util import calc_crc32c
from faststream.kafka import KafkaMessage

from contracts.ids import new_id
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres, admin_connection
from plumbing import inbox as doors
from plumbing import kafka as bus
from plumbing import outbound
from plumbing.outbound import Carrier
from plumbing.transaction import is_trouble
from tests.askers import PUBLIC_KEY
from tests.plumbing import toy
from tests.plumbing.conftest import Library, heard, rows, running, say, until
from tests.plumbing.test_hearing import BAD_HEADERS, UNREADABLE, book, has_heard, shelf_rows
from tests.records import record

ROOT = Path(__file__).parents[2]


def places_of(shelf: Any) -> set[TopicPartition]:
    """The partitions that a member of the group holds now."""
    return {place for each in bus.consumers_of(shelf.state.broker) for place in each.assignment()}


async def send(library: Library, records: Sequence[Any]) -> None:
    """Put records on their topic as they are, past any outbox."""
    producer = await bus.start_producer(library.bootstrap)
    for each in records:
        await producer.send_and_wait(
            each.topic, each.value, key=each.key, headers=list(each.headers)
        )
    await producer.stop()


async def holds(what: bool) -> bool:
    return what


class Gate:
    """Stops a shelf in the middle of its transaction until it is opened."""

    def __init__(self, shelf: Any) -> None:
        self.reached, self.opened = asyncio.Event(), asyncio.Event()
        self._handler = shelf.state.inbox.hears[toy.BookLent]
        shelf.state.inbox.hears = {toy.BookLent: self._hear}

    async def _hear(self, tx: Any, loans: Any) -> None:
        self.reached.set()
        await self.opened.wait()
        await self._handler(tx, loans)


async def test_a_service_hears_with_a_patient_consumer(library: Library) -> None:
    """FastStream puts one of aiokafka's own in its place whenever it connects."""
    shelf = library.make_shelf()
    async with running(shelf):
        await until(lambda: holds(bool(places_of(shelf))))
        consumers = bus.consumers_of(shelf.state.broker)
    assert {type(each) for each in consumers} == {bus.PatientConsumer}


async def test_what_is_opened_while_a_batch_is_heard_keeps_nothing_of_it(
    library: Library,
) -> None:
    """A connection keeps the context in which it was opened, and FastStream's has the message."""
    contexts: list[Context] = []
    shelf = library.make_shelf()
    handler = shelf.state.inbox.hears[toy.BookLent]

    async def note_context(tx: Any, loans: Any) -> None:
        contexts.append(copy_context())
        await handler(tx, loans)

    shelf.state.inbox.hears = {toy.BookLent: note_context}
    async with running(shelf):
        await send(library, [record(toy.loans(book(), 1)[0])])
        await until(lambda: has_heard(shelf, 1))
    assert contexts
    kept = [value for context in contexts for value in context.values()]
    assert not [value for value in kept if isinstance(value, KafkaMessage)]


async def test_what_is_on_the_topic_twice_is_acted_on_once(library: Library) -> None:
    """Each record again after all the others were heard, as after a crash of a relay."""
    shelf, books = library.make_shelf(), [book() for _ in range(20)]
    records = [record(loan) for b in books for loan in toy.loans(b, 3)]
    async with running(shelf):
        for times in (1, 2):
            await send(library, records)
            await until(partial(has_heard, shelf, 60 * times))
        assert set((await shelf_rows(shelf)).values()) == {(3, 3, 0)}


async def test_what_cannot_be_read_is_parked_as_it_came_and_the_good_go_on(
    library: Library,
) -> None:
    shelf, good = library.make_shelf(), book()
    bad = [record(toy.loans(book(), 1)[0], **changed) for _, changed in UNREADABLE]
    bad += [record(toy.loans(book(), 1)[0], headers=headers) for _, headers in BAD_HEADERS]
    async with running(shelf):
        await send(library, [*bad, *map(record, toy.loans(good, 3))])
        await until(heard(shelf, 3))
        kept = "select payload, record_key from parked order by id"
        await until(lambda: _are(len(bad), shelf))
        parked = await rows(shelf, kept)
    assert sorted(map(repr, parked)) == sorted(repr((each.value, each.key)) for each in bad)


async def test_a_record_whose_headers_cannot_be_told_apart_is_parked_by_its_place(
    library: Library,
) -> None:
    """The client's own parser fails on a name that is not UTF-8, and forgets what it had taken."""
    shelf, desk, good = library.make_shelf(), library.make_desk(), book()
    async with running(desk):
        await say(desk, *toy.loans(good, 2))
        await until(lambda: _is_said(desk))
        await _send_with_a_broken_name(library, good)
        await say(desk, *toy.loans(good, 2, first=3), *(toy.loans(book(), 1)[0] for _ in range(30)))
        await until(lambda: _is_said(desk))
        async with running(shelf):
            await until(heard(shelf, 34))
            await until(lambda: _are(1, shelf))
    assert (await shelf_rows(shelf))[good] == (4, 4, 0)
    ((headers,),) = await rows(shelf, "select convert_from(headers, 'UTF8') from parked")
    name, place = json.loads(headers)[0]
    assert name == "unreadable"
    assert bytes.fromhex(place).decode().startswith(f"{toy.BookLent.topic}[")


async def _is_said(desk: Any) -> bool:
    return await rows(desk, "select count(*) from outbox") == [(0,)]


async def _send_with_a_broken_name(library: Library, key: UUID) -> None:
    """A loan with a header whose name is not UTF-8, which the client would not send as it is."""
    producer = await bus.start_producer(library.bootstrap)
    loan, written = toy.loans(key, 1, first=9)[0], str(key).encode()
    batch = producer.create_batch()
    batch.append(key=written, value=loan.payload(), timestamp=None, headers=[("namename", b"1")])
    batch.close()
    made = bytearray(batch._build())
    made[made.find(b"namename")] = 0xFF
    made[17:21] = calc_crc32c(bytes(made[21:])).to_bytes(4, "big")
    batch._build = lambda: bytes(made)
    partition = bus.partition_of(written, len(await producer.partitions_for(loan.topic)))
    await (await producer.send_batch(batch, loan.topic, partition=partition))
    await producer.stop()


async def test_topics_of_another_size_are_refused_by_name(library: Library) -> None:
    """A key's place, and with it the order of what is said of it, would differ between them."""
    with pytest.raises(KafkaError, match=rf"{toy.BookLent.topic} has 12 partitions, not 7"):
        await bus.create_topics(library.bootstrap, [(toy.BookLent.topic, 7, 86_400_000)])


async def _are(parked: int, shelf: Any) -> bool:
    return await rows(shelf, "select count(*) from parked") == [(parked,)]


async def test_poison_is_parked_and_redriven_in_order_while_new_events_arrive(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later events of its key queue behind it, through two redrives at once; all others land."""
    desk, shelf, bad = library.make_desk(), library.make_shelf(), book()
    good = [book() for _ in range(30)]
    async with running(desk, shelf):
        poison = toy.BookLent(book_id=bad, step=1, poison=True)
        await say(desk, poison, *(loan for b in good for loan in toy.loans(b, 2)))
        await say(desk, *toy.loans(bad, 30, first=2))
        await until(lambda: _are(31, shelf))
        await until(heard(shelf, 60))
        monkeypatch.setattr(toy, "POISONOUS", False)

        async def arrive() -> None:
            for loan in toy.loans(bad, 40, first=32):
                await say(desk, loan)

        redrives = (shelf.state.inbox.parked.redrive(), shelf.state.inbox.parked.redrive())
        await asyncio.gather(arrive(), *redrives)
        await until(lambda: holds(shelf.state.inbox.heard == 131))
        await shelf.state.inbox.parked.redrive()  # what arrived behind the last of the parked
        assert await _are(0, shelf)
        found = await shelf_rows(shelf)
    assert found.pop(bad) == (71, 71, 0)
    assert set(found.values()) == {(2, 2, 0)}


async def test_a_rebalance_in_the_middle_of_a_batch_loses_nothing_and_repeats_nothing(
    library: Library,
) -> None:
    """The batch is under way when half of its partitions become another member's."""
    desk, one, two = library.make_desk(), library.make_shelf(), library.make_shelf()
    books = [book() for _ in range(200)]
    gate = Gate(one)
    async with running(desk, one):
        await say(desk, *(loan for b in books for loan in toy.loans(b, 2)))
        await asyncio.wait_for(gate.reached.wait(), 20)
        async with running(two):
            await until(lambda: holds(len(places_of(one)) == len(places_of(two)) == 6))
            assert not gate.opened.is_set()
            gate.opened.set()
            await say(desk, *(loan for b in books for loan in toy.loans(b, 1, first=3)))
            await until(heard(two, 600))
            members = (one.state.inbox, two.state.inbox)
            await until(lambda: holds(sum(each.heard for each in members) > 600))
            assert all(each.heard > 0 for each in members)
            assert set((await shelf_rows(two)).values()) == {(3, 3, 0)}


async def test_a_member_that_froze_and_comes_back_as_a_zombie_does_no_harm(
    library: Library,
) -> None:
    """It holds a batch, is expelled, and acts on it when others have acted on it and on more."""
    desk, other, books = library.make_desk(), library.make_shelf(), [book() for _ in range(100)]
    async with running(desk), _zombie(library) as zombie:
        await say(desk, *(loan for b in books for loan in toy.loans(b, 2)))
        assert await zombie.stdout.readline() == b"holding\n"
        zombie.send_signal(signal.SIGSTOP)
        async with running(other):
            await until(lambda: holds(len(places_of(other)) == 12), 60)
            await say(desk, *(loan for b in books for loan in toy.loans(b, 1, first=3)))
            await until(heard(other, 300))
            zombie.send_signal(signal.SIGCONT)
            zombie.stdin.write(b"go on\n")
            assert await asyncio.wait_for(zombie.stdout.readline(), 30) == b"done\n"
            await until(lambda: holds(len(places_of(other)) == 6), 60)  # it is a member again
            await say(desk, *(loan for b in books for loan in toy.loans(b, 1, first=4)))
            await until(heard(other, 400))
            assert set((await shelf_rows(other)).values()) == {(4, 4, 0)}


@asynccontextmanager
async def _zombie(library: Library) -> AsyncIterator[Any]:
    """A member of the group in a process of its own."""
    arguments = (library.shelf_url, library.bootstrap, PUBLIC_KEY, library.group)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.plumbing.shelf_process", *arguments, toy.BookLent.topic),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ,
    )
    try:
        yield process
    finally:
        process.kill()
        await process.communicate()


@pytest.fixture
async def own_postgres(run_folder: Path) -> AsyncIterator[Postgres]:
    """A PostgreSQL that this test may kill."""
    folder = run_folder / f"postgres-{new_id().hex[-6:]}"
    folder.mkdir()
    server = Postgres(folder, free_ports(1)[0], durable=False)
    await server.start()
    yield server
    await server.stop()


async def _prepared(server: Postgres, name: str) -> str:
    async with admin_connection(server.admin_url) as admin:
        await admin.execute(f'create database "{name}"')
    address = urlsplit(server.admin_url)
    url = address._replace(scheme="postgresql+asyncpg", path=f"/{name}").geturl()
    await toy.prepare(url)
    return url


async def test_a_batch_that_outlasts_the_pauses_is_given_back_and_heard_when_the_database_is_back(
    library: Library, own_postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL is killed with all its backends, and refuses for longer than one try lasts."""
    monkeypatch.setattr(doors, "PAUSES", (0.05, 0.05))
    library.shelf_url = await _prepared(own_postgres, "shelf")
    desk, shelf, books = library.make_desk(), library.make_shelf(), [book() for _ in range(40)]
    act, given_back = shelf.state.inbox._act, []

    async def count(items: Any) -> None:
        try:
            await act(items)
        except Exception as error:
            given_back.append(type(error).__name__)
            raise

    monkeypatch.setattr(shelf.state.inbox, "_act", count)
    async with running(desk, shelf):
        await say(desk, *(loan for b in books for loan in toy.loans(b, 2)))
        await until(heard(shelf, 80))
        await own_postgres.kill()
        await say(desk, *(loan for b in books for loan in toy.loans(b, 2, first=3)))
        await until(lambda: holds(len(given_back) >= 3))
        await own_postgres.start()
        await until(lambda: _answers(shelf))
        await say(desk, *(loan for b in books for loan in toy.loans(b, 1, first=5)))
        await until(heard(shelf, 200), 60)
        assert set((await shelf_rows(shelf)).values()) == {(5, 5, 0)}
        assert await _are(0, shelf)


async def _answers(app: Any) -> bool:
    try:
        return await rows(app, "select 1") == [(1,)]
    except Exception as error:
        if is_trouble(error):
            return False
        raise


async def test_relay_timers_and_outbound_go_on_when_their_database_is_back(
    library: Library, own_postgres: Postgres
) -> None:
    """Every loop of a service lives through it: a task that dies takes the process with it."""
    library.desk_url = await _prepared(own_postgres, "desk")
    library.shelf_url = await _prepared(own_postgres, "shelf")
    carried: list[UUID] = []

    async def carry(parcel: Any) -> None:
        carried.append(parcel.id)

    async def settle(tx: Any, done: Any) -> None:
        return None

    desk, b = library.make_desk(), book()
    config = toy.settings(library.shelf_url, library.bootstrap, PUBLIC_KEY)
    shelf = toy.create_shelf(config, library.group, letter=Carrier(carry, settle))
    async with running(desk, shelf):
        await say(desk, *toy.loans(b, 1))
        await until(heard(shelf, 1))
        await own_postgres.kill()
        await until(lambda: _is_red(shelf))
        await own_postgres.start()
        await until(lambda: _answers(desk))
        await until(lambda: _answers(shelf))
        await say(desk, *toy.loans(b, 1, first=2))
        await until(heard(shelf, 2))
        async with shelf.state.database.transaction() as tx:
            await outbound.queue(tx, "letter", [(b, b, b"x")])
        later = shelf.state.clock.today() + timedelta(days=15)
        await shelf.state.clock.move(shelf.state.database.engine, later)
        await until(lambda: holds(carried == [b]))
        await until(lambda: _reminded(shelf, later))


async def _is_red(app: Any) -> bool:
    return not await _answers(app)


async def _reminded(shelf: Any, on: date) -> bool:
    return await rows(shelf, "select reminded_on from shelf") == [([on],)]
