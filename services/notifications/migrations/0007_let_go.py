"""plumbing's sixth step: an operator lets a record go that nobody can read."""

from alembic import op

from plumbing.schema import let_go

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table that keeps what was let go."""
    let_go(op)
