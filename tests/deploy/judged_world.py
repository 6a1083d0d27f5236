"""A small world in which everything is right, written out by hand, for the judge's own tests.

One due date (2026-04-01, before Easter), 1 000 kr each, ten percent a year. `BRF` never collects by
itself, `AB` does. The amounts are worked out in the comments, not taken from any code.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from deploy.chaos.judge.records import (
    Balance,
    CaseRow,
    ChargeRow,
    ClaimRow,
    Collected,
    Company,
    Deed,
    DeliveryRow,
    Deposit,
    Evidence,
    InvoiceRow,
    Issued,
    KronofogdenCase,
    LadderRow,
    Mail,
    Message,
    NoteRow,
    PaymentRow,
    PayoutRow,
    Transfer,
)

ISSUED_ON, DUE_ON, LAST_DAY = date(2026, 3, 2), date(2026, 4, 1), date(2026, 5, 4)
DAYS = tuple(ISSUED_ON + timedelta(days=n) for n in range((LAST_DAY - ISSUED_ON).days + 1))
REMINDED_ON = date(2026, 4, 7)
"""Good Friday and Easter Monday lie between: two banking days after the first of April."""
DEMANDED_ON, FILED_ON = date(2026, 4, 17), date(2026, 4, 29)
TOTAL = 1000_00
COMPONENTS = [
    "capital",
    "reminder_fee",
    "interest",
    "demand_cost",
    "instalment_cost",
    "late_compensation",
    "filing_fee",
    "filing_work",
    "enforcement_fee",
]

PAID, TWICE, REMINDED, FILED, CREDITED, LATE = (
    f"00000000-0000-7000-8000-00000000000{n}" for n in range(1, 7)
)
OWNER = {PAID: "AB", TWICE: "AB", REMINDED: "BRF", FILED: "AB", CREDITED: "BRF", LATE: "AB"}
NUMBER = {PAID: 1, TWICE: 2, FILED: 3, LATE: 4, REMINDED: 1, CREDITED: 2}
LETTER = "10000000-0000-7000-8000-0000000000{:02d}"
PAYOUT = "20000000-0000-7000-8000-000000000001"
EMAIL = "karin@post.example"
STATED_ON = date(2026, 4, 27)
"""The eighth day after the demand is a Saturday."""
# 1 000 kr at 10 %: 6 days 1.64, 16 days 4.38, 28 days 7.67.
OPEN: Mapping[str, Mapping[str, int]] = {
    REMINDED: {"capital": TOTAL, "reminder_fee": 60_00, "interest": 1_64},
    FILED: {
        "capital": TOTAL,
        "reminder_fee": 60_00,
        "demand_cost": 180_00,
        "filing_fee": 300_00,
        "filing_work": 380_00,
        "interest": 7_67,
    },
}
OVERPAID = {TWICE: TOTAL}
IN_FULL = (PAID, TWICE, LATE)
CHARGES = (
    ChargeRow(REMINDED, "reminder", 1, True, REMINDED_ON, 60_00, 1_64),
    ChargeRow(FILED, "reminder", 1, True, REMINDED_ON, 60_00, 1_64),
    ChargeRow(FILED, "demand", 1, True, DEMANDED_ON, 180_00, 2_74, pay_by=STATED_ON),
    ChargeRow(FILED, "filing", 1, True, FILED_ON, 680_00, 3_29),
    ChargeRow(LATE, "reminder", 1, False, REMINDED_ON, 60_00, 1_64, "payment"),
)
APPLICATION = Message(
    "M1",
    "payment_order_application",
    "CASE-1",
    ok=True,
    received_on=FILED_ON,
    claimed_ore=sum(OPEN[FILED].values()),
)
WITHDRAWAL = Message("M2", "withdrawal", "CASE-1", ok=True, received_on=LAST_DAY)
COSTS = 860_00
"""The operator's of what `FILED` owes: demand, application and the work with it."""
LEAST = {"invoices issued": 6, "reminded": 2, "filed": 1, "taken back": 1, "payouts settled": 1}


