"""The gateway's guard: who may come in, in whose name, from where, and how much at a time."""

import io
import json
import re
from typing import Any

import aiohttp
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from plumbing.identity import Identity, Keys
from plumbing.problems import Problem
from services.collections import api as collections
from services.dunning import api as dunning
from services.gateway.app import create_app
from services.gateway.edge import Edge
from services.gateway.public_api import merge, public_path, route
from services.gateway.sessions import Session, Sessions
from services.gateway.settings import Settings, UnprotectedError
from services.invoicing.api import invoices, registers
from services.notifications import api as notifications
from services.payments import app as payments
from tests.gateway.conftest import FEED_TOKEN, LINK_KEY, private_key, settings_for
from tests.gateway.fakes import ANNA, BERIT, CLAIM, World

Browser = aiohttp.ClientSession


async def sign_in(browser: Browser, who: object) -> None:
    """Pick an identity, as the page does."""
    async with browser.post("/demo", data={"vem": str(who)}, allow_redirects=False) as answer:
        assert answer.status == 303


async def token(browser: Browser, **wish: object) -> dict[str, str]:
    """Headers with a bearer token of the public API."""
    async with browser.post("/demo/token", json=wish) as answer:
        assert answer.status == 201
        return {"authorization": f"Bearer {(await answer.json())['token']}"}


@pytest.mark.parametrize("issuer", [None, "https://somebody.example"])
def test_the_gateway_refuses_to_start_unprotected(issuer: str | None) -> None:
    """Without demo mode there is no way to know people yet, so there is no gateway either."""
    with pytest.raises(UnprotectedError, match="BETALT_DEMO=1"):
        create_app(
            Settings(
                identity_private_key=private_key(),
                link_key=LINK_KEY,
                betalt_demo=False,
                oidc_issuer=issuer,
            )
        )


@pytest.mark.parametrize(
    "weak", [{"link_key": ""}, {"link_key": "x" * 31}, {"bank_feed_token": "short"}]
)
def test_the_gateway_refuses_to_start_with_a_secret_that_can_be_guessed(
    weak: dict[str, str],
) -> None:
    """Whoever guesses it forges every debtor's link, or the bank."""
    with pytest.raises(ValidationError, match=next(iter(weak))):
        settings_for("http://nowhere", private_key(), **weak)


def test_a_session_is_good_for_its_purpose_and_its_gateway_alone() -> None:
    """A cookie is no API token, another gateway's is none, and a bent one is none."""
    ours = Sessions("a secret", secure=True)
    session = Session(Identity(ANNA, frozenset({"seller"}), company=ANNA), "a@b.se", "Å")
    sealed = ours.seal(session, "page")
    assert ours.open(sealed, "page") == session
    assert ours.open(sealed, "api") is None
    assert Sessions("another secret", secure=True).open(sealed, "page") is None
    for at in range(len(sealed) - 40, len(sealed), 7):
        bent = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        assert ours.open(bent, "page") is None
    assert str(ANNA) not in sealed
    for junk in ("", ".", "a.b.c.d.e", "x" * 10_000, "ö.ö.ö.ö.ö"):
        assert ours.open(junk, "page") is None


async def test_every_service_gets_a_token_for_itself_alone(browser: Browser, world: World) -> None:
    """The fake judges audience; no token minted for one service is good at another."""
    await sign_in(browser, ANNA)
    async with browser.get(f"/fakturor/{CLAIM}") as answer:
        assert answer.status == 200
    assert {call.service for call in world.calls} >= {"invoicing", "payments", "dunning"}
    assert all(call.identity and call.identity.company == ANNA for call in world.calls[1:])
    sent = world.asked("payments", f"/claims/{CLAIM}")[0].headers["Authorization"].split()[1]
    with pytest.raises(Problem):
        Keys(world.keys.jwk).read(sent, "invoicing")


async def test_a_company_never_reaches_another_companys_invoice(browser: Browser) -> None:
    """Berit asks for Anna's invoice by its address, on the page and in the API."""
    await sign_in(browser, BERIT)
    async with browser.get(f"/fakturor/{CLAIM}") as answer:
        assert answer.status == 404
        assert "Annas" not in await answer.text()
    bearer = await token(browser, creditor_id=str(BERIT))
    async with browser.get(f"/api/v1/invoices/{CLAIM}", headers=bearer) as answer:
        assert answer.status == 404


