"""The frame of a camt payment: names in the message's own namespace, the header of a statement and
of an entry, and how amounts and days are written. An element that must be there and is not, or is
not what the standard says, breaks the file at its line."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from plumbing.clock import SWEDISH
from services.payments.domain.incoming import CUT, BankFileError, EntryRef

LONGEST_TEXT = 140
"""Longer texts than the standard allows are cut, and end in `CUT`; see `candidates`."""
LONGEST_AMOUNT = 24
"""Characters; zeros at either end do not count among the digits."""
MOST_HUNDREDTHS = 10**18 - 1
"""ISO 20022 allows 18 digits; more would not fit the ledger either."""
YEARS = range(1990, 2100)
"""A booking outside of them is a slip of somebody's, and would upset every rule about days."""
SEK = "SEK"
BOOKED = "BOOK"
_ONCE_IN_ENTRY = (
    *("NtryRef", "Amt", "CdtDbtInd", "RvslInd", "Sts"),
    *("BookgDt", "ValDt", "AcctSvcrRef"),
)
_ONCE_IN_TRANSACTION = ("Refs", "Amt", "CdtDbtInd", "AmtDtls", "RltdPties", "RmtInf", "RtrInf")
"""What is read; where it stands twice it says two things."""


class Names:
    """The element names that are read, written out in one namespace; made once per message."""

    def __init__(self, namespace: str, message: str) -> None:
        self.message = message
        self._space = f"{{{namespace}}}"
        is_statement = message.startswith("camt.053")
        self.body = self("BkToCstmrStmt" if is_statement else "BkToCstmrDbtCdtNtfctn")
        self.statement = self("Stmt" if is_statement else "Ntfctn")
        self.entry = self("Ntry")
        self.details = self("NtryDtls")
        self.transaction = self("TxDtls")
        self.once_in_entry = frozenset(map(self, _ONCE_IN_ENTRY))
        self.once_in_transaction = frozenset(map(self, _ONCE_IN_TRANSACTION))

    def __call__(self, name: str) -> str:
        return self._space + name

    def __getattr__(self, name: str) -> str:
        """Write a name out the first time it is asked for."""
        tag = self(name)
        setattr(self, name, tag)
        return tag


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the entries of a statement."""

    id: str
    account: str
    currency: str | None
    electronic_number: str | None
    legal_number: str | None
    year: int | None
    page: str
    """What tells the entries of a page from those of the first one: empty there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands before the payments of an entry; `number` counts from 0 in the file."""

    number: int
    line: int
    account: str
    amount_ore: int
    currency: str
    is_credit: bool
    is_booked: bool
    is_reversal: bool
    booked_on: date
    paid_on: date
    bank_reference: str | None
    key: str
    """Where the keys of its payments begin when they have no reference of their own."""
    payee_bankgiro: str | None
    ref: EntryRef
    whole_ref: EntryRef
    """The same, for the item that is the entry in one piece."""


def broken_at(element: Any, reason: str) -> BankFileError:
    """Make the refusal of a file at an element."""
    return BankFileError(element.sourceline or 0, reason)


def text_of(element: Any) -> str | None:
    """Give an element's text in one line without outer blanks, or nothing when it is blank.

    What holds elements is no text: only a part of it would be read.
    """
    text: str | None = element.text
    if text is None or len(element):
        return None
    if text.isalnum() and len(text) <= LONGEST_TEXT:
        return text
    line = " ".join(text.split())
    return (line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + CUT) or None


def child_text(parent: Any, tag: str) -> str | None:
    """Give the text of the first child of this name."""
    for child in parent:
        if child.tag == tag:
            return text_of(child)
    return None


def children_before(parent: Any, once: frozenset[str], end: str | None = None) -> dict[str, Any]:
    """Give the children of these names by name; twice the same breaks the file.

    `end` names a child behind which none of them stands, and where there is no need to look on.
    """
    found: dict[str, Any] = {}
    for child in parent:
        tag = child.tag
        if tag in once:
            if tag in found:
                raise broken_at(child, f"{local(parent.tag)} has {local(tag)} twice")
            found[tag] = child
        elif tag == end:
            break
    return found


def required_text(parent: Any, tag: str) -> str:
    """Give the text of a child that the standard requires."""
    text = child_text(parent, tag)
    if text is None:
        raise broken_at(parent, f"{local(parent.tag)} has no {local(tag)}")
    return text


def local(tag: str) -> str:
    """Give an element's name without its namespace."""
    return tag.rpartition("}")[2]


