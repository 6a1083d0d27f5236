"""collections' tables and the only SQL that touches them; every statement works on many rows.

`held` is a column of the case, not a question to `dispute`: a row that was waited for is read anew
by PostgreSQL, other tables are not.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from contracts.collections import CloseReason, DisputeOutcome
from contracts.ids import ClaimId, CreditorId
from contracts.invoicing import Channel, HandedToCollection, InvoiceIssued
from contracts.terms import InterestKind, InterestTerms
from plumbing.transaction import Transaction, columns
from services.collections.domain.cases import (
    HOUSE_POLICY,
    Case,
    Filing,
    Lack,
    Policy,
    Stage,
    Task,
)
from services.collections.domain.disputes import Dispute

COLUMNS = {
    "claim_id": "uuid",
    "creditor_id": "uuid",
    "number": "text",
    "opened_on": "date",
    "handover": "bytea",
    "stage": "text",
    "held": "boolean",
    "next_on": "date",
    "lack": "text",
    "demand_ordinal": "int",
    "respond_by": "date",
    "charged_ordinal": "int",
    "sent_ordinal": "int",
    "sent_on": "date",
    "sent_channel": "text",
    "filing_ordinal": "int",
    "application": "bytea",
    "amount_ore": "bigint",
    "correction": "int",
    "attempted": "boolean",
    "attempted_at": "timestamptz",
    "filed_on": "date",
    "kronofogden_number": "text",
    "decided_on": "date",
    "enforcement_ordinal": "int",
    "enforcement_application": "bytea",
    "enforced_on": "date",
    "close_reason": "text",
}
FIELDS = {name: name for name in COLUMNS} | {"enforcement_application": "enforcement"}
"""The field of a case that each column holds."""
NEVER_CHANGE = ("claim_id", "creditor_id")
LONGEST_DETAIL = 200
_NAMES = ", ".join(COLUMNS)
_ARRAYS = ", ".join(f"cast(:{name} as {kind}[])" for name, kind in COLUMNS.items())
_CHANGES = ", ".join(f"{n} = excluded.{n}" for n in COLUMNS if n not in NEVER_CHANGE)

SAVE_CASES = text(f"""
  insert into collection_case ({_NAMES}) select * from unnest({_ARRAYS})
  on conflict (claim_id) do update set {_CHANGES}
""")
CASE = """
  select c.*, p.filing, p.enforcement, t.interest_kind, t.rate_bp
  from collection_case c left join policy p using (creditor_id) left join claim t using (claim_id)
"""
LOCK_CASES = text(f"""
  {CASE} where c.claim_id = any(cast(:claim_ids as uuid[])) order by c.claim_id for update of c
""")
MOST_READ = 500
LOCK_NUMBERS = text(f"""
  {CASE} where c.number = any(cast(:numbers as text[])) order by c.claim_id for update of c
""")
STOPPED = f"""
  (c.stage in ('{Stage.UNDELIVERABLE}', '{Stage.REFUSED}') or not c.held and (
    c.stage = '{Stage.AWAITS_CREDITOR}' and c.lack is distinct from '{Lack.CREDITOR_DECIDES}'
    or c.stage = '{Stage.DECIDED}' and c.next_on is null
      and coalesce(p.enforcement, {HOUSE_POLICY.enforcement})))
"""
"""`Case.stopped`, for looking among all of them."""
READ_CASES = text(f"""
  {CASE} where (cast(:claim_id as uuid) is null or c.claim_id = :claim_id)
    and (not :stopped or {STOPPED})
    and (cast(:after as uuid) is null or (c.opened_on, c.number) <
      (select a.opened_on, a.number from collection_case a where a.claim_id = :after))
  order by c.opened_on desc, c.number desc limit :limit
""")
PREPARE = text("""
  select u.claim_id, nextval('case_serial') as serial, p.filing, p.enforcement,
    exists (select 1 from dispute d where d.claim_id = u.claim_id and d.outcome is null) as held
  from unnest(cast(:claim_ids as uuid[]), cast(:creditor_ids as uuid[])) as u(claim_id, creditor_id)
    left join policy p using (creditor_id)
  where not exists (select 1 from collection_case c where c.claim_id = u.claim_id)
  order by u.claim_id
