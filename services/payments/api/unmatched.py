"""Money that waits for a person: what it is, and what the person says is to become of it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from plumbing import commands
from plumbing.fields import Amount, Form, Reason
from plumbing.identity import Identity, identity_of, require
from plumbing.problems import Problem, invalid
from plumbing.transaction import Transaction
from services.payments.handlers import booking, resolving
from services.payments.store import claims, money
from services.payments.store.money import Received

router = APIRouter(prefix="/unmatched")
Asker = Annotated[Identity, Depends(identity_of)]


class Target(Form):
    """The claim a waiting payment is for."""

    claim_id: UUID


class Why(Form):
    """Why a person decides so."""

    reason: Reason


class Kronor(Why):
    """What the bank credited in kronor, of a payment in other money."""

    amount_ore: Amount | None = None


@router.get("")
async def read_unmatched(
    request: Request,
    identity: Asker,
    after: Annotated[str | None, Query(max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """A page of what waits, the oldest first; `after` is the `next` of the page before."""
    require(identity, "operator")
    last = _place(after) if after else None
    async with request.app.state.database.transaction() as tx:
        rows = await money.list_waiting(tx, after=last, limit=limit)
    further = f"{rows[-1].paid_on}_{rows[-1].payment_id}" if len(rows) == limit else None
    return {"payments": [_shown(row) for row in rows], "next": further}


def _place(after: str) -> tuple[date, UUID]:
    """Where a page ended, as `next` told it."""
    paid_on, _, payment_id = after.partition("_")
    try:
        return date.fromisoformat(paid_on), UUID(payment_id)
    except ValueError:
        raise invalid([{"field": "after", "reason": "it is no place in the list"}]) from None


@router.get("/{payment_id}")
async def read_one(request: Request, payment_id: UUID, identity: Asker) -> dict[str, Any]:
    """One payment that waits."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:
        row = await money.read_waiting(tx, payment_id)
    if row is None:
        raise Problem(404, "No such payment waits")
    return _shown(row)


def _shown(row: Any) -> dict[str, Any]:
    """A waiting payment as JSON; the amount is in hundredths of its currency."""
    payment = money.payment_of(row.payment)
    return {
        "payment_id": row.payment_id,
        "reason": row.reason,
        "held": row.hold,
        "can_be_allocated": row.on_ledger,
        "amount_ore": row.amount_ore,
        "currency": payment.currency,
        "paid_on": row.paid_on,
        "received_on": row.received_on,
        "references": [one.value for one in payment.references],
        "payer_name": payment.payer_name,
    }


@router.post("/{payment_id}/allocate")
async def allocate(request: Request, payment_id: UUID, target: Target, identity: Asker) -> Response:
    """Let a waiting payment meet a claim; what is more than the claim owes is the debtor's."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:

        async def run() -> dict[str, Any]:
            return await _allocate(tx, payment_id, target.claim_id)

        return await commands.once(tx, request, identity.person, run, status=200)


@router.post("/{payment_id}/take-out")
async def take_out(request: Request, payment_id: UUID, why: Why, identity: Asker) -> Response:
    """Let a payment wait no longer that is none, as when the bank has corrected its entry."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:

        async def run() -> dict[str, Any]:
            received = await waiting(tx, payment_id)
            booked = await resolving.take_out(tx, received, reason=why.reason, by=identity.person)
            return {"payment_id": payment_id, "payments_booked": booked}

        return await commands.once(tx, request, identity.person, run, status=200)


@router.post("/{payment_id}/book")
async def book(request: Request, payment_id: UUID, kronor: Kronor, identity: Asker) -> Response:
    """Book a held payment as kronor on the account after all."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:

        async def run() -> dict[str, Any]:
            received = await waiting(tx, payment_id)
            try:
                await resolving.book_held(
                    tx,
                    received,
                    amount_ore=kronor.amount_ore,
                    reason=kronor.reason,
                    by=identity.person,
                )
            except resolving.ResolvingError as refusal:
                raise Problem(409, str(refusal), reason=refusal.reason) from None
            return {"payment_id": payment_id}

        return await commands.once(tx, request, identity.person, run, status=200)


async def waiting(tx: Transaction, payment_id: UUID) -> Received:
    """Lock a payment that waits; 404 where it does not."""
    received = await money.lock_one_waiting(tx, payment_id)
    if received is None:
        raise Problem(404, "No such payment waits")
    return received


async def waiting_on_ledger(tx: Transaction, payment_id: UUID) -> Received:
    """The same for one that can be spent; 409 where it is not booked as money of ours."""
    received = await waiting(tx, payment_id)
    if not received.on_ledger:
        raise Problem(409, "The payment is not booked as kronor on the account")
    return received


async def _allocate(tx: Transaction, payment_id: UUID, claim_id: UUID) -> dict[str, Any]:
    received = await waiting_on_ledger(tx, payment_id)
    claim = (await claims.lock(tx, [claim_id])).get(claim_id)
    if claim is None:
        raise Problem(404, "There is no such claim")
    await booking.allocate(tx, received, claim)
    return {"payment_id": payment_id, "claim_id": claim_id}
