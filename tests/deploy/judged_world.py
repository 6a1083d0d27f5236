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
    ShownPayout,
    Transfer,
)

ISSUED_ON, DUE_ON, LAST_DAY = date(2026, 3, 2), date(2026, 4, 1), date(2026, 5, 4)
DAYS = tuple(ISSUED_ON + timedelta(days=n) for n in range((LAST_DAY - ISSUED_ON).days + 1))
REMINDED_ON = date(2026, 4, 7)
"""Good Friday and Easter Monday lie between: two banking days after the first of April."""
PAY_BY, DEMANDED_ON, FILED_ON = date(2026, 4, 15), date(2026, 4, 17), date(2026, 4, 29)
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
    ChargeRow(REMINDED, "reminder", 1, True, REMINDED_ON, 60_00, 1_64, pay_by=PAY_BY),
    ChargeRow(FILED, "reminder", 1, True, REMINDED_ON, 60_00, 1_64, pay_by=PAY_BY),
    ChargeRow(FILED, "demand", 1, True, DEMANDED_ON, 180_00, 2_74, pay_by=STATED_ON),
    ChargeRow(FILED, "filing", 1, True, FILED_ON, 680_00, 3_29),
    ChargeRow(LATE, "reminder", 1, False, REMINDED_ON, 60_00, 1_64, "payment", PAY_BY),
)
APPLICATION = Message(
    "M1",
    "payment_order_application",
    "CASE-1",
    ok=True,
    received_on=FILED_ON,
    asked=(TOTAL, 7_67, 920_00),
    applicant="4131938252",
    respondents=("197307245428",),
)
WITHDRAWAL = Message("M2", "withdrawal", "CASE-1", ok=True, received_on=LAST_DAY)
OPERATORS = ("demand_cost", "filing_fee", "filing_work")
COSTS = 860_00
"""The operator's of what `FILED` owes: demand, application and the work with it."""
SAID = dict.fromkeys(
    [
        "dunning.collection.proposed.v1",
        "invoicing.claim.handed_over.v1",
        "collections.case.opened.v1",
        "collections.case.filed.v1",
    ],
    1,
)
ENDED = ("collections.case.withdrawn.v1", "collections.case.closed.v1")
TOLD_OF_END = {"case_withdrawn": 1, "case_closed": 1}
ASKED = {"reminder": "1 061,64 kr", "demand": "1 244,38 kr"}
"""What the letters come to: 1 000.00 + 60.00 + 1.64, then 180.00 more and 4.38 of interest."""
NAMES = {"invoice": "1 april 2026", "reminder": "15 april 2026", "demand": "27 april 2026"}
ISSUED = "2 mars 2026"
"""The days by which letters ask for payment; a credit note names that of its invoice."""
LEAST = {"invoices issued": 6, "reminded": 2, "filed": 1, "taken back": 1, "payouts settled": 1}


