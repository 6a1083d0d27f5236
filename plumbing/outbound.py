"""Work towards parties outside: queued in the transaction that wants it, carried out afterwards.

A parcel's id is derived from its cause, never minted at sending, and is the idempotency key towards
the other party. An attempt is recorded before it is made: a parcel whose `attempts` is above one
may have been accepted before, and whoever shows its outcome says so. Of one kind and key the
oldest parcel goes first and the next one waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from plumbing.literals import arrays, casts
from plumbing.logs import shown
from plumbing.transaction import Database, Transaction, is_trouble, work_for_ever

log = structlog.get_logger()

_PARCELS = {
    **{"ids": "uuid", "kinds": "text", "keys": "uuid", "bodies": "bytea[]"},
    **{"correlations": "uuid", "causes": "uuid"},
}
QUEUE = text(f"""
  insert into outbound (id, kind, key, body, correlation, cause)
  select u.id, u.kind, u.key, u.body, u.correlation, u.cause
  from unnest({casts(_PARCELS)})
    with ordinality as u(id, kind, key, body, correlation, cause, n)
  order by u.n on conflict (id) do nothing
""")
TAKE = text("""
  update outbound set attempts = attempts + 1, due_at = now() + make_interval(secs => :lease)
  where id in (
    select o.id from outbound o
    where o.due_at <= now() and not o.given_up and o.kind = any(cast(:kinds as text[]))
      and not exists (select 1 from outbound e where e.kind = o.kind and e.key = o.key
        and e.place < o.place)
    order by o.due_at limit :limit for update skip locked)
  returning id, kind, key, body, attempts, correlation, cause
""")
SETTLED = text("delete from outbound where id = any(cast(:ids as uuid[])) returning id")
AGAIN = text("""
  update outbound set due_at = now() + make_interval(secs => :pause), trouble = :trouble,
    given_up = :given_up where id = :id and attempts = :attempts
""")
SETTLED_WITHIN = 0.25
"""Seconds that an answer waits for others to be settled with; what is not settled when a process
dies is in doubt."""
FINISHED_WITHIN = 2.0
"""Seconds that a service which is stopped leaves to what is under way: what is cut off is in doubt,
and may go twice."""
CUT_OFF_BEFORE = 5.0
"""Seconds before a lease ends in which nothing of it is carried any more."""
REVIVE = text("""
  with revived as (
    update outbound set given_up = false, due_at = now() where given_up returning 1)
  select count(*) from revived
