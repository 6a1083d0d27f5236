"""What a bank tells about our account, in no bank's own words: money in, money out, and what is
wrong with the file that said so. Every reader of a bank format gives these; nothing after the
readers knows which format it was. Amounts are whole öre and never negative unless said."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class ReferenceKind(StrEnum):
    """Where a reference stood, which says how much it can be trusted."""

    OCR = "ocr"
    DOCUMENT = "document"
    CREDIT_NOTE = "credit_note"
    TEXT = "text"


class Hold(StrEnum):
    """Why a person must look at one item before it is anything but money on the account."""

    CURRENCY = "the currency is not SEK"
    RETURNED = "it is a returned payment"
    REVERSED = "it is the reversal of an earlier entry"
    SIGN = "its sign differs from that of its entry"
    ZERO = "its amount is zero"
    REFERENCES = "it has too many references to be read"
    ENTRY_SUM = "the payments of the entry do not add up to the entry"
    ENTRY_AMOUNT = "the entry has several payments and not every amount"
    ENTRY_CURRENCY = "a payment of the entry is in another currency than the entry"
    ENTRY_COUNT = "the entry does not have the number of payments that it states"
    ENTRY_TWICE = "its entry is booked already, in one piece or by its payments"
    OTHER_AMOUNT = "its bank reference is booked already, with another amount"
    ALIKE = "one like it came in another file, and neither has a reference of the bank's"
    NOT_OURS = "neither the payee's bankgiro nor the account is ours"


class Reference(NamedTuple):
    """What the payer wrote, and how much of the payment goes to it (negative for a credit note)."""

    kind: ReferenceKind
    value: str
    amount_ore: int | None = None


class EntryRef(NamedTuple):
    """The bank's own entry that an item is of, as every file that tells of it names it."""

    key: str
    serial: str | None
    """Payee bankgiro, year and deposit serial (`12345678 2026 00294`), if the bank writes them."""
    amount_ore: int
    in_one_piece: bool = False
    """The item is the whole entry: it has no details, or they contradict it."""


class IncomingPayment(NamedTuple):
    """One payment to us. `source_key` is the same in every file that tells of the payment."""

    source_key: str
    payee_bankgiro: str | None
    account: str
    """The account of ours that was credited, as the bank writes it."""
    booked_on: date
    paid_on: date
    """The value date."""
    amount_ore: int
    """In hundredths of `currency` when that is not SEK; such a payment is always held."""
    currency: str
    references: tuple[Reference, ...]
    payer_name: str | None
    payer_account: str | None
    end_to_end_id: str | None
    bank_reference: str | None
    held: Hold | None
    split_held: bool
    """The amounts per reference did not add up to the payment, so they were left out."""
    line: int
    entry: EntryRef | None = None


@dataclass(frozen=True, slots=True)
class OutgoingDebit:
    """One debit on our account: a payout of ours, which its ids tell, or something else."""

    source_key: str
    account: str
    booked_on: date
    paid_on: date
    amount_ore: int
    currency: str
    message_id: str | None
    payment_group_id: str | None
    instruction_id: str | None
    end_to_end_id: str | None
    payee_name: str | None
    payee_account: str | None
    bank_reference: str | None
    held: Hold | None
    line: int
    entry: EntryRef | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file is refused, and where: `line` counts from 1, and is 0 for the file as a whole."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement or notification of a file; gaps in its numbers mean that a file is missing."""

    id: str
    account: str
    currency: str | None
    electronic_number: str | None
    legal_number: str | None
    opening_ore: int | None = None
    closing_ore: int | None = None
    year: int | None = None
    """Of the day the statement was made: numbers may begin anew with it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items reading will give, by kind, and how many entries were never booked."""

    payments: int = 0
    debits: int = 0
    entries: int = 0
    entries_not_booked: int = 0

    @property
    def items(self) -> int:
        """All items, which are the positions a reading can be taken up again from."""
        return self.payments + self.debits


@dataclass(frozen=True, slots=True)
class Sums:
    """Booked credits and debits in öre; entries in other currencies than SEK are left out."""

    credits_ore: int = 0
    debits_ore: int = 0


@dataclass(frozen=True, slots=True)
class Validation:
    """What the first pass found. Only an accepted file may be read for booking."""

    format: str
    problems: tuple[Problem, ...] = ()
    message_id: str | None = None
    statements: tuple[Statement, ...] = ()
    counts: Counts = field(default_factory=Counts)
    sums: Sums = field(default_factory=Sums)
    held_entries: dict[int, Hold] = field(default_factory=dict)
    """Entries, counted from 0 in the file, that stay in one piece: their payments contradict
    them, so the entry itself becomes the one held item."""

    @property
    def accepted(self) -> bool:
        """Say whether nothing speaks against booking the file."""
        return not self.problems


class BankFileError(ValueError):
    """A file cannot be read: `line` and `reason` as in a `Problem`."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.problem = Problem(line, reason)


CUT = "…"
"""The end of a text of which a reader left some out, for it was longer than any bank's."""
NO_REFERENCE = frozenset({"NOTPROVIDED", "NOREF", "NONREF", "NOTAVAILABLE"})
_TRUST = (
    ReferenceKind.OCR,
    ReferenceKind.DOCUMENT,
    ReferenceKind.CREDIT_NOTE,
    ReferenceKind.TEXT,
)


def likeness(payment: IncomingPayment) -> bytes:
    """What another file repeats of a payment that the bank gave no reference of its own."""
    told = (
        payment.payee_bankgiro or payment.account,
        payment.amount_ore,
        payment.currency,
        payment.paid_on.isoformat(),
        [reference.value for reference in payment.references],
        payment.payer_name,
        payment.payer_account,
        payment.end_to_end_id,
    )
    return hashlib.sha256(json.dumps(told).encode()).digest()


def candidates(payment: IncomingPayment) -> list[str]:
    """List what to look for among open references, best first, each once.

    Creditor references, then document numbers, then digit runs in text, then the end-to-end id;
    each as written, then its digits only, then without leading zeros. A candidate is certain only
    when it equals an open reference of the payee.
    """
    found: dict[str, None] = {}
    for written in _as_written(payment):
        exact = written.strip(" /")
        digits = re.sub(r"[^0-9]", "", exact)
        for candidate in (exact, digits, digits.lstrip("0")):
            if candidate:
                found[candidate] = None
    return list(found)


def _as_written(payment: IncomingPayment) -> Iterator[str]:
    for kind in _TRUST:
        for reference in payment.references:
            if reference.kind is not kind:
                continue
            if kind is ReferenceKind.TEXT:
                # Not digits that were cut: another number than the payer's.
                yield from re.findall(rf"[0-9]++(?!{CUT})", reference.value)
            elif not reference.value.endswith(CUT):
                yield reference.value
    if payment.end_to_end_id and payment.end_to_end_id.upper() not in NO_REFERENCE:
        yield payment.end_to_end_id
