"""The ledger is checked all the time (events.md 5), by the service itself.

PostgreSQL refuses a transaction that does not sum to zero when it is written. All else is looked at
again and again: the check reads every posting, so it rests a hundred times as long as it took, and
costs one in a hundred of a processor however large the ledger grows. What it finds is an alarm,
which the operators' pages and the metrics show until a later look finds the ledger right.
"""

import asyncio
from collections.abc import MutableMapping
from time import monotonic

import structlog

from plumbing.transaction import Database, is_trouble
from services.payments.store import ledger

log = structlog.get_logger()

ALARM = "ledger"
REST = 100
"""How many times as long as a check the rest after it is."""


async def keep_checking(
    database: Database, alarms: MutableMapping[str, int], *, seconds: float
) -> None:
    """Check the ledger for ever, at most once in so many seconds."""
    rest = seconds
    while True:
        await asyncio.sleep(rest)
        began = monotonic()
        try:
            await check_once(database, alarms)
        except Exception as error:
            if not is_trouble(error):
                raise
            log.warning("ledger_check_waits", error=type(error).__name__)
        rest = max(seconds, REST * (monotonic() - began))


async def check_once(database: Database, alarms: MutableMapping[str, int]) -> ledger.Check:
    """Check the ledger now, and raise or end the alarm."""
    async with database.transaction() as tx:
        found = await ledger.check(tx)
    alarms[ALARM] = len(found.problems)
    if found.problems:
        log.error("ledger_wrong", problems=found.problems)
    return found
