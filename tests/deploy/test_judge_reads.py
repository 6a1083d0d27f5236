"""The judge's reading of what was said: twice is a fault where events.md 3 has once, not beyond."""

from datetime import date
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from deploy.chaos.judge.databases import Databases
from deploy.chaos.judge.said import ONCE
from tests.conftest import OwnDatabase

CLAIM = UUID("00000000-0000-7000-8000-000000000001")
SAY = """
  insert into said (said_on, batch, n, topic, key, id, type, time, correlation, payload)
  values (current_date, 1, $1, 'x', $2, $3, $4, now(), $3, $5)
"""
PROPOSED, COLLECTION = "dunning.reminder.proposed.v1", "dunning.collection.proposed.v1"


async def said_again(url: str, kind: str, *payloads: dict[str, object]) -> int:
    """How many kinds of thing the judge finds said again, of events on one claim."""
    said = await asyncpg.connect(url.replace("+asyncpg", ""))
    for n, payload in enumerate(payloads):
        await said.execute(SAY, n, str(CLAIM), uuid4(), kind, orjson.dumps(payload))
    await said.close()
    async with Databases({"dunning": url}) as held:
        return len(await held.said_again())


@pytest.mark.parametrize(
    ("kind", "first", "second", "found"),
    [
        (COLLECTION, {"as_of": "2026-04-17"}, {"as_of": "2026-04-17"}, 1),
        (COLLECTION, {"as_of": "2026-04-17"}, {"as_of": "2026-04-29"}, 0),
        (PROPOSED, {"ordinal": 1, "as_of": "2026-04-07"}, {"ordinal": 1, "as_of": "2026-04-07"}, 1),
        (PROPOSED, {"ordinal": 1, "as_of": "2026-04-07"}, {"ordinal": 1, "as_of": "2026-04-08"}, 0),
        (PROPOSED, {"ordinal": 1, "as_of": "2026-04-07"}, {"ordinal": 2, "as_of": "2026-04-07"}, 0),
    ],
)
async def test_only_the_same_proposal_is_said_again(
    own_database: OwnDatabase,
    kind: str,
    first: dict[str, object],
    second: dict[str, object],
    found: int,
) -> None:
    """A claim that was held is proposed anew later, and a stale reminder under a new ordinal."""
    assert await said_again(await own_database("dunning"), kind, first, second) == found


@pytest.mark.parametrize("service", ONCE)
async def test_all_that_may_be_said_once_is_looked_for(
    own_database: OwnDatabase, service: str
) -> None:
    """Each type with its fields: said twice alike it is found, in every service."""
    url = await own_database(service)
    said = await asyncpg.connect(url.replace("+asyncpg", ""))
    day = date(2026, 4, 7).isoformat()
    for n, (kind, fields) in enumerate(ONCE[service].items()):
        payload = orjson.dumps({name: day for name in fields.split(", ") if name})
        for m in range(2):
            await said.execute(SAY, 2 * n + m, str(CLAIM), uuid4(), kind, payload)
    await said.close()
    async with Databases({service: url}) as held:
        found = await held.said_again()
    assert {(again.type, again.count) for again in found} == {(kind, 2) for kind in ONCE[service]}
