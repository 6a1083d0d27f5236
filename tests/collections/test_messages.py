"""What is sent to Kronofogden: the parties, the claim, its ground and its costs, to the öre."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from contracts.invoicing import PostalAddress
from contracts.payments import FilingCharged
from contracts.terms import Beneficiary, Component, ComponentAmount, StatementCost
from services.collections.domain import applications, messages, sending
from services.collections.domain import news as kronofogden
from services.collections.domain.cases import Case, Decision, Stage
from services.collections.domain.messages import LONGEST_GROUND
from tests.collections.builders import (
    COSTS,
    FILING_ON,
    enforcement_charged,
    filing_charged,
    handed_over,
    kinds,
    paid,
    part_paid,
)
from tests.collections.test_domain import NOW, applying, demanded, filed, filing, looked, news
from tests.collections.test_sending import DECIDED_ON, enforcing

CREDITORS = PostalAddress(street="Jobbstigen 2", postcode="12345", town="Grönköping")
PAID_ON = date(2026, 9, 28)


def written(case: Case | None = None, event: FilingCharged | None = None) -> dict[str, Any]:
    return dict(
        messages.application(
            case or filing(), event or filing_charged(), ombudskod="BETALT", now=NOW
        )
    )


def costing(costs: dict[Component, int], **changes: Any) -> FilingCharged:
    """A filing whose statement has other costs."""
    lines = tuple(
        StatementCost(component=c, amount_ore=ore, paragraph="§", beneficiary=Beneficiary.OPERATOR)
        for c, ore in costs.items()
    )
    event = filing_charged()
    stated = event.statement.model_copy(update={"costs": lines, **changes})
    return event.model_copy(update={"statement": stated})


def amounts(parts: Mapping[Any, int]) -> tuple[ComponentAmount, ...]:
    return tuple(ComponentAmount(component=name, amount_ore=ore) for name, ore in parts.items())


def paying(paid: Mapping[Any, int], left: Mapping[Any, int]) -> Any:
    """A part paid, of what, and what is left then."""
    left_ore = sum(left.values())
    changes = {"parts": amounts(paid), "remaining": amounts(left), "remaining_ore": left_ore}
    return part_paid().model_copy(update=changes)


def types(costs: list[dict[str, Any]]) -> dict[str, int]:
    return {cost["type"]: cost["amountOre"] for cost in costs}


# The application.


def test_an_application_holds_all_that_kronofogden_asks_for() -> None:
    """kronofogden.md 2 and 5.1."""
    handover = handed_over(
        creditor_address=CREDITORS,
        creditor_organisation_number="529999-9994",
        debtor_identity_number="19730724-5428",
    )
    message = written(replace(filing(), handover=handover))
    message.pop("messageId")
    assert message == {
        "kind": "payment_order_application",
        "reference": "INK-2026-000001",
        "ombudskod": "BETALT",
        "applicant": {
            "id": "5299999994",
            "name": "Exempelmåleriet AB",
            "address": {"street": "Jobbstigen 2", "postcode": "12345", "town": "Grönköping"},
        },
        "respondents": [
            {
                "id": "197307245428",
                "name": "Karin Exempel",
                "address": {"street": "Storgatan 1", "postcode": "11122", "town": "Stockholm"},
                "joint": False,
                "email": "karin@example.se",
            }
        ],
        "claims": [
            {
                "no": 1,
                "type": "capital",
                "amountOre": 4_500_00,
                "dueDate": "2026-08-31",
                "ground": "Kravet gäller målningsarbete i augusti 2026. Faktura 1042 utfärdad "
                "2026-08-01, förfallodag 2026-08-31.",
                "interest": {
                    "kind": "reference_plus",
                    "bp": 800,
                    "from": "2026-09-01",
                    "accruedOre": 43_15,
                    "accruedTo": "2026-10-05",
                },
            }
        ],
        "costs": [
            {"type": "reminder", "amountOre": 60_00},
            {"type": "inkasso", "amountOre": 180_00},
            {"type": "application_fee", "amountOre": 300_00},
            {"type": "ombudsarvode", "amountOre": 380_00},
        ],
        "enforcement": "none",
        "onContest": "ask",
        "signedBy": "BETALT",
        "signedAt": "2026-10-05T08:00:00+00:00",
    }


def test_what_is_not_known_of_a_party_is_left_out_and_long_names_are_cut() -> None:
    handover = handed_over(debtor_email=None, debtor_name="K" * 300, creditor_name="E" * 300)
    message = written(replace(filing(), handover=handover))
    (respondent,), applicant = message["respondents"], message["applicant"]
    assert "email" not in respondent
    assert applicant["address"] == {}
    assert len(respondent["name"]) == len(applicant["name"]) == 200


def test_late_compensation_is_claimed_and_what_is_no_cost_of_the_application_is_not() -> None:
    costs = {Component.LATE_COMPENSATION: 450_00, Component.REMINDER_FEE: 0}
    other = {Component.FILING_FEE: 300_00, Component.ENFORCEMENT_FEE: 600_00}
    message = written(event=costing(costs | other))
    assert types(message["costs"]) == {"late_compensation": 450_00, "application_fee": 300_00}


@pytest.mark.parametrize(
    ("interest_ore", "claimed_ore", "asked_ore"), [(0, 240_00, 920_00), (43_15, 283_15, 963_15)]
)
def test_a_claim_whose_capital_is_paid_is_filed_on_its_costs(
    interest_ore: int, claimed_ore: int, asked_ore: int
) -> None:
    """The last row of kronofogden.md 6: 920.00; the filing's own costs stand beside the claim."""
    stated = {"capital_ore": 0, "interest_ore": interest_ore, "capital_paid_on": PAID_ON}
    message = written(event=costing(COSTS, **stated))
    (claim,) = message["claims"]
    assert (claim["type"], claim["amountOre"]) == ("inkasso", claimed_ore)
    assert (claim["no"], claim["dueDate"], "interest" in claim) == (1, "2026-08-31", False)
    assert types(message["costs"]) == {"application_fee": 300_00, "ombudsarvode": 380_00}
    assert messages.asked_ore(message) == asked_ore
    assert claim["ground"].endswith(
        "Kravet avser endast kostnader och ränta: det ursprungliga kapitalet 4500,00 kr betalades "
        "2026-09-28. Inkassokrav sändes 2026-09-22."
    )


