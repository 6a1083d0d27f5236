"""What every outside party has: its doors for health, records, pending work, control and the day.

A party is a class with its own records (`Books`), its own routes and pages. Whatever it accepts
is recorded first and answered afterwards; `POST /control` can stretch the moment between the two,
which is when a sender that dies does not know that it was heard.
"""

import argparse
import asyncio
import hmac
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import jinja2
import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploy.standins.books import Books, move_clock, now_text, today

MAX_BODY_BYTES = 256 * 1024 * 1024
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Body(BaseModel):
    """The shape of a request's body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Clock(Body):
    """`POST /clock`."""

    today: date


class AnswerDelay(Body):
    """`POST /control`: the next `times` accepted things are answered that many seconds late."""

    answer_delay_seconds: float = Field(default=0, ge=0, le=3600)
    times: int = Field(default=0, ge=0)


class Party:
    """One outside party: its records and its doors. Subclasses add their own."""

    title: ClassVar[str]
    schema: ClassVar[str]

    def __init__(self, folder: Path, token: str | None = None) -> None:
        self.books = Books(folder, self.schema)
        self.token = token
        self.delay = AnswerDelay()
        self.held_answers = 0

    # What a subclass says of itself.

    def routes(self) -> list[web.RouteDef]:
        """The party's own doors."""
        raise NotImplementedError

    def pending(self, books: sqlite3.Connection) -> dict[str, int]:
        """What is in hand and not yet delivered, by kind."""
        return {}

    def next_on(self, books: sqlite3.Connection) -> str | None:
        """The next day on which something falls due here (ISO); none where nothing waits."""
        return None

    def records(self, books: sqlite3.Connection, request: web.Request) -> dict[str, Any]:
        """Everything accepted and sent, for an independent judge."""
        raise NotImplementedError

    def day_came(self, books: sqlite3.Connection, day: date) -> None:
        """Do what falls due up to and including `day`."""

    async def control(self, body: dict[str, Any]) -> None:
        """Obey the party's own controls; what is left over is the answer delay."""

    async def live(self) -> AsyncIterator[None]:
        """Run beside the doors: start, yield once, stop."""
        yield

    # What all have.

    def app(self) -> web.Application:
        """The web application with all doors."""
        app = web.Application(
            middlewares=[refuse_foreign, tell_mistakes], client_max_size=MAX_BODY_BYTES
        )
        app.add_routes(
            [
                web.get("/health", self._health),
                web.get("/records", self._records),
                web.get("/pending", self._pending),
                web.post("/control", self._control),
                web.get("/clock", self._clock),
                web.post("/clock", self._move_clock),
                *self.routes(),
            ]
        )
        app.cleanup_ctx.append(self._life)
        return app

    async def _life(self, app: web.Application) -> AsyncIterator[None]:
        watch = asyncio.create_task(self._watch_the_day())
        async for _ in self.live():
            yield
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        self.books.close()

    async def _watch_the_day(self) -> None:
        """Notice midnight, and at the start whatever fell due while the program was down."""
        seen: date | None = None
        while True:
            day = await self.books.read(today)
            if day != seen:
                await self.books.write(lambda books: self.day_came(books, today(books)))
                seen = day
            await asyncio.sleep(1)

    async def hold_answer(self) -> None:
        """Wait before the answer of a thing already recorded, when control asked for it."""
        if self.delay.times <= 0:
            return
        self.delay.times -= 1
        self.held_answers += 1
        try:
            await asyncio.sleep(self.delay.answer_delay_seconds)
        finally:
            self.held_answers -= 1

    def admit(self, request: web.Request) -> None:
        """Refuse a request without the bearer token, when the party has one."""
        given = request.headers.get("Authorization", "")
        if self.token and not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})

    async def _health(self, request: web.Request) -> web.Response:
        return as_json({"status": "ok", "party": self.title})

    async def _records(self, request: web.Request) -> web.Response:
        found = await self.books.read_at_length(
            lambda books: {"today": today(books), **self.records(books, request)}
        )
        return as_json(found)

    async def _pending(self, request: web.Request) -> web.Response:
        parts = await self.books.read(self.pending) | {"held_answers": self.held_answers}
        next_on = await self.books.read(self.next_on)
        return as_json({"pending": sum(parts.values()), **parts, "next_on": next_on})

    async def _control(self, request: web.Request) -> web.Response:
        body = await json_object(request)
        own = {name: body.pop(name) for name in list(body) if name not in AnswerDelay.model_fields}
        delay = AnswerDelay.model_validate(body)
        await self.control(own)
        if body:
            self.delay = delay
        return as_json({"obeyed": sorted([*own, *body])})

    async def _clock(self, request: web.Request) -> web.Response:
        return as_json({"today": await self.books.read(today)})

    async def _move_clock(self, request: web.Request) -> web.Response:
        day = Clock.model_validate(await json_object(request)).today

        def move(books: sqlite3.Connection) -> None:
            move_clock(books, day)
            self.day_came(books, day)

        await self.books.write(move)
        return as_json({"today": day})


