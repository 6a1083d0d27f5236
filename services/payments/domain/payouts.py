"""When and how a creditor is paid what has come in for him, and what the bank's answers mean.

An order is a promise only; a payout is paid when the debit stands on our account. A rejected one
makes its money payable again, and waits for a person where the account was at fault.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId, PayoutId
from contracts.payments import PayoutOrdered, PayoutPart, PayoutRejected, PayoutSettled
from law.banking_days import add_banking_days, roll_forward
from services.payments.domain.ledger import Account, Movement, Posting

MOST_CLAIMS = 1_000
"""Claims of one payout, so that its event stays small."""
LATE_AFTER_BANKING_DAYS = 3
"""A payout not debited after so many is shown to a person: R-91's *en bankdag* and two more."""
ACCOUNT_REASONS = frozenset({"AC01", "AC02", "AC03", "AC04", "AC06", "AG01", "RC03", "RC04"})
"""ISO 20022 reasons that lie in the payee's account: the same order would be rejected again."""


class PayoutState(StrEnum):
    """Where a payout stands; the last two are ends."""

    ORDERED = "ordered"
    ACCEPTED = "accepted"
    SETTLED = "settled"
    REJECTED = "rejected"


UNDER_WAY = frozenset({PayoutState.ORDERED, PayoutState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Payout:
    """Money of one creditor on its way to his account."""

    payout_id: PayoutId
    creditor_id: CreditorId
    amount_ore: int
    state: PayoutState
    ordered_on: date
    ended_on: date | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A payout's new state, its line in the ledger, and what is said."""

    payout: Payout
    movements: tuple[Movement, ...] = ()
    says: tuple[Event, ...] = ()


def payout_on(today: date) -> date:
    """The banking day on which money booked today is paid out: the next one."""
    return add_banking_days(today, 1)


def execute_on(today: date) -> date:
    """The day the bank is asked to pay an order of today: today, or the next banking day."""
    return roll_forward(today)


def split(parts: Iterable[PayoutPart]) -> list[tuple[PayoutPart, ...]]:
    """Divide what is payable by claim into payouts of some claims each, every one above zero.

    What must be set off (negative parts) goes into the first, with as many claims as outweigh it.
    Nothing is paid while all of it together is not above zero.
    """
    ordered = sorted(parts, key=lambda part: (part.amount_ore > 0, part.claim_id))
    if sum(part.amount_ore for part in ordered) <= 0:
        return []
    payouts: list[tuple[PayoutPart, ...]] = []
    first, total_ore = 0, 0
    for at, part in enumerate(ordered, 1):
        total_ore += part.amount_ore
        if at - first >= MOST_CLAIMS and total_ore > 0:
            payouts.append(tuple(ordered[first:at]))
            first, total_ore = at, 0
    return [*payouts, tuple(ordered[first:])] if first < len(ordered) else payouts


def order(
    payout_id: PayoutId,
    creditor_id: CreditorId,
    parts: Sequence[PayoutPart],
    *,
    account_masked: str,
    today: date,
) -> Decision:
    """Order a payout: the money leaves what is payable and is in transit."""
    amount_ore = sum(part.amount_ore for part in parts)
    assert amount_ore > 0
    payout = Payout(payout_id, creditor_id, amount_ore, PayoutState.ORDERED, today)
    said = PayoutOrdered(
        payout_id=payout_id,
        creditor_id=creditor_id,
        amount_ore=amount_ore,
        account_masked=account_masked,
        claims=tuple(part for part in parts if part.amount_ore),
        ordered_on=today,
    )
    return Decision(payout, (_transit(payout, "payout_ordered", 1, today),), (said,))


def accept(payout: Payout) -> Decision:
    """Note that the bank took the order; nothing is paid by that."""
    if payout.state is PayoutState.ORDERED:
        return Decision(replace(payout, state=PayoutState.ACCEPTED))
    return Decision(payout)


def reject(payout: Payout, reason: str, *, today: date) -> Decision:
    """Take back an order that the bank will not carry out; not once the debit has been seen."""
    if payout.state not in UNDER_WAY:
        return Decision(payout)
    said = PayoutRejected(
        payout_id=payout.payout_id,
        creditor_id=payout.creditor_id,
        amount_ore=payout.amount_ore,
        reason=reason,
        rejected_on=today,
    )
    ended = replace(payout, state=PayoutState.REJECTED, ended_on=today, reason=reason)
    return Decision(ended, (_transit(payout, "payout_rejected", -1, today),), (said,))


def settle(payout: Payout, amount_ore: int, booked_on: date) -> Decision | str:
    """End a payout by the debit on our account; or say why the debit is not the payout's."""
    if payout.state is PayoutState.SETTLED:
        return "the payout was debited before"
    if payout.state is PayoutState.REJECTED:
        return "the bank had rejected the payout"
    if amount_ore != payout.amount_ore:
        return f"the payout was ordered with {payout.amount_ore} öre"
    said = PayoutSettled(
        payout_id=payout.payout_id,
        creditor_id=payout.creditor_id,
        amount_ore=amount_ore,
        settled_on=booked_on,
    )
    postings = (
        Posting(Account.TRANSIT, payout.payout_id, None, amount_ore, booked_on),
        Posting(Account.BANK_CLIENT, None, None, -amount_ore, booked_on),
    )
    ended = replace(payout, state=PayoutState.SETTLED, ended_on=booked_on)
    return Decision(ended, (Movement("payout_settled", postings, payout.payout_id),), (said,))


def settle_together(
    payouts: Sequence[Payout], amount_ore: int, booked_on: date
) -> Sequence[Decision] | str:
    """End all payouts of an order by one debit of their sum; rejected ones are not in it."""
    under_way = [payout for payout in payouts if payout.state in UNDER_WAY]
    if not under_way:
        return "the payouts of the order were debited before, or rejected"
    total_ore = sum(payout.amount_ore for payout in under_way)
    if amount_ore != total_ore:
        return f"the payouts of the order come to {total_ore} öre"
    return [
        outcome
        for payout in under_way
        if not isinstance(outcome := settle(payout, payout.amount_ore, booked_on), str)
    ]


def is_late(payout: Payout, today: date) -> bool:
    """Whether the debit should have been seen by now."""
    due_on = add_banking_days(payout.ordered_on, LATE_AFTER_BANKING_DAYS)
    return payout.state in UNDER_WAY and today > due_on


def blames_account(reasons: Iterable[str]) -> bool:
    """Whether the bank's reasons lie in the payee's account."""
    return not ACCOUNT_REASONS.isdisjoint(reasons)


def masked(number: str) -> str:
    """An account number as it is shown and said: its last four digits."""
    return "•••" + number[-4:]


def parts_of(rows: Iterable[tuple[ClaimId, int]]) -> list[PayoutPart]:
    """Add up what is payable (claim, öre) by claim; what comes to zero stays, to be set off."""
    sums: dict[ClaimId, int] = {}
    for claim_id, amount_ore in rows:
        sums[claim_id] = sums.get(claim_id, 0) + amount_ore
    return [PayoutPart(claim_id=claim_id, amount_ore=ore) for claim_id, ore in sums.items()]


def _transit(payout: Payout, kind: str, direction: int, today: date) -> Movement:
    """Move money from payable to transit (direction 1), or back (-1)."""
    amount_ore = payout.amount_ore * direction
    postings = (
        Posting(Account.PAYABLE, payout.creditor_id, None, amount_ore, today),
        Posting(Account.TRANSIT, payout.payout_id, None, -amount_ore, today),
    )
    return Movement(kind, postings, payout.payout_id)