""")
ADD_CLAIMS = text("""
  insert into claim (claim_id, creditor_id, interest_kind, rate_bp)
  select * from unnest(cast(:claim_ids as uuid[]), cast(:creditor_ids as uuid[]),
    cast(:kinds as text[]), cast(:rates as int[]))
  on conflict (claim_id) do update
    set interest_kind = excluded.interest_kind, rate_bp = excluded.rate_bp
""")
OWNER = text("""
  select creditor_id from claim where claim_id = :claim_id
  union all select creditor_id from collection_case where claim_id = :claim_id limit 1
""")
ADD_DISPUTES = text("""
  insert into dispute (dispute_id, claim_id, creditor_id, reason, disputed_ore, objected_on)
  select * from unnest(cast(:ids as uuid[]), cast(:claim_ids as uuid[]),
    cast(:creditor_ids as uuid[]), cast(:reasons as text[]), cast(:amounts as bigint[]),
    cast(:days as date[]))
  on conflict do nothing returning dispute_id
""")
LOCK_DISPUTE = text("select * from dispute where dispute_id = :dispute_id for update")
SETTLE_DISPUTE = text("""
  update dispute set outcome = :outcome, settled_on = :settled_on where dispute_id = :dispute_id
""")
READ_DISPUTES = text("""
  select * from dispute where (cast(:claim_id as uuid) is null or claim_id = :claim_id)
  order by outcome is null desc, objected_on desc, dispute_id desc limit 500
""")
ADD_TASKS = text("""
  insert into task (claim_id, creditor_id, kind, detail, made_on)
  select distinct u.claim_id, u.creditor_id, u.kind, u.detail, cast(:made_on as date)
  from unnest(cast(:claim_ids as uuid[]), cast(:creditor_ids as uuid[]), cast(:kinds as text[]),
    cast(:details as text[])) as u(claim_id, creditor_id, kind, detail)
  where not exists (select 1 from task t where t.done_on is null and t.kind = u.kind
    and t.detail = u.detail and t.claim_id is not distinct from u.claim_id)
""")
FINISH_TASKS = text("""
  update task t set done_on = :done_on
  from unnest(cast(:claim_ids as uuid[]), cast(:kinds as text[])) as u(claim_id, kind)
  where t.claim_id = u.claim_id and t.kind = u.kind and t.done_on is null
""")
FINISH_TASK = text("""
  update task set done_on = coalesce(done_on, :done_on) where id = :id returning id
""")
READ_TASKS = text("""
  select id, claim_id, kind, detail, made_on from task where done_on is null and id > :after
    and (cast(:claim_id as uuid) is null or claim_id = :claim_id)
  order by id limit :limit
""")
COUNT_TASKS = text("""
  select count(*) from task
  where done_on is null and (cast(:claim_id as uuid) is null or claim_id = :claim_id)
""")
ADD_POLICIES = text("""
  insert into policy (creditor_id, filing, enforcement)
  select u, :filing, :enforcement from unnest(cast(:creditor_ids as uuid[])) as u
  on conflict do nothing
""")
SAVE_POLICY = text("""
  insert into policy (creditor_id, filing, enforcement)
  values (:creditor_id, :filing, :enforcement)
  on conflict (creditor_id) do update
    set filing = excluded.filing, enforcement = excluded.enforcement
