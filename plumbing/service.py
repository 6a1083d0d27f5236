"""Builds a service out of its doors: one process with API, consumer, relay, timers and outbound.

Every long-running task is supervised: one that ends takes the process with it, for a service that
answers health checks while its relay is dead is the worst failure there is.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from fastapi import APIRouter, FastAPI, Request
from faststream.kafka import KafkaRouter
from sqlalchemy import text
from starlette.responses import JSONResponse

from contracts.envelope import Event
from plumbing import kafka, logs, operations, problems
from plumbing.archive import keep_archive
from plumbing.clock import Clock, real_now
from plumbing.commands import forget_answers
from plumbing.flow import ServiceEdge
from plumbing.identity import Keys
from plumbing.inbox import Handler, Inbox
from plumbing.outbound import Carrier, Outbound
from plumbing.relay import Relay
from plumbing.settings import ServiceSettings
from plumbing.timers import Timers, Waker
from plumbing.transaction import Database, connect, is_trouble

log = structlog.get_logger()

RARELY = (300_000, 5, 20)
"""When garbage is looked for: a batch in work has up to so many objects, all of them alive, and a
look at them costs each event 15 µs (measured); they die with the batch, without any looking."""

HOURLY = timedelta(hours=1)

Task = Callable[[FastAPI], Awaitable[None]]
"""A service's own long-running loop, started after its clock is known."""


def create_service(
    name: str,
    settings: ServiceSettings,
    *,
    hears: Mapping[type[Event], Handler],
    wakes: Mapping[str, Waker] | None = None,
    carriers: Mapping[str, Carrier] | None = None,
    routers: Iterable[APIRouter] = (),
    tasks: Sequence[Task] = (),
    unfinished: Mapping[str, operations.Unfinished] | None = None,
) -> FastAPI:
    """The service as an ASGI app.

    `hears`, `wakes`, `carriers` are what its doors hand to handlers; `unfinished` names counts of
    work under way that quiet must wait for.
    """
    logs.configure(name, settings.log_level)
    clock = Clock()
    engine = connect(settings.database_url, pool_size=settings.pool_size)
    direct = connect(settings.database_direct_url or settings.database_url, pool_size=1)
    database = Database(engine, clock, direct)
    router = KafkaRouter()
    inbox = Inbox(database, name, hears, parked_limit=settings.parked_limit)
    if hears:
        topics, patience = {cls.topic for cls in hears}, settings.kafka_session_seconds
        kafka.subscribe(router, topics, name, inbox, session_seconds=patience)
    broker = kafka.Broker(
        settings.kafka_bootstrap_servers,
        routers=[router],
        allow_auto_create_topics=False,
        apply_types=False,  # what is injected is solved in a thread, for each batch
        consumer_only=True,  # the relay alone says anything
        logger=logging.getLogger("kafka"),  # tells of each batch, at a level that costs nothing
        log_level=logging.DEBUG,
    )

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await _follow_once(app)
        await keep_archive(database, days=settings.archive_days)
        loops: dict[str, Awaitable[None]] = {
            "relay": app.state.relay.run(),
            "timers": app.state.timers.run(),
            "hearing": _hear(app),
            "clock": _follow(app),
            "upkeep": _keep(app),
        }
        if carriers:
            loops["outbound"] = app.state.outbound.run()
        loops |= {task.__name__: task(app) for task in tasks}
        running = [asyncio.ensure_future(_supervised(app, n, loop)) for n, loop in loops.items()]
        gc.collect()
        gc.freeze()
        gc.set_threshold(*RARELY)
        try:
            yield
        finally:
            app.state.stopping = True
            with contextlib.suppress(TimeoutError):  # a half-started client leaks
                await asyncio.wait_for(app.state.hearing.wait(), 3)
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(broker.stop(), 10)
            with contextlib.suppress(KafkaError, OSError):
                await state.lag.close()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await engine.dispose()
            await direct.dispose()

    app = FastAPI(title=name, lifespan=lifespan, docs_url=None, redoc_url=None)
    state = app.state
    state.name, state.settings, state.clock, state.database = name, settings, clock, database
    state.keys = Keys(settings.identity_public_key)
    state.inbox, state.broker = inbox, broker
    state.lag = kafka.LagReader(broker, settings.kafka_bootstrap_servers)
    state.relay = Relay(direct, settings.kafka_bootstrap_servers, f"/{name}")
    state.timers = Timers(database, wakes or {})
    state.outbound = Outbound(
        database,
        carriers or {},
        at_once=settings.outbound_at_once,
        lease=settings.outbound_lease_seconds,
    )
    state.unfinished = dict(unfinished or {})
    state.alarms = {}
    state.hearing, state.failed, state.stopping = asyncio.Event(), None, False

    database.on_said = state.relay.wake.set
    database.on_queued = state.outbound.wake.set
    database.on_due = state.timers.wake.set
    problems.install(app)
    app.add_middleware(ServiceEdge, is_trouble=is_trouble)
    app.include_router(_health)
    app.include_router(operations.router)
    for each in routers:
        app.include_router(each)
    return app


