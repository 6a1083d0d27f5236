"""Pages as people meet them: the debtor's web invoice, issuing without scripts, the operator's."""

import asyncio
import contextlib
import html
import json
import re
from datetime import date
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from yarl import URL

from plumbing.links import make_token
from plumbing.problems import invalid
from services.gateway.debtor import code_text, payment_code, what_next
from services.gateway.seller.invoices import notice_of
from services.gateway.seller.issuing import Typed, change, empty_row, order_of
from services.gateway.words import why
from services.invoicing.domain import printing
from tests.gateway.conftest import LINK_KEY
from tests.gateway.fakes import (
    ANNA,
    ANSWERS,
    ARTICLES,
    BERIT,
    CLAIM,
    CLAIM_TODAY,
    CUSTOMER,
    DOCUMENT,
    FILE,
    NAMES,
    NOTE,
    PAYMENT,
    World,
)
from tests.gateway.test_edge import Browser, sign_in, token

LINK = f"/f/{make_token(LINK_KEY, CLAIM, 1)}"
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}


def spaced(page: str) -> str:
    """A page with ordinary spaces."""
    return page.replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")


def landmarks(page: str) -> list[str]:
    """What the landmarks of a page are called, or what calls them so."""
    tag = r"<(?:section|nav|div[^>]* role=.region.)[^>]* aria-label(?:ledby)?=.([^\"]+)"
    return re.findall(tag, page)


@pytest.mark.parametrize(
    "path",
    [
        "/", "/fakturor", "/fakturor?status=overdue&sok=ab", f"/fakturor/{CLAIM}", "/fakturor/ny",
        f"/fakturor/ny?kund={CUSTOMER}", f"/fakturor/{CLAIM}/kreditera", "/kunder", "/kunder/ny",
        f"/kunder/{CUSTOMER}", "/artiklar", f"/artiklar/{ARTICLES[0]['article_id']}", "/inkasso",
        "/utbetalningar", "/installningar", "/installningar/standard", "/installningar/krav",
        "/villkor",
    ],
)  # fmt: skip
async def test_every_page_of_a_company_opens(browser: Browser, path: str) -> None:
    """And names its language, its title and its landmarks, no two of these alike."""
    await sign_in(browser, ANNA)
    async with browser.get(path) as answer:
        page = await answer.text()
        assert answer.status == 200
    assert len(set(landmarks(page))) == len(landmarks(page))
    for part in ('lang="sv"', "<title>", 'href="#innehall"', "<main", "<h1"):
        assert part in page
    assert "None" not in page


async def test_the_first_page_names_what_never_reached_its_customer_among_what_needs_a_look(
    browser: Browser,
) -> None:
    """Nobody else would tell the seller: such an invoice is neither paid nor reminded of."""
    await sign_in(browser, ANNA)
    async with browser.get("/") as answer:
        page = await answer.text()
    needing = page.partition('id="att-gora"')[2].partition("</section>")[0]
    for state in ("Ej levererad", "Förfallen", "Bestridd"):
        assert state in needing


@pytest.mark.parametrize(
    "path",
    [
        "/drift", "/drift/parkerade", "/drift/parkerade/dunning/7", "/drift/betalningar",
        "/drift/bankfiler", f"/drift/bankfiler/{FILE}", "/drift/utskick", "/drift/huvudbok",
        "/drift/utbetalningar", "/drift/inkasso", f"/drift/betalningar/{PAYMENT}",
        f"/drift/utbetalningar/konto/{BERIT}", "/drift/overbetalningar", "/drift/rantor",
    ],
)  # fmt: skip
async def test_every_page_of_the_operator_opens(browser: Browser, path: str) -> None:
    """With what the services told, and landmarks that can be told apart."""
    await sign_in(browser, "operator")
    async with browser.get(path) as answer:
        page = await answer.text()
        assert answer.status == 200
    assert "<h1" in page
    assert len(set(landmarks(page))) == len(landmarks(page)) > 0


async def test_the_web_invoice_shows_the_ledgers_amount(browser: Browser, world: World) -> None:
    """Fee and interest included, what was paid taken off, with all that is needed to pay (R-93)."""
    async with browser.get(LINK) as answer:
        page = (await answer.text()).replace("\N{NO-BREAK SPACE}", " ")
        assert answer.status == 200
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "no-store" in answer.headers["cache-control"]
    for text in ("9 978,12 kr", "991-2346", "1000 0000 1277", "2 dec. 2026", "<svg", "60,00 kr"):
        assert text in page
    assert all(c.identity and c.identity.claim == CLAIM for c in world.calls)
    assert "belopp=9978%2C12" in page


async def test_nothing_is_asked_for_once_the_claim_is_settled(
    browser: Browser, world: World
) -> None:
    """No code, no bankgiro, no button: nobody pays twice."""
    world.claim |= {"state": "settled", "to_pay_ore": 0, "paid_ore": 1_247_812}
    world.state = "paid"
    async with browser.get(LINK) as answer:
        page = await answer.text()
    assert "Betald" in page
    for absent in ("<svg", "/betala?", "991-2346", "invandning"):
        assert absent not in page


@pytest.mark.parametrize("when", ["before it listens", "while it listens", "between two times"])
async def test_the_page_learns_of_a_payment_within_seconds(
    browser: Browser, world: World, when: str
) -> None:
    """The live channel says `changed` when the ledger does, or has done since the page was made."""
    async with browser.get(LINK) as answer:
        page = await answer.text()
    live = html.unescape(page.partition('data-live="')[2].partition('"')[0])
    assert live.startswith(f"{LINK}/live?sedan=")
    again = {"Last-Event-ID": "open_as_it_was"} if when == "between two times" else {}
    if when == "before it listens":
        world.claim |= {"state": "settled", "to_pay_ore": 0}
    async with browser.get(live, headers=again) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        if when == "while it listens":
            await asyncio.sleep(0.3)
            world.claim |= {"state": "settled", "to_pay_ore": 0}
        said = await said_on(answer)
    assert said[b"event"] == b"changed"
    known = {"Last-Event-ID": said[b"id"].decode()}
    async with browser.get(live, headers=known) as answer:
        with pytest.raises(TimeoutError):
            await said_on(answer, seconds=1.5)


async def said_on(answer: aiohttp.ClientResponse, seconds: float = 4) -> dict[bytes, bytes]:
    """The first event on a live channel; TimeoutError where none comes."""
    said: dict[bytes, bytes] = {}
    async with asyncio.timeout(seconds):
        async for line in answer.content:
            name, colon, value = line.strip().partition(b": ")
            if said and not line.strip():
                break
            if colon and name:
                said[name] = value
    return said


async def test_what_a_payment_changes_is_fetched_together(browser: Browser, world: World) -> None:
    """What is to be paid, what happens next, and the way to object: never one beside another."""
    async with browser.get(LINK, params={"gjort": "invandning"}) as answer:
        page = await answer.text()
    parts = re.findall('id="([a-z]+)" data-part', page)
    assert len(parts) > 1
    assert f'data-page="{LINK}?gjort=invandning"' in page
    world.claim |= {"state": "settled", "to_pay_ore": 0}
    async with browser.get(LINK) as answer:
        after = await answer.text()
    for name in parts:
        assert f'id="{name}"' in page
        assert f'id="{name}"' in after


