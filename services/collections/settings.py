"""collections' environment."""

from pydantic import Field

from plumbing.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read once, in `app.py`."""

    database_url: str = Field(validation_alias="COLLECTIONS_DATABASE_URL")
    database_direct_url: str | None = Field(
        default=None, validation_alias="COLLECTIONS_DATABASE_DIRECT_URL"
    )
    kronofogden_url: str = "http://127.0.0.1:8040"
    """Where Kronofogden takes applications and tells what became of them."""
    kronofogden_token: str = ""
    """Our credential there."""
    ombudskod: str = "BETALT"
    """The filer's code at Kronofogden (*ombudskod*)."""
    kronofogden_poll_seconds: float = 0.5
    """Seconds between questions for news."""
