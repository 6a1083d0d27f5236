"""The nouns of the rules that doors hand over and get back; a door imports no rule itself."""

from services.invoicing.domain.issuing import LONGEST_TERMS_DAYS, OFFERED_CHANNELS, Decision, Draft
from services.invoicing.domain.orders import Buyer, Fault, Order, Refusal, RowOrder, Seller, ZeroVat
from services.invoicing.domain.standing import RefusalReason, State

__all__ = [
    "LONGEST_TERMS_DAYS",
    "OFFERED_CHANNELS",
    "Buyer",
    "Decision",
    "Draft",
    "Fault",
    "Order",
    "Refusal",
    "RefusalReason",
    "RowOrder",
    "Seller",
    "State",
    "ZeroVat",
]
