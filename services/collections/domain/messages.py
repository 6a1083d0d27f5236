"""What is sent to Kronofogden, as canonical content (kronofogden.md 5.1); amounts in öre.

A message's id is derived from what it is about, so that the same step always bears the same id.
Enforcement is never asked for in the application: the ledger prices it first, on its own day. Where
Kronofogden enforces, a reduction or a withdrawal is a change (*ändring*) of that, which is known
only when it leaves: `as_sent` chooses the words.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from contracts.invoicing import HandedToCollection, PostalAddress
from contracts.payments import EnforcementCharged, FilingCharged, PaymentAllocated
from contracts.terms import Component, InterestKind, InterestTerms, Statement
from services.collections.domain.cases import Case

COST_TYPES = {
    Component.REMINDER_FEE: "reminder",
    Component.DEMAND_COST: "inkasso",
    Component.LATE_COMPENSATION: "late_compensation",
    Component.FILING_FEE: "application_fee",
    Component.FILING_WORK: "ombudsarvode",
}
OF_THE_APPLICATION = frozenset({Component.CAPITAL, Component.INTEREST, *COST_TYPES})
_OTHER_COSTS = OF_THE_APPLICATION - {Component.FILING_FEE, Component.FILING_WORK}
STATUTORY_BP = 800
"""Räntelagen (1975:635) 6 §: the reference rate plus eight percentage points."""
LONGEST_GROUND = 1_900

Message = Mapping[str, Any]


def application(case: Case, event: FilingCharged, *, ombudskod: str, now: datetime) -> Message:
    """An application for an order to pay, with the amounts that the ledger charged."""
    statement = event.statement
    return {
        **_about(case, f"payment_order_application:{event.ordinal}"),
        "kind": "payment_order_application",
        "ombudskod": ombudskod,
        **_parties(case.handover),
        "claims": [_claim(case, statement)],
        "costs": _costs(statement),
        "enforcement": "none",
        "onContest": "ask",
        "signedBy": ombudskod,
        "signedAt": now.isoformat(),
    }


def enforcement_application(case: Case, event: EnforcementCharged) -> Message:
    """An application for enforcement of Kronofogden's decision."""
    statement = event.statement
    decided_on = case.decided_on or event.charged_on
    return {
        **_about(case, f"enforcement_application:{event.ordinal}"),
        **_case_number(case),
        "kind": "enforcement_application",
        "decidedAt": decided_on.isoformat(),
        "amounts": {
            "capitalOre": statement.capital_ore,
            "interestOre": statement.interest_ore,
            "costsOre": sum(cost.amount_ore for cost in statement.costs),
            "totalOre": statement.total_ore,
        },
        "wish": "full",
    }


def corrected(before: Message, case: Case) -> Message:
    """An application that Kronofogden refused, written anew from the case's present hand-over.

    It asks for the same money; its id is another, for Kronofogden keeps its answer to the first.
    """
    claim = dict(before["claims"][0])
    _, mark, costs_only = claim["ground"].partition(COSTS_ONLY)
    claim["ground"] = (_ground(case) + mark + costs_only)[:LONGEST_GROUND]
    claim["dueDate"] = case.handover.due_on.isoformat()
    what = f"payment_order_application:{case.filing_ordinal}:{case.correction}"
    return {**before, **_about(case, what), **_parties(case.handover), "claims": [claim]}


def asked_ore(application: Message) -> int:
    """All that an application asks for."""
    claims, costs = application["claims"], application["costs"]
    interest_ore = sum(int(claim.get("interest", {}).get("accruedOre", 0)) for claim in claims)
    return interest_ore + sum(int(part["amountOre"]) for part in (*claims, *costs))


