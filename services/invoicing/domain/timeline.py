"""What became of an invoice, told in Swedish by what every service said about it.

A row holds a code, a date, an amount and a detail; the words are put in when it is read, so that a
better wording reaches old invoices too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from contracts.collections import (
    CaseClosed,
    CaseFiled,
    CaseOpened,
    CaseOutcomeHeard,
    CaseWithdrawn,
    ClaimDisputed,
    DisputeSettled,
)
from contracts.envelope import Event
from contracts.notifications import DeliveryAccepted, DeliveryFailed, DeliveryOpened
from contracts.payments import (
    ChargeRefused,
    ChargeReversed,
    ClaimReopened,
    ClaimSettled,
    DemandCharged,
    EnforcementCharged,
    FilingCharged,
    PaymentAllocated,
    ReminderCharged,
)
from contracts.terms import BENEFICIARIES, Beneficiary


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened: a code of `TEXTS`, its day, and what fills the words."""

    what: str
    on: date
    amount_ore: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the timeline as shown. `at` orders entries of one day."""

    on: date
    at: datetime
    what: str
    text: str
    amount_ore: int | None
    operators_ore: int | None = None
    """What of a payment is the operator's: no payout to the company will have it."""


def _operators(paid: PaymentAllocated) -> str | None:
    """The öre of a payment that met the operator's components, as a detail; None for none."""
    parts = (p.amount_ore for p in paid.parts if BENEFICIARIES[p.component] is Beneficiary.OPERATOR)
    return str(sum(parts) or "") or None


TELLS: dict[type[Event], Callable[[Any], Told]] = {
    PaymentAllocated: lambda e: Told(
        "paid" if e.settled else "part_paid", e.paid_on, e.amount_ore, _operators(e)
    ),
    ClaimSettled: lambda e: Told("settled", e.as_of, detail=e.how.value),
    ClaimReopened: lambda e: Told("reopened", e.as_of, e.remaining_ore),
    ReminderCharged: lambda e: Told(
        "reminder_charged", e.charged_on, e.statement.total_ore, e.statement.pay_by.isoformat()
    ),
    DemandCharged: lambda e: Told(
        "demand_charged", e.charged_on, e.statement.total_ore, e.statement.pay_by.isoformat()
    ),
    FilingCharged: lambda e: Told("filing_charged", e.charged_on, e.statement.total_ore),
    EnforcementCharged: lambda e: Told(
        "enforcement_year" if e.yearly else "enforcement_charged",
        e.charged_on,
        e.statement.total_ore,
    ),
    ChargeRefused: lambda e: Told("charge_refused", e.as_of, detail=f"{e.kind}/{e.reason}"),
    ChargeReversed: lambda e: Told("charge_reversed", e.reversed_on, e.amount_ore, e.kind.value),
    CaseOpened: lambda e: Told("case_opened", e.opened_on, detail=e.case_number),
    CaseFiled: lambda e: Told("case_filed", e.filed_on, e.amount_ore),
    CaseOutcomeHeard: lambda e: Told("case_outcome", e.heard_on, detail=e.outcome.value),
    CaseWithdrawn: lambda e: Told("case_withdrawn", e.withdrawn_on),
    CaseClosed: lambda e: Told("case_closed", e.closed_on, detail=e.reason.value),
    ClaimDisputed: lambda e: Told("disputed", e.objected_on, e.disputed_ore),
    DisputeSettled: lambda e: Told("dispute_settled", e.settled_on, detail=e.outcome.value),
    DeliveryAccepted: lambda e: Told("sent", e.sent_on, detail=f"{e.letter}/{e.channel}"),
    DeliveryOpened: lambda e: Told("opened", e.opened_on),
    DeliveryFailed: lambda e: Told("delivery_failed", e.failed_on, detail=e.letter.value),
}
"""What each event that is followed tells."""

PAYMENTS = ("paid", "part_paid")
"""The codes whose detail is the operator's part of a payment, in öre."""

TEXTS = {
    "issued": "Fakturan skapades",
    "paid": "Betalningen kom in, fakturan är betald",
    "part_paid": "En delbetalning kom in",
    "settled": "Fakturan är reglerad genom {detail}",
    "reopened": "Fakturan är obetald igen",
    "reminder_charged": "En påminnelse skapades, att betala",
    "demand_charged": "Ett inkassokrav skapades, att betala",
    "filing_charged": "Ansökan till Kronofogden skapades, att betala",
    "enforcement_charged": "Utmätning begärdes, att betala",
    "enforcement_year": "Utmätningen gick in på ett nytt år, grundavgift togs, att betala",
    "charge_refused": "{detail}",
    "charge_reversed": "Kostnaden för {detail} togs tillbaka",
    "case_opened": "Inkassoärende {detail} öppnades",
    "case_filed": "Ansökan lämnades till Kronofogden",
    "case_outcome": "Kronofogden: {detail}",
    "case_withdrawn": "Ansökan hos Kronofogden återkallades",
    "case_closed": "Inkassoärendet avslutades: {detail}",
    "disputed": "Kunden bestrider fakturan",
    "dispute_settled": "Bestridandet är avslutat: {detail}",
    "sent": "{detail}",
    "opened": "Kunden öppnade fakturan",
    "delivery_failed": "{detail} kunde inte levereras",
    "payout_ordered": "Utbetalning till dig beställdes",
    "payout_settled": "Pengarna är utbetalda till dig",
    "payout_rejected": "Banken avvisade utbetalningen",
    "credited": "Fakturan krediterades, kreditfaktura {detail}",
    "handed_over": "Fakturan lämnades till inkasso",
}

