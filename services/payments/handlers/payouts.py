"""Money leaves: payouts are ordered when their day comes, answered by the bank, ended by a debit.

All creditors whose day it is share one file. The file is written from what is committed with it and
keeps its bytes in the outbound table, so that it is the same however often it is sent.
"""

from collections.abc import Iterable, Mapping, Sequence
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
from services.payments.pain002 import StatusReport
from services.payments.store import ledger
from services.payments.store import payouts as store
from services.payments.store.payouts import PayoutAccount

masked = rules.masked
PAYMENT_ORDER = "payment_order"
"""The outbound kind of files to the bank."""
TIMER = "payout"
MOST_UNKNOWN = 100
"""Payments of a report that are named, of those that no order of ours has."""


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
    groups = pain001.groups_of(body)
    payouts = [
        (d.payout, rules.masked(a.number), groups[bank.payment_id_of(d.payout.payout_id)])
        for d, a in made
    ]
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
    await _hear(
        tx, [(parcel.id, batches.get(parcel.id, ()), answer) for parcel, answer in answered]
    )


async def hear_report(tx: Transaction, report: StatusReport) -> list[str]:
    """Carry out what the bank says of an order later on; returns what of it means nothing to us."""
    batch_id = bank.batch_of(report.original_message_id)
    groups = await store.lock_groups(tx, {batch_id}) if batch_id else {}
    if batch_id is None or not groups:
        return [f"the order {report.original_message_id} is none of ours"]
    of_group = {
        bank.payment_id_of(payout.payout_id): group_id
        for (_, group_id), members in groups.items()
        for payout in members
    }
    members = [payout for each in groups.values() for payout in each]
    await _hear(tx, [(batch_id, members, bank.read_answer(report, of_group))])
    unknown = [
        one.end_to_end_id or one.instruction_id
        for group in report.groups
        for one in group.transactions
        if of_group.keys().isdisjoint((one.instruction_id, one.end_to_end_id))
    ]
    return [f"the payment {one} is none of the order's" for one in unknown[:MOST_UNKNOWN]]


async def _hear(
    tx: Transaction, answered: Iterable[tuple[UUID, Sequence[Payout], bank.Answer]]
) -> None:
    decisions: list[Decision] = []
    faults: list[tuple[UUID, str]] = []
    for batch_id, members, answer in answered:
        for payout in members:
            word = answer.word_on(bank.payment_id_of(payout.payout_id))
            match word.verdict:
                case bank.Verdict.ACCEPTED:
                    decisions.append(rules.accept(payout))
                case bank.Verdict.REJECTED:
                    decisions.append(rules.reject(payout, word.text, today=tx.today))
                    if rules.blames_account(word.reasons):
                        faults.append((payout.creditor_id, word.text))
        await store.answer_batch(tx, batch_id, answer.status, answer.whole.text)
    await store.refuse_accounts(tx, list(dict(faults).items()))
    await store.save_payouts(tx, [decision.payout for decision in decisions])
    await _book_and_say(tx, decisions)


@dataclass(frozen=True, slots=True)
class Ended:
    """The debits that payouts explain, and how many payouts they ended."""

    debits: Sequence[OutgoingDebit]
    payouts: int


async def settle_debits(
    tx: Transaction, debits: Sequence[OutgoingDebit], *, file_id: UUID
) -> Ended:
    """End the payouts whose debits a file shows, each once.

    A bank may debit a whole order, or a group of it, in one sum: its message id tells. A debit that
    no payout explains is kept for a person: nothing is booked of it.
    """
    ours = {debit.source_key: debit for debit in debits}
    fresh = await store.add_debits(tx, file_id, [_row(debit) for debit in ours.values()])
    new = [debit for key, debit in ours.items() if key in fresh]
    known = await _named_by(tx, new)
    explained: list[tuple[str, UUID | None, UUID | None, str | None]] = []
    decisions: list[Decision] = []
    ended: list[OutgoingDebit] = []
    for debit in new:
        outcome = known.settle(debit)
        if isinstance(outcome, str):
            explained.append((debit.source_key, None, None, outcome))
            continue
        decisions += outcome
        ended.append(debit)
        one = outcome[0].payout.payout_id if len(outcome) == 1 else None
        batch_id = None if one else bank.batch_of(debit.message_id)
        explained.append((debit.source_key, one, batch_id, None))
    await store.explain_debits(tx, explained)
    await store.save_payouts(tx, [decision.payout for decision in decisions])
    await _book_and_say(tx, decisions)
    return Ended(ended, len(decisions))


Group = tuple[UUID, str | None]


@dataclass(frozen=True, slots=True)
class _Named:
    """The payouts that a batch of debits may have paid, as they stand after those so far."""

    payouts: dict[UUID, Payout]
    groups: Mapping[Group, Sequence[PayoutId]]

    def settle(self, debit: OutgoingDebit) -> Sequence[Decision] | str:
        """Decide for the payouts that a debit paid; or say why it paid none."""
        if debit.held:
            return debit.held.value
        payout = self.payouts.get(bank.payout_of(debit.end_to_end_id) or UUID(int=0))
        if payout is None:
            outcome = self._settle_together(debit)
        else:
            one = rules.settle(payout, debit.amount_ore, debit.booked_on)
            outcome = one if isinstance(one, str) else (one,)
        if not isinstance(outcome, str):
            self.payouts.update({one.payout.payout_id: one.payout for one in outcome})
        return outcome

    def _settle_together(self, debit: OutgoingDebit) -> Sequence[Decision] | str:
        batch_id = bank.batch_of(debit.message_id)
        members = [
            self.payouts[payout_id]
            for (of_batch, group_id), ids in self.groups.items()
            if of_batch == batch_id and debit.payment_group_id in (None, group_id)
            for payout_id in ids
        ]
        if not members:
            return "it is no payout of ours"
        return rules.settle_together(members, debit.amount_ore, debit.booked_on)


async def _named_by(tx: Transaction, debits: Sequence[OutgoingDebit]) -> _Named:
    """Lock what debits name: payouts by their ids, else those of the batch in the message id."""
    named = {debit.source_key: bank.payout_of(debit.end_to_end_id) for debit in debits}
    wanted = [payout_id for payout_id in named.values() if payout_id]
    payouts: dict[UUID, Payout] = dict(await store.lock_payouts(tx, wanted)) if wanted else {}
    batches = {
        batch_id
        for debit in debits
        if named[debit.source_key] not in payouts
        and (batch_id := bank.batch_of(debit.message_id)) is not None
    }
    groups = await store.lock_groups(tx, batches) if batches else {}
    payouts |= {one.payout_id: one for members in groups.values() for one in members}
    ids = {group: [one.payout_id for one in members] for group, members in groups.items()}
    return _Named(payouts, ids)


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
