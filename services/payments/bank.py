"""The bank, as payouts speak to it: pain.001 goes in, pain.002 comes back.

The bank's stop against paying twice is the message id, which is the batch's: an order whose answer
never reached us is sent again with the same bytes, refused as a duplicate (AM05), and the first
answer is asked for. Where the bank has none to give, its debit will tell: it has the order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO
from uuid import UUID

import aiohttp

from plumbing.outbound import Parcel, UndeliverableError
from services.payments import pain001, pain002
from services.payments.domain.incoming import BankFileError
from services.payments.pain002 import Outcome, Status, StatusReport

DUPLICATE = "AM05"
TIMEOUT = aiohttp.ClientTimeout(total=45, connect=5)


class Verdict(StrEnum):
    """What the bank says of one payment."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    OPEN = "open"
    """Nothing yet, or nothing that can be relied on: the debit will tell."""


@dataclass(frozen=True, slots=True)
class Word:
    """A verdict with the bank's reason codes and its words, in one line for a person."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The bank's answer to one order: `whole` holds where `payments` says nothing of an id."""

    status: str
    whole: Word
    payments: Mapping[str, Word] = field(default_factory=dict)

    def word_on(self, end_to_end_id: str) -> Word:
        """What was said of one payment."""
        return self.payments.get(end_to_end_id, self.whole)


class BankAwayError(OSError):
    """The bank does not answer, or not as a bank: the order is sent again later."""


@dataclass(frozen=True, slots=True)
class Bank:
    """The bank's address for payment orders, and our credential there."""

    url: str
    token: str | None = None

    async def order(self, parcel: Parcel) -> Answer:
        """Give the bank an order; the parcel's id is its message id."""
        message_id = message_id_of(parcel.id)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with aiohttp.ClientSession(headers=headers, timeout=TIMEOUT) as session:
            report = await self._ask(session, "POST", "/payment-orders", parcel.body)
            if report is not None and is_duplicate(report):
                first = await self._ask(session, "GET", f"/payment-orders/{message_id}")
                if first is None or is_duplicate(first):
                    return taken_before(report)
                report = first
        if report is None:
            raise BankAwayError("there is no such door at the bank")
        if report.original_message_id != message_id:
            raise UndeliverableError(f"the bank answered on {report.original_message_id!r}")
        return read_answer(report, pain001.groups_of(parcel.body))

    async def _ask(
        self, session: aiohttp.ClientSession, method: str, path: str, body: bytes | None = None
    ) -> StatusReport | None:
        try:
            data = BytesIO(body) if body else None
            kind = {"Content-Type": "application/xml"} if body else {}
            async with session.request(
                method, self.url.rstrip("/") + path, data=data, headers=kind
            ) as answer:
                if answer.status == 404:
                    return None
                if answer.status != 200:
                    raise BankAwayError(f"the bank answers {answer.status}")
                return pain002.read(BytesIO(await answer.read()))
        except (aiohttp.ClientError, BankFileError) as error:
            raise BankAwayError(f"{type(error).__name__}: {error}") from error


def message_id_of(batch_id: UUID) -> str:
    """A batch as the message id of its file: 32 characters of the 35 allowed."""
    return batch_id.hex


def payment_id_of(payout_id: UUID) -> str:
    """A payout as the end-to-end id that comes back on the debit."""
    return payout_id.hex


def payout_of(end_to_end_id: str | None) -> UUID | None:
    """The payout an end-to-end id names, if it may be one of ours."""
    return _ours(end_to_end_id)


def batch_of(message_id: str | None) -> UUID | None:
    """The batch a message id names, if it may be one of ours."""
    return _ours(message_id)


def _ours(written: str | None) -> UUID | None:
    if written is None or len(written) != 32:
        return None
    try:
        return UUID(hex=written)
    except ValueError:
        return None


def is_duplicate(report: StatusReport) -> bool:
    """Whether the bank says of an order, or of every group in it, that it has it already."""
    groups = [group.status for group in report.groups]
    return DUPLICATE in report.status.reasons or (
        bool(groups) and all(DUPLICATE in status.reasons for status in groups)
    )


def taken_before(report: StatusReport) -> Answer:
    """Give the answer of a bank that has the order and no longer tells what it said of it first.

    A duplicate is no rejection: the first order may be paid.
    """
    told = (_word(status) for status in (report.status, *(one.status for one in report.groups)))
    word = next(word for word in told if DUPLICATE in word.reasons)
    return Answer(DUPLICATE, Word(Verdict.OPEN, (DUPLICATE,), word.text))


def read_answer(report: StatusReport, groups: Mapping[str, str | None]) -> Answer:
    """Turn a status report into a word on each payment of an order (id → its `PmtInfId`).

    The nearest word counts: that on the payment, else on its group, else on the whole. A rejected
    group rejects all that it does not list, or lists without a status of its own; of a partly
    accepted one, what is not listed stays open, for only counts could tell.
    """
    whole = _word(report.status)
    of_group = {
        group.payment_group_id: _word(group.status) for group in report.groups if group.status.code
    }
    if len(set(groups.values())) == 1 == len(of_group):
        # The only group, whatever the bank calls it.
        of_group = dict.fromkeys(groups.values(), next(iter(of_group.values())))
    payments = {
        payment_id: of_group[group_id]
        for payment_id, group_id in groups.items()
        if group_id in of_group
    }
    for group in report.groups:
        for one in group.transactions:
            # Both ids are the payout's; of the one a bank may say NOTPROVIDED.
            for payment_id in (one.instruction_id, one.end_to_end_id):
                if payment_id and payment_id in groups and one.status.code:
                    payments[payment_id] = _word(one.status)
    return Answer(report.status.code or "", whole, payments)


def _word(status: Status) -> Word:
    match status.outcome:
        case Outcome.NOTED | Outcome.CHANGED | Outcome.PAID:
            verdict = Verdict.ACCEPTED
        case Outcome.REJECTED if DUPLICATE not in status.reasons:
            verdict = Verdict.REJECTED
        case _:
            verdict = Verdict.OPEN
    text = " ".join(filter(None, (status.code, *status.reasons, *status.text)))
    return Word(verdict, status.reasons, text[:200])
