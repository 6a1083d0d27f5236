"""What files told of the bank's entries, so that an entry is booked whole or by its payments and
never both; and what persons decided of money that waited, or of debits nobody knew."""

from alembic import op

revision = "0005"
down_revision = "0004"

STEPS = (
    """
    create table bank_entry (
      entry_key text not null, file_id uuid not null, start_at int not null,
      in_one_piece boolean not null, serial text, signed_ore bigint not null,
      primary key (entry_key, file_id, start_at, in_one_piece))
    """,
    "create index bank_entry_serial on bank_entry (serial) where serial is not null",
    """
    create table resolution (
      id bigint generated always as identity primary key, payment_id uuid, debit text,
      kind text not null, amount_ore bigint not null, reason text not null,
      resolved_by uuid not null, resolved_on date not null)
    """,
    "create index resolution_payment on resolution (payment_id) where payment_id is not null",
    "alter table debit add column batch_id uuid, add column resolved_on date",
    "alter table payout add column group_id text",
    "alter table bank_statement add column year int",
    "alter table bank_file_problem add column entry_key text, add column statement text",
    """
    create index bank_file_problem_statement on bank_file_problem (statement)
      where statement is not null
    """,
)


def upgrade() -> None:
    """Add the tables and columns."""
    for step in STEPS:
        op.execute(step)