""")


@dataclass(frozen=True, slots=True)
class Origin:
    """What queued a parcel; what is said about its outcome goes on in the same flow."""

    correlation: UUID
    id: UUID | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """One piece of work. `attempts` counts this one."""

    id: UUID
    kind: str
    key: UUID
    body: bytes
    attempts: int
    origin: Origin


class UndeliverableError(Exception):
    """The other party said no for good; the parcel is given up and shown to operators."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """How one kind of parcel travels.

    `carry` speaks to the other party, outside any transaction; what it returns goes to `settle`, in
    one transaction with the parcel's removal. Raising means: again later, with growing pauses.
    """

    carry: Callable[[Parcel], Awaitable[Any]]
    settle: Callable[[Transaction, Sequence[tuple[Parcel, Any]]], Awaitable[None]]


async def queue(tx: Transaction, kind: str, parcels: Iterable[tuple[UUID, UUID, bytes]]) -> None:
    """Queue parcels (id, key, body) of a kind; an id that is queued already changes nothing."""
    rows = []
    for parcel_id, key, body in parcels:
        known = tx.causes.get(key)
        correlation = known.correlation if known else tx.correlation
        rows.append((parcel_id, kind, key, body, correlation, known.id if known else None))
    if rows:
        await tx.execute(QUEUE, arrays(_PARCELS, rows))
        tx.has_queued = True


@dataclass
class Outbound:
    """The carrier of one service's parcels."""

    database: Database
    carriers: Mapping[str, Carrier]
    at_once: int = 50
    lease: float = 60.0
    poll: float = 0.5
    longest_pause: float = 60.0
    carried: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _under_way: dict[asyncio.Future[Any], Parcel] = field(default_factory=dict)
    _answered: dict[asyncio.Future[Any], Parcel] = field(default_factory=dict)
    """Carried, and not yet settled."""

    async def run(self) -> None:
        """Carry what is due, for ever; in trouble wait and go on."""
        try:
            await work_for_ever("outbound", self.carry_due, self.wake, self.poll)
        finally:
            await self._finish()

    async def _finish(self) -> None:
        """Write down what came of what was under way, but wait for none of it long."""
        if self._under_way:
            done, late = await asyncio.wait(self._under_way, timeout=FINISHED_WITHIN)
            for carrying in late:
                carrying.cancel()
            self._answered |= {carrying: self._under_way.pop(carrying) for carrying in done}
        try:
            await self._settle_answers()
        except Exception as error:
            if not is_trouble(error):
                raise
            log.warning("answers_lost", count=len(self._answered), error=type(error).__name__)

    async def carry_due(self) -> int:
        """Take, carry and settle what is due, up to `at_once` parcels under way at a time.

        Each answer is settled within a moment, whoever else still waits for his. Returns how many
        were taken. After trouble the next call goes on with what was under way.
        """
        count = 0
        while True:
            await self._settle_answers()
            found = await self._take(self.at_once - len(self._under_way))
            count += len(found)
            for parcel in found:
                self._under_way[asyncio.ensure_future(self._carry(parcel))] = parcel
            if not self._under_way:
                return count
            done, _ = await asyncio.wait(self._under_way, timeout=SETTLED_WITHIN)
            self._answered |= {carrying: self._under_way.pop(carrying) for carrying in done}

    async def _take(self, most: int) -> list[Parcel]:
        if most <= 0:
            return []
        which = {"kinds": list(self.carriers), "limit": most, "lease": self.lease}
        async with self.database.connection() as connection:
            rows = (await connection.execute(TAKE, which)).all()
        return [
            Parcel(r.id, r.kind, r.key, bytes(r.body), r.attempts, Origin(r.correlation, r.cause))
            for r in rows
        ]

    async def _carry(self, parcel: Parcel) -> Any:
        seconds = self.lease - CUT_OFF_BEFORE
        return await asyncio.wait_for(self.carriers[parcel.kind].carry(parcel), seconds)

    async def _settle_answers(self) -> None:
        """Write down what came of parcels; what trouble keeps from it stays to be written."""
        carried: dict[str, list[asyncio.Future[Any]]] = {}
        for carrying, parcel in list(self._answered.items()):
            cut_off = carrying.cancelled()
            error = asyncio.CancelledError() if cut_off else carrying.exception()
            if error is not None:
                await self._again(parcel, error)
                del self._answered[carrying]
            else:
                carried.setdefault(parcel.kind, []).append(carrying)
        for kind, done in carried.items():
            await self._settle(kind, [(self._answered[each], each.result()) for each in done])
            for each in done:
                del self._answered[each]

    async def _settle(self, kind: str, done: Sequence[tuple[Parcel, Any]]) -> None:
        """Settle what is still there: another process may have carried and settled it too."""
        try:
            async with self.database.transaction() as tx:
                ids = {"ids": [parcel.id for parcel, _ in done]}
                here = set((await tx.execute(SETTLED, ids)).scalars())
                ours = [(parcel, answer) for parcel, answer in done if parcel.id in here]
                tx.origins = {parcel.key: parcel.origin for parcel, _ in ours}
                if ours:
                    await self.carriers[kind].settle(tx, ours)
        except Exception as error:
            if is_trouble(error):
                raise
            if len(done) == 1:
                await self._again(done[0][0], UndeliverableError(f"settling: {shown(error)}"))
                return
            for one in done:
                await self._settle(kind, [one])
            return
        self.carried += len(ours)

    async def _again(self, parcel: Parcel, error: BaseException) -> None:
        given_up = isinstance(error, UndeliverableError)
        pause = min(self.longest_pause, 0.5 * 2 ** min(parcel.attempts, 12))
        trouble = f"{type(error).__name__}: {shown(error)}"[:500]
        log.log(
            40 if given_up else 30,
            "parcel_given_up" if given_up else "parcel_waits",
            kind=parcel.kind,
            id=str(parcel.id),
            attempts=parcel.attempts,
            trouble=trouble,
        )
        which = {"id": parcel.id, "attempts": parcel.attempts}
        async with self.database.connection() as connection:
            await connection.execute(
                AGAIN, {**which, "pause": pause, "trouble": trouble, "given_up": given_up}
            )

    async def redrive(self) -> int:
        """Try what was given up once more; returns how many."""
        async with self.database.transaction() as tx:
            return int((await tx.execute(REVIVE)).scalar_one())
