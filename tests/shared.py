"""Finds the public bank samples and schemas that stand beside the repository on some machines
(`../shared`, or where `BETALT_SHARED` says); tests that need them are skipped elsewhere, and say so
in one way, by which a run counts them."""

import os
from pathlib import Path

import pytest

from tests.running import NEEDS_SHARED


def bank_samples() -> Path:
    """Give the folder of bank samples, or skip the test with the reason."""
    place = bank_samples_if_here()
    if place is None:
        pytest.skip(f"{NEEDS_SHARED}: the public bank samples (see BETALT_SHARED)")
    return place


def bank_samples_if_here() -> Path | None:
    """The same; None where they are absent."""
    root = Path(__file__).resolve().parents[1]
    named = os.environ.get("BETALT_SHARED")
    places = [Path(named)] if named else [above / "shared" for above in root.parents]
    found = (place / "samples" / "bank" for place in places)
    return next((place for place in found if (place / "expected.json").is_file()), None)


def bank_schema(name: str) -> Path:
    """One of the bank's schemas, or skip the test with the reason."""
    return bank_samples() / "schemas" / f"{name}.xsd"
