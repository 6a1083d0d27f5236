"""Letters in any order of hearing, carried at any moment: how each may end, and what left."""

import email
import email.policy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Event
from contracts.ids import new_id
from contracts.invoicing import CreditorChanged, RecipientChanged
from contracts.notifications import DeliveryAccepted, DeliveryFailed, DeliveryStale, Letter
from contracts.terms import ChargeKind
from law.demand import respond_by
from plumbing.inbox import Inbox
from services.notifications.domain import State
from services.notifications.subscribers import HEARS
from tests.notifications import builders as some
from tests.notifications.post import Post
from tests.notifications.room import Room
from tests.shuffled import SAID_OF, Act, Delivery, events_in, moved_to, shuffled

TODAY = date(2026, 7, 27)
TOMORROW = date(2026, 7, 28)
SAYS: Mapping[State, type[Event]] = {
    State.ACCEPTED: DeliveryAccepted,
    State.FAILED: DeliveryFailed,
    State.STALE: DeliveryStale,
}
"""What is said of a letter's end; of the other ends nobody waits to hear."""
TO_PAY = {
    Letter.INVOICE: "3 240,00 kr",
    Letter.CREDIT_NOTE: "3 240,00 kr",
    Letter.REMINDER: "2 499,31 kr",
    Letter.DEMAND: "2 499,31 kr",
}
SENT = {State.ACCEPTED}
UNLESS_STOPPED = {State.ACCEPTED, State.WITHDRAWN}


@dataclass(frozen=True)
class Story:
    """What is said, topic by topic, the lawful ends of each letter, and the links that leave."""

    claims: Sequence[Event]
    ends: Mapping[tuple[Letter, int], set[State]]
    recipients: Sequence[Event] = (some.recipient(),)
    versions: set[int] = field(default_factory=lambda: {1})
    to: set[str] = field(default_factory=lambda: {"karin@exempel.example"})
    days: Sequence[date] = ()


def changed(**more: Any) -> RecipientChanged:
    return RecipientChanged(**some.recipient(**more).__dict__)


def ends(invoice: set[State], **charges: set[State]) -> dict[tuple[Letter, int], set[State]]:
    """The invoice and its credit note end alike; charges by letter and ordinal."""
    letters = {(Letter(name[:-1]), int(name[-1])): states for name, states in charges.items()}
    return {(Letter.INVOICE, 1): invoice, (Letter.CREDIT_NOTE, 1): invoice} | letters


STORIES = {
    "reminded and demanded": Story(
        [some.reminder(), some.demand()], ends(SENT, reminder1=SENT, demand1=SENT)
    ),
    "the link was revoked": Story(
        [some.reminder()],
        ends(SENT, reminder1=SENT),
        recipients=[some.recipient(), changed(link_version=2)],
        versions={1, 2},
    ),
    "the reminder was taken back": Story(
        [some.reminder(), some.reversal(ChargeKind.REMINDER), some.demand()],
        ends(SENT, reminder1=UNLESS_STOPPED, demand1=SENT),
    ),
    "the demand was taken back and made anew": Story(
        [some.demand(), some.reversal(ChargeKind.DEMAND), some.demand(ordinal=2)],
        ends(SENT, demand1=UNLESS_STOPPED, demand2=SENT),
    ),
    "what Kronofogden is told is no letter": Story(
        [some.reminder(), some.reversal(ChargeKind.FILING)], ends(SENT, reminder1=SENT)
    ),
    "protected meanwhile": Story(
        [some.reminder()],
        ends({State.ACCEPTED, State.MANUAL}, reminder1={State.ACCEPTED, State.MANUAL}),
        recipients=[some.recipient(), changed(protected_identity=True)],
    ),
    "an address at last": Story(
        [some.reminder()],
        ends(SENT, reminder1={State.ACCEPTED, State.FAILED}),
        recipients=[some.recipient(email=None), changed(email="ny@exempel.example")],
        to={"ny@exempel.example"},
    ),
    "a demand that may wait too long": Story(
        [some.demand(some.statement(pay_by=respond_by(TODAY, some.recipient().channels[0])))],
        ends(SENT, demand1={State.ACCEPTED, State.STALE}),
        days=[TOMORROW],
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
@shuffled(12)
@given(data=st.data())
async def test_whatever_comes_first_and_twice_each_letter_leaves_once_or_says_why_not(
    room: Room, post: Post, story: Story, data: st.DataObject
) -> None:
    """events.md 3.3: only what was charged is sent; what was taken back before it left is not."""
    claim, seller = new_id(), new_id()
    clock, engine = room.database.clock, room.database.engine
    await clock.move(engine, TODAY)
    about = partial(moved_to, claim_id=claim, creditor_id=seller)
    said: list[list[Event | Act]] = [
        [some.creditor(), CreditorChanged(**some.creditor().__dict__ | {"name": "Åsas"})],
        [*story.recipients],
        [some.invoice(), some.note()],
        [*story.claims],
        [some.handover()],
    ]
    acts: list[list[Event | Act]] = [[partial(clock.move, engine, day) for day in story.days]]
    topics = [[about(each) for each in topic if isinstance(each, Event)] for topic in said]
    delivery = Delivery(data, Inbox(room.database, "notifications", HEARS))
    await delivery.of(*topics, *acts, [room.carry, room.carry])
    await room.carry()
    letters = await _ended(room, claim, story)
    _check_mails(post, claim, letters, story)


async def _ended(room: Room, claim: UUID, story: Story) -> Sequence[Any]:
    """The claim's letters: each in a lawful state, which is the last that was said of it."""
    assert await room.query("select reason from parked") == []
    assert await room.query(f"select 1 from outbound where key = '{claim}'") == []
    rows = await room.query(f"select * from deliveries where claim_id = '{claim}'")
    states = {(Letter(row.letter), row.ordinal): State(row.state) for row in rows}
    assert len(rows) == len(states)
    assert states.keys() == story.ends.keys()
    wrong = {one: state for one, state in states.items() if state not in story.ends[one]}
    assert wrong == {}
    events = events_in(await room.query(SAID_OF, claim=claim))
    ends: list[Any] = [e for e in events if isinstance(e, tuple(SAYS.values()))]
    last = {e.delivery_id: e for e in ends}
    told = [(type(e).__name__, e.delivery_id, e.cause_event, e.letter) for e in last.values()]
    assert sorted(told) == sorted(
        (SAYS[state].__name__, row.delivery_id, row.cause_event, row.letter)
        for row in rows
        if (state := State(row.state)) in SAYS
    )
    days = {e.sent_on for e in ends if isinstance(e, DeliveryAccepted)}
    assert days <= {TODAY, *story.days}
    return rows


def _check_mails(post: Post, claim: UUID, letters: Sequence[Any], story: Story) -> None:
    """One mail for each accepted letter, with its amount, to the right place, by a right link."""
    mails = [email.message_from_bytes(each, policy=email.policy.default) for each in post.taken]
    own = [mail for mail in mails if mail["X-Betalt-Claim"] == str(claim)]
    accepted = [row for row in letters if row.state == State.ACCEPTED]
    assert sorted(mail["Message-ID"].split("@")[0][1:] for mail in own) == sorted(
        str(row.delivery_id) for row in accepted
    )
    for mail in own:
        body = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert TO_PAY[Letter(mail["X-Betalt-Letter"])] in " ".join(body.split())
        assert any(f"/f/{claim}.{version}." in body for version in story.versions)
        assert mail["To"].addresses[0].addr_spec in story.to
