"""The collection demand (*inkassokrav*) of inkassolagen (1974:182), wording through SFS 2024:801.

A demand must leave the debtor a reasonable time to pay or object (5 § 6), and no legal action may
begin before it has run out (6 §). "Reasonable" is good collection practice as the supervising
authority states it (IMY, 2023-02-21): at least eight days from sending, and at least four banking
days from when it can be assumed received. `DemandTimes` holds these floors and accepts longer times
only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from contracts.invoicing import Channel
from contracts.terms import InterestSegment
from law.banking_days import add_banking_days, effective_due_on, roll_forward
from law.interest import Interest, accrued_ore

# Good collection practice, inkassolagen 4 § and 5 § 6; IMY's guidance of 2023-02-21.
LEAST_DAYS_TO_RESPOND = 8
LEAST_BANKING_DAYS_FROM_RECEIPT = 4
# Assumed receipt of a letter by post; a digital mailbox, e-mail or web page is received the day it
# is sent.
LEAST_BANKING_DAYS_IN_THE_POST = 2
# One banking day for the bank's file to arrive, one spare; inkassolagen 6 § itself asks only that
# the time has run out.
LEAST_BANKING_DAYS_FROM_RESPOND_BY_TO_FILING = 2


class BelowLegalFloorError(ValueError):
    """A time was set shorter than law or good practice allows."""

    def __init__(self, name: str, floor: int, given: int) -> None:
        super().__init__(f"{name} is at least {floor}, not {given}")
        self.name = name
        self.floor = floor
        self.given = given


@dataclass(frozen=True, slots=True)
class DemandTimes:
    """The times of a demand; each may be lengthened, none shortened (`BelowLegalFloorError`)."""

    days_to_respond: int = LEAST_DAYS_TO_RESPOND
    banking_days_from_receipt: int = LEAST_BANKING_DAYS_FROM_RECEIPT
    banking_days_in_the_post: int = LEAST_BANKING_DAYS_IN_THE_POST
    banking_days_to_filing: int = LEAST_BANKING_DAYS_FROM_RESPOND_BY_TO_FILING

    def __post_init__(self) -> None:
        for name, floor in (
            ("days_to_respond", LEAST_DAYS_TO_RESPOND),
            ("banking_days_from_receipt", LEAST_BANKING_DAYS_FROM_RECEIPT),
            ("banking_days_in_the_post", LEAST_BANKING_DAYS_IN_THE_POST),
            ("banking_days_to_filing", LEAST_BANKING_DAYS_FROM_RESPOND_BY_TO_FILING),
        ):
            if getattr(self, name) < floor:
                raise BelowLegalFloorError(name, floor, getattr(self, name))


SHORTEST_TIMES = DemandTimes()


def assumed_receipt_on(
    sent_on: date, channel: Channel, times: DemandTimes = SHORTEST_TIMES
) -> date:
    """Return the day a demand sent on `sent_on` can be assumed to have reached the debtor."""
    if channel is Channel.PAPER:
        return add_banking_days(sent_on, times.banking_days_in_the_post)
    return sent_on


def respond_by(sent_on: date, channel: Channel, times: DemandTimes = SHORTEST_TIMES) -> date:
    """Return the last day to pay or object (inkassolagen 5 § 6); always a banking day."""
    from_sending = sent_on + timedelta(days=times.days_to_respond)
    received_on = assumed_receipt_on(sent_on, channel, times)
    return roll_forward(
        max(from_sending, add_banking_days(received_on, times.banking_days_from_receipt))
    )


def leaves_legal_time(
    stated_respond_by: date, sent_on: date, channel: Channel, times: DemandTimes = SHORTEST_TIMES
) -> bool:
    """Tell whether the day a letter states leaves the legal time if sent on `sent_on`."""
    return stated_respond_by >= respond_by(sent_on, channel, times)


def earliest_filing_on(
    stated_respond_by: date, sent_on: date, channel: Channel, times: DemandTimes = SHORTEST_TIMES
) -> date:
    """Return the first day an application to Kronofogden may be filed (inkassolagen 6 §).

    Counted from the day the time really ran out: the day the letter states, or the day it must have
    stated seeing when it was *sent*, whichever is later; then two banking days.
    """
    ran_out_on = max(effective_due_on(stated_respond_by), respond_by(sent_on, channel, times))
    return add_banking_days(ran_out_on, times.banking_days_to_filing)


class DemandBar(StrEnum):
    """What forbids a demand or further collection of the claim."""

    UNFOUNDED = "unfounded"  # inkassolagen 8 §: probably not founded in law, or unwarranted
    DISPUTED = (
        "disputed"  # contested on the merits: court or settlement remains; good practice, 4 §
    )
    NOT_DUE = "not_due"  # good practice, 4 §
    NOT_NOTIFIED = "not_notified"  # the debtor was never told of the claim; good practice, 4 §
    SETTLED = "settled"  # nothing is left to demand
    ALREADY_DEMANDED = "already_demanded"  # one demand per debtor and claim; good practice, 4 §
    BARRED = "barred"  # preskriptionslagen (1981:130) 8 §
    INSOLVENCY = (
        "insolvency"  # bankruptcy, reorganisation, debt restructuring: claim in the proceeding
    )
    DECEASED = "deceased"  # claim against the estate
    MINOR = "minor"  # under 18: manual check, addressed to the guardian
    IDENTITY_UNCLEAR = "identity_unclear"  # resolve first
    PROTECTED_IDENTITY = "protected_identity"  # skyddade personuppgifter: manual handling


@dataclass(frozen=True, slots=True)
class DemandFacts:
    """What is known of a claim and its debtor when a demand is considered."""

    unpaid_ore: int
    due_on: date
    claim_notified: bool = True
    already_demanded: bool = False
    disputed: bool = False
    unfounded: bool = False
    barred: bool = False
    insolvency: bool = False
    deceased: bool = False
    minor: bool = False
    identity_unclear: bool = False
    protected_identity: bool = False


def bars_to_demand(facts: DemandFacts, today: date) -> tuple[DemandBar, ...]:
    """Return every reason why no demand may be sent today; none means that it may."""
    return tuple(_bars(facts, today))


def _bars(facts: DemandFacts, today: date) -> Iterator[DemandBar]:
    conditions = {
        DemandBar.UNFOUNDED: facts.unfounded,
        DemandBar.DISPUTED: facts.disputed,
        DemandBar.NOT_DUE: today <= effective_due_on(facts.due_on),
        DemandBar.NOT_NOTIFIED: not facts.claim_notified,
        DemandBar.SETTLED: facts.unpaid_ore <= 0,
        DemandBar.ALREADY_DEMANDED: facts.already_demanded,
        DemandBar.BARRED: facts.barred,
        DemandBar.INSOLVENCY: facts.insolvency,
        DemandBar.DECEASED: facts.deceased,
        DemandBar.MINOR: facts.minor,
        DemandBar.IDENTITY_UNCLEAR: facts.identity_unclear,
        DemandBar.PROTECTED_IDENTITY: facts.protected_identity,
    }
    yield from (bar for bar, holds in conditions.items() if holds)


class DemandElement(StrEnum):
    """What a demand must hold, inkassolagen 5 §."""

    CREDITOR = "creditor"  # 1: the creditor's name
    BASIS = "basis"  # 2: what the claim is based on
    ASSIGNMENT = "assignment"  # 3: that the claim was transferred or pledged, if it was
    CAPITAL = "capital"  # 4: capital, stated separately from interest and costs
    INTEREST = "interest"  # 5: interest as amount, rate, time and capital
    RESPOND_BY = "respond_by"  # 6: a reasonable time to pay or object
    WAY_TO_PAY = "way_to_pay"  # should be stated: account and reference


@dataclass(frozen=True, slots=True)
class DemandContent:
    """A demand's content as inkassolagen 5 § lists it; amounts in öre.

    `interest.total_ore` is what is demanded of the interest that its segments show; less than that
    only where the debtor has paid, `paid_ore` in all. `total_ore` is the sum he is asked for.
    """

    creditor_name: str
    basis: str
    assigned: bool
    assignment_notice: str
    capital_ore: int
    interest: Interest
    costs_ore: int
    total_ore: int
    respond_by: date | None
    way_to_pay: str
    paid_ore: int = 0


def missing_elements(content: DemandContent) -> tuple[DemandElement, ...]:
    """Return what a demand lacks to be one under inkassolagen 5 §, in the order of the section."""
    parts_ore = content.capital_ore + content.interest.total_ore + content.costs_ore
    present = {
        DemandElement.CREDITOR: bool(content.creditor_name.strip()),
        DemandElement.BASIS: bool(content.basis.strip()),
        DemandElement.ASSIGNMENT: not content.assigned or bool(content.assignment_notice.strip()),
        DemandElement.CAPITAL: content.capital_ore >= 0 and 0 < parts_ore == content.total_ore,
        DemandElement.INTEREST: _is_explained(content.interest, content.paid_ore),
        DemandElement.RESPOND_BY: content.respond_by is not None,
        DemandElement.WAY_TO_PAY: bool(content.way_to_pay.strip()),
    }
    return tuple(element for element, stated in present.items() if not stated)


def _is_explained(interest: Interest, paid_ore: int) -> bool:
    """Whether the amount of interest follows from the stated times, capitals and rates (5 § 5)."""
    segments = interest.segments
    if not all(map(_is_whole, segments)):
        return False
    if any(before.to_date >= after.from_date for before, after in pairwise(segments)):
        return False
    shown_ore = sum(segment.interest_ore for segment in segments)
    if shown_ore != accrued_ore(segments):
        return False
    return 0 <= shown_ore - interest.total_ore <= paid_ore


def _is_whole(segment: InterestSegment) -> bool:
    """Whether a stretch names its days, its capital and a rate that give its amount.

    To the öre: the sum is rounded, and its last öre are given to some of the stretches.
    """
    days = (segment.to_date - segment.from_date).days + 1
    apart_ore = abs(segment.interest_ore - accrued_ore([segment]))
    return 0 < days == segment.days and segment.capital_ore > 0 and apart_ore <= 1
