"""Money that came in: payments that wait for a person, the bank's files, the ledger's judgement.

Whatever is decided of a payment is decided by payments; the page asks for the reason and for a tick
that the bank was looked at, and tells at its field what was wrong.
"""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from plumbing.problems import Problem
from services.gateway.forms import key, text, typed
from services.gateway.sessions import OperatorSession, Session
from services.gateway.upstream import Upstream, listed_in
from services.gateway.words import NO_BREAK, advice, faults, page, parse_kronor

router = APIRouter()

CLAIM_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOTICES = {
    "kopplad": "Betalningen är kopplad till fordran.",
    "bokford": "Betalningen är bokförd som kronor på kontot.",
    "borttagen": "Betalningen väntar inte längre, och beslutet är sparat.",
    "kronofogden": "Kronofogdens betalning är fördelad.",
}
REFUSED = (404, 409, 422)


@router.get("/drift/betalningar")
async def unmatched(
    request: Request, session: OperatorSession, gjort: str = "", antal: int = 0, efter: str = ""
) -> Response:
    """Money that waits for its claim."""
    notice = NOTICES.get(gjort)
    if notice and antal:
        released = "1 betalning" if antal == 1 else f"{antal} betalningar"
        notice += f" {released} ur samma post bokfördes i stället."
    return await _unmatched_page(request, session, notice=notice, after=efter)


@router.get("/drift/betalningar/{payment_id}")
async def one(request: Request, session: OperatorSession, payment_id: UUID) -> Response:
    """One payment that waits, and what may become of it."""
    return await _payment_page(request, session, payment_id)


@router.post("/drift/betalningar/{payment_id}/koppla")
async def allocate(request: Request, session: OperatorSession, payment_id: UUID) -> Response:
    """Let a payment meet the claim the operator names."""
    form = await request.form()
    claim = CLAIM_ID.search(text(form, "fordran").lower())
    if claim is None:
        wrong = {"fordran": "Skriv fordrans id, 36 tecken, eller adressen till fakturans sida."}
        return await _payment_page(request, session, payment_id, wrong, form)
    path, body = f"/unmatched/{payment_id}/allocate", {"claim_id": claim[0]}
    refusal, _ = await ask(request, session, path, body, form)
    if refusal is None:
        return _to("/drift/betalningar?gjort=kopplad")
    wrong = {"fordran": "Betalningen kan inte kopplas till den fordran."}
    return await _payment_page(request, session, payment_id, wrong, form, refusal)


@router.post("/drift/betalningar/{payment_id}/bokfor")
async def book(request: Request, session: OperatorSession, payment_id: UUID) -> Response:
    """Book a payment that is held off the ledger as money on the account after all."""
    form = await request.form()
    decision, wrong = decision_in(form, "bokfor", foreign=True)
    if wrong:
        return await _payment_page(request, session, payment_id, wrong, form)
    refusal, _ = await ask(request, session, f"/unmatched/{payment_id}/book", decision, form)
    if refusal is None:
        return _to("/drift/betalningar?gjort=bokford")
    wrong = faults_of(refusal, "bokfor")
    return await _payment_page(request, session, payment_id, wrong, form, refusal)


@router.post("/drift/betalningar/{payment_id}/ta-bort")
async def take_out(request: Request, session: OperatorSession, payment_id: UUID) -> Response:
    """Let a payment that is none wait no longer."""
    form = await request.form()
    decision, wrong = decision_in(form, "ta-bort")
    if wrong:
        return await _payment_page(request, session, payment_id, wrong, form)
    path = f"/unmatched/{payment_id}/take-out"
    refusal, done = await ask(request, session, path, decision, form)
    if refusal is None:
        return _to(f"/drift/betalningar?gjort=borttagen&antal={int(done['payments_booked'])}")
    wrong = faults_of(refusal, "ta-bort")
    return await _payment_page(request, session, payment_id, wrong, form, refusal)


@router.post("/drift/betalningar/kronofogden")
async def clear_kronofogden(
    request: Request,
    session: OperatorSession,
    betalning: Annotated[str, Form()] = "",
    for_these: Annotated[list[UUID] | None, Form(alias="gäller")] = None,
) -> Response:
    """Say that a payment is Kronofogden's, and for what of all that it has collected."""
    named = [str(each) for each in for_these or ()]
    wrong = {"kronofogden": "Välj en betalning och poster som tillsammans är lika stora."}
    try:
        path = f"/unmatched/{UUID(betalning)}/kronofogden"
    except ValueError:
        return await _unmatched_page(request, session, wrong=wrong, status=422)
    body, form = {"payment_ids": named}, await request.form()
    refusal, _ = await ask(request, session, path, body, form)
    if refusal is not None:
        return await _unmatched_page(request, session, wrong=wrong, status=422)
    return _to("/drift/betalningar?gjort=kronofogden")


@router.get("/drift/overbetalningar")
async def overpaid(request: Request, session: OperatorSession) -> Response:
    """What debtors have paid too much, to be repaid by hand (R-95)."""
    upstream: Upstream = request.app.state.upstream
    found = await upstream.ask(session.identity, "payments", "/overpaid")
    return page(
        request, "overbetalningar.html", session=session, overpaid=listed_in(found, "overpaid"),
        count=found["count"], amount_ore=found["amount_ore"],
    )  # fmt: skip


