"""Who asks: a signed, short-lived token made by the gateway and trusted by services.

A service trusts the token, not the network. Tokens are JWTs (RFC 7519) signed with Ed25519
(RFC 8037): the gateway holds the private key, services only the public one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from plumbing.clock import real_now
from plumbing.problems import Problem

ISSUER = "betalt-gateway"
LIFETIME = 120
"""Seconds; a token is made for a request, not for a session."""


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

    def sign(self, identity: Identity, audience: str) -> str:
        """A token for one service."""
        now = int(real_now().timestamp())
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
        return jwt.encode({"alg": "Ed25519"}, claims, self._key, algorithms=["Ed25519"])

    def read(self, token: str, audience: str) -> Identity:
        """The identity in a token; raises `Problem` 401 for anything that is not a valid one."""
        try:
            claims = jwt.decode(token, self._key, algorithms=["Ed25519"]).claims
            if claims["iss"] != ISSUER or claims["aud"] != audience:
                raise Problem(401, "The token is not for this service")
            if not claims["iat"] - 5 <= real_now().timestamp() < claims["exp"]:
                raise Problem(401, "The token has expired")
            return Identity(
                person=UUID(claims["sub"]),
                roles=frozenset(claims["roles"]),
                company=UUID(claims["company"]) if "company" in claims else None,
                claim=UUID(claims["claim"]) if "claim" in claims else None,
            )
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Problem(401, "The token cannot be read") from error


def identity_of(request: Request) -> Identity:
    """FastAPI dependency: who asks, by the bearer token; 401 without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(401, "A bearer token is needed")
    keys: Keys = request.app.state.keys
    return keys.read(token, request.app.state.name)


def require(identity: Identity, *roles: str) -> None:
    """Refuse (403) whoever has none of the roles."""
    if not identity.roles & set(roles):
        raise Problem(403, "Not allowed", detail=f"needs one of: {', '.join(roles)}")


def company_of(identity: Identity) -> UUID:
    """The company acted for; 403 where the identity has none."""
    if identity.company is None:
        raise Problem(403, "No company is chosen")
    return identity.company
