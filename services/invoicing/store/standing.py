"""What is known of invoices: the facts heard, the timeline, credit notes, messages, lists.

What is heard is the hot path: one statement writes the timeline and changes the facts of a whole
batch. The state is read off the facts in SQL by the ladder of `domain.standing`, so that lists can
filter and count by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from contracts.ids import ClaimId, CreditorId
from contracts.invoicing import InvoiceCredited
from contracts.payments import PayoutOrdered
from plumbing.literals import casts, columns_told, days, ids, numbers, words
from plumbing.transaction import Transaction, columns
from services.invoicing.domain.standing import LADDER, News, Standing, State
from services.invoicing.domain.timeline import Told

FACTS = {
    "credited": "i.credited",
    "settled": "i.settled",
    "disputed": "i.disputes > 0 or i.upheld",
    "filed": "i.filed",
    "in_collection": "coalesce(i.case_open, i.handed_over_on is not null)",
    "reminded": "i.reminded",
    "overdue": "i.due_on < :today",
    "part_paid": "i.paid_on is not null",
    "opened": "i.opened",
    "sent": "i.sent",
    "unreached": "i.undelivered and not (i.sent or i.opened)",
}
"""Each rung of the ladder as a condition on a row of `invoice`."""

STATE = (
    "case "
    + " ".join(f"when {FACTS[fact]} then '{state.value}'" for state, fact in LADDER)
    + f" else '{State.ISSUED.value}' end"
)

_CHANGES = {
    "remaining_ore": "bigint",
    "settled": "boolean",
    "paid_on": "date",
    "reminded": "boolean",
    "disputes": "smallint",
    "upheld": "boolean",
    "case_open": "boolean",
    "filed": "boolean",
    "sent": "boolean",
    "opened": "boolean",
    "on_paper": "boolean",
    "undelivered": "boolean",
}
"""What news may change of an invoice, with the types of the columns."""

TELL = """
  insert into timeline (claim_id, creditor_id, told_at, told_on, what, amount_ore, detail)
  select u.* from unnest(cast(cast(:claim_id as text) as uuid[]),
    cast(cast(:creditor_id as text) as uuid[]), cast(:told_at as timestamptz[]),
    cast(cast(:told_on as text) as date[]), cast(cast(:what as text) as text[]),
    cast(cast(:amount_ore as text) as bigint[]), cast(:detail as text[])) as u
"""


@cache
def _hear(names: tuple[str, ...]) -> TextClause:
    """The statement that tells, and changes these columns."""
    if not names:
        return text(TELL)
    changes = [
        f"{name} = coalesce(u.{name}, i.{name})"
        if name != "disputes"
        else "disputes = i.disputes + coalesce(u.disputes, 0)"
        for name in names
    ]
    arrays = casts({name: _CHANGES[name] for name in names})
    return text(f"""
      with told as ({TELL})
      update invoice i set {", ".join(changes)}
      from unnest(cast(cast(:claim_id as text) as uuid[]), {arrays})
        as u(claim_id, {", ".join(names)})
      where i.claim_id = u.claim_id
    """)


ORDER_PAYOUT = text("""
  with noted as (
    insert into payout (payout_id, creditor_id, ordered_on)
    values (:payout_id, :creditor_id, :on) on conflict do nothing)
  insert into timeline (claim_id, creditor_id, told_at, told_on, what, amount_ore, detail)
  select u.claim_id, :creditor_id, :at, :on, 'payout_ordered', u.amount_ore, :detail
  from unnest(cast(:claims as uuid[]), cast(:amounts as bigint[])) as u(claim_id, amount_ore)
""")
SETTLE_PAYOUTS = text("""
  insert into payout (payout_id, creditor_id, ordered_on, settled_on)
  select u.payout_id, u.creditor_id, u.on_day, u.on_day
  from unnest(cast(:payouts as uuid[]), cast(:creditors as uuid[]), cast(:days as date[]))
    as u(payout_id, creditor_id, on_day)
  on conflict (payout_id) do update set settled_on = excluded.settled_on
""")
REJECT_PAYOUTS = text("""
  insert into payout (payout_id, creditor_id, ordered_on, rejected_on)
  select u.payout_id, u.creditor_id, u.on_day, u.on_day
  from unnest(cast(:payouts as uuid[]), cast(:creditors as uuid[]), cast(:days as date[]))
    as u(payout_id, creditor_id, on_day)
  on conflict (payout_id) do update set rejected_on = excluded.rejected_on
""")

STANDING = tuple(field.name for field in fields(Standing))
LOCK = text(f"""
  select {", ".join(STANDING)} from invoice where claim_id = any(cast(:ids as uuid[]))
  order by claim_id for update
""")
HAND_OVER = text("""
  with handed as (
    update invoice set handed_over_on = :today, case_open = nullif(case_open, false)
    where claim_id = any(cast(:ids as uuid[]))
    returning claim_id, creditor_id)
  insert into timeline (claim_id, creditor_id, told_at, told_on, what)
  select claim_id, creditor_id, :now, :today, 'handed_over' from handed
