"""When invoice and reminder were sent, and which reminder was the latest: events.md 3.3."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns. What was under way before counts as sent, each letter in its time."""
    op.execute("""
      alter table claim add column invoice_sent_on date, add column reminder_sent_on date,
        add column reminder_ordinal int, add column stale_ordinal int
    """)
    op.execute("""
      update claim set invoice_sent_on = due_on, reminder_sent_on = pay_by - 8,
        reminder_ordinal = case when reminder <> 'none' then 1 end
      where due_on is not null and settled is not true
    """)
