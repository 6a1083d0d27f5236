"""The reference rates that operators have added to those that law holds."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from plumbing.transaction import Transaction

ADDED = text(
    "select valid_from, bp, source, added_on, added_by from reference_rate order by valid_from"
)
ADD = text("""
  insert into reference_rate (valid_from, bp, source, added_on, added_by)
  values (:valid_from, :bp, :source, :today, :by) on conflict do nothing
""")

# Charges that read a rate keep its row so until they are booked: then no withdrawal misses them.
HOLD = text("select 1 from reference_rate for key share")
LOCK = text("select 1 from reference_rate where valid_from = :valid_from for update")
CHARGED_SINCE = text("select exists (select from charge where charged_on >= :valid_from)")
WITHDRAW = text("delete from reference_rate where valid_from = :valid_from")


async def added(tx: Transaction) -> Sequence[Any]:
    """What was added, with source and day, oldest first."""
    return (await tx.execute(ADDED)).all()


async def add(tx: Transaction, valid_from: date, bp: int, source: str, by: UUID) -> None:
    """Add a rate; the same one again changes nothing."""
    given = {"valid_from": valid_from, "bp": bp, "source": source, "today": tx.today, "by": by}
    await tx.execute(ADD, given)


async def hold(tx: Transaction) -> None:
    """Let no rate be withdrawn until this transaction ends."""
    await tx.execute(HOLD)


async def lock(tx: Transaction, valid_from: date) -> bool:
    """Lock a rate that was added, with all that price by it now behind; says whether there is."""
    return (await tx.execute(LOCK, {"valid_from": valid_from})).first() is not None


async def is_charged_since(tx: Transaction, valid_from: date) -> bool:
    """Whether anything was charged on or after a day, taken back or not."""
    return bool((await tx.execute(CHARGED_SINCE, {"valid_from": valid_from})).scalar_one())


async def withdraw(tx: Transaction, valid_from: date) -> None:
    """Withdraw a rate that was added."""
    await tx.execute(WITHDRAW, {"valid_from": valid_from})
