"""Door 1: what is told of an invoice shows in its state, and sends it to collection once."""

from datetime import date, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

from sqlalchemy import text

from contracts.collections import CaseClosed, CaseOpened, CloseReason
from contracts.dunning import CollectionProposed
from contracts.envelope import Event
from contracts.ids import new_id
from contracts.invoicing import Channel, HandedToCollection, HandoverCause
from contracts.notifications import DeliveryAccepted, Letter
from contracts.payments import PaymentAllocated
from tests.invoicing import builders, stories
from tests.records import record


async def issued(house: Any, **more: Any) -> tuple[Any, UUID]:
    """A company with one issued invoice."""
    seller = await house.seller()
    answer = await seller.post("/invoices", json=builders.invoice(**more))
    return seller, UUID(answer.json()["claim_id"])


async def move_to(house: Any, day: date) -> None:
    """Make it another day."""
    await house.app.state.clock.move(house.app.state.database.engine, day)


async def hear(house: Any, *events: Event) -> None:
    await house.app.state.inbox([record(event) for event in events])
    assert await house.rows("select reason from parked") == []


async def test_each_step_of_a_claims_life_shows_in_its_state(house):
    """R-77."""
    seller, claim = await issued(house, terms_days=0)
    await move_to(house, date.today() + timedelta(days=60))  # noqa: DTZ011  (a day far off is enough)
    claims, cases, disputes, deliveries, _ = stories.life(claim, seller.company)
    states = []
    for event in (*deliveries[:2], claims[0], *cases[:2], disputes[0], claims[4]):
        await hear(house, event)
        states.append((await seller.get("/invoices")).json()["invoices"][0]["state"])
    assert states == [
        *("overdue", "overdue", "reminded", "collection", "kronofogden"),
        *("disputed", "paid"),
    ]


async def test_an_invoice_to_collect_goes_once_however_often_it_is_proposed(house):
    seller, claim = await issued(house, terms_days=0)
    await move_to(house, date.today() + timedelta(days=30))  # noqa: DTZ011
    who = {"claim_id": claim, "creditor_id": seller.company}
    await hear(house, CollectionProposed(**who, as_of=date(2026, 12, 20)))
    await hear(house, CollectionProposed(**who, as_of=date(2026, 12, 21)))
    (handed,) = await house.said(HandedToCollection)
    assert handed.cause is HandoverCause.POLICY
    assert handed.capital_ore == 1_250_00
    assert (await seller.get(f"/invoices/{claim}")).json()["timeline"][-1]["what"] == "handed_over"
    again = await seller.post(f"/invoices/{claim}/collection")
    assert (again.status_code, again.json()["reason"]) == (409, "already_handed_over")


async def in_collection(house):
    """A seller, his claim a month late that was handed over, and how its case is named."""
    seller, claim = await issued(house, terms_days=0)
    await move_to(house, date.today() + timedelta(days=30))  # noqa: DTZ011
    await seller.post(f"/invoices/{claim}/collection")
    case = {"claim_id": claim, "creditor_id": seller.company, "case_number": "INK-1"}
    await hear(house, CaseOpened(**case, opened_on=house.app.state.clock.today()))
    return seller, claim, case


async def test_a_closed_case_is_handed_over_anew_once_however_often_it_is_asked(house):
    """R-108: a second click comes before any case is heard of."""
    seller, claim, case = await in_collection(house)
    today = house.app.state.clock.today()
    await hear(house, CaseClosed(**case, reason=CloseReason.CREDITOR_WITHDREW, closed_on=today))
    answers = [await seller.post(f"/invoices/{claim}/collection") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 409]
    assert answers[1].json()["reason"] == "already_handed_over"
    assert len(await house.said(HandedToCollection)) == 2
    assert (await seller.get(f"/invoices/{claim}")).json()["state"] == "collection"


