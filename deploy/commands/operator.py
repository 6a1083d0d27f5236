"""The operator at the gateway: where it is, with which token, and what its refusals mean.

On the machine where `betalt run` runs, the address follows from the ports and the token is sealed
with the key in the data folder. Elsewhere GATEWAY_URL and OPERATOR_TOKEN say both.
"""

import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import orjson
from rich.console import Console

from deploy.local.folders import data_folder
from deploy.local.ports import fixed_ports
from deploy.local.processes import LaunchError
from plumbing.identity import Identity
from services.gateway.sessions import Session, Sessions

PERSON = UUID("00000000-0000-7000-8000-00000000c114")
"""Who an operator at the command line is; an installation with sign-in gives tokens of its own."""
ANSWER_SECONDS = 60.0


class NotRunningError(LaunchError):
    def __init__(self, address: str) -> None:
        super().__init__(
            f"Betalt is not running: nothing answers at {address}. Start it with make run, "
            "or set GATEWAY_URL and OPERATOR_TOKEN to reach another."
        )


class RefusedError(LaunchError):
    """The platform said no; the message is its reason."""

    def __init__(self, status: int, problem: Any) -> None:
        super().__init__(_in_words(status, problem))
        self.status = status
        self.problem = problem


class Operator:
    """Asks the gateway as an operator; `RefusedError` for a refusal, `NotRunningError` for none."""

    def __init__(self, address: str, token: str, transport: httpx2.BaseTransport | None = None):
        self.address = address.rstrip("/")
        self._http = httpx2.Client(
            base_url=self.address,
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_SECONDS,
            transport=transport,
            trust_env=False,
        )

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> Any:
        """The JSON of the answer; `key` is sent as Idempotency-Key."""
        headers = {"Idempotency-Key": key} if key else {}
        try:
            answer = self._http.request(method, path, json=body, headers=headers, timeout=seconds)
        except httpx2.ConnectError:
            raise NotRunningError(self.address) from None
        except httpx2.TransportError as trouble:
            why = f"{self.address} did not answer: {type(trouble).__name__}"
            raise LaunchError(why) from None
        found = _json(answer.content)
        if answer.status_code >= 400:
            raise RefusedError(answer.status_code, found)
        return found

    def ask_service(self, service: str, method: str, path: str, body: Any = None) -> Any:
        """The same of one service's own operator's door (`/ops/...`)."""
        return self.ask(method, f"/ops/services/{service}{path.removeprefix('/ops')}", body)


def operator() -> Operator:
    """The operator of the platform that the environment names, or of the one that runs here."""
    address = os.environ.get("GATEWAY_URL")
    token = os.environ.get("OPERATOR_TOKEN")
    if address and not token:
        raise LaunchError("GATEWAY_URL is set, and OPERATOR_TOKEN is not: both are needed")
    if token and not token.isascii():
        raise LaunchError("OPERATOR_TOKEN is none: it holds characters that no token has")
    address = address or f"http://127.0.0.1:{fixed_ports()['gateway']}"
    return Operator(address, token or _own_token(data_folder(), address))


def show_json(found: Any) -> None:
    """Write an answer as JSON, for programs."""
    sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")


def say(*words: object, style: str | None = None) -> None:
    """Write a line for a person; nothing in it is read as markup."""
    Console().print(*words, style=style, markup=False, highlight=False, soft_wrap=True)


def _own_token(folder: Path, address: str) -> str:
    """An operator's token sealed with the installation's own key."""
    key = folder / "secrets" / "identity.jwk"
    try:
        secret = key.read_text()
    except FileNotFoundError:
        raise NotRunningError(address) from None
    except PermissionError:
        why = f"{key} belongs to somebody else: run this as whoever runs Betalt"
        raise LaunchError(why) from None
    session = Session(Identity(PERSON, frozenset({"operator"})), email="betalt")
    return Sessions(secret, secure=False).seal(session, "api")


def _in_words(status: int, problem: Any) -> str:
    if not isinstance(problem, dict):
        return f"Refused ({status})"
    said = [str(problem.get("title") or "Refused")]
    said += [str(problem["detail"])] if problem.get("detail") else []
    said += [f"{each.get('field')}: {each.get('reason')}" for each in problem.get("errors") or ()]
    if len(said) == 1 and isinstance(problem.get("reason"), str):
        said = [f"{said[0]}: {problem['reason'].replace('_', ' ')}"]
    return "\n".join(said)


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content) if content else None
    except orjson.JSONDecodeError:
        return None
