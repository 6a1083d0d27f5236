"""Door 3: identity, tenancy, commands that may be repeated, problems, and the operator's pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import APIRouter, Depends, Request
from httpx2 import ASGITransport, AsyncClient, Response
from joserfc import jwt
from joserfc.jwk import OKPKey
from pydantic import AfterValidator, BaseModel, ValidationError
from sqlalchemy import text

from contracts.ids import new_id
from plumbing import commands
from plumbing import identity as tokens
from plumbing.clock import real_now
from plumbing.identity import Identity, Keys, company_of, identity_of, require
from plumbing.problems import Problem, field_errors
from plumbing.schema import create_tenant_wall
from tests.askers import GATEWAY, KEY, PUBLIC_KEY, bearer
from tests.plumbing import toy
from tests.plumbing.conftest import OPERATOR, Library, rows, running, until
from tests.records import record

READER = Identity(person=UUID(int=1), roles=frozenset({"reader"}), company=UUID(int=2))


def headers(identity: Identity, app: Any, **more: str) -> dict[str, str]:
    return bearer(identity, app.state.name) | more


def client(app: Any) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app), base_url="http://library")


@pytest.mark.parametrize("company", [None, UUID(int=2)])
@pytest.mark.parametrize("claim", [None, UUID(int=3)])
def test_a_token_says_who_asks_and_for_whom(company: UUID | None, claim: UUID | None) -> None:
    asks = Identity(UUID(int=1), frozenset({"reader", "debtor"}), company, claim)
    assert Keys(PUBLIC_KEY).read(GATEWAY.sign(asks, "shelf"), "shelf") == asks


def _forged(**changed: Any) -> str:
    claims = {"iss": "betalt-gateway", "sub": str(UUID(int=1)), "aud": "shelf", "roles": []}
    claims |= {"iat": 1_700_000_000, "exp": 4_000_000_000} | changed
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "Ed25519"}, claims, KEY, algorithms=["Ed25519"])


HOSTILE = {
    "empty": "",
    "not a token": "abc",
    "four parts": "a.b.c.d",
    "another key": Keys(json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True))).sign(
        READER, "shelf"
    ),
    "another service's": GATEWAY.sign(READER, "desk"),
    "no algorithm": "eyJhbGciOiJub25lIn0.e30.",
    "expired": _forged(exp=1_700_000_100),
    "another issuer": _forged(iss="somebody"),
    "a person that is no UUID": _forged(sub="root"),
    "not yet issued": _forged(iat=4_000_000_000 - 1),
    "a person that is a number": _forged(sub=7),
    "roles that are no list": _forged(roles=7),
    "without roles": _forged(roles=None),
    "without an end": _forged(exp=None),
}


@pytest.mark.parametrize("token", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_token_that_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(Problem) as refused:
        Keys(PUBLIC_KEY).read(token, "shelf")
    assert refused.value.status == 401


def test_a_token_serves_for_a_moment_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given again and taken again unverified, but never for another or after its end."""
    gateway, shelf, begun = Keys(GATEWAY.jwk), Keys(PUBLIC_KEY), real_now()

    def later(seconds: int) -> None:
        monkeypatch.setattr(tokens, "real_now", lambda: begun + timedelta(seconds=seconds))

    later(0)
    token = gateway.sign(READER, "shelf")
    assert shelf.read(token, "shelf") == READER
    for other in (
        gateway.sign(READER, "desk"),
        gateway.sign(replace(READER, company=None), "shelf"),
    ):
        assert other != token
    with pytest.raises(Problem):
        shelf.read(token, "desk")
    with pytest.raises(Problem):
        shelf.read(token[:-4] + "AAAA", "shelf")
    later(59)
    assert gateway.sign(READER, "shelf") == token
    later(61)
    assert gateway.sign(READER, "shelf") != token
    later(118)
    assert shelf.read(token, "shelf") == READER
    later(121)
    with pytest.raises(Problem, match="expired"):
        shelf.read(token, "shelf")


