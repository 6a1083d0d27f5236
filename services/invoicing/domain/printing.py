"""What stands on an invoice and a credit note, word for word, made from the issued document.

Mervärdesskattelagen (2023:200) 17 kap. 24 § lists what an invoice must hold and 22–23 §§ what a
credit note must; the words of interest and reminder fee are notices that räntelagen (1975:635) 4 §
and lag (1981:739) 2 § ask for. Everything is text here; the template only places it.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from contracts.numbers import format_organisation_number, is_personal, vat_number_of
from contracts.terms import Component, InterestKind
from law.costs import statutory_cost

NBSP = "\u00a0"
MINUS = "\u2212"


def invoice_page(document: Mapping[str, Any]) -> dict[str, Any]:
    """The texts of an invoice; one without a number is a preview."""
    preview = document["number"] is None
    meta = [
        ["Fakturanummer", "–" if preview else str(document["number"])],
        ["Fakturadatum", str(document["issued_on"])],
        ["Förfallodatum", str(document["due_on"])],
        ["Betalningsvillkor", _terms(document)],
    ]
    return _page(document, sign=1) | {
        "title": "Faktura",
        "subject": "Förhandsvisning" if preview else f"Faktura {document['number']}",
        "watermark": "Förhandsvisning" if preview else None,
        "meta": meta,
        "total_label": "Att betala",
        "pay": [
            ["Betala till bankgiro", document["payee_bankgiro"]],
            ["OCR-nummer", document["ocr"] or "–"],
            ["Att betala", kronor(document["total_ore"]) + f"{NBSP}kr"],
            ["Senast", str(document["due_on"])],
        ],
        "pay_note": "Ange alltid OCR-numret när du betalar. "
        "Skanna koden i bankens app så fylls allt i.",
        "qr": None if preview else qr_text(document),
        "notes": _notes(document),
        "message": document["message"],
    }


def credit_page(document: Mapping[str, Any], note: Mapping[str, Any]) -> dict[str, Any]:
    """The texts of a credit note, which mirrors its whole invoice and is never paid."""
    reference = f"{document['number']} av den {document['issued_on']}"
    return _page(document, sign=-1) | {
        "title": "Kreditfaktura",
        "subject": f"Kreditfaktura {note['number']}",
        "watermark": None,
        "issued_on": str(note["credited_on"]),
        "meta": [
            ["Kreditfakturanummer", str(note["number"])],
            ["Datum", str(note["credited_on"])],
            ["Avser faktura", reference],
        ],
        "total_label": "Er tillgodo",
        "total": kronor(document["total_ore"]) + f"{NBSP}kr",
        "pay": [],
        "pay_note": "",
        "qr": None,
        "notes": [
            f"Kreditfakturan avser hela faktura {reference}. Är fakturan obetald ska den inte "
            "betalas; är den betald tas betalningen upp med säljaren."
        ],
        "message": note["reason"],
    }


def qr_text(document: Mapping[str, Any]) -> str:
    """UsingQR, rev. 2 June 2014: pure ASCII, no blanks, amounts without needless zeros."""
    seller = document["seller"]
    fields = {
        "uqr": "1",
        "tp": "1",
        "nme": json.dumps(seller["name"]),
        "cid": json.dumps(format_organisation_number(seller["organisation_number"])),
        "iref": json.dumps(document["ocr"]),
        "idt": json.dumps(str(document["issued_on"]).replace("-", "")),
        "ddt": json.dumps(str(document["due_on"]).replace("-", "")),
        "due": _number(document["total_ore"]),
        "vat": _number(document["vat_ore"]),
        "pt": '"BG"',
        "acc": json.dumps(document["payee_bankgiro"]),
    }
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"


def kronor(ore: int) -> str:
    """An amount as printed: `12 500,50`, with blanks that do not break and a true minus."""
    whole, rest = divmod(abs(ore), 100)
    text = f"{whole:,}".replace(",", NBSP) + f",{rest:02}"
    return MINUS + text if ore < 0 else text


def _page(document: Mapping[str, Any], *, sign: int) -> dict[str, Any]:
    seller, buyer = document["seller"], document["buyer"]
    return {
        "issued_on": str(document["issued_on"]),
        "seller_name": seller["name"],
        "seller_lines": [seller["street"], _place(seller)],
        "buyer_name": buyer["name"],
        "buyer_lines": _buyer_lines(buyer),
        "rows": [_row(row, sign) for row in document["rows"]],
        "vat": [
            [
                f"{s['rate_percent']}{NBSP}%",
                kronor(sign * s["base_ore"]),
                kronor(sign * s["vat_ore"]),
            ]
            for s in document["vat"]
        ],
        "sums": _sums(document, sign),
        "total": kronor(sign * document["total_ore"]) + f"{NBSP}kr",
        "exempt": _exempt(document),
        "footer": _footer(seller),
    }


def _row(row: Mapping[str, Any], sign: int) -> list[str]:
    quantity = row["quantity"].replace(".", ",")
    return [
        row["text"],
        (MINUS if sign < 0 else "") + quantity,
        row["unit"],
        kronor(row["price_ore"]),
        f"{row['vat_percent']}{NBSP}%",
        kronor(sign * row["net_ore"]),
    ]


def _sums(document: Mapping[str, Any], sign: int) -> list[list[str]]:
    sums = [
        ["Summa exkl. moms", kronor(sign * document["net_ore"])],
        ["Moms", kronor(sign * document["vat_ore"])],
    ]
    if document["rounding_ore"]:
        sums.append(["Öresavrundning", kronor(sign * document["rounding_ore"])])
    return sums


def _exempt(document: Mapping[str, Any]) -> str | None:
    """17 kap. 24 § p. 13: what bears no tax says so."""
    if not document["seller"]["vat_registered"]:
        return "Säljaren är inte momsregistrerad; försäljningen är undantagen från mervärdesskatt."
    if any(row["vat_percent"] == 0 for row in document["rows"]):
        return "Rader med 0 % moms är undantagna från mervärdesskatt."
    return None


def _buyer_lines(buyer: Mapping[str, Any]) -> list[str]:
    lines = [buyer["street"]] if buyer["street"] else []
    if buyer["postcode"] or buyer["town"]:
        lines.append(_place(buyer))
    if not lines and buyer["email"]:
        lines.append(buyer["email"])
    number = buyer["identity_number"]
    if number:
        kind = "Personnr" if is_personal(number) else "Org.nr"
        shown = f"{number[:8]}-{number[8:]}" if is_personal(number) else _dashed(number)
        lines.append(f"{kind} {shown}")
    return lines


def _footer(seller: Mapping[str, Any]) -> list[list[Any]]:
    number = seller["organisation_number"]
    ids = [f"Org.nr {_dashed(number)}"]
    if seller["vat_registered"]:
        ids.append(f"Momsreg.nr {vat_number_of(number)}")
    if seller["f_skatt"]:
        ids.append("Godkänd för F-skatt")
    contact = [seller["email"]] + ([f"Tfn {seller['phone']}"] if seller["phone"] else [])
    address = [seller["street"], _place(seller)]
    return [["Adress", address], ["Kontakt", contact], ["Företag", ids]]


def _notes(document: Mapping[str, Any]) -> list[str]:
    notes = [_interest_note(document)]
    if document["reminder_fee_agreed"]:
        day = date.fromisoformat(str(document["issued_on"]))
        fee = statutory_cost(Component.REMINDER_FEE, day)
        amount = kronor(fee.amount_ore).removesuffix(",00")
        notes.append(
            f"Skickas en betalningspåminnelse tillkommer en påminnelseavgift på {amount}{NBSP}kr "
            "enligt avtal."
        )
    return notes


def _interest_note(document: Mapping[str, Any]) -> str:
    """Räntelagen (1975:635) 3 § 1 st. where the due date is agreed, else 4 § 1 st."""
    interest = document["interest"]
    rate = {
        InterestKind.STATUTORY: "enligt räntelagen (referensräntan + 8 procentenheter)",
        InterestKind.AGREED_FIXED: "med {rate} % per år enligt avtal",
        InterestKind.AGREED_OVER_REFERENCE: "med referensräntan + {rate} procentenheter "
        "enligt avtal",
    }[InterestKind(interest["kind"])].format(rate=_percent(interest["rate_bp"] or 0))
    if document["due_date_agreed"]:
        return f"Efter förfallodagen debiteras dröjsmålsränta {rate}."
    return (
        f"Vid sen betalning debiteras dröjsmålsränta {rate} från 30 dagar efter att fakturan "
        "skickats."
    )


def _terms(document: Mapping[str, Any]) -> str:
    issued_on = date.fromisoformat(str(document["issued_on"]))
    days = (date.fromisoformat(str(document["due_on"])) - issued_on).days
    return f"{days} dagar netto" if days else "Betalas direkt"


def _place(party: Mapping[str, Any]) -> str:
    postcode = party["postcode"] or ""
    return f"{postcode[:3]} {postcode[3:]} {party['town'] or ''}".strip()


def _dashed(number: str) -> str:
    return format_organisation_number(number)


def _number(ore: int) -> str:
    """A JSON number in kronor: `5`, `10.75`."""
    whole, rest = divmod(ore, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") if rest else str(whole)


def _percent(bp: int) -> str:
    whole, rest = divmod(bp, 100)
    return f"{whole},{rest:02}".rstrip("0") if rest else str(whole)
