"""An order becomes an invoice, or is refused with every fault named by its field.

Three steps, all pure: `price` turns what was asked into a draft with amounts; `number_drafts` gives
drafts the next numbers of the seller's series, in order and without gaps; `issue` makes the issued
invoice and what is said about it. An issued invoice never changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from contracts.email_address import is_email_address
from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId
from contracts.invoicing import (
    Channel,
    InvoiceIssued,
    RecipientChanged,
    RecipientNamed,
)
from contracts.numbers import make_ocr, vat_number_of
from contracts.terms import DebtorKind, InterestTerms, VatSum
from law.payment_terms import long_payment_term
from law.rounding import multiply_half_up
from law.vat import SIMPLIFIED_INVOICE_MAX_ORE, InvoiceTotal, invoice_total
from services.invoicing.domain.orders import (
    Article,
    Buyer,
    Fault,
    Order,
    Refusal,
    RowOrder,
    Seller,
    ZeroVat,
    address_of,
)

LARGEST_TOTAL_ORE = 10**12
"""Öre; below it every sum of a page, a file and a bank's field has room."""
LONGEST_TERMS_DAYS = 365
SHORT_TERMS_DAYS = 10
"""Days; shorter terms than the shortest usual one give a hint (R-53)."""
LONGEST_BACKDATING_DAYS = 30
"""Days; an invoice dated further back would belong to books that are closed and declared."""
OFFERED_CHANNELS = frozenset({Channel.EMAIL})
"""How an invoice can be sent today; paper (R-62) waits for a print partner."""
OCR_LENGTH = 12
"""Digits of every reference: fixed, so that it works at all four levels of a bank's control."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of an invoice. `price_ore` and `net_ore` are without VAT; a discount is below zero."""

    text: str
    quantity: str
    unit: str
    price_ore: int
    vat_percent: int
    net_ore: int


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice with its amounts and without a number."""

    seller: Seller
    buyer: Buyer
    channels: tuple[Channel, ...]
    rows: tuple[Row, ...]
    vat: tuple[VatSum, ...]
    net_ore: int
    vat_ore: int
    rounding_ore: int
    total_ore: int
    issued_on: date
    due_on: date
    due_date_agreed: bool
    reminder_fee_agreed: bool
    interest: InterestTerms
    message: str | None
    delivered_on: date | None
    zero_vat: ZeroVat | None
    buyer_vat_number: str | None


@dataclass(frozen=True, slots=True)
class Invoice:
    """An issued invoice."""

    claim_id: ClaimId
    number: int
    ocr: str
    draft: Draft


@dataclass(frozen=True, slots=True)
class Decision:
    """An issued invoice and what is said about it."""

    invoice: Invoice
    says: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """A seller's number series: the next number, and the date of the latest invoice in it."""

    next: int
    last_issued_on: date | None


def price(
    order: Order,
    *,
    seller: Seller,
    buyer: Buyer,
    articles: Mapping[UUID, Article],
    today: date,
) -> Draft | Refusal:
    """Work out an order's amounts and dates, in öre; refuse it with all its faults."""
    faults: list[Fault] = []
    rows = [
        row
        for at, asked in enumerate(order.rows)
        if (row := _row(at, asked, seller, articles, faults)) is not None
    ]
    issued_on, due_on = _dates(order, seller, today, faults)
    channels = _channels(order.channel or buyer.channel, buyer, faults)
    zero_vat, buyer_vat_number = _untaxed(order, rows, seller, buyer, faults)
    if faults:
        return Refusal(tuple(faults))
    total = invoice_total(
        [(row.vat_percent, row.net_ore) for row in rows], whole_kronor=seller.round_to_krona
    )
    if faults := _faults_of_total(total, buyer):
        return Refusal(tuple(faults))
    return Draft(
        seller=seller,
        buyer=buyer,
        channels=channels,
        rows=tuple(rows),
        vat=total.vat_sums,
        net_ore=total.net_ore,
        vat_ore=total.vat_ore,
        rounding_ore=total.rounding_ore,
        total_ore=total.total_ore,
        issued_on=issued_on,
        due_on=due_on,
        due_date_agreed=_chosen(order.due_date_agreed, seller.due_date_agreed),
        reminder_fee_agreed=_chosen(order.reminder_fee_agreed, seller.reminder_fee_agreed),
        interest=order.interest,
        message=order.message,
        delivered_on=order.delivered_on,
        zero_vat=zero_vat,
        buyer_vat_number=buyer_vat_number,
    )


