"""The gateway as it is, with nobody behind it: who gets past its doors, and what answers bear.

Whoever is let in hears that the services are away, or sees a page without them; whoever is not is
turned away before. Every way of saying who one is can be tried at every route.
"""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import httpx2
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from joserfc.jwk import OKPKey
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from plumbing.identity import Identity, Keys
from plumbing.links import make_token
from services.gateway.app import create_app
from services.gateway.sessions import Session
from services.gateway.settings import SERVICES, Settings
from tests.walls.services import METHODS, ONE, filled

AWAY = "http://127.0.0.1:1"
FEED_TOKEN = "the bank alone knows this"
LINK_KEY = "links are made of this, and of nothing else"
PRIVATE_KEY = json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True))
PARTS = {"{service}": "payments", "{tab}": "generellt"}
FORMS = {"/demo": {"vem": "operator"}}
BODIES = {
    "/demo/token": {"new": True},
    "/ops/clock": {"today": "2030-01-01"},
    "/ops/quiet": {"timeout": 0.01},
}

SELLER = Session(Identity(ONE, frozenset({"seller"}), company=ONE))
OPERATOR = Session(Identity(ONE, frozenset({"operator"})))


class Channel:
    """What a route answers that has begun to say news and goes on."""

    status_code = 200
    headers: ClassVar[dict[str, str]] = {}


class OpenedError(Exception):
    """A channel has begun, which nobody waits out."""


class Watched:
    """The gateway, left as soon as it opens a channel."""

    def __init__(self, app: FastAPI) -> None:
        self._app, self.has_opened = app, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.has_opened = False

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = Headers(raw=message["headers"])
                self.has_opened = headers.get("content-type", "").startswith("text/event-stream")
                if self.has_opened:
                    raise OpenedError
            await send(message)

        await self._app(scope, receive, watched)


class Gateway:
    """Its routes, and answers to visitors."""

    def __init__(self, app: FastAPI, watched: Watched, http: httpx2.AsyncClient) -> None:
        self.app, self._watched, self._http = app, watched, http

    @property
    def routes(self) -> list[tuple[str, str]]:
        """Method and path of everything that it answers, out of the application itself."""
        found = set()
        for route in iter_route_contexts(self.app.routes):
            methods = METHODS.intersection(route.methods or ("GET",))
            found |= {(method, str(route.path)) for method in methods}
        return sorted(found)

    def papers(self) -> dict[str, dict[str, str]]:
        """Every way to say who one is, as headers."""
        sessions = self.app.state.sessions

        def cookie(text: str) -> dict[str, str]:
            return {"cookie": f"{sessions.cookie}={text}"}

        keys = Keys(PRIVATE_KEY)
        return {
            "nobody": {},
            "seller": cookie(sessions.seal(SELLER, "page")),
            "operator": cookie(sessions.seal(OPERATOR, "page")),
            "seller's program": bearer(sessions.seal(SELLER, "api")),
            "operator's program": bearer(sessions.seal(OPERATOR, "api")),
            "bank": bearer(FEED_TOKEN),
            "cookie as bearer": bearer(sessions.seal(OPERATOR, "page")),
            "bearer as cookie": cookie(sessions.seal(OPERATOR, "api")),
            "service's token": bearer(keys.sign(OPERATOR.identity, "payments")),
            "service's token as cookie": cookie(keys.sign(OPERATOR.identity, "payments")),
            "link as bearer": bearer(make_token(LINK_KEY, ONE, 1)),
        }

    async def ask(
        self, method: str, path: str, papers: dict[str, str], *, token: str = "", **more: Any
    ) -> Any:
        """What a route answers; `token` is the link in its path."""
        self._http.cookies.clear()
        address = "/static/betalt.css" if path == "/static" else path.replace("{token}", token)
        for part, value in PARTS.items():
            address = address.replace(part, value)
        address = address.replace("{path:path}", "numbers" if path[:5] == "/ops/" else "invoices")
        sent: dict[str, Any] = {"data": FORMS[path]} if path in FORMS else {}
        if method in ("POST", "PUT") and path in BODIES:
            sent = {"json": BODIES[path]}
        try:
            return await self._http.request(method, filled(address), headers=papers, **sent, **more)
        except Exception:
            if not self._watched.has_opened:
                raise
            return Channel()


def bearer(text: str) -> dict[str, str]:
    """Credentials as programs show them."""
    return {"authorization": f"Bearer {text}"}


def is_let_in(answer: Any) -> bool:
    """Whether a visitor got past the door, whatever became of him behind it."""
    turned_away = answer.status_code in (401, 403, 404, 405)
    to_the_picker = answer.status_code == 303 and answer.headers["location"].startswith("/demo?")
    return not (turned_away or to_the_picker)


@contextlib.asynccontextmanager
async def gateway(**given: Any) -> AsyncIterator[Gateway]:
    """A gateway before nobody."""
    settings: dict[str, Any] = {
        "identity_private_key": PRIVATE_KEY,
        "link_key": LINK_KEY,
        "bank_feed_token": FEED_TOKEN,
        "betalt_demo": True,
        "log_level": "CRITICAL",
        **{f"{name}_url": AWAY for name in SERVICES},
    }
    app = create_app(Settings(**(settings | given)))
    watched = Watched(app)
    transport = httpx2.ASGITransport(app=watched)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http,
    ):
        yield Gateway(app, watched, http)
