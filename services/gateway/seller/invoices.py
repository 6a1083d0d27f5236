"""A company's invoices: the overview, the list, and one invoice with what may be done with it.

Lists show what invoicing has heard; the page of one invoice shows the amount of the ledger as of
today. What may be done is decided by the service that is asked; the page only offers it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from plumbing.links import make_token
from plumbing.problems import Problem
from services.gateway.debtor import standing_of
from services.gateway.forms import key_of
from services.gateway.live import LAST_EVENT, changes, mark_of
from services.gateway.sessions import SellerSession, Session, page_session, seller_session
from services.gateway.settings import Settings
from services.gateway.upstream import Upstream, listed_in
from services.gateway.words import STATES, advice, as_date, faults, page

router = APIRouter()

Command = tuple[str, str, dict[str, Any]]
"""Service, path and body of what is asked of a service."""
Page = Callable[..., Awaitable[Response]]
"""What shows a page of one invoice."""

PAGE_SIZE = 50
SHORTEST_SEARCH = 3
"""Letters of a name (R-45)."""
FORM_FIELDS = {"text": "text", "reason": "skal", "until": "till"}
"""A service's field, and the same in a form of the page."""
NOTICES = {
    "skickad": "Fakturan är skickad.",
    "krediterad": "Kreditfakturan är skapad.",
    "inkasso": "Fakturan är lämnad till inkasso.",
    "inkasso-igen": "Kundens nya uppgifter lämnas till inkasso.",
    "pamind": "Påminnelsen är bokförd och skickas.",
    "pausad": "Kravet är pausat.",
    "ateruppta": "Pausen är hävd.",
    "bestridd": "Invändningen är registrerad.",
    "avgjord": "Invändningen är avgjord.",
    "meddelande": "Meddelandet är skickat.",
    "aterkallad": "Inkassoärendet är återkallat.",
    "sparrad": "Länken är spärrad. Kommande brev till kunden får en ny.",
    "igen": "Brevet är på väg igen.",
    "ansokt": "Ansökan är lämnad till Kronofogden.",
}
"""What the company did, once it is done."""
UNDER_WAY = {
    "skickad": "Fakturan är skapad och skickas nu.",
    "inkasso": "Fakturan lämnas till inkasso nu.",
    "pamind": "Påminnelsen är beställd. Den skickas när avgiften är bokförd.",
    "aterkallad": "Inkassoärendet återkallas nu hos Kronofogden.",
    "ansokt": "Ansökan till Kronofogden är beställd.",
}
"""The same while other services have not heard of it, or not finished."""


@router.get("/")
async def start(request: Request) -> Response:
    """The address that people are given: everybody's own first page."""
    session = page_session(request)
    if session is not None and session.is_operator:
        return RedirectResponse("/drift", status_code=303)
    return await overview(request, await seller_session(request))


async def overview(request: Request, session: Session) -> Response:
    """What the company is owed, by state, and what needs a look."""
    upstream: Upstream = request.app.state.upstream
    who = session.identity
    counts, owed, latest, undelivered, late, disputed, payouts = await asyncio.gather(
        upstream.perhaps(who, "invoicing", "/invoices/counts"),
        upstream.perhaps(who, "payments", "/claims/owed"),
        upstream.ask(who, "invoicing", "/invoices", query={"limit": 8}),
        upstream.perhaps(who, "invoicing", "/invoices", {"state": "undelivered", "limit": 6}),
        upstream.perhaps(who, "invoicing", "/invoices", {"state": "overdue", "limit": 6}),
        upstream.perhaps(who, "invoicing", "/invoices", {"state": "disputed", "limit": 6}),
        upstream.perhaps(who, "payments", "/payouts", {"limit": 4}),
    )
    states = {each["state"]: each for each in (counts or {}).get("states", [])}
    return page(
        request,
        "oversikt.html",
        session=session,
        states=states,
        order=[name for name in STATES if name in states],
        owed=owed or {},
        latest=_invoices(latest),
        needing=_invoices(undelivered) + _invoices(late) + _invoices(disputed),
        payouts=(payouts or {}).get("payouts", []) if isinstance(payouts, dict) else payouts,
    )