async def test_a_debtor_sees_what_his_money_was_used_for(browser: Browser, world: World) -> None:
    """law-and-fees 5: charged, paid and left of every part, and of all."""
    async with browser.get(LINK) as answer:
        page = spaced(await answer.text())
    used = page.partition("Så är beloppet räknat")[2].partition("</table>")[0]
    for row in (
        ("Kapitalbelopp", "12 375,00 kr", "2 500,00 kr", "9 875,00 kr"),
        ("Påminnelseavgift", "60,00 kr", "0,00 kr", "60,00 kr"),
        ("Tillsammans", "12 478,12 kr", "2 500,00 kr", "9 978,12 kr"),
    ):
        cells = used.partition(row[0])[2].partition("</tr>")[0]
        assert re.findall(r"[0-9 ]+,\d\d kr", cells) == list(row[1:])


async def test_what_is_overpaid_is_told_with_the_way_to_get_it_back(
    browser: Browser, world: World
) -> None:
    """R-95."""
    paid = [{"paid_on": f"2026-11-0{on}", "amount_ore": 100_000} for on in (3, 4)]
    world.claim |= {
        **{"state": "settled", "to_pay_ore": 0, "paid_ore": 100_000, "overpaid_ore": 100_000},
        **{"received_ore": 200_000, "payments": paid},
    }
    world.state = "paid"
    async with browser.get(LINK) as answer:
        page = spaced(await answer.text())
    assert "1 000,00 kr är betalt. Inget mer återstår." in page
    told = page.partition("1 000,00 kr är för mycket betalt")[2].partition("</p>")[0]
    assert "Betalts support" in told
    assert "mailto:" in told
    assert page.count("Betalning") >= len(paid)
    assert "Pengar tillbaka" in page
    assert "Du behöver inte göra något mer" not in page


@pytest.mark.parametrize(
    ("state", "charged", "words", "absent"),
    [
        ("overdue", [], ["Förföll <strong>30 okt. 2026</strong>, betala snarast"], "Betala i tid"),
        ("reminded", ["reminder"], ["betala snarast", "Dagen som står i den"], "som står ovan"),
        ("kronofogden", ["demand", "filing"], ["Kravet ligger hos Kronofogden."], "Förföll"),
    ],
)
async def test_no_day_that_has_passed_is_a_day_to_pay(
    browser: Browser, world: World, state: str, charged: list[str], words: list[str], absent: str
) -> None:
    world.state = state
    world.claim |= {"pay_by": None, "charges": [{"kind": kind} for kind in charged]}
    async with browser.get(LINK) as answer:
        page = spaced(await answer.text())
    assert "senast <strong>" not in page
    for each in words:
        assert each in page
    assert absent not in page


async def is_told(browser: Browser, address: str, seconds: float) -> bool:
    """Whether a live channel says `changed` within so many seconds."""
    with contextlib.suppress(TimeoutError):
        async with browser.get(address) as answer, asyncio.timeout(seconds):
            async for line in answer.content:
                if line.strip() == b"event: changed":
                    return True
    return False


async def test_the_sellers_page_learns_of_what_happens_and_of_what_has_since_it_was_made(
    browser: Browser, world: World
) -> None:
    """R-79: it names what it shows, so that news between page and channel is not lost."""
    await sign_in(browser, ANNA)

    async def channel() -> str:
        async with browser.get(f"/fakturor/{CLAIM}") as answer:
            (address,) = re.findall('data-live="([^"]+)"', await answer.text())
        return str(address)

    address = await channel()
    assert not await is_told(browser, address, 1.5)
    world.shown |= {"state": "collection"}
    assert await is_told(browser, address, 1.5)
    told = asyncio.create_task(is_told(browser, await channel(), 4))
    await asyncio.sleep(0.3)
    world.claim |= {"to_pay_ore": 0}
    assert await told


@pytest.mark.parametrize(
    ("done", "state", "stage", "said"),
    [
        ("skickad", "issued", None, "Fakturan är skapad och skickas nu."),
        ("skickad", "sent", None, "Fakturan är skickad."),
        ("skickad", "undelivered", None, None),
        ("inkasso", "reminded", None, "Fakturan lämnas till inkasso nu."),
        ("inkasso", "collection", "opened", "Fakturan är lämnad till inkasso."),
        ("pamind", "overdue", None, "Påminnelsen är beställd."),
        ("pamind", "reminded", None, "Påminnelsen är bokförd och skickas."),
        ("aterkallad", "kronofogden", "withdrawing", "återkallas nu hos Kronofogden"),
        ("aterkallad", "reminded", "closed", "Inkassoärendet är återkallat."),
        ("ansokt", "collection", "filing_proposed", "är beställd"),
        ("meddelande", "sent", None, "Meddelandet är skickat."),
        ("hittat på", "sent", None, None),
    ],
)
def test_a_notice_says_no_more_than_what_has_happened(
    done: str, state: str, stage: str | None, said: str | None
) -> None:
    """Other services hear of it later than the page is shown."""
    told = notice_of(done, {"state": state}, {"stage": stage} if stage else None)
    assert (told is None) == (said is None)
    assert (said or "") in (told or "")


@pytest.mark.parametrize(
    "bent",
    [
        "/f/x", f"/f/{CLAIM}.1.aaaaaaaaaaaaaaaaaaaaaa", LINK[:-1], f"{LINK}A",
        LINK.replace(".1.", ".2."), f"/f/{UUID(int=CLAIM.int + 1)}{LINK[39:]}", LINK.upper(),
        f"/f/{'x' * 5000}", "/f/%00", f"{LINK}/../../drift",
    ],
)  # fmt: skip
async def test_a_bent_link_opens_nothing(browser: Browser, world: World, bent: str) -> None:
    """And no service is asked."""
    async with browser.get(bent, allow_redirects=False) as answer:
        assert answer.status in (303, 404)
    assert world.calls == []


