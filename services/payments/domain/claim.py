"""A claim (*fordran*): what one debtor owes on one invoice, and the book kept of it.

`Claim` holds the terms, which never change, and its `Book`, which every posting changes. Both are
plain tuples, for a booking batch makes thousands of them. Always:
the open components are never negative; the debtor has a credit (`overpaid_ore`) only when nothing
is open; `interest_posted_ore` is what was posted of interest, paid or not, less what was
taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from contracts.ids import ClaimId, CreditorId
from contracts.terms import (
    BENEFICIARIES,
    Beneficiary,
    Component,
    ComponentAmount,
    DebtorKind,
    InterestTerms,
)

COMPONENTS: tuple[Component, ...] = tuple(Component)
"""The order of a book's open components, and of the columns that hold them."""
PLACE: Mapping[Component, int] = {component: at for at, component in enumerate(COMPONENTS)}
CREDITORS = tuple(BENEFICIARIES[component] is Beneficiary.CREDITOR for component in COMPONENTS)
"""Which places of a book are the creditor's."""
NOTHING_OPEN = (0,) * len(COMPONENTS)


class Book(NamedTuple):
    """What changes of a claim. `open_ore` has a place per component; amounts in öre."""

    open_ore: tuple[int, ...]
    credited_ore: int = 0
    paid_ore: int = 0
    overpaid_ore: int = 0
    interest_posted_ore: int = 0
    charged_on: date | None = None
    """The day of the last charge, even if it was taken back since."""
    in_case: bool = False
    """A demand was charged: payments meet costs first (law-and-fees 5)."""
    disputes: int = 0
    on_hold: bool = False
    """The debtor was found right: nothing more is charged, whatever the creditor does."""
    sent_on: date | None = None

    @property
    def remaining_ore(self) -> int:
        """All that is open; zero means settled."""
        return sum(self.open_ore)


class Claim(NamedTuple):
    """The terms of a claim, as its invoice stated them, and its book."""

    claim_id: ClaimId
    creditor_id: CreditorId
    ocr: str
    debtor: DebtorKind
    total_ore: int
    issued_on: date
    due_on: date
    arose_on: date
    due_date_agreed: bool
    reminder_fee_agreed: bool
    interest: InterestTerms
    book: Book

    def with_book(self, book: Book) -> Claim:
        """The same claim with another book, which is its last field."""
        return Claim(*self[:-1], book)

    def open_ore(self, component: Component) -> int:
        """What is open of one component."""
        return self.book.open_ore[PLACE[component]]

    @property
    def creditors_ore(self) -> int:
        """What of all that is open will be the creditor's once it is paid (events.md 4)."""
        return sum(ore for ore, own in zip(self.book.open_ore, CREDITORS, strict=True) if own)

    @property
    def is_settled(self) -> bool:
        """Whether all posted components are zero."""
        return not any(self.book.open_ore)

    @property
    def is_credited(self) -> bool:
        """Whether credit notes have taken the whole invoice back."""
        return self.book.credited_ore >= self.total_ore

    @property
    def open_components(self) -> tuple[ComponentAmount, ...]:
        """The open components as contracts say them."""
        return tuple(
            ComponentAmount(component=component, amount_ore=ore)
            for component, ore in zip(COMPONENTS, self.book.open_ore, strict=True)
            if ore
        )
