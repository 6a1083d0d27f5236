"""Timers set aside and parcels given up are counted several times a second."""

from alembic import op

from plumbing.schema import index_troubles

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Index them."""
    index_troubles(op)