def number_drafts(drafts: Sequence[Draft], series: Series) -> tuple[list[int | Refusal], Series]:
    """Give drafts their numbers in this order; a refused one takes none, so there is no gap.

    A series is chronological: a draft dated before the series' latest invoice is refused.
    """
    given: list[int | Refusal] = []
    number, latest = series.next, series.last_issued_on
    for draft in drafts:
        if latest is not None and draft.issued_on < latest:
            reason = f"the latest invoice of the series is dated {latest}"
            given.append(Refusal((Fault("issued_on", reason),)))
            continue
        given.append(number)
        number, latest = number + 1, draft.issued_on
    return given, Series(number, latest)


def issue(draft: Draft, *, claim_id: ClaimId, number: int, counter: int) -> Decision:
    """Issue a draft: from now on it is a claim. `counter` is the platform's, for the OCR."""
    ocr = make_ocr(str(counter), total_length=OCR_LENGTH)
    issued = InvoiceIssued(
        claim_id=claim_id,
        creditor_id=draft.seller.creditor_id,
        number=number,
        ocr=ocr,
        debtor_kind=draft.buyer.kind,
        total_ore=draft.total_ore,
        vat=draft.vat,
        issued_on=draft.issued_on,
        due_on=draft.due_on,
        due_date_agreed=draft.due_date_agreed,
        reminder_fee_agreed=draft.reminder_fee_agreed,
        interest=draft.interest,
        arose_on=draft.issued_on,
    )
    named = RecipientNamed(
        claim_id=claim_id,
        creditor_id=draft.seller.creditor_id,
        name=draft.buyer.name,
        email=draft.buyer.email,
        address=address_of(draft.buyer),
        channels=draft.channels,
    )
    return Decision(Invoice(claim_id, number, ocr, draft), (issued, named))


def correct_recipient(
    claim_id: ClaimId, creditor_id: CreditorId, buyer: Buyer, first: Channel, link_version: int
) -> RecipientChanged | None:
    """Say a customer's contact details for an open claim; None if none would reach anyone.

    `first` is the channel the claim's invoice was sent by; links below `link_version` are revoked.
    """
    channels = _reachable(first, buyer)
    if not channels:
        return None
    return RecipientChanged(
        claim_id=claim_id,
        creditor_id=creditor_id,
        name=buyer.name,
        email=buyer.email,
        address=address_of(buyer),
        channels=channels,
        link_version=link_version,
    )


def hints(draft: Draft) -> list[str]:
    """What the seller should know of the payment terms, though nothing forbids them (R-53)."""
    days = (draft.due_on - draft.issued_on).days
    found = ["terms_are_short"] if days < SHORT_TERMS_DAYS else []
    if long_payment_term(days, draft.buyer.kind) is not None:
        found.append("terms_need_approval")
    return found


def _row(
    at: int,
    asked: RowOrder,
    seller: Seller,
    articles: Mapping[UUID, Article],
    faults: list[Fault],
) -> Row | None:
    """A row with its net amount, rounded half up to whole öre."""
    article = articles.get(asked.article_id) if asked.article_id else None
    if asked.article_id and (article is None or not article.active):
        reason = "there is no such article" if article is None else "the article is not active"
        faults.append(Fault(f"rows.{at}.article_id", reason))
        return None
    text = asked.text or (article.name if article else None)
    unit = asked.unit if asked.unit is not None else article.unit if article else ""
    price_ore, vat = asked.price_ore, asked.vat_percent
    if article is not None:
        price_ore = article.price_ore if price_ore is None else price_ore
        vat = article.vat_percent if vat is None else vat
    if text is None or price_ore is None or vat is None:
        missing = "text" if text is None else "price_ore" if price_ore is None else "vat_percent"
        faults.append(Fault(f"rows.{at}.{missing}", "is needed where no article is named"))
        return None
    if vat and not seller.vat_registered:
        reason = "must be 0: the company is not registered for VAT"
        faults.append(Fault(f"rows.{at}.vat_percent", reason))
        return None
    if asked.quantity < 0 and price_ore < 0:
        reason = "quantity and price cannot both be below 0"
        faults.append(Fault(f"rows.{at}.price_ore", reason))
        return None
    net_ore = multiply_half_up(asked.quantity, price_ore)
    return Row(text, format(asked.quantity, "f"), unit, price_ore, vat, net_ore)


