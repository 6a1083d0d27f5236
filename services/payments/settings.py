"""What payments reads from its environment."""

from pydantic import Field

from plumbing.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of payments."""

    database_url: str = Field(validation_alias="PAYMENTS_DATABASE_URL")
    payee_bankgiro: str = "991-2346"
    """The platform's client-money bankgiro, to which debtors pay."""
