"""An objection that ended with the debtor in the right stays known: nothing is collected then."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Expand."""
    op.execute("alter table invoice add column upheld boolean not null default false")
