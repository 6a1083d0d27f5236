"""camt.054 and camt.053 as the bank writes them, streamed in constant memory.

The shape is that of a Swedish bank's reporting: one credit entry per bankgiro deposit with every
payment as `TxDtls`, one debit entry per executed payment order. The same row gives the same
`AcctSvcrRef` in both messages, and the same file row gives the same bytes. Text is built by hand,
for a million payments must take seconds; every value from outside goes through `escape`.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO
from xml.sax.saxutils import escape

from deploy.standins.bank.orders import kr
from deploy.standins.bank.store import bank_reference

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
BIC = "BETTSESS"
INCOMING = ("RCDT", "ATXN")
OUTGOING = ("ICDT", "DMCT")


@dataclass(frozen=True)
class Account:
    """The client-money account: its number (BBAN) and its owner."""

    number: str
    owner: str


@dataclass(frozen=True)
class Dialect:
    """What differs between version 001.02 and 001.08 of these messages."""

    version: str

    @property
    def newer(self) -> bool:
        """Whether parties, agents and statuses are nested as in 001.08."""
        return self.version == "001.08"

    def status(self) -> str:
        """`Sts` of a booked entry."""
        return "<Sts><Cd>BOOK</Cd></Sts>" if self.newer else "<Sts>BOOK</Sts>"

    def party(self, tag: str, name: str) -> str:
        """A debtor or creditor by name, nothing when nameless."""
        if not name:
            return ""
        named = f"<Nm>{escape(name)}</Nm>"
        return f"<{tag}><Pty>{named}</Pty></{tag}>" if self.newer else f"<{tag}>{named}</{tag}>"

    def agent(self) -> str:
        """A bank by its identifier."""
        tag = "BICFI" if self.newer else "BIC"
        return f"<FinInstnId><{tag}>{BIC}</{tag}></FinInstnId>"

    def amount(self, amount_ore: int, direction: str) -> str:
        """One payment's amount within an entry."""
        amount = f'<Amt Ccy="SEK">{kr(amount_ore)}</Amt>'
        detail = f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>"
        if not self.newer:
            return detail
        return f"{amount}<CdtDbtInd>{direction}</CdtDbtInd>{detail}"


def write(
    out: TextIO, books: sqlite3.Connection, file: sqlite3.Row, *, mark: str, account: Account
) -> None:
    """Write the whole message of a file row."""
    writer = _Writer(out, books, file, mark, account)
    if file["kind"] == "camt.054":
        writer.notification()
    else:
        writer.statement()