def test_a_claim_on_costs_says_no_day_that_nobody_knows() -> None:
    event = costing(COSTS, capital_ore=0)
    (claim,) = written(replace(filing(), sent_on=None), event)["claims"]
    assert claim["ground"].endswith("det ursprungliga kapitalet 4500,00 kr är reglerat.")


def test_a_ground_has_room_and_never_loses_what_costs_only_adds() -> None:
    long = replace(filing(), handover=handed_over(basis="målning, " * 400))
    (claim,) = written(long, costing(COSTS, capital_ore=0, capital_paid_on=PAID_ON))["claims"]
    for ground in (
        claim["ground"],
        messages.corrected({"claims": [claim]}, long)["claims"][0]["ground"],
    ):
        assert len(ground) <= LONGEST_GROUND
        assert ground.endswith("Inkassokrav sändes 2026-09-22.")


# Lowered before it was sent.


def test_a_lowered_application_keeps_its_rate_and_names_no_cost_that_is_paid() -> None:
    left = {Component.CAPITAL: 1, Component.INTEREST: 3_15, Component.DEMAND_COST: 180_00}
    message = messages.lowered(applying(), paying({}, left | {Component.REMINDER_FEE: 0}))
    (claim,) = message["claims"]
    before = (applying().application or {})["claims"][0]
    assert (claim["amountOre"], claim["type"]) == (1, "capital")
    assert claim["interest"] == before["interest"] | {"accruedOre": 3_15}
    assert message["costs"] == [{"type": "inkasso", "amountOre": 180_00}]
    assert messages.asked_ore(message) == 1 + 3_15 + 180_00


def test_a_claim_lowered_to_its_costs_bears_no_interest_and_is_lowered_again() -> None:
    left = {name: ore for name, ore in COSTS.items() if name is not Component.REMINDER_FEE}
    first = messages.lowered(applying(), paying({}, left | {Component.INTEREST: 43_15}))
    (claim,) = first["claims"]
    assert (claim["amountOre"], "interest" in claim) == (223_15, False)
    again = messages.lowered(replace(applying(), application=first), paying({}, left))
    assert again["claims"][0]["amountOre"] == 180_00
    assert again["claims"][0]["ground"] == claim["ground"], "the capital was paid on the first day"


# Reductions, withdrawals and enforcement.


