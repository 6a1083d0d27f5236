"""The ladder in any order of hearing: where each story may end, and what was said on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from contracts.collections import ClaimDisputed, DisputeOutcome
from contracts.dunning import CollectionProposed, ReminderProposed
from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId, new_id
from contracts.invoicing import CreditorRegistered
from contracts.notifications import DeliveryAccepted, DeliveryStale, Letter
from contracts.payments import (
    ChargeDeferred,
    ChargeRefused,
    RefusalReason,
    ReminderCharged,
    ReversalCause,
)
from plumbing.inbox import Inbox
from plumbing.timers import Timers
from plumbing.transaction import Database
from services.dunning import handlers, store
from services.dunning.domain import Refusal, Reminder
from services.dunning.subscribers import HEARS
from services.dunning.timers import WAKES
from tests.dunning.builders import (
    CLAIM,
    COLLECTION_ON,
    CREDITOR,
    PAY_BY,
    REMINDER_ON,
    allocated,
    case_opened,
    charge_reversed,
    charged,
    deferred,
    dispute_settled,
    disputed,
    issued,
    refused,
    reminder_sent,
    reminder_stale,
    reopened,
    sent,
    settled,
)
from tests.shuffled import SAID_OF, Act, Delivery, events_in, moved_to, shuffled

ANSWERS: Mapping[type[Event], type[Event]] = {
    ReminderCharged: ReminderProposed,
    ChargeRefused: ReminderProposed,
    ChargeDeferred: ReminderProposed,
}
LOST = text("""
  select reason from parked union all select failed from timers where failed is not null
""")
SETTLED_ON = date(2026, 10, 7)  # a Wednesday between the reminder day and collection


@dataclass(frozen=True)
class End:
    """Where a claim stands on the evening of `COLLECTION_ON`, and all that dunning said of it."""

    reminder: Reminder
    off: Refusal | None
    said: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Story:
    """What the others say, topic by topic, and the lawful ends."""

    topics: Sequence[Sequence[Event]]
    ends: Sequence[End]
    answers: Mapping[type[Event], type[Event]] = field(default_factory=lambda: ANSWERS)

    def awaits(self, event: Event) -> type[Event] | None:
        """The ledger answers a proposal; a reminder's letter leaves once it was proposed."""
        letter = isinstance(event, DeliveryAccepted | DeliveryStale) and event.letter
        if letter is Letter.REMINDER:
            return ReminderProposed
        return self.answers.get(type(event))


def asked(as_of: date = REMINDER_ON, pay_by: date = PAY_BY) -> ReminderProposed:
    return ReminderProposed(claim_id=CLAIM, creditor_id=CREDITOR, as_of=as_of, pay_by=pay_by)


TO_COLLECTION = CollectionProposed(claim_id=CLAIM, creditor_id=CREDITOR, as_of=COLLECTION_ON)
LATE = asked(COLLECTION_ON, date(2026, 10, 23))
"""A reminder that was held until the last day of the story; eight days, a Friday."""
AGAIN = [each.model_copy(update={"ordinal": 2}) for each in (asked(), LATE)]
GONE = Refusal.IN_COLLECTION

