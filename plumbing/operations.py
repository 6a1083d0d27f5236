"""The operator's door of every service: numbers, parked events, the clock, saying again.

Numbers feed the topic dashboard, the quiet barrier of the movable clock and Prometheus alike.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import TextClause, text
from starlette.responses import Response

from contracts.envelope import Event
from plumbing import relay
from plumbing.fields import Form, Key, Reason
from plumbing.identity import Identity, identity_of, require
from plumbing.parked import ReadableError, record_of
from plumbing.problems import Problem

MOST_COUNTED = 10_000
"""Numbers are asked for several times a second: nothing may grow with the tables."""
AT_REST_SECONDS = 0.015
"""What a service says comes back to it, if it does, within some such time."""
LOOK_AGAIN_SECONDS = 0.03
COUNTS = text(f"""
  select
    (select count(*) from outbox) as pointers,
    (select coalesce(sum(events), 0) from outbox) as events,
    (select coalesce(extract(epoch from now() - min(created_at)), 0) from outbox) as age,
    (select case when is_called then last_value else 0 end from outbox_batch_seq) as last_batch,
    (select count(*) from timers where failed is null and due_on <= :today) as due,
    (select count(*) from
      (select 1 from timers where failed is null limit {MOST_COUNTED}) t) as armed,
    (select count(*) from timers where failed is not null) as set_aside,
    (select min(due_on) from timers where failed is null) as next_on,
    (select count(*) from
      (select 1 from outbound where not given_up limit {MOST_COUNTED}) q) as queued,
    (select count(*) from outbound where given_up) as given_up,
    (select count(distinct o.id) from outbound e join outbound o on o.kind = e.kind
      and o.key = e.key and o.place > e.place and not o.given_up where e.given_up) as behind,
    (select count(*) from parked) as parked,
    (select held from clock) as held,
    (select state from said_again order by id desc limit 1) as said_again,
    (select count(*) from said_again where state = 'asked') as say_again
""")
PARKED = text("""
  select id, consumer, topic, partition, key, type, reason, cause_of_wait, parked_at,
    octet_length(payload) as bytes
  from parked where (cast(:key as text) is null or key = :key) and id > :after
  order by id limit :limit
""")
TROUBLES = text("""
  select id, kind, key, attempts, given_up, queued_at,
    coalesce(trouble, 'waits behind a parcel of its key that was given up') as trouble
  from outbound o
  where trouble is not null or exists (select 1 from outbound e where e.given_up
    and e.kind = o.kind and e.key = o.key and e.place < o.place)
  order by queued_at limit 100
""")
SET_ASIDE = text("select kind, key, due_on, failed from timers where failed is not null limit 100")

RowNumber = Annotated[int, Path(ge=1, lt=2**63)]
Unfinished = TextClause | Callable[[], Awaitable[int]]
"""A count of a service's own work under way: by SQL, or of what lies elsewhere."""

router = APIRouter()


async def operator(request: Request) -> Identity:
    """The identity, refused unless it is an operator's.

    Read here and not as a dependency, which would run in a thread and cost more than the reading.
    """
    identity = identity_of(request)
    require(identity, "operator")
    return identity


Operator = Annotated[Identity, Depends(operator)]


