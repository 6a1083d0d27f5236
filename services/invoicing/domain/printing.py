"""What stands on an invoice and a credit note, word for word, made from the issued document.

Mervärdesskattelagen (2023:200) 17 kap. 24 § lists what an invoice must hold and 22–23 §§ what a
credit note must; the words of interest and reminder fee are notices that räntelagen (1975:635) 4 §
and lag (1981:739) 2 § ask for. Everything is text here; the template only places it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from contracts.numbers import (
    format_organisation_number,
    is_personal,
    mask_personal_number,
    vat_number_of,
)
from contracts.terms import Component, InterestKind
from contracts.usingqr import ToPay, usingqr
from law.costs import statutory_cost
from services.invoicing.domain.orders import ZeroVat

NBSP = "\u00a0"
MINUS = "\u2212"


class Now(StrEnum):
    """How an invoice stands on the day it is printed: rows and sums stay, what is due may not."""

    AS_ISSUED = "as_issued"
    CHANGED = "changed"
    """Another amount than was issued is due, such as what is left after a part payment."""
    REMINDED = "reminded"
    IN_COLLECTION = "in_collection"
    DISPUTED = "disputed"
    PAID = "paid"
    CREDITED = "credited"


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be paid now, in öre, and by when; the day is not known of what was asked long ago.

    It is what the ledger asks for by letter, page and code (bank-formats 6).
    """

    ore: int
    pay_by: date | None


STAMPS = {Now.PAID: "Betald", Now.CREDITED: "Krediterad"}
TITLES = {Now.REMINDED: "Påminnelse"}
"""What the paper is where it is not the invoice as it was sent."""
ALWAYS_OCR = "Ange alltid OCR-numret när du betalar."
PAY_NOTES = {
    Now.AS_ISSUED: f"{ALWAYS_OCR} Skanna koden i bankens app så fylls allt i.",
    Now.CHANGED: f"Beloppet är vad som återstår av fakturans summa, {{total}}. {ALWAYS_OCR}",
    Now.REMINDED: "Beloppet är vad som är obetalt efter påminnelsen. Fakturans summa är {total} "
    "och skulle ha betalats senast {due_on}. Vad beloppet består av står i påminnelsen och på "
    f"fakturans webbsida. {ALWAYS_OCR}",
    Now.IN_COLLECTION: "Fakturan är lämnad till inkasso. Beloppet är vad som är obetalt; fakturans "
    "summa är {total} och skulle ha betalats senast {due_on}. Vad beloppet består av står i kravet "
    f"och på fakturans webbsida. {ALWAYS_OCR}",
    Now.DISPUTED: "Fakturan är bestridd. Hur det går och vad som ska betalas står på fakturans "
    "webbsida.",
    Now.PAID: "Fakturan är betald och ska inte betalas igen.",
    Now.CREDITED: "Fakturan är krediterad och ska inte betalas.",
}
NO_DAY = (
    "Beloppet kan ha ändrats sedan fakturan skickades. Vad som gäller i dag står på fakturans "
    f"webbsida. {ALWAYS_OCR}"
)
ZERO_VAT = {
    ZeroVat.EXEMPT: "Rader med 0 % moms är undantagna från mervärdesskatt.",
    ZeroVat.REVERSE_CHARGE: "Omvänd betalningsskyldighet: köparen redovisar momsen för rader med "
    "0 % moms.",
    ZeroVat.EXPORT: "Rader med 0 % moms är försäljning utanför EU (export) och undantagna från "
    "mervärdesskatt.",
}


