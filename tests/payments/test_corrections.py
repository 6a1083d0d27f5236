"""What banks correct, take back, show in another shape or pay to somebody else: nothing is booked
twice or guessed, and a person can bring it to its end."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from contracts.ids import CreditorId
from services.payments.domain.incoming import Hold
from services.payments.handlers import booking, intake, opening, payouts
from services.payments.handlers.bank_files import BankFiles
from services.payments.handlers.entries import Ours, ours
from services.payments.store import intake as files
from services.payments.store import payouts as payout_store
from services.payments.store.money import payment_id_of
from tests.payments import camt_samples, facts
from tests.payments.bank_house import (
    PAYER,
    House,
    credit,
    house,
    house_on,
    key,
    notification,
    statement,
)
from tests.payments.camt_samples import Ntry, Tx
from tests.payments.test_intake import shown
from tests.payments.test_intake_doors import client

__all__ = ["house"]

WHY = {"reason": "the bank has corrected its file"}


def wrong(*numbers: int) -> Ntry:
    """The deposit as the bank first told it: it states one payment more than it has."""
    entry = credit(numbers)
    batch = f"<Btch><NbOfTxs>{len(numbers) + 1}</NbOfTxs></Btch>"
    return Ntry(entry.txs, amount=entry.amount, bank_reference=entry.bank_reference, batch=batch)


async def told(house: House, *bodies: bytes) -> list[dict[str, Any]]:
    """Files that come one after the other, and what became of them."""
    files = []
    for body in bodies:
        got = await house.send(body)
        await house.work_all()
        files.append(await shown(house, got.file_id))
    return files


async def door(house: House, path: str, **body: Any) -> Any:
    async with client(house, "operator") as operator:
        headers = {"idempotency-key": f"{path}{body}"}
        return await operator.post(path, json={**WHY, **body}, headers=headers)


async def test_a_held_entry_that_the_bank_corrects_is_not_booked_twice(house: House) -> None:
    """The bank's money is 200 kr, whatever shape it told it in."""
    await house.open_claims(2)
    _, second = await told(house, notification(wrong(0, 1)), notification(credit([0, 1])))
    assert await house.balance("bank:client") == 200_00
    assert (second["booked"], second["held"], second["booked_ore"]) == (2, 2, 0)
    holds = {row.hold for row in await house.rows("select hold from unmatched")}
    assert holds == {Hold.ENTRY_COUNT.value, Hold.ENTRY_TWICE.value}
    await house.check_ledger()


async def test_an_entry_that_a_person_takes_out_gives_way_to_its_payments(house: House) -> None:
    """One decision, and the corrected payments meet their claims."""
    issued = await house.open_claims(2)
    await told(house, notification(wrong(0, 1)), notification(credit([0, 1])))
    whole = payment_id_of("E1/entry")
    held = payment_id_of(key(0))
    refused = await door(house, f"/unmatched/{held}/book")
    assert (refused.status_code, refused.json()["reason"]) == (409, "entry_booked")
    answer = await door(house, f"/unmatched/{whole}/take-out")
    assert (answer.status_code, answer.json()["payments_booked"]) == (200, 2)
    assert (await door(house, f"/unmatched/{whole}/take-out", reason="again")).status_code == 404
    assert await house.balance("bank:client") == 200_00
    assert await house.balance("suspense") == 0
    paid = await house.rows("select claim_id from claim where paid_ore = 10000")
    assert {row.claim_id for row in paid} == {one.claim_id for one in issued}
    [kept] = await house.rows("select kind, reason from resolution")
    assert tuple(kept) == ("taken_out", WHY["reason"])
    await house.check_ledger()


async def test_a_correction_that_comes_after_the_entry_was_taken_out_is_booked(
    house: House,
) -> None:
    """The other order of the same events."""
    await house.open_claims(2)
    await told(house, notification(wrong(0, 1)))
    await door(house, f"/unmatched/{payment_id_of('E1/entry')}/take-out")
    assert await house.balance("bank:client") == 0
    [file] = await told(house, notification(credit([0, 1])))
    assert (file["matched"], await house.balance("bank:client")) == (2, 200_00)
    await house.check_ledger()


