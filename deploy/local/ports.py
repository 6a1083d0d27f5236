"""Ports of this machine, 127.0.0.1 only: fixed ones for a person, free ones for tests.

A port that is taken is named before anything starts, with what wanted it and how to move.
"""

import contextlib
import os
import socket
from collections.abc import Mapping

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
    """Ports that nobody used a moment ago, all different."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


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
