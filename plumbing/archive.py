"""The archive of what was said, partitioned by real day; old days are dropped whole."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import text

from plumbing.clock import real_now
from plumbing.transaction import Database

AHEAD = 3
"""Days for which partitions are made beforehand."""

ALONE = text("select pg_advisory_xact_lock(741004)")
PARTITIONS = text("""
  select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'said'::regclass and c.relname ~ '^said_[0-9]{8}$'
""")
UNSENT = text("select min(said_on) from outbox")


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
                await tx.execute(
                    text(
                        f"create table said_{day:%Y%m%d} partition of said "
                        f"for values from ('{day}') to ('{day + timedelta(days=1)}')"
                    )
                )
        unsent = (await tx.execute(UNSENT)).scalar_one()
        oldest = min(today - timedelta(days=days), unsent or today)
        old = sorted(day for day in known if day < oldest)
        for day in old:
            await tx.execute(text(f"drop table said_{day:%Y%m%d}"))
    return old


def _day(partition: str) -> date:
    digits = partition.removeprefix("said_")
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
