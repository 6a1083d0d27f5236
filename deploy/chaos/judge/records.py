"""What the judge looks at, as plain values: commands given, outside parties' books, our databases.

Everything is an id, a date or whole öre. Who read it (`journal`, `parties`, `databases`) is of no
matter to the checks, so a test can write evidence by hand and change one thing in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

Ore = int
Asked = tuple[Ore, Ore, Ore]
"""What somebody is asked to pay: capital, interest, costs."""


# What people commanded.


@dataclass(frozen=True, slots=True)
class Company:
    """A creditor and what it chose; `changed` when it chose otherwise while the story went on."""

    creditor_id: str
    reminders: bool = True
    reminder_days: int = 5
    automatic_collection: bool = False
    collection_after_days: int = 0
    automatic_filing: bool = True
    enforces: bool = True
    payout_account: str | None = None
    organisation_number: str = ""
    changed: bool = False


class Terms(NamedTuple):
    """What an invoice's debtor owes by: days, and what was agreed with him."""

    issued_on: date
    due_on: date
    consumer: bool
    due_date_agreed: bool
    reminder_fee_agreed: bool
    interest_kind: str
    interest_bp: int | None
    notice: bool


@dataclass(frozen=True, slots=True)
class Issued:
    """An invoice that a seller was told is issued; `asked_ore` is what its rows come to."""

    claim_id: str
    creditor_id: str
    number: int
    ocr: str
    total_ore: Ore
    asked_ore: Ore
    issued_on: date
    due_on: date
    consumer: bool
    due_date_agreed: bool
    reminder_fee_agreed: bool
    interest_kind: str = "statutory"
    interest_bp: int | None = None
    notice: bool = True
    email: str | None = None
    identity_number: str = ""
    """The debtor's; while it is not known nothing is filed."""

    @property
    def terms(self) -> Terms:
        """Its terms, to compare."""
        return Terms(
            self.issued_on,
            self.due_on,
            self.consumer,
            self.due_date_agreed,
            self.reminder_fee_agreed,
            self.interest_kind,
            self.interest_bp,
            self.notice,
        )


@dataclass(frozen=True, slots=True)
class Deed:
    """Something commanded about a claim on a business day, in the order `n` of the journal.

    `kind`: credit, object, settle_upheld, settle_withdrawn, hand_over, or any other word.
    """

    claim_id: str
    kind: str
    on: date
    n: int
    number: int | None = None
    correction: bool = False
    payment_id: str | None = None
    """The payment that an operator allocated to the claim."""


# What outside parties recorded.


@dataclass(frozen=True, slots=True)
class Deposit:
    """A customer's payment in the bank's books; `told_on` is None until a file was taken of us."""

    bank_reference: str
    reference: str
    amount_ore: Ore
    paid_on: date
    booked_on: date
    told_on: date | None
    n: int
    awaited: bool = False
    """Kronofogden has collected it and has not paid us: nobody is paid out of it."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A payment that the bank was ordered to make; `end_to_end_id` is the orderer's name of it."""

    end_to_end_id: str
    amount_ore: Ore
    account: str
    refused: bool
    debited_on: date | None
    told_on: date | None


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that the mail server took."""

    message_id: str
    to: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that Kronofogden received, once per `message_id`."""

    message_id: str
    kind: str
    reference: str
    ok: bool
    times_received: int = 1
    times_other_content: int = 0
    received_on: date | None = None
    asked: Asked = (0, 0, 0)
    """What an application asks for; of a claim on costs alone all are costs."""
    applicant: str = ""
    respondents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collected:
    """Money that Kronofogden collected, with the day it told of it and its value date."""

    told_on: date
    paid_on: date
    amount_ore: Ore


