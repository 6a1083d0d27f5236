"""Commands over HTTP that may be repeated: `Idempotency-Key` keeps the answer with the change."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from fastapi import Request, Response
from sqlalchemy import text

from plumbing.problems import Problem
from plumbing.transaction import Database, Transaction, columns

CLAIM = text("""
  insert into command (scope, key, digest, status, body)
  select :scope, u.key, u.digest, 0, ''
  from unnest(cast(:key as text[]), cast(:digest as bytea[])) as u(key, digest) order by u.key
  on conflict do nothing returning key
""")
EARLIER = text("""
  select key, digest, status, body from command
  where scope = :scope and key = any(cast(:keys as text[]))
""")
ANSWER = text("""
  update command set status = :status, body = u.body
  from unnest(cast(:key as text[]), cast(:body as bytea[])) as u(key, body)
  where scope = :scope and command.key = u.key
""")
FORGET = text("""
  with gone as (
    delete from command where answered_at < now() - make_interval(days => :days) returning 1)
  select count(*) from gone
""")
RELEASE = text("""
  delete from command where scope = :scope and key = any(cast(:keys as text[]))
""")

KEY_USED = "key_used"
"""The reason of the refusal of another request with the same key."""


@dataclass(frozen=True, slots=True)
class Command:
    """What tells a command from others: its `Idempotency-Key`, if any, and a hash of its words."""

    key: str | None
    digest: bytes


async def command_of(request: Request) -> Command:
    """The command in a request; 422 for a key that is empty or beyond 200 characters."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return Command(None, b"")
    if not 1 <= len(key) <= 200:
        raise Problem(422, "Idempotency-Key must be 1 to 200 characters")
    words = request.method.encode() + request.url.path.encode() + await request.body()
    return Command(key, hashlib.sha256(words).digest())


async def once(
    tx: Transaction,
    request: Request,
    scope: UUID,
    run: Callable[[], Awaitable[Any]],
    *,
    status: int = 201,
) -> Response:
    """Run a command once per `Idempotency-Key` in `scope` (a company or person).

    Repeated with the same body it gives the kept answer; with another body it is refused (422), and
    told what was answered then.
    A second request meanwhile waits for the first one's commit. Without the header it just runs.
    """

    async def run_one(places: Sequence[int]) -> list[Any]:
        return [await run() for _ in places]

    command = await command_of(request)
    (answer,) = await each_once(tx, scope, [command], run_one, status=status)
    if isinstance(answer, Problem):
        raise answer
    return answer


async def each_once(
    tx: Transaction,
    scope: UUID,
    commands: Sequence[Command],
    run: Callable[[Sequence[int]], Awaitable[Sequence[Any]]],
    *,
    status: int = 201,
) -> list[Response | Problem]:
    """Run several commands of one scope, each as `once` does; no two have the same key.

    `run` gets the places of those to be run, and tells for each what to answer, or the `Problem`
    that refuses it. What is refused leaves no trace, and may be sent again with the same key.
    """
    new = await _claim(tx, scope, [each for each in commands if each.key is not None])
    places = [at for at, each in enumerate(commands) if each.key is None or each.key in new]
    results = dict(zip(places, await run(places) if places else (), strict=True))
    bodies = {
        at: orjson.dumps(result, default=str)
        for at, result in results.items()
        if not isinstance(result, Problem)
    }
    await _keep(tx, scope, status, {commands[at].key: body for at, body in bodies.items()})
    await _release(tx, scope, [commands[at].key for at in results.keys() - bodies.keys()])
    repeated = [each for at, each in enumerate(commands) if at not in results]
    earlier = await _earlier(tx, scope, repeated)
    return [
        _json(bodies[at], status) if at in bodies else results.get(at) or earlier[each.key]
        for at, each in enumerate(commands)
    ]


async def _claim(tx: Transaction, scope: UUID, commands: Sequence[Command]) -> set[str | None]:
    """The keys that nobody has used; taken now, in one order by all, so that none deadlock."""
    if not commands:
        return set()
    rows = [(each.key, each.digest) for each in commands]
    claimed = await tx.execute(CLAIM, {"scope": scope, **columns(rows, ("key", "digest"))})
    return set(claimed.scalars())


async def _earlier(
    tx: Transaction, scope: UUID, commands: Sequence[Command]
) -> dict[str | None, Response | Problem]:
    """The answers kept, by key; 422 with that answer where the key was used for something else."""
    if not commands:
        return {}
    digests = {each.key: each.digest for each in commands}
    found = await tx.execute(EARLIER, {"scope": scope, "keys": list(digests)})
    return {
        row.key: _json(bytes(row.body), row.status)
        if bytes(row.digest) == digests[row.key]
        else Problem(
            422,
            "Idempotency-Key was used for another request",
            reason=KEY_USED,
            earlier=orjson.loads(row.body),
        )
        for row in found
    }


async def _keep(
    tx: Transaction, scope: UUID, status: int, bodies: Mapping[str | None, bytes]
) -> None:
    rows = [(key, body) for key, body in bodies.items() if key is not None]
    if rows:
        values = {"scope": scope, "status": status, **columns(rows, ("key", "body"))}
        await tx.execute(ANSWER, values)


async def _release(tx: Transaction, scope: UUID, refused: Collection[str | None]) -> None:
    keys = [key for key in refused if key is not None]
    if keys:
        await tx.execute(RELEASE, {"scope": scope, "keys": keys})


async def forget_answers(database: Database, *, days: int) -> int:
    """Let go of answers older than so many days: a key is a new one then. Returns how many."""
    async with database.transaction() as tx:
        return int((await tx.execute(FORGET, {"days": days})).scalar_one())


def _json(body: bytes, status: int) -> Response:
    return Response(body, status_code=status, media_type="application/json")
