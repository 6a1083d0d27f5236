"""Commands over HTTP that may be repeated: `Idempotency-Key` keeps the answer with the change."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson
from fastapi import Request, Response
from sqlalchemy import text

from plumbing.problems import Problem
from plumbing.transaction import Transaction

CLAIM = text("""
  insert into command (scope, key, digest, status, body) values (:scope, :key, :digest, 0, '')
  on conflict do nothing returning key
""")
EARLIER = text("select digest, status, body from command where scope = :scope and key = :key")
ANSWER = text("""
  update command set status = :status, body = :body where scope = :scope and key = :key
""")


async def once(
    tx: Transaction,
    request: Request,
    scope: UUID,
    run: Callable[[], Awaitable[Any]],
    *,
    status: int = 201,
) -> Response:
    """Run a command once per `Idempotency-Key` in `scope` (a company or person).

    Repeated with the same body it gives the kept answer; with another body it is refused (422).
    A second request meanwhile waits for the first one's commit. Without the header it just runs.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return _json(orjson.dumps(await run(), default=str), status)
    if not 1 <= len(key) <= 200:
        raise Problem(422, "Idempotency-Key must be 1 to 200 characters")
    digest = hashlib.sha256(
        request.method.encode() + request.url.path.encode() + await request.body()
    ).digest()
    which = {"scope": scope, "key": key}
    if (await tx.execute(CLAIM, {**which, "digest": digest})).first() is None:
        earlier = (await tx.execute(EARLIER, which)).one()
        if bytes(earlier.digest) != digest:
            raise Problem(422, "Idempotency-Key was used for another request")
        return _json(bytes(earlier.body), earlier.status)
    body = orjson.dumps(await run(), default=str)
    await tx.execute(ANSWER, {**which, "status": status, "body": body})
    return _json(body, status)


def _json(body: bytes, status: int) -> Response:
    return Response(body, status_code=status, media_type="application/json")
