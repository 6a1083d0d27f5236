"""What is known of an issued invoice, and what may be done with it.

Facts come from four services over topics that promise each other no order, so no fact overwrites
another's: each event changes only the facts of its own topic, and the state that people see is read
off all of them by one ladder. Money is as heard: nothing here adds or subtracts a payment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from contracts.collections import (
    CaseClosed,
    CaseFiled,
    CaseOpened,
    CaseOutcomeHeard,
    CaseWithdrawn,
    ClaimDisputed,
    DisputeOutcome,
    DisputeSettled,
)
from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId, NoteId
from contracts.invoicing import (
    Channel,
    CreditKind,
    HandedToCollection,
    HandoverCause,
    InvoiceCredited,
    PostalAddress,
)
from contracts.notifications import DeliveryAccepted, DeliveryFailed, DeliveryOpened, Letter
from contracts.payments import (
    Charged,
    ChargeRefused,
    ChargeReversed,
    ClaimReopened,
    ClaimSettled,
    DemandCharged,
    EnforcementCharged,
    FilingCharged,
    PaymentAllocated,
    ReminderCharged,
)
from contracts.terms import ChargeKind
from services.invoicing.domain.orders import Buyer, address_of


class State(StrEnum):
    """What a list shows of an invoice."""

    ISSUED = "issued"
    UNDELIVERED = "undelivered"
    """No channel took it, and nobody has opened it; overdue or not, that comes first."""
    SENT = "sent"
    OPENED = "opened"
    PART_PAID = "part_paid"
    OVERDUE = "overdue"
    REMINDED = "reminded"
    COLLECTION = "collection"
    KRONOFOGDEN = "kronofogden"
    DISPUTED = "disputed"
    PAID = "paid"
    CREDITED = "credited"


LADDER = (
    (State.CREDITED, "credited"),
    (State.PAID, "settled"),
    (State.DISPUTED, "disputed"),
    (State.KRONOFOGDEN, "filed"),
    (State.COLLECTION, "in_collection"),
    (State.REMINDED, "reminded"),
    (State.UNDELIVERED, "unreached"),
    (State.OVERDUE, "overdue"),
    (State.PART_PAID, "part_paid"),
    (State.OPENED, "opened"),
    (State.SENT, "sent"),
)
"""The first fact that holds, from the top, is the state; `issued` when none does."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts about one invoice. `case_open` is None until a case is heard of."""

    claim_id: ClaimId
    creditor_id: CreditorId
    number: int
    ocr: str
    total_ore: int
    issued_on: date
    due_on: date
    paid_on: date | None
    credited: bool
    settled: bool
    disputes: int
    upheld: bool
    filed: bool
    case_open: bool | None
    handed_over_on: date | None
    reminded: bool
    opened: bool
    sent: bool
    on_paper: bool
    undelivered: bool

    @property
    def disputed(self) -> bool:
        """An objection to the claim is not settled, or ended with the debtor in the right."""
        return self.disputes > 0 or self.upheld

    @property
    def in_collection(self) -> bool:
        """Handed over, unless collections has said that the case is closed."""
        return self.handed_over_on is not None if self.case_open is None else self.case_open

    @property
    def unreached(self) -> bool:
        """No channel took the invoice, not at a later attempt either, and nobody has opened it."""
        return self.undelivered and not (self.sent or self.opened)

    @property
    def part_paid(self) -> bool:
        """Some payment has met the claim."""
        return self.paid_on is not None


def state_of(standing: Standing, today: date) -> State:
    """The state to show: the top rung of the ladder whose fact holds."""
    for state, fact in LADDER:
        holds = standing.due_on < today if fact == "overdue" else getattr(standing, fact)
        if holds:
            return state
    return State.ISSUED


@dataclass(frozen=True, slots=True)
class News:
    """What one event changes; None leaves a fact as it was. `disputes` is added."""

    remaining_ore: int | None = None
    settled: bool | None = None
    paid_on: date | None = None
    reminded: bool | None = None
    disputes: int | None = None
    upheld: bool | None = None
    case_open: bool | None = None
    filed: bool | None = None
    sent: bool | None = None
    opened: bool | None = None
    on_paper: bool | None = None
    undelivered: bool | None = None


NOTHING = News()


def _charged(event: Charged) -> News:
    return News(remaining_ore=event.statement.total_ore)


def _reminder_charged(event: ReminderCharged) -> News:
    return News(remaining_ore=event.statement.total_ore, reminded=True)


def _charge_reversed(event: ChargeReversed) -> News:
    reminded = False if event.kind is ChargeKind.REMINDER else None
    settled = True if event.remaining_ore == 0 else None
    return News(remaining_ore=event.remaining_ore, reminded=reminded, settled=settled)


def _dispute_settled(event: DisputeSettled) -> News:
    return News(disputes=-1, upheld=True if event.outcome is DisputeOutcome.UPHELD else None)


def _delivery_accepted(event: DeliveryAccepted) -> News:
    if event.letter is not Letter.INVOICE:
        return NOTHING
    return News(sent=True, on_paper=True if event.channel is Channel.PAPER else None)


