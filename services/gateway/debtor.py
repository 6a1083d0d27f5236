"""The debtor's web invoice: what is to be paid, how, and what happens otherwise, in plain words.

Whoever holds the link may see this one claim and nothing else. The amount is the ledger's, as of
today; the page asks again each second while it is open, and shows a payment once it is booked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import segno
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from markupsafe import Markup
from starlette.background import BackgroundTask

from contracts.usingqr import ERROR_CORRECTION, QUIET_MODULES, ToPay, usingqr
from plumbing.identity import Identity
from plumbing.links import Link, read_token
from plumbing.problems import Problem
from services.gateway import words
from services.gateway.forms import key_of
from services.gateway.live import LAST_EVENT, changes, mark_of
from services.gateway.sessions import page_session
from services.gateway.settings import Settings
from services.gateway.upstream import Upstream

router = APIRouter()

LONGEST_TEXT = 2000
FORM_FIELDS = {"text": "text", "reason": "skal"}
"""A service's field, and the same in a form of the page."""
PRIVATE = {
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
    "cache-control": "no-store, private",
}
NOTICES = {
    "invandning": "Din invändning är mottagen. Kravet ligger stilla tills den är avgjord.",
    "redan": "Din invändning är redan mottagen. Kravet ligger stilla tills den är avgjord.",
    "meddelande": "Meddelandet är skickat till säljaren.",
}
NOW = {
    "overdue": (
        "Fakturan har förfallit",
        "Betala så snart du kan. Betalar du innan en påminnelse skickas tillkommer inga kostnader.",
    ),
    "reminded": (
        "Du har fått en påminnelse",
        "Betala senast den dag som står ovan, så händer inget mer. Bara en påminnelse skickas.",
    ),
    "demanded": (
        "Du har fått ett inkassokrav",
        "Betala senast den dag som står ovan, så går det inte vidare. Bara ett inkassokrav "
        "skickas.",
    ),
    "collection": (
        "Fakturan är lämnad till inkasso",
        "Betala eller invänd inom den tid som står i inkassokravet, så går det inte vidare.",
    ),
}
"""What has happened already, per step reached; `_at_kronofogden` is the last of them."""
TOO_LATE = {
    "reminded": "Dagen som står i den har passerat. Betala så snart du kan; bara en påminnelse "
    "skickas.",
    "demanded": "Tiden som står i det har gått ut. Betala så snart du kan; bara ett inkassokrav "
    "skickas.",
    "collection": "Tiden som står i inkassokravet har gått ut. Betala så snart du kan, så går det "
    "inte vidare.",
}
"""The same, once the day that was stated has passed."""
OVER = {
    "settled": ("Allt är klart", "Du behöver inte göra något mer."),
    "credited": (
        "Allt är klart",
        "Fakturan är krediterad och ska inte betalas. Spara kreditfakturan: den hör till fakturan.",
    ),
    "upheld": (
        "Du har fått rätt",
        "Säljaren har godtagit din invändning. Betala inte; inga påminnelser och inget inkasso "
        "skickas. Säljaren ska kreditera fakturan, och då får du en kreditfaktura.",
    ),
    "held": (
        "Kravet ligger stilla",
        "Du har invänt mot fakturan. Inga påminnelser och inget inkasso skickas medan säljaren "
        "tar ställning. Den som bestrider ett krav kan få det prövat i tingsrätten.",
    ),
}
"""What a debtor is told when nothing is to be done by him."""
TOO_MUCH = (
    "Pengar tillbaka",
    "Du ska inte betala mer. Det som är för mycket betalt är ditt: hör av dig som det står ovan.",
)
"""What follows for one who has paid too much (R-95)."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds a link that opens one claim."""

    token: str
    link: Link

    @property
    def claim_id(self) -> UUID:
        """The one claim that is open to them."""
        return self.link.claim_id

    @property
    def identity(self) -> Identity:
        """Who they are to the services: nobody but the debtor of this claim."""
        return Identity(self.claim_id, frozenset({"debtor"}), claim=self.claim_id)


async def holder(request: Request, token: str) -> Holder:
    """FastAPI dependency: the holder of the link in the path; 404 for every other text."""
    settings: Settings = request.app.state.settings
    link = read_token(settings.link_key, token)
    if link is None:
        raise Problem(404, "No such page")
    return Holder(token, link)


LinkHolder = Annotated[Holder, Depends(holder)]


async def current_holder(request: Request, who: LinkHolder) -> Holder:
    """FastAPI dependency: the holder of a link that is not revoked; 410 for an older one."""
    await _current(request.app.state.upstream, who)
    return who


CurrentHolder = Annotated[Holder, Depends(current_holder)]