_LETTERS = {
    "invoice": "Fakturan",
    "credit_note": "Kreditfakturan",
    "reminder": "Påminnelsen",
    "demand": "Inkassokravet",
}
_CHANNELS = {"email": "med e-post", "paper": "på papper"}
_KINDS = {
    "reminder": "påminnelsen",
    "demand": "inkassokravet",
    "filing": "ansökan",
    "enforcement": "utmätningen",
}
_REASONS = {
    "settled": "fakturan är betald",
    "credited": "fakturan är krediterad",
    "disputed": "fakturan är bestridd",
    "on_hold": "fakturan är pausad",
    "already_charged": "det är redan gjort",
    "too_early": "det är för tidigt",
    "barred": "fordran är preskriberad",
}
_WORDS = {
    "settled": {"credit": "kreditering", "write_off": "avskrivning", "reversal": "rättelse"},
    "charge_reversed": _KINDS,
    "delivery_failed": _LETTERS,
    "case_outcome": {
        "confirmed": "ansökan är mottagen",
        "served": "kunden är delgiven",
        "service_failed": "kunden kunde inte delges",
        "contested": "kunden har bestritt kravet",
        "decided": "utslag är meddelat",
        "dismissed": "ansökan avvisades",
        "closed": "målet är avslutat",
        "exhausted": "det finns inga tillgångar att utmäta",
    },
    "case_closed": {
        "paid": "skulden är betald",
        "credited": "fakturan är krediterad",
        "creditor_withdrew": "på din begäran",
        "dismissed": "ansökan avvisades",
        "disputed": "skulden är tvistig",
    },
    "dispute_settled": {"upheld": "kunden fick rätt", "withdrawn": "fakturan gäller"},
}


ASKS = {"reminder_charged": "reminder", "demand_charged": "demand"}
"""What asks the debtor to pay by a day of its own, and how it is named when it is taken back."""


def pay_by(told: Iterable[Told], due_on: date) -> date | None:
    """The day by which the debtor has been asked to pay: the latest that stands, else the due date.

    None where a letter was told before its day was kept.
    """
    entries = list(told)
    days: list[date | None] = []
    for what, kind in ASKS.items():
        asked = [each for each in entries if each.what == what]
        taken_back = [e for e in entries if (e.what, e.detail) == ("charge_reversed", kind)]
        if len(asked) > len(taken_back):
            days += [date.fromisoformat(e.detail) if e.detail else None for e in asked]
    known = [day for day in days if day is not None]
    return max(known, default=due_on) if len(known) == len(days) else None


def wording(what: str, detail: str | None) -> str:
    """The Swedish sentence of a code; an unknown detail is shown as it is."""
    return TEXTS[what].format(detail=_detail(what, detail or ""))


def _detail(what: str, detail: str) -> str:
    if what == "sent":
        letter, _, channel = detail.partition("/")
        return f"{_LETTERS.get(letter, letter)} skickades {_CHANNELS.get(channel, channel)}"
    if what == "charge_refused":
        kind, _, reason = detail.partition("/")
        step = _KINDS.get(kind, kind)
        return f"{step.capitalize()} gjordes inte: {_REASONS.get(reason, reason)}"
    return _WORDS.get(what, {}).get(detail, detail)


def tell(told: list[tuple[datetime, Told]], *, issued_on: date) -> list[Entry]:
    """The timeline, oldest first: by day, then by when it was told, but made before all else.

    An invoice is written in another statement than its news, and has no instant of its own.
    """
    entries = [_entry(datetime.combine(issued_on, time(), UTC), Told("issued", issued_on))]
    entries += [_entry(at, each) for at, each in told]
    return sorted(entries, key=lambda entry: (entry.on, entry.what != "issued", entry.at))


def _entry(at: datetime, told: Told) -> Entry:
    operators_ore = int(told.detail) if told.what in PAYMENTS and told.detail else None
    text = wording(told.what, told.detail)
    return Entry(told.on, at, told.what, text, told.amount_ore, operators_ore)
