"""The outside party that carries e-mail: an SMTP server (RFC 5321), reached over kept connections.

A letter is sent when the server has answered its DATA with 250, and not before. Every other end is
one of two: `NotTakenError`, the server certainly does not have the letter, or any other exception,
nobody knows. Reasons hold reply codes and never the server's prose, which quotes addresses.
"""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import Compat32
from email.utils import format_datetime, quote

from aiosmtplib import (
    SMTP,
    SMTPConnectError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

TIMEOUT = 20.0
"""Seconds for each answer of the server."""

# The older of the library's two ways to write mail: four times as fast, and folds nothing wrongly.
_POLICY = Compat32(linesep="\r\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@){_LOCAL}@{_LABEL}(?:\.{_LABEL})*")


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
    labels: tuple[tuple[str, str], ...] = ()
    """Further headers of our own: what kind of letter it is and about which claim."""


def is_address(text: str) -> bool:
    """Whether mail can be sent there: a plain ASCII address; all that could break a line is not."""
    return _ADDRESS.fullmatch(text) is not None


def one_line(text: str) -> str:
    """The text with every control character and run of spaces as one space."""
    return " ".join(_CONTROL.sub(" ", text).split())


def build_message(mail: Mail) -> bytes:
    """The mail as it travels: text first, HTML as its alternative; the same bytes at each attempt.

    Raises ValueError where a header's value holds a control character, whoever put it there.
    """
    message = MIMEMultipart("alternative", boundary=_boundary(mail), policy=_POLICY)
    headers = [
        ("From", _mailbox(mail.from_name, mail.from_address)),
        ("To", _mailbox(mail.to_name, mail.to_address)),
        ("Subject", _encoded(mail.subject)),
        ("Date", format_datetime(mail.at)),
        ("Message-ID", f"<{mail.message_id}>"),
        ("Auto-Submitted", "auto-generated"),  # RFC 3834: no out-of-office answers, please
        *mail.labels,
    ]
    if mail.reply_to:
        headers.append(("Reply-To", mail.reply_to))
    for name, value in headers:
        message[name] = _whole(value)
    message.attach(MIMEText(mail.text, "plain", "utf-8", policy=_POLICY))
    message.attach(MIMEText(mail.html, "html", "utf-8", policy=_POLICY))
    return message.as_bytes()


def _boundary(mail: Mail) -> str:
    """A line that cannot occur in the parts, which travel as base64."""
    return f"=_{mail.message_id.partition('@')[0]}"


def _mailbox(name: str, address: str) -> str:
    written = f'"{quote(name)}"' if _is_plain(name) else _encoded(name)
    return f"{written} <{address}>"


def _is_plain(text: str) -> bool:
    """Whether text may stand as it is: what looks encoded may be decoded into a line break."""
    return text.isascii() and "=?" not in text


def _encoded(text: str) -> str:
    """A header's text as RFC 2047 wants it, on one line; the library folds it where it is long."""
    words = Header(_whole(text), "us-ascii" if _is_plain(text) else "utf-8", maxlinelen=60)
    return words.encode(linesep="").replace("\n", "")


def _whole(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("a header may not hold control characters")
    return text


@dataclass
class PostOffice:
    """The SMTP server, with up to `connections` conversations at a time, each used again."""

    host: str
    port: int
    own_name: str
    connections: int = 8
    timeout: float = TIMEOUT
    _idle: list[SMTP] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.connections)

    async def send(self, sender: str, recipient: str, message: bytes) -> None:
        """Hand over one message; returns when the server took it."""
        async with self._turns:
            client = await self._open_envelope(sender, recipient)
            try:
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

    async def _open_envelope(self, sender: str, recipient: str) -> SMTP:
        """A connection whose server has agreed to sender and recipient."""
        while self._idle:
            client = self._idle.pop()
            try:
                await self._address(client, sender, recipient)
            except (SMTPServerDisconnected, SMTPTimeoutError):
                client.close()  # it was closed while idle
            else:
                return client
        client = SMTP(
            hostname=self.host, port=self.port, local_hostname=self.own_name, timeout=self.timeout
        )
        try:
            await client.connect()
            await self._address(client, sender, recipient)
        except NotTakenError:
            raise
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