async def test_only_a_persons_opening_is_recorded(browser: Browser, world: World) -> None:
    """Not a scanner's, a prefetch's or the page's own fetch (R-65)."""
    others: list[dict[str, str]] = [
        {},
        {**NAVIGATION, "Sec-Purpose": "prefetch;prerender"},
        {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"},
    ]
    for headers in others:
        async with browser.get(LINK, headers=headers) as answer:
            await answer.read()
    assert world.asked("notifications", "/opened") == []
    async with browser.get(LINK, headers=NAVIGATION) as answer:
        await answer.read()
    async with asyncio.timeout(3):
        while not world.asked("notifications", "/opened"):
            await asyncio.sleep(0.02)
    (call,) = world.asked("notifications", "/opened")
    assert call.identity
    assert call.identity.claim == CLAIM


@pytest.mark.parametrize(("who", "counts"), [(ANNA, 0), ("operator", 0), (BERIT, 1)])
async def test_a_seller_who_looks_at_what_the_customer_sees_is_no_customer(
    browser: Browser, world: World, who: Any, counts: int
) -> None:
    """R-65; another company may well be the customer."""
    await sign_in(browser, who)
    async with browser.get(LINK, headers=NAVIGATION) as answer:
        assert answer.status == 200
    await asyncio.sleep(0.3)
    assert len(world.asked("notifications", "/opened")) == counts


async def test_objecting_twice_is_objecting_once(browser: Browser, world: World) -> None:
    """The second press is told that it was done."""
    world.refuse["collections", "/disputes"] = (409, {"title": "The claim is disputed already"})
    async with browser.post(f"{LINK}/invandning", data={"skal": "Fel skiva"}) as answer:
        page = await answer.text()
        assert answer.status == 200
    assert "Din invändning är redan mottagen" in page
    assert "Ladda om" not in page


@pytest.mark.parametrize(
    ("page", "action", "form", "asked"),
    [
        (LINK, f"{LINK}/meddelande", {"text": "Hej"}, "/debtor/messages"),
        (f"/fakturor/{CLAIM}", f"/fakturor/{CLAIM}/meddelande", {"text": "Hej"},
         f"/invoices/{CLAIM}/messages"),
        ("/kunder/ny", "/kunder/ny", {"name": "Hej", "kind": "business"}, "/customers"),
        ("/artiklar", "/artiklar", {"name": "Hej", "price": "1", "unit": "st"}, "/articles"),
    ],
)  # fmt: skip
async def test_what_is_sent_twice_from_one_form_is_said_once(
    browser: Browser, world: World, page: str, action: str, form: dict[str, str], asked: str
) -> None:
    """A double click has one key; other words from the same form, and a new form, have others."""
    await sign_in(browser, ANNA)
    keys: list[str | None] = []
    first, second = [await shown_key(browser, page) for _ in range(2)]
    changed = {name: "Hej då" if value == "Hej" else value for name, value in form.items()}
    for form_key, words in ((first, form), (first, form), (first, changed), (second, form)):
        async with browser.post(
            action, data={**words, "nyckel": form_key}, allow_redirects=False
        ) as answer:
            assert answer.status == 303
        keys.append(world.asked("invoicing", asked, "POST")[-1].headers.get("idempotency-key"))
    assert keys[0] is not None
    assert (keys[0] == keys[1], len(set(keys))) == (True, 3)


async def shown_key(browser: Browser, page: str) -> str:
    """The key in the form of a page."""
    async with browser.get(page) as answer:
        (found,) = re.findall(r'name="nyckel" value="([^"]+)"', await answer.text())
    return str(found)


async def test_crediting_twice_is_told_to_be_done(browser: Browser, world: World) -> None:
    """The second press is no trouble."""
    await sign_in(browser, ANNA)
    refusal = (409, {"title": "Refused", "reason": "credited"})
    world.refuse["invoicing", f"/invoices/{CLAIM}/credit"] = refusal
    async with browser.post(f"/fakturor/{CLAIM}/kreditera", data={"skal": "Fel"}) as answer:
        assert "Det är redan gjort." in await answer.text()


async def test_a_debtor_objects_to_the_own_claim(browser: Browser, world: World) -> None:
    """With a reason; without one the field says what is missing, and nothing is sent."""
    async with browser.post(f"{LINK}/invandning", data={"skal": " "}) as answer:
        assert answer.status == 422
        assert 'aria-describedby="falt-skal-hjalp"' in await answer.text()
    assert world.asked("collections", "/disputes") == []
    form = {"skal": "Fel skiva <script>"}
    async with browser.post(f"{LINK}/invandning", data=form, allow_redirects=False) as answer:
        assert answer.status == 303
    (call,) = world.asked("collections", "/disputes", "POST")
    assert call.json == {"reason": "Fel skiva <script>"}
    assert call.identity
    assert (call.identity.claim, call.identity.roles) == (CLAIM, frozenset({"debtor"}))


@pytest.mark.parametrize(
    ("action", "form", "asked"),
    [
        (f"{LINK}/invandning", {"skal": "Fel\r\n<skiva>"}, ("collections", "/disputes")),
        (f"/fakturor/{CLAIM}/paminn", {"inget": "läst"}, ("dunning", f"/claims/{CLAIM}/remind")),
        ("/fakturor/ny", {"rad-0-text": "Fel\r\n<skiva>", "rad-0-quantity": "1", "villkor": "30",
         "rad-0-price": "5", "rad-0-vat": "25", "kund": "ny", "ny-name": "Åsa", "gor": "skicka"},
         ("invoicing", "/invoices")),
    ],
)  # fmt: skip
async def test_what_was_sent_to_a_service_that_is_away_can_be_sent_again(
    browser: Browser, world: World, action: str, form: dict[str, str], asked: tuple[str, str]
) -> None:
    """Nobody writes it once more; and who only looked is not told of what he did."""
    await sign_in(browser, ANNA)
    for status in (503, 504):
        world.refuse[asked] = (status, {"title": "away"})
        async with browser.post(action, data=form) as answer:
            page = await answer.text()
            assert answer.status == status
        assert f'<form method="post" action="{action}">' in page
        hidden = re.findall('type="hidden" name="([^"]+)" value="([^"]*)"', page)
        assert {name: html.unescape(value) for name, value in hidden} == form
    world.refuse["invoicing", "/invoices"] = (504, {"title": "away"})
    async with browser.get("/fakturor") as answer:
        page = await answer.text()
        assert answer.status == 504
    assert "Ladda om sidan om en stund." in page
    assert "Skicka igen" not in page


@pytest.mark.parametrize(
    ("door", "field", "service", "path", "named"),
    [
        ("meddelande", "text", "invoicing", "/debtor/messages", "text"),
        ("invandning", "skal", "collections", "/disputes", "reason"),
    ],
)
async def test_what_a_debtor_wrote_is_kept_when_it_is_refused(
    browser: Browser, world: World, door: str, field: str, service: str, path: str, named: str
) -> None:
    """At its field if that was wrong, else beside why."""
    errors = [{"field": named, "reason": "Value error, is empty"}]
    for refusal, told in (
        ((422, {"title": "No", "errors": errors}), f'id="falt-{field}-hjalp">Fyll i uppgiften.'),
        ((422, {"title": "No", "reason": "thread_full"}), "får inte plats fler meddelanden"),
    ):
        world.refuse[service, path] = refusal
        async with browser.post(f"{LINK}/{door}", data={field: "Hej <du>"}) as answer:
            page = await answer.text()
            assert answer.status == 422
        assert told in page
        assert ">Hej &lt;du&gt;</textarea>" in page


async def test_what_strangers_write_is_shown_and_never_run(browser: Browser, world: World) -> None:
    """A message with markup is text."""
    world.refuse["collections", "/disputes"] = (409, {"title": "No", "reason": "<img src=x>"})
    form = {"text": ""}
    async with browser.post(f"{LINK}/meddelande", data=form) as answer:
        assert "<img" not in await answer.text()
    await sign_in(browser, ANNA)
    async with browser.get("/fakturor", params={"sok": '"><img src=x>'}) as answer:
        assert "<img" not in await answer.text()


def test_the_code_holds_what_is_due_now() -> None:
    """UsingQR, öre without needless zeros, the ledger's day; none when nothing is due (R-60)."""
    code = json.loads(code_text(DOCUMENT, CLAIM_TODAY) or "")
    assert code == {
        "uqr": 1, "tp": 1, "nme": "Annas Snickeri AB", "cid": "556036-0793", "idt": "20260930",
        "iref": "100000001277", "ddt": "20261202", "due": 9978.12, "pt": "BG", "acc": "991-2346",
    }  # fmt: skip
    assert '"due":10,' in (code_text(DOCUMENT, CLAIM_TODAY | {"to_pay_ore": 1000}) or "")
    late = json.loads(code_text(DOCUMENT, CLAIM_TODAY | {"pay_by": None}) or "")
    assert late["ddt"] == "20261122"
    assert '"due":10.5,' in (code_text(DOCUMENT, CLAIM_TODAY | {"to_pay_ore": 1050}) or "")


@pytest.mark.parametrize(
    ("invoice", "claim"),
    [
        ({}, {"to_pay_ore": 0}),
        ({}, {"state": "settled"}),
        ({}, {"state": "disputed", "disputed": True}),
        ({}, {"state": "disputed", "disputed": False}),
        ({"credited": True}, {}),
    ],
)
def test_there_is_no_code_where_nothing_is_asked_for(
    invoice: dict[str, Any], claim: dict[str, Any]
) -> None:
    """Bank-formats 6: not on what is paid, credited or held."""
    assert code_text(DOCUMENT | invoice, CLAIM_TODAY | claim) is None


def test_the_web_and_the_printed_invoice_carry_the_same_code() -> None:
    """One function makes the text, so that a bank reads the same from paper and screen."""
    seller = DOCUMENT["seller"] | {"name": "Åsas Bageri AB"}
    invoice = DOCUMENT | {"seller": seller}
    for ore in (invoice["total_ore"], 9_978_12):
        claim = CLAIM_TODAY | {"to_pay_ore": ore, "pay_by": "2026-12-02"}
        due = printing.Due(ore, date(2026, 12, 2))
        assert code_text(invoice, claim) == printing.qr_text(invoice, due)
    drawn = str(payment_code(code_text(invoice, claim)))
    assert (payment_code(None), 'class="qrline"' in drawn) == (None, True)


def test_the_debtor_is_told_what_comes_and_not_what_has_been() -> None:
    """From the first step to the last (R-106, R-123)."""
    titles = [title for title, _ in what_next(DOCUMENT | {"state": "sent"}, CLAIM_TODAY)]
    assert titles == ["Betala i tid", "Påminnelse", "Inkassokrav", "Kronofogden"]
    titles = [title for title, _ in what_next(DOCUMENT | {"state": "reminded"}, CLAIM_TODAY)]
    assert titles == ["Du har fått en påminnelse", "Inkassokrav", "Kronofogden"]
    unagreed = DOCUMENT | {"state": "sent", "reminder_fee_agreed": False}
    assert not any("60" in text for _, text in what_next(unagreed, CLAIM_TODAY))
    agreed = " ".join(text for _, text in what_next(DOCUMENT | {"state": "sent"}, CLAIM_TODAY))
    for words in ("60 kr", "tidigast fem dagar efter", "180 kr", "minst åtta dagar", "680 kr"):
        assert words in agreed.replace("\N{NO-BREAK SPACE}", " ")
    ended = CLAIM_TODAY | {"charges": [{"kind": "reminder"}, {"kind": "demand"}]}
    (now, *later) = what_next(DOCUMENT | {"state": "reminded"}, ended)
    assert now[0] == "Du har fått ett inkassokrav"
    assert [title for title, _ in later] == ["Kronofogden"]
    told = what_next(DOCUMENT | {"state": "overdue"}, CLAIM_TODAY | {"pay_by": None})
    assert [title for title, _ in told][:2] == ["Fakturan har förfallit", "Påminnelse"]
    held = what_next(DOCUMENT, CLAIM_TODAY | {"state": "disputed", "disputed": True})
    assert [title for title, _ in held] == ["Kravet ligger stilla"]
    right = what_next(DOCUMENT, CLAIM_TODAY | {"state": "disputed", "disputed": False})
    assert [title for title, _ in right] == ["Du har fått rätt"]
    heard = what_next(DOCUMENT | {"state": "disputed"}, CLAIM_TODAY)  # the ledger has not heard yet
    assert [title for title, _ in heard] == ["Kravet ligger stilla"]


@pytest.mark.parametrize("state", ["sent", "kronofogden"])
def test_only_persons_have_wages_and_only_companies_are_marked_at_once(state: str) -> None:
    """R-123."""
    for kind, wages in (("consumer", True), ("business", False)):
        invoice = DOCUMENT | {"state": state, "buyer": {"kind": kind}}
        told = " ".join(text for _, text in what_next(invoice, CLAIM_TODAY))
        assert ("utmätning av lön" in told) is wages
        assert "egendom" in told
        assert ("Redan ansökan" in told) is (state == "sent" and not wages)


async def test_the_web_invoice_holds_what_an_invoice_must(browser: Browser, world: World) -> None:
    """Mervärdesskattelagen 17 kap. 24 §; R-55."""
    async with browser.get(LINK) as answer:
        page = (await answer.text()).replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")
    for words in (
        *("Fakturadatum</dt><dd>30 sep. 2026", "Leveransdatum</dt><dd>28 sep. 2026"),
        *("Verkstadsgatan 4", "111 22 Stockholm", "Org.nr 556036-0793", "SE556036079301"),
        *(
            "Godkänd för F-skatt",
            NAMES[0].replace("&", "&amp;"),
            "Storgatan 1",
            "903 26 Umeå",
            "12,5 tim",
        ),
        *("Moms 25 % på 9 900,00 kr", "2 475,00 kr", "12 375,00 kr", "dröjsmålsränta med 12 %"),
    ):
        assert words in page, words


async def test_a_debtor_who_was_found_right_is_not_asked_to_pay(
    browser: Browser, world: World
) -> None:
    """Upheld: the ledger holds the claim, and so does the page."""
    world.claim = CLAIM_TODAY | {"state": "disputed", "disputed": False}
    world.shown = {"upheld": True}
    world.state = "disputed"
    async with browser.get(LINK) as answer:
        page = await answer.text()
    assert "Du har fått rätt" in page
    assert "Betala inte" in page
    assert "<svg" not in page
    assert "senast <strong>" not in page
    assert "/invandning" not in page
    await sign_in(browser, ANNA)
    async with browser.get(f"/fakturor/{CLAIM}") as answer:
        page = await answer.text()
    assert "Kunden har fått rätt." in page
    assert "Skicka till inkasso" not in page
    assert f"/fakturor/{CLAIM}/kreditera" in page


async def test_the_buyer_finds_the_credit_note(browser: Browser, world: World) -> None:
    """Mervärdesskattelagen 17 kap. 22-23 §§."""
    world.shown = {"credited": True, "credit_note": NOTE}
    world.state = "credited"
    async with browser.get(LINK) as answer:
        page = await answer.text()
    assert f"{LINK}/kreditfaktura.pdf" in page
    assert "Kreditfaktura 1208" in page
    assert "<svg" not in page
    assert "tillgodo" not in page
    world.claim |= {"overpaid_ore": 250_000, "paid_ore": 0}
    async with browser.get(LINK) as answer:
        page = spaced(await answer.text())
    assert "2 500,00 kr är för mycket betalt och är dig tillgodo" in page
    assert "Spara kreditfakturan" in page
    assert "Pengar tillbaka" in page
    async with browser.get(f"{LINK}/kreditfaktura.pdf") as answer:
        assert (answer.content_type, await answer.read()) == (
            "application/pdf",
            b"%PDF-1.7 credit",
        )


async def test_a_seller_revokes_the_links_that_are_out(browser: Browser, world: World) -> None:
    """Whoever holds an old one is told so, by every door of the web invoice."""
    await sign_in(browser, ANNA)
    async with browser.get(f"/fakturor/{CLAIM}") as answer:
        assert 'name="version" value="1"' in await answer.text()
    for form in ({"version": "1"}, {"version": "1"}, {"version": "2"}):
        async with browser.post(
            f"/fakturor/{CLAIM}/lank", data=form, allow_redirects=False
        ) as answer:
            assert answer.headers["location"] == f"/fakturor/{CLAIM}?gjort=sparrad"
    calls = world.asked("invoicing", f"/invoices/{CLAIM}/link")
    keys = [call.headers.get("idempotency-key") for call in calls]
    assert (keys[0] == keys[1], len(set(keys))) == (True, 2), "each version is closed once"
    world.shown = {"link_version": 2}
    for door in ("", "/faktura.pdf", "/kreditfaktura.pdf", "/live"):
        async with browser.get(f"{LINK}{door}") as answer:
            assert answer.status == 410, door
    for door in ("meddelande", "invandning"):
        async with browser.post(f"{LINK}/{door}", data={"text": "x", "skal": "x"}) as answer:
            assert answer.status == 410, door


def test_a_row_takes_from_the_register_what_was_left_open() -> None:
    """Price, unit and VAT of the article that is named; what was typed stays (R-48, R-49)."""
    typed = Typed(rows=[empty_row() | {"text": "snickeriarbete"}, empty_row()])
    change(typed, "rad", ARTICLES)
    assert len(typed.rows) == 3
    assert (typed.rows[0]["price"], typed.rows[0]["unit"]) == ("650,00", "tim")
    change(typed, "bort-1", ARTICLES)
    assert len(typed.rows) == 2
    own = Typed(rows=[empty_row() | {"text": "Snickeriarbete", "price": "700"}])
    change(own, "fyll", ARTICLES)
    assert own.rows[0]["price"] == "700"


def test_the_beginning_of_a_name_is_enough_where_one_article_alone_begins_so() -> None:
    """R-48: three letters, when asked to fill in."""
    for text, others, wish, filled in (
        ("Sni", [], "fyll", "Snickeriarbete"),
        ("Sn", [], "fyll", "Sn"),
        ("Sni", [], "rad", "Sni"),
        ("Sni", [ARTICLES[0] | {"name": "Snickarlim"}], "fyll", "Sni"),
        ("Snickeri", [ARTICLES[0] | {"name": "Snickeri"}], "fyll", "Snickeri"),
    ):
        typed = Typed(rows=[empty_row() | {"text": text}])
        change(typed, wish, [ARTICLES[0], *others])
        assert typed.rows[0]["text"] == filled


async def test_an_article_is_found_wherever_it_stands_in_the_register(
    browser: Browser, world: World
) -> None:
    """R-48: the rows' beginnings are looked up at once, and none that has its price."""
    await sign_in(browser, ANNA)
    form = {
        "rad-0-text": "Snickeri", "rad-1-text": "Eget", "rad-1-price": "5", "rad-2-text": "",
        "gor": "fyll",
    }  # fmt: skip
    async with browser.post("/fakturor/ny", data=form) as answer:
        page = await answer.text()
    assert 'value="Snickeriarbete"' in page
    assert 'value="650,00"' in page
    (call,) = world.asked("invoicing", "/articles/lookup")
    assert call.json == {"beginnings": ["Snickeri"]}


@pytest.mark.parametrize(
    ("path", "noun", "more"),
    [("/kunder", "customers", "Fler kunder"), ("/artiklar", "articles", "Fler artiklar")],
)
async def test_a_register_goes_on_where_a_page_of_it_ends(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch, path: str, noun: str, more: str
) -> None:
    """R-32, R-48: nothing ends silently, and a search goes along."""
    await sign_in(browser, ANNA)
    upstream, mark = f"/{noun}", f"{CUSTOMER} Åsa & Co"
    first = ANSWERS["invoicing", "GET", upstream]
    monkeypatch.setitem(
        ANSWERS,
        ("invoicing", "GET", upstream),
        lambda w, c: first(w, c) | {"next": None if "after" in c.query else mark},
    )
    async with browser.get(path, params={"sok": "Väst"}) as answer:
        page = await answer.text()
    assert more in page
    (address,) = re.findall('href="([^"]+)" rel="next"', page)
    async with browser.get(URL(html.unescape(address), encoded=True)) as answer:
        page = await answer.text()
    assert (more in page, "Till början" in page) == (False, True)
    before, after = world.asked("invoicing", upstream)
    assert (before.query["q"], before.query.get("after")) == ("Väst", None)
    assert (after.query["q"], after.query["after"]) == ("Väst", mark)


@pytest.mark.parametrize(
    ("path", "service", "asked"),
    [("/utbetalningar", "payments", "/payouts"), ("/inkasso", "collections", "/cases")],
)
async def test_payouts_and_cases_go_on_where_a_page_of_them_ends(
    browser: Browser,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    service: str,
    asked: str,
) -> None:
    """R-126: also those of long ago."""
    await sign_in(browser, ANNA)
    first = ANSWERS[service, "GET", asked]
    monkeypatch.setitem(
        ANSWERS, (service, "GET", asked), lambda w, c: first(w, c) | {"next": str(BERIT)}
    )
    async with browser.get(path) as answer:
        (address,) = re.findall('href="([^"]+)" rel="next"', await answer.text())
    async with browser.get(URL(html.unescape(address), encoded=True)) as answer:
        assert "Till början" in await answer.text()
    assert world.asked(service, asked)[-1].query["after"] == str(BERIT)


async def test_all_companies_of_the_demo_can_be_picked(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page by page, in the order they came."""
    first = ANSWERS["invoicing", "GET", "/creditors"]
    monkeypatch.setitem(
        ANSWERS,
        ("invoicing", "GET", "/creditors"),
        lambda w, c: first(w, c) | {"next": str(BERIT)},
    )
    async with browser.get("/demo") as answer:
        (address,) = re.findall('href="([^"]+)" rel="next"', await answer.text())
    async with browser.get(URL(html.unescape(address), encoded=True)) as answer:
        assert answer.status == 200
    assert world.asked("invoicing", "/creditors")[-1].query["after"] == str(BERIT)


async def test_each_case_and_objection_says_whose_it_is(browser: Browser, world: World) -> None:
    """R-114; WCAG 2.4.4: number, customer and debt, by one question to each service."""
    await sign_in(browser, ANNA)
    async with browser.get("/inkasso") as answer:
        page = (await answer.text()).replace("\N{NO-BREAK SPACE}", " ")
    objections, cases = page.partition("<table")[::2]
    for part in (objections, cases):
        assert f'<a href="/fakturor/{CLAIM}">Faktura 1207</a>' in part
        assert html.escape(NAMES[0]) in part
        assert "9 978,12 kr" in part
    for path in ("invoicing", "/invoices/lookup"), ("payments", "/claims/lookup"):
        (call,) = world.asked(*path)
        assert call.json == {"claim_ids": [str(CLAIM)]}
        world.refuse[path] = (503, {})
    async with browser.get("/inkasso") as answer:
        page = await answer.text()
        assert answer.status == 200
    links = re.findall(f'href="/fakturor/{CLAIM}">([^<]+)<', page)
    assert len(set(links)) == len(links) > 1, "also without their names, links differ"


def test_an_order_is_made_of_what_was_typed_or_the_fields_are_named() -> None:
    """Swedish commas, öre, basis points."""
    row = empty_row() | {"text": "Bänk", "quantity": "1,5", "price": "1 250,50"}
    typed = Typed(
        customer_id=str(CUSTOMER), rows=[row], interest_kind="agreed_fixed", interest_rate="12"
    )
    order, wrong = order_of(typed)
    assert wrong == {}
    assert order["rows"] == [
        {"text": "Bänk", "quantity": "1.5", "unit": "st", "price_ore": 125_050, "vat_percent": 25}
    ]
    assert order["interest"] == {"kind": "agreed_fixed", "rate_bp": 1200}
    _, wrong = order_of(Typed(terms="annat"))
    assert set(wrong) == {"customer_id", "due_on", "rows.0.text", "rows.0.price_ore"}


TYPED = {
    "kund": str(CUSTOMER), "rad-0-text": "Bänkskiva", "rad-0-quantity": "2", "rad-0-unit": "st",
    "rad-0-price": "1 775", "rad-0-vat": "25", "villkor": "30", "nyckel": "once",
}  # fmt: skip
"""A new invoice's form, filled in."""


async def test_an_invoice_is_issued_without_scripts(browser: Browser, world: World) -> None:
    """A row more by a button, a refusal at its field, then sent once (R-47, R-52)."""
    await sign_in(browser, ANNA)
    form = TYPED | {"gor": "rad"}
    async with browser.post("/fakturor/ny", data=form) as answer:
        page = await answer.text()
        assert 'name="rad-1-text"' in page
        assert "Bänkskiva" in page
    errors = [{"field": "rows.0.vat_percent", "reason": "must be 0: not registered for VAT"}]
    world.refuse["invoicing", "/invoices"] = (422, {"title": "No", "errors": errors})
    async with browser.post("/fakturor/ny", data=form | {"gor": "skicka"}) as answer:
        page = await answer.text()
        assert answer.status == 422
        assert "inte momsregistrerat" in page
        assert 'aria-describedby="falt-rad-0-vat-hjalp"' in page
    world.refuse.clear()
    world.calls.clear()
    async with browser.post(
        "/fakturor/ny", data=form | {"gor": "skicka"}, allow_redirects=False
    ) as answer:
        assert answer.headers["location"] == f"/fakturor/{CLAIM}?gjort=skickad"
    (call,) = world.asked("invoicing", "/invoices", "POST")
    assert call.headers["idempotency-key"] == "once"
    assert call.json["rows"][0]["price_ore"] == 177_500
    async with browser.post("/fakturor/ny", data=form | {"gor": "visa"}) as answer:
        assert answer.content_type == "application/pdf"


async def test_a_form_of_an_invoice_already_sent_says_so_and_can_make_another(
    browser: Browser, world: World
) -> None:
    """The browser's way back keeps the form's key, which only the first invoice may have."""
    await sign_in(browser, ANNA)
    refusal = {
        "title": "Idempotency-Key was used for another request",
        "reason": "key_used",
        "earlier": {"claim_id": str(CLAIM), "number": 1207},
    }
    world.refuse["invoicing", "/invoices"] = (422, refusal)
    form = TYPED | {"rad-0-price": "1 800", "gor": "skicka"}
    async with browser.post("/fakturor/ny", data=form) as answer:
        page = await answer.text()
        assert answer.status == 409
    assert f'redan skickad (nr <a href="/fakturor/{CLAIM}">1207</a>)' in page
    assert "Något behöver rättas" not in page
    assert "1 800" in page
    (key,) = re.findall('name="nyckel" value="([^"]+)"', page)
    world.refuse.clear()
    world.calls.clear()
    async with browser.post("/fakturor/ny", data=form | {"nyckel": key}) as answer:
        assert answer.status == 200
    (call,) = world.asked("invoicing", "/invoices", "POST")
    assert call.headers["idempotency-key"] == key != "once"


@pytest.mark.parametrize(
    ("path", "form", "word"),
    [
        ("/artiklar", {"name": "Fönster", "price": "10", "vat_percent": "x"}, "Välj momssats."),
        ("/artiklar", {"name": "Fönster", "price": "1e9"}, "Skriv ett belopp"),
    ],
)
async def test_what_is_typed_wrong_is_told_at_its_field(
    browser: Browser, world: World, path: str, form: dict[str, str], word: str
) -> None:
    await sign_in(browser, ANNA)
    async with browser.post(path, data=form) as answer:
        assert answer.status == 422
        assert word in await answer.text()
    assert not world.asked("invoicing", path, "POST")


async def test_numbers_beyond_all_measure_are_for_the_service_to_refuse(
    browser: Browser, world: World
) -> None:
    """They go on as typed: no number of JSON would hold them."""
    await sign_in(browser, ANNA)
    async with browser.post("/installningar/krav", data={"reminder_days": "9" * 30}) as answer:
        assert answer.status == 200
    (call,) = world.asked("dunning", "/policy", "PUT")
    assert call.json["reminder_days"] == "9" * 30
    await sign_in(browser, "operator")
    async with browser.get(f"/drift/parkerade/dunning/{2**63}") as answer:
        assert answer.status == 404


async def test_a_refused_action_is_explained_on_the_invoice(browser: Browser, world: World) -> None:
    """Not a bare error page: the invoice stays in view."""
    await sign_in(browser, ANNA)
    path = f"/invoices/{CLAIM}/collection"
    world.refuse["invoicing", path] = (409, {"title": "No", "reason": "not_overdue"})
    async with browser.post(f"/fakturor/{CLAIM}/inkasso") as answer:
        page = await answer.text()
        assert answer.status == 409
        assert "Fakturan har inte förfallit än." in page
        assert "Tidslinje" in page


@pytest.mark.parametrize(
    ("page", "field", "service", "path", "reason"),
    [
        ("meddelande", "text", "invoicing", f"/invoices/{CLAIM}/messages", "text"),
        ("invandning", "skal", "collections", "/disputes", "reason"),
        ("kreditera", "skal", "invoicing", f"/invoices/{CLAIM}/credit", "reason"),
    ],
)
async def test_a_refused_text_is_kept_and_told_of_at_its_field(
    browser: Browser, world: World, page: str, field: str, service: str, path: str, reason: str
) -> None:
    """Nobody writes it all again."""
    await sign_in(browser, ANNA)
    told = "String should have at most 500 characters"
    errors = [{"field": reason, "reason": told}]
    world.refuse[service, path] = (422, {"title": "No", "errors": errors})
    form = {field: "Två\r\nrader"}
    async with browser.post(f"/fakturor/{CLAIM}/{page}", data=form) as answer:
        shown = await answer.text()
        assert answer.status == 422
    assert ("Kreditera faktura" in shown) == (page == "kreditera")
    assert f'id="falt-{field}-hjalp">Skriv högst 500 tecken.' in shown
    assert f'aria-describedby="falt-{field}-hjalp">Två' in shown
    (call,) = world.asked(service, path, "POST")
    assert "Två\nrader" in call.json.values()


async def test_the_operator_sees_that_the_ledger_is_wrong(browser: Browser, world: World) -> None:
    """events.md 5: what the service's own check found stands on the first page, and only then."""
    await sign_in(browser, "operator")
    for faults in (0, 2):
        world.ledger_faults = faults
        async with browser.get("/drift") as answer:
            assert ("Huvudboken stämmer inte" in await answer.text()) == bool(faults)


async def test_why_something_is_parked_is_told_in_swedish_beside_its_technical_cause(
    browser: Browser,
) -> None:
    """WCAG 3.1.2: what is English says so, and may be nothing but a text."""
    await sign_in(browser, "operator")
    for path in ("/drift/parkerade", "/drift/parkerade/dunning/7"):
        async with browser.get(path) as answer:
            page = await answer.text()
        assert "Ett fel uppstod när det skulle utföras." in page
        assert 'Teknisk orsak (engelska): <span lang="en">KeyError: &#39;component&#39;' in page


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("unreadable: ValidationError: ore: not a number", "Går inte att läsa."),
        ("ValueError: unreadable: ValidationError: ore", "Går inte att läsa."),
        ("waits behind a parcel of its key that was given up", "Väntar bakom något tidigare."),
        ("UndeliverableError: no such file", "Mottagaren tar inte emot det."),
        ("RuntimeError: it is unreadable: why?", "Ett fel uppstod när det skulle utföras."),
    ],
)
def test_the_kind_of_a_reason_is_what_plumbing_begins_it_with(reason: str, kind: str) -> None:
    assert why(reason) == kind


