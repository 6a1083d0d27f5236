"""The rules of invoicing on their own: amounts, terms, numbers, states, refusals and words."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from contracts.collections import (
    CaseWithdrawn,
    ClaimDisputed,
    DisputeOutcome,
    DisputeSettled,
)
from contracts.ids import ArticleId, ClaimId, CreditorId, CustomerId, NoteId, new_id
from contracts.invoicing import Channel, CreditKind, HandoverCause, PostalAddress
from contracts.notifications import DeliveryAccepted, DeliveryFailed, Letter
from contracts.numbers import OcrLevel, check_ocr
from contracts.payments import ChargeReversed, ClaimReopened, ReversalCause
from contracts.terms import (
    ChargeKind,
    Component,
    ComponentAmount,
    DebtorKind,
    InterestKind,
    InterestTerms,
)
from services.invoicing.domain import issuing, standing, timeline
from services.invoicing.domain.issuing import Draft, Series
from services.invoicing.domain.orders import (
    Article,
    Buyer,
    Order,
    Refusal,
    RowOrder,
    Seller,
    ZeroVat,
)
from services.invoicing.domain.standing import News, RefusalReason, Standing, State
from tests.invoicing import stories

TODAY = date(2026, 11, 2)
SELLER = Seller(
    creditor_id=CreditorId(UUID(int=1)),
    name="Exempelmåleriet AB",
    organisation_number="5299999994",
    email="faktura@maleriet.example",
    phone=None,
    street="Jobbstigen 2",
    postcode="12345",
    town="Grönköping",
    vat_registered=True,
    f_skatt=True,
    default_terms_days=30,
    round_to_krona=True,
    due_date_agreed=False,
    reminder_fee_agreed=True,
)
ADDRESS = PostalAddress(street="Storgatan 1", postcode="11122", town="Stockholm")
BUYER = Buyer(
    customer_id=CustomerId(UUID(int=2)),
    kind=DebtorKind.CONSUMER,
    name="Åsa Öberg",
    identity_number=None,
    email="asa@kund.example",
    street="Storgatan 1",
    postcode="12346",
    town="Grönköping",
    channel=Channel.EMAIL,
)
PAINT = Article(ArticleId(UUID(int=3)), "Färg 5 l", "burk", 249_90, 25, True)


def row(
    price_ore: int | None = 100_00,
    vat_percent: int | None = 25,
    quantity: str = "1",
    text: str | None = "Målning",
    article: Article | None = None,
) -> RowOrder:
    article_id = article.article_id if article else None
    return RowOrder(Decimal(quantity), article_id, text, None, price_ore, vat_percent)


ORDER = Order(
    rows=(row(),),
    issued_on=None,
    due_on=None,
    terms_days=None,
    due_date_agreed=None,
    reminder_fee_agreed=None,
    interest=InterestTerms(),
    message=None,
    channel=None,
)


def priced(*rows: RowOrder, seller: Seller = SELLER, buyer: Buyer = BUYER, **more: Any) -> Any:
    order = replace(ORDER, rows=rows or ORDER.rows, **more)
    return issuing.price(
        order, seller=seller, buyer=buyer, articles={PAINT.article_id: PAINT}, today=TODAY
    )


def fields(refusal: Any) -> list[str]:
    assert isinstance(refusal, Refusal)
    return [fault.field for fault in refusal.faults]


@pytest.mark.parametrize(
    ("rows", "net", "vat", "rounding", "total"),
    [
        # documents-and-exports 1.5, every line of its table
        ([(999960, 25)], 999960, 249990, 50, 1250000),
        ([(10010, 25), (3333, 12), (2000, 6)], 15343, 3023, 34, 18400),
        ([(7990, 25)], 7990, 1998, 12, 10000),
        ([(4033, 25)], 4033, 1008, -41, 5000),
        ([(100000, 6)], 100000, 6000, 0, 106000),
        # both sides of the half krona, and exempt rows
        ([(149, 0)], 149, 0, -49, 100),
        ([(150, 0)], 150, 0, 50, 200),
    ],
)
def test_an_invoice_comes_to_what_the_table_says(rows, net, vat, rounding, total):
    draft = priced(*(row(price, percent) for price, percent in rows))
    assert (draft.net_ore, draft.vat_ore, draft.rounding_ore, draft.total_ore) == (
        net,
        vat,
        rounding,
        total,
    )


def test_a_company_that_does_not_round_leaves_the_ore():
    draft = priced(row(79_90), seller=replace(SELLER, round_to_krona=False))
    assert (draft.rounding_ore, draft.total_ore) == (0, 99_88)


@pytest.mark.parametrize(
    ("quantity", "price", "net"),
    [("1.5", 100_00, 150_00), ("0.333", 100, 33), ("0.335", 100, 34), ("2.005", 100, 201)],
)
def test_a_row_is_quantity_times_price_rounded_half_up(quantity, price, net):
    assert priced(row(price, 25, quantity), row(10_000_00)).rows[0].net_ore == net


def test_a_row_takes_from_its_article_what_it_does_not_say():
    """R-49: the row may differ, and the article stays as it is."""
    draft = priced(row(None, None, "2", None, PAINT), row(200_00, 12, "1", "Färg, fin", PAINT))
    assert [(r.text, r.unit, r.price_ore, r.vat_percent) for r in draft.rows] == [
        ("Färg 5 l", "burk", 249_90, 25),
        ("Färg, fin", "burk", 200_00, 12),
    ]


@pytest.mark.parametrize(
    ("asked", "field", "reason"),
    [
        (row(text=None), "text", "no article"),
        (row(None), "price_ore", "no article"),
        (row(vat_percent=None), "vat_percent", "no article"),
        (row(article=replace(PAINT, article_id=ArticleId(UUID(int=9)))), "article_id", "no such"),
    ],
)
def test_a_row_that_names_no_article_of_the_register_says_all_itself(asked, field, reason):
    refusal = priced(row(), asked)
    assert fields(refusal) == [f"rows.1.{field}"]
    assert reason in refusal.faults[0].reason


def test_a_row_may_have_a_unit_of_its_own_or_none():
    said = [replace(row(article=PAINT), unit=unit) for unit in (None, "st", "")]
    assert [each.unit for each in priced(*said, replace(row(), unit="tim")).rows] == [
        *("burk", "st", ""),
        "tim",
    ]


def test_every_fault_of_an_order_is_named_by_its_field():
    unknown = replace(PAINT, article_id=ArticleId(UUID(int=9)))
    refusal = priced(
        row(article=unknown),
        row(None),
        issued_on=TODAY + timedelta(days=1),
        due_on=TODAY - timedelta(days=1),
        channel=Channel.PAPER,
        delivered_on=TODAY - timedelta(days=400),
        zero_vat=ZeroVat.EXPORT,
    )
    assert fields(refusal) == [
        "rows.0.article_id",
        "rows.1.price_ore",
        "issued_on",
        "due_on",
        "delivered_on",
        "channel",
    ]


def test_an_article_that_is_not_active_cannot_be_invoiced():
    """R-42."""
    order = replace(ORDER, rows=(row(article=PAINT),))
    refusal: Any = issuing.price(
        order,
        seller=SELLER,
        buyer=BUYER,
        articles={PAINT.article_id: replace(PAINT, active=False)},
        today=TODAY,
    )
    assert fields(refusal) == ["rows.0.article_id"]
    assert refusal.faults[0].reason == "the article is not active"


def test_a_company_outside_vat_charges_none_and_says_no_reason_of_its_rows():
    seller = replace(SELLER, vat_registered=False)
    assert fields(priced(row(), seller=seller)) == ["rows.0.vat_percent"]
    draft = priced(row(100_00, 0), seller=seller)
    assert (draft.total_ore, draft.zero_vat) == (100_00, None)
    asked = priced(row(100_00, 0), seller=seller, zero_vat=ZeroVat.EXPORT)
    assert fields(asked) == ["zero_vat"]


@pytest.mark.parametrize(
    ("price", "quantity", "accepted"),
    [
        (0, "1", False),
        (49, "1", False),
        (50, "1", True),
        (10**11, "9.999", True),
        (10**11, "10", False),
    ],
)
def test_a_total_lies_above_nothing_and_below_ten_thousand_million_kronor(
    price, quantity, accepted
):
    draft = priced(row(price, 0, quantity))
    assert isinstance(draft, Draft) is accepted
    whole = replace(SELLER, round_to_krona=False)
    assert priced(row(1, 0), seller=whole).total_ore == 1


@pytest.mark.parametrize(
    ("more", "due_on"),
    [
        ({}, date(2026, 12, 2)),
        ({"terms_days": 0}, date(2026, 11, 2)),
        ({"terms_days": 10}, date(2026, 11, 12)),
        ({"due_on": date(2026, 12, 24)}, date(2026, 12, 24)),
        ({"issued_on": date(2026, 10, 3)}, date(2026, 11, 2)),
        ({"issued_on": date(2026, 10, 3), "due_on": date(2026, 11, 2)}, date(2026, 11, 2)),
    ],
)
def test_the_due_date_is_what_was_asked_or_the_companys_terms(more, due_on):
    assert priced(**more).due_on == due_on


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"issued_on": date(2026, 10, 2), "terms_days": 60}, "issued_on"),
        ({"issued_on": date(2026, 11, 3)}, "issued_on"),
        ({"issued_on": date(2026, 10, 3), "terms_days": 29}, "terms_days"),
        ({"issued_on": date(2026, 10, 3), "due_on": date(2026, 11, 1)}, "due_on"),
        ({"terms_days": 365}, None),
        ({"terms_days": 366}, "terms_days"),
        ({"due_on": date(2027, 11, 3)}, "due_on"),
        ({"delivered_on": date(2025, 11, 2)}, None),
        ({"delivered_on": date(2025, 11, 1)}, "delivered_on"),
        ({"delivered_on": date(2027, 11, 2)}, None),
        ({"delivered_on": date(2027, 11, 3)}, "delivered_on"),
    ],
)
def test_no_invoice_is_due_before_it_is_sent_or_has_dates_a_year_away(more, field):
    """A customer gets no reminder the day the invoice comes."""
    draft = priced(**more)
    assert isinstance(draft, Draft) if field is None else fields(draft) == [field]


@pytest.mark.parametrize(
    ("price_ore", "buyer", "accepted"),
    [
        (4_000_00, {"street": None}, True),
        (4_001_00, {"street": None}, False),
        (4_001_00, {"postcode": None}, False),
        (4_001_00, {"town": None}, False),
        (4_001_00, {}, True),
    ],
)
def test_above_the_limit_of_a_simplified_invoice_the_buyer_needs_an_address(
    price_ore, buyer, accepted
):
    """Mervärdesskattelagen 17 kap. 24 § p. 6 and 26 §: 4,000 kr, VAT included."""
    draft = priced(row(price_ore, 0), buyer=replace(BUYER, **buyer))
    assert isinstance(draft, Draft) if accepted else fields(draft) == ["customer"]


@pytest.mark.parametrize(
    "email", ["åsa@exempel.se", "x@räksmörgås.se", "a..b@x.se", "a,b@c.se", "a b@c.se", ".a@c.se"]
)
def test_no_invoice_is_issued_to_an_address_that_no_mail_reaches(email):
    """R-63; notifications asks the same of the address when the letter leaves."""
    assert fields(priced(buyer=replace(BUYER, email=email))) == ["channel"]


def test_paper_is_refused_until_there_is_paper():
    """R-62."""
    assert fields(priced(channel=Channel.PAPER)) == ["channel"]
    assert fields(priced(buyer=replace(BUYER, channel=Channel.PAPER))) == ["channel"]
    assert priced(channel=Channel.EMAIL, buyer=replace(BUYER, channel=Channel.PAPER)).channels


def test_a_discount_is_a_row_below_zero_and_lowers_tax_and_total():
    """Documents-and-exports 1.1 p. 9: half up away from zero, VAT on what is left."""
    draft = priced(row(1_000_00), row(10_00, 25, "-10", "Rabatt"), row(-99_50, 25, "1", "Avdrag"))
    assert [each.net_ore for each in draft.rows] == [1_000_00, -100_00, -99_50]
    assert (draft.net_ore, draft.vat_ore) == (800_50, 200_13)
    assert priced(row(100), row(-1, 25, "0.5")).rows[1].net_ore == -1


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([row(100_00), row(-100_00)], "rows"),
        ([row(100_00), row(-101_00)], "rows"),
        ([row(100_00, 25), row(-10_00, 12)], "rows"),
        ([row(100_00), row(-10_00, 25, "-1")], "rows.1.price_ore"),
        ([row(100_00), row(-1, 25, "-1")], "rows.1.price_ore"),
        ([row(100_00), row(10_00, 12), row(-10_01, 12)], "rows"),
        ([row(100_00), row(10_00, 12), row(-10_00, 12)], None),
        ([row(100_00), row(0, 25, "-1"), row(-10_00, 25, "0")], None),
    ],
)
def test_discounts_leave_a_total_and_no_rate_below_zero(rows, field):
    draft = priced(*rows)
    assert isinstance(draft, Draft) if field is None else fields(draft) == [field]


def test_quantities_have_up_to_four_decimals():
    """Documents-and-exports 1.5."""
    assert priced(row(1_000_00, 25, "0.1234")).rows[0].net_ore == 123_40


BUILDER = replace(BUYER, kind=DebtorKind.BUSINESS, identity_number="5299999994")


def test_rows_without_vat_say_why_and_exempt_is_what_is_meant_when_nothing_is_said():
    """Mervärdesskattelagen 17 kap. 24 § p. 13."""
    assert priced(row(100_00, 0)).zero_vat is ZeroVat.EXEMPT
    assert priced(row(100_00, 0), zero_vat=ZeroVat.EXPORT).zero_vat is ZeroVat.EXPORT
    assert priced().zero_vat is None
    assert priced(row(), row(100_00, 0)).zero_vat is ZeroVat.EXEMPT, "some rows are enough"
    assert fields(priced(zero_vat=ZeroVat.EXPORT)) == ["zero_vat"]


def test_reverse_charge_is_between_businesses_and_states_the_buyers_vat_number():
    """Mervärdesskattelagen 17 kap. 24 § p. 4 and 14."""
    reverse: dict[str, Any] = {"zero_vat": ZeroVat.REVERSE_CHARGE}
    draft = priced(row(100_00, 0), buyer=BUILDER, **reverse)
    assert draft.buyer_vat_number == "SE529999999401"
    given = priced(row(100_00, 0), buyer=BUILDER, buyer_vat_number="SE556016068001", **reverse)
    assert given.buyer_vat_number == "SE556016068001"
    assert fields(priced(row(100_00, 0), **reverse)) == ["zero_vat"]
    unknown = replace(BUILDER, identity_number=None)
    assert fields(priced(row(100_00, 0), buyer=unknown, **reverse)) == ["buyer_vat_number"]


def test_terms_that_are_very_short_or_long_are_hinted_at():
    """R-53; räntelagen 2 a § speaks of more than thirty days between businesses."""
    business = replace(BUYER, kind=DebtorKind.BUSINESS)
    assert issuing.hints(priced(terms_days=9)) == ["terms_are_short"]
    assert issuing.hints(priced(terms_days=10)) == []
    assert issuing.hints(priced(terms_days=30, buyer=business)) == []
    assert issuing.hints(priced(terms_days=31, buyer=business)) == ["terms_need_approval"]


EMAIL, PAPER = Channel.EMAIL, Channel.PAPER


def test_the_chosen_channel_comes_first_and_the_other_stands_behind():
    assert priced().channels == (EMAIL, PAPER)
    assert priced(buyer=replace(BUYER, street=None)).channels == (EMAIL,)


@pytest.mark.parametrize("buyer", [BUYER, replace(BUYER, street=None)])
def test_no_invoice_is_mailed_to_a_customer_without_an_address_for_it(buyer):
    """R-35, R-63."""
    assert fields(priced(buyer=replace(buyer, email=None))) == ["channel"]


@pytest.mark.parametrize(
    ("first", "unknown", "channels"),
    [
        (EMAIL, [], (EMAIL, PAPER)),
        (PAPER, [], (PAPER, EMAIL)),
        (PAPER, ["email"], (PAPER,)),
        (EMAIL, ["email"], (PAPER,)),
        *((PAPER, [part], (EMAIL,)) for part in ("street", "postcode", "town")),
        (EMAIL, ["email", "town"], None),
    ],
)
def test_corrected_details_are_told_with_every_way_they_leave_to_the_debtor(
    first, unknown, channels
):
    """R-33: coming letters take them, the invoice's own channel first; no way, no news."""
    parts: dict[str, Any] = dict.fromkeys(unknown)
    buyer = replace(BUYER, name="Åsa Berg", **parts)
    claim_id = ClaimId(UUID(int=4))
    told = issuing.correct_recipient(claim_id, SELLER.creditor_id, buyer, first, 3)
    if channels is None:
        assert told is None
        return
    assert told is not None
    assert (told.claim_id, told.creditor_id, told.link_version) == (claim_id, SELLER.creditor_id, 3)
    assert (told.name, told.email, told.channels) == ("Åsa Berg", buyer.email, channels)
    assert (told.address is None) is (PAPER not in channels)