def _dates(order: Order, seller: Seller, today: date, faults: list[Fault]) -> tuple[date, date]:
    issued_on = order.issued_on or today
    if issued_on > today:
        faults.append(Fault("issued_on", "must not lie ahead"))
    if (today - issued_on).days > LONGEST_BACKDATING_DAYS:
        reason = f"must not lie more than {LONGEST_BACKDATING_DAYS} days back"
        faults.append(Fault("issued_on", reason))
    if order.due_on is not None:
        field, due_on = "due_on", order.due_on
    else:
        days = order.terms_days if order.terms_days is not None else seller.default_terms_days
        field, due_on = "terms_days", issued_on + timedelta(days=days)
    if not 0 <= (due_on - issued_on).days <= LONGEST_TERMS_DAYS:
        reason = f"must be 0 to {LONGEST_TERMS_DAYS} days after the invoice date"
        faults.append(Fault(field, reason))
    elif due_on < today:
        faults.append(Fault(field, "the due date must not have passed when the invoice is sent"))
    if order.delivered_on and abs((order.delivered_on - issued_on).days) > LONGEST_TERMS_DAYS:
        reason = f"must be within {LONGEST_TERMS_DAYS} days of the invoice date"
        faults.append(Fault("delivered_on", reason))
    return issued_on, due_on


def _untaxed(
    order: Order, rows: Sequence[Row], seller: Seller, buyer: Buyer, faults: list[Fault]
) -> tuple[ZeroVat | None, str | None]:
    """Why rows bear no VAT, and the buyer's VAT number where reverse charge asks for it."""
    if not seller.vat_registered or all(row.vat_percent for row in rows):
        if order.zero_vat is not None and rows:
            reason = "is for rows without VAT of a company that is registered for VAT"
            faults.append(Fault("zero_vat", reason))
        return None, order.buyer_vat_number
    why = order.zero_vat or ZeroVat.EXEMPT
    number = order.buyer_vat_number
    if why is ZeroVat.REVERSE_CHARGE:
        if buyer.kind is not DebtorKind.BUSINESS:
            faults.append(Fault("zero_vat", "reverse charge needs a buyer that is a business"))
        elif number is None and buyer.identity_number is not None:
            number = vat_number_of(buyer.identity_number)
        elif number is None:
            faults.append(Fault("buyer_vat_number", "reverse charge needs the buyer's VAT number"))
    return why, number


def _faults_of_total(total: InvoiceTotal, buyer: Buyer) -> list[Fault]:
    """What only the sums can tell: their size, discounts, and who may be left without address."""
    if not 0 < total.total_ore < LARGEST_TOTAL_ORE:
        return [Fault("rows", "the total must be above 0 and below 10 000 000 000 kr")]
    faults = [
        Fault("rows", f"the discounts at {each.rate_percent} % VAT exceed the rows at that rate")
        for each in total.vat_sums
        if each.base_ore < 0
    ]
    if total.total_ore > SIMPLIFIED_INVOICE_MAX_ORE and address_of(buyer) is None:
        reason = "the customer's whole postal address is needed on an invoice above 4 000 kr"
        faults.append(Fault("customer", reason))
    return faults


def _channels(first: Channel, buyer: Buyer, faults: list[Fault]) -> tuple[Channel, ...]:
    """The channels by which the customer can be reached, the chosen one first (R-35)."""
    channels = _reachable(first, buyer)
    if first not in OFFERED_CHANNELS:
        faults.append(Fault("channel", f"{first.value} is not offered yet"))
    elif buyer.email is not None and not is_email_address(buyer.email):
        faults.append(Fault("channel", "mail cannot be sent to the customer's e-mail address"))
    elif first not in channels:
        faults.append(Fault("channel", f"{first.value} needs an e-mail address of the customer"))
    return channels


def _reachable(first: Channel, buyer: Buyer) -> tuple[Channel, ...]:
    by_email = buyer.email is not None
    by_paper = bool(buyer.street and buyer.postcode and buyer.town)
    if by_email and by_paper:
        other = Channel.PAPER if first is Channel.EMAIL else Channel.EMAIL
        return (first, other)
    return (Channel.EMAIL,) if by_email else (Channel.PAPER,) if by_paper else ()


def _chosen(asked: bool | None, setting: bool) -> bool:
    return setting if asked is None else asked
