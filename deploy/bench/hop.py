"""One hop of an event: from one service's outbox into another one's committed rows.

Two services of nothing but plumbing, each a process with a database of its own: `desk` says ticks,
`shelf` counts them per key. Started as `deploy.local.serve deploy.bench.hop_desk` and `hop_shelf`.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, FastAPI, Request
from pydantic import Field
from sqlalchemy import text

from contracts.envelope import Event
from plumbing.literals import casts, ids
from plumbing.service import create_service
from plumbing.settings import ServiceSettings
from plumbing.transaction import Transaction

COUNT = text(f"""
  insert into tick (key, heard) select key, 1 from unnest({casts({"keys": "uuid"})}) as u(key)
  order by key on conflict (key) do update set heard = tick.heard + 1
""")


class Ticked(Event):
    """A tick: as large as an ordinary event of the house."""

    type = "bench.clock.ticked.v1"
    topic = "bench.ticks"
    key_field = "tick_id"

    tick_id: UUID
    count: int
    note: str = "An ordinary event of the house has about two hundred bytes of fields like these."


async def count(tx: Transaction, ticks: Sequence[Ticked]) -> None:
    """Count ticks per key."""
    await tx.execute(COUNT, {"keys": ids(tick.tick_id for tick in ticks)})


class DeskSettings(ServiceSettings):
    """The desk's environment."""

    database_url: str = Field(validation_alias="DESK_DATABASE_URL")


class ShelfSettings(ServiceSettings):
    """The shelf's environment."""

    database_url: str = Field(validation_alias="SHELF_DATABASE_URL")


router = APIRouter()


@router.post("/say/{events}")
async def say(request: Request, events: int) -> dict[str, int]:
    """Say that many ticks, 1,500 a transaction, over 5,000 keys."""
    keys = [UUID(int=(7 << 76) | (2 << 62) | nth) for nth in range(5_000)]
    for at in range(0, events, 1_500):
        async with request.app.state.database.transaction() as tx:
            tx.say(
                Ticked(tick_id=keys[nth % 5_000], count=nth)
                for nth in range(at, min(at + 1_500, events))
            )
    return {"said": events}


@router.get("/heard")
async def heard(request: Request) -> dict[str, int]:
    """How many ticks have been counted and committed."""
    async with request.app.state.database.connection() as connection:
        total = await connection.execute(text("select coalesce(sum(heard), 0) from tick"))
        return {"heard": int(total.scalar_one())}


def create_desk() -> FastAPI:
    """The service that says."""
    return create_service("desk", DeskSettings(), hears={}, routers=[router])


def create_shelf() -> FastAPI:
    """The service that hears."""
    return create_service("shelf", ShelfSettings(), hears={Ticked: count}, routers=[router])
