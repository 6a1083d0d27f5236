"""Ports of this machine, 127.0.0.1 only: fixed ones for a person, free ones for tests.

A port that is taken is named before anything starts, with what wanted it and how to move.
"""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import cycle
from pathlib import Path

from deploy.local.processes import LaunchError, until

OFFSETS = {
    "gateway": 0,
    "invoicing": 1,
    "payments": 2,
    "dunning": 3,
    "collections": 4,
    "notifications": 5,
    "smtp": 25,
    "mail": 26,
    "bank": 30,
    "kronofogden": 40,
    "postgres": 50,
    "kafka": 60,
    "kafka-controller": 61,
}
"""Added to BETALT_PORT_BASE, 8000 unless it is set."""
BLOCK = 200
BLOCKS = (20_000, 32_000, BLOCK)


class PortTakenError(LaunchError):
    def __init__(self, port: int, wanted_by: str) -> None:
        super().__init__(
            f"port {port}, wanted by {wanted_by}, is taken by another program; "
            "set BETALT_PORT_BASE (8000 when not set) to move all"
        )
        self.port = port
        self.wanted_by = wanted_by


def fixed_ports() -> dict[str, int]:
    """The ports of `betalt run`; refuses a base that is no number or leaves the range of ports."""
    given = os.environ.get("BETALT_PORT_BASE") or "8000"
    if not given.isdecimal() or not 1024 <= int(given) <= 65_535 - max(OFFSETS.values()):
        raise LaunchError(f"BETALT_PORT_BASE must be a number from 1024 to 65474, not {given!r}")
    return {name: int(given) + offset for name, offset in OFFSETS.items()}


def ephemeral_ports() -> dict[str, int]:
    """A free port for everything that listens."""
    return dict(zip(OFFSETS, free_ports(len(OFFSETS)), strict=True))


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different, and that no other process is given meanwhile."""
    found: list[int] = []
    own = _own_ports()
    for _ in range(BLOCK):
        port = next(own)
        if not is_taken(port):
            found.append(port)
        if len(found) == count:
            return found
    raise LaunchError(f"fewer than {count} ports are free among this process's {BLOCK}")


@cache
def _own_ports() -> Iterator[int]:
    """The ports of a block that this process holds until it ends, round and round.

    Below those that the system gives to whoever asks for any, so that no connection takes one
    between our look and the start of whoever is to listen there.
    """
    folder = Path(tempfile.gettempdir()) / "betalt-ports"
    folder.mkdir(mode=0o777, exist_ok=True)
    for first in range(*BLOCKS):
        if _hold(folder / str(first)):
            return cycle(range(first, first + BLOCK))
    raise LaunchError(f"every block of ports is held; see {folder}")


def _hold(path: Path) -> bool:
    """Lock a block's file until this process ends; whether nobody else has it."""
    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except PermissionError:  # another user's
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return False
    return True


async def claim_ports(wanted: Mapping[str, int], within_seconds: float = 3) -> None:
    """Refuses, by name, a port that is taken; children of a run just killed get a moment."""
    for name, port in wanted.items():
        try:
            await until(lambda port=port: not is_taken(port), within_seconds)  # type: ignore[misc]
        except TimeoutError:
            raise PortTakenError(port, name) from None


def is_taken(port: int) -> bool:
    """Whether somebody listens on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
