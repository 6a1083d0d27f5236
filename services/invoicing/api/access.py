"""Who may come in by which door, and the small things every route needs."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request

from contracts.ids import ClaimId, CreditorId
from plumbing.fields import Form
from plumbing.identity import Identity, company_of, identity_of, require
from plumbing.problems import Problem
from plumbing.transaction import Database


async def _anyone(request: Request) -> Identity:
    return identity_of(request)


async def _seller(request: Request) -> CreditorId:
    identity = identity_of(request)
    require(identity, "seller")
    return CreditorId(company_of(identity))


async def _debtor(request: Request) -> ClaimId:
    identity = identity_of(request)
    require(identity, "debtor")
    if identity.claim is None:
        raise Problem(403, "The link names no claim")
    return ClaimId(identity.claim)


Asker = Annotated[Identity, Depends(_anyone)]
Company = Annotated[CreditorId, Depends(_seller)]
"""The company a seller acts for."""
Claim = Annotated[ClaimId, Depends(_debtor)]
"""The one claim that a debtor's link opens."""


def database(request: Request) -> Database:
    """The service's database."""
    found: Database = request.app.state.database
    return found


def issues(request: Request) -> Any:
    """Where invoices that are posted one by one meet (ADR-0012)."""
    return request.app.state.issues


def payee(request: Request) -> str:
    """The platform's bankgiro, as digits."""
    return str(request.app.state.settings.payee_bankgiro)


def payee_name(request: Request) -> str:
    """Who holds the bankgiro that is paid to."""
    return str(request.app.state.settings.payee_name)


def takes(form: type[Form]) -> dict[str, Any]:
    """The OpenAPI description of a body that the route reads itself."""
    schema = form.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def missing(noun: str) -> Problem:
    """The problem of something that is not there, or not the asker's."""
    return Problem(404, f"There is no such {noun}")


def cursor(after: str | None) -> tuple[str, UUID] | None:
    """A page's end as sent with the page before: name and id."""
    if not after:
        return None
    identifier, _, name = after.partition(" ")
    try:
        return name, UUID(identifier)
    except ValueError:
        raise Problem(422, "The page mark is not valid") from None
