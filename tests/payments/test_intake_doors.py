"""The doors of bank files and payouts over HTTP: who may come in, and what they are told."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from contracts.ids import CreditorId, new_id
from services.payments.api import bank_files
from services.payments.app import build
from services.payments.handlers import payouts
from services.payments.settings import Settings
from services.payments.store import payouts as store
from tests.askers import PUBLIC_KEY, asker
from tests.payments import facts
from tests.payments.bank_house import PAYER, House, credit, house, notification, statement

__all__ = ["house"]

FEED_TOKEN = "the-bank's-token"
OTHER = UUID("0190d2f0-0000-7000-8000-00000000c0d2")


def client(house: House, *roles: str, token: str | None = None, **rights: UUID) -> Any:
    """A client with these roles, or with a token of its own."""
    settings = Settings(
        PAYMENTS_DATABASE_URL=house.url,
        identity_public_key=PUBLIC_KEY,
        bank_feed_token=FEED_TOKEN,
        bank_file_most_bytes=1_000_000,
    )
    app = build(settings)
    app.state.database = app.state.bank_files.database = house.database
    who = asker(app, *roles, **rights)
    if token:
        who.headers["authorization"] = f"Bearer {token}"
    return who


async def test_the_bank_leaves_a_file_with_its_own_credential(house: House) -> None:
    """R-98: taken, and known again."""
    bank = client(house, token=FEED_TOKEN)
    body = notification(credit([0]))
    first = await bank.post("/bank-files", content=body, headers={"x-file-name": "a.xml"})
    assert (first.status_code, first.json()["state"]) == (202, "validated")
    again = await bank.post("/bank-files", content=body)
    assert again.status_code == 200
    assert again.json() == {**first.json(), "duplicate": True}


@pytest.mark.parametrize(
    ("roles", "status"), [(("feed",), 202), (("operator",), 403), (("seller",), 403)]
)
async def test_only_a_feed_leaves_files(house: House, roles: tuple[str, ...], status: int) -> None:
    """An identity with the role feed is as good as the bank's own credential."""
    answer = await client(house, *roles).post("/bank-files", content=notification(credit([0])))
    assert answer.status_code == status


async def test_a_wrong_credential_is_turned_away(house: House) -> None:
    """And nothing is kept."""
    answer = await client(house, token="guessed").post("/bank-files", content=b"<")
    assert answer.status_code == 401
    assert await house.one("select count(*) from bank_file_chunk") == 0


async def test_a_refused_file_is_answered_with_lines(house: House) -> None:
    """The sender hears at once what is wrong."""
    body = notification(credit([0])).replace(b"<Sts>BOOK</Sts>", b"")
    answer = await client(house, token=FEED_TOKEN).post("/bank-files", content=body)
    assert answer.status_code == 422
    told = answer.json()
    assert told["state"] == "refused"
    assert told["problems"][0]["reason"] == "Ntry has no Sts before its details"
    assert told["problems"][0]["line"] > 1
    again = await client(house, token=FEED_TOKEN).post("/bank-files", content=body)
    assert again.status_code == 422, "whoever lost the answer hears it again"
    assert again.json()["problems"] == told["problems"]
    operator = client(house, "operator")
    kept = (await operator.get(f"/bank-files/{told['file_id']}")).json()
    assert (kept["state"], kept["problems"]) == ("refused", told["problems"])


async def test_a_file_above_the_limit_is_turned_away(house: House) -> None:
    """Whether its length was told or not."""
    bank = client(house, token=FEED_TOKEN)
    assert (await bank.post("/bank-files", content=b"x" * 1_000_001)).status_code == 413

    async def unannounced() -> Any:
        for _ in range(30):
            yield b"x" * 50_000

    assert (await bank.post("/bank-files", content=unannounced())).status_code == 413
    assert await house.one("select count(*) from bank_file") == 0


@pytest.mark.parametrize("is_announced", [True, False])
@pytest.mark.parametrize("patience", [60, 0])
async def test_who_sends_too_much_is_heard_out_before_he_is_turned_away(
    house: House, monkeypatch: pytest.MonkeyPatch, is_announced: bool, patience: float
) -> None:
    """Else the gateway sees a door shut while it sends, and the bank hears 503 instead of 413; but
    not for ever."""
    monkeypatch.setattr(bank_files, "PASS_OVER_SECONDS", patience)
    sent, parts = 0, 400

    async def body() -> Any:
        nonlocal sent
        for _ in range(parts):
            sent += 1
            yield b"x" * 50_000
            await asyncio.sleep(0)

    length = {"content-length": str(parts * 50_000)} if is_announced else {}
    answer = await client(house, token=FEED_TOKEN).post(
        "/bank-files", content=body(), headers=length
    )
    assert answer.status_code == 413
    assert (sent == parts) == (patience > 0)
    assert await house.one("select count(*) from bank_file_chunk") == 0


