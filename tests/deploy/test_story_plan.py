"""The world of the story, decided from a seed: the same each time, and nobody's."""

import random
from collections import defaultdict
from datetime import date, timedelta

import pytest

from contracts.numbers import (
    is_personal,
    parse_bankgiro,
    parse_organisation_number,
    parse_personal_number,
)
from deploy.story.news import headline
from deploy.story.plan import (
    NEEDS_TIME,
    Act,
    Deed,
    Expected,
    Fate,
    World,
    expected,
    ladder,
    make_world,
)
from deploy.story.teller import wrong_reference
from law.banking_days import is_banking_day

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(1, invoices=3000, ends_on=TODAY)


def acts_by_invoice(world: World) -> dict[str, list[Act]]:
    """The deeds of each invoice, in order."""
    found: dict[str, list[Act]] = defaultdict(list)
    for act in world.acts:
        if act.invoice is not None:
            found[act.invoice.key].append(act)
    return found


def outcomes(world: World) -> dict[str, Expected]:
    """What must come of each invoice."""
    acts = acts_by_invoice(world)
    return {each.key: expected(each, acts[each.key], world.ends_on) for each in world.invoices}


def test_the_same_seed_tells_the_same_story() -> None:
    one, same, other = (make_world(seed, invoices=200, ends_on=TODAY) for seed in (7, 7, 8))
    assert (one.companies, one.invoices, one.acts) == (same.companies, same.invoices, same.acts)
    assert one.invoices != other.invoices


def test_no_number_in_the_story_is_anybodys(world: World) -> None:
    """Organisations of a form that does not exist; people of the series kept for tests."""
    for company in world.companies:
        assert parse_organisation_number(company.organisation_number)[0] == "4"
        assert parse_bankgiro(company.bankgiro)
        assert company.email.endswith(".example")
        for customer in company.customers:
            number = customer.identity_number
            assert customer.email.endswith(".example")
            if is_personal(number):
                assert 980 <= int(parse_personal_number(number, today=TODAY)[8:11]) <= 999
            else:
                assert parse_organisation_number(number)[0] == "4"
    numbers = [company.organisation_number for company in world.companies]
    assert len(set(numbers)) == len(numbers) == 24


@pytest.mark.parametrize(("wanted", "companies"), [(60, 6), (1000, 24), (3000, 24)])
def test_every_fate_is_met_and_as_many_invoices_are_sent_as_asked_for(
    wanted: int, companies: int
) -> None:
    world = make_world(1, invoices=wanted, ends_on=TODAY, companies=companies)
    assert len(world.invoices) == wanted
    assert {each.fate for each in world.invoices} == set(Fate)


def test_slow_fates_are_seen_to_their_end(world: World) -> None:
    """Cases that go to Kronofogden begin early enough to be decided before the story ends."""
    found = outcomes(world)
    slow = [each for each in world.invoices if each.fate in NEEDS_TIME - {Fate.ON_DEMAND}]
    assert len(slow) > 100
    assert all(found[each.key].filed_on for each in slow)


def test_some_are_in_collection_when_the_story_ends(world: World) -> None:
    """Whoever opens the pages finds cases before Kronofogden as well as there."""
    found = outcomes(world)
    standing = [found[each.key] for each in world.invoices if each.fate is Fate.IN_COLLECTION]
    asked = [one for one in standing if one.demanded_on and not one.filed_on]
    assert len(asked) >= 20
    assert len(asked) > 0.9 * len(standing)


def test_people_act_on_banking_days_and_never_on_the_day_of_a_charge(world: World) -> None:
    """A deed on a charge's own day would leave two right answers (events.md 3)."""
    acts = acts_by_invoice(world)
    for invoice in world.invoices:
        days = set(ladder(invoice, acts[invoice.key]))
        for act in acts[invoice.key]:
            assert is_banking_day(act.on)
            assert act.on > invoice.issued_on
            assert act.deed is Deed.HAND_OVER or act.on not in days, (act, days)


def test_nothing_happens_after_today_or_before_the_story(world: World) -> None:
    assert world.begins_on == TODAY - timedelta(days=120)
    assert world.begins_on <= world.days[0] < world.days[-1] <= TODAY
    assert {day for day in world.days if not is_banking_day(day)} <= {TODAY}


def test_the_law_says_what_must_come_of_each_fate(world: World) -> None:
    found, acts = outcomes(world), acts_by_invoice(world)
    for each in world.invoices:
        outcome = found[each.key]
        done = all(act.on < TODAY for act in acts[each.key])
        match each.fate:
            case Fate.ON_TIME | Fate.EARLY | Fate.DAYS_LATE | Fate.IN_PARTS | Fate.CREDITED:
                assert outcome.reminded_on is None
            case Fate.AFTER_REMINDER | Fate.LATE_FILE if outcome.settled_on:
                assert outcome.reminded_on is not None
                assert outcome.demanded_on is None
            case Fate.ON_DEMAND if outcome.settled_on:
                assert outcome.demanded_on is not None
                assert outcome.filed_on is None
            case Fate.PAYS_AT_KRONOFOGDEN if outcome.settled_on:
                assert outcome.filed_on is not None
                assert outcome.filed_on < outcome.settled_on
            case Fate.DECIDED | Fate.ENFORCED | Fate.CONTESTS | Fate.HALF_ONLY | Fate.OBJECTS:
                assert outcome.settled_on is None
        assert outcome.settled_on is None or done or outcome.settled_on <= TODAY


def test_each_day_has_news(world: World) -> None:
    lines = {day: headline(world, day, world.acts_by_day.get(day, ())) for day in world.days}
    assert all(lines.values())
    assert len(set(lines.values())) > len(lines) * 0.9


def test_a_wrong_reference_is_never_another_invoices() -> None:
    """Its check digit is wrong, so no invoice can have it."""
    chance = random.Random(1)
    for _ in range(100):
        ocr = str(chance.randrange(10**9, 10**10))
        assert wrong_reference(ocr) != ocr
        assert wrong_reference(wrong_reference(ocr)) == ocr
