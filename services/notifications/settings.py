"""What notifications reads from its environment."""

from typing import Annotated

from pydantic import AfterValidator, Field

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
    smtp_port: int = 8025
    outbound_at_once: int = 200
    """Letters taken from the queue together; their facts are read with one statement."""
    smtp_connections: int = Field(default=8, ge=1)
    mail_domain: str = Field(default="betalt.example", pattern=r"^[a-z0-9.-]+$")
    """Domain of the sender's addresses and of Message-IDs."""
    collector_name: str = "Betalt Inkasso AB"
    """Who collects, as a demand states it; also its address, phone and e-mail."""
    collector_address: str = "Box 4650, 111 22 Stockholm"
    collector_phone: str = "08-465 004 00"
    """The default lies in the series that belongs to nobody."""
    collector_email: str = "inkasso@betalt.example"
    payee_bankgiro: Annotated[str, AfterValidator(parse_bankgiro)] = "991-2346"
    """The client-money account that everything is paid to."""
    payee_name: str = Field(default="Betalt Klientmedel AB", validation_alias="PAYER_NAME")
    """Who holds that bankgiro, as a payer's bank names it and the printed invoice does."""