async def test_operators_see_how_far_files_are(house: House) -> None:
    """Counts, sums and position."""
    await house.open_claims(2)
    await house.send(notification(credit([0, 1])))
    await house.work_all()
    operator = client(house, "operator")
    [file] = (await operator.get("/bank-files")).json()["files"]
    assert (file["state"], file["position"], file["booked_ore"]) == ("booked", 2, 200_00)
    assert file["faults"] == 0
    assert (await operator.get("/bank-files?state=refused")).json()["files"] == []
    assert (await operator.get(f"/bank-files/{new_id()}")).status_code == 404
    assert (await client(house, "seller", company=OTHER).get("/bank-files")).status_code == 403


async def test_operators_see_in_the_list_which_files_have_something_to_look_at(
    house: House,
) -> None:
    """Also of a file that is booked; what has come since is no fault any more."""
    await house.open_claims(2)
    await house.send(statement(credit([0])))
    await house.send(notification(credit([1])).replace(b"BOOK", b"BOOK<x/>", 1))
    await house.send(b"not a bank file")
    await house.work_all()
    operator = client(house, "operator")
    files = (await operator.get("/bank-files")).json()["files"]
    assert [(file["state"], file["faults"]) for file in files] == [
        ("refused", 1),
        ("booked", 0),
        ("booked", 1),
    ]
    await house.send(notification(credit([0])))
    await house.work_all()
    files = (await operator.get("/bank-files")).json()["files"]
    assert [file["faults"] for file in files] == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("kind", "number", "more", "status", "shown"),
    [
        ("bankgiro", "5050-1055", {}, 200, "•••1055"),
        ("bankgiro", "5050-1056", {}, 422, None),
        ("plusgiro", "176099-0", {}, 200, "•••0990"),
        ("account", "5102 015 87 51", {}, 200, "•••8751"),
        ("iban", "SE35 5000 0000 0549 1000 0003", {"bic": "ESSESESS"}, 200, "•••0003"),
        ("iban", "SE35 5000 0000 0549 1000 0003", {}, 422, None),
        ("swish", "1", {}, 422, None),
    ],
)
async def test_support_sets_where_a_creditor_is_paid(
    house: House, kind: str, number: str, more: dict[str, str], status: int, shown: str | None
) -> None:
    """R-14: checked as such numbers are, and shown masked."""
    account = {"creditor_id": str(facts.CREDITOR), "kind": kind, "number": number, **more}
    answer = await client(house, "support").put("/payout-account", json=account)
    assert answer.status_code == status
    seller = client(house, "seller", company=facts.CREDITOR)
    kept = await seller.get("/payout-account")
    assert kept.status_code == (200 if shown else 404)
    if shown:
        assert (kept.json()["kind"], kept.json()["number"]) == (kind, shown)


async def test_a_seller_cannot_change_where_he_is_paid(house: House) -> None:
    """R-14."""
    seller = client(house, "seller", company=facts.CREDITOR)
    account = {"creditor_id": str(facts.CREDITOR), "kind": "bankgiro", "number": "5050-1055"}
    assert (await seller.put("/payout-account", json=account)).status_code == 403


async def test_a_seller_sees_his_own_payouts_and_no_others(house: House) -> None:
    """An operator sees all."""
    async with house.database.transaction() as tx:
        await store.keep_creditors(tx, [(facts.CREDITOR, "Möbelhuset AB", "Umeå")])
        await payouts.set_account(
            tx,
            CreditorId(facts.CREDITOR),
            kind="bankgiro",
            number="50501055",
            bic=None,
            by=OTHER,
        )
    issued = await house.open_claims(2)
    await house.send(notification(credit([0, 1])))
    await house.work_all()
    async with house.database.transaction() as tx:
        await payouts.order_payouts(tx, [CreditorId(facts.CREDITOR)], payer=PAYER)
    own = client(house, "seller", company=facts.CREDITOR)
    [payout] = (await own.get("/payouts")).json()["payouts"]
    assert (payout["amount_ore"], payout["account_masked"]) == (200_00, "•••1055")
    whole = (await own.get(f"/payouts/{payout['payout_id']}")).json()
    assert {claim["claim_id"] for claim in whole["claims"]} == {str(one.claim_id) for one in issued}
    other = client(house, "seller", company=OTHER)
    assert (await other.get("/payouts")).json()["payouts"] == []
    assert (await other.get(f"/payouts/{payout['payout_id']}")).status_code == 404
    operator = client(house, "operator")
    assert len((await operator.get("/payouts")).json()["payouts"]) == 1
    assert (await operator.get("/payouts/alarms")).json()["late"] == []
    assert (await own.get("/payouts/alarms")).status_code == 403
