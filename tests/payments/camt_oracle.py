"""A second reading of camt files, for tests to compare the first with: by another parser, with
`Decimal`, a whole file at a time, and written from the bank's formats alone. It knows nothing of
how the product reads; what it does not expect it fails on."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

Told = tuple[str, str, int | None]
"""A reference: kind, what was written, and the part of the payment that goes to it."""


class Expected(NamedTuple):
    """One item as bank-formats.md 4 wants it read; `held` is the name of a `Hold`."""

    direction: str
    amount_ore: int
    currency: str
    booked_on: date
    paid_on: date
    held: str | None
    bank_reference: str | None
    references: tuple[Told, ...] = ()
    payer_name: str | None = None
    payee_bankgiro: str | None = None
    end_to_end_id: str | None = None


def expected(data: bytes) -> list[Expected] | None:
    """Give every item of a file in file order; None where its sums or balances are wrong."""
    document = Tag(ElementTree.fromstring(data))
    [message] = [child for child in document.children if child.name.startswith("BkToCstmr")]
    items: list[Expected] = []
    for statement in message.all("Stmt") + message.all("Ntfctn"):
        entries = statement.all("Ntry")
        if not (_adds_up(statement, entries) and _balances(statement, entries)):
            return None
        for entry in entries:
            if (entry.text("Sts/Cd") or entry.text("Sts")) == "BOOK":
                items += _items(entry)
    return items


class Tag:
    """An element by local names."""

    def __init__(self, element: Any) -> None:
        self.element = element
        self.name = element.tag.split("}")[1]

    @property
    def children(self) -> list["Tag"]:
        """What it holds."""
        return [Tag(child) for child in self.element]

    def all(self, path: str) -> list["Tag"]:
        """Every element under a path of names."""
        first, _, rest = path.partition("/")
        found = [child for child in self.children if child.name == first]
        return [deep for child in found for deep in child.all(rest)] if rest else found

    def one(self, path: str) -> "Tag | None":
        """The only element under a path, or none."""
        found = self.all(path)
        assert len(found) <= 1, f"{path} stands {len(found)} times"
        return found[0] if found else None

    def text(self, path: str) -> str | None:
        """The text there, in one line; nothing when blank."""
        found = self.one(path)
        return " ".join((found.element.text or "").split()) or None if found else None

    def ore(self, path: str) -> int | None:
        """The amount there in hundredths."""
        text = self.text(path)
        return None if text is None else int((Decimal(text) * 100).to_integral_exact())

    def currency(self, path: str) -> str | None:
        """The currency of the amount there."""
        found = self.one(path)
        return found.element.get("Ccy") if found else None


def _adds_up(statement: Tag, entries: list[Tag]) -> bool:
    for name, marks in (
        ("TtlNtries", "CRDT DBIT"),
        ("TtlCdtNtries", "CRDT"),
        ("TtlDbtNtries", "DBIT"),
    ):
        counted = [one.ore("Amt") or 0 for one in entries if (one.text("CdtDbtInd") or "") in marks]
        count = statement.text(f"TxsSummry/{name}/NbOfNtries")
        total = statement.ore(f"TxsSummry/{name}/Sum")
        if count not in (None, str(len(counted))) or total not in (None, sum(counted)):
            return False
    return True


def _balances(statement: Tag, entries: list[Tag]) -> bool:
    found = {one.text("Tp/CdOrPrtry/Cd"): _signed(one) for one in statement.all("Bal")}
    if not {"OPBD", "CLBD"} <= found.keys():
        return True
    booked = [
        _signed(one)
        for one in entries
        if (one.text("Sts/Cd") or one.text("Sts")) == "BOOK" and one.currency("Amt") == "SEK"
    ]
    return found["OPBD"] + sum(booked) == found["CLBD"]


def _signed(amounted: Tag) -> int:
    ore = amounted.ore("Amt")
    assert ore is not None
    return ore if amounted.text("CdtDbtInd") == "CRDT" else -ore


def _items(entry: Tag) -> Iterator[Expected]:
    payments = entry.all("NtryDtls/TxDtls")
    amounts = [_amount(one, entry, alone=len(payments) == 1) for one in payments]
    hold = _entry_hold(entry, payments, amounts)
    if hold or not payments:
        references: list[Told] = [
            (kind, value, None)
            for one in payments
            if _direction(one, entry) == "CRDT"
            for kind, value, _ in _references(one)
        ]
        yield _item(entry, None, (entry.ore("Amt"), entry.currency("Amt")), hold, references)
        return
    for payment, (ore, currency) in zip(payments, amounts, strict=True):
        references = _references(payment)
        shares = [share for _, _, share in references if share is not None]
        if shares and sum(shares) != ore:
            references = [(kind, value, None) for kind, value, _ in references]
        yield _item(entry, payment, (ore, currency), None, references)


def _amount(payment: Tag, entry: Tag, *, alone: bool) -> tuple[int | None, str | None]:
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        if payment.one(path):
            return payment.ore(path), payment.currency(path)
    return (entry.ore("Amt"), entry.currency("Amt")) if alone else (None, None)


def _direction(payment: Tag, entry: Tag) -> str | None:
    return payment.text("CdtDbtInd") or entry.text("CdtDbtInd")


def _entry_hold(entry: Tag, payments: list[Tag], amounts: list[Any]) -> str | None:
    stated = entry.text("NtryDtls/Btch/NbOfTxs")
    if stated is not None and int(stated) != max(len(payments), 1):
        return "ENTRY_COUNT"
    if not payments:
        return None
    if any(ore is None for ore, _ in amounts):
        return "ENTRY_AMOUNT"
    if any(currency != entry.currency("Amt") for _, currency in amounts):
        return "ENTRY_CURRENCY"
    total = sum(
        ore if _direction(one, entry) == entry.text("CdtDbtInd") else -ore
        for one, (ore, _) in zip(payments, amounts, strict=True)
    )
    return None if total == entry.ore("Amt") else "ENTRY_SUM"


def _item(
    entry: Tag, payment: Tag | None, amount: tuple[Any, Any], hold: str | None, references: Any
) -> Expected:
    ore, currency = amount
    direction = _direction(payment, entry) if payment else entry.text("CdtDbtInd")
    named = payment.text("Refs/AcctSvcrRef") if payment else None
    booked_on, paid_on = _day(entry, "BookgDt"), _day(entry, "ValDt")
    assert direction is not None
    made = Expected(
        direction,
        ore,
        currency,
        booked_on or paid_on or date.min,
        paid_on or booked_on or date.min,
        hold or _hold(entry, payment, ore, currency, direction),
        named or entry.text("AcctSvcrRef"),
    )
    if direction == "DBIT":
        return made._replace(end_to_end_id=payment.text("Refs/EndToEndId") if payment else None)
    made = made._replace(references=tuple(references), payee_bankgiro=_deposited_to(entry))
    if payment is None:
        return made
    account = payment.one("RltdPties/CdtrAcct/Id/Othr")
    is_bankgiro = account is not None and account.text("SchmeNm/Prtry") == "BGNR"
    return made._replace(
        payer_name=payment.text("RltdPties/Dbtr/Nm") or payment.text("RltdPties/Dbtr/Pty/Nm"),
        payee_bankgiro=account.text("Id") if account and is_bankgiro else made.payee_bankgiro,
        end_to_end_id=payment.text("Refs/EndToEndId"),
    )


def _deposited_to(entry: Tag) -> str | None:
    words = (entry.text("NtryRef") or "").split()
    return words[0][2:].lstrip("0") if words and words[0].startswith("BG") else None


def _hold(entry: Tag, payment: Tag | None, ore: int, currency: str, direction: str) -> str | None:
    if currency != "SEK":
        return "CURRENCY"
    if entry.text("RvslInd") in ("true", "1"):
        return "REVERSED"
    if payment and payment.one("RtrInf"):
        return "RETURNED"
    if direction != entry.text("CdtDbtInd"):
        return "SIGN"
    return None if ore else "ZERO"


def _day(entry: Tag, name: str) -> date | None:
    if text := entry.text(f"{name}/Dt"):
        return date.fromisoformat(text[:10])
    if text := entry.text(f"{name}/DtTm"):
        instant = datetime.fromisoformat(text)
        if instant.tzinfo:
            instant = instant.astimezone(ZoneInfo("Europe/Stockholm"))
        return instant.date()
    return None


def _references(payment: Tag) -> list[Told]:
    found: list[Told] = []
    remittance = payment.one("RmtInf")
    for one in remittance.children if remittance else ():
        if one.name == "Ustrd":
            if text := " ".join((one.element.text or "").split()):
                found.append(("TEXT", text, None))
            continue
        told = [("OCR", text) for text in [one.text("CdtrRefInf/Ref")] if text]
        for document in one.all("RfrdDocInf"):
            is_credit = document.text("Tp/CdOrPrtry/Cd") == "CREN"
            number = document.text("Nb")
            told += [("CREDIT_NOTE" if is_credit else "DOCUMENT", number)] if number else []
        remitted, credited = one.ore("RfrdDocAmt/RmtdAmt"), one.ore("RfrdDocAmt/CdtNoteAmt")
        share = None if remitted is None and credited is None else (remitted or 0) - (credited or 0)
        found += [(kind, value, share if n == 0 else None) for n, (kind, value) in enumerate(told)]
    return found
