"""Writes payouts as pain.001.001.03 (ISO 20022 credit transfer initiation). The same order gives
the same bytes for ever: message id and time of creation come with the order, for the bank stops a
second file by its message id. What banks want differently is said by a `BankProfile`, never by a
constant."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from io import BytesIO
from itertools import groupby
from typing import Any

from lxml import etree

from contracts.numbers import BankAccount

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"
LONGEST_ID = 35
LONGEST_NAME = 70
LONGEST_MESSAGE = 140
MOST_ORE = 10**17
BANKGIROT, PLUSGIROT = "9900", "9960"
"""Clearing numbers that stand for the two giro systems in payment files."""

_FORBIDDEN = re.compile(r"[^0-9A-Za-zåäöÅÄÖ/\-?:().,'+ ]")
"""What Swedbank refuses (PFH_214); the strictest of the banks' sets is kept to everywhere."""
_ID = re.compile(r"[0-9A-Za-z/\-?:().,'+ ]{1,35}")


class AccountForm(StrEnum):
    """How an account payee is written: the bank's guide decides."""

    WITH_CLEARING = "with_clearing"
    """Per SEB's guide: clearing and account, except where the account stands alone."""
    WITHOUT_CLEARING = "without_clearing"


@dataclass(frozen=True, slots=True)
class BankProfile:
    """What one bank wants differently. The neutral default sends the least."""

    service_level: str | None = None
    charge_bearer: str | None = None
    party_id_scheme: str | None = None
    """`BANK` when ids of ours are customer numbers at the bank; nothing: organisation numbers."""
    payee_country: bool = True
    debtor_bankgiro_for_bankgiro_payees: bool = False
    """Bankgiro payees go in a group of their own, debited from our bankgiro."""
    plusgiro_scheme: str | None = None
    """A proprietary scheme (`PGNR`) instead of the code BBAN."""
    account_form: AccountForm = AccountForm.WITH_CLEARING


NEUTRAL = BankProfile()
SEB = BankProfile(service_level="MPNS", charge_bearer="SHAR", party_id_scheme="BANK")
SWEDBANK = BankProfile(debtor_bankgiro_for_bankgiro_payees=True)


@dataclass(frozen=True, slots=True)
class BankgiroPayee:
    """Digits of a bankgiro number."""

    number: str


@dataclass(frozen=True, slots=True)
class PlusgiroPayee:
    """Digits of a plusgiro number."""

    number: str


@dataclass(frozen=True, slots=True)
class AccountPayee:
    """A Swedish bank account."""

    account: BankAccount


@dataclass(frozen=True, slots=True)
class IbanPayee:
    """An IBAN and the BIC of its bank."""

    iban: str
    bic: str


Payee = BankgiroPayee | PlusgiroPayee | AccountPayee | IbanPayee


@dataclass(frozen=True, slots=True)
class Ocr:
    """An OCR reference of the payee's."""

    number: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message to the payee, at most 140 characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Payout:
    """One transfer in SEK. `id` comes back in status reports and on the debit."""

    id: str
    payee: Payee
    payee_name: str
    payee_town: str
    amount_ore: int
    execute_on: date
    remittance: Ocr | Message


@dataclass(frozen=True, slots=True)
class Debtor:
    """Whose account is debited: ourselves, the client-money account."""

    name: str
    town: str
    id: str
    iban: str
    bic: str
    bankgiro: str | None = None


@dataclass(frozen=True, slots=True)
class PayoutFile:
    """One message to the bank; `created_at` is the batch's own time, not that of the writing."""

    message_id: str
    created_at: datetime
    debtor: Debtor
    payouts: tuple[Payout, ...]


class PayoutFileError(ValueError):
    """An order that no bank would take; says which payout and what is wrong."""