async def test_claimed_identities_are_left_at_the_door(browser: Browser, world: World) -> None:
    """Headers that say who one is are not passed on; the minted token is."""
    bearer = await token(browser, creditor_id=str(BERIT))
    forged = {"x-company": str(ANNA), "x-roles": "operator", "cookie": "betalt=x"}
    async with browser.get("/api/v1/invoices", headers={**bearer, **forged}) as answer:
        assert answer.status == 200
    (call,) = world.asked("invoicing", "/invoices")
    assert call.identity
    assert (call.identity.company, call.identity.roles) == (BERIT, frozenset({"seller"}))
    assert not {"x-company", "x-roles", "cookie"} & {name.lower() for name in call.headers}


@pytest.mark.parametrize(
    "path",
    ["/drift", "/drift/parkerade", "/drift/huvudbok", "/drift/inkasso", "/drift/utbetalningar"],
)
async def test_a_seller_sees_no_operators_page(browser: Browser, path: str) -> None:
    """And an operator no company's."""
    await sign_in(browser, ANNA)
    async with browser.get(path) as answer:
        assert answer.status == 403
    await sign_in(browser, "operator")
    async with browser.get(path) as answer:
        assert answer.status == 200
    async with browser.get("/fakturor") as answer:
        assert answer.status == 403


async def test_whoever_is_nobody_is_sent_to_the_picker(browser: Browser) -> None:
    """No page shows anything without a session; the API answers 401."""
    for path in ("/", "/fakturor", "/drift", f"/fakturor/{CLAIM}"):
        async with browser.get(path, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["location"][:6]) == (303, "/demo?")
    for path in ("/api/v1/invoices", "/ops/clock"):
        async with browser.get(path) as answer:
            assert answer.status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_another_sites_form_does_nothing_here(
    browser: Browser, world: World, headers: dict[str, str]
) -> None:
    """Refused before any service is asked."""
    await sign_in(browser, ANNA)
    world.calls.clear()
    path = f"/fakturor/{CLAIM}/paminn"
    async with browser.post(path, headers=headers) as answer:
        assert answer.status == 403
    assert world.calls == []
    ours = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    async with browser.post(path, headers=ours, allow_redirects=False) as answer:
        assert answer.status == 303
    assert len(world.asked("dunning", f"/claims/{CLAIM}/remind")) == 1


async def test_one_thing_is_said_in_two_million_bytes_and_ten_thousand_in_more(
    browser: Browser, world: World
) -> None:
    """What a program may send is bounded by what it can mean: only invoices come by thousands."""
    bearer = await token(browser, creditor_id=str(ANNA))
    large = b"x" * 2_100_000
    world.refuse["invoicing", "/invoices/bulk"] = world.refuse["invoicing", "/customers"] = (
        200,
        {},
    )
    async with browser.post(
        "/api/v1/invoices/bulk", data=io.BytesIO(large), headers=bearer
    ) as answer:
        assert answer.status == 200
    assert world.asked("invoicing", "/invoices/bulk", "POST")
    async with browser.post("/api/v1/customers", data=io.BytesIO(large), headers=bearer) as answer:
        assert answer.status == 413
    assert world.asked("invoicing", "/customers", "POST") == []


@pytest.mark.parametrize("shown", ["", "Bearer ", "Bearer wrong", f"Basic {FEED_TOKEN}"])
async def test_only_the_bank_may_feed(browser: Browser, world: World, shown: str) -> None:
    """Without the credential nothing reaches payments."""
    headers = {"authorization": shown} if shown else {}
    async with browser.post("/feeds/bank-files", data=b"<x/>", headers=headers) as answer:
        assert answer.status == 401
    assert world.calls == []


async def test_the_banks_file_reaches_payments_byte_for_byte(
    browser: Browser, world: World
) -> None:
    """As role feed, with its name, however large; the answer comes back as it is (R-98)."""
    file = b"<Document>" + b"x" * 3_000_000 + b"</Document>"
    headers = {"authorization": f"Bearer {FEED_TOKEN}", "x-file-name": "camt.xml"}
    async with browser.post("/feeds/bank-files", data=io.BytesIO(file), headers=headers) as answer:
        assert answer.status == 200
        assert (await answer.json())["state"] == "received"
    (call,) = world.asked("payments", "/bank-files", "POST")
    assert call.body == file
    assert call.headers["x-file-name"] == "camt.xml"
    assert call.identity
    assert call.identity.roles == {"feed"}
    world.refuse["payments", "/bank-files"] = (
        422,
        {"title": "No", "errors": [{"field": "line 3"}]},
    )
    async with browser.post("/feeds/bank-files", data=io.BytesIO(file), headers=headers) as answer:
        assert (answer.status, (await answer.json())["errors"]) == (422, [{"field": "line 3"}])


