"""From the event to the channel's yes, on a real PostgreSQL and with a real SMTP server."""

import asyncio
import email
import email.policy
import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from contracts.invoicing import Channel, RecipientChanged
from contracts.terms import ChargeKind
from law.demand import respond_by
from plumbing.links import read_token
from plumbing.outbound import Outbound
from services.notifications.handlers import EMAIL
from services.notifications.settings import Settings
from services.notifications.subscribers import HEARS
from tests.askers import asker
from tests.notifications import builders as some
from tests.notifications.post import Post
from tests.notifications.room import Room


def headers_of(message: bytes) -> Any:
    return email.message_from_bytes(message, policy=email.policy.default)


async def move_to(room: Room, today: date) -> None:
    await room.database.clock.move(room.database.engine, today)


async def test_an_invoice_reaches_its_recipient_and_counts_as_sent_when_the_server_took_it(
    room: Room, post: Post
) -> None:
    """R-63, R-64."""
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    assert (await room.deliveries())["invoice"].state == "queued"
    assert await room.said() == []
    await room.carry()
    (message,) = post.taken
    headers = headers_of(message)
    assert headers["To"] == "Karin Östlund <karin@exempel.example>"
    assert headers["Subject"] == "Faktura 1042 från Åsas Bageri AB"
    body = headers.get_body(("plain",)).get_content()
    token = re.search(r"https://betalt.example/f/(\S+)", body)
    assert token
    link = read_token(some.LINK_KEY, token[1])
    assert link
    assert (link.claim_id, link.version) == (some.CLAIM, 1)
    ((kind, accepted),) = await room.said()
    delivery = (await room.deliveries())["invoice"]
    assert kind == "accepted"
    assert accepted["delivery_id"] == str(delivery.delivery_id)
    assert accepted["cause_event"] == str(some.envelope(some.invoice()).id)
    assert accepted["sent_on"] == str(room.database.clock.today())
    assert accepted["doubtful"] is False
    assert headers["Message-ID"] == f"<{delivery.delivery_id}@betalt.example>"


async def test_letters_of_a_claim_leave_in_the_order_they_were_asked_for(
    room: Room, post: Post
) -> None:
    first, second = some.invoice(), some.note()
    async with room.database.transaction() as tx:
        for nth, event in enumerate((first, second)):
            tx.causes = {event.key: some.envelope(event, nth + 1)}
            await HEARS[type(event)](tx, [event])
    await room.hear(some.creditor(), some.recipient())
    await room.carry()
    kinds = [headers_of(message)["X-Betalt-Letter"] for message in post.taken]
    assert kinds == ["invoice", "credit_note"]


async def test_a_batch_of_invoices_costs_four_statements(room: Room) -> None:
    claims = [some.claim(nth) for nth in range(500)]
    invoices = [some.invoice(claim_id=claim) for claim in claims]
    recipients = [some.recipient(claim_id=claim) for claim in claims]
    await room.hear(some.creditor(), *recipients)
    assert 1 <= len(room.statements) <= 4
    await room.hear(*invoices)
    assert 1 <= len(room.statements) <= 4
    late = [some.claim(nth) for nth in range(500, 1000)]
    await room.hear(*[some.invoice(claim_id=claim) for claim in late])
    assert 1 <= len(room.statements) <= 4
    await room.hear(*[some.recipient(claim_id=claim) for claim in late])
    assert 1 <= len(room.statements) <= 4
    (queued,) = await room.query("select count(*) from outbound")
    assert queued.count == 1000


async def test_a_creditor_named_while_his_letter_is_being_asked_for_leaves_none_behind(
    room: Room,
) -> None:
    async with room.database.transaction() as tx:
        tx.causes = some.envelopes([some.recipient()])
        await HEARS[type(some.recipient())](tx, [some.recipient()])
        tx.causes = some.envelopes([some.invoice()])
        await HEARS[type(some.invoice())](tx, [some.invoice()])
        naming = asyncio.create_task(room.hear(some.creditor()))
        await asyncio.sleep(0.2)
        assert not naming.done()
    await naming
    assert (await room.deliveries())["invoice"].state == "queued"


async def test_an_address_that_is_refused_for_good_fails_the_delivery(
    room: Room, post: Post
) -> None:
    post.answers["rcpt"] = ["550 5.1.1 <karin@exempel.example>: no such user"]
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    await room.carry()
    ((kind, failed),) = await room.said()
    assert kind == "failed"
    assert failed["reason"] == "the recipient's address was refused (550)"
    assert (await room.deliveries())["invoice"].state == "failed"
    assert post.taken == []
    assert await room.query("select 1 from outbound") == []


