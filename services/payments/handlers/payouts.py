"""Money leaves: payouts are ordered when their day comes, answered by the bank, ended by a debit.

All creditors whose day it is share one file. The file is written from what is committed with it and
keeps its bytes in the outbound table, so that it is the same however often it is sent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from contracts.ids import CreditorId, PayoutId, new_id
from contracts.invoicing import CreditorRegistered
from contracts.numbers import parse_account
from contracts.payments import PayoutPart
from plumbing import outbound
from plumbing.outbound import Parcel
from plumbing.transaction import Transaction
from services.payments import bank, pain001
from services.payments.domain import payouts as rules
from services.payments.domain.incoming import OutgoingDebit
from services.payments.domain.payouts import Decision, Payout
from services.payments.store import ledger
from services.payments.store import payouts as store
from services.payments.store.payouts import PayoutAccount

masked = rules.masked
PAYMENT_ORDER = "payment_order"
"""The outbound kind of files to the bank."""
TIMER = "payout"


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose account pays, what that account's bank wants in a file, and what payees read."""

    debtor: pain001.Debtor
    profile: pain001.BankProfile = pain001.NEUTRAL
    message: str = "Utbetalning av kundbetalningar"


async def keep_creditors(tx: Transaction, events: Sequence[CreditorRegistered]) -> None:
    """Keep what banks want to know of payees; money that waited for it is looked at today."""
    latest = {event.creditor_id: event for event in events}
    await store.keep_creditors(
        tx, [(event.creditor_id, event.name, event.town) for event in latest.values()]
    )
    tx.wake(TIMER, dict.fromkeys(await store.with_account(tx, latest), tx.today))


async def set_account(
    tx: Transaction, creditor_id: CreditorId, *, kind: str, number: str, bic: str | None, by: UUID
) -> None:
    """Set where a creditor is paid; money that waited for it is looked at today."""
    await store.set_account(tx, creditor_id, kind=kind, number=number, bic=bic, set_by=by)
    tx.wake(TIMER, {creditor_id: tx.today})


async def order_payouts(
    tx: Transaction, creditor_ids: Sequence[CreditorId], *, payer: Payer
) -> None:
    """Order what is payable to each creditor; without an account his money waits, and is shown."""
    accounts = await store.lock_accounts(tx, creditor_ids)
    payable: dict[CreditorId, list[store.Payable]] = {}
    for row in await store.lock_payable(tx, accounts):
        payable.setdefault(row.creditor_id, []).append(row)
    made: list[tuple[Decision, PayoutAccount]] = []
    marks: list[tuple[int, PayoutId]] = []
    for creditor_id, rows in sorted(payable.items()):
        parts = rules.parts_of((row.claim_id, row.amount_ore) for row in rows)
        paid_by: dict[UUID, PayoutId] = {}
        for share in rules.split(parts):
            decision = _order(accounts[creditor_id], share, tx.today)
            made.append((decision, accounts[creditor_id]))
            paid_by |= {part.claim_id: decision.payout.payout_id for part in share}
        marks += [(row.allocation_id, paid_by[row.claim_id]) for row in rows if paid_by]
    if made:
        await _send(tx, made, marks, payer)


def _order(account: PayoutAccount, share: Sequence[PayoutPart], today: date) -> Decision:
    return rules.order(
        PayoutId(new_id()),
        account.creditor_id,
        share,
        account_masked=rules.masked(account.number),
        today=today,
    )


async def _send(
    tx: Transaction,
    made: Sequence[tuple[Decision, PayoutAccount]],
    marks: Sequence[tuple[int, PayoutId]],
    payer: Payer,
) -> None:
    batch_id = new_id()
    execute_on = rules.execute_on(tx.today)
    order = pain001.PayoutFile(
        message_id=bank.message_id_of(batch_id),
        created_at=tx.now.replace(microsecond=0),
        debtor=payer.debtor,
        payouts=tuple(
            _transfer(decision.payout, account, execute_on, payer.message)
            for decision, account in made
        ),
    )
    body = pain001.write(order, payer.profile)
    payouts = [(d.payout, rules.masked(account.number)) for d, account in made]
    await store.add_batch(tx, batch_id, payouts, execute_on=execute_on, marks=marks)
    await _book_and_say(tx, [decision for decision, _ in made])
    await outbound.queue(tx, PAYMENT_ORDER, [(batch_id, batch_id, body)])


def _transfer(
    payout: Payout, account: PayoutAccount, execute_on: date, message: str
) -> pain001.Payout:
    return pain001.Payout(
        id=bank.payment_id_of(payout.payout_id),
        payee=_payee(account),
        payee_name=account.name,
        payee_town=account.town,
        amount_ore=payout.amount_ore,
        execute_on=execute_on,
        remittance=pain001.Message(message),
    )


