"""What dunning says: that a day has come. It never says what a claim amounts to."""

from datetime import date

from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId


class ReminderProposed(Event):
    """The reminder day came. One per claim: `ordinal` is always 1 (R-100)."""

    type = "dunning.reminder.proposed.v1"
    topic = "dunning.reminders"

    claim_id: ClaimId
    creditor_id: CreditorId
    ordinal: int = 1
    as_of: date
    pay_by: date


class CollectionProposed(Event):
    """The reminder's date passed unpaid and the creditor's policy says: hand it over."""

    type = "dunning.collection.proposed.v1"
    topic = "dunning.reminders"

    claim_id: ClaimId
    creditor_id: CreditorId
    as_of: date
