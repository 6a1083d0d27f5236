"""The charge protocol: price and book a proposal, refuse it, or let it wait (events.md 3).

Nothing is charged after the ledger has heard that a claim is settled, credited, disputed or held.
Interest is posted only together with a charge: all that is due through the day, rounded once, less
what was posted before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import NamedTuple, cast

from contracts.envelope import Event
from contracts.ids import ClaimId, CreditorId
from contracts.payments import (
    CHARGED,
    ChargeDeferred,
    ChargeRefused,
    DeferralReason,
    RefusalReason,
    ReversalCause,
)
from contracts.terms import (
    BENEFICIARIES,
    ChargeKind,
    Component,
    DebtorKind,
    Statement,
    StatementCost,
)
from law.banking_days import effective_due_on, roll_forward
from law.costs import (
    Cost,
    CostFacts,
    CostRefusal,
    demand_cost,
    enforcement_fee,
    filing_costs,
    reminder_fee,
    statutory_cost,
    yearly_enforcement_fee,
)
from law.interest import Interest
from law.limitation import Interruption, InterruptionKind, is_barred, last_day, limitation_years
from law.rates import ReferenceRateMissingError, ReferenceRates
from services.payments.domain.claim import COMPONENTS, Claim
from services.payments.domain.draft import Decision, Draft
from services.payments.domain.history import FEES, Charge, ChargeState, History
from services.payments.domain.interest import (
    a_day,
    accrued,
    capital_changes,
    first_day,
    interest_from,
)
from services.payments.domain.rebooking import rebook
from services.payments.domain.reckoning import reckon

_NO_COST = frozenset({Component.CAPITAL, Component.INTEREST})


class Proposal(NamedTuple):
    """Somebody who knows *when* wants a step taken; one per claim, kind and ordinal."""

    claim_id: ClaimId
    creditor_id: CreditorId
    kind: ChargeKind
    ordinal: int
    as_of: date
    pay_by: date | None
    """None where the step names no day: it is due at once."""
    yearly: bool = False
    """Enforcement that goes on: its basic fee of a new year."""

    def moved_to(self, today: date) -> Proposal:
        """The proposal as it must be when it is answered later: it keeps its time to pay."""
        if today <= self.as_of:
            return self
        pay_by = self.pay_by and roll_forward(today + (self.pay_by - self.as_of))
        return self._replace(as_of=today, pay_by=pay_by)


@dataclass(frozen=True, slots=True)
class Prices:
    """What pricing needs from outside: rates in force, and where the debtor pays."""

    rates: ReferenceRates
    payee_bankgiro: str


def decide(claim: Claim, proposal: Proposal, history: History, prices: Prices) -> Decision:
    """Answer a proposal: charged with the whole statement, refused, or deferred."""
    if reason := refusal(claim, proposal, history):
        return Decision(claim, claim.book, says=(_refused(proposal, reason),))
    return price(claim, proposal, history, prices)


def price(claim: Claim, proposal: Proposal, history: History, prices: Prices) -> Decision:
    """Charge a step that nothing forbids, with the whole statement; or defer it."""
    changes = capital_changes(claim, history)
    try:
        interest = accrued(claim, changes, proposal.as_of, prices.rates)
        capital_ore = claim.open_ore(Component.CAPITAL)
        per_day_ore = a_day(claim, capital_ore, proposal.as_of, prices.rates)
    except ReferenceRateMissingError as missing:
        return _deferred(claim, proposal, missing.half_year)
    costs = _costs_of(claim, proposal, history)
    if _is_late(proposal, history):
        booked = _booked_late(claim, proposal, history, costs, interest.total_ore, prices)
    else:
        booked = _booked(claim, proposal, costs, interest.total_ore)
    bankgiro = prices.payee_bankgiro
    statement = _statement(booked.claim, proposal, interest, per_day_ore, bankgiro)
    if not capital_ore and claim.book.paid_ore:
        paid_on = max((day for day, _ in history.money), default=None)
        statement = statement.model_copy(update={"capital_paid_on": paid_on})
    charged = CHARGED[proposal.kind](
        claim_id=claim.claim_id,
        creditor_id=claim.creditor_id,
        ordinal=proposal.ordinal,
        charged_on=proposal.as_of,
        fee_ore=sum(cost.amount_ore for cost in costs),
        statement=statement,
        **({"yearly": True} if proposal.yearly else {}),
    )
    return booked._replace(says=(cast(Event, charged), *booked.says))


def _booked(claim: Claim, proposal: Proposal, costs: Sequence[Cost], accrued_ore: int) -> Decision:
    """Book a charge that is the last of the claim's facts."""
    draft = Draft(claim, proposal.as_of)
    for cost in costs:
        draft.owe(cost.component, cost.amount_ore)
    interest_ore = max(0, accrued_ore - draft.interest_posted_ore)
    draft.owe(Component.INTEREST, interest_ore)
    draft.interest_posted_ore += interest_ore
    draft.charged_on = proposal.as_of
    draft.in_case = draft.in_case or proposal.kind is ChargeKind.DEMAND
    charge = _charge(proposal, costs, interest_ore)
    return Decision(draft.written(), claim.book, tuple(draft.postings), charges=(charge,))


