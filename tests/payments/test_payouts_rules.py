"""When money is paid out, how it is divided, and what ends a payout: rules alone."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid5

import pytest

from contracts.ids import ClaimId, CreditorId, PayoutId
from contracts.payments import PayoutOrdered, PayoutPart, PayoutRejected, PayoutSettled
from plumbing.outbound import Origin, Parcel
from services.payments.bank import Bank, payment_id_of, payout_of, read_answer
from services.payments.domain.ledger import Account
from services.payments.domain.payouts import (
    MOST_CLAIMS,
    Decision,
    PayoutState,
    accept,
    is_late,
    masked,
    order,
    parts_of,
    payout_on,
    reject,
    settle,
    split,
)
from services.payments.pain002 import GroupStatus, Status, StatusReport, TransactionStatus

CREDITOR = CreditorId(UUID(int=0xC))
PAYOUT = PayoutId(UUID(int=0xF00))
FRIDAY = date(2026, 10, 16)


def part(n: int, amount_ore: int) -> PayoutPart:
    return PayoutPart(claim_id=ClaimId(uuid5(CREDITOR, str(n))), amount_ore=amount_ore)


def ordered(amount_ore: int = 500_00) -> Decision:
    parts = [part(1, amount_ore)]
    return order(PAYOUT, CREDITOR, parts, account_masked="•••1055", today=FRIDAY)


def test_money_that_comes_on_a_friday_is_paid_out_on_monday() -> None:
    """R-90, R-91."""
    assert payout_on(FRIDAY) == date(2026, 10, 19)


def test_a_payout_of_many_claims_is_divided_so_that_none_is_lost() -> None:
    """Each event names at most a thousand claims."""
    parts = [part(n, 100) for n in range(MOST_CLAIMS * 2 + 1)]
    shares = split(parts)
    assert [len(share) for share in shares] == [MOST_CLAIMS, MOST_CLAIMS, 1]
    assert {one.claim_id for share in shares for one in share} == {one.claim_id for one in parts}


@pytest.mark.parametrize("credited_ore", [100_00, 100_01, 500_00])
def test_nothing_is_paid_while_more_was_credited_than_came_in(credited_ore: int) -> None:
    """A credit after the payout is set off against what comes later (events.md 4)."""
    assert split([part(1, 100_00), part(2, -credited_ore)]) == []


def test_what_was_credited_is_set_off_in_a_payout_above_zero() -> None:
    """The creditor gets what is left."""
    shares = split([part(1, 100_00), part(2, -30_00)])
    assert [sum(one.amount_ore for one in share) for share in shares] == [70_00]


def test_a_credit_larger_than_a_thousand_claims_still_leaves_every_payout_above_zero() -> None:
    """It takes as many claims as outweigh it."""
    parts = [part(n, 1) for n in range(3_500)] + [part(9_999, -2_000)]
    shares = split(parts)
    sums = [sum(one.amount_ore for one in share) for share in shares]
    assert sum(sums) == 1_500
    assert min(sums) > 0


def test_what_a_claim_gave_and_took_is_one_part() -> None:
    """Allocations of a claim are added up."""
    claim = part(1, 0).claim_id
    assert parts_of([(claim, 100_00), (claim, -40_00)]) == [part(1, 60_00)]


def test_an_order_takes_the_money_from_payable_into_transit() -> None:
    """events.md 5."""
    decision = ordered()
    lines = [(line.account, line.amount_ore) for line in decision.movements[0].postings]
    assert lines == [(Account.PAYABLE, 500_00), (Account.TRANSIT, -500_00)]
    said = decision.says[0]
    assert isinstance(said, PayoutOrdered)
    assert (said.amount_ore, said.account_masked) == (500_00, "•••1055")


def test_an_accepted_order_is_not_paid() -> None:
    """Only the debit is."""
    decision = accept(ordered().payout)
    assert decision.payout.state is PayoutState.ACCEPTED
    assert not decision.movements
    assert not decision.says


def test_the_debit_settles_the_payout_and_takes_the_money_from_the_account() -> None:
    """events.md 5."""
    decision = settle(accept(ordered().payout).payout, 500_00, date(2026, 10, 19))
    assert isinstance(decision, Decision)
    lines = [(line.account, line.amount_ore) for line in decision.movements[0].postings]
    assert lines == [(Account.TRANSIT, 500_00), (Account.BANK_CLIENT, -500_00)]
    assert isinstance(decision.says[0], PayoutSettled)


def test_a_debit_of_another_amount_is_a_persons_task() -> None:
    """Nothing is guessed."""
    assert settle(ordered().payout, 499_99, FRIDAY) == "the payout was ordered with 50000 öre"


def test_a_payout_is_settled_once() -> None:
    """Also when a second debit names it."""
    done = settle(ordered().payout, 500_00, FRIDAY)
    assert isinstance(done, Decision)
    assert settle(done.payout, 500_00, FRIDAY) == "the payout was debited before"
    assert reject(done.payout, "AC04", today=FRIDAY) == Decision(done.payout)


def test_a_rejected_order_gives_the_money_back_to_payable() -> None:
    """And is said with the bank's reason."""
    decision = reject(ordered().payout, "RJCT AC04", today=FRIDAY)
    lines = [(line.account, line.amount_ore) for line in decision.movements[0].postings]
    assert lines == [(Account.PAYABLE, -500_00), (Account.TRANSIT, 500_00)]
    said = decision.says[0]
    assert isinstance(said, PayoutRejected)
    assert said.reason == "RJCT AC04"
    assert settle(decision.payout, 500_00, FRIDAY) == "the bank had rejected the payout"