@pytest.mark.parametrize(
    ("seconds", "taken"), [(-6, False), (-5, True), (0, True), (119, True), (120, False)]
)
def test_a_token_is_taken_from_a_gateway_whose_clock_is_a_little_ahead(
    monkeypatch: pytest.MonkeyPatch, seconds: int, taken: bool
) -> None:
    """And never at or after its end, by a service that has not seen it before."""
    token, made = GATEWAY._sign(READER, "shelf", 1_800_000_000), 1_800_000_000 + seconds
    monkeypatch.setattr(tokens, "real_now", lambda: datetime.fromtimestamp(made, UTC))
    if taken:
        assert Keys(PUBLIC_KEY).read(token, "shelf") == READER
        return
    with pytest.raises(Problem, match="expired"):
        Keys(PUBLIC_KEY).read(token, "shelf")


def test_as_many_tokens_are_remembered_as_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tokens, "MOST_KEPT", 3)
    gateway, shelf = Keys(GATEWAY.jwk), Keys(PUBLIC_KEY)
    for nth in range(10):
        person = replace(READER, person=UUID(int=nth))
        assert shelf.read(gateway.sign(person, "shelf"), "shelf") == person
        assert len(gateway._signed) <= 3
        assert len(shelf._verified) <= 3


def test_roles_and_companies_are_asked_for() -> None:
    require(READER, "reader", "operator")
    assert company_of(READER) == READER.company
    for ask in (lambda: require(READER, "operator"), lambda: company_of(OPERATOR)):
        with pytest.raises(Problem) as refused:
            ask()
        assert refused.value.status == 403


class Note(BaseModel):
    """What the toy's command takes."""

    step: int


router = APIRouter()


@router.post("/loans")
@router.post("/renewals")
@router.put("/renewals")
async def lend(
    request: Request, note: Note, identity: Annotated[Identity, Depends(identity_of)]
) -> Any:
    """A command that is counted each time it truly runs."""
    async with request.app.state.database.transaction() as tx:

        async def run() -> dict[str, Any]:
            book = new_id()
            await tx.execute(toy.HEAR, {"books": [book], "steps": [note.step]})
            return {"book": str(book)}

        return await commands.once(tx, request, company_of(identity), run)


async def test_a_command_repeated_gives_the_same_answer_and_runs_once(library: Library) -> None:
    shelf = library.make_shelf()
    shelf.include_router(router)
    async with client(shelf) as http:
        key = headers(READER, shelf, **{"idempotency-key": "k1"})
        answers = await asyncio.gather(
            *(http.post("/loans", json={"step": 4}, headers=key) for _ in range(8))
        )
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.text for answer in answers}) == 1
        other = await http.post("/loans", json={"step": 5}, headers=key)
        assert (other.status_code, other.json()["status"]) == (422, 422)
        assert other.json()["reason"] == "key_used"
        assert other.json()["earlier"] == answers[0].json()
        without = await http.post("/loans", json={"step": 4}, headers=headers(READER, shelf))
        assert without.status_code == 201
    assert await rows(shelf, "select count(*) from shelf") == [(2,)]
    await shelf.state.database.engine.dispose()


async def test_a_key_is_its_companys_own_and_stands_for_one_request(library: Library) -> None:
    """Two companies may choose the same; elsewhere the same words are another command."""
    shelf, other = library.make_shelf(), replace(READER, company=UUID(int=3))
    shelf.include_router(router)
    async with client(shelf) as http:

        async def ask(who: Identity, key: str, way: str = "POST /renewals") -> Response:
            method, path = way.split()
            named = headers(who, shelf, **{"idempotency-key": key})
            return await http.request(method, path, json={"step": 4}, headers=named)

        mine, theirs = await ask(READER, "k1"), await ask(other, "k1")
        assert mine.status_code == theirs.status_code == 201
        assert mine.text != theirs.text
        for who, answer in ((READER, mine), (other, theirs)):
            assert (await ask(who, "k1")).text == answer.text
        for elsewhere in ("PUT /renewals", "POST /loans"):
            used = await ask(READER, "k1", elsewhere)
            assert (used.status_code, used.json()["reason"]) == (422, "key_used")
        for length, status in ((0, 422), (1, 201), (200, 201), (201, 422)):
            assert (await ask(READER, "k" * length)).status_code == status
    assert await rows(shelf, "select count(*) from shelf") == [(4,)]
    await shelf.state.database.engine.dispose()