def _booked_late(
    claim: Claim,
    proposal: Proposal,
    history: History,
    costs: Sequence[Cost],
    accrued_ore: int,
    prices: Prices,
) -> Decision:
    """Book a charge before a fact of a later date: money of that date may be another's then."""
    charge = _charge(proposal, costs, accrued_ore)
    known = replace(history, charges=(*history.charges, charge))
    reckoning = reckon(claim, known, prices.rates)
    on = proposal.as_of
    decision = rebook(claim, known, reckoning, cause=ReversalCause.PAYMENT, on=on, today=on)
    last = max(on, claim.book.charged_on or on)
    return decision._replace(
        claim=decision.claim.with_book(decision.claim.book._replace(charged_on=last)),
        charges=(charge, *decision.charges),
    )


def _is_late(proposal: Proposal, history: History) -> bool:
    """Whether a fact is known of a day after the proposal's."""
    on = proposal.as_of
    return (
        any(one.paid_on > on for one in history.met)
        or any(counts_on > on for counts_on, _ in history.credits)
        or any(charge.charged_on > on for charge in history.standing if charge.charged_on)
    )


def refusal(claim: Claim, proposal: Proposal, history: History) -> RefusalReason | None:
    """Why the ledger says no to a proposal; None if it does not."""
    if any(
        charge.kind is proposal.kind
        and charge.ordinal == proposal.ordinal
        and charge.state is not ChargeState.DEFERRED
        for charge in history.charges
    ):
        return RefusalReason.ALREADY_CHARGED
    if claim.is_credited:
        return RefusalReason.CREDITED
    if claim.is_settled:
        return RefusalReason.SETTLED
    if claim.book.disputes:
        return RefusalReason.DISPUTED
    if claim.book.on_hold:
        return RefusalReason.ON_HOLD
    if proposal.as_of <= effective_due_on(claim.due_on) or _comes_too_early(proposal, history):
        return RefusalReason.TOO_EARLY
    if _is_barred(claim, history, proposal.as_of):
        return RefusalReason.BARRED
    return None


def _comes_too_early(proposal: Proposal, history: History) -> bool:
    """Each step needs the one before it: inkassolagen (1974:182) 6 §, and an order to enforce."""
    standing = history.standing if history.charges else ()
    if proposal.kind is ChargeKind.FILING:
        respond_by = [c.pay_by for c in standing if c.kind is ChargeKind.DEMAND and c.pay_by]
        return not respond_by or proposal.as_of <= effective_due_on(max(respond_by))
    if proposal.kind is ChargeKind.ENFORCEMENT:
        return not any(charge.kind is ChargeKind.FILING for charge in standing)
    return False


def _is_barred(claim: Claim, history: History, on: date) -> bool:
    """Preskriptionslagen (1981:130) 8 §; a payment acknowledges the debt (5 § 1).

    Letters interrupt only when they are known to have been received, which nobody tells the ledger:
    so a claim is held barred rather too early than too late.
    """
    years = limitation_years(claim.debtor)
    if not is_barred(last_day(claim.arose_on, years), on):
        return False
    paid = [Interruption(InterruptionKind.ACKNOWLEDGED, day) for day, _ in history.money]
    return is_barred(last_day(claim.arose_on, years, paid), on)


