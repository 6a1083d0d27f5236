"""What notifications reads from its environment."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from contracts.numbers.giro import parse_bankgiro
from plumbing.settings import ServiceSettings


class Settings(ServiceSettings):
    """The environment of notifications."""

    database_url: str = Field(validation_alias="NOTIFICATIONS_DATABASE_URL")
    database_direct_url: str | None = Field(
        default=None, validation_alias="NOTIFICATIONS_DATABASE_DIRECT_URL"
    )
    public_url: str = "http://127.0.0.1:8000"
    """The gateway as the recipient's browser sees it."""
    link_key: str = Field(min_length=32)
    """Makes the links to web invoices; shared with the gateway."""
    smtp_host: str = "127.0.0.1"
    """The server that takes our mail."""
    smtp_port: int = 8025
    """Its port: 25 or 587 with `starttls`, 465 with `tls`."""
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    """`starttls` or `tls` to any server that is not on this machine."""
    smtp_user: str | None = None
    """Who we are to it, where it wants to know."""
    smtp_password: SecretStr | None = None
    """What proves it; never sent in the open."""
    smtp_ca_file: str | None = None
    """Certificates of those who may have signed the server's; else whom this machine trusts."""
    outbound_at_once: int = 200
    """Letters taken from the queue together; their facts are read with one statement."""
    smtp_connections: int = Field(default=8, ge=1)
    """Conversations with it at a time."""
    mail_domain: str = Field(default="betalt.example", pattern=r"^[a-z0-9.-]+$")
    """Domain of the sender's addresses and of Message-IDs."""
    collector_name: str = "Betalt Inkasso AB"
    """Who collects, as a demand states it."""
    collector_address: str = "Box 4650, 111 22 Stockholm"
    """Where it is written to."""
    collector_phone: str = "08-465 004 00"
    """Where it is called; the default lies in the series that belongs to nobody."""
    collector_email: str = "inkasso@betalt.example"
    """Where it is mailed to."""
    payee_bankgiro: Annotated[str, AfterValidator(parse_bankgiro)] = "991-2346"
    """The client-money account that everything is paid to."""
    payee_name: str = Field(default="Betalt Klientmedel AB", validation_alias="PAYER_NAME")
    """Who holds that bankgiro, as a payer's bank names it and the printed invoice does."""

    @model_validator(mode="after")
    def _login_is_whole_and_unseen(self) -> Self:
        if (self.smtp_user is None) != (self.smtp_password is None):
            raise ValueError("SMTP_USER and SMTP_PASSWORD go together")
        if self.smtp_user is not None and self.smtp_security == "none":
            raise ValueError("SMTP_PASSWORD is not sent in the open: set SMTP_SECURITY")
        return self