@router.get("/f/{token}")
async def web_invoice(request: Request, who: LinkHolder, gjort: str = "") -> Response:
    """The web invoice; the debtor's own opening of it is recorded (R-65)."""
    opened, notice = is_opened_by_a_person(request), NOTICES.get(gjort)
    return await _web_invoice(request, who, opened=opened, done=gjort, notice=notice)


@router.get("/f/{token}/faktura.pdf")
async def pdf(request: Request, who: CurrentHolder) -> Response:
    """The invoice as a document (R-67)."""
    return await _document(request, who, "/debtor/invoice/pdf", "faktura")


@router.get("/f/{token}/kreditfaktura.pdf")
async def credit_note(request: Request, who: CurrentHolder) -> Response:
    """The credit note as a document: it is the buyer's as much as the invoice."""
    return await _document(request, who, "/debtor/credit/pdf", "kreditfaktura")


async def _document(request: Request, who: Holder, path: str, name: str) -> Response:
    upstream: Upstream = request.app.state.upstream
    content = await upstream.document(who.identity, "invoicing", path)
    shown = {"content-disposition": f'inline; filename="{name}.pdf"'}
    return Response(content, media_type="application/pdf", headers=PRIVATE | shown)


@router.post("/f/{token}/invandning")
async def object_to(
    request: Request, who: LinkHolder, skal: Annotated[str, Form()] = ""
) -> Response:
    """Object to the whole claim."""
    command = ("collections", "/disputes", {"reason": skal.strip()[:LONGEST_TEXT]})
    wrong = {"skal": "Skriv vad som inte stämmer, så att säljaren kan svara."}
    return await _send(
        request, who, command, {} if skal.strip() else wrong, "invandning", typed={"skal": skal}
    )


@router.post("/f/{token}/meddelande")
async def write(
    request: Request,
    who: LinkHolder,
    text: Annotated[str, Form()] = "",
    nyckel: Annotated[str, Form()] = "",
) -> Response:
    """Write to the seller (R-66)."""
    written = text.strip()[:LONGEST_TEXT]
    command = ("invoicing", "/debtor/messages", {"text": written})
    wrong = {} if written else {"text": "Skriv ett meddelande först."}
    once = key_of(nyckel, written)
    return await _send(request, who, command, wrong, "meddelande", typed={"text": text}, key=once)


@router.get("/f/{token}/live", response_class=EventSourceResponse)
async def live(
    request: Request, who: CurrentHolder, sedan: str = ""
) -> AsyncIterator[ServerSentEvent]:
    """Says when the claim stands otherwise than it did; the page then fetches itself anew.

    Than it did on the page (`sedan`), or when this was last said to the same browser: what changed
    while nobody listened is said at once.
    """
    upstream: Upstream = request.app.state.upstream

    async def look() -> Any:
        claim = await upstream.perhaps(who.identity, "payments", f"/claims/{who.claim_id}")
        return standing_of(claim) if claim else None

    async for event in changes(look, request.headers.get(LAST_EVENT) or sedan):
        yield event


def is_opened_by_a_person(request: Request) -> bool:
    """Whether a browser navigated here: not a mail scanner, a prefetch or the page's own fetch."""
    purpose = request.headers.get("sec-purpose") or request.headers.get("purpose") or ""
    navigates = request.headers.get("sec-fetch-mode") == "navigate"
    return navigates and "prefetch" not in purpose.lower()


def is_the_sellers_look(request: Request, invoice: dict[str, Any]) -> bool:
    """Whether the seller, or the operator, looks at what the debtor sees."""
    session = page_session(request)
    if session is None:
        return False
    return session.is_operator or str(session.identity.company) == str(invoice.get("creditor_id"))


def standing_of(claim: dict[str, Any]) -> tuple[Any, ...]:
    """What of a claim a reader would see change."""
    seen = ("state", "disputed", "to_pay_ore", "paid_ore", "overpaid_ore", "pay_by")
    return tuple(claim.get(name) for name in seen)


def code_text(invoice: dict[str, Any], claim: dict[str, Any]) -> str | None:
    """What the code to scan says now; None where nothing is to be paid, or not for now.

    What has no day left is due today: a code needs one.
    """
    due_ore = int(claim.get("to_pay_ore") or 0)
    due_on = words.as_date(claim.get("pay_by") or claim.get("as_of"))
    issued_on = words.as_date(invoice.get("issued_on"))
    if due_ore <= 0 or claim.get("state") != "open" or invoice.get("credited"):
        return None
    if due_on is None or issued_on is None:
        return None
    seller, as_issued = invoice.get("seller") or {}, due_ore == invoice.get("total_ore")
    return usingqr(
        ToPay(
            seller_name=str(seller.get("name", "")),
            organisation_number=str(seller.get("organisation_number", "")),
            ocr=str(claim.get("ocr") or invoice.get("ocr")),
            issued_on=issued_on,
            due_on=due_on,
            due_ore=due_ore,
            payee_bankgiro=str(claim.get("payee_bankgiro") or "").replace("-", ""),
            vat_ore=invoice.get("vat_ore") if as_issued else None,
        )
    )


