"""The check of the ledger finds every way in which rows and postings can part from each other."""

from __future__ import annotations

import asyncio
from datetime import date

from sqlalchemy import text

from contracts.ids import CreditorId, new_id
from contracts.invoicing import CreditKind, CreditorRegistered
from contracts.notifications import Letter
from contracts.terms import ChargeKind
from services.payments import bank
from services.payments.domain.incoming import Hold
from services.payments.handlers import checking, payouts
from services.payments.store import ledger
from services.payments.store.identities import IDENTITIES
from tests.payments import facts
from tests.payments.bank_house import PAYER
from tests.payments.conftest import FILE, Room


def _move(debited: str, credited: str, owner: str = "null", component: str = "null") -> str:
    """A transaction that sums to zero and is wrong: a krona from one account to another."""
    return f"""
      insert into posting (transaction_id, n, account, owner, component, amount_ore, value_on)
      select (select uuidv7()), u.n, u.account, {owner}::uuid, {component}, u.ore, date '2026-08-20'
      from (values (1, '{debited}', 100), (2, '{credited}', -100)) as u(n, account, ore)
    """


NOBODY = "'0190d2f0-0000-7000-8000-0000000000ff'::uuid"
FAULTS = {
    "a claim's open components differ from its postings": [
        "update claim set capital_ore = capital_ore + 1",
        _move("claim", "suspense", NOBODY, "'capital'"),
    ],
    "pending differs from the open components": [_move("pending", "suspense", NOBODY)],
    "a claim's debt differs from its invoice, credits, charges and payments": [
        "update charge set fee_ore = fee_ore + 1 where state = 'charged'",
    ],
    "interest that was posted differs from what the standing charges demand": [
        "update charge set interest_ore = interest_ore + 1, fee_ore = fee_ore - 1"
        " where state = 'charged'",
    ],
    "what was credited differs from the credit notes": ["delete from credit"],
    "a claim is in a case without a standing demand, or has one and is not": [
        "update claim set in_case = not in_case",
    ],
    "a debtor's credit differs from its postings": [_move("overpaid", "suspense", NOBODY)],
    "a debtor's credit differs from the allocations and what was repaid": [
        "update resolution set amount_ore = amount_ore + 1 where kind = 'repaid'",
        "update allocation set overpaid_ore = overpaid_ore + 1, amount_ore = amount_ore - 1",
    ],
    "what was paid on a claim differs from the allocations": [
        "update claim set paid_ore = paid_ore + 1",
    ],
    "a payment is not what its allocations and what waits of it make": [
        "update payment set amount_ore = amount_ore + 1",
        "insert into unmatched select payment_id, 'held', null, true, amount_ore, paid_on, paid_on,"
        " '{}' from payment where payment_id in (select payment_id from allocation)",
    ],
    "suspense differs from the money that waits": ["delete from unmatched where on_ledger"],
    "what Kronofogden owes differs from what it collected and has not paid": [
        _move("kronofogden", "revenue", NOBODY),
        "insert into kronofogden_money (payment_id, claim_id, creditor_id, case_number, message,"
        " amount_ore, paid_on, heard_on) select claim_id, claim_id, creditor_id, '1', '1', 100,"
        " issued_on, issued_on from claim",
    ],
    "what creditors owe differs from the outlays made for them": [
        _move("receivable", "revenue", NOBODY),
    ],
    "the operator's part differs from the allocations and the outlays": [
        _move("operator", "revenue"),
    ],
    "the bank account differs from what was received and what was debited": [
        _move("bank:client", "revenue"),
        "update payout set state = 'settled' where state = 'ordered'",
    ],
    "payable differs from the allocations not paid out": [
        _move("payable", "revenue", NOBODY),
        "update allocation set payout_id = null",
    ],
    "transit differs from the payouts under way": [
        _move("transit", "revenue", NOBODY),
        "update payout set state = 'rejected' where state = 'ordered'",
    ],
    "a payout differs from the allocations that it pays": [
        "update allocation set payout_id = null",
        f"update allocation set payout_id = {NOBODY} where payout_id is null",
    ],
    "the settled payouts of an order differ from its debits": [
        "delete from debit",
        "update debit set amount_ore = amount_ore + 1",
    ],
}


async def _order(room: Room) -> None:
    async with room.database.transaction() as tx:
        await payouts.order_payouts(tx, [CreditorId(facts.CREDITOR)], payer=PAYER)


