"""The tables of notifications: creditors, recipients, invoices, hand-overs, deliveries, openings.

Every statement works on a set. Rows come back as the domain's types; what a letter quotes is kept
as it was said and read again only when the letter is written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from contracts.ids import ClaimId, CreditorId, DeliveryId
from contracts.invoicing import (
    Channel,
    CreditorRegistered,
    HandedToCollection,
    InvoiceIssued,
    RecipientNamed,
)
from contracts.notifications import Letter
from plumbing.driver import Row
from plumbing.literals import arrays, casts
from plumbing.transaction import Transaction, columns
from services.notifications.domain import Delivery as Delivery
from services.notifications.domain import Recipient, State

_CREDITORS = """
  insert into creditors (creditor_id, name, organisation_number, email, town)
  select * from unnest(cast(:ids as uuid[]), cast(:names as text[]), cast(:numbers as text[]),
    cast(:emails as text[]), cast(:towns as text[])) as u(id, name, number, email, town)
  order by u.id
  on conflict (creditor_id) do update set name = excluded.name,
    organisation_number = excluded.organisation_number, email = excluded.email,
    town = excluded.town
"""
REGISTER_CREDITORS = text(_CREDITORS + "where creditors.name is null")
CHANGE_CREDITORS = text(_CREDITORS)
EXPECT_CREDITORS = text("""
  insert into creditors (creditor_id) select * from unnest(cast(:ids as uuid[])) as u(id)
  order by u.id on conflict do nothing
""")
AWAIT_NAMES = text("""
  select creditor_id from creditors where creditor_id = any(cast(:ids as uuid[])) and name is null
  order by creditor_id for share
""")

_RECIPIENT = {
    **{"claims": "uuid", "creditors": "uuid", "names": "text[]", "emails": "text[]"},
    **{"streets": "text[]", "postcodes": "text[]", "towns": "text[]", "channels": "text[]"},
    **{"protected": "boolean", "versions": "int"},
}
_RECIPIENTS = f"""
  insert into recipients (claim_id, creditor_id, name, email, street, postcode, town, channels,
    protected_identity, link_version)
  select u.claim_id, u.creditor_id, u.name, u.email, u.street, u.postcode, u.town,
    string_to_array(u.channels, ','), u.protected_identity, u.link_version
  from unnest({casts(_RECIPIENT)}) as u(claim_id, creditor_id, name, email, street, postcode, town,
    channels, protected_identity, link_version)
  on conflict (claim_id) do
"""
NAME_RECIPIENTS = text(_RECIPIENTS + "nothing")
CHANGE_RECIPIENTS = text(
    _RECIPIENTS
    + """
  update set name = excluded.name, email = excluded.email, street = excluded.street,
    postcode = excluded.postcode, town = excluded.town, channels = excluded.channels,
    protected_identity = excluded.protected_identity, link_version = excluded.link_version
"""
)

_CLAIM = {"claims": "uuid", "creditors": "uuid"}
KNOWN = text(f"""
  select u.claim_id, i.claim_id is not null as has_invoice, c.name is not null as has_creditor,
    h.claim_id is not null as has_basis,
    r.name, r.email, r.channels, r.protected_identity, r.link_version
  from unnest({casts(_CLAIM)}) as u(claim_id, creditor_id)
  left join invoices i on i.claim_id = u.claim_id
  left join creditors c on c.creditor_id = u.creditor_id
  left join recipients r on r.claim_id = u.claim_id
  left join handovers h on h.claim_id = u.claim_id
""")
_INVOICE = {**_CLAIM, "said": "bytea[]"}
SAVE_INVOICES = text(f"""
  with saved as (
    insert into invoices (claim_id, creditor_id, said)
    select * from unnest({casts(_INVOICE)}) on conflict do nothing)
  select distinct claim_id from deliveries
  where claim_id = any(cast(:ids as uuid[])) and state = 'waiting'
""")
SAVE_BASES = text("""
  insert into handovers (claim_id, creditor_id, basis)
  select * from unnest(cast(:claims as uuid[]), cast(:creditors as uuid[]), cast(:bases as text[]))
  on conflict (claim_id) do update set basis = excluded.basis
