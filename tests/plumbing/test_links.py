"""A link opens the claim it was made for and nothing else."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from plumbing.links import Link, link_url, make_token, read_token

KEY = "k" * 43
CLAIM = UUID("0192f0c1-2345-7abc-8def-0123456789ab")
TOKEN = make_token(KEY, CLAIM, 1)


def test_a_link_opens_the_claim_it_was_made_for() -> None:
    assert read_token(KEY, TOKEN) == Link(CLAIM, 1)
    assert read_token(KEY, make_token(KEY, CLAIM, 999_999_999)) == Link(CLAIM, 999_999_999)


def test_a_link_is_the_same_on_every_day_and_machine() -> None:
    assert TOKEN == "0192f0c1-2345-7abc-8def-0123456789ab.1.dLeJOoOm8szZViA_2CEUdh"


def test_the_address_is_the_page_of_the_web_invoice() -> None:
    assert link_url("https://betalt.example/", KEY, CLAIM, 1) == f"https://betalt.example/f/{TOKEN}"


def test_a_link_of_another_key_claim_or_version_is_refused() -> None:
    claim, version, signature = TOKEN.split(".")
    other = claim.replace("0192", "0193")
    assert read_token("another key", TOKEN) is None
    assert read_token(KEY, f"{other}.{version}.{signature}") is None
    assert read_token(KEY, f"{claim}.2.{signature}") is None


@pytest.mark.parametrize("version", [0, -1, 10**9])
def test_a_version_that_could_not_be_read_again_is_not_made(version: int) -> None:
    with pytest.raises(ValueError, match="version"):
        make_token(KEY, CLAIM, version)


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        ".",
        "..",
        TOKEN + ".",
        TOKEN + "\n",
        "." + TOKEN,
        TOKEN[:-1],
        TOKEN + "A",
        TOKEN.replace(".1.", ".01."),
        TOKEN.replace(".1.", ".+1."),
        TOKEN.replace(".1.", ".١."),
        TOKEN.replace(".1.", ".1.1."),
        TOKEN.replace(".1.", f".{'9' * 100_000}."),
        TOKEN.upper(),
        TOKEN.replace("-", ""),
        "{" + TOKEN,
        TOKEN[:-1] + "å",
        TOKEN[:-1] + "\x00",
        "\ud800" * 60,
        "a" * 1_000_000,
        f"{CLAIM}.1.",
        f"{CLAIM}.1.{'=' * 22}",
    ],
)
def test_a_token_of_another_shape_is_refused_quietly(hostile: str) -> None:
    assert read_token(KEY, hostile) is None


@given(some.integers(0, len(TOKEN) - 1), some.characters())
def test_no_single_changed_character_opens_anything(place: int, character: str) -> None:
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    assert changed == TOKEN or read_token(KEY, changed) is None
