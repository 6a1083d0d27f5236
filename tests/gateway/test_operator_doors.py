"""What an operator decides by button: money that waits, debits, stopped cases, letters.

A door of money needs its reason and its tick; each tells at the field what was wrong.
"""

import re
from typing import Any
from uuid import UUID

import pytest

from services.gateway.settings import SERVICES
from tests.gateway.fakes import (
    ANNA,
    ANSWERS,
    BERIT,
    CASE,
    CLAIM,
    DEBIT,
    DELIVERY,
    HELD,
    OVERPAID,
    PAYMENT,
    UNKNOWN_DEBIT,
    WAITING,
    World,
)
from tests.gateway.test_edge import Browser, sign_in

LIST = "/drift/betalningar"
WHY = "banken har rättat posten"


@pytest.fixture
async def operator(browser: Browser) -> Browser:
    """The operator's browser."""
    await sign_in(browser, "operator")
    return browser


async def sent(browser: Browser, path: str, form: dict[str, str] | None = None) -> str:
    """Where a form leads that was taken."""
    async with browser.post(path, data=form, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        return answer.headers["location"]


async def turned_back(
    browser: Browser, path: str, form: dict[str, str] | None = None, status: int = 422
) -> str:
    """The page that a form comes back on."""
    async with browser.post(path, data=form, allow_redirects=False) as answer:
        assert answer.status == status
        return await answer.text()


def plain(page: str) -> str:
    """A page with plain spaces."""
    return page.replace("\N{NO-BREAK SPACE}", " ")


def at_field(page: str, name: str, fault: str) -> bool:
    """Whether a fault stands at a field, for eyes and for screen readers."""
    marked = page.partition(f'id="falt-{name}"')[2].partition(">")[0]
    shown = page.partition(f'<p class="fault" id="falt-{name}-hjalp">')[2].partition("</p>")[0]
    described = f'aria-describedby="falt-{name}-hjalp"' in marked
    return described and 'aria-invalid="true"' in marked and fault in shown


async def test_each_waiting_payment_has_a_page_with_the_doors_that_fit_it(
    operator: Browser,
) -> None:
    """What is on the ledger can be matched; what is held can be booked; each can be taken out."""
    async with operator.get(LIST) as answer:
        page = await answer.text()
    for waiting in (PAYMENT, HELD):
        assert f'href="{LIST}/{waiting}"' in page
    assert "annan valuta" in page
    assert "100,00\N{NO-BREAK SPACE}EUR" in page
    doors = {
        PAYMENT: {"koppla": True, "bokfor": False, "ta-bort": True},
        HELD: {"koppla": False, "bokfor": True, "ta-bort": True},
    }
    for waiting, offered in doors.items():
        async with operator.get(f"{LIST}/{waiting}") as answer:
            page = await answer.text()
        shown = {door: f"{LIST}/{waiting}/{door}#{door}" in page for door in offered}
        assert shown == offered


async def test_a_payment_is_taken_out_with_a_reason_and_after_a_look_at_the_bank(
    operator: Browser, world: World
) -> None:
    path = f"{LIST}/{PAYMENT}/ta-bort"
    page = await turned_back(operator, path, {"ta-bort-skal": " "})
    assert at_field(page, "ta-bort-skal", "Skriv varför")
    assert at_field(page, "ta-bort-sett", "Bekräfta")
    page = await turned_back(operator, path, {"ta-bort-skal": WHY})
    assert WHY in page, "what was typed stays"
    assert not world.asked("payments", f"/unmatched/{PAYMENT}/take-out")
    form = {"ta-bort-skal": f"{WHY}\0", "ta-bort-sett": "1", "nyckel": "once"}
    where = await sent(operator, path, form)
    (call,) = world.asked("payments", f"/unmatched/{PAYMENT}/take-out", "POST")
    assert (call.json, call.headers["idempotency-key"]) == ({"reason": WHY}, "once")
    async with operator.get(where) as answer:
        page = await answer.text()
    assert 'role="status"' in page
    assert "2 betalningar ur samma post bokfördes" in page


async def test_a_held_payment_is_booked_with_the_kronor_that_the_bank_credited(
    operator: Browser, world: World
) -> None:
    path, door = f"{LIST}/{HELD}/bokfor", f"/unmatched/{HELD}/book"
    form = {"bokfor-skal": WHY, "bokfor-sett": "1", "kronor": "mycket"}
    assert at_field(await turned_back(operator, path, form), "kronor", "Skriv beloppet")
    form["kronor"] = "1 131,50"
    refusals: list[tuple[int, dict[str, Any], str, str]] = [
        (409, {"reason": "currency"}, "kronor", "Ange belopp i kronor"),
        (
            422,
            {"errors": [{"field": "reason", "reason": "at least 3 characters"}]},
            "bokfor-skal",
            "Skriv minst 3 tecken.",
        ),
    ]
    for status, why, field, fault in refusals:
        world.refuse["payments", door] = (status, {"title": "No", **why})
        assert at_field(await turned_back(operator, path, form, status), field, fault)
    world.refuse["payments", door] = (409, {"title": "No", "reason": "entry_booked"})
    page = await turned_back(operator, path, form, 409)
    assert "redan bokförd på ett annat sätt" in page.partition('role="alert"')[2]
    world.refuse.clear()
    world.calls.clear()
    assert await sent(operator, path, form) == f"{LIST}?gjort=bokford"
    (call,) = world.asked("payments", door, "POST")
    assert call.json == {"reason": WHY, "amount_ore": 113_150}


async def test_a_payment_that_somebody_else_took_care_of_is_told_on_the_list(
    operator: Browser,
) -> None:
    async with operator.get(f"{LIST}/{UUID(int=7)}") as answer:
        page = await answer.text()
        assert answer.status == 404
    assert "väntar inte längre" in page
    assert "<table" in page


async def test_a_claim_may_be_named_by_the_address_of_its_page(
    operator: Browser, world: World
) -> None:
    path = f"{LIST}/{PAYMENT}/koppla"
    assert at_field(await turned_back(operator, path, {"fordran": "1207"}), "fordran", "36 tecken")
    where = await sent(operator, path, {"fordran": f"https://betalt.example/fakturor/{CLAIM}"})
    assert where == f"{LIST}?gjort=kopplad"
    (call,) = world.asked("payments", f"/unmatched/{PAYMENT}/allocate", "POST")
    assert call.json == {"claim_id": str(CLAIM)}


async def test_a_debit_that_nobody_knows_is_explained(operator: Browser, world: World) -> None:
    """A fee that we bear, or a payment that the bank took back: only one of the same amount."""
    async with operator.get("/drift/utbetalningar") as answer:
        page = await answer.text()
    path = "/drift/utbetalningar/uttag"
    assert f'href="{path}?post=R/1%20%26%20more"' in page
    assert "ingen utbetalning som vi har beställt" in page
    async with operator.get(path, params={"post": DEBIT}) as answer:
        page = await answer.text()
    assert f'value="{PAYMENT}"' in page
    assert f'value="{HELD}"' not in page
    form = {"post": DEBIT, "uttag-skal": WHY, "uttag-sett": "1"}
    assert at_field(await turned_back(operator, path, form), "ar", "Välj vad uttaget är.")
    door = "/payouts/debits/resolve"
    world.refuse["payments", door] = (409, {"title": "No", "reason": "amount_differs"})
    page = await turned_back(operator, path, form | {"ar": str(PAYMENT)}, 409)
    assert at_field(page, "ar", "samma belopp")
    world.refuse.clear()
    world.calls.clear()
    for chosen in ("egen", str(PAYMENT)):
        where = await sent(operator, path, form | {"ar": chosen})
        assert where == "/drift/utbetalningar?gjort=forklarat"
    own, taken_back = (call.json for call in world.asked("payments", door, "POST"))
    assert own == {"source_key": DEBIT, "reason": WHY}
    assert taken_back == own | {"payment_id": str(PAYMENT)}
    async with operator.get(path, params={"post": "gone"}) as answer:
        page = await answer.text()
        assert answer.status == 404
    assert "<strong>Det är redan gjort.</strong> Uttaget väntar inte längre" in page
    assert "Uttag som ingen utbetalning förklarar" in page, "those that still wait"


async def test_a_debit_takes_back_no_payment_of_another_amount(
    operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = WAITING | {"payment_id": str(UUID(int=8)), "amount_ore": 125_051}
    answer = {"payments": [WAITING, other], "next": None}
    monkeypatch.setitem(ANSWERS, ("payments", "GET", "/unmatched"), lambda w, c: answer)
    async with operator.get("/drift/utbetalningar/uttag", params={"post": DEBIT}) as found:
        page = await found.text()
    offered = [each for each in (PAYMENT, UUID(int=8)) if f'value="{each}"' in page]
    assert offered == [PAYMENT]


async def test_a_debit_in_other_money_is_explained_in_kronor(
    operator: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarms = {"unknown_debits": [UNKNOWN_DEBIT | {"currency": "EUR"}]}
    monkeypatch.setitem(ANSWERS, ("payments", "GET", "/payouts/alarms"), lambda w, c: alarms)
    path = "/drift/utbetalningar/uttag"
    form = {"post": DEBIT, "uttag-skal": WHY, "uttag-sett": "1", "ar": "egen", "kronor": ""}
    assert at_field(await turned_back(operator, path, form), "kronor", "Skriv beloppet")
    await sent(operator, path, form | {"kronor": "14 100"})
    (call,) = world.asked("payments", "/payouts/debits/resolve", "POST")
    assert call.json["amount_ore"] == 1_410_000


async def test_a_debit_may_be_what_was_repaid_to_a_debtor(
    operator: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-95: the queue names claim, company and payer; only a credit as large is offered."""
    async with operator.get("/drift/overbetalningar") as answer:
        page = plain(await answer.text())
    for told_ in ("1 250,50 kr", "Annas Snickeri AB", "1000 0000 1277", "Kalle Ek", "•••0218"):
        assert told_ in page
    small = OVERPAID | {"claim_id": str(UUID(int=8)), "amount_ore": 125_049}
    larger = OVERPAID | {"claim_id": str(UUID(int=9)), "amount_ore": 200_000}
    queue = {"overpaid": [small, larger, OVERPAID], "count": 3, "amount_ore": 0}
    monkeypatch.setitem(ANSWERS, ("payments", "GET", "/overpaid"), lambda w, c: queue)
    path, door = "/drift/utbetalningar/uttag", "/payouts/debits/resolve"
    async with operator.get(path, params={"post": DEBIT}) as answer:
        offered = re.findall(r'value="fordran:([0-9a-f-]+)"', await answer.text())
    assert offered == [str(CLAIM), str(UUID(int=9))], "the very amount first"
    form = {"post": DEBIT, "uttag-skal": WHY, "uttag-sett": "1", "ar": f"fordran:{CLAIM}"}
    world.refuse["payments", door] = (409, {"title": "No", "reason": "more_than_overpaid"})
    assert at_field(await turned_back(operator, path, form, 409), "ar", "inte så mycket till godo")
    world.refuse.clear()
    world.calls.clear()
    assert await sent(operator, path, form) == "/drift/utbetalningar?gjort=forklarat"
    (call,) = world.asked("payments", door, "POST")
    assert call.json == {"source_key": DEBIT, "reason": WHY, "claim_id": str(CLAIM)}


async def test_a_rejected_payout_without_an_account_is_not_ordered_but_gets_one(
    operator: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The money that the bank rejected is part of what waits: told at both."""
    rejected = {
        "payout_id": "1", "creditor_id": str(ANNA), "amount_ore": 1_597_500, "state": "rejected",
        "ordered_on": "2026-11-04", "ended_on": "2026-11-05", "reason": "AC04",
    }  # fmt: skip
    waiting = {"creditor_id": str(ANNA), "amount_ore": 4_158_200, "since": "2026-11-10",
               "reason": "AC04"}  # fmt: skip
    found = {"rejected": [rejected], "waiting": [waiting], "late": [], "unknown_debits": []}
    monkeypatch.setitem(ANSWERS, ("payments", "GET", "/payouts/alarms"), lambda w, c: found)
    path = "/drift/utbetalningar"
    async with operator.get(path) as answer:
        page = plain(await answer.text())
    assert "Beställ på nytt" not in page
    assert page.count(f"{path}/konto/{ANNA}") == 2
    assert "de ingår i 41 582,00 kr som väntar på ett konto" in page
    assert "Av det har banken nekat 15 975,00 kr" in page
    world.refuse["payments", "/payouts/again"] = (409, {"title": "", "reason": "no_payout_account"})
    page = await turned_back(operator, f"{path}/igen", {"foretag": str(ANNA)}, 409)
    assert "Registrera ett konto först" in page.partition('role="alert"')[2]


async def test_a_missing_reference_rate_is_told_first_of_all(
    operator: Browser, world: World
) -> None:
    """law-and-fees 1.3: before it is too late, and with the claims that wait for it."""
    soon = {"valid_from": "2027-01-01", "claims_waiting": 0, "begun": False}
    pages = ("/drift", "/drift/inkasso", "/drift/rantor")
    for path in pages:
        async with operator.get(path) as answer:
            assert "Referensränta" not in (await answer.text()).partition("<section")[0]
    for lacking, told_ in (
        (soon, "Referensräntan från 1 jan. 2027 saknas."),
        (soon | {"claims_waiting": 57, "begun": True},
         "Referensränta saknas från 1 jan. 2027: 57 krav väntar."),
    ):  # fmt: skip
        world.half_years = [lacking]
        for path in pages:
            async with operator.get(path) as answer:
                assert told_ in plain(await answer.text()), path
    async with operator.get("/drift") as answer:
        page = plain(await answer.text())
    assert "Krav väntar på ränta" in page
    assert "Lugnt" not in page


async def test_what_of_the_money_needs_a_look_is_counted_on_the_first_page(
    operator: Browser,
) -> None:
    async with operator.get("/drift") as answer:
        page = plain(await answer.text())
    queues = page.partition('id="att-se-over"')[2].partition("</section>")[0]
    assert "Överbetalda fordringar</a>" in queues
    assert "1 · 1 250,50 kr" in queues
    assert 'href="/drift/betalningar"' in queues
    assert "inte får sina pengar" not in queues, "nothing of that kind waits"


async def test_a_rate_is_entered_and_a_mistyped_one_taken_back(
    operator: Browser, world: World
) -> None:
    """Räntelagen 9 §; each fault at its field."""
    path = "/drift/rantor"
    async with operator.get(path) as answer:
        page = plain(await answer.text())
    assert "−0,5 %" in page
    assert page.count("/ta-bort") == 1, "law's own rates stay"
    page = await turned_back(operator, path, {"bp": "mycket"})
    for field, fault in (("valid_from", "1 januari"), ("bp", "procent"), ("source", "Skriv var")):
        assert at_field(page, field, fault)
    form = {"valid_from": "2027-01-01", "bp": "2,5 %", "source": "SFS 2027:1", "nyckel": "once"}
    refusals: list[tuple[int, dict[str, Any], str, str]] = [
        (422, {"errors": [{"field": "bp", "reason": "rounds to half points"}]}, "bp", "halva"),
        (422, {"errors": [{"field": "valid_from", "reason": "no"}]}, "valid_from", "1 juli"),
        (409, {"detail": "contradicts"}, "valid_from", "redan en annan ränta"),
    ]
    for status, why, field, fault in refusals:
        world.refuse["payments", "/rates"] = (status, {"title": "No", **why})
        page = await turned_back(operator, path, form, status)
        assert at_field(page, field, fault)
        assert 'value="2,5 %"' in page, "what was typed stays"
    world.refuse.clear()
    world.calls.clear()
    where = await sent(operator, path, form)
    (call,) = world.asked("payments", "/rates", "POST")
    assert call.json == {"valid_from": "2027-01-01", "bp": 250, "source": "SFS 2027:1"}
    assert call.headers["idempotency-key"] == "once"
    async with operator.get(where) as answer:
        assert "57 krav som väntade på den" in await answer.text()
    assert await sent(operator, path, form | {"bp": "-0.5"})
    assert world.asked("payments", "/rates", "POST")[-1].json["bp"] == -50
    assert await sent(operator, f"{path}/2027-01-01/ta-bort") == f"{path}?gjort=borttagen"
    assert world.asked("payments", "/rates/2027-01-01", "DELETE")
    world.refuse["payments", "/rates/2027-01-01"] = (409, {"title": "", "reason": "rate_charged"})
    page = await turned_back(operator, f"{path}/2027-01-01/ta-bort", status=409)
    assert "kan inte tas bort längre" in page.partition('role="alert"')[2]


async def test_rejected_payouts_are_ordered_anew_and_money_gets_an_account(
    operator: Browser, world: World
) -> None:
    """R-14: only after a look at who asks for it."""
    path = "/drift/utbetalningar"
    async with operator.get(path) as answer:
        await answer.text()
    named = world.asked("invoicing", "/creditors")[-1]
    assert set(named.query.getall("creditor_id")) == {str(ANNA), str(BERIT)}, "not all companies"
    assert await sent(operator, f"{path}/igen", {"foretag": str(ANNA)}) == f"{path}?gjort=igen"
    (call,) = world.asked("payments", "/payouts/again", "POST")
    assert call.json == {"creditor_id": str(ANNA)}
    form = {"kind": "bankgiro", "number": "5050-1056"}
    page = await turned_back(operator, f"{path}/konto/{BERIT}", form)
    assert at_field(page, "sett", "Bekräfta")
    errors = [{"field": "number", "reason": "bankgiro number has a wrong check digit"}]
    world.refuse["payments", "/payout-account"] = (422, {"title": "No", "errors": errors})
    page = await turned_back(operator, f"{path}/konto/{BERIT}", form | {"sett": "1"})
    assert at_field(page, "number", "Numret stämmer inte")
    world.refuse.clear()
    assert (
        await sent(operator, f"{path}/konto/{BERIT}", form | {"sett": "1"}) == f"{path}?gjort=konto"
    )
    call = world.asked("payments", "/payout-account", "PUT")[-1]
    assert call.json == {**form, "creditor_id": str(BERIT), "bic": None}


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that stands still."""
    monkeypatch.setitem(ANSWERS, ("collections", "GET", f"/cases/{CLAIM}"), lambda w, c: CASE)


@pytest.mark.usefixtures("stopped")
async def test_an_operator_corrects_a_stopped_case_and_lets_it_go_on(
    operator: Browser, world: World
) -> None:
    """What is left empty stays as it is known."""
    async with operator.get("/drift/inkasso") as answer:
        assert f'href="/drift/inkasso/{CLAIM}"' in await answer.text()
    assert world.asked("collections", "/cases")[0].query == {"stopped": "true"}
    path, door = f"/drift/inkasso/{CLAIM}", f"/cases/{CLAIM}/resume"
    form = {"debtor_identity_number": "19730724-5428", "street": "Storgatan 1", "nyckel": "once"}
    errors = [{"field": "debtor_address.town", "reason": "should have at least 1 character"}]
    world.refuse["collections", door] = (422, {"title": "No", "errors": errors})
    page = await turned_back(operator, path, form)
    assert at_field(page, "town", "Fyll i uppgiften.")
    assert "Storgatan 1" in page
    world.refuse["collections", door] = (409, {"title": "No", "reason": "address_missing"})
    page = await turned_back(operator, path, form, 409)
    assert "Kundens adress saknas." in page.partition('role="alert"')[2]
    world.refuse.clear()
    world.calls.clear()
    where = await sent(operator, path, form | {"postcode": "111 22", "town": "Stockholm"})
    (call,) = world.asked("collections", door, "POST")
    assert call.headers["idempotency-key"] == "once"
    assert call.json == {
        "debtor_identity_number": "197307245428",
        "debtor_address": {"street": "Storgatan 1", "postcode": "111 22", "town": "Stockholm"},
    }
    async with operator.get(where) as answer:
        assert "Ärendet går vidare." in await answer.text()


@pytest.mark.usefixtures("stopped")
async def test_a_task_is_done_where_it_is_read(operator: Browser, world: World) -> None:
    """On the first page, on the list, on its case; and nowhere else can a form lead."""
    path = "/drift/larm/5/klart"
    case = f"/drift/inkasso/{CLAIM}"
    assert await sent(operator, path) == "/drift"
    assert await sent(operator, path, {"lista": "1"}) == "/drift/inkasso?gjort=klart"
    assert await sent(operator, path, {"fordran": str(CLAIM)}) == f"{case}?gjort=klart"
    await turned_back(operator, path, {"fordran": "//evil.example"})
    assert len(world.asked("collections", "/cases/alarms/5/done", "POST")) == 3
    async with operator.get(case) as answer:
        page = await answer.text()
    assert path in page
    assert world.asked("collections", "/cases/alarms")[-1].query == {"claim_id": str(CLAIM)}


async def test_a_seller_sends_again_what_no_channel_took(browser: Browser, world: World) -> None:
    """Invoices and credit notes that failed; the operator is told who may."""
    await sign_in(browser, ANNA)
    async with browser.get(f"/fakturor/{CLAIM}") as answer:
        page = await answer.text()
    assert page.count("Skicka igen") == 1
    assert "Kunden saknar e-postadress" in page
    path, door = f"/fakturor/{CLAIM}/utskick/{DELIVERY}/igen", f"/deliveries/{DELIVERY}/again"
    assert await sent(browser, path) == f"/fakturor/{CLAIM}?gjort=igen"
    (call,) = world.asked("notifications", door, "POST")
    assert call.identity
    assert (call.identity.company, call.identity.roles) == (ANNA, frozenset({"seller"}))
    world.refuse["notifications", door] = (409, {"title": "No", "reason": "not_failed"})
    assert "Det är redan på väg" in await turned_back(browser, path, status=409)
    await sign_in(browser, "operator")
    async with browser.get("/drift/utskick") as answer:
        page = await answer.text()
    assert "kan säljaren skicka igen" in page
    assert "/igen" not in page
    async with browser.post(path) as answer:
        assert answer.status == 403


async def test_a_seller_sees_which_cases_stand_still(browser: Browser) -> None:
    await sign_in(browser, ANNA)
    async with browser.get("/inkasso") as answer:
        assert (await answer.text()).count("Står still.") == 1


@pytest.mark.parametrize(
    "path",
    [
        f"{LIST}/{PAYMENT}/ta-bort",
        f"{LIST}/{HELD}/bokfor",
        "/drift/utbetalningar/uttag",
        "/drift/utbetalningar/igen",
        f"/drift/utbetalningar/konto/{BERIT}",
        f"/drift/inkasso/{CLAIM}",
        "/drift/larm/5/klart",
        "/drift/rantor",
        "/drift/rantor/2027-01-01/ta-bort",
    ],
)
async def test_only_operators_come_through_and_only_from_our_own_pages(
    browser: Browser, world: World, path: str
) -> None:
    form = {"foretag": str(ANNA)}
    await sign_in(browser, ANNA)
    world.calls.clear()
    async with browser.post(path, data=form) as answer:
        assert answer.status == 403
    await sign_in(browser, "operator")
    world.calls.clear()
    async with browser.post(path, data=form, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403
    assert world.calls == []


async def test_the_first_page_does_not_call_what_is_away_at_work(
    browser: Browser, world: World
) -> None:
    """Nor does it count as none what nobody could be asked for."""
    await sign_in(browser, "operator")
    for service in SERVICES:
        world.refuse[service, "/ops/numbers"] = (503, {"title": "The service cannot answer now"})
    async with browser.get("/drift") as answer:
        page = await answer.text()
        assert answer.status == 200
    figures = page.partition('class="figures"')[2].partition("</section>")[0]
    assert "Tjänst svarar inte" in figures
    assert "Arbetar" not in figures
    assert '<a href="/drift/parkerade">–</a>' in figures


async def test_a_broker_that_does_not_answer_is_told_as_that(
    browser: Browser, world: World
) -> None:
    """The services answer, and take what they are given; nobody knows how far behind they are."""
    await sign_in(browser, "operator")
    world.unheard = True
    async with browser.get("/drift") as answer:
        page = await answer.text()
    figures = page.partition('class="figures"')[2].partition("</section>")[0]
    assert "Ingen kontakt med Kafka" in figures
    assert "inget går förlorat" in page
    assert "Svarar inte" not in page
    assert "ingen än" not in page


async def test_the_address_that_people_are_given_leads_the_operator_to_his_own_page(
    browser: Browser,
) -> None:
    """So does the way out of a page that tells what went wrong."""
    await sign_in(browser, "operator")
    async with browser.get("/", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["location"]) == (303, "/drift")
    async with browser.get("/drift/finns-inte") as answer:
        assert 'class="button" href="/drift"' in await answer.text()


async def test_no_account_is_set_for_a_company_that_is_not_there(
    browser: Browser, world: World
) -> None:
    await sign_in(browser, "operator")
    form = {"kind": "bankgiro", "number": "5050-1055", "sett": "1"}
    nobodys = f"/drift/utbetalningar/konto/{CLAIM}"
    async with browser.get(nobodys) as answer:
        assert answer.status == 404
    async with browser.post(nobodys, data=form) as answer:
        assert answer.status == 404
    assert not world.asked("payments", "/payout-account", "PUT")


async def test_a_form_that_another_site_sent_is_refused_for_what_it_is(browser: Browser) -> None:
    """Nobody is told to change identity for it."""
    await sign_in(browser, "operator")
    foreign = {"origin": "https://somebody.example"}
    async with browser.post("/drift/klocka", data={"steg": "dag"}, headers=foreign) as answer:
        page = await answer.text()
        assert answer.status == 403
    assert "kom inte från den här webbplatsens egen sida" in page
    assert "Byt identitet, eller" not in page
