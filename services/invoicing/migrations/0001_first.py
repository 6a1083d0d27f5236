"""The first tables of invoicing. What is issued lies in `document` and never changes; `invoice` is
the narrow row beside it that lists show and facts change. Every table of a company has the wall.
"""

from alembic import op

from plumbing.schema import create_plumbing, create_tenant_wall

revision = "0001"
down_revision = None

TABLES = """
create table creditor (
  creditor_id uuid primary key, organisation_number text not null unique,
  name text not null, email text not null, phone text,
  street text not null, postcode text not null, town text not null,
  vat_registered boolean not null, f_skatt boolean not null,
  default_terms_days int not null default 30, round_to_krona boolean not null default true,
  due_date_agreed boolean not null default false,
  reminder_fee_agreed boolean not null default false,
  registered_on date not null);

create table series (
  creditor_id uuid primary key references creditor, next bigint not null default 1,
  last_issued_on date) with (fillfactor = 50);
create table series_jump (
  creditor_id uuid not null references creditor, from_number bigint not null,
  to_number bigint not null, moved_on date not null, reason text,
  primary key (creditor_id, from_number));

create sequence ocr_counter minvalue 1000000000 maxvalue 9999999999;

create table customer (
  customer_id uuid primary key, creditor_id uuid not null references creditor,
  kind text not null, name text not null, name_key text collate "C" not null,
  identity_number text, email text, street text, postcode text, town text, channel text not null);
create index customer_name on customer (creditor_id, name_key);

create table article (
  article_id uuid primary key, creditor_id uuid not null references creditor,
  number text not null, name text not null, name_key text collate "C" not null,
  unit text not null, price_ore bigint not null, vat_percent int not null, margin_ore bigint,
  active boolean not null default true, unique (creditor_id, number));
create index article_name on article (creditor_id, name_key);

create table invoice (
  claim_id uuid primary key, creditor_id uuid not null, customer_id uuid not null,
  number bigint not null, total_ore bigint not null, remaining_ore bigint not null,
  issued_on date not null, due_on date not null, paid_on date,
  credited boolean not null default false, settled boolean not null default false,
  disputes smallint not null default 0, filed boolean not null default false,
  case_open boolean, handed_over_on date, reminded boolean not null default false,
  opened boolean not null default false, sent boolean not null default false,
  on_paper boolean not null, ocr text not null, customer_name text not null
) with (fillfactor = 75);
create unique index invoice_number on invoice (creditor_id, number);
create index invoice_customer on invoice (customer_id);

create table document (
  claim_id uuid primary key, creditor_id uuid not null, body bytea not null);

create table credit_note (
  note_id uuid primary key, claim_id uuid not null unique references invoice,
  creditor_id uuid not null, number bigint not null, credited_on date not null,
  kind text not null, reason text not null, credit_ore bigint not null,
  unique (creditor_id, number));

create table timeline (
  claim_id uuid not null, creditor_id uuid not null, told_at timestamptz not null,
  told_on date not null, what text not null, amount_ore bigint, detail text);
create index timeline_claim on timeline (claim_id);

create table payout (
  payout_id uuid primary key, creditor_id uuid not null, ordered_on date not null,
  settled_on date, rejected_on date);

create table message (
  message_id uuid primary key, claim_id uuid not null references invoice,
  creditor_id uuid not null, author text not null, body text not null,
  written_at timestamptz not null);
create index message_claim on message (claim_id, message_id);
"""

NEVER_CHANGED = """
create function refuse_change() returns trigger language plpgsql as $$
begin raise exception 'what was issued never changes'; end $$
"""

WALLED = (
    *("creditor", "series", "series_jump", "customer", "article", "invoice", "document"),
    *("credit_note", "timeline", "payout", "message"),
)


def upgrade() -> None:
    create_plumbing(op)
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    op.execute(NEVER_CHANGED)
    op.execute(
        "create trigger document_stands before update or delete on document "
        "for each row execute function refuse_change()"
    )
    for table in WALLED:
        create_tenant_wall(op, table)
