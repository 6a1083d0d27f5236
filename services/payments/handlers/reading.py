"""Claims as somebody asks for them: looked at through the same rules that charge them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from plumbing.transaction import Transaction
from services.payments.domain.claim import COMPONENTS
from services.payments.domain.history import Charge
from services.payments.domain.statement import state_of, today_of
from services.payments.handlers.rates import in_force
from services.payments.store import charges, claims


async def claim_today(
    tx: Transaction, claim_id: UUID, *, payee_bankgiro: str
) -> dict[str, Any] | None:
    """The statement of a claim as of today; None if there is no such claim (for this company)."""
    claim = (await claims.read(tx, [claim_id])).get(claim_id)
    if claim is None:
        return None
    history = (await charges.histories(tx, [claim]))[claim_id]
    today = today_of(claim, history, rates=await in_force(tx), today=tx.today)
    return {
        "claim_id": claim.claim_id,
        "creditor_id": claim.creditor_id,
        "state": today.state,
        "as_of": tx.today,
        **{f"{component}_ore": claim.open_ore(component) for component in COMPONENTS},
        "total_ore": claim.total_ore,
        "paid_ore": claim.book.paid_ore,
        "credited_ore": claim.book.credited_ore,
        "overpaid_ore": claim.book.overpaid_ore,
        "received_ore": claim.book.paid_ore + claim.book.overpaid_ore,
        "posted_total_ore": claim.book.remaining_ore,
        "to_pay_ore": claim.book.remaining_ore,
        "creditors_ore": claim.creditors_ore,
        "interest_accrued_ore": today.interest_accrued_ore,
        "due_on": claim.due_on,
        "pay_by": today.pay_by,
        "ocr": claim.ocr,
        "payee_bankgiro": payee_bankgiro,
        "disputed": bool(claim.book.disputes),
        "payments": [{"paid_on": on, "amount_ore": ore} for on, ore in sorted(history.money)],
        "charges": [_charge(charge) for charge in today.charges],
        "parts": [part._asdict() for part in today.parts],
    }


async def claims_in_brief(tx: Transaction, claim_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """The states of claims; unknown ones are left out."""
    return [
        {
            "claim_id": claim.claim_id,
            "state": state_of(claim),
            "total_ore": claim.total_ore,
            "paid_ore": claim.book.paid_ore,
            "credited_ore": claim.book.credited_ore,
            "overpaid_ore": claim.book.overpaid_ore,
            "to_pay_ore": claim.book.remaining_ore,
            "creditors_ore": claim.creditors_ore,
            "due_on": claim.due_on,
        }
        for claim in (await claims.read(tx, claim_ids)).values()
    ]


async def owed_to(tx: Transaction, creditor_id: UUID) -> dict[str, Any]:
    """What a company has to get as of today, its own parts alone; not where the debtor was right.

    `overdue_ore` is what is due of it, and `overdue_disputed_ore` what of that is disputed.
    """
    return {"as_of": tx.today} | await claims.owed_to(tx, creditor_id)


def _charge(charge: Charge) -> dict[str, Any]:
    return {
        "kind": charge.kind,
        "ordinal": charge.ordinal,
        "charged_on": charge.charged_on,
        "pay_by": charge.pay_by,
        "fee_ore": charge.fee_ore + charge.work_ore,
        "interest_ore": charge.interest_ore,
        "sent_on": charge.sent_on,
    }
