"""Where creditors are paid, what they were paid, and what of it a person must look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, model_validator
from starlette.responses import Response

from contracts.ids import CreditorId
from contracts.numbers import (
    BIC,
    NumberError,
    parse_account,
    parse_bankgiro,
    parse_iban,
    parse_plusgiro,
)
from plumbing import commands
from plumbing.fields import Amount, Form, Key, Reason, Text
from plumbing.identity import Identity, company_of, identity_of, require
from plumbing.problems import Problem
from plumbing.transaction import Transaction
from services.payments.api.unmatched import waiting
from services.payments.handlers import payouts, resolving
from services.payments.store import claims, resolutions
from services.payments.store import payouts as store

router = APIRouter()
Asker = Annotated[Identity, Depends(identity_of)]
Kind = Literal["bankgiro", "plusgiro", "account", "iban"]


class NewAccount(Form):
    """A creditor's account as support has been given it; an IBAN needs its bank's BIC."""

    creditor_id: UUID
    kind: Kind
    number: Annotated[Text, Field(max_length=60)]
    bic: str | None = Field(default=None, pattern=BIC)


PARSE: dict[str, Callable[[str], object]] = {
    "bankgiro": parse_bankgiro,
    "plusgiro": parse_plusgiro,
    "account": parse_account,
    "iban": parse_iban,
}


@router.put("/payout-account")
async def set_account(request: Request, account: NewAccount, identity: Asker) -> dict[str, Any]:
    """Set where a creditor is paid: only support does (R-14); the money that waited goes out."""
    require(identity, "operator", "support")
    try:
        number = str(PARSE[account.kind](account.number))
    except NumberError as error:
        errors = [{"field": "number", "reason": str(error)}]
        raise Problem(422, "The account number is not valid", errors=errors) from None
    if account.kind == "iban" and account.bic is None:
        errors = [{"field": "bic", "reason": "an IBAN needs the BIC of its bank"}]
        raise Problem(422, "The account is not complete", errors=errors)
    async with request.app.state.database.transaction() as tx:
        await payouts.set_account(
            tx,
            CreditorId(account.creditor_id),
            kind=account.kind,
            number=number,
            bic=account.bic,
            by=identity.person,
        )
    request.app.state.timers.wake.set()
    return {"kind": account.kind, "number": payouts.masked(number)}


@router.get("/payout-account")
async def read_account(
    request: Request, identity: Asker, creditor_id: UUID | None = None
) -> dict[str, Any]:
    """Where the seller's company is paid, masked; operators name the creditor."""
    require(identity, "seller", "operator", "support")
    company = creditor_id
    if company is None or not identity.roles & {"operator", "support"}:
        company = company_of(identity)
    async with request.app.state.database.transaction(tenant=company) as tx:
        row = await store.read_account(tx, company)
    if row is None:
        raise Problem(404, "There is no payout account")
    shown = {"kind": row["kind"], "number": payouts.masked(row["number"])}
    return {**shown, "set_on": row["set_on"], "refused": row["refused"]}


@router.get("/payouts")
async def list_payouts(
    request: Request,
    identity: Asker,
    after: UUID | None = None,
    state: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """A page of payouts, newest first: a seller's own, an operator's all."""
    require(identity, "seller", "operator")
    tenant = None if "operator" in identity.roles else company_of(identity)
    async with request.app.state.database.transaction(tenant=tenant) as tx:
        rows = await store.list_payouts(
            tx, creditor_id=tenant, before=after, state=state, limit=limit
        )
    shown = [dict(row) for row in rows]
    return {"payouts": shown, "next": rows[-1]["payout_id"] if len(rows) == limit else None}


@router.get("/payouts/alarms")
async def list_alarms(request: Request, identity: Asker) -> dict[str, Any]:
    """What a person must look at."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:
        return dict(await payouts.list_alarms(tx))


class Resolution(Form):
    """What a debit is that no payout explains: a waiting payment taken back, what was overpaid on
    a claim, or the operator's."""

    source_key: Key
    payment_id: UUID | None = None
    claim_id: UUID | None = None
    """Whose debtor was repaid; not beside a payment."""
    amount_ore: Amount | None = None
    """What the bank debited in kronor, of a debit in other money."""
    reason: Reason

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.payment_id is not None and self.claim_id is not None:
            raise ValueError("a debit is a payment taken back or a claim's credit repaid, not both")
        return self


@router.post("/payouts/debits/resolve")
async def resolve_debit(request: Request, resolution: Resolution, identity: Asker) -> Response:
    """Book a debit that is no payout, and let it wait no longer."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:

        async def run() -> dict[str, Any]:
            return await _resolve(tx, resolution, identity.person)

        return await commands.once(tx, request, identity.person, run, status=200)


async def _resolve(tx: Transaction, wanted: Resolution, by: UUID) -> dict[str, Any]:
    debit = await resolutions.lock_unknown_debit(tx, wanted.source_key)
    if debit is None:
        raise Problem(404, "No such debit waits")
    told: dict[str, Any] = {"amount_ore": wanted.amount_ore, "reason": wanted.reason, "by": by}
    try:
        if wanted.claim_id is not None:
            claim = (await claims.lock(tx, [wanted.claim_id])).get(wanted.claim_id)
            if claim is None:
                raise Problem(404, "There is no such claim")
            await resolving.repay(tx, debit, claim, **told)
        else:
            payment_id = wanted.payment_id
            against = None if payment_id is None else await waiting(tx, payment_id)
            await resolving.resolve_debit(tx, debit, against=against, **told)
    except resolving.ResolvingError as refusal:
        raise Problem(409, str(refusal), reason=refusal.reason) from None
    return {"source_key": wanted.source_key}


@router.get("/payouts/{payout_id}")
async def show_payout(request: Request, payout_id: UUID, identity: Asker) -> dict[str, Any]:
    """One payout with what of it comes from which claim."""
    require(identity, "seller", "operator")
    tenant = None if "operator" in identity.roles else company_of(identity)
    async with request.app.state.database.transaction(tenant=tenant) as tx:
        row = await store.read_payout(tx, payout_id, creditor_id=tenant)
        if row is None:
            raise Problem(404, "There is no such payout")
        paid = await store.claims_of(tx, payout_id)
    return {**row, "claims": [dict(claim) for claim in paid]}


class Again(Form):
    """Whose money is to be ordered anew."""

    creditor_id: UUID


@router.post("/payouts/again", status_code=202)
async def order_again(request: Request, again: Again, identity: Asker) -> Response:
    """Look today at what is payable to a creditor, after an order was rejected.

    Refused while the bank refuses the account, or none is known: nothing would be ordered.
    """
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:

        async def run() -> dict[str, Any]:
            account = await store.read_account(tx, again.creditor_id)
            if account is None or account["refused"]:
                raise Problem(409, "No account can be paid to", reason="no_payout_account")
            payouts.look_again(tx, CreditorId(again.creditor_id))
            return {"creditor_id": again.creditor_id}

        answer = await commands.once(tx, request, identity.person, run, status=202)
    request.app.state.timers.wake.set()
    return answer
