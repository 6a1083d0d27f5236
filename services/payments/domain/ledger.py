"""The accounts of the ledger and what may be written in it: movements that sum to zero.

Debits are positive, credits negative, in öre. `Posting` is a plain tuple because a booking batch
makes thousands; `owner` is the claim of `claim`, `overpaid` and `kronofogden`, the creditor of
`pending`, `payable` and `receivable` (None in `pending` is the operator), the payout of `transit`,
and None where the house has one account of the kind.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from contracts.terms import Component


class Account(StrEnum):
    """Kinds of account; with its owner and component a kind is one account."""

    BANK_CLIENT = "bank:client"
    CLAIM = "claim"
    PENDING = "pending"
    SUSPENSE = "suspense"
    OVERPAID = "overpaid"
    PAYABLE = "payable"
    TRANSIT = "transit"
    RECEIVABLE = "receivable"
    KRONOFOGDEN = "kronofogden"
    """Collected there, and not on our account yet."""
    REVENUE = "revenue"
    VAT = "vat"
    OPERATOR = "operator"


class Posting(NamedTuple):
    """One line: öre on one account, debit positive. Lines of zero are left out by `store`."""

    account: Account
    owner: UUID | None
    component: Component | None
    amount_ore: int
    value_on: date


def merged(postings: Iterable[Posting]) -> list[Posting]:
    """One line per account and value date instead of many; what comes to zero is left out."""
    sums: dict[tuple[Account, UUID | None, Component | None, date], int] = {}
    for account, owner, component, amount_ore, value_on in postings:
        place = (account, owner, component, value_on)
        sums[place] = sums.get(place, 0) + amount_ore
    return [Posting(*place[:3], ore, place[3]) for place, ore in sums.items() if ore]


@dataclass(frozen=True, slots=True)
class Movement:
    """One ledger transaction: what happened, its lines, and what it came from (file, payout …)."""

    kind: str
    postings: Sequence[Posting]
    source: UUID | None = None


class UnbalancedError(AssertionError):
    """A movement does not sum to zero: a bug, found before anything is written."""

    def __init__(self, movement: Movement) -> None:
        off_ore = sum(posting[3] for posting in movement.postings)
        super().__init__(f"{movement.kind} is off by {off_ore} öre")