def invoice_page(
    document: Mapping[str, Any],
    *,
    payee: str,
    now: Now = Now.AS_ISSUED,
    due: Due | None = None,
) -> dict[str, Any]:
    """The texts of an invoice; one without a number is a preview.

    `payee` is whom the bank names as the bankgiro's holder; `due` what is asked for now, as issued
    if nothing else is said.
    """
    preview = document["number"] is None
    asked = due or Due(document["total_ore"], date.fromisoformat(str(document["due_on"])))
    meta = [
        ["Fakturanummer", "–" if preview else str(document["number"])],
        ["Fakturadatum", str(document["issued_on"])],
        *_delivery(document),
        ["Förfallodag", str(document["due_on"])],
        ["Betalningsvillkor", _terms(document)],
    ]
    title = TITLES.get(now, "Faktura")
    named = "Faktura" if title == "Faktura" else f"{title}, faktura"
    is_payable = now not in STAMPS and now is not Now.DISPUTED
    return _page(document, sign=1) | {
        "title": title,
        "subject": "Förhandsvisning" if preview else f"{named} {document['number']}",
        "watermark": "Förhandsvisning" if preview else STAMPS.get(now),
        "meta": meta,
        "total_label": "Att betala" if now is Now.AS_ISSUED else "Fakturans summa",
        "pay": _pay(document, payee, asked) if is_payable else [],
        "pay_note": _pay_note(document, now, asked),
        "qr": None if preview or not is_payable else qr_text(document, asked),
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
        "total_label": "Krediterat belopp",
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


def qr_text(document: Mapping[str, Any], due: Due) -> str | None:
    """The code that asks for what is due now; none where nobody knows by when."""
    if due.pay_by is None or due.ore <= 0:
        return None
    seller = document["seller"]
    return usingqr(
        ToPay(
            seller_name=seller["name"],
            organisation_number=seller["organisation_number"],
            ocr=document["ocr"],
            issued_on=date.fromisoformat(str(document["issued_on"])),
            due_on=due.pay_by,
            due_ore=due.ore,
            payee_bankgiro=document["payee_bankgiro"].replace("-", ""),
            vat_ore=document["vat_ore"] if due.ore == document["total_ore"] else None,
        )
    )


def statements(document: Mapping[str, Any]) -> dict[str, Any]:
    """What an invoice states beside its rows and sums, for a page that shows it in its own way."""
    seller = document["seller"]
    number = seller["organisation_number"]
    return {
        "seller_vat_number": vat_number_of(number) if seller["vat_registered"] else None,
        "delivered_on": document.get("delivered_on"),
        "buyer_vat_number": document.get("buyer_vat_number"),
        "zero_vat_statement": _exempt(document),
        "notices": _notes(document),
    }


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
        "buyer_lines": _buyer_lines(document),
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
    lowers = row["quantity"].startswith("-") != (sign < 0)
    return [
        row["text"],
        (MINUS if lowers else "") + row["quantity"].lstrip("-").replace(".", ","),
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
        return ZERO_VAT[ZeroVat(document.get("zero_vat") or ZeroVat.EXEMPT)].replace(
            " %", f"{NBSP}%"
        )
    return None


def _delivery(document: Mapping[str, Any]) -> list[list[str]]:
    """17 kap. 24 § p. 8: the day of delivery where it is known and is not the invoice's."""
    delivered_on = document.get("delivered_on")
    if delivered_on is None or str(delivered_on) == str(document["issued_on"]):
        return []
    return [["Leveransdatum", str(delivered_on)]]


def _pay(document: Mapping[str, Any], payee: str, due: Due) -> list[list[str]]:
    whom = [
        ["Betala till bankgiro", document["payee_bankgiro"]],
        ["Mottagare", payee],
        ["OCR-nummer", document["ocr"] or "–"],
    ]
    if due.pay_by is None:
        return whom
    amount = kronor(due.ore) + f"{NBSP}kr"
    return [["Att betala", amount], ["Senast", str(due.pay_by)], *whom]


def _pay_note(document: Mapping[str, Any], now: Now, due: Due) -> str:
    if due.pay_by is None and now in (Now.CHANGED, Now.REMINDED, Now.IN_COLLECTION):
        return NO_DAY
    total = kronor(document["total_ore"]) + f"{NBSP}kr"
    return PAY_NOTES[now].format(total=total, due_on=document["due_on"])


def _buyer_lines(document: Mapping[str, Any]) -> list[str]:
    buyer = document["buyer"]
    lines = [buyer["street"]] if buyer["street"] else []
    if buyer["postcode"] or buyer["town"]:
        lines.append(_place(buyer))
    if not lines and buyer["email"]:
        lines.append(buyer["email"])
    number = buyer["identity_number"]
    if number:
        # Lag (2018:218) 3 kap. 10 §: a personal number is shown for a reason, and a paper has none.
        personal = is_personal(number)
        shown = mask_personal_number(number) if personal else _dashed(number)
        lines.append(f"{'Personnr' if personal else 'Org.nr'} {shown}")
    if document.get("buyer_vat_number"):
        lines.append(f"Momsreg.nr {document['buyer_vat_number']}")
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


def _percent(bp: int) -> str:
    whole, rest = divmod(bp, 100)
    return f"{whole},{rest:02}".rstrip("0") if rest else str(whole)
