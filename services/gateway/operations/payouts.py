"""Money that goes out, where a person must look: debits that nobody knows, payouts that stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from plumbing.problems import Problem
from services.gateway.forms import LONGEST_KEY, text, typed
from services.gateway.operations.money import ask, decision_in, faults_of, shown_again
from services.gateway.sessions import OperatorSession, Session
from services.gateway.upstream import Query, Upstream, listed_in
from services.gateway.words import advice, faults, page

router = APIRouter()

OWN = "egen"
"""A debit that the operator bears."""
REPAID = "fordran:"
"""Before the claim whose debtor was repaid; any other choice is a waiting payment's id."""
SEK = "SEK"
NAMES_AT_ONCE = 100
KINDS = (
    ("bankgiro", "Bankgiro"), ("plusgiro", "Plusgiro"), ("account", "Bankkonto"), ("iban", "IBAN"),
)  # fmt: skip
NOTICES = {
    "forklarat": "Uttaget är bokfört och väntar inte längre.",
    "igen": "Pengarna beställs på nytt i dag, om de kan betalas ut.",
    "konto": "Kontot är registrerat. Pengarna som väntade betalas ut.",
}


@router.get("/drift/utbetalningar")
async def alarms(request: Request, session: OperatorSession, gjort: str = "") -> Response:
    """Debits that no payout explains, and payouts that are late, rejected or lack an account."""
    return await _alarms_page(request, session, notice=NOTICES.get(gjort))


@router.post("/drift/utbetalningar/igen")
async def order_again(
    request: Request,
    session: OperatorSession,
    foretag: Annotated[UUID, Form()],
    nyckel: Annotated[str, Form()] = "",
) -> Response:
    """Order anew what the bank rejected."""
    upstream: Upstream = request.app.state.upstream
    try:
        await upstream.ask(
            session.identity, "payments", "/payouts/again", method="POST",
            json={"creditor_id": str(foretag)}, key=nyckel[:LONGEST_KEY] or None,
        )  # fmt: skip
    except Problem as refusal:
        if refusal.status != 409:
            raise
        return await _alarms_page(request, session, refusal=advice(refusal), status=409)
    return RedirectResponse("/drift/utbetalningar?gjort=igen", status_code=303)


@router.get("/drift/utbetalningar/uttag")
async def debit(request: Request, session: OperatorSession, post: str = "") -> Response:
    """One debit that no payout explains; `post` is the bank's entry."""
    return await _debit_page(request, session, post)


@router.post("/drift/utbetalningar/uttag")
async def resolve(request: Request, session: OperatorSession) -> Response:
    """Say what a debit is: a payment taken back, what was overpaid, or the operator's to bear."""
    form = await request.form()
    entry, chosen = text(form, "post"), text(form, "ar")
    decision, wrong = decision_in(form, "uttag", foreign=True)
    decision["source_key"] = entry
    if not chosen:
        wrong["ar"] = "Välj vad uttaget är."
    elif chosen.startswith(REPAID):
        decision["claim_id"] = chosen.removeprefix(REPAID)
    elif chosen != OWN:
        decision["payment_id"] = chosen
    if wrong:
        return await _debit_page(request, session, entry, wrong, form)
    refusal, _ = await ask(request, session, "/payouts/debits/resolve", decision, form)
    if refusal is not None:
        return await _debit_page(request, session, entry, _faults(refusal), form, refusal)
    return RedirectResponse("/drift/utbetalningar?gjort=forklarat", status_code=303)


@router.get("/drift/utbetalningar/konto/{creditor_id}")
async def account(request: Request, session: OperatorSession, creditor_id: UUID) -> Response:
    """The form for a company's account."""
    return await _account_page(request, session, creditor_id)


@router.post("/drift/utbetalningar/konto/{creditor_id}")
async def set_account(request: Request, session: OperatorSession, creditor_id: UUID) -> Response:
    """Set where a company is paid (R-14); the money that waited goes out."""
    form = await request.form()
    given = {"kind": text(form, "kind"), "number": text(form, "number")}
    body = {**given, "creditor_id": str(creditor_id), "bic": text(form, "bic") or None}
    await _name_of(request.app.state.upstream, session, creditor_id)
    wrong = {} if text(form, "sett") else {"sett": "Bekräfta att du har kontrollerat det här."}
    if not wrong:
        upstream: Upstream = request.app.state.upstream
        path = "/payout-account"
        try:
            await upstream.ask(session.identity, "payments", path, method="PUT", json=body)
        except Problem as refusal:
            if refusal.status != 422:
                raise
            wrong = faults(refusal)
    if wrong:
        return await _account_page(request, session, creditor_id, wrong, form)
    return RedirectResponse("/drift/utbetalningar?gjort=konto", status_code=303)