async def test_payments_that_were_booked_are_not_booked_again_in_one_piece(house: House) -> None:
    """The reverse: the later file is the wrong one; a person dismisses it."""
    await house.open_claims(2)
    _, second = await told(house, notification(credit([0, 1])), notification(wrong(0, 1)))
    assert (second["held"], second["booked_ore"]) == (1, 0)
    whole = payment_id_of("E1/entry")
    assert (await door(house, f"/unmatched/{whole}/book")).status_code == 409
    assert (await door(house, f"/unmatched/{whole}/take-out")).status_code == 200
    assert await house.balance("bank:client") == 200_00
    await house.check_ledger()


async def test_money_in_another_currency_is_booked_with_the_kronor_the_bank_credited(
    house: House,
) -> None:
    """A person says how many; the payment meets its claim."""
    await house.open_claims(1)
    tx = Tx("10.00", "EUR", bank_reference="EUR1", remittance=camt_samples.ocr("7000000000"))
    await told(house, notification(Ntry((tx,), amount="10.00", currency="EUR")))
    path = f"/unmatched/{payment_id_of('EUR1')}/book"
    async with client(house, "operator") as operator:
        waiting = (await operator.get(path.removesuffix("/book"))).json()
    assert (waiting["amount_ore"], waiting["currency"]) == (10_00, "EUR")
    refused = await door(house, path)
    assert (refused.status_code, refused.json()["reason"]) == (409, "currency"), "how many kronor?"
    assert (await door(house, path, amount_ore=110_00)).status_code == 200
    assert await house.balance("bank:client") == 110_00
    assert await house.one("select paid_ore from claim") == 100_00
    assert await house.one("select overpaid_ore from claim") == 10_00
    await house.check_ledger()


