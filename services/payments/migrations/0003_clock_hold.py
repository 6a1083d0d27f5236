"""plumbing's second step: the moved day can be held until every service has come to it."""

from alembic import op

from plumbing.schema import add_clock_hold

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the hold."""
    add_clock_hold(op)
