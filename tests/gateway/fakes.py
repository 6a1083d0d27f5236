"""A fake of everything behind the gateway: five services and two stand-ins on one local port.

It answers with rich, fixed content, remembers every call, and judges tokens as a service does: by
its own name as audience and by the company or claim in them. Services lie under `/<name>/…`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import orjson
from aiohttp import web
from multidict import MultiDict

from plumbing.identity import Identity, Keys
from plumbing.problems import Problem
from services.gateway.settings import SERVICES

ANNA = UUID("0193a000-0000-7000-8000-000000000001")
"""Anna's company, Annas Snickeri AB."""
BERIT = UUID("0193a000-0000-7000-8000-000000000002")
"""Another company, none of Anna's business."""
CLAIM = UUID("0193b000-0000-7000-8000-000000000001")
CUSTOMER = UUID("0193c000-0000-7000-8000-000000000001")
ARTICLE = UUID("0193d000-0000-7000-8000-000000000001")
DISPUTE = UUID("0193e000-0000-7000-8000-000000000001")
PAYMENT = UUID("0193f000-0000-7000-8000-000000000001")
HELD = UUID("0193f000-0000-7000-8000-000000000002")
"""A payment in euro, held off the ledger."""
FILE = UUID("0193f000-0000-7000-8000-000000000009")
DELIVERY = UUID("0193f000-0000-7000-8000-000000000010")
DEBIT = "R/1 & more"
TODAY = date(2026, 11, 22)

STATES = (
    "issued", "undelivered", "sent", "opened", "part_paid", "paid", "overdue", "reminded",
    "collection", "kronofogden", "disputed", "credited",
)  # fmt: skip
NAMES = (
    "Västerbottens Kök & Bad AB", "Björn Ångström", "Solsidans Förskola", "Bostadsrättsföreningen "
    "Utsikten i Norra Djurgårdsstaden", "Åsa Öberg", "Café Körsbär HB",
)  # fmt: skip
TOPICS = {
    "payments": ("invoicing.invoices", "dunning.reminders", "collections.cases"),
    "dunning": ("invoicing.invoices", "payments.claims"),
    "invoicing": ("payments.claims", "notifications.deliveries", "collections.disputes"),
    "notifications": ("invoicing.invoices", "invoicing.recipients", "payments.claims"),
    "collections": ("invoicing.handovers", "payments.claims"),
}


@dataclass
class Call:
    """One call a service got."""

    service: str
    method: str
    path: str
    query: MultiDict[str]
    headers: dict[str, str]
    body: bytes
    identity: Identity | None

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


@dataclass
class World:
    """What the fake says next, and what it was asked."""

    keys: Keys
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    claim: dict[str, Any] = field(default_factory=lambda: dict(CLAIM_TODAY))
    state: str = "reminded"
    shown: dict[str, Any] = field(default_factory=dict)
    """What differs in the invoice from `DOCUMENT`."""
    refuse: dict[tuple[str, str], tuple[int, dict[str, Any]]] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)
    backlog: dict[str, int] = field(default_factory=dict)
    sent: int = 48_213
    ledger_faults: int = 0
    half_years: list[dict[str, Any]] = field(default_factory=list)
    """Those whose reference rate is missing."""
    unheard: bool = False
    """Whether no broker answers the services."""
    today: date = TODAY

    def asked(self, service: str, path: str, method: str | None = None) -> list[Call]:
        """Calls to one path."""
        return [
            call
            for call in self.calls
            if (call.service, call.path) == (service, path) and method in (None, call.method)
        ]


