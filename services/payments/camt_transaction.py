"""One payment of a camt entry: which amount is its own, who paid, what for, and what makes it
something a person must look at. This is the hot path of a file with a million payments: every
element is looked at once, and nothing is made that is not kept."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from services.payments.camt_entry import (
    SEK,
    Entry,
    account_number,
    amount_of,
    broken_at,
    child_text,
    children_before,
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
REMEMBERED_REFERENCES = 20_000
"""A bank reference that comes again this soon within an entry is another payment's (bank-formats
1.7: one slip may give several); a million payments in one entry must not be remembered whole."""
BANKGIRO_SCHEME = "BGNR"

Item = IncomingPayment | OutgoingDebit


class Money(NamedTuple):
    """The amount of a payment as stated, or nothing; `is_credit` falls back to the entry's."""

    amount_ore: int | None
    currency: str
    is_credit: bool


class Remittance(NamedTuple):
    """What a payment is for; `remitted_ore` sums the amounts per reference, where any is given."""

    references: Sequence[Reference] = ()
    remitted_ore: int | None = None
    is_readable: bool = True
    """No amount per reference is something else than kronor and öre."""
    too_many: bool = False


class Keys:
    """Makes the key of each payment of an entry: the bank's own reference where that tells it from
    the entry and from the payments before, else the reference or the entry's key and the position.
    """

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._position = 0
        self._recent: set[str] = set()
        self._older: set[str] = set()

    def next(self, bank_reference: str | None) -> str:
        """Give the key of the next payment of the entry."""
        self._position += 1
        recent = self._recent
        if bank_reference is None or bank_reference == self.entry.bank_reference:
            return f"{self.entry.key}/{self._position}"
        if bank_reference in recent or bank_reference in self._older:
            return f"{bank_reference}/{self._position}"
        recent.add(bank_reference)
        if len(recent) == REMEMBERED_REFERENCES:
            self._older, self._recent = recent, set()
        return bank_reference


def read_money(element: Any, entry: Entry, names: Any) -> Money:
    """Find the amount of a payment: `Amt`, else `AmtDtls/TxAmt/Amt`, else none of its own.

    What `read_transaction` refuses is refused here too: the second pass finds nothing new.
    """
    return _money(children_before(element, names.once_in_transaction), entry, names)


def _money(found: dict[str, Any], entry: Entry, names: Any) -> Money:
    stated = found.get(names.Amt)
    if stated is None and names.AmtDtls in found:
        for child in found[names.AmtDtls]:
            if child.tag == names.TxAmt:
                for amount in child:
                    if amount.tag == names.Amt:
                        if stated is not None:
                            raise broken_at(amount, "AmtDtls has the Amt of TxAmt twice")
                        stated = amount
    sign = found.get(names.CdtDbtInd)
    credit = entry.is_credit if sign is None else is_credit(sign)
    if stated is None:
        return Money(None, entry.currency, credit)
    return Money(*amount_of(stated), credit)


def read_transaction(element: Any, entry: Entry, names: Any, keys: Keys) -> tuple[Money, Item]:
    """Read how much, who, what for and by which ids of one `TxDtls`, in one walk.

    Unknown elements are passed over.
    """
    found = children_before(element, names.once_in_transaction)
    refs, parties = found.get(names.Refs), found.get(names.RltdPties)
    remittance, returned = found.get(names.RmtInf), found.get(names.RtrInf)
    money = _money(found, entry, names)
    if not money.is_credit:
        return money, _debit(
            element, entry, money, keys, refs, parties, returned is not None, names
        )
    bank_reference, end_to_end_id = (None, None) if refs is None else _ids(refs, names)
    payer_name, payer_account, payee = _NOBODY if parties is None else _parties(parties, names)
    said = _NOTHING if remittance is None else _read_remittance(remittance, names)
    amount_ore = entry.amount_ore if money.amount_ore is None else money.amount_ore
    references = said.references
    split_held = not said.is_readable or said.remitted_ore not in (None, amount_ore)
    if split_held:
        references = _without_amounts(references)
    return money, IncomingPayment(
        keys.next(bank_reference),
        payee or entry.payee_bankgiro,
        entry.account,
        entry.booked_on,
        entry.paid_on,
        amount_ore,
        money.currency,
        tuple(references),
        payer_name,
        payer_account,
        end_to_end_id,
        bank_reference or entry.bank_reference,
        _hold(entry, money, amount_ore, returned is not None, said.too_many),
        split_held,
        element.sourceline or 0,
        entry.ref,
    )


