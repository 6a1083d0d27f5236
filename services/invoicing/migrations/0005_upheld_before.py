"""The objections that were upheld before that was kept as a fact; the timeline knows them."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Backfill."""
    op.execute(
        "update invoice set upheld = true where claim_id in "
        "(select claim_id from timeline where what = 'dispute_settled' and detail = 'upheld')"
    )
