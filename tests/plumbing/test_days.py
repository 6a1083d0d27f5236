"""Door 2, the clock and outbound work keep their promises."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import pytest
from sqlalchemy import text

from contracts.ids import new_id
from plumbing import outbound
from plumbing.clock import SWEDISH, real_now
from plumbing.outbound import Carrier, Parcel, UndeliverableError
from tests.plumbing import toy
from tests.plumbing.conftest import Library, rows, running, until
from tests.records import record

TODAY = real_now().astimezone(SWEDISH).date()
COMMIT_FAILS = (
    """
    create function commit_fails() returns trigger language plpgsql as
    $$ begin raise exception 'the commit fails'; end $$
    """,
    """
    create constraint trigger commit_fails after update on clock deferrable initially deferred
    for each row execute function commit_fails()
    """,
)


def book() -> UUID:
    return UUID(str(new_id()))


async def move(app: Any, day: date) -> None:
    await app.state.clock.move(app.state.database.engine, day)


async def arm(app: Any, books: list[UUID], day: date | None) -> None:
    async with app.state.database.transaction() as tx:
        tx.wake("due", dict.fromkeys(books, day))


async def reminded(app: Any) -> dict[UUID, list[date]]:
    return {row[0]: row[1] for row in await rows(app, "select book, reminded_on from shelf")}


async def on_shelf(app: Any, books: list[UUID]) -> None:
    async with app.state.database.transaction() as tx:
        await tx.execute(toy.HEAR, {"books": books, "steps": [1] * len(books)})


async def test_a_timer_fires_on_its_day_and_once(library: Library) -> None:
    shelf, b = library.make_shelf(), book()
    await on_shelf(shelf, [b])
    await arm(shelf, [b], TODAY + timedelta(days=3))
    for days in range(3):
        await move(shelf, TODAY + timedelta(days=days))
        assert await shelf.state.timers.fire_due() == 0
    await move(shelf, TODAY + timedelta(days=3))
    assert await shelf.state.timers.fire_due() == 1
    assert await shelf.state.timers.fire_due() == 0
    assert (await reminded(shelf))[b] == [TODAY + timedelta(days=3)]
    await shelf.state.database.engine.dispose()


async def test_a_timer_set_anew_while_it_fires_fires_again(library: Library) -> None:
    """What it was set for may have come after the handler looked; the day is the same."""
    shelf, b = library.make_shelf(), book()
    fired = []

    async def note(tx: Any, keys: Any) -> None:
        fired.append(list(keys))
        if len(fired) == 1:
            await arm(shelf, [b], TODAY)

    shelf.state.timers.wakes = {"due": note}
    await arm(shelf, [b], TODAY)
    assert await shelf.state.timers.fire_due() == 1
    assert await shelf.state.timers.fire_due() == 1
    assert await shelf.state.timers.fire_due() == 0
    assert fired == [[b], [b]]
    await shelf.state.database.engine.dispose()


@pytest.mark.parametrize(
    "meanwhile",
    [
        f"update timers set due_on = '{TODAY + timedelta(days=5)}'",
        "update timers set failed = 'KeyError'",
        "delete from timers",
    ],
    ids=["moved", "set aside", "fired"],
)
async def test_a_timer_that_was_changed_since_it_was_found_due_does_not_fire(
    library: Library, meanwhile: str
) -> None:
    """Another process was first; this one waited for its turn."""
    shelf, b = library.make_shelf(), book()
    await on_shelf(shelf, [b])
    await arm(shelf, [b], TODAY)
    async with shelf.state.database.transaction() as tx:
        await tx.execute(text(meanwhile))
    left = await rows(shelf, "select * from timers")
    await shelf.state.timers._fire("due", TODAY, [b])
    assert (await reminded(shelf))[b] == []
    assert await rows(shelf, "select * from timers") == left
    await shelf.state.database.engine.dispose()


async def test_two_kinds_of_timer_of_one_key_fire_each_for_itself(library: Library) -> None:
    """On one day, the one set aside or not: neither takes the other with it."""
    shelf, b, fired = library.make_shelf(), book(), []

    async def fail(tx: Any, keys: Any) -> None:
        raise KeyError("no such book")

    async def note(tx: Any, keys: Any) -> None:
        fired.append(list(keys))

    shelf.state.timers.wakes = {"due": fail, "overdue": note}
    await arm(shelf, [b], TODAY)
    async with shelf.state.database.transaction() as tx:
        tx.wake("overdue", {b: TODAY})
    while await shelf.state.timers.fire_due():
        pass
    assert fired == [[b]]
    shelf.state.timers.wakes = {"due": note, "overdue": fail}
    assert await shelf.state.timers.redrive() == 1
    async with shelf.state.database.transaction() as tx:
        tx.wake("overdue", {b: TODAY + timedelta(days=1)})
    while await shelf.state.timers.fire_due():
        pass
    assert fired == [[b], [b]]
    assert await rows(shelf, "select kind, failed from timers") == [("overdue", None)]
    shelf.state.timers.wakes = {"due": note, "overdue": note}
    async with shelf.state.database.transaction() as tx:
        for kind in shelf.state.timers.wakes:
            tx.wake(kind, {b: TODAY})
    while await shelf.state.timers.fire_due():
        pass
    assert fired == [[b]] * 4
    await shelf.state.database.engine.dispose()


@pytest.mark.parametrize(
    ("days", "expected"), [((0, 1), 0), ((2, 1), 1), ((1,), 1)], ids=["stays", "comes", "is new"]
)
async def test_a_timer_can_be_set_no_later_than_a_day(
    library: Library, days: tuple[int, ...], expected: int
) -> None:
    shelf, b = library.make_shelf(), book()
    for each in days[:-1]:
        await arm(shelf, [b], TODAY + timedelta(days=each))
    async with shelf.state.database.transaction() as tx:
        tx.wake("due", {b: TODAY + timedelta(days=days[-1])}, sooner=True)
        tx.wake("due", {b: TODAY + timedelta(days=9)}, sooner=True)
    due_on = TODAY + timedelta(days=expected)
    assert await rows(shelf, "select due_on from timers") == [(due_on,)]
    await shelf.state.database.engine.dispose()


async def test_missed_days_come_in_order_and_act_as_of_today(
    library: Library,
) -> None:
    shelf, books = library.make_shelf(), [book() for _ in range(3)]
    seen: list[UUID] = []

    async def note(tx: Any, keys: Any) -> None:
        seen.extend(keys)

    kinds = ("due", "overdue", "due")  # of whatever kind
    shelf.state.timers.wakes = dict.fromkeys(kinds, note)
    async with shelf.state.database.transaction() as tx:
        for kind, days, b in zip(kinds, (5, 1, 3), books, strict=True):
            tx.wake(kind, {b: TODAY + timedelta(days=days)})
    await move(shelf, TODAY + timedelta(days=30))
    while await shelf.state.timers.fire_due():
        pass
    assert seen == [books[1], books[2], books[0]]
    await shelf.state.database.engine.dispose()


async def test_a_timer_set_again_replaces_and_disarming_forgets(library: Library) -> None:
    shelf, moved, gone = library.make_shelf(), book(), book()
    await on_shelf(shelf, [moved, gone])
    await arm(shelf, [moved, gone], TODAY)
    await arm(shelf, [moved], TODAY + timedelta(days=9))
    await arm(shelf, [gone], None)
    assert await shelf.state.timers.fire_due() == 0
    assert await rows(shelf, "select key, due_on from timers") == [
        (moved, TODAY + timedelta(days=9))
    ]
    await shelf.state.database.engine.dispose()


async def test_one_bad_timer_is_set_aside_and_its_neighbours_fire(library: Library) -> None:
    shelf, books = library.make_shelf(), sorted(book() for _ in range(20))
    await on_shelf(shelf, books)
    remind = shelf.state.timers.wakes["due"]

    async def trip(tx: Any, keys: Any) -> None:
        if books[7] in keys:
            raise KeyError("no such book")
        await remind(tx, keys)

    shelf.state.timers.wakes = {"due": trip}
    await arm(shelf, books, TODAY)
    await shelf.state.timers.fire_due()
    found = await reminded(shelf)
    assert [b for b in books if not found[b]] == [books[7]]
    assert await rows(shelf, "select failed from timers") == [("KeyError: 'no such book'",)]
    shelf.state.timers.wakes = {"due": remind}
    assert await shelf.state.timers.redrive() == 1
    await shelf.state.timers.fire_due()
    assert (await reminded(shelf))[books[7]] == [TODAY]
    await shelf.state.database.engine.dispose()


async def test_a_timer_set_anew_while_its_handler_fails_is_not_set_aside(library: Library) -> None:
    """The failure was of the day before; the new day is asked again."""
    shelf, b = library.make_shelf(), book()
    later = TODAY + timedelta(days=5)

    async def trip(tx: Any, keys: Any) -> None:
        await arm(shelf, [b], later)
        raise KeyError("no such book")

    shelf.state.timers.wakes = {"due": trip}
    await arm(shelf, [b], TODAY)
    await shelf.state.timers.fire_due()
    assert await rows(shelf, "select due_on, failed from timers") == [(later, None)]
    await shelf.state.database.engine.dispose()


async def test_two_processes_never_fire_the_same_timer(library: Library) -> None:
    one, two, books = library.make_shelf(), library.make_shelf(), [book() for _ in range(200)]
    await on_shelf(one, books)
    await arm(one, books, TODAY)
    remind = one.state.timers.wakes["due"]

    async def slowly(tx: Any, keys: Any) -> None:
        await asyncio.sleep(0.3)  # and the other has found them due meanwhile
        await remind(tx, keys)

    one.state.timers.wakes = two.state.timers.wakes = {"due": slowly}
    await asyncio.gather(*(shelf.state.timers.fire_due() for shelf in (one, two, one, two)))
    assert set(map(len, (await reminded(one)).values())) == {1}
    await one.state.database.engine.dispose()
    await two.state.database.engine.dispose()


async def test_on_a_held_day_nothing_fires_until_all_have_come_to_it(library: Library) -> None:
    """Nor in a process that was killed meanwhile and comes back."""
    shelf, b, day = library.make_shelf(), book(), TODAY + timedelta(days=2)
    await on_shelf(shelf, [b])
    await arm(shelf, [b], day)
    await shelf.state.clock.move(shelf.state.database.engine, day, hold=True)
    back = library.make_shelf()
    async with back.state.database.engine.begin() as connection:
        await back.state.clock.follow(connection)
        assert not await back.state.clock.is_confirmed(connection), "nobody is quiet on a held day"
    for each in (shelf, back):
        assert each.state.clock.today() == day
        assert await each.state.timers.fire_due() == 0
    await move(shelf, day)
    assert await shelf.state.timers.fire_due() == 1
    assert (await reminded(shelf))[b] == [day]
    await shelf.state.database.engine.dispose()
    await back.state.database.engine.dispose()


async def test_no_day_is_lived_on_that_was_not_committed(library: Library) -> None:
    """A database that dies with the commit leaves the process on the day it had."""
    shelf = library.make_shelf()
    engine = shelf.state.database.engine
    async with engine.begin() as connection:
        for statement in COMMIT_FAILS:
            await connection.execute(text(statement))
    with pytest.raises(asyncpg.RaiseError, match="the commit fails"):
        await move(shelf, TODAY + timedelta(days=2))
    assert shelf.state.clock.today() == TODAY
    async with engine.begin() as connection:
        await connection.execute(text("drop function commit_fails cascade"))
    await engine.dispose()


async def test_a_moved_day_is_durable_and_every_process_confirms_it(library: Library) -> None:
    one, two = library.make_shelf(), library.make_shelf()
    day = TODAY + timedelta(days=40)
    async with running(one, two):
        await move(one, day)
        assert one.state.clock.today() == day

        async def both() -> bool:
            async with one.state.database.engine.connect() as connection:
                confirmed: bool = await one.state.clock.is_confirmed(connection)
                return confirmed and two.state.clock.today() == day

        await until(both, 5)
    late = library.make_shelf()
    async with running(late):
        assert late.state.clock.today() == day


async def test_the_business_day_holds_for_the_whole_transaction(library: Library) -> None:
    shelf = library.make_shelf()
    async with shelf.state.database.transaction() as tx:
        shelf.state.clock.offset_days = 400
        assert tx.today == TODAY
    await shelf.state.database.engine.dispose()


class Postbox:
    """A party outside, as the tests need it: it remembers what it took, and can refuse."""

    def __init__(self) -> None:
        self.taken: list[tuple[UUID, bytes]] = []
        self.troubles: list[Exception] = []
        self.settled: list[UUID] = []
        self.die_when_settling = False

    async def carry(self, parcel: Parcel) -> str:
        if self.troubles:
            raise self.troubles.pop(0)
        self.taken.append((parcel.id, parcel.body))
        return "taken"

    async def settle(self, tx: Any, done: Any) -> None:
        if self.die_when_settling:
            self.die_when_settling = False
            raise ConnectionResetError("gone after the other party's yes")
        self.settled += [parcel.id for parcel, _ in done]


def with_postbox(library: Library) -> tuple[Any, Postbox]:
    box = Postbox()
    shelf = library.make_shelf()
    shelf.state.outbound.carriers = {"letter": Carrier(box.carry, box.settle)}
    shelf.state.outbound.lease = 6.0
    return shelf, box


async def put(app: Any, *parcels: tuple[UUID, UUID, bytes]) -> None:
    async with app.state.database.transaction() as tx:
        await outbound.queue(tx, "letter", parcels)


async def now_due(app: Any) -> None:
    async with app.state.database.engine.begin() as connection:
        await connection.execute(text("update outbound set due_at = now()"))


async def taken_and_not_settled(library: Library) -> tuple[Any, Postbox, UUID]:
    """A parcel that the other party took, while the database was lost before we wrote it down."""
    shelf, box = with_postbox(library)
    parcel_id = book()
    await put(shelf, (parcel_id, book(), b"hello"))
    box.die_when_settling = True
    with pytest.raises(ConnectionResetError):
        await shelf.state.outbound.carry_due()
    return shelf, box, parcel_id


async def test_a_parcel_is_queued_once_and_carried_once(library: Library) -> None:
    shelf, box = with_postbox(library)
    one = (book(), book(), b"hello")
    await put(shelf, one)
    await put(shelf, one)
    assert await shelf.state.outbound.carry_due() == 1
    assert await shelf.state.outbound.carry_due() == 0
    assert box.taken == [(one[0], b"hello")]
    assert box.settled == [one[0]]
    await shelf.state.database.engine.dispose()


async def test_parcels_of_one_key_keep_their_order_also_in_trouble(library: Library) -> None:
    """A withdrawal never overtakes its application."""
    shelf, box = with_postbox(library)
    key = book()
    ids = [uuid5(key, str(nth)) for nth in range(3)]
    for each in ids:
        await put(shelf, (each, key, b"x"))
    box.troubles = [ConnectionRefusedError("away")]
    await shelf.state.outbound.carry_due()
    assert await shelf.state.outbound.carry_due() == 0, "the others wait for the first"
    for _ in range(3):
        await now_due(shelf)
        await shelf.state.outbound.carry_due()
    assert [taken for taken, _ in box.taken] == ids
    await shelf.state.database.engine.dispose()


async def test_an_attempt_is_on_record_before_it_is_made(library: Library) -> None:
    """Dying after the other party's yes: carried again with the same id, known to be doubtful."""
    shelf, box, one = await taken_and_not_settled(library)
    assert await rows(shelf, "select attempts from outbound") == [(1,)]
    await now_due(shelf)
    attempts: list[int] = []

    async def look(parcel: Parcel) -> str:
        attempts.append(parcel.attempts)
        return await box.carry(parcel)

    after, _ = with_postbox(library)
    after.state.outbound.carriers = {"letter": Carrier(look, box.settle)}
    await after.state.outbound.carry_due()
    assert attempts == [2]
    assert [taken for taken, _ in box.taken] == [one, one]
    assert box.settled == [one]
    await after.state.database.engine.dispose()
    await shelf.state.database.engine.dispose()


