"""The messages a filer may send, checked strictly: an unknown field or a wrong type is an error.

Wire names are camelCase, amounts whole öre, dates ISO 8601. What only the case can tell (does it
exist, is it open) is checked in `cases`.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    model_validator,
)
from pydantic.alias_generators import to_camel

MAX_COSTS_ORE = {
    "reminder": 6_000,  # lag (1981:739) 4 §
    "inkasso": 18_000,  # lag (1981:739) 4 §
    "late_compensation": 45_000,  # lag (1981:739) 4 a §
    "application_fee": 30_000,  # förordning (1992:1094) 1 §
    "ombudsarvode": 38_000,
    "own_work": 38_000,
}


def luhn(number: str) -> str:
    """Personal or organisation number, 10 or 12 digits, with a right check digit."""
    digits = [int(one) for one in number[-10:]]
    doubled = [one * (1 if place % 2 else 2) for place, one in enumerate(digits)]
    if sum(one - 9 if one > 9 else one for one in doubled) % 10:
        raise ValueError("the check digit is wrong")
    return number


Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Ground = Annotated[str, StringConstraints(min_length=10, max_length=2000, strip_whitespace=True)]
Identity = Annotated[
    str, StringConstraints(pattern=r"^([0-9]{2})?[0-9]{10}$"), AfterValidator(luhn)
]
Ore = Annotated[int, Field(strict=True, ge=0, le=10**13)]
PositiveOre = Annotated[int, Field(strict=True, gt=0, le=10**13)]
Number = Annotated[int, Field(strict=True, ge=1)]


class Part(BaseModel):
    """A part of a message."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class Applicant(Part):
    """The creditor (*sökande*)."""

    id: Identity
    name: Text
    address: dict[str, str | None] = {}


class Respondent(Applicant):
    """The debtor (*svarande*); `joint` when several owe together."""

    joint: bool = False
    email: Text | None = None
    phone: Text | None = None


class Interest(Part):
    """Interest of a claim: accrued to a day, and on which terms from then on."""

    kind: Literal["reference_plus", "fixed"]
    bp: Annotated[int, Field(strict=True, ge=0, le=100_000)]
    from_: date = Field(alias="from")
    accrued_ore: Ore
    accrued_to: date


class Claim(Part):
    """One claim with its ground."""

    no: Number
    type: Literal["capital", "inkasso", "late_compensation"]
    amount_ore: PositiveOre
    due_date: date
    interest: Interest | None = None
    ground: Ground


class Cost(Part):
    """One cost asked for, within what the law allows."""

    type: Literal[
        "reminder", "inkasso", "late_compensation", "application_fee", "ombudsarvode", "own_work"
    ]
    amount_ore: PositiveOre

    @model_validator(mode="after")
    def _within_the_law(self) -> "Cost":
        if self.amount_ore > MAX_COSTS_ORE[self.type]:
            raise ValueError(f"{self.type} may be at most {MAX_COSTS_ORE[self.type]} öre")
        return self


class Message(Part):
    """What every message carries; it is done once per `messageId`."""

    message_id: Text
    sequence: Number | None = None
    ombudskod: Text | None = None


class PaymentOrderApplication(Message):
    """Application for an order to pay (*ansökan om betalningsföreläggande*)."""

    kind: Literal["payment_order_application"]
    ombudskod: Text
    reference: Text
    applicant: Applicant
    respondents: Annotated[list[Respondent], Field(min_length=1)]
    claims: Annotated[list[Claim], Field(min_length=1)]
    costs: list[Cost]
    enforcement: Literal["full", "assets_only", "none"]
    on_contest: Literal["transfer", "drop", "ask"]
    signed_by: Text
    signed_at: AwareDatetime

    @model_validator(mode="after")
    def _costs_once(self) -> "PaymentOrderApplication":
        types = [one.type for one in self.costs]
        if len(set(types)) != len(types):
            raise ValueError("a cost is asked for twice")
        if {"inkasso", "late_compensation"} <= set(types):
            raise ValueError("inkasso and late_compensation exclude each other")
        if len({one.no for one in self.claims}) != len(self.claims):
            raise ValueError("two claims have the same number")
        return self


class AboutCase(Message):
    """A message about a case: by reference, and by case number once it is known."""

    reference: Text | None = None
    case_number: Text | None = None

    @model_validator(mode="after")
    def _names_a_case(self) -> "AboutCase":
        if self.reference is None and self.case_number is None and not getattr(self, "title", None):
            raise ValueError("reference or caseNumber is needed")
        return self


class Reduction(AboutCase):
    """Part of the claim was paid (*nedsättning*)."""

    kind: Literal["reduction"]
    new_capital_ore: Ore
    paid_ore: PositiveOre
    paid_date: date


class Withdrawal(AboutCase):
    """The filer takes the application back (*återkallelse*)."""

    kind: Literal["withdrawal"]
    reason: Text


class EnforcementApplication(AboutCase):
    """Application for enforcement (*verkställighet*) of a decided case, or of another title."""

    kind: Literal["enforcement_application"]
    title: Text | None = None
    decided_at: date | datetime
    amounts: Annotated[dict[str, Ore], Field(min_length=1)]
    wish: Literal["full", "assets_only"]


class EnforcementChange(AboutCase):
    """A new amount, a withdrawal or a respite (*uppskov*) in enforcement."""

    kind: Literal["enforcement_change"]
    change: Literal["amount", "withdrawal", "respite"]
    new_amount_ore: PositiveOre | None = None
    until: date | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _says_what(self) -> "EnforcementChange":
        needed = {"amount": self.new_amount_ore, "respite": self.until, "withdrawal": True}
        if needed[self.change] is None:
            raise ValueError("amount needs newAmountOre, respite needs until")
        return self


Incoming = (
    PaymentOrderApplication | Reduction | Withdrawal | EnforcementApplication | EnforcementChange
)
INCOMING: TypeAdapter[Incoming] = TypeAdapter(Annotated[Incoming, Field(discriminator="kind")])
