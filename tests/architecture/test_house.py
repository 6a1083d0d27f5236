"""The house, judged by its rules: imports, time, doors, purity and words, module by module."""

from pathlib import Path
from typing import Any

import pytest
from faststream import AckPolicy
from faststream.kafka import KafkaRouter

from plumbing import kafka
from tests.architecture.rules import DOORS, PACKAGES, ROOMS, RULES, Rule, built, sources, wordless

ROOT = Path(__file__).parents[2]
EVERY = sources(ROOT)
HOUSE = built(EVERY)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rule(rule: Rule) -> None:
    """Every module of every package."""
    assert [str(finding) for source in HOUSE for finding in rule(source)] == []


def test_the_judged_house_is_the_whole_house() -> None:
    """Each package is there to be read, and no other package stands beside them."""
    assert {source.name.partition(".")[0] for source in EVERY} == set(PACKAGES)
    beside = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert beside <= set(PACKAGES), "there is no fourth shared package"


def test_there_are_six_rooms() -> None:
    """No service besides those drawn."""
    folders = {path.parent.name for path in (ROOT / "services").glob("*/__init__.py")}
    assert folders == set(ROOMS)


def test_tests_tell_why_they_exist() -> None:
    """Modules of tests open with a paragraph too."""
    tests = [source for source in sources(ROOT, ["tests"]) if not source.is_package]
    assert [str(finding) for source in tests for finding in wordless(source)] == []


@pytest.mark.parametrize("room", ROOMS[:-1])
def test_who_knows_one_room_knows_all_five(room: str) -> None:
    """A room that opens has rules, handlers, a store, settings and a door, under those names."""
    own = {
        source.name.split(".")[2] for source in HOUSE if source.name.startswith(f"services.{room}.")
    }
    if "app" in own:
        assert {"domain", "handlers", "store", "settings", "migrations"} <= own
        assert own & set(DOORS)


def test_the_one_subscription_of_the_house_gives_a_failed_batch_back() -> None:
    """FastStream's own default acknowledges first and would lose what fails."""
    router = KafkaRouter()

    async def hear(records: Any) -> None: ...

    kafka.subscribe(router, ["toys.toys"], "toys", hear)
    assert [each.ack_policy for each in router.subscribers] == [AckPolicy.NACK_ON_ERROR]
