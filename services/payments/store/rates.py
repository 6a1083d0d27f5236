"""The reference rates in force: those that law holds, and those an operator added since."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from law.rates import REFERENCE_RATES, ReferenceRates
from plumbing.transaction import Transaction

ADDED = text(
    "select valid_from, bp, source, added_on, added_by from reference_rate order by valid_from"
)
ADD = text("""
  insert into reference_rate (valid_from, bp, source, added_on, added_by)
  values (:valid_from, :bp, :source, :today, :by) on conflict do nothing
""")


async def in_force(tx: Transaction) -> ReferenceRates:
    """The table to pass to law's functions."""
    rows = await added(tx)
    if not rows:
        return REFERENCE_RATES
    return REFERENCE_RATES.extended({row.valid_from: row.bp for row in rows})


async def added(tx: Transaction) -> Sequence[Any]:
    """What operators have added, with source and day."""
    return (await tx.execute(ADDED)).all()


async def add(tx: Transaction, valid_from: date, bp: int, source: str, by: UUID) -> None:
    """Add a rate; the same one again changes nothing."""
    given = {"valid_from": valid_from, "bp": bp, "source": source, "today": tx.today, "by": by}
    await tx.execute(ADD, given)
