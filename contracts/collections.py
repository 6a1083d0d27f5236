"""What collections says: cases, proposals to charge, news of Kronofogden, disputes of claims."""

from datetime import date
from enum import StrEnum

from contracts.envelope import Event, Ore
from contracts.ids import ClaimId, CreditorId, DisputeId, PaymentId


class CaseOpened(Event):
    """A collection case was opened on a claim; its number is what people quote."""

    type = "collections.case.opened.v1"
    topic = "collections.cases"

    claim_id: ClaimId
    creditor_id: CreditorId
    case_number: str
    opened_on: date


class DemandProposed(Event):
    """A demand (*inkassokrav*) should be sent; a new ordinal after a stale one costs nothing."""

    type = "collections.demand.proposed.v1"
    topic = "collections.cases"

    claim_id: ClaimId
    creditor_id: CreditorId
    case_number: str
    ordinal: int = 1
    as_of: date
    respond_by: date


class FilingProposed(Event):
    """The demand's time has run out: apply for an order to pay (inkassolagen (1974:182) 6 §)."""

    type = "collections.filing.proposed.v1"
    topic = "collections.cases"

    claim_id: ClaimId
    creditor_id: CreditorId
    case_number: str
    ordinal: int = 1
    as_of: date


class EnforcementProposed(Event):
    """Kronofogden has decided (*utslag*) and enforcement is wanted, or has lasted a new year."""

    type = "collections.enforcement.proposed.v1"
    topic = "collections.cases"

    claim_id: ClaimId
    creditor_id: CreditorId
    case_number: str
    ordinal: int = 1
    as_of: date
    yearly: bool = False
    """Kronofogden took its basic fee anew: nothing is asked of it, the fee alone is charged."""


class CaseFiled(Event):
    """Kronofogden has the application."""

    type = "collections.case.filed.v1"
    topic = "collections.cases"

    claim_id: ClaimId
    creditor_id: CreditorId
    case_number: str
    filed_on: date
    amount_ore: Ore


class CaseOutcome(StrEnum):
    """What Kronofogden told us of a case."""

    CONFIRMED = "confirmed"
    SERVED = "served"
    SERVICE_FAILED = "service_failed"
    CONTESTED = "contested"
    DECIDED = "decided"
    DISMISSED = "dismissed"
    CLOSED = "closed"
    EXHAUSTED = "exhausted"


class CaseOutcomeHeard(Event):
    """News from Kronofogden about a case."""

    type = "collections.case.outcome_heard.v1"
    topic = "collections.cases"

    claim_id: ClaimId
    creditor_id: CreditorId
    case_number: str
    outcome: CaseOutcome
    kronofogden_number: str | None
    """Kronofogden's own case number (*målnummer*), once given."""
    heard_on: date


class EnforcementPaid(Event):
    """Kronofogden collected money on a claim; it reaches the client-money account later.

    `payment_id` is derived from Kronofogden's own message, so that the same money is booked once.
    """

    type = "collections.enforcement.paid.v1"
    topic = "collections.cases"

    claim_id: ClaimId
    creditor_id: CreditorId
    case_number: str
    payment_id: PaymentId
    kronofogden_message: str
    """What Kronofogden calls the message that told of it."""
    amount_ore: Ore
    paid_on: date
    """Value date: the day on which Kronofogden had the money."""
    heard_on: date


NEVER_FILED = "never_filed"
"""The reason of a withdrawal when the application was charged but never reached Kronofogden."""


class CaseWithdrawn(Event):
    """The application was taken back at Kronofogden (*återkallelse*)."""

    type = "collections.case.withdrawn.v1"
    topic = "collections.cases"

    claim_id: ClaimId
    creditor_id: CreditorId
    case_number: str
    reason: str
    withdrawn_on: date


class CloseReason(StrEnum):
    """Why a case ended."""

    PAID = "paid"
    CREDITED = "credited"
    CREDITOR_WITHDREW = "creditor_withdrew"
    DISMISSED = "dismissed"
    DISPUTED = "disputed"


class CaseClosed(Event):
    """A case ended; nothing more is demanded in it."""

    type = "collections.case.closed.v1"
    topic = "collections.cases"

    claim_id: ClaimId
    creditor_id: CreditorId
    case_number: str
    reason: CloseReason
    closed_on: date
    filed: bool | None = None
    """Whether Kronofogden ever had the application; None where it was not told."""
    enforced: bool | None = None
    """Whether enforcement had begun; None where it was not told."""


class ClaimDisputed(Event):
    """The debtor objects (*bestridande*): nothing more is charged until it is settled (R-115).

    Why he objects stays with collections, which shows it to the creditor: it is personal.
    """

    type = "collections.claim.disputed.v1"
    topic = "collections.disputes"

    claim_id: ClaimId
    creditor_id: CreditorId
    dispute_id: DisputeId
    disputed_ore: Ore | None
    """None disputes the whole claim."""
    objected_on: date


class DisputeOutcome(StrEnum):
    """How an objection ended."""

    UPHELD = "upheld"
    """The debtor was right; the creditor credits or lets the claim fall."""
    WITHDRAWN = "withdrawn"
    """The debtor took it back or the parties agreed; the claim lives on."""


class DisputeSettled(Event):
    """The parties are agreed; the hold ends."""

    type = "collections.dispute.settled.v1"
    topic = "collections.disputes"

    claim_id: ClaimId
    creditor_id: CreditorId
    dispute_id: DisputeId
    outcome: DisputeOutcome
    settled_on: date
