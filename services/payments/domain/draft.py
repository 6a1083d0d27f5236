"""How a decision writes in a claim's book: verbs whose lines sum to zero, so no öre can be lost.

Only money's own side (the bank account or suspense) is posted by the caller of `receive`. A draft
goes forward only; what a late fact moves back is worked out by `reckoning`.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId, PaymentId
from contracts.terms import Component, ComponentAmount
from law.allocation import ORDER_OF_ALLOCATION, Stage
from services.payments.domain.claim import CREDITORS, PLACE, Book, Claim
from services.payments.domain.history import Charge
from services.payments.domain.ledger import Account, Posting

_ORDERS = {
    in_case: tuple((PLACE[c], c) for c in ORDER_OF_ALLOCATION[stage])
    for in_case, stage in ((False, Stage.INVOICE), (True, Stage.CASE))
}


class Allocation(NamedTuple):
    """Money that met a claim, or (without payment) money of it that moved; a row of the table.

    `creditor_part_ore` becomes payable to the creditor; negative where it is taken back and set
    off. `capital_ore` lowers the capital from the day after `paid_on`.
    """

    payment_id: PaymentId | None
    claim_id: ClaimId
    creditor_id: CreditorId
    amount_ore: int
    creditor_part_ore: int
    capital_ore: int
    overpaid_ore: int
    paid_on: date
    booked_on: date


class Decision(NamedTuple):
    """What a rule decided of one claim: new state, lines, money, charges' rows, what is said."""

    claim: Claim
    before: Book
    """The book as it was; a store writes what differs."""
    postings: tuple[Posting, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    charges: tuple[Charge, ...] = ()
    says: tuple[Event, ...] = ()


class Draft:
    """A claim's book while a decision writes in it; local to the decision."""

    def __init__(self, claim: Claim, on: date) -> None:
        book = claim.book
        self.claim = claim
        self.on = on
        """Value date of what is written."""
        self.open = list(book.open_ore)
        self.paid_ore = book.paid_ore
        self.overpaid_ore = book.overpaid_ore
        self.interest_posted_ore = book.interest_posted_ore
        self.charged_on = book.charged_on
        self.in_case = book.in_case
        self.postings: list[Posting] = []

    def owe(self, component: Component, amount_ore: int) -> None:
        """Raise what the debtor owes: a charge."""
        self.open[PLACE[component]] += amount_ore
        self._claim_line(component, amount_ore)

    def receive(self, amount_ore: int) -> tuple[list[ComponentAmount], int, int, int]:
        """Let money meet the open components in order; money's own side is the caller's to post.

        Returns the parts, the creditor's part, the capital's part and what is overpaid, in öre.
        """
        parts: list[ComponentAmount] = []
        creditor_ore = operator_ore = capital_ore = 0
        left_ore = amount_ore
        unpaid = self.open
        claim_id = self.claim.claim_id
        for place, component in _ORDERS[self.in_case]:
            if not left_ore:
                break
            if not (part_ore := min(left_ore, unpaid[place])):
                continue
            unpaid[place] -= part_ore
            left_ore -= part_ore
            parts.append(ComponentAmount(component=component, amount_ore=part_ore))
            self.postings.append(Posting(Account.CLAIM, claim_id, component, -part_ore, self.on))
            if CREDITORS[place]:
                creditor_ore += part_ore
            else:
                operator_ore += part_ore
            if place == 0:
                capital_ore = part_ore
        self._paid(creditor_ore, operator_ore)
        if left_ore:
            self.overpaid_ore += left_ore
            self.postings.append(Posting(Account.OVERPAID, claim_id, None, -left_ore, self.on))
        self.paid_ore += amount_ore - left_ore
        return parts, creditor_ore, capital_ore, left_ore

    @property
    def remaining_ore(self) -> int:
        """All that is open in the draft."""
        return sum(self.open)

    def written(self) -> Claim:
        """The claim as the draft left it."""
        book = self.claim.book
        return self.claim.with_book(
            Book(
                tuple(self.open),
                book.credited_ore,
                self.paid_ore,
                self.overpaid_ore,
                self.interest_posted_ore,
                self.charged_on,
                self.in_case,
                book.disputes,
                book.on_hold,
                book.sent_on,
            )
        )

    def _claim_line(self, component: Component, amount_ore: int) -> None:
        if not amount_ore:
            return
        owner = self.claim.creditor_id if CREDITORS[PLACE[component]] else None
        self.postings += (
            Posting(Account.CLAIM, self.claim.claim_id, component, amount_ore, self.on),
            Posting(Account.PENDING, owner, None, -amount_ore, self.on),
        )

    def _paid(self, creditor_ore: int, operator_ore: int) -> None:
        creditor_id = self.claim.creditor_id
        if creditor_ore:
            self.postings.append(Posting(Account.PENDING, creditor_id, None, creditor_ore, self.on))
            self.postings.append(
                Posting(Account.PAYABLE, creditor_id, None, -creditor_ore, self.on)
            )
        if operator_ore:
            self.postings.append(Posting(Account.PENDING, None, None, operator_ore, self.on))
            self.postings.append(Posting(Account.OPERATOR, None, None, -operator_ore, self.on))