async def test_what_a_company_does_stands_in_the_timeline_where_it_was_done(house):
    """R-79: a credit that came last of its day is told last, not first."""
    seller, claim = await issued(house, terms_days=0)
    await move_to(house, date.today() + timedelta(days=30))  # noqa: DTZ011
    today = house.app.state.clock.today()
    who = {"claim_id": claim, "creditor_id": seller.company}
    case = who | {"case_number": "INK-1"}
    letter = {"letter": Letter.DEMAND, "channel": Channel.EMAIL, "sent_on": today}
    opened = CaseOpened(**case, opened_on=today)
    sent = DeliveryAccepted(**who, **letter, delivery_id=new_id(), cause_event=new_id())
    closed = CaseClosed(**case, reason=CloseReason.CREDITED, closed_on=today)
    await seller.post(f"/invoices/{claim}/collection")
    for event in (opened, sent):
        await house.app.state.inbox([record(event, at=house.app.state.clock.now())])
    await seller.post(f"/invoices/{claim}/credit", json={"reason": "Fel"})
    await house.app.state.inbox([record(closed, at=house.app.state.clock.now())])
    told = (await seller.get(f"/invoices/{claim}")).json()["timeline"]
    assert [each["what"] for each in told] == [
        *("issued", "handed_over", "case_opened", "sent", "credited", "case_closed"),
    ]
    assert (told[4]["text"], told[4]["amount_ore"]) == (
        "Fakturan krediterades, kreditfaktura 2",
        1_250_00,
    )


async def test_what_was_done_before_its_moment_was_kept_is_told_beside_what_followed(house):
    """The step that gave acts their moments knew only the days of earlier ones."""
    seller, claim, _ = await in_collection(house)
    await seller.post(f"/invoices/{claim}/credit", json={"reason": "Fel"})
    before = (await seller.get(f"/invoices/{claim}")).json()["timeline"]
    await house.rows("delete from timeline where what in ('handed_over', 'credited')")
    step = import_module("services.invoicing.migrations.0009_own_moments")
    for statement in (step.HANDED_OVER, step.CREDITED):
        await house.rows(statement)
    after = (await seller.get(f"/invoices/{claim}")).json()["timeline"]
    assert [each["what"] for each in after] == ["issued", "handed_over", "case_opened", "credited"]
    unplaced = [{k: v for k, v in each.items() if k != "at"} for each in after]
    assert sorted(unplaced, key=str) == sorted(
        [{k: v for k, v in each.items() if k != "at"} for each in before], key=str
    )


async def test_a_paid_or_disputed_invoice_does_not_go_to_collection(house):
    """R-108."""
    seller, claim = await issued(house, terms_days=0)
    early = await seller.post(f"/invoices/{claim}/collection")
    assert (early.status_code, early.json()["reason"]) == (409, "not_overdue")
    await move_to(house, date.today() + timedelta(days=30))  # noqa: DTZ011
    claims, _, disputes, _, _ = stories.life(claim, seller.company)
    await hear(house, disputes[0])
    refused = await seller.post(f"/invoices/{claim}/collection")
    assert (refused.status_code, refused.json()["reason"]) == (409, "disputed")
    await hear(house, disputes[1], claims[4])
    refused = await seller.post(f"/invoices/{claim}/collection")
    assert (refused.status_code, refused.json()["reason"]) == (409, "settled")
    assert await house.said(HandedToCollection) == []


async def test_an_overdue_invoice_goes_to_collection_with_the_number_added_since(house):
    seller, claim = await issued(house, terms_days=0)
    await move_to(house, date.today() + timedelta(days=30))  # noqa: DTZ011
    (customer,) = (await seller.get("/customers")).json()["customers"]
    number = {"identity_number": "19850709-9805"}
    changed = await seller.patch(f"/customers/{customer['customer_id']}", json=number)
    assert changed.status_code == 200, changed.text
    answer = await seller.post(f"/invoices/{claim}/collection")
    assert answer.status_code == 202
    (handed,) = await house.said(HandedToCollection)
    assert handed.debtor_identity_number == "198507099805"
    assert handed.basis.endswith("avseende Målning.")


async def test_a_batch_of_payments_is_heard_with_one_statement(house):
    """However many payments a batch has, invoicing asks the database once for all of them."""
    seller = await house.seller()
    answer = await seller.post("/invoices/bulk", json={"invoices": [builders.invoice()] * 200})
    claims = [UUID(result["claim_id"]) for result in answer.json()["results"]]
    payments = [
        stories.paid({"claim_id": claim, "creditor_id": seller.company}, 1_250_00, 0)
        for claim in claims
    ]
    asked = []
    async with house.app.state.database.transaction() as tx:
        run = tx.execute

        async def count(statement: Any, parameters: Any = None) -> Any:
            asked.append(statement)
            return await run(statement, parameters)

        tx.execute = count
        await house.app.state.inbox.hears[PaymentAllocated](tx, payments)
    assert len(asked) == 1
    counts = (await seller.get("/invoices/counts")).json()["states"]
    assert counts == [{"state": "paid", "count": 200, "total_ore": 250_000_00, "remaining_ore": 0}]
    async with house.app.state.database.transaction() as tx:
        told = (await tx.execute(text("select count(*) from timeline"))).scalar_one()
    assert told == 200
