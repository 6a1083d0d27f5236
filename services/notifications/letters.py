"""Letters as people read them: facts in, subject, text and HTML out, in Swedish.

Pure: every amount and date is in the events that a letter quotes; this module only writes them the
Swedish way and puts them into `templates/`. The text is complete in itself; the HTML says the same.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contracts.envelope import Event
from contracts.invoicing import InvoiceCredited, InvoiceIssued
from contracts.notifications import Letter
from contracts.numbers.giro import format_bankgiro
from contracts.payments import DemandCharged, ReminderCharged
from contracts.terms import Component, DebtorKind, InterestKind, Statement
from law.costs import statutory_cost
from law.demand import DemandContent, DemandElement, missing_elements
from law.interest import Interest

OPERATOR = "Betalt"
"""Who sends on the creditor's behalf, as the recipient knows it."""

NBSP = "\N{NO-BREAK SPACE}"
MONTHS = (
    *("januari", "februari", "mars", "april", "maj", "juni", "juli"),
    *("augusti", "september", "oktober", "november", "december"),
)
COMPONENTS = {
    Component.CAPITAL: "Kapitalbelopp",
    Component.REMINDER_FEE: "Påminnelseavgift",
    Component.INTEREST: "Dröjsmålsränta",
    Component.DEMAND_COST: "Kostnad för inkassokrav",
    Component.INSTALMENT_COST: "Kostnad för amorteringsplan",
    Component.LATE_COMPENSATION: "Förseningsersättning",
    Component.FILING_FEE: "Ansökningsavgift till Kronofogden",
    Component.FILING_WORK: "Ombudsarvode",
    Component.ENFORCEMENT_FEE: "Grundavgift till Kronofogden",
}
"""What a claim consists of, in the words of law and Kronofogden; pages use the same."""


LABEL_WIDTH = 27


@dataclass(frozen=True, slots=True)
class Collector:
    """Who collects on the creditor's behalf, and where a debtor reaches him."""

    name: str
    address: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class About:
    """What every letter speaks of. `payee_bankgiro` is digits, and `payee_name` whose it is;
    `written_on` is the letter's day.

    `basis` is what the claim rests on as it was handed over; empty where it was not. `seller_email`
    is None where no mail can be sent there.
    """

    seller_name: str
    organisation_number: str
    seller_email: str | None
    recipient_name: str
    invoice: InvoiceIssued
    basis: str
    link: str
    payee_bankgiro: str
    payee_name: str
    collector: Collector
    written_on: date


@dataclass(frozen=True, slots=True)
class Written:
    """A letter ready to travel."""

    subject: str
    text: str
    html: str


def kronor(ore: int) -> str:
    """Öre as Swedes write kronor, `1 234,50 kr`, never broken over two lines."""
    whole, rest = divmod(abs(ore), 100)
    sign = "\N{MINUS SIGN}" if ore < 0 else ""
    return f"{sign}{whole:,}".replace(",", NBSP) + f",{rest:02}{NBSP}kr"


