"""Payment orders as the bank reads them: pain.001.001.03 or .09 in, pain.002.001.03 out.

A bank takes a message whole or refuses it whole with a reason code of ISO 20022; a single payment
of a taken message can be refused for its own account alone. Pure: bytes in, decisions and bytes
out.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from xml.sax.saxutils import escape

from lxml import etree

VERSIONS = ("pain.001.001.03", "pain.001.001.09")
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
MAX_ID = 35
LATEST_EXECUTION = timedelta(days=370)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
AMOUNT = re.compile(r"\d{1,13}(\.\d{1,5})?", re.ASCII)


class OrderRefusedError(Exception):
    """The whole message is refused: an ISO 20022 reason code, and words for a person."""

    def __init__(self, code: str, text: str, message_id: str = "", version: str = "") -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text
        self.message_id, self.version = message_id, version


@dataclass(frozen=True)
class Transfer:
    """One payment of an order; `refused` is a reason code, or None when it is taken."""

    payment_information_id: str
    instruction_id: str
    end_to_end_id: str
    amount_ore: int
    execute_on: date
    creditor_name: str
    creditor_account: str
    account_kind: str
    reference: str
    refused: str | None = None


@dataclass(frozen=True)
class Order:
    """One message of payment orders."""

    message_id: str
    version: str
    transfers: tuple[Transfer, ...]


def read_order(body: bytes, today: date) -> Order:
    """Read and judge a message; raises `OrderRefusedError` with a bank's reason."""
    root = _parse(body)
    version = etree.QName(root).namespace or ""
    version = version.removeprefix(NAMESPACE)
    if version not in VERSIONS or etree.QName(root).localname != "Document":
        raise OrderRefusedError("FF01", f"unknown message {version[:35] or 'without namespace'}")
    reader = _Reader(version)
    initiation = reader.one(root, "CstmrCdtTrfInitn")
    reader.message_id = reader.identifier(initiation, "GrpHdr/MsgId")
    blocks = reader.many(initiation, "PmtInf")
    if not blocks:
        raise reader.refusal("FF01", "PmtInf is missing")
    transfers = tuple(one for block in blocks for one in _read_block(reader, block, today))
    reader.check_totals(reader.one(initiation, "GrpHdr"), transfers, required=True)
    ids = [one.end_to_end_id for one in transfers]
    if len(set(ids)) != len(ids):
        raise reader.refusal("AM05", "the same EndToEndId occurs twice in the message")
    return Order(reader.message_id, version, transfers)


