"""What notifications says: what became of each letter. *Sent* counts from the channel's yes."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId, DeliveryId
from contracts.invoicing import Channel


class Letter(StrEnum):
    """Kinds of letter."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    REMINDER = "reminder"
    DEMAND = "demand"


class DeliveryAccepted(Event):
    """The channel took the letter: from this day it counts as sent."""

    type = "notifications.delivery.accepted.v1"
    topic = "notifications.deliveries"

    claim_id: ClaimId
    creditor_id: CreditorId
    delivery_id: DeliveryId
    cause_event: UUID
    """The event that asked for the letter."""
    letter: Letter
    ordinal: int = 1
    channel: Channel
    sent_on: date
    doubtful: bool = False
    """An earlier attempt may also have been taken by the channel; the Message-ID is the same."""


class DeliveryOpened(Event):
    """The recipient opened the web invoice (R-65)."""

    type = "notifications.delivery.opened.v1"
    topic = "notifications.deliveries"

    claim_id: ClaimId
    creditor_id: CreditorId
    opened_on: date


class DeliveryFailed(Event):
    """No channel would take the letter.

    An invoice or a credit note may be accepted later, once the recipient has been corrected: it is
    the same delivery.
    """

    type = "notifications.delivery.failed.v1"
    topic = "notifications.deliveries"

    claim_id: ClaimId
    creditor_id: CreditorId
    delivery_id: DeliveryId
    cause_event: UUID
    letter: Letter
    ordinal: int = 1
    reason: str
    failed_on: date
    doubtful: bool = False
    """An earlier attempt may all the same have been taken by the channel."""


class DeliveryStale(Event):
    """A demand or a reminder could not leave in time for the day it states: propose it anew.

    It was certainly not sent; for a demand the time is the legal one.
    """

    type = "notifications.delivery.stale.v1"
    topic = "notifications.deliveries"

    claim_id: ClaimId
    creditor_id: CreditorId
    delivery_id: DeliveryId
    cause_event: UUID
    letter: Letter
    ordinal: int = 1
    stale_on: date