class _Writer:
    def __init__(
        self,
        out: TextIO,
        books: sqlite3.Connection,
        file: sqlite3.Row,
        mark: str,
        account: Account,
    ) -> None:
        self.out, self.books, self.file, self.mark = out, books, file, mark
        self.account = account
        self.dialect = Dialect(file["version"])
        self.made_at = f"{file['made_on']}T{file['made_at'][11:19]}"
        self.id = f"BTF{mark}{file['id']:09d}"

    def notification(self) -> None:
        """camt.054: everything assigned to this file."""
        where = "WHERE file_id = ?"
        self._head("BkToCstmrDbtCdtNtfctn")
        self.out.write(f"<Ntfctn><Id>{self.id}</Id><CreDtTm>{self.made_at}</CreDtTm>")
        self.out.write(self._account())
        self._body(where, self.file["id"])
        self.out.write("</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n")

    def statement(self) -> None:
        """camt.053: everything booked on one day and reported before this statement."""
        day = self.file["statement_on"]
        number = self.books.execute(
            "SELECT count(*) FROM files WHERE kind = 'camt.053' AND id <= ?", (self.file["id"],)
        ).fetchone()[0]
        self._head("BkToCstmrStmt")
        self.out.write(
            f"<Stmt><Id>{self.id}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb>"
            f"<LglSeqNb>{number}</LglSeqNb><CreDtTm>{self.made_at}</CreDtTm>"
            f"<FrToDt><FrDtTm>{day}T00:00:00</FrDtTm><ToDtTm>{day}T23:59:59</ToDtTm></FrToDt>"
        )
        self.out.write(self._account())
        self.out.write(_balance("OPBD", self.file["opening_ore"], day))
        self.out.write(_balance("CLBD", self.file["closing_ore"], day))
        self._body("WHERE booked_on = ? AND file_id < ?", day, self.file["id"])
        self.out.write("</Stmt></BkToCstmrStmt></Document>\n")

    def _head(self, message: str) -> None:
        kind, version = self.file["kind"], self.file["version"]
        self.out.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Document xmlns="{NAMESPACE}{kind}.{version}">\n<{message}>'
            f"<GrpHdr><MsgId>{self.id}</MsgId><CreDtTm>{self.made_at}</CreDtTm></GrpHdr>\n"
        )

    def _account(self) -> str:
        return (
            f"<Acct><Id><Othr><Id>{escape(self.account.number)}</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm>"
            f"</Othr></Id><Ccy>SEK</Ccy><Ownr><Nm>{escape(self.account.owner)}</Nm></Ownr>"
            f"<Svcr>{self.dialect.agent()}</Svcr></Acct>\n"
        )

    def _body(self, where: str, *values: object) -> None:
        credits = self._total("deposits", where, values)
        debits = self._total("transactions", f"{where} AND direction = 'DBIT'", values)
        if credits[0] or debits[0]:
            self.out.write(
                f"<TxsSummry>{_summary('TtlCdtNtries', credits)}{_summary('TtlDbtNtries', debits)}"
                "</TxsSummry>\n"
            )
        deposits = self.books.execute(f"SELECT * FROM deposits {where} ORDER BY id", values)
        for deposit in deposits.fetchall():
            self._deposit(deposit)
        for debit in self._debits(where, values):
            self.out.write(self._debit(debit))

    def _total(self, table: str, where: str, values: tuple[object, ...]) -> tuple[int, int]:
        row = self.books.execute(
            f"SELECT count(*), coalesce(sum(amount_ore), 0) FROM {table} {where}", values
        ).fetchone()
        return row[0], row[1]

    def _debits(self, where: str, values: tuple[object, ...]) -> Iterator[sqlite3.Row]:
        return self.books.execute(
            "SELECT t.*, f.instruction_id, f.end_to_end_id, f.payment_information_id,"
            " f.creditor_name, f.creditor_account, f.account_kind, o.message_id"
            f" FROM (SELECT * FROM transactions {where} AND direction = 'DBIT') AS t"
            " JOIN transfers f ON f.id = t.transfer_id JOIN orders o ON o.id = f.order_id"
            " ORDER BY t.id",
            values,
        )

    def _entry_head(self, reference: str, bank_ref: str, row: sqlite3.Row, direction: str) -> str:
        family, sub_family = INCOMING if direction == "CRDT" else OUTGOING
        return (
            f'<Ntry><NtryRef>{reference}</NtryRef><Amt Ccy="SEK">{kr(row["amount_ore"])}</Amt>'
            f"<CdtDbtInd>{direction}</CdtDbtInd>{self.dialect.status()}"
            f"<BookgDt><Dt>{row['booked_on']}</Dt></BookgDt><ValDt><Dt>{row['value_on']}</Dt></ValDt>"
            f"<AcctSvcrRef>{bank_ref}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly>"
            f"<Cd>{family}</Cd><SubFmlyCd>{sub_family}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        )

    def _deposit(self, deposit: sqlite3.Row) -> None:
        bankgiro = deposit["payee_bankgiro"]
        serial = f"{deposit['id'] % 100_000:05d}-{deposit['file_id']:07d}"
        self.out.write(
            self._entry_head(
                f"BG{bankgiro} {serial}", f"BTD{self.mark}{deposit['id']:012d}", deposit, "CRDT"
            )
        )
        self.out.write(f"<NtryDtls><Btch><NbOfTxs>{deposit['payments']}</NbOfTxs></Btch>\n")
        payments = self.books.execute(
            "SELECT * FROM transactions WHERE file_id = ? AND direction = 'CRDT'"
            " AND payee_bankgiro = ? AND value_on = ? AND booked_on = ? ORDER BY id",
            (deposit["file_id"], bankgiro, deposit["value_on"], deposit["booked_on"]),
        )
        for payment in payments:
            self.out.write(self._payment(payment))
        self.out.write("</NtryDtls></Ntry>\n")

    def _payment(self, row: sqlite3.Row) -> str:
        dialect = self.dialect
        payer, reference = row["payer_bankgiro"], bank_reference(self.mark, row["id"])
        return (
            f"<TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef></Refs>"
            f"{dialect.amount(row['amount_ore'], 'CRDT')}"
            f"<RltdPties>{dialect.party('Dbtr', row['payer_name'])}"
            f"{_bankgiro('DbtrAcct', payer) if payer else ''}"
            f"{dialect.party('Cdtr', self.account.owner)}"
            f"{_bankgiro('CdtrAcct', row['payee_bankgiro'])}</RltdPties>"
            f"<RltdAgts><DbtrAgt>{dialect.agent()}</DbtrAgt></RltdAgts>"
            f"{_remittance(row)}</TxDtls>\n"
        )

    def _debit(self, row: sqlite3.Row) -> str:
        bank_ref = bank_reference(self.mark, row["id"])
        refs = [
            ("MsgId", row["message_id"]),
            ("AcctSvcrRef", bank_ref),
            ("PmtInfId", row["payment_information_id"]),
            ("InstrId", row["instruction_id"]),
            ("EndToEndId", row["end_to_end_id"]),
        ]
        named = "".join(f"<{tag}>{escape(value)}</{tag}>" for tag, value in refs if value)
        return (
            self._entry_head(bank_ref, bank_ref, row, "DBIT")
            + f"<NtryDtls><TxDtls><Refs>{named}</Refs>"
            + self.dialect.amount(row["amount_ore"], "DBIT")
            + f"<RltdPties>{self.dialect.party('Dbtr', self.account.owner)}"
            + self.dialect.party("Cdtr", row["creditor_name"])
            + _creditor_account(row["creditor_account"], row["account_kind"])
            + "</RltdPties></TxDtls></NtryDtls></Ntry>\n"
        )


def _summary(tag: str, total: tuple[int, int]) -> str:
    entries, amount_ore = total
    if not entries:
        return ""
    return f"<{tag}><NbOfNtries>{entries}</NbOfNtries><Sum>{kr(amount_ore)}</Sum></{tag}>"


def _balance(code: str, amount_ore: int, day: str) -> str:
    direction = "CRDT" if amount_ore >= 0 else "DBIT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="SEK">{kr(abs(amount_ore))}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _bankgiro(tag: str, number: str) -> str:
    return (
        f"<{tag}><Id><Othr><Id>{number}</Id><SchmeNm><Prtry>BGNR</Prtry></SchmeNm></Othr></Id>"
        f"</{tag}>"
    )


def _creditor_account(number: str, kind: str) -> str:
    if kind == "IBAN":
        return f"<CdtrAcct><Id><IBAN>{escape(number)}</IBAN></Id></CdtrAcct>"
    scheme = f"<Cd>{kind}</Cd>" if kind == "BBAN" else f"<Prtry>{escape(kind)}</Prtry>"
    return (
        f"<CdtrAcct><Id><Othr><Id>{escape(number)}</Id><SchmeNm>{scheme}</SchmeNm></Othr></Id>"
        "</CdtrAcct>"
    )


def _remittance(row: sqlite3.Row) -> str:
    reference, kind = escape(row["reference"]), row["kind"]
    if not reference:
        return ""
    if kind == "text":
        return f"<RmtInf><Ustrd>{reference}</Ustrd></RmtInf>"
    amount = f'<RfrdDocAmt><RmtdAmt Ccy="SEK">{kr(row["amount_ore"])}</RmtdAmt></RfrdDocAmt>'
    if kind == "document":
        what = "<RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp>"
        return f"<RmtInf><Strd>{what}<Nb>{reference}</Nb></RfrdDocInf>{amount}</Strd></RmtInf>"
    what = "<CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>"
    return f"<RmtInf><Strd>{amount}{what}<Ref>{reference}</Ref></CdtrRefInf></Strd></RmtInf>"
