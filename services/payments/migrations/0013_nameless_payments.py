"""Payments without a reference of the bank's: what another file would repeat of them."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the table."""
    op.execute(
        """
        create table nameless_payment (
          likeness bytea not null, file_id uuid not null, primary key (likeness, file_id))
        """
    )
