"""What is asked for and by whom: sellers, buyers, articles, orders, and how one is refused."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from contracts.ids import ArticleId, CreditorId, CustomerId
from contracts.invoicing import Channel, PostalAddress
from contracts.terms import DebtorKind, InterestTerms


class ZeroVat(StrEnum):
    """Why rows bear no VAT; an invoice says so (mervärdesskattelagen 17 kap. 24 § p. 13, 14)."""

    EXEMPT = "exempt"
    REVERSE_CHARGE = "reverse_charge"
    """The buyer accounts for the tax (*omvänd betalningsskyldighet*), 16 kap. 13 §."""
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field, named by its path in the request: `rows.0.vat_percent`."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An order that was not issued, and why."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Seller:
    """A company as it stands on its invoices, and what it has chosen for them."""

    creditor_id: CreditorId
    name: str
    organisation_number: str
    email: str
    phone: str | None
    street: str
    postcode: str
    town: str
    vat_registered: bool
    f_skatt: bool
    default_terms_days: int
    round_to_krona: bool
    due_date_agreed: bool
    reminder_fee_agreed: bool


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer as of now; the invoice keeps this as it was when issued."""

    customer_id: CustomerId
    kind: DebtorKind
    name: str
    identity_number: str | None
    email: str | None
    street: str | None
    postcode: str | None
    town: str | None
    channel: Channel


@dataclass(frozen=True, slots=True)
class Article:
    """An article of the seller's register: what a row takes where the order says nothing."""

    article_id: ArticleId
    name: str
    unit: str
    price_ore: int
    vat_percent: int
    active: bool


@dataclass(frozen=True, slots=True)
class RowOrder:
    """A row as asked for; None takes the article's value."""

    quantity: Decimal
    article_id: ArticleId | None
    text: str | None
    unit: str | None
    price_ore: int | None
    vat_percent: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """An invoice as asked for; None takes the seller's own setting, or today."""

    rows: tuple[RowOrder, ...]
    issued_on: date | None
    due_on: date | None
    terms_days: int | None
    due_date_agreed: bool | None
    reminder_fee_agreed: bool | None
    interest: InterestTerms
    message: str | None
    channel: Channel | None
    delivered_on: date | None = None
    zero_vat: ZeroVat | None = None
    buyer_vat_number: str | None = None


def address_of(buyer: Buyer) -> PostalAddress | None:
    """The customer's postal address, None unless it is whole."""
    if not (buyer.street and buyer.postcode and buyer.town):
        return None
    return PostalAddress(street=buyer.street, postcode=buyer.postcode, town=buyer.town)
