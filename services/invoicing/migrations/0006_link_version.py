"""The version of the links to a web invoice; raising it revokes those that are out."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Expand."""
    op.execute("alter table invoice add column link_version int not null default 1")