CLAIM_TODAY: dict[str, Any] = {
    "claim_id": str(CLAIM), "state": "open", "as_of": "2026-11-22", "capital_ore": 987_500,
    "reminder_fee_ore": 6_000, "interest_ore": 4_312, "demand_cost_ore": 0,
    "total_ore": 1_237_500, "paid_ore": 250_000, "credited_ore": 0, "overpaid_ore": 0,
    "received_ore": 250_000, "parts": [
        {"component": name, "charged_ore": paid + left, "paid_ore": paid, "left_ore": left}
        for name, paid, left in (
            ("capital", 250_000, 987_500), ("reminder_fee", 0, 6_000), ("interest", 0, 4_312),
        )
    ],
    "posted_total_ore": 997_812, "to_pay_ore": 997_812, "creditors_ore": 997_812,
    "interest_accrued_ore": 1_204, "due_on": "2026-10-30", "pay_by": "2026-12-02",
    "ocr": "100000001277",
    "payee_bankgiro": "9912346", "disputed": False,
    "payments": [{"paid_on": "2026-11-03", "amount_ore": 250_000}], "charges": [],
}  # fmt: skip
COSTS = {
    "reminder_after_days": 5, "days_to_answer_a_demand": 8, "reminder_fee_ore": 6_000,
    "demand_cost_ore": 18_000, "filing_fee_ore": 30_000, "filing_work_ore": 38_000,
    "enforcement_fee_ore": 60_000,
}  # fmt: skip
COMPANY = {
    "creditor_id": str(ANNA), "organisation_number": "5560360793", "name": "Annas Snickeri AB",
    "email": "anna@snickeri.example", "phone": "070-123 45 67", "street": "Verkstadsgatan 4",
    "postcode": "11122", "town": "Stockholm", "vat_registered": True, "f_skatt": True,
    "default_terms_days": 30, "round_to_krona": True, "due_date_agreed": True,
    "reminder_fee_agreed": True, "next_number": 1208, "number_jumps": [], "costs": COSTS,
}  # fmt: skip
OTHER = COMPANY | {
    "creditor_id": str(BERIT), "organisation_number": "5565555551", "name": "Berits Bageri AB",
    "town": "Umeå",
}  # fmt: skip
CUSTOMERS = [
    {
        "customer_id": str(CUSTOMER), "kind": "business", "name": NAMES[0],
        "identity_number": "5561231234", "email": "faktura@kokbad.example", "street": "Storgatan 1",
        "postcode": "90326", "town": "Umeå", "channel": "email",
    },
    {
        "customer_id": "0193c000-0000-7000-8000-000000000002", "kind": "consumer",
        "name": NAMES[1], "identity_number": "811218-****", "email": None,
        "street": "Skogsvägen 12 B", "postcode": "75220", "town": "Uppsala", "channel": "paper",
    },
]  # fmt: skip
ARTICLES = [
    {
        "article_id": str(ARTICLE), "number": "1", "name": "Snickeriarbete", "unit": "tim",
        "price_ore": 65_000, "vat_percent": 25, "active": True,
    },
    {
        "article_id": "0193d000-0000-7000-8000-000000000002", "number": "2",
        "name": "Hyvlad furu 45×95", "unit": "m", "price_ore": 4_950, "vat_percent": 25,
        "active": False,
    },
]  # fmt: skip
ON_AN_INVOICE = (
    "organisation_number", "name", "email", "phone", "street", "postcode", "town",
    "vat_registered", "f_skatt",
)  # fmt: skip
"""What of a company stands on its invoices."""
DOCUMENT: dict[str, Any] = {
    "number": 1207, "ocr": "100000001277", "payee_bankgiro": "991-2346",
    "issued_on": "2026-09-30", "due_on": "2026-10-30", "due_date_agreed": True,
    "reminder_fee_agreed": True, "interest": {"kind": "agreed_fixed", "rate_bp": 1200},
    "message": "Tack för att vi fick bygga ert kök!", "channels": ["email"],
    "seller": {name: COMPANY[name] for name in ON_AN_INVOICE},
    "buyer": CUSTOMERS[0],
    "rows": [
        {
            "text": "Snickeriarbete, montering av köksskåp", "quantity": "12.5", "unit": "tim",
            "price_ore": 65_000, "vat_percent": 25, "net_ore": 812_500,
        },
        {
            "text": "Bänkskiva i ek", "quantity": "1", "unit": "st", "price_ore": 177_500,
            "vat_percent": 25, "net_ore": 177_500,
        },
    ],
    "vat": [{"rate_percent": 25, "base_ore": 990_000, "vat_ore": 247_500}],
    "net_ore": 990_000, "vat_ore": 247_500, "rounding_ore": 0, "total_ore": 1_237_500,
    "delivered_on": "2026-09-28", "seller_vat_number": "SE556036079301", "buyer_vat_number": None,
    "zero_vat_statement": None, "link_version": 1, "upheld": False, "credit_note": None,
    "notices": ["Efter förfallodagen debiteras dröjsmålsränta med 12 % per år enligt avtal."],
    "costs": COSTS,
}  # fmt: skip
WAITING = {
    "payment_id": str(PAYMENT), "reason": "unknown_reference", "held": None,
    "can_be_allocated": True, "amount_ore": 125_050, "currency": "SEK", "paid_on": "2026-11-20",
    "received_on": "2026-11-20", "references": ["987654321"], "payer_name": "Kalle Ek",
}  # fmt: skip
WAITING_EURO = WAITING | {
    "payment_id": str(HELD), "reason": "held", "held": "the currency is not SEK",
    "can_be_allocated": False, "amount_ore": 10_000, "currency": "EUR",
}  # fmt: skip
OVERPAID = {
    "claim_id": str(CLAIM), "creditor_id": str(ANNA), "creditor_name": "Annas Snickeri AB",
    "ocr": "100000001277", "amount_ore": 125_050, "since": "2026-11-12",
    "payments": [
        {"payment_id": str(UUID(int=5)), "paid_on": "2026-11-12", "amount_ore": 1_362_550,
         "payer_name": "Kalle Ek", "payer_account": "•••0218"},
    ],
}  # fmt: skip
UNKNOWN_DEBIT = {
    "source_key": DEBIT, "booked_on": "2026-11-20", "amount_ore": 125_050, "currency": "SEK",
    "end_to_end_id": None, "bank_reference": "R", "reason": "it is no payout of ours",
}  # fmt: skip
CASE = {
    "claim_id": str(CLAIM), "creditor_id": str(ANNA), "number": "INK-2026-000001",
    "opened_on": "2026-11-12", "stage": "undeliverable", "held": False, "lack": None,
    "next_on": None, "respond_by": "2026-11-24", "sent_on": None, "filed_on": None,
    "amount_ore": 0, "kronofogden_number": None, "decided_on": None, "enforced_on": None,
    "close_reason": None, "stopped": True,
}  # fmt: skip
NOTE = {
    "note_id": "n", "number": 1208, "credited_on": "2026-11-05", "kind": "correction",
    "reason": "Fel pris", "credit_ore": 1_237_500,
}  # fmt: skip
MESSAGES = [
    {"author": "debtor", "text": "Kan vi få dela upp det?", "written_at": "2026-11-04T08:12:00Z"},
    {"author": "seller", "text": "Självklart, vi hörs.", "written_at": "2026-11-04T09:30:00Z"},
]  # fmt: skip


