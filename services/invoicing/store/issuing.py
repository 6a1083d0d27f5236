"""Writing issued invoices, many at a time: the series, the narrow rows, the documents."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import text

from contracts.ids import ClaimId, CreditorId
from contracts.invoicing import Channel
from plumbing.literals import arrays, casts
from plumbing.transaction import Transaction
from services.invoicing.domain.issuing import Invoice, Series

LOCK_SERIES = text("""
  select next, last_issued_on,
    array(select nextval('ocr_counter') from generate_series(1, :count)) as counters
  from series where creditor_id = :id for update
""")
LISTED = {
    **{"claim_id": "uuid", "customer_id": "uuid", "number": "bigint", "ocr": "text"},
    **{"customer_name": "text[]", "total_ore": "bigint", "issued_on": "date", "due_on": "date"},
    **{"on_paper": "boolean"},
}
KEPT = {"claim_id": "uuid", "body": "bytea[]"}
WRITE = text(f"""
  with counted as (
    update series set next = :next, last_issued_on = :last_issued_on
    where creditor_id = :creditor_id),
  listed as (
    insert into invoice (creditor_id, remaining_ore, {", ".join(LISTED)})
    select :creditor_id, u.total_ore, u.* from unnest({casts(LISTED)}) as u({", ".join(LISTED)}))
  insert into document (creditor_id, {", ".join(KEPT)})
  select :creditor_id, u.* from unnest({casts(KEPT)}) as u
""")
COUNT_ONE = text("""
  update series set next = next + 1, last_issued_on = greatest(last_issued_on, :on)
  where creditor_id = :creditor_id returning old.next
""")
DOCUMENTS = text("""
  select claim_id, body from document where claim_id = any(cast(:ids as uuid[]))
""")


async def lock_series(
    tx: Transaction, creditor_id: CreditorId, count: int
) -> tuple[Series, list[int]]:
    """The company's series, locked until the commit, and counters for `count` references.

    Writers of one company go one by one. Counters are platform-wide; a gap in them means nothing.
    """
    row = (await tx.execute(LOCK_SERIES, {"id": creditor_id, "count": count})).one()
    return Series(row.next, row.last_issued_on), row.counters


async def take_number(tx: Transaction, creditor_id: CreditorId, on: date) -> int:
    """The next number of the series, for a credit note."""
    taken = await tx.execute(COUNT_ONE, {"creditor_id": creditor_id, "on": on})
    return int(taken.scalar_one())


async def write_invoices(
    tx: Transaction,
    creditor_id: CreditorId,
    series: Series,
    invoices: Sequence[Invoice],
    bodies: Sequence[bytes],
) -> None:
    """Write issued invoices, each with its document, and the series as it is after them."""
    rows = [
        (
            invoice.claim_id,
            invoice.draft.buyer.customer_id,
            invoice.number,
            invoice.ocr,
            invoice.draft.buyer.name,
            invoice.draft.total_ore,
            invoice.draft.issued_on,
            invoice.draft.due_on,
            invoice.draft.channels[0] is Channel.PAPER,
        )
        for invoice in invoices
    ]
    await tx.execute(
        WRITE,
        {
            "creditor_id": creditor_id,
            "next": series.next,
            "last_issued_on": series.last_issued_on,
            **arrays(LISTED, rows),
            "body": bodies,
        },
    )


async def documents(tx: Transaction, ids: Sequence[UUID]) -> dict[ClaimId, bytes]:
    """Documents by claim, as they were written."""
    found = await tx.execute(DOCUMENTS, {"ids": list(ids)})
    return {ClaimId(row.claim_id): row.body for row in found}