async def test_an_address_that_breaks_the_line_is_never_spoken_to_the_server(
    room: Room, post: Post
) -> None:
    evil = some.recipient(email="karin@exempel.example>\r\nRCPT TO:<x@y.example")
    await room.hear(some.creditor(), evil, some.invoice())
    await room.carry()
    ((kind, _),) = await room.said()
    assert (kind, post.taken, post.connections) == ("failed", [], 0)


async def test_a_hostile_name_becomes_one_line(room: Room, post: Post) -> None:
    await room.hear(
        some.creditor(name="Bageri\r\nBcc: a@b.example"),
        some.recipient(name="Åsa\r\nBcc: x@y.example"),
        some.invoice(),
    )
    await room.carry()
    headers = headers_of(post.taken[0])
    assert "Bcc" not in headers
    assert headers["To"].addresses[0].display_name == "Åsa Bcc: x@y.example"


async def test_a_refusal_for_now_is_tried_again_and_leaves_no_doubt(room: Room, post: Post) -> None:
    post.answers["rcpt"] = ["451 4.2.1 later"]
    post.answers["data"] = ["452 4.3.1 full"]
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    await room.carry()
    ((kind, accepted),) = await room.said()
    assert (kind, accepted["doubtful"], len(post.taken)) == ("accepted", False, 1)
    assert (await room.deliveries())["invoice"].refusals == 2


async def test_a_server_that_dies_before_it_answers_gets_the_same_message_again_and_doubt_is_shown(
    room: Room, post: Post
) -> None:
    post.dies_after_taking = 1
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    await room.carry()
    first, second = post.taken
    assert headers_of(first)["Message-ID"] == headers_of(second)["Message-ID"]
    ((kind, accepted),) = await room.said()
    assert (kind, accepted["doubtful"]) == ("accepted", True)
    assert (await room.deliveries())["invoice"].doubtful


async def test_a_server_that_is_away_is_waited_for(room: Room, post: Post) -> None:
    await post.stop()
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    assert await room.outbound.carry_due() == 1
    assert await room.said() == []
    await post.start()
    await room.carry()
    assert [kind for kind, _ in await room.said()] == ["accepted"]


@pytest.mark.parametrize(("days", "kind"), [(0, "accepted"), (1, "stale")])
async def test_a_demand_that_waited_too_long_is_stale_and_not_sent(
    room: Room, post: Post, days: int, kind: str
) -> None:
    """events.md 3.3; inkassolagen (1974:182) 5 § 6."""
    written_on = date(2026, 7, 27)
    stated = some.statement(pay_by=respond_by(written_on, Channel.EMAIL))
    await room.hear(some.creditor(), some.recipient(), some.invoice(), some.handover())
    await room.carry()
    await room.hear(some.demand(stated))
    await move_to(room, written_on + timedelta(days=days))
    await room.carry()
    assert [what for what, _ in await room.said()] == ["accepted", kind]
    assert (await room.deliveries())["demand"].state == kind
    assert len(post.taken) == 2 - days


async def test_a_reminder_that_waited_too_long_is_stale_and_not_sent(
    room: Room, post: Post
) -> None:
    """events.md 3.3: dunning proposes it anew."""
    await move_to(room, date(2026, 7, 27))
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    await room.carry()
    await room.hear(some.reminder(some.statement(pay_by=date(2026, 8, 4))))
    await move_to(room, date(2026, 7, 31))
    await room.carry()
    (_, (kind, stale)) = await room.said()
    assert (kind, stale["letter"], stale["ordinal"]) == ("stale", "reminder", 1)
    assert len(post.taken) == 1


class CrashError(OSError):
    """The process died after the server's yes and before its own commit."""


async def crash(*_: Any) -> None:
    raise CrashError


async def die_after_the_servers_yes(room: Room) -> None:
    """One attempt that the server takes and that nobody here gets to write down."""
    honest = room.outbound.carriers
    room.outbound.carriers = {EMAIL: replace(honest[EMAIL], settle=crash)}
    with pytest.raises(CrashError):
        await room.outbound.carry_due()
    room.outbound = Outbound(room.database, honest)  # of the process that comes after


async def demanded(room: Room) -> None:
    """A demand of 27 July, whose time is just the legal one, is queued."""
    written_on = date(2026, 7, 27)
    await move_to(room, written_on)
    await room.hear(some.creditor(), some.recipient(), some.invoice(), some.handover())
    await room.carry()
    await room.hear(some.demand(some.statement(pay_by=respond_by(written_on, Channel.EMAIL))))


