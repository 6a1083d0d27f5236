"""What payments says: the ledger's news about claims, unmatched money, and money paid out."""

from datetime import date
from enum import StrEnum

from contracts.envelope import Event, Fact, Ore
from contracts.ids import ClaimId, CreditorId, PaymentId, PayoutId
from contracts.terms import ChargeKind, ComponentAmount, Statement


class ClaimOpened(Event):
    """The ledger has the claim."""

    type = "payments.claim.opened.v1"
    topic = "payments.claims"

    claim_id: ClaimId
    creditor_id: CreditorId
    total_ore: Ore
    ocr: str
    opened_on: date


class PaymentAllocated(Event):
    """Money met the claim. Carries the resulting state, so nobody needs to count for himself."""

    type = "payments.payment.allocated.v1"
    topic = "payments.claims"

    claim_id: ClaimId
    creditor_id: CreditorId
    payment_id: PaymentId
    amount_ore: Ore
    """What of the payment met this claim."""
    parts: tuple[ComponentAmount, ...]
    paid_on: date
    """Value date; decides interest and which charges came too late."""
    booked_on: date
    remaining: tuple[ComponentAmount, ...]
    """Open components; empty when settled."""
    remaining_ore: Ore
    settled: bool
    at_kronofogden: bool = False
    """Kronofogden collected it, and knows; the money reaches the client account later."""


class SettledHow(StrEnum):
    """What made a claim's balance zero, when it was not a payment."""

    CREDIT = "credit"
    WRITE_OFF = "write_off"
    REVERSAL = "reversal"


class ClaimSettled(Event):
    """The balance of all posted components became zero by something else than a payment."""

    type = "payments.claim.settled.v1"
    topic = "payments.claims"

    claim_id: ClaimId
    creditor_id: CreditorId
    how: SettledHow
    as_of: date


class ClaimReopened(Event):
    """A settled claim is open again (a payment was taken back)."""

    type = "payments.claim.reopened.v1"
    topic = "payments.claims"

    claim_id: ClaimId
    creditor_id: CreditorId
    remaining_ore: Ore
    as_of: date


class Charged(Fact):
    """What the four charge events share; `ordinal` and kind name the proposal that was priced."""

    claim_id: ClaimId
    creditor_id: CreditorId
    ordinal: int
    charged_on: date
    fee_ore: Ore
    """What this step added in costs (interest apart); 0 where nothing was agreed."""
    statement: Statement


class ReminderCharged(Charged, Event):
    """A reminder (*betalningspåminnelse*) was priced and booked; it may now be sent."""

    type = "payments.reminder.charged.v1"
    topic = "payments.claims"


class DemandCharged(Charged, Event):
    """A collection demand (*inkassokrav*) was priced and booked; it may now be sent."""

    type = "payments.demand.charged.v1"
    topic = "payments.claims"


class FilingCharged(Charged, Event):
    """An application for an order to pay (*betalningsföreläggande*) was priced and booked."""

    type = "payments.filing.charged.v1"
    topic = "payments.claims"


class EnforcementCharged(Charged, Event):
    """Enforcement (*utmätning*) was priced and booked."""

    type = "payments.enforcement.charged.v1"
    topic = "payments.claims"

    yearly: bool = False
    """The basic fee of a new year of enforcement that goes on, not its beginning."""


class RefusalReason(StrEnum):
    """Why the ledger says no to a charge."""

    SETTLED = "settled"
    CREDITED = "credited"
    DISPUTED = "disputed"
    ON_HOLD = "on_hold"
    ALREADY_CHARGED = "already_charged"
    TOO_EARLY = "too_early"
    BARRED = "barred"


class ChargeRefused(Event):
    """A rule says no to a proposal; nothing was booked."""

    type = "payments.charge.refused.v1"
    topic = "payments.claims"

    claim_id: ClaimId
    creditor_id: CreditorId
    kind: ChargeKind
    ordinal: int
    reason: RefusalReason
    as_of: date


class DeferralReason(StrEnum):
    """Why a charge cannot be priced yet."""

    NO_REFERENCE_RATE = "no_reference_rate"


class ChargeDeferred(Event):
    """A proposal waits: it is priced when what is missing has come."""

    type = "payments.charge.deferred.v1"
    topic = "payments.claims"

    claim_id: ClaimId
    creditor_id: CreditorId
    kind: ChargeKind
    ordinal: int
    reason: DeferralReason
    half_year: date
    as_of: date


class ReversalCause(StrEnum):
    """The fact, dated on or before the charge and heard later, that took it back."""

    PAYMENT = "payment"
    CREDIT = "credit"
    DISPUTE = "dispute"
    NEVER_DELIVERED = "never_delivered"
    """No letter left, or the step at Kronofogden came to nothing: the debtor does not pay it."""


class ChargeReversed(Event):
    """A charge was taken back, in the transaction that booked the cause."""

    type = "payments.charge.reversed.v1"
    topic = "payments.claims"

    claim_id: ClaimId
    creditor_id: CreditorId
    kind: ChargeKind
    ordinal: int
    amount_ore: Ore
    cause: ReversalCause
    reversed_on: date
    remaining_ore: Ore


class UnmatchedReason(StrEnum):
    """Why received money waits."""

    NO_REFERENCE = "no_reference"
    UNKNOWN_REFERENCE = "unknown_reference"
    HELD = "held"


class PaymentUnmatched(Event):
    """Money was received and no claim is known for it; it waits in suspense."""

    type = "payments.payment.unmatched.v1"
    topic = "payments.receipts"
    key_field = "payment_id"

    payment_id: PaymentId
    amount_ore: Ore
    references: tuple[str, ...]
    paid_on: date
    reason: UnmatchedReason


class OverpaymentFound(Event):
    """More was paid than was owed; the rest is the debtor's, never paid out to a creditor."""

    type = "payments.overpayment.found.v1"
    topic = "payments.receipts"
    key_field = "payment_id"

    payment_id: PaymentId
    claim_id: ClaimId
    creditor_id: CreditorId
    amount_ore: Ore
    paid_on: date


class PayoutPart(Fact):
    """What of a payout comes from one claim."""

    claim_id: ClaimId
    amount_ore: Ore


class PayoutOrdered(Event):
    """A payment order for a creditor's money was made."""

    type = "payments.payout.ordered.v1"
    topic = "payments.payouts"
    key_field = "creditor_id"

    payout_id: PayoutId
    creditor_id: CreditorId
    amount_ore: Ore
    account_masked: str
    claims: tuple[PayoutPart, ...]
    fees_netted_ore: Ore = 0
    ordered_on: date


class PayoutSettled(Event):
    """The bank's file shows the debit: the creditor has been paid."""

    type = "payments.payout.settled.v1"
    topic = "payments.payouts"
    key_field = "creditor_id"

    payout_id: PayoutId
    creditor_id: CreditorId
    amount_ore: Ore
    settled_on: date


class PayoutRejected(Event):
    """The bank refused the order; the money is payable again."""

    type = "payments.payout.rejected.v1"
    topic = "payments.payouts"
    key_field = "creditor_id"

    payout_id: PayoutId
    creditor_id: CreditorId
    amount_ore: Ore
    reason: str
    rejected_on: date


CHARGED = {
    ChargeKind.REMINDER: ReminderCharged,
    ChargeKind.DEMAND: DemandCharged,
    ChargeKind.FILING: FilingCharged,
    ChargeKind.ENFORCEMENT: EnforcementCharged,
}
"""The event that answers a proposal of each kind."""