def listed(company: dict[str, Any]) -> dict[str, Any]:
    """A company in the operator's list, without what only its own page tells."""
    own = ("next_number", "number_jumps", "costs")
    return {name: value for name, value in company.items() if name not in own}


def invoice_rows(state: str | None = None) -> list[dict[str, Any]]:
    """One invoice in each state."""
    return [
        {
            "claim_id": str(CLAIM if at == 0 else UUID(int=CLAIM.int + at)),
            "number": 1207 - at, "customer_name": NAMES[at % len(NAMES)],
            "total_ore": 1_237_500 + at * 98_765, "issued_on": "2026-09-30",
            "remaining_ore": 0 if each in ("paid", "credited") else 987_500 + at * 98_765,
            "due_on": (date(2026, 10, 30) + timedelta(days=3 * at)).isoformat(), "state": each,
        }
        for at, each in enumerate(STATES)
        if state in (None, "", each)
    ]  # fmt: skip


def invoice(state: str) -> dict[str, Any]:
    """The whole of one invoice as its seller sees it."""
    told = [
        ("2026-09-30", "issued", "Fakturan skapades", 1_237_500),
        ("2026-09-30", "sent", "Webbfakturan skickades med e-post", None),
        ("2026-10-02", "opened", "Kunden öppnade webbfakturan", None),
        ("2026-11-03", "part_paid", "Delbetalning kom in", 250_000),
        ("2026-11-04", "reminded", "Påminnelse, avgift", 6_000),
    ]
    return DOCUMENT | {
        "claim_id": str(CLAIM), "state": state, "remaining_ore": 997_812, "paid_on": None,
        "may_be_on_paper": True, "handed_over_on": None, "credit_note": None, "messages": 2,
        "timeline": [
            {"on": on, "at": f"{on}T10:00:00Z", "what": what, "text": text, "amount_ore": ore}
            for on, what, text, ore in told
        ],
    }  # fmt: skip


