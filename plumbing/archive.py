"""The archive of what was said, partitioned by real day; old days are dropped whole."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import text

from plumbing.clock import real_now
from plumbing.transaction import Database, Transaction

AHEAD = 3
"""Days for which partitions are made beforehand."""

ALONE = text("select pg_advisory_xact_lock(741004)")
PARTITIONS = text("""
  select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'said'::regclass and c.relname ~ '^said_[0-9]{8}$'
""")
UNSENT = text("select min(said_on) from outbox")
NOBODY_SAYS = text("lock table said in access exclusive mode")


async def keep_archive(database: Database, *, days: int) -> list[date]:
    """Make the coming days' partitions and drop those older than `days`; returns what was dropped.

    A day with something not yet sent is kept, however old.
    """
    today = real_now().date()
    async with database.transaction() as tx:
        await tx.execute(ALONE)
        known = {_day(name) for name in (await tx.execute(PARTITIONS)).scalars()}
        for day in (today + timedelta(days=ahead) for ahead in range(AHEAD + 1)):
            if day not in known:
                await _make(tx, day)
        unsent = (await tx.execute(UNSENT)).scalar_one()
        oldest = min(today - timedelta(days=days), unsent or today)
        old = sorted(day for day in known if day < oldest)
        for day in old:
            await tx.execute(text(f"drop table said_{day:%Y%m%d}"))
    return old


async def _make(tx: Transaction, day: date) -> None:
    """Make a day's partition; what was said on it already lies in the default one and moves over.

    So it is when the machine has slept for longer than partitions were made ahead.
    """
    name, limits = f"said_{day:%Y%m%d}", f"from ('{day}') to ('{day + timedelta(days=1)}')"
    await tx.execute(NOBODY_SAYS)
    await tx.execute(text(f"create table {name} (like said including all)"))
    await tx.execute(
        text(
            f"with moved as (delete from said_default where said_on = '{day}' returning *) "
            f"insert into {name} select * from moved"
        )
    )
    await tx.execute(text(f"alter table said attach partition {name} for values {limits}"))


def _day(partition: str) -> date:
    digits = partition.removeprefix("said_")
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
