"""The edge of the gateway: what holds for every request before any page sees it.

Bodies have a limit unless the door streams them; unsafe requests that another site's page sent are
refused (by `Sec-Fetch-Site` and `Origin`); every answer carries the headers that keep a browser
from loading, framing or keeping what it should not; every request gets a correlation. Headers that
claim an identity are not trusted: nothing but an explicit list is ever passed on (`public_api`).
"""

from __future__ import annotations

import contextlib
import re

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plumbing.flow import CutOffError, flow_in
from plumbing.problems import Problem
from services.gateway import words
from services.gateway.sessions import page_session

log = structlog.get_logger()

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PAGE_LIMIT = 256 * 1024
API_LIMIT = 2 * 1024 * 1024
"""Bytes; an invoice of five hundred rows is less, and so is whatever else is sent at a time."""
BULK = "/api/v1/invoices/bulk"
BULK_LIMIT = 64 * 1024 * 1024
"""Ten thousand invoices in one call are about ten million."""
LINK = re.compile(r"(?<=^/f/)([^/.]*)[^/]*")
STREAMED = ("/feeds/bank-files",)

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"


class TooLargeError(Exception):
    """A body went beyond the limit while it was read."""


class Edge:
    """ASGI middleware around the whole gateway. `origin` is the one browsers know it by."""

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self._app = app
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge the request, then let it through or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = _limit(scope["path"])
        answering = self._dressed(scope, send)
        structlog.contextvars.bind_contextvars(correlation_id=str(flow_in(headers)))
        if scope["method"] not in SAFE_METHODS and self._is_foreign(headers):
            refusal = Problem(403, "The request comes from another site", reason="another_site")
        elif limit is not None and _announced(headers) > limit:
            refusal = await _too_large(receive, limit)
        else:
            await self._pass_tolerantly(scope, receive, answering, limit)
            return
        await words.answer(Request(scope), refusal)(scope, receive, answering)

    async def _pass_tolerantly(
        self, scope: Scope, receive: Receive, send: Send, limit: int | None
    ) -> None:
        """A bug of ours: the person gets a page, the log gets the rest, the server nothing."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._pass(scope, receive, watched, limit)
        except Exception as error:
            log.error("request_failed", path=without_key(scope["path"]), exc_info=error)
            if begun:
                raise CutOffError from None
            problem, request = Problem(500, "The gateway failed"), Request(scope)
            page = words.answer(request, problem, session=page_session(request))
            await page(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, limit: int | None) -> None:
        """Let it through; whatever is made of a body that grew too large, the answer is 413."""
        if limit is None:
            await self._app(scope, receive, send)
            return
        taken, begun = 0, False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise TooLargeError
            return message

        async def watched(message: Message) -> None:
            nonlocal begun
            if begun or taken <= limit:
                begun = True
                await send(message)

        with contextlib.suppress(TooLargeError):
            await self._app(scope, counted, watched)
        if not begun:
            refusal = await _too_large(receive, limit)
            await words.answer(Request(scope), refusal)(scope, receive, send)

    def _is_foreign(self, headers: Headers) -> bool:
        """Whether a browser says that another site's page made this request.

        A page without referrer sends `Origin: null` for its own forms; then `Sec-Fetch-Site`,
        which no page can set, decides. Programs send neither and hold no cookie.
        """
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None and site not in ("same-origin", "none"):
            return True
        if origin == "null":
            return site is None
        return origin is not None and origin not in (self._origin, _own_origin(headers))

    def _dressed(self, scope: Scope, send: Send) -> Send:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if self._origin.startswith("https:"):
                    headers.setdefault("strict-transport-security", STRICT_TRANSPORT)
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        return dressed


def without_key(path: str) -> str:
    """A path as it may be written down: of a link, which is a key, only the claim it opens."""
    return LINK.sub(r"\1.***", path)


def _own_origin(headers: Headers) -> str | None:
    """The address under which this request reached us: a demo is opened by more than one name."""
    host = headers.get("host")
    return (
        f"http://{host}" if host and host.rpartition(":")[0] in ("localhost", "127.0.0.1") else None
    )


def _limit(path: str) -> int | None:
    if path in STREAMED:
        return None
    if path == BULK:
        return BULK_LIMIT
    return API_LIMIT if path.startswith("/api/") else PAGE_LIMIT


async def _too_large(receive: Receive, limit: int) -> Problem:
    """A refusal that is heard: who is still sending hears nothing, so the rest is read and dropped.

    Not without end: beyond what anybody may send the door is closed in the middle.
    """
    dropped, message = 0, await receive()
    while message.get("more_body") and dropped <= BULK_LIMIT:
        dropped += len(message.get("body", b""))
        message = await receive()
    return Problem(413, "The request is too large", limit_bytes=limit)


def _announced(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else 0
