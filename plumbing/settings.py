"""What every service reads from its environment, once, in `app.py`; also all its secrets."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from plumbing.identity import PublicKey


class ServiceSettings(BaseSettings):
    """Base of a service's settings; the variables have the fields' names in capitals.

    What is refused is not quoted: it may be a secret.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", use_attribute_docstrings=True, hide_input_in_errors=True
    )

    database_url: str
    """SQLAlchemy address of the service's own database, postgresql+asyncpg://…"""
    database_direct_url: str | None = None
    """The same database past any proxy that pools transactions, for locks that a session holds."""
    kafka_bootstrap_servers: str = "127.0.0.1:8060"
    """Host and port of Kafka's brokers, separated by commas."""
    identity_public_key: PublicKey
    """Ed25519 JWK (public) of the gateway's tokens."""
    betalt_demo: bool = False
    """Opens the doors of a demo: the movable clock."""
    log_level: str = "INFO"
    """The least that is logged: DEBUG, INFO, WARNING or ERROR."""
    kafka_session_seconds: float = Field(default=10, ge=1)
    """How long a consumer may be silent before its group goes on without it."""
    parked_limit: int = 500
    """Parked events at which a consumer stops."""
    archive_days: int = 30
    """Real days that what was said is kept and can be said again."""
    inbox_days: int = 45
    """Real days that heard events are remembered; more than archive and topics together."""
    answers_days: int = 7
    """Real days that the answer to an `Idempotency-Key` is kept."""
    pool_size: int = 8
    """Connections to the database that are kept; four more are opened when all are busy."""
    outbound_at_once: int = 50
    """Parcels under way to outside parties at a time; 0 holds them all, for maintenance."""
    outbound_lease_seconds: float = Field(default=60, gt=5)
    """How long a parcel is left alone once it was taken: after a crash it is carried again then."""
