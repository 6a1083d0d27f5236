"""Writes camt.054 files of any size for the bench, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"><BkToCstmrDbtCdtNtfctn>
<GrpHdr><MsgId>{message}</MsgId><CreDtTm>{day}T06:00:00</CreDtTm></GrpHdr>
<Ntfctn><Id>{message}</Id><CreDtTm>{day}T06:00:00</CreDtTm>
<Acct><Id><Othr><Id>54400000007</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr></Id><Ccy>SEK</Ccy></Acct>
<Ntry><NtryRef>BG{bankgiro} 00001-{message}</NtryRef><Amt Ccy="SEK">{total}</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>
<AcctSvcrRef>{message}</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ATXN</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls>
"""
PAYMENT = """<TxDtls><Refs><AcctSvcrRef>{message}-{nth}</AcctSvcrRef></Refs>
<AmtDtls><TxAmt><Amt Ccy="SEK">{amount}</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Nm>Betalare {nth}</Nm></Dbtr><CdtrAcct><Id><Othr><Id>{bankgiro}</Id>
<SchmeNm><Prtry>BGNR</Prtry></SchmeNm></Othr></Id></CdtrAcct></RltdPties>
<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>{ocr}</Ref>
</CdtrRefInf></Strd></RmtInf></TxDtls>
"""
TAIL = "</NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n"


def write(
    path: Path,
    message: str,
    day: date,
    bankgiro: str,
    payments: Iterable[tuple[str, int]],
    total: int,
) -> None:
    """One deposit of `payments` (OCR, öre), whose sum is `total` öre."""
    digits = bankgiro.replace("-", "")
    with path.open("w", encoding="utf-8") as out:
        out.write(HEAD.format(message=message, day=day, bankgiro=digits, total=kronor(total)))
        for nth, (ocr, ore) in enumerate(payments):
            out.write(
                PAYMENT.format(
                    message=message, nth=nth, amount=kronor(ore), bankgiro=digits, ocr=ocr
                )
            )
        out.write(TAIL)


def kronor(ore: int) -> str:
    """Öre as kronor with two decimals."""
    return f"{ore // 100}.{ore % 100:02d}"
