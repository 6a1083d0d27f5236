"""The bank stand-in, run as a program against a receiver: nothing is lost or paid twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from lxml import etree

from deploy.local.ports import free_ports
from tests.shared import bank_samples, bank_samples_if_here, bank_schema
from tests.standins.programs import TOKEN, Program

BANKGIRO = "50501055"


class Receiver:
    """Takes the bank's files, answering as told."""

    def __init__(self) -> None:
        self.status = 200
        self.files: list[tuple[str, bytes]] = []

    async def take(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer feed"
        body = await request.read()
        if self.status == 200:
            self.files.append((request.headers["X-File-Name"], body))
        return web.Response(status=self.status, text="answer")


class BankProgram(Program):
    def __init__(self, folder: Path, *options: str) -> None:
        self.receiver = Receiver()
        (self.feed_port,) = free_ports(1)
        feed = f"http://127.0.0.1:{self.feed_port}/bank-files"
        super().__init__(
            "bank", folder, "--token", TOKEN, "--feed-url", feed, "--feed-token", "feed", *options
        )

    async def order(self, body: str) -> etree._Element:
        """Send a pain.001; the pain.002."""
        headers = {"Content-Type": "application/xml"}
        async with self.http.post("/payment-orders", data=body.encode(), headers=headers) as answer:
            assert answer.status == 200
            return etree.fromstring(await answer.read())

    async def pushed(self, content: object = None) -> list[bytes]:
        """Push, wait, and give the files that came."""
        before = len(self.receiver.files)
        await self.post("/push", content or {})
        await self.until_nothing_pends()
        return [body for _, body in self.receiver.files[before:]]


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[BankProgram]:
    program = BankProgram(tmp_path / "bank", "--drop-folder", str(tmp_path / "in"))
    app = web.Application(client_max_size=2**30)
    app.add_routes([web.post("/bank-files", program.receiver.take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", program.feed_port).start()
    async with program:
        yield program
    await runner.cleanup()


def payment(**changes: Any) -> dict[str, Any]:
    return {
        "payee_bankgiro": BANKGIRO,
        "reference": "12345678903",
        "kind": "ocr",
        "amount_ore": 125050,
        "payer_name": "Karin & Söner <AB>",
        **changes,
    }


def order(
    message_id: str = "PO-1", amounts: tuple[str, ...] = ("100.00", "0.50"), **changes: str
) -> str:
    total = changes.get("total", str(sum(map(Decimal, amounts))))
    version = changes.get("version", "pain.001.001.03")
    day = changes.get("day", "2026-10-19")
    dated = f"<Dt>{day}</Dt>" if version.endswith("09") else day
    payments = "".join(
        f"<CdtTrfTxInf><PmtId><InstrId>{message_id}-I{n}</InstrId><EndToEndId>{message_id}-E{n}"
        f'</EndToEndId></PmtId><Amt><InstdAmt Ccy="{changes.get("currency", "SEK")}">{amount}'
        "</InstdAmt></Amt><Cdtr><Nm>Målarna &amp; Co</Nm></Cdtr><CdtrAcct><Id><Othr>"
        f"<Id>5102015875{n}</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr></Id></CdtrAcct></CdtTrfTxInf>"
        for n, amount in enumerate(amounts)
    )
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><CstmrCdtTrfInitn><GrpHdr>'
        f"<MsgId>{message_id}</MsgId><CreDtTm>2026-10-16T06:00:00</CreDtTm>"
        f"<NbOfTxs>{changes.get('count', len(amounts))}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
        "<InitgPty><Nm>Betalt</Nm></InitgPty></GrpHdr><PmtInf>"
        f"<PmtInfId>{message_id}-P</PmtInfId><PmtMtd>TRF</PmtMtd><ReqdExctnDt>{dated}</ReqdExctnDt>"
        "<Dbtr><Nm>Betalt</Nm></Dbtr><DbtrAcct><Id><Othr><Id>54400000007</Id></Othr></Id></DbtrAcct>"
        f"<DbtrAgt><FinInstnId/></DbtrAgt>{payments}</PmtInf></CstmrCdtTrfInitn></Document>"
    )


def texts(root: etree._Element, name: str) -> list[str]:
    return [element.text or "" for element in root.iter(f"{{*}}{name}")]


def read(body: bytes) -> etree._Element:
    """Parse a camt file, and hold it to its schema when the schemas are there."""
    root = etree.fromstring(body)
    if samples := bank_samples_if_here():
        kind = etree.QName(root).namespace.rsplit(":", 1)[1]
        etree.XMLSchema(file=str(samples / "schemas" / f"{kind}.xsd")).assertValid(root)
    return root


@pytest.mark.parametrize("version", ["001.02", "001.08"])
async def test_every_file_is_valid_against_the_schema_of_its_version(
    bank: BankProgram, version: str
) -> None:
    bank_samples()  # `read` validates where it can
    await bank.post("/clock", {"today": "2026-10-19"})
    await bank.order(order())
    await bank.post(
        "/payments",
        [
            payment(paid_on="2026-10-16"),
            payment(kind="document", reference="F 1042/", payer_bankgiro="5050-1055"),
            payment(kind="text", reference="Tack för hjälpen å ä ö", payer_name=""),
            payment(kind="text", reference=""),
        ],
    )
    (notification,) = await bank.pushed({"version": version})
    await bank.post("/statement", {"date": "2026-10-19", "version": version})
    await bank.until_nothing_pends()
    statement = bank.receiver.files[-1][1]
    assert f"camt.053.{version}".encode() in statement
    first, second = read(notification), read(statement)
    references = texts(first, "AcctSvcrRef")
    assert references == texts(second, "AcctSvcrRef")
    assert len(references) == len(set(references)) + 2  # a debit's entry and payment share theirs


@pytest.mark.parametrize("version", ["pain.001.001.03", "pain.001.001.09"])
async def test_the_orders_of_these_tests_are_themselves_valid(version: str) -> None:
    schema = etree.XMLSchema(file=str(bank_schema(version)))
    schema.assertValid(etree.fromstring(order(version=version)))


async def test_payments_of_one_payee_and_day_are_one_deposit(bank: BankProgram) -> None:
    await bank.post("/clock", {"today": "2026-10-19"})
    await bank.post(
        "/payments",
        [
            payment(amount_ore=100),
            payment(amount_ore=201),
            payment(amount_ore=7, paid_on="2026-10-17"),
        ],
    )
    (body,) = await bank.pushed()
    root = read(body)
    entries = list(root.iter("{*}Ntry"))
    assert [entry.findtext("{*}Amt") for entry in entries] == ["0.07", "3.01"]
    assert [entry.findtext("{*}ValDt/{*}Dt") for entry in entries] == ["2026-10-17", "2026-10-19"]
    assert [len(list(entry.iter("{*}TxDtls"))) for entry in entries] == [1, 2]
    assert texts(root, "Sum") == ["3.08"]
    assert texts(root, "Ref") == ["12345678903"] * 3
    assert "Karin & Söner <AB>" in texts(root, "Nm")


async def test_an_order_is_debited_on_its_day_and_told_with_its_ids(bank: BankProgram) -> None:
    await bank.post("/clock", {"today": "2026-10-16"})
    report = await bank.order(order())
    assert texts(report, "GrpSts") == ["ACTC"]
    assert texts(report, "OrgnlMsgId") == ["PO-1"]
    assert await bank.pushed() == []
    await bank.post("/clock", {"today": "2026-10-25"})
    (body,) = await bank.pushed()
    root = read(body)
    assert texts(root, "CdtDbtInd") == ["DBIT", "DBIT"]
    assert texts(root, "EndToEndId") == ["PO-1-E0", "PO-1-E1"]
    assert texts(root, "InstrId") == ["PO-1-I0", "PO-1-I1"]
    days = {entry.findtext("{*}BookgDt/{*}Dt") for entry in root.iter("{*}Ntry")}
    assert days == {"2026-10-19"}
    (kept,) = (await bank.get("/records"))["orders"]
    assert [one["status"] for one in kept["transactions"]] == ["ACSC", "ACSC"]
    assert [one["debited_on"] for one in kept["transactions"]] == ["2026-10-19"] * 2
    assert await bank.pushed() == []


async def test_an_order_for_a_day_gone_by_is_debited_today(bank: BankProgram) -> None:
    await bank.post("/clock", {"today": "2026-10-26"})
    await bank.order(order(version="pain.001.001.09"))
    (kept,) = (await bank.get("/records"))["orders"]
    assert {one["debited_on"] for one in kept["transactions"]} == {"2026-10-26"}


@pytest.mark.parametrize(
    ("asked", "debited"),
    [
        ("2026-10-24", "2026-10-26"),
        ("2026-12-24", "2026-12-28"),
        ("2026-12-31", "2027-01-04"),
        ("2027-06-25", "2027-06-28"),
    ],
)
async def test_the_bank_executes_nothing_on_a_day_it_is_closed(
    refusing: BankProgram, asked: str, debited: str
) -> None:
    """A Saturday, julafton, nyårsafton and midsommarafton wait for the next banking day."""
    await refusing.order(order(f"CLOSED-{asked}", day=asked))
    kept = (await refusing.get("/records"))["orders"][-1]
    assert {one["debit_on"] for one in kept["transactions"]} == {debited}
    assert {one["debited_on"] for one in kept["transactions"]} == {None}


async def test_an_order_sent_twice_is_paid_once(bank: BankProgram) -> None:
    await bank.post("/clock", {"today": "2026-10-19"})
    await bank.order(order())
    await bank.kill_and_restart()
    again = await bank.order(order())
    assert texts(again, "GrpSts") == ["RJCT"]
    assert texts(again, "Cd") == ["AM05"]
    records = await bank.get("/records")
    assert [one["duplicate"] for one in records["orders"]] == [0, 1]
    assert records["balance_ore"] == -10050
    first = etree.fromstring((await bank.page("/payment-orders/PO-1")).encode())
    assert texts(first, "GrpSts") == ["ACTC"]


async def test_a_sender_that_dies_before_the_answer_was_heard_all_the_same(
    bank: BankProgram,
) -> None:
    await bank.post("/clock", {"today": "2026-10-19"})
    await bank.post("/control", {"answer_delay_seconds": 60, "times": 1})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bank.order(order()), 1)
    assert len((await bank.get("/records"))["orders"]) == 1
    await bank.kill_and_restart()
    assert texts(await bank.order(order()), "Cd") == ["AM05"]
    assert texts(await bank.order(order("PO-2")), "GrpSts") == ["ACTC"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (order(count="3"), "AM18"),
        (order(total="100.51"), "AM10"),
        (order(currency="EUR"), "AM03"),
        (order(amounts=("0.00",)), "AM01"),
        (order(amounts=("1.005",)), "AM09"),
        (order(amounts=("-1.00",), total="-1.00"), "AM09"),
        (order(day="2026-13-01"), "DT01"),
        (order(day="2036-10-01"), "DT01"),
        (order(day="20261019"), "DT01"),
        (order(day="2026-W43-1"), "DT01"),
        (order(message_id="M" * 36), "FF01"),
        (order(version="pain.001.001.12"), "FF01"),
        ("<Document", "FF01"),
        ('<!DOCTYPE d [<!ENTITY e "x">]>' + order(), "FF01"),
        (order().replace("PO-1-E1", "PO-1-E0"), "AM05"),
    ],
)
async def test_a_faulty_order_is_refused_with_its_reason_and_pays_nothing(
    refusing: BankProgram, body: str, code: str
) -> None:
    report = await refusing.order(body)
    assert texts(report, "GrpSts") == ["RJCT"]
    assert texts(report, "Cd") == [code]
    assert (await refusing.get("/records"))["balance_ore"] == 0


@pytest.fixture(scope="module")
async def refusing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BankProgram]:
    async with BankProgram(tmp_path_factory.mktemp("bank")) as program:
        await program.post("/clock", {"today": "2026-10-19"})
        yield program


