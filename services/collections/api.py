"""Door 3: policies, objections, cases; the operator's alarms."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from contracts.ids import ClaimId, CreditorId
from contracts.numbers import NumberError, parse_identity_number
from plumbing import commands
from plumbing.fields import Amount, Form, Lines, Name, Postcode, Street, Text, Town
from plumbing.identity import Identity, company_of, identity_of, require
from plumbing.problems import Problem, invalid
from services.collections import store
from services.collections.handlers import asking

router = APIRouter()

Asking = Annotated[Identity, Depends(identity_of)]
RowNumber = Annotated[int, Path(ge=1, lt=2**63)]


async def seller(identity: Asking) -> CreditorId:
    """The company that asks."""
    require(identity, "seller")
    return CreditorId(company_of(identity))


Seller = Annotated[CreditorId, Depends(seller)]


class PolicyBody(Form):
    """What follows an unpaid demand, and a decision of Kronofogden's."""

    filing: Literal["automatic", "ask"] = "automatic"
    enforcement: bool = True


class ObjectionBody(Form):
    """An objection; without an amount it is to the whole claim. A debtor's link names the claim."""

    claim_id: UUID | None = None
    reason: Lines
    disputed_ore: Amount | None = None


class Settlement(Form):
    """How the parties agreed."""

    outcome: Literal["upheld", "withdrawn"]


class Address(Form):
    """A Swedish postal address."""

    street: Street
    postcode: Postcode
    town: Town


class Corrections(Form):
    """What was wrong or missing in what is known of the debtor; nothing leaves it as it is."""

    debtor_name: Name | None = None
    debtor_identity_number: Annotated[Text, Field(max_length=20)] | None = None
    """A personal or coordination number, or an organisation number; as it is written anywhere."""
    debtor_address: Address | None = None
    basis: Annotated[Lines, Field(min_length=10, max_length=1_000)] | None = None


@router.get("/policy")
async def get_policy(request: Request, creditor_id: Seller) -> PolicyBody:
    """The company's policy."""
    async with request.app.state.database.transaction(tenant=creditor_id) as tx:
        policy = await store.read_policy(tx, creditor_id)
    return PolicyBody(filing=policy.filing.value, enforcement=policy.enforcement)


@router.put("/policy")
async def put_policy(request: Request, creditor_id: Seller, body: PolicyBody) -> PolicyBody:
    """Choose a policy."""
    async with request.app.state.database.transaction(tenant=creditor_id) as tx:
        await asking.choose_policy(tx, creditor_id, **body.model_dump())
    return body


@router.post("/disputes", status_code=201)
async def object_to(request: Request, identity: Asking, body: ObjectionBody) -> Response:
    """The debtor objects to his claim, or its seller on his behalf."""
    require(identity, "debtor", "seller")
    by = CreditorId(company_of(identity)) if "seller" in identity.roles else None
    claim_id = body.claim_id if by is not None else identity.claim
    if claim_id is None:
        raise invalid([{"field": "claim_id", "reason": "must be given"}])
    async with request.app.state.database.transaction(tenant=by) as tx:

        async def run() -> dict[str, Any]:
            dispute = await asking.object_to(
                tx, ClaimId(claim_id), body.reason, body.disputed_ore, by
            )
            return {"dispute_id": dispute.dispute_id, "claim_id": claim_id}

        return await commands.once(tx, request, by or claim_id, run)


@router.get("/disputes")
async def get_disputes(
    request: Request, creditor_id: Seller, claim_id: UUID | None = None
) -> dict[str, Any]:
    """The company's objections, open ones first; those to one claim where it is named."""
    async with request.app.state.database.transaction(tenant=creditor_id) as tx:
        return {"disputes": await store.read_disputes(tx, claim_id)}


@router.post("/disputes/{dispute_id}/settle")
async def settle(
    request: Request, identity: Asking, dispute_id: UUID, body: Settlement
) -> Response:
    """End an objection; a creditor who agrees credits the invoice himself."""
    async with request.app.state.database.transaction(tenant=_tenant(identity)) as tx:

        async def run() -> dict[str, Any]:
            dispute = await asking.settle_dispute(tx, dispute_id, body.outcome)
            return {"dispute_id": dispute.dispute_id, "outcome": dispute.outcome}

        return await commands.once(tx, request, identity.company or dispute_id, run, status=200)


