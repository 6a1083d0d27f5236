"""The hands of the story: public HTTP at the gateway, customers' payments at the bank, the clock.

Whatever goes wrong on the way is tried again with the same `Idempotency-Key` until an answer comes
or patience ends, so a story goes on over processes that are killed under it and says everything
exactly once. Commands are written to the journal with their final answers; questions are not.
"""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import orjson

from deploy.story.journal import Journal

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
ANSWER_SECONDS = 90.0
QUIET_SECONDS = 20.0
LOOK_AT_CLOCK_SECONDS = 0.25
BEYOND_ALL_MAIL = 2**53
TROUBLE = frozenset({429, 500, 502, 503, 504})
"""Answers that say "not now": the same is asked again. 409 and 422 are final."""

Payment = Mapping[str, Any]


@dataclass(frozen=True)
class Places:
    """Addresses of the gateway and of the stand-ins that a story needs."""

    gateway: str
    bank: str
    kronofogden: str
    mail: str


class RefusedError(Exception):
    """The platform said no: the story was wrong about it, or it about the story."""

    def __init__(self, method: str, path: str, status: int, answer: Any) -> None:
        super().__init__(f"{method} {path}: {status} {answer}")
        self.status = status
        self.answer = answer


class OutOfPatienceError(Exception):
    """No answer came within the time set."""


