"""The operator's first page and API: the topics, what is parked, and the clock.

Numbers come from every service's `/ops/numbers`; rates are the difference of two readings. Nothing
is stored: a restart of the gateway only forgets the last reading.
"""

from __future__ import annotations

import asyncio
import calendar
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import Field

from contracts.topics import TOPICS
from plumbing import fields
from plumbing.problems import Problem
from services.gateway.clock import Barrier, Reading, waiting_for
from services.gateway.sessions import ApiOperator, OperatorSession
from services.gateway.upstream import Upstream, listed_in
from services.gateway.words import as_date, faults, page

router = APIRouter()
demo_router = APIRouter()
"""Doors that exist in demo mode alone: those that move the clock."""

LONGEST_QUIET_SECONDS = 600
SERVICE_DOORS = re.compile(r"numbers|parked(/[0-9]{1,18}(/let-go)?|/redrive)?|say-again")
"""What of a service's `/ops` may be reached from outside; its clock moves with all others' only."""
RATE_WINDOW_SECONDS = 1.0
PARKED_NO_MORE = "/drift/parkerade?antal=0"
"""The list, and that what was asked for is not in it: another click was first."""
RowNumber = Annotated[int, Path(ge=1, lt=2**63)]


@dataclass(frozen=True, slots=True)
class Rates:
    """Events per second of one service since the reading before; None while unknown."""

    said: float | None = None
    heard: float | None = None
    topics: Mapping[str, float] = field(default_factory=dict)
    """What it said, by topic; a topic on which it said nothing yet is not there."""


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic: who speaks there, and how far behind each hearer is."""

    name: str
    owner: str
    said: float | None
    lags: tuple[tuple[str, int], ...]

    @property
    def behind(self) -> int:
        """Records not yet acted on, by all hearers."""
        return sum(lag for _, lag in self.lags)


class Dashboard:
    """The last reading, to make rates of."""

    def __init__(self) -> None:
        self._at = 0.0
        self._before: Mapping[str, Any] = {}
        self._rates: dict[str, Rates] = {}

    def rates(self, numbers: Mapping[str, Any]) -> dict[str, Rates]:
        """Rates since the last reading that lies at least a second back."""
        now = time.monotonic()
        passed = now - self._at
        if self._before and passed < RATE_WINDOW_SECONDS:
            return self._rates
        self._rates = rates_between(self._before, numbers, passed if self._before else 0)
        self._at, self._before = now, numbers
        return self._rates


def rates_between(
    before: Mapping[str, Any], now: Mapping[str, Any], seconds: float
) -> dict[str, Rates]:
    """Said and heard per second; a service that started anew has no rate yet."""
    found = {}
    for name, numbers in now.items():
        earlier = before.get(name)
        if numbers is None or earlier is None or seconds <= 0:
            found[name] = Rates()
            continue
        said = (numbers["relay"]["sent"] - earlier["relay"]["sent"]) / seconds
        heard = (numbers["inbox"]["heard"] - earlier["inbox"]["heard"]) / seconds
        if said < 0 or heard < 0:
            found[name] = Rates()
            continue
        sent_before = earlier["relay"]["sent_on"]
        topics = {
            topic: (sent - sent_before.get(topic, 0)) / seconds
            for topic, sent in numbers["relay"]["sent_on"].items()
        }
        found[name] = Rates(said, heard, topics)
    return found


def topic_rows(numbers: Mapping[str, Any], rates: Mapping[str, Rates]) -> list[TopicRow]:
    """Every topic of `contracts`, with the lag of each service that hears it."""
    rows = []
    for topic in TOPICS:
        owner = topic.name.partition(".")[0]
        lags = tuple(
            (name, each["inbox"]["lag"][topic.name])
            for name, each in numbers.items()
            if each is not None and topic.name in (each["inbox"]["lag"] or {})
        )
        rate = rates.get(owner, Rates())
        said = None if rate.said is None else rate.topics.get(topic.name, 0.0)
        rows.append(TopicRow(topic.name, owner, said, lags))
    return rows


def hears_nothing(numbers: Mapping[str, Any]) -> bool:
    """Whether no service that answers can say how far behind it is: no broker answers them."""
    answering = [each for each in numbers.values() if each is not None]
    return bool(answering) and all(each["inbox"]["lag"] is None for each in answering)


def queues_in(attention: Mapping[str, Any] | None) -> list[tuple[str, str, int, int]]:
    """The queues of money that hold something: page, name, how many, and öre where it says."""
    if attention is None:
        return []
    overpaid = attention["overpaid"]
    queues = (
        ("/drift/betalningar", "Betalningar utan faktura", attention["unmatched"], 0),
        (
            "/drift/overbetalningar",
            "Överbetalda fordringar",
            overpaid["claims"],
            overpaid["amount_ore"],
        ),
        ("/drift/utbetalningar", "Uttag utan förklaring", attention["unknown_debits"], 0),
        (
            "/drift/utbetalningar",
            "Företag som inte får sina pengar",
            attention["creditors_unpaid"],
            0,
        ),
    )
    return [queue for queue in queues if queue[2]]


def month_later(day: date) -> date:
    """The same day of the next month, or its last day."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