async def test_of_many_who_decide_at_once_one_decides(house: House) -> None:
    """The payment is locked by whoever came first; for the others it waits no longer."""
    await house.open_claims(1)
    tx = Tx("10.00", "EUR", bank_reference="EUR1", remittance=camt_samples.ocr("7000000000"))
    await told(house, notification(Ntry((tx,), amount="10.00", currency="EUR")))
    path = f"/unmatched/{payment_id_of('EUR1')}/book"
    answers = await asyncio.gather(
        *(door(house, path, amount_ore=110_00, reason=f"says operator {n}") for n in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[404] * 5]
    assert await house.balance("bank:client") == 110_00
    await house.check_ledger()


async def test_a_deduction_inside_a_deposit_is_borne_by_the_operator_until_a_person_knows_better(
    house: House,
) -> None:
    """Else the books would hold 50 kr more than the bank does."""
    credited = Tx("150.00", bank_reference="A", payee_bankgiro="9912346")
    deducted = Tx("50.00", bank_reference="B", sign="DBIT")
    body = camt_samples.Camt((Ntry((credited, deducted)),), message="camt.054.001.08").xml()
    await told(house, body)
    assert await house.balance("bank:client") == 150_00
    answer = await door(house, "/payouts/debits/resolve", source_key="B")
    assert answer.status_code == 200
    assert await house.balance("bank:client") == 100_00
    assert await house.balance("operator") == 50_00
    async with house.database.transaction() as tx:
        assert (await payouts.list_alarms(tx))["unknown_debits"] == []
    await house.check_ledger()


async def test_a_debit_may_be_a_payment_that_the_bank_took_back(house: House) -> None:
    """Only one that waits, and of the same amount."""
    await told(
        house, notification(credit([7]), Ntry(amount="100.00", sign="DBIT", bank_reference="R"))
    )
    payment = str(payment_id_of(key(7)))
    answer = await door(house, "/payouts/debits/resolve", source_key="R/1", payment_id=payment)
    assert answer.status_code == 200
    assert await house.balance("bank:client") == await house.balance("suspense") == 0
    await house.check_ledger()


async def test_what_was_paid_too_much_waits_in_a_queue_until_it_is_repaid(house: House) -> None:
    """R-95, law-and-fees 5: the debit that repays it takes it off the debtor's account alone."""
    [issued] = await house.open_claims(1)
    payer: dict[str, Any] = {"payer_name": "Karin Ek", "payer_account": "54400000007"}
    paid = [
        facts.payment(issued.ocr, amount_ore=ore, source_key=str(ore), **payer)
        for ore in (100_00, 30_00)
    ]
    async with house.database.transaction() as tx:
        await booking.book(tx, paid, file_id=UUID(int=1))
        await payouts.settle_debits(
            tx,
            [facts.debit(ore, source_key=f"R{ore}") for ore in (40_00, 10_00, 20_00)],
            file_id=UUID(int=1),
        )
    claim = str(issued.claim_id)
    async with client(house, "operator") as operator:
        queue = (await operator.get("/overpaid")).json()
        number = (await operator.get("/attention")).json()["overpaid"]
    assert (queue["count"], queue["amount_ore"]) == (1, 30_00)
    assert number == {"claims": 1, "amount_ore": 30_00}
    [one] = queue["overpaid"]
    assert (one["claim_id"], one["ocr"], one["amount_ore"]) == (claim, issued.ocr, 30_00)
    assert sorted(each["amount_ore"] for each in one["payments"]) == [30_00, 100_00]
    who = {(each["payer_name"], each["payer_account"]) for each in one["payments"]}
    assert who == {("Karin Ek", "•••0007")}

    path = "/payouts/debits/resolve"
    refused = await door(house, path, source_key="R4000", claim_id=claim)
    assert (refused.status_code, refused.json()["reason"]) == (409, "more_than_overpaid")
    nobody = await door(house, path, source_key="R1000", claim_id=str(UUID(int=9)))
    assert nobody.status_code == 404
    both = await door(house, path, source_key="R1000", claim_id=claim, payment_id=claim)
    assert both.status_code == 422
    assert (await door(house, path, source_key="R1000", claim_id=claim)).status_code == 200
    assert (await door(house, path, source_key="R1000", claim_id=claim, reason="again")).is_error
    assert await house.one("select overpaid_ore from claim") == 20_00
    assert (await door(house, path, source_key="R2000", claim_id=claim)).status_code == 200
    assert await house.balance("overpaid") == 0
    assert await house.balance("bank:client") == 100_00 == -await house.balance("payable")
    async with client(house, "operator") as operator:
        assert (await operator.get("/overpaid")).json()["overpaid"] == []
        assert (await operator.get("/attention")).json()["unknown_debits"] == 1
    async with client(house, "seller", company=facts.CREDITOR) as seller:
        for path in ("/overpaid", "/attention"):
            assert (await seller.get(path)).status_code == 403
    await house.check_ledger()


async def test_what_waits_is_listed_oldest_first_and_in_pages(house: House) -> None:
    """By value date, whatever the bank calls them; each once."""
    days = [date(2026, 7, day) for day in (9, 2, 30, 2, 1)]
    async with house.database.transaction() as tx:
        paid = [facts.payment("7", amount_ore=1, paid_on=day) for day in days]
        await booking.book(tx, paid, file_id=UUID(int=1))
    found, after = [], ""
    async with client(house, "operator") as operator:
        while after is not None:
            page = (await operator.get("/unmatched", params={"limit": 2, "after": after})).json()
            found += page["payments"]
            after = page["next"]
        assert (await operator.get("/unmatched?after=2026_x")).status_code == 422
    assert [one["paid_on"] for one in found] == sorted(str(day) for day in days)
    assert len({one["payment_id"] for one in found}) == len(days)


async def test_only_operators_decide_of_held_money(house: House) -> None:
    """And each decision has its reason."""
    await told(house, notification(wrong(0, 1)))
    path = f"/unmatched/{payment_id_of('E1/entry')}/take-out"
    async with client(house, "seller", company=facts.CREDITOR) as seller:
        assert (await seller.post(path, json=WHY)).status_code == 403
    assert (await door(house, path, reason="")).status_code == 422


@pytest.mark.parametrize(
    ("payee", "account", "is_ours"),
    [
        ("9912346", "SE00", True),
        ("50501055", "54400000007", False),
        (None, "54400000007", True),
        (None, "5440-000 00 07", True),
        (None, "SE00", False),
    ],
)
def test_money_is_ours_by_the_bankgiro_or_else_by_the_account(
    payee: str | None, account: str, is_ours: bool
) -> None:
    """bank-formats 4.4: an open reference of that receiving bankgiro."""
    own = ours(["991-2346"], ["5440 000 0007"])
    payment = facts.payment("1", amount_ore=1, payee_bankgiro=payee, account=account)
    assert own.received(payment) is is_ours
    assert Ours().received(payment), "nothing named: nothing asked"


async def test_a_payment_to_another_bankgiro_settles_no_claim_of_ours(house: House) -> None:
    """It is held off the ledger; the account that is not ours is named."""
    await house.open_claims(2)
    house.files = BankFiles(house.database, intake.Rules(own=ours(["991-2346"], ["SE00"])))
    theirs = Tx(bank_reference="T", remittance=camt_samples.ocr("7000000001"))
    [file] = await told(house, notification(credit([0]), Ntry((theirs,), bank_reference="E2")))
    assert (file["matched"], file["held"], file["booked_ore"]) == (1, 1, 100_00)
    assert file["problems"] == ["the account 54401060156 is not one of ours"]
    assert await house.one("select hold from unmatched") == Hold.NOT_OURS.value
    [control] = await told(house, statement(Ntry((theirs,), bank_reference="E2")))
    assert control["problems"] == ["the account 54401060156 is not one of ours"]
    await house.check_ledger()


@pytest.mark.parametrize("batch", ["", "<Btch><NbOfTxs>2</NbOfTxs></Btch>"])
async def test_a_statement_that_shows_deposits_in_one_piece_raises_no_alarm(
    house: House, batch: str
) -> None:
    """By the entry's own reference."""
    await house.open_claims(2)
    seen = Ntry(amount="200.00", bank_reference="E1", batch=batch)
    [early] = await told(house, statement(seen))
    assert len(early["problems"]) == 1, "it has not come yet"
    _, file = await told(house, notification(credit([0, 1])), statement(seen, seen))
    assert file["problems"] == []
    async with house.database.transaction() as tx:
        found = await files.show_file(tx, early["file_id"])
    assert found is not None
    assert found[1] == [], "it has come since"
    less = Ntry(amount="199.00", bank_reference="E1", batch=batch)
    [other] = await told(house, statement(less))
    assert other["problems"] == ["the payment E1 is of an entry booked as 20000 öre"]


async def test_a_deposit_is_known_again_by_its_serial(house: House) -> None:
    """bank-formats 4.3: bankgiro, serial and amount, where the entry's reference differs."""
    await house.open_claims(2)
    entry = credit([0, 1])
    named = "BG9912346 00294-0251222"
    first = Ntry(entry.txs, amount=entry.amount, bank_reference="E1", reference=named)
    other = Ntry(amount="200.00", bank_reference="X9", reference="BG9912346 00294-777")
    _, file = await told(house, notification(first), statement(other))
    assert file["problems"] == []


async def test_a_known_key_with_another_amount_or_day_is_shown(house: House) -> None:
    """Not dropped silently."""
    await house.open_claims(2)
    other = credit([0], amount="90.00", entry="E2")
    _, second, third, again = await told(
        house,
        notification(credit([0])),
        notification(other),
        notification(credit([1], entry="E3"), credit([1], entry="E4")),
        notification(other, credit([1], entry="E3")),
    )
    [reason] = second["problems"]
    assert reason.startswith(f"the payment {key(0)} is booked as 10000 öre")
    assert third["problems"] == [f"the payment {key(1)} stands twice in the file: one is left out"]
    assert (again["booked"], again["duplicates"]) == (0, 2)
    assert await house.balance("bank:client") == 200_00


async def test_a_known_key_with_another_amount_waits_for_a_person_who_may_book_it(
    house: House,
) -> None:
    """It may be other money, which the bank has given a number twice (bank-formats 1.7)."""
    await house.open_claims(2)
    first = credit([0])
    twice = credit([0, 1], amount="40.00", entry="E2")
    _, file = await told(house, notification(first), notification(twice, credit([1], entry="E3")))
    assert (file["booked"], file["duplicates"], file["held"]) == (3, 0, 2)
    assert await house.balance("bank:client") == 140_00, "40 kr of the second are new"
    waiting = await house.rows("select hold, on_ledger, amount_ore from unmatched order by 3")
    assert [tuple(row) for row in waiting] == [
        (Hold.OTHER_AMOUNT.value, False, 40_00),
        (Hold.OTHER_AMOUNT.value, False, 100_00),
    ]
    answer = await door(house, f"/unmatched/{payment_id_of(f'{key(0)} 4000')}/book")
    assert answer.status_code == 200
    assert await house.balance("bank:client") == 180_00
    assert await house.one("select overpaid_ore from claim where ocr = '7000000000'") == 40_00
    await house.check_ledger()


def nameless(*amounts: str, payer: str = "Karin Ek") -> Ntry:
    """A deposit of a bank that gives no references."""
    txs = tuple(
        Tx(amount, payer=payer, payee_bankgiro="9912346", remittance=camt_samples.ocr("7000000000"))
        for amount in amounts
    )
    total = sum(int(amount.replace(".", "")) for amount in amounts)
    return Ntry(txs, amount=f"{total // 100}.{total % 100:02}", bank_reference=None)


async def test_a_payment_without_a_reference_that_comes_again_in_another_message_is_a_suspicion(
    house: House,
) -> None:
    """Neither booked twice nor lost: a person decides (bank-formats 4.3)."""
    await house.open_claims(1, total_ore=500_00)
    body = notification(nameless("30.00", "30.00"))
    await told(house, body)
    assert await house.balance("bank:client") == 60_00, "of one file each is a payment"
    [resent] = await told(house, body.replace(b"M1<", b"M2<"))
    assert (resent["booked"], resent["held"], resent["booked_ore"]) == (2, 2, 0)
    assert await house.balance("bank:client") == 60_00
    holds = [row.hold for row in await house.rows("select hold from unmatched")]
    assert holds == [Hold.ALIKE.value] * 2
    assert (await door(house, f"/unmatched/{payment_id_of('M2:S1:0/1')}/book")).status_code == 200
    assert (
        await door(house, f"/unmatched/{payment_id_of('M2:S1:0/2')}/take-out")
    ).status_code == 200
    assert await house.balance("bank:client") == 90_00
    unlike = notification(nameless("30.00", payer="Bo Ek"), nameless("31.00"))
    [file] = await told(house, unlike.replace(b"M1<", b"M3<"))
    assert (file["held"], file["booked_ore"]) == (0, 61_00)
    await house.check_ledger()


async def test_a_statement_without_references_is_compared_by_what_it_tells(house: House) -> None:
    """Its message id is another than the notification's."""
    await house.open_claims(1)
    entry = nameless("30.00", "40.00")
    seen = statement(entry, nameless("50.00")).replace(b"M1<", b"M9<")
    _, file = await told(house, notification(entry), seen)
    assert file["problems"] == ["the payment M9:S1:1/1 is not booked"]


async def test_of_two_files_at_once_with_a_payment_without_reference_one_is_a_suspicion(
    house: House,
) -> None:
    """Two processes, one file each."""
    await house.open_claims(1)
    body = notification(nameless("30.00"))
    await house.send(body)
    await house.send(body.replace(b"M1<", b"M2<"))
    async with house_on(house.url) as other:
        await asyncio.gather(house.work_all(), other.work_all())
        await house.work_all()
    assert await house.balance("bank:client") == 30_00
    assert await house.one("select count(*) from unmatched") == 1


async def ordered(house: House) -> UUID:
    """Two creditors' money on its way in one order; the batch."""
    other = UUID("0190d2f0-0000-7000-8000-00000000c0d2")
    creditors = (facts.CREDITOR, other)
    issued = [
        facts.invoice(100_00, ocr=f"700000000{n}", creditor_id=creditor)
        for n, creditor in enumerate(creditors)
    ]
    async with house.database.transaction() as tx:
        await opening.open_claims(tx, issued, others={})
        await payout_store.keep_creditors(tx, [(one, "Möbelhuset AB", "Umeå") for one in creditors])
        for creditor in creditors:
            await payouts.set_account(
                tx, CreditorId(creditor), kind="bankgiro", number="50501055", bic=None, by=other
            )
    await told(house, notification(credit([0, 1])))
    async with house.database.transaction() as tx:
        await payouts.order_payouts(tx, [CreditorId(one) for one in creditors], payer=PAYER)
    batch: UUID = await house.one("select batch_id from payout_batch")
    return batch


def in_one_sum(batch_id: UUID, amount: str = "200.00", group: str = "") -> Ntry:
    """A debit of a whole order, without details."""
    batch = f"<Btch><MsgId>{batch_id.hex}</MsgId>{group}</Btch>"
    return Ntry(amount=amount, sign="DBIT", bank_reference="DEB", batch=batch)


@pytest.mark.parametrize("write", [notification, statement])
@pytest.mark.parametrize("group", ["", "<PmtInfId>{}-1</PmtInfId>"])
async def test_an_order_debited_in_one_sum_settles_its_payouts_whichever_message_shows_it(
    house: House, write: Any, group: str
) -> None:
    """bank-formats 5.4: camt.053 or camt.054 debits."""
    batch_id = await ordered(house)
    seen = in_one_sum(batch_id, group=group.format(batch_id.hex))
    [file] = await told(house, write(seen))
    assert file["payouts_settled"] == 2
    assert await house.balance("transit") == await house.balance("bank:client") == 0
    one_by_one = [
        Tx("100.00", bank_reference=f"P{n}", end_to_end_id=row.payout_id.hex, payee_bankgiro=None)
        for n, row in enumerate(await house.rows("select payout_id from payout"))
    ]
    parts = Ntry(tuple(one_by_one), amount="200.00", sign="DBIT", bank_reference="DEB")
    await told(house, statement(parts))
    async with house.database.transaction() as tx:
        assert (await payouts.list_alarms(tx))["unknown_debits"] == [], "known already, otherwise"
    await house.check_ledger()


async def test_a_sum_that_is_not_the_order_s_is_a_persons_task(house: House) -> None:
    """Nothing is guessed."""
    batch_id = await ordered(house)
    [file] = await told(house, notification(in_one_sum(batch_id, "150.00")))
    assert file["payouts_settled"] == 0
    async with house.database.transaction() as tx:
        [unknown] = (await payouts.list_alarms(tx))["unknown_debits"]
    assert unknown["reason"] == "the payouts of the order come to 20000 öre"


async def test_nothing_is_ordered_anew_to_an_account_that_cannot_be_paid_to(house: House) -> None:
    """R-14: an account comes first; the answer says so instead of promising money."""

    async def again() -> Any:
        async with client(house, "operator") as operator:
            body = {"creditor_id": str(facts.CREDITOR)}
            return await operator.post("/payouts/again", json=body)

    who, by = CreditorId(facts.CREDITOR), UUID(int=1)
    answer = await again()
    assert (answer.status_code, answer.json()["reason"]) == (409, "no_payout_account")
    async with house.database.transaction() as tx:
        await payouts.set_account(tx, who, kind="bankgiro", number="50501055", bic=None, by=by)
    assert (await again()).status_code == 202
    async with house.database.transaction() as tx:
        await payout_store.refuse_accounts(tx, [(who, "AC04")])
    assert (await again()).status_code == 409
