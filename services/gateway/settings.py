"""What the gateway reads from its environment, once, in `app.py`; also all its secrets.

Without demo mode it needs somebody who knows people: until sign-in over OpenID Connect is built it
refuses to start unprotected, and says so.
"""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from plumbing.identity import PrivateKey

SERVICES = ("invoicing", "payments", "dunning", "collections", "notifications")
"""The services behind the gateway."""


class UnprotectedError(RuntimeError):
    """The gateway would stand open: anybody could say who they are."""


class Settings(BaseSettings):
    """Settings of the gateway; the variables have the fields' names in capitals.

    What is refused is not quoted: it may be a secret.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    identity_private_key: PrivateKey
    """Ed25519 JWK (private) that signs identity tokens; sessions' key is derived from it."""
    link_key: str = Field(min_length=32)
    """Makes and checks the links that debtors hold."""
    betalt_demo: bool = False
    """Opens the doors of a demo: the identity picker and the movable clock."""
    oidc_issuer: str | None = None
    public_url: str = "http://127.0.0.1:8000"
    bank_feed_token: str | None = Field(default=None, min_length=16)
    """What the bank shows when it pushes a file; without it that door is closed."""
    payee_bankgiro: str = "991-2346"
    """The platform's client-money bankgiro, for the payment code on web invoices."""
    log_level: str = "INFO"

    invoicing_url: str = "http://127.0.0.1:8001"
    payments_url: str = "http://127.0.0.1:8002"
    dunning_url: str = "http://127.0.0.1:8003"
    collections_url: str = "http://127.0.0.1:8004"
    notifications_url: str = "http://127.0.0.1:8005"
    bank_url: str | None = None
    kronofogden_url: str | None = None
    mail_url: str | None = None
    """Addresses of the stand-ins, where there are any."""

    support_email: str = "support@betalt.example"
    support_phone: str = Field(default="08-000 00 00")
    collection_team_email: str = "inkasso@betalt.example"

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if not self.betalt_demo and not self.oidc_issuer:
            raise UnprotectedError(
                "The gateway refuses to start unprotected: set OIDC_ISSUER, or BETALT_DEMO=1 "
                "for a demo in which everybody may pick who they are."
            )
        if not self.betalt_demo:
            raise UnprotectedError(
                "Sign-in over OpenID Connect is not built yet, so the gateway starts in demo mode "
                "only (BETALT_DEMO=1)."
            )
        return self

    @property
    def services(self) -> dict[str, str]:
        """Where each service answers."""
        return {name: getattr(self, f"{name}_url").rstrip("/") for name in SERVICES}

    @property
    def origin(self) -> str:
        """Scheme and host under which browsers know the gateway."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"
