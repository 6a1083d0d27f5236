"""Kronofogden as the ledger sees it: what it has, what it never awards, and what it collects."""

from collections.abc import Sequence
from uuid import UUID

from contracts.collections import NEVER_FILED, CaseClosed, CaseFiled, CaseWithdrawn, EnforcementPaid
from contracts.terms import ChargeKind
from plumbing.transaction import Transaction
from services.payments.domain import kronofogden
from services.payments.domain.charges import Prices
from services.payments.domain.ledger import Account, Movement, Posting
from services.payments.domain.payouts import payout_on
from services.payments.handlers.carrying import carry_out
from services.payments.handlers.hearing import locked_with_histories
from services.payments.handlers.rates import in_force
from services.payments.store import charges, ledger, money
from services.payments.store import kronofogden as store
from services.payments.store.money import Received


async def keep_filed(tx: Transaction, filings: Sequence[CaseFiled], *, payee_bankgiro: str) -> None:
    """Kronofogden has applications: their costs stand, whatever is objected from now on."""
    heard = await locked_with_histories(tx, filings)
    prices = Prices(await in_force(tx), payee_bankgiro)
    decisions = [kronofogden.filed(claim, history, prices) for _, claim, history in heard]
    await carry_out(tx, "filed", decisions)
    sent = [
        (event.claim_id, ChargeKind.FILING, charge.ordinal, event.filed_on)
        for (event, _, history), decision in zip(heard, decisions, strict=True)
        for charge in (*history.charges, *decision.charges)
        if charge.kind is ChargeKind.FILING and charge.stands
    ]
    await charges.mark_sent(tx, sent)


async def reverse_unfiled(tx: Transaction, withdrawals: Sequence[CaseWithdrawn]) -> None:
    """Take back the costs of applications that were charged and never reached Kronofogden."""
    heard = await locked_with_histories(
        tx, [one for one in withdrawals if one.reason == NEVER_FILED]
    )
    rates = await in_force(tx)
    decisions = [
        kronofogden.never_filed(claim, history, rates, tx.today) for _, claim, history in heard
    ]
    await carry_out(tx, "reversed", decisions)


async def reverse_unawarded(tx: Transaction, endings: Sequence[CaseClosed]) -> None:
    """Cases ended: costs that Kronofogden never awards are not the debtor's."""
    heard = await locked_with_histories(tx, endings)
    rates = await in_force(tx)
    decisions = [
        kronofogden.closed(claim, event, history, rates, tx.today)
        for event, claim, history in heard
    ]
    outlays = [
        (claim, outlay_ore)
        for event, claim, history in heard
        if (outlay_ore := kronofogden.outlays_ore(event, history))
    ]
    beside = [
        line
        for claim, outlay_ore in outlays
        for line in kronofogden.owed_by_creditor(claim, outlay_ore, tx.today)
    ]
    await carry_out(tx, "case closed", decisions, beside=beside)
    await store.add_outlays(tx, [(c.claim_id, c.creditor_id, ore) for c, ore in outlays])


async def book_collected(tx: Transaction, payments: Sequence[EnforcementPaid]) -> None:
    """Let money that Kronofogden collected meet its claims; it is not paid out before it comes."""
    heard = await locked_with_histories(tx, payments)
    rates = await in_force(tx)
    decisions = [
        kronofogden.collected(claim, event, history, rates, tx.today)
        for event, claim, history in heard
    ]
    await carry_out(tx, "collected by kronofogden", decisions)
    await store.add(tx, [event for event, *_ in heard])


async def clear(tx: Transaction, received: Received, payment_ids: Sequence[UUID]) -> int | None:
    """Kronofogden's payment has come for these; gives their sum, None if any is not awaited.

    Nothing is done where the sum is another than what was received.
    """
    awaited = await store.lock(tx, payment_ids)
    if len(awaited) != len(set(payment_ids)):
        return None
    sum_ore = sum(int(row.amount_ore) for row in awaited)
    amount_ore, paid_on = received.payment.amount_ore, received.payment.paid_on
    if sum_ore != amount_ore:
        return sum_ore
    postings = [Posting(Account.SUSPENSE, None, None, amount_ore, paid_on)] + [
        Posting(Account.KRONOFOGDEN, row.claim_id, None, -row.amount_ore, paid_on)
        for row in awaited
    ]
    await ledger.post(tx, [Movement("paid by kronofogden", postings, received.payment_id)])
    await money.end_waiting(tx, [received.payment_id])
    await store.clear(tx, payment_ids, received.payment_id)
    tx.wake("payout", {row.creditor_id: payout_on(tx.today) for row in awaited})
    return sum_ore
