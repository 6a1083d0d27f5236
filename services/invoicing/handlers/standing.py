"""What may be done with an issued invoice: credit it, or hand it to collection."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from contracts.dunning import CollectionProposed
from contracts.ids import ClaimId, CustomerId, NoteId, new_id
from contracts.invoicing import (
    Channel,
    CreditKind,
    HandoverCause,
    InvoiceCredited,
    PostalAddress,
)
from contracts.terms import DebtorKind
from plumbing.transaction import Transaction
from services.invoicing.domain import issuing, standing
from services.invoicing.domain.orders import Buyer
from services.invoicing.domain.standing import Basis, RefusalReason, Standing
from services.invoicing.handlers import showing
from services.invoicing.store import issuing as store_issuing
from services.invoicing.store import registers
from services.invoicing.store import standing as store

Credited = tuple[InvoiceCredited, Standing]


async def credit(
    tx: Transaction, claim_id: ClaimId, kind: CreditKind, reason: str
) -> Credited | RefusalReason | None:
    """Credit a whole invoice with a note of the same series; None if there is no such invoice."""
    known = (await store.lock_standings(tx, [claim_id])).get(claim_id)
    if known is None:
        return None
    if known.credited:
        return RefusalReason.CREDITED
    number = await store_issuing.take_number(tx, known.creditor_id, tx.today)
    credited = standing.credit(
        known, note_id=NoteId(new_id()), note_number=number, kind=kind, today=tx.today
    )
    assert isinstance(credited, InvoiceCredited)
    await store.write_credit(tx, credited, reason)
    tx.say([credited])
    return credited, known


async def hand_over(
    tx: Transaction, claim_ids: Sequence[ClaimId], cause: HandoverCause, *, anew: bool = False
) -> dict[ClaimId, RefusalReason | None]:
    """Hand claims to collection; answers why not, None for those that went."""
    known = await store.lock_standings(tx, claim_ids)
    answers = {
        claim: standing.refuse_handover(each, tx.today, cause=cause, anew=anew)
        for claim, each in known.items()
    }
    going = [claim for claim, refusal in answers.items() if refusal is None]
    if not going:
        return answers
    bases = await _bases(tx, going)
    await store.mark_handed_over(tx, going)
    tx.say(
        standing.hand_over(known[claim], bases[claim], cause=cause, today=tx.today)
        for claim in going
    )
    return answers


async def hand_over_proposed(tx: Transaction, proposals: Sequence[CollectionProposed]) -> None:
    """Dunning says that the reminder's date has passed and that policy wants it collected."""
    await hand_over(tx, [each.claim_id for each in proposals], HandoverCause.POLICY)


async def revoke_links(tx: Transaction, claim_id: ClaimId) -> int | None:
    """Close the links to a claim's web invoice that are out; None if nobody could get a new one.

    The customer is held meanwhile, for a correction of it says the claim's link version too.
    """
    await registers.hold_buyer(tx, claim_id)
    known = (await store.lock_standings(tx, [claim_id])).get(claim_id)
    if known is None:
        return None
    first = Channel.PAPER if known.on_paper else Channel.EMAIL
    debtor = (await _bases(tx, [claim_id]))[claim_id].debtor
    version = await store.raise_link(tx, claim_id)
    changed = issuing.correct_recipient(claim_id, known.creditor_id, debtor, first, version)
    if changed is None:
        return None
    tx.say([changed])
    return version


async def _bases(tx: Transaction, claims: Sequence[ClaimId]) -> dict[ClaimId, Basis]:
    """What claims rest on; a debtor's details as the register has them today."""
    documents = await showing.read_documents(tx, claims)
    printed = {claim: _debtor(document) for claim, document in documents.items()}
    current = await registers.buyers(tx, {each.customer_id for each in printed.values()}, None)
    return {
        claim: Basis(
            seller_name=document["seller"]["name"],
            seller_organisation_number=document["seller"]["organisation_number"],
            seller_address=PostalAddress(
                street=document["seller"]["street"],
                postcode=document["seller"]["postcode"],
                town=document["seller"]["town"],
            ),
            row_texts=tuple(row["text"] for row in document["rows"]),
            debtor=current.get(printed[claim].customer_id, printed[claim]),
        )
        for claim, document in documents.items()
    }


def _debtor(document: dict[str, Any]) -> Buyer:
    buyer = document["buyer"]
    return Buyer(
        customer_id=CustomerId(UUID(buyer["customer_id"])),
        kind=DebtorKind(buyer["kind"]),
        name=buyer["name"],
        identity_number=buyer["identity_number"],
        email=buyer["email"],
        street=buyer["street"],
        postcode=buyer["postcode"],
        town=buyer["town"],
        channel=Channel(document["channels"][0]),
    )