""")
READ_POLICY = text("select filing, enforcement from policy where creditor_id = :creditor_id")
READ_NEWS = text("select heard_up_to from kronofogden_news")
LOCK_NEWS = text("select heard_up_to from kronofogden_news for update")
MOVE_NEWS = text("update kronofogden_news set heard_up_to = :number")


async def lock_cases(tx: Transaction, claim_ids: Sequence[ClaimId]) -> dict[ClaimId, Case]:
    """Cases by claim, locked in order; claims without a case are left out."""
    rows = await tx.execute(LOCK_CASES, {"claim_ids": list(claim_ids)})
    return {row.claim_id: _case(row) for row in rows}


async def lock_numbers(tx: Transaction, numbers: Sequence[str]) -> dict[str, Case]:
    """Cases by case number, locked in order."""
    rows = await tx.execute(LOCK_NUMBERS, {"numbers": list(numbers)})
    return {row.number: _case(row) for row in rows}


async def read_cases(
    tx: Transaction,
    claim_id: ClaimId | None = None,
    *,
    stopped: bool = False,
    after: UUID | None = None,
    limit: int = MOST_READ,
) -> list[Case]:
    """Cases that the transaction may see, newest first: all, one claim's or those that stand still.

    `after` is the claim of the last one on the page before.
    """
    which = {"claim_id": claim_id, "stopped": stopped, "after": after, "limit": limit}
    return [_case(row) for row in await tx.execute(READ_CASES, which)]


async def save_cases(tx: Transaction, cases: Sequence[Case]) -> None:
    """Write whole cases, new and known."""
    if cases:
        rows = sorted((_row(case) for case in cases), key=lambda row: row[0])
        await tx.execute(SAVE_CASES, columns(rows, tuple(COLUMNS)))


async def new_cases(tx: Transaction, events: Sequence[HandedToCollection]) -> list[Case]:
    """Cases, not yet written, for those hand-overs whose claim has none."""
    if not events:
        return []
    handovers = {event.claim_id: event for event in events}
    which = {
        "claim_ids": list(handovers),
        "creditor_ids": [event.creditor_id for event in handovers.values()],
    }
    return [
        Case(
            claim_id=row.claim_id,
            creditor_id=handovers[row.claim_id].creditor_id,
            number=f"INK-{tx.today.year}-{row.serial:06d}",
            opened_on=tx.today,
            handover=handovers[row.claim_id],
            policy=_policy(row),
            held=row.held,
        )
        for row in await tx.execute(PREPARE, which)
    ]


async def add_claims(tx: Transaction, events: Sequence[InvoiceIssued]) -> None:
    """Remember whose each claim is and on which terms interest runs."""
    rows = sorted(
        (event.claim_id, event.creditor_id, event.interest.kind.value, event.interest.rate_bp)
        for event in events
    )
    await tx.execute(ADD_CLAIMS, columns(rows, ("claim_ids", "creditor_ids", "kinds", "rates")))


async def owner_of(tx: Transaction, claim_id: ClaimId) -> CreditorId | None:
    """The creditor of a claim; None for a claim never heard of."""
    row = (await tx.execute(OWNER, {"claim_id": claim_id})).first()
    return None if row is None else CreditorId(row.creditor_id)


async def add_disputes(tx: Transaction, disputes: Sequence[Dispute]) -> list[Dispute]:
    """Write objections; those whose claim has an open one already are left out and not returned."""
    if not disputes:
        return []
    names = ("ids", "claim_ids", "creditor_ids", "reasons", "amounts", "days")
    rows = [
        (d.dispute_id, d.claim_id, d.creditor_id, d.reason, d.disputed_ore, d.objected_on)
        for d in disputes
    ]
    added = set((await tx.execute(ADD_DISPUTES, columns(rows, names))).scalars())
    return [dispute for dispute in disputes if dispute.dispute_id in added]


async def lock_dispute(tx: Transaction, dispute_id: UUID) -> Dispute | None:
    """One objection, locked."""
    row = (await tx.execute(LOCK_DISPUTE, {"dispute_id": dispute_id})).first()
    return None if row is None else _dispute(row)


async def settle_dispute(tx: Transaction, dispute: Dispute) -> None:
    """Write how an objection ended."""
    which = {"dispute_id": dispute.dispute_id, "outcome": dispute.outcome}
    await tx.execute(SETTLE_DISPUTE, {**which, "settled_on": dispute.settled_on})


async def read_disputes(tx: Transaction, claim_id: UUID | None = None) -> list[Dispute]:
    """Objections that the transaction may see, to one claim or to all: open ones, then newest."""
    return [_dispute(row) for row in await tx.execute(READ_DISPUTES, {"claim_id": claim_id})]


async def add_tasks(tx: Transaction, tasks: Sequence[tuple[Case | None, Task]]) -> None:
    """Put work before the operators; what lies there already is not put there twice."""
    if tasks:
        rows = [
            (
                case and case.claim_id,
                case and case.creditor_id,
                task.kind,
                task.detail[:LONGEST_DETAIL],
            )
            for case, task in tasks
        ]
        arrays = columns(rows, ("claim_ids", "creditor_ids", "kinds", "details"))
        await tx.execute(ADD_TASKS, {**arrays, "made_on": tx.today})


async def finish_tasks(tx: Transaction, over: Sequence[tuple[ClaimId, str]]) -> None:
    """End the tasks (claim, kind) that have become pointless."""
    if over:
        arrays = columns(over, ("claim_ids", "kinds"))
        await tx.execute(FINISH_TASKS, {**arrays, "done_on": tx.today})


async def finish_task(tx: Transaction, task_id: int) -> bool:
    """A person has done a task, now or before; False for an unknown one."""
    found = await tx.execute(FINISH_TASK, {"id": task_id, "done_on": tx.today})
    return found.first() is not None


async def read_tasks(
    tx: Transaction, after: int, limit: int, claim_id: UUID | None = None
) -> tuple[int, list[dict[str, Any]]]:
    """How many tasks are open, of all or one claim, and a page of them, oldest first."""
    which = {"claim_id": claim_id}
    count = (await tx.execute(COUNT_TASKS, which)).scalar_one()
    rows = await tx.execute(READ_TASKS, {**which, "after": after, "limit": limit})
    return count, [dict(row) for row in rows.mappings()]


async def add_policies(tx: Transaction, creditor_ids: Sequence[CreditorId]) -> None:
    """Give new creditors the house's policy, unless they have chosen already."""
    wanted = {"filing": HOUSE_POLICY.filing, "enforcement": HOUSE_POLICY.enforcement}
    await tx.execute(ADD_POLICIES, {"creditor_ids": sorted(creditor_ids), **wanted})