async def test_what_is_refused_frees_its_key_and_no_other_companys(library: Library) -> None:
    shelf, mine, theirs = library.make_shelf(), UUID(int=2), UUID(int=3)

    async def answer(places: Sequence[int]) -> list[Any]:
        return ["done" for _ in places]

    async def refuse(places: Sequence[int]) -> list[Any]:
        return [Problem(409, "Not now") for _ in places]

    async def ask(company: UUID, run: Any) -> Any:
        async with shelf.state.database.transaction() as tx:
            asked = commands.Command("k1", b"the same words")
            (told,) = await commands.each_once(tx, company, [asked], run)
        return told

    assert (await ask(mine, answer)).body == b'"done"'
    assert isinstance(await ask(theirs, refuse), Problem)
    assert (await ask(theirs, answer)).body == b'"done"', "it may be sent again"
    assert (await ask(mine, refuse)).body == b'"done"', "and this one was answered"
    await shelf.state.database.engine.dispose()


def test_a_reason_is_told_in_the_rules_own_words() -> None:
    """The validating library's prefix is nothing to whoever sent it."""

    def refuse(value: str) -> str:
        raise ValueError("must be five digits")

    class Place(BaseModel):
        postcode: Annotated[str, AfterValidator(refuse)]

    with pytest.raises(ValidationError) as raised:
        Place(postcode="1234")
    assert field_errors(raised.value) == [{"field": "postcode", "reason": "must be five digits"}]


async def test_errors_are_problems_that_name_their_field(library: Library) -> None:
    shelf = library.make_shelf()
    shelf.include_router(router)
    async with client(shelf) as http:
        bad = await http.post("/loans", json={"step": "x"}, headers=headers(READER, shelf))
        assert bad.headers["content-type"] == "application/problem+json"
        assert bad.json()["errors"][0]["field"] == "step"
        nobody = await http.post("/loans", json={"step": 1})
        assert nobody.status_code == 401
        wrong = await http.patch("/loans")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
        nowhere = await http.get("/nowhere")
        assert nowhere.headers["content-type"] == "application/problem+json"
    await shelf.state.database.engine.dispose()


async def test_a_tenant_sees_its_own_rows_whatever_the_query_says(library: Library) -> None:
    shelf = library.make_shelf()
    wall: list[str] = []
    create_tenant_wall(type("Op", (), {"execute": staticmethod(wall.append)}), "loan", "company")
    mine, theirs = new_id(), new_id()
    async with shelf.state.database.engine.begin() as connection:
        role = (await connection.execute(text("select current_user || '_tenant'"))).scalar_one()
        await connection.execute(
            text(f"""do $$ begin create role "{role}" nologin;
                 exception when duplicate_object then null; end $$""")
        )
        await connection.execute(text("create table loan (id int, company uuid)"))
        for statement in wall:
            await connection.execute(text(statement))
        await connection.execute(text(f'grant all on all tables in schema public to "{role}"'))
        for nth, company in enumerate([mine, theirs, mine]):
            await connection.execute(
                text("insert into loan values (:n, :c)"), {"n": nth, "c": company}
            )
    everything = text("select id from loan order by id")
    async with shelf.state.database.transaction(tenant=mine) as tx:
        assert list((await tx.execute(everything)).scalars()) == [0, 2]
        moved = await tx.execute(text("update loan set id = id + 10 returning id"))
        assert len(moved.all()) == 2
    async with shelf.state.database.transaction() as tx:
        assert list((await tx.execute(everything)).scalars()) == [1, 10, 12]
    await shelf.state.database.engine.dispose()


async def test_one_who_waits_for_quiet_is_answered_when_nothing_is_under_way(
    library: Library,
) -> None:
    """Or when the patience ends; without any, at once."""
    shelf, left = library.make_shelf(), [1]

    async def under_way() -> int:
        return left[0]

    shelf.state.unfinished["toy"] = under_way
    async with running(shelf), client(shelf) as http:

        async def backlog(patience: float) -> int:
            url = f"/ops/numbers?patience={patience}"
            found = await http.get(url, headers=headers(OPERATOR, shelf))
            return int(found.json()["backlog"])

        await until(lambda: http.get("/health/ready"))
        assert await backlog(0) > 0
        assert await backlog(0.1) > 0
        asyncio.get_running_loop().call_later(0.3, left.__setitem__, 0, 0)
        assert await backlog(5) == 0
        refused = await http.get("/ops/numbers?patience=99", headers=headers(OPERATOR, shelf))
        assert refused.status_code == 422


