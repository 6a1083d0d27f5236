"""Puts collections together: the only module that knows every other."""

import asyncio

import aiohttp
import structlog
from fastapi import FastAPI

from plumbing.outbound import Carrier, Parcel
from plumbing.service import create_service
from plumbing.transaction import Database, is_trouble
from services.collections import api, store
from services.collections.domain.sending import Receipt
from services.collections.handlers import carrying, sending
from services.collections.kronofogden import Kronofogden, NotSentError, UnreadableAnswerError
from services.collections.settings import Settings
from services.collections.subscribers import hears
from services.collections.timers import WAKES

log = structlog.get_logger()

AWAY = (aiohttp.ClientError, TimeoutError, UnreadableAnswerError)
"""What Kronofogden's door may do without harm to us: be away, be slow, or answer nonsense."""


class Courier:
    """Carries messages to Kronofogden and its news back."""

    def __init__(self, kronofogden: Kronofogden) -> None:
        self.kronofogden = kronofogden
        self.database: Database

    async def carry(self, parcel: Parcel) -> Receipt | None:
        """Look again under the case's lock, then send; None where the message no longer goes."""
        async with self.database.transaction() as tx:
            going = await sending.look_again(tx, parcel)
        if going is None:
            return None
        try:
            return await self.kronofogden.send(going.body)
        except NotSentError:
            async with self.database.transaction() as tx:
                await sending.take_back_attempt(tx, parcel, first=going.first)
            raise

    async def fetch_news(self) -> int:
        """Hear what is new; returns how many messages came.

        Raises `UnreadableAnswerError` where the same would come again at once.
        """
        async with self.database.transaction() as tx:
            after = await store.news_heard(tx, lock=False)
        news = await self.kronofogden.news(after)
        if news:
            async with self.database.transaction() as tx:
                goes_on = await sending.hear_news(tx, after, news)
            if not goes_on:
                raise UnreadableAnswerError("no message has a number")
        return len(news)

    async def tell_trouble(self) -> None:
        """Put it before the operators that Kronofogden's answers cannot be read."""
        async with self.database.transaction() as tx:
            await sending.note_trouble(tx, "kronofogden_unreadable")


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
                    if not (isinstance(error, AWAY) or is_trouble(error)):
                        raise
                    log.warning("kronofogden_awaited", error=type(error).__name__)
                    pause = min(30, 2 * pause + 0.5)
                    await _alarm(courier, error)
                await asyncio.sleep(pause)
        finally:
            await courier.kronofogden.close()

    app = create_service(
        "collections",
        settings,
        hears=hears(settings.ombudskod),
        wakes=WAKES,
        carriers={carrying.KRONOFOGDEN: Carrier(courier.carry, sending.settle_messages)},
        routers=[api.router],
        tasks=[kronofogden_news],
    )
    courier.database = app.state.database
    return app


async def _alarm(courier: Courier, error: Exception) -> None:
    """An answer that nobody can read does not mend itself; whoever is only away comes back."""
    if not isinstance(error, UnreadableAnswerError):
        return
    try:
        await courier.tell_trouble()
    except Exception as trouble:
        if not is_trouble(trouble):
            raise
