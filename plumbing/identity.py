"""Who asks: a signed, short-lived token made by the gateway and trusted by services.

A service trusts the token, not the network. Tokens are JWTs (RFC 7519) signed with Ed25519
(RFC 8037): the gateway holds the private key, services only the public one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, TypeVar
from uuid import UUID

import structlog
from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import AfterValidator

from plumbing.clock import real_now
from plumbing.problems import Problem

ISSUER = "betalt-gateway"
LIFETIME = 120
"""Seconds; a token is made for the requests of a moment, not for a session."""
REUSE = 60
"""Seconds that a token is given again to the same identity; as many are left when it is used."""
MOST_KEPT = 5_000
"""Tokens remembered on either side; beyond it all are forgotten, which costs but a signature."""


STAFF = frozenset({"operator", "support"})
"""Roles of the house's own people: what they look at leaves a trace (architecture.md 6)."""
NOT_ABOUT_PEOPLE = ("/ops/numbers", "/ops/clock")

log = structlog.get_logger()

K = TypeVar("K")
V = TypeVar("V")

CURVE = "Ed25519"


def _private(written: str) -> str:
    if not _key_in(written).is_private:
        raise ValueError("must be the private key, not the public one")
    return written


def _public(written: str) -> str:
    if _key_in(written).is_private:
        raise ValueError("must be the public key: the private one is the gateway's alone")
    return written


def _key_in(written: str) -> OKPKey:
    """The key that a JWK holds; `ValueError`, which does not quote it, where it holds none."""
    try:
        key = OKPKey.import_key(json.loads(written))
        if key.curve_name == CURVE and key.raw_value is not None:
            return key
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise ValueError(f"must be an {CURVE} key, as a JWK")


PrivateKey = Annotated[str, AfterValidator(_private)]
"""What signs identity tokens, as it is set."""
PublicKey = Annotated[str, AfterValidator(_public)]
"""What only reads them."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person or feed, acting for a company in roles; `claim` where a debtor's link is used."""

    person: UUID
    roles: frozenset[str]
    company: UUID | None = None
    claim: UUID | None = None


@dataclass(frozen=True)
class Keys:
    """The key of identity tokens: private in the gateway, public elsewhere (a JWK as JSON)."""

    jwk: str

    @cached_property
    def _key(self) -> OKPKey:
        return OKPKey.import_key(json.loads(self.jwk))

    @cached_property
    def _signed(self) -> dict[tuple[Identity, str], tuple[float, str]]:
        return {}

    @cached_property
    def _verified(self) -> dict[tuple[str, str], tuple[float, Identity]]:
        return {}

    def sign(self, identity: Identity, audience: str) -> str:
        """A token for one service; the same for a minute, so that both sides work once for it."""
        now = real_now().timestamp()
        until, token = self._signed.get((identity, audience), (0.0, ""))
        if now >= until:
            token = self._sign(identity, audience, int(now))
            _keep(self._signed, (identity, audience), (now + REUSE, token))
        return token

    def read(self, token: str, audience: str) -> Identity:
        """The identity in a token; raises `Problem` 401 for anything that is not a valid one.

        The very same token is not verified again while it is valid.
        """
        now = real_now().timestamp()
        known = self._verified.get((token, audience))
        if known is not None and now < known[0]:
            return known[1]
        until, identity = self._read(token, audience, now)
        _keep(self._verified, (token, audience), (until, identity))
        return identity

    def _sign(self, identity: Identity, audience: str, now: int) -> str:
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": str(identity.person),
            "aud": audience,
            "iat": now,
            "exp": now + LIFETIME,
            "roles": sorted(identity.roles),
        }
        if identity.company:
            claims["company"] = str(identity.company)
        if identity.claim:
            claims["claim"] = str(identity.claim)
        return jwt.encode({"alg": CURVE}, claims, self._key, algorithms=[CURVE])

    def _read(self, token: str, audience: str, now: float) -> tuple[float, Identity]:
        try:
            claims = jwt.decode(token, self._key, algorithms=[CURVE]).claims
            if claims["iss"] != ISSUER or claims["aud"] != audience:
                raise Problem(401, "The token is not for this service")
            if not claims["iat"] - 5 <= now < claims["exp"]:
                raise Problem(401, "The token has expired")
            return claims["exp"], Identity(
                person=UUID(claims["sub"]),
                roles=frozenset(claims["roles"]),
                company=UUID(claims["company"]) if "company" in claims else None,
                claim=UUID(claims["claim"]) if "claim" in claims else None,
            )
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Problem(401, "The token cannot be read") from error


def _keep(memory: dict[K, V], key: K, value: V) -> None:
    if len(memory) >= MOST_KEPT:
        memory.clear()
    memory[key] = value


def identity_of(request: Request) -> Identity:
    """FastAPI dependency: who asks, by the bearer token; 401 without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(401, "A bearer token is needed")
    keys: Keys = request.app.state.keys
    identity = keys.read(token, request.app.state.name)
    if identity.roles & STAFF and not request.url.path.startswith(NOT_ABOUT_PEOPLE):
        log.info(
            "staff_asked",
            person=str(identity.person),
            roles=sorted(identity.roles),
            method=request.method,
            path=request.url.path,
        )
    return identity


def require(identity: Identity, *roles: str) -> None:
    """Refuse (403) whoever has none of the roles."""
    if not identity.roles & set(roles):
        raise Problem(403, "Not allowed", detail=f"needs one of: {', '.join(roles)}")


def company_of(identity: Identity) -> UUID:
    """The company acted for; 403 where the identity has none."""
    if identity.company is None:
        raise Problem(403, "No company is chosen")
    return identity.company