async def numbers(state: Any) -> dict[str, Any]:
    """Everything countable about this process and its service, as JSON values."""
    async with state.database.connection() as connection:
        row = (await connection.execute(COUNTS, {"today": state.clock.today()})).one()
        unfinished = {
            name: (await connection.execute(count)).scalar_one()
            if isinstance(count, TextClause)
            else await count()
            for name, count in state.unfinished.items()
        }
        confirmed = await state.clock.is_confirmed(connection)
    lag = await state.lag.read(state.inbox.offsets) if state.hearing.is_set() else None
    return {
        "service": state.name,
        "today": state.clock.today().isoformat(),
        "clock_confirmed": confirmed,
        "clock_held": row.held,
        "outbox": {
            "transactions": row.pointers,
            "events": int(row.events),
            "oldest_seconds": float(row.age),
            "last_batch": row.last_batch,
            "say_again": row.say_again,
            "said_again": row.said_again,
        },
        "relay": {
            "leads": state.relay.leads,
            "sent": state.relay.sent,
            "sent_on": dict(state.relay.sent_on),
            "stuck": [f"{topic}[{partition}]" for topic, partition in state.relay.stuck],
        },
        "inbox": {
            "heard": state.inbox.heard,
            "unknown": state.inbox.unknown,
            "lag": lag,
            "parked": row.parked,
            "halted": state.inbox.halted,
        },
        "timers": {
            "due": row.due,
            "armed": row.armed,
            "set_aside": row.set_aside,
            "next_on": row.next_on.isoformat() if row.next_on else None,
            "fired": state.timers.fired,
        },
        "outbound": {
            "waiting": row.queued - row.behind if row.queued < MOST_COUNTED else MOST_COUNTED,
            "given_up": row.given_up,
            "behind_given_up": row.behind,
            "carried": state.outbound.carried,
        },
        "unfinished": unfinished,
        "alarms": {name: faults for name, faults in state.alarms.items() if faults},
    }


def backlog(numbers: dict[str, Any]) -> int:
    """How much is still under way: zero is what the quiet barrier waits for."""
    lag = numbers["inbox"]["lag"]
    if lag is None:
        return 1
    return int(
        numbers["outbox"]["events"]
        + numbers["outbox"]["say_again"]
        + sum(lag.values())
        + numbers["timers"]["due"]
        + numbers["outbound"]["waiting"]
        + sum(numbers["unfinished"].values())
        + (not numbers["clock_confirmed"])
    )


@router.get("/ops/numbers")
async def get_numbers(
    request: Request, _: Operator, patience: Annotated[float, Query(ge=0, le=5)] = 0
) -> dict[str, Any]:
    """The numbers of this service, with its backlog.

    `patience` is how many seconds they may wait for a moment in which nothing is under way: one who
    waits for quiet learns nothing from a reading in the middle of something.
    """
    until = time.monotonic() + patience
    while True:
        await request.app.state.database.work.rest(AT_REST_SECONDS, until=until)
        counted = await numbers(request.app.state)
        left = backlog(counted)
        if not left or time.monotonic() >= until:
            return {**counted, "backlog": left}
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


@router.get("/metrics", include_in_schema=False)
async def get_metrics(request: Request) -> Response:
    """The numbers for Prometheus; no personal data, no tenant's data."""
    counted = await numbers(request.app.state)
    registry = CollectorRegistry()
    flat = {
        "outbox_events": counted["outbox"]["events"],
        "outbox_oldest_seconds": counted["outbox"]["oldest_seconds"],
        "relay_leads": counted["relay"]["leads"],
        "relay_sent": counted["relay"]["sent"],
        "relay_stuck_partitions": len(counted["relay"]["stuck"]),
        "inbox_heard": counted["inbox"]["heard"],
        "inbox_unknown": counted["inbox"]["unknown"],
        "inbox_parked": counted["inbox"]["parked"],
        "inbox_halted": counted["inbox"]["halted"],
        "timers_due": counted["timers"]["due"],
        "timers_set_aside": counted["timers"]["set_aside"],
        "outbound_waiting": counted["outbound"]["waiting"],
        "outbound_given_up": counted["outbound"]["given_up"],
        "outbound_behind_given_up": counted["outbound"]["behind_given_up"],
    }
    for name, value in flat.items():
        Gauge(f"betalt_{name}", name.replace("_", " "), registry=registry).set(value)
    lag = Gauge("betalt_inbox_lag", "records not yet acted on", ["topic"], registry=registry)
    for topic, behind in (counted["inbox"]["lag"] or {}).items():
        lag.labels(topic).set(behind)
    found = "faults that the service's own checks have found"
    alarm = Gauge("betalt_alarm", found, ["check"], registry=registry)
    for name, faults in request.app.state.alarms.items():
        alarm.labels(name).set(faults)
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")