async def test_a_demand_that_may_be_out_is_not_called_stale_though_its_time_is_short(
    room: Room, post: Post
) -> None:
    """A kill between SMTP's yes and the commit: a second demand must not be asked for."""
    await demanded(room)
    await die_after_the_servers_yes(room)
    await move_to(room, date(2026, 7, 30))
    await room.carry()
    (_, (kind, accepted)) = await room.said()
    assert (kind, accepted["doubtful"], accepted["sent_on"]) == ("accepted", True, "2026-07-30")
    _, first, second = post.taken
    assert first == second


async def test_a_demand_taken_back_while_it_may_be_out_is_withdrawn_in_doubt(
    room: Room, post: Post
) -> None:
    await demanded(room)
    await die_after_the_servers_yes(room)
    await room.hear(some.reversal(ChargeKind.DEMAND))
    await room.carry()
    demand = (await room.deliveries())["demand"]
    assert (demand.state, demand.doubtful) == ("withdrawn", True)
    assert [kind for kind, _ in await room.said()] == ["accepted"]
    assert len(post.taken) == 2


async def test_a_demand_refused_when_it_may_be_out_already_fails_in_doubt(
    room: Room, post: Post
) -> None:
    await demanded(room)
    await die_after_the_servers_yes(room)
    post.answers["rcpt"] = ["550 5.1.1 no such user"]
    await room.carry()
    (_, (kind, failed)) = await room.said()
    assert (kind, failed["doubtful"]) == ("failed", True)


async def test_a_letter_is_the_same_bytes_at_each_attempt_whatever_day_it_is(
    room: Room, post: Post
) -> None:
    await move_to(room, date(2026, 7, 27))
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    await die_after_the_servers_yes(room)
    await move_to(room, date(2026, 8, 20))
    await room.carry()
    first, second = post.taken
    assert first == second
    asked_on = headers_of(first)["Date"].datetime.date()  # a day later in a winter's last hour
    assert asked_on in (date(2026, 7, 27), date(2026, 7, 28))


async def test_a_demand_waits_for_the_hand_over_and_says_what_the_claim_is_based_on(
    room: Room, post: Post, settings: Settings
) -> None:
    """Inkassolagen (1974:182) 5 § 2."""
    await move_to(room, date(2026, 7, 27))
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    await room.carry()
    await room.hear(some.demand())
    assert (await room.deliveries())["demand"].state == "waiting"
    await room.hear(some.handover())
    await room.carry()
    message = headers_of(post.taken[-1])
    text = message.get_body(("plain",)).get_content()
    assert some.BASIS in text
    assert settings.collector_phone in text
    assert message["Reply-To"] == settings.collector_email


async def test_no_demand_is_sent_to_whom_was_never_told_of_the_claim(
    room: Room, post: Post
) -> None:
    """Good collection practice, inkassolagen (1974:182) 4 §."""
    post.answers["rcpt"] = ["550 5.1.1 no such user"]
    await demanded(room)
    await room.carry()
    failures = [told for kind, told in await room.said() if kind == "failed"]
    assert [told["letter"] for told in failures] == ["invoice", "demand"]
    assert "not_notified" in failures[1]["reason"]
    assert post.taken == []


async def test_a_failed_invoice_is_sent_again_once_the_recipient_is_corrected(
    room: Room, post: Post
) -> None:
    """R-63: and what failed with its charge, the reminder, is not."""
    await move_to(room, date(2026, 7, 27))
    post.answers["rcpt"] = ["550 5.1.1 no such user"] * 2
    await room.hear(some.creditor(), some.recipient(), some.invoice(), some.reminder())
    await room.carry()
    assert {kind for kind, _ in await room.said()} == {"failed"}
    await move_to(room, date(2026, 7, 28))
    await room.hear(RecipientChanged(**some.recipient(email="karin@ny.example").__dict__))
    await room.carry()
    states = {letter: row.state for letter, row in (await room.deliveries()).items()}
    assert states == {"invoice": "accepted", "reminder": "failed"}
    (message,) = post.taken
    assert headers_of(message)["To"].addresses[0].addr_spec == "karin@ny.example"
    kind, accepted = (await room.said())[-1]
    assert (kind, accepted["letter"], accepted["sent_on"]) == ("accepted", "invoice", "2026-07-28")
    assert accepted["doubtful"] is False


async def test_a_corrected_recipient_gets_nothing_twice(room: Room, post: Post) -> None:
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    await room.carry()
    await room.hear(RecipientChanged(**some.recipient(email="karin@ny.example").__dict__))
    await room.carry()
    assert len(post.taken) == 1


