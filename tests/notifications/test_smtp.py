"""Mail on its way: no name becomes a header, and a clear no is told from doubt."""

import asyncio
import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from services.notifications.app import access_of
from services.notifications.settings import Settings
from services.notifications.smtp import (
    Access,
    Mail,
    NotTakenError,
    PostOffice,
    Security,
    build_message,
    is_address,
    one_line,
)
from tests.askers import PUBLIC_KEY
from tests.notifications.post import Post, make_certificate

MAIL = Mail(
    message_id="0192f0c1@betalt.example",
    from_name="Åsas Bageri AB via Betalt",
    from_address="faktura@betalt.example",
    to_name="Karin Östlund",
    to_address="karin@exempel.example",
    reply_to="asa@bageri.example",
    subject="Faktura 1042 från Åsas Bageri AB",
    text="Hej Karin!\n.\nEn ensam punkt på en rad.\n",
    html="<p>Hej Karin!</p>\n",
    at=datetime(2026, 6, 15, 7, 0, tzinfo=UTC),
)
SENDER, KARIN = "faktura@betalt.example", "karin@exempel.example"


def read(message: bytes) -> EmailMessage:
    return email.message_from_bytes(message, policy=email.policy.default)


def test_a_mail_arrives_as_it_was_written() -> None:
    message = read(build_message(MAIL))
    assert not message.defects
    assert message["From"] == "Åsas Bageri AB via Betalt <faktura@betalt.example>"
    assert message["To"] == "Karin Östlund <karin@exempel.example>"
    assert message["Reply-To"] == "asa@bageri.example"
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == "<0192f0c1@betalt.example>"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == MAIL.text
    assert html.get_content().replace("\r\n", "\n") == MAIL.html


def test_the_same_letter_is_the_same_bytes_at_each_attempt() -> None:
    assert build_message(MAIL) == build_message(MAIL)


@pytest.mark.parametrize("bad", ["\r\nBcc: x@y.example", "\n", "\r", "\x00", "\x0b", "\u2028"])
@pytest.mark.parametrize(
    "place", ["from_name", "from_address", "to_name", "to_address", "reply_to", "subject"]
)
def test_no_control_character_reaches_a_header(place: str, bad: str) -> None:
    changed: dict[str, Any] = {place: f"a{bad}b"}
    with pytest.raises(ValueError, match="control"):
        build_message(replace(MAIL, **changed))


@pytest.mark.parametrize(
    "name",
    [
        "Åsa\r\nBcc: x@y.example",
        'Karin" <x@y.example>, "Z',
        "a\\",
        "Karin, Per <x@y.example>",
        "=?utf-8?q?x=0D=0ABcc=3A_x=40y.example?=",
        "Å" * 300,
        "K" * 300,
        "",
    ],
)
def test_a_hostile_name_stays_a_name(name: str) -> None:
    message = read(build_message(replace(MAIL, to_name=one_line(name))))
    assert [address.addr_spec for address in message["To"].addresses] == [KARIN]
    assert "Bcc" not in message
    assert len(message.keys()) == len(set(message.keys())) == len(read(build_message(MAIL)).keys())
    long = build_message(replace(MAIL, to_name=one_line(name), subject=one_line(name) * 50))
    assert all(len(line) <= 998 for line in long.split(b"\r\n"))
    assert b"\n" not in long.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("karin@exempel.example", True),
        ("a.b+c@sub.exempel.example", True),
        ("karin@exempel.example\r\nRCPT TO:<x@y.example>", False),
        ("karin@exempel.example\n", False),
        ("karin@exempel.example\x00", False),
        ("<karin@exempel.example>", False),
        ("karin @exempel.example", False),
        ("a,b@exempel.example", False),
        ("åsa@exempel.example", False),
        ("karin@", False),
        ("@exempel.example", False),
        ("karin", False),
        ("karin@a@b.example", False),
        ("." * 10 + "@exempel.example", False),
        ("a" * 65 + "@exempel.example", False),
        ("a@" + "b" * 300, False),
        ("", False),
    ],
)
def test_only_a_plain_address_is_written_to(text: str, is_one: bool) -> None:
    assert is_address(text) is is_one


