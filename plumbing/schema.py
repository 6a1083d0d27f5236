"""The tables every service has: outbox and archive, inbox, parked events, timers, outbound, clock.

A service's migrations call the functions here, one per step of plumbing's own history.
"""

from __future__ import annotations

from typing import Any

FIRST = """
create table clock (alone boolean primary key default true check (alone), offset_days int not null);
insert into clock (offset_days) values (0);
create table clock_confirmation (
  process uuid primary key, offset_days int not null, seen_at timestamptz not null);

create table said (
  said_on date not null, batch bigint not null, n int not null,
  topic text not null, key uuid not null, id uuid not null, type text not null,
  time timestamptz not null, correlation uuid not null, cause uuid, payload bytea not null,
  primary key (said_on, batch, n)
) partition by range (said_on);
create table said_default partition of said default;

create table outbox (
  batch bigint generated always as identity primary key,
  said_on date not null default (now() at time zone 'UTC')::date,
  events int not null,
  created_at timestamptz not null default clock_timestamp()
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);

create table said_again (
  id bigint generated always as identity primary key,
  since date not null, topic text, state text not null default 'asked',
  events bigint not null default 0, asked_at timestamptz not null default now(),
  ended_at timestamptz);

create table inbox (
  event_id uuid not null, consumer text not null, primary key (event_id, consumer));

create table parked (
  id bigint generated always as identity primary key,
  consumer text not null, event_id uuid not null, topic text not null, partition int not null,
  key text not null, type text, headers bytea not null, record_key bytea, payload bytea,
  reason text not null, cause_of_wait boolean not null default false,
  parked_at timestamptz not null default now(),
  unique (consumer, event_id));
create index parked_key on parked (consumer, key, id);

create table timers (
  kind text not null, key uuid not null, due_on date not null, failed text,
  primary key (kind, key)) with (fillfactor = 80);
create index timers_due on timers (due_on, kind) where failed is null;

create table outbound (
  id uuid primary key, kind text not null, key uuid not null, body bytea not null,
  correlation uuid not null, cause uuid, place bigint generated always as identity,
  attempts int not null default 0, due_at timestamptz not null default now(),
  queued_at timestamptz not null default now(), trouble text,
  given_up boolean not null default false);
create index outbound_due on outbound (due_at) where not given_up;
create index outbound_key on outbound (kind, key, place);

create table command (
  scope uuid not null, key text not null, digest bytea not null, status int not null,
  body bytea not null, answered_at timestamptz not null default now(), primary key (scope, key));
"""


def create_plumbing(op: Any) -> None:
    """Plumbing's tables as of its first version; `op` is Alembic's operations object."""
    for statement in FIRST.split(";\n"):
        if statement.strip():
            op.execute(statement)


def add_clock_hold(op: Any) -> None:
    """Second step: a day can be held until all services have come to it."""
    op.execute("alter table clock add column held boolean not null default false")


def index_troubles(op: Any) -> None:
    """Let what was set aside or given up be counted without reading the whole of its table.

    Nearly always empty, so these two cost nothing to keep.
    """
    op.execute("create index timers_set_aside on timers (kind, key) where failed is not null")
    op.execute("create index outbound_given_up on outbound (id) where given_up")


HEAR = """
create function hear(hearer text, places text[], ids uuid[], most int)
  returns table (waiting text, heard uuid) language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(place, 741002)) from
    (select place from unnest(places) as p(place) order by place) as ordered;
  return query select key, null::uuid from parked where consumer = hearer limit most;
  if not found then
    return query with given as (select unnest(ids) as event_id),
      fresh as (insert into inbox (consumer, event_id) select hearer, event_id from given
        on conflict do nothing returning event_id)
    select null::text, event_id from given where event_id not in (select event_id from fresh);
  end if;
end $$
"""


def hear_at_once(op: Any) -> None:
    """Fourth step: a batch's first three questions in one, each seeing what the lock let through.

    Lock the places; answer with the keys that wait there, or else claim the events and answer with
    those that were claimed before.
    """
    op.execute(HEAR)


def say_by_the_clock(op: Any) -> None:
    """Fifth step: a transaction's day in the archive is that of its end, as its number is.

    By the day of its beginning, one that waited over midnight would be said again before what its
    keys had told first.
    """
    op.execute(
        "alter table outbox alter column said_on "
        "set default (clock_timestamp() at time zone 'UTC')::date"
    )


LET_GO = """
create table let_go (
  id bigint primary key, consumer text not null, event_id uuid not null, topic text not null,
  partition int not null, key text not null, type text, headers bytea not null, record_key bytea,
  payload bytea, reason text not null, parked_at timestamptz not null,
  let_go_at timestamptz not null default now(), let_go_by uuid not null, why text not null,
  unique (consumer, event_id))
"""


def let_go(op: Any) -> None:
    """Sixth step: what can never be read need not hold its key for ever; its bytes are kept."""
    op.execute(LET_GO)


def create_tenant_wall(op: Any, table: str, column: str = "creditor_id") -> None:
    """Row-level security as second wall: the tenant role sees its company's rows and no others.

    The table's owner (the service behind its message and timer doors) is not bound by it.
    """
    op.execute(f"alter table {table} enable row level security")
    op.execute(
        f"create policy company on {table} using "
        f"({column} = nullif(current_setting('betalt.company', true), '')::uuid)"
    )


TENANTS_OWN = "command"
"""Answers kept for those who asked; their scope is the company wherever one asks."""
TENANTS_RIGHTS = (
    "insert, select (batch, said_on) on outbox",
    "insert on said",
    "select, insert, update, delete on timers",
    "insert, select (id) on outbound",
)
"""What plumbing writes in a tenant's name; what others have said or sent it cannot read."""


def open_to_tenants(op: Any, rights: str) -> None:
    """Grant the tenant role rights (`select on reference_rate`) where there is one.

    For tables that hold no company's rows; those behind a wall are open to it anyway.
    """
    _where_there_are_tenants(op, f"grant {rights} to %I")


def narrow_tenants(op: Any) -> None:
    """Seventh step: the tenant role reaches what lies behind a wall, and else what it must."""
    _where_there_are_tenants(op, "revoke all on all tables in schema public from %I")
    create_tenant_wall(op, TENANTS_OWN, "scope")
    for rights in TENANTS_RIGHTS:
        open_to_tenants(op, rights)


def _where_there_are_tenants(op: Any, statement: str) -> None:
    op.execute(
        "do $$ declare tenant text = current_user || '_tenant'; begin "
        "if exists (select 1 from pg_roles where rolname = tenant) then "
        f"execute format('{statement}', tenant); end if; end $$"
    )


HISTORY = (
    create_plumbing,
    add_clock_hold,
    index_troubles,
    hear_at_once,
    say_by_the_clock,
    let_go,
    narrow_tenants,
)
"""All of plumbing's steps, for a database that has no migrations of its own (toy, bench)."""