def test_agreements_are_the_companys_setting_unless_the_invoice_says_otherwise():
    """R-54."""
    assert (priced().due_date_agreed, priced().reminder_fee_agreed) == (False, True)
    draft = priced(due_date_agreed=True, reminder_fee_agreed=False)
    assert (draft.due_date_agreed, draft.reminder_fee_agreed) == (True, False)


def test_numbers_follow_each_other_and_a_refused_draft_takes_none():
    """R-56: the series has no gap and no invoice older than the one before it."""
    days = [date(2026, 10, 5), date(2026, 11, 1), date(2026, 10, 31), date(2026, 11, 1)]
    drafts = [priced(issued_on=day) for day in days]
    numbers, series = issuing.number_drafts(drafts, Series(1042, date(2026, 10, 5)))
    assert numbers[:2] == [1042, 1043]
    assert fields(numbers[2]) == ["issued_on"]
    assert numbers[3] == 1044
    assert series == Series(1045, date(2026, 11, 1))
    assert issuing.number_drafts(drafts[:1], Series(7, None)) == ([7], Series(8, days[0]))


def test_every_reference_has_the_same_length_and_passes_the_hardest_control():
    for counter in (1_000_000_000, 5_432_198_765, 9_999_999_999):
        decision = issuing.issue(priced(), claim_id=ClaimId(UUID(int=4)), number=1, counter=counter)
        ocr = decision.invoice.ocr
        assert check_ocr(ocr, OcrLevel.FIXED_LENGTH, [12]) == ocr
        assert check_ocr(ocr, OcrLevel.VARIABLE_LENGTH) == ocr
        assert ocr[0] != "0"


