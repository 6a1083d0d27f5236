"""What files that were booked told of the bank's entries: each in one piece, or by its payments.

A row is one entry in one batch of one file, written in the transaction that books it; or the
likeness of payments that the bank gave no reference.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from plumbing.transaction import Transaction, columns

# Taken first in its transaction: payments of entries side by side, an entry in one piece alone.
TOGETHER = text("select pg_advisory_xact_lock_shared(742010)")
ALONE = text("select pg_advisory_xact_lock(742010)")
KEEP = text("""
  insert into bank_entry (entry_key, file_id, start_at, in_one_piece, serial, signed_ore)
  select u.entry_key, :file_id, :start_at, u.in_one_piece, u.serial, u.signed_ore
  from unnest(cast(:keys as text[]), cast(:whole as boolean[]), cast(:serials as text[]),
    cast(:sums as bigint[])) as u(entry_key, in_one_piece, serial, signed_ore)
  order by u.entry_key on conflict do nothing
""")
KNOWN = text("""
  select entry_key, in_one_piece, sum(signed_ore)::bigint as signed_ore from bank_entry
  where entry_key = any(cast(:keys as text[])) group by entry_key, in_one_piece, file_id
""")
BY_SERIAL = text("""
  select serial, sum(signed_ore)::bigint as signed_ore from bank_entry
  where serial = any(cast(:serials as text[])) group by serial, file_id
""")
FORGET = text("delete from bank_entry where entry_key = :key and in_one_piece")

MET_ELSEWHERE = text("""
  select distinct likeness from nameless_payment
  where likeness = any(cast(:likenesses as bytea[])) and file_id <> :file_id
""")
KEEP_LIKENESSES = text("""
  insert into nameless_payment select distinct u.likeness, cast(:file_id as uuid)
  from unnest(cast(:likenesses as bytea[])) as u(likeness) on conflict do nothing
""")


class Told(NamedTuple):
    """An entry in a batch: öre of its items there, debits negative."""

    key: str
    in_one_piece: bool
    serial: str | None
    signed_ore: int


class Known(NamedTuple):
    """The sums that booked files told of an entry, each file's own."""

    in_one_piece: frozenset[int] = frozenset()
    by_payments: frozenset[int] = frozenset()


async def lock(tx: Transaction, *, alone: bool) -> None:
    """Before entries are looked up: none of them is booked otherwise meanwhile."""
    await tx.execute(ALONE if alone else TOGETHER)


async def known(tx: Transaction, keys: Iterable[str]) -> dict[str, Known]:
    """Give what is known of entries."""
    found: dict[str, Known] = {}
    for row in await tx.execute(KNOWN, {"keys": list(keys)}):
        before = found.get(row.entry_key, Known())
        name = "in_one_piece" if row.in_one_piece else "by_payments"
        sums = getattr(before, name) | {row.signed_ore}
        found[row.entry_key] = before._replace(**{name: sums})
    return found


async def told_by_serial(tx: Transaction, serials: Iterable[str]) -> set[tuple[str, int]]:
    """Give the deposits that booked files told of, with their sums."""
    wanted = list(serials)
    rows = await tx.execute(BY_SERIAL, {"serials": wanted}) if wanted else ()
    return {(row.serial, row.signed_ore) for row in rows}


async def keep(tx: Transaction, file_id: UUID, start_at: int, told: Sequence[Told]) -> None:
    """Write what a batch tells."""
    if told:
        given = columns(told, ("keys", "whole", "serials", "sums"))
        await tx.execute(KEEP, {"file_id": file_id, "start_at": start_at, **given})


async def met_elsewhere(
    tx: Transaction, likenesses: Iterable[bytes], *, file_id: UUID
) -> set[bytes]:
    """Give those of the likenesses that payments of other files have."""
    wanted = list(likenesses)
    which = {"likenesses": wanted, "file_id": file_id}
    return set((await tx.execute(MET_ELSEWHERE, which)).scalars()) if wanted else set()


async def keep_likenesses(tx: Transaction, likenesses: Iterable[bytes], *, file_id: UUID) -> None:
    """Write which likenesses a file has."""
    told = list(likenesses)
    if told:
        await tx.execute(KEEP_LIKENESSES, {"likenesses": told, "file_id": file_id})


async def forget_whole(tx: Transaction, key: str) -> None:
    """An entry is no longer booked in one piece: it may be booked by its payments."""
    await tx.execute(FORGET, {"key": key})
