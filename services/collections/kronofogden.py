"""Kronofogden over HTTP: a message in, a receipt back; its own news fetched by number.

The only module that speaks to it. The wire is the canonical JSON of `domain.messages`; a real
filer's file format would replace it here and nowhere else.
"""

import json
from collections.abc import Sequence
from typing import Any

import aiohttp

from plumbing.texts import storable_json
from services.collections.domain.sending import Receipt

TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)
NEWS_AT_ONCE = 500


class NotSentError(Exception):
    """No connection came about: Kronofogden certainly did not get the message."""


class UnreadableAnswerError(Exception):
    """Kronofogden answered what is no answer; what it did is not known."""


class Kronofogden:
    """A client; anything but an answer raises, and the caller comes again."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None

    async def send(self, body: bytes) -> Receipt:
        """Hand in one message; the same `messageId` again gets the same receipt.

        Raises `NotSentError` where nothing can have arrived, `UnreadableAnswerError`, and what
        aiohttp raises where it is not known what arrived.
        """
        try:
            async with self._http.post(
                f"{self._address}/messages", data=body, headers={"Content-Type": "application/json"}
            ) as answer:
                answer.raise_for_status()
                receipt = await _read(answer)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSentError(type(error).__name__) from error
        try:
            codes = tuple(str(error.get("code", "")) for error in receipt["errors"])
            return Receipt(receipt["ok"] is True, codes)
        except (KeyError, TypeError, AttributeError) as error:
            raise UnreadableAnswerError("no receipt") from error

    async def news(self, after: int) -> Sequence[object]:
        """Messages numbered above `after`, in order; asking tells that the earlier were taken.

        Raises `UnreadableAnswerError`; what each message holds is the caller's to judge.
        """
        which = {"after": str(after), "limit": str(NEWS_AT_ONCE)}
        async with self._http.get(f"{self._address}/messages", params=which) as answer:
            answer.raise_for_status()
            page = await _read(answer)
        found = page.get("messages") if isinstance(page, dict) else None
        if not isinstance(found, list):
            raise UnreadableAnswerError("no list of messages")
        return found

    async def close(self) -> None:
        """End the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=TIMEOUT)
        return self._session


async def _read(answer: aiohttp.ClientResponse) -> Any:
    """What was answered; texts in it as a database takes them."""
    try:
        return storable_json(json.loads(await answer.read()))
    except (ValueError, RecursionError) as error:
        raise UnreadableAnswerError("no JSON") from error
