"""Invoicing on a real PostgreSQL, asked over HTTP without a server; what it says is read back."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from contracts.envelope import Event
from services.invoicing.app import build
from services.invoicing.settings import Settings
from tests.askers import PUBLIC_KEY, asker
from tests.conftest import OwnDatabase
from tests.invoicing import builders


class House:
    """The service, askers with their rights, and what has been said."""

    def __init__(self, app: FastAPI, url: str) -> None:
        self.app, self.url = app, url

    def twin(self) -> FastAPI:
        """Another process of the service, as it were: the same database and nothing else."""
        return _build(self.url)

    def asker(self, *roles: str, app: FastAPI | None = None, **rights: UUID) -> httpx2.AsyncClient:
        """A client whose every request carries an identity with these roles."""
        return asker(app or self.app, *roles, **rights)

    async def seller(self, **more: Any) -> httpx2.AsyncClient:
        """A newly registered company's client; `company` on it is the company's id."""
        answer = await self.asker("seller").post("/creditors", json=builders.creditor(**more))
        assert answer.status_code == 201, answer.text
        company = UUID(answer.json()["creditor_id"])
        client = self.asker("seller", company=company)
        client.company = company  # type: ignore[attr-defined]
        return client

    def debtor(self, claim_id: str) -> httpx2.AsyncClient:
        """The client of somebody with the link to one claim."""
        return self.asker("debtor", claim=UUID(claim_id))

    async def said(self, kind: type[Event] | None = None) -> list[Event]:
        """Everything said so far, or all of one type, in order."""
        wanted = {"type": kind.type if kind else None}
        rows = await self.rows(
            "select type, payload from said where cast(:type as text) is null or type = :type "
            "order by batch, n",
            **wanted,
        )
        return [Event.registry[row[0]].model_validate_json(row[1]) for row in rows]

    async def rows(self, sql: str, **parameters: Any) -> list[Any]:
        """What a query of the service's database gives."""
        async with self.app.state.database.engine.begin() as connection:
            found = await connection.execute(text(sql), parameters)
            return list(found) if found.returns_rows else []


@pytest.fixture
async def house(own_database: OwnDatabase) -> AsyncIterator[House]:
    """A service of this test's own."""
    url = await own_database("invoicing")
    app = _build(url)
    yield House(app, url)
    await app.state.database.engine.dispose()


def _build(url: str) -> FastAPI:
    return build(Settings(INVOICING_DATABASE_URL=url, identity_public_key=PUBLIC_KEY))
