"""Door 3's edge: a request's flow goes on in what it says, and a bug is told to nobody outside."""

from __future__ import annotations

import io
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, Request

from contracts.ids import new_id
from plumbing.identity import Identity, identity_of
from tests.plumbing import toy
from tests.plumbing.conftest import OPERATOR, Library, lines, rows
from tests.plumbing.test_doors import READER, client, headers

router = APIRouter()


@router.post("/lend")
async def lend(request: Request, identity: Annotated[Identity, Depends(identity_of)]) -> None:
    """Say two loans."""
    async with request.app.state.database.transaction() as tx:
        tx.say(toy.loans(new_id(), 2))


@router.post("/break")
async def break_(request: Request) -> None:
    """A bug that quotes what it met."""
    raise KeyError("Karin Hemlig")


@router.post("/wait")
async def wait(request: Request) -> None:
    """A database that cannot be reached."""
    raise ConnectionRefusedError("db.internal:5432")


@pytest.fixture
async def desk(library: Library) -> Any:
    desk = library.make_desk()
    desk.include_router(router)
    yield desk
    await desk.state.database.engine.dispose()


TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("sent", "flow"),
    [
        ({"x-correlation-id": "0193b000-0000-7000-8000-00000000000c"}, None),
        ({"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}, TRACE),
    ],
    ids=["correlation", "trace"],
)
async def test_what_a_request_says_goes_on_in_the_callers_flow(
    desk: Any, sent: dict[str, str], flow: str | None
) -> None:
    async with client(desk) as http:
        answer = await http.post("/lend", headers=headers(READER, desk, **sent))
        assert answer.status_code == 200
    flow = flow or sent["x-correlation-id"].replace("-", "")
    assert await rows(desk, "select distinct replace(correlation::text, '-', '') from said") == [
        (flow,)
    ]


async def test_a_request_without_a_flow_begins_one_of_its_own(desk: Any) -> None:
    async with client(desk) as http:
        for nonsense in ({}, {"x-correlation-id": "'; drop table said"}, {"traceparent": "00-x"}):
            await http.post("/lend", headers=headers(READER, desk, **nonsense))
    assert await rows(desk, "select count(*), count(distinct correlation) from said") == [(6, 3)]


@pytest.mark.parametrize(
    "path", ["/ops/parked?key=%00", "/ops/parked/%00", f"/ops/parked?after={2**63}"]
)
async def test_what_no_database_holds_is_refused_and_is_no_bug(desk: Any, path: str) -> None:
    """A NUL in any text, a number beyond any row's."""
    async with client(desk) as http:
        answer = await http.get(path, headers=headers(OPERATOR, desk))
    assert answer.status_code == 422


async def test_a_bug_is_a_problem_to_the_caller_and_a_line_in_the_log(
    desk: Any, written: io.StringIO
) -> None:
    """And it goes no further: the server would write down what the error quotes."""
    flow = str(new_id())
    async with client(desk) as http:
        answer = await http.post("/break", headers={"x-correlation-id": flow})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Karin" not in answer.text
    (line,) = lines(written, "request_failed")
    assert (line["method"], line["path"], line["correlation_id"]) == ("POST", "/break", flow)


async def test_who_asks_while_the_database_is_away_is_told_to_ask_again(desk: Any) -> None:
    """503 is what a program tries again by itself; nothing says where the database is."""
    async with client(desk) as http:
        answer = await http.post("/wait", headers=headers(READER, desk))
    assert answer.status_code == 503
    assert answer.json()["title"] == "The service cannot answer now"
    assert "internal" not in answer.text


async def test_what_staff_ask_for_leaves_a_trace_and_what_others_ask_does_not(
    desk: Any, written: io.StringIO
) -> None:
    async with client(desk) as http:
        for who in (OPERATOR, READER):
            await http.post("/lend", headers=headers(who, desk))
    asked = lines(written, "staff_asked")
    assert [(each["person"], each["path"]) for each in asked] == [(str(OPERATOR.person), "/lend")]
