"""Files from the bank: kept once, controlled before they are booked, booked once, crash or not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from contracts.ids import new_id
from contracts.payments import PaymentAllocated
from plumbing.transaction import Transaction
from services.payments.domain.incoming import IncomingPayment
from services.payments.handlers import bank_files, booking, intake
from services.payments.handlers.bank_files import BankFiles, unbooked
from services.payments.handlers.drop_folder import DropFolder
from services.payments.store import intake as store
from tests.payments import camt_samples
from tests.payments.bank_house import (
    House,
    credit,
    house,
    house_on,
    key,
    large,
    notification,
    statement,
)

__all__ = ["house"]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten items in a booking transaction, and every file too large to be controlled at once."""
    monkeypatch.setattr(bank_files, "BATCH", 10)
    monkeypatch.setattr(bank_files, "AHEAD_BYTES", 0)
    monkeypatch.setattr(intake, "SMALL_BYTES", 0)
    monkeypatch.setattr(intake, "CHUNK_BYTES", 4_000)


def names_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))


async def shown(house: House, file_id: Any) -> dict[str, Any]:
    async with house.database.transaction() as tx:
        found = await store.show_file(tx, file_id)
    assert found is not None
    return {**found[0], "problems": [problem["reason"] for problem in found[1]]}


async def test_a_file_is_booked_and_its_payments_meet_their_claims(house: House) -> None:
    """R-98, R-130."""
    await house.open_claims(5)
    got = await house.send(notification(credit(range(5))))
    assert got.state == "validated"
    await house.work_all()
    file = await shown(house, got.file_id)
    assert (file["state"], file["booked"], file["matched"]) == ("booked", 5, 5)
    assert file["booked_ore"] == file["credits_ore"] == 500_00
    assert all(said["settled"] for said in await house.said(PaymentAllocated))
    await house.check_ledger()


async def test_a_file_is_booked_from_what_was_read_while_it_was_controlled(house: House) -> None:
    """And from the stored file where that is forgotten, by a crash or for want of room."""
    await house.open_claims(4)
    ahead = await house.send(notification(credit(range(2))))
    async with house.database.transaction() as tx:
        await store.forget_chunks(tx, ahead.file_id)
    await house.work_all()
    stored = await house.send(notification(credit(range(2, 4), entry="E2")))
    assert house.files.ahead.take(stored.file_id) is not None
    await house.work_all()
    for got in (ahead, stored):
        file = await shown(house, got.file_id)
        assert (file["state"], file["matched"]) == ("booked", 2)
    await house.check_ledger()


def test_what_is_read_ahead_of_many_files_is_bounded() -> None:
    ahead = intake.ReadAhead(most=3)
    files = [new_id() for _ in range(4)]
    for file_id, count in zip(files, (1, 2, 1, 4), strict=True):
        ahead.keep(file_id, [cast(intake.Item, None)] * count)
    assert [ahead.take(file_id) is not None for file_id in files] == [False, True, True, False]


async def test_the_same_bytes_a_second_time_change_nothing(house: House) -> None:
    """R-98."""
    await house.open_claims(1)
    body = notification(credit([0]))
    first = await house.send(body)
    await house.work_all()
    again = await house.send(body, name="another-name.xml")
    assert (again.file_id, again.state, again.duplicate) == (first.file_id, "booked", True)
    await house.work_all()
    assert await house.one("select count(*) from bank_file") == 1
    assert await house.one("select count(*) from bank_file_chunk") == 1
    assert await house.balance("bank:client") == 100_00


async def test_the_same_file_sent_twice_at_once_is_kept_once(house: House) -> None:
    """R-98."""
    body = notification(credit(range(3)))
    first, second = await asyncio.gather(house.send(body), house.send(body))
    assert first.file_id == second.file_id
    assert first.duplicate != second.duplicate
    assert await house.one("select count(*) from bank_file_chunk") == 1


async def test_a_payment_in_two_files_is_booked_once(house: House) -> None:
    """The bank's own reference tells that it is the same payment."""
    await house.open_claims(3)
    await house.send(notification(credit([0, 1])))
    other = await house.send(notification(credit([1, 2], entry="E2")))
    await house.work_all()
    file = await shown(house, other.file_id)
    assert (file["booked"], file["duplicates"]) == (1, 1)
    assert await house.balance("bank:client") == 300_00
    await house.check_ledger()


