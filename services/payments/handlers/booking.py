"""Money received meets what is owed: one batch of payments, one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from plumbing.transaction import Transaction
from services.payments.incoming import IncomingPayment


@dataclass(frozen=True, slots=True)
class BookingResult:
    """What became of a batch: payments booked now, known before, and what the new ones met."""

    booked: int
    duplicates: int
    matched: int
    unmatched: int
    held: int
    booked_ore: int


async def book(
    tx: Transaction, payments: Sequence[IncomingPayment], *, file_id: UUID
) -> BookingResult:
    """Book payments once each by `source_key`, match and allocate them; held ones wait."""
    raise NotImplementedError