async def test_a_payment_to_a_closed_account_is_refused_alone(bank: BankProgram) -> None:
    await bank.post("/clock", {"today": "2026-10-19"})
    await bank.post("/control", {"reject_accounts": ["5102-0158751"]})
    report = await bank.order(order())
    assert texts(report, "GrpSts") == ["PART"]
    assert texts(report, "TxSts") == ["ACTC", "RJCT"]
    assert texts(report, "Cd") == ["AC04"]
    (body,) = await bank.pushed()
    assert texts(read(body), "EndToEndId") == ["PO-1-E0"]


@pytest.mark.parametrize(
    ("number", "kind", "status"),
    [
        ("5050-1055", "<Prtry>BGNR</Prtry>", "ACTC"),
        ("5050-1056", "<Prtry>BGNR</Prtry>", "RJCT"),
        ("12", "<Prtry>BGNR</Prtry>", "RJCT"),
        ("SE3550000000054910000003", None, "ACTC"),
        ("SE3550000000054910000004", None, "RJCT"),
        ("SE35", None, "RJCT"),
    ],
)
async def test_an_account_with_a_wrong_check_digit_is_paid_nothing(
    refusing: BankProgram, number: str, kind: str | None, status: str
) -> None:
    name = f"ACCOUNT-{plain(number)}"
    right = "<Othr><Id>51020158750</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr>"
    wrong = f"<Othr><Id>{number}</Id><SchmeNm>{kind}</SchmeNm></Othr>"
    body = order(name, ("1.00",)).replace(right, wrong if kind else f"<IBAN>{number}</IBAN>")
    report = await refusing.order(body.replace("2026-10-19", "2026-10-20"))
    assert texts(report, "GrpSts") == [status]
    assert texts(report, "Cd") == (["AC03"] if status == "RJCT" else [])