async def _supervised(app: FastAPI, name: str, loop: Awaitable[None]) -> None:
    try:
        await loop
        raise RuntimeError("the task returned")
    except asyncio.CancelledError:
        raise
    except Exception:
        app.state.failed = name
        log.critical("task_died", task=name, exc_info=True)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(15)
        os._exit(1)


async def _follow_once(app: FastAPI) -> None:
    while True:
        try:
            async with app.state.database.connection() as connection:
                await app.state.clock.follow(connection)
        except Exception as error:
            if not is_trouble(error):
                raise
            log.warning("database_awaited", error=type(error).__name__)
            await asyncio.sleep(0.5)
        else:
            return


async def _follow(app: FastAPI) -> None:
    """Take over a day that another process of this service was moved to."""
    while True:
        await asyncio.sleep(1)  # seen within three seconds counts as alive
        await _follow_once(app)


async def _keep(app: FastAPI) -> None:
    """Once an hour by the clock on the wall: a machine that slept has slept through the others."""
    settings, database = app.state.settings, app.state.database
    due = real_now() + HOURLY
    while True:
        await asyncio.sleep(60)
        if real_now() < due:
            continue
        due = real_now() + HOURLY
        try:
            await keep_archive(database, days=settings.archive_days)
            await app.state.inbox.prune(real_now().date() - timedelta(days=settings.inbox_days))
            await forget_answers(database, days=settings.answers_days)
        except Exception as error:
            if not is_trouble(error):
                raise
            log.warning("upkeep_waits", error=type(error).__name__)


async def _hear(app: FastAPI) -> None:
    """Start the consumer when a broker answers, and die with it should its loop ever end."""
    broker: kafka.Broker = app.state.broker
    while True:
        try:
            await broker.start()
            break
        except (KafkaError, OSError) as error:
            log.warning("broker_awaited", error=type(error).__name__)
            with contextlib.suppress(KafkaError, OSError):
                await broker.stop()
            await asyncio.sleep(0.5)
    app.state.hearing.set()
    while True:
        await asyncio.sleep(1)
        for subscriber in broker.subscribers:
            tasks = getattr(subscriber, "tasks", ())  # FastStream restarts a loop that failed
            if tasks and all(task.done() for task in tasks) and not app.state.stopping:
                raise RuntimeError("the consumer's loop ended")


_health = APIRouter()


@_health.get("/health/live", include_in_schema=False)
async def live(request: Request) -> JSONResponse:
    """Red when any task died."""
    failed = request.app.state.failed
    return JSONResponse({"failed": failed}, status_code=503 if failed else 200)


@_health.get("/health/ready", include_in_schema=False)
async def ready(request: Request) -> JSONResponse:
    """Green when the database answers, the consumer runs and nothing has died or halted."""
    state: Any = request.app.state
    reasons = [f"task {state.failed} died"] if state.failed else []
    if not state.hearing.is_set():
        reasons.append("not yet hearing")
    if state.inbox.halted:
        reasons.append("too many parked events")
    try:
        async with state.database.connection() as connection:
            await connection.execute(text("select 1"))
    except Exception as error:
        reasons.append(f"database: {type(error).__name__}")
    return JSONResponse({"not_ready": reasons}, status_code=503 if reasons else 200)
