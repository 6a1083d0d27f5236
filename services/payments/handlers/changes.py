"""What is heard about claims beside money: credit notes, disputes, and what became of letters."""

from collections.abc import Sequence

from contracts.collections import ClaimDisputed, DisputeSettled
from contracts.invoicing import InvoiceCredited
from contracts.notifications import DeliveryAccepted, DeliveryFailed, Letter
from contracts.terms import ChargeKind
from plumbing.transaction import Transaction
from services.payments.domain import changes
from services.payments.handlers.carrying import carry_out
from services.payments.handlers.hearing import locked, locked_with_histories
from services.payments.handlers.rates import in_force
from services.payments.store import charges, claims

CHARGED_LETTERS = {Letter.REMINDER: ChargeKind.REMINDER, Letter.DEMAND: ChargeKind.DEMAND}


async def credit_claims(tx: Transaction, notes: Sequence[InvoiceCredited]) -> None:
    """Lower claims by credit notes."""
    heard = await locked_with_histories(tx, notes)
    rates = await in_force(tx)
    decisions, kept = [], []
    for note, claim, history in heard:
        decision = changes.credit(claim, note, history, rates=rates, today=tx.today)
        booked_ore = decision.claim.book.credited_ore - claim.book.credited_ore
        decisions.append(decision)
        kept.append((note, booked_ore, changes.credit_counts_on(claim, note)))
    await claims.add_credits(tx, kept)
    await carry_out(tx, "credited", decisions)


async def hold_disputed(tx: Transaction, objections: Sequence[ClaimDisputed]) -> None:
    """Hold claims that their debtors dispute."""
    heard = await locked_with_histories(tx, objections)
    rates = await in_force(tx)
    await claims.add_disputes(tx, [objection for objection, *_ in heard])
    decisions = [
        changes.dispute(claim, objection, history, rates=rates, today=tx.today)
        for objection, claim, history in heard
    ]
    await carry_out(tx, "disputed", decisions)


async def settle_disputes(tx: Transaction, settlements: Sequence[DisputeSettled]) -> None:
    """End holds."""
    heard = await locked(tx, settlements)
    await claims.settle_disputes(tx, [settlement for settlement, _ in heard])
    decisions = [changes.settle_dispute(claim, settlement) for settlement, claim in heard]
    await carry_out(tx, "dispute settled", decisions)


async def follow_sent(tx: Transaction, deliveries: Sequence[DeliveryAccepted]) -> None:
    """Keep when invoices and charged letters were sent; an invoice may precede its claim."""
    invoices = [one for one in deliveries if one.letter is Letter.INVOICE]
    known = await claims.mark_sent(tx, [(one.claim_id, one.sent_on) for one in invoices])
    await claims.wait(tx, [one for one in invoices if one.claim_id not in known])
    sent = [
        (one.claim_id, CHARGED_LETTERS[one.letter], one.ordinal, one.sent_on)
        for one in deliveries
        if one.letter in CHARGED_LETTERS
    ]
    await charges.mark_sent(tx, sent)


async def reverse_undelivered(tx: Transaction, failures: Sequence[DeliveryFailed]) -> None:
    """Take back what was charged for letters that never left."""
    charged = [one for one in failures if one.letter in CHARGED_LETTERS]
    if not charged:
        return
    heard = await locked_with_histories(tx, charged)
    rates = await in_force(tx)
    decisions = [
        changes.never_delivered(
            claim,
            CHARGED_LETTERS[failure.letter],
            history,
            rates=rates,
            today=tx.today,
        )
        for failure, claim, history in heard
    ]
    await carry_out(tx, "reversed", decisions)