def _payee(account: PayoutAccount) -> pain001.Payee:
    match account.kind:
        case "bankgiro":
            return pain001.BankgiroPayee(account.number)
        case "plusgiro":
            return pain001.PlusgiroPayee(account.number)
        case "account":
            return pain001.AccountPayee(parse_account(account.number))
    assert account.bic, "the door asks for it"
    return pain001.IbanPayee(account.number, account.bic)


async def hear_answers(tx: Transaction, answered: Sequence[tuple[Parcel, bank.Answer]]) -> None:
    """Carry out what the bank answered to orders; payouts that have ended stay as they are."""
    batches = await store.lock_batches(tx, [parcel.id for parcel, _ in answered])
    decisions: list[Decision] = []
    faults: list[tuple[UUID, str]] = []
    for parcel, answer in answered:
        for payout in batches.get(parcel.id, ()):
            word = answer.word_on(bank.payment_id_of(payout.payout_id))
            match word.verdict:
                case bank.Verdict.ACCEPTED:
                    decisions.append(rules.accept(payout))
                case bank.Verdict.REJECTED:
                    decisions.append(rules.reject(payout, word.text, today=tx.today))
                    if rules.blames_account(word.reasons):
                        faults.append((payout.creditor_id, word.text))
        await store.answer_batch(tx, parcel.id, answer.status, answer.whole.text)
    await store.refuse_accounts(tx, list(dict(faults).items()))
    await store.save_payouts(tx, [decision.payout for decision in decisions])
    await _book_and_say(tx, decisions)


async def settle_debits(tx: Transaction, debits: Sequence[OutgoingDebit], *, file_id: UUID) -> int:
    """End the payouts whose debits a file shows, each once; returns how many.

    A debit that no payout explains is kept for a person: nothing is booked of it.
    """
    ours = {debit.source_key: debit for debit in debits}
    fresh = await store.add_debits(tx, file_id, [_row(debit) for debit in ours.values()])
    new = [debit for key, debit in ours.items() if key in fresh]
    named = {debit.source_key: bank.payout_of(debit.end_to_end_id) for debit in new}
    wanted = [payout_id for payout_id in named.values() if payout_id]
    payouts = await store.lock_payouts(tx, wanted) if wanted else {}
    explained: list[tuple[str, UUID | None, str | None]] = []
    decisions: list[Decision] = []
    for debit in new:
        payout = payouts.get(named[debit.source_key] or UUID(int=0))
        outcome = _settle(payout, debit)
        if isinstance(outcome, str):
            explained.append((debit.source_key, None, outcome))
            continue
        payouts[outcome.payout.payout_id] = outcome.payout
        decisions.append(outcome)
        explained.append((debit.source_key, outcome.payout.payout_id, None))
    await store.explain_debits(tx, explained)
    await store.save_payouts(tx, [decision.payout for decision in decisions])
    await _book_and_say(tx, decisions)
    return len(decisions)


def _settle(payout: Payout | None, debit: OutgoingDebit) -> Decision | str:
    if debit.held:
        return debit.held.value
    if payout is None:
        return "it is no payout of ours"
    return rules.settle(payout, debit.amount_ore, debit.booked_on)


def _row(debit: OutgoingDebit) -> tuple[object, ...]:
    return (
        debit.source_key,
        debit.booked_on,
        debit.paid_on,
        debit.amount_ore,
        debit.currency,
        debit.end_to_end_id,
        debit.payee_name,
        debit.bank_reference,
    )


async def _book_and_say(tx: Transaction, decisions: Iterable[Decision]) -> None:
    decided = list(decisions)
    await ledger.post(tx, [movement for one in decided for movement in one.movements])
    tx.say(event for one in decided for event in one.says)


def look_again(tx: Transaction, creditor_id: CreditorId) -> None:
    """Look today at what is payable to a creditor."""
    tx.wake(TIMER, {creditor_id: tx.today})


async def list_alarms(tx: Transaction) -> dict[str, list[dict[str, object]]]:
    """Show what a person must look at.

    Payouts that are late or rejected, debits of nobody, money that waits for an account.
    """
    late = [p for p in await store.under_way(tx, tx.today) if rules.is_late(p, tx.today)]
    return {
        "late": [asdict(payout) for payout in late],
        "rejected": [asdict(payout) for payout in await store.rejected(tx)],
        "unknown_debits": [dict(row) for row in await store.unknown_debits(tx)],
        "waiting": [dict(row) for row in await store.waiting_money(tx)],
    }
