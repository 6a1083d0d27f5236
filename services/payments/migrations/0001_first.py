"""The ledger, the claims it judges, and the money that was received."""

from alembic import op

from plumbing.schema import create_plumbing, create_tenant_wall

revision = "0001"
down_revision = None

LEDGER = (
    """
    create table journal (
      id uuid primary key, kind text not null, booked_on date not null, source uuid)
    """,
    """
    create table posting (
      transaction_id uuid not null, n int not null, account text not null, owner uuid,
      component text, amount_ore bigint not null check (amount_ore <> 0), value_on date not null,
      primary key (transaction_id, n))
    """,
    """
    create function refuse_unbalanced() returns trigger language plpgsql as $$ begin
      if exists (select 1 from fresh group by transaction_id having sum(amount_ore) <> 0) then
        raise exception 'a ledger transaction does not sum to zero' using errcode = '23514';
      end if;
      return null; end $$
    """,
    """
    create trigger balanced after insert on posting referencing new table as fresh
      for each statement execute function refuse_unbalanced()
    """,
    """
    create function refuse_change() returns trigger language plpgsql as $$ begin
      raise exception 'postings are never changed, only added' using errcode = '23514'; end $$
    """,
    """
    create trigger append_only before update or delete or truncate on posting
      for each statement execute function refuse_change()
    """,
)

CLAIMS = (
    """
    create table claim (
      claim_id uuid primary key, creditor_id uuid not null, ocr text not null unique,
      debtor_kind text not null, total_ore bigint not null, issued_on date not null,
      due_on date not null, arose_on date not null, due_date_agreed boolean not null,
      reminder_fee_agreed boolean not null, interest_kind text not null, interest_rate_bp int,
      notice_given boolean not null,
      sent_on date, in_case boolean not null default false,
      disputes int not null default 0, on_hold boolean not null default false,
      charged_on date, credited_ore bigint not null default 0, paid_ore bigint not null default 0,
      overpaid_ore bigint not null default 0, interest_posted_ore bigint not null default 0,
      capital_ore bigint not null default 0, reminder_fee_ore bigint not null default 0,
      interest_ore bigint not null default 0, demand_cost_ore bigint not null default 0,
      instalment_cost_ore bigint not null default 0,
      late_compensation_ore bigint not null default 0, filing_fee_ore bigint not null default 0,
      filing_work_ore bigint not null default 0, enforcement_fee_ore bigint not null default 0
    ) with (fillfactor = 60)
    """,
    """
    create table credit (
      note_id uuid primary key, claim_id uuid not null, creditor_id uuid not null,
      credit_ore bigint not null, kind text not null, counts_on date not null,
      credited_on date not null)
    """,
    "create index credit_claim on credit (claim_id)",
    """
    create table dispute (
      dispute_id uuid primary key, claim_id uuid not null, creditor_id uuid not null,
      objected_on date not null, disputed_ore bigint, outcome text, settled_on date)
    """,
    """
    create table charge (
      claim_id uuid not null, kind text not null, ordinal int not null, creditor_id uuid not null,
      state text not null, as_of date not null, pay_by date, charged_on date,
      fee_ore bigint not null default 0, work_ore bigint not null default 0,
      interest_ore bigint not null default 0, sent_on date, half_year date,
      reversed_on date, cause text, primary key (claim_id, kind, ordinal)) with (fillfactor = 80)
    """,
    "create index charge_deferred on charge (half_year) where state = 'deferred'",
    """
    create table waiting (
      id bigint generated always as identity primary key, claim_id uuid not null,
      type text not null, payload bytea not null)
    """,
    "create index waiting_claim on waiting (claim_id)",
    """
    create table reference_rate (
      valid_from date primary key, bp int not null, source text not null, added_on date not null,
      added_by uuid not null)
    """,
)

MONEY = (
    """
    create table payment (
      payment_id uuid primary key, source_key text not null, file_id uuid not null,
      paid_on date not null, booked_on date not null, amount_ore bigint not null,
      currency text not null)
    """,
    """
    create table allocation (
      id bigint generated always as identity primary key, payment_id uuid, claim_id uuid not null,
      creditor_id uuid not null, amount_ore bigint not null, creditor_part_ore bigint not null,
      capital_ore bigint not null, overpaid_ore bigint not null, paid_on date not null,
      booked_on date not null, payout_id uuid) with (fillfactor = 80)
    """,
    "create index allocation_claim on allocation (claim_id)",
    """
    create index allocation_payable on allocation (creditor_id)
      where payout_id is null and creditor_part_ore <> 0
    """,
    """
    create table unmatched (
      payment_id uuid primary key, reason text not null, hold text, on_ledger boolean not null,
      amount_ore bigint not null, paid_on date not null, received_on date not null,
      payment jsonb not null)
    """,
    """
    create table unmatched_reference (
      reference text not null, payment_id uuid not null, primary key (reference, payment_id))
    """,
)


def upgrade() -> None:
    """Create plumbing's tables and the ledger's."""
    create_plumbing(op)
    for statement in (*LEDGER, *CLAIMS, *MONEY):
        op.execute(statement)
    for table in ("claim", "credit", "dispute", "charge", "allocation"):
        create_tenant_wall(op, table)
