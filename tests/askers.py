"""Clients of a service's HTTP door, each with an identity that a gateway signed."""

import json
from typing import Any

import httpx2
from fastapi import FastAPI
from joserfc.jwk import OKPKey

from contracts.ids import new_id
from plumbing.identity import Identity, Keys

KEY = OKPKey.generate_key("Ed25519")
PUBLIC_KEY = json.dumps(KEY.as_dict(private=False))
"""What the settings of a service under test name as the gateway's key."""
GATEWAY = Keys(json.dumps(KEY.as_dict(private=True)))


def bearer(identity: Identity, service: str) -> dict[str, str]:
    """The header with which the gateway passes somebody on to a service."""
    return {"authorization": f"Bearer {GATEWAY.sign(identity, service)}"}


def asker(app: FastAPI, *roles: str, **rights: Any) -> httpx2.AsyncClient:
    """Somebody in these roles; `rights` are his company, or the claim that his link opens."""
    who = Identity(new_id(), frozenset(roles), **rights)
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url=f"http://{app.state.name}",
        headers=bearer(who, app.state.name),
    )
