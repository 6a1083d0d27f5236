"""Sessions: who is signed in, sealed in a cookie or in an API token; nothing is stored.

Both are encrypted and authenticated (JWE, `dir` with A256GCM, RFC 7516) under a key derived from
the gateway's private key, carry their purpose, so that one is never taken for the other, and end by
themselves after some hours.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import Depends, Request
from fastapi.responses import Response
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from plumbing.clock import real_now
from plumbing.identity import Identity
from plumbing.problems import Problem

LIFETIME = 8 * 3600
"""Seconds; a working day."""
LONGEST_SEALED = 4096
MOST_REMEMBERED = 1_000
"""Sessions kept open, so that a program's calls are not decrypted one by one."""

Purpose = Literal["page", "api"]


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in, and what a page's head says about them."""

    identity: Identity
    email: str = ""
    company_name: str = ""

    @property
    def is_operator(self) -> bool:
        """Whether the operator's pages are open."""
        return "operator" in self.identity.roles

    @property
    def is_seller(self) -> bool:
        """Whether the pages of a company are open."""
        return "seller" in self.identity.roles and self.identity.company is not None


class NotSignedInError(Exception):
    """A page was asked for by nobody; they are shown where to sign in."""


class Sessions:
    """Seals and opens sessions."""

    def __init__(self, secret: str, *, secure: bool) -> None:
        derived = hmac.digest(secret.encode(), b"betalt session v1", "sha256")
        self._key = OctKey.import_key({
            "kty": "oct", "k": base64.urlsafe_b64encode(derived).rstrip(b"=").decode(),
        })  # fmt: skip
        self._secure = secure
        self._unsealed = lru_cache(MOST_REMEMBERED)(self._unseal)
        self.cookie = "__Host-betalt" if secure else "betalt"

    def seal(self, session: Session, purpose: Purpose) -> str:
        """The session as a text that only this gateway can read."""
        who = session.identity
        content = {
            "for": purpose,
            "until": int(real_now().timestamp()) + LIFETIME,
            "person": str(who.person),
            "roles": sorted(who.roles),
            "company": str(who.company) if who.company else None,
            "email": session.email,
            "name": session.company_name,
        }
        header = {"alg": "dir", "enc": "A256GCM"}
        return jwe.encrypt_compact(header, orjson.dumps(content), self._key)

    def open(self, sealed: str, purpose: Purpose) -> Session | None:
        """The session in a text; None for whatever this gateway did not seal for this purpose."""
        if not sealed or len(sealed) > LONGEST_SEALED:
            return None
        try:
            sealed_for, until, session = self._unsealed(sealed)
        except (JoseError, ValueError, KeyError, TypeError):
            return None
        return session if sealed_for == purpose and real_now().timestamp() < until else None

    def _unseal(self, sealed: str) -> tuple[Purpose, float, Session]:
        """What is in a text of ours: its purpose, its end and the session; raises for others'."""
        opened = jwe.decrypt_compact(sealed, self._key, algorithms=["dir", "A256GCM"]).plaintext
        content: dict[str, Any] = orjson.loads(opened or b"")
        company = content["company"]
        identity = Identity(
            person=UUID(content["person"]),
            roles=frozenset(content["roles"]),
            company=UUID(company) if company else None,
        )
        session = Session(identity, content["email"], content["name"])
        return content["for"], float(content["until"]), session

    def begin(self, response: Response, session: Session) -> None:
        """Give the browser the session."""
        response.set_cookie(
            self.cookie,
            self.seal(session, "page"),
            max_age=LIFETIME,
            httponly=True,
            secure=self._secure,
            samesite="lax",
        )

    def end(self, response: Response) -> None:
        """Take the session away from the browser."""
        response.delete_cookie(self.cookie, httponly=True, secure=self._secure, samesite="lax")


def page_session(request: Request) -> Session | None:
    """Who the browser's cookie names, if anybody."""
    sessions: Sessions = request.app.state.sessions
    return sessions.open(request.cookies.get(sessions.cookie, ""), "page")


async def seller_session(request: Request) -> Session:
    """FastAPI dependency of a company's pages: somebody who acts for one."""
    session = page_session(request)
    if session is None:
        raise NotSignedInError
    if not session.is_seller:
        raise Problem(403, "Only a company's own people may see this page")
    return session


async def operator_session(request: Request) -> Session:
    """FastAPI dependency of the operator's pages."""
    session = page_session(request)
    if session is None:
        raise NotSignedInError
    if not session.is_operator:
        raise Problem(403, "Only operators may see this page")
    return session


async def api_session(request: Request) -> Session:
    """Who calls the public API: the bearer token's session; a cookie is no key here."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    sessions: Sessions = request.app.state.sessions
    session = sessions.open(token, "api") if scheme.lower() == "bearer" else None
    if session is None:
        problem = Problem(401, "A bearer token of the public API is needed")
        problem.headers["www-authenticate"] = "Bearer"
        raise problem
    return session


async def api_operator(session: Annotated[Session, Depends(api_session)]) -> Session:
    """FastAPI dependency of the operator's API."""
    if not session.is_operator:
        raise Problem(403, "Not allowed", detail="needs the role operator")
    return session


SellerSession = Annotated[Session, Depends(seller_session)]
OperatorSession = Annotated[Session, Depends(operator_session)]
ApiOperator = Annotated[Session, Depends(api_operator)]
