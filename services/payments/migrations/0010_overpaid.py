"""Debtors' credit as a queue: who paid, and which debit repaid it."""

from alembic import op

revision = "0010"
down_revision = "0009"

STEPS = (
    "alter table payment add column payer_name text, add column payer_account text",
    "alter table resolution add column claim_id uuid",
    "create index resolution_claim on resolution (claim_id) where claim_id is not null",
    "create index claim_overpaid on claim (claim_id) where overpaid_ore > 0",
)


def upgrade() -> None:
    """Add the columns and indexes; of payments before today the payer is not known."""
    for step in STEPS:
        op.execute(step)