@dataclass(frozen=True, slots=True)
class KronofogdenCase:
    """A case in Kronofogden's register; `contested_on` when the debtor contested it there.

    `closed_on` is when it ended the case itself, without a decision.
    """

    reference: str
    state: str
    capital_ore: Ore
    interest_ore: Ore
    costs_ore: Ore
    received_on: date
    decided_on: date | None = None
    contested_on: date | None = None
    enforcement_on: date | None = None
    closed_on: date | None = None
    collected: tuple[Collected, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it is pursued there, or could not be collected and waits."""
        return self.state not in ("withdrawn", "closed", "settled")


# What our databases hold.


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """invoicing's view of an invoice."""

    claim_id: str
    creditor_id: str
    number: int
    ocr: str
    total_ore: Ore
    remaining_ore: Ore
    due_on: date
    credited: bool
    settled: bool
    disputed: bool
    reminded: bool
    sent: bool
    in_collection: bool
    filed: bool


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A credit note."""

    claim_id: str
    creditor_id: str
    number: int
    credit_ore: Ore
    on: date


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """payments' book of a claim."""

    claim_id: str
    creditor_id: str
    ocr: str
    total_ore: Ore
    open_ore: Mapping[str, Ore]
    credited_ore: Ore
    paid_ore: Ore
    overpaid_ore: Ore
    disputed: bool
    terms: Terms | None = None

    @property
    def remaining_ore(self) -> Ore:
        """All that is open."""
        return sum(self.open_ore.values())


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A charge that the ledger booked, stands or was taken back."""

    claim_id: str
    kind: str
    ordinal: int
    stands: bool
    on: date
    fee_ore: Ore
    interest_ore: Ore
    cause: str | None = None
    pay_by: date | None = None


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """Money received, as payments booked it; `met_ore` met claims or became a debtor's credit."""

    payment_id: str
    bank_reference: str
    amount_ore: Ore
    paid_on: date
    booked_on: date
    met_ore: Ore
    waiting_ore: Ore
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A payout that payments ordered; state ordered, settled or rejected."""

    payout_id: str
    end_to_end_id: str
    creditor_id: str
    amount_ore: Ore
    state: str


@dataclass(frozen=True, slots=True)
class ShownPayout:
    """invoicing's view of a payout; state ordered, settled or rejected."""

    payout_id: str
    creditor_id: str
    state: str


@dataclass(frozen=True, slots=True)
class Balance:
    """The sum of all postings on one account."""

    account: str
    owner: str | None
    component: str | None
    amount_ore: Ore


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A letter in notifications' book."""

    delivery_id: str
    claim_id: str
    letter: str
    ordinal: int
    state: str
    doubtful: bool


@dataclass(frozen=True, slots=True)
class LadderRow:
    """dunning's view of a claim."""

    claim_id: str
    settled: bool
    disputed: bool
    in_collection: bool
    reminder: str


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A collection case; `reference` is what Kronofogden knows it by."""

    claim_id: str
    reference: str
    stage: str

    @property
    def open(self) -> bool:
        """Whether it goes on."""
        return self.stage != "closed"


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """An objection in collections' book."""

    dispute_id: str
    claim_id: str
    objected_on: date
    settled: bool


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that a service should not have any more when all is quiet."""

    service: str
    what: str
    count: int
    example: str = ""


@dataclass(frozen=True, slots=True)
class SaidAgain:
    """An event that may be said once of what it names, and was said more often."""

    service: str
    type: str
    key: str
    count: int


@dataclass(frozen=True)
class Evidence:
    """All of it. `days` are the business days on which the clock stood, in order."""

    days: tuple[date, ...]
    companies: Mapping[str, Company]
    issued: Mapping[str, Issued]
    deeds: tuple[Deed, ...] = ()
    commanded: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Ids that a seller was told, by noun: companies, customers, articles."""

    deposits: tuple[Deposit, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    bank_balance_ore: Ore = 0
    untaken: tuple[str, ...] = ()
    """Files of the bank's that were refused, or never reached us."""
    mails: tuple[Mail, ...] = ()
    messages: tuple[Message, ...] = ()
    unreadable: int = 0
    """What Kronofogden received and could not read."""
    kronofogden: Mapping[str, KronofogdenCase] = field(default_factory=dict)

    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids that invoicing has, by noun."""
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """What services hold of a company's choices, by the names of `Company`."""
    invoices: Mapping[str, InvoiceRow] = field(default_factory=dict)
    notes: tuple[NoteRow, ...] = ()
    retold: tuple[str, ...] = ()
    """Lines of invoices' timelines that stand there more than once."""
    told: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How often an invoice's timeline tells of each thing."""
    shown_payouts: tuple[ShownPayout, ...] = ()
    claims: Mapping[str, ClaimRow] = field(default_factory=dict)
    charges: tuple[ChargeRow, ...] = ()
    payments: tuple[PaymentRow, ...] = ()
    met: Mapping[str, int] = field(default_factory=dict)
    """How many payments met something that was owed on each claim."""
    payouts: tuple[PayoutRow, ...] = ()
    balances: tuple[Balance, ...] = ()
    unbalanced: tuple[str, ...] = ()
    """Ledger transactions that do not sum to zero."""
    ladders: Mapping[str, LadderRow] = field(default_factory=dict)
    cases: Mapping[str, CaseRow] = field(default_factory=dict)
    disputes: tuple[DisputeRow, ...] = ()
    deliveries: tuple[DeliveryRow, ...] = ()
    said_again: tuple[SaidAgain, ...] = ()
    said: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How often something was said of a claim that may be said anew, by its type."""
    leftovers: tuple[Leftover, ...] = ()

    @cached_property
    def claim_of_ocr(self) -> Mapping[str, str]:
        """Claims by the reference that their invoices asked payers to write."""
        return {issued.ocr: issued.claim_id for issued in self.issued.values()}