def _parse(body: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise OrderRefusedError("FF01", f"not XML: {error}") from None
    if root.getroottree().docinfo.doctype:
        raise OrderRefusedError("FF01", "a document type declaration is not allowed")
    return root


def _read_block(reader: "_Reader", block: etree._Element, today: date) -> list[Transfer]:
    block_id = reader.identifier(block, "PmtInfId")
    if reader.text(block, "PmtMtd") != "TRF":
        raise reader.refusal("FF01", "PmtMtd must be TRF")
    execute_on = reader.execution_date(block, today)
    for path in ("Dbtr", "DbtrAcct/Id", "DbtrAgt/FinInstnId"):
        reader.one(block, path)
    transfers = [
        _read_transfer(reader, one, block_id, execute_on)
        for one in reader.many(block, "CdtTrfTxInf")
    ]
    if not transfers:
        raise reader.refusal("FF01", "CdtTrfTxInf is missing")
    reader.check_totals(block, transfers, required=False)
    return transfers


def _read_transfer(
    reader: "_Reader", transfer: etree._Element, block_id: str, execute_on: date
) -> Transfer:
    account, kind = reader.creditor_account(transfer)
    structured = reader.text(transfer, "RmtInf/Strd/CdtrRefInf/Ref")
    return Transfer(
        refused=None if is_account(account, kind) else "AC03",
        payment_information_id=block_id,
        instruction_id=reader.identifier(transfer, "PmtId/InstrId", required=False),
        end_to_end_id=reader.identifier(transfer, "PmtId/EndToEndId"),
        amount_ore=reader.amount_ore(transfer),
        execute_on=execute_on,
        creditor_name=reader.needed(transfer, "Cdtr/Nm"),
        creditor_account=account,
        account_kind=kind,
        reference=structured or reader.text(transfer, "RmtInf/Ustrd"),
    )


class _Reader:
    """Finds elements of one message version, and refuses in that message's name."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.message_id = ""

    def refusal(self, code: str, text: str) -> OrderRefusedError:
        return OrderRefusedError(code, text, self.message_id, self.version)

    def many(self, parent: etree._Element, path: str) -> list[etree._Element]:
        steps = "/".join(f"{{{NAMESPACE}{self.version}}}{step}" for step in path.split("/"))
        return list(parent.findall(steps))

    def one(self, parent: etree._Element, path: str) -> etree._Element:
        found = self.many(parent, path)
        if not found:
            raise self.refusal("FF01", f"{path} is missing")
        return found[0]

    def text(self, parent: etree._Element, path: str) -> str:
        found = self.many(parent, path)
        return (found[0].text or "").strip() if found else ""

    def needed(self, parent: etree._Element, path: str) -> str:
        text = self.text(parent, path)
        if not text:
            raise self.refusal("FF01", f"{path} is missing")
        return text

    def identifier(self, parent: etree._Element, path: str, *, required: bool = True) -> str:
        text = self.needed(parent, path) if required else self.text(parent, path)
        if len(text) > MAX_ID:
            raise self.refusal("FF01", f"{path} is longer than {MAX_ID} characters")
        return text

    def amount_ore(self, transfer: etree._Element) -> int:
        element = self.one(transfer, "Amt/InstdAmt")
        if element.get("Ccy") != "SEK":
            raise self.refusal("AM03", f"currency {element.get('Ccy')} is not allowed, only SEK")
        amount_ore = self._ore(element.text or "", "InstdAmt")
        if amount_ore == 0:
            raise self.refusal("AM01", "an amount is zero")
        return amount_ore

    def _ore(self, text: str, name: str) -> int:
        if not AMOUNT.fullmatch(text.strip()):
            raise self.refusal("AM09", f"{name} {text!r} is not an amount")
        ore = Decimal(text.strip()) * 100
        if ore != int(ore):
            raise self.refusal("AM09", f"{name} {text} has more than two decimals")
        return int(ore)

    def execution_date(self, block: etree._Element, today: date) -> date:
        path = "ReqdExctnDt/Dt" if self.version.endswith(".09") else "ReqdExctnDt"
        text = self.needed(block, path)
        try:
            day = date.fromisoformat(text if DAY.fullmatch(text) else "")
        except ValueError:
            raise self.refusal("DT01", f"execution date {text!r} is not a date") from None
        if day > today + LATEST_EXECUTION:
            raise self.refusal("DT01", f"execution date {day} is too far away")
        return day

    def creditor_account(self, transfer: etree._Element) -> tuple[str, str]:
        """The payee's account without separators, and what kind it is."""
        account = "CdtrAcct/Id"
        scheme = f"{account}/Othr/SchmeNm"
        iban = self.text(transfer, f"{account}/IBAN")
        number = iban or self.text(transfer, f"{account}/Othr/Id")
        kind = self.text(transfer, f"{scheme}/Prtry") or self.text(transfer, f"{scheme}/Cd")
        plain = plain_account(number)
        if not plain:
            raise self.refusal("AC03", "a creditor account is missing")
        return plain, "IBAN" if iban else kind or "BBAN"

    def check_totals(
        self,
        header: etree._Element,
        transfers: "tuple[Transfer, ...] | list[Transfer]",
        *,
        required: bool,
    ) -> None:
        count, total = self.text(header, "NbOfTxs"), self.text(header, "CtrlSum")
        if (count or required) and count != str(len(transfers)):
            raise self.refusal("AM18", f"NbOfTxs {count!r}, but there are {len(transfers)}")
        paid_ore = sum(one.amount_ore for one in transfers)
        if (total or required) and self._ore(total, "CtrlSum") != paid_ore:
            raise self.refusal("AM10", f"CtrlSum {total}, but the payments are {kr(paid_ore)}")


def plain_account(number: str) -> str:
    """An account number's letters and digits only."""
    return re.sub(r"[^0-9A-Za-z]", "", number).upper()


def is_account(number: str, kind: str) -> bool:
    """Whether the check digits of an account are right; only a bankgiro and an IBAN tell it."""
    if kind == "BGNR":
        return bool(re.fullmatch(r"[0-9]{7,8}", number)) and luhn(number)
    if kind == "IBAN":
        moved = number[4:] + number[:4]
        return number[4:].isalnum() and int("".join(str(int(one, 36)) for one in moved)) % 97 == 1
    return True


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of modulus 10."""
    doubled = [int(one) * (2 if place % 2 else 1) for place, one in enumerate(reversed(digits))]
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def kr(amount_ore: int) -> str:
    """Öre as a decimal with two places."""
    return f"{amount_ore // 100}.{amount_ore % 100:02d}"


def group_status(transfers: tuple[Transfer, ...]) -> str:
    """ACTC when every payment was taken, RJCT when none, PART between."""
    refused = sum(one.refused is not None for one in transfers)
    return "ACTC" if not refused else "RJCT" if refused == len(transfers) else "PART"


def accepted_report(report_id: str, created_at: str, order: Order) -> bytes:
    """pain.002 for a message that was taken, at least in part."""
    status = group_status(order.transfers)
    blocks = "" if status == "ACTC" else _blocks(order.transfers)
    count = f"<OrgnlNbOfTxs>{len(order.transfers)}</OrgnlNbOfTxs>"
    group = _group(order.message_id, order.version, f"{count}<GrpSts>{status}</GrpSts>")
    return _report(report_id, created_at, group + blocks)


def refused_report(report_id: str, created_at: str, refusal: OrderRefusedError) -> bytes:
    """pain.002 for a message that was refused whole."""
    reason = _reason(refusal.code, refusal.text)
    group = _group(refusal.message_id, refusal.version, f"<GrpSts>RJCT</GrpSts>{reason}")
    return _report(report_id, created_at, group)


def _report(report_id: str, created_at: str, content: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="{NAMESPACE}pain.002.001.03"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{report_id}</MsgId><CreDtTm>{created_at}</CreDtTm></GrpHdr>"
        f"{content}</CstmrPmtStsRpt></Document>\n"
    ).encode()


def _group(message_id: str, version: str, content: str) -> str:
    original = escape(message_id[:MAX_ID]) or "NOTPROVIDED"
    return (
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{original}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>{version or 'pain.001'}</OrgnlMsgNmId>{content}</OrgnlGrpInfAndSts>"
    )


def _reason(code: str, text: str = "") -> str:
    lines = [text[start : start + 105] for start in range(0, min(len(text), 525), 105)]
    words = "".join(f"<AddtlInf>{escape(line)}</AddtlInf>" for line in lines)
    return f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn>{words}</StsRsnInf>"


def _blocks(transfers: tuple[Transfer, ...]) -> str:
    ids = dict.fromkeys(one.payment_information_id for one in transfers)
    return "".join(
        _block(block_id, tuple(one for one in transfers if one.payment_information_id == block_id))
        for block_id in ids
    )


def _block(block_id: str, transfers: tuple[Transfer, ...]) -> str:
    rows = "".join(_transaction(one) for one in transfers)
    return (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(block_id)}</OrgnlPmtInfId>"
        f"<PmtInfSts>{group_status(transfers)}</PmtInfSts>{rows}</OrgnlPmtInfAndSts>"
    )


def _transaction(one: Transfer) -> str:
    instruction = (
        f"<OrgnlInstrId>{escape(one.instruction_id)}</OrgnlInstrId>" if one.instruction_id else ""
    )
    reason = _reason(one.refused) if one.refused else ""
    return (
        f"<TxInfAndSts>{instruction}<OrgnlEndToEndId>{escape(one.end_to_end_id)}</OrgnlEndToEndId>"
        f"<TxSts>{'RJCT' if one.refused else 'ACTC'}</TxSts>{reason}</TxInfAndSts>"
    )


def refuse_accounts(order: Order, closed: set[str]) -> Order:
    """The order with AC04 on each payment to an account that is closed."""
    transfers = tuple(
        replace(one, refused="AC04") if one.creditor_account in closed else one
        for one in order.transfers
    )
    return replace(order, transfers=transfers)
