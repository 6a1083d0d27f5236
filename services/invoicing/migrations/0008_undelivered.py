"""An invoice that no channel took shows it in lists; of earlier ones the timeline knows."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Expand, and backfill."""
    op.execute("alter table invoice add column undelivered boolean not null default false")
    op.execute(
        "update invoice set undelivered = true where not sent and claim_id in "
        "(select claim_id from timeline where what = 'delivery_failed' and detail = 'invoice')"
    )
