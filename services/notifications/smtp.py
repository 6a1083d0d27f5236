"""The outside party that carries e-mail: an SMTP server (RFC 5321), reached over kept connections.

A letter is sent when the server has answered its DATA with 250, and not before. Every other end is
one of two: `NotTakenError`, the server certainly does not have the letter, or any other exception,
nobody knows. Reasons hold reply codes and never the server's prose, which quotes addresses.
"""

import asyncio
import contextlib
import re
from base64 import b64encode, encodebytes
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime, quote
from enum import StrEnum

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from contracts.email_address import is_email_address

TIMEOUT = 20.0
"""Seconds for each answer of the server."""
TURN, OPENING, HANDING = 0.25, 0.25, 0.45
"""Shares of the whole time for a letter: until a connection is free, until the server has agreed to
the recipient, until it has answered for the letter. Only in the last one can there be any doubt.
"""

_BYTES_IN_A_WORD = 42
_LONGEST_PLAIN = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class NotTakenError(Exception):
    """The server certainly has not taken the letter. `permanent`: it never will."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter ready to be put in an envelope; `message_id` is without angle brackets."""

    message_id: str
    from_name: str
    from_address: str
    to_name: str
    to_address: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    at: datetime
    """When it was written, not when it is tried."""
    labels: tuple[tuple[str, str], ...] = ()
    """Further headers of our own: what kind of letter it is and about which claim."""


def is_address(text: str) -> bool:
    """Whether mail can be sent there: the rule by which invoicing issued the invoice."""
    return is_email_address(text)


def one_line(text: str) -> str:
    """The text with every control character and run of spaces as one space."""
    return " ".join(_CONTROL.sub(" ", text).split())


def build_message(mail: Mail) -> bytes:
    """The mail as it travels: text first, HTML as its alternative; equal mails are equal bytes.

    Raises ValueError where a header's value holds a control character, whoever put it there.
    Written by hand, for the library takes six times as long; the tests read it with the library.
    """
    boundary = f"=_{mail.message_id.partition('@')[0]}"  # occurs in no part, all being base64
    headers = [
        ("From", _mailbox(mail.from_name, mail.from_address)),
        ("To", _mailbox(mail.to_name, mail.to_address)),
        ("Subject", _encoded(mail.subject)),
        ("Date", format_datetime(mail.at)),
        ("Message-ID", f"<{_whole(mail.message_id)}>"),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834: no out-of-office answers, please
        *((name, _whole(value)) for name, value in mail.labels),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    if mail.reply_to:
        headers.insert(2, ("Reply-To", _whole(mail.reply_to)))
    lines = [f"{name}: {value}" for name, value in headers]
    for kind, content in (("plain", mail.text), ("html", mail.html)):
        lines += ["", f"--{boundary}", f'Content-Type: text/{kind}; charset="utf-8"']
        lines += ["Content-Transfer-Encoding: base64", "", _base64(content)]
    lines += [f"--{boundary}--", ""]
    return "\r\n".join(lines).encode("ascii")


def _base64(content: str) -> str:
    """Text as base64 in lines of 76 (RFC 2045 6.8); line breaks inside are CRLF, as mail's are."""
    return encodebytes(content.replace("\n", "\r\n").encode()).decode().replace("\n", "\r\n")[:-2]


def _mailbox(name: str, address: str) -> str:
    written = f'"{quote(_whole(name))}"' if _is_plain(name) else _encoded(name)
    return f"{written} <{_whole(address)}>"


def _is_plain(text: str) -> bool:
    """Whether text may stand as it is: what looks encoded may be decoded into a line break."""
    return text.isascii() and "=?" not in text and len(text) <= _LONGEST_PLAIN


def _encoded(text: str) -> str:
    """A header's text, where needed in encoded words of at most 75 characters (RFC 2047 2)."""
    if _is_plain(_whole(text)):
        return text
    words = [b""]
    for character in map(str.encode, text):
        if len(words[-1]) + len(character) > _BYTES_IN_A_WORD:
            words.append(b"")
        words[-1] += character
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in words)


