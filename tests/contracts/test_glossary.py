"""The glossary keeps step with the contracts, and says one thing once."""

import re
from pathlib import Path

from contracts.terms import ChargeKind, Component

TEXT = (Path(__file__).parents[2] / "docs/glossary.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| English"))
]


def test_everything_a_claim_consists_of_is_explained() -> None:
    """Each component and each charge has its Swedish term."""
    terms = {re.sub("[ -]", "_", term.strip()) for row in ROWS for term in row[0].split(",")}
    longer = {
        Component.INTEREST: "late_payment_interest",
        Component.LATE_COMPENSATION: "late_payment_compensation",
    }
    wanted = {longer.get(word, str(word)) for word in Component} | {str(k) for k in ChargeKind}
    assert wanted - terms == set()


def test_a_word_has_one_row() -> None:
    """No term is explained twice."""
    terms = [row[0] for row in ROWS]
    assert sorted(terms) == sorted(set(terms))


def test_a_word_to_avoid_is_not_a_word_we_explain_in_the_same_row() -> None:
    """The last column never forbids its own term."""
    for row in ROWS:
        own = {term.strip() for term in row[0].split(",")}
        assert not own & {word.split("(")[0].strip() for word in row[-1].split(",")}, row[0]