async def test_the_operator_lets_go_what_cannot_be_read(browser: Browser, world: World) -> None:
    """With a reason; what can be read offers no such thing."""
    await sign_in(browser, "operator")
    async with browser.get("/drift/parkerade/dunning/7") as answer:
        assert "Släpp händelsen" not in await answer.text()
    async with browser.get("/drift/parkerade/dunning/9") as answer:
        assert "Släpp händelsen" in await answer.text()
    path, door = "/drift/parkerade/dunning/9/slapp", ("dunning", "/ops/parked/9/let-go")
    why = {"field": "reason", "reason": "String should have at least 3 characters"}
    world.refuse[door] = (422, invalid([why]).body)
    async with browser.post(path, data={"skal": "x"}) as answer:
        shown = await answer.text()
        assert answer.status == 422
        assert 'aria-invalid="true"' in shown
    del world.refuse[door]
    async with browser.post(path, data={"skal": "ett annat program"}) as answer:
        assert "Släppt. 1 är utförd." in await answer.text()
    assert world.asked(*door)[-1].json == {"reason": "ett annat program"}


async def test_what_is_parked_no_more_is_told_in_the_list(browser: Browser) -> None:
    """The second click of two, or a page from before."""
    await sign_in(browser, "operator")
    gone = "/drift/parkerade/dunning/8"
    for answer in (browser.get(gone), browser.post(f"{gone}/slapp", data={"skal": "Fel program"})):
        async with answer as shown:
            assert (shown.status, shown.url.path) == (200, "/drift/parkerade")
            assert "Det var inte parkerat längre." in await shown.text()


