"""Finds the public bank samples and schemas that stand beside the repository on some machines
(`../shared`, or where `BETALT_SHARED` says); tests that need them are skipped elsewhere."""

import os
from pathlib import Path

import pytest


def bank_samples() -> Path:
    """Give the folder of bank samples, or skip the test with the reason."""
    root = Path(__file__).resolve().parents[2]
    named = os.environ.get("BETALT_SHARED")
    places = [Path(named)] if named else [above / "shared" for above in root.parents]
    for place in places:
        if (place / "samples" / "bank" / "expected.json").is_file():
            return place / "samples" / "bank"
    pytest.skip("the public bank samples are not beside the repository (see BETALT_SHARED)")
