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

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", use_attribute_docstrings=True, hide_input_in_errors=True
    )

    identity_private_key: PrivateKey
    """Ed25519 JWK (private) that signs identity tokens; sessions' key is derived from it."""
    link_key: str = Field(min_length=32)
    """Makes and checks the links that debtors hold."""
    betalt_demo: bool = False
    """Opens the doors of a demo: the identity picker and the movable clock."""
    oidc_issuer: str | None = None
    """Who signs people in, over OpenID Connect; not built yet."""
    public_url: str = "http://127.0.0.1:8000"
    """The gateway as browsers know it."""
    bank_feed_token: str | None = Field(default=None, min_length=16)
    """What the bank shows when it pushes a file; without it that door is closed."""
    payee_bankgiro: str = "991-2346"
    """The platform's client-money bankgiro, for the payment code on web invoices."""
    log_level: str = "INFO"
    """The least that is logged: DEBUG, INFO, WARNING or ERROR."""

    invoicing_url: str = "http://127.0.0.1:8001"
    """Where invoicing answers."""
    payments_url: str = "http://127.0.0.1:8002"
    """Where payments answers."""
    dunning_url: str = "http://127.0.0.1:8003"
    """Where dunning answers."""
    collections_url: str = "http://127.0.0.1:8004"
    """Where collections answers."""
    notifications_url: str = "http://127.0.0.1:8005"
    """Where notifications answers."""
    bank_url: str | None = None
    """The bank stand-in's pages, where there is one."""
    kronofogden_url: str | None = None
    """The Kronofogden stand-in's pages, where there is one."""
    mail_url: str | None = None
    """The pages of the mails that the stand-in took, where there is one."""

    support_email: str = "support@betalt.example"
    """Where companies and debtors write to, as pages name it."""
    support_phone: str = Field(default="08-000 00 00")
    """Where they call."""
    collection_team_email: str = "inkasso@betalt.example"
    """Where a debtor in collection writes to."""

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
