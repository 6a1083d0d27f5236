"""What a batch of items means beside what is known: whose money it is, which entries of the bank
are booked already in another shape, and what may have come before under another message's id.

A bank may correct a file whose payments contradicted their entry. The entry was booked in one piece
then; its payments are held beside the ledger until a person has taken it out (and the reverse).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from plumbing.transaction import Transaction
from services.payments.domain.incoming import Hold, IncomingPayment, OutgoingDebit, likeness
from services.payments.domain.matching import is_on_ledger
from services.payments.store import entries as store
from services.payments.store.entries import Known, Told


@dataclass(frozen=True, slots=True)
class Ours:
    """The bankgiro numbers and accounts on which money is ours; nothing named: all of them."""

    bankgiros: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()

    def received(self, payment: IncomingPayment) -> bool:
        """Whether a payment was made to us: by its bankgiro, or by the account if it names none."""
        if payment.payee_bankgiro and self.bankgiros:
            return payment.payee_bankgiro in self.bankgiros
        return self.has(payment.account)

    def has(self, account: str) -> bool:
        """Whether an account is ours."""
        return not self.accounts or plain(account) in self.accounts


EVERYTHING = Ours()


def ours(bankgiros: Iterable[str], accounts: Iterable[str]) -> Ours:
    """Make the set of what is ours from numbers as people write them."""
    own = frozenset(plain(one).lstrip("0") for one in bankgiros)
    return Ours(own, frozenset(plain(one) for one in accounts))


def plain(number: str) -> str:
    """A number without the blanks, hyphens and commas that people put in it."""
    return "".join(filter(str.isalnum, number)).upper()


async def judged(
    tx: Transaction, credits: Sequence[IncomingPayment], own: Ours, *, file_id: UUID, start_at: int
) -> list[IncomingPayment]:
    """Hold payments that are not ours, or whose entry is booked otherwise, or that are like one of
    another file and known by nothing else (bank-formats.md 4.3); write what is told."""
    nameless = {one.source_key: likeness(one) for one in credits if one.bank_reference is None}
    in_one_piece = any(one.entry and one.entry.in_one_piece for one in credits)
    await store.lock(tx, alone=in_one_piece or bool(nameless))
    known = await store.known(tx, {one.entry.key for one in credits if one.entry})
    alike = await store.met_elsewhere(tx, nameless.values(), file_id=file_id)
    found = [_judge(one, own, known, nameless.get(one.source_key) in alike) for one in credits]
    await store.keep(tx, file_id, start_at, _told(found))
    await store.keep_likenesses(tx, nameless.values(), file_id=file_id)
    return found


def _judge(
    payment: IncomingPayment, own: Ours, known: dict[str, Known], is_alike: bool
) -> IncomingPayment:
    if not own.received(payment):
        return payment._replace(held=Hold.NOT_OURS)
    if known and payment.entry and (before := known.get(payment.entry.key)):
        otherwise = before.by_payments if payment.entry.in_one_piece else before.in_one_piece
        if otherwise and is_on_ledger(payment):
            return payment._replace(held=Hold.ENTRY_TWICE)
    if is_alike and is_on_ledger(payment):
        return payment._replace(held=Hold.ALIKE)
    return payment


def _told(credits: Iterable[IncomingPayment]) -> list[Told]:
    sums: dict[tuple[str, bool, str | None], int] = {}
    for one in credits:
        if one.entry and is_on_ledger(one):
            place = (one.entry.key, one.entry.in_one_piece, one.entry.serial)
            sums[place] = sums.get(place, 0) + one.amount_ore
    return [Told(*place, ore) for place, ore in sums.items()]


async def unseen(tx: Transaction, debits: Sequence[OutgoingDebit]) -> list[OutgoingDebit]:
    """Leave out debits whose entry has ended payouts already, in another shape."""
    await store.lock(tx, alone=True)
    known = await store.known(tx, {one.entry.key for one in debits if one.entry})
    return [one for one in debits if not _is_explained(one, known)]


def _is_explained(debit: OutgoingDebit, known: dict[str, Known]) -> bool:
    if debit.entry is None or debit.held or debit.entry.key not in known:
        return False
    before = known[debit.entry.key]
    sums = before.by_payments if debit.entry.in_one_piece else before.in_one_piece
    return -debit.entry.amount_ore in sums


async def keep_debits(
    tx: Transaction, debits: Iterable[OutgoingDebit], *, file_id: UUID, start_at: int
) -> None:
    """Write which entries have ended payouts."""
    sums: dict[tuple[str, bool, str | None], int] = {}
    for one in debits:
        if one.entry:
            place = (one.entry.key, one.entry.in_one_piece, one.entry.serial)
            sums[place] = sums.get(place, 0) - one.amount_ore
    await store.keep(tx, file_id, start_at, [Told(*place, ore) for place, ore in sums.items()])
