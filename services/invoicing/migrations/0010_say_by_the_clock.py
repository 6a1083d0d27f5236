"""plumbing's fifth step: what is said lies in the archive by the day of its commit."""

from alembic import op

from plumbing.schema import say_by_the_clock

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Change the default."""
    say_by_the_clock(op)