async def test_the_operator_redrives_and_allocates(browser: Browser, world: World) -> None:
    """By key, by service; money by the claim named."""
    await sign_in(browser, "operator")
    form = {"service": "dunning", "nyckel": str(CLAIM)}
    async with browser.post("/drift/parkerade/kor-om", data=form, allow_redirects=False) as answer:
        assert answer.status == 303
        async with browser.get(answer.headers["location"]) as after:
            assert "1 är utförd." in await after.text()
    (call,) = world.asked("dunning", "/ops/parked/redrive")
    assert call.json == {"key": str(CLAIM)}
    async with browser.post("/drift/parkerade/kor-om", data={"service": "dunning"}) as answer:
        assert "1 är utförd. 2 nycklar är kvar, för skälet finns kvar." in await answer.text()
    bad = {"service": "gateway/../x"}
    async with browser.post("/drift/parkerade/kor-om", data=bad) as answer:
        assert answer.status == 404
    path = f"/drift/betalningar/{PAYMENT}/koppla"
    async with browser.post(path, data={"fordran": "hej"}) as answer:
        assert answer.status == 422
    good = {"fordran": str(CLAIM), "nyckel": "n"}
    async with browser.post(path, data=good, allow_redirects=False) as answer:
        assert answer.status == 303
    (call,) = world.asked("payments", f"/unmatched/{PAYMENT}/allocate")
    assert call.json == {"claim_id": str(CLAIM)}


