"""What other suites stand on: every test that asks has a database of its own."""

import asyncpg
import pytest


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_every_test_begins_with_an_empty_database(database: str, turn: str) -> None:
    connection = await asyncpg.connect(database.replace("+asyncpg", ""))
    await connection.execute("create table mine as select 1")
    await connection.close()
