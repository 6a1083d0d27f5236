"""Nothing asks for resolutions by the claim they gave money to."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Drop the index that no question uses."""
    op.execute("drop index resolution_claim")
