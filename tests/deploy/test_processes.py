"""The launcher's children: they answer before they count, and never outlive their launcher."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from deploy.local.folders import PROJECT
from deploy.local.ports import (
    OFFSETS,
    PortTakenError,
    claim_ports,
    fixed_ports,
    free_ports,
    is_taken,
)
from deploy.local.processes import (
    Child,
    ChildDiedError,
    Household,
    LaunchError,
    NotReadyError,
    Program,
    until,
)

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def web_server(port: int) -> Program:
    return Program(
        name="web",
        command=[sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        ready_url=f"http://127.0.0.1:{port}/",
    )


def lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
async def household(tmp_path: Path) -> AsyncIterator[Household]:
    household = Household(tmp_path)
    yield household
    await household.stop(list(household.pids))


async def test_a_program_counts_as_started_only_when_it_answers(
    household: Household, port: int
) -> None:
    await household.start(web_server(port))
    assert is_taken(port)
    await household.stop(["web"])
    assert not is_taken(port)
    assert household.pids == {}


async def test_a_program_that_dies_is_named_with_its_last_words(household: Household) -> None:
    last_words = "import sys; print('the cupboard is bare'); sys.exit(3)"
    program = Program(
        name="hubbard",
        command=[sys.executable, "-c", last_words],
        ready_url="http://127.0.0.1:1/",
    )
    with pytest.raises(ChildDiedError, match=r"(?s)hubbard .*exit 3.*the cupboard is bare"):
        await household.start(program)


async def test_a_program_that_never_answers_is_named(household: Household, port: int) -> None:
    program = Program(
        name="mute",
        command=SLEEPER,
        ready_url=f"http://127.0.0.1:{port}/",
        ready_within_seconds=0.2,
    )
    with pytest.raises(NotReadyError, match="mute"):
        await household.start(program)


async def test_a_death_nobody_asked_for_is_noticed_and_one_asked_for_is_not(
    household: Household, port: int
) -> None:
    await household.start(web_server(port))
    await household.kill("web")
    household.check()
    await household.restart("web")
    assert is_taken(port)
    household.check()
    os.kill(household.pids["web"], signal.SIGKILL)
    await until(lambda: not household.pids, 5)
    with pytest.raises(ChildDiedError, match=r"web died by itself \(signal SIGKILL\)"):
        household.check()


async def test_a_child_that_will_not_end_is_ended(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)"
    log = tmp_path / "deaf.log"
    command = [sys.executable, "-c", f"{deaf}; time.sleep(60)"]
    child = Child(Program(name="deaf", command=command), log)
    await until(lambda: log.read_text() == "deaf\n", 5)
    await child.stop(within_seconds=0.1)
    assert child.exit_code == -signal.SIGKILL


async def test_children_die_with_a_launcher_that_is_killed(tmp_path: Path) -> None:
    launcher = textwrap.dedent(
        f"""
        import pathlib, time
        from deploy.local.processes import Child, Program
        child = Child(Program(name="child", command={SLEEPER!r}), pathlib.Path("{tmp_path}/log"))
        print(child.pid, flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen(  # noqa: ASYNC220 - it begins at once
        [sys.executable, "-c", launcher], stdout=subprocess.PIPE, cwd=PROJECT
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        command = psutil.Process(child).cmdline
        await until(lambda: command() == SLEEPER, 5)  # it has begun its own work
        assert lives(child)
        process.kill()
        await until(lambda: not lives(child), 2)


async def test_a_child_is_not_told_the_secrets_of_the_terminal(
    household: Household, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_PASSWORD", "hunter2")
    show = "import os; print(sorted(os.environ))"
    await household.run(
        Program(name="show", command=[sys.executable, "-c", show], environment={"OWN": "x"})
    )
    told = (tmp_path / "show.log").read_text()
    assert "OWN" in told
    assert "CLOUD_PASSWORD" not in told


async def test_a_busy_port_is_named_with_what_wanted_it_and_how_to_move() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"port {port}, wanted by kafka.*PORT_BASE"):
            await claim_ports({"kafka": port}, within_seconds=0)
    await claim_ports({"kafka": port}, within_seconds=0)


def test_one_setting_moves_all_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BETALT_PORT_BASE", "9000")
    assert fixed_ports()["gateway"] == 9000
    assert fixed_ports()["kafka"] == 9060
    assert len(set(fixed_ports().values())) == len(OFFSETS)


@pytest.mark.parametrize("base", ["eighty", "80", "65535", "-1"])
def test_a_base_that_gives_no_ports_is_refused(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("BETALT_PORT_BASE", base)
    with pytest.raises(LaunchError, match="BETALT_PORT_BASE"):
        fixed_ports()
