"""What dunning says: that a day has come. It never says what a claim amounts to."""

from datetime import date

from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId


class ReminderProposed(Event):
    """The reminder day came. One is sent per claim (R-100).

    A new `ordinal` follows only one whose letter never left, and costs nothing twice.
    """

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
