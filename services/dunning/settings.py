"""dunning's environment."""

from pydantic import Field

from plumbing.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read once, in `app.py`."""

    database_url: str = Field(validation_alias="DUNNING_DATABASE_URL")
    database_direct_url: str | None = Field(
        default=None, validation_alias="DUNNING_DATABASE_DIRECT_URL"
    )