""")
CREDIT = text("""
  with noted as (
    insert into credit_note (note_id, claim_id, creditor_id, number, credited_on, kind, reason,
      credit_ore)
    values (:note_id, :claim_id, :creditor_id, :number, :credited_on, :kind, :reason, :credit_ore)),
  told as (
    insert into timeline (claim_id, creditor_id, told_at, told_on, what, amount_ore, detail)
    values (:claim_id, :creditor_id, :now, :credited_on, 'credited', :credit_ore,
      cast(:number as text)))
  update invoice set credited = true where claim_id = :claim_id
""")
NOTE = text("""
  select note_id, number, credited_on, kind, reason, credit_ore from credit_note
  where claim_id = :claim_id
""")
OPEN_OF_CUSTOMER = text("""
  select claim_id, on_paper, link_version from invoice
  where customer_id = :customer_id and creditor_id = :creditor_id and not settled and not credited
  order by number desc limit :limit
""")

RAISE_LINK = text("""
  update invoice set link_version = link_version + 1 where claim_id = :claim_id
  returning link_version
""")

LISTED = (
    *("claim_id", "number", "customer_name", "total_ore", "remaining_ore"),
    *("issued_on", "due_on", "state"),
)
_LISTED = f"""
  select i.claim_id, i.number, i.customer_name, i.total_ore, i.remaining_ore, i.issued_on, i.due_on,
    {STATE} as state
  from invoice i
"""
LIST = text(f"""
  {_LISTED}
  where i.creditor_id = :creditor_id and i.number < :before
    and (cast(:state as text) is null or {STATE} = :state)
    and (cast(:customers as uuid[]) is null or i.customer_id = any(:customers))
    and (cast(:number as bigint) is null or i.number = :number)
  order by i.number desc limit :limit
""")
LOOK_UP = text(f"""
  {_LISTED} where i.creditor_id = :creditor_id and i.claim_id = any(cast(:ids as uuid[]))
""")
COUNTS = text(f"""
  select {STATE} as state, count(*) as count, sum(i.total_ore)::bigint as total_ore,
    sum(i.remaining_ore)::bigint as remaining_ore
  from invoice i where i.creditor_id = :creditor_id group by 1
""")
ONE = text(f"""
  select i.*, {STATE} as state from invoice i where i.claim_id = :claim_id
""")
TIMELINE = text("""
  select told_on, told_at, what, amount_ore, detail from timeline where claim_id = :claim_id
  union all
  select coalesce(p.settled_on, p.rejected_on), t.told_at + interval '1 millisecond',
    case when p.settled_on is not null then 'payout_settled' else 'payout_rejected' end,
    t.amount_ore, null
  from timeline t join payout p
    on p.payout_id = cast(case when t.what = 'payout_ordered' then t.detail end as uuid)
  where t.claim_id = :claim_id and coalesce(p.settled_on, p.rejected_on) is not null
""")
WRITE_MESSAGE = text("""
  insert into message (message_id, claim_id, creditor_id, author, body, written_at)
  values (:message_id, :claim_id, :creditor_id, :author, :body, :written_at)
""")
COUNT_MESSAGES = text("select count(*) from message where claim_id = :claim_id")
MESSAGES = text("""
  select message_id, author, body as text, written_at from message where claim_id = :claim_id
  order by message_id
""")


async def hear(
    tx: Transaction,
    heard: Sequence[tuple[ClaimId, CreditorId, datetime, Told, News]],
) -> None:
    """Write what a batch of events tells and change the facts they name, in one statement.

    Each claim comes at most once. Only the columns that any of the news names are written.
    """
    claims, creditors, instants, told, news = zip(*heard, strict=True)
    changed = columns_told(_CHANGES, news)
    given = {
        "claim_id": ids(claims),
        "creditor_id": ids(creditors),
        "told_at": list(instants),
        "told_on": days(one.on for one in told),
        "what": words(one.what for one in told),
        "amount_ore": numbers(one.amount_ore for one in told),
        "detail": [one.detail for one in told],
        **changed,
    }
    await tx.execute(_hear(tuple(changed)), given)


async def order_payout(tx: Transaction, event: PayoutOrdered, at: datetime) -> None:
    """Tell every claim of a payout that its part is on the way."""
    await tx.execute(
        ORDER_PAYOUT,
        {
            "payout_id": event.payout_id,
            "creditor_id": event.creditor_id,
            "on": event.ordered_on,
            "at": at,
            "detail": str(event.payout_id),
            "claims": [part.claim_id for part in event.claims],
            "amounts": [part.amount_ore for part in event.claims],
        },
    )


async def close_payouts(
    tx: Transaction, payouts: Sequence[tuple[UUID, UUID, date]], *, settled: bool
) -> None:
    """Keep the day on which payouts (id, company, day) were debited, or refused by the bank."""
    await tx.execute(
        SETTLE_PAYOUTS if settled else REJECT_PAYOUTS,
        columns(payouts, ("payouts", "creditors", "days")),
    )


async def lock_standings(tx: Transaction, ids: Sequence[UUID]) -> dict[ClaimId, Standing]:
    """Facts by claim, locked until the commit, in the order of ids."""
    found = await tx.execute(LOCK, {"ids": list(ids)})
    return {row[0]: Standing(*tuple(row)) for row in found}


async def mark_handed_over(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Keep, and tell, that claims went to collection today."""
    await tx.execute(HAND_OVER, {"ids": list(ids), "today": tx.today, "now": tx.now})


