"""Timers set aside and parcels given up are counted several times a second."""

from alembic import op

from plumbing.schema import index_troubles

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Index them."""
    index_troubles(op)