@router.get("/fakturor")
async def listed(
    request: Request,
    session: SellerSession,
    status: str = "",
    sok: str = "",
    efter: str = "",
) -> Response:
    """The company's invoices, newest first."""
    upstream: Upstream = request.app.state.upstream
    search = sok.strip()[:100]
    too_short = 0 < len(search) < SHORTEST_SEARCH and not search.isdigit()
    query = {
        "state": status if status in STATES else None,
        "q": None if too_short else search,
        "after": efter if efter.isdigit() else None,
        "limit": PAGE_SIZE,
    }
    found = await upstream.ask(session.identity, "invoicing", "/invoices", query=query)
    return page(
        request,
        "fakturor.html",
        session=session,
        invoices=_invoices(found),
        next=(found or {}).get("next"),
        states=STATES,
        state=status,
        search=sok,
        fault="Skriv ett nummer eller minst tre bokstäver." if too_short else None,
        after=efter,
    )


@router.get("/fakturor/{claim_id}")
async def shown(
    request: Request, session: SellerSession, claim_id: UUID, gjort: str = ""
) -> Response:
    """One invoice: its rows, its money as of today, its timeline, and what may be done."""
    return await _invoice_page(request, session, claim_id, done=gjort)


@router.get("/fakturor/{claim_id}/live", response_class=EventSourceResponse)
async def live(
    request: Request, session: SellerSession, claim_id: UUID, sedan: str = ""
) -> AsyncIterator[ServerSentEvent]:
    """Says when something has happened to the invoice; the page then fetches itself anew."""
    upstream: Upstream = request.app.state.upstream
    who = session.identity

    async def look() -> Any:
        invoice, claim = await asyncio.gather(
            upstream.perhaps(who, "invoicing", f"/invoices/{claim_id}"),
            upstream.perhaps(who, "payments", f"/claims/{claim_id}"),
        )
        return invoice and _standing(invoice, claim)

    async for event in changes(look, request.headers.get(LAST_EVENT) or sedan):
        yield event


@router.get("/fakturor/{claim_id}/pdf")
async def pdf(request: Request, session: SellerSession, claim_id: UUID) -> Response:
    """The invoice as a document."""
    upstream: Upstream = request.app.state.upstream
    content = await upstream.document(session.identity, "invoicing", f"/invoices/{claim_id}/pdf")
    return pdf_answer(content, f"faktura-{claim_id}.pdf")


@router.get("/fakturor/{claim_id}/kredit-pdf")
async def credit_pdf(request: Request, session: SellerSession, claim_id: UUID) -> Response:
    """The credit note as a document."""
    upstream: Upstream = request.app.state.upstream
    path = f"/invoices/{claim_id}/credit/pdf"
    content = await upstream.document(session.identity, "invoicing", path)
    return pdf_answer(content, f"kreditfaktura-{claim_id}.pdf")


@router.get("/fakturor/{claim_id}/kreditera")
async def credit_form(request: Request, session: SellerSession, claim_id: UUID) -> Response:
    """Ask for the reason, and warn that an original may already be on paper (R-81)."""
    return await _credit_page(request, session, claim_id)


async def _credit_page(
    request: Request, session: Session, claim_id: UUID, *, status: int = 200, **values: Any
) -> Response:
    upstream: Upstream = request.app.state.upstream
    invoice = await upstream.ask(session.identity, "invoicing", f"/invoices/{claim_id}")
    return page(
        request, "kreditera.html", status=status, session=session, invoice=invoice,
        claim_id=claim_id, **({"wrong": {}, "typed": {}} | values),
    )  # fmt: skip


@router.post("/fakturor/{claim_id}/kreditera")
async def credit(
    request: Request,
    session: SellerSession,
    claim_id: UUID,
    slag: Annotated[str, Form()] = "correction",
    skal: Annotated[str, Form()] = "",
) -> Response:
    """Credit the whole invoice."""
    typed = {"slag": slag, "skal": skal}
    if not skal.strip():
        wrong = {"skal": "Skriv varför fakturan krediteras."}
        return await _credit_page(request, session, claim_id, status=422, wrong=wrong, typed=typed)
    kind = "commercial" if slag == "commercial" else "correction"
    body = {"kind": kind, "reason": _written(skal)}
    command: Command = ("invoicing", f"/invoices/{claim_id}/credit", body)
    return await _act(
        request, session, claim_id, command, "krediterad", typed=typed, form=_credit_page
    )


@router.post("/fakturor/{claim_id}/inkasso")
async def to_collection(request: Request, session: SellerSession, claim_id: UUID) -> Response:
    """Hand the claim over to collection (R-108)."""
    command: Command = ("invoicing", f"/invoices/{claim_id}/collection", {})
    return await _act(request, session, claim_id, command, "inkasso")


