"""Builds camt files for tests, in the shapes of versions 02 and 08: fixed values, the one that
matters spelled out in the test."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"


@dataclass(frozen=True)
class Tx:
    """One payment; `extra` is put after the references of the bank, `remittance` is XML."""

    amount: str | None = "100.00"
    currency: str = "SEK"
    bank_reference: str | None = None
    end_to_end_id: str | None = None
    instruction_id: str | None = None
    payer: str | None = "Kalles Plåt AB"
    payer_bankgiro: str | None = None
    payee_bankgiro: str | None = "50501055"
    remittance: str = ""
    returned: bool = False
    sign: str | None = None


@dataclass(frozen=True)
class Ntry:
    """One entry; its sum is that of its payments unless given."""

    txs: tuple[Tx, ...] = ()
    amount: str = "100.00"
    currency: str = "SEK"
    sign: str = "CRDT"
    status: str = "BOOK"
    reversal: bool = False
    reference: str | None = None
    bank_reference: str | None = "ENTRY1"
    booked: str = "<Dt>2026-10-16</Dt>"
    valued: str = "<Dt>2026-10-17</Dt>"
    batch: str = ""


@dataclass(frozen=True)
class Camt:
    """One file with one statement."""

    entries: tuple[Ntry, ...] = field(default_factory=lambda: (Ntry(txs=(Tx(),)),))
    message: str = "camt.054.001.02"
    summary: str = ""
    balances: str = ""

    def xml(self) -> bytes:
        """Write the file, one element of interest a line."""
        v8 = self.message.endswith("08")
        is_statement = self.message.startswith("camt.053")
        body = "BkToCstmrStmt" if is_statement else "BkToCstmrDbtCdtNtfctn"
        part = "Stmt" if is_statement else "Ntfctn"
        numbers = "<ElctrncSeqNb>7</ElctrncSeqNb>" if is_statement else ""
        entries = "".join(_entry(entry, v8) for entry in self.entries)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Document xmlns="{NAMESPACE}{self.message}"><{body}>\n'
            "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-10-16T10:03:31</CreDtTm></GrpHdr>\n"
            f"<{part}><Id>S1</Id>{numbers}<CreDtTm>2026-10-16T10:02:15</CreDtTm>"
            "<Acct><Id><Othr><Id>54401060156</Id></Othr></Id><Ccy>SEK</Ccy>"
            "<Ownr><Nm>Vi</Nm><Id><OrgId><Othr><Id>5566778899</Id></Othr></OrgId></Id></Ownr></Acct>\n"
            f"{self.balances}{self.summary}\n{entries}</{part}></{body}></Document>\n"
        ).encode()


def ocr(reference: str, amount: str | None = None) -> str:
    """Write a creditor reference, with its share of the payment if given."""
    share = f'<RfrdDocAmt><RmtdAmt Ccy="SEK">{amount}</RmtdAmt></RfrdDocAmt>' if amount else ""
    return (
        f"<Strd>{share}<CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>"
        f"<Ref>{escape(reference)}</Ref></CdtrRefInf></Strd>"
    )


def document(number: str, amount: str | None = None, code: str = "CINV") -> str:
    """Write an invoice (CINV) or a credit note (CREN) that a payment names."""
    tag = "CdtNoteAmt" if code == "CREN" else "RmtdAmt"
    share = f'<RfrdDocAmt><{tag} Ccy="SEK">{amount}</{tag}></RfrdDocAmt>' if amount else ""
    return (
        f"<Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f"<Nb>{escape(number)}</Nb></RfrdDocInf>{share}</Strd>"
    )


def text(words: str) -> str:
    """Write free text."""
    return f"<Ustrd>{escape(words)}</Ustrd>"


def balance(code: str, amount: str, sign: str = "CRDT", currency: str = "SEK") -> str:
    """Write one balance of a statement."""
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        "<Dt><Dt>2026-10-16</Dt></Dt></Bal>\n"
    )


def summary(sign: str, count: object, total: str) -> str:
    """Write the stated count and sum of all (`Ntries`), credit or debit entries."""
    tag = {"all": "TtlNtries", "CRDT": "TtlCdtNtries", "DBIT": "TtlDbtNtries"}[sign]
    return (
        f"<TxsSummry><{tag}><NbOfNtries>{count}</NbOfNtries><Sum>{total}</Sum></{tag}></TxsSummry>"
    )


def _entry(entry: Ntry, v8: bool) -> str:
    status = f"<Cd>{entry.status}</Cd>" if v8 else entry.status
    parts = [
        f"<NtryRef>{entry.reference}</NtryRef>" if entry.reference else "",
        f'<Amt Ccy="{entry.currency}">{entry.amount}</Amt><CdtDbtInd>{entry.sign}</CdtDbtInd>',
        "<RvslInd>true</RvslInd>" if entry.reversal else "",
        f"<Sts>{status}</Sts><BookgDt>{entry.booked}</BookgDt><ValDt>{entry.valued}</ValDt>",
        f"<AcctSvcrRef>{entry.bank_reference}</AcctSvcrRef>" if entry.bank_reference else "",
        "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ATXN</SubFmlyCd></Fmly></Domn>"
        "</BkTxCd>",
    ]
    if entry.txs or entry.batch:
        transactions = "".join(_transaction(tx, v8, entry.sign) for tx in entry.txs)
        parts.append(f"<NtryDtls>{entry.batch}\n{transactions}</NtryDtls>")
    return f"<Ntry>{''.join(parts)}</Ntry>\n"


def _transaction(tx: Tx, v8: bool, entry_sign: str) -> str:
    ids: Iterable[tuple[str, str | None]] = (
        ("AcctSvcrRef", tx.bank_reference),
        ("InstrId", tx.instruction_id),
        ("EndToEndId", tx.end_to_end_id),
    )
    refs = "".join(f"<{tag}>{escape(value)}</{tag}>" for tag, value in ids if value)
    amount = f'<Amt Ccy="{tx.currency}">{tx.amount}</Amt>'
    if v8:
        money = f"{amount}<CdtDbtInd>{tx.sign or entry_sign}</CdtDbtInd>"
    else:
        money = f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>"
    parts = [
        f"<Refs>{refs}</Refs>" if refs else "",
        money if tx.amount is not None else "",
        f"<RltdPties>{_parties(tx, v8)}</RltdPties>",
        f"<RmtInf>{tx.remittance}</RmtInf>" if tx.remittance else "",
        "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if tx.returned else "",
    ]
    return f"<TxDtls>{''.join(parts)}</TxDtls>\n"


def _parties(tx: Tx, v8: bool) -> str:
    parts = []
    if tx.payer:
        name = f"<Nm>{escape(tx.payer)}</Nm>"
        parts.append(f"<Dbtr>{f'<Pty>{name}</Pty>' if v8 else name}</Dbtr>")
    for tag, number in (("DbtrAcct", tx.payer_bankgiro), ("CdtrAcct", tx.payee_bankgiro)):
        if number:
            parts.append(
                f"<{tag}><Id><Othr><Id>{number}</Id><SchmeNm><Prtry>BGNR</Prtry></SchmeNm></Othr>"
                f"</Id></{tag}>"
            )
    return "".join(parts)