def _whole(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("a header may not hold control characters")
    return text


class Security(StrEnum):
    """How a conversation with the server is kept from others; its certificate is always checked."""

    NONE = "none"
    """For a server on the same machine."""
    STARTTLS = "starttls"
    """Begun in the open and encrypted before anything is said (RFC 3207), as at port 587."""
    TLS = "tls"
    """Encrypted from the first byte (RFC 8314 3.3), as at port 465."""


@dataclass(frozen=True, slots=True)
class Access:
    """How the server is spoken to, and as whom."""

    security: Security = Security.NONE
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    """Who may have signed the server's certificate; else whom this machine trusts."""


@dataclass
class PostOffice:
    """The SMTP server, with up to `connections` conversations at a time, each used again."""

    host: str
    port: int
    own_name: str
    connections: int = 8
    access: Access = Access()
    timeout: float = TIMEOUT
    seconds: float = 55.0
    """For one letter from first to last; beyond it whoever sends would be cut off in the middle."""
    _idle: list[SMTP] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.connections)

    async def send(self, sender: str, recipient: str, message: bytes) -> None:
        """Hand over one message; returns when the server took it."""
        async with self._turn():
            client = await self._open_in_time(sender, recipient)
            try:
                async with asyncio.timeout(HANDING * self.seconds):
                    await client.data(message)
            except SMTPResponseException as error:
                await self._keep(client)
                raise NotTakenError(
                    f"the mail server refused the letter ({error.code})",
                    permanent=500 <= error.code < 600,
                ) from None
            except BaseException:
                client.close()
                raise
            self._idle.append(client)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of the conversations; who waits too long for it has sent nothing."""
        try:
            await asyncio.wait_for(self._turns.acquire(), TURN * self.seconds)
        except TimeoutError:
            raise NotTakenError("the mail server has no time for more letters") from None
        try:
            yield
        finally:
            self._turns.release()

    async def _open_in_time(self, sender: str, recipient: str) -> SMTP:
        try:
            async with asyncio.timeout(OPENING * self.seconds):
                return await self._open_envelope(sender, recipient)
        except TimeoutError:
            raise NotTakenError("the mail server did not answer in time") from None

    async def _open_envelope(self, sender: str, recipient: str) -> SMTP:
        """A connection whose server has agreed to sender and recipient."""
        while self._idle:
            client = self._idle.pop()
            try:
                await self._address(client, sender, recipient)
            except (SMTPServerDisconnected, SMTPTimeoutError):
                client.close()  # it was closed while idle
            except asyncio.CancelledError:
                client.close()
                raise
            else:
                return client
        client = SMTP(
            hostname=self.host,
            port=self.port,
            local_hostname=self.own_name,
            timeout=self.timeout,
            use_tls=self.access.security is Security.TLS,
            start_tls=self.access.security is Security.STARTTLS,
            username=self.access.user,
            password=self.access.password,
            cert_bundle=self.access.ca_file,
        )
        try:
            await client.connect()
            await self._address(client, sender, recipient)
        except NotTakenError:
            raise
        except SMTPAuthenticationError as error:
            client.close()
            raise NotTakenError(f"the mail server refused our login ({error.code})") from None
        except (SMTPConnectError, SMTPException, OSError, TimeoutError) as error:
            client.close()
            kind = type(error).__name__
            raise NotTakenError(f"the mail server did not answer ({kind})") from None
        except BaseException:
            client.close()
            raise
        return client

    async def _address(self, client: SMTP, sender: str, recipient: str) -> None:
        try:
            await client.mail(sender)
            await client.rcpt(recipient)
        except SMTPRecipientRefused as error:
            await self._keep(client)
            raise NotTakenError(
                f"the recipient's address was refused ({error.code})",
                permanent=500 <= error.code < 600,
            ) from None
        except SMTPResponseException as error:  # our own fault or theirs, not the recipient's
            await self._keep(client)
            raise NotTakenError(f"the mail server refused the sender ({error.code})") from None

    async def _keep(self, client: SMTP) -> None:
        """Make the connection ready for another letter after a refusal, or let it go."""
        try:
            await client.rset()
        except (SMTPException, OSError, TimeoutError):
            client.close()
        else:
            self._idle.append(client)

    async def close(self) -> None:
        """End the conversations."""
        while self._idle:
            client = self._idle.pop()
            try:
                await client.quit(timeout=1.0)
            except (SMTPException, OSError, TimeoutError):
                client.close()
