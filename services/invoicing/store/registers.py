"""Companies, customers and articles. A name is searched by its folded form and a range, which the
index serves also behind row-level security; `like` would not be (it is not leakproof).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, fields
from datetime import date
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import text

from contracts.ids import CreditorId, CustomerId
from contracts.invoicing import Channel
from contracts.terms import DebtorKind
from plumbing.literals import arrays, casts
from plumbing.transaction import Transaction
from services.invoicing.domain.orders import Article, Buyer, Seller

LAST_CHARACTER = "\U0010ffff"

SELLER_FIELDS = tuple(field.name for field in fields(Seller))
SELLER_COLUMNS = ", ".join(SELLER_FIELDS)
ADD_SELLER = text(f"""
  with made as (
    insert into creditor ({SELLER_COLUMNS}, registered_on)
    values ({", ".join(f":{name}" for name in SELLER_FIELDS)}, :registered_on)
    on conflict (organisation_number) do nothing returning creditor_id)
  insert into series (creditor_id) select creditor_id from made returning creditor_id
""")
CHANGE_SELLER = text(f"""
  update creditor set {", ".join(f"{name} = :{name}" for name in SELLER_FIELDS[1:])}
  where creditor_id = :creditor_id
""")
SELLER = text(f"select {SELLER_COLUMNS} from creditor where creditor_id = :creditor_id")
SELLERS = text(f"""
  select {SELLER_COLUMNS}, registered_on from creditor
  where (cast(:after as uuid) is null or creditor_id > :after)
    and (cast(:only as uuid[]) is null or creditor_id = any(cast(:only as uuid[])))
  order by creditor_id limit :limit
""")
NEXT_NUMBER = text("select next from series where creditor_id = :creditor_id")
LOCK_NEXT_NUMBER = text("select next from series where creditor_id = :creditor_id for update")
JUMP = text("""
  with moved as (
    update series set next = :to_number where creditor_id = :creditor_id and next < :to_number
    returning old.next as from_number)
  insert into series_jump (creditor_id, from_number, to_number, moved_on, reason)
  select :creditor_id, from_number, :to_number, :moved_on, :reason from moved
""")
JUMPS = text("""
  select from_number, to_number, moved_on, reason from series_jump
  where creditor_id = :creditor_id order by from_number
""")

BUYER_FIELDS = tuple(field.name for field in fields(Buyer))
BUYER_COLUMNS = ", ".join(BUYER_FIELDS)
_fields_of = attrgetter(*BUYER_FIELDS)
SAVED_BUYER = dict.fromkeys((*BUYER_FIELDS, "name_key"), "text[]") | {
    **{"customer_id": "uuid", "kind": "text", "channel": "text"},
}
SAVE_BUYERS = text(f"""
  insert into customer (creditor_id, {", ".join(SAVED_BUYER)})
  select :creditor_id, u.* from unnest({casts(SAVED_BUYER)}) as u
  on conflict (customer_id) do update set kind = excluded.kind, name = excluded.name,
    name_key = excluded.name_key, identity_number = excluded.identity_number,
    email = excluded.email, street = excluded.street, postcode = excluded.postcode,
    town = excluded.town, channel = excluded.channel
  where customer.creditor_id = excluded.creditor_id
""")
BUYERS = text(f"""
  select {BUYER_COLUMNS} from customer
  where customer_id = any(cast(:ids as uuid[])) and creditor_id = :creditor_id
""")
HOLD_BUYER = text("""
  select from customer c join invoice i on i.customer_id = c.customer_id
  where i.claim_id = :claim_id for share of c
""")
BUYERS_OF_ALL = text(f"""
  select {BUYER_COLUMNS} from customer where customer_id = any(cast(:ids as uuid[]))
""")
FIND_BUYERS = text(f"""
  select {BUYER_COLUMNS} from customer where creditor_id = :creditor_id
    and (name_key, customer_id) > (cast(:first as text), cast(:after as uuid))
    and name_key < :last
  order by name_key, customer_id limit :limit
""")

ARTICLE_COLUMNS = "article_id, number, name, unit, price_ore, vat_percent, margin_ore, active"
SAVE_ARTICLE = text("""
  insert into article (article_id, creditor_id, number, name, name_key, unit, price_ore,
    vat_percent, margin_ore, active)
  values (:article_id, :creditor_id, :number, :name, :name_key, :unit, :price_ore, :vat_percent,
    :margin_ore, :active)
  on conflict do nothing returning 1