async def write_credit(tx: Transaction, credited: InvoiceCredited, reason: str) -> None:
    """Write a credit note, and tell that its invoice is credited."""
    await tx.execute(
        CREDIT,
        {
            "note_id": credited.note_id,
            "claim_id": credited.claim_id,
            "creditor_id": credited.creditor_id,
            "number": credited.note_number,
            "credited_on": credited.credited_on,
            "kind": credited.kind.value,
            "reason": reason,
            "credit_ore": credited.credit_ore,
            "now": tx.now,
        },
    )


async def credit_note(tx: Transaction, claim_id: UUID) -> dict[str, Any] | None:
    """The credit note of an invoice, None where there is none."""
    row = (await tx.execute(NOTE, {"claim_id": claim_id})).mappings().first()
    return dict(row) if row else None


async def open_invoices_of(
    tx: Transaction, creditor_id: CreditorId, customer_id: UUID, limit: int
) -> list[tuple[ClaimId, bool, int]]:
    """A customer's claims that are not settled, newest first: is it on paper, and its link."""
    wanted = {"customer_id": customer_id, "creditor_id": creditor_id, "limit": limit}
    found = await tx.execute(OPEN_OF_CUSTOMER, wanted)
    return [(row.claim_id, row.on_paper, row.link_version) for row in found]


async def raise_link(tx: Transaction, claim_id: UUID) -> int:
    """Revoke the links of a claim that are out; the version of those to come."""
    return int((await tx.execute(RAISE_LINK, {"claim_id": claim_id})).scalar_one())


async def list_invoices(
    tx: Transaction,
    creditor_id: CreditorId,
    *,
    state: State | None,
    before: int | None,
    limit: int,
    customers: Sequence[UUID] | None = None,
    number: int | None = None,
) -> list[dict[str, Any]]:
    """Invoices, newest first, below the number `before`."""
    found = await tx.execute(
        LIST,
        {
            "creditor_id": creditor_id,
            "state": state.value if state else None,
            "before": before if before is not None else 2**63 - 1,
            "customers": list(customers) if customers is not None else None,
            "number": number,
            "limit": limit,
            "today": tx.today,
        },
    )
    return [dict(zip(LISTED, row, strict=True)) for row in found]


async def look_up(
    tx: Transaction, creditor_id: CreditorId, ids: Sequence[UUID]
) -> list[dict[str, Any]]:
    """A company's invoices of these claims, as lists show them; others are left out."""
    given = {"creditor_id": creditor_id, "ids": list(ids), "today": tx.today}
    found = await tx.execute(LOOK_UP, given)
    return [dict(zip(LISTED, row, strict=True)) for row in found]


async def count_states(tx: Transaction, creditor_id: CreditorId) -> list[dict[str, Any]]:
    """How many invoices stand in each state, and their sums in öre."""
    found = await tx.execute(COUNTS, {"creditor_id": creditor_id, "today": tx.today})
    return [dict(row) for row in found.mappings()]


async def invoice(tx: Transaction, claim_id: UUID) -> dict[str, Any] | None:
    """One invoice's row with its state; None where this transaction may not see it."""
    found = await tx.execute(ONE, {"claim_id": claim_id, "today": tx.today})
    row = found.mappings().first()
    return dict(row) if row else None


async def timeline(tx: Transaction, claim_id: UUID) -> list[tuple[datetime, Told]]:
    """What has been told of a claim, with the instants."""
    found = await tx.execute(TIMELINE, {"claim_id": claim_id})
    return [(row.told_at, Told(row.what, row.told_on, row.amount_ore, row.detail)) for row in found]


async def write_message(tx: Transaction, message: Mapping[str, Any]) -> None:
    """Add a message to a claim's thread."""
    await tx.execute(WRITE_MESSAGE, {**message, "written_at": tx.now})


async def count_messages(tx: Transaction, claim_id: UUID) -> int:
    """How long a claim's thread is."""
    return int((await tx.execute(COUNT_MESSAGES, {"claim_id": claim_id})).scalar_one())


async def messages(tx: Transaction, claim_id: UUID) -> list[dict[str, Any]]:
    """A claim's thread, oldest first."""
    found = await tx.execute(MESSAGES, {"claim_id": claim_id})
    return [dict(row) for row in found.mappings()]
