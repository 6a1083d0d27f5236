"""The rules of delivering: a letter's channel, what forbids it to leave, what became of it.

A letter waits until what it speaks of is known, is queued, and ends accepted, failed, stale, held
for a person (*manual*) or withdrawn. Nothing here raises: an end that is no success is a state that
people see, and where other services wait for the answer also an event. Whatever the end, it keeps
the *doubt*: that an attempt whose answer was never heard may have been taken all the same.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId, DeliveryId
from contracts.invoicing import Channel
from contracts.notifications import DeliveryAccepted, DeliveryFailed, DeliveryStale, Letter
from contracts.terms import ChargeKind
from law.demand import DemandFacts, bars_to_demand, leaves_legal_time
from law.reminder import leaves_time_to_pay

PAPER_UNAVAILABLE = "paper is not available yet"
NO_ADDRESS = "no e-mail address is known"

LETTER_OF = {ChargeKind.REMINDER: Letter.REMINDER, ChargeKind.DEMAND: Letter.DEMAND}
"""The letter that tells of a charge; the other charges are told to Kronofogden."""

UNCHARGED = (Letter.INVOICE, Letter.CREDIT_NOTE)
"""Letters that stand whatever becomes of a charge, so that they can be sent again after a no."""

_TURNED = 0x5EA1ED
"""Below the counter by which a UUIDv7 of one millisecond keeps its order (RFC 9562 6.2)."""


class State(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    QUEUED = "queued"
    ACCEPTED = "accepted"
    FAILED = "failed"
    STALE = "stale"
    MANUAL = "manual"
    """Held for a person: the recipient's identity is protected."""
    WITHDRAWN = "withdrawn"
    """Its charge was taken back before the letter left."""


OPEN = (State.WAITING, State.QUEUED)
"""States in which a delivery can still be stopped."""


class Recipient(NamedTuple):
    """Who receives a claim's letters; `link_version` makes the link that opens the claim."""

    name: str
    email: str | None
    channels: tuple[Channel, ...]
    protected_identity: bool
    link_version: int


