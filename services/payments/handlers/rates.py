"""The reference rates in force: those that law holds, and those an operator added since."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog

from law.rates import (
    ANNOUNCED_RATES,
    REFERENCE_RATES,
    ReferenceRateConflictError,
    ReferenceRates,
    half_years_wanted,
    is_announceable,
)
from plumbing.transaction import Transaction
from services.payments.store import charges, rates

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RateRefused:
    """Why a rate was not added; `known` tells that its half-year has another one."""

    reason: str
    known: bool
    field: str = "valid_from"


class RateKept(StrEnum):
    """Why a rate was not withdrawn."""

    NOT_ADDED = "rate_not_added"
    """No operator added one for that half-year; law's own stay."""
    CHARGED = "rate_charged"
    """Charges were made since its first day, and their letters state it."""


async def in_force(tx: Transaction) -> ReferenceRates:
    """The table to pass to law's functions; what law says wins over what was typed in."""
    rows = await rates.added(tx)
    return _together(tuple((row.valid_from, row.bp) for row in rows)) if rows else REFERENCE_RATES


async def to_charge_by(tx: Transaction) -> ReferenceRates:
    """The table in force, of which nothing is withdrawn until this transaction ends."""
    await rates.hold(tx)
    return await in_force(tx)


@lru_cache(maxsize=16)
def _together(added: tuple[tuple[date, int], ...]) -> ReferenceRates:
    """Law's rates and those added to them; told once where they contradict each other."""
    known = REFERENCE_RATES.bp_by_half_year
    for half_year, bp in added:
        if known.get(half_year, bp) != bp:
            which = {"half_year": half_year.isoformat(), "added_bp": bp}
            log.error("reference_rate_overruled", **which, law_bp=known[half_year])
    return REFERENCE_RATES.extended({day: bp for day, bp in added if day not in known})


async def all_rates(tx: Transaction) -> list[dict[str, Any]]:
    """Every rate with where it was read, newest first; `overruled` ones are not in force.

    `added_on` is the day an operator added it, None for those that law holds.
    """
    law = {row.half_year: row for row in ANNOUNCED_RATES}
    found = [
        {
            "valid_from": row.half_year,
            "bp": row.rate_bp,
            "source": row.source,
            "added_on": None,
            "overruled": False,
        }
        for row in ANNOUNCED_RATES
    ]
    found += [
        {
            "valid_from": row.valid_from,
            "bp": row.bp,
            "source": row.source,
            "added_on": row.added_on,
            "overruled": row.valid_from in law and law[row.valid_from].rate_bp != row.bp,
        }
        for row in await rates.added(tx)
    ]
    return sorted(found, key=lambda row: (row["valid_from"], not row["overruled"]), reverse=True)


async def lacking(tx: Transaction) -> list[dict[str, Any]]:
    """Half-years without a rate that charges wait for, or soon will, oldest first; with how many.

    Nobody is charged interest of such a half-year, nor reminded in it (law-and-fees 1.3).
    """
    known = (await in_force(tx)).bp_by_half_year
    waiting = await charges.awaiting_rates(tx)
    wanted = sorted({*half_years_wanted(tx.today), *waiting} - known.keys())
    return [
        {
            "valid_from": half_year,
            "claims_waiting": waiting.get(half_year, 0),
            "begun": half_year <= tx.today,
        }
        for half_year in wanted
    ]


async def add(
    tx: Transaction, valid_from: date, bp: int, source: str, by: UUID
) -> int | RateRefused:
    """Put a rate in force; the charges that waited for it wake today. Says how many claims."""
    if not is_announceable(bp):
        return RateRefused(
            "räntelagen 9 § rounds to half percentage points", known=False, field="bp"
        )
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


async def withdraw(tx: Transaction, valid_from: date) -> RateKept | None:
    """Withdraw a rate that somebody typed in; why not, if something was charged by it."""
    if not await rates.lock(tx, valid_from):
        return RateKept.NOT_ADDED
    if await rates.is_charged_since(tx, valid_from):
        return RateKept.CHARGED
    await rates.withdraw(tx, valid_from)
    return None
