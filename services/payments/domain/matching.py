"""Which claims a payment is for (bank-formats 4.4): certain, or a person decides; never guessed.

A reference is certain only when it equals a claim's OCR. Structured references are believed before
digits in a text, and those before the end-to-end id; a document number that is nobody's OCR says
nothing against the one OCR beside it. Several references are settled each by its own amount if the
payer split the payment, else only if the payment is exactly what the claims owe; due-date order is
never assumed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from contracts.payments import UnmatchedReason
from services.payments.domain.claim import Claim
from services.payments.domain.incoming import (
    NO_REFERENCE,
    Hold,
    IncomingPayment,
    Reference,
    ReferenceKind,
    candidates,
)

ON_LEDGER_THOUGH_HELD = frozenset(
    {Hold.RETURNED, Hold.REFERENCES, Hold.ENTRY_SUM, Hold.ENTRY_AMOUNT, Hold.ENTRY_COUNT}
)
"""Held items that are certainly kronor on our account; of others not even the amount is sure."""
_STRUCTURED = (ReferenceKind.OCR, ReferenceKind.DOCUMENT, ReferenceKind.CREDIT_NOTE)


MAY_BE_PERSONAL = re.compile(
    r"(19|20)?[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])[0-9]{4}"
)
"""A date of birth (or sixty days more: a coordination number) and four digits, right or not."""


class Share(NamedTuple):
    """What of a payment goes to which claim, in öre."""

    claim: Claim
    amount_ore: int


def is_on_ledger(payment: IncomingPayment) -> bool:
    """Whether a payment is booked on the client account, matched or not."""
    return payment.held is None or payment.held in ON_LEDGER_THOUGH_HELD


def keys(payment: IncomingPayment) -> Sequence[str]:
    """Every reference under which the payment's claims may be known."""
    if (ocr := _plain_ocr(payment)) and not _end_to_end(payment):
        return (ocr,)
    return candidates(payment)


def references_to_say(payment: IncomingPayment) -> tuple[str, ...]:
    """The references that may be said to everybody: numbers, and none that may be a person's.

    What payers write in words, or a personal number in the place of a reference, is theirs: only
    operators read it, in the queue of what waits.
    """
    return tuple(
        reference.value
        for reference in payment.references
        if reference.kind is not ReferenceKind.TEXT
        and reference.value.isascii()
        and reference.value.isdecimal()
        and not MAY_BE_PERSONAL.fullmatch(reference.value)
    )


def shares(
    payment: IncomingPayment, claims: Mapping[str, Claim]
) -> Sequence[Share] | UnmatchedReason:
    """Split a payment over the claims it names; `claims` are by OCR, as they now stand."""
    if payment.held is not None:
        return UnmatchedReason.HELD
    if (ocr := _plain_ocr(payment)) and (claim := claims.get(ocr)):
        return (Share(claim, payment.amount_ore),)
    for references in _tiers(payment, claims):
        if found := _of_references(payment, references, claims):
            return found
    if claim := _known(_alone(payment, ()), claims):
        return (Share(claim, payment.amount_ore),)
    if payment.references or _end_to_end(payment):
        return UnmatchedReason.UNKNOWN_REFERENCE
    return UnmatchedReason.NO_REFERENCE


def _tiers(payment: IncomingPayment, claims: Mapping[str, Claim]) -> Sequence[Sequence[Reference]]:
    """References that are believed together, best first.

    A payer's bank often names the OCR and the number of the invoice side by side. Where exactly one
    OCR is known, no document is, and none has an amount of its own, the OCR stands alone.
    """
    structured = [one for one in payment.references if one.kind in _STRUCTURED]
    texts = [one for one in payment.references if one.kind is ReferenceKind.TEXT]
    ocrs = [one for one in structured if one.kind is ReferenceKind.OCR]
    says_nothing = all(
        one.kind is ReferenceKind.DOCUMENT
        and one.amount_ore is None
        and not _known(_alone(payment, (one,)), claims)
        for one in structured
        if one.kind is not ReferenceKind.OCR
    )
    if len(ocrs) == 1 and says_nothing and ocrs[0].amount_ore in (None, payment.amount_ore):
        return ocrs, texts
    return structured, texts


def _of_references(
    payment: IncomingPayment, references: Sequence[Reference], claims: Mapping[str, Claim]
) -> Sequence[Share] | UnmatchedReason | None:
    named: dict[str, Claim] = {}
    split_ore: dict[str, int] = {}
    is_split = is_complete = not payment.split_held
    for reference in references:
        known = _all_known(_alone(payment, (reference,)), claims)
        is_complete = bool(known) and is_complete
        is_split = is_split and reference.amount_ore is not None and len(known) == 1
        for claim in known:
            named[claim.ocr] = claim
            ore = split_ore.get(claim.ocr, 0) + (reference.amount_ore or 0)
            split_ore[claim.ocr] = ore
    if not named:
        return None
    if len(named) == 1 and all(_alone_names(payment, one, claims) for one in references):
        return (Share(next(iter(named.values())), payment.amount_ore),)
    positive = all(ore > 0 for ore in split_ore.values())
    if is_split and is_complete and positive and sum(split_ore.values()) == payment.amount_ore:
        return [Share(named[ocr], ore) for ocr, ore in split_ore.items()]
    if sum(claim.book.remaining_ore for claim in named.values()) == payment.amount_ore:
        return [Share(claim, claim.book.remaining_ore) for claim in named.values()]
    return UnmatchedReason.HELD


def _alone_names(
    payment: IncomingPayment, reference: Reference, claims: Mapping[str, Claim]
) -> bool:
    """Whether a reference names a claim, or is free text, which may hold anything."""
    if reference.kind is ReferenceKind.TEXT:
        return True
    return reference.kind is not ReferenceKind.CREDIT_NOTE and bool(
        _known(_alone(payment, (reference,)), claims)
    )


def _plain_ocr(payment: IncomingPayment) -> str | None:
    references = payment.references
    if len(references) == 1:
        one = references[0]
        if one.kind is ReferenceKind.OCR and one.value.isdecimal() and one.value[0] != "0":
            return one.value
    return None


def _end_to_end(payment: IncomingPayment) -> str | None:
    written = payment.end_to_end_id
    return None if written is None or written.upper() in NO_REFERENCE else written


def _alone(payment: IncomingPayment, references: tuple[Reference, ...]) -> IncomingPayment:
    end_to_end_id = payment.end_to_end_id if not references else None
    return payment._replace(references=references, end_to_end_id=end_to_end_id)


def _known(payment: IncomingPayment, claims: Mapping[str, Claim]) -> Claim | None:
    return next((claims[key] for key in candidates(payment) if key in claims), None)


def _all_known(payment: IncomingPayment, claims: Mapping[str, Claim]) -> list[Claim]:
    found = {claims[key].claim_id: claims[key] for key in candidates(payment) if key in claims}
    return list(found.values())