class Delivery(NamedTuple):
    """One letter on its way. `refusals` counts attempts that the channel certainly did not take."""

    delivery_id: DeliveryId
    claim_id: ClaimId
    creditor_id: CreditorId
    cause_event: UUID
    letter: Letter
    asked_on: date
    ordinal: int = 1
    state: State = State.WAITING
    channel: Channel | None = None
    ended_on: date | None = None
    reason: str | None = None
    doubtful: bool = False
    """An attempt whose answer was never heard may have been taken; true once, it stays so."""
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt to deliver."""

    state: State
    reason: str | None = None
    doubtful: bool = False


class Decision(NamedTuple):
    """A delivery as it is from now on, and what is said about it."""

    delivery: Delivery
    says: tuple[Event, ...] = ()


def delivery_id_of(cause_event: UUID) -> DeliveryId:
    """The id of the one letter that an event asks for.

    The event's own id with its last bits turned: as unique, the same at each hearing, and sorted as
    the events are, so that letters of one claim that are queued together leave in their order.
    """
    return DeliveryId(UUID(int=cause_event.int ^ _TURNED))


def route(recipient: Recipient) -> Channel | Outcome:
    """The channel a letter takes, or why it takes none.

    E-mail is the only channel there is; until paper is available a known address stands in for it,
    also for those who wanted paper. A protected identity (*skyddade personuppgifter*) is never
    written to by machine.
    """
    if recipient.protected_identity:
        return Outcome(State.MANUAL, "the recipient's identity is protected")
    if recipient.email:
        return Channel.EMAIL
    if Channel.PAPER in recipient.channels:
        return Outcome(State.FAILED, PAPER_UNAVAILABLE)
    return Outcome(State.FAILED, NO_ADDRESS)


def dispatch(delivery: Delivery, recipient: Recipient, today: date) -> Decision:
    """Queue a letter whose facts are all known, or end it where no channel would take it."""
    way = route(recipient)
    if isinstance(way, Outcome):
        return conclude(delivery, way, today)
    return Decision(delivery._replace(state=State.QUEUED, channel=way))


def stopped_at_the_door(
    delivery: Delivery, recipient: Recipient, stated: date | None, today: date, *, doubtful: bool
) -> Outcome | None:
    """What forbids a queued letter to leave today; None lets it go.

    Everything is asked again, for days may have passed in the queue. `stated` is the day that a
    reminder or a demand gives its reader: once too little is left of it, the letter is stale, and
    may be asked for anew. A letter that may be out already is never called stale, or two would be
    out; it goes again as it was, and its time is counted from this sending (events.md 3.4).
    """
    if delivery.state is not State.QUEUED:
        return Outcome(delivery.state, delivery.reason)
    way = route(recipient)
    if isinstance(way, Outcome):
        return way
    if stated is not None and not doubtful and is_stale(delivery.letter, stated, today, way):
        return Outcome(State.STALE, f"{stated} no longer leaves the time it must")
    return None


def is_stale(letter: Letter, stated: date, today: date, channel: Channel) -> bool:
    """Whether the day a letter states is too near: by law for a demand, by custom for a reminder.

    Inkassolagen (1974:182) 5 § 6; `law.reminder`.
    """
    if letter is Letter.DEMAND:
        return not leaves_legal_time(stated, today, channel)
    return not leaves_time_to_pay(stated, today)


def barred(unpaid_ore: int, due_on: date, today: date, *, told: bool) -> Outcome | None:
    """Why no demand may be sent of such a claim, as far as letters show; None if it may.

    `told`: the debtor has been sent the invoice or a reminder, or will be now. Good practice,
    inkassolagen (1974:182) 4 §; what else bars a demand, the ledger and collections know.
    """
    bars = bars_to_demand(DemandFacts(unpaid_ore, due_on, claim_notified=told), today)
    if bars:
        return Outcome(State.FAILED, f"no demand may be sent: {', '.join(bars)}")
    return None


def ask_again(delivery: Delivery, recipient: Recipient) -> Delivery | None:
    """A failed letter, queued once more; None for one that may not go, or that nothing would take.

    Only invoices and credit notes: the charge of a failed reminder or demand has been taken back.
    """
    if delivery.state is not State.FAILED or delivery.letter not in UNCHARGED:
        return None
    way = route(recipient)
    if isinstance(way, Outcome):
        return None
    return delivery._replace(
        state=State.QUEUED, channel=way, ended_on=None, reason=None, refusals=0
    )


def is_doubtful(attempts: int, refusals: int) -> bool:
    """Whether an attempt before this one may have been taken too: its answer was never heard."""
    return attempts - 1 > refusals


def withdraw(delivery: Delivery, today: date) -> Decision:
    """Stop a letter whose charge was taken back; one that has ended stays as it is."""
    return conclude(delivery, Outcome(State.WITHDRAWN, "its charge was reversed"), today)


def conclude(delivery: Delivery, outcome: Outcome, today: date) -> Decision:
    """Write down how a delivery ended and tell those who wait for it.

    A letter that the channel took is accepted even if it was withdrawn meanwhile: it is out.
    """
    delivery = delivery._replace(doubtful=delivery.doubtful or outcome.doubtful)
    if delivery.state not in OPEN and outcome.state is not State.ACCEPTED:
        return Decision(delivery)
    ended = delivery._replace(state=outcome.state, ended_on=today, reason=outcome.reason)
    return Decision(ended, _news_of(ended, today))


def _news_of(delivery: Delivery, today: date) -> tuple[Event, ...]:
    about = {
        "claim_id": delivery.claim_id,
        "creditor_id": delivery.creditor_id,
        "delivery_id": delivery.delivery_id,
        "cause_event": delivery.cause_event,
        "letter": delivery.letter,
        "ordinal": delivery.ordinal,
    }
    match delivery.state:
        case State.ACCEPTED:
            channel, doubtful = delivery.channel, delivery.doubtful
            assert channel is not None, "only a queued letter, which has a channel, is accepted"
            return (DeliveryAccepted(**about, channel=channel, sent_on=today, doubtful=doubtful),)
        case State.FAILED:
            reason, doubtful = delivery.reason or "", delivery.doubtful
            return (DeliveryFailed(**about, reason=reason, failed_on=today, doubtful=doubtful),)
        case State.STALE:
            return (DeliveryStale(**about, stale_on=today),)
        case _:
            return ()
