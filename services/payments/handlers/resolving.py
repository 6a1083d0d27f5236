"""What a person decides of money that is held, and of debits that nobody knows.

Nothing here is guessed or done by itself: a bank that corrects itself, takes back what it gave or
pays in other money leaves a task, and whoever does it says why.
"""

from collections.abc import Sequence
from uuid import UUID

from contracts.ids import PaymentId
from plumbing.transaction import Transaction
from services.payments.domain.claim import Claim
from services.payments.domain.incoming import Hold
from services.payments.domain.ledger import Account, Movement, Posting
from services.payments.domain.matching import keys
from services.payments.handlers import booking
from services.payments.store import claims, entries, ledger, money
from services.payments.store import resolutions as store
from services.payments.store.entries import Told
from services.payments.store.money import Received
from services.payments.store.resolutions import UnknownDebit

SEK = "SEK"
BY_HAND = -1
"""Stands for the batch in what is told of an entry by hand."""


class ResolvingError(Exception):
    """A decision that the books do not bear; says why, and `reason` for programs."""

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason


async def take_out(tx: Transaction, received: Received, *, reason: str, by: UUID) -> int:
    """End the waiting of a payment that is none: off the ledger if it stood there.

    Where it was an entry in one piece, the payments that the bank has told of it since are booked;
    returns how many.
    """
    payment = received.payment
    released: Sequence[Received] = ()
    if payment.entry and payment.entry.in_one_piece and received.on_ledger:
        await entries.lock(tx, alone=True)
        await entries.forget_whole(tx, payment.entry.key)
        released = await store.lock_held_of_entry(tx, payment.entry.key)
    await money.end_waiting(tx, [received.payment_id])
    if received.on_ledger:
        await _post(tx, "taken_out", Account.SUSPENSE, received, -1)
    await store.keep(
        tx,
        kind="taken_out",
        amount_ore=payment.amount_ore,
        reason=reason,
        by=by,
        payment_id=received.payment_id,
    )
    if released:
        await _put_on_ledger(tx, released)
    return len(released)


async def book_held(
    tx: Transaction, received: Received, *, amount_ore: int | None, reason: str, by: UUID
) -> None:
    """Put a held payment on the ledger after all; it meets its claim, or waits for one.

    `amount_ore` is what the bank credited in kronor, where the payment was in other money.
    """
    payment = received.payment
    if received.on_ledger:
        raise ResolvingError("on_ledger", "The payment is on the ledger already")
    _told_kronor(amount_ore, payment.currency, "a payment")
    if payment.held is Hold.ENTRY_TWICE and payment.entry:
        await entries.lock(tx, alone=True)
        known = (await entries.known(tx, [payment.entry.key])).get(payment.entry.key)
        other = known and (known.by_payments if payment.entry.in_one_piece else known.in_one_piece)
        if other:
            why = "Its entry is booked otherwise: take that out first"
            raise ResolvingError("entry_booked", why)
    now = payment._replace(amount_ore=amount_ore or payment.amount_ore, currency=SEK)
    await _put_on_ledger(tx, [received._replace(payment=now)])
    await store.keep(
        tx,
        kind="booked",
        amount_ore=now.amount_ore,
        reason=reason,
        by=by,
        payment_id=received.payment_id,
    )


def _told_kronor(amount_ore: int | None, currency: str, of: str) -> None:
    if (amount_ore is None) is not (currency == SEK):
        why = f"Kronor are told for {of} in another currency, and only there"
        raise ResolvingError("currency", why)


async def _put_on_ledger(tx: Transaction, held: Sequence[Received]) -> None:
    """Book held payments as money that waits, and let it meet the claims it names."""
    await money.hold_openings(tx)
    booked = [Received(one.payment_id, one.payment._replace(held=None), True) for one in held]
    await store.put_on_ledger(tx, booked)
    for one in booked:
        await _post(tx, "received", Account.SUSPENSE, one, 1)
    sums: dict[tuple[str, bool, str | None], int] = {}
    for one in booked:
        if entry := one.payment.entry:
            place = (entry.key, entry.in_one_piece, entry.serial)
            sums[place] = sums.get(place, 0) + one.payment.amount_ore
    file_id = await store.file_of(tx, booked[0].payment_id)
    await entries.keep(tx, file_id, BY_HAND, [Told(*place, ore) for place, ore in sums.items()])
    references = [(key, one.payment_id) for one in booked for key in keys(one.payment)]
    await money.wait_by(tx, references)
    await booking.match_waiting(tx, [key for key, _ in references])


async def _post(
    tx: Transaction, kind: str, account: Account, received: Received, direction: int
) -> None:
    """Book a payment on the bank's account (1), or take it off (-1)."""
    ore, on = received.payment.amount_ore * direction, received.payment.paid_on
    postings = (
        Posting(Account.BANK_CLIENT, None, None, ore, on),
        Posting(account, None, None, -ore, on),
    )
    await ledger.post(tx, [Movement(kind, postings, received.payment_id)])


async def resolve_debit(
    tx: Transaction,
    debit: UnknownDebit,
    *,
    against: Received | None,
    amount_ore: int | None,
    reason: str,
    by: UUID,
) -> None:
    """Book a debit that is no payout: the bank took back a payment that waits, or the operator
    bears it (a fee, a deduction). `amount_ore` as in `book_held`."""
    _told_kronor(amount_ore, debit.currency, "a debit")
    ore = amount_ore or debit.amount_ore
    account = Account.OPERATOR
    payment_id: PaymentId | None = None
    if against is not None:
        if not against.on_ledger or against.payment.amount_ore != ore:
            why = "The payment does not stand on the ledger with that amount"
            raise ResolvingError("amount_differs", why)
        account, payment_id = Account.SUSPENSE, against.payment_id
        await money.end_waiting(tx, [against.payment_id])
    await _book_debit(tx, "debited", debit, Posting(account, None, None, ore, debit.booked_on))
    await store.keep(
        tx,
        kind="debited",
        amount_ore=ore,
        reason=reason,
        by=by,
        payment_id=payment_id,
        debit=debit.source_key,
    )


async def repay(
    tx: Transaction,
    debit: UnknownDebit,
    claim: Claim,
    *,
    amount_ore: int | None,
    reason: str,
    by: UUID,
) -> None:
    """Book a debit that repaid a debtor what was overpaid on a claim; his credit is so much less.

    `amount_ore` as in `book_held`.
    """
    _told_kronor(amount_ore, debit.currency, "a debit")
    ore, book = amount_ore or debit.amount_ore, claim.book
    if book.overpaid_ore < ore:
        why = f"The debtor's credit is {book.overpaid_ore} öre"
        raise ResolvingError("more_than_overpaid", why)
    left = book._replace(overpaid_ore=book.overpaid_ore - ore)
    await claims.save(tx, [(claim.claim_id, book, left)])
    credit = Posting(Account.OVERPAID, claim.claim_id, None, ore, debit.booked_on)
    await _book_debit(tx, "repaid", debit, credit)
    await store.keep(
        tx,
        kind="repaid",
        amount_ore=ore,
        reason=reason,
        by=by,
        claim_id=claim.claim_id,
        debit=debit.source_key,
    )


async def _book_debit(tx: Transaction, kind: str, debit: UnknownDebit, against: Posting) -> None:
    """Take a debit off the bank's account, against what it was; it waits no longer."""
    bank = Posting(Account.BANK_CLIENT, None, None, -against.amount_ore, debit.booked_on)
    await ledger.post(tx, [Movement(kind, (against, bank))])
    await store.resolve_debit(tx, debit.source_key)
