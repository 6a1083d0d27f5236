"""Door 1: a batch arrives; all that is heard of a claim is a fact about it."""

from collections.abc import Mapping

from contracts.collections import CaseOpened, ClaimDisputed, DisputeSettled
from contracts.envelope import Event
from contracts.invoicing import CreditorRegistered, InvoiceIssued
from contracts.notifications import DeliveryAccepted, DeliveryStale
from contracts.payments import (
    ChargeDeferred,
    ChargeRefused,
    ChargeReversed,
    ClaimReopened,
    ClaimSettled,
    PaymentAllocated,
    ReminderCharged,
)
from plumbing.inbox import Handler
from services.dunning import handlers

HEARS: Mapping[type[Event], Handler] = {
    CreditorRegistered: handlers.give_policies,
    InvoiceIssued: handlers.hear,
    PaymentAllocated: handlers.hear,
    ClaimSettled: handlers.hear,
    ClaimReopened: handlers.hear,
    ReminderCharged: handlers.hear,
    ChargeDeferred: handlers.hear,
    ChargeRefused: handlers.hear,
    ChargeReversed: handlers.hear,
    ClaimDisputed: handlers.hear,
    DisputeSettled: handlers.hear,
    CaseOpened: handlers.hear,
    DeliveryAccepted: handlers.hear,
    DeliveryStale: handlers.hear,
}