@router.get("/cases")
async def get_cases(
    request: Request,
    identity: Asking,
    stopped: bool = False,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=store.MOST_READ)] = store.MOST_READ,
) -> dict[str, Any]:
    """Cases, newest first, or those that stand still: the company's, or everybody's for operators.

    `next` is what to ask on after, where there may be more.
    """
    async with request.app.state.database.transaction(tenant=_tenant(identity)) as tx:
        found = await store.read_cases(tx, stopped=stopped, after=after, limit=limit)
    more = found[-1].claim_id if len(found) == limit else None
    return {"cases": [_shown(case) for case in found], "next": more}


@router.get("/cases/alarms")
async def get_alarms(
    request: Request,
    identity: Asking,
    after: Annotated[int, Query(ge=0, lt=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    claim_id: UUID | None = None,
) -> dict[str, Any]:
    """What waits for an operator, of one claim if it is named: how many, and a page of them."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:
        count, tasks = await store.read_tasks(tx, after, limit, claim_id)
    more = tasks[-1]["id"] if len(tasks) == limit else None
    return {"count": count, "alarms": tasks, "next": more}


@router.post("/cases/alarms/{task_id}/done")
async def finish_task(request: Request, identity: Asking, task_id: RowNumber) -> Response:
    """An operator has done what an alarm asked for; saying so again changes nothing."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:

        async def run() -> dict[str, Any]:
            await asking.finish_task(tx, task_id)
            return {"id": task_id}

        return await commands.once(tx, request, identity.person, run, status=200)


@router.get("/cases/{claim_id}")
async def get_case(request: Request, identity: Asking, claim_id: UUID) -> dict[str, Any]:
    """One case."""
    async with request.app.state.database.transaction(tenant=_tenant(identity)) as tx:
        found = await store.read_cases(tx, ClaimId(claim_id))
    if not found:
        raise Problem(404, "No such case")
    return _shown(found[0])


@router.post("/cases/{claim_id}/withdraw", status_code=202)
async def withdraw(request: Request, creditor_id: Seller, claim_id: UUID) -> Response:
    """The creditor regrets."""
    async with request.app.state.database.transaction(tenant=creditor_id) as tx:

        async def run() -> dict[str, Any]:
            return _shown(await asking.withdraw(tx, ClaimId(claim_id)))

        return await commands.once(tx, request, creditor_id, run, status=202)


@router.post("/cases/{claim_id}/file", status_code=202)
async def file(request: Request, creditor_id: Seller, claim_id: UUID) -> Response:
    """The creditor decides that a case goes to Kronofogden."""
    async with request.app.state.database.transaction(tenant=creditor_id) as tx:

        async def run() -> dict[str, Any]:
            return _shown(await asking.file_now(tx, ClaimId(claim_id)))

        return await commands.once(tx, request, creditor_id, run, status=202)


@router.post("/cases/{claim_id}/resume", status_code=202)
async def resume(request: Request, identity: Asking, claim_id: UUID, body: Corrections) -> Response:
    """An operator corrects what stopped a case and lets it go on."""
    require(identity, "operator")
    async with request.app.state.database.transaction() as tx:

        async def run() -> dict[str, Any]:
            corrections = _read(body, tx.today)
            return _shown(await asking.resume(tx, ClaimId(claim_id), corrections))

        return await commands.once(tx, request, identity.person, run, status=202)


def _read(body: Corrections, today: date) -> dict[str, Any]:
    """What is corrected, as it is kept; of a number that cannot be one, the field is told."""
    corrections = body.model_dump(exclude_none=True)
    number = body.debtor_identity_number
    if number is not None:
        try:
            corrections["debtor_identity_number"] = parse_identity_number(number, today=today)
        except NumberError as error:
            raise invalid([{"field": "debtor_identity_number", "reason": str(error)}]) from None
    return corrections


def _tenant(identity: Identity) -> UUID | None:
    """The company to see; None for operators, who see all."""
    require(identity, "seller", "operator")
    return None if "operator" in identity.roles else company_of(identity)


def _shown(case: Any) -> dict[str, Any]:
    """A case as JSON: no name, address or number of the debtor."""
    names = (
        *("claim_id", "creditor_id", "number", "opened_on", "stage", "held", "lack", "next_on"),
        *("respond_by", "sent_on", "filed_on", "amount_ore", "kronofogden_number", "decided_on"),
        *("enforced_on", "close_reason", "stopped"),
    )
    return {name: getattr(case, name) for name in names}