def plain(number: str) -> str:
    return number.replace("-", "")


async def test_an_order_without_the_token_is_not_heard(bank: BankProgram) -> None:
    async with (
        aiohttp.ClientSession() as stranger,
        stranger.post(f"{bank.address}/payment-orders", data=order()) as answer,
    ):
        assert answer.status == 401
    assert (await bank.get("/records"))["orders"] == []


async def test_a_file_is_offered_until_it_is_taken_even_over_a_kill(bank: BankProgram) -> None:
    bank.receiver.status = 503
    await bank.post("/payments", [payment()])
    await bank.post("/push")
    await asyncio.sleep(0.5)
    assert (await bank.get("/pending"))["undelivered_files"] == 1
    await bank.kill_and_restart()
    bank.receiver.status = 200
    await bank.until_nothing_pends()
    ((name, body),) = bank.receiver.files
    (file,) = (await bank.get("/records"))["files"]
    assert (file["name"], file["status"]) == (name, "delivered")
    assert [one["status"] for one in file["deliveries"]] == [503, 200]
    await bank.post(f"/files/{file['id']}/push-again")
    await bank.until_nothing_pends()
    assert bank.receiver.files == [(name, body)] * 2


async def test_a_refused_file_is_recorded_as_refused_and_offered_no_more(bank: BankProgram) -> None:
    bank.receiver.status = 422
    await bank.post("/payments", [payment()])
    await bank.pushed()
    (file,) = (await bank.get("/records"))["files"]
    assert file["status"] == "refused"
    assert file["deliveries"][-1]["answer"] == "answer"