async def test_a_body_beyond_the_limit_is_refused(browser: Browser, world: World) -> None:
    """Announced, or found out while it streams; whoever sends to the end hears why."""
    await sign_in(browser, ANNA)
    world.calls.clear()
    large = b"text=" + b"x" * 30_000_000

    async def unannounced() -> object:
        for at in range(0, len(large), 1_000_000):
            yield large[at : at + 1_000_000]

    form = {"content-type": "application/x-www-form-urlencoded"}
    path = f"/fakturor/{CLAIM}/meddelande"
    async with browser.post(path, data=io.BytesIO(large), headers=form) as answer:
        assert answer.status == 413
    async with browser.post(path, data=unannounced(), headers=form) as answer:
        assert answer.status == 413
    assert world.calls == []


@pytest.mark.parametrize(("megabytes", "read"), [(5, 5), (9_000, 69)])
async def test_what_is_too_large_is_read_to_its_end_so_that_the_answer_is_heard(
    megabytes: int, read: int
) -> None:
    """But beyond the most that anybody may send, the door is closed in the middle of it."""
    came, answers = 0, []

    async def sent() -> dict[str, Any]:
        nonlocal came
        came += 1
        more = came < megabytes
        return {"type": "http.request", "body": bytes(1_000_000), "more_body": more}

    async def send(message: Any) -> None:
        answers.append((message, came))

    headers = [(b"content-length", b"%d000000" % megabytes), (b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": "POST", "path": "/api/v1/customers", "headers": headers}
    edge = Edge(FastAPI(), "http://127.0.0.1")
    await edge(scope | {"query_string": b"", "app": None}, sent, send)
    start, read_before = answers[0]
    assert (start["status"], read_before) == (413, read)


async def test_every_page_tells_the_browser_to_be_careful(browser: Browser) -> None:
    """No script but ours, no frame, no cache, a cookie that scripts cannot read."""
    async with browser.post("/demo", data={"vem": str(ANNA)}, allow_redirects=False) as answer:
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
    async with browser.get("/fakturor") as answer:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        page = await answer.text()
        assert " style=" not in page
        assert "<script>" not in page
        assert " onclick" not in page


async def test_a_service_that_is_away_or_broken_gives_a_page_with_advice(
    browser: Browser, world: World
) -> None:
    """In Swedish; a program gets the problem."""
    await sign_in(browser, ANNA)
    world.refuse["invoicing", "/invoices"] = (500, {"title": "Traceback: secret"})
    async with browser.get("/fakturor") as answer:
        page = await answer.text()
        assert answer.status == 502
        assert "Försök igen" in page
        assert "secret" not in page
    world.refuse["payments", f"/claims/{CLAIM}"] = (503, {"title": "away"})
    async with browser.get(f"/fakturor/{CLAIM}") as answer:
        assert answer.status == 200
        assert "Reskontran" in await answer.text()


@pytest.mark.parametrize(
    "path",
    [
        "ops/numbers",
        "invoices/../ops/clock",
        "health/ready",
        "dunning",
        "collections//ops",
        "x",
        "",
    ],
)
def test_only_known_paths_are_public(path: str) -> None:
    """A path that is not in the table leads nowhere, however it is spelt."""
    with pytest.raises(Problem):
        route(path)


def test_a_services_own_doors_do_not_hide_behind_a_prefix() -> None:
    """`/api/v1/dunning/ops/clock` is no way to a service's operations."""
    for path in ("dunning/ops/clock", "collections/metrics", "dunning/health/live"):
        with pytest.raises(Problem):
            route(path)
    assert route("dunning/policy") == ("dunning", "/policy")
    assert route(f"claims/{CLAIM}") == ("payments", f"/claims/{CLAIM}")


def test_the_merged_description_names_public_paths_alone() -> None:
    """Schemas are named for their service, so that two of one name do not meet."""
    document = {
        "paths": {"/policy": {"x": {"$ref": "#/components/schemas/P"}}, "/ops/numbers": {}},
        "components": {"schemas": {"P": {"type": "object"}}},
    }
    merged = merge("Betalt", {"dunning": document, "collections": document})
    assert set(merged["paths"]) == {"/api/v1/dunning/policy", "/api/v1/collections/policy"}
    reference = merged["paths"]["/api/v1/dunning/policy"]["x"]["$ref"]
    assert reference.removeprefix("#/components/schemas/") in merged["components"]["schemas"]
    assert public_path("payments", "/ledger/check") == "/api/v1/ledger/check"


def test_the_services_descriptions_merge_into_one_that_a_client_can_be_made_from() -> None:
    """Every reference leads somewhere, refusals are described as they are, commands take a key."""
    routers = {
        "invoicing": (registers.router, invoices.router),
        "payments": payments.ROUTERS,
        "dunning": (dunning.router,),
        "collections": (collections.router,),
        "notifications": (notifications.router,),
    }
    documents = {}
    for name, several in routers.items():
        app = FastAPI(title=name)
        for each in several:
            app.include_router(each)
        documents[name] = app.openapi()
    merged = merge("Betalt", documents)
    schemas, written = merged["components"]["schemas"], json.dumps(merged)
    named = re.findall(r'"\$ref": "([^"]*)"', written)
    assert {each.removeprefix("#/components/schemas/") for each in named} <= schemas.keys()
    assert "HTTPValidationError" not in written
    for path, operations in merged["paths"].items():
        for method, operation in operations.items():
            problem = operation["responses"]["default"]["content"]["application/problem+json"]
            assert problem["schema"]["$ref"].endswith("/Problem"), (method, path)
    issuing = merged["paths"]["/api/v1/invoices"]["post"]
    assert [each["name"] for each in issuing["parameters"]] == ["Idempotency-Key"]
    assert "parameters" not in merged["paths"]["/api/v1/invoices/preview"]["post"]


async def test_a_refusal_says_what_http_asks_of_it(browser: Browser, world: World) -> None:
    """Who has no token is told which kind (RFC 9110 15.5.2), a wrong method which are right."""
    async with browser.get("/api/v1/invoices") as answer:
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    async with browser.put("/demo") as answer:
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    world.refuse["invoicing", f"/invoices/{CLAIM}"] = (405, {})
    bearer = await token(browser, creditor_id=str(ANNA))
    async with browser.put(f"/api/v1/invoices/{CLAIM}", headers=bearer) as answer:
        assert (answer.status, answer.headers["allow"]) == (405, "GET")


async def test_what_can_be_got_can_be_asked_for_its_head(browser: Browser, world: World) -> None:
    """RFC 9110 9.1; no service knows HEAD, so the API asks it for the whole."""
    bearer = await token(browser, creditor_id=str(ANNA))
    await sign_in(browser, ANNA)
    for path in ("/demo", "/", f"/fakturor/{CLAIM}", "/api/v1/openapi.json", "/api/v1/invoices"):
        async with browser.head(path, headers=bearer) as answer:
            assert (answer.status, await answer.read()) == (200, b""), path
            assert int(answer.headers["content-length"]) > 0
    async with browser.head(f"/fakturor/{CLAIM}/live") as answer:
        assert answer.status == 405


async def test_the_api_passes_on_commands_with_their_key(browser: Browser, world: World) -> None:
    """Idempotency-Key, correlation, query and body arrive; so does the answer."""
    bearer = await token(browser, creditor_id=str(ANNA))
    correlation = "0193a000-0000-7000-8000-0000000000ff"
    headers = {**bearer, "idempotency-key": "k1", "x-correlation-id": correlation}
    async with browser.post(
        "/api/v1/invoices?a=b%20c&a=d", json={"rows": []}, headers=headers
    ) as answer:
        assert (answer.status, (await answer.json())["number"]) == (200, 1208)
    (call,) = world.asked("invoicing", "/invoices", "POST")
    sent = {name.lower(): value for name, value in call.headers.items()}
    assert (sent["idempotency-key"], sent["x-correlation-id"]) == ("k1", correlation)
    assert call.json == {"rows": []}
    assert call.query["a"] in ("b c", "d")


async def test_of_a_services_own_operator_only_some_doors_are_reached(browser: Browser) -> None:
    """Its clock moves with all others' alone, and nothing but these is passed on."""
    who = await token(browser, role="operator")
    for path, status in (
        ("dunning/numbers", 200),
        ("dunning/parked/7", 200),
        ("dunning/parked/9/let-go", 200),
        ("dunning/parked/redrive", 200),
        ("dunning/clock", 404),
        ("dunning/parked/7/../../clock", 404),
        ("dunning/parked/nine/let-go", 404),
        ("nobody/numbers", 404),
    ):
        method = "POST" if path.endswith(("let-go", "redrive", "clock")) else "GET"
        body = {"key": None} if method == "POST" else None
        url = f"/ops/services/{path}"
        async with browser.request(method, url, headers=who, json=body) as answer:
            assert answer.status == status, path
