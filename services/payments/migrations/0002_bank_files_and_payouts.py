"""Files from the bank, kept whole until they are booked; payouts, and the accounts they go to."""

from alembic import op

from plumbing.schema import create_tenant_wall

revision = "0002"
down_revision = "0001"

FILES = (
    """
    create table bank_file (
      file_id uuid primary key, name text not null, digest bytea not null unique,
      bytes bigint not null, chunks int not null, state text not null, role text,
      format text, message_id text, payments int, debits int, entries int, not_booked int,
      credits_ore bigint, debits_ore bigint, held_entries jsonb, received_on date not null,
      ended_on date, trouble text, attempts int not null default 0, retry_at timestamptz
    ) with (fillfactor = 80)
    """,
    "create index bank_file_open on bank_file (file_id) where state not in ('booked', 'refused')",
    """
    create table bank_file_chunk (
      file_id uuid not null, n int not null, bytes bytea not null,
      stored_at timestamptz not null default now(), primary key (file_id, n))
    """,
    # The bytes are read once or twice, a chunk at a time: compressing them costs more than disk.
    "alter table bank_file_chunk alter column bytes set storage external",
    """
    create table bank_file_batch (
      file_id uuid not null, start_at int not null, items int not null, booked int not null,
      duplicates int not null, matched int not null, unmatched int not null, held int not null,
      booked_ore bigint not null, settled int not null, primary key (file_id, start_at))
    """,
    """
    create table bank_file_problem (
      id bigint generated always as identity primary key, file_id uuid not null, line int not null,
      reason text not null, payment_id uuid, debit text)
    """,
    "create index bank_file_problem_file on bank_file_problem (file_id)",
    """
    create table bank_statement (
      file_id uuid not null, n int not null, statement text not null, account text not null,
      currency text, electronic_number bigint, opening_ore bigint, closing_ore bigint,
      primary key (file_id, n))
    """,
    "create index bank_statement_account on bank_statement (account, electronic_number)",
    """
    create table debit (
      source_key text primary key, file_id uuid not null, booked_on date not null,
      paid_on date not null, amount_ore bigint not null, currency text not null,
      end_to_end_id text, payee_name text, bank_reference text, payout_id uuid, reason text)
    """,
    "create index debit_unknown on debit (booked_on) where payout_id is null",
)

PAYOUTS = (
    "create table creditor (creditor_id uuid primary key, name text not null, town text not null)",
    """
    create table payout_account (
      creditor_id uuid primary key, kind text not null, number text not null, bic text,
      set_by uuid not null, set_on date not null, refused text)
    """,
    """
    create table payout_batch (
      batch_id uuid primary key, created_at timestamptz not null, payouts int not null,
      amount_ore bigint not null, status text, note text, answered_on date)
    """,
    """
    create table payout (
      payout_id uuid primary key, batch_id uuid not null, creditor_id uuid not null,
      amount_ore bigint not null check (amount_ore > 0), account_masked text not null,
      state text not null, ordered_on date not null, execute_on date not null, ended_on date,
      reason text) with (fillfactor = 80)
    """,
    "create index payout_creditor on payout (creditor_id, payout_id)",
    "create index payout_batch_id on payout (batch_id)",
    """
    create index payout_under_way on payout (ordered_on) where state in ('ordered', 'accepted')
    """,
    "create index allocation_payout on allocation (payout_id) where payout_id is not null",
)


def upgrade() -> None:
    """Create the tables of intake and payouts."""
    for statement in (*FILES, *PAYOUTS):
        op.execute(statement)
    for table in ("payout_account", "payout"):
        create_tenant_wall(op, table)
