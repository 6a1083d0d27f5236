"""The ladder of an unpaid claim: one reminder, then collection. Pure; one claim at a time.

Events only add facts to a claim (`facts_of`), in whatever order the topics bring them; what happens
next follows from the facts alone (`next_step`); only a day, or a person, takes a step
(`take_step`, `remind_now`). So every order of hearing ends in the same place.

    sent ── reminder day ──▶ proposed ── ReminderCharged ──▶ charged ── letter taken ──▶ reminded
                 ▲               │                              │                            │
                 └─ refused ─────┘◀──────── letter stale ───────┘          its date ──▶ collection
    off the ladder: settled, disputed, in collection, barred, invoice not sent

A proposal that the ledger cannot price yet is deferred: it stands, and the answer comes later.
*Sent* is what a channel took (events.md 3.3). A debtor who was never sent the invoice is neither
reminded nor collected from, and days count from the sending where it was late. Only one reminder is
ever sent (R-100): one that was taken back after it left is the one. One that never left is proposed
anew where it is certain (it was stale); otherwise nothing happens until the creditor reminds by
hand. An objection to a part holds the whole ladder; the rest may be demanded by the creditor's own
hand.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from contracts.collections import CaseOpened, ClaimDisputed, DisputeOutcome, DisputeSettled
from contracts.dunning import CollectionProposed, ReminderProposed
from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId
from contracts.invoicing import InvoiceIssued
from contracts.notifications import DeliveryAccepted, DeliveryStale, Letter
from contracts.payments import (
    ChargeDeferred,
    ChargeRefused,
    ChargeReversed,
    ClaimReopened,
    ClaimSettled,
    PaymentAllocated,
    RefusalReason,
    ReminderCharged,
)
from contracts.terms import ChargeKind
from law.banking_days import add_banking_days, effective_due_on, is_banking_day, roll_forward
from law.reminder import (
    reminder_date_has_passed_on,
    reminder_on,
    reminder_pay_by,
    reminder_ran_out_on,
)


class Collection(StrEnum):
    """What follows an unpaid reminder."""

    AUTOMATIC = "automatic"
    ASK = "ask"
    """Nothing, until the creditor hands the claim over (R-108)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A creditor's choices; days may be lengthened, never below `law.reminder`'s five (R-99)."""

    reminders: bool = True
    reminder_days: int = 5
    collection: Collection = Collection.ASK
    collection_after_days: int = 0
    """Calendar days after the date the reminder gave, or after the day it would have gone out."""


HOUSE_POLICY = Policy()
"""What a company has before it chooses; nobody's customers meet collection unasked."""


class Reminder(StrEnum):
    """What became of the one reminder (*betalningspåminnelse*)."""

    NONE = "none"
    PROPOSED = "proposed"
    DEFERRED = "deferred"
    """The ledger prices it when it knows the reference rate of the half-year (*referensränta*)."""
    CHARGED = "charged"
    REVERSED = "reversed"
    BARRED = "barred"
    """Refused for good: the claim is time-barred (*preskriberad*)."""


class Dispute(StrEnum):
    """What became of the debtor's latest objection (*bestridande*)."""

    NONE = "none"
    OPEN = "open"
    UPHELD = "upheld"
    WITHDRAWN = "withdrawn"


class Claim(NamedTuple):
    """All that has been heard of a claim; `due_on` is None until its invoice has been."""

    claim_id: ClaimId
    creditor_id: CreditorId
    policy: Policy = HOUSE_POLICY
    due_on: date | None = None
    settled: bool = False
    dispute: Dispute = Dispute.NONE
    in_collection: bool = False
    reminder: Reminder = Reminder.NONE
    pay_by: date | None = None
    """The date the reminder gave."""
    not_before: date | None = None
    """A refused or held step is tried again from this day."""
    paused_until: date | None = None
    collection_proposed_on: date | None = None
    invoice_sent_on: date | None = None
    """The day a channel took the invoice."""
    reminder_sent_on: date | None = None
    """The day a channel took the reminder."""
    reminder_ordinal: int = 0
    """Of the latest proposal, or the latest that the ledger answered."""
    stale_ordinal: int = 0
    """Of the latest reminder that certainly did not leave in time."""

    @property
    def is_reminded(self) -> bool:
        """A reminder that the ledger booked has left, whatever became of its charge."""
        booked = self.reminder in (Reminder.CHARGED, Reminder.REVERSED)
        return booked and self.reminder_sent_on is not None

    @property
    def is_stale(self) -> bool:
        """The latest reminder did not leave: another is wanted."""
        return 0 < self.reminder_ordinal <= self.stale_ordinal

    @property
    def awaits_letter(self) -> bool:
        """A reminder is on its way, to the ledger or to the debtor."""
        under_way = (Reminder.PROPOSED, Reminder.DEFERRED, Reminder.CHARGED)
        return self.reminder in under_way and not self.is_stale

    @property
    def is_proposed_for_collection(self) -> bool:
        """Proposed, and nothing has held the claim since: invoicing may have refused it for that.

        It answers a second proposal of a claim that it did hand over with nothing.
        """
        if self.collection_proposed_on is None:
            return False
        return self.not_before is None or self.not_before <= self.collection_proposed_on