def numbers(world: World, service: str) -> dict[str, Any]:
    """A service's `/ops/numbers`."""
    lag = dict.fromkeys(TOPICS[service], 0)
    backlog = world.backlog.get(service, 0)
    lag[TOPICS[service][0]] = backlog
    return {
        "service": service, "today": world.today.isoformat(), "clock_confirmed": True,
        "clock_held": False,
        "outbox": {
            "transactions": backlog, "events": backlog, "oldest_seconds": 0.4 if backlog else 0.0,
            "last_batch": 921, "say_again": 0, "said_again": None,
        },
        "relay": {"leads": True, "sent": world.sent, "sent_on": {}, "stuck": []},
        "inbox": {
            "heard": 91_204, "unknown": 0, "lag": None if world.unheard else lag,
            "parked": 2 if service == "dunning" else 0, "halted": False,
        },
        "timers": {
            "due": 0, "armed": 311, "set_aside": 0, "next_on": "2026-11-25", "fired": 4_120,
        },
        "outbound": {
            "waiting": 0, "given_up": int(service == "notifications"), "behind_given_up": 0,
            "carried": 9,
        },
        "unfinished": {}, "backlog": backlog,
        "alarms": {"ledger": world.ledger_faults}
        if service == "payments" and world.ledger_faults
        else {},
    }  # fmt: skip


PARKED = {
    "id": 7, "consumer": "dunning", "topic": "payments.claims", "partition": 3,
    "key": str(CLAIM), "type": "payments.payment.allocated.v1",
    "reason": "KeyError: 'component'", "cause_of_wait": True,
    "parked_at": "2026-11-22T07:31:09Z", "bytes": 812,
}  # fmt: skip
BEHIND = PARKED | {
    "id": 8, "type": "payments.claim.settled.v1", "cause_of_wait": False,
    "reason": "an earlier event of this key is parked",
}  # fmt: skip


def content(world: World, call: Call) -> Any:
    """What a service answers; None is 404."""
    who, path = call.identity, call.path
    if path == "/ops/numbers":
        return numbers(world, call.service)
    if path == "/ops/parked":
        events = [PARKED, BEHIND] if call.service == "dunning" else []
        return {"events": events, "timers": [], "parcels": []}
    if path == "/ops/clock":
        world.today = date.fromisoformat(call.json["today"])
        return {"today": call.json["today"]}
    if who is None and path != "/openapi.json":
        return None
    tell = ANSWERS.get((call.service, call.method, path))
    return tell(world, call) if tell else None


def own(call: Call) -> bool:
    """Whether the claim asked for is the asker's: Anna's, or the one of the debtor's link."""
    who = call.identity
    return who is not None and (
        who.company == ANNA or who.claim == CLAIM or "operator" in who.roles
    )


