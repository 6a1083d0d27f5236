"""dunning's first tables: each creditor's policy, and what has been heard of each claim."""

from alembic import op

from plumbing.schema import create_plumbing, create_tenant_wall

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables of plumbing and of dunning."""
    create_plumbing(op)
    op.execute("""
      create table policy (
        creditor_id uuid primary key, reminders boolean not null,
        reminder_days int not null check (reminder_days >= 5),
        collection text not null check (collection in ('automatic', 'ask')),
        collection_after_days int not null check (collection_after_days >= 0))
    """)
    op.execute("""
      create table claim (
        claim_id uuid primary key, creditor_id uuid not null,
        due_on date, settled boolean, dispute text, in_collection boolean, reminder text,
        pay_by date, not_before date, paused_until date, collection_proposed_on date)
        with (fillfactor = 65)
    """)
    create_tenant_wall(op, "policy")
    create_tenant_wall(op, "claim")