class Facts(NamedTuple):
    """What one event tells of a claim; None says nothing of a field."""

    claim_id: ClaimId
    creditor_id: CreditorId
    due_on: date | None = None
    settled: bool | None = None
    dispute: Dispute | None = None
    in_collection: bool | None = None
    reminder: Reminder | None = None
    pay_by: date | None = None
    not_before: date | None = None
    invoice_sent_on: date | None = None
    reminder_sent_on: date | None = None
    reminder_ordinal: int | None = None
    stale_ordinal: int | None = None


class StepKind(StrEnum):
    """The two steps of the ladder."""

    REMINDER = "reminder"
    COLLECTION = "collection"


class Step(NamedTuple):
    """The next step and the banking day on which it is taken."""

    kind: StepKind
    on: date


class Decision(NamedTuple):
    """The claim as it is from now on, what is said, and when to look at it again."""

    claim: Claim
    says: tuple[Event, ...] = ()
    wake_on: date | None = None


class Refusal(StrEnum):
    """Why a reminder cannot be asked for by hand."""

    NOT_ISSUED = "not_issued"
    NOT_SENT = "not_sent"
    """No channel has taken the invoice (yet)."""
    NOT_DUE = "not_due"
    SETTLED = "settled"
    DISPUTED = "disputed"
    IN_COLLECTION = "in_collection"
    ALREADY_REMINDED = "already_reminded"
    RATE_MISSING = "reference_rate_missing"
    """Asked for already; the ledger cannot price it before the reference rate is known."""
    BARRED = "barred"


# What events tell.


def facts_of(event: Event) -> Facts | None:
    """Return what an event tells of its claim; None where it changes nothing here."""
    match event:
        case PaymentAllocated(claim_id=claim_id, creditor_id=creditor_id):
            return Facts(claim_id, creditor_id, settled=event.settled)
        case InvoiceIssued(claim_id=claim_id, creditor_id=creditor_id):
            return Facts(claim_id, creditor_id, due_on=event.due_on)
        case ClaimSettled(claim_id=claim_id, creditor_id=creditor_id):
            return Facts(claim_id, creditor_id, settled=True)
        case ClaimReopened(claim_id=claim_id, creditor_id=creditor_id):
            again_on = add_banking_days(event.as_of, 1)
            return Facts(claim_id, creditor_id, settled=False, not_before=again_on)
        case ReminderCharged(claim_id=claim_id, creditor_id=creditor_id):
            return Facts(
                claim_id,
                creditor_id,
                reminder=Reminder.CHARGED,
                pay_by=event.statement.pay_by,
                reminder_ordinal=event.ordinal,
            )
        case ChargeReversed():
            return _facts_of_reversal(event)
        case ChargeDeferred(kind=ChargeKind.REMINDER, claim_id=claim_id, creditor_id=creditor_id):
            deferred, ordinal = Reminder.DEFERRED, event.ordinal
            return Facts(claim_id, creditor_id, reminder=deferred, reminder_ordinal=ordinal)
        case ChargeRefused(kind=ChargeKind.REMINDER):
            return _facts_of_refusal(event)
        case ClaimDisputed(claim_id=claim_id, creditor_id=creditor_id):
            return Facts(claim_id, creditor_id, dispute=Dispute.OPEN)
        case DisputeSettled(claim_id=claim_id, creditor_id=creditor_id):
            return _facts_of_settlement(event)
        case CaseOpened(claim_id=claim_id, creditor_id=creditor_id):
            return Facts(claim_id, creditor_id, in_collection=True)
        case DeliveryAccepted():
            return _facts_of_sending(event)
        case DeliveryStale(letter=Letter.REMINDER, claim_id=claim_id, creditor_id=creditor_id):
            return Facts(claim_id, creditor_id, stale_ordinal=event.ordinal)
    return None


def _facts_of_reversal(event: ChargeReversed) -> Facts:
    told = Facts(
        event.claim_id, event.creditor_id, settled=True if not event.remaining_ore else None
    )
    if event.kind is not ChargeKind.REMINDER:
        return told
    return told._replace(reminder=Reminder.REVERSED, reminder_ordinal=event.ordinal)


def _facts_of_sending(event: DeliveryAccepted) -> Facts | None:
    """Two letters matter: nothing begins without the invoice, nor goes on without the reminder."""
    told = Facts(event.claim_id, event.creditor_id)
    match event.letter:
        case Letter.INVOICE:
            return told._replace(invoice_sent_on=event.sent_on)
        case Letter.REMINDER:
            return told._replace(reminder_sent_on=event.sent_on)
    return None


def _facts_of_refusal(event: ChargeRefused) -> Facts | None:
    """A refused reminder was never made; a dispute still to be heard of will hold the retry."""
    asked = Facts(event.claim_id, event.creditor_id, reminder=Reminder.NONE)
    match event.reason:
        case RefusalReason.ALREADY_CHARGED:
            return None
        case RefusalReason.BARRED:
            return asked._replace(reminder=Reminder.BARRED)
        case RefusalReason.SETTLED | RefusalReason.CREDITED:
            return asked._replace(settled=True)
        case RefusalReason.TOO_EARLY | RefusalReason.DISPUTED | RefusalReason.ON_HOLD:
            return asked._replace(not_before=add_banking_days(event.as_of, 1))