def reduction(case: Case, event: PaymentAllocated) -> Message:
    """A part was paid (*nedsättning*). `leftOre` is not sent: it is what enforcement goes on for.

    Where the application claims only costs, they are its capital: what is left of them is the new
    one, and what was paid of the application's own costs is beside it.
    """
    application = case.application or {}
    paid = {part.component: part.amount_ore for part in event.parts}
    left = {part.component: part.amount_ore for part in event.remaining}
    claims = application.get("claims") or [{}]
    accrued_ore = claims[0].get("interest", {}).get("accruedOre", 0)
    if claims[0].get("type") == "inkasso":
        new_capital_ore = sum(ore for name, ore in left.items() if name in _OTHER_COSTS)
    else:
        new_capital_ore = left.get(Component.CAPITAL, 0)
        # Interest that was charged with enforcement is no part of the application.
        paid[Component.INTEREST] = min(paid.get(Component.INTEREST, 0), accrued_ore)
    return {
        **_about(case, f"reduction:{event.payment_id}"),
        **_case_number(case),
        "kind": "reduction",
        "newCapitalOre": new_capital_ore,
        "paidOre": sum(ore for name, ore in paid.items() if name in OF_THE_APPLICATION),
        "paidDate": event.paid_on.isoformat(),
        "leftOre": event.remaining_ore,
    }


def lowered(case: Case, event: PaymentAllocated) -> Message:
    """The case's application, never sent, after a part was paid: it claims what is left."""
    assert case.application is not None
    left = {part.component: part.amount_ore for part in event.remaining}
    kept = {COST_TYPES[name]: ore for name, ore in left.items() if name in COST_TYPES and ore > 0}
    claim = dict(case.application["claims"][0])
    interest_ore = left.get(Component.INTEREST, 0)
    if left.get(Component.CAPITAL, 0) > 0:
        claim["amountOre"] = left[Component.CAPITAL]
        if "interest" in claim:
            claim["interest"] = {**claim["interest"], "accruedOre": interest_ore}
    else:
        of_filing = {"application_fee", "ombudsarvode"}
        rest_ore = sum(ore for name, ore in kept.items() if name not in of_filing)
        claim.pop("interest", None)
        if claim["type"] != "inkasso":
            claim["ground"] = (_ground(case) + _costs_only(case, event.paid_on))[:LONGEST_GROUND]
        claim |= {"type": "inkasso", "amountOre": interest_ore + rest_ore}
        kept = {name: ore for name, ore in kept.items() if name in of_filing}
    costs = [{"type": name, "amountOre": ore} for name, ore in kept.items()]
    return {**case.application, "claims": [claim], "costs": costs}


def withdrawal(case: Case, cause: str, reason: str) -> Message:
    """The application is taken back (*återkallelse*); `cause` names what ended the case."""
    return {
        **_about(case, f"withdrawal:{cause}"),
        **_case_number(case),
        "kind": "withdrawal",
        "reason": reason,
    }


def as_sent(message: Message, *, enforcing: bool) -> Message | None:
    """The message in the words that fit the stage there; None where it then says nothing."""
    wire = {name: value for name, value in message.items() if name != "leftOre"}
    match message["kind"], enforcing:
        case "reduction", False:
            return wire if message["paidOre"] > 0 else None
        case "reduction", True:
            return {**_change(message), "change": "amount", "newAmountOre": message["leftOre"]}
        case "withdrawal", True:
            return {**_change(message), "change": "withdrawal", "reason": message["reason"]}
    return wire


def renewed(message: Message) -> Message:
    """The same message once more, under another id: it was answered, and not as it should be."""
    return {**message, "messageId": str(uuid5(UUID(message["messageId"]), "renewed"))}


def _change(message: Message) -> dict[str, Any]:
    about = {name: message[name] for name in ("reference", "caseNumber") if name in message}
    message_id = str(uuid5(UUID(message["messageId"]), "enforcement_change"))
    return {"messageId": message_id, **about, "kind": "enforcement_change"}