# --- pages -------------------------------------------------------------------------------------


@router.get("/drift")
async def overview(request: Request, session: OperatorSession) -> Response:
    """Services, topics, the ledger and the clock at one glance."""
    upstream, barrier = _parts(request)
    numbers, ledger, attention, alarms = await asyncio.gather(
        upstream.of_all(session.identity, "/ops/numbers", seconds=3),
        upstream.perhaps(session.identity, "payments", "/ledger/check", seconds=5),
        upstream.perhaps(session.identity, "payments", "/attention", seconds=3),
        upstream.perhaps(session.identity, "collections", "/cases/alarms", seconds=3),
    )
    reading = Reading(numbers, {})
    dashboard: Dashboard = request.app.state.dashboard
    rates = dashboard.rates(numbers)
    days = reading.days
    queues, half_years = queues_in(attention), listed_in(attention, "half_years")
    alarm_count = (alarms or {}).get("count", 0)
    return page(
        request,
        "drift.html",
        session=session,
        numbers=numbers,
        rates=rates,
        topics=topic_rows(numbers, rates),
        ledger=ledger,
        alarms=listed_in(alarms, "alarms"),
        alarm_count=alarm_count,
        attention=attention,
        queues=queues,
        to_do=sum(number for _, _, number, _ in queues) + len(half_years) + alarm_count,
        held_up=any(each["claims_waiting"] for each in half_years),
        unheard=hears_nothing(numbers),
        today=min(days.values()) if days else None,
        job=barrier.job,
        waiting=barrier.job.waiting if barrier.moving and barrier.job else waiting_for(reading),
        parked=sum(reading.parked.values()),
    )


@router.get("/drift/parkerade")
async def parked(
    request: Request,
    session: OperatorSession,
    nyckel: str = "",
    antal: int = -1,
    kvar: int = 0,
    slappt: bool = False,
) -> Response:
    """What is parked anywhere, and what is set aside at the other doors.

    `antal` and `kvar` tell what became of it when it was tried again, `slappt` that one was let go.
    """
    upstream, _ = _parts(request)
    asked = (
        upstream.perhaps(session.identity, name, "/ops/parked", {"key": nyckel})
        for name in upstream.services
    )
    found = dict(zip(upstream.services, await asyncio.gather(*asked), strict=True))
    return page(
        request, "parkerade.html", session=session, found=found, key=nyckel,
        tried=redriven(antal, kvar, let_go=slappt) if antal >= 0 else None, still=kvar > 0,
    )  # fmt: skip


def redriven(done: int, keys_left: int, *, let_go: bool = False) -> str:
    """What became of what was parked, once it was tried again, or what it waited for let go."""
    if let_go and not done and not keys_left:
        return "Släppt. Inget väntade bakom den."
    if let_go:
        return f"Släppt. {redriven(done, keys_left)}"
    did = (
        "Inget kördes om." if done == 0 else "1 är utförd." if done == 1 else f"{done} är utförda."
    )
    if not keys_left:
        return did if done else "Det var inte parkerat längre."
    left = "1 nyckel är" if keys_left == 1 else f"{keys_left} nycklar är"
    return f"{did} {left} kvar, för skälet finns kvar."


@router.get("/drift/parkerade/{service}/{parked_id}")
async def one_parked(
    request: Request, session: OperatorSession, service: str, parked_id: RowNumber
) -> Response:
    """One parked event, personal fields masked by its service; the list if it is parked no more."""
    upstream, _ = _parts(request)
    path = f"/ops/parked/{parked_id}"
    try:
        event = await upstream.ask(session.identity, _known(upstream, service), path)
    except Problem as problem:
        if problem.status != 404:
            raise
        return _to(PARKED_NO_MORE)
    return page(request, "parkerad.html", session=session, service=service, event=event)


@router.post("/drift/parkerade/kor-om")
async def redrive(
    request: Request,
    session: OperatorSession,
    service: Annotated[str, Form()],
    nyckel: Annotated[str, Form()] = "",
) -> Response:
    """Let one key, or everything of a service, be acted on again."""
    upstream, _ = _parts(request)
    done = await upstream.ask(
        session.identity,
        _known(upstream, service),
        "/ops/parked/redrive",
        method="POST",
        json={"key": nyckel or None},
        seconds=60,
    )
    acted_on = sum(int(done[what]) for what in ("events", "timers", "parcels"))
    return _tried(acted_on, done)


def _tried(acted_on: int, done: Mapping[str, Any], more: str = "") -> Response:
    """To the list, which tells what became of what was tried again."""
    return _to(f"/drift/parkerade?antal={acted_on}&kvar={int(done['keys_standing'])}{more}")