""")
_NEW = {
    **{"ids": "uuid", "claims": "uuid", "creditors": "uuid", "causes": "uuid", "letters": "text"},
    **{"ordinals": "int", "states": "text", "channels": "text", "asked": "date", "ended": "date"},
    **{"reasons": "text[]", "said": "bytea[]"},
}
ADD_DELIVERIES = text(f"""
  insert into deliveries (delivery_id, claim_id, creditor_id, cause_event, letter, ordinal, state,
    channel, asked_on, ended_on, reason, said, asked_at)
  select u.*, cast(:asked_at as timestamptz)
  from unnest({casts(_NEW)}) as u
  on conflict do nothing returning delivery_id
""")
_ENDED = {
    **{"ids": "uuid", "states": "text", "channels": "text", "ended": "date"},
    **{"reasons": "text[]", "doubtful": "boolean"},
}
SAVE_DELIVERIES = text(f"""
  update deliveries d set state = u.state, channel = u.channel, ended_on = u.ended_on,
    reason = u.reason, doubtful = u.doubtful
  from unnest({casts(_ENDED)})
    as u(id, state, channel, ended_on, reason, doubtful)
  where d.delivery_id = u.id
""")
ASK_AGAIN = text("""
  update deliveries d set state = u.state, channel = u.channel, ended_on = null, reason = null,
    refusals = 0, asked_on = cast(:asked_on as date),
    asked_at = cast(:asked_at as timestamptz)
  from unnest(cast(:ids as uuid[]), cast(:states as text[]), cast(:channels as text[]))
    as u(id, state, channel)
  where d.delivery_id = u.id
""")
COUNT_REFUSAL = text("update deliveries set refusals = refusals + 1 where delivery_id = :id")

_DELIVERY = """
  select d.delivery_id, d.claim_id, d.creditor_id, d.cause_event, d.letter, d.ordinal, d.state,
    d.channel, d.asked_on, d.ended_on, d.reason, d.doubtful, d.refusals
"""
_WAITING = (
    _DELIVERY
    + """
    , i.claim_id is not null as has_invoice, c.name is not null as has_creditor,
    h.claim_id is not null as has_basis,
    r.name, r.email, r.channels, r.protected_identity, r.link_version
  from deliveries d left join invoices i on i.claim_id = d.claim_id
  left join creditors c on c.creditor_id = d.creditor_id
  left join recipients r on r.claim_id = d.claim_id
  left join handovers h on h.claim_id = d.claim_id
  where d.state = 'waiting' and d.{key} = any(cast(:ids as uuid[]))
  order by d.delivery_id for update of d
"""
)
WAITING_OF_CLAIMS = text(_WAITING.format(key="claim_id"))
WAITING_OF_CREDITORS = text(_WAITING.format(key="creditor_id"))
_FAILED = (
    _DELIVERY
    + """
    , r.name, r.email, r.channels, r.protected_identity, r.link_version
  from deliveries d join recipients r on r.claim_id = d.claim_id
  where d.state = 'failed' and d.{key} = any(cast(:ids as uuid[]))
  order by d.delivery_id for update of d
"""
)
FAILED_OF_CLAIMS = text(_FAILED.format(key="claim_id"))
FAILED = text(_FAILED.format(key="delivery_id"))
LOCK_DELIVERIES = text(
    _DELIVERY
    + """
  from deliveries d where d.delivery_id = any(cast(:ids as uuid[]))
  order by d.delivery_id for update
"""
)
OF_CHARGES = text(
    _DELIVERY
    + """
  from unnest(cast(:claims as uuid[]), cast(:letters as text[]), cast(:ordinals as int[]))
    as u(claim_id, letter, ordinal)
  join deliveries d on d.claim_id = u.claim_id and d.letter = u.letter and d.ordinal = u.ordinal
  order by d.delivery_id for update of d
"""
)
OPENED_MAIL = text(
    _DELIVERY
    + """
    , d.said, i.said as invoice, r.name, r.email, r.channels, r.protected_identity, r.link_version,
    coalesce(d.asked_at, cast(d.asked_on as timestamp) at time zone 'Europe/Stockholm') as asked_at,
    c.name as creditor_name, c.organisation_number, c.email as creditor_email,
    coalesce(h.basis, '') as basis,
    case when d.letter = 'demand' then exists (
      select from deliveries t where t.claim_id = d.claim_id and t.letter in ('invoice', 'reminder')
        and (t.state in ('accepted', 'queued') or t.doubtful)) else false end as debtor_told
  from deliveries d join invoices i on i.claim_id = d.claim_id
  join recipients r on r.claim_id = d.claim_id join creditors c on c.creditor_id = d.creditor_id
  left join handovers h on h.claim_id = d.claim_id
  where d.delivery_id = any(cast(:ids as uuid[])) and c.name is not null
