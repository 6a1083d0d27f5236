"""One payment of a camt entry: which amount is its own, who paid, what for, and what makes it
something a person must look at. This is the hot path of a file with a million payments, so it walks
children instead of searching paths, and never makes a decimal."""

from dataclasses import dataclass, field
from typing import Any

from services.payments.camt_entry import (
    SEK,
    Entry,
    account_number,
    amount_of,
    child_text,
    is_credit,
    ore,
    text_of,
)
from services.payments.domain.incoming import (
    Hold,
    IncomingPayment,
    OutgoingDebit,
    Reference,
    ReferenceKind,
)

MOST_REFERENCES = 1000
BANKGIRO_SCHEME = "BGNR"


@dataclass(slots=True)
class Money:
    """The amount of a payment as stated, or nothing; `is_credit` falls back to the entry's."""

    amount_ore: int | None
    currency: str
    is_credit: bool


@dataclass(slots=True)
class Transaction:
    """Everything read of one `TxDtls`, or of an entry without any."""

    line: int
    bank_reference: str | None = None
    message_id: str | None = None
    payment_group_id: str | None = None
    instruction_id: str | None = None
    end_to_end_id: str | None = None
    debtor_name: str | None = None
    debtor_account: str | None = None
    creditor_name: str | None = None
    creditor_account: str | None = None
    payee_bankgiro: str | None = None
    is_return: bool = False
    references: list[Reference] = field(default_factory=list)
    remitted_ore: int | None = None
    """The sum of the amounts per reference, when any is given and all are in one currency."""
    split_is_readable: bool = True
    too_many: bool = False


def read_money(element: Any, entry: Entry, names: Any) -> Money:
    """Find the amount of a payment: `Amt`, else `AmtDtls/TxAmt/Amt`, else none of its own."""
    stated = detailed = sign = None
    for child in element[:]:
        tag = child.tag
        if tag == names.AmtDtls:
            detailed = child
        elif tag == names.Amt:
            stated = child
        elif tag == names.CdtDbtInd:
            sign = child
        elif tag == names.RltdPties:
            break
    return _money(stated, detailed, sign, entry, names)


def _money(stated: Any, detailed: Any, sign: Any, entry: Entry, names: Any) -> Money:
    if stated is None and detailed is not None:
        for child in detailed.iterchildren(names.TxAmt):
            for amount in child.iterchildren(names.Amt):
                stated = amount
    credit = entry.is_credit if sign is None else is_credit(sign)
    if stated is None:
        return Money(None, entry.currency, credit)
    return Money(*amount_of(stated), credit)


def read_transaction(element: Any, entry: Entry, names: Any) -> tuple[Money, Transaction]:
    """Read how much, who, what for and by which ids of one `TxDtls`, in one walk.

    Unknown elements are passed over.
    """
    found = Transaction(line=element.sourceline or 0)
    stated = detailed = sign = None
    is_past_money = False
    for child in element[:]:
        tag = child.tag
        if tag == names.Refs:
            _read_ids(child, found, names)
        elif tag == names.AmtDtls and not is_past_money:
            detailed = child
        elif tag == names.RltdPties:
            _read_parties(child, found, names)
            is_past_money = True
        elif tag == names.RmtInf:
            _read_remittance(child, found, names)
        elif tag == names.Amt and not is_past_money:
            stated = child
        elif tag == names.CdtDbtInd and not is_past_money:
            sign = child
        elif tag == names.RtrInf:
            found.is_return = True
    return _money(stated, detailed, sign, entry, names), found


def _read_ids(refs: Any, found: Transaction, names: Any) -> None:
    for child in refs[:]:
        tag = child.tag
        if tag == names.AcctSvcrRef:
            found.bank_reference = text_of(child)
        elif tag == names.EndToEndId:
            found.end_to_end_id = text_of(child)
        elif tag == names.InstrId:
            found.instruction_id = text_of(child)
        elif tag == names.PmtInfId:
            found.payment_group_id = text_of(child)
        elif tag == names.MsgId:
            found.message_id = text_of(child)


def _read_parties(parties: Any, found: Transaction, names: Any) -> None:
    for party in parties[:]:
        tag = party.tag
        if tag == names.Dbtr:
            found.debtor_name = _name(party, names)
        elif tag == names.DbtrAcct:
            found.debtor_account, _ = account_number(party, names)
        elif tag == names.Cdtr:
            found.creditor_name = _name(party, names)
        elif tag == names.CdtrAcct:
            found.creditor_account, scheme = account_number(party, names)
            if found.creditor_account and scheme == BANKGIRO_SCHEME:
                digits = found.creditor_account.replace("-", "").lstrip("0")
                found.payee_bankgiro = digits or None