def _facts_of_settlement(event: DisputeSettled) -> Facts:
    told = Facts(event.claim_id, event.creditor_id, dispute=Dispute.UPHELD)
    if event.outcome is DisputeOutcome.UPHELD:
        return told
    again_on = add_banking_days(event.settled_on, 1)
    return told._replace(dispute=Dispute.WITHDRAWN, not_before=again_on)


# What follows from the facts.


def next_step(claim: Claim) -> Step | None:
    """Return the step that is due and its banking day; None while there is nothing to do."""
    if claim.due_on is None or claim.invoice_sent_on is None or why_no_step(claim) is not None:
        return None
    first_on = _reminder_on(max(claim.due_on, claim.invoice_sent_on), claim.policy.reminder_days)
    if not claim.is_reminded:
        if claim.awaits_letter:
            return None
        if claim.policy.reminders:
            wanted = claim.reminder is Reminder.NONE or claim.is_stale
            return Step(StepKind.REMINDER, _held_until(claim, first_on)) if wanted else None
    if claim.policy.collection is Collection.AUTOMATIC:
        return Step(StepKind.COLLECTION, _held_until(claim, _collection_on(claim, first_on)))
    return None


def why_no_step(claim: Claim) -> Refusal | None:
    """Return what takes a claim off the ladder; None for one that is on it."""
    if claim.settled:
        return Refusal.SETTLED
    if claim.dispute in (Dispute.OPEN, Dispute.UPHELD):
        return Refusal.DISPUTED
    if claim.in_collection or claim.is_proposed_for_collection:
        return Refusal.IN_COLLECTION
    if claim.reminder is Reminder.BARRED:
        return Refusal.BARRED
    if claim.due_on is not None and claim.invoice_sent_on is None:
        return Refusal.NOT_SENT
    return None


@lru_cache(maxsize=4096)
def _reminder_on(due_on: date, days: int) -> date:
    return reminder_on(due_on, days_after=days)


def _collection_on(claim: Claim, first_on: date) -> date:
    """The first day on which an unpaid claim is handed over (law-and-fees.md 8).

    `first_on` is the day of the reminder, for a creditor who sends none.
    """
    after = timedelta(days=claim.policy.collection_after_days)
    if claim.pay_by is None or claim.reminder_sent_on is None:
        return first_on + after
    ran_out_on = reminder_ran_out_on(claim.pay_by, claim.reminder_sent_on)
    return max(reminder_date_has_passed_on(ran_out_on), ran_out_on + after)


def _held_until(claim: Claim, day: date) -> date:
    holds = (claim.not_before, claim.paused_until)
    return roll_forward(max([day, *(hold for hold in holds if hold is not None)]))


# Steps.


def take_step(claim: Claim, *, today: date) -> Decision:
    """A day came: take the step that is due, unless the facts or the calendar say later."""
    step = next_step(claim)
    if step is None:
        return Decision(claim)
    if step.on > today or not is_banking_day(today):
        return Decision(claim, wake_on=max(step.on, roll_forward(today)))
    if step.kind is StepKind.REMINDER:
        return _propose_reminder(claim, today)
    proposal = CollectionProposed(
        claim_id=claim.claim_id, creditor_id=claim.creditor_id, as_of=today
    )
    return Decision(claim._replace(collection_proposed_on=today), (proposal,))


def remind_now(claim: Claim, *, today: date) -> Decision | Refusal:
    """The creditor asks: the same proposal, on any day after the due date."""
    if claim.due_on is None:
        return Refusal.NOT_ISSUED
    if (reason := why_no_step(claim)) is not None:
        return reason
    if claim.reminder is Reminder.DEFERRED and claim.awaits_letter:
        return Refusal.RATE_MISSING
    if claim.is_reminded or claim.awaits_letter:
        return Refusal.ALREADY_REMINDED
    if today <= effective_due_on(claim.due_on):
        return Refusal.NOT_DUE
    return _propose_reminder(claim, today)


def _propose_reminder(claim: Claim, today: date) -> Decision:
    ordinal = _next_ordinal(claim)
    proposal = ReminderProposed(
        claim_id=claim.claim_id,
        creditor_id=claim.creditor_id,
        ordinal=ordinal,
        as_of=today,
        pay_by=reminder_pay_by(today),
    )
    proposed = claim._replace(reminder=Reminder.PROPOSED, reminder_ordinal=ordinal)
    return Decision(proposed, (proposal,))


def _next_ordinal(claim: Claim) -> int:
    """The ordinal of the next proposal: a refused one was never made, so its number is free."""
    if claim.reminder is Reminder.NONE:
        return max(claim.reminder_ordinal, claim.stale_ordinal + 1)
    return max(claim.reminder_ordinal, claim.stale_ordinal) + 1
