"""What is sent to Kronofogden, as canonical content (kronofogden.md 5.1); amounts in öre.

A message's id is derived from what it is about, so that the same step always bears the same id.
Enforcement is never asked for in the application: the ledger prices it first, on its own day.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid5

from contracts.invoicing import PostalAddress
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
STATUTORY_BP = 800
"""Räntelagen (1975:635) 6 §: the reference rate plus eight percentage points."""
LONGEST_GROUND = 1_900

Message = Mapping[str, Any]


def application(case: Case, event: FilingCharged, *, ombudskod: str, now: datetime) -> Message:
    """An application for an order to pay, with the amounts that the ledger charged."""
    handover, statement = case.handover, event.statement
    return {
        **_about(case, f"payment_order_application:{event.ordinal}"),
        "kind": "payment_order_application",
        "ombudskod": ombudskod,
        "applicant": {
            "id": _digits(handover.creditor_organisation_number),
            "name": handover.creditor_name[:200],
            "address": {},
        },
        "respondents": [
            {
                "id": _digits(handover.debtor_identity_number or ""),
                "name": handover.debtor_name[:200],
                "address": _address(handover.debtor_address),
                "joint": False,
            }
        ],
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


def reduction(case: Case, event: PaymentAllocated) -> Message | None:
    """A part was paid (*nedsättning*); None where nothing Kronofogden claims was paid."""
    paid_ore = sum(part.amount_ore for part in event.parts if part.component in OF_THE_APPLICATION)
    if paid_ore <= 0:
        return None
    left = {part.component: part.amount_ore for part in event.remaining}
    return {
        **_about(case, f"reduction:{event.payment_id}"),
        **_case_number(case),
        "kind": "reduction",
        "newCapitalOre": left.get(Component.CAPITAL, 0),
        "paidOre": paid_ore,
        "paidDate": event.paid_on.isoformat(),
    }


def lowered(application: Message, event: PaymentAllocated) -> Message:
    """An application that was never sent, after a part was paid: it claims what is left."""
    left = {part.component: part.amount_ore for part in event.remaining}
    kept = {COST_TYPES[name]: ore for name, ore in left.items() if name in COST_TYPES and ore > 0}
    claim = dict(application["claims"][0])
    interest_ore = left.get(Component.INTEREST, 0)
    if left.get(Component.CAPITAL, 0) > 0:
        claim["amountOre"] = left[Component.CAPITAL]
        if "interest" in claim:
            claim["interest"] = {**claim["interest"], "accruedOre": interest_ore}
    else:
        of_filing = {"application_fee", "ombudsarvode"}
        rest_ore = sum(ore for name, ore in kept.items() if name not in of_filing)
        claim.pop("interest", None)
        claim |= {"type": "inkasso", "amountOre": interest_ore + rest_ore}
        kept = {name: ore for name, ore in kept.items() if name in of_filing}
    costs = [{"type": name, "amountOre": ore} for name, ore in kept.items()]
    return {**application, "claims": [claim], "costs": costs}


def withdrawal(case: Case, cause: str, reason: str) -> Message:
    """The application is taken back (*återkallelse*); `cause` names what ended the case."""
    return {
        **_about(case, f"withdrawal:{cause}"),
        **_case_number(case),
        "kind": "withdrawal",
        "reason": reason,
    }


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
    return {**claim, "type": "inkasso", "amountOre": left_ore}


def _interest(terms: InterestTerms, statement: Statement) -> dict[str, Any] | None:
    if not statement.interest:
        return None
    fixed = terms.kind is InterestKind.AGREED_FIXED
    return {
        "kind": "fixed" if fixed else "reference_plus",
        "bp": STATUTORY_BP if terms.rate_bp is None else terms.rate_bp,
        "from": statement.interest[0].from_date.isoformat(),
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
    return ground[:LONGEST_GROUND]


def _address(address: PostalAddress | None) -> dict[str, str]:
    if address is None:
        return {}
    return {"street": address.street, "postcode": address.postcode, "town": address.town}


def _digits(number: str) -> str:
    return "".join(digit for digit in number if digit.isdigit())