async def test_letters_share_kept_connections(post: Post) -> None:
    office = PostOffice("127.0.0.1", post.port, "betalt.example", connections=1)
    for _ in range(20):
        await office.send(SENDER, KARIN, build_message(MAIL))
    await office.close()
    assert len(post.taken) == 20
    assert post.connections == 1
    assert read(post.taken[0])["Message-ID"] == "<0192f0c1@betalt.example>"


async def test_a_connection_that_went_while_idle_costs_nothing(post: Post) -> None:
    office = PostOffice("127.0.0.1", post.port, "betalt.example", connections=1)
    await office.send(SENDER, KARIN, build_message(MAIL))
    post.hang_up()
    await office.send(SENDER, KARIN, build_message(MAIL))
    await office.close()
    assert len(post.taken) == 2


@pytest.mark.parametrize(
    ("at", "answer", "permanent"),
    [
        ("rcpt", "550 5.1.1 <karin@exempel.example> unknown", True),
        ("rcpt", "451 4.2.1 later", False),
        ("data", "554 5.6.0 no", True),
        ("data", "452 4.3.1 full", False),
        ("mail", "550 5.7.1 not you", False),
    ],
)
async def test_a_clear_no_says_whether_it_is_for_good_and_quotes_no_address(
    post: Post, at: str, answer: str, permanent: bool
) -> None:
    post.answers[at] = [answer]
    office = PostOffice("127.0.0.1", post.port, "betalt.example", connections=1)
    with pytest.raises(NotTakenError) as refused:
        await office.send(SENDER, KARIN, build_message(MAIL))
    assert refused.value.permanent is permanent
    assert answer[:3] in refused.value.reason
    assert "@" not in str(refused.value)
    await office.send(SENDER, KARIN, build_message(MAIL))  # and the connection is good for the next
    await office.close()
    assert post.connections == 1


async def test_a_server_that_is_away_certainly_took_nothing(post: Post) -> None:
    await post.stop()
    office = PostOffice("127.0.0.1", post.port, "betalt.example")
    with pytest.raises(NotTakenError) as refused:
        await office.send(SENDER, KARIN, build_message(MAIL))
    assert not refused.value.permanent


async def test_an_answer_that_was_lost_leaves_doubt(post: Post) -> None:
    post.dies_after_taking = 1
    office = PostOffice("127.0.0.1", post.port, "betalt.example")
    with pytest.raises(Exception) as lost:  # noqa: PT011  (any error but the one of a clear no)
        await office.send(SENDER, KARIN, build_message(MAIL))
    assert not isinstance(lost.value, NotTakenError)
    assert len(post.taken) == 1
    await office.close()


async def test_a_server_that_never_answers_took_nothing_of_anybody(post: Post) -> None:
    """A black hole: who got a connection and who still waits for one know it for certain."""
    open_: list[asyncio.StreamWriter] = []

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_.append(writer)

    async with await asyncio.start_server(swallow, "127.0.0.1", 0) as hole:
        port = hole.sockets[0].getsockname()[1]
        office = PostOffice("127.0.0.1", port, "betalt.example", connections=1, seconds=0.4)
        sending = (office.send(SENDER, KARIN, build_message(MAIL)) for _ in range(4))
        answers = await asyncio.gather(*sending, return_exceptions=True)
        assert [type(answer) for answer in answers] == [NotTakenError] * 4
        for writer in open_:
            writer.close()


async def test_a_slow_server_leaves_doubt_of_the_letter_it_has_and_of_no_other(post: Post) -> None:
    """Those that wait behind it were never spoken of; nobody is cut off from outside."""
    post.holds = asyncio.Event()
    office = PostOffice("127.0.0.1", post.port, "betalt.example", connections=1, seconds=2.0)
    sending = (office.send(SENDER, KARIN, build_message(MAIL)) for _ in range(3))
    answers = await asyncio.wait_for(asyncio.gather(*sending, return_exceptions=True), 2)
    kinds = [isinstance(answer, NotTakenError) for answer in answers]
    assert kinds == [False, True, True]
    assert isinstance(answers[0], TimeoutError)
    post.holds.set()
    post.holds = None
    await office.send(SENDER, KARIN, build_message(MAIL))
    await office.close()