def test_what_is_said_of_an_invoice_is_what_stands_on_it():
    draft = priced(interest=InterestTerms(kind=InterestKind.AGREED_FIXED, rate_bp=1200))
    said: Any = issuing.issue(
        draft, claim_id=ClaimId(UUID(int=4)), number=7, counter=1_000_000_001
    ).says
    issued, named = said
    assert (issued.total_ore, issued.vat, issued.arose_on) == (125_00, draft.vat, TODAY)
    assert issued.interest.rate_bp == 1200
    assert named.channels == (Channel.EMAIL, Channel.PAPER)


KNOWN = Standing(
    claim_id=ClaimId(UUID(int=4)),
    creditor_id=SELLER.creditor_id,
    number=7,
    ocr="100000000127",
    total_ore=1_250_00,
    issued_on=date(2026, 9, 1),
    due_on=date(2026, 10, 1),
    paid_on=None,
    credited=False,
    settled=False,
    disputes=0,
    upheld=False,
    filed=False,
    case_open=None,
    handed_over_on=None,
    reminded=False,
    opened=False,
    sent=False,
    on_paper=False,
    undelivered=False,
)
DAY = date(2026, 10, 1)


@pytest.mark.parametrize(
    ("facts", "today", "state"),
    [
        ({}, DAY, State.ISSUED),
        ({"undelivered": True}, DAY, State.UNDELIVERED),
        ({"undelivered": True, "sent": True}, DAY, State.SENT),
        ({"undelivered": True, "opened": True}, DAY, State.OPENED),
        ({"undelivered": True}, TODAY, State.UNDELIVERED),
        ({"undelivered": True, "sent": True}, TODAY, State.OVERDUE),
        ({"undelivered": True, "disputes": 1}, DAY, State.DISPUTED),
        ({"sent": True}, DAY, State.SENT),
        ({"sent": True, "opened": True}, DAY, State.OPENED),
        ({"opened": True, "paid_on": DAY}, DAY, State.PART_PAID),
        ({"paid_on": DAY}, DAY + timedelta(days=1), State.OVERDUE),
        ({"reminded": True}, TODAY, State.REMINDED),
        ({"reminded": True, "handed_over_on": DAY}, TODAY, State.COLLECTION),
        ({"handed_over_on": DAY, "case_open": True, "filed": True}, TODAY, State.KRONOFOGDEN),
        ({"handed_over_on": DAY, "case_open": False, "reminded": True}, TODAY, State.REMINDED),
        ({"filed": True, "disputes": 1}, TODAY, State.DISPUTED),
        ({"reminded": True, "upheld": True}, TODAY, State.DISPUTED),
        ({"upheld": True, "credited": True}, TODAY, State.CREDITED),
        ({"filed": True, "settled": True, "disputes": 1}, TODAY, State.PAID),
        ({"settled": True, "credited": True}, TODAY, State.CREDITED),
    ],
)
def test_the_state_shown_is_the_highest_fact_that_holds(facts, today, state):
    assert standing.state_of(replace(KNOWN, **facts), today) is state