def write(order: PayoutFile, profile: BankProfile = NEUTRAL) -> bytes:
    """Write an order as the bytes of a pain.001.001.03 message in UTF-8.

    Refuses (`PayoutFileError`) an empty order, amounts below one öre, ids that are too long, twice
    the same or carry other characters than the banks', and a bankgiro payee that the profile
    wants debited from a bankgiro we do not have.
    """
    _check(order, profile)
    root = etree.Element(f"{{{NAMESPACE}}}Document", nsmap={None: NAMESPACE})
    message = _add(root, "CstmrCdtTrfInitn")
    header = _add(message, "GrpHdr")
    _add(header, "MsgId", order.message_id)
    _add(header, "CreDtTm", order.created_at.strftime("%Y-%m-%dT%H:%M:%S"))
    _totals(header, order.payouts)
    _party(_add(header, "InitgPty"), order.debtor, profile, address=False)
    for number, (execute_on, by_bankgiro, payouts) in enumerate(_groups(order, profile), 1):
        group = _add(message, "PmtInf")
        _add(group, "PmtInfId", f"{order.message_id}-{number}"[-LONGEST_ID:])
        _add(group, "PmtMtd", "TRF")
        _totals(group, payouts)
        if profile.service_level:
            _add(group, "PmtTpInf/SvcLvl/Prtry", profile.service_level)
        _add(group, "ReqdExctnDt", execute_on.isoformat())
        _party(_add(group, "Dbtr"), order.debtor, profile, address=True)
        _debtor_account(group, order.debtor, by_bankgiro)
        _add(group, "DbtrAgt/FinInstnId/BIC", order.debtor.bic)
        if profile.charge_bearer:
            _add(group, "ChrgBr", profile.charge_bearer)
        for payout in payouts:
            _transfer(group, payout, profile)
    etree.indent(root, space=" ")
    out = BytesIO()
    etree.ElementTree(root).write(out, encoding="UTF-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + out.getvalue() + b"\n"


def groups_of(body: bytes) -> dict[str, str | None]:
    """Tell of a file written here which group (`PmtInfId`) each payout is in, by its id."""
    document = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    return {
        transfer.findtext("{*}PmtId/{*}EndToEndId"): group.findtext("{*}PmtInfId")
        for group in document.iterfind("{*}CstmrCdtTrfInitn/{*}PmtInf")
        for transfer in group.iterfind("{*}CdtTrfTxInf")
    }


def bank_text(text: str, longest: int) -> str:
    """Write text in the characters every bank takes, one blank at a time, cut to its field.

    Other letters lose their accents, `&` becomes `+`, and the rest becomes blank.
    """
    plain = "".join(
        one if not _FORBIDDEN.match(one) else unicodedata.normalize("NFKD", one)
        for one in unicodedata.normalize("NFC", text).replace("&", "+")
    )
    unaccented = "".join(one for one in plain if not unicodedata.combining(one))
    return " ".join(_FORBIDDEN.sub(" ", unaccented).split())[:longest].strip()


def amount(ore: int) -> str:
    """Write öre as kronor with exactly two decimals: `1250.00`."""
    return f"{ore // 100}.{ore % 100:02}"


def _check(order: PayoutFile, profile: BankProfile) -> None:
    if not order.payouts:
        raise PayoutFileError("the order has no payouts")
    if sum(payout.amount_ore for payout in order.payouts) >= 10 * MOST_ORE:
        raise PayoutFileError("the payouts come to more than 18 digits, a CtrlSum has no more")
    ids = [payout.id for payout in order.payouts]
    for each in (order.message_id, *ids):
        if not _ID.fullmatch(each):
            raise PayoutFileError(f"the id {each[:40]!r} is not 1 to 35 of the banks' characters")
    if len(set(ids)) != len(ids):
        raise PayoutFileError("two payouts have the same id")
    for payout in order.payouts:
        if not 0 < payout.amount_ore < MOST_ORE:
            raise PayoutFileError(f"payout {payout.id} has no amount that can be paid")
        if not bank_text(payout.payee_name, LONGEST_NAME):
            raise PayoutFileError(f"payout {payout.id} has no payee name, which banks require")
        by_bankgiro = isinstance(payout.payee, BankgiroPayee)
        if (
            by_bankgiro
            and profile.debtor_bankgiro_for_bankgiro_payees
            and not order.debtor.bankgiro
        ):
            raise PayoutFileError(
                f"payout {payout.id} must be debited from a bankgiro, none is set"
            )


def _groups(
    order: PayoutFile, profile: BankProfile
) -> Iterator[tuple[date, bool, tuple[Payout, ...]]]:
    """Group payouts by day and by what is debited, each group in the order of the batch."""

    def kind(payout: Payout) -> tuple[date, bool]:
        own = profile.debtor_bankgiro_for_bankgiro_payees
        return payout.execute_on, own and isinstance(payout.payee, BankgiroPayee)

    for (execute_on, by_bankgiro), payouts in groupby(sorted(order.payouts, key=kind), key=kind):
        yield execute_on, by_bankgiro, tuple(payouts)


def _totals(parent: Any, payouts: Iterable[Payout]) -> None:
    amounts = [payout.amount_ore for payout in payouts]
    _add(parent, "NbOfTxs", str(len(amounts)))
    _add(parent, "CtrlSum", amount(sum(amounts)))


def _party(party: Any, debtor: Debtor, profile: BankProfile, *, address: bool) -> None:
    _add(party, "Nm", bank_text(debtor.name, LONGEST_NAME))
    if address:
        _address(party, debtor.town, country=True)
    other = _add(party, "Id/OrgId/Othr")
    _add(other, "Id", debtor.id)
    if profile.party_id_scheme:
        _add(other, "SchmeNm/Cd", profile.party_id_scheme)


def _address(party: Any, town: str, *, country: bool) -> None:
    town = bank_text(town, 35)
    if town or country:
        address = _add(party, "PstlAdr")
        if town:
            _add(address, "TwnNm", town)
        if country:
            _add(address, "Ctry", "SE")


def _debtor_account(group: Any, debtor: Debtor, by_bankgiro: bool) -> None:
    account = _add(group, "DbtrAcct")
    if by_bankgiro:
        assert debtor.bankgiro is not None
        _other_account(account, debtor.bankgiro, "Prtry", "BGNR")
    else:
        _add(account, "Id/IBAN", debtor.iban)
    _add(account, "Ccy", "SEK")


def _transfer(group: Any, payout: Payout, profile: BankProfile) -> None:
    transfer = _add(group, "CdtTrfTxInf")
    ids = _add(transfer, "PmtId")
    _add(ids, "InstrId", payout.id)
    _add(ids, "EndToEndId", payout.id)
    instructed = _add(transfer, "Amt/InstdAmt", amount(payout.amount_ore))
    instructed.set("Ccy", "SEK")
    bank = _add(transfer, "CdtrAgt/FinInstnId")
    _payee_bank(bank, payout.payee)
    payee = _add(transfer, "Cdtr")
    _add(payee, "Nm", bank_text(payout.payee_name, LONGEST_NAME))
    _address(payee, payout.payee_town, country=profile.payee_country)
    _payee_account(_add(transfer, "CdtrAcct"), payout.payee, profile)
    _remittance(transfer, payout)


def _payee_bank(bank: Any, payee: Payee) -> None:
    match payee:
        case IbanPayee(bic=bic):
            _add(bank, "BIC", bic)
            return
        case BankgiroPayee():
            clearing = BANKGIROT
        case PlusgiroPayee():
            clearing = PLUSGIROT
        case AccountPayee(account=account):
            clearing = account.clearing
    member = _add(bank, "ClrSysMmbId")
    _add(member, "ClrSysId/Cd", "SESBA")
    _add(member, "MmbId", clearing)


def _payee_account(parent: Any, payee: Payee, profile: BankProfile) -> None:
    match payee:
        case IbanPayee(iban=iban):
            _add(parent, "Id/IBAN", iban)
        case BankgiroPayee(number=number):
            _other_account(parent, number, "Prtry", "BGNR")
        case PlusgiroPayee(number=number):
            scheme = profile.plusgiro_scheme
            _other_account(parent, number, "Prtry" if scheme else "Cd", scheme or "BBAN")
        case AccountPayee(account=account):
            _other_account(parent, _written_account(account, profile), "Cd", "BBAN")


def _written_account(account: BankAccount, profile: BankProfile) -> str:
    """Write an account as the bank wants it (SEB's guide v26.1, annex on account numbers)."""
    clearing, number = account.clearing, account.number
    swedbank = clearing[0] == "8"
    if profile.account_form is AccountForm.WITHOUT_CLEARING:
        return account.clearing_check_digit + number if swedbank else number
    if swedbank:
        whole = clearing + account.clearing_check_digit
        return whole + number.zfill(15 - len(whole))
    handelsbanken = "6000" <= clearing <= "6999"
    danske_alone = "9180" <= clearing <= "9189"
    if handelsbanken or danske_alone or clearing in ("3300", "3782"):
        return number
    return clearing + number


def _other_account(parent: Any, number: str, kind: str, scheme: str) -> None:
    other = _add(parent, "Id/Othr")
    _add(other, "Id", number)
    _add(other, f"SchmeNm/{kind}", scheme)


def _remittance(transfer: Any, payout: Payout) -> None:
    """Write an OCR with its amount (SEB AM09 and Swedbank PFH_217 without), or a message."""
    match payout.remittance:
        case Ocr(number=number):
            structured = _add(transfer, "RmtInf/Strd")
            remitted = _add(structured, "RfrdDocAmt/RmtdAmt", amount(payout.amount_ore))
            remitted.set("Ccy", "SEK")
            reference = _add(structured, "CdtrRefInf")
            _add(reference, "Tp/CdOrPrtry/Cd", "SCOR")
            _add(reference, "Ref", number)
        case Message(text=text):
            if written := bank_text(text, LONGEST_MESSAGE):
                _add(transfer, "RmtInf/Ustrd", written)


def _add(parent: Any, path: str, text: str | None = None) -> Any:
    """Add nested elements (`A/B`), the last with this text, and return the last."""
    for name in path.split("/"):
        parent = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    parent.text = text
    return parent
