"""Money received meets what is owed: one batch of payments, one transaction.

A payment matched in the batch that books it never touches suspense. What finds no claim waits
there; it is looked for once more while no claim can open, so that money and claim cannot miss each
other. Within a batch the value date decides which payment meets a claim first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from contracts.payments import PaymentUnmatched, UnmatchedReason
from law.rates import REFERENCE_RATES, ReferenceRates
from plumbing.transaction import Transaction
from services.payments.domain.claim import Claim
from services.payments.domain.draft import Decision
from services.payments.domain.history import History
from services.payments.domain.incoming import IncomingPayment
from services.payments.domain.ledger import Account, Posting
from services.payments.domain.matching import is_on_ledger, keys, references_to_say, shares
from services.payments.domain.meeting import Money, followed, is_late, meet, meet_late
from services.payments.handlers.carrying import carry_out
from services.payments.handlers.rates import in_force
from services.payments.store import charges, claims, money
from services.payments.store.money import Received


@dataclass(frozen=True, slots=True)
class BookingResult:
    """What became of a batch: payments booked now, known before, and what the new ones met."""

    booked: int
    duplicates: int
    matched: int
    unmatched: int
    held: int
    booked_ore: int

    def but(self, held: "BookingResult") -> "BookingResult":
        """The same with some of the duplicates held after all."""
        return replace(
            self,
            booked=self.booked + held.booked,
            duplicates=self.duplicates - held.booked,
            held=self.held + held.held,
        )


@dataclass
class Desk:
    """A batch of money on its way to claims that are locked."""

    today: date
    claims: dict[str, Claim]
    """By OCR, as they stand after the decisions so far."""
    late: dict[UUID, History] = field(default_factory=dict)
    """Histories of the claims for which some payment may be late (`meeting`)."""
    rates: ReferenceRates = REFERENCE_RATES
    decisions: list[Decision] = field(default_factory=list)
    met: list[Received] = field(default_factory=list)
    waiting: list[tuple[Received, UnmatchedReason]] = field(default_factory=list)

    def place(self, received: Received) -> None:
        """Let a payment meet the claims it names, or wait."""
        payment = received.payment
        split = shares(payment, self.claims)
        if isinstance(split, UnmatchedReason):
            self.waiting.append((received, split))
            return
        for share in split:
            self.meet(share.claim, received, share.amount_ore)
        self.met.append(received)

    def meet(self, claim: Claim, received: Received, amount_ore: int) -> None:
        """Let what a payment has for one claim meet it."""
        payment = received.payment
        part = Money(received.payment_id, amount_ore, payment.paid_on, payment.booked_on)
        if (history := self.late.get(claim.claim_id)) is None:
            decision = meet(claim, part)
        else:
            decision = meet_late(claim, part, history, rates=self.rates, today=self.today)
            self.late[claim.claim_id] = followed(history, decision)
        self.decisions.append(decision)
        self.claims[claim.ocr] = decision.claim


async def book(
    tx: Transaction, payments: Sequence[IncomingPayment], *, file_id: UUID
) -> BookingResult:
    """Book payments once each by `source_key`, match and allocate them; held ones wait."""
    fresh = await money.insert_new(tx, payments, file_id)
    desk = await _placed(tx, fresh)
    # Also of several claims that a payment names, one may be about to open.
    if open_to_claims := [one for one, _ in desk.waiting if one.payment.held is None]:
        await money.hold_openings(tx)
        again = await _placed(tx, open_to_claims)
        if again.met:
            desk = await _placed(tx, fresh)
    await _leave_waiting(tx, desk)
    on_ledger = [one.payment for one in fresh if is_on_ledger(one.payment)]
    beside = [
        *(Posting(Account.BANK_CLIENT, None, None, p.amount_ore, p.paid_on) for p in on_ledger),
        *(
            Posting(Account.SUSPENSE, None, None, -one.payment.amount_ore, one.payment.paid_on)
            for one, _ in desk.waiting
            if one.on_ledger
        ),
    ]
    await carry_out(tx, "received", desk.decisions, beside=beside, source=file_id)
    held = sum(reason is UnmatchedReason.HELD for _, reason in desk.waiting)
    return BookingResult(
        booked=len(fresh),
        duplicates=len(payments) - len(fresh),
        matched=len(desk.met),
        unmatched=len(desk.waiting) - held,
        held=held,
        booked_ore=sum(payment.amount_ore for payment in on_ledger),
    )


async def match_waiting(tx: Transaction, references: Sequence[str]) -> None:
    """Let money that waits for these references meet the claims that now have them."""
    waiting = await money.lock_waiting_for(tx, references)
    if waiting:
        desk = await _placed(tx, waiting)
        await _leave_suspense(tx, desk)


async def allocate(tx: Transaction, received: Received, claim: Claim) -> None:
    """Let a waiting payment meet the claim that a person has named; both are locked."""
    desk = await _desk(tx, [claim], [received])
    desk.meet(claim, received, received.payment.amount_ore)
    desk.met.append(received)
    await _leave_suspense(tx, desk)


async def _placed(tx: Transaction, received: Sequence[Received]) -> Desk:
    wanted = [key for one in received if one.payment.held is None for key in keys(one.payment)]
    found = await claims.lock_by_reference(tx, wanted) if wanted else []
    desk = await _desk(tx, found, received)
    for one in sorted(received, key=lambda one: one.payment.paid_on):
        desk.place(one)
    return desk


async def _desk(tx: Transaction, found: Sequence[Claim], received: Iterable[Received]) -> Desk:
    desk = Desk(tx.today, {claim.ocr: claim for claim in found})
    first = min((one.payment.paid_on for one in received), default=tx.today)
    late = [claim for claim in found if is_late(claim, first)]
    if late:
        desk.late = await charges.histories(tx, late)
        desk.rates = await in_force(tx)
    return desk


async def _leave_waiting(tx: Transaction, desk: Desk) -> None:
    if not desk.waiting:
        return
    rows = [
        (one, reason, [] if one.payment.held else keys(one.payment)) for one, reason in desk.waiting
    ]
    await money.leave_waiting(tx, rows)
    tx.say(
        PaymentUnmatched(
            payment_id=one.payment_id,
            amount_ore=one.payment.amount_ore,
            references=references_to_say(one.payment),
            paid_on=one.payment.paid_on,
            reason=reason,
        )
        for one, reason in desk.waiting
    )


async def _leave_suspense(tx: Transaction, desk: Desk) -> None:
    """Book what was met by money that waited; the rest goes on waiting."""
    beside = [
        Posting(Account.SUSPENSE, None, None, one.payment.amount_ore, one.payment.paid_on)
        for one in desk.met
    ]
    await money.end_waiting(tx, [one.payment_id for one in desk.met])
    await carry_out(tx, "allocated", desk.decisions, beside=beside)