ANSWERS: dict[tuple[str, str, str], Any] = {
    ("invoicing", "GET", "/creditors"): lambda w, c: {
        "creditors": [
            listed(each) for each in (COMPANY, OTHER)
            if each["creditor_id"] in c.query.getall("creditor_id", [each["creditor_id"]])
        ],
        "next": None,
    },
    ("invoicing", "GET", "/creditors/me"): lambda w, c: (
        COMPANY if c.identity.company == ANNA else OTHER
    ),
    ("invoicing", "PATCH", "/creditors/me"): lambda w, c: COMPANY,
    ("invoicing", "GET", "/customers"): lambda w, c: {"customers": CUSTOMERS, "next": None},
    ("invoicing", "POST", "/customers"): lambda w, c: CUSTOMERS[0],
    ("invoicing", "GET", f"/customers/{CUSTOMER}"): lambda w, c: CUSTOMERS[0],
    ("invoicing", "GET", "/articles"): lambda w, c: {"articles": ARTICLES, "next": None},
    ("invoicing", "GET", f"/articles/{ARTICLE}"): lambda w, c: ARTICLES[0],
    ("invoicing", "POST", "/articles"): lambda w, c: ARTICLES[0],
    ("invoicing", "POST", "/articles/lookup"): lambda w, c: {
        "articles": [
            each for each in ARTICLES
            if any(str(each["name"]).startswith(begins) for begins in c.json["beginnings"])
        ],
    },
    ("invoicing", "GET", "/invoices"): lambda w, c: {
        "invoices": invoice_rows(c.query.get("state")), "next": 1196,
    },
    ("invoicing", "POST", "/invoices"): lambda w, c: {
        "claim_id": str(CLAIM), "number": 1208, "ocr": "100000001277", "total_ore": 1_237_500,
    },
    ("invoicing", "POST", "/invoices/lookup"): lambda w, c: {
        "invoices": [each for each in invoice_rows() if each["claim_id"] in c.json["claim_ids"]],
    },
    ("payments", "POST", "/claims/lookup"): lambda w, c: [
        {"claim_id": claim_id, "state": "open", "to_pay_ore": 997_812}
        for claim_id in c.json["claim_ids"]
    ],
    ("invoicing", "POST", "/invoices/preview"): lambda w, c: b"%PDF-1.7 preview",
    ("invoicing", "GET", "/invoices/counts"): lambda w, c: {
        "states": [
            {"state": row["state"], "count": 3 + at, "total_ore": row["total_ore"] * 3,
             "remaining_ore": row["remaining_ore"] * 3}
            for at, row in enumerate(invoice_rows())
        ],
    },
    ("invoicing", "GET", f"/invoices/{CLAIM}"): lambda w, c: (
        invoice(w.state) | w.shown if own(c) else None
    ),
    ("invoicing", "GET", f"/invoices/{CLAIM}/pdf"): lambda w, c: b"%PDF-1.7" if own(c) else None,
    ("invoicing", "GET", f"/invoices/{CLAIM}/messages"): lambda w, c: {"messages": MESSAGES},
    ("invoicing", "POST", f"/invoices/{CLAIM}/messages"): lambda w, c: {"message_id": "x"},
    ("invoicing", "POST", f"/invoices/{CLAIM}/credit"): lambda w, c: {"note_number": 12},
    ("invoicing", "GET", "/debtor/invoice"): lambda w, c: DOCUMENT
    | {
        "claim_id": str(CLAIM), "creditor_id": str(ANNA), "state": w.state, "credited": False,
        "messages": MESSAGES,
    }
    | w.shown
    if own(c) else None,
    ("invoicing", "GET", "/debtor/credit/pdf"): lambda w, c: b"%PDF-1.7 credit",
    ("invoicing", "POST", f"/invoices/{CLAIM}/link"): lambda w, c: {"link_version": 2},
    ("invoicing", "GET", "/debtor/invoice/pdf"): lambda w, c: b"%PDF-1.7 yours",
    ("invoicing", "POST", "/debtor/messages"): lambda w, c: {"message_id": "x"},
    ("invoicing", "GET", "/openapi.json"): lambda w, c: {
        "paths": {
            "/invoices": {"get": {"schema": {"$ref": "#/components/schemas/Row"}}},
            "/ops/numbers": {},
        },
        "components": {"schemas": {"Row": {"type": "object"}}},
    },
    ("payments", "GET", f"/claims/{CLAIM}"): lambda w, c: w.claim if own(c) else None,
    ("payments", "GET", "/claims/owed"): lambda w, c: {
        "as_of": w.today.isoformat(), "creditors_ore": 4_218_841, "overdue_ore": 1_127_708,
        "overdue_disputed_ore": 587_556,
    },
    ("payments", "GET", "/payout-account"): lambda w, c: {
        "kind": "bankgiro", "number": "•••• 0218", "set_on": "2026-06-01", "refused": False,
    },
    ("payments", "GET", "/payouts"): lambda w, c: {
        "payouts": [
            {"payout_id": "1", "amount_ore": 250_000, "account_masked": "•••• 0218",
             "state": state, "ordered_on": "2026-11-04", "ended_on": settled}
            for state, settled in (("settled", "2026-11-05"), ("ordered", None), ("rejected", None))
        ],
    },
    ("payments", "GET", "/unmatched"): lambda w, c: {
        "payments": [WAITING, WAITING_EURO], "next": None,
    },
    ("payments", "GET", f"/unmatched/{PAYMENT}"): lambda w, c: WAITING,
    ("payments", "GET", f"/unmatched/{HELD}"): lambda w, c: WAITING_EURO,
    ("payments", "POST", f"/unmatched/{PAYMENT}/take-out"): lambda w, c: {"payments_booked": 2},
    ("payments", "POST", f"/unmatched/{HELD}/book"): lambda w, c: {"payment_id": str(HELD)},
    ("payments", "GET", "/payouts/alarms"): lambda w, c: {
        "late": [], "unknown_debits": [UNKNOWN_DEBIT],
        "rejected": [
            {"payout_id": "1", "creditor_id": str(ANNA), "amount_ore": 250_000,
             "state": "rejected", "ordered_on": "2026-11-04", "ended_on": "2026-11-05",
             "reason": "AC04"},
        ],
        "waiting": [
            {"creditor_id": str(BERIT), "amount_ore": 99_000, "since": "2026-11-10",
             "reason": "no payout account"},
        ],
    },
    ("payments", "GET", "/overpaid"): lambda w, c: {
        "overpaid": [OVERPAID], "count": 1, "amount_ore": 125_050,
    },
    ("payments", "GET", "/attention"): lambda w, c: {
        "half_years": w.half_years, "unmatched": 2, "unknown_debits": 1, "creditors_unpaid": 0,
        "overpaid": {"claims": 1, "amount_ore": 125_050},
    },
    ("payments", "GET", "/rates"): lambda w, c: [
        {"valid_from": "2027-01-01", "bp": 250, "source": "SFS 2027:1", "added_on": "2027-01-02",
         "overruled": False},
        {"valid_from": "2026-07-01", "bp": 200, "source": "SFS 2026:1", "added_on": None,
         "overruled": False},
        {"valid_from": "2016-07-01", "bp": -50, "source": "SFS 2016:838", "added_on": None,
         "overruled": False},
    ],
    ("payments", "GET", "/rates/lacking"): lambda w, c: {"half_years": w.half_years},
    ("payments", "POST", "/rates"): lambda w, c: c.json | {"claims_waiting": 57},
    ("payments", "DELETE", "/rates/2027-01-01"): lambda w, c: {},
    ("payments", "POST", "/payouts/debits/resolve"): lambda w, c: {"source_key": DEBIT},
    ("payments", "POST", "/payouts/again"): lambda w, c: {"creditor_id": str(ANNA)},
    ("payments", "PUT", "/payout-account"): lambda w, c: {"kind": "iban", "number": "•••0003"},
    ("payments", "POST", f"/unmatched/{PAYMENT}/allocate"): lambda w, c: {"claim_id": str(CLAIM)},
    ("payments", "GET", "/bank-files"): lambda w, c: {
        "files": [
            {"file_id": str(FILE), "name": "camt054-20261122.xml", "state": "booked",
             "payments": 812, "credits_ore": 91_233_050, "received_on": "2026-11-22",
             "booked_ore": 91_233_050, "unmatched": 1, "faults": 3},
            {"file_id": str(FILE), "name": "trasig.xml", "state": "refused",
             "payments": 0, "credits_ore": 0, "received_on": "2026-11-21", "booked_ore": 0,
             "unmatched": 0, "faults": 1},
        ],
    },
    ("payments", "GET", f"/bank-files/{FILE}"): lambda w, c: {
        "file_id": str(FILE), "name": "trasig.xml", "state": "refused", "credits_ore": 0,
        "received_on": "2026-11-21", "problems": [{"line": 41, "reason": "sum differs"}],
    },
    ("payments", "POST", "/bank-files"): lambda w, c: {"file_id": str(FILE), "state": "received"},
    ("payments", "GET", "/ledger/check"): lambda w, c: {
        "transactions": 48_120, "sum_ore": 0, "problems": [],
        "accounts": {"bank:client": 91_233_050, "pending": -812_000_00, "suspense": -125_050},
    },
    ("dunning", "GET", f"/claims/{CLAIM}"): lambda w, c: {
        "next_step": {"kind": "collection", "on": "2026-12-03"}, "paused_until": None,
    },
    ("dunning", "GET", "/policy"): lambda w, c: {
        "reminders": True, "reminder_days": 5, "collection": "ask", "collection_after_days": 0,
    },
    ("dunning", "PUT", "/policy"): lambda w, c: {},
    ("dunning", "POST", f"/claims/{CLAIM}/remind"): lambda w, c: {},
    ("collections", "GET", "/policy"): lambda w, c: {"filing": "automatic", "enforcement": True},
    ("collections", "PUT", "/policy"): lambda w, c: {},
    ("collections", "GET", "/disputes"): lambda w, c: {
        "disputes": [
            {"dispute_id": str(DISPUTE), "claim_id": str(CLAIM), "reason": "Bänkskivan är repad.",
             "objected_on": "2026-11-10", "outcome": None, "settled_on": None},
        ],
    },
    ("collections", "POST", "/disputes"): lambda w, c: {"dispute_id": str(DISPUTE)},
    ("collections", "GET", "/cases"): lambda w, c: {
        "cases": [
            {"claim_id": str(CLAIM), "number": f"I-100{n}", "opened_on": "2026-11-12",
             "stage": stage, "held": held, "respond_by": "2026-11-24", "filed_on": filed,
             "amount_ore": ore, "lack": None, "stopped": stage == "undeliverable"}
            for n, (stage, held, filed, ore) in enumerate((
                ("demanded", False, None, None), ("awaits_creditor", False, None, None),
                ("filed", False, "2026-11-20", 1_112_050), ("demanded", True, None, None),
                ("undeliverable", False, None, None),
            ))
        ],
    },
    ("collections", "GET", "/cases/alarms"): lambda w, c: {
        "count": 13, "next": None,
        "alarms": [
            {"id": 5, "claim_id": str(CLAIM), "kind": "application_uncertain", "detail": "",
             "made_on": "2026-11-20"},
        ],
    },
    ("collections", "POST", "/cases/alarms/5/done"): lambda w, c: {"id": 5},
    ("collections", "POST", f"/cases/{CLAIM}/resume"): lambda w, c: CASE,
    ("invoicing", "POST", f"/invoices/{CLAIM}/collection/anew"): lambda w, c: {},
    ("payments", "GET", "/kronofogden/awaited"): lambda w, c: {
        "awaited": [
            {"payment_id": str(PAYMENT), "case_number": "INK-2026-000001", "amount_ore": 182_105,
             "paid_on": "2026-11-20", "message": "KFM-00000012"},
        ],
    },
    ("payments", "POST", f"/unmatched/{PAYMENT}/kronofogden"): lambda w, c: {},
    ("notifications", "GET", "/deliveries"): lambda w, c: {
        "deliveries": [
            {"delivery_id": str(DELIVERY), "letter": "invoice", "channel": "email",
             "state": "failed", "asked_on": "2026-09-30", "ended_on": "2026-09-30",
             "reason": "no e-mail address is known", "doubtful": False},
            {"delivery_id": "x", "letter": "reminder", "channel": "email", "state": "accepted",
             "asked_on": "2026-11-04", "ended_on": "2026-11-04", "reason": None,
             "doubtful": True},
        ],
    },
    ("notifications", "GET", "/deliveries/doubtful"): lambda w, c: {
        "deliveries": [
            {"letter": "reminder", "channel": "email", "claim_id": str(CLAIM), "state": "accepted",
             "asked_on": "2026-11-04", "ended_on": "2026-11-04", "reason": None,
             "doubtful": True},
        ],
    },
    ("notifications", "GET", "/deliveries/manual"): lambda w, c: {"deliveries": [], "next": None},
    ("notifications", "POST", f"/deliveries/{DELIVERY}/again"): lambda w, c: {"state": "queued"},
    ("notifications", "POST", "/opened"): lambda w, c: {"opened_on": "2026-11-22"},
    ("dunning", "GET", "/ops/parked/7"): lambda w, c: PARKED
    | {"headers": {"ce_type": PARKED["type"]}, "event": {"claim_id": str(CLAIM), "name": "•••"},
       "readable": True},
    ("dunning", "GET", "/ops/parked/9"): lambda w, c: PARKED
    | {"id": 9, "type": None, "headers": {}, "event": None, "readable": False},
    ("dunning", "POST", "/ops/parked/9/let-go"): lambda w, c: {"events": 1, "keys_standing": 0},
    ("dunning", "POST", "/ops/parked/redrive"): lambda w, c: {
        "events": 1, "timers": 0, "parcels": 0, "keys_standing": 0 if c.json["key"] else 2,
    },
}  # fmt: skip