@pytest.mark.parametrize(
    ("today", "late"),
    [(date(2026, 10, 20), False), (date(2026, 10, 21), False), (date(2026, 10, 22), True)],
)
def test_a_payout_not_debited_after_three_banking_days_is_shown(today: date, late: bool) -> None:
    """Ordered on a Friday: Monday, Tuesday and Wednesday may pass."""
    assert is_late(ordered().payout, today) is late


def test_only_the_end_of_an_account_number_is_shown() -> None:
    """An account is masked wherever it is shown or said."""
    assert masked("50501055") == "•••1055"


def test_a_payouts_id_comes_back_from_the_bank() -> None:
    """As end-to-end id, at most 35 characters; what is not one of ours is none."""
    assert payout_of(payment_id_of(PAYOUT)) == PAYOUT
    assert payout_of("NOTPROVIDED") is None
    assert payout_of("x" * 32) is None
    assert payout_of(None) is None


def report(status: str, *groups: GroupStatus, reasons: tuple[str, ...] = ()) -> StatusReport:
    return StatusReport("pain.002.001.03", "R", "M", None, Status(status, reasons), groups)


def test_a_partly_accepted_file_is_judged_payment_by_payment() -> None:
    """What it does not list stays open: the debit will tell."""
    listed = TransactionStatus("a", "a", Status("RJCT", ("AC04",)))
    taken = TransactionStatus("b", "b", Status("ACTC"))
    group = GroupStatus("g", Status("PART"), (listed, taken))
    answer = read_answer(report("PART", group), dict.fromkeys("abc", "g"))
    words = [answer.word_on(one).verdict.value for one in "abc"]
    assert words == ["rejected", "accepted", "open"]
    assert answer.word_on("a").reasons == ("AC04",)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [("ACTC", "accepted"), ("ACSP", "accepted"), ("RJCT", "rejected"), ("ZZZZ", "open")],
)
def test_a_status_of_the_whole_file_holds_for_every_payment(status: str, verdict: str) -> None:
    """bank-formats 5.4."""
    assert read_answer(report(status), {"any": "g"}).word_on("any").verdict.value == verdict


GROUPS = {"a": "g1", "b": "g1", "c": "g2"}
REJECTED = Status("RJCT", ("AC04",))


@pytest.mark.parametrize(
    ("whole", "groups", "verdicts"),
    [
        # A rejected group that lists nothing rejects its own payouts, and no others.
        ("PART", [("g1", REJECTED), ("g2", Status("ACTC"))], "rejected rejected accepted"),
        ("PART", [("g1", REJECTED)], "rejected rejected open"),
        ("ACTC", [("g2", REJECTED)], "accepted accepted rejected"),
        ("ACTC", [], "accepted accepted accepted"),
        ("PART", [("g1", Status("PART")), ("g2", Status("ACCP"))], "open open accepted"),
        ("PART", [("unknown", REJECTED)], "open open open"),
    ],
)
def test_a_group_that_is_rejected_whole_rejects_the_payouts_in_it(
    whole: str, groups: list[tuple[str, Status]], verdicts: str
) -> None:
    """bank-formats 5.4: a report may reject the group only."""
    told = [GroupStatus(group_id, status, ()) for group_id, status in groups]
    answer = read_answer(report(whole, *told), GROUPS)
    assert " ".join(answer.word_on(one).verdict.value for one in "abc") == verdicts