async def _alarms_page(
    request: Request,
    session: Session,
    *,
    status: int = 200,
    notice: str | None = None,
    refusal: tuple[str, str] | None = None,
) -> Response:
    """The page of what is stuck; money that the bank rejected waits among what lacks an account."""
    upstream: Upstream = request.app.state.upstream
    found = await upstream.ask(session.identity, "payments", "/payouts/alarms")
    rejected, waiting = listed_in(found, "rejected"), listed_in(found, "waiting")
    stuck = [*rejected, *waiting, *listed_in(found, "late")]
    names = await _names(upstream, session, {one["creditor_id"] for one in stuck})
    return page(
        request, "utbetalningar_drift.html", status=status, session=session, found=found,
        names=names, notice=notice, refusal=refusal,
        no_account={one["creditor_id"]: one["amount_ore"] for one in waiting},
        # The latest order of a company, which stands first, held what was rejected before it too.
        rejected={one["creditor_id"]: one["amount_ore"] for one in reversed(rejected)},
    )  # fmt: skip


async def _debit_page(
    request: Request,
    session: Session,
    entry: str,
    wrong: dict[str, str] | None = None,
    form: FormData | None = None,
    refusal: Problem | None = None,
) -> Response:
    """The page of one debit, with what it may be; the list, and 404, where it does not wait."""
    upstream: Upstream = request.app.state.upstream
    found, waiting, overpaid = await asyncio.gather(
        upstream.ask(session.identity, "payments", "/payouts/alarms"),
        upstream.perhaps(session.identity, "payments", "/unmatched", {"limit": 500}),
        upstream.perhaps(session.identity, "payments", "/overpaid", {"limit": 500}),
    )
    debits = listed_in(found, "unknown_debits")
    one = next((each for each in debits if each["source_key"] == entry), None)
    if one is None:
        gone = Problem(404, "No such debit waits", reason="debit_resolved")
        return await _alarms_page(request, session, refusal=advice(gone), status=gone.status)
    payments = _possible(one, listed_in(waiting, "payments"))
    credits = _repayable(one, listed_in(overpaid, "overpaid"))
    return page(
        request, "uttag.html", session=session, debit=one, payments=payments, credits=credits,
        own=OWN, repaid=REPAID, **shown_again(wrong, form, refusal),
    )  # fmt: skip


def _possible(debit: dict[str, Any], waiting: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The waiting payments that a debit may take back: booked, and of its amount in kronor."""
    return [
        each
        for each in waiting
        if each["can_be_allocated"]
        and (debit["currency"] != SEK or each["amount_ore"] == debit["amount_ore"])
    ]


def _repayable(debit: dict[str, Any], overpaid: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The claims whose debtor a debit may have repaid: with that much to his credit, just that
    much first."""
    ore = debit["amount_ore"] if debit["currency"] == SEK else 0
    enough = [each for each in overpaid if each["amount_ore"] >= ore]
    return sorted(enough, key=lambda each: each["amount_ore"] != ore)


def _faults(refusal: Problem) -> dict[str, str]:
    found = faults_of(refusal, "uttag")
    of_choice = refusal.body.get("reason") in ("amount_differs", "more_than_overpaid")
    if of_choice or found.keys() & {"payment_id", "claim_id"}:
        found["ar"] = advice(refusal)[1]
    return found


async def _account_page(
    request: Request,
    session: Session,
    creditor_id: UUID,
    wrong: dict[str, str] | None = None,
    form: FormData | None = None,
) -> Response:
    upstream: Upstream = request.app.state.upstream
    who, query = session.identity, {"creditor_id": str(creditor_id)}
    name, known = await asyncio.gather(
        _name_of(upstream, session, creditor_id),
        upstream.perhaps(who, "payments", "/payout-account", query),
    )
    return page(
        request, "konto.html", status=422 if wrong else 200, session=session,
        creditor_id=creditor_id, name=name, known=known, kinds=KINDS,
        given=typed(form) if form else {}, wrong=wrong or {},
    )  # fmt: skip


async def _name_of(upstream: Upstream, session: Session, creditor_id: UUID) -> str:
    """The name of one company; 404 for an id that is none's: nobody is paid there."""
    asked: Query = {"creditor_id": [str(creditor_id)]}
    found = await upstream.ask(session.identity, "invoicing", "/creditors", query=asked)
    for each in listed_in(found, "creditors"):
        return str(each["name"])
    raise Problem(404, "No such company")


async def _names(
    upstream: Upstream, session: Session, creditors: Collection[str]
) -> dict[str, str]:
    """The names of companies by their ids, as far as invoicing answers."""
    wanted, names = sorted(creditors), dict[str, str]()
    for some in (wanted[at : at + NAMES_AT_ONCE] for at in range(0, len(wanted), NAMES_AT_ONCE)):
        asked: Query = {"creditor_id": some, "limit": NAMES_AT_ONCE}
        found = await upstream.perhaps(session.identity, "invoicing", "/creditors", asked)
        names |= {each["creditor_id"]: each["name"] for each in listed_in(found, "creditors")}
    return names