@router.post("/fakturor/{claim_id}/inkasso-igen")
async def to_collection_anew(
    request: Request,
    session: SellerSession,
    claim_id: UUID,
    steg: Annotated[str, Form()] = "",
) -> Response:
    """Let a stopped case go on with the customer's details as they are now; once from one step."""
    command: Command = ("invoicing", f"/invoices/{claim_id}/collection/anew", {})
    once = key_of(steg, claim_id)
    return await _act(request, session, claim_id, command, "inkasso-igen", key=once)


@router.post("/fakturor/{claim_id}/paminn")
async def remind(request: Request, session: SellerSession, claim_id: UUID) -> Response:
    """Ask for the one reminder now."""
    command: Command = ("dunning", f"/claims/{claim_id}/remind", {})
    return await _act(request, session, claim_id, command, "pamind")


@router.post("/fakturor/{claim_id}/pausa")
async def pause(
    request: Request,
    session: SellerSession,
    claim_id: UUID,
    till: Annotated[str, Form()] = "",
) -> Response:
    """Let nothing happen before a day; no day lifts the pause."""
    until = as_date(till)
    if till and until is None:
        return await _invoice_page(
            request, session, claim_id, status=422, wrong={"till": "Välj en dag framåt i tiden."}
        )
    command: Command = (
        "dunning",
        f"/claims/{claim_id}/pause",
        {"until": until and until.isoformat()},
    )
    return await _act(request, session, claim_id, command, "pausad" if until else "ateruppta")


@router.post("/fakturor/{claim_id}/invandning")
async def dispute(
    request: Request,
    session: SellerSession,
    claim_id: UUID,
    skal: Annotated[str, Form()] = "",
) -> Response:
    """Record an objection that reached the company itself."""
    if not skal.strip():
        wrong = {"skal": "Skriv vad kunden invänder."}
        return await _invoice_page(request, session, claim_id, status=422, wrong=wrong)
    body = {"claim_id": str(claim_id), "reason": _written(skal)}
    command: Command = ("collections", "/disputes", body)
    return await _act(request, session, claim_id, command, "bestridd", typed={"skal": skal})


@router.post("/fakturor/{claim_id}/invandning/{dispute_id}")
async def settle(
    request: Request,
    session: SellerSession,
    claim_id: UUID,
    dispute_id: UUID,
    utfall: Annotated[str, Form()],
) -> Response:
    """Say how an objection ended: the customer was right, or took it back."""
    body = {"outcome": "upheld" if utfall == "upheld" else "withdrawn"}
    command: Command = ("collections", f"/disputes/{dispute_id}/settle", body)
    return await _act(request, session, claim_id, command, "avgjord")


@router.post("/fakturor/{claim_id}/aterkalla")
async def withdraw(request: Request, session: SellerSession, claim_id: UUID) -> Response:
    """Take the case back (R-112)."""
    command: Command = ("collections", f"/cases/{claim_id}/withdraw", {})
    return await _act(request, session, claim_id, command, "aterkallad")


@router.post("/fakturor/{claim_id}/ansok")
async def file_case(request: Request, session: SellerSession, claim_id: UUID) -> Response:
    """Go on to Kronofogden where the policy is to ask first (R-111)."""
    command: Command = ("collections", f"/cases/{claim_id}/file", {})
    return await _act(request, session, claim_id, command, "ansokt")


@router.post("/fakturor/{claim_id}/lank")
async def renew_link(
    request: Request,
    session: SellerSession,
    claim_id: UUID,
    version: Annotated[str, Form()] = "",
) -> Response:
    """Close the links to the web invoice that are out; not those sent since the page was shown."""
    command: Command = ("invoicing", f"/invoices/{claim_id}/link", {})
    once = key_of(version, claim_id)
    return await _act(request, session, claim_id, command, "sparrad", key=once)


@router.post("/fakturor/{claim_id}/utskick/{delivery_id}/igen")
async def send_again(
    request: Request, session: SellerSession, claim_id: UUID, delivery_id: UUID
) -> Response:
    """Send a letter once more that no channel took, to the address known today."""
    command: Command = ("notifications", f"/deliveries/{delivery_id}/again", {})
    return await _act(request, session, claim_id, command, "igen")


@router.post("/fakturor/{claim_id}/meddelande")
async def write(
    request: Request,
    session: SellerSession,
    claim_id: UUID,
    text: Annotated[str, Form()] = "",
    nyckel: Annotated[str, Form()] = "",
) -> Response:
    """Write to the customer (R-66)."""
    if not text.strip():
        wrong = {"text": "Skriv ett meddelande."}
        return await _invoice_page(request, session, claim_id, status=422, wrong=wrong)
    command: Command = ("invoicing", f"/invoices/{claim_id}/messages", {"text": _written(text)})
    return await _act(
        request, session, claim_id, command, "meddelande", typed={"text": text},
        key=key_of(nyckel, _written(text)),
    )  # fmt: skip