def world() -> Evidence:
    """Everything as it must be."""
    claims = {claim_id: _claim(claim_id) for claim_id in OWNER}
    return Evidence(
        days=DAYS,
        companies={
            "AB": Company("AB", automatic_collection=True, payout_account="5050-1055"),
            "BRF": Company("BRF", payout_account="991-2346"),
        },
        issued={claim_id: _issued(claim_id) for claim_id in OWNER},
        deeds=(Deed(CREDITED, "credit", date(2026, 3, 10), 1, number=3),),
        deposits=tuple(_deposits()),
        transfers=(Transfer("P1", 3 * TOTAL, "50501055", False, LAST_DAY, LAST_DAY),),
        bank_balance_ore=TOTAL,
        mails=tuple(Mail(f"<{d.delivery_id}@betalt.example>", EMAIL) for d in _letters()),
        messages=(APPLICATION,),
        kronofogden={"CASE-1": KronofogdenCase("CASE-1", "served", TOTAL, 7_67, 920_00, FILED_ON)},
        invoices={claim_id: _invoice(claim_id) for claim_id in OWNER},
        notes=(NoteRow(CREDITED, "BRF", 3, TOTAL),),
        claims=claims,
        charges=CHARGES,
        payments=tuple(_payments()),
        payouts=(PayoutRow(PAYOUT, "P1", "AB", 3 * TOTAL, "settled"),),
        balances=tuple(_balances(claims)),
        ladders={claim_id: _ladder(claim_id) for claim_id in OWNER},
        cases={FILED: CaseRow(FILED, "CASE-1", open=True)},
        deliveries=tuple(_letters()),
    )


def withdrawn() -> Evidence:
    """The same, but on the last day `FILED` pays all, and the application is taken back."""
    evidence, owed = world(), sum(OPEN[FILED].values())
    claim, register = evidence.claims[FILED], evidence.kronofogden["CASE-1"]
    invoice, ladder = evidence.invoices[FILED], evidence.ladders[FILED]
    paid = replace(claim, open_ore=dict.fromkeys(COMPONENTS, 0), paid_ore=owed)
    claims = {**evidence.claims, FILED: paid}
    shown = replace(invoice, remaining_ore=0, settled=True, in_collection=False, filed=False)
    return changed(
        evidence,
        deposits=(
            *evidence.deposits,
            Deposit("B5", _ocr(FILED), owed, LAST_DAY, LAST_DAY, LAST_DAY, 5),
        ),
        payments=(
            *evidence.payments,
            PaymentRow("payment B5", "B5", owed, LAST_DAY, owed, 0, (FILED,)),
        ),
        bank_balance_ore=evidence.bank_balance_ore + owed,
        balances=(
            *_balances(claims),
            Balance("bank:client", None, None, owed),
            Balance("payable", "AB", None, -(owed - COSTS)),
            Balance("operator", None, None, -COSTS),
        ),
        messages=(*evidence.messages, WITHDRAWAL),
        kronofogden={"CASE-1": replace(register, state="withdrawn")},
        claims=claims,
        invoices={**evidence.invoices, FILED: shown},
        ladders={**evidence.ladders, FILED: replace(ladder, settled=True)},
        cases={FILED: replace(evidence.cases[FILED], open=False)},
    )


def collected() -> Evidence:
    """The same, but Kronofogden collects 1 000 kr of what `FILED` owes, and has yet to pay us.

    Its costs of 860.00 come first, then 60.00 and 7.67 of interest; 72.33 meet the capital.
    """
    evidence, on = world(), date(2026, 4, 30)
    left = {**dict.fromkeys(COMPONENTS, 0), "capital": 927_67}
    claims = {
        **evidence.claims,
        FILED: replace(evidence.claims[FILED], open_ore=left, paid_ore=TOTAL),
    }
    register = replace(evidence.kronofogden["CASE-1"], collected=(Collected(on, on, TOTAL),))
    return changed(
        evidence,
        kronofogden={"CASE-1": register},
        claims=claims,
        invoices={
            **evidence.invoices,
            FILED: replace(evidence.invoices[FILED], remaining_ore=927_67),
        },
        balances=(
            *_balances(claims),
            Balance("kronofogden", FILED, None, TOTAL),
            Balance("payable", "AB", None, -(TOTAL - COSTS)),
            Balance("operator", None, None, -COSTS),
        ),
    )


def changed(evidence: Evidence, **fields: object) -> Evidence:
    """The world with some of it otherwise."""
    return replace(evidence, **fields)  # type: ignore[arg-type]


