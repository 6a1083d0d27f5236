"""A run of the tests begins with the slowest, and counts what it leaves out."""

from pathlib import Path

from tests.running import NEEDS_SHARED, SLOWEST_FIRST, lacking, rank

ROOT = Path(__file__).parents[2]


def test_the_slowest_files_begin() -> None:
    """And each that is named is there."""
    paths = ["tests/law/test_days.py", "tests/journeys/test_story.py", "tests/deploy/test_chaos.py"]
    assert sorted(paths, key=rank) == list(reversed(paths))
    assert [start for start in SLOWEST_FIRST if not (ROOT / start).exists()] == []


def test_only_a_lack_of_this_machine_is_a_reason_to_skip() -> None:
    """It is counted; any other reason is told."""
    reasons = [f"Skipped: {NEEDS_SHARED}: the public bank samples"] * 3 + ["Skipped: pdftotext"]
    counted, others = lacking(reasons)
    assert (dict(counted), others) == ({NEEDS_SHARED: 3}, ["pdftotext"])
