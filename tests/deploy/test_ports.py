"""Free ports are free, and nobody else's: two runs of the tests never wait for the same one."""

import multiprocessing
import socket
from concurrent.futures import ProcessPoolExecutor

from deploy.local import ports


def _some() -> set[int]:
    return set(ports.free_ports(40))


def test_processes_side_by_side_are_given_different_ports() -> None:
    """Though none of them listens yet."""
    mine = _some()
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=fresh) as others:
        theirs = [each.result() for each in [others.submit(_some) for _ in range(2)]]
    assert all(len(given) == 40 for given in (mine, *theirs))
    assert not mine & theirs[0]
    assert not mine & theirs[1]


def test_a_port_is_given_once_in_a_while_and_never_while_somebody_listens() -> None:
    (taken,) = ports.free_ports(1)
    with socket.create_server(("127.0.0.1", taken)):
        given = [ports.free_ports(1)[0] for _ in range(2 * ports.BLOCK)]
    assert taken not in given
    free = len(set(given))  # some of the block may be what other tests of this run listen at
    assert free > ports.BLOCK // 2
    assert len(set(given[:free])) == free
