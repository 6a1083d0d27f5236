"""What a service may say once, and what only in turn, as events.md 2 and 3 have it.

Read from the archive of what was said (`said`), whose payloads are the published events.
"""

from collections.abc import Mapping

ONCE: Mapping[str, Mapping[str, str]] = {
    "invoicing": {
        "invoicing.creditor.registered.v1": "",
        "invoicing.invoice.issued.v1": "",
        "invoicing.invoice.credited.v1": "note_number",
        "invoicing.recipient.named.v1": "",
    },
    "payments": {
        "payments.claim.opened.v1": "",
        "payments.payment.allocated.v1": "payment_id",
        "payments.payment.unmatched.v1": "",
        "payments.reminder.charged.v1": "ordinal",
        "payments.demand.charged.v1": "ordinal",
        "payments.filing.charged.v1": "ordinal",
        "payments.enforcement.charged.v1": "ordinal",
        "payments.charge.reversed.v1": "kind, ordinal",
        "payments.payout.ordered.v1": "payout_id",
        "payments.payout.settled.v1": "payout_id",
        "payments.payout.rejected.v1": "payout_id",
    },
    "dunning": {
        "dunning.reminder.proposed.v1": "ordinal, as_of",
        "dunning.collection.proposed.v1": "as_of",
    },
    "collections": {
        "collections.demand.proposed.v1": "ordinal",
        "collections.filing.proposed.v1": "ordinal",
        "collections.enforcement.proposed.v1": "ordinal",
        "collections.enforcement.paid.v1": "payment_id",
        "collections.claim.disputed.v1": "dispute_id",
        "collections.dispute.settled.v1": "dispute_id",
    },
    "notifications": {
        "notifications.delivery.accepted.v1": "delivery_id",
        "notifications.delivery.stale.v1": "delivery_id",
        "notifications.delivery.opened.v1": "",
    },
}
"""Events said once, ever, of their key and these fields (events.md 3: claim, kind and ordinal).

A refused reminder was never made and a held hand-over is proposed anew, each on a later day.
"""
IN_TURN: Mapping[str, tuple[str, ...]] = {
    "invoicing": ("invoicing.claim.handed_over.v1",),
    "dunning": ("dunning.collection.proposed.v1",),
    "collections": (
        "collections.case.opened.v1",
        "collections.case.closed.v1",
        "collections.case.filed.v1",
        "collections.case.withdrawn.v1",
    ),
}
"""Events that may be said again of a key once something else was said of it in between."""

MORE = """
  select type, key, count(*) as count from said
  where type = $1 group by type, key {fields} having count(*) > 1
"""
FIELD = ", convert_from(payload, 'UTF8')::jsonb ->> '{name}'"
COUNTS = """
  select type, key, count(*) as count from said where type = any($1) group by type, key
"""


def more_of(fields: str) -> str:
    """The query for what was said more than once of a key and these fields of an event."""
    names = [name for name in fields.split(", ") if name]
    return MORE.format(fields="".join(FIELD.format(name=name) for name in names))
