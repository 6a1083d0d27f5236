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

from plumbing.problems import MEDIA_TYPE, Problem
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
PASSED_BACK = ("content-type", "content-disposition", "etag", "location", "allow")
KEEP_SECONDS = 60.0

ABOUT = """\
Amounts are whole öre, days are Swedish calendar days (`YYYY-MM-DD`). A list gives `next` where
there is more: send it as `after`. A refusal is `application/problem+json` (RFC 9457); `errors` name
the fields, and `reason` tells programs why. What changes something takes an `Idempotency-Key`."""
A_PROBLEM = {"$ref": "#/components/schemas/Problem"}
PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457). Other members may tell more.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "reason": {"type": "string", "description": "Why, in a word for programs."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "reason"],
                "properties": {"field": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
    },
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same body, the request is answered as the first time was.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
KEYLESS = ("/lookup", "/preview", "/bank-files")
"""Where nothing is changed, or the body itself tells what came before."""
FRAMEWORKS = ("HTTPValidationError", "ValidationError")
"""The shape of faults that FastAPI describes and we do not use."""
LOCAL = re.compile(r"^#/(components/schemas|\$defs)/")
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
        "GET" if request.method == "HEAD" else request.method,
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
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": ABOUT},
        "paths": {},
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}],
    }
    for service, document in documents.items():
        own = _renamed(document, service, schemas)
        for path, operations in own.get("paths", {}).items():
            public = public_path(service, path)
            if public is not None:
                merged["paths"][public] = {
                    method: _with_rules(method, public, operation)
                    for method, operation in operations.items()
                }
        for name, schema in own.get("components", {}).get("schemas", {}).items():
            if name not in FRAMEWORKS:
                schemas[f"{service}.{name}"] = schema
    return merged


def _with_rules(method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """An operation with what holds for all: refusals are problems, and a key makes it safe."""
    refused = {"description": "Refused, and why.", "content": {MEDIA_TYPE: {"schema": A_PROBLEM}}}
    answers = {k: v for k, v in operation.get("responses", {}).items() if k != "422"}
    told = {**operation, "responses": {**answers, "default": refused}}
    if method == "post" and not path.endswith(KEYLESS):
        told["parameters"] = [*operation.get("parameters", ()), IDEMPOTENCY_KEY]
    return told


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


def _renamed(value: Any, service: str, schemas: dict[str, Any]) -> Any:
    """The same JSON with its references pointing at the schemas' new names.

    Schemas that a form keeps to itself (`$defs`) go among all others.
    """
    if isinstance(value, dict):
        for name, schema in value.get("$defs", {}).items():
            schemas[f"{service}.{name}"] = _renamed(schema, service, schemas)
        kept = {k: v for k, v in value.items() if k not in ("operationId", "$defs")}
        return {k: _renamed(v, service, schemas) for k, v in kept.items()}
    if isinstance(value, list):
        return [_renamed(each, service, schemas) for each in value]
    if isinstance(value, str):
        return LOCAL.sub(f"#/components/schemas/{service}.", value)
    return value


async def _openapi_of(upstream: Upstream, service: str) -> dict[str, Any] | None:
    try:
        found = await upstream.ask(None, service, "/openapi.json")
    except Problem:
        return None
    return found if isinstance(found, dict) else None
