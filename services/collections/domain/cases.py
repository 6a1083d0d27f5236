"""A case (*ärende*) from hand-over until it may be filed: the demand, its letter, its time.

    opened ─▶ demand_proposed ─▶ demand_charged ─▶ demanded ─▶ filing_proposed ─▶ filing_charged …
       ▲            │ refused        letter │ stale: anew        │
       └────────────┘                       └ failed:            └ awaits_creditor (asked, or
                                              undeliverable        something is missing)

From `filing_charged` on see `applications`. A case is *held* while its claim is disputed: no step
is taken. Any stage ends in `closed`, from where a hand-over anew opens it again (`handover`). The
ledger decides (ADR-0002): a payment that collections never heard of shows as a refused proposal, so
claims without a case need no memory here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from contracts.collections import (
    CaseClosed,
    CaseOpened,
    CloseReason,
    DemandProposed,
    EnforcementProposed,
    FilingProposed,
)
from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId, DisputeId
from contracts.invoicing import Channel, HandedToCollection
from contracts.notifications import DeliveryAccepted, DeliveryFailed, DeliveryStale
from contracts.payments import ChargeRefused, DemandCharged, RefusalReason
from contracts.terms import ChargeKind, InterestTerms
from law.banking_days import add_banking_days, is_banking_day, roll_forward
from law.demand import earliest_filing_on, respond_by

BANKING_DAYS_TO_SEND = 1
"""A demand's time is counted as if the letter left a banking day later, and by post."""


class Filing(StrEnum):
    """What follows a demand whose time has run out."""

    AUTOMATIC = "automatic"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Policy:
    """A creditor's choices."""

    filing: Filing = Filing.AUTOMATIC
    enforcement: bool = True


HOUSE_POLICY = Policy()


class Stage(StrEnum):
    """Where a case stands."""

    OPENED = "opened"
    DEMAND_PROPOSED = "demand_proposed"
    DEMAND_CHARGED = "demand_charged"
    DEMANDED = "demanded"
    UNDELIVERABLE = "undeliverable"
    """No channel took the demand: a person must find the debtor."""
    AWAITS_CREDITOR = "awaits_creditor"
    FILING_PROPOSED = "filing_proposed"
    FILING_CHARGED = "filing_charged"
    """Priced; the application waits for its day, or for a dispute to end."""
    APPLYING = "applying"
    """The application is queued; `attempted` once Kronofogden may have it."""
    REFUSED = "refused"
    """Kronofogden refused the application: an operator corrects it and files it again."""
    FILED = "filed"
    CONFIRMED = "confirmed"
    SERVED = "served"
    CONTESTED = "contested"
    DECIDED = "decided"
    ENFORCEMENT_PROPOSED = "enforcement_proposed"
    ENFORCEMENT_CHARGED = "enforcement_charged"
    """Priced; the application for enforcement waits for its day, or for a dispute to end."""
    ENFORCEMENT = "enforcement"
    """Applied for; it has begun once `enforced_on` is known."""
    EXHAUSTED = "exhausted"
    """Nothing could be collected: kept under surveillance (*långtidsbevakning*)."""
    WITHDRAWING = "withdrawing"
    CLOSED = "closed"


AT_KRONOFOGDEN = frozenset(
    {
        *(Stage.FILED, Stage.CONFIRMED, Stage.SERVED, Stage.CONTESTED, Stage.DECIDED),
        *(Stage.ENFORCEMENT_PROPOSED, Stage.ENFORCEMENT_CHARGED, Stage.ENFORCEMENT),
    }
)


class Lack(StrEnum):
    """Why a case awaits its creditor."""

    CREDITOR_DECIDES = "creditor_decides"
    IDENTITY_NUMBER = "identity_number_missing"
    ADDRESS = "address_missing"
    BARRED = "barred"