def _delivery_failed(event: DeliveryFailed) -> News:
    return News(undelivered=True) if event.letter is Letter.INVOICE else NOTHING


FOLLOWED: dict[type[Event], Callable[[Any], News]] = {
    PaymentAllocated: lambda event: News(
        remaining_ore=event.remaining_ore, settled=event.settled, paid_on=event.paid_on
    ),
    ClaimSettled: lambda event: News(remaining_ore=0, settled=True),
    ClaimReopened: lambda event: News(remaining_ore=event.remaining_ore, settled=False),
    ReminderCharged: _reminder_charged,
    DemandCharged: _charged,
    FilingCharged: _charged,
    EnforcementCharged: _charged,
    ChargeRefused: lambda event: NOTHING,
    ChargeReversed: _charge_reversed,
    CaseOpened: lambda event: News(case_open=True),
    CaseFiled: lambda event: News(filed=True),
    CaseOutcomeHeard: lambda event: NOTHING,
    CaseWithdrawn: lambda event: News(filed=False),
    CaseClosed: lambda event: News(case_open=False, filed=False),
    ClaimDisputed: lambda event: News(disputes=1),
    DisputeSettled: _dispute_settled,
    DeliveryAccepted: _delivery_accepted,
    DeliveryOpened: lambda event: News(opened=True),
    DeliveryFailed: _delivery_failed,
}
"""What each event that is followed changes; events of one topic arrive in order."""


class RefusalReason(StrEnum):
    """Why an invoice may not be credited or handed over."""

    CREDITED = "credited"
    SETTLED = "settled"
    DISPUTED = "disputed"
    UPHELD = "upheld"
    """The debtor was found right: the creditor credits, or lets the claim fall."""
    NOT_OVERDUE = "not_overdue"
    ALREADY_HANDED_OVER = "already_handed_over"


def credit(
    standing: Standing, *, note_id: NoteId, note_number: int, kind: CreditKind, today: date
) -> InvoiceCredited | RefusalReason:
    """Credit the whole invoice (*kreditera*), once; a paid one may be credited too."""
    if standing.credited:
        return RefusalReason.CREDITED
    return InvoiceCredited(
        claim_id=standing.claim_id,
        creditor_id=standing.creditor_id,
        note_id=note_id,
        note_number=note_number,
        credit_ore=standing.total_ore,
        kind=kind,
        credited_on=today,
    )


def refuse_handover(
    standing: Standing, today: date, *, cause: HandoverCause, anew: bool = False
) -> RefusalReason | None:
    """Why a claim may not go to collection as far as has been heard; None if it may.

    Policy hands over once. A creditor may do so again when the case is closed, and `anew` while it
    is open: then what collection knows of the debtor is what the register has today.
    """
    known = standing.in_collection and not anew
    if known or (cause is HandoverCause.POLICY and standing.handed_over_on is not None):
        return RefusalReason.ALREADY_HANDED_OVER
    if standing.credited:
        return RefusalReason.CREDITED
    if standing.settled:
        return RefusalReason.SETTLED
    if standing.disputed:
        return RefusalReason.DISPUTED if standing.disputes > 0 else RefusalReason.UPHELD
    if standing.due_on >= today:
        return RefusalReason.NOT_OVERDUE
    return None


@dataclass(frozen=True, slots=True)
class Basis:
    """What a claim rests on: the seller as printed, the rows' texts, the debtor as known today."""

    seller_name: str
    seller_organisation_number: str
    seller_address: PostalAddress
    row_texts: tuple[str, ...]
    debtor: Buyer


def hand_over(
    standing: Standing, basis: Basis, *, cause: HandoverCause, today: date
) -> HandedToCollection:
    """Hand a claim to collection (*inkasso*), with what a demand and an application need."""
    return HandedToCollection(
        claim_id=standing.claim_id,
        creditor_id=standing.creditor_id,
        creditor_name=basis.seller_name,
        creditor_organisation_number=basis.seller_organisation_number,
        creditor_address=basis.seller_address,
        debtor_kind=basis.debtor.kind,
        debtor_name=basis.debtor.name,
        debtor_identity_number=basis.debtor.identity_number,
        debtor_email=basis.debtor.email,
        debtor_address=address_of(basis.debtor),
        invoice_number=standing.number,
        ocr=standing.ocr,
        capital_ore=standing.total_ore,
        issued_on=standing.issued_on,
        due_on=standing.due_on,
        arose_on=standing.issued_on,
        basis=_basis_text(standing, basis.row_texts),
        cause=cause,
        handed_over_on=today,
    )


BASIS_MAX = 1_000
"""Characters; Kronofogden's ground is a few sentences, not a price list."""


def _basis_text(standing: Standing, row_texts: tuple[str, ...]) -> str:
    """Inkassolagen (1974:182) 5 § p. 2: the ground of the claim, in plain Swedish."""
    start = f"Faktura {standing.number} av den {standing.issued_on} avseende "
    text = start + ", ".join(dict.fromkeys(row_texts))
    return text + "." if len(text) < BASIS_MAX else text[: BASIS_MAX - 2].rstrip(" ,") + " …"