def test_a_payment_that_is_listed_without_a_status_has_that_of_its_group() -> None:
    """`TxSts` may be left out where the group says it all; the reasons stand with the group."""
    listed = TransactionStatus("a", "a", Status(None, ("AC04",)))
    answer = read_answer(report("RJCT", GroupStatus("g1", REJECTED, (listed,))), {"a": "g1"})
    assert answer.word_on("a").verdict.value == "rejected"
    answer = read_answer(report("RJCT", GroupStatus("g1", Status(None), (listed,))), {"a": "g1"})
    assert answer.word_on("a").verdict.value == "rejected"


def test_a_payment_is_known_by_either_of_its_ids_and_an_unknown_one_means_nothing() -> None:
    """Both are the payout's."""
    told = (
        TransactionStatus("a", "NOTPROVIDED", REJECTED),
        TransactionStatus(None, "b", REJECTED),
        TransactionStatus("x", "y", REJECTED),
        TransactionStatus(None, None, REJECTED),
    )
    answer = read_answer(report("PART", GroupStatus("g1", Status("PART"), told)), GROUPS)
    assert [answer.word_on(one).verdict.value for one in "abc"] == ["rejected", "rejected", "open"]
    assert set(answer.payments) == {"a", "b"}


@pytest.mark.parametrize("code", ["RJCT", "CANC"])
def test_a_duplicate_is_no_rejection_wherever_the_bank_says_it(code: str) -> None:
    """Of a payment or a group too: freed, its money would be ordered, and paid, again."""
    twice = Status(code, ("AM05",))
    of_group = read_answer(report(code, GroupStatus("g1", twice, ())), GROUPS)
    listed = (TransactionStatus("a", "a", twice), TransactionStatus("b", "b", REJECTED))
    of_payment = read_answer(report("PART", GroupStatus("g1", Status("PART"), listed)), GROUPS)
    assert [of_group.word_on(one).verdict.value for one in "ab"] == ["open", "open"]
    assert [of_payment.word_on(one).verdict.value for one in "ab"] == ["open", "rejected"]


def test_the_only_group_of_an_order_is_meant_whatever_the_bank_calls_it() -> None:
    """Some banks leave OrgnlPmtInfId out."""
    answer = read_answer(report("ACTC", GroupStatus(None, REJECTED, ())), {"a": "g1", "b": "g1"})
    assert [answer.word_on(one).verdict.value for one in "ab"] == ["rejected", "rejected"]


class BankThatForgets(Bank):
    """Knows that it has the order, and no longer what it answered."""

    first: StatusReport | None = None

    async def _ask(
        self, session: object, method: str, path: str, body: bytes | None = None
    ) -> StatusReport | None:
        if method == "GET":
            return self.first
        duplicate = Status("RJCT", ("AM05",), ("MsgId used before",))
        groups: tuple[GroupStatus, ...] = ()
        if self.token == SAYS_IT_OF_GROUPS:
            groups, duplicate = (GroupStatus("g", duplicate, ()),), Status("RJCT")
        return StatusReport("pain.002.001.03", "R", PARCEL.id.hex, None, duplicate, groups)


SAYS_IT_OF_GROUPS = "group"


PARCEL = Parcel(UUID(int=7), "payment_order", UUID(int=8), b"<x/>", 2, Origin(UUID(int=9), None))


@pytest.mark.parametrize("where", [None, SAYS_IT_OF_GROUPS])
async def test_a_duplicate_is_no_rejection_for_the_bank_has_the_order(where: str | None) -> None:
    """Its first answer may have been lost or forgotten: the debit will tell, nothing is freed."""
    answer = await BankThatForgets("http://bank", where).order(PARCEL)
    assert (answer.status, answer.word_on("any").verdict.value) == ("AM05", "open")