async def test_a_statement_controls_what_the_notification_booked(house: House) -> None:
    """Of camt.054 and camt.053 one books; the other shows what differs, and books nothing."""
    await house.open_claims(3)
    await house.send(notification(credit([0, 1])))
    got = await house.send(statement(credit([0, 1])))
    await house.work_all()
    file = await shown(house, got.file_id)
    assert (file["state"], file["role"], file["problems"]) == ("booked", "controls", [])
    assert await house.balance("bank:client") == 200_00
    late = await house.send(statement(credit([2], entry="E3")))
    await house.work_all()
    assert (await shown(house, late.file_id))["problems"] == [f"the payment {key(2)} is not booked"]
    await house.send(notification(credit([2], entry="E3")))
    await house.work_all()
    assert (await shown(house, late.file_id))["problems"] == []


async def test_a_statement_waits_for_the_notification_before_it(house: House) -> None:
    """Else it would be compared with what is not booked yet."""
    await house.open_claims(1)
    booking_file = await house.send(notification(credit([0])))
    await house.send(statement(credit([0])))
    async with store.locked(house.database, booking_file.file_id) as got:
        assert got
        assert not await house.files.work(), "one file is another's, the other one waits for it"


async def test_a_missing_statement_is_reported(house: House) -> None:
    """bank-formats 4.3: gaps in the numbers of statements."""
    balances = camt_samples.balance("OPBD", "0.00") + camt_samples.balance("CLBD", "100.00")
    first = statement(credit([0]), balances=balances)
    await house.send(first)
    third = first.replace(b"<ElctrncSeqNb>7<", b"<ElctrncSeqNb>9<")
    late = await house.send(third)
    assert (await shown(house, late.file_id))["problems"] == [
        "statement 8 of the account 54401060156 has not come"
    ]
    fourth = first.replace(b"<ElctrncSeqNb>7<", b"<ElctrncSeqNb>10<")
    got = await house.send(fourth)
    assert (await shown(house, got.file_id))["problems"] == [
        "statement 10 does not open with what statement 9 closed with"
    ]
    await house.send(first.replace(b"<ElctrncSeqNb>7<", b"<ElctrncSeqNb>8<"))
    assert (await shown(house, late.file_id))["problems"] == [], "it has come after all"


async def test_a_missing_notification_is_reported_too(house: House) -> None:
    """camt.054 has numbers of its own, and no balances."""
    first = notification(credit([0])).replace(
        b"<Id>S1</Id>", b"<Id>S1</Id><ElctrncSeqNb>3</ElctrncSeqNb>"
    )
    await house.send(statement(credit([0])))
    got = await house.send(first)
    assert (await shown(house, got.file_id))["problems"] == []
    got = await house.send(first.replace(b"<ElctrncSeqNb>3<", b"<ElctrncSeqNb>5<"))
    assert (await shown(house, got.file_id))["problems"] == [
        "statement 4 of the account 54401060156 has not come"
    ]


@pytest.mark.parametrize(
    ("last", "number", "missing"),
    [
        ((7, 2026), (8, 2026), []),
        ((7, 2026), (10, 2026), [8, 9]),
        ((251, 2026), (252, 2027), []),
        ((251, 2026), (1, 2027), []),
        ((251, 2026), (3, 2027), [1, 2]),
        ((7, None), (9, None), [8]),
        ((7, 2026), (7, 2026), []),
    ],
)
def test_numbers_of_statements_may_begin_anew_each_year(
    last: tuple[int, int | None], number: tuple[int, int | None], missing: list[int]
) -> None:
    """A gap is within a year, or at its beginning."""
    assert list(intake.missing_between(*last, *number)) == missing


async def test_a_refused_file_is_kept_with_reason_and_line_and_books_nothing(house: House) -> None:
    """R-98."""
    await house.open_claims(2)
    body = notification(credit([0, 1])).replace(b"<Sts>BOOK</Sts>", b"")
    got = await house.send(body)
    assert got.state == "refused"
    assert got.problems[0].line > 1
    await house.work_all()
    file = await shown(house, got.file_id)
    assert (file["state"], file["role"], file["booked"]) == ("refused", None, 0)
    assert file["problems"] == ["Ntry has no Sts before its details"]
    assert await house.one("select count(*) from payment") == 0
    assert (await house.send(body)).duplicate


@pytest.mark.usefixtures("small_batches")
async def test_a_large_refused_file_books_nothing(house: House) -> None:
    """What is wrong may stand on the last line."""
    body = b"".join(large(100)).replace(b"</Document>", b"")
    got = await house.send(body)
    assert got.state == "received"
    await house.work_all()
    assert (await shown(house, got.file_id))["state"] == "refused"
    assert await house.one("select count(*) from payment") == 0


