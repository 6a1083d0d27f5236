"""plumbing's seventh step: a company's requests reach its own rows and no others."""

from alembic import op

from plumbing.schema import create_tenant_wall, narrow_tenants, open_to_tenants

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Take away what tenants were given of every table; answers and names of companies get a wall.

    A company reads the reference rates, which are everybody's.
    """
    narrow_tenants(op)
    create_tenant_wall(op, "creditor")
    open_to_tenants(op, "select on reference_rate")