@dataclass(frozen=True, slots=True)
class Case:
    """A case. `handover` is the latest that was heard; days are Swedish calendar dates.

    `attempted` from just before the first sending of the application: from then on Kronofogden may
    have it, until it is known that nothing left (`sending`).
    """

    claim_id: ClaimId
    creditor_id: CreditorId
    number: str
    opened_on: date
    handover: HandedToCollection
    policy: Policy = HOUSE_POLICY
    interest: InterestTerms = field(default_factory=InterestTerms)
    stage: Stage = Stage.OPENED
    held: bool = False
    next_on: date | None = None
    """When the next step of the stage may be taken."""
    lack: Lack | None = None
    demand_ordinal: int = 0
    respond_by: date | None = None
    charged_ordinal: int = 0
    sent_ordinal: int = 0
    sent_on: date | None = None
    sent_channel: Channel | None = None
    filing_ordinal: int = 0
    application: Mapping[str, Any] | None = None
    """The message as it was written when the filing was charged, lowered by payments since."""
    amount_ore: int = 0
    """What the application asks for."""
    correction: int = 0
    """How many times it was corrected after a refusal."""
    attempted: bool = False
    attempted_at: datetime | None = None
    """The latest attempt, in real time."""
    filed_on: date | None = None
    kronofogden_number: str | None = None
    decided_on: date | None = None
    enforcement_ordinal: int = 0
    enforcement: Mapping[str, Any] | None = None
    """The application for enforcement, as it was charged."""
    enforced_on: date | None = None
    """The day on which Kronofogden was known to have begun enforcement."""
    close_reason: CloseReason | None = None

    @property
    def may_stand_open(self) -> bool:
        """Whether Kronofogden may have an open application of this case."""
        applying = self.stage in (Stage.FILING_CHARGED, Stage.APPLYING) and self.attempted
        return applying or self.stage in AT_KRONOFOGDEN

    @property
    def is_demanded(self) -> bool:
        """Whether a demand is charged and its letter sent or under way, also once it is closed."""
        return self.respond_by is not None

    @property
    def stopped(self) -> bool:
        """Whether it stands still until somebody corrects it or lets it go on (`handover`)."""
        match self.stage:
            case Stage.UNDELIVERABLE | Stage.REFUSED:
                return True
            case Stage.AWAITS_CREDITOR:
                return self.lack is not Lack.CREDITOR_DECIDES and not self.held
            case Stage.DECIDED:
                return self.policy.enforcement and not self.held and self.next_on is None
        return False