def ore(text: str | None) -> int | None:
    """Make hundredths of a written amount (`91838`, `8625.000`); nothing when it is not one.

    Digits and one point only, not negative, at most two decimals and 18 digits that count.
    """
    if not text or len(text) > LONGEST_AMOUNT:
        return None
    if text[-3:-2] == ".":
        digits, scale = text[:-3] + text[-2:], 1
    else:
        whole, _, decimals = text.partition(".")
        if len(decimals) > 2:
            if decimals[2:].strip("0"):
                return None
            decimals = decimals[:2]
        digits, scale = whole + decimals, (100, 10, 1)[len(decimals)]
    if not (digits.isdigit() and digits.isascii()):
        return None
    hundredths = int(digits) * scale
    return hundredths if hundredths <= MOST_HUNDREDTHS else None


def amount_of(element: Any) -> tuple[int, str]:
    """Read an amount and its currency; anything else breaks the file."""
    text: str | None = None if len(element) else element.text
    amount = ore(text)
    if amount is None and (amount := ore(text_of(element))) is None:
        shown = (text_of(element) or "nothing")[:LONGEST_AMOUNT]
        raise broken_at(
            element,
            f"{local(element.tag)} is not an amount with two decimals and 18 digits: {shown}",
        )
    currency: str | None = element.get("Ccy")
    if currency == SEK:
        return amount, SEK
    if currency is None or not re.fullmatch(r"[A-Z]{3}", currency):
        raise broken_at(element, f"{local(element.tag)} has no currency")
    return amount, currency


def is_credit(element: Any) -> bool:
    """Read a CRDT or DBIT mark."""
    mark = text_of(element)
    if mark not in ("CRDT", "DBIT"):
        raise broken_at(element, "CdtDbtInd is neither CRDT nor DBIT")
    return mark == "CRDT"


def account_number(account: Any, names: Any) -> tuple[str | None, str | None]:
    """Read the number of an account, and its proprietary scheme (`BGNR`) when it has one."""
    for choice in account:
        if choice.tag != names.Id:
            continue
        for kind in choice:
            if kind.tag != names.Othr:
                return (text_of(kind), None) if kind.tag == names.IBAN else (None, None)
            number = scheme = None
            for child in kind:
                tag = child.tag
                if tag == names.Id:
                    number = text_of(child)
                elif tag == names.SchmeNm:
                    scheme = child_text(child, names.Prtry)
            return number, scheme
        break
    return None, None


def read_header(statement: Any, names: Any) -> Header:
    """Read what identifies a statement; its account is required."""
    account = statement.find(names.Acct)
    if account is None:
        raise broken_at(statement, f"{local(statement.tag)} has no Acct")
    number, _ = account_number(account, names)
    if number is None:
        raise broken_at(account, "Acct has no Id")
    return Header(
        id=required_text(statement, names.Id),
        account=number,
        currency=child_text(account, names.Ccy),
        electronic_number=child_text(statement, names.ElctrncSeqNb),
        legal_number=child_text(statement, names.LglSeqNb),
        year=_year(child_text(statement, names.CreDtTm)),
        page=page_of(statement.find(names.StmtPgntn), names),
    )


def page_of(pagination: Any, names: Any) -> str:
    """Tell a later page of a message or statement from its first: pages may share their ids."""
    number = None if pagination is None else child_text(pagination, names.PgNb)
    return "" if number is None or number.lstrip("0") == "1" else f" {number}"


def _year(made_at: str | None) -> int | None:
    match = re.match(r"[0-9]{4}(?=-)", made_at or "", re.ASCII)
    return int(match.group()) if match else None


