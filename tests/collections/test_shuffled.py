"""A case in any order of hearing, from the hand-over to enforcement: where it may end, what was
said on the way, and what reached Kronofogden, message by message.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from contracts.collections import DemandProposed, EnforcementProposed
from contracts.envelope import Event
from contracts.ids import ClaimId, new_id
from contracts.notifications import DeliveryAccepted, DeliveryFailed, DeliveryStale
from contracts.payments import (
    ChargeRefused,
    ChargeReversed,
    DemandCharged,
    EnforcementCharged,
    RefusalReason,
    ReversalCause,
)
from contracts.terms import ChargeKind
from plumbing.inbox import Inbox
from plumbing.transaction import Database
from services.collections import store
from services.collections.subscribers import hears
from tests.collections.builders import (
    CREDITOR,
    FILING_ON,
    HANDED_ON,
    charge_reversed,
    credited,
    demand_charged,
    enforcement_charged,
    failed,
    filing_charged,
    handed_over,
    issued,
    paid,
    part_paid,
    refused,
    sent,
    stale,
)
from tests.collections.house import House
from tests.records import record
from tests.shuffled import SAID_OF, Act, Delivery, events_in, moved_to, shuffled

DAY_AFTER = date(2026, 10, 6)
ANSWERS: Mapping[type[Event], type[Event]] = {
    DemandCharged: DemandProposed,
    DeliveryAccepted: DemandProposed,
    DeliveryStale: DemandProposed,
    DeliveryFailed: DemandProposed,
    ChargeReversed: DemandProposed,
    ChargeRefused: DemandProposed,
    EnforcementCharged: EnforcementProposed,
}


@dataclass(frozen=True)
class End:
    """Where the case stands, what was said of it, what Kronofogden has, what a person must see."""

    stage: str
    says: Sequence[str]
    messages: Sequence[str] = ()
    tasks: Sequence[str] = ()


class Window:
    """Kronofogden, who takes everything; messages are kept by the case they are about."""

    def __init__(self) -> None:
        self.taken: dict[str, list[dict[str, Any]]] = {}
        self.outbox: list[dict[str, Any]] = []

    async def send(self, body: bytes) -> Any:
        message = json.loads(body)
        self.taken.setdefault(message["reference"], []).append(message)
        return SimpleNamespace(ok=True, codes=())

    async def news(self, after: int) -> Sequence[Mapping[str, Any]]:
        """What was told, numbered as if all before it had been heard."""
        told, self.outbox = self.outbox, []
        return [each | {"number": after + nth} for nth, each in enumerate(told, start=1)]


class World:
    """collections on its database, with one claim, and a window at Kronofogden."""

    def __init__(self, own: Database) -> None:
        self.own = own
        self.claim = ClaimId(new_id())
        self.window = Window()
        self.house = House(own)
        self.house.courier.kronofogden = self.window  # type: ignore[assignment]
        self.inbox = Inbox(own, "collections", hears("BETALT"))
        self.debtor = self.house.door(claim=self.claim, role="debtor")
        self.seller = self.house.door(company=CREDITOR)

    def of(self, each: Event | Act) -> Event | Act:
        """An event about this claim; an act as it is."""
        return moved_to(each, claim_id=self.claim) if isinstance(each, Event) else each

    async def hear(self, *events: Event) -> None:
        """Hear events as they were told, once."""
        await self.inbox([record(moved_to(event, claim_id=self.claim)) for event in events])

    async def carry(self) -> None:
        """Send what is queued."""
        while await self.house.outbound.carry_due():
            pass

    async def object(self) -> None:
        """The debtor objects."""
        await _accepted(self.debtor.post("/disputes", json={"reason": "Färgen flagnar."}))

    async def settle_dispute(self, outcome: str) -> None:
        """The objection ends."""
        ((dispute,),) = await self.rows("select dispute_id from dispute where claim_id = :claim")
        await _accepted(self.seller.post(f"/disputes/{dispute}/settle", json={"outcome": outcome}))

    async def withdraw(self) -> None:
        """The creditor regrets."""
        await _accepted(self.seller.post(f"/cases/{self.claim}/withdraw"))

    async def decide(self) -> None:
        """Kronofogden decides (*utslag*)."""
        about = {"reference": await self.number(), "decidedAt": FILING_ON.isoformat()}
        self.window.outbox.append({"kind": "decision", **about})
        await self.house.courier.fetch_news()

    async def number(self) -> str:
        ((number,),) = await self.rows("select number from collection_case where claim_id = :claim")
        return str(number)

    async def rows(self, statement: str) -> list[Any]:
        async with self.own.engine.connect() as connection:
            return list((await connection.execute(text(statement), {"claim": self.claim})).all())

    async def said(self) -> list[Event]:
        """What was said of the claim, in order."""
        return events_in(await self.rows(SAID_OF))

    async def end(self) -> End:
        """Where the case stands when all rests."""
        for nothing in (
            "select reason from parked",
            "select failed from timers where failed is not null",
            "select kind from outbound where key = :claim",
        ):
            assert await self.rows(nothing) == []
        async with self.own.transaction() as tx:
            (case,) = await store.read_cases(tx, self.claim)
            stopped = await store.read_cases(tx, self.claim, stopped=True)
        assert stopped == ([case] if case.stopped else []), "the rule and its SQL agree"
        ((stage,),) = await self.rows("select stage from collection_case where claim_id = :claim")
        tasks = await self.rows("select kind from task where claim_id = :claim order by id")
        of_case = [e for e in await self.said() if e.topic == "collections.cases"]
        return End(
            stage,
            tuple(map(gist, of_case)),
            tuple(map(content, self.window.taken.get(await self.number(), []))),
            tuple(kind for (kind,) in tasks),
        )


async def _accepted(asked: Awaitable[httpx2.Response]) -> None:
    answer = await asked
    assert answer.is_success, answer.text


def gist(event: Any) -> str:
    """An event in a line: its name, and what of it somebody acts on."""
    parts = ("ordinal", "as_of", "respond_by", "filed_on", "amount_ore", "reason", "outcome")
    ended = ("filed", "enforced")
    told = [f"{part} {getattr(event, part)}" for part in parts if hasattr(event, part)]
    told += [part for part in ended if getattr(event, part, False)]
    return " ".join([type(event).__name__, *told])


def content(message: Mapping[str, Any]) -> str:
    """A message in a line: its kind, and its öre."""
    match message["kind"]:
        case "payment_order_application":
            claim = message["claims"][0]
            costs_ore = sum(cost["amountOre"] for cost in message["costs"])
            interest_ore = claim.get("interest", {}).get("accruedOre", 0)
            return f"application {claim['amountOre']} + {interest_ore} + {costs_ore}"
        case "reduction":
            return f"reduction to {message['newCapitalOre']}, paid {message['paidOre']}"
        case "withdrawal":
            return f"withdrawal {message['reason']}"
        case "enforcement_change":
            told = message.get("newAmountOre", message.get("reason"))
            return f"enforcement: {message['change']} {told}"
    return f"{message['kind']} {message['amounts']['totalOre']}"


OPENED = "CaseOpened"
FILED = "CaseFiled filed_on 2026-10-05 amount_ore 546315"
FILED_LATER = "CaseFiled filed_on 2026-10-06 amount_ore 546315"
NEVER = "CaseWithdrawn reason never_filed"
APPLICATION = "application 450000 + 4315 + 92000"


def demanded(ordinal: int = 1, as_of: date = HANDED_ON) -> str:
    respond_by = {HANDED_ON: "2026-10-01", FILING_ON: "2026-10-14", DAY_AFTER: "2026-10-15"}[as_of]
    return f"DemandProposed ordinal {ordinal} as_of {as_of} respond_by {respond_by}"


def asked_to_file(ordinal: int = 1, as_of: date = FILING_ON) -> str:
    return f"FilingProposed ordinal {ordinal} as_of {as_of}"


def closed(reason: str, *ended: str) -> str:
    """Closed without an application; `ended`: filed, enforced."""
    return " ".join([f"CaseClosed reason {reason}", *ended])


def withdrawn(reason: str, *enforced: str) -> tuple[str, str]:
    return f"CaseWithdrawn reason {reason}", closed(reason, "filed", *enforced)


Topics = Callable[[World], Sequence[Sequence[Event | Act]]]
Story = tuple[Topics, Sequence[End]]


async def tell(world: World, data: st.DataObject, topics: Sequence[Sequence[Event | Act]]) -> End:
    """Deliver the topics, let the next days come, and carry until all rests."""
    delivery = Delivery(data, world.inbox, world.said, lambda event: ANSWERS.get(type(event)))
    await delivery.of(*[[world.of(each) for each in topic] for topic in topics])
    for day in (FILING_ON, DAY_AFTER):
        await world.house.day(day)
        await delivery.of()
        await world.carry()
    return await world.end()


def handed(*topics: Sequence[Event | Act]) -> Sequence[Sequence[Event | Act]]:
    """The hand-over comes at any moment, and so does the invoice."""
    return [[issued()], [handed_over()], *topics]


REFUSED_DEMAND = partial(refused, ChargeKind.DEMAND)

DEMANDS: dict[str, Story] = {
    "demanded": (
        lambda world: handed([demand_charged()], [sent()]),
        [End("filing_proposed", (OPENED, demanded(), asked_to_file()))],
    ),
    "stale, and demanded anew": (
        lambda world: handed([demand_charged(), demand_charged(2)], [stale(), sent(2)]),
        [End("filing_proposed", (OPENED, demanded(), demanded(2), asked_to_file()))],
    ),
    "undeliverable": (
        lambda world: handed(
            [
                demand_charged(),
                charge_reversed(ChargeKind.DEMAND, 4_500_00, ReversalCause.NEVER_DELIVERED),
            ],
            [failed()],
        ),
        [End("undeliverable", (OPENED, demanded()), tasks=("demand_undeliverable",))],
    ),
    "paid before the hand-over was heard, or after": (
        lambda world: handed([paid(HANDED_ON), REFUSED_DEMAND(RefusalReason.SETTLED)]),
        [End("closed", (OPENED, demanded(), closed("paid")))],
    ),
    "credited before the hand-over was heard, or after": (
        lambda world: handed([credited(), REFUSED_DEMAND(RefusalReason.CREDITED)]),
        [End("closed", (OPENED, demanded(), closed("credited")))],
    ),
    "demanded, and paid before that": (
        lambda world: handed(
            [demand_charged(), charge_reversed(ChargeKind.DEMAND, 0), paid(HANDED_ON)], [sent()]
        ),
        [End("closed", (OPENED, demanded(), closed("paid")))],
    ),
    "disputed, and the objection withdrawn": (
        lambda world: [
            [issued(), world.object, partial(world.settle_dispute, "withdrawn")],
            [handed_over()],
            [REFUSED_DEMAND(RefusalReason.DISPUTED, as_of=HANDED_ON)],
        ],
        [
            End("demand_proposed", (OPENED, demanded(), demanded(2, FILING_ON))),
            End("demand_proposed", (OPENED, demanded(1, FILING_ON), demanded(2, DAY_AFTER))),
        ],
    ),
    "disputed, and the debtor was right": (
        lambda world: [
            [issued(), handed_over(), world.object, partial(world.settle_dispute, "upheld")],
            [REFUSED_DEMAND(RefusalReason.DISPUTED, as_of=HANDED_ON)],
        ],
        [End("closed", (OPENED, demanded(), closed("disputed")))],
    ),
}


@pytest.mark.parametrize("story", DEMANDS.values(), ids=DEMANDS)
@shuffled(12)
@given(data=st.data())
async def test_whatever_comes_first_and_twice_a_demand_ends_where_the_story_lets_it(
    own: Database, story: Story, data: st.DataObject
) -> None:
    """events.md 3; R-108, R-111, R-115: the hand-over at any moment too."""
    world = World(own)
    await world.house.day(HANDED_ON)
    topics, ends = story
    assert await tell(world, data, topics(world)) in ends


BEFORE = (OPENED, demanded(), asked_to_file())
FILED_AND_WITHDRAWN = End(
    "closed", (*BEFORE, FILED, *withdrawn("paid")), (APPLICATION, "withdrawal paid")
)
NEVER_FILED = End("closed", (*BEFORE, NEVER, closed("paid")))

FILINGS: dict[str, Story] = {
    "filed": (
        lambda world: [[filing_charged()], [world.carry]],
        [End("filed", (*BEFORE, FILED), (APPLICATION,))],
    ),
    "paid after the charge": (
        lambda world: [[filing_charged(), paid()], [world.carry, world.carry]],
        [NEVER_FILED, FILED_AND_WITHDRAWN],
    ),
    "paid before the charge, heard after it": (
        lambda world: [
            [filing_charged(), charge_reversed(ChargeKind.FILING, 0), paid(HANDED_ON)],
            [world.carry, world.carry],
        ],
        [NEVER_FILED, FILED_AND_WITHDRAWN],
    ),
    "a part paid after the charge": (
        lambda world: [[filing_charged(), part_paid()], [world.carry, world.carry]],
        [
            *(
                End(
                    "filed",
                    (*BEFORE, f"{filed} amount_ore 350000"),
                    ("application 350000 + 0 + 0",),
                )
                for filed in ("CaseFiled filed_on 2026-10-05", "CaseFiled filed_on 2026-10-06")
            ),
            End(
                "filed",
                (*BEFORE, FILED),
                (APPLICATION, "reduction to 350000, paid 196315"),
            ),
        ],
    ),
    "settled before it was asked": (
        lambda world: [[paid(), refused(ChargeKind.FILING, RefusalReason.SETTLED)], [world.carry]],
        [End("closed", (*BEFORE, closed("paid")))],
    ),
    "refused for now": (
        lambda world: [[refused(ChargeKind.FILING, RefusalReason.TOO_EARLY)], [world.carry]],
        [End("filing_proposed", (*BEFORE, asked_to_file(2, DAY_AFTER)))],
    ),
    "disputed, and the objection withdrawn": (
        lambda world: [
            [filing_charged()],
            [world.object, partial(world.settle_dispute, "withdrawn")],
            [world.carry, world.carry],
        ],
        [
            End("filed", (*BEFORE, FILED), (APPLICATION,)),
            End("filed", (*BEFORE, FILED_LATER), (APPLICATION,)),
        ],
    ),
    "the creditor regrets": (
        lambda world: [[filing_charged()], [world.withdraw], [world.carry, world.carry]],
        [
            End("closed", (*BEFORE, NEVER, closed("creditor_withdrew"))),
            End("closed", (*BEFORE, closed("creditor_withdrew"))),
            End(
                "closed",
                (*BEFORE, FILED, *withdrawn("creditor_withdrew")),
                (APPLICATION, "withdrawal creditor_withdrew"),
            ),
        ],
    ),
}


@pytest.mark.parametrize("story", FILINGS.values(), ids=FILINGS)
@shuffled(12)
@given(data=st.data())
async def test_whatever_comes_first_and_twice_a_filing_ends_where_the_story_lets_it(
    own: Database, story: Story, data: st.DataObject
) -> None:
    """events.md 3; R-112, R-113: a withdrawal never overtakes its application, none goes twice."""
    world = World(own)
    await asked_to_file_by(world)
    topics, ends = story
    assert await tell(world, data, topics(world)) in ends


async def asked_to_file_by(world: World) -> None:
    """A case whose filing has been proposed."""
    await world.house.day(HANDED_ON)
    await world.hear(issued(), handed_over())
    await world.hear(demand_charged(), sent())
    await world.house.day(FILING_ON)


async def decided_by(world: World) -> None:
    """A case that was filed and decided, and whose enforcement has been proposed."""
    await asked_to_file_by(world)
    await world.hear(filing_charged())
    await world.carry()
    await world.decide()
    await world.house.day(FILING_ON)


DECIDED = (
    *BEFORE,
    FILED,
    "CaseOutcomeHeard outcome decided",
    "EnforcementProposed ordinal 1 as_of 2026-10-05",
)
ENFORCEMENT = "enforcement_application 546315"

ENFORCEMENTS: dict[str, Story] = {
    "enforced": (
        lambda world: [[enforcement_charged(FILING_ON)], [world.carry]],
        [End("enforcement", DECIDED, (APPLICATION, ENFORCEMENT))],
    ),
    "paid after the charge": (
        lambda world: [[enforcement_charged(FILING_ON), paid()], [world.carry, world.carry]],
        [
            End(
                "closed",
                (*DECIDED, *withdrawn("paid", "enforced")),
                (APPLICATION, ENFORCEMENT, "enforcement: withdrawal paid"),
            ),
            End("closed", (*DECIDED, *withdrawn("paid")), (APPLICATION, "withdrawal paid")),
        ],
    ),
    "a part paid": (
        lambda world: [[enforcement_charged(FILING_ON), part_paid()], [world.carry, world.carry]],
        [
            End(
                "enforcement",
                DECIDED,
                (APPLICATION, ENFORCEMENT, "enforcement: amount 350000"),
            )
        ],
    ),
    "disputed, which holds it": (
        lambda world: [
            [world.object],
            [refused(ChargeKind.ENFORCEMENT, RefusalReason.DISPUTED)],
            [world.carry],
        ],
        [End("decided", DECIDED, (APPLICATION,))],
    ),
    "settled before it was asked": (
        lambda world: [
            [paid(), refused(ChargeKind.ENFORCEMENT, RefusalReason.SETTLED)],
            [world.carry],
        ],
        [End("closed", (*DECIDED, *withdrawn("paid")), (APPLICATION, "withdrawal paid"))],
    ),
}


@pytest.mark.parametrize("story", ENFORCEMENTS.values(), ids=ENFORCEMENTS)
@shuffled(8)
@given(data=st.data())
async def test_whatever_comes_first_and_twice_enforcement_ends_where_the_story_lets_it(
    own: Database, story: Story, data: st.DataObject
) -> None:
    """events.md 3; R-113."""
    world = World(own)
    await decided_by(world)
    topics, ends = story
    assert await tell(world, data, topics(world)) in ends


async def test_a_case_that_stands_still_is_held_while_its_debtor_objects(own: Database) -> None:
    """R-111: then nobody need let it go on but whoever settles the objection."""
    world = World(own)
    await decided_by(world)
    await world.hear(refused(ChargeKind.ENFORCEMENT, RefusalReason.TOO_EARLY))
    assert (await world.end()).tasks == ("enforcement_too_early",)
    assert await stands_still(world)
    await world.object()
    await world.end()
    assert not await stands_still(world)


async def stands_still(world: World) -> bool:
    async with world.own.transaction() as tx:
        (case,) = await store.read_cases(tx, world.claim)
    return case.stopped
