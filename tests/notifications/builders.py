"""Facts that letters speak of, with fixed values; a test spells out the one that matters."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

from contracts.envelope import Envelope, Event
from contracts.ids import ClaimId, CreditorId, NoteId
from contracts.invoicing import (
    Channel,
    CreditKind,
    CreditorRegistered,
    HandedToCollection,
    HandoverCause,
    InvoiceCredited,
    InvoiceIssued,
    PostalAddress,
    RecipientNamed,
)
from contracts.payments import ChargeReversed, DemandCharged, ReminderCharged, ReversalCause
from contracts.terms import (
    Beneficiary,
    ChargeKind,
    Component,
    DebtorKind,
    InterestSegment,
    InterestTerms,
    Statement,
    StatementCost,
)
from services.notifications.letters import About, Collector

HOUSE = UUID("5f1f6a52-0000-4000-8000-000000000000")
SELLER = CreditorId(uuid5(HOUSE, "seller"))
CLAIM = ClaimId(uuid5(HOUSE, "claim"))
LINK_KEY = "k" * 43
COLLECTOR = Collector(
    "Inkassobolaget AB", "Box 1, 111 22 Stockholm", "08-465 004 00", "inkasso@bolaget.example"
)
LINK = "https://betalt.example/f/token"


def claim(nth: int) -> ClaimId:
    return ClaimId(uuid5(HOUSE, f"claim {nth}"))


def creditor(**more: Any) -> CreditorRegistered:
    facts: dict[str, Any] = {
        "creditor_id": SELLER,
        "name": "Åsas Bageri AB",
        "organisation_number": "5560360793",
        "vat_registered": True,
        "f_skatt": True,
        "email": "asa@bageri.example",
        "town": "Luleå",
    }
    return CreditorRegistered(**facts | more)


def recipient(**more: Any) -> RecipientNamed:
    facts: dict[str, Any] = {
        "claim_id": CLAIM,
        "creditor_id": SELLER,
        "name": "Karin Östlund",
        "email": "karin@exempel.example",
        "address": PostalAddress(street="Storgatan 1", postcode="97231", town="Luleå"),
        "channels": (Channel.EMAIL,),
    }
    return RecipientNamed(**facts | more)


def invoice(**more: Any) -> InvoiceIssued:
    facts: dict[str, Any] = {
        "claim_id": CLAIM,
        "creditor_id": SELLER,
        "number": 1042,
        "ocr": "1000000427",
        "debtor_kind": DebtorKind.CONSUMER,
        "total_ore": 3_240_00,
        "vat": (),
        "issued_on": date(2026, 5, 31),
        "due_on": date(2026, 6, 30),
        "due_date_agreed": True,
        "reminder_fee_agreed": True,
        "interest": InterestTerms(),
        "arose_on": date(2026, 5, 31),
    }
    return InvoiceIssued(**facts | more)


def note(**more: Any) -> InvoiceCredited:
    facts: dict[str, Any] = {
        "claim_id": CLAIM,
        "creditor_id": SELLER,
        "note_id": NoteId(uuid5(HOUSE, "note")),
        "note_number": 7,
        "credit_ore": 3_240_00,
        "kind": CreditKind.CORRECTION,
        "credited_on": date(2026, 6, 10),
    }
    return InvoiceCredited(**facts | more)


BASIS = "Faktura 1042 av den 2026-05-31 avseende Byte av säkringsskåp, Resa."


def handover(**more: Any) -> HandedToCollection:
    facts: dict[str, Any] = {
        "claim_id": CLAIM,
        "creditor_id": SELLER,
        "creditor_name": "Åsas Bageri AB",
        "creditor_organisation_number": "5560360793",
        "debtor_kind": DebtorKind.CONSUMER,
        "debtor_name": "Karin Östlund",
        "debtor_identity_number": None,
        "debtor_email": "karin@exempel.example",
        "debtor_address": None,
        "invoice_number": 1042,
        "ocr": "1000000427",
        "capital_ore": 3_240_00,
        "issued_on": date(2026, 5, 31),
        "due_on": date(2026, 6, 30),
        "arose_on": date(2026, 5, 31),
        "basis": BASIS,
        "cause": HandoverCause.POLICY,
        "handed_over_on": date(2026, 7, 27),
    }
    return HandedToCollection(**facts | more)


def statement(**more: Any) -> Statement:
    """The worked example of a demand dated 2026-07-27, of which 1,000 kr were paid on 07-10."""
    facts: dict[str, Any] = {
        "as_of": date(2026, 7, 27),
        "pay_by": date(2026, 8, 10),
        "capital_ore": 2_240_00,
        "interest_ore": 19_31,
        "interest": (
            segment(date(2026, 7, 1), date(2026, 7, 10), 10, 3_240_00, 8_88),
            segment(date(2026, 7, 11), date(2026, 7, 27), 17, 2_240_00, 10_43),
        ),
        "interest_per_day_ore": 61,
        "costs": (
            cost(Component.REMINDER_FEE, 60_00, "lag (1981:739) 2, 4 §§"),
            cost(Component.DEMAND_COST, 180_00, "lag (1981:739) 3 § 1, 4 §"),
        ),
        "paid_ore": 1_000_00,
        "total_ore": 2_499_31,
        "ocr": "1000000427",
        "payee_bankgiro": "9912346",
    }
    return Statement(**facts | more)


def segment(
    from_date: date, to_date: date, days: int, capital_ore: int, interest_ore: int
) -> InterestSegment:
    return InterestSegment(
        from_date=from_date,
        to_date=to_date,
        days=days,
        capital_ore=capital_ore,
        rate_bp=10_00,
        interest_ore=interest_ore,
    )


def cost(component: Component, amount_ore: int, paragraph: str) -> StatementCost:
    return StatementCost(
        component=component,
        amount_ore=amount_ore,
        paragraph=paragraph,
        beneficiary=Beneficiary.CREDITOR,
    )


def reminder(stated: Statement | None = None, **more: Any) -> ReminderCharged:
    return ReminderCharged(**_charge(stated, 60_00) | more)


def demand(stated: Statement | None = None, **more: Any) -> DemandCharged:
    return DemandCharged(**_charge(stated, 180_00) | more)


def _charge(stated: Statement | None, fee_ore: int) -> dict[str, Any]:
    return {
        "claim_id": CLAIM,
        "creditor_id": SELLER,
        "ordinal": 1,
        "charged_on": date(2026, 7, 27),
        "fee_ore": fee_ore,
        "statement": stated or statement(),
    }


def reversal(kind: ChargeKind, **more: Any) -> ChargeReversed:
    facts: dict[str, Any] = {
        "claim_id": CLAIM,
        "creditor_id": SELLER,
        "kind": kind,
        "ordinal": 1,
        "amount_ore": 60_00,
        "cause": ReversalCause.PAYMENT,
        "reversed_on": date(2026, 7, 28),
        "remaining_ore": 0,
    }
    return ChargeReversed(**facts | more)


def about(**more: Any) -> About:
    facts: dict[str, Any] = {
        "seller_name": "Åsas Bageri AB",
        "organisation_number": "5560360793",
        "seller_email": "asa@bageri.example",
        "recipient_name": "Karin Östlund",
        "invoice": invoice(),
        "basis": BASIS,
        "link": LINK,
        "payee_bankgiro": "9912346",
        "payee_name": "Betalt Klientmedel AB",
        "collector": COLLECTOR,
        "written_on": date(2026, 7, 27),
    }
    return About(**facts | more)


def envelope(event: Event, nth: int = 0) -> Envelope:
    """The envelope an event came in; the same for equal events of the same place."""
    identity = uuid5(HOUSE, f"{type(event).__name__} {event.payload()!r}")
    ordered = UUID(int=(nth << 80) | (identity.int & ((1 << 80) - 1)))
    return Envelope(
        id=ordered,
        type=event.type,
        source="/test",
        key=event.key,
        time=datetime(2026, 7, 27, tzinfo=UTC),
        correlation=ordered,
        cause=None,
        sequence=str(nth),
    )


def envelopes(events: Sequence[Event]) -> dict[UUID, Envelope]:
    return {event.key: envelope(event) for event in events}