@pytest.mark.parametrize(
    ("facts", "today", "refusal"),
    [
        ({}, DAY, RefusalReason.NOT_OVERDUE),
        ({}, DAY + timedelta(days=1), None),
        ({"settled": True}, TODAY, RefusalReason.SETTLED),
        ({"credited": True}, TODAY, RefusalReason.CREDITED),
        ({"disputes": 1}, TODAY, RefusalReason.DISPUTED),
        ({"upheld": True}, TODAY, RefusalReason.UPHELD),
        ({"upheld": True, "disputes": 1}, TODAY, RefusalReason.DISPUTED),
        ({"handed_over_on": DAY}, TODAY, RefusalReason.ALREADY_HANDED_OVER),
    ],
)
def test_only_an_overdue_unpaid_undisputed_invoice_goes_to_collection(facts, today, refusal):
    """R-108."""
    for cause in HandoverCause:
        known = replace(KNOWN, **facts)
        assert standing.refuse_handover(known, today, cause=cause) is refusal


@pytest.mark.parametrize(
    ("cause", "case_open", "anew", "refusal"),
    [
        (HandoverCause.POLICY, False, False, RefusalReason.ALREADY_HANDED_OVER),
        (HandoverCause.CREDITOR, False, False, None),
        (HandoverCause.CREDITOR, True, False, RefusalReason.ALREADY_HANDED_OVER),
        (HandoverCause.CREDITOR, True, True, None),
    ],
)
def test_a_creditor_may_hand_over_anew_and_policy_does_so_once(cause, case_open, anew, refusal):
    """A closed case is opened again; an open one gets the customer's details as they are now."""
    known = replace(KNOWN, handed_over_on=DAY, case_open=case_open)
    assert standing.refuse_handover(known, TODAY, cause=cause, anew=anew) is refusal
    settled = replace(known, settled=True)
    assert standing.refuse_handover(settled, TODAY, cause=cause, anew=anew) is not None