def _parties(handover: HandedToCollection) -> dict[str, Any]:
    respondent = {
        "id": _digits(handover.debtor_identity_number or ""),
        "name": handover.debtor_name[:200],
        "address": _address(handover.debtor_address),
        "joint": False,
    }
    if handover.debtor_email:
        respondent["email"] = handover.debtor_email[:200]
    applicant = {
        "id": _digits(handover.creditor_organisation_number),
        "name": handover.creditor_name[:200],
        "address": _address(handover.creditor_address),
    }
    return {"applicant": applicant, "respondents": [respondent]}


def _about(case: Case, what: str) -> dict[str, Any]:
    return {"messageId": str(uuid5(case.claim_id, what)), "reference": case.number}


def _case_number(case: Case) -> dict[str, Any]:
    return {"caseNumber": case.kronofogden_number} if case.kronofogden_number else {}


def _claim(case: Case, statement: Statement) -> dict[str, Any]:
    """Capital with its interest; or, where only costs and interest are left, the costs."""
    claim = {"no": 1, "dueDate": case.handover.due_on.isoformat(), "ground": _ground(case)}
    if statement.capital_ore > 0:
        interest = _interest(case.interest, statement)
        capital = {"type": "capital", "amountOre": statement.capital_ore}
        return {**claim, **capital, **({"interest": interest} if interest else {})}
    left_ore = statement.interest_ore + sum(
        cost.amount_ore for cost in statement.costs if not _is_of_filing(cost.component)
    )
    ground = (_ground(case) + _costs_only(case, statement.capital_paid_on))[:LONGEST_GROUND]
    return {**claim, "type": "inkasso", "amountOre": left_ore, "ground": ground}


def _interest(terms: InterestTerms, statement: Statement) -> dict[str, Any] | None:
    """Interest to the day and from then on; its first day may lie ahead (räntelagen 4 §)."""
    first_on = statement.interest[0].from_date if statement.interest else statement.interest_from
    if first_on is None:
        return None
    fixed = terms.kind is InterestKind.AGREED_FIXED
    return {
        "kind": "fixed" if fixed else "reference_plus",
        "bp": STATUTORY_BP if terms.rate_bp is None else terms.rate_bp,
        "from": first_on.isoformat(),
        "accruedOre": statement.interest_ore,
        "accruedTo": statement.as_of.isoformat(),
    }


def _costs(statement: Statement) -> list[dict[str, Any]]:
    only_costs = statement.capital_ore == 0
    return [
        {"type": COST_TYPES[cost.component], "amountOre": cost.amount_ore}
        for cost in statement.costs
        if cost.component in COST_TYPES
        and cost.amount_ore > 0
        and (_is_of_filing(cost.component) or not only_costs)
    ]


def _is_of_filing(component: Component) -> bool:
    return component in (Component.FILING_FEE, Component.FILING_WORK)


def _ground(case: Case) -> str:
    handover = case.handover
    ground = (
        f"Kravet gäller {handover.basis.rstrip('. ')}. Faktura {handover.invoice_number} "
        f"utfärdad {handover.issued_on}, förfallodag {handover.due_on}."
    )
    return ground[: LONGEST_GROUND - LONGEST_OF_COSTS_ONLY]


COSTS_ONLY = " Kravet avser endast kostnader och ränta: "
LONGEST_OF_COSTS_ONLY = 250


def _costs_only(case: Case, capital_paid_on: date | None) -> str:
    """What Kronofogden wants to read where the capital is paid (kronofogden.md 2)."""
    kronor, ore = divmod(case.handover.capital_ore, 100)
    paid = f"betalades {capital_paid_on}" if capital_paid_on else "är reglerat"
    demanded = f" Inkassokrav sändes {case.sent_on}." if case.sent_on else ""
    return f"{COSTS_ONLY}det ursprungliga kapitalet {kronor},{ore:02d} kr {paid}.{demanded}"


def _address(address: PostalAddress | None) -> dict[str, str]:
    if address is None:
        return {}
    return {"street": address.street, "postcode": address.postcode, "town": address.town}


def _digits(number: str) -> str:
    return "".join(digit for digit in number if digit.isdigit())