def _debit(
    element: Any,
    entry: Entry,
    money: Money,
    keys: Keys,
    refs: Any,
    parties: Any,
    is_return: bool,
    names: Any,
) -> OutgoingDebit:
    bank_reference = end_to_end_id = name = account = None
    ids: dict[str, str | None] = {}
    if refs is not None:
        bank_reference, end_to_end_id = _ids(refs, names)
        ids = {child.tag: text_of(child) for child in refs}
    for party in () if parties is None else parties:
        if party.tag == names.Cdtr:
            name = _name(party, names)
        elif party.tag == names.CdtrAcct:
            account, _ = account_number(party, names)
    amount_ore = entry.amount_ore if money.amount_ore is None else money.amount_ore
    return OutgoingDebit(
        source_key=keys.next(bank_reference),
        account=entry.account,
        booked_on=entry.booked_on,
        paid_on=entry.paid_on,
        amount_ore=amount_ore,
        currency=money.currency,
        message_id=ids.get(names.MsgId),
        payment_group_id=ids.get(names.PmtInfId),
        instruction_id=ids.get(names.InstrId),
        end_to_end_id=end_to_end_id,
        payee_name=name,
        payee_account=account,
        bank_reference=bank_reference or entry.bank_reference,
        held=_hold(entry, money, amount_ore, is_return, False),
        line=element.sourceline or 0,
        entry=entry.ref,
    )


def whole_entry(
    entry: Entry,
    references: Iterable[Reference],
    batch_ids: tuple[str | None, str | None],
    hold: Hold | None,
) -> Item:
    """Make the one item of an entry that stays in one piece, for want of details or by `hold`."""
    money = Money(entry.amount_ore, entry.currency, entry.is_credit)
    held = hold or _hold(entry, money, entry.amount_ore, False, False)
    key = f"{entry.key}/entry" if hold else f"{entry.key}/1"
    if not entry.is_credit:
        return OutgoingDebit(
            source_key=key,
            account=entry.account,
            booked_on=entry.booked_on,
            paid_on=entry.paid_on,
            amount_ore=entry.amount_ore,
            currency=entry.currency,
            message_id=batch_ids[0],
            payment_group_id=batch_ids[1],
            instruction_id=None,
            end_to_end_id=None,
            payee_name=None,
            payee_account=None,
            bank_reference=entry.bank_reference,
            held=held,
            line=entry.line,
            entry=entry.whole_ref,
        )
    return IncomingPayment(
        source_key=key,
        payee_bankgiro=entry.payee_bankgiro,
        account=entry.account,
        booked_on=entry.booked_on,
        paid_on=entry.paid_on,
        amount_ore=entry.amount_ore,
        currency=entry.currency,
        references=tuple(_without_amounts(references)),
        payer_name=None,
        payer_account=None,
        end_to_end_id=None,
        bank_reference=entry.bank_reference,
        held=held,
        split_held=False,
        line=entry.line,
        entry=entry.whole_ref,
    )


def _ids(refs: Any, names: Any) -> tuple[str | None, str | None]:
    """Read the bank's own reference and the end-to-end id."""
    bank_reference = end_to_end_id = None
    for child in refs:
        tag = child.tag
        if tag == names.AcctSvcrRef:
            bank_reference = text_of(child)
        elif tag == names.EndToEndId:
            end_to_end_id = text_of(child)
    return bank_reference, end_to_end_id


