"""Kronofogden over HTTP: a message in, a receipt back; its own news fetched by number.

The only module that speaks to it. The wire is the canonical JSON of `domain.messages`; a real
filer's file format would replace it here and nowhere else.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from services.collections.domain.applications import Receipt

TIMEOUT = aiohttp.ClientTimeout(total=30)
NEWS_AT_ONCE = 500


class Kronofogden:
    """A client; anything but an answer raises, and the caller comes again."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None

    async def send(self, body: bytes) -> Receipt:
        """Hand in one message; the same `messageId` again gets the same receipt."""
        async with self._http.post(
            f"{self._address}/messages", data=body, headers={"Content-Type": "application/json"}
        ) as answer:
            answer.raise_for_status()
            receipt = await answer.json()
        codes = tuple(str(error.get("code", "")) for error in receipt["errors"])
        return Receipt(bool(receipt["ok"]), codes)

    async def news(self, after: int) -> Sequence[Mapping[str, Any]]:
        """Messages numbered above `after`, in order; asking tells that the earlier were taken."""
        which = {"after": str(after), "limit": str(NEWS_AT_ONCE)}
        async with self._http.get(f"{self._address}/messages", params=which) as answer:
            answer.raise_for_status()
            found: list[Mapping[str, Any]] = (await answer.json())["messages"]
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
