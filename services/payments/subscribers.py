"""Door 1: messages arrive, each once; in order per claim within a topic, in any between topics."""

from collections.abc import Mapping
from functools import partial

from contracts.collections import (
    CaseClosed,
    CaseFiled,
    CaseWithdrawn,
    ClaimDisputed,
    DemandProposed,
    DisputeSettled,
    EnforcementPaid,
    EnforcementProposed,
    FilingProposed,
)
from contracts.dunning import ReminderProposed
from contracts.envelope import Event
from contracts.invoicing import (
    CreditorChanged,
    CreditorRegistered,
    InvoiceCredited,
    InvoiceIssued,
)
from contracts.notifications import DeliveryAccepted, DeliveryFailed
from plumbing.inbox import Handler
from services.payments.handlers import changes, charges, kronofogden, opening, payouts


def hears(payee_bankgiro: str) -> Mapping[type[Event], Handler]:
    """What payments hears, opening first; statements name the bankgiro to pay to."""
    answer = partial(charges.answer_proposals, payee_bankgiro=payee_bankgiro)
    others: dict[type[Event], Handler] = {
        InvoiceCredited: changes.credit_claims,
        ClaimDisputed: changes.hold_disputed,
        DisputeSettled: changes.settle_disputes,
        DeliveryAccepted: changes.follow_sent,
        DeliveryFailed: changes.reverse_undelivered,
        CaseFiled: partial(kronofogden.keep_filed, payee_bankgiro=payee_bankgiro),
        CaseWithdrawn: kronofogden.reverse_unfiled,
        CaseClosed: kronofogden.reverse_unawarded,
        EnforcementPaid: kronofogden.book_collected,
        ReminderProposed: answer,
        DemandProposed: answer,
        FilingProposed: answer,
        EnforcementProposed: answer,
    }
    return {
        InvoiceIssued: partial(opening.open_claims, others=others),
        **others,
        CreditorRegistered: payouts.keep_creditors,
        CreditorChanged: payouts.keep_creditors,
    }
