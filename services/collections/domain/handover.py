"""A claim handed over anew, or its debtor's details corrected: the ways on from a dead end.

What was ended is opened again under a number of its own, for Kronofogden knows the first one; a
claim that was demanded is not demanded twice, but goes on from its demand. What is open takes the
new details, and a case that waited for them goes on.
"""

from dataclasses import replace
from datetime import date

from contracts.envelope import Event
from contracts.invoicing import HandedToCollection
from law.banking_days import add_banking_days, is_banking_day, roll_forward
from services.collections.domain import messages
from services.collections.domain.cases import (
    Case,
    Decision,
    Lack,
    Stage,
    apply,
    count_from_sending,
    file_or_ask,
    open_case,
    opened,
    propose_filing,
    take_step,
)

MISSING = frozenset({Lack.IDENTITY_NUMBER, Lack.ADDRESS})


def hear_again(case: Case, event: HandedToCollection, today: date) -> Decision:
    """The creditor handed the claim over once more."""
    if case.stage is Stage.CLOSED:
        return _reopen(case, event, today)
    known = replace(case, handover=event)
    match case.stage:
        case Stage.UNDELIVERABLE:
            return demand_again(known, today)
        case Stage.REFUSED:
            return file_again(known, today)
        case Stage.AWAITS_CREDITOR if case.lack in MISSING and not case.held:
            return file_or_ask(known, today)
    return Decision(known)


def _reopen(case: Case, event: HandedToCollection, today: date) -> Decision:
    """Begin anew; ordinals go on, for the ledger has answered the earlier ones.

    One demand per debtor and claim is good practice (inkassolagen (1974:182) 4 §): a claim that
    was demanded goes on from the day its letter names, and no sooner than the next banking day.
    One whose demand is not known to be answered is proposed again as the same, which the ledger
    charges once (events.md 3.1).
    """
    first, _, times = case.number.partition("/")
    fresh = Case(
        claim_id=case.claim_id,
        creditor_id=case.creditor_id,
        number=f"{first}/{int(times or 1) + 1}",
        opened_on=today,
        handover=event,
        policy=case.policy,
        interest=case.interest,
        held=case.held,
        demand_ordinal=case.demand_ordinal,
        charged_ordinal=case.charged_ordinal,
        sent_ordinal=case.sent_ordinal,
        filing_ordinal=case.filing_ordinal,
        enforcement_ordinal=case.enforcement_ordinal,
    )
    gone = replace(fresh, sent_on=case.sent_on, sent_channel=case.sent_channel)
    if not case.is_demanded:
        unanswered = case.demand_ordinal > case.charged_ordinal
        if unanswered and not case.held and is_banking_day(today):
            fresh = replace(gone, demand_ordinal=case.demand_ordinal - 1)
        return open_case(fresh, today)
    demanded = count_from_sending(
        replace(gone, stage=Stage.DEMAND_CHARGED, respond_by=case.respond_by)
    )
    if demanded.next_on is not None:
        again_on = max(demanded.next_on, add_banking_days(today, 1))
        demanded = replace(demanded, next_on=again_on)
    return Decision(demanded, (opened(demanded),))


def hear_recipient_changed(case: Case, event: Event, today: date) -> Decision:
    """The debtor's contact details were corrected: a demand that no channel took goes again."""
    return demand_again(case, today) if case.stage is Stage.UNDELIVERABLE else Decision(case)


def demand_again(case: Case, today: date) -> Decision:
    """Demand anew, under a new ordinal: the ledger took back what the lost letter cost."""
    return take_step(replace(case, stage=Stage.OPENED, next_on=roll_forward(today)), today)


def file_again(case: Case, today: date) -> Decision:
    """Write a refused application anew from what is known now, and send it unless it is held."""
    assert case.application is not None
    counted = replace(case, stage=Stage.FILING_CHARGED, correction=case.correction + 1)
    rewritten = messages.corrected(case.application, counted)
    return apply(replace(counted, application=rewritten, next_on=today))


def resume(case: Case, today: date) -> Decision | None:
    """An operator lets a stopped case go on from where it stands; None where it is not stopped."""
    match case.stage:
        case Stage.UNDELIVERABLE:
            return demand_again(case, today)
        case Stage.REFUSED:
            return file_again(case, today)
        case Stage.AWAITS_CREDITOR if case.lack in MISSING and not case.held:
            decision = file_or_ask(case, today)
            return decision if decision.case != case else None
        case Stage.AWAITS_CREDITOR if case.lack is Lack.BARRED and not case.held:
            return propose_filing(case, today)
        case Stage.DECIDED if case.policy.enforcement and not case.held:
            return take_step(replace(case, next_on=today), today)
    return None
