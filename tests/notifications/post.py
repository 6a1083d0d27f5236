"""A real SMTP server (aiosmtpd) that answers as a test wants it to."""

import asyncio
from collections import defaultdict
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Post:
    """Takes mail on a port of its own. `answers` are given once each, at MAIL, RCPT or DATA."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.answers: dict[str, list[str]] = defaultdict(list)
        self.dies_after_taking = 0
        self.holds: asyncio.Event | None = None
        """Until it is set no letter is answered for."""
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: list[SMTP] = []

    async def start(self) -> None:
        """Listen on a free port, or on the one from before."""
        self._server = await asyncio.get_running_loop().create_server(
            self._connected, "127.0.0.1", self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up and listen no more."""
        self.hang_up()
        if self._server:
            self._server.close()
            self._server = None

    def hang_up(self) -> None:
        """Close every conversation without a word."""
        for conversation in self._open:
            if conversation.transport:
                conversation.transport.close()
        self._open.clear()

    def _connected(self) -> SMTP:
        self.connections += 1
        conversation = SMTP(self, hostname="localhost", loop=asyncio.get_running_loop())
        self._open.append(conversation)
        return conversation

    def _answer(self, at: str) -> str | None:
        return self.answers[at].pop(0) if self.answers[at] else None

    async def handle_MAIL(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self._answer("mail"):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self._answer("rcpt"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if answer := self._answer("data"):
            return answer
        content = envelope.content
        assert isinstance(content, bytes)
        if self.holds:
            await self.holds.wait()
        self.taken.append(content)
        if self.dies_after_taking:
            self.dies_after_taking -= 1
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 taken"