async def test_the_operator_does_a_task_and_clears_kronofogdens_money(
    browser: Browser, world: World
) -> None:
    """What an alarm asked for is done; a payment of Kronofogden's is for what it collected."""
    await sign_in(browser, "operator")
    async with browser.get("/drift") as answer:
        assert "oklart om ansökan kom fram" in await answer.text()
    async with browser.post("/drift/larm/5/klart", allow_redirects=False) as answer:
        assert answer.status == 303
    (_,) = world.asked("collections", "/cases/alarms/5/done")
    form = {"betalning": str(PAYMENT), "gäller": str(PAYMENT), "nyckel": "n"}
    path = "/drift/betalningar/kronofogden"
    async with browser.post(path, data=form, allow_redirects=False) as answer:
        assert answer.status == 303
    (call,) = world.asked("payments", f"/unmatched/{PAYMENT}/kronofogden")
    assert call.json == {"payment_ids": [str(PAYMENT)]}
    async with browser.post(path, data={"betalning": "hej"}) as answer:
        assert answer.status == 422
        assert "tillsammans är lika stora" in await answer.text()


async def test_a_case_that_stands_still_tells_its_seller_why_and_goes_on_with_new_details(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-108, R-114: the way on is the customer's details, corrected and handed over anew."""
    case = {"stage": "awaits_creditor", "lack": "identity_number_missing", "number": "INK-1"}
    invoice = ANSWERS["invoicing", "GET", f"/invoices/{CLAIM}"]
    stopped: dict[tuple[str, str, str], Any] = {
        ("collections", "GET", f"/cases/{CLAIM}"): lambda w, c: case,
        ("invoicing", "GET", f"/invoices/{CLAIM}"): lambda w, c: (
            invoice(w, c) | {"state": "collection"}
        ),
    }
    for name, tell in stopped.items():
        monkeypatch.setitem(ANSWERS, name, tell)
    await sign_in(browser, ANNA)
    async with browser.get(f"/fakturor/{CLAIM}") as answer:
        page = await answer.text()
    assert "person- eller organisationsnummer saknas" in page
    assert f"/fakturor/{CLAIM}/ansok" not in page
    path = f"/fakturor/{CLAIM}/inkasso-igen"
    (step,) = re.findall('name="steg" value="([^"]+)"', page)
    for form in ({"steg": step}, {"steg": step}, {"steg": "99"}):
        async with browser.post(path, data=form, allow_redirects=False) as answer:
            assert answer.status == 303
    calls = world.asked("invoicing", f"/invoices/{CLAIM}/collection/anew")
    first, twice, later = (call.headers.get("idempotency-key") for call in calls)
    assert first is not None
    assert (first == twice, first == later) == (True, False), "a step is gone on from once"


async def test_the_clock_moves_by_button_and_by_api(browser: Browser, world: World) -> None:
    """For operators alone, and only when all is quiet."""
    seller = await token(browser, creditor_id=str(ANNA))
    async with browser.post("/ops/clock", json={"today": "2026-11-23"}, headers=seller) as answer:
        assert answer.status == 403
    operator = await token(browser, role="operator")
    world.backlog = {"payments": 3}
    async with browser.post("/ops/quiet", json={"timeout": 0.2}, headers=operator) as answer:
        assert answer.status == 504
        assert (await answer.json())["waiting_for"] == ["payments: 3 under way"]
    async with browser.post("/ops/clock", json={"today": "2026-11-23"}, headers=operator) as answer:
        assert answer.status == 202
    await asyncio.sleep(0.6)
    assert world.today.isoformat() == "2026-11-22"
    world.backlog = {}
    async with asyncio.timeout(10):
        while world.today.isoformat() != "2026-11-23":
            await asyncio.sleep(0.05)


async def test_a_second_click_on_the_clock_shows_it_moving(browser: Browser, world: World) -> None:
    """The first one is on its way, and no further day is asked for."""
    await sign_in(browser, "operator")
    world.backlog = {"payments": 3}
    for _ in range(2):
        form = {"steg": "dag"}
        async with browser.post("/drift/klocka", data=form) as answer:
            assert (answer.status, answer.url.path) == (200, "/drift")
            assert "Stanna här" in await answer.text()
    world.backlog = {}
    async with asyncio.timeout(10):
        while world.today.isoformat() != "2026-11-23":
            await asyncio.sleep(0.05)


async def test_a_company_sees_what_is_its_own_of_what_customers_owe(
    browser: Browser, world: World
) -> None:
    """Events.md 4: the operator's parts are never paid out; what is disputed is overdue too."""
    await sign_in(browser, ANNA)
    async with browser.get("/") as answer:
        page = (await answer.text()).replace("\N{NO-BREAK SPACE}", " ")
    for text in ("42 188,41 kr", "11 277,08 kr", "5 875,56 kr bestritt"):
        assert text in page
    world.claim |= {
        "demand_cost_ore": 18_000, "filing_fee_ore": 30_000, "filing_work_ore": 38_000,
        "to_pay_ore": 418_841, "creditors_ore": 332_841,
    }  # fmt: skip
    told = {"on": "2026-11-20", "at": "", "text": "Betalningen kom in", "amount_ore": 418_841}
    world.shown = {"timeline": [told | {"operators_ore": 86_000}]}
    async with browser.get(f"/fakturor/{CLAIM}") as answer:
        page = (await answer.text()).replace("\N{NO-BREAK SPACE}", " ")
    assert "<dt>Varav till dig</dt><dd>3 328,41 kr</dd>" in page
    assert "Av det är 860,00 kr inkassokostnader" in page


@pytest.mark.parametrize("reminder", ["none", "deferred"])
async def test_a_company_is_told_that_a_reminder_waits_for_the_reference_rate(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, reminder: str
) -> None:
    ladder = {"reminder": reminder, "next_step": None, "paused_until": None}
    monkeypatch.setitem(ANSWERS, ("dunning", "GET", f"/claims/{CLAIM}"), lambda w, c: ladder)
    await sign_in(browser, ANNA)
    async with browser.get(f"/fakturor/{CLAIM}") as answer:
        page = await answer.text()
    assert ("väntar på att referensräntan" in page) == (reminder == "deferred")


async def test_a_company_is_told_that_its_customer_has_paid_too_much(
    browser: Browser, world: World
) -> None:
    """R-95: the money is the customer's, and support puts it right."""
    await sign_in(browser, ANNA)
    for overpaid_ore in (0, 50_000):
        world.claim |= {"overpaid_ore": overpaid_ore}
        async with browser.get(f"/fakturor/{CLAIM}") as answer:
            page = (await answer.text()).replace("\N{NO-BREAK SPACE}", " ")
        assert ("500,00 kr för mycket" in page) == bool(overpaid_ore)


async def test_a_booked_bank_file_says_in_the_list_that_there_is_something_to_look_at(
    browser: Browser,
) -> None:
    """Else nobody opens it."""
    await sign_in(browser, "operator")
    async with browser.get("/drift/bankfiler") as answer:
        page = await answer.text()
    assert '<th scope="col" class="number">Anmärkningar</th>' in page
    assert page.index('data-label="Anmärkningar">3<') < page.index('data-label="Anmärkningar">1<')


async def test_what_is_wrong_with_a_bank_file_is_told_in_swedish(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a junk file is said to do nothing; what is held is money on the account too."""
    junk = {
        "file_id": str(FILE), "name": "skräp.bin", "state": "refused", "role": "controls",
        "format": "unknown", "booked_ore": 0, "held": 0, "trouble": None,
        "problems": [{"line": 1, "reason": "the file is not XML"}],
    }  # fmt: skip
    told = ("payments", "GET", f"/bank-files/{FILE}")
    await sign_in(browser, "operator")
    for file, expected in (
        (junk, "Filen är inte XML"),
        (junk | {"state": "booked", "role": "books", "booked_ore": 2000, "held": 1},
         "Det som hålls kvar är med"),
    ):  # fmt: skip
        monkeypatch.setitem(ANSWERS, told, lambda w, c, file=file: file)
        async with browser.get(f"/drift/bankfiler/{FILE}") as answer:
            page = await answer.text()
        assert expected in page
        assert "Besvär" not in page
        assert ("Kontrollerar det bokförda" in page) is False
