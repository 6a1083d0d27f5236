"""A post office, and the service at work on a database of its own, for each test that asks."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import TextClause

from plumbing.clock import Clock
from plumbing.driver import Connection
from plumbing.outbound import Carrier, Outbound
from plumbing.transaction import Database, connect
from services.notifications.app import collector_of, create_app
from services.notifications.handlers import EMAIL, MailRoom, settle
from services.notifications.settings import Settings
from services.notifications.smtp import PostOffice
from tests.askers import PUBLIC_KEY
from tests.conftest import OwnDatabase
from tests.notifications import builders as some
from tests.notifications.post import Post
from tests.notifications.room import Room


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """A real SMTP server, gone after the test."""
    server = Post()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def settings(own_database: OwnDatabase, post: Post) -> Settings:
    return Settings(
        NOTIFICATIONS_DATABASE_URL=await own_database("notifications"),
        identity_public_key=PUBLIC_KEY,
        link_key=some.LINK_KEY,
        public_url="https://betalt.example",
        smtp_port=post.port,
    )


@pytest.fixture
async def room(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    engine = connect(settings.database_url)
    database = Database(engine, Clock())
    statements: list[str] = []
    execute = Connection.execute

    async def count(connection: Connection, statement: TextClause, *given: Any) -> Any:
        statements.append(str(statement))
        return await execute(connection, statement, *given)

    monkeypatch.setattr(Connection, "execute", count)

    office = PostOffice(settings.smtp_host, settings.smtp_port, settings.mail_domain)
    mail_room = MailRoom(
        database,
        office,
        public_url=settings.public_url,
        link_key=settings.link_key,
        mail_domain=settings.mail_domain,
        payee_bankgiro=settings.payee_bankgiro,
        payee_name=settings.payee_name,
        collector=collector_of(settings),
    )
    outbound = Outbound(database, {EMAIL: Carrier(mail_room.carry, settle)})
    yield Room(database, outbound, statements, office)
    await office.close()
    await engine.dispose()


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The service as it is asked over HTTP."""
    made = create_app(settings)
    yield made
    await made.state.database.engine.dispose()
