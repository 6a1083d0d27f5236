"""Alembic's environment, one for all services: each tree lies in a service's `migrations/`."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine


def _upgrade(connection: Connection) -> None:
    connection.execute(text("select pg_advisory_xact_lock(741005)"))  # one migrates, others wait
    connection.execute(text("set local lock_timeout = '5s'"))
    context.configure(connection=connection, transaction_per_migration=False)
    context.run_migrations()
    connection.execute(
        text("""
      do $$ declare tenant text := current_user || '_tenant'; walled regclass; begin
        if exists (select 1 from pg_roles where rolname = tenant) then
          execute format('grant usage on schema public to %I', tenant);
          execute format('grant usage on all sequences in schema public to %I', tenant);
          for walled in select oid from pg_class
            where relnamespace = 'public'::regnamespace and relrowsecurity loop
            execute format('grant select, insert, update, delete on %s to %I', walled, tenant);
          end loop;
        end if; end $$
    """)
    )


async def _run() -> None:
    engine = create_async_engine(context.config.get_main_option("sqlalchemy.url") or "")
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade)
    await engine.dispose()


asyncio.run(_run())
