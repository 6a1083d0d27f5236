"""PostgreSQL as the launcher runs it: walls between services, data that outlives every end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from deploy.local.folders import remove, temporary_folder
from deploy.local.ports import free_ports
from deploy.local.postgres import Postgres, admin_connection, create_service_databases
from deploy.local.processes import until


def plain(url: str) -> str:
    return url.replace("+asyncpg", "")


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Postgres]:
    with temporary_folder() as folder:
        server = Postgres(folder / "postgres", free_ports(1)[0], durable=False)
        await server.start()
        yield server
        await server.stop()


@pytest.fixture(scope="module")
async def urls(server: Postgres) -> dict[str, str]:
    folder = server.folder / "passwords"
    await create_service_databases(server.admin_url, ["invoicing", "payments"], folder)
    return await create_service_databases(server.admin_url, ["invoicing", "payments"], folder)


@pytest.mark.parametrize("database", ["payments", "postgres", "template1"])
async def test_no_service_can_open_a_database_that_is_not_its_own(
    urls: dict[str, str], database: str
) -> None:
    own, _, _ = plain(urls["invoicing"]).rpartition("/")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
        await asyncpg.connect(f"{own}/{database}")


async def test_nobody_opens_a_database_without_its_password(urls: dict[str, str]) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(plain(urls["invoicing"]), password="guessed")


async def test_a_service_sees_only_its_tenants_rows_once_it_has_become_its_tenant_role(
    urls: dict[str, str],
) -> None:
    connection = await asyncpg.connect(plain(urls["invoicing"]))
    await connection.execute(
        """
        create table invoices (company text);
        insert into invoices values ('ours'), ('theirs');
        alter table invoices enable row level security;
        create policy own on invoices using (company = current_setting('betalt.company'));
        grant select on invoices to invoicing_tenant;
        """
    )
    assert await connection.fetchval("select count(*) from invoices") == 2
    async with connection.transaction():
        await connection.execute(
            "set local role invoicing_tenant; set local betalt.company = 'ours'"
        )
        assert await connection.fetch("select company from invoices") == [("ours",)]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("set role payments_tenant")
    await connection.close()


async def test_the_servers_log_does_not_repeat_what_people_have_written(server: Postgres) -> None:
    """Neither the values of a slow statement nor the row that a constraint refused."""
    async with admin_connection(server.admin_url) as admin:
        await admin.execute("set log_min_duration_statement = 0")
        await admin.execute("create temporary table guest (name text primary key)")
        add = "insert into guest values ($1) -- slow, as it were"
        await admin.execute(add, "Karin Hemlig")
        with pytest.raises(asyncpg.UniqueViolationError):
            await admin.execute(add, "Karin Hemlig")
    told = server.log.read_text()
    assert add in told
    assert "Hemlig" not in told


async def test_secrets_are_read_by_their_owner_alone(
    server: Postgres, urls: dict[str, str]
) -> None:
    kept = [server.folder / "superuser-password", *(server.folder / "passwords").iterdir()]
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_second_start_goes_on_with_the_data_of_the_first(
    server: Postgres, end: str
) -> None:
    async def ask(sql: str) -> object:
        connection = await asyncpg.connect(server.admin_url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    await ask(f"create table kept_after_{end} as select 42 as answer")
    await (server.stop() if end == "stop" else server.kill())
    with pytest.raises(OSError, match="Connect call failed"):
        await ask("select 1")
    await server.start()
    assert await ask(f"select answer from kept_after_{end}") == 42


async def test_a_first_start_that_was_cut_off_is_begun_anew() -> None:
    with temporary_folder() as folder:
        server = Postgres(folder, free_ports(1)[0], durable=False)
        starting = asyncio.create_task(server.start())
        await until(lambda: any(folder.glob("*/PG_VERSION")), 10)
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await starting
        await server.start()
        await server.stop()


async def test_under_a_folder_closed_to_others_the_data_is_laid_in_an_open_place() -> None:
    with temporary_folder() as folder:
        closed = folder / "closed"
        closed.mkdir(mode=0o700)
        server = Postgres(closed / "postgres", free_ports(1)[0], durable=False)
        await server.start()
        data = (closed / "postgres" / "postgres").resolve()
        await server.stop()
        assert (data / "PG_VERSION").exists()
        remove(closed / "postgres")
        assert not data.exists()
