"""What the message that only controls tells of beside what was booked: the same, or a task.

A bank may show a deposit in one piece in camt.053 and by its payments in camt.054: then the entry
is compared, by its own reference or by bankgiro and deposit serial (bank-formats.md 4.3).
"""

from collections.abc import Sequence
from uuid import UUID

from plumbing.transaction import Transaction
from services.payments.domain.incoming import EntryRef, Hold, IncomingPayment, likeness
from services.payments.handlers.entries import Ours
from services.payments.store import entries
from services.payments.store import intake as store
from services.payments.store.entries import Known
from services.payments.store.intake import Booked, Difference
from services.payments.store.money import payment_id_of

NOTHING = Known()


async def differences(
    tx: Transaction, credits: Sequence[IncomingPayment], own: Ours, *, file_id: UUID
) -> list[Difference]:
    """Tell which payments of a controlling message are not booked, or booked otherwise."""
    credits = [one for one in credits if own.received(one)]
    ids = [payment_id_of(one.source_key) for one in credits]
    booked = await store.booked_payments(tx, ids) if ids else {}
    refs = [one.entry for one in credits if one.entry]
    known = await entries.known(tx, {one.key for one in refs}) if refs else {}
    whole = {one.serial for one in refs if one.serial and one.in_one_piece}
    serials = await entries.told_by_serial(tx, whole)
    nameless = {one.source_key: likeness(one) for one in credits if one.bank_reference is None}
    alike = await entries.met_elsewhere(tx, nameless.values(), file_id=file_id)
    found = []
    for one, payment_id in zip(credits, ids, strict=True):
        if nameless.get(one.source_key) in alike:
            continue
        if (one.entry and _is_told(one.entry, known, serials)) or not _counts(one):
            continue
        before = known.get(one.entry.key, NOTHING) if one.entry else NOTHING
        found.append(_difference(one, payment_id, booked.get(payment_id), before))
    return [each for each in found if each]


def _counts(payment: IncomingPayment) -> bool:
    """A payment of no krona is nothing that could be missing."""
    return payment.amount_ore != 0


def _is_told(entry: EntryRef, known: dict[str, Known], serials: set[tuple[str, int]]) -> bool:
    """Whether the payment's entry was booked in another shape, with the same sum."""
    before = known.get(entry.key, NOTHING)
    if not entry.in_one_piece:
        return entry.amount_ore in before.in_one_piece
    return entry.amount_ore in before.by_payments or (entry.serial, entry.amount_ore) in serials


def _difference(
    payment: IncomingPayment, payment_id: UUID, booked: Booked | None, known: Known
) -> Difference | None:
    name = f"the payment {payment.bank_reference or payment.source_key} is"
    if booked is None:
        entry = payment.entry
        if entry and (sums := known.by_payments if entry.in_one_piece else known.in_one_piece):
            were = " or ".join(f"{ore} öre" for ore in sorted(sums))
            return Difference(payment.line, f"{name} of an entry booked as {were}")
        return Difference(payment.line, f"{name} not booked", payment_id, entry and entry.key)
    if booked.amount_ore != payment.amount_ore:
        reason = f"{name} booked as {booked.amount_ore} öre, not {payment.amount_ore}"
        return Difference(payment.line, reason)
    return None


async def contradictions(
    tx: Transaction, credits: Sequence[IncomingPayment], file_id: UUID
) -> tuple[list[Difference], list[IncomingPayment]]:
    """Tell which payments of a booking message were left out, for their key is known, though they
    are not what is booked: another amount or day, or the same file has the key twice.

    Those of another amount may be other money: they are given back with a key of their own, to be
    held (as bank-formats.md 1.7 has it of deposits).
    """
    ids = [payment_id_of(one.source_key) for one in credits]
    booked = await store.booked_payments(tx, ids)
    found, others, seen = [], list[IncomingPayment](), set[UUID]()
    for one, payment_id in zip(credits, ids, strict=True):
        before = booked[payment_id]
        name = f"the payment {one.bank_reference or one.source_key}"
        is_other = before.amount_ore != one.amount_ore
        if is_other:
            key = f"{one.source_key} {one.amount_ore}"
            others.append(one._replace(source_key=key, held=Hold.OTHER_AMOUNT))
        if is_other or before.paid_on != one.paid_on:
            was = f"{before.amount_ore} öre of {before.paid_on}"
            now = f"{one.amount_ore} öre of {one.paid_on}"
            found.append(Difference(one.line, f"{name} is booked as {was}, not as {now}"))
        elif payment_id in seen or (before.file_id == file_id and not before.is_fresh):
            found.append(Difference(one.line, f"{name} stands twice in the file: one is left out"))
        seen.add(payment_id)
    return found, others
