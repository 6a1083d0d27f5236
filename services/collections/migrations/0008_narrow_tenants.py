"""plumbing's seventh step: a company's requests reach its own rows and no others."""

from alembic import op

from plumbing.schema import narrow_tenants

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Take away what tenants were given of every table; kept answers stand behind a wall."""
    narrow_tenants(op)