async def test_an_operator_sees_numbers_and_redrives_with_a_button(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, desk = library.make_shelf(), library.make_desk()
    async with running(shelf, desk), client(shelf) as http:
        who = headers(OPERATOR, shelf)
        poison = toy.BookLent(book_id=new_id(), step=1, poison=True)
        await shelf.state.inbox([record(poison)])
        assert (await http.get("/ops/numbers", headers=headers(READER, shelf))).status_code == 403
        numbers = (await http.get("/ops/numbers", headers=who)).json()
        assert numbers["inbox"]["parked"] == 1
        parked = (await http.get("/ops/parked", headers=who)).json()["events"]
        one = (await http.get(f"/ops/parked/{parked[0]['id']}", headers=who)).json()
        assert one["event"]["borrower"] == "***", "personal fields are masked"
        assert one["event"]["step"] == 1
        assert one["readable"]
        body = {"reason": "it may be lost"}
        kept = await http.post(f"/ops/parked/{one['id']}/let-go", json=body, headers=who)
        assert (kept.status_code, kept.json()["reason"]) == (409, "readable")
        monkeypatch.setattr(toy, "POISONOUS", False)
        done = await http.post("/ops/parked/redrive", json={}, headers=who)
        assert done.json()["events"] == 1
        shelf.state.alarms |= {"order": 2, "dust": 0}
        assert (await http.get("/ops/numbers", headers=who)).json()["alarms"] == {"order": 2}
        metrics = (await http.get("/metrics")).text
        assert "betalt_inbox_parked 0.0" in metrics
        assert 'betalt_alarm{check="order"} 2.0' in metrics
        assert 'betalt_alarm{check="dust"} 0.0' in metrics

        async def is_ready() -> bool:
            return (await http.get("/health/ready")).status_code == 200

        assert await until(is_ready)


async def test_an_operator_lets_a_record_go_that_nobody_can_read(library: Library) -> None:
    shelf = library.make_shelf()
    async with running(shelf), client(shelf) as http:
        who = headers(OPERATOR, shelf)
        broken, behind = map(record, toy.loans(new_id(), 2))
        broken.value = b"no JSON"
        await shelf.state.inbox([broken, behind])
        number = (await http.get("/ops/parked", headers=who)).json()["events"][0]["id"]
        assert not (await http.get(f"/ops/parked/{number}", headers=who)).json()["readable"]
        path, body = f"/ops/parked/{number}/let-go", {"reason": "of another house"}
        assert (await http.post(path, json={"reason": ""}, headers=who)).status_code == 422
        reader = headers(READER, shelf)
        assert (await http.post(path, json=body, headers=reader)).status_code == 403
        done = await http.post(path, json=body, headers=who)
        assert done.json() == {"events": 1, "keys_standing": 0}
        assert (await http.post(path, json=body, headers=who)).status_code == 404


async def test_health_is_red_when_a_task_has_died(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = library.make_shelf()
    ended: list[int] = []
    monkeypatch.setattr("os.kill", lambda pid, signal: ended.append(signal))

    async def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(shelf.state.timers, "run", fail)
    async with running(shelf), client(shelf) as http:
        await asyncio.sleep(0.2)
        assert (await http.get("/health/live")).status_code == 503
        assert (await http.get("/health/ready")).json()["not_ready"][0] == "task timers died"
        assert ended, "the process is asked to end"


async def test_the_clock_has_no_door_in_production(library: Library) -> None:
    config = toy.settings(library.shelf_url, library.bootstrap, PUBLIC_KEY)
    shelf = toy.create_shelf(config.model_copy(update={"betalt_demo": False}), library.group)
    async with client(shelf) as http:
        moved = await http.post(
            "/ops/clock", json={"today": "2030-01-01"}, headers=headers(OPERATOR, shelf)
        )
        assert moved.status_code == 404
    await shelf.state.database.engine.dispose()