STORIES = {
    "unpaid": Story(
        [[charged()], [reminder_sent()]], [End(Reminder.CHARGED, GONE, (asked(), TO_COLLECTION))]
    ),
    "unpaid, priced when the reference rate is known": Story(
        [[deferred(), charged()], [reminder_sent()]],
        [End(Reminder.CHARGED, GONE, (asked(), TO_COLLECTION))],
    ),
    "the reference rate is not known": Story(
        [[deferred()]], [End(Reminder.DEFERRED, None, (asked(),))]
    ),
    "paid in time": Story(
        [[allocated(settled=False), allocated(), refused(RefusalReason.SETTLED)]],
        [
            End(Reminder.NONE, Refusal.SETTLED),
            End(Reminder.NONE, Refusal.SETTLED, (asked(),)),
        ],
    ),
    "paid in time, heard after the charge": Story(
        [[charged(), charge_reversed(), allocated()], [reminder_sent()]],
        [End(Reminder.REVERSED, Refusal.SETTLED, (asked(),))],
    ),
    "paid, then not": Story(
        [[allocated(), reopened(SETTLED_ON)]],
        [
            End(Reminder.PROPOSED, None, (asked(),)),
            End(Reminder.PROPOSED, None, (LATE,)),
        ],
    ),
    "credited": Story(
        [[settled(), refused(RefusalReason.CREDITED)]],
        [
            End(Reminder.NONE, Refusal.SETTLED),
            End(Reminder.NONE, Refusal.SETTLED, (asked(),)),
        ],
    ),
    "disputed": Story(
        [[refused(RefusalReason.DISPUTED)], [disputed()]],
        [
            End(Reminder.NONE, Refusal.DISPUTED),
            End(Reminder.NONE, Refusal.DISPUTED, (asked(),)),
        ],
    ),
    "disputed, withdrawn": Story(
        [[refused(RefusalReason.DISPUTED)], [disputed(), dispute_settled(SETTLED_ON)]],
        [
            End(Reminder.NONE, None, (LATE,)),
            End(Reminder.PROPOSED, None, (asked(), LATE)),
        ],
    ),
    "disputed before the charge, heard after it, withdrawn": Story(
        [
            [charged(), charge_reversed(cause=ReversalCause.DISPUTE, remaining_ore=1_000_00)],
            [disputed(), dispute_settled(SETTLED_ON)],
            [reminder_sent()],
        ],
        [End(Reminder.REVERSED, GONE, (asked(), TO_COLLECTION))],
        {**ANSWERS, ClaimDisputed: ReminderProposed},
    ),
    "upheld": Story(
        [[disputed(), dispute_settled(SETTLED_ON, DisputeOutcome.UPHELD)]],
        [
            End(Reminder.NONE, Refusal.DISPUTED),
            End(Reminder.PROPOSED, Refusal.DISPUTED, (asked(),)),
        ],
    ),
    "the reminder could not leave in time": Story(
        [[charged()], [reminder_stale()]],
        [End(Reminder.PROPOSED, None, (asked(), again)) for again in AGAIN],
    ),
    "handed over by hand": Story(
        [[charged()], [case_opened()], [reminder_sent()]],
        [
            End(Reminder.NONE, GONE),
            End(Reminder.CHARGED, GONE, (asked(),)),
        ],
    ),
    "barred": Story(
        [[refused(RefusalReason.BARRED)]],
        [End(Reminder.BARRED, Refusal.BARRED, (asked(),))],
    ),
}


@dataclass
class World:
    """dunning on its database, with one claim of one company."""

    own: Database
    claim: ClaimId = field(default_factory=lambda: ClaimId(new_id()))
    company: CreditorId = field(default_factory=lambda: CreditorId(new_id()))

    def of(self, event: Event) -> Event:
        """The event about this claim."""
        return moved_to(event, claim_id=self.claim, creditor_id=self.company)

    async def day(self, day: date) -> None:
        """Let a day come, and every timer due on it."""
        await self.own.clock.move(self.own.engine, day)
        timers = Timers(self.own, WAKES)
        while await timers.fire_due():
            pass

    async def choose(self) -> None:
        """The company lets unpaid claims go on by themselves."""
        async with self.own.transaction() as tx:
            await handlers.choose_policy(
                tx,
                self.company,
                reminders=True,
                reminder_days=5,
                collection="automatic",
                collection_after_days=0,
            )

    async def said(self) -> list[Event]:
        """What was said of the claim, in order."""
        async with self.own.transaction() as tx:
            return events_in(await tx.execute(text(SAID_OF), {"claim": self.claim}))

    async def end(self) -> End:
        """Where the claim stands; nothing may be parked or set aside."""
        said = [moved_to(e, claim_id=CLAIM, creditor_id=CREDITOR) for e in await self.said()]
        async with self.own.transaction() as tx:
            assert (await tx.execute(LOST)).all() == []
            shown = handlers.show(await store.read_claim(tx, self.claim))
        return End(shown["reminder"], shown["off_the_ladder"], tuple(said))


def registered(company: CreditorId) -> CreditorRegistered:
    return CreditorRegistered(
        creditor_id=company,
        name="Exempelmåleriet AB",
        organisation_number="5299999994",
        vat_registered=True,
        f_skatt=True,
        email="info@maleriet.example",
        town="Umeå",
    )


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
@shuffled(15)
@given(data=st.data())
async def test_whatever_comes_first_and_twice_a_claim_ends_where_the_story_lets_it(
    own: Database, story: Story, data: st.DataObject
) -> None:
    """events.md 3; R-100. The reminder day and the company's choice come at any moment too."""
    world = World(own)
    await world.day(date(2026, 9, 1))
    inbox = Inbox(own, "dunning", HEARS)
    delivery = Delivery(data, inbox, world.said, story.awaits)
    topics: list[list[Event | Act]] = [[*map(world.of, topic)] for topic in story.topics]
    await delivery.of(
        [world.of(issued())],
        [world.of(sent())],
        [registered(world.company)],
        [world.choose],
        [partial(world.day, REMINDER_ON)],
        *topics,
    )
    for day in (REMINDER_ON, COLLECTION_ON):  # what came too late for its day is caught up with
        await world.day(day)
        await delivery.of()
    assert await world.end() in story.ends