def world() -> Evidence:
    """Everything as it must be."""
    claims = {claim_id: _claim(claim_id) for claim_id in OWNER}
    return Evidence(
        days=DAYS,
        companies={
            "AB": Company(
                "AB",
                automatic_collection=True,
                payout_account="5050-1055",
                organisation_number=APPLICATION.applicant,
            ),
            "BRF": Company("BRF", payout_account="991-2346"),
        },
        commanded={"company": frozenset({"AB", "BRF"}), "customer": frozenset({"C1", "C2"})},
        kept={"company": ("AB", "BRF"), "customer": ("C1", "C2")},
        settings={
            "AB": {"automatic_collection": True, "payout_account": "5050-1055"},
            "BRF": {"payout_account": "991-2346"},
        },
        issued={claim_id: _issued(claim_id) for claim_id in OWNER},
        deeds=(Deed(CREDITED, "credit", date(2026, 3, 10), 1, number=3),),
        deposits=tuple(_deposits()),
        transfers=(Transfer("P1", 3 * TOTAL, "50501055", False, LAST_DAY, LAST_DAY),),
        bank_balance_ore=TOTAL,
        mails=tuple(_mails()),
        messages=(APPLICATION,),
        kronofogden={"CASE-1": KronofogdenCase("CASE-1", "served", TOTAL, 7_67, 920_00, FILED_ON)},
        invoices={claim_id: _invoice(claim_id) for claim_id in OWNER},
        notes=(NoteRow(CREDITED, "BRF", 3, TOTAL, date(2026, 3, 10)),),
        told={claim_id: _told(claim_id) for claim_id in OWNER},
        shown_payouts=(ShownPayout(PAYOUT, "AB", "settled"),),
        claims=claims,
        charges=CHARGES,
        payments=tuple(_payments()),
        met=dict.fromkeys(IN_FULL, 1),
        payouts=(PayoutRow(PAYOUT, "P1", "AB", 3 * TOTAL, "settled"),),
        balances=tuple(_balances(claims)),
        ladders={claim_id: _ladder(claim_id) for claim_id in OWNER},
        cases={FILED: CaseRow(FILED, "CASE-1", "served")},
        said={FILED: SAID},
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
            PaymentRow("payment B5", "B5", owed, LAST_DAY, LAST_DAY, owed, 0, (FILED,)),
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
        cases={FILED: replace(evidence.cases[FILED], stage="closed")},
        said={FILED: {**SAID, **dict.fromkeys(ENDED, 1)}},
        met={**evidence.met, FILED: 1},
        told={**evidence.told, FILED: {**evidence.told[FILED], "paid": 1, **TOLD_OF_END}},
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
    register = replace(
        evidence.kronofogden["CASE-1"],
        capital_ore=927_67,
        interest_ore=0,
        costs_ore=0,
        collected=(Collected(on, on, TOTAL),),
    )
    return changed(
        evidence,
        kronofogden={"CASE-1": register},
        claims=claims,
        invoices={
            **evidence.invoices,
            FILED: replace(evidence.invoices[FILED], remaining_ore=927_67),
        },
        met={**evidence.met, FILED: 1},
        told={**evidence.told, FILED: {**evidence.told[FILED], "part_paid": 1}},
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
        identity_number=APPLICATION.respondents[0],
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
        terms=_issued(claim_id).terms,
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
        reference, booked_on = deposit.bank_reference, deposit.booked_on
        yield PaymentRow(name, reference, TOTAL, deposit.paid_on, booked_on, TOTAL, 0, (claim_id,))


def _letters() -> Iterable[DeliveryRow]:
    for n, claim_id in enumerate(OWNER):
        yield DeliveryRow(LETTER.format(n), claim_id, "invoice", 1, "accepted", False)
    yield DeliveryRow(LETTER.format(9), CREDITED, "credit_note", 1, "accepted", False)
    charged = ((10, REMINDED, "reminder"), (11, FILED, "reminder"), (12, LATE, "reminder"))
    for n, claim_id, letter in (*charged, (13, FILED, "demand")):
        yield DeliveryRow(LETTER.format(n), claim_id, letter, 1, "accepted", False)


def _mails() -> Iterable[Mail]:
    for letter in _letters():
        ask = ASKED.get(letter.letter, "1 000,00 kr")
        number = NUMBER[CREDITED] + 1 if letter.letter == "credit_note" else _ocr(letter.claim_id)
        text = f"Belopp: {ask}\nNummer: {number}\nDag: {NAMES.get(letter.letter, ISSUED)}\n"
        yield Mail(f"<{letter.delivery_id}@betalt.example>", EMAIL, text)


def _told(claim_id: str) -> dict[str, int]:
    told = {"sent": sum(letter.claim_id == claim_id for letter in _letters())}
    for charge in CHARGES:
        if charge.claim_id == claim_id:
            told[f"{charge.kind}_charged"] = 1
            told |= {} if charge.stands else {"charge_reversed": 1}
    told |= {"paid": 1} if claim_id in IN_FULL else {}
    told |= {"credited": 1} if claim_id == CREDITED else {}
    return told | ({"case_opened": 1, "case_filed": 1} if claim_id == FILED else {})


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
                owner = None if name in OPERATORS else claim.creditor_id
                yield Balance("pending", owner, None, -ore)
