"""What must add up in a camt file: entries to the stated counts and sums, balances to the entries
between them, payments to their entry. The first two refuse the file; the third keeps the entry in
one piece, for its money is on the account whatever its payments say."""

from dataclasses import dataclass, field
from typing import Any

from services.payments.camt_entry import (
    SEK,
    Entry,
    Header,
    amount_of,
    broken_at,
    child_text,
    is_credit,
    local,
    ore,
)
from services.payments.camt_transaction import Money
from services.payments.domain.incoming import (
    BankFileError,
    Counts,
    Hold,
    Problem,
    Statement,
    Sums,
    Validation,
)

MOST_PROBLEMS = 100
MOST_HELD_ENTRIES = 10_000
MOST_STATEMENTS = 10_000
LARGEST_SUM = 2**63 - 1
"""Hundredths, of whatever currency."""
LARGEST_SUM_ORE = 10**15
"""Of one file: more than Sweden earns in a year, and thousands of such files fit the ledger."""
OPENING, CLOSING = ("OPBD", "PRCD"), ("CLBD",)
"""Booked balances; a statement may open with what the one before closed with (PRCD)."""


@dataclass(slots=True)
class _EntryTotal:
    """The payments of one entry, added up as they come."""

    credits: int = 0
    debits: int = 0
    without_amount: int = 0
    signed_ore: int = 0
    currencies: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Stated:
    """What the `NtryDtls` of an entry state of its payments, where each of them states it."""

    parts: int = 0
    count: int | None = None
    signed_ore: int | None = None
    """Of payments in the entry's own currency; below zero against its sign."""

    def and_of(self, batch: Any, entry: Entry, names: Any) -> "Stated":
        """Add what one more of them states, if it states anything."""
        count = ore = None
        if batch is not None:
            count = _stated_count(batch, names)
            ore = _stated_ore(batch, entry, names)
        if self.parts == 0:
            return Stated(1, count, ore)
        return Stated(self.parts + 1, _sum(self.count, count), _sum(self.signed_ore, ore))


@dataclass(slots=True)
class _StatementTotal:
    """The entries of one statement: all of them by sign, and the booked ones by currency."""

    counted: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    summed_ore: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    booked_ore: dict[str, int] = field(default_factory=dict)