def test_a_handed_over_claim_says_what_was_bought():
    rows = ("Målning", "Färg")
    basis = standing.Basis("Exempelmåleriet AB", "5299999994", ADDRESS, rows, BUYER)
    handed = standing.hand_over(KNOWN, basis, cause=HandoverCause.CREDITOR, today=TODAY)
    assert handed.basis == "Faktura 7 av den 2026-09-01 avseende Målning, Färg."
    assert handed.debtor_identity_number is None
    assert handed.creditor_address == ADDRESS


def test_a_long_basis_is_cut_and_stays_whole_sentences_for_kronofogden():
    rows = tuple(f"Rad {n}" for n in range(500))
    basis = standing.Basis("AB", "5299999994", ADDRESS, rows, BUYER)
    handed = standing.hand_over(KNOWN, basis, cause=HandoverCause.POLICY, today=TODAY)
    assert len(handed.basis) <= standing.BASIS_MAX
    assert handed.basis.endswith(" …")


def test_an_invoice_is_credited_once():
    note: Any = {"note_id": NoteId(UUID(int=5)), "kind": CreditKind.CORRECTION, "today": TODAY}
    credited: Any = standing.credit(KNOWN, note_number=8, **note)
    assert (credited.credit_ore, credited.note_number) == (1_250_00, 8)
    again = standing.credit(replace(KNOWN, credited=True), note_number=9, **note)
    assert again is RefusalReason.CREDITED


