"""Charges, and the history of claims that charges and late facts must look back at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from contracts.terms import ChargeKind
from plumbing.literals import arrays, casts
from plumbing.transaction import Transaction, columns
from services.payments.domain.claim import Claim
from services.payments.domain.history import NO_HISTORY, Charge, ChargeState, History, Met

_COLUMNS = {
    **{"claim_id": "uuid", "kind": "text", "ordinal": "int", "creditor_id": "uuid"},
    **{"state": "text", "as_of": "date", "pay_by": "date", "charged_on": "date"},
    **{"fee_ore": "bigint", "work_ore": "bigint", "interest_ore": "bigint", "sent_on": "date"},
    **{"half_year": "date", "reversed_on": "date", "cause": "text"},
}

CHARGES = text(f"""
  select {", ".join(_COLUMNS)} from charge where claim_id = any(cast(:ids as uuid[]))
""")
SAVE = text(f"""
  insert into charge ({", ".join(_COLUMNS)})
  select * from unnest({casts(_COLUMNS)})
  on conflict (claim_id, kind, ordinal) do update set state = excluded.state,
    as_of = excluded.as_of, pay_by = excluded.pay_by, charged_on = excluded.charged_on,
    fee_ore = excluded.fee_ore, work_ore = excluded.work_ore, interest_ore = excluded.interest_ore,
    half_year = excluded.half_year, reversed_on = excluded.reversed_on, cause = excluded.cause
""")
SENT = text("""
  update charge c set sent_on = u.sent_on
  from unnest(cast(:ids as uuid[]), cast(:kinds as text[]), cast(:ordinals as int[]),
    cast(:days as date[])) as u(claim_id, kind, ordinal, sent_on)
  where c.claim_id = u.claim_id and c.kind = u.kind and c.ordinal = u.ordinal
    and c.sent_on is null
""")
MONEY = text("""
  select claim_id, payment_id, paid_on, amount_ore, creditor_part_ore, capital_ore, overpaid_ore
  from allocation where claim_id = any(cast(:ids as uuid[])) order by id
""")
CREDITS = text("""
  select claim_id, credit_ore, counts_on from credit where claim_id = any(cast(:ids as uuid[]))
""")
FORGET = text("""
  delete from charge c using unnest(cast(:ids as uuid[]), cast(:kinds as text[]),
    cast(:ordinals as int[])) as u(claim_id, kind, ordinal)
  where c.claim_id = u.claim_id and c.kind = u.kind and c.ordinal = u.ordinal
    and c.state = 'deferred'
""")
AWAITING_RATE = text("""
  select distinct claim_id from charge where state = 'deferred' and half_year = :half_year
  order by claim_id
""")

AWAITING_RATES = text("""
  select half_year, count(distinct claim_id) as claims from charge where state = 'deferred'
  group by half_year
""")


async def histories(tx: Transaction, claims: Iterable[Claim]) -> dict[UUID, History]:
    """The histories of claims that are locked; claims without any are missing in the answer."""
    by_id = {claim.claim_id: claim for claim in claims}
    charges: dict[UUID, list[Charge]] = defaultdict(list)
    for row in (await tx.execute(CHARGES, {"ids": list(by_id)})).all():
        charges[row.claim_id].append(_charge(row))
    touched = [c for c in by_id.values() if c.book.paid_ore or c.book.overpaid_ore]
    touched += [c for c in by_id.values() if c.book.credited_ore]
    touched_ids = list({claim.claim_id for claim in touched})
    met: dict[UUID, list[Met]] = defaultdict(list)
    credits: dict[UUID, list[tuple[date, int]]] = defaultdict(list)
    if touched_ids:
        for row in (await tx.execute(MONEY, {"ids": touched_ids})).all():
            met[row[0]].append(Met(*tuple(row)[1:]))
        for row in (await tx.execute(CREDITS, {"ids": touched_ids})).all():
            credits[row.claim_id].append((row.counts_on, row.credit_ore))
    return {
        claim_id: History(tuple(met[claim_id]), tuple(credits[claim_id]), tuple(charges[claim_id]))
        if claim_id in charges or claim_id in credits or claim_id in met
        else NO_HISTORY
        for claim_id in by_id
    }


async def save(tx: Transaction, charges: Sequence[Charge]) -> None:
    """Write charges, new or changed; the last one of a claim, kind and ordinal counts."""
    latest = {(c.claim_id, c.kind, c.ordinal): c for c in charges}
    if not latest:
        return
    rows = [
        (
            c.claim_id,
            c.kind,
            c.ordinal,
            c.creditor_id,
            c.state,
            c.as_of,
            c.pay_by,
            c.charged_on,
            c.fee_ore,
            c.work_ore,
            c.interest_ore,
            c.sent_on,
            c.half_year,
            c.reversed_on,
            c.cause,
        )
        for c in latest.values()
    ]
    await tx.execute(SAVE, arrays(_COLUMNS, rows))


async def mark_sent(tx: Transaction, sent: Sequence[tuple[UUID, ChargeKind, int, date]]) -> None:
    """Keep the day on which the letter of a charge was sent; the first one counts."""
    if sent:
        await tx.execute(SENT, columns(sent, ("ids", "kinds", "ordinals", "days")))


async def forget(tx: Transaction, deferred: Sequence[Charge]) -> None:
    """Forget deferred charges that were refused in the end."""
    if deferred:
        rows = [(c.claim_id, c.kind, c.ordinal) for c in deferred]
        await tx.execute(FORGET, columns(rows, ("ids", "kinds", "ordinals")))


async def awaiting_rate(tx: Transaction, half_year: date) -> list[UUID]:
    """The claims with a charge that waits for the rate of a half-year."""
    return list((await tx.execute(AWAITING_RATE, {"half_year": half_year})).scalars())


async def awaiting_rates(tx: Transaction) -> dict[date, int]:
    """How many claims have a charge that waits, by the half-year whose rate it waits for."""
    return {row.half_year: row.claims for row in await tx.execute(AWAITING_RATES)}


def _charge(row: Any) -> Charge:
    return Charge(
        claim_id=row.claim_id,
        creditor_id=row.creditor_id,
        kind=ChargeKind(row.kind),
        ordinal=row.ordinal,
        state=ChargeState(row.state),
        as_of=row.as_of,
        pay_by=row.pay_by,
        charged_on=row.charged_on,
        fee_ore=row.fee_ore,
        work_ore=row.work_ore,
        interest_ore=row.interest_ore,
        sent_on=row.sent_on,
        half_year=row.half_year,
        reversed_on=row.reversed_on,
        cause=row.cause,
    )