@dataclass(frozen=True, slots=True)
class Task:
    """Something a person must look at; `detail` holds codes, never a name."""

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection that came with Kronofogden's news."""

    dispute_id: DisputeId
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The case from now on, and what goes out: events, messages to Kronofogden, tasks."""

    case: Case
    says: tuple[Event, ...] = ()
    messages: tuple[Mapping[str, Any], ...] = ()
    tasks: tuple[Task, ...] = ()
    objection: Objection | None = None
    settled_on: date | None = None
    """Set when a withdrawal begins: the monitor counts a banking day from here."""


# Opening, and the steps a day brings.


def open_case(case: Case, today: date) -> Decision:
    """Open a case on a claim that was handed over, and demand at once where nothing holds it."""
    first = take_step(replace(case, next_on=today), today)
    return replace(first, says=(opened(case), *first.says))


def opened(case: Case) -> CaseOpened:
    """What is said of a case that begins."""
    return CaseOpened(
        claim_id=case.claim_id,
        creditor_id=case.creditor_id,
        case_number=case.number,
        opened_on=case.opened_on,
    )


def take_step(case: Case, today: date) -> Decision:
    """A day came: take the step of the stage, unless the case is held or the day has moved."""
    if case.held or case.next_on is None:
        return Decision(case)
    if case.next_on > today or not is_banking_day(today):
        return Decision(replace(case, next_on=max(case.next_on, roll_forward(today))))
    match case.stage:
        case Stage.OPENED:
            return _propose_demand(case, today)
        case Stage.DEMANDED:
            return file_or_ask(case, today)
        case Stage.FILING_CHARGED:
            return apply(case)
        case Stage.DECIDED:
            return propose_enforcement(case, today)
        case Stage.ENFORCEMENT_CHARGED:
            return apply_for_enforcement(case)
    return Decision(replace(case, next_on=None))


def _propose_demand(case: Case, today: date) -> Decision:
    """Ask for a demand that leaves the legal time on every channel (law-and-fees.md 4.3)."""
    ordinal = case.demand_ordinal + 1
    leaves_on = add_banking_days(today, BANKING_DAYS_TO_SEND)
    answer_by = respond_by(leaves_on, Channel.PAPER)
    proposal = DemandProposed(
        claim_id=case.claim_id,
        creditor_id=case.creditor_id,
        case_number=case.number,
        ordinal=ordinal,
        as_of=today,
        respond_by=answer_by,
    )
    after = replace(
        case, stage=Stage.DEMAND_PROPOSED, demand_ordinal=ordinal, next_on=None, respond_by=None
    )
    return Decision(after, (proposal,))


def file_or_ask(case: Case, today: date) -> Decision:
    """Go on to Kronofogden, unless something is missing or the creditor wants to be asked."""
    lack = lack_of(case)
    if lack is None and case.policy.filing is Filing.ASK:
        lack = Lack.CREDITOR_DECIDES
    if lack is not None:
        return Decision(replace(case, stage=Stage.AWAITS_CREDITOR, lack=lack, next_on=None))
    return propose_filing(case, today)


def lack_of(case: Case) -> Lack | None:
    """What Kronofogden needs to know and we do not (kronofogden.md 2)."""
    if case.handover.debtor_identity_number is None:
        return Lack.IDENTITY_NUMBER
    if case.handover.debtor_address is None:
        return Lack.ADDRESS
    return None


def propose_filing(case: Case, today: date) -> Decision:
    """Ask the ledger to price an application (inkassolagen (1974:182) 6 §)."""
    ordinal = case.filing_ordinal + 1
    proposal = FilingProposed(
        claim_id=case.claim_id,
        creditor_id=case.creditor_id,
        case_number=case.number,
        ordinal=ordinal,
        as_of=today,
    )
    after = replace(
        case, stage=Stage.FILING_PROPOSED, filing_ordinal=ordinal, next_on=None, lack=None
    )
    return Decision(after, (proposal,))


def apply(case: Case) -> Decision:
    """Queue the application that the ledger has charged; a held case keeps it back."""
    if case.held or case.application is None:
        return Decision(replace(case, next_on=None))
    applying = replace(case, stage=Stage.APPLYING, next_on=None)
    return Decision(applying, messages=(case.application,))


def propose_enforcement(case: Case, today: date) -> Decision:
    """Ask the ledger to price enforcement of the decision; of one that lasts, its new yearly fee.

    A new year changes nothing of the case but the ordinal.
    """
    yearly = case.stage is Stage.ENFORCEMENT
    ordinal = case.enforcement_ordinal + 1
    proposal = EnforcementProposed(
        claim_id=case.claim_id,
        creditor_id=case.creditor_id,
        case_number=case.number,
        ordinal=ordinal,
        as_of=today,
        yearly=yearly,
    )
    after = replace(case, enforcement_ordinal=ordinal)
    if not yearly:
        after = replace(after, stage=Stage.ENFORCEMENT_PROPOSED, next_on=None)
    return Decision(after, (proposal,))


def apply_for_enforcement(case: Case) -> Decision:
    """Queue the application for enforcement; a held case keeps it back."""
    if case.held or case.enforcement is None:
        return Decision(replace(case, next_on=None))
    asking = replace(case, stage=Stage.ENFORCEMENT, next_on=None)
    return Decision(asking, messages=(case.enforcement,))


# The demand and its letter, in either order.


def hear_demand_charged(case: Case, event: DemandCharged) -> Decision:
    """The ledger priced the demand; its letter is under way, or already gone."""
    awaited = case.stage in (Stage.DEMAND_PROPOSED, Stage.CLOSED)
    if event.ordinal != case.demand_ordinal or not awaited:
        return Decision(case)
    charged = replace(case, charged_ordinal=event.ordinal, respond_by=event.statement.pay_by)
    if case.stage is Stage.CLOSED:  # known, should the claim be handed over anew
        return Decision(charged)
    return Decision(count_from_sending(replace(charged, stage=Stage.DEMAND_CHARGED)))


def undemanded(case: Case) -> Case:
    """The case once its demand has fallen or was lost: the next one is no second."""
    return replace(case, respond_by=None)


def hear_sent(case: Case, event: DeliveryAccepted) -> Decision:
    """The demand left: from this day its time is counted, whatever the letter says."""
    if event.ordinal < case.sent_ordinal:
        return Decision(case)
    sent = replace(
        case, sent_ordinal=event.ordinal, sent_on=event.sent_on, sent_channel=event.channel
    )
    return Decision(count_from_sending(sent))


def count_from_sending(case: Case) -> Case:
    """A charged demand whose letter has left is demanded, and its time known."""
    if case.stage is not Stage.DEMAND_CHARGED or case.sent_ordinal != case.charged_ordinal:
        return case
    assert case.respond_by is not None
    assert case.sent_on is not None
    assert case.sent_channel is not None
    filing_on = earliest_filing_on(case.respond_by, case.sent_on, case.sent_channel)
    return replace(case, stage=Stage.DEMANDED, next_on=filing_on)


def hear_stale(case: Case, event: DeliveryStale, today: date) -> Decision:
    """The letter could not leave in time: propose it anew, at no second cost (events.md 3.3)."""
    if event.ordinal != case.demand_ordinal:
        return Decision(case)
    if case.stage is Stage.CLOSED:
        return Decision(undemanded(case))
    if case.stage not in (Stage.DEMAND_PROPOSED, Stage.DEMAND_CHARGED):
        return Decision(case)
    return demand_anew(case, today)


def demand_anew(case: Case, today: date) -> Decision:
    """Propose the demand once more, under an ordinal of its own."""
    return take_step(replace(case, stage=Stage.OPENED, next_on=today), today)


def hear_undeliverable(case: Case, event: DeliveryFailed) -> Decision:
    """No channel would take the demand; the ledger takes its cost back, a person looks on."""
    if event.ordinal != case.demand_ordinal:
        return Decision(case)
    if case.stage is Stage.CLOSED:
        return Decision(undemanded(case))
    if case.stage not in (Stage.OPENED, Stage.DEMAND_PROPOSED, Stage.DEMAND_CHARGED):
        return Decision(case)
    after = replace(undemanded(case), stage=Stage.UNDELIVERABLE, next_on=None)
    return Decision(after, tasks=(Task("demand_undeliverable", event.reason),))


# The ledger's no.

ASKED = {
    ChargeKind.DEMAND: (Stage.DEMAND_PROPOSED, Stage.OPENED),
    ChargeKind.FILING: (Stage.FILING_PROPOSED, Stage.DEMANDED),
    ChargeKind.ENFORCEMENT: (Stage.ENFORCEMENT_PROPOSED, Stage.DECIDED),
}
"""The stage in which each answer is awaited, and the stage a refusal leads back to."""


def back_to_asking(case: Case, event: ChargeRefused) -> Case | None:
    """The case as it was before it asked; None where the refusal answers nothing."""
    if event.kind not in ASKED or event.reason is RefusalReason.ALREADY_CHARGED:
        return None
    awaited, before = ASKED[event.kind]  # a new yearly fee is asked for in another stage
    if case.stage is not awaited:
        return None
    return replace(case, stage=before)


def is_of_a_lost_demand(case: Case, event: ChargeRefused) -> bool:
    """Whether a demand proposed once more had been charged, and was told when nobody awaited it.

    The ledger tells of a charge before it refuses the repeat: one that is still awaited was passed
    by, for its letter was known to be lost. The next one needs an ordinal of its own.
    """
    repeated = event.kind is ChargeKind.DEMAND and event.reason is RefusalReason.ALREADY_CHARGED
    awaited = case.stage is Stage.DEMAND_PROPOSED and event.ordinal == case.demand_ordinal
    return repeated and awaited


def hear_refused_for_now(case: Case, event: ChargeRefused) -> Decision:
    """Too early or disputed: asked again on the next banking day, unless held by then.

    A decision of Kronofogden's that the ledger knows no application for is no matter of days.
    """
    if event.reason is RefusalReason.BARRED:
        return Decision(
            replace(case, stage=Stage.AWAITS_CREDITOR, lack=Lack.BARRED, next_on=None),
            tasks=(Task("claim_barred"),),
        )
    if event.reason is RefusalReason.TOO_EARLY and event.kind is ChargeKind.ENFORCEMENT:
        return Decision(replace(case, next_on=None), tasks=(Task("enforcement_too_early"),))
    return Decision(replace(case, next_on=add_banking_days(event.as_of, 1)))


def close(case: Case, reason: CloseReason, today: date) -> Decision:
    """End a case that Kronofogden does not have, or no longer has."""
    closed = CaseClosed(
        claim_id=case.claim_id,
        creditor_id=case.creditor_id,
        case_number=case.number,
        reason=reason,
        closed_on=today,
        filed=case.filed_on is not None,
        enforced=case.enforced_on is not None,
    )
    after = replace(case, stage=Stage.CLOSED, next_on=None, close_reason=reason)
    return Decision(after, (closed,))
