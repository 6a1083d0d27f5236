"""Money that Kronofogden has collected and not paid us yet."""

from alembic import op

from plumbing.schema import create_tenant_wall

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Keep it, so that nobody is paid out of it before it comes."""
    op.execute(
        "create table kronofogden_money ("
        " payment_id uuid primary key, claim_id uuid not null, creditor_id uuid not null,"
        " case_number text not null, message text not null, amount_ore bigint not null,"
        " paid_on date not null, heard_on date not null, cleared_by uuid, cleared_on date)"
    )
    op.execute(
        "create index kronofogden_money_awaited on kronofogden_money (payment_id)"
        " where cleared_by is null"
    )
    create_tenant_wall(op, "kronofogden_money")
