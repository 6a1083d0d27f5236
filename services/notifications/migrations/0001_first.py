"""The first tables: what letters speak of, letters and their ends, openings."""

from alembic import op

from plumbing.schema import create_plumbing, create_tenant_wall

revision = "0001"
down_revision = None

TABLES = """
-- A company of which letters have asked before it was heard of has a row without a name.
create table creditors (
  creditor_id uuid primary key, name text, organisation_number text, email text, town text);

create table recipients (
  claim_id uuid primary key, creditor_id uuid not null, name text not null, email text,
  street text, postcode text, town text, channels text[] not null,
  protected_identity boolean not null, link_version int not null) with (fillfactor = 80);

-- The invoice as it was said: letters quote it.
create table invoices (claim_id uuid primary key, creditor_id uuid not null, said bytea not null);

create table deliveries (
  delivery_id uuid primary key, claim_id uuid not null, creditor_id uuid not null,
  cause_event uuid not null, letter text not null, ordinal int not null, state text not null,
  channel text, asked_on date not null, ended_on date, reason text,
  doubtful boolean not null default false, refusals int not null default 0,
  said bytea not null) with (fillfactor = 80);
create index deliveries_claim on deliveries (claim_id);
create index deliveries_waiting on deliveries (creditor_id) where state = 'waiting';
create index deliveries_attention on deliveries (delivery_id) where doubtful or state = 'manual';

create table openings (
  claim_id uuid primary key, creditor_id uuid not null, opened_on date not null);
"""


def upgrade() -> None:
    """Create plumbing's tables and this service's, each of these behind the tenant wall."""
    create_plumbing(op)
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for table in ("creditors", "recipients", "invoices", "deliveries", "openings"):
        create_tenant_wall(op, table)