async def test_a_file_can_be_dropped_in_a_folder(bank: BankProgram, tmp_path: Path) -> None:
    await bank.post("/payments", [payment() for _ in range(5)])
    folder = tmp_path / "in"
    answer = await bank.post("/push", {"drop_folder": str(folder), "max_payments_per_file": 2})
    await bank.until_nothing_pends()
    assert sorted(path.name for path in folder.iterdir()) == [
        file["name"] for file in answer["files"]
    ]
    counts = [len(texts(read(path.read_bytes()), "RmtdAmt")) for path in sorted(folder.iterdir())]
    assert counts == [2, 2, 1]
    assert bank.receiver.files == []
    async with bank.http.post("/push", json={"drop_folder": str(tmp_path)}) as answer:
        assert answer.status == 422, "nor anywhere else"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
async def test_no_other_sites_page_makes_the_bank_do_anything(
    bank: BankProgram, headers: dict[str, str]
) -> None:
    async with bank.http.post("/payments", json=[payment()], headers=headers) as answer:
        assert answer.status == 403
    assert (await bank.get("/records"))["payments"] == []


async def test_payments_survive_a_kill_and_a_key_books_once(bank: BankProgram) -> None:
    first = await bank.post("/payments", [payment(key="a"), payment(key="b"), payment(key="a")])
    await bank.kill_and_restart()
    second = await bank.post("/payments", [payment(key="b"), payment()])
    assert second["payments"][0] == first["payments"][1]
    assert len((await bank.get("/records"))["payments"]) == 3
    await bank.post("/payments", [payment(), payment(key="a", amount_ore=1)], expect=409)
    await bank.post("/payments", [payment(), payment(amount_ore=0)], expect=422)
    await bank.post("/payments", [payment(paid_on="2999-01-01")], expect=422)
    await bank.post("/payments", [payment(payer_name="a\x00b")], expect=422)
    assert len((await bank.get("/records"))["payments"]) == 3


