"""What invoicing says: companies, invoices, credit notes, who receives them, and hand-overs."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from contracts.envelope import Event, Fact, Ore, Personal, PersonalOfAnyLength
from contracts.ids import ClaimId, CreditorId, NoteId
from contracts.terms import DebtorKind, InterestTerms, VatSum


class CreditorRegistered(Event):
    """A company joined the platform."""

    type = "invoicing.creditor.registered.v1"
    topic = "invoicing.creditors"
    key_field = "creditor_id"

    creditor_id: CreditorId
    name: str
    organisation_number: PersonalOfAnyLength
    """Ten digits. A sole trader's is a personal number."""
    vat_registered: bool
    f_skatt: bool
    email: PersonalOfAnyLength
    town: str


class CreditorChanged(CreditorRegistered):
    """A company's details as they are from now on."""

    type = "invoicing.creditor.changed.v1"


class InvoiceIssued(Event):
    """An invoice took its number; from now on it is a claim."""

    type = "invoicing.invoice.issued.v1"
    topic = "invoicing.invoices"

    claim_id: ClaimId
    creditor_id: CreditorId
    number: int
    ocr: str
    debtor_kind: DebtorKind
    total_ore: Ore
    vat: tuple[VatSum, ...]
    issued_on: date
    due_on: date
    due_date_agreed: bool
    """The due date stands in the agreement, räntelagen (1975:635) 3 § 1 st."""
    reminder_fee_agreed: bool
    """The reminder fee was agreed when the debt arose, lag (1981:739) 2 §."""
    interest: InterestTerms
    arose_on: date
    """When the claim came into being (*tillkomst*), preskriptionslagen (1981:130) 2 §."""


class CreditKind(StrEnum):
    """From when a credit note lowers the capital (law-and-fees 1.5, example 15)."""

    CORRECTION = "correction"
    """The debt was never that large: from the original due date."""
    COMMERCIAL = "commercial"
    """From the note's own date."""


class InvoiceCredited(Event):
    """A credit note (*kreditfaktura*) was issued on an invoice."""

    type = "invoicing.invoice.credited.v1"
    topic = "invoicing.invoices"

    claim_id: ClaimId
    creditor_id: CreditorId
    note_id: NoteId
    note_number: int
    credit_ore: Ore
    kind: CreditKind
    credited_on: date


class Channel(StrEnum):
    """How a letter travels."""

    EMAIL = "email"
    """E-mail with a link to the web invoice (*webbfaktura*)."""
    PAPER = "paper"


class PostalAddress(Fact):
    """A Swedish postal address."""

    street: Personal
    postcode: PersonalOfAnyLength
    town: PersonalOfAnyLength


class RecipientNamed(Event):
    """Who receives what is sent about a claim, and how."""

    type = "invoicing.recipient.named.v1"
    topic = "invoicing.recipients"

    claim_id: ClaimId
    creditor_id: CreditorId
    name: Personal
    email: Personal | None
    address: PostalAddress | None
    channels: tuple[Channel, ...] = Field(min_length=1)
    """In order of preference."""
    protected_identity: bool = False
    link_version: int = 1
    """Raised to revoke the links sent so far."""


class RecipientChanged(RecipientNamed):
    """The contact details of a claim's recipient were corrected."""

    type = "invoicing.recipient.changed.v1"


class HandoverCause(StrEnum):
    """Who wanted the claim collected."""

    CREDITOR = "creditor"
    POLICY = "policy"


class HandedToCollection(Event):
    """A claim goes to collection (*inkasso*), with what a demand and an application need."""

    type = "invoicing.claim.handed_over.v1"
    topic = "invoicing.handovers"

    claim_id: ClaimId
    creditor_id: CreditorId
    creditor_name: str
    creditor_organisation_number: PersonalOfAnyLength
    creditor_address: PostalAddress | None = None
    """As on the invoice; Kronofogden wants the applicant's."""
    debtor_kind: DebtorKind
    debtor_name: Personal
    debtor_identity_number: Personal | None
    """Personal or organisation number; without it nothing can be filed at Kronofogden."""
    debtor_email: Personal | None
    debtor_address: PostalAddress | None
    invoice_number: int
    ocr: str
    capital_ore: Ore
    """Total of the invoice when issued; what remains is the ledger's to say."""
    issued_on: date
    due_on: date
    arose_on: date
    basis: PersonalOfAnyLength
    """What was bought or done, plain Swedish (inkassolagen 5 § p. 2; Kronofogden's ground)."""
    cause: HandoverCause
    handed_over_on: date