async def test_a_service_that_is_stopped_writes_down_what_is_under_way(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is cut off is carried again, and a letter may go twice: so it gets a moment to end."""
    shelf, box = with_postbox(library)
    slow, lost = book(), book()
    begun, answered = asyncio.Event(), asyncio.Event()

    async def carry(parcel: Parcel) -> str:
        begun.set()
        await (answered.wait() if parcel.id == slow else asyncio.Event().wait())
        return await box.carry(parcel)

    monkeypatch.setattr(outbound, "FINISHED_WITHIN", 0.3)
    shelf.state.outbound.carriers = {"letter": Carrier(carry, box.settle)}
    await put(shelf, (slow, book(), b"hello"), (lost, book(), b"nobody answers"))
    running = asyncio.create_task(shelf.state.outbound.run())
    await begun.wait()
    await asyncio.sleep(0)
    running.cancel()
    asyncio.get_running_loop().call_later(0.1, answered.set)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert box.settled == [slow]
    assert await rows(shelf, "select id from outbound") == [(lost,)]
    await shelf.state.database.engine.dispose()


async def test_what_trouble_keeps_from_being_settled_is_settled_later_and_not_carried_again(
    library: Library,
) -> None:
    shelf, box, one = await taken_and_not_settled(library)
    await now_due(shelf)
    assert await shelf.state.outbound.carry_due() == 0
    assert ([taken for taken, _ in box.taken], box.settled) == ([one], [one])
    await shelf.state.database.engine.dispose()


async def test_a_slow_party_keeps_no_other_answer_from_being_settled(library: Library) -> None:
    """What is not settled when the process dies is in doubt: that time is short (ADR-0009)."""
    shelf, box = with_postbox(library)
    slow, quick, later = book(), book(), book()
    answered = asyncio.Event()

    async def carry(parcel: Parcel) -> str:
        if parcel.id == slow:
            await answered.wait()
        return await box.carry(parcel)

    async def settled(*ids: UUID) -> bool:
        return box.settled == list(ids)

    shelf.state.outbound.carriers = {"letter": Carrier(carry, box.settle)}
    shelf.state.outbound.at_once = 2
    await put(shelf, (slow, book(), b"x"), (quick, book(), b"x"))
    carrying = asyncio.create_task(shelf.state.outbound.carry_due())
    await until(lambda: settled(quick), 5)
    await put(shelf, (later, book(), b"x"))
    await until(lambda: settled(quick, later), 5)
    answered.set()
    assert await carrying == 3
    assert box.settled == [quick, later, slow]
    await shelf.state.database.engine.dispose()


async def test_a_parcel_that_two_processes_carried_is_settled_once(library: Library) -> None:
    """The first hung until its lease was over; both heard yes."""
    one, box = with_postbox(library)
    other, _ = with_postbox(library)
    answered, parcel_id = asyncio.Event(), book()
    one.state.outbound.at_once, one.state.outbound.lease = 1, 60.0

    async def hang(parcel: Parcel) -> str:
        await answered.wait()
        return await box.carry(parcel)

    one.state.outbound.carriers = {"letter": Carrier(hang, box.settle)}
    other.state.outbound.carriers = {"letter": Carrier(box.carry, box.settle)}
    await put(one, (parcel_id, book(), b"x"))
    carrying = asyncio.create_task(one.state.outbound.carry_due())
    await until(lambda: rows(one, "select id from outbound where attempts = 1"))
    await now_due(one)
    assert await other.state.outbound.carry_due() == 1
    answered.set()
    await carrying
    assert [taken for taken, _ in box.taken] == [parcel_id, parcel_id]
    assert box.settled == [parcel_id]
    await one.state.database.engine.dispose()
    await other.state.database.engine.dispose()


async def test_one_answer_that_cannot_be_settled_is_given_up_and_the_others_are_settled(
    library: Library,
) -> None:
    """The other party has taken it: nobody carries it again before a person has looked."""
    shelf, box = with_postbox(library)
    good, bad, other = sorted(book() for _ in range(3))

    async def settle(tx: Any, done: Any) -> None:
        if bad in [parcel.id for parcel, _ in done]:
            raise KeyError("no such book")
        await box.settle(tx, done)

    shelf.state.outbound.carriers = {"letter": Carrier(box.carry, settle)}
    await put(shelf, *((each, book(), b"x") for each in (good, bad, other)))
    await shelf.state.outbound.carry_due()
    assert (sorted(box.settled), len(box.taken)) == ([good, other], 3)
    assert await rows(shelf, "select id, given_up from outbound") == [(bad, True)]
    await now_due(shelf)
    assert await shelf.state.outbound.carry_due() == 0
    await shelf.state.database.engine.dispose()


async def test_the_pause_after_trouble_doubles_up_to_the_longest(library: Library) -> None:
    shelf, box = with_postbox(library)
    await put(shelf, (book(), book(), b"x"))
    for before, seconds in ((0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (500, 60)):
        async with shelf.state.database.transaction() as tx:
            await tx.execute(text(f"update outbound set attempts = {before}, due_at = now()"))
        box.troubles = [ConnectionRefusedError("away")]
        assert await shelf.state.outbound.carry_due() == 1
        assert await shelf.state.outbound.carry_due() == 0, "it is not due"
        left = await rows(shelf, "select extract(epoch from due_at - now()) from outbound")
        assert seconds - 1 < left[0][0] <= seconds
    await shelf.state.database.engine.dispose()


async def test_a_party_that_never_answers_is_cut_off_before_the_lease_ends(
    library: Library,
) -> None:
    """Or another process would take the parcel while this one still carries it."""
    shelf, box = with_postbox(library)
    shelf.state.outbound.lease = outbound.CUT_OFF_BEFORE + 0.2

    async def hang(parcel: Parcel) -> None:
        await asyncio.Event().wait()

    shelf.state.outbound.carriers = {"letter": Carrier(hang, box.settle)}
    await put(shelf, (book(), book(), b"x"))
    assert await asyncio.wait_for(shelf.state.outbound.carry_due(), 5) == 1
    told = await rows(shelf, "select given_up, trouble like 'TimeoutError%' from outbound")
    assert (told, box.settled) == ([(False, True)], [])
    await shelf.state.database.engine.dispose()


async def test_a_late_no_to_an_earlier_attempt_is_no_answer_to_the_one_under_way(
    library: Library,
) -> None:
    one, box = with_postbox(library)
    other, _ = with_postbox(library)
    said_no, answered = asyncio.Event(), asyncio.Event()
    for each in (one, other):
        each.state.outbound.at_once, each.state.outbound.lease = 1, 60.0

    async def refuse(parcel: Parcel) -> str:
        await said_no.wait()
        raise UndeliverableError("no such address")

    async def take(parcel: Parcel) -> str:
        await answered.wait()
        return await box.carry(parcel)

    one.state.outbound.carriers = {"letter": Carrier(refuse, box.settle)}
    other.state.outbound.carriers = {"letter": Carrier(take, box.settle)}
    await put(one, (book(), book(), b"x"))
    first = asyncio.create_task(one.state.outbound.carry_due())
    await until(lambda: rows(one, "select id from outbound where attempts = 1"))
    await now_due(one)
    second = asyncio.create_task(other.state.outbound.carry_due())
    await until(lambda: rows(one, "select id from outbound where attempts = 2"))
    said_no.set()
    await first
    assert await rows(one, "select given_up, attempts from outbound") == [(False, 2)]
    answered.set()
    await second
    assert len(box.settled) == 1
    await one.state.database.engine.dispose()
    await other.state.database.engine.dispose()


async def test_only_so_many_parcels_are_under_way_at_a_time_and_none_of_an_unknown_kind(
    library: Library,
) -> None:
    """A kind that this process cannot carry is another's, and keeps no other kind waiting."""
    shelf, box = with_postbox(library)
    under_way, most, key = 0, 0, book()

    async def carry(parcel: Parcel) -> str:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.6 if under_way == 1 else 0.05)  # others' turns come meanwhile
        under_way -= 1
        return await box.carry(parcel)

    shelf.state.outbound.carriers = {"letter": Carrier(carry, box.settle)}
    shelf.state.outbound.at_once = 3
    async with shelf.state.database.transaction() as tx:
        await outbound.queue(tx, "parcel post", [(book(), key, b"x")])
    await put(shelf, (book(), key, b"x"), *((book(), book(), b"x") for _ in range(7)))
    assert await shelf.state.outbound.carry_due() == 8
    assert (most, len(box.settled)) == (3, 8)
    assert await rows(shelf, "select kind, attempts from outbound") == [("parcel post", 0)]
    await shelf.state.database.engine.dispose()


