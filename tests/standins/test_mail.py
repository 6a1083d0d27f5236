"""The mail stand-in, run as a program: what it says it took, it has, and people can read it."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from deploy.local.ports import free_ports
from tests.standins.programs import Program


class MailProgram(Program):
    def __init__(self, folder: Path) -> None:
        (self.smtp_port,) = free_ports(1)
        super().__init__("mail", folder, "--smtp-port", str(self.smtp_port))

    async def send(self, message: EmailMessage) -> None:
        await aiosmtplib.send(message, hostname="127.0.0.1", port=self.smtp_port)


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncIterator[MailProgram]:
    async with MailProgram(tmp_path) as program:
        yield program


def letter(
    to: str = "karin@example.se", subject: str = "Påminnelse om faktura 1042"
) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "betalt@example.se", to, subject
    message["Message-ID"] = f"<{subject.split()[-1]}@example.se>"
    message.set_content("Hej! Se http://127.0.0.1:8000/f/abc?x=1&y=2.\n<b>Åäö</b>\n")
    return message


async def test_a_message_taken_survives_a_kill(mail: MailProgram) -> None:
    await mail.send(letter())
    await mail.kill_and_restart()
    (kept,) = (await mail.get("/records"))["messages"]
    assert kept["message_id"] == "<1042@example.se>"
    assert kept["rcpt_to"] == ["karin@example.se"]
    assert kept["subject"] == "Påminnelse om faktura 1042"
    assert ["To", "karin@example.se"] in kept["headers"]


async def test_nobody_lives_in_the_domain_that_has_nobody(mail: MailProgram) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused, match="550"):
        await mail.send(letter("karin@Finns-Inte.example"))
    assert (await mail.get("/records"))["messages"] == []


async def test_a_message_sent_twice_is_recorded_twice(mail: MailProgram) -> None:
    await mail.send(letter())
    await mail.send(letter())
    kept = (await mail.get("/records"))["messages"]
    assert [one["message_id"] for one in kept] == ["<1042@example.se>"] * 2


async def test_a_held_answer_leaves_the_message_recorded_and_the_sender_in_doubt(
    mail: MailProgram,
) -> None:
    await mail.post("/control", {"answer_delay_seconds": 60, "times": 1})
    with pytest.raises(aiosmtplib.SMTPException):
        await aiosmtplib.send(letter(), hostname="127.0.0.1", port=mail.smtp_port, timeout=1)
    assert (await mail.get("/pending"))["held_answers"] <= 1
    await mail.kill_and_restart()
    assert (await mail.get("/records"))["total"] == 1


async def test_html_is_sealed_and_attachments_can_be_fetched(mail: MailProgram) -> None:
    message = letter()
    message.add_alternative(
        '<html><head></head><body><a href="http://x/">hit</a><script>evil()</script></body></html>',
        subtype="html",
    )
    message.add_attachment(
        b"%PDF-1.7", maintype="application", subtype="pdf", filename="faktüra.pdf"
    )
    await mail.send(message)
    text = await mail.page("/messages/1")
    assert 'href="http://127.0.0.1:8000/f/abc?x=1&amp;y=2"' in text
    assert "&lt;b&gt;Åäö&lt;/b&gt;" in text
    assert "evil" not in text
    async with mail.http.get("/messages/1/html") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox allow-popups")
        assert "allow-scripts" not in policy
        assert '<base target="_blank">' in await answer.text()
    (listed,) = (await mail.get("/messages.json"))["messages"]
    (attachment,) = listed["attachments"]
    assert attachment["name"] == "faktüra.pdf"
    async with mail.http.get(f"/messages/1/parts/{attachment['part']}") as answer:
        assert await answer.read() == b"%PDF-1.7"
        assert answer.headers["Content-Disposition"].startswith("attachment")


async def test_messages_are_found_by_recipient_and_subject_and_by_number(mail: MailProgram) -> None:
    for number, to in enumerate(("a@example.se", "b@example.se", "A@example.se")):
        await mail.send(letter(to, f"Faktura {number}"))
    mine = (await mail.get("/messages.json?to=a@example.se"))["messages"]
    assert [one["subject"] for one in mine] == ["Faktura 0", "Faktura 2"]
    assert [
        one["id"] for one in (await mail.get("/messages.json?after=1&limit=1"))["messages"]
    ] == [2]
    newest = (await mail.get("/messages.json?before=3&limit=5"))["messages"]
    assert [one["id"] for one in newest] == [2, 1]
    first = await mail.get("/records?limit=2")
    rest = await mail.get(f"/records?limit=2&after={first['next_after']}")
    assert [one["id"] for one in rest["messages"]] == [3]
    assert rest["next_after"] is None
    found = await mail.page("/?sok=b@example")
    assert "Faktura 1" in found
    assert "Faktura 0" not in found
    assert "Inga mejl" in await mail.page("/?sok=%25")


async def test_many_conversations_at_a_time_are_taken_whole(mail: MailProgram) -> None:
    async def send_many(count: int) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=mail.smtp_port) as client:
            for number in range(count):
                await client.send_message(letter(subject=f"Faktura {number}"))

    await asyncio.gather(*(send_many(50) for _ in range(8)))
    assert (await mail.get("/records?limit=1"))["total"] == 400