def _name(party: Any, names: Any) -> str | None:
    """Read `Nm`, or from version 08 on `Pty/Nm`."""
    for child in party[:]:
        if child.tag == names.Nm:
            return text_of(child)
        if child.tag == names.Pty:
            return child_text(child, names.Nm)
    return None


def _read_remittance(remittance: Any, found: Transaction, names: Any) -> None:
    for child in remittance[:]:
        if len(found.references) >= MOST_REFERENCES:
            found.too_many = True
            return
        tag = child.tag
        if tag == names.Strd:
            _read_structured(child, found, names)
        elif tag == names.Ustrd and (text := text_of(child)):
            found.references.append(Reference(ReferenceKind.TEXT, text))


def _read_structured(structured: Any, found: Transaction, names: Any) -> None:
    """Read one `Strd`: its references, the first of which takes the amount of them all."""
    amount_ore: int | None = None
    written: list[tuple[ReferenceKind, str]] = []
    for child in structured[:]:
        tag = child.tag
        if tag == names.RfrdDocAmt:
            amount_ore = _reference_amount(child, found, names)
        elif tag == names.CdtrRefInf:
            if reference := child_text(child, names.Ref):
                written.insert(0, (ReferenceKind.OCR, reference))
        elif tag == names.RfrdDocInf and (number := child_text(child, names.Nb)):
            is_credit_note = any(code.text == "CREN" for code in child.iter(names.Cd))
            kind = ReferenceKind.CREDIT_NOTE if is_credit_note else ReferenceKind.DOCUMENT
            written.append((kind, number))
    for kind, value in written[:MOST_REFERENCES]:
        found.references.append(Reference(kind, value, amount_ore))
        amount_ore = None
    if amount_ore is not None and not written:
        found.split_is_readable = False


def _reference_amount(amounts: Any, found: Transaction, names: Any) -> int | None:
    """Add `RmtdAmt` and take off `CdtNoteAmt`; what cannot be read spoils the split only."""
    total: int | None = None
    for child in amounts[:]:
        if child.tag in (names.RmtdAmt, names.CdtNoteAmt):
            amount = ore(text_of(child))
            if amount is None or child.get("Ccy") != SEK:
                found.split_is_readable = False
                return None
            total = (total or 0) + (amount if child.tag == names.RmtdAmt else -amount)
    if total is not None:
        found.remitted_ore = (found.remitted_ore or 0) + total
    return total


@dataclass(slots=True)
class Keys:
    """Makes the key of each payment of an entry: the bank's own reference where that tells it from
    the entry and from the payment before, else the entry's key and the position."""

    entry: Entry
    position: int = 0
    before: str | None = None

    def next(self, bank_reference: str | None) -> str:
        """Give the key of the next payment of the entry."""
        self.position += 1
        repeated = bank_reference in (None, self.entry.bank_reference, self.before)
        self.before = bank_reference
        if repeated:
            return f"{bank_reference or self.entry.key}/{self.position}"
        assert bank_reference is not None
        return bank_reference


def as_item(
    entry: Entry, money: Money, found: Transaction, key: str, whole: Hold | None = None
) -> IncomingPayment | OutgoingDebit:
    """Make the bank-neutral item of a payment; `whole` says why an entry stays in one piece."""
    amount_ore = entry.amount_ore if money.amount_ore is None else money.amount_ore
    held = whole or _hold(entry, money, amount_ore, found)
    bank_reference = found.bank_reference or entry.bank_reference
    if not money.is_credit:
        return OutgoingDebit(
            key,
            entry.account,
            entry.booked_on,
            entry.paid_on,
            amount_ore,
            money.currency,
            found.message_id,
            found.payment_group_id,
            found.instruction_id,
            found.end_to_end_id,
            found.creditor_name,
            found.creditor_account,
            bank_reference,
            held,
            found.line,
        )
    split_held = not found.split_is_readable or found.remitted_ore not in (None, amount_ore)
    references = found.references
    if split_held or whole:
        references = [Reference(one.kind, one.value) for one in references]
    return IncomingPayment(
        key,
        found.payee_bankgiro or entry.payee_bankgiro,
        entry.account,
        entry.booked_on,
        entry.paid_on,
        amount_ore,
        money.currency,
        tuple(references),
        found.debtor_name,
        found.debtor_account,
        found.end_to_end_id,
        bank_reference,
        held,
        split_held,
        found.line,
    )


def _hold(entry: Entry, money: Money, amount_ore: int, found: Transaction) -> Hold | None:
    if money.currency != SEK:
        return Hold.CURRENCY
    if entry.is_reversal:
        return Hold.REVERSED
    if found.is_return:
        return Hold.RETURNED
    if money.is_credit is not entry.is_credit:
        return Hold.SIGN
    if amount_ore == 0:
        return Hold.ZERO
    return Hold.REFERENCES if found.too_many else None
