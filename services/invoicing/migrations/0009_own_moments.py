"""What invoicing does itself is told at its own moment; of earlier acts only the day is known."""

from alembic import op

revision = "0009"
down_revision = "0008"

HANDED_OVER = """
insert into timeline (claim_id, creditor_id, told_at, told_on, what)
select i.claim_id, i.creditor_id, coalesce(
    (select min(t.told_at) - interval '1 millisecond' from timeline t
      where t.claim_id = i.claim_id and t.told_on = i.handed_over_on and t.what = 'case_opened'),
    i.handed_over_on::timestamp at time zone 'Europe/Stockholm'),
  i.handed_over_on, 'handed_over'
from invoice i where i.handed_over_on is not null
"""
CREDITED = """
insert into timeline (claim_id, creditor_id, told_at, told_on, what, amount_ore, detail)
select c.claim_id, c.creditor_id, coalesce(
    (select min(t.told_at) - interval '1 millisecond' from timeline t
      where t.claim_id = c.claim_id and t.told_on = c.credited_on
        and t.what in ('settled', 'case_withdrawn', 'case_closed')),
    (c.credited_on + 1)::timestamp at time zone 'Europe/Stockholm' - interval '1 millisecond'),
  c.credited_on, 'credited', c.credit_ore, c.number::text
from credit_note c
"""


def upgrade() -> None:
    """Backfill: before what follows of each on its day, else a hand-over first, a credit last."""
    op.execute(HANDED_OVER)
    op.execute(CREDITED)
