"""Arrays written as text come back from PostgreSQL as what they were, nulls and all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from plumbing.clock import Clock
from plumbing.literals import arrays, casts, columns_told, quick_uuid
from plumbing.transaction import Database, connect
from tests.conftest import MakeDatabase

ID = "019e72bf-4c00-7000-8000-000000000987"
COLUMNS = {"id": "uuid", "day": "date", "ore": "bigint", "held": "boolean", "kind": "text"} | {
    "said": "text[]"
}
ROWS: Sequence[Sequence[Any]] = [
    (UUID(ID), date(2026, 2, 28), -(2**40), True, "reminder_fee", 'a "quote", a {brace}'),
    (quick_uuid(ID), date(1900, 1, 1), 0, False, "", ""),
    (None, None, None, None, None, None),
]


async def read_back(make_database: MakeDatabase, rows: Sequence[Sequence[Any]]) -> list[Any]:
    engine = connect(await make_database("template1"), pool_size=1)
    async with Database(engine, Clock()).transaction() as tx:
        found = await tx.execute(
            text(
                f"select * from unnest({casts(COLUMNS)}) with ordinality as u order by ordinality"
            ),
            arrays(COLUMNS, rows),
        )
        read = [tuple(row)[:-1] for row in found]
    await engine.dispose()
    return read


@pytest.mark.parametrize("rows", [ROWS, []], ids=["rows", "none"])
async def test_rows_come_back_as_they_were(
    make_database: MakeDatabase, rows: Sequence[Sequence[Any]]
) -> None:
    """An identifier is the same whether Python or the driver has made it."""
    assert await read_back(make_database, rows) == list(map(tuple, rows))


def test_what_no_row_tells_is_left_out() -> None:
    class Told:
        day, ore = None, 0

    assert columns_told({"day": "date", "ore": "bigint"}, [Told()]) == {"ore": "{0}"}
