"""What claims that were handed over rest on, and the instant at which a letter was asked for."""

from alembic import op

from plumbing.schema import create_tenant_wall

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table and the column; letters asked for before have their day alone."""
    op.execute("""
      create table handovers (
        claim_id uuid primary key, creditor_id uuid not null, basis text not null)
    """)
    create_tenant_wall(op, "handovers")
    op.execute("alter table deliveries add column asked_at timestamptz")