def test_each_event_that_is_followed_has_its_words():
    assert set(timeline.TELLS) == set(standing.FOLLOWED)
    for what, words in timeline.TEXTS.items():
        for detail in ("", *itertools.chain(*timeline._WORDS.values())):
            shown = timeline.wording(what, detail)
            assert shown
            assert ("{detail}" in words) or shown == words


ABOUT: dict[str, Any] = {"claim_id": KNOWN.claim_id, "creditor_id": KNOWN.creditor_id}


@pytest.mark.parametrize("letter", list(Letter))
@pytest.mark.parametrize("channel", list(Channel))
def test_only_the_invoices_own_letter_says_whether_it_was_sent(letter: Letter, channel: Channel):
    """A reminder that came back leaves the invoice as sent as it was."""
    about = ABOUT | {"delivery_id": new_id(), "cause_event": new_id(), "letter": letter}
    sent = DeliveryAccepted(**about, channel=channel, sent_on=DAY)
    failed = DeliveryFailed(**about, reason="550", failed_on=DAY)
    followed = standing.FOLLOWED
    if letter is not Letter.INVOICE:
        assert followed[DeliveryAccepted](sent) == followed[DeliveryFailed](failed) == News()
        return
    on_paper = True if channel is Channel.PAPER else None
    assert followed[DeliveryAccepted](sent) == News(sent=True, on_paper=on_paper)
    assert followed[DeliveryFailed](failed) == News(undelivered=True)


