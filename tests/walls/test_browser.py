"""What every answer of the gateway bears, so that a browser keeps, shows and passes on no more.

Pages, refusals, documents, redirects and answers to programs alike, at every door.
"""

import io
import json
import logging
from typing import Any

import pytest

from plumbing.links import make_token
from services.gateway import debtor
from tests.walls.gateway import LINK_KEY, Channel, gateway
from tests.walls.services import ONE

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
KEPT = "/static/"
"""Below it lies what is the same for all and may be kept."""


def lacking(answer: Any) -> list[str]:
    """What an answer lacks of what holds for all of them."""
    headers = answer.headers
    found = [name for name, value in ALWAYS.items() if headers.get(name) != value]
    policy = headers.get("content-security-policy", "")
    for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
        found += [] if part in policy.split("; ") else [part]
    if "unsafe" in policy or "*" in policy:
        found.append("a policy that keeps nothing out")
    if headers.get("referrer-policy") not in ("same-origin", "no-referrer"):
        found.append("referrer-policy")
    if "no-store" not in headers.get("cache-control", "") and KEPT not in str(answer.url):
        found.append("no-store")
    return found


@pytest.mark.parametrize("public_url", ["https://betalt.example", "http://127.0.0.1"])
async def test_every_answer_is_dressed(public_url: str) -> None:
    """At every door, for those let in and those turned away; over https it stays there."""
    async with gateway(public_url=public_url) as house:
        papers = house.papers()
        link = make_token(LINK_KEY, ONE, 1)
        visitors = [papers[name] for name in ("nobody", "seller", "operator", "operator's program")]
        for method, path in [*house.routes, ("GET", "/ingenstans")]:
            for shown in visitors:
                answer = await house.ask(method, path, shown, token=link)
                if not isinstance(answer, Channel):
                    assert lacking(answer) == [], f"{method} {path} ({answer.status_code})"
                    safe = "strict-transport-security" in answer.headers
                    assert safe == public_url.startswith("https:")


async def test_a_session_travels_over_https_alone_and_no_script_reads_it() -> None:
    """Nor does another site's form carry it, nor another host of the same site set it."""
    async with gateway(public_url="https://betalt.example") as house:
        for path, method in (("/demo", "POST"), ("/logga-ut", "POST")):
            cookie = (await house.ask(method, path, {})).headers["set-cookie"]
            name, *marks = cookie.split("; ")
            assert name.startswith("__Host-betalt=")
            told = {mark.lower() for mark in marks}
            assert {"httponly", "secure", "samesite=lax", "path=/"} <= told
            assert not any(mark.startswith("domain") for mark in told)


async def test_what_opens_an_invoice_stands_in_no_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A link is a key: where a page of its holder fails, the line says which page and no more."""

    async def fail(*_: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(debtor, "_web_invoice", fail)
    link, written = make_token(LINK_KEY, ONE, 1), io.StringIO()
    async with gateway(log_level="ERROR") as house:
        (handler,) = logging.getLogger().handlers
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(written)
        answer = await house.ask("GET", "/f/{token}", {}, token=link)
    assert answer.status_code == 500
    assert json.loads(written.getvalue())["path"] == f"/f/{ONE}.***"
    assert link.rpartition(".")[2] not in written.getvalue()


@pytest.mark.parametrize(
    "path", ["/fakturor/", "/f/{token}/", "/kunder/", "//elsewhere.example/f/"]
)
async def test_no_answer_leads_to_the_host_that_a_request_names(path: str) -> None:
    """Whoever asks names it as he likes; a key in the path would go there, and without https."""
    async with gateway(public_url="https://betalt.example") as house:
        named = {"host": "elsewhere.example"}
        answer = await house.ask("GET", path, named, token=make_token(LINK_KEY, ONE, 1))
        assert (answer.status_code, answer.headers.get("location")) == (404, None)