@router.get("/ops/parked")
async def get_parked(
    request: Request,
    _: Operator,
    key: str | None = None,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Parked events, oldest first; beside them what is set aside at the other doors."""
    async with request.app.state.database.connection() as connection:
        which = {"key": key, "after": after, "limit": limit}
        events = (await connection.execute(PARKED, which)).mappings().all()
        timers = (await connection.execute(SET_ASIDE)).mappings().all()
        parcels = (await connection.execute(TROUBLES)).mappings().all()
    return {
        "events": [dict(row) for row in events],
        "timers": [dict(row) for row in timers],
        "parcels": [dict(row) for row in parcels],
    }


@router.get("/ops/parked/{parked_id}")
async def get_one_parked(request: Request, _: Operator, parked_id: RowNumber) -> dict[str, Any]:
    """One parked event; personal fields are masked, and what cannot be read is not shown."""
    parked = request.app.state.inbox.parked
    row = await parked.one(parked_id)
    if row is None:
        raise Problem(404, "No such parked event")
    shown = {k: row[k] for k in ("id", "consumer", "topic", "partition", "key", "type", "reason")}
    headers = {
        name: value.decode("utf-8", "replace") if value else None
        for name, value in record_of(row).headers
    }
    cls = Event.registry.get(row["type"] or "")
    try:
        event = cls.model_validate_json(row["payload"]).masked() if cls else None
    except ValueError:
        event = None
    return {
        **shown,
        "headers": headers,
        "event": event,
        "bytes": len(row["payload"] or b""),
        "readable": parked.can_read(row),
    }


class Redrive(Form):
    """Which key to redrive; None takes all."""

    key: Key | None = None


@router.post("/ops/parked/redrive")
async def redrive(request: Request, _: Operator, which: Redrive) -> dict[str, int]:
    """Act again on what is parked, by key and in order; also timers and parcels set aside."""
    state = request.app.state
    done, standing = await state.inbox.parked.redrive(which.key)
    timers = await state.timers.redrive() if which.key is None else 0
    parcels = await state.outbound.redrive() if which.key is None else 0
    return {"events": done, "keys_standing": standing, "timers": timers, "parcels": parcels}


class LetGo(Form):
    """Why a record that cannot be read is given up."""

    reason: Reason


@router.post("/ops/parked/{parked_id}/let-go")
async def let_go(
    request: Request, who: Operator, parked_id: RowNumber, why: LetGo
) -> dict[str, int]:
    """Give up a record that cannot be read, and act on what waited behind it.

    404 where nothing such is parked, 409 for an event that can be read.
    """
    parked = request.app.state.inbox.parked
    try:
        key = await parked.let_go(parked_id, by=who.person, why=why.reason)
    except ReadableError as error:
        raise Problem(409, "The event can be read: redrive it", reason="readable") from error
    if key is None:
        raise Problem(404, "No such parked event")
    done, standing = await parked.redrive(key)
    return {"events": done, "keys_standing": standing}


class Day(Form):
    """The business day to move to; held, no timer fires on it until it is said again unheld."""

    today: date
    hold: bool = False


@router.post("/ops/clock")
async def move_clock(request: Request, _: Operator, day: Day) -> dict[str, Any]:
    """Move this service's business day (demo and tests; 404 elsewhere). Never backwards."""
    state = request.app.state
    if not state.settings.betalt_demo:
        raise Problem(404, "Not Found")
    async with state.database.connection() as connection:
        begun = (await connection.execute(text("select exists (select 1 from said)"))).scalar_one()
    if begun and day.today < state.clock.today():
        raise Problem(409, "The clock never goes back", today=state.clock.today().isoformat())
    await state.clock.move(state.database.engine, day.today, hold=day.hold)
    state.timers.wake.set()
    return {"today": state.clock.today().isoformat()}


class SayAgain(Form):
    """From which real day (UTC), and of which topic; None takes all topics."""

    since: date
    topic: Key | None = None


@router.post("/ops/say-again", status_code=202)
async def say_again(request: Request, _: Operator, what: SayAgain) -> dict[str, Any]:
    """Ask the leading relay to say everything again, in order and before anything new."""
    state = request.app.state
    async with state.database.connection() as connection:
        try:
            asked = await relay.ask_say_again(
                connection, what.since, what.topic, inbox_days=state.settings.inbox_days
            )
        except relay.TooOldError as error:
            raise Problem(409, "Too long ago", detail=str(error)) from error
    return {"id": asked}