def _parties(parties: Any, names: Any) -> tuple[str | None, str | None, str | None]:
    """Read the payer's name and account, and the bankgiro that was paid to."""
    name = account = payee = None
    for party in parties:
        tag = party.tag
        if tag == names.CdtrAcct:
            number, scheme = account_number(party, names)
            if number and scheme == BANKGIRO_SCHEME:
                payee = number.replace("-", "").replace(" ", "").lstrip("0") or None
        elif tag == names.Dbtr:
            name = _name(party, names)
        elif tag == names.DbtrAcct:
            account, _ = account_number(party, names)
    return name, account, payee


def _name(party: Any, names: Any) -> str | None:
    """Read `Nm`, or from version 08 on `Pty/Nm`."""
    for child in party:
        tag = child.tag
        if tag == names.Nm:
            return text_of(child)
        if tag == names.Pty:
            return child_text(child, names.Nm)
    return None


def _read_remittance(remittance: Any, names: Any) -> Remittance:
    references: list[Reference] = []
    remitted_ore: int | None = None
    is_readable = True
    for child in remittance:
        if len(references) > MOST_REFERENCES:
            return Remittance(references[:MOST_REFERENCES], remitted_ore, is_readable, True)
        tag = child.tag
        if tag == names.Strd:
            before = len(references)
            amounts = _read_structured(child, references, names)
            if amounts:
                amount_ore = _sum_of(amounts, names)
                if amount_ore is None or len(references) == before:
                    is_readable = False
                else:
                    references[before] = references[before]._replace(amount_ore=amount_ore)
                if amount_ore is not None:
                    remitted_ore = (remitted_ore or 0) + amount_ore
        elif tag == names.Ustrd and (text := text_of(child)):
            references.append(Reference(ReferenceKind.TEXT, text))
    too_many = len(references) > MOST_REFERENCES
    return Remittance(references[:MOST_REFERENCES], remitted_ore, is_readable, too_many)


def _read_structured(structured: Any, references: list[Reference], names: Any) -> Sequence[Any]:
    """Add the references of one `Strd`, the creditor's first; give the elements of its amount,
    which the first reference takes for all of them."""
    first = len(references)
    amounts: Sequence[Any] = ()
    for child in structured:
        tag = child.tag
        if tag == names.CdtrRefInf:
            if number := child_text(child, names.Ref):
                references.insert(first, Reference(ReferenceKind.OCR, number))
        elif tag == names.RfrdDocAmt:
            amounts = [one for one in child if one.tag in (names.RmtdAmt, names.CdtNoteAmt)]
        elif tag == names.RfrdDocInf and (number := child_text(child, names.Nb)):
            is_credit_note = any(code.text == "CREN" for code in child.iter(names.Cd))
            kind = ReferenceKind.CREDIT_NOTE if is_credit_note else ReferenceKind.DOCUMENT
            references.append(Reference(kind, number))
    return amounts


def _sum_of(amounts: Sequence[Any], names: Any) -> int | None:
    """Add `RmtdAmt` and take off `CdtNoteAmt`; nothing when one of them is not kronor and öre."""
    total_ore = 0
    for one in amounts:
        amount_ore = ore(text_of(one))
        if amount_ore is None or one.get("Ccy") != SEK:
            return None
        total_ore += amount_ore if one.tag == names.RmtdAmt else -amount_ore
    return total_ore


def _without_amounts(references: Iterable[Reference]) -> list[Reference]:
    return [Reference(one.kind, one.value) for one in references]


def _hold(
    entry: Entry, money: Money, amount_ore: int, is_return: bool, too_many: bool
) -> Hold | None:
    if money.currency != SEK:
        return Hold.CURRENCY
    if entry.is_reversal:
        return Hold.REVERSED
    if is_return:
        return Hold.RETURNED
    if money.is_credit is not entry.is_credit:
        return Hold.SIGN
    if amount_ore == 0:
        return Hold.ZERO
    return Hold.REFERENCES if too_many else None


_NOBODY = (None, None, None)
_NOTHING = Remittance()