def notice_of(done: str, invoice: dict[str, Any], case: dict[str, Any] | None) -> str | None:
    """What is said of what was just done: that it is done once it shows, else that it is begun."""
    state, stage = invoice.get("state"), (case or {}).get("stage", "closed")
    if done == "skickad" and state == "undelivered":
        return None
    begun = {
        "skickad": state == "issued",
        "inkasso": stage == "closed",
        "pamind": state != "reminded",
        "aterkallad": stage != "closed",
        "ansokt": stage != "filed",
    }
    return UNDER_WAY[done] if begun.get(done) else NOTICES.get(done)


def _standing(invoice: dict[str, Any], claim: dict[str, Any] | None) -> tuple[Any, ...]:
    """What of an invoice its seller would see change."""
    told = len(invoice.get("timeline") or ())
    return invoice.get("state"), told, invoice.get("messages"), claim and standing_of(claim)


def _written(text: str) -> str:
    """A text as its service keeps it; browsers send line breaks as two characters."""
    return text.replace("\r\n", "\n").strip()


async def _act(
    request: Request,
    session: Session,
    claim_id: UUID,
    command: Command,
    done: str,
    *,
    typed: dict[str, str] | None = None,
    form: Page | None = None,
    key: str | None = None,
) -> Response:
    """Carry out a command and go back to the invoice; a refusal is told on its page.

    What is wrong with a field is told there, on the page of its form and beside what was typed.
    What is sent twice with one `key` is done once.
    """
    service, path, body = command
    upstream: Upstream = request.app.state.upstream
    try:
        await upstream.ask(session.identity, service, path, method="POST", json=body, key=key)
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        if done == "krediterad" and problem.body.get("reason") == "credited":
            problem.body["reason"] = "already_credited"  # what was asked for is what there is
        named = faults(problem).items()
        wrong = {FORM_FIELDS[name]: told for name, told in named if name in FORM_FIELDS}
        told = {"wrong": wrong} if wrong else {"refusal": advice(problem)}
        show = form if wrong and form else _invoice_page
        return await show(
            request, session, claim_id, status=problem.status, typed=typed or {}, **told
        )
    return RedirectResponse(f"/fakturor/{claim_id}?gjort={done}", status_code=303)


async def _invoice_page(
    request: Request,
    session: Session,
    claim_id: UUID,
    *,
    status: int = 200,
    done: str = "",
    **values: Any,
) -> Response:
    upstream: Upstream = request.app.state.upstream
    who = session.identity
    invoice, claim, ladder, disputes, case, deliveries, messages = await asyncio.gather(
        upstream.ask(who, "invoicing", f"/invoices/{claim_id}"),
        upstream.perhaps(who, "payments", f"/claims/{claim_id}"),
        upstream.perhaps(who, "dunning", f"/claims/{claim_id}"),
        upstream.perhaps(who, "collections", "/disputes", {"claim_id": str(claim_id)}),
        upstream.perhaps(who, "collections", f"/cases/{claim_id}"),
        upstream.perhaps(who, "notifications", "/deliveries", {"claim_id": str(claim_id)}),
        upstream.perhaps(who, "invoicing", f"/invoices/{claim_id}/messages"),
    )
    settings: Settings = request.app.state.settings
    version = int(invoice.get("link_version") or 1)
    return page(
        request,
        "faktura.html",
        status=status,
        session=session,
        claim_id=claim_id,
        invoice=invoice,
        claim=claim,
        ladder=ladder,
        disputes=[
            each
            for each in listed_in(disputes, "disputes")
            if each.get("claim_id", str(claim_id)) == str(claim_id) and not each.get("settled_on")
        ],
        case=case,
        deliveries=listed_in(deliveries, "deliveries"),
        messages=listed_in(messages, "messages"),
        notice=notice_of(done, invoice, case),
        live=f"/fakturor/{claim_id}/live?sedan={mark_of(_standing(invoice, claim))}",
        link=f"/f/{make_token(settings.link_key, claim_id, version)}",
        **({"wrong": {}, "refusal": None, "typed": {}} | values),
    )


def pdf_answer(content: bytes, name: str) -> Response:
    """A document to be shown in the browser and saved under a name."""
    headers = {"content-disposition": f'inline; filename="{name}"'}
    return Response(content, media_type="application/pdf", headers=headers)


def _invoices(found: Any) -> list[dict[str, Any]]:
    return listed_in(found, "invoices")
