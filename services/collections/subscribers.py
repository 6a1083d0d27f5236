"""Door 1: a batch arrives. ClaimReopened is not heard: a case is opened again by a hand-over."""

from collections.abc import Mapping
from functools import partial

from contracts.envelope import Event
from contracts.invoicing import (
    CreditorRegistered,
    HandedToCollection,
    InvoiceIssued,
    RecipientChanged,
)
from contracts.notifications import DeliveryAccepted, DeliveryFailed, DeliveryStale
from contracts.payments import (
    ChargeRefused,
    ChargeReversed,
    ClaimSettled,
    DemandCharged,
    EnforcementCharged,
    FilingCharged,
    PaymentAllocated,
)
from plumbing.inbox import Handler
from services.collections.handlers import following


def hears(ombudskod: str) -> Mapping[type[Event], Handler]:
    """What is heard, and by which handler; applications are signed with the filer's code."""
    return {
        CreditorRegistered: following.give_policies,
        InvoiceIssued: following.know_claims,
        HandedToCollection: following.open_cases,
        RecipientChanged: following.follow_recipients,
        PaymentAllocated: following.follow_payments,
        ClaimSettled: following.follow_settlements,
        DemandCharged: following.follow_demands,
        FilingCharged: partial(following.file, ombudskod=ombudskod),
        EnforcementCharged: following.enforce,
        ChargeRefused: following.follow_refusals,
        ChargeReversed: following.follow_reversals,
        DeliveryAccepted: following.count_from_sending,
        DeliveryStale: following.propose_again,
        DeliveryFailed: following.ask_a_person,
    }
