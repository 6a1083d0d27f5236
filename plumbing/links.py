"""Links that are keys: whoever holds one may see one claim, and nothing is stored about it.

A token is `<claim id>.<version>.<signature>`. Who holds the link key makes and checks it; raising
the version, kept by whoever owns the claim, revokes the links sent so far. There is exactly one
token for a claim and version: any other spelling of the same numbers is refused.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

SIGNATURE_LENGTH = 22
"""Characters of base64url, of which 132 bits are the signature's."""
LONGEST_VERSION = 9
"""Digits; keeps the number within four bytes."""

_TOKEN = re.compile(
    r"(?P<claim>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    rf"\.(?P<version>[1-9][0-9]{{0,{LONGEST_VERSION - 1}}})"
    rf"\.(?P<signature>[A-Za-z0-9_-]{{{SIGNATURE_LENGTH}}})"
)
_LONGEST_TOKEN = 36 + 1 + LONGEST_VERSION + 1 + SIGNATURE_LENGTH


@dataclass(frozen=True, slots=True)
class Link:
    """What a token that holds opens: one claim, by links of one version."""

    claim_id: UUID
    version: int


def make_token(key: str, claim_id: UUID, version: int) -> str:
    """The token of a claim and a version (1 to 999,999,999)."""
    if not 1 <= version < 10**LONGEST_VERSION:
        raise ValueError(f"a link's version is 1 to {LONGEST_VERSION} digits, not {version}")
    return f"{claim_id}.{version}.{_sign(key, claim_id, version)}"


def read_token(key: str, token: str) -> Link | None:
    """What the token opens; None for everything this key has not made, whatever it looks like.

    The caller still compares the version with the one in force.
    """
    if len(token) > _LONGEST_TOKEN or not (parts := _TOKEN.fullmatch(token)):
        return None
    link = Link(UUID(parts["claim"]), int(parts["version"]))
    signature = _sign(key, link.claim_id, link.version)
    return link if hmac.compare_digest(signature, parts["signature"]) else None


def link_url(public_url: str, key: str, claim_id: UUID, version: int) -> str:
    """The address of a claim's page at the gateway: `<public_url>/f/<token>`."""
    return f"{public_url.rstrip('/')}/f/{make_token(key, claim_id, version)}"


def _sign(key: str, claim_id: UUID, version: int) -> str:
    digest = hmac.digest(key.encode(), f"{claim_id}.{version}".encode(), "sha256")
    return urlsafe_b64encode(digest).decode("ascii")[:SIGNATURE_LENGTH]