"""
)
OF_CLAIM = text(_DELIVERY + "from deliveries d where d.claim_id = :claim order by d.delivery_id")
DOUBTFUL = text(
    _DELIVERY
    + """
  from deliveries d where d.doubtful and (cast(:after as uuid) is null or d.delivery_id > :after)
  order by d.delivery_id limit :limit
"""
)
MANUAL = text(
    _DELIVERY
    + """
  from deliveries d
  where d.state = 'manual' and (cast(:after as uuid) is null or d.delivery_id > :after)
  order by d.delivery_id limit :limit
"""
)
COUNTS = text("select state, count(*) as deliveries from deliveries group by state")
OPEN = text("""
  insert into openings (claim_id, creditor_id, opened_on)
  select claim_id, creditor_id, :today from invoices where claim_id = :claim
  on conflict do nothing returning creditor_id
""")
OPENED = text("select opened_on from openings where claim_id = :claim")


class Known(NamedTuple):
    """What is known of a claim: whether a letter about it can be written, and to whom."""

    has_invoice: bool
    has_creditor: bool
    has_basis: bool
    """The claim was handed to collection."""
    recipient: Recipient | None


@dataclass(frozen=True, slots=True)
class OpenedMail:
    """A delivery with everything its letter speaks of; `said` is the event that asked for it.

    `debtor_told` is looked up for demands: an invoice or a reminder was sent, or is on its way.
    """

    delivery: Delivery
    asked_at: datetime
    recipient: Recipient
    creditor_name: str
    organisation_number: str
    creditor_email: str
    basis: str
    debtor_told: bool
    invoice: bytes
    said: bytes


async def register_creditors(tx: Transaction, creditors: Sequence[CreditorRegistered]) -> None:
    """Keep the names of companies that joined; what is known already stays."""
    await tx.execute(REGISTER_CREDITORS, _creditor_columns(creditors))


async def change_creditors(tx: Transaction, creditors: Sequence[CreditorRegistered]) -> None:
    """Keep the names of companies as they are from now on."""
    await tx.execute(CHANGE_CREDITORS, _creditor_columns(creditors))


def _creditor_columns(creditors: Sequence[CreditorRegistered]) -> dict[str, list[Any]]:
    rows = [(c.creditor_id, c.name, c.organisation_number, c.email, c.town) for c in creditors]
    return columns(rows, ("ids", "names", "numbers", "emails", "towns"))


async def name_recipients(tx: Transaction, recipients: Sequence[RecipientNamed]) -> None:
    """Keep who receives letters; what is known already stays."""
    await tx.execute(NAME_RECIPIENTS, _recipient_columns(recipients))


async def change_recipients(tx: Transaction, recipients: Sequence[RecipientNamed]) -> None:
    """Keep who receives letters from now on."""
    await tx.execute(CHANGE_RECIPIENTS, _recipient_columns(recipients))


def _recipient_columns(recipients: Sequence[RecipientNamed]) -> dict[str, Any]:
    rows = [
        (
            r.claim_id,
            r.creditor_id,
            r.name,
            r.email,
            r.address and r.address.street,
            r.address and r.address.postcode,
            r.address and r.address.town,
            ",".join(r.channels),
            r.protected_identity,
            r.link_version,
        )
        for r in sorted(recipients, key=lambda r: r.claim_id)
    ]
    return arrays(_RECIPIENT, rows)


async def save_invoices(tx: Transaction, invoices: Sequence[InvoiceIssued]) -> list[ClaimId]:
    """Keep invoices as they were said; returns the claims of which letters wait already."""
    rows = [(i.claim_id, i.creditor_id, i.payload()) for i in invoices]
    given = {**arrays(_INVOICE, rows), "ids": [i.claim_id for i in invoices]}
    found = await tx.execute(SAVE_INVOICES, given)
    return list(found.scalars())


async def save_bases(tx: Transaction, handovers: Sequence[HandedToCollection]) -> None:
    """Keep what claims rest on."""
    rows = [(h.claim_id, h.creditor_id, h.basis) for h in handovers]
    await tx.execute(SAVE_BASES, columns(rows, ("claims", "creditors", "bases")))


async def read_known(
    tx: Transaction, claims: Sequence[tuple[ClaimId, CreditorId]]
) -> dict[ClaimId, Known]:
    """What is known of each claim (with its creditor).

    Where a creditor is not known yet, nobody names it between this look and our commit: either
    the name is seen here, or whoever names it sees the letters that wait.
    """
    known = await _look(tx, claims)
    nameless = {creditor for claim, creditor in claims if not known[claim].has_creditor}
    if not nameless:
        return known
    await _hold_nameless(tx, nameless)
    return await _look(tx, claims)


async def _look(
    tx: Transaction, claims: Sequence[tuple[ClaimId, CreditorId]]
) -> dict[ClaimId, Known]:
    rows = await tx.execute(KNOWN, arrays(_CLAIM, claims))
    return {row["claim_id"]: _known(row) for row in rows}


async def _hold_nameless(tx: Transaction, creditors: Iterable[CreditorId]) -> None:
    """Lock the rows of creditors that have no name, so that naming them waits for our commit."""
    ids = {"ids": sorted(set(creditors))}
    await tx.execute(EXPECT_CREDITORS, ids)
    await tx.execute(AWAIT_NAMES, ids)


async def add_deliveries(
    tx: Transaction, deliveries: Sequence[tuple[Delivery, bytes]]
) -> set[DeliveryId]:
    """Keep new deliveries with what asked for each; returns those that were not there before."""
    rows = [
        (
            d.delivery_id,
            d.claim_id,
            d.creditor_id,
            d.cause_event,
            d.letter,
            d.ordinal,
            d.state,
            d.channel,
            d.asked_on,
            d.ended_on,
            d.reason,
            said,
        )
        for d, said in deliveries
    ]
    given = {**arrays(_NEW, rows), "asked_at": tx.now}
    return set((await tx.execute(ADD_DELIVERIES, given)).scalars())


async def save_deliveries(tx: Transaction, deliveries: Iterable[Delivery]) -> None:
    """Keep deliveries as they are from now on."""
    rows = [
        (d.delivery_id, d.state, d.channel, d.ended_on, d.reason, d.doubtful) for d in deliveries
    ]
    if rows:
        await tx.execute(SAVE_DELIVERIES, arrays(_ENDED, rows))


async def ask_again(tx: Transaction, deliveries: Iterable[Delivery]) -> None:
    """Keep deliveries as asked for anew, now."""
    rows = [(d.delivery_id, d.state, d.channel) for d in deliveries]
    given = columns(rows, ("ids", "states", "channels"))
    await tx.execute(ASK_AGAIN, {**given, "asked_on": tx.today, "asked_at": tx.now})


async def count_refusal(tx: Transaction, delivery_id: UUID) -> None:
    """Remember that the channel certainly did not take this attempt."""
    await tx.execute(COUNT_REFUSAL, {"id": delivery_id})


async def waiting_of_claims(
    tx: Transaction, claims: Sequence[UUID]
) -> list[tuple[Delivery, Known]]:
    """The waiting letters about claims, locked, oldest first, and what is known about each."""
    ids = {"ids": list(claims)}
    rows = (await tx.execute(WAITING_OF_CLAIMS, ids)).all()
    if nameless := {row.creditor_id for row in rows if not row.has_creditor}:
        await _hold_nameless(tx, nameless)
        rows = (await tx.execute(WAITING_OF_CLAIMS, ids)).all()
    return [(_delivery(row), _known(row)) for row in rows]


async def waiting_of_creditors(
    tx: Transaction, creditors: Sequence[UUID]
) -> list[tuple[Delivery, Known]]:
    """The waiting letters of creditors, locked, oldest first, and what is known about each."""
    rows = await tx.execute(WAITING_OF_CREDITORS, {"ids": list(creditors)})
    return [(_delivery(row), _known(row)) for row in rows]


async def failed_of_claims(
    tx: Transaction, claims: Sequence[UUID]
) -> list[tuple[Delivery, Recipient]]:
    """The failed letters about claims, locked, oldest first, with their recipients."""
    rows = await tx.execute(FAILED_OF_CLAIMS, {"ids": list(claims)})
    return [(_delivery(row), _recipient(row)) for row in rows]


async def failed_deliveries(
    tx: Transaction, ids: Sequence[UUID]
) -> list[tuple[Delivery, Recipient]]:
    """The failed ones of deliveries, locked, with their recipients."""
    rows = await tx.execute(FAILED, {"ids": list(ids)})
    return [(_delivery(row), _recipient(row)) for row in rows]


async def lock_deliveries(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Delivery]:
    """Deliveries by id, locked."""
    rows = await tx.execute(LOCK_DELIVERIES, {"ids": list(ids)})
    return {row.delivery_id: _delivery(row) for row in rows}


async def lock_letters(
    tx: Transaction, charges: Sequence[tuple[ClaimId, Letter, int]]
) -> list[Delivery]:
    """The letters that tell of charges (claim, letter, ordinal), locked."""
    rows = await tx.execute(OF_CHARGES, columns(charges, ("claims", "letters", "ordinals")))
    return [_delivery(row) for row in rows]


async def open_mails(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, OpenedMail]:
    """Deliveries with all that their letters speak of, by id."""
    rows = await tx.execute(OPENED_MAIL, {"ids": list(ids)})
    return {
        row.delivery_id: OpenedMail(
            delivery=_delivery(row),
            asked_at=row.asked_at,
            recipient=_recipient(row),
            creditor_name=row.creditor_name,
            organisation_number=row.organisation_number,
            creditor_email=row.creditor_email,
            basis=row.basis,
            debtor_told=row.debtor_told,
            invoice=bytes(row.invoice),
            said=bytes(row.said),
        )
        for row in rows
    }


async def deliveries_of(tx: Transaction, claim_id: UUID) -> list[Delivery]:
    """Every letter about a claim, oldest first."""
    return [_delivery(row) for row in await tx.execute(OF_CLAIM, {"claim": claim_id})]


async def doubtful(tx: Transaction, after: UUID | None, limit: int) -> list[Delivery]:
    """Letters that may have been delivered twice."""
    return [_delivery(row) for row in await tx.execute(DOUBTFUL, {"after": after, "limit": limit})]


async def manual(tx: Transaction, after: UUID | None, limit: int) -> list[Delivery]:
    """Letters held for a person."""
    return [_delivery(row) for row in await tx.execute(MANUAL, {"after": after, "limit": limit})]


async def counts(tx: Transaction) -> dict[str, int]:
    """How many deliveries stand in each state."""
    return {row.state: row.deliveries for row in await tx.execute(COUNTS)}


async def record_opening(tx: Transaction, claim_id: UUID, today: date) -> CreditorId | None:
    """Keep that a web invoice was opened; its creditor the first time, otherwise None."""
    row = (await tx.execute(OPEN, {"claim": claim_id, "today": today})).first()
    return CreditorId(row.creditor_id) if row else None


async def opened_on(tx: Transaction, claim_id: UUID) -> date | None:
    """When the web invoice was first opened."""
    found: date | None = (await tx.execute(OPENED, {"claim": claim_id})).scalar()
    return found


def _delivery(row: Row) -> Delivery:
    return Delivery(
        delivery_id=row.delivery_id,
        claim_id=row.claim_id,
        creditor_id=row.creditor_id,
        cause_event=row.cause_event,
        letter=Letter(row.letter),
        asked_on=row.asked_on,
        ordinal=row.ordinal,
        state=State(row.state),
        channel=Channel(row.channel) if row.channel else None,
        ended_on=row.ended_on,
        reason=row.reason,
        doubtful=row.doubtful,
        refusals=row.refusals,
    )


def _known(row: Row) -> Known:
    recipient = _recipient(row) if row["name"] is not None else None
    return Known(row["has_invoice"], row["has_creditor"], row["has_basis"], recipient)


def _recipient(row: Row) -> Recipient:
    return Recipient(
        row["name"],
        row["email"],
        _channels(tuple(row["channels"])),
        row["protected_identity"],
        row["link_version"],
    )


@lru_cache(maxsize=100)
def _channels(names: tuple[str, ...]) -> tuple[Channel, ...]:
    return tuple(map(Channel, names))