def _costs_of(claim: Claim, proposal: Proposal, history: History) -> tuple[Cost, ...]:
    if proposal.yearly:
        fee = yearly_enforcement_fee(claim.book.remaining_ore, proposal.as_of)
        return () if isinstance(fee, CostRefusal) else (fee,)
    charged = frozenset(FEES[c.kind] for c in history.charges if c.stands and c.fee_ore)
    return _costs(
        proposal.kind,
        claim.debtor,
        claim.due_on,
        claim.reminder_fee_agreed,
        interest_from(claim),
        charged,
        proposal.as_of,
    )


@lru_cache(maxsize=4096)
def _costs(
    kind: ChargeKind,
    debtor: DebtorKind,
    due_on: date,
    reminder_fee_agreed: bool,
    interest_start: date | None,
    charged: frozenset[Component],
    on: date,
) -> tuple[Cost, ...]:
    """The costs of one step; none where they were charged before or are not owed."""
    if FEES[kind] in charged:
        return ()
    if kind is ChargeKind.FILING:
        return filing_costs(on)
    if kind is ChargeKind.ENFORCEMENT:
        return (enforcement_fee(on),)
    facts = CostFacts(debtor, due_on, reminder_fee_agreed, interest_start, charged)
    cost = (reminder_fee if kind is ChargeKind.REMINDER else demand_cost)(facts, on)
    return () if isinstance(cost, CostRefusal) else (cost,)


def _charge(proposal: Proposal, costs: Iterable[Cost], interest_ore: int) -> Charge:
    ore = {cost.component: cost.amount_ore for cost in costs}
    return Charge(
        proposal.claim_id,
        proposal.creditor_id,
        proposal.kind,
        proposal.ordinal,
        ChargeState.CHARGED,
        proposal.as_of,
        proposal.pay_by,
        proposal.as_of,
        ore.get(FEES[proposal.kind], 0),
        ore.get(Component.FILING_WORK, 0),
        interest_ore,
    )


def _statement(
    claim: Claim, proposal: Proposal, interest: Interest, per_day_ore: int, payee_bankgiro: str
) -> Statement:
    capital_ore = claim.open_ore(Component.CAPITAL)
    return Statement(
        as_of=proposal.as_of,
        pay_by=proposal.pay_by or proposal.as_of,
        capital_ore=capital_ore,
        interest_ore=claim.open_ore(Component.INTEREST),
        interest=interest.segments,
        interest_per_day_ore=per_day_ore,
        costs=tuple(
            _statement_cost(component, ore, proposal.as_of)
            for component, ore in zip(COMPONENTS, claim.book.open_ore, strict=True)
            if ore and component not in _NO_COST
        ),
        paid_ore=claim.book.paid_ore,
        total_ore=claim.book.remaining_ore,
        ocr=claim.ocr,
        payee_bankgiro=payee_bankgiro,
        interest_from=first_day(claim) if capital_ore else None,
    )


@lru_cache(maxsize=4096)
def _statement_cost(component: Component, amount_ore: int, on: date) -> StatementCost:
    return StatementCost(
        component=component,
        amount_ore=amount_ore,
        paragraph=statutory_cost(component, on).paragraph,
        beneficiary=BENEFICIARIES[component],
    )


def _refused(proposal: Proposal, reason: RefusalReason) -> ChargeRefused:
    return ChargeRefused(
        claim_id=proposal.claim_id,
        creditor_id=proposal.creditor_id,
        kind=proposal.kind,
        ordinal=proposal.ordinal,
        reason=reason,
        as_of=proposal.as_of,
    )


def _deferred(claim: Claim, proposal: Proposal, half_year: date) -> Decision:
    waits = Charge(
        proposal.claim_id,
        proposal.creditor_id,
        proposal.kind,
        proposal.ordinal,
        ChargeState.DEFERRED,
        proposal.as_of,
        proposal.pay_by,
        half_year=half_year,
    )
    deferred = ChargeDeferred(
        claim_id=proposal.claim_id,
        creditor_id=proposal.creditor_id,
        kind=proposal.kind,
        ordinal=proposal.ordinal,
        reason=DeferralReason.NO_REFERENCE_RATE,
        half_year=half_year,
        as_of=proposal.as_of,
    )
    return Decision(claim, claim.book, charges=(waits,), says=(deferred,))