@pytest.mark.parametrize("words", ["f\udcf6rbjudet", "x \0 y"], ids=["half a pair", "NUL"])
async def test_an_error_whose_text_no_database_takes_is_still_written_down(
    library: Library, words: str
) -> None:
    """Of a parcel, of a timer and of a parked event that is bad still; none ends its loop."""
    shelf, box = with_postbox(library)
    await put(shelf, (book(), book(), b"x"))
    box.troubles = [ConnectionRefusedError(words)]
    await shelf.state.outbound.carry_due()
    assert len(await rows(shelf, "select trouble from outbound where trouble <> ''")) == 1

    async def fail(tx: Any, found: Any) -> None:
        raise RuntimeError(words)

    shelf.state.timers.wakes = {"due": fail}
    await arm(shelf, [book()], TODAY)
    await shelf.state.timers.fire_due()
    assert len(await rows(shelf, "select failed from timers where failed <> ''")) == 1
    shelf.state.inbox.hears = {toy.BookLent: fail}
    await shelf.state.inbox([record(toy.loans(book(), 1)[0])])
    assert await shelf.state.inbox.parked.redrive() == (0, 1)
    await shelf.state.database.engine.dispose()


async def test_a_final_no_is_given_up_shown_and_can_be_tried_again(library: Library) -> None:
    shelf, box = with_postbox(library)
    one = (book(), book(), b"hello")
    await put(shelf, one)
    box.troubles = [UndeliverableError("no such address")]
    await shelf.state.outbound.carry_due()
    assert await rows(shelf, "select given_up, trouble from outbound") == [
        (True, "UndeliverableError: no such address")
    ]
    await now_due(shelf)
    assert await shelf.state.outbound.carry_due() == 0
    assert await shelf.state.outbound.redrive() == 1
    assert await shelf.state.outbound.carry_due() == 1
    assert box.settled == [one[0]]
    await shelf.state.database.engine.dispose()


async def test_what_is_said_of_a_parcels_outcome_goes_on_in_its_flow(library: Library) -> None:
    """Correlation and cause of the event that queued the parcel, not of the sending."""
    shelf, box = with_postbox(library)
    key = book()
    asked = record(toy.loans(key, 1)[0])

    async def ask(tx: Any, loans: Any) -> None:
        await outbound.queue(tx, "letter", [(book(), key, b"x")])

    async def tell(tx: Any, done: Any) -> None:
        tx.say(toy.loans(key, 1, first=2))

    shelf.state.inbox.hears = {toy.BookLent: ask}
    await shelf.state.inbox([asked])
    shelf.state.outbound.carriers = {"letter": Carrier(box.carry, tell)}
    await shelf.state.outbound.carry_due()
    headers = {name: value.decode() for name, value in asked.headers}
    assert await rows(shelf, "select cause::text, correlation::text from said") == [
        (headers["ce_id"], headers["ce_correlationid"])
    ]
    await shelf.state.database.engine.dispose()
