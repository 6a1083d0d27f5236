"""Door 1: a batch arrives. ClaimReopened is not heard: what was ended is handed over anew."""

from collections.abc import Mapping
from functools import partial

from contracts.envelope import Event
from contracts.invoicing import CreditorRegistered, HandedToCollection, InvoiceIssued
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
from services.collections import handlers


def hears(ombudskod: str) -> Mapping[type[Event], Handler]:
    """What is heard, and by which handler; applications are signed with the filer's code."""
    return {
        CreditorRegistered: handlers.give_policies,
        InvoiceIssued: handlers.know_claims,
        HandedToCollection: handlers.open_cases,
        PaymentAllocated: handlers.follow_payments,
        ClaimSettled: handlers.follow_settlements,
        DemandCharged: handlers.follow_demands,
        FilingCharged: partial(handlers.file, ombudskod=ombudskod),
        EnforcementCharged: handlers.enforce,
        ChargeRefused: handlers.follow_refusals,
        ChargeReversed: handlers.follow_reversals,
        DeliveryAccepted: handlers.count_from_sending,
        DeliveryStale: handlers.propose_again,
        DeliveryFailed: handlers.ask_a_person,
    }
