"""How a run of all tests goes: slowest files first, and no test skipped where nobody looks.

With two workers (`pytest -n 2 --dist loadfile --no-loadscope-reorder`) a file's tests stay together
and each worker has a PostgreSQL and a Kafka of its own. What takes longest begins first, so that
the rest fills the other worker meanwhile. `--no-skips` makes a skip a failure, but for what the
machine may lack; that is counted.
"""

from collections import Counter
from collections.abc import Sequence

import pytest

NEEDS_SHARED = "needs ../shared"
NEEDS_HISTORY = "needs the repository's history"
MAY_BE_LACKING = (NEEDS_SHARED, NEEDS_HISTORY)

SLOWEST_FIRST = (
    "tests/deploy/test_chaos.py",
    "tests/journeys/",
    "tests/plumbing/",
    "tests/deploy/",
    "tests/standins/",
    "tests/payments/",
    "tests/collections/",
)


def rank(path: str) -> int:
    """The place of a test's file among the others; those not named come last."""
    named = (at for at, start in enumerate(SLOWEST_FIRST) if path.startswith(start))
    return next(named, len(SLOWEST_FIRST))


def in_order(items: list[pytest.Item]) -> None:
    """Sort what was collected; tests of a file keep their order."""
    items.sort(key=lambda item: rank(item.nodeid))


def lacking(reasons: Sequence[str]) -> tuple[Counter[str], list[str]]:
    """Skips that are expected, counted by what the machine lacks; and the reasons of all others."""
    counted: Counter[str] = Counter()
    others = []
    for reason in reasons:
        said = reason.removeprefix("Skipped: ")
        need = next((need for need in MAY_BE_LACKING if said.startswith(need)), None)
        if need is None:
            others.append(said)
        else:
            counted[need] += 1
    return counted, others


def tell_skips(reporter: pytest.TerminalReporter, session: pytest.Session) -> None:
    """Count what was skipped; with `--no-skips`, fail for any other reason than a lack."""
    reports = reporter.stats.get("skipped", [])
    reasons = [str(each.longrepr[2]) for each in reports if isinstance(each.longrepr, tuple)]
    counted, others = lacking(reasons)
    if reasons:
        reporter.write("\n")
    for need, count in counted.items():
        reporter.write_line(f"{count} tests were skipped: each {need}")
    if others and session.config.getoption("--no-skips"):
        reporter.write_line(f"{len(others)} tests were skipped for no good reason: {others[0]}")
        if session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