async def test_a_reminder_whose_charge_was_reversed_does_not_leave(room: Room, post: Post) -> None:
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    await room.carry()
    await room.hear(some.reminder(), some.reversal(ChargeKind.REMINDER))
    await room.carry()
    assert (await room.deliveries())["reminder"].state == "withdrawn"
    assert len(post.taken) == 1


async def test_a_protected_person_is_left_to_a_person(room: Room, post: Post) -> None:
    await room.hear(some.creditor(), some.recipient(protected_identity=True), some.invoice())
    await room.carry()
    assert (await room.deliveries())["invoice"].state == "manual"
    assert (post.taken, await room.said()) == ([], [])


async def test_protection_that_comes_while_a_letter_is_queued_stops_it(
    room: Room, post: Post
) -> None:
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    changed = some.recipient(protected_identity=True)
    await room.hear(RecipientChanged(**changed.__dict__))
    await room.carry()
    assert ((await room.deliveries())["invoice"].state, post.taken) == ("manual", [])


async def test_the_first_opening_of_a_web_invoice_is_said_once(room: Room, app: FastAPI) -> None:
    """R-65."""
    await room.hear(some.creditor(), some.invoice())
    for _ in range(3):
        answer = await asker(app, "debtor", claim=some.CLAIM).post("/opened")
        assert answer.status_code == 200
    ((kind, opened),) = await room.said()
    assert (kind, opened["claim_id"]) == ("opened", str(some.CLAIM))
    assert opened["creditor_id"] == str(some.SELLER)


async def test_only_the_debtor_opens_and_only_what_is_known(room: Room, app: FastAPI) -> None:
    await room.hear(some.invoice())
    assert (await asker(app, "seller", company=some.SELLER).post("/opened")).status_code == 403
    assert (await asker(app, "debtor").post("/opened")).status_code == 403
    unknown = await asker(app, "debtor", claim=some.claim(9)).post("/opened")
    assert unknown.status_code == 404


async def test_a_seller_sees_what_became_of_his_letters_and_of_nobody_elses(
    room: Room, app: FastAPI
) -> None:
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    await room.carry()
    path = f"/deliveries?claim_id={some.CLAIM}"
    own = (await asker(app, "seller", company=some.SELLER).get(path)).json()
    other = (await asker(app, "seller", company=some.claim(1)).get(path)).json()
    operator = (await asker(app, "operator").get(path)).json()
    assert [(d["letter"], d["state"]) for d in own["deliveries"]] == [("invoice", "accepted")]
    assert own == operator
    assert other == {"deliveries": [], "opened_on": None}


async def test_a_seller_sends_a_letter_that_failed_again(
    room: Room, post: Post, app: FastAPI
) -> None:
    post.answers["rcpt"] = ["550 5.1.1 no such user"]
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    await room.carry()
    path = f"/deliveries/{(await room.deliveries())['invoice'].delivery_id}/again"
    other = await asker(app, "seller", company=some.claim(1)).post(path)
    assert (other.status_code, other.json()["reason"]) == (409, "not_failed")
    asked = await asker(app, "seller", company=some.SELLER).post(path)
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    await room.carry()
    assert [kind for kind, _ in await room.said()] == ["failed", "accepted"]
    twice = await asker(app, "seller", company=some.SELLER).post(path)
    assert twice.status_code == 409
    assert len(post.taken) == 1


async def test_operators_see_doubt_what_needs_a_person_and_the_counts(
    room: Room, post: Post, app: FastAPI
) -> None:
    post.dies_after_taking = 1
    protected = some.claim(1)
    await room.hear(some.creditor(), some.recipient(), some.invoice())
    await room.hear(some.recipient(claim_id=protected, protected_identity=True))
    await room.hear(some.invoice(claim_id=protected))
    await room.carry()
    doubtful = (await asker(app, "operator").get("/deliveries/doubtful")).json()
    manual = (await asker(app, "operator").get("/deliveries/manual")).json()
    counts = (await asker(app, "operator").get("/deliveries/counts")).json()
    assert [d["claim_id"] for d in doubtful["deliveries"]] == [str(some.CLAIM)]
    assert [d["claim_id"] for d in manual["deliveries"]] == [str(protected)]
    assert counts == {"states": {"accepted": 1, "manual": 1}}
    assert (await asker(app, "seller").get("/deliveries/counts")).status_code == 403


async def test_a_letter_that_is_not_there_is_given_up_and_not_tried_for_ever(room: Room) -> None:
    await room.query(
        "insert into outbound (id, kind, key, body, correlation) "
        f"values ('{some.claim(1)}', 'email', '{some.CLAIM}', '', '{some.CLAIM}')"
    )
    assert await room.outbound.carry_due() == 1
    (parcel,) = await room.query("select given_up from outbound")
    assert parcel.given_up
