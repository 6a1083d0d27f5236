"""The ledger on paper: one claim, decided upon by the real rules and added up by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from contracts.collections import ClaimDisputed, DisputeSettled
from contracts.dunning import ReminderProposed
from contracts.envelope import Event
from contracts.ids import PaymentId, new_id
from contracts.invoicing import CreditKind, InvoiceCredited, InvoiceIssued
from contracts.terms import ChargeKind, Component
from law.rates import REFERENCE_RATES
from services.payments.domain import changes
from services.payments.domain.charges import decide
from services.payments.domain.draft import Decision
from services.payments.domain.history import NO_HISTORY
from services.payments.domain.ledger import Account, Posting
from services.payments.domain.meeting import Money, followed, is_late, meet, meet_late
from services.payments.domain.opening import open_claim
from services.payments.domain.statement import Part, parts_of
from services.payments.handlers.charges import Proposed, proposal_of
from tests.payments import facts

TODAY = date(2026, 11, 22)


class Paper:
    """One claim with its history and the sums of its accounts."""

    def __init__(self, invoice: InvoiceIssued) -> None:
        self.invoice = invoice
        self.sums: dict[tuple[Any, ...], int] = defaultdict(int)
        self.received_ore = 0
        self.creditor_part_ore = 0
        self.said: list[Event] = []
        self.history = NO_HISTORY
        opened = open_claim(invoice, today=facts.ISSUED)
        self.claim = opened.claim
        self._write(opened)

    def pay(self, amount_ore: int, paid_on: date) -> Decision:
        """Receive money for the claim."""
        money = Money(PaymentId(new_id()), amount_ore, paid_on, paid_on)
        if is_late(self.claim, paid_on):
            rates = REFERENCE_RATES
            decision = meet_late(self.claim, money, self.history, rates=rates, today=TODAY)
        else:
            decision = meet(self.claim, money)
        self.received_ore += amount_ore
        return self._write(
            decision, [Posting(Account.BANK_CLIENT, None, None, amount_ore, paid_on)]
        )

    def propose(self, proposal: Proposed) -> Decision:
        """Hear a proposal."""
        return self._write(decide(self.claim, proposal_of(proposal), self.history, facts.PRICES))

    def credit(self, credit_ore: int, on: date, kind: CreditKind) -> Decision:
        """Hear a credit note."""
        note = facts.credit(self.invoice, credit_ore, credited_on=on, kind=kind)
        return self.hear_credit(note)

    def hear_credit(self, note: InvoiceCredited) -> Decision:
        """Hear a credit note as it is."""
        before, history = self.claim, self.history
        decision = self._write(
            changes.credit(before, note, history, rates=REFERENCE_RATES, today=TODAY)
        )
        booked_ore = self.claim.book.credited_ore - before.book.credited_ore
        counts_on = changes.credit_counts_on(before, note)
        self.history = replace(
            self.history,
            credits=(*self.history.credits, (counts_on, booked_ore)),
        )
        return decision

    def dispute(self, objection: ClaimDisputed) -> Decision:
        """Hear an objection."""
        return self._write(
            changes.dispute(self.claim, objection, self.history, rates=REFERENCE_RATES, today=TODAY)
        )

    def settle_dispute(self, settlement: DisputeSettled) -> Decision:
        """Hear the end of an objection."""
        return self._write(changes.settle_dispute(self.claim, settlement))

    def lose_letter(self, kind: ChargeKind) -> Decision:
        """Hear that a letter never left."""
        return self._write(
            changes.never_delivered(
                self.claim, kind, self.history, rates=REFERENCE_RATES, today=TODAY
            )
        )

    def sent(self, on: date) -> None:
        """Hear that the invoice was sent."""
        self.claim = self.claim.with_book(self.claim.book._replace(sent_on=on))

    def remind(self, as_of: date = facts.REMINDED) -> Decision:
        """Hear the proposal to remind."""
        proposal: ReminderProposed = facts.remind(self.invoice, as_of)
        return self.propose(proposal)

    def parts(self) -> tuple[Part, ...]:
        """How what was paid was used."""
        return parts_of(self.claim, self.history.standing)

    def open(self, component: Component) -> int:
        """What is open of a component."""
        return self.claim.open_ore(component)

    def sum_of(self, account: Account) -> int:
        """The sum of an account, whatever its owners and components."""
        return sum(ore for place, ore in self.sums.items() if place[0] is account)

    def check(self) -> None:
        """Everything that is always true (events.md 5)."""
        book = self.claim.book
        assert sum(self.sums.values()) == 0
        assert min(book.open_ore) >= 0
        assert book.overpaid_ore >= 0
        assert book.paid_ore >= 0
        assert book.interest_posted_ore >= self.open(Component.INTEREST)
        assert not (book.overpaid_ore and book.remaining_ore), "a credit beside a debt"
        assert self.sum_of(Account.BANK_CLIENT) == self.received_ore
        assert -self.sum_of(Account.PENDING) == book.remaining_ore
        assert -self.sum_of(Account.OVERPAID) == book.overpaid_ore
        assert -self.sum_of(Account.PAYABLE) == self.creditor_part_ore
        held_ore = sum(
            self.sum_of(one) for one in (Account.PAYABLE, Account.OPERATOR, Account.OVERPAID)
        )
        assert -held_ore == self.received_ore
        for component in Component:
            booked = self.sums[Account.CLAIM, self.claim.claim_id, component]
            assert booked == self.open(component), component
        assert self.received_ore == book.paid_ore + book.overpaid_ore
        parts = self.parts()
        assert all(part.charged_ore == part.paid_ore + part.left_ore for part in parts)
        assert min(min(part) for part in (each[1:] for each in parts)) >= 0, parts
        assert sum(part.paid_ore for part in parts) == book.paid_ore
        assert sum(part.left_ore for part in parts) == book.remaining_ore

    def _write(self, decision: Decision, beside: Sequence[Posting] = ()) -> Decision:
        lines = [*beside, *decision.postings]
        assert sum(line.amount_ore for line in lines) == 0
        for line in lines:
            self.sums[line.account, line.owner, line.component] += line.amount_ore
        self.creditor_part_ore += sum(one.creditor_part_ore for one in decision.allocations)
        self.history = followed(self.history, decision)
        self.claim = decision.claim
        self.said += decision.says
        return decision
