"""Puts collections together: the only module that knows every other."""

import asyncio

import aiohttp
import structlog
from fastapi import FastAPI

from plumbing.outbound import Carrier, Parcel
from plumbing.service import create_service
from plumbing.transaction import Database, is_trouble
from services.collections import api, handlers, store
from services.collections.domain.applications import Receipt
from services.collections.kronofogden import Kronofogden
from services.collections.settings import Settings
from services.collections.subscribers import hears
from services.collections.timers import WAKES

log = structlog.get_logger()


class Courier:
    """Carries messages to Kronofogden and its news back."""

    def __init__(self, kronofogden: Kronofogden) -> None:
        self.kronofogden = kronofogden
        self.database: Database

    async def carry(self, parcel: Parcel) -> Receipt | None:
        """Look again under the case's lock, then send; None where the message no longer goes."""
        async with self.database.transaction() as tx:
            goes = await handlers.look_again(tx, parcel)
        return await self.kronofogden.send(parcel.body) if goes else None

    async def fetch_news(self) -> int:
        """Hear what is new; returns how many messages came."""
        async with self.database.transaction() as tx:
            after = await store.news_heard(tx, lock=False)
        news = await self.kronofogden.news(after)
        if news:
            async with self.database.transaction() as tx:
                await handlers.hear_news(tx, after, news)
        return len(news)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service, from its environment."""
    settings = settings or Settings()
    courier = Courier(Kronofogden(settings.kronofogden_url, settings.kronofogden_token))

    async def kronofogden_news(app: FastAPI) -> None:
        """Ask for news, for ever; while Kronofogden or the database is away, ask more seldom."""
        pause = settings.kronofogden_poll_seconds
        try:
            while True:
                try:
                    came = await courier.fetch_news()
                    pause = 0 if came else settings.kronofogden_poll_seconds
                except Exception as error:
                    if not (isinstance(error, aiohttp.ClientError) or is_trouble(error)):
                        raise
                    log.warning("kronofogden_awaited", error=type(error).__name__)
                    pause = min(30, 2 * pause + 0.5)
                await asyncio.sleep(pause)
        finally:
            await courier.kronofogden.close()

    app = create_service(
        "collections",
        settings,
        hears=hears(settings.ombudskod),
        wakes=WAKES,
        carriers={handlers.KRONOFOGDEN: Carrier(courier.carry, handlers.settle_messages)},
        routers=[api.router],
        tasks=[kronofogden_news],
    )
    courier.database = app.state.database
    return app