def payment_code(text: str | None) -> Markup | None:
    """The text as a QR code, drawn in SVG."""
    if text is None:
        return None
    code = segno.make(text, error=ERROR_CORRECTION, micro=False, boost_error=False)
    return Markup(code.svg_inline(omitsize=True, border=QUIET_MODULES, light="#fff", dark="#000"))


def standing_word(invoice: dict[str, Any], claim: dict[str, Any] | None) -> str:
    """How the claim stands for its debtor: settled, credited, upheld, held or open."""
    state = (claim or {}).get("state")
    if invoice.get("credited") or invoice.get("state") == "credited":
        return "credited"
    if state == "settled" or invoice.get("state") == "paid":
        return "settled"
    if claim and state == "disputed":
        return "held" if claim.get("disputed") else "upheld"
    if invoice.get("state") == "disputed":
        return "upheld" if invoice.get("upheld") else "held"
    return "open"


def step_reached(invoice: dict[str, Any], claim: dict[str, Any] | None) -> str:
    """How far an open claim has come; empty while it is not overdue.

    A demand that was charged stays sent, also where its case has ended.
    """
    state = str(invoice.get("state") or "")
    charged = {str(charge.get("kind")) for charge in (claim or {}).get("charges") or ()}
    if state in ("kronofogden", "collection"):
        return state
    if "demand" in charged:
        return "demanded"
    if "reminder" in charged or state == "reminded":
        return "reminded"
    late = state == "overdue" if claim is None else claim.get("pay_by") is None
    return "overdue" if late else ""


def what_next(invoice: dict[str, Any], claim: dict[str, Any] | None) -> list[tuple[str, str]]:
    """What happens now and later, in plain words: a heading and a sentence each (R-106, R-123).

    Amounts and days are the law's, as invoicing tells them; the seller may have chosen later days.
    """
    standing = standing_word(invoice, claim)
    too_much = [TOO_MUCH] if claim and claim.get("overpaid_ore") else []
    if standing == "settled" and too_much:
        return too_much
    if standing in OVER:
        return [OVER[standing], *too_much]
    costs = invoice.get("costs") or {}
    later = [_if_reminded(invoice, costs), _if_demanded(costs), _if_filed(invoice, costs)]
    match step_reached(invoice, claim):
        case "":
            in_time = "Betalar du senast på förfallodagen tillkommer inga kostnader."
            return [("Betala i tid", in_time), *later]
        case "kronofogden":
            return [_at_kronofogden(invoice)]
        case reached:
            title, text = NOW[reached]
            if claim and claim.get("pay_by") is None:
                text = TOO_LATE.get(reached, text)
            left = {"overdue": later, "reminded": later[1:]}.get(reached, later[2:])
            return [(title, text), *left]


def _if_reminded(invoice: dict[str, Any], costs: dict[str, Any]) -> tuple[str, str]:
    fee = ""
    if invoice.get("reminder_fee_agreed") and costs.get("reminder_fee_ore"):
        fee = f"en avgift på {words.short_kronor(costs['reminder_fee_ore'])}, som är avtalad, och "
    days = costs.get("reminder_after_days")
    earliest = f", tidigast {words.small_number(days)} dagar efter förfallodagen" if days else ""
    return (
        "Påminnelse",
        f"Är fakturan fortfarande obetald kan en påminnelse skickas{earliest}. "
        f"Då tillkommer {fee}ränta från den dag lagen eller avtalet säger.",
    )


def _if_demanded(costs: dict[str, Any]) -> tuple[str, str]:
    cost = (
        f"Det kostar {words.short_kronor(ore)}. " if (ore := costs.get("demand_cost_ore")) else ""
    )
    days = costs.get("days_to_answer_a_demand")
    time_left = f"Du får minst {words.small_number(days)} dagar" if days else "Du får tid"
    return (
        "Inkassokrav",
        f"Betalas inte påminnelsen kan ett inkassokrav skickas. {cost}{time_left} på dig att "
        "betala eller invända.",
    )


def _if_filed(invoice: dict[str, Any], costs: dict[str, Any]) -> tuple[str, str]:
    both = (costs.get("filing_fee_ore") or 0) + (costs.get("filing_work_ore") or 0)
    cost = f"Det lägger {words.short_kronor(both)} till skulden. " if both else ""
    remark = "Redan ansökan kan ge en betalningsanmärkning. " if _is_business(invoice) else ""
    return (
        "Kronofogden",
        f"Därefter kan säljaren ansöka om betalningsföreläggande. {cost}{remark}"
        f"{_consequences(invoice)}",
    )