@pytest.mark.usefixtures("small_batches")
async def test_a_crash_in_the_middle_loses_nothing_and_books_nothing_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is taken up again where it stopped, over gaps that concurrent batches left."""
    await house.open_claims(100)
    got = await house.send(large(100))
    calls = 0

    async def dying(
        tx: Transaction, payments: Sequence[IncomingPayment], *, file_id: Any
    ) -> booking.BookingResult:
        nonlocal calls
        calls += 1
        if calls == 4:
            await asyncio.sleep(0.2)  # the batch after it is booked meanwhile
            raise asyncio.CancelledError
        return await real(tx, payments, file_id=file_id)

    real = booking.book
    monkeypatch.setattr(booking, "book", dying)
    with pytest.raises(asyncio.CancelledError):
        await house.files.work()
    before = await house.one("select sum(items) from bank_file_batch")
    assert 30 <= before < 100
    monkeypatch.setattr(booking, "book", real)
    async with house_on(house.url) as restarted:
        await restarted.work_all()
    file = await shown(house, got.file_id)
    assert (file["state"], file["position"], file["booked"]) == ("booked", 100, 100)
    assert file["duplicates"] == 0
    assert await house.balance("bank:client") == 100 * 100_00
    await house.check_ledger()


@pytest.mark.usefixtures("small_batches")
async def test_a_file_that_cannot_be_booked_waits_with_its_reason_and_others_go_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours stops one file, not the bank."""
    await house.open_claims(40)
    real = booking.book

    async def failing(
        tx: Transaction, payments: Sequence[IncomingPayment], *, file_id: Any
    ) -> booking.BookingResult:
        if payments[0].source_key == key(20):
            raise ValueError("a rule is broken")
        return await real(tx, payments, file_id=file_id)

    monkeypatch.setattr(booking, "book", failing)
    stuck = await house.send(notification(credit(range(30))))
    fine = await house.send(notification(credit(range(30, 40), entry="E2")))
    await house.work_all()
    assert (await shown(house, stuck.file_id))["trouble"] == "ValueError: a rule is broken"
    assert (await shown(house, fine.file_id))["state"] == "booked"
    monkeypatch.setattr(booking, "book", real)
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql("update bank_file set retry_at = null")
    await house.work_all()
    file = await shown(house, stuck.file_id)
    assert (file["state"], file["booked"], file["trouble"]) == ("booked", 30, None)


@pytest.mark.usefixtures("small_batches")
async def test_two_processes_share_the_files_and_book_each_payment_once(house: House) -> None:
    """A file is one process's at a time; another one is free for the other."""
    await house.open_claims(120)
    for at in range(0, 120, 40):
        await house.send(notification(credit(range(at, at + 40), entry=f"E{at}")))
    async with house_on(house.url) as other:
        await asyncio.gather(house.work_all(), other.work_all())
        await house.work_all()
    assert await house.one("select count(*) from bank_file where state = 'booked'") == 3
    assert await house.one("select sum(booked) from bank_file_batch") == 120
    assert await house.balance("bank:client") == 120 * 100_00


