"""Cases and events of collections' tests: fixed values; a test spells out the one that matters."""

from datetime import date
from typing import Any
from uuid import UUID

from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId, DeliveryId, PaymentId, new_id
from contracts.invoicing import (
    Channel,
    HandedToCollection,
    HandoverCause,
    InvoiceIssued,
    PostalAddress,
)
from contracts.notifications import DeliveryAccepted, DeliveryFailed, DeliveryStale, Letter
from contracts.payments import (
    ChargeRefused,
    ChargeReversed,
    ClaimSettled,
    DemandCharged,
    EnforcementCharged,
    FilingCharged,
    PaymentAllocated,
    RefusalReason,
    ReversalCause,
    SettledHow,
)
from contracts.terms import (
    Beneficiary,
    ChargeKind,
    Component,
    ComponentAmount,
    DebtorKind,
    InterestSegment,
    InterestTerms,
    Statement,
    StatementCost,
)

CREDITOR = CreditorId(UUID("0193b4a0-0000-7000-8000-00000000c0de"))
CLAIM = ClaimId(UUID("0193b4a0-0000-7000-8000-000000000001"))
DUE_ON = date(2026, 8, 31)
HANDED_ON = date(2026, 9, 22)  # a Tuesday
RESPOND_BY = date(2026, 10, 1)  # leaves the legal time on paper to a letter of the Wednesday
FILING_ON = date(2026, 10, 5)  # two banking days later, a Monday
COSTS = {
    Component.REMINDER_FEE: 60_00,
    Component.DEMAND_COST: 180_00,
    Component.FILING_FEE: 300_00,
    Component.FILING_WORK: 380_00,
}


def issued(claim_id: ClaimId = CLAIM) -> InvoiceIssued:
    return InvoiceIssued(
        claim_id=claim_id,
        creditor_id=CREDITOR,
        number=1042,
        ocr="1000000017",
        debtor_kind=DebtorKind.CONSUMER,
        total_ore=4_500_00,
        vat=(),
        issued_on=date(2026, 8, 1),
        due_on=DUE_ON,
        due_date_agreed=True,
        reminder_fee_agreed=True,
        interest=InterestTerms(),
        arose_on=date(2026, 8, 1),
    )


def handed_over(claim_id: ClaimId = CLAIM, **changes: Any) -> HandedToCollection:
    values: dict[str, Any] = {
        "claim_id": claim_id,
        "creditor_id": CREDITOR,
        "creditor_name": "Exempelmåleriet AB",
        "creditor_organisation_number": "5299999994",
        "debtor_kind": DebtorKind.CONSUMER,
        "debtor_name": "Karin Exempel",
        "debtor_identity_number": "197307245428",
        "debtor_email": "karin@example.se",
        "debtor_address": PostalAddress(street="Storgatan 1", postcode="11122", town="Stockholm"),
        "invoice_number": 1042,
        "ocr": "1000000017",
        "capital_ore": 4_500_00,
        "issued_on": date(2026, 8, 1),
        "due_on": DUE_ON,
        "arose_on": date(2026, 8, 1),
        "basis": "målningsarbete i augusti 2026.",
        "cause": HandoverCause.POLICY,
        "handed_over_on": HANDED_ON,
    }
    return HandedToCollection(**(values | changes))


def statement(as_of: date, *, capital_ore: int = 4_500_00, filing: bool = True) -> Statement:
    costs = {
        name: ore
        for name, ore in COSTS.items()
        if filing or name not in (Component.FILING_FEE, Component.FILING_WORK)
    }
    segment = InterestSegment(
        from_date=date(2026, 9, 1),
        to_date=as_of,
        days=35,
        capital_ore=4_500_00,
        rate_bp=1000,
        interest_ore=43_15,
    )
    return Statement(
        as_of=as_of,
        pay_by=RESPOND_BY,
        capital_ore=capital_ore,
        interest_ore=43_15,
        interest=(segment,),
        interest_per_day_ore=123,
        costs=tuple(
            StatementCost(
                component=name, amount_ore=ore, paragraph="§", beneficiary=Beneficiary.CREDITOR
            )
            for name, ore in costs.items()
        ),
        paid_ore=0,
        total_ore=capital_ore + 43_15 + sum(costs.values()),
        ocr="1000000017",
        payee_bankgiro="991-2346",
    )


