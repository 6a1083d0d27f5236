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


async def added(tx: Transaction) -> Sequence[Any]:
    """What was added, with source and day, oldest first."""
    return (await tx.execute(ADDED)).all()


async def add(tx: Transaction, valid_from: date, bp: int, source: str, by: UUID) -> None:
    """Add a rate; the same one again changes nothing."""
    given = {"valid_from": valid_from, "bp": bp, "source": source, "today": tx.today, "by": by}
    await tx.execute(ADD, given)