@pytest.mark.parametrize(
    ("outcome", "upheld"), [(DisputeOutcome.UPHELD, True), (DisputeOutcome.WITHDRAWN, None)]
)
def test_an_objection_that_ends_is_one_less_and_the_debtors_right_stays(
    outcome: DisputeOutcome, upheld: bool | None
):
    """Also where another objection is withdrawn afterwards."""
    begun = ClaimDisputed(**ABOUT, dispute_id=new_id(), disputed_ore=None, objected_on=DAY)
    ended = DisputeSettled(**ABOUT, dispute_id=new_id(), outcome=outcome, settled_on=DAY)
    assert standing.FOLLOWED[ClaimDisputed](begun) == News(disputes=1)
    assert standing.FOLLOWED[DisputeSettled](ended) == News(disputes=-1, upheld=upheld)


def test_a_claim_that_is_open_again_or_taken_back_from_kronofogden_is_seen_to_be():
    opened = ClaimReopened(**ABOUT, remaining_ore=65_33, as_of=DAY)
    news = standing.FOLLOWED[ClaimReopened](opened)
    assert news == News(remaining_ore=65_33, settled=False)
    back = CaseWithdrawn(**ABOUT, case_number="INK-2026-1", reason="never_filed", withdrawn_on=DAY)
    assert standing.FOLLOWED[CaseWithdrawn](back) == News(filed=False), "the case may go on"


@pytest.mark.parametrize(("remaining_ore", "settled"), [(0, True), (1, None)])
def test_a_reversal_that_leaves_nothing_to_pay_settles_the_invoice(
    remaining_ore: int, settled: bool | None
) -> None:
    reversed_ = ChargeReversed(
        claim_id=KNOWN.claim_id,
        creditor_id=KNOWN.creditor_id,
        kind=ChargeKind.REMINDER,
        ordinal=1,
        amount_ore=65_33,
        cause=ReversalCause.PAYMENT,
        reversed_on=KNOWN.due_on,
        remaining_ore=remaining_ore,
    )
    news = standing.FOLLOWED[ChargeReversed](reversed_)
    assert (news.remaining_ore, news.settled) == (remaining_ore, settled)


def test_the_timeline_tells_what_of_a_payment_is_the_operators() -> None:
    """events.md 4: the company's payout is smaller than what came in, and it can see why."""
    parts = {
        Component.CAPITAL: 3_000_00,
        Component.INTEREST: 28_41,
        Component.DEMAND_COST: 180_00,
        Component.FILING_FEE: 300_00,
        Component.FILING_WORK: 380_00,
    }
    for told, operators_ore in ((parts, 860_00), ({Component.CAPITAL: 3_000_00}, None)):
        paid = stories.paid({"claim_id": new_id(), "creditor_id": new_id()}, sum(told.values()), 0)
        paid = paid.model_copy(
            update={
                "parts": tuple(
                    ComponentAmount(component=each, amount_ore=ore) for each, ore in told.items()
                )
            }
        )
        now = datetime(2026, 12, 10, 9, tzinfo=UTC)
        heard = [(now, timeline.TELLS[type(paid)](paid))]
        *_, entry = timeline.tell(heard, issued_on=TODAY)
        assert (entry.amount_ore, entry.operators_ore) == (sum(told.values()), operators_ore)
        assert str(operators_ore) not in entry.text


def test_an_invoice_is_made_before_it_is_sent_also_in_the_first_hour_of_a_day() -> None:
    """A Swedish day begins on the evening before, by the clock that instants are told in."""
    day = date(2026, 11, 26)
    half_past_midnight = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
    told = [(half_past_midnight, timeline.Told("sent", day))]
    entries = timeline.tell(told, issued_on=day)
    assert [entry.what for entry in entries] == ["issued", "sent"]