async def test_statements_of_following_days_carry_the_balance_on(bank: BankProgram) -> None:
    await bank.post("/clock", {"today": "2026-10-18"})
    await bank.post("/payments", [payment(amount_ore=5000)])
    await bank.order(order())
    await bank.post("/clock", {"today": "2026-10-19"})
    await bank.post("/payments", [payment(amount_ore=300)])
    balances = []
    for day in ("2026-10-18", "2026-10-19"):
        await bank.post("/statement", {"date": day})
        await bank.until_nothing_pends("undelivered_files")
        root = read(bank.receiver.files[-1][1])
        balances.append(
            [
                (balance.findtext("{*}CdtDbtInd"), balance.findtext("{*}Amt"))
                for balance in root.iter("{*}Bal")
            ]
        )
        signs = {"CRDT": 1, "DBIT": -1}
        entries = sum(
            signs[entry.findtext("{*}CdtDbtInd")] * Decimal(entry.findtext("{*}Amt"))
            for entry in root.iter("{*}Ntry")
        )
        (opening, closing) = [signs[sign] * Decimal(amount) for sign, amount in balances[-1]]
        assert opening + entries == closing
    assert balances == [
        [("CRDT", "0.00"), ("CRDT", "50.00")],
        [("CRDT", "50.00"), ("DBIT", "47.50")],
    ]
    await bank.post("/statement", {"date": "x"}, expect=422)


async def test_the_moved_day_survives_a_kill(bank: BankProgram) -> None:
    await bank.post("/clock", {"today": "2025-03-14"})
    await bank.kill_and_restart()
    day = date.fromisoformat((await bank.get("/clock"))["today"])
    assert day - date(2025, 3, 14) in (timedelta(0), timedelta(1))  # midnight may have passed


async def test_a_debtor_pays_in_the_internet_bank_and_it_is_told_at_once(bank: BankProgram) -> None:
    way_back = "http://localhost:8000/f/1"
    form = await bank.page(
        f"/betala?bankgiro=5050-1055&ocr=12345678903&belopp=1250,50&namn=Karin&tillbaka={way_back}"
    )
    key = form.split('name="nyckel" value="')[1].split('"')[0]
    given = {
        "bankgiro": "5050-1055",
        "ocr": "1234 567 8903",
        "belopp": "1 250,50 kr",
        "namn": "Karin",
    }
    given |= {"nyckel": key, "tillbaka": way_back}
    async with bank.http.post("/betala", data=given) as answer:
        assert answer.status == 200
        text = await answer.text()
    assert "1\N{NO-BREAK SPACE}250,50 kr" in text
    assert f'href="{way_back}"' in text
    async with bank.http.post("/betala", data=given) as answer:
        assert answer.status == 200  # pressed twice, paid once
    await bank.until_nothing_pends()
    ((_, body),) = bank.receiver.files
    assert texts(read(body), "Sum") == ["1250.50"]
    assert texts(read(body), "Ref") == ["12345678903"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"belopp": ""}, "Skriv beloppet."),
        ({"belopp": "tolv"}, "Skriv beloppet i kronor"),
        ({"belopp": "12,345"}, "Skriv beloppet i kronor"),
        ({"belopp": "-5"}, "Skriv beloppet i kronor"),
        ({"belopp": "0,00"}, "större än noll"),
        ({"bankgiro": "5050-1056"}, "Bankgironumret stämmer inte"),
        ({"bankgiro": "12"}, "sju eller åtta siffror"),
        ({"ocr": ""}, "Skriv OCR-numret"),
    ],
)
async def test_a_slip_of_the_pen_is_told_in_swedish_and_pays_nothing(
    refusing: BankProgram, changes: dict[str, str], problem: str
) -> None:
    given = {"bankgiro": "5050-1055", "ocr": "<i>42</i>", "belopp": "10", "namn": "K"} | changes
    async with refusing.http.post("/betala", data=given) as answer:
        assert answer.status == 422
        text = await answer.text()
    assert problem in text
    assert "<i>" not in text
    assert (await refusing.get("/records"))["payments"] == []


@pytest.mark.parametrize(
    "address",
    ["https://evil.se/", "//evil.se/", "javascript:alert(1)", "/\\evil.se", "http://a@b/"],
)
async def test_the_way_back_leads_nowhere_else(refusing: BankProgram, address: str) -> None:
    assert address not in await refusing.page(f"/betala?tillbaka={address}")


async def test_tens_of_thousands_of_payments_become_one_file(bank: BankProgram) -> None:
    await bank.post("/payments", [payment(amount_ore=n + 1) for n in range(30_000)])
    (body,) = await bank.pushed()
    assert len(texts(etree.fromstring(body), "RmtdAmt")) == 30_000


async def test_the_overview_shows_what_happened(bank: BankProgram) -> None:
    await bank.post("/payments", [payment(payer_name="<b>Karin</b>")])
    await bank.order(order())
    await bank.order("<Document")
    await bank.pushed()
    text = await bank.page("/")
    assert "&lt;b&gt;Karin" in text
    assert "Levererad" in text
    assert "(oläsligt)" in text