class Controls:
    """Adds up one file during its first pass; of a file only sums and troubles are kept."""

    def __init__(self, names: Any) -> None:
        self._names = names
        self._problems: list[Problem] = []
        self._held: dict[int, Hold] = {}
        self._statements: list[Statement] = []
        self._payments = self._debits = self._entries = self._not_booked = 0
        self._sums_ore = {True: 0, False: 0}
        self._paid_ore = 0
        self._entry = _EntryTotal()
        self._statement = _StatementTotal()

    def count(self, money: Money) -> None:
        """Take in one payment of the entry that is being read."""
        entry = self._entry
        amount_ore, currency, is_credit = money
        if is_credit:
            entry.credits += 1
            entry.signed_ore += amount_ore or 0
        else:
            entry.debits += 1
            entry.signed_ore -= amount_ore or 0
        if amount_ore is None:
            entry.without_amount += 1
        else:
            if currency == SEK:
                self._paid_ore += amount_ore
            if currency not in entry.currencies:
                entry.currencies.add(currency)

    def close_entry(self, entry: Entry, stated: Stated) -> Hold | None:
        """Compare an entry with its payments, and add it to its statement; say why it is held."""
        total, self._entry = self._entry, _EntryTotal()
        statement = self._statement
        self._entries += 1
        statement.counted[entry.is_credit] += 1
        statement.summed_ore[entry.is_credit] += entry.amount_ore
        if statement.summed_ore[entry.is_credit] > LARGEST_SUM:
            raise _too_much(entry)
        if not entry.is_booked:
            self._not_booked += 1
            return None
        signed_ore = entry.amount_ore if entry.is_credit else -entry.amount_ore
        statement.booked_ore[entry.currency] = (
            statement.booked_ore.get(entry.currency, 0) + signed_ore
        )
        if entry.currency == SEK:
            self._sums_ore[entry.is_credit] += entry.amount_ore
        # Also of an entry whose payments nearly cancel out each one may be booked.
        if max(self._paid_ore, *self._sums_ore.values()) > LARGEST_SUM_ORE:
            raise _too_much(entry)
        hold = _contradiction(entry, total, stated)
        if hold:
            self._held[entry.number] = hold
            if len(self._held) > MOST_HELD_ENTRIES:
                raise BankFileError(entry.line, "too many entries contradict their payments")
        if hold or not total.credits + total.debits:
            total.credits, total.debits = int(entry.is_credit), int(not entry.is_credit)
        self._payments += total.credits
        self._debits += total.debits
        return hold

    def close_statement(self, header: Header, element: Any) -> None:
        """Compare a statement with what it says of its entries, and its balances with them."""
        total, self._statement = self._statement, _StatementTotal()
        summary = element.find(self._names.TxsSummry)
        if summary is not None:
            self._compare_summary(summary, total)
        opening, closing = self._compare_balances(element, header, total)
        if len(self._statements) >= MOST_STATEMENTS:
            raise broken_at(element, "the file has too many statements")
        self._statements.append(
            Statement(
                header.id,
                header.account,
                header.currency,
                header.electronic_number,
                header.legal_number,
                opening,
                closing,
                header.year,
            )
        )

    def result(self, message_id: str | None) -> Validation:
        """Give what was found in the file."""
        return Validation(
            format=self._names.message,
            problems=tuple(self._problems),
            message_id=message_id,
            statements=tuple(self._statements),
            counts=Counts(self._payments, self._debits, self._entries, self._not_booked),
            sums=Sums(self._sums_ore[True], self._sums_ore[False]),
            held_entries=self._held,
        )

    def _problem(self, element: Any, reason: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(Problem(element.sourceline or 0, reason))

    def _compare_summary(self, summary: Any, total: _StatementTotal) -> None:
        names = self._names
        for tag, signs in (
            (names.TtlNtries, (True, False)),
            (names.TtlCdtNtries, (True,)),
            (names.TtlDbtNtries, (False,)),
        ):
            stated = summary.find(tag)
            if stated is None:
                continue
            self._compare(stated, names.NbOfNtries, sum(total.counted[sign] for sign in signs), 1)
            self._compare(stated, names.Sum, sum(total.summed_ore[sign] for sign in signs), 100)

    def _compare(self, stated: Any, tag: str, counted: int, unit: int) -> None:
        text = child_text(stated, tag)
        if text is None:
            return
        hundredths = ore(text)
        if hundredths is None or hundredths % (100 // unit):
            raise broken_at(stated, f"{local(tag)} is not a number: {text[:24]}")
        if hundredths * unit != counted * 100:
            found = str(counted) if unit == 1 else kronor(counted)
            self._problem(
                stated, f"{local(stated.tag)} states {local(tag)} {text}, the entries give {found}"
            )

    def _compare_balances(
        self, element: Any, header: Header, total: _StatementTotal
    ) -> tuple[int | None, int | None]:
        """Check that opening balance and booked entries give the closing balance."""
        found: dict[str, tuple[int, str, Any]] = {}
        for balance in element.iterchildren(self._names.Bal):
            code = next((one.text for one in balance.iter(self._names.Cd)), None)
            if code in (*OPENING, *CLOSING) and code not in found:
                found[code] = (*self._balance(balance), balance)
        opening = next((found[code] for code in OPENING if code in found), None)
        closing = next((found[code] for code in CLOSING if code in found), None)
        if opening is None or closing is None:
            return opening and opening[0], closing and closing[0]
        currency = header.currency or opening[1]
        if not opening[1] == closing[1] == currency:
            self._problem(
                closing[2],
                f"the balances are in {opening[1]} and {closing[1]}, the account in {currency}",
            )
            return opening[0], closing[0]
        expected = opening[0] + total.booked_ore.get(currency, 0)
        if expected != closing[0]:
            self._problem(
                closing[2],
                f"the opening balance and the booked entries give {kronor(expected)},"
                f" the closing balance is {kronor(closing[0])} {currency}",
            )
        return opening[0], closing[0]

    def _balance(self, balance: Any) -> tuple[int, str]:
        amount = balance.find(self._names.Amt)
        sign = balance.find(self._names.CdtDbtInd)
        if amount is None or sign is None:
            raise broken_at(balance, "Bal has no Amt or no CdtDbtInd")
        hundredths, currency = amount_of(amount)
        return (hundredths if is_credit(sign) else -hundredths), currency


def _too_much(entry: Entry) -> BankFileError:
    return BankFileError(entry.line, "the entries up to here are more than any account has")


def kronor(hundredths: int) -> str:
    """Write hundredths with their decimal point, for a person to read: `-12.05`."""
    whole, part = divmod(abs(hundredths), 100)
    return f"{'-' if hundredths < 0 else ''}{whole}.{part:02}"


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second


def _stated_count(batch: Any, names: Any) -> int | None:
    count = child_text(batch, names.NbOfTxs)
    if count is None:
        return None
    if not (count.isascii() and count.isdigit() and len(count) <= 15):
        raise broken_at(batch, "NbOfTxs is not a number")
    return int(count)


def _stated_ore(batch: Any, entry: Entry, names: Any) -> int | None:
    total = batch.find(names.TtlAmt)
    if total is None:
        return None
    ore, currency = amount_of(total)
    if currency != entry.currency:
        return None
    sign = batch.find(names.CdtDbtInd)
    return ore if sign is None or is_credit(sign) is entry.is_credit else -ore


def _contradiction(entry: Entry, total: _EntryTotal, stated: Stated) -> Hold | None:
    """Say how the payments of an entry, or what it states of them, contradict it, if they do."""
    counted = total.credits + total.debits
    if stated.count is not None and stated.count != max(counted, 1):
        return Hold.ENTRY_COUNT
    if stated.signed_ore not in (None, entry.amount_ore):
        return Hold.ENTRY_SUM
    if counted == 0 or (counted == 1 and total.without_amount):
        return None
    if total.without_amount:
        return Hold.ENTRY_AMOUNT
    if total.currencies != {entry.currency}:
        return Hold.ENTRY_CURRENCY
    signed_ore = total.signed_ore if entry.is_credit else -total.signed_ore
    return None if signed_ore == entry.amount_ore else Hold.ENTRY_SUM
