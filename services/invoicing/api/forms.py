"""What strangers send, read strictly: lengths, characters and numbers are checked by field."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Request
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
)

from contracts.email_address import is_email_address
from contracts.ids import CustomerId, new_id
from contracts.invoicing import Channel, CreditKind
from contracts.numbers import (
    NumberError,
    parse_identity_number,
    parse_organisation_number,
    parse_personal_number,
    parse_vat_number,
)
from contracts.terms import DebtorKind, InterestKind, InterestTerms
from plumbing.fields import Day, Flag, Form, Lines, Name, Postcode, Street, Text, Town
from plumbing.problems import Problem, field_errors, invalid
from services.invoicing.handlers.issuing import Asked
from services.invoicing.handlers.words import (
    LONGEST_TERMS_DAYS,
    OFFERED_CHANNELS,
    Buyer,
    Fault,
    Order,
    Refusal,
    RowOrder,
    Seller,
    ZeroVat,
)

LARGEST_BODY = 32 * 1024 * 1024
LARGEST_BULK = 10_000
MOST_ROWS = 500
LARGEST_PRICE_ORE = 10**11
VAT_PERCENTS = (25, 12, 6, 0)

_VAT_NUMBER = re.compile(r"[A-Z]{2}[0-9A-Z]{2,12}")


def _email(value: str) -> str:
    if not (is_email_address(value) and "." in value.partition("@")[2]):
        raise ValueError("must be an e-mail address of unaccented letters, like namn@exempel.se")
    return value


def _vat_number(value: str) -> str:
    compact = value.replace(" ", "").replace("-", "").upper()
    if compact.startswith("SE"):
        return parse_vat_number(compact)
    if not _VAT_NUMBER.fullmatch(compact):
        raise ValueError("must be a VAT number")
    return compact


def _vat_percent(value: int) -> int:
    if value not in VAT_PERCENTS:
        raise ValueError("must be 25, 12, 6 or 0")
    return value


Email = Annotated[Text, Field(max_length=254), AfterValidator(_email)]
Phone = Annotated[Text, Field(min_length=3, max_length=40)]
Unit = Annotated[Text, Field(max_length=20)]
Number = Annotated[Text, Field(min_length=1, max_length=40)]
VatNumber = Annotated[Text, Field(max_length=20), AfterValidator(_vat_number)]
Quantity = Annotated[str, Field(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,4})?$")]
"""Below zero on a row that takes back or lowers; at most four decimals."""
Price = Annotated[int, Field(strict=True, ge=0, le=LARGEST_PRICE_ORE)]
RowPrice = Annotated[int, Field(strict=True, ge=-LARGEST_PRICE_ORE, le=LARGEST_PRICE_ORE)]
"""Below zero on a row that is a discount."""
VatPercent = Annotated[int, Field(strict=True), AfterValidator(_vat_percent)]
TermsDays = Annotated[int, Field(strict=True, ge=0, le=LONGEST_TERMS_DAYS)]


class CreditorForm(Form):
    """A company that registers."""

    organisation_number: Annotated[str, Field(max_length=20)]
    name: Name
    email: Email
    phone: Phone | None = None
    street: Street
    postcode: Postcode
    town: Town
    vat_registered: Flag
    f_skatt: Flag


class CreditorSettings(Form):
    """A company's details and settings; the organisation number stays."""

    name: Name
    email: Email
    phone: Phone | None = None
    street: Street
    postcode: Postcode
    town: Town
    vat_registered: Flag
    f_skatt: Flag
    default_terms_days: TermsDays = 30
    round_to_krona: Flag = True
    due_date_agreed: Flag = False
    reminder_fee_agreed: Flag = False
    first_number: Annotated[int, Field(strict=True, ge=1, lt=10**12)] | None = None
    first_number_reason: Name | None = None


class CustomerForm(Form):
    """A customer; reached by e-mail. An invoice above 4 000 kr needs the postal address too."""

    kind: DebtorKind
    name: Name
    identity_number: Annotated[str, Field(max_length=20)] | None = None
    email: Email | None = None
    street: Street | None = None
    postcode: Postcode | None = None
    town: Town | None = None
    channel: Channel | None = None


