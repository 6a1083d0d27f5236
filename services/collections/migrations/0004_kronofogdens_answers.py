"""What is known of an attempt and of enforcement; corrections; tasks a page at a time."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; a case in enforcement has begun it as far as anybody knew."""
    op.execute(
        "alter table collection_case add column attempted_at timestamptz,"
        " add column correction int not null default 0,"
        " add column enforcement_application bytea, add column enforced_on date"
    )
    op.execute(
        "update collection_case set enforced_on = coalesce(decided_on, filed_on, opened_on)"
        " where stage = 'enforcement'"
    )
    op.execute("create index task_open on task (id) where done_on is null")
