"""collections' first tables: policies, terms of claims, cases, disputes, tasks, news heard."""

from alembic import op

from plumbing.schema import create_plumbing, create_tenant_wall

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables of plumbing and of collections."""
    create_plumbing(op)
    for statement in (POLICY, CLAIM, CASE, SERIAL, DISPUTE, ONE_OPEN, TASK, NEWS, NEWS_START):
        op.execute(statement)
    for table in ("policy", "claim", "collection_case", "dispute", "task"):
        create_tenant_wall(op, table)


POLICY = """
create table policy (
  creditor_id uuid primary key,
  filing text not null check (filing in ('automatic', 'ask')), enforcement boolean not null)
"""
CLAIM = """
create table claim (
  claim_id uuid primary key, creditor_id uuid not null, interest_kind text not null, rate_bp int)
"""
CASE = """
create table collection_case (
  claim_id uuid primary key, creditor_id uuid not null, number text not null unique,
  opened_on date not null, handover bytea not null, stage text not null, held boolean not null,
  next_on date, lack text, demand_ordinal int not null, respond_by date,
  charged_ordinal int not null, sent_ordinal int not null, sent_on date, sent_channel text,
  filing_ordinal int not null, application bytea, amount_ore bigint not null,
  attempted boolean not null, filed_on date, kronofogden_number text, decided_on date,
  enforcement_ordinal int not null, close_reason text) with (fillfactor = 70)
"""
SERIAL = "create sequence case_serial"
DISPUTE = """
create table dispute (
  dispute_id uuid primary key, claim_id uuid not null, creditor_id uuid not null,
  reason text not null, disputed_ore bigint, objected_on date not null,
  outcome text, settled_on date)
"""
ONE_OPEN = "create unique index dispute_open on dispute (claim_id) where outcome is null"
TASK = """
create table task (
  id bigint generated always as identity primary key, claim_id uuid, creditor_id uuid,
  kind text not null, detail text not null, made_on date not null, done_on date)
"""
NEWS = """
create table kronofogden_news (
  alone boolean primary key default true check (alone), heard_up_to bigint not null)
"""
NEWS_START = "insert into kronofogden_news (heard_up_to) values (0)"