class ArticleForm(Form):
    """An article; `margin_ore` is the seller's own knowledge (R-40)."""

    number: Number | None = None
    name: Name
    unit: Unit = "st"
    price_ore: Price
    vat_percent: VatPercent
    margin_ore: Annotated[int, Field(strict=True, ge=-(10**11), le=10**11)] | None = None
    active: Flag = True


class ArticleLookup(Form):
    """The beginnings of the names of articles to look up."""

    beginnings: Annotated[tuple[Name, ...], Field(max_length=MOST_ROWS)]


class RowForm(Form):
    """A row; what is left out is the article's. A discount has a quantity or price below zero."""

    article_id: UUID | None = None
    text: Name | None = None
    quantity: Quantity
    unit: Unit | None = None
    price_ore: RowPrice | None = None
    vat_percent: VatPercent | None = None


class InterestForm(Form):
    """Late-payment interest: the statute's, or agreed (basis points a year)."""

    kind: InterestKind = InterestKind.STATUTORY
    rate_bp: Annotated[int, Field(strict=True, ge=0, le=10_000)] | None = None


def _rows(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and not 1 <= len(value) <= MOST_ROWS:
        raise ValueError(f"must be 1 to {MOST_ROWS} rows")
    return value


Rows = Annotated[tuple[RowForm, ...], BeforeValidator(_rows)]
"""Counted before any is read."""
STATUTORY = InterestTerms()


class InvoiceForm(Form):
    """An invoice to issue or preview. `zero_vat` says why rows bear no VAT (else exempt)."""

    customer_id: UUID | None = None
    customer: CustomerForm | None = None
    rows: Rows
    issued_on: Day | None = None
    due_on: Day | None = None
    terms_days: TermsDays | None = None
    due_date_agreed: Flag | None = None
    reminder_fee_agreed: Flag | None = None
    interest: InterestForm | None = None
    message: Lines | None = None
    channel: Channel | None = None
    delivered_on: Day | None = None
    zero_vat: ZeroVat | None = None
    buyer_vat_number: VatNumber | None = None


class InvoiceLookup(Form):
    """Which invoices to look up."""

    claim_ids: Annotated[tuple[UUID, ...], Field(max_length=1_000)]


class CreditForm(Form):
    """A full credit of an invoice, and why."""

    kind: CreditKind = CreditKind.CORRECTION
    reason: Annotated[Lines, Field(max_length=500)]


class MessageForm(Form):
    """A message to the other side of an invoice."""

    text: Lines


class BulkForm(Form):
    """Invoices to issue, each still to be read on its own."""

    invoices: Annotated[list[Any], Field(min_length=1, max_length=LARGEST_BULK)]


INVOICE: TypeAdapter[InvoiceForm] = TypeAdapter(InvoiceForm)
ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
F = TypeVar("F", bound=Form)


async def body_of(request: Request) -> bytes:
    """The request's body; 413 for one beyond all reason."""
    if int(request.headers.get("content-length") or 0) > LARGEST_BODY:
        raise Problem(413, "The request is too large")
    body = await request.body()
    if len(body) > LARGEST_BODY:
        raise Problem(413, "The request is too large")
    return body


async def read(request: Request, form: type[F]) -> F:
    """The body as a form; 422 naming every field that is wrong."""
    try:
        return form.model_validate_json(await body_of(request))
    except ValidationError as error:
        raise invalid(field_errors(error)) from None


async def read_any(request: Request) -> Any:
    """The body as JSON of whatever shape."""
    try:
        return ANYTHING.validate_json(await body_of(request))
    except ValidationError:
        raise Problem(422, "The request is not JSON") from None


async def read_changes(request: Request, form: type[F], known: dict[str, Any]) -> F:
    """What is known with the fields of the body in its place, as a form."""
    changes = await read_any(request)
    if not isinstance(changes, dict):
        raise Problem(422, "The request is not a JSON object")
    try:
        return form.model_validate(known | changes)
    except ValidationError as error:
        raise invalid(field_errors(error)) from None


def refused(refusal: Refusal) -> list[dict[str, str]]:
    """A refusal's faults as they are told."""
    return [{"field": fault.field, "reason": fault.reason} for fault in refusal.faults]


def asked_of(invoice: Any, today: date) -> Asked | Refusal:
    """One invoice of a request as an order, or its faults by field."""
    try:
        form = INVOICE.validate_python(invoice)
    except ValidationError as error:
        return Refusal(tuple(Fault(e["field"], e["reason"]) for e in field_errors(error)))
    faults = _contradictions(form)
    buyer = None
    if form.customer is not None:
        read_buyer = buyer_of(form.customer, CustomerId(new_id()), today)
        if isinstance(read_buyer, Refusal):
            faults += [Fault(f"customer.{f.field}", f.reason) for f in read_buyer.faults]
        else:
            buyer = read_buyer
    if faults:
        return Refusal(tuple(faults))
    return Asked(_order(form), form.customer_id, buyer)


def _contradictions(form: InvoiceForm) -> list[Fault]:
    faults = []
    if (form.customer_id is None) == (form.customer is None):
        faults.append(Fault("customer_id", "exactly one of customer_id and customer is needed"))
    if form.due_on is not None and form.terms_days is not None:
        faults.append(Fault("terms_days", "cannot stand beside due_on"))
    if form.interest and (form.interest.kind is InterestKind.STATUTORY) != (
        form.interest.rate_bp is None
    ):
        faults.append(Fault("interest.rate_bp", "is for agreed interest, which needs it"))
    faults += [
        Fault(f"rows.{at}.quantity", "must not be 0")
        for at, row in enumerate(form.rows)
        if not row.quantity.strip("-0.")
    ]
    return faults


def _order(form: InvoiceForm) -> Order:
    interest = STATUTORY
    if form.interest is not None:
        interest = InterestTerms(kind=form.interest.kind, rate_bp=form.interest.rate_bp)
    return Order(
        rows=tuple(
            RowOrder(
                Decimal(row.quantity),
                row.article_id,  # type: ignore[arg-type]
                row.text,
                row.unit,
                row.price_ore,
                row.vat_percent,
            )
            for row in form.rows
        ),
        issued_on=form.issued_on,
        due_on=form.due_on,
        terms_days=form.terms_days,
        due_date_agreed=form.due_date_agreed,
        reminder_fee_agreed=form.reminder_fee_agreed,
        interest=interest,
        message=form.message,
        channel=form.channel,
        delivered_on=form.delivered_on,
        zero_vat=form.zero_vat,
        buyer_vat_number=form.buyer_vat_number,
    )


def buyer_of(form: CustomerForm, customer_id: CustomerId, today: date) -> Buyer | Refusal:
    """A customer as the register keeps it; refused if it cannot be reached (R-35)."""
    faults: list[Fault] = []
    number = None
    if form.identity_number is not None:
        try:
            if form.kind is DebtorKind.CONSUMER:
                number = parse_personal_number(form.identity_number, today=today)
            else:
                number = parse_identity_number(form.identity_number, today=today)
        except NumberError as error:
            faults.append(Fault("identity_number", str(error)))
    channel = form.channel or Channel.EMAIL
    if channel not in OFFERED_CHANNELS:
        faults.append(Fault("channel", f"{channel.value} is not offered yet"))
    elif form.email is None:
        faults.append(Fault("email", "is needed to send by e-mail"))
    if faults:
        return Refusal(tuple(faults))
    return Buyer(
        customer_id=customer_id,
        kind=form.kind,
        name=form.name,
        identity_number=number,
        email=form.email,
        street=form.street,
        postcode=form.postcode,
        town=form.town,
        channel=channel,
    )


def organisation_number_of(text: str, today: date) -> str:
    """A company's ten digits; a sole trader's are the owner's personal number's last ten."""
    try:
        try:
            return parse_organisation_number(text)
        except NumberError as error:
            if error.code != "third_digit" and len(re.sub(r"\D", "", text)) != 12:
                raise
            return parse_personal_number(text, today=today)[-10:]
    except NumberError as error:
        raise invalid([{"field": "organisation_number", "reason": str(error)}]) from None


def seller_of(known: Seller, form: CreditorSettings) -> Seller:
    """A company with its details and settings changed."""
    kept = form.model_dump(exclude={"first_number", "first_number_reason"})
    return Seller(
        creditor_id=known.creditor_id, organisation_number=known.organisation_number, **kept
    )


def all_good(asked: Sequence[Asked | Refusal]) -> list[Asked]:
    """Those that could be read."""
    return [each for each in asked if isinstance(each, Asked)]
