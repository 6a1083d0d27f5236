"""Invoicing's environment, read once in `app.py`."""

from pydantic import Field

from contracts.numbers import Bankgiro
from plumbing.settings import ServiceSettings


class Settings(ServiceSettings):
    """What invoicing needs beside what every service needs."""

    database_url: str = Field(validation_alias="INVOICING_DATABASE_URL")
    database_direct_url: str | None = Field(
        default=None, validation_alias="INVOICING_DATABASE_DIRECT_URL"
    )
    payee_bankgiro: Bankgiro = "9912346"
    """The platform's client-money bankgiro, printed on every invoice."""
    payee_name: str = Field(default="Betalt Klientmedel AB", validation_alias="PAYER_NAME")
    """Who holds that bankgiro, as a payer's bank names it: the payer of payouts, for payments."""