@asynccontextmanager
async def running(keys: Keys) -> AsyncIterator[World]:
    """The fake, listening on a free port."""
    world = World(keys)

    async def answer(request: web.Request) -> web.Response:
        service = request.match_info["service"]
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            identity = keys.read(token, service) if token else None
        except Problem as problem:
            return web.json_response(problem.body, status=401)
        path = "/" + request.match_info["path"]
        call = Call(
            service, request.method, path, MultiDict(request.query), dict(request.headers),
            await request.read(), identity,
        )  # fmt: skip
        world.calls.append(call)
        if service in world.slow:
            await asyncio.sleep(60)
        if (refused := world.refuse.get((service, path))) is not None:
            allowed = {"allow": "GET"} if refused[0] == 405 else {}
            return web.json_response(refused[1], status=refused[0], headers=allowed)
        if service not in SERVICES:
            told = call.json if path == "/clock" else {"pending": world.backlog.get(service, 0)}
            return web.json_response(told)
        found = content(world, call)
        if found is None:
            return web.json_response({"title": "No such thing", "status": 404}, status=404)
        if isinstance(found, bytes):
            return web.Response(body=found, content_type="application/pdf")
        return web.Response(body=orjson.dumps(found), content_type="application/json")

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{service}/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    world.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield world
    finally:
        await runner.cleanup()