def _charged(ordinal: int, on: date, *, filing: bool) -> dict[str, Any]:
    return {
        "claim_id": CLAIM,
        "creditor_id": CREDITOR,
        "ordinal": ordinal,
        "charged_on": on,
        "fee_ore": 0,
        "statement": statement(on, filing=filing),
    }


def demand_charged(ordinal: int = 1) -> DemandCharged:
    return DemandCharged(**_charged(ordinal, HANDED_ON, filing=False))


def filing_charged(ordinal: int = 1) -> FilingCharged:
    return FilingCharged(**_charged(ordinal, FILING_ON, filing=True))


def enforcement_charged(on: date) -> EnforcementCharged:
    return EnforcementCharged(**_charged(1, on, filing=True))


def sent(ordinal: int = 1, sent_on: date = HANDED_ON) -> DeliveryAccepted:
    return DeliveryAccepted(
        claim_id=CLAIM,
        creditor_id=CREDITOR,
        delivery_id=DeliveryId(new_id()),
        cause_event=new_id(),
        letter=Letter.DEMAND,
        ordinal=ordinal,
        channel=Channel.EMAIL,
        sent_on=sent_on,
    )


def stale(ordinal: int = 1) -> DeliveryStale:
    return DeliveryStale(
        claim_id=CLAIM,
        creditor_id=CREDITOR,
        delivery_id=DeliveryId(new_id()),
        cause_event=new_id(),
        letter=Letter.DEMAND,
        ordinal=ordinal,
        stale_on=HANDED_ON,
    )


def failed(ordinal: int = 1) -> DeliveryFailed:
    return DeliveryFailed(
        claim_id=CLAIM,
        creditor_id=CREDITOR,
        delivery_id=DeliveryId(new_id()),
        cause_event=new_id(),
        letter=Letter.DEMAND,
        ordinal=ordinal,
        reason="550",
        failed_on=HANDED_ON,
    )


def paid(paid_on: date = FILING_ON) -> PaymentAllocated:
    return PaymentAllocated(
        claim_id=CLAIM,
        creditor_id=CREDITOR,
        payment_id=PaymentId(new_id()),
        amount_ore=5_463_15,
        parts=(),
        paid_on=paid_on,
        booked_on=paid_on,
        remaining=(),
        remaining_ore=0,
        settled=True,
    )


def part_paid(paid_on: date = FILING_ON) -> PaymentAllocated:
    """1,963.15: the costs (920), the interest (43.15) and 1,000 of the capital."""
    parts = {**COSTS, Component.INTEREST: 43_15, Component.CAPITAL: 1_000_00}
    return PaymentAllocated(
        claim_id=CLAIM,
        creditor_id=CREDITOR,
        payment_id=PaymentId(new_id()),
        amount_ore=sum(parts.values()),
        parts=tuple(ComponentAmount(component=n, amount_ore=ore) for n, ore in parts.items()),
        paid_on=paid_on,
        booked_on=paid_on,
        remaining=(ComponentAmount(component=Component.CAPITAL, amount_ore=3_500_00),),
        remaining_ore=3_500_00,
        settled=False,
    )


def credited(how: SettledHow = SettledHow.CREDIT) -> ClaimSettled:
    return ClaimSettled(claim_id=CLAIM, creditor_id=CREDITOR, how=how, as_of=FILING_ON)


def refused(
    kind: ChargeKind, reason: RefusalReason, ordinal: int = 1, as_of: date = FILING_ON
) -> ChargeRefused:
    return ChargeRefused(
        claim_id=CLAIM,
        creditor_id=CREDITOR,
        kind=kind,
        ordinal=ordinal,
        reason=reason,
        as_of=as_of,
    )


def charge_reversed(
    kind: ChargeKind, remaining_ore: int, cause: ReversalCause = ReversalCause.PAYMENT
) -> ChargeReversed:
    return ChargeReversed(
        claim_id=CLAIM,
        creditor_id=CREDITOR,
        kind=kind,
        ordinal=1,
        amount_ore=1,
        cause=cause,
        reversed_on=FILING_ON,
        remaining_ore=remaining_ore,
    )


def kinds(says: tuple[Event, ...]) -> list[str]:
    return [type(event).__name__ for event in says]
