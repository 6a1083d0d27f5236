"""Who may come in: every door of the house, tried with every way to say who one is.

The doors are taken from the applications themselves, so a new one without a guard is found here,
and nobody has to remember it. `doors.txt` says who is let in.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from plumbing.clock import real_now
from plumbing.identity import ISSUER, Identity
from plumbing.links import make_token
from services.gateway.settings import SERVICES
from tests.askers import KEY, PUBLIC_KEY, bearer
from tests.walls.gateway import LINK_KEY, gateway, is_let_in
from tests.walls.services import ONE, Service, service

DOORS = Path(__file__).with_name("doors.txt")
OTHER = UUID(int=1)
EVERYBODY = frozenset({"everybody"})
ASKERS = {
    "seller": Identity(ONE, frozenset({"seller"}), company=ONE),
    "newcomer": Identity(ONE, frozenset({"seller"})),
    "debtor": Identity(ONE, frozenset({"debtor"}), claim=ONE),
    "feed": Identity(ONE, frozenset({"feed"})),
    "operator": Identity(ONE, frozenset({"operator"})),
    "support": Identity(ONE, frozenset({"support"})),
    "nobody": Identity(ONE, frozenset()),
}
OF_NO_COMPANY = {("invoicing", "POST", "/creditors"), ("payments", "GET", "/rates")}
"""What a seller asks that concerns no company's rows: to join, and the rates that all can read."""


def doors(house: str) -> dict[tuple[str, str], frozenset[str]]:
    """Who is let in by method and path, as it is written."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    of = ""
    for line in DOORS.read_text().splitlines():
        if line and line[0] not in "# ":
            of = line
        elif of == house and line.strip():
            method, path, who = line.split(None, 2)
            found[method, path] = frozenset(who.split(", "))
    return found


@pytest.fixture(params=SERVICES)
def room(request: pytest.FixtureRequest) -> Iterator[Service]:
    """Each service, as it is."""
    with service(request.param) as found:
        yield found


async def test_every_door_of_a_service_lets_in_whom_it_should(room: Service) -> None:
    """All of its routes, by all roles; what a seller asks is bound to the company in his token."""
    told = {}
    for method, path in room.routes:
        let_in = set()
        for name, identity in ASKERS.items():
            answer = await room.ask(method, path, bearer(identity, room.name))
            if answer.status_code not in (401, 403):
                let_in.add(name)
            if name == "seller" and doors(room.name).get((method, path)) != EVERYBODY:
                free = (room.name, method, path) in OF_NO_COMPANY
                assert free or set(room.bound_to) <= {ONE}, f"{method} {path} sees every company's"
        told[method, path] = EVERYBODY if let_in == set(ASKERS) else frozenset(let_in)
    assert told == doors(room.name)


async def test_whoever_is_let_in_has_asked_something_that_could_be_answered(room: Service) -> None:
    """So that a refusal of the request never stands for a guard that is not there."""
    for method, path in room.routes:
        for name in doors(room.name)[method, path] - EVERYBODY:
            answer = await room.ask(method, path, bearer(ASKERS[name], room.name))
            asked_of_nobody = (name, path) == ("operator", "/payout-account")
            assert answer.status_code == 503 or asked_of_nobody, f"{method} {path}: {answer.text}"


async def test_no_door_of_a_service_opens_to_a_forged_token(room: Service) -> None:
    """None at all, unsigned, of another key, service or issuer, ended, not begun, or broken."""
    for method, path in room.routes:
        if doors(room.name)[method, path] == EVERYBODY:
            continue
        for kind, forged in forgeries(room.name).items():
            answer = await room.ask(method, path, {"authorization": forged} if forged else {})
            assert answer.status_code == 401, f"{kind} opens {method} {path}"
            assert room.bound_to == []


def forgeries(name: str) -> dict[str, str]:
    """What somebody may show to a service who has no token of the gateway's."""
    now = int(real_now().timestamp())
    good = {
        **{"iss": ISSUER, "aud": name, "sub": str(ONE), "iat": now, "exp": now + 60},
        **{"roles": ["operator", "seller", "debtor", "feed"]},
        **{"company": str(ONE), "claim": str(ONE)},
    }

    def signed(claims: dict[str, Any], key: Any = KEY, alg: str = "Ed25519") -> str:
        return "Bearer " + jwt.encode({"alg": alg}, claims, key, algorithms=[alg])

    def without(name: str) -> dict[str, Any]:
        return {key: value for key, value in good.items() if key != name}

    header, payload, signature = signed(good).removeprefix("Bearer ").split(".")
    other = OKPKey.generate_key("Ed25519")
    return {
        "nothing": "",
        "an empty bearer": "Bearer ",
        "another scheme": signed(good).replace("Bearer", "Basic"),
        "no token": "Bearer a.b.c",
        "an unsigned one": f"Bearer {_part({'alg': 'none'})}.{payload}.",
        "one whose signature is off": f"Bearer {header}.{payload}.",
        "one that was changed": f"Bearer {header}.{_part(good | {'sub': str(ISSUER)})}.{signature}",
        "one signed with the public key": signed(
            good, OctKey.import_key(PUBLIC_KEY.encode()), "HS256"
        ),
        "another key's": signed(good, other),
        "another service's": signed(good | {"aud": "another"}),
        "another issuer's": signed(good | {"iss": "somebody"}),
        "an ended one": signed(good | {"iat": now - 600, "exp": now - 1}),
        "one that has not begun": signed(good | {"iat": now + 60}),
        "an endless one": signed(without("exp")),
        "one without roles": signed(without("roles")),
        "one of no person": signed(good | {"sub": "somebody"}),
        "one of no time": signed(good | {"exp": "9999999999"}),
    }


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("claim", [None, OTHER])
async def test_a_links_holder_sees_no_other_claim(claim: UUID | None) -> None:
    """The claim in the path is the one in the token, or there is no such claim."""
    who = replace(ASKERS["debtor"], claim=claim)
    with service("payments") as payments:
        answer = await payments.ask("GET", "/claims/{claim_id}", bearer(who, "payments"))
        assert (answer.status_code, payments.bound_to) == (404, [])


async def test_every_door_of_the_gateway_lets_in_whom_it_should() -> None:
    """All of its routes, by all credentials; each is worth something where it belongs alone."""
    async with gateway() as house:
        papers = house.papers()
        told = {}
        for method, path in house.routes:
            let_in = {
                name
                for name, shown in papers.items()
                if is_let_in(await house.ask(method, path, shown))
            }
            link = make_token(LINK_KEY, ONE, 1)
            if "{token}" in path and is_let_in(await house.ask(method, path, {}, token=link)):
                let_in.add("link")
            told[method, path] = EVERYBODY if let_in == set(papers) else frozenset(let_in)
    assert told == doors("gateway")
