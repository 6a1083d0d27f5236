"""Generated files, and the banks' own samples, are read as a second reader reads them, which shares
nothing with the first."""

import io
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from services.payments import bank_file
from services.payments.domain.incoming import IncomingPayment
from tests.payments.camt_oracle import Expected, expected
from tests.payments.camt_samples import Camt, Ntry, Tx, balance, document, ocr, summary, text
from tests.shared import bank_samples

MESSAGES = [f"camt.05{kind}.001.{version}" for kind in "34" for version in ("02", "04", "08")]


def _read(data: bytes) -> list[Expected] | None:
    """What the product reads, in the words of the second reader; in one pass and in two."""
    file = io.BytesIO(data)
    validation, items = bank_file.read_at_once(file)
    if not validation.accepted:
        assert all(problem.line > 0 for problem in validation.problems)
        return None
    assert list(bank_file.read(file, bank_file.validate(file))) == items
    assert validation.counts.items == len(items)
    assert len({item.source_key for item in items}) == len(items), "each has a key of its own"
    return [_told(item) for item in items]


def _told(item: Any) -> Expected:
    told = Expected(
        "CRDT" if isinstance(item, IncomingPayment) else "DBIT",
        item.amount_ore,
        item.currency,
        item.booked_on,
        item.paid_on,
        item.held and item.held.name,
        item.bank_reference,
        end_to_end_id=item.end_to_end_id,
    )
    if not isinstance(item, IncomingPayment):
        return told
    references = tuple((one.kind.name, one.value, one.amount_ore) for one in item.references)
    return told._replace(
        references=references, payer_name=item.payer_name, payee_bankgiro=item.payee_bankgiro
    )


def _kronor(ore: int, spare: int = 0) -> str:
    """An amount as some bank may write it: the same in four spellings."""
    whole = f"{ore // 100}.{ore % 100:02}"
    shorter = whole.rstrip("0").rstrip(".")
    return (whole, shorter, f"{whole}0", f"00{whole}")[spare]


ORE = st.sampled_from([0, 1, 99, 100, 10_000, 123_456]) | st.integers(0, 10**12)
LETTERS = st.text(st.sampled_from("ABåäöÅÄÖ&<>'\" 123-/.\t\n\u00a0€🧾"), min_size=1, max_size=40)
NUMBER = st.from_regex(r"[0-9]{2,25}", fullmatch=True)
DAY = st.sampled_from(
    [
        "<Dt>2026-10-16</Dt>",
        "<Dt>2026-12-31Z</Dt>",
        "<DtTm>2026-10-16T12:00:00</DtTm>",
        "<DtTm>2026-10-16T22:30:00Z</DtTm>",
        "<DtTm>2026-12-31T23:59:59.5+01:00</DtTm>",
    ]
)


@st.composite
def _remittances(draw: Any, ore: int) -> str:
    count = draw(st.integers(0, 3))
    shares = [ore // count + (ore % count if n == 0 else 0) for n in range(count)]
    is_split = draw(st.booleans())
    parts = []
    for share in shares:
        amount = _kronor(share + draw(st.sampled_from([0, 0, 0, 1]))) if is_split else None
        write = draw(st.sampled_from([ocr, document]))
        parts.append(write(draw(NUMBER | LETTERS), amount))
    if draw(st.integers(0, 5)) == 0:
        parts.append(document(draw(NUMBER), _kronor(draw(ORE)), "CREN"))
    if draw(st.booleans()):
        parts.insert(0, text(draw(LETTERS)))
    return "".join(parts)


@st.composite
def _txs(draw: Any, number: int, currency: str) -> tuple[int, Tx]:
    ore = draw(ORE)
    is_odd = draw(st.integers(0, 9)) == 0
    tx = Tx(
        amount=None if is_odd and draw(st.booleans()) else _kronor(ore, draw(st.integers(0, 3))),
        currency="NOK" if is_odd else currency,
        bank_reference=draw(st.sampled_from([None, f"B{number}"])),
        end_to_end_id=draw(st.none() | st.just("NOTPROVIDED") | NUMBER),
        payer=draw(st.none() | LETTERS),
        payer_bankgiro=draw(st.sampled_from([None, "66662222"])),
        payee_bankgiro=draw(st.sampled_from([None, "9912346", "50501055"])),
        remittance=draw(_remittances(ore)),
        returned=draw(st.integers(0, 9)) == 0,
        sign=draw(st.sampled_from([None, None, None, "DBIT", "CRDT"])),
    )
    return ore, tx


@st.composite
def _entries(draw: Any, number: int, message: str) -> tuple[int, Ntry]:
    currency = draw(st.sampled_from(["SEK", "SEK", "SEK", "EUR"]))
    sign = draw(st.sampled_from(["CRDT", "CRDT", "DBIT"]))
    made = [draw(_txs(10 * number + n, currency)) for n in range(draw(st.integers(0, 3)))]
    has_signs = message.endswith("08")
    ore = abs(
        sum(-one if has_signs and tx.sign not in (None, sign) else one for one, tx in made)
        + draw(st.sampled_from([0, 0, 0, 0, 1]))
    )
    count = len(made) + draw(st.sampled_from([0, 0, 0, 1]))
    stated = f"<Btch><NbOfTxs>{count}</NbOfTxs></Btch>" if draw(st.booleans()) else ""
    entry = Ntry(
        txs=tuple(tx for _, tx in made),
        amount=_kronor(ore, draw(st.integers(0, 3))),
        currency=currency,
        sign=sign,
        status=draw(st.sampled_from(["BOOK", "BOOK", "BOOK", "BOOK", "PDNG", "INFO"])),
        reversal=draw(st.integers(0, 9)) == 0,
        reference=draw(st.sampled_from([None, "BG12345678 00294-0251222", "X1"])),
        bank_reference=draw(st.sampled_from([None, f"E{number}"])),
        booked=draw(DAY),
        valued=draw(DAY),
        batch=stated,
    )
    return ore, entry


@st.composite
def _files(draw: Any) -> bytes:
    message = draw(st.sampled_from(MESSAGES))
    made = [draw(_entries(n, message)) for n in range(draw(st.integers(0, 4)))]
    off = draw(st.sampled_from([0, 0, 0, 0, 1]))
    credits = [ore for ore, entry in made if entry.sign == "CRDT"]
    told = summary("CRDT", len(credits), _kronor(sum(credits) + off))
    booked = sum(
        ore if entry.sign == "CRDT" else -ore
        for ore, entry in made
        if (entry.status, entry.currency) == ("BOOK", "SEK")
    )
    closing = 50_000 + booked + off
    balances = balance("OPBD", "500.00") + balance(
        "CLBD", _kronor(abs(closing)), "CRDT" if closing >= 0 else "DBIT"
    )
    return Camt(
        entries=tuple(entry for _, entry in made),
        message=message,
        summary=told if draw(st.booleans()) else "",
        balances=balances if message.startswith("camt.053") and draw(st.booleans()) else "",
    ).xml()


@given(_files())
@settings(max_examples=100, deadline=None)
def test_whatever_a_bank_writes_two_readers_read_the_same(data: bytes) -> None:
    """R-97, R-98: amounts, days, references, payers, and what is held or refused."""
    wanted = expected(data)
    event("refused" if wanted is None else f"{sum(one.held is None for one in wanted)} not held")
    assert _read(data) == wanted


def test_the_banks_own_samples_are_read_the_same_by_both_readers() -> None:
    for path in sorted((bank_samples() / "camt").iterdir()):
        data = path.read_bytes()
        assert _read(data) == expected(data), path.name