@router.get("/drift/bankfiler")
async def bank_files(request: Request, session: OperatorSession) -> Response:
    """Files of the bank: what they held and what was wrong with them."""
    upstream: Upstream = request.app.state.upstream
    found = await upstream.ask(session.identity, "payments", "/bank-files")
    return page(request, "bankfiler.html", session=session, files=listed_in(found, "files"))


@router.get("/drift/bankfiler/{file_id}")
async def bank_file(request: Request, session: OperatorSession, file_id: UUID) -> Response:
    """One file of the bank."""
    upstream: Upstream = request.app.state.upstream
    found = await upstream.ask(session.identity, "payments", f"/bank-files/{file_id}")
    return page(request, "bankfil.html", session=session, file=found)


@router.get("/drift/huvudbok")
async def ledger(request: Request, session: OperatorSession) -> Response:
    """The ledger's own judgement: accounts, sums, what is wrong."""
    upstream: Upstream = request.app.state.upstream
    found = await upstream.ask(session.identity, "payments", "/ledger/check", seconds=60)
    return page(request, "huvudbok.html", session=session, ledger=found)


def decision_in(
    form: FormData, door: str, *, foreign: bool = False
) -> tuple[dict[str, Any], dict[str, str]]:
    """The reason that was typed for a decision; and what is missing of it, or of its tick.

    `foreign` takes the kronor as well where the form asks for them: of money in another currency.
    """
    decision: dict[str, Any] = {"reason": text(form, f"{door}-skal")}
    wrong = {}
    if not decision["reason"]:
        wrong[f"{door}-skal"] = "Skriv varför. Skälet sparas med beslutet."
    if not text(form, f"{door}-sett"):
        wrong[f"{door}-sett"] = "Bekräfta att du har kontrollerat det här."
    if foreign and "kronor" in form:
        if (ore := parse_kronor(text(form, "kronor"))) is None:
            wrong["kronor"] = f"Skriv beloppet i kronor, till exempel 1{NO_BREAK}250,00."
        else:
            decision["amount_ore"] = ore
    return decision, wrong


def faults_of(refusal: Problem, door: str) -> dict[str, str]:
    """What payments found wrong with a decision, at the fields of its form."""
    names = {"reason": f"{door}-skal", "amount_ore": "kronor"}
    found = {names.get(field, field): fault for field, fault in faults(refusal).items()}
    if refusal.body.get("reason") == "currency":
        found["kronor"] = advice(refusal)[1]
    return found


async def ask(
    request: Request, session: Session, path: str, body: dict[str, Any], form: FormData
) -> tuple[Problem | None, Any]:
    """Ask payments once: its refusal where the page can tell it, else its answer."""
    upstream: Upstream = request.app.state.upstream
    try:
        return None, await upstream.ask(
            session.identity, "payments", path, method="POST", json=body, key=key(form)
        )
    except Problem as problem:
        if problem.status not in REFUSED:
            raise
        return problem, None


async def _unmatched_page(
    request: Request,
    session: Session,
    *,
    status: int = 200,
    after: str = "",
    notice: str | None = None,
    refusal: tuple[str, str] | None = None,
    wrong: dict[str, str] | None = None,
) -> Response:
    upstream: Upstream = request.app.state.upstream
    found, awaited = await asyncio.gather(
        upstream.ask(session.identity, "payments", "/unmatched", query={"after": after}),
        upstream.perhaps(session.identity, "payments", "/kronofogden/awaited"),
    )
    return page(
        request, "omatchade.html", status=status, session=session,
        payments=listed_in(found, "payments"), next=found.get("next"),
        awaited=listed_in(awaited, "awaited"), notice=notice, refusal=refusal, wrong=wrong or {},
    )  # fmt: skip


async def _payment_page(
    request: Request,
    session: Session,
    payment_id: UUID,
    wrong: dict[str, str] | None = None,
    form: FormData | None = None,
    refusal: Problem | None = None,
) -> Response:
    """The page of one payment; the list, where it waits no longer."""
    upstream: Upstream = request.app.state.upstream
    try:
        payment = await upstream.ask(session.identity, "payments", f"/unmatched/{payment_id}")
    except Problem as problem:
        if problem.status != 404:
            raise
        gone = ("Betalningen väntar inte längre", "Någon har redan tagit hand om den.")
        return await _unmatched_page(request, session, refusal=gone, status=404)
    again = shown_again(wrong, form, refusal)
    return page(request, "omatchad.html", session=session, payment=payment, **again)


def shown_again(
    wrong: dict[str, str] | None, form: FormData | None, refusal: Problem | None
) -> dict[str, Any]:
    """What the page of a decision shows anew: faults at their fields, else the refusal above."""
    return {
        "status": refusal.status if refusal else 422 if wrong else 200,
        "refusal": advice(refusal) if refusal and not wrong else None,
        "wrong": wrong or {},
        "given": typed(form) if form else {},
    }


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=303)