async def test_a_large_file_needs_no_more_memory_than_a_small_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200,000 payments, some 90 MB, are taken in and controlled in a fraction of that."""
    process = psutil.Process()
    monkeypatch.setattr(intake, "SMALL_BYTES", 100_000)
    await house.send(large(2_000))
    await house.work_all()
    before = process.memory_info().rss
    got = await house.send(large(200_000, amount="50.00"))
    assert got.state == "received"
    await house.files.validate(got.file_id)
    file = await shown(house, got.file_id)
    assert (file["state"], file["payments"]) == ("validated", 200_000)
    assert file["bytes"] > 80_000_000
    assert process.memory_info().rss - before < 30_000_000


async def test_a_file_above_the_limit_is_not_kept(house: House) -> None:
    """The limit is a setting."""
    house.files = BankFiles(house.database, intake.Rules(most_bytes=1_000_000))
    with pytest.raises(intake.TooLargeError):
        await house.send(large(10_000))
    assert await house.one("select count(*) from bank_file_chunk") == 0


async def test_files_in_the_folder_are_taken_when_they_are_whole(
    house: House, tmp_path: Path
) -> None:
    """R-98: complete files only; they are moved away, those with mistakes to a place of theirs."""
    await house.open_claims(2)
    body = notification(credit([0, 1]))
    (tmp_path / "good.xml").write_bytes(body)
    (tmp_path / "bad.xml").write_bytes(b"not a bank file")
    (tmp_path / ".half.xml").write_bytes(body[:100])
    (tmp_path / "half.xml.tmp").write_bytes(body[:100])
    folder = DropFolder(tmp_path, house.files)
    assert await folder.waiting() == 2, "quiet waits for them"
    assert await folder.take_all() == 2
    assert await folder.waiting() == 0
    await house.work_all()
    (tmp_path / "good.xml").write_bytes(body)
    assert await folder.take_all() == 1
    await house.work_all()
    assert names_in(tmp_path) == [
        ".half.xml",
        "half.xml.tmp",
        "refused/bad.xml",
        "refused/bad.xml.reason",
        "taken/good.1.xml",
        "taken/good.xml",
    ]
    assert await house.balance("bank:client") == 200_00


async def test_a_name_as_long_as_a_folder_takes_is_moved_and_explained(
    house: House, tmp_path: Path
) -> None:
    """Though what stands beside it has a longer one; the same name a second time too."""
    bad, good = "å" * 125 + ".xml", "n" * 251 + ".xml"
    folder = DropFolder(tmp_path, house.files)
    for n in range(2):
        (tmp_path / bad).write_bytes(b"not a bank file" * (n + 1))
        (tmp_path / good).write_bytes(notification(credit([n], entry=f"E{n}")))
        assert await folder.take_all() == 2
        assert await folder.waiting() == 0
        assert all("/" in name for name in names_in(tmp_path)), "both are out of the way"
    assert len(list((tmp_path / "taken").iterdir())) == 2
    reasons = [path for path in (tmp_path / "refused").iterdir() if path.suffix == ".reason"]
    assert [path.read_text() for path in reasons] == ["line 1: the file is not XML\n"] * 2


@pytest.mark.parametrize(
    "amount", ["999999999999999999999.00", "99999999999999999.99", "9999999999999999.99"]
)
async def test_no_amount_in_a_file_can_stop_the_service(house: House, amount: str) -> None:
    """R-98: what is no amount of money is refused at its line, what is one can be kept."""
    entries = [credit([n], amount="1.00", entry=f"E{n}") for n in range(12)]
    body = notification(*entries).replace(b">1.00<", f">{amount}<".encode())
    got = await house.send(body)
    assert got.state == "refused"
    assert got.problems[0].line > 1
    await house.work_all()
    assert (await shown(house, got.file_id))["problems"] == [got.problems[0].reason]


@pytest.mark.parametrize("message", ["camt.054.001.02", "camt.054.001.08"])
async def test_no_sum_of_files_can_stop_the_service(house: House, message: str) -> None:
    """R-98: what one file may hold fits the ledger thousands of times; also where a deduction
    leaves next to nothing of an entry."""
    await house.open_claims(1)
    most = "9999999999999.99" if message.endswith("02") else "4999999999999.99"
    for n in range(12):
        entry = credit([0], amount=most, entry=f"E{n}")
        paid = replace(entry.txs[0], bank_reference=f"B{n}")
        back = replace(paid, bank_reference=f"C{n}", sign="DBIT")
        held = camt_samples.Ntry((paid, back), amount="0", bank_reference=f"E{n}")
        whole = replace(entry, txs=(paid,)) if message.endswith("02") else held
        got = await house.send(camt_samples.Camt((whole,), message=message).xml())
        assert got.state == "validated"
        more = replace(paid, bank_reference=f"D{n}", amount="0.02"), replace(back, amount="0.02")
        over = replace(whole, txs=(*whole.txs, *more))
        got = await house.send(camt_samples.Camt((whole, over), message=message).xml())
        assert (got.state, "more than any account" in got.problems[0].reason) == ("refused", True)
    await house.work_all()
    paid_ore = 12 * int(most.replace(".", ""))
    assert await house.balance("bank:client") == paid_ore
    await house.check_ledger()


async def test_nothing_in_the_folder_keeps_the_other_files_from_being_taken(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is no text, a file that cannot be read or moved, a mistake of ours."""
    names = [
        b"a-Ins\xe4ttning.xml",
        b"b-unreadable.xml",
        b"c-mistake.xml",
        b"d-stays.xml",
        b"e.xml",
    ]
    for n, name in enumerate(names):
        (tmp_path / os.fsdecode(name)).write_bytes(notification(credit([n], entry=f"E{n}")))
    (tmp_path / "0-folder.xml").mkdir()
    opened, renamed, received = Path.open, Path.rename, intake.receive

    def open_(path: Path, *rest: Any, **more: Any) -> Any:
        if path.name == "b-unreadable.xml":
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest, **more)

    def rename(path: Path, target: Any) -> Any:
        if path.name.startswith("d-"):
            raise PermissionError(13, "Permission denied")
        return renamed(path, target)

    async def receive(*rest: Any, name: str, **more: Any) -> intake.Received:
        if name.startswith("c-"):
            raise ValueError("a rule is broken")
        return await received(*rest, name=name, **more)

    monkeypatch.setattr(Path, "open", open_)
    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr(intake, "receive", receive)
    folder = DropFolder(tmp_path, house.files)
    assert await folder.take_all() == 5
    assert await folder.take_all() == 0, "what cannot be moved is passed over"
    kept = await house.rows("select name from bank_file order by name")
    assert [row.name for row in kept] == ["a-Ins?ttning.xml", "d-stays.xml", "e.xml"]
    refused = tmp_path / "refused"
    assert "Permission denied" in (refused / "b-unreadable.xml.reason").read_text()
    assert "a rule is broken" in (refused / "c-mistake.xml.reason").read_text()
    assert (tmp_path / "taken" / "e.xml").exists()


