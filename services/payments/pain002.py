"""Reads pain.002 status reports: what a bank says of a payout file it was given. A status is a
note until it is a rejection: only a debit on our account proves that a payout was paid. A report
may stop at the group, or list exceptions only; of what it does not mention it says nothing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.payments.camt_entry import child_text, text_of
from services.payments.domain.incoming import BankFileError
from services.payments.xml_stream import Metered, Root, Source, elements, opened, root_of

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
MESSAGES = frozenset(f"pain.002.001.{version}" for version in ("03", "10"))
MOST_TRANSACTIONS = 100_000
MOST_BYTES = 16 * 1024 * 1024


class Outcome(StrEnum):
    """What a status means to us."""

    NOTED = "noted"
    CHANGED = "changed"
    """Taken with a change, such as another day: the reason says which."""
    PAID = "paid"
    PARTLY = "partly"
    """Look at the groups and payments below."""
    REJECTED = "rejected"
    """The payout is open again; it is never sent under the same message id."""
    UNKNOWN = "unknown"


_OUTCOMES = {
    **dict.fromkeys(("RCVD", "ACTC", "ACCP", "ACWP", "ACSP", "PDNG"), Outcome.NOTED),
    "ACWC": Outcome.CHANGED,
    **dict.fromkeys(("ACSC", "ACCC"), Outcome.PAID),
    "PART": Outcome.PARTLY,
    **dict.fromkeys(("RJCT", "CANC"), Outcome.REJECTED),
}


@dataclass(frozen=True, slots=True)
class Status:
    """A status with its reasons (`AC01`, `NARR`) and the bank's own words."""

    code: str | None
    reasons: tuple[str, ...] = ()
    text: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Say what the status means; a code that is not known must be looked at by a person."""
        return _OUTCOMES.get(self.code or "", Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class TransactionStatus:
    """What became of one payout, told by the ids we gave it."""

    instruction_id: str | None
    end_to_end_id: str | None
    status: Status


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """What became of one group of payouts (`PmtInf`)."""

    payment_group_id: str | None
    status: Status
    transactions: tuple[TransactionStatus, ...]


@dataclass(frozen=True, slots=True)
class StatusReport:
    """One report on one message of ours."""

    message: str
    report_id: str
    original_message_id: str
    original_count: str | None
    status: Status
    groups: tuple[GroupStatus, ...]


def message_of(root: Root) -> str | None:
    """Name the message that a root element announces, if it is one that is read here."""
    message = root.namespace.removeprefix(NAMESPACE)
    known = root.name == "Document" and root.namespace.startswith(NAMESPACE)
    return message if known and message in MESSAGES else None


def read(source: Source) -> StatusReport:
    """Read a status report; raises `BankFileError` with line and reason for anything else."""
    with opened(source) as file:
        metered = Metered(file, MOST_BYTES)
        root = root_of(metered.head)
        message = message_of(root)
        if message is None:
            raise BankFileError(1, f"the message {root.shown} is not a status report that is read")
        reader = _Reader(root.namespace)
        report = None
        for body in elements(metered, (reader.tag("CstmrPmtStsRpt"),)):
            if report is not None:
                raise BankFileError(body.sourceline or 0, "there are two CstmrPmtStsRpt")
            parent = body.getparent()
            if parent is None or parent.getparent() is not None:
                raise reader.missing(body, "CstmrPmtStsRpt under Document")
            report = reader.report(body, message)
        if report is None:
            raise BankFileError(0, "there is no CstmrPmtStsRpt in the file")
        return report


class _Reader:
    def __init__(self, namespace: str) -> None:
        self._space = f"{{{namespace}}}"

    def tag(self, name: str) -> str:
        return self._space + name

    def text(self, parent: Any, name: str) -> str | None:
        return child_text(parent, self.tag(name))

    def missing(self, element: Any, what: str) -> BankFileError:
        return BankFileError(element.sourceline or 0, f"there is no {what}")

    def report(self, body: Any, message: str) -> StatusReport:
        header = body.find(self.tag("GrpHdr"))
        original = body.find(self.tag("OrgnlGrpInfAndSts"))
        report_id = None if header is None else self.text(header, "MsgId")
        original_id = None if original is None else self.text(original, "OrgnlMsgId")
        if report_id is None:
            raise self.missing(body, "GrpHdr/MsgId")
        if original_id is None:
            raise self.missing(body, "OrgnlGrpInfAndSts/OrgnlMsgId")
        groups = tuple(map(self.group, body.iterchildren(self.tag("OrgnlPmtInfAndSts"))))
        if sum(len(group.transactions) for group in groups) > MOST_TRANSACTIONS:
            raise BankFileError(0, "the report has too many payments")
        return StatusReport(
            message=message,
            report_id=report_id,
            original_message_id=original_id,
            original_count=self.text(original, "OrgnlNbOfTxs"),
            status=self.status(original, "GrpSts"),
            groups=groups,
        )

    def group(self, element: Any) -> GroupStatus:
        return GroupStatus(
            payment_group_id=self.text(element, "OrgnlPmtInfId"),
            status=self.status(element, "PmtInfSts"),
            transactions=tuple(
                TransactionStatus(
                    instruction_id=self.text(one, "OrgnlInstrId"),
                    end_to_end_id=self.text(one, "OrgnlEndToEndId"),
                    status=self.status(one, "TxSts"),
                )
                for one in element.iterchildren(self.tag("TxInfAndSts"))
            ),
        )

    def status(self, element: Any, name: str) -> Status:
        reasons, text = [], []
        for information in element.iterchildren(self.tag("StsRsnInf")):
            for reason in information.iterchildren(self.tag("Rsn")):
                code = self.text(reason, "Cd") or self.text(reason, "Prtry")
                if code:
                    reasons.append(code)
            lines = information.iterchildren(self.tag("AddtlInf"))
            text += [line for line in map(text_of, lines) if line]
        return Status(self.text(element, name), tuple(reasons), tuple(text))