async def _debit(room: Room) -> None:
    ((payout_id, amount_ore),) = await room.rows("select payout_id, amount_ore from payout")
    seen = facts.debit(amount_ore, end_to_end_id=bank.payment_id_of(payout_id))
    async with room.database.transaction() as tx:
        ended = await payouts.settle_debits(tx, [seen], file_id=FILE)
    assert ended.payouts == 1


async def live(room: Room) -> None:
    """A bit of everything: charges, late money, credits, what waits, payouts of every kind."""
    creditor = CreditorRegistered(
        creditor_id=facts.CREDITOR,
        name="Möbelhuset AB",
        organisation_number="5566778899",
        vat_registered=True,
        f_skatt=True,
        email="info@example.se",
        town="Umeå",
    )
    async with room.database.transaction() as tx:
        await payouts.keep_creditors(tx, [creditor])
        who, by = CreditorId(facts.CREDITOR), new_id()
        await payouts.set_account(tx, who, kind="bankgiro", number="50501055", bic=None, by=by)
    paid, part, double, credited = (facts.invoice() for _ in range(4))
    for invoice in (paid, part, double, credited):
        await room.hear(invoice)
    await room.book(facts.payment(paid.ocr, amount_ore=324_000))
    await _order(room)
    await _debit(room)
    await room.hear(facts.remind(part), facts.demand(part))
    await room.book(facts.payment(part.ocr, amount_ore=40_000, paid_on=date(2026, 7, 29)))
    await room.book(facts.payment(part.ocr, amount_ore=10_000, paid_on=date(2026, 7, 2)))
    await room.book(facts.payment(double.ocr, amount_ore=324_000))
    await _order(room)
    await room.book(facts.payment(double.ocr, amount_ore=324_000))
    await room.repay(double.claim_id, 24_000)
    await room.book(facts.payment(credited.ocr, amount_ore=100_000))
    await room.hear(facts.credit(credited, 24_000, kind=CreditKind.CORRECTION))
    await room.book(facts.held(500, Hold.RETURNED), facts.held(700, Hold.CURRENCY))
    await room.book(facts.payment("99", amount_ore=1_000))


async def problems_after(room: Room, fault: str) -> set[str]:
    """What the check finds after a fault, which is undone again."""
    async with room.database.engine.connect() as connection:
        await connection.execute(text(fault))
        found = await ledger.look(connection)  # type: ignore[arg-type]  # it only executes
        await connection.rollback()
    return {problem.split(":")[0] for problem in found.problems}


async def test_a_right_ledger_has_no_problems_and_every_fault_is_found(room: Room) -> None:
    """events.md 5: each identity is seen to be broken, and alone where it can be."""
    await live(room)
    accounts = (await room.check()).accounts
    others = ("operator", "overpaid", "payable", "suspense", "transit")
    assert all(accounts[name] < 0 for name in others), "the story is too small to prove anything"
    assert set(FAULTS) == set(IDENTITIES)
    for identity, faults in FAULTS.items():
        for fault in faults:
            assert identity in await problems_after(room, fault), fault
    await room.check()


class Watched(dict[str, int]):
    """Alarms, each of which can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.told: asyncio.Queue[int] = asyncio.Queue()

    def __setitem__(self, check: str, faults: int) -> None:
        super().__setitem__(check, faults)
        self.told.put_nowait(faults)


async def test_the_service_checks_itself_and_alarms_until_the_ledger_is_right(room: Room) -> None:
    """events.md 5: without anybody asking."""
    await room.hear(facts.invoice())
    alarms = Watched()
    check = checking.keep_checking(room.database, alarms, seconds=0.001)
    checked = asyncio.create_task(check)
    assert await alarms.told.get() == 0
    async with room.database.transaction() as tx:
        await tx.execute(text("update claim set capital_ore = capital_ore + 1"))
    while not await alarms.told.get():
        pass
    async with room.database.transaction() as tx:
        await tx.execute(text("update claim set capital_ore = capital_ore - 1"))
    while await alarms.told.get():
        pass
    checked.cancel()


async def test_a_charge_taken_back_leaves_the_interest_of_the_charges_right(room: Room) -> None:
    """The later charge has demanded the interest of the earlier one: its row says so."""
    invoice = facts.invoice()
    await room.hear(invoice, facts.remind(invoice), facts.demand(invoice))
    await room.hear(facts.undelivered(invoice, Letter.REMINDER))
    rows = await room.rows("select kind, state, interest_ore from charge order by kind desc")
    assert rows == [
        (ChargeKind.REMINDER, "reversed", 533),
        (ChargeKind.DEMAND, "charged", 2_397),
    ]
    await room.check()