async def test_a_file_whose_control_cannot_be_written_is_kept_and_waits_with_its_reason(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours is no answer 500 for the bank to repeat, nor holds other files up."""

    async def broken(*_: Any) -> str:
        raise ValueError("out of range \x00 \udce4")

    real = intake.note_validation
    monkeypatch.setattr(intake, "note_validation", broken)
    stuck = await house.send(notification(credit([0])))
    assert stuck.state == "received"
    for _ in range(store.STUCK_AFTER):
        await house.files.work()
        async with house.engine.begin() as connection:
            await connection.exec_driver_sql("update bank_file set retry_at = null")
    assert "out of range" in (await shown(house, stuck.file_id))["trouble"]
    monkeypatch.setattr(intake, "note_validation", real)
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql(
            "update bank_file set retry_at = now() + interval '1 hour'"
        )
    other = await house.send(statement(credit([1], entry="E1")))
    await house.work_all()
    assert (await shown(house, other.file_id))["state"] == "booked"


async def test_a_slow_upload_is_not_taken_for_one_that_broke_off(house: House) -> None:
    """What counts is its newest part; and a file whose beginning is gone is not kept as one."""
    ids = [new_id(), new_id()]
    async with house.database.transaction() as tx:
        for file_id in ids:
            await store.keep_chunk(tx, file_id, 0, b"<")
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql(
            "update bank_file_chunk set stored_at = stored_at - interval '2 hours'"
        )
    async with house.database.transaction() as tx:
        await store.keep_chunk(tx, ids[0], 1, b"a/>")
    await house.files.sweep()
    assert await house.one("select count(distinct file_id) from bank_file_chunk") == 1

    async def interrupted() -> AsyncIterator[bytes]:
        yield notification(credit([0]))
        async with house.engine.begin() as connection:
            await connection.exec_driver_sql("delete from bank_file_chunk")

    monkey = pytest.MonkeyPatch()
    monkey.setattr(intake, "CHUNK_BYTES", 100)
    with pytest.raises(intake.BrokeOffError), monkey.context():
        await intake.receive(
            house.database,
            interrupted(),
            name="f",
            rules=house.files.rules,
            ahead=house.files.ahead,
        )
    monkey.undo()
    assert await house.one("select count(*) from bank_file") == 0


async def test_what_an_upload_left_behind_that_broke_off_is_dropped(house: House) -> None:
    """Chunks without a file are rubbish after an hour."""
    async with house.database.transaction() as tx:
        await store.keep_chunk(tx, house.clock.process, 0, b"<")
    await house.files.sweep()
    assert await house.one("select count(*) from bank_file_chunk") == 1
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql(
            "update bank_file_chunk set stored_at = stored_at - interval '2 hours'"
        )
    await house.files.sweep()
    assert await house.one("select count(*) from bank_file_chunk") == 0


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ([], [(0, 3), (3, 3), (6, 2)]),
        ([(0, 3)], [(3, 3), (6, 2)]),
        ([(3, 6)], [(0, 3), (6, 2)]),
        ([(0, 3), (4, 6)], [(3, 1), (6, 2)]),
        ([(0, 8)], []),
    ],
)
def test_what_is_booked_is_left_out_of_the_batches(
    monkeypatch: pytest.MonkeyPatch,
    ranges: list[tuple[int, int]],
    expected: list[tuple[int, int]],
) -> None:
    """Batches never reach over what is booked."""
    monkeypatch.setattr(bank_files, "BATCH", 3)
    start = ranges[0][1] if ranges and ranges[0][0] == 0 else 0
    items: Any = iter(range(start, 8))
    batches: list[Any] = list(unbooked(items, start, ranges))
    assert [(at, len(batch)) for at, batch in batches] == expected
    assert all(batch[0] == at for at, batch in batches)