async def save_policy(tx: Transaction, creditor_id: CreditorId, policy: Policy) -> None:
    """Write a creditor's choice."""
    wanted = {"filing": policy.filing, "enforcement": policy.enforcement}
    await tx.execute(SAVE_POLICY, {"creditor_id": creditor_id, **wanted})


async def read_policy(tx: Transaction, creditor_id: CreditorId) -> Policy:
    """A creditor's policy; the house's for one that has none."""
    row = (await tx.execute(READ_POLICY, {"creditor_id": creditor_id})).first()
    return HOUSE_POLICY if row is None else _policy(row)


async def news_heard(tx: Transaction, *, lock: bool) -> int:
    """The number up to which Kronofogden's outbox has been heard."""
    return int((await tx.execute(LOCK_NEWS if lock else READ_NEWS)).scalar_one())


async def move_news(tx: Transaction, number: int) -> None:
    """Remember how far Kronofogden's outbox has been heard."""
    await tx.execute(MOVE_NEWS, {"number": number})


def _row(case: Case) -> tuple[Any, ...]:
    written = {
        "handover": case.handover.payload(),
        "application": case.application and json.dumps(case.application).encode(),
        "enforcement_application": case.enforcement and json.dumps(case.enforcement).encode(),
    }
    return tuple(written.get(name, getattr(case, FIELDS[name])) for name in COLUMNS)


def _case(row: Any) -> Case:
    known = {field: getattr(row, name) for name, field in FIELDS.items()}
    known |= {
        "handover": HandedToCollection.model_validate_json(bytes(row.handover)),
        "application": row.application and json.loads(bytes(row.application)),
        "enforcement": row.enforcement_application
        and json.loads(bytes(row.enforcement_application)),
        "stage": Stage(row.stage),
        "lack": row.lack and Lack(row.lack),
        "sent_channel": row.sent_channel and Channel(row.sent_channel),
        "close_reason": row.close_reason and CloseReason(row.close_reason),
    }
    interest = InterestTerms()
    if row.interest_kind is not None:
        interest = InterestTerms(kind=InterestKind(row.interest_kind), rate_bp=row.rate_bp)
    return Case(**known, policy=_policy(row), interest=interest)


def _policy(row: Any) -> Policy:
    if row.filing is None:
        return HOUSE_POLICY
    return Policy(Filing(row.filing), row.enforcement)


def _dispute(row: Any) -> Dispute:
    outcome: str | None = row.outcome
    settled_on: date | None = row.settled_on
    return Dispute(
        row.dispute_id,
        row.claim_id,
        row.creditor_id,
        row.reason,
        row.disputed_ore,
        row.objected_on,
        DisputeOutcome(outcome) if outcome else None,
        settled_on,
    )
