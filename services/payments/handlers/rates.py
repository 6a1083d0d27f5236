"""The reference rates in force: those that law holds, and those an operator added since."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from law.rates import (
    ANNOUNCED_RATES,
    REFERENCE_RATES,
    ReferenceRateConflictError,
    ReferenceRates,
)
from plumbing.transaction import Transaction
from services.payments.store import charges, rates


@dataclass(frozen=True, slots=True)
class RateRefused:
    """Why a rate was not added; `known` tells that its half-year has another one."""

    reason: str
    known: bool


async def in_force(tx: Transaction) -> ReferenceRates:
    """The table to pass to law's functions."""
    added = await rates.added(tx)
    if not added:
        return REFERENCE_RATES
    return REFERENCE_RATES.extended({row.valid_from: row.bp for row in added})


async def all_rates(tx: Transaction) -> list[dict[str, Any]]:
    """Every rate in force with where it was read, newest first."""
    rows = [(row.half_year, row.rate_bp, row.source) for row in ANNOUNCED_RATES]
    rows += [(row.valid_from, row.bp, row.source) for row in await rates.added(tx)]
    return [
        {"valid_from": valid_from, "bp": bp, "source": source}
        for valid_from, bp, source in sorted(rows, reverse=True)
    ]


async def add(
    tx: Transaction, valid_from: date, bp: int, source: str, by: UUID
) -> int | RateRefused:
    """Put a rate in force; the charges that waited for it wake today. Says how many claims."""
    try:
        (await in_force(tx)).extended({valid_from: bp})
    except ReferenceRateConflictError as error:
        return RateRefused(str(error), known=True)
    except ValueError as error:
        return RateRefused(str(error), known=False)
    await rates.add(tx, valid_from, bp, source, by)
    waiting = await charges.awaiting_rate(tx, valid_from)
    tx.wake("deferred", dict.fromkeys(waiting, tx.today))
    return len(waiting)