def percent(basis_points: int) -> str:
    """Basis points as `10,25 %`; a whole number goes without decimals."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}{f',{rest:02}' if rest else ''}{NBSP}%"


def rate(percent_: int) -> str:
    """A rate of VAT as `25 %`."""
    return f"{percent_}{NBSP}%"


def label(name: str) -> str:
    """What stands before a value in a text: in a column, unless it is longer than that."""
    return f"{name}: ".ljust(LABEL_WIDTH)


def day(on: date) -> str:
    """A date as `4 december 2026`."""
    return f"{on.day}{NBSP}{MONTHS[on.month - 1]}{NBSP}{on.year}"


def organisation_number(digits: str) -> str:
    """Ten digits as `556677-8899`."""
    return f"{digits[:6]}-{digits[6:]}"


def interest_rate(about: About) -> str | None:
    """The rate of late-payment interest in plain words; None where no notice of it was given."""
    terms = about.invoice.interest
    if not terms.notice_given:
        return None
    match terms.kind:
        case InterestKind.AGREED_FIXED:
            return f"{percent(terms.rate_bp or 0)} om året enligt avtal"
        case InterestKind.AGREED_OVER_REFERENCE:
            return f"referensräntan plus {percent(terms.rate_bp or 0)}enheter enligt avtal".replace(
                f"{NBSP}%enheter", " procentenheter"
            )
        case _:
            return "referensräntan plus 8 procentenheter enligt räntelagen"


def interest_onwards(about: About, statement: Statement) -> str | None:
    """What interest does after the statement's day; None where no more of it runs.

    Before its first day a letter only says when that is, and its rate where no amount is known yet.
    """
    a_day_ore, first_on = statement.interest_per_day_ore, statement.interest_from
    if first_on is not None and first_on > statement.as_of:
        begins = f"Dröjsmålsränta börjar löpa den {day(first_on)}"
        if a_day_ore:
            return f"{begins} med {kronor(a_day_ore)} om dagen."
        return f"{begins}, {terms}." if (terms := interest_rate(about)) else f"{begins}."
    if not a_day_ore:
        return None
    return (
        f"Dröjsmålsräntan fortsätter med {kronor(a_day_ore)} om dagen efter den "
        f"{day(statement.as_of)} tills du betalar."
    )


def missing_from_demand(about: About, statement: Statement) -> tuple[DemandElement, ...]:
    """What a demand would lack of inkassolagen (1974:182) 5 §; it may be sent when that is none.

    A statement that names no day of its own is due on the day it is made: that is no time to
    answer. No claim is transferred or pledged here, so point 3 asks for nothing.
    """
    return missing_elements(
        DemandContent(
            creditor_name=about.seller_name,
            basis=about.basis,
            assigned=False,
            assignment_notice="",
            capital_ore=statement.capital_ore,
            interest=Interest(tuple(statement.interest), statement.interest_ore),
            costs_ore=sum(cost.amount_ore for cost in statement.costs),
            total_ore=statement.total_ore,
            respond_by=statement.pay_by if statement.pay_by > statement.as_of else None,
            way_to_pay=statement.payee_bankgiro and statement.ocr,
            paid_ore=statement.paid_ore,
        )
    )


def write(letter: Letter, about: About, said: Event) -> Written:
    """Write a letter of a kind from the event that asked for it."""
    number = f"{about.invoice.number} från {about.seller_name}"
    more: dict[str, Any]
    match said:
        case InvoiceIssued():
            subject, more = f"Faktura {number}", _on_invoice(about)
        case InvoiceCredited():
            subject, more = f"Kreditfaktura på faktura {number}", _on_credit(about, said)
        case ReminderCharged():
            subject, more = f"Påminnelse: faktura {number}", _on_charge(about, said.statement)
        case DemandCharged():
            subject, more = f"Inkassokrav: faktura {number}", _on_charge(about, said.statement)
        case _:
            raise TypeError(f"no letter tells of {type(said).__name__}")
    fields = {
        "about": about,
        "invoice": about.invoice,
        "seller": about.seller_name,
        "operator": OPERATOR,
        "is_business": about.invoice.debtor_kind is DebtorKind.BUSINESS,
        "subject": subject,
        **more,
    }
    return Written(
        subject,
        _TEMPLATES.get_template(f"{letter}.txt").render(fields),
        _TEMPLATES.get_template(f"{letter}.html").render(fields),
    )


def _on_invoice(about: About) -> dict[str, Any]:
    """What happens if nobody pays (R-106): the law's own amounts of the day, not this claim's."""
    return {
        "bankgiro": format_bankgiro(about.payee_bankgiro),
        "interest_rate": interest_rate(about),
        "reminder_fee_ore": statutory_cost(Component.REMINDER_FEE, about.written_on).amount_ore,
        "demand_cost_ore": statutory_cost(Component.DEMAND_COST, about.written_on).amount_ore,
    }


def _on_credit(about: About, note: InvoiceCredited) -> dict[str, Any]:
    """The note, where it lies, and its VAT by rate: the invoice's own, all of which is credited.

    Mervärdesskattelagen (2023:200) 17 kap. 22-23 and 28 §§; seller, goods and sums by row stand on
    the note itself.
    """
    whole = note.credit_ore == about.invoice.total_ore
    return {
        "note": note,
        "note_link": f"{about.link}/kreditfaktura.pdf",
        "vat": [each for each in about.invoice.vat if each.vat_ore] if whole else [],
    }


def _on_charge(about: About, statement: Statement) -> dict[str, Any]:
    """The statement; whether interest was part paid, so that its segments say more than is owed."""
    accrued_ore = sum(segment.interest_ore for segment in statement.interest)
    return {
        "statement": statement,
        "interest_part_paid": bool(statement.interest) and accrued_ore != statement.interest_ore,
        "interest_onwards": interest_onwards(about, statement),
        "bankgiro": format_bankgiro(statement.payee_bankgiro.replace("-", "")),
    }


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "kronor": kronor,
        "percent": percent,
        "rate": rate,
        "label": label,
        "day": day,
        "organisation": organisation_number,
        "component": COMPONENTS.__getitem__,
    }
    return environment


_TEMPLATES = _environment()
