"""The public JSON API: bearer token in, the owning service's answer out, nothing in between.

Only known paths are forwarded, with a short list of headers; whatever a caller claims about who
they are is left behind, for the service gets a token that the gateway minted for this one call.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from plumbing.problems import Problem
from services.gateway.sessions import api_session
from services.gateway.upstream import LONG_SECONDS, Upstream

router = APIRouter(prefix="/api/v1")

OWNERS = {
    "creditors": ("invoicing", ""),
    "customers": ("invoicing", ""),
    "articles": ("invoicing", ""),
    "invoices": ("invoicing", ""),
    "claims": ("payments", ""),
    "payouts": ("payments", ""),
    "payout-account": ("payments", ""),
    "unmatched": ("payments", ""),
    "overpaid": ("payments", ""),
    "bank-files": ("payments", ""),
    "rates": ("payments", ""),
    "ledger": ("payments", ""),
    "dunning": ("dunning", "dunning"),
    "collections": ("collections", "collections"),
    "deliveries": ("notifications", ""),
}
"""First part of a path → its service, and the part that is only the gateway's."""

HOUSEHOLD = ("ops", "health", "metrics", "openapi.json")
"""A service's own doors, which no prefix makes public."""
SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,64}")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
PASSED_ON = ("content-type", "accept", "idempotency-key", "if-none-match")
PASSED_BACK = ("content-type", "content-disposition", "etag", "location")
KEEP_SECONDS = 60.0
MOST_AT_ONCE = 64 * 1024
"""Bytes; a longer answer, or one of unknown length, is passed on as it comes."""


class Documents:
    """The merged OpenAPI document, kept for a minute."""

    def __init__(self) -> None:
        self._kept: tuple[float, dict[str, Any]] | None = None

    async def read(self, upstream: Upstream, title: str) -> dict[str, Any]:
        """The document; services that are away are left out and asked again next time."""
        if self._kept is not None and time.monotonic() - self._kept[0] < KEEP_SECONDS:
            return self._kept[1]
        asked = [_openapi_of(upstream, name) for name in upstream.services]
        found = dict(zip(upstream.services, await asyncio.gather(*asked), strict=True))
        merged = merge(title, {name: each for name, each in found.items() if each})
        if all(found.values()):
            self._kept = (time.monotonic(), merged)
        return merged


@router.get("/openapi.json")
async def openapi(request: Request) -> JSONResponse:
    """What the public API can do, out of the services' own descriptions."""
    documents: Documents = request.app.state.documents
    return JSONResponse(await documents.read(request.app.state.upstream, "Betalt"))


async def forward(request: Request) -> Response:
    """Ask the owner of the path on behalf of the token's holder.

    No FastAPI route but a bare one: there is nothing to validate here, and all of a program's
    calls come through this.
    """
    session = await api_session(request)
    service, own_path = route(request.path_params["path"])
    upstream: Upstream = request.app.state.upstream
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    body = await request.body()
    opened = upstream.open(
        session.identity,
        service,
        request.method,
        own_path,
        query=None,
        raw_query=request.url.query,
        body=io.BytesIO(body) if body else None,
        headers=headers,
        seconds=LONG_SECONDS,
    )
    async with contextlib.AsyncExitStack() as stack:
        answer = await stack.enter_async_context(opened)
        back = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
        length = answer.content_length
        if length is not None and length <= MOST_AT_ONCE:
            return Response(await answer.read(), status_code=answer.status, headers=back)
        kept = stack.pop_all()

    async def content() -> AsyncIterator[bytes]:
        async with kept:
            async for chunk in answer.content.iter_any():
                yield chunk

    return StreamingResponse(content(), status_code=answer.status, headers=back)


router.add_route(f"{router.prefix}/{{path:path}}", forward, methods=METHODS)


def route(path: str) -> tuple[str, str]:
    """The service that owns a public path and the path as it knows it; 404 for any other."""
    parts = path.split("/")
    owner = OWNERS.get(parts[0])
    if owner is None or not all(SEGMENT.fullmatch(part) for part in parts):
        raise Problem(404, "No such path in the public API")
    service, prefix = owner
    if prefix:
        parts = parts[1:]
    if not parts or parts[0] in HOUSEHOLD:
        raise Problem(404, "No such path in the public API")
    return service, "/" + "/".join(parts)


def merge(title: str, documents: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One OpenAPI document of several: public paths alone, schemas named for their service."""
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": {},
        "components": {
            "schemas": {},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}],
    }
    for service, document in documents.items():
        own = _renamed(document, service)
        for path, operations in own.get("paths", {}).items():
            public = public_path(service, path)
            if public is not None:
                merged["paths"][public] = operations
        for name, schema in own.get("components", {}).get("schemas", {}).items():
            merged["components"]["schemas"][f"{service}.{name}"] = schema
    return merged


def public_path(service: str, path: str) -> str | None:
    """The public path of a service's own, None where it is not public."""
    for prefix, (owner, own_prefix) in OWNERS.items():
        if owner != service:
            continue
        if own_prefix and path.split("/")[1] not in HOUSEHOLD:
            return f"/api/v1/{own_prefix}{path}"
        if path == f"/{prefix}" or path.startswith(f"/{prefix}/"):
            return f"/api/v1{path}"
    return None


def _renamed(value: Any, service: str) -> Any:
    """The same JSON with its references pointing at the schemas' new names."""
    if isinstance(value, dict):
        return {k: _renamed(v, service) for k, v in value.items() if k != "operationId"}
    if isinstance(value, list):
        return [_renamed(each, service) for each in value]
    if isinstance(value, str) and value.startswith("#/components/schemas/"):
        return value.replace("#/components/schemas/", f"#/components/schemas/{service}.")
    return value


async def _openapi_of(upstream: Upstream, service: str) -> dict[str, Any] | None:
    try:
        found = await upstream.ask(None, service, "/openapi.json")
    except Problem:
        return None
    return found if isinstance(found, dict) else None