""")
CHANGE_ARTICLE = text("""
  update article set number = :number, name = :name, name_key = :name_key, unit = :unit,
    price_ore = :price_ore, vat_percent = :vat_percent, margin_ore = :margin_ore, active = :active
  where article_id = :article_id and creditor_id = :creditor_id and not exists (
    select from article where creditor_id = :creditor_id and number = :number
      and article_id <> :article_id)
  returning 1
""")
NEXT_ARTICLE_NUMBER = text("""
  select coalesce(max(cast(number as bigint)), 0) + 1 from article
  where creditor_id = :creditor_id and number ~ '^[0-9]{1,9}$'
""")
ARTICLES = text("""
  select article_id, name, unit, price_ore, vat_percent, active from article
  where article_id = any(cast(:ids as uuid[])) and creditor_id = :creditor_id
""")
ARTICLE = text(f"""
  select {ARTICLE_COLUMNS} from article
  where article_id = :article_id and creditor_id = :creditor_id
""")
LOOK_UP_ARTICLES = text(f"""
  select distinct {ARTICLE_COLUMNS} from unnest(cast(:beginnings as text[])) as b(beginning)
  cross join lateral (
    select {ARTICLE_COLUMNS} from article where creditor_id = :creditor_id and active
      and name_key >= b.beginning and name_key < b.beginning || :last
    order by name_key, article_id limit :limit) as found
""")
FIND_ARTICLES = text(f"""
  select {ARTICLE_COLUMNS} from article where creditor_id = :creditor_id
    and (name_key, article_id) > (cast(:first as text), cast(:after as uuid))
    and name_key < :last and (active or :inactive_too)
  order by name_key, article_id limit :limit
""")


def name_key(name: str) -> str:
    """The form by which a name is searched: case folded, blanks single."""
    return " ".join(name.casefold().split())


async def add_seller(tx: Transaction, seller: Seller) -> bool:
    """Add a company and its number series; False if its organisation number is taken."""
    values = dict(zip(SELLER_FIELDS, astuple(seller), strict=True))
    return (await tx.execute(ADD_SELLER, {**values, "registered_on": tx.today})).first() is not None


async def change_seller(tx: Transaction, seller: Seller) -> None:
    """Write a company's details and settings as they are from now on."""
    await tx.execute(CHANGE_SELLER, dict(zip(SELLER_FIELDS, astuple(seller), strict=True)))


async def seller(tx: Transaction, creditor_id: CreditorId) -> Seller | None:
    """A company, None where there is none."""
    row = (await tx.execute(SELLER, {"creditor_id": creditor_id})).first()
    return Seller(creditor_id, *tuple(row)[1:]) if row else None


async def sellers(
    tx: Transaction, only: Sequence[UUID] | None, after: UUID | None, limit: int
) -> list[tuple[Seller, date]]:
    """Companies in the order they came (`only` these), with the day they joined."""
    rows = (await tx.execute(SELLERS, {"only": only, "after": after, "limit": limit})).all()
    return [(Seller(*tuple(row)[:-1]), row[-1]) for row in rows]


async def next_number(tx: Transaction, creditor_id: CreditorId) -> int:
    """The series' next number as it stands; nobody waits for those who are issuing."""
    return int((await tx.execute(NEXT_NUMBER, {"creditor_id": creditor_id})).scalar_one())


async def lock_next_number(tx: Transaction, creditor_id: CreditorId) -> int:
    """The series' next number, locked until the commit."""
    return int((await tx.execute(LOCK_NEXT_NUMBER, {"creditor_id": creditor_id})).scalar_one())


async def jump_to(
    tx: Transaction, creditor_id: CreditorId, number: int, reason: str | None
) -> None:
    """Move the series up to a number and keep why, so that the gap can be explained."""
    await tx.execute(
        JUMP,
        {
            "creditor_id": creditor_id,
            "to_number": number,
            "moved_on": tx.today,
            "reason": reason,
        },
    )


async def jumps(tx: Transaction, creditor_id: CreditorId) -> list[dict[str, Any]]:
    """The deliberate jumps of a series, oldest first."""
    found = await tx.execute(JUMPS, {"creditor_id": creditor_id})
    return [dict(row) for row in found.mappings()]


async def save_buyers(tx: Transaction, creditor_id: CreditorId, buyers: Sequence[Buyer]) -> None:
    """Add customers, or write them as they are from now on."""
    rows = [(*_fields_of(buyer), name_key(buyer.name)) for buyer in buyers]
    await tx.execute(SAVE_BUYERS, {"creditor_id": creditor_id, **arrays(SAVED_BUYER, rows)})