class Client:
    """One storyteller's session; an async context manager. `patience_seconds` is for one answer."""

    def __init__(
        self, places: Places, journal: Journal | None = None, *, patience_seconds: float = 60
    ) -> None:
        self.places = places
        self.journal = journal or Journal()
        self.patience_seconds = patience_seconds
        self.repeats = 0
        """Requests that had to be sent again."""
        self._tokens: dict[str, str] = {}
        self._http: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS, connect=5)
        self._http = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    # The platform.

    async def command(
        self, who: str, name: str, method: str, path: str, body: Any = None, *, key: str
    ) -> Any:
        """Carry out a command once and return its answer; `RefusedError` for a refusal.

        `who` is a company's id, `operator`, or `new` for one that has yet to register.
        """
        status, answer = await self._as(who, method, f"/api/v1{path}", body, key=key)
        self.journal.write(
            "command",
            who=who,
            name=name,
            method=method,
            path=path,
            key=key,
            body=body,
            status=status,
            answer=answer,
        )
        if status >= 400:
            raise RefusedError(method, path, status, answer)
        return answer

    async def read(self, who: str, path: str, body: Any = None) -> Any:
        """Ask a question: GET, or POST where the question has a body."""
        method = "GET" if body is None else "POST"
        status, answer = await self._as(who, method, f"/api/v1{path}", body)
        if status >= 400:
            raise RefusedError(method, path, status, answer)
        return answer

    async def _as(
        self, who: str, method: str, path: str, body: Any, *, key: str | None = None
    ) -> tuple[int, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        for attempt in range(2):
            token = await self._token(who, anew=attempt > 0)
            headers["Authorization"] = f"Bearer {token}"
            url = f"{self.places.gateway}{path}"
            status, answer = await self.insist(method, url, body, headers)
            if status != 401:
                break
        return status, answer

    async def _token(self, who: str, *, anew: bool = False) -> str:
        if anew or who not in self._tokens:
            wish: dict[str, Any] = {"creditor_id": who}
            if who in ("operator", "new"):
                wish = {"role": "operator"} if who == "operator" else {"new": True}
            status, answer = await self.insist(
                "POST", f"{self.places.gateway}/demo/token", wish, {}
            )
            if status >= 400:
                raise RefusedError("POST", "/demo/token", status, answer)
            self._tokens[who] = answer["token"]
        return self._tokens[who]

    # The debtor.

    async def object(self, claim_id: str, email: str, reason: str) -> None:
        """Object to a claim on its web invoice, by the link in the debtor's mail.

        The page takes no key; a claim that is held already is answered 409, which a lost answer
        makes as good as the first.
        """
        link = await self._link(claim_id, email)
        status, answer = await self.insist("POST", f"{link}/invandning", None, {}, {"skal": reason})
        fields = {"claim_id": claim_id, "reason": reason, "status": status}
        self.journal.write("command", who="debtor", name="object", **fields)
        if status >= 400 and status != 409:
            raise RefusedError("POST", "/f/…/invandning", status, answer)

    async def _link(self, claim_id: str, email: str) -> str:
        """The address of the claim's web invoice, out of the mail that told of it."""
        last = BEYOND_ALL_MAIL
        while True:
            url = f"{self.places.mail}/messages.json?to={quote(email)}&before={last}&limit=10"
            messages = (await self._told("GET", url, None))["messages"]
            for message in messages:
                if found := re.search(rf"/f/{claim_id}\.[\w.-]+", orjson.dumps(message).decode()):
                    return f"{self.places.gateway}{found[0].rstrip('.')}"
            if not messages:
                raise LookupError(f"no mail to {email} tells of claim {claim_id}")
            last = messages[-1]["id"]

    # The bank and Kronofogden.

    async def pay(self, payments: Sequence[Payment]) -> list[dict[str, Any]]:
        """Customers pay over their banks; each has a `key`, so a repeat pays nothing twice."""
        url = f"{self.places.bank}/payments"
        answer = await self._told("POST", url, list(payments))
        self.journal.write("payments", payments=payments, answer=answer)
        kept: list[dict[str, Any]] = answer["payments"]
        return kept

    async def push(self, version: str | None = None) -> Any:
        """Have the bank report what it has booked, in a file to the platform."""
        body = {"version": version} if version else {}
        answer = await self._told("POST", f"{self.places.bank}/push", body)
        self.journal.write("push", version=version, answer=answer)
        return answer

    async def tell_bank(self, **controls: Any) -> None:
        """Set the bank's own controls, such as `report_every_seconds`."""
        await self._told("POST", f"{self.places.bank}/control", controls)

    async def rehearse(self, reference: str, script: str) -> None:
        """Tell Kronofogden's stand-in which way a case goes."""
        url = f"{self.places.kronofogden}/scripts"
        await self._told("POST", url, {"reference": reference, "script": script})
        self.journal.write("script", reference=reference, script=script)

    async def records(self, standin: str, query: str = "") -> Any:
        """What an outside party has on its own books: `bank`, `kronofogden` or `mail`."""
        url = f"{getattr(self.places, standin)}/records{query}"
        return await self._told("GET", url, None)

    # The clock.

    async def clock(self) -> Any:
        """The business day, whether it moves, and what is waited for."""
        return await self._ops("GET", "/ops/clock")

    async def move_clock(self, day: date) -> None:
        """Make it `day` everywhere, through all days between, and wait until all is quiet on it."""
        until = time.monotonic() + self.patience_seconds
        while not await self._has_moved(day):
            if time.monotonic() > until:
                raise OutOfPatienceError(f"not yet quiet on {day}: {await self.clock()}")
            await asyncio.sleep(LOOK_AT_CLOCK_SECONDS)
        self.journal.day = day.isoformat()
        self.journal.write("clock")

    async def _has_moved(self, day: date) -> bool:
        """Move, or go on waiting for a movement under way; whether it has come to its end there."""
        wish = {"today": day, "wait_seconds": QUIET_SECONDS}
        status, answer = await self._as("operator", "POST", "/ops/clock", wish)
        if status == 409 and answer.get("reason") == "moving":
            return False  # an answer was lost, or took longer than we waited
        if status >= 400:
            raise RefusedError("POST", "/ops/clock", status, answer)
        job = answer["job"]
        return bool(job["today"] == day.isoformat() and not job["moving"] and not job["trouble"])

    async def quiet(self) -> Any:
        """Wait until nothing is under way anywhere; the readings of all services."""
        until = time.monotonic() + self.patience_seconds
        while True:
            body = {"timeout": QUIET_SECONDS}
            status, answer = await self._as("operator", "POST", "/ops/quiet", body)
            if status == 200:
                return answer
            if time.monotonic() > until:
                raise OutOfPatienceError(f"not quiet: {answer}")

    async def _ops(self, method: str, path: str) -> Any:
        status, answer = await self._as("operator", method, path, None)
        if status >= 400:
            raise RefusedError(method, path, status, answer)
        return answer

    # The wire.

    async def _told(self, method: str, url: str, body: Any) -> Any:
        status, answer = await self.insist(method, url, body, {})
        if status >= 400:
            raise RefusedError(method, url, status, answer)
        return answer

    async def insist(
        self,
        method: str,
        url: str,
        body: Any,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Send JSON, or a form, until there is a final answer: its status and JSON."""
        content: Any = form if body is None else orjson.dumps(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        until = time.monotonic() + self.patience_seconds
        pause, trouble = FIRST_PAUSE_SECONDS, ""
        while True:
            try:
                async with self._http.request(
                    method, url, data=content, headers={**headers, **kind}, allow_redirects=False
                ) as response:
                    raw = await response.read()
                    if response.status not in TROUBLE or url.endswith("/ops/quiet"):
                        return response.status, _json(raw)
                    trouble = f"{response.status} {raw[:500]!r}"
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                trouble = f"{type(error).__name__}: {error}"
            if time.monotonic() > until:
                raise OutOfPatienceError(f"{method} {url}: {trouble}")
            self.repeats += 1
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError:
        return raw.decode("utf-8", "replace")
