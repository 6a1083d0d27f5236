"""Door 1: what invoicing hears. Everything told of a claim becomes facts and a timeline entry."""

from typing import Any

from contracts.dunning import CollectionProposed
from contracts.envelope import Event
from contracts.payments import PayoutOrdered, PayoutRejected, PayoutSettled
from plumbing.inbox import Handler
from services.invoicing.handlers import following, standing

HEARS: dict[type[Event], Handler] = {
    **dict[type[Any], Handler].fromkeys(following.HEARD, following.follow),
    PayoutOrdered: following.follow_ordered_payouts,
    PayoutSettled: following.follow_settled_payouts,
    PayoutRejected: following.follow_rejected_payouts,
    CollectionProposed: standing.hand_over_proposed,
}
