"""A real SMTP server (aiosmtpd) that answers as a test wants it to."""

import asyncio
import ssl
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Post:
    """Takes mail on a port of its own. `answers` are given once each, at MAIL, RCPT or DATA.

    With a certificate it speaks TLS, from the first byte or after STARTTLS.
    """

    def __init__(
        self,
        certificate: ssl.SSLContext | None = None,
        *,
        at_once: bool = False,
        login: tuple[str, str] | None = None,
    ) -> None:
        self._at_once = certificate if at_once else None
        self._later = None if at_once else certificate
        self._login = login
        self.logins: list[bool] = []
        """Whether each was the right one."""
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
            self._connected, "127.0.0.1", self.port, ssl=self._at_once
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
        conversation = SMTP(
            self,
            hostname="localhost",
            loop=asyncio.get_running_loop(),
            tls_context=self._later,
            require_starttls=self._later is not None,
            auth_require_tls=self._at_once is None,
            authenticator=self._admit,
        )
        self._open.append(conversation)
        return conversation

    def _admit(self, server: Any, session: Any, envelope: Any, how: str, who: Any) -> AuthResult:
        known = isinstance(who, LoginPassword) and self._login == (
            who.login.decode(),
            who.password.decode(),
        )
        self.logins.append(known)
        return AuthResult(success=known, handled=False)

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


def make_certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A certificate of 127.0.0.1 for a server, and the file by which a client trusts it."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None)
    )
    trusted, private = folder / "certificate.pem", folder / "key.pem"
    trusted.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(trusted, private)
    return context, str(trusted)