LOGIN = "betalt", "en hemlighet"


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_letters_go_encrypted_to_a_server_that_wants_to_know_who_we_are(
    security: Security, tmp_path: Path
) -> None:
    certificate, ca_file = make_certificate(tmp_path)
    post = Post(certificate, at_once=security is Security.TLS, login=LOGIN)
    await post.start()
    office = PostOffice(
        "127.0.0.1", post.port, "betalt.example", 1, Access(security, *LOGIN, ca_file)
    )
    await office.send(SENDER, KARIN, build_message(MAIL))
    await office.send(SENDER, KARIN, build_message(MAIL))
    await office.close()
    await post.stop()
    assert len(post.taken) == 2
    assert post.logins == [True]  # once for both: the connection is kept


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_nothing_is_said_to_a_server_that_cannot_show_who_it_is(
    security: Security, tmp_path: Path
) -> None:
    certificate, _ = make_certificate(tmp_path)
    post = Post(certificate, at_once=security is Security.TLS)
    await post.start()
    office = PostOffice("127.0.0.1", post.port, "betalt.example", 1, Access(security))
    with pytest.raises(NotTakenError) as refused:
        await office.send(SENDER, KARIN, build_message(MAIL))
    await post.stop()
    assert not refused.value.permanent
    assert not post.taken


async def test_nothing_is_said_in_the_open_where_encryption_is_wanted(post: Post) -> None:
    """A server, or one between, that leaves STARTTLS out is not fallen back for."""
    office = PostOffice("127.0.0.1", post.port, "betalt.example", 1, Access(Security.STARTTLS))
    with pytest.raises(NotTakenError):
        await office.send(SENDER, KARIN, build_message(MAIL))
    assert not post.taken


async def test_a_login_that_is_refused_is_told_as_such_and_not_shown(tmp_path: Path) -> None:
    certificate, ca_file = make_certificate(tmp_path)
    post = Post(certificate, login=LOGIN)
    await post.start()
    access = Access(Security.STARTTLS, "betalt", "en annan", ca_file)
    office = PostOffice("127.0.0.1", post.port, "betalt.example", 1, access)
    with pytest.raises(NotTakenError) as refused:
        await office.send(SENDER, KARIN, build_message(MAIL))
    await post.stop()
    assert refused.value.reason == "the mail server refused our login (535)"
    assert not refused.value.permanent
    assert "en annan" not in repr(office)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"smtp_user": "betalt", "smtp_security": "tls"}, "go together"),
        ({"smtp_password": "x", "smtp_security": "tls"}, "go together"),
        ({"smtp_user": "betalt", "smtp_password": "x"}, "in the open"),
        ({"smtp_security": "ssl"}, "'none', 'starttls' or 'tls'"),
    ],
)
def test_settings_that_would_show_the_password_are_refused(
    given: dict[str, Any], reason: str
) -> None:
    base: dict[str, Any] = {
        "NOTIFICATIONS_DATABASE_URL": "x",
        "identity_public_key": PUBLIC_KEY,
        "link_key": "x" * 32,
    }
    with pytest.raises(ValidationError, match=reason):
        Settings(**base, **given)


def test_the_server_is_spoken_to_as_the_settings_say() -> None:
    settings = Settings(
        NOTIFICATIONS_DATABASE_URL="x",
        identity_public_key=PUBLIC_KEY,
        link_key="x" * 32,
        smtp_security="starttls",
        smtp_user="betalt",
        smtp_password=SecretStr("en hemlighet"),
        smtp_ca_file="/ca.pem",
    )
    assert access_of(settings) == Access(Security.STARTTLS, *LOGIN, "/ca.pem")
    assert "hemlighet" not in repr(settings)
