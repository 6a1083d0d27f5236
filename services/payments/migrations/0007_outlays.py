"""What was laid out at Kronofogden for creditors, and is theirs to pay."""

from alembic import op

from plumbing.schema import create_tenant_wall

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Keep it, to be netted and to be compared with the ledger."""
    op.execute(
        "create table outlay ("
        " id bigint generated always as identity primary key, claim_id uuid not null,"
        " creditor_id uuid not null, amount_ore bigint not null check (amount_ore > 0),"
        " booked_on date not null)"
    )
    op.execute("create index outlay_creditor on outlay (creditor_id)")
    create_tenant_wall(op, "outlay")
