"""Looks at the gateway as people do, and at the services as the gateway does."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Self
from uuid import UUID

import aiohttp
from multidict import MultiDict

from contracts.ids import new_id
from plumbing.identity import Identity, Keys
from services.gateway.settings import SERVICES
from tests.gateway import fakes
from tests.journeys.diary import Diary, Town

ANNA = Identity(fakes.ANNA, frozenset({"seller"}), company=fakes.ANNA)
OPERATORS = ("/unmatched", "/bank-files", "/ledger", "/cases/alarms", "/kronofogden", "/ops/",
             "/deliveries/doubtful", "/deliveries/manual", "/payouts/alarms", "/overpaid",
             "/attention", "/rates/lacking")  # fmt: skip

QUERIES = {"/deliveries": f"?claim_id={fakes.CLAIM}"}


class Browser:
    """A browser on the gateway; `who` is a company's id, `operator`, or nobody in particular."""

    def __init__(self, town: Town, who: str | None = None) -> None:
        self._town = town
        self._who = who
        self._http: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        jar = aiohttp.CookieJar(unsafe=True)
        self._http = aiohttp.ClientSession(self._town.client.places.gateway, cookie_jar=jar)
        if self._who is not None:
            wish = {"vem": self._who}
            async with self._http.post("/demo", data=wish, allow_redirects=False) as answer:
                assert answer.status == 303
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def page(self, path: str) -> str:
        """The words of a page, its amounts with plain spaces."""
        async with self._http.get(path) as answer:
            text = await answer.text()
            assert answer.status == 200, f"{path}: {answer.status} {text[:500]}"
        assert "None" not in text, path
        return plain(text)

    async def web_invoice(self, diary: Diary) -> str:
        """The page behind the link in the debtor's mail."""
        link = await diary.client._link(diary.claim, diary.debtor["email"])
        return await self.page(link.removeprefix(self._town.client.places.gateway))


def plain(text: str) -> str:
    """Words and amounts with plain spaces."""
    return re.sub(r"[\u00a0\u202f]|&nbsp;", " ", text)


async def ask(town: Town, service: str, path: str, identity: Identity) -> Any:
    """The JSON of a service's answer, asked as the gateway asks; None where there is none."""
    token = Keys(town.platform.keys.identity_private).sign(identity, service)
    url = f"{town.platform.url(service)}{path}"
    headers = {"authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        return await answer.json() if answer.status == 200 else None


def asker_of(path: str, diary: Diary) -> Identity:
    """Who may see what is asked for: the debtor, the operator, or the company of a diary."""
    if path.startswith("/debtor"):
        return Identity(new_id(), frozenset({"debtor"}), claim=UUID(diary.claim))
    if path == "/creditors" or path.startswith(OPERATORS):
        return Identity(new_id(), frozenset({"operator"}))
    return Identity(new_id(), frozenset({"seller"}), company=UUID(diary.company))


def faked_answers() -> Iterator[tuple[str, str, Any]]:
    """Service, path and answer of every question that the gateway's fakes know the JSON of."""
    world = fakes.World(Keys("{}"))
    paths = [
        *((service, path) for service, method, path in fakes.ANSWERS if method == "GET"),
        *((service, path) for service in SERVICES for path in ("/ops/numbers", "/ops/parked")),
    ]
    for service, path in paths:
        if path.endswith(("/pdf", "/openapi.json")) or path.startswith("/ops/parked/"):
            continue
        answer = fakes.content(world, fakes.Call(service, "GET", path, MultiDict(), {}, b"", ANNA))
        if path == "/ops/numbers":
            answer["inbox"]["lag"] = None  # each hears topics of its own
        yield service, path + QUERIES.get(path, ""), answer


def differences(fake: Any, real: Any, at: str = "") -> Iterator[str]:
    """Where a fake says what the original does not: a field it lacks, or one of another kind.

    Either may say null; of lists the first things are compared, where both have any.
    """
    if fake is None or real is None:
        return
    if isinstance(fake, Mapping) and isinstance(real, Mapping):
        for name in fake:
            if name in real:
                yield from differences(fake[name], real[name], f"{at}.{name}")
            else:
                yield f"{at}.{name} is not in the answer"
    elif isinstance(fake, list | tuple) and isinstance(real, list):
        if fake and real:
            yield from differences(fake[0], real[0], f"{at}[]")
    elif type(fake) is not type(real):
        yield f"{at} is {type(real).__name__}, not {type(fake).__name__}"