@router.post("/drift/parkerade/{service}/{parked_id}/slapp")
async def let_go(
    request: Request,
    session: OperatorSession,
    service: str,
    parked_id: RowNumber,
    skal: Annotated[str, Form()] = "",
) -> Response:
    """Give up a record that cannot be read, so that what waits behind it goes on."""
    upstream, _ = _parts(request)
    path = f"/ops/parked/{parked_id}"
    name = _known(upstream, service)
    try:
        done = await upstream.ask(
            session.identity, name, f"{path}/let-go", method="POST", json={"reason": skal}
        )
    except Problem as problem:
        if problem.status == 404:
            return _to(PARKED_NO_MORE)
        if problem.status != 422:
            raise
        event = await upstream.ask(session.identity, name, path)
        return page(
            request, "parkerad.html", status=422, session=session, service=service, event=event,
            reason=skal, wrong={"skal": faults(problem).get("reason")},
        )  # fmt: skip
    return _tried(int(done["events"]), done, "&slappt=1")


@demo_router.post("/drift/klocka")
async def move_by_button(
    request: Request,
    session: OperatorSession,
    steg: Annotated[str, Form()] = "",
    till: Annotated[str, Form()] = "",
) -> Response:
    """Begin to move the day: a step by name, or to a given day."""
    _, barrier = _parts(request)
    days = {"dag": 1, "vecka": 7}.get(steg)
    target = as_date(till) if steg == "till" else None
    if steg == "manad":
        today = as_date((await barrier.standing())["today"])
        target = month_later(today) if today else None
    if days is None and target is None:
        raise Problem(422, "Which day?")
    try:
        await barrier.start(target, days=days)
    except Problem as refusal:
        if refusal.body.get("reason") != "moving":
            raise  # a second click finds the clock on its way
    return _to("/drift#klocka")


@demo_router.post("/drift/klocka/stopp")
async def stop_by_button(request: Request, session: OperatorSession) -> Response:
    """Stop at the day reached."""
    _, barrier = _parts(request)
    await barrier.stop()
    return _to("/drift#klocka")


# --- the operator's API ------------------------------------------------------------------------


class Day(fields.Form):
    """The business day to move to, and for how many seconds the answer may wait for it."""

    today: date
    wait_seconds: float = Field(default=0, ge=0, le=60)


class Patience(fields.Form):
    """How long to wait for quiet, in seconds."""

    timeout: float = Field(default=60, gt=0, le=LONGEST_QUIET_SECONDS)


@router.get("/ops/clock")
async def read_clock(request: Request, _: ApiOperator) -> dict[str, Any]:
    """The business day, whether it moves, and what is waited for."""
    return await _parts(request)[1].standing()


@router.post("/ops/quiet")
async def wait_for_quiet(
    request: Request, _: ApiOperator, patience: Patience | None = None
) -> Response:
    """Wait until all is quiet: 200 with the readings, 504 with what is still under way."""
    barrier = _parts(request)[1]
    quiet, reading = await barrier.quiet((patience or Patience()).timeout)
    body = {
        "quiet": quiet,
        "waiting_for": list(waiting_for(reading)),
        "parked": reading.parked,
        "services": reading.services,
        "standins": reading.standins,
    }
    return JSONResponse(body, status_code=200 if quiet else 504)


@router.get("/ops/services/{service}/{path:path}")
@router.post("/ops/services/{service}/{path:path}")
async def ask_service(
    request: Request, session: ApiOperator, service: str, path: str
) -> JSONResponse:
    """One service's own operator's door: its numbers, what it has parked, saying again."""
    upstream, _ = _parts(request)
    if not SERVICE_DOORS.fullmatch(path):
        raise Problem(404, "No such operator's door")
    try:
        body = orjson.loads(await request.body() or b"null")
    except orjson.JSONDecodeError:
        raise Problem(422, "The request is not JSON") from None
    found = await upstream.ask(
        session.identity,
        _known(upstream, service),
        f"/ops/{path}",
        method=request.method,
        query=dict(request.query_params),
        json=body,
        seconds=60,
    )
    return JSONResponse(found)


@demo_router.post("/ops/clock", status_code=202)
async def move_clock(request: Request, _: ApiOperator, day: Day) -> dict[str, Any]:
    """Begin to move to a day; ask `GET /ops/clock` how it goes, or wait for it."""
    barrier = _parts(request)[1]
    job = await barrier.start(day.today)
    if day.wait_seconds and job.task is not None:
        await asyncio.wait({job.task}, timeout=day.wait_seconds)
    reached = {"today": job.today, "moving": job.moving, "trouble": job.trouble}
    return {"job": {"begun_on": job.begun_on, "target": job.target, **reached}}


@demo_router.delete("/ops/clock")
async def stop_clock(request: Request, _: ApiOperator) -> dict[str, Any]:
    """Stop a movement at the day reached."""
    barrier = _parts(request)[1]
    await barrier.stop()
    return await barrier.standing()


def _parts(request: Request) -> tuple[Upstream, Barrier]:
    return request.app.state.upstream, request.app.state.barrier


def _known(upstream: Upstream, service: str) -> str:
    if service not in upstream.services:
        raise Problem(404, "No such service")
    return service


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=303)