def _at_kronofogden(invoice: dict[str, Any]) -> tuple[str, str]:
    answer = "Betala här, eller svara Kronofogden när du får brevet därifrån. "
    return "Ansökan ligger hos Kronofogden", answer + _consequences(invoice)


def _consequences(invoice: dict[str, Any]) -> str:
    """Only persons have wages, and a decision is what marks them."""
    if _is_business(invoice):
        return "Ett utslag kan leda till utmätning av egendom."
    return "Ett utslag kan ge betalningsanmärkning och leda till utmätning av lön eller egendom."


def _is_business(invoice: dict[str, Any]) -> bool:
    return (invoice.get("buyer") or {}).get("kind") == "business"


def bank_link(settings: Settings, who: Holder, claim: dict[str, Any], payer: str) -> str | None:
    """The demo bank's page with the payment filled in; None outside a demo."""
    if not (settings.betalt_demo and settings.bank_url):
        return None
    back = f"{settings.public_url.rstrip('/')}/f/{who.token}"
    query = {
        "bankgiro": words.bankgiro(claim.get("payee_bankgiro")),
        "ocr": claim.get("ocr") or "",
        "belopp": words.plain_kronor(claim.get("to_pay_ore")).replace(words.NO_BREAK, ""),
        "namn": payer,
        "tillbaka": back,
    }
    return f"{settings.bank_url.rstrip('/')}/betala?{urlencode(query)}"


async def _send(
    request: Request,
    who: Holder,
    command: tuple[str, str, dict[str, Any]],
    wrong: dict[str, str],
    done: str,
    *,
    typed: dict[str, str],
    key: str | None = None,
) -> Response:
    """Carry out what the debtor asks and go back; a refusal is told beside what was typed."""
    if wrong:
        return await _web_invoice(request, who, status=422, wrong=wrong, typed=typed)
    service, path, body = command
    upstream: Upstream = request.app.state.upstream
    await _current(upstream, who)
    try:
        await upstream.ask(who.identity, service, path, method="POST", json=body, key=key)
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        if problem.status == 409 and done == "invandning":
            return _back(who, "redan")
        named = words.faults(problem).items()
        wrong = {FORM_FIELDS[name]: told for name, told in named if name in FORM_FIELDS}
        told: dict[str, Any] = {"wrong": wrong} if wrong else {"refusal": words.advice(problem)}
        return await _web_invoice(request, who, status=problem.status, typed=typed, **told)
    return _back(who, done)


def _back(who: Holder, done: str) -> Response:
    """To the page, which tells what was done."""
    return RedirectResponse(f"/f/{who.token}?gjort={done}", status_code=303, headers=PRIVATE)


async def _current(upstream: Upstream, who: Holder) -> dict[str, Any]:
    """The invoice, unless the link was replaced by a newer one (410)."""
    invoice: dict[str, Any] = await upstream.ask(who.identity, "invoicing", "/debtor/invoice")
    if int(invoice.get("link_version") or who.link.version) != who.link.version:
        raise Problem(410, "The link was replaced")
    return invoice


async def _web_invoice(
    request: Request,
    who: Holder,
    *,
    status: int = 200,
    opened: bool = False,
    done: str = "",
    **values: Any,
) -> Response:
    upstream: Upstream = request.app.state.upstream
    settings: Settings = request.app.state.settings
    invoice, claim = await asyncio.gather(
        _current(upstream, who),
        upstream.perhaps(who.identity, "payments", f"/claims/{who.claim_id}"),
    )
    seller = invoice.get("seller") or {}
    payer = str((invoice.get("buyer") or {}).get("name") or "")
    answer = words.page(
        request,
        "webbfaktura.html",
        status=status,
        token=who.token,
        done=done if done in NOTICES else "",
        shown=mark_of(standing_of(claim)) if claim else "",
        invoice=invoice,
        claim=claim,
        seller=seller,
        standing=standing_word(invoice, claim),
        reached=step_reached(invoice, claim),
        code=payment_code(code_text(invoice, claim)) if claim else None,
        pay_link=bank_link(settings, who, claim, payer) if claim else None,
        steps=what_next(invoice, claim),
        messages=invoice.get("messages") or [],
        **({"wrong": {}, "typed": {}, "notice": None, "refusal": None} | values),
    )
    answer.headers.update(PRIVATE)
    if opened and not is_the_sellers_look(request, invoice):
        answer.background = BackgroundTask(_record_opening, request, who)
    return answer


async def _record_opening(request: Request, who: Holder) -> None:
    upstream: Upstream = request.app.state.upstream
    try:
        await upstream.ask(who.identity, "notifications", "/opened", method="POST", json={})
    except Problem:
        return  # an opening that is not recorded hurts nobody; the next one will be
