"""The hop to the services: one session, a token minted for each call, a time limit on each.

A service's refusal travels on as the `Problem` it was. One that is away, slow or broken becomes a
`Problem` too (503, 504, 502), so that no page and no client of the API ever hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import orjson
import structlog
from yarl import URL

from contracts.envelope import traceparent
from plumbing.flow import HEADER
from plumbing.identity import Identity, Keys
from plumbing.problems import Problem
from services.gateway.settings import SERVICES

log = structlog.get_logger()

SECONDS = 10.0
"""How long a service may take for a page; documents and files get more."""
LONG_SECONDS = 60.0
CONNECT_SECONDS = 2.0

Query = Mapping[str, str | int | Sequence[str] | None]


class Upstream:
    """Calls services on behalf of somebody."""

    def __init__(self, http: aiohttp.ClientSession, urls: Mapping[str, str], keys: Keys) -> None:
        self._http = http
        self._urls = urls
        self._keys = keys

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the services behind the gateway; stand-ins are none."""
        return tuple(name for name in self._urls if name in SERVICES)

    def knows(self, name: str) -> bool:
        """Whether a service or a stand-in has an address here."""
        return name in self._urls

    def headers_for(self, identity: Identity, service: str) -> dict[str, str]:
        """What is sent with a call: a token for this one service, and the correlation."""
        held = structlog.contextvars.get_contextvars().get("correlation_id")
        headers = {"authorization": f"Bearer {self._keys.sign(identity, service)}"}
        if not held:
            return headers
        return {**headers, HEADER: str(held), "traceparent": traceparent(str(held), str(uuid4()))}

    @asynccontextmanager
    async def open(
        self,
        identity: Identity | None,
        service: str,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        raw_query: str = "",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The service's answer as it comes, whatever its status. `seconds` 0 sets no limit.

        `raw_query` is a query already encoded, which travels as it is.
        """
        own = self.headers_for(identity, service) if identity else {}
        timeout = aiohttp.ClientTimeout(
            total=seconds or None, connect=CONNECT_SECONDS, sock_read=seconds or LONG_SECONDS
        )
        try:
            async with self._http.request(
                method,
                _address(self._urls[service], path, raw_query),
                params=_params(query or {}),
                data=body,
                headers={**(headers or {}), **own},
                timeout=timeout,
                allow_redirects=False,
            ) as answer:
                yield answer
        except TimeoutError as error:
            log.warning("upstream_slow", upstream=service, path=path)
            raise Problem(504, "The service took too long", service=service) from error
        except aiohttp.ClientError as error:
            log.warning("upstream_away", upstream=service, error=type(error).__name__)
            raise Problem(503, "The service does not answer", service=service) from error

    async def ask(
        self,
        identity: Identity | None,
        service: str,
        path: str,
        *,
        method: str = "GET",
        query: Query | None = None,
        json: Any = None,
        key: str | None = None,
        seconds: float = SECONDS,
    ) -> Any:
        """The JSON of the answer; a refusal is raised. `key` is sent as Idempotency-Key."""
        headers = {"content-type": "application/json"} if json is not None else {}
        if key:
            headers["idempotency-key"] = key
        body = orjson.dumps(json) if json is not None else None
        async with self.open(
            identity, service, method, path, query=query, body=body, headers=headers,
            seconds=seconds,
        ) as answer:  # fmt: skip
            content = await answer.read()
            if answer.status >= 400:
                raise _problem(service, answer.status, content)
            return _json(service, content) if content else None

    async def document(
        self, identity: Identity, service: str, path: str, *, method: str = "GET", json: Any = None
    ) -> bytes:
        """A whole document, such as a PDF."""
        headers = {"content-type": "application/json"} if json is not None else {}
        body = orjson.dumps(json) if json is not None else None
        async with self.open(
            identity, service, method, path, body=body, headers=headers, seconds=LONG_SECONDS
        ) as answer:
            content = await answer.read()
            if answer.status >= 400:
                raise _problem(service, answer.status, content)
            return content

    async def perhaps(self, identity: Identity, service: str, path: str, query: Query | None = None,
                      *, seconds: float = SECONDS) -> Any:  # fmt: skip
        """The JSON of the answer, or None when there is none: a page shows what it has."""
        try:
            return await self.ask(identity, service, path, query=query, seconds=seconds)
        except Problem as problem:
            if problem.status in (401, 403):
                log.warning("upstream_refused", upstream=service, path=path)
            return None

    async def of_all(
        self, identity: Identity, path: str, *, seconds: float = SECONDS
    ) -> dict[str, Any]:
        """The same question to every service; None for those that do not answer."""
        asked = (self.perhaps(identity, name, path, seconds=seconds) for name in self.services)
        return dict(zip(self.services, await asyncio.gather(*asked), strict=True))


def listed_in(found: Any, name: str) -> list[dict[str, Any]]:
    """The list in an answer; nothing when there was no answer."""
    if isinstance(found, dict):
        return list(found.get(name) or [])
    return list(found or [])


def _params(query: Query) -> dict[str, str | Sequence[str]]:
    """What is asked for; a sequence becomes the same parameter several times."""
    return {
        name: str(value) if isinstance(value, int) else value
        for name, value in query.items()
        if value is not None and value != ""
    }


def _address(base: str, path: str, raw_query: str) -> URL:
    return URL(f"{base}{path}?{raw_query}" if raw_query else f"{base}{path}", encoded=True)


def _json(service: str, content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Problem(502, "The service answered something unreadable", service=service) from error


def _problem(service: str, status: int, content: bytes) -> Problem:
    """A refusal as its service worded it; a broken service is 502."""
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError:
        told = {}
    if not isinstance(told, dict):
        told = {}
    if status >= 500 and status not in (503, 504):
        log.warning("upstream_broken", upstream=service, status=status)
        return Problem(502, "The service failed", service=service)
    problem = Problem(status, str(told.get("title", "Refused")), service=service)
    problem.body.update({k: v for k, v in told.items() if k not in ("status", "service")})
    return problem