def _issued(claim_id: str) -> Issued:
    return Issued(
        claim_id=claim_id,
        creditor_id=OWNER[claim_id],
        number=NUMBER[claim_id],
        ocr=_ocr(claim_id),
        total_ore=TOTAL,
        asked_ore=TOTAL,
        issued_on=ISSUED_ON,
        due_on=DUE_ON,
        consumer=True,
        due_date_agreed=True,
        reminder_fee_agreed=True,
        email=EMAIL,
    )


def _ocr(claim_id: str) -> str:
    return f"10000000{claim_id[-1]}"


def _open(claim_id: str) -> dict[str, int]:
    return {name: OPEN.get(claim_id, {}).get(name, 0) for name in COMPONENTS}


def _claim(claim_id: str) -> ClaimRow:
    return ClaimRow(
        claim_id=claim_id,
        creditor_id=OWNER[claim_id],
        ocr=_ocr(claim_id),
        total_ore=TOTAL,
        open_ore=_open(claim_id),
        credited_ore=TOTAL if claim_id == CREDITED else 0,
        paid_ore=TOTAL if claim_id in IN_FULL else 0,
        overpaid_ore=OVERPAID.get(claim_id, 0),
        disputed=False,
    )


def _invoice(claim_id: str) -> InvoiceRow:
    left = sum(_open(claim_id).values())
    return InvoiceRow(
        claim_id=claim_id,
        creditor_id=OWNER[claim_id],
        number=NUMBER[claim_id],
        ocr=_ocr(claim_id),
        total_ore=TOTAL,
        remaining_ore=left,
        due_on=DUE_ON,
        credited=claim_id == CREDITED,
        settled=left == 0,
        disputed=False,
        reminded=claim_id in OPEN,
        sent=True,
        in_collection=claim_id == FILED,
        filed=claim_id == FILED,
    )


def _ladder(claim_id: str) -> LadderRow:
    reminder = {LATE: "reversed"}.get(claim_id, "charged" if claim_id in OPEN else "none")
    return LadderRow(claim_id, claim_id not in OPEN, False, claim_id == FILED, reminder)


def _deposits() -> Iterable[Deposit]:
    on_time = date(2026, 3, 30)
    yield Deposit("B1", _ocr(PAID), TOTAL, on_time, on_time, on_time, 1)
    yield Deposit("B2", f"Faktura {_ocr(TWICE)}", TOTAL, on_time, on_time, on_time, 2)
    yield Deposit("B3", _ocr(TWICE), TOTAL, on_time, on_time, on_time, 3)
    # Paid the day after the due date; the file came the day after the reminder.
    told = date(2026, 4, 8)
    yield Deposit("B4", _ocr(LATE), TOTAL, date(2026, 4, 2), told, told, 4)


def _payments() -> Iterable[PaymentRow]:
    for deposit, claim_id in zip(_deposits(), (PAID, TWICE, TWICE, LATE), strict=True):
        name = f"payment {deposit.bank_reference}"
        reference, paid_on = deposit.bank_reference, deposit.paid_on
        yield PaymentRow(name, reference, TOTAL, paid_on, TOTAL, 0, (claim_id,))


def _letters() -> Iterable[DeliveryRow]:
    for n, claim_id in enumerate(OWNER):
        yield DeliveryRow(LETTER.format(n), claim_id, "invoice", 1, "accepted", False)
    yield DeliveryRow(LETTER.format(9), CREDITED, "credit_note", 1, "accepted", False)
    charged = ((10, REMINDED, "reminder"), (11, FILED, "reminder"), (12, LATE, "reminder"))
    for n, claim_id, letter in (*charged, (13, FILED, "demand")):
        yield DeliveryRow(LETTER.format(n), claim_id, letter, 1, "accepted", False)


def _balances(claims: Mapping[str, ClaimRow]) -> Iterable[Balance]:
    # 4 000 kr came in; 3 000 were paid out, 1 000 were too much.
    yield Balance("bank:client", None, None, TOTAL)
    yield Balance("payable", "AB", None, 0)
    yield Balance("overpaid", TWICE, None, -TOTAL)
    yield Balance("transit", PAYOUT, None, 0)
    for claim in claims.values():
        for name, ore in claim.open_ore.items():
            if ore:
                yield Balance("claim", claim.claim_id, name, ore)
                yield Balance("pending", claim.creditor_id, None, -ore)
