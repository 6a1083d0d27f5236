"""The story of `make run`, in small: everything it plans comes true, by the law's own reckoning.

Some of its debtors pay early, late, twice, in parts or not at all; the platform is asked afterwards
what it made of them, and must have made what the plan, which knows only the law, expects.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from deploy.story.client import Client
from deploy.story.plan import Act, Deed, Expected, Fate, World, expected, make_world
from deploy.story.report import Count, count
from deploy.story.teller import Teller, Told
from deploy.story.telling import real_today
from tests.journeys.conftest import Begin

INVOICES = 60


@dataclass(frozen=True)
class Story:
    """A story that is over."""

    world: World
    client: Client
    told: Told
    count: Count
    expected: dict[str, Expected]

    def days_of(self, milestone: str) -> int:
        """How many invoices must have come to a milestone."""
        return sum(getattr(each, milestone) is not None for each in self.expected.values())


@pytest.fixture(scope="module")
async def story(journey: Begin) -> AsyncIterator[Story]:
    """Sixty invoices of three companies, through four months, until today."""
    world = make_world(1, invoices=INVOICES, companies=3, ends_on=real_today())
    acts: dict[str, list[Act]] = defaultdict(list)
    for act in world.acts:
        if act.invoice is not None:
            acts[act.invoice.key].append(act)
    must_be = {each.key: expected(each, acts[each.key], world.ends_on) for each in world.invoices}
    async with journey(world.begins_on) as client:
        told = await Teller(world, client).tell()
        counted = await count(client, told.creditors.values())
        yield Story(world, client, told, counted, must_be)


async def test_every_invoice_is_issued_once_and_no_number_is_missing(story: Story) -> None:
    """R-56: invoices and credit notes share one series, from its first number without a gap."""
    assert story.count.issued == INVOICES
    credited = {
        act.invoice.key for act in story.world.acts if act.deed is Deed.CREDIT and act.invoice
    }
    numbers: dict[str, list[int]] = defaultdict(list)
    for invoice in story.world.invoices:
        issued, company = story.told.issued[invoice.key], invoice.company.key
        numbers[company].append(issued.number)
        if invoice.key in credited:
            who = story.told.creditors[company]
            found = await story.client.read(who, f"/invoices/{issued.claim_id}")
            numbers[company].append(found["credit_note"]["number"])
    for series in numbers.values():
        assert sorted(series) == list(range(1, len(series) + 1))


def test_reminders_demands_and_applications_are_those_the_law_gives(story: Story) -> None:
    """R-100: one of each at most, and none to whoever was done in time."""
    letters = story.count.letters
    assert letters["Faktura"] == INVOICES
    assert letters["Påminnelse"] == story.days_of("reminded_on") > 0
    assert letters["Inkassokrav"] == story.days_of("demanded_on") > 0
    assert story.count.filed == story.days_of("filed_on") > 0


def test_whoever_pays_is_done_and_whoever_pays_kronofogdens_case_is_withdrawn(
    story: Story,
) -> None:
    credited = {Fate.CREDITED, Fate.OBJECTS_AND_IS_RIGHT}
    ways: Counter[str] = Counter()
    for invoice in story.world.invoices:
        if story.expected[invoice.key].settled_on is not None:
            ways["credited" if invoice.fate in credited else "paid"] += 1
            ways["withdrawn"] += invoice.fate is Fate.PAYS_AT_KRONOFOGDEN
    assert story.count.states["paid"] == ways["paid"] > 0
    assert story.count.states["credited"] == ways["credited"] > 0
    assert story.count.withdrawn == ways["withdrawn"] > 0


def test_money_that_names_nothing_waits(story: Story) -> None:
    """Strays stay; a wrong reference is found by an operator."""
    found = {
        act.invoice.key for act in story.world.acts if act.invoice and act.deed is Deed.ALLOCATE
    }
    strays = [act for act in story.world.acts if act.invoice is None]
    lost = [
        each
        for each in story.world.invoices
        if each.fate is Fate.WRONG_REFERENCE
        and each.key not in found
        and any(act.invoice is each for act in story.world.acts)
    ]
    assert story.count.unmatched == len(strays) + len(lost) > 0


def test_the_books_are_right_and_nothing_was_left_behind(story: Story) -> None:
    assert (story.count.ledger_sum_ore, story.count.ledger_problems) == (0, 0)
    assert story.count.parked == 0
    assert story.count.paid_out_ore > 0
    assert story.count.said > 0
    assert story.count.heard > story.count.said


async def test_a_story_that_is_told_again_changes_nothing(story: Story) -> None:
    """Every command has a key of its own, so a storyteller may lose every answer."""
    invoice = story.world.invoices[0]
    who = story.told.creditors[invoice.company.key]
    again = Teller(story.world, story.client)
    again.told = story.told
    before = story.told.issued[invoice.key]
    same_day = [
        each
        for each in story.world.issues_by_day[invoice.issued_on]
        if each.company is invoice.company
    ]
    await again._issue(same_day)
    assert story.told.issued[invoice.key] == before
    states = (await story.client.read(who, "/invoices/counts"))["states"]
    own = sum(each.company is invoice.company for each in story.world.invoices)
    assert sum(row["count"] for row in states) == own