@web.middleware
async def refuse_foreign(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse what another site's page sends: any page open in the browser reaches a local port."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    own = (None, f"http://{request.host}", "null" if site == "same-origin" else None)
    if request.method not in ("GET", "HEAD") and (
        site not in ("same-origin", "none") or origin not in own
    ):
        raise web.HTTPForbidden(text="the request comes from another site")
    return await handler(request)


@web.middleware
async def tell_mistakes(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer a body of the wrong shape with 422 and what is wrong, field by field."""
    try:
        return await handler(request)
    except ValidationError as error:
        return as_json({"errors": plain_errors(error)}, status=422)


def plain_errors(error: ValidationError) -> list[dict[str, str]]:
    """Each mistake as field and text, at most a hundred."""
    return [
        {"field": ".".join(str(part) for part in one["loc"]), "text": one["msg"]}
        for one in error.errors(include_url=False, include_input=False, include_context=False)[:100]
    ]


async def json_object(request: web.Request) -> dict[str, Any]:
    """The request's JSON object; an empty body is an empty object; anything else is 400."""
    raw = await request.read()
    try:
        body = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError as error:
        raise web.HTTPBadRequest(text=f"not JSON: {error}") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="a JSON object is expected")
    return body


def as_json(content: Any, status: int = 200) -> web.Response:
    """A JSON answer."""
    body = orjson.dumps(content, default=dict)
    return web.Response(body=body, status=status, content_type="application/json")


def page(template: str, status: int = 200, **values: Any) -> web.Response:
    """A page in Swedish, everything escaped, nothing loaded from elsewhere."""
    text = PAGES.get_template(template).render(**values)
    return web.Response(
        text=text,
        status=status,
        content_type="text/html",
        headers={"Content-Security-Policy": PAGE_POLICY, "X-Content-Type-Options": "nosniff"},
    )


def whole_number(request: web.Request, name: str, otherwise: int, most: int = 2**53) -> int:
    """A number from the query, within 0 and `most`; 400 when it is none."""
    given = request.query.get(name, "")
    if not given:
        return otherwise
    if not (given.isascii() and given.isdigit()):
        raise web.HTTPBadRequest(text=f"{name} must be a whole number")
    return min(int(given), most)


def kronor(amount_ore: int) -> str:
    """An amount as Swedes write it: 12 345,67."""
    whole, rest = divmod(abs(amount_ore), 100)
    sign = "−" if amount_ore < 0 else ""
    return f"{sign}{whole:,}".replace(",", "\N{NO-BREAK SPACE}") + f",{rest:02d}"


PAGES.filters["kronor"] = kronor


def arguments(name: str) -> argparse.ArgumentParser:
    """The options that all parties have."""
    parser = argparse.ArgumentParser(prog=f"python -m deploy.standins.{name}")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    return parser


def serve(party: Party, port: int) -> None:
    """Run until told to stop; local callers only."""
    print(f"{party.title}: http://127.0.0.1:{port}/ since {now_text()}", flush=True)
    web.run_app(
        party.app(), host="127.0.0.1", port=port, print=None, access_log=None, shutdown_timeout=1
    )
