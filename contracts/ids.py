"""Identifiers of the nouns. All are time-ordered UUIDs, so that tables which grow stay compact."""

from typing import NewType
from uuid import UUID

from uuid_utils.compat import uuid7

ClaimId = NewType("ClaimId", UUID)
"""What one debtor owes on one invoice (*fordran*); equals the invoice's id."""
CreditorId = NewType("CreditorId", UUID)
"""A company that gets paid (*borgenär*)."""
CustomerId = NewType("CustomerId", UUID)
ArticleId = NewType("ArticleId", UUID)
NoteId = NewType("NoteId", UUID)
"""A credit note (*kreditfaktura*)."""
PaymentId = NewType("PaymentId", UUID)
PayoutId = NewType("PayoutId", UUID)
DisputeId = NewType("DisputeId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
PersonId = NewType("PersonId", UUID)


def new_id() -> UUID:
    """A fresh UUID version 7 (RFC 9562 5.7): carries the real time, never the moved clock's."""
    return uuid7()
