"""plumbing's fourth step: a batch's first three questions are one."""

from alembic import op

from plumbing.schema import hear_at_once

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the function."""
    hear_at_once(op)