async def buyers(
    tx: Transaction, ids: Collection[UUID], creditor_id: CreditorId | None
) -> dict[UUID, Buyer]:
    """Customers by id; those of one company, or (behind other doors than a company's) of all."""
    if not ids:
        return {}
    if creditor_id is None:
        found = await tx.execute(BUYERS_OF_ALL, {"ids": list(ids)})
    else:
        found = await tx.execute(BUYERS, {"ids": list(ids), "creditor_id": creditor_id})
    return {row[0]: _buyer(row) for row in found}


async def hold_buyer(tx: Transaction, claim_id: UUID) -> None:
    """Let nobody change the customer of a claim until the commit."""
    await tx.execute(HOLD_BUYER, {"claim_id": claim_id})


async def find_buyers(
    tx: Transaction,
    creditor_id: CreditorId,
    prefix: str,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[Buyer]:
    """Customers whose name begins so, by name; an empty prefix finds all."""
    found = await tx.execute(FIND_BUYERS, _search(creditor_id, prefix, after, limit))
    return [_buyer(row) for row in found]


def _search(
    creditor_id: CreditorId, prefix: str, after: tuple[str, UUID] | None, limit: int
) -> dict[str, Any]:
    first = name_key(prefix)
    return {
        "creditor_id": creditor_id,
        "first": name_key(after[0]) if after else first,
        "after": after[1] if after else UUID(int=0),
        "last": first + LAST_CHARACTER,
        "limit": limit,
    }


def _buyer(row: Any) -> Buyer:
    customer_id, kind, name, identity_number, email, street, postcode, town, channel = row
    return Buyer(
        CustomerId(customer_id),
        DebtorKind(kind),
        name,
        identity_number,
        email,
        street,
        postcode,
        town,
        Channel(channel),
    )


async def next_article_number(tx: Transaction, creditor_id: CreditorId) -> int:
    """One more than the highest article number; the series' lock keeps two from taking it."""
    await lock_next_number(tx, creditor_id)
    found = await tx.execute(NEXT_ARTICLE_NUMBER, {"creditor_id": creditor_id})
    return int(found.scalar_one())


async def add_article(tx: Transaction, creditor_id: CreditorId, article: Mapping[str, Any]) -> bool:
    """Add an article; False if its number is taken."""
    return await _write_article(tx, SAVE_ARTICLE, creditor_id, article)


async def change_article(
    tx: Transaction, creditor_id: CreditorId, article: Mapping[str, Any]
) -> bool:
    """Write an article as it is from now on; False if its number is another's."""
    return await _write_article(tx, CHANGE_ARTICLE, creditor_id, article)


async def _write_article(
    tx: Transaction, statement: Any, creditor_id: CreditorId, article: Mapping[str, Any]
) -> bool:
    written = await tx.execute(
        statement,
        {**article, "creditor_id": creditor_id, "name_key": name_key(article["name"])},
    )
    return written.first() is not None


async def article(
    tx: Transaction, creditor_id: CreditorId, article_id: UUID
) -> dict[str, Any] | None:
    """One article with everything the seller keeps about it."""
    found = await tx.execute(ARTICLE, {"article_id": article_id, "creditor_id": creditor_id})
    row = found.mappings().first()
    return dict(row) if row else None


async def articles(
    tx: Transaction, ids: Collection[UUID], creditor_id: CreditorId
) -> dict[UUID, Article]:
    """A company's articles by id."""
    if not ids:
        return {}
    found = await tx.execute(ARTICLES, {"ids": list(ids), "creditor_id": creditor_id})
    return {row[0]: Article(*tuple(row)) for row in found}


async def look_up_articles(
    tx: Transaction, creditor_id: CreditorId, beginnings: Collection[str], limit: int
) -> list[dict[str, Any]]:
    """Active articles whose name begins in one of these ways, so many of each, shortest first."""
    given = {"creditor_id": creditor_id, "last": LAST_CHARACTER, "limit": limit}
    keys = sorted({name_key(each) for each in beginnings})
    found = await tx.execute(LOOK_UP_ARTICLES, {**given, "beginnings": keys})
    return [dict(row) for row in found.mappings()]


async def find_articles(
    tx: Transaction,
    creditor_id: CreditorId,
    prefix: str,
    after: tuple[str, UUID] | None,
    limit: int,
    *,
    inactive_too: bool,
) -> list[dict[str, Any]]:
    """Articles whose name begins so, by name."""
    wanted = _search(creditor_id, prefix, after, limit)
    found = await tx.execute(FIND_ARTICLES, {**wanted, "inactive_too": inactive_too})
    return [dict(row) for row in found.mappings()]