@pytest.mark.parametrize(
    ("parts", "paid_ore"),
    [
        ({Component.INTEREST: 43_15}, 43_15),
        ({Component.INTEREST: 100_00}, 43_15),  # the rest was charged with enforcement
        ({Component.ENFORCEMENT_FEE: 600_00, Component.FILING_FEE: 1}, 1),
        ({Component.ENFORCEMENT_FEE: 600_00}, 0),
    ],
)
def test_only_what_meets_the_application_lowers_it(
    parts: dict[Component, int], paid_ore: int
) -> None:
    """And what does not is told only where Kronofogden enforces it."""
    event = paying(parts, {Component.CAPITAL: 4_500_00})
    (message,) = applications.hear_payment(filed(), event, FILING_ON).messages
    assert (message["paidOre"], message["newCapitalOre"]) == (paid_ore, 4_500_00)
    wire = looked(filed(), message)
    if not paid_ore:
        assert wire is None
        return
    assert wire == {name: value for name, value in message.items() if name != "leftOre"}
    assert (wire["kind"], wire["caseNumber"], wire["paidDate"]) == (
        *("reduction", "01-000001-26"),
        "2026-10-05",
    )


def test_a_change_of_enforcement_names_the_case_and_why() -> None:
    case = enforcing(begun=True)
    (part,) = applications.hear_payment(case, part_paid(), DECIDED_ON).messages
    ending = applications.hear_payment(case, paid(), DECIDED_ON)
    changes = [looked(case, part), looked(ending.case, ending.messages[0])]
    for change in changes:
        assert change["reference"] == "INK-2026-000001"
        assert change["caseNumber"] == "01-000001-26"
    assert changes[1]["reason"] == "paid"
    assert sending.look_again(ending.case, ending.messages[0], NOW).message == changes[1]


def test_enforcement_is_asked_for_with_every_amount_that_was_charged() -> None:
    case = replace(filed(Stage.DECIDED), decided_on=DECIDED_ON)
    charged = enforcement_charged(date(2026, 10, 26))  # later than the decision
    message = dict(messages.enforcement_application(case, charged))
    message.pop("messageId")
    assert message == {
        "kind": "enforcement_application",
        "reference": "INK-2026-000001",
        "caseNumber": "01-000001-26",
        "decidedAt": DECIDED_ON.isoformat(),
        "amounts": {
            "capitalOre": 4_500_00,
            "interestOre": 43_15,
            "costsOre": 920_00,
            "totalOre": 5_463_15,
        },
        "wish": "full",
    }


# Kronofogden's number, and ends that are not paid ones.


def test_kronofogdens_number_is_kept_as_it_is_told() -> None:
    unnumbered = replace(filed(), kronofogden_number=None)
    told = kronofogden.hear_news(unnumbered, news("confirmation"), FILING_ON)
    assert told.case.kronofogden_number == "01-000001-26"
    for silent in (news("served", caseNumber=None), news("served", caseNumber="")):
        after = kronofogden.hear_news(filed(), silent, FILING_ON).case
        assert after.kronofogden_number == "01-000001-26"


@pytest.mark.parametrize(
    ("told", "says", "tasks", "stage"),
    [
        (
            news("closed", reason="transferred_to_court"),
            ["CaseOutcomeHeard", "CaseClosed"],
            [],
            Stage.CLOSED,
        ),
        (news("closed", reason="lost"), [], ["unknown_news"], Stage.ENFORCEMENT),
        (
            news("final_report", outcome="settled"),
            ["CaseOutcomeHeard", "CaseClosed"],
            [],
            Stage.CLOSED,
        ),
        (news("final_report", outcome="exhausted"), ["CaseOutcomeHeard"], [], Stage.EXHAUSTED),
        (news("investigation_report"), [], [], Stage.ENFORCEMENT),
        (news("a_poem"), [], ["unknown_news"], Stage.ENFORCEMENT),
    ],
)
def test_every_kind_of_news_is_acted_on_known_to_need_nothing_or_shown_to_a_person(
    told: dict[str, Any], says: list[str], tasks: list[str], stage: Stage
) -> None:
    decision = kronofogden.hear_news(enforcing(begun=True), told, DECIDED_ON)
    assert kinds(decision.says) == says
    assert [task.kind for task in decision.tasks] == tasks
    assert (decision.case.stage, decision.case.next_on) == (stage, None)
    before = demanded(kronofogden_number="01-000001-26")
    assert kronofogden.hear_news(before, told, FILING_ON) == Decision(before)