def close_head(element: Any, names: Any) -> None:
    """Refuse an entry that goes on after its payments with what had to stand before them."""
    late: list[Any] = []
    for child in element.iterchildren(reversed=True):
        if child.tag == names.details:
            for one in late:
                raise broken_at(one, f"{local(one.tag)} stands after NtryDtls")
            return
        if child.tag in names.once_in_entry:
            late.append(child)


def read_entry(element: Any, number: int, header: Header, message_id: str, names: Any) -> Entry:
    """Read what stands before the payments of an entry; `message_id` with its page."""
    found = children_before(element, names.once_in_entry, names.details)
    for tag in (names.Amt, names.CdtDbtInd, names.Sts):
        if tag not in found:
            raise broken_at(element, f"Ntry has no {local(tag)} before its details")
    amount_ore, currency = amount_of(found[names.Amt])
    status = found[names.Sts]
    is_booked = (child_text(status, names.Cd) or text_of(status)) == BOOKED
    booked_on, paid_on = _days(found, element, names, is_booked)
    reversal = found.get(names.RvslInd)
    bank_reference = _optional(found, names.AcctSvcrRef)
    payee_bankgiro, serial = _deposit_in(_optional(found, names.NtryRef), booked_on.year)
    key = bank_reference or f"{message_id}:{header.id}{header.page}:{number}"
    ref = EntryRef(key, serial, amount_ore)
    return Entry(
        number=number,
        line=element.sourceline or 0,
        account=header.account,
        amount_ore=amount_ore,
        currency=currency,
        is_credit=is_credit(found[names.CdtDbtInd]),
        is_booked=is_booked,
        is_reversal=reversal is not None and text_of(reversal) in ("true", "1"),
        booked_on=booked_on,
        paid_on=paid_on,
        bank_reference=bank_reference,
        key=key,
        payee_bankgiro=payee_bankgiro,
        ref=ref,
        whole_ref=ref._replace(in_one_piece=True),
    )


def _optional(found: dict[str, Any], tag: str) -> str | None:
    return text_of(found[tag]) if tag in found else None


def _deposit_in(entry_reference: str | None, year: int) -> tuple[str | None, str | None]:
    """Read payee and deposit of `BG12345678 00294-0251222`; serials begin anew each year."""
    match = re.match(
        r"BG0*([1-9][0-9]{6,7})(?![0-9])(?: +([0-9]{5})(?![0-9]))?", entry_reference or "", re.ASCII
    )
    if match is None:
        return None, None
    payee, serial = match.groups()
    return payee, f"{payee} {year} {serial}" if serial else None


def _days(found: dict[str, Any], entry: Any, names: Any, is_booked: bool) -> tuple[date, date]:
    """Read booking day and value day; one stands in for the other, a booked entry has one."""
    booked_on = _day(found.get(names.BookgDt), names)
    paid_on = _day(found.get(names.ValDt), names)
    either = booked_on or paid_on
    if either is None:
        if is_booked:
            raise broken_at(entry, "a booked Ntry has neither BookgDt nor ValDt")
        either = date.min
    return booked_on or either, paid_on or either


def _day(choice: Any, names: Any) -> date | None:
    """Read `Dt`: the day as the bank wrote it; or `DtTm`: the day it was in Sweden."""
    if choice is None:
        return None
    text = child_text(choice, names.Dt) or child_text(choice, names.DtTm) or ""
    match = re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?=$|T|Z|[+-][0-9])", text, re.ASCII)
    try:
        day = date.fromisoformat(match.group() if match else "")
        if day.year in YEARS and text[10:11] == "T":
            day = _swedish_day(text, day)
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise broken_at(choice, f"{local(choice.tag)} is not a day of our time")
    return day


def _swedish_day(text: str, written: date) -> date:
    """Give the day of an instant; without an offset, or at 24:00, it is the day written."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return written
    return written if instant.tzinfo is None else instant.astimezone(SWEDISH).date()
