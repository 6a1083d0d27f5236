"""Reads the services' databases, and nothing else: each connection is read-only from the start.

The tables are those of the services' migrations. What was said is read from the archive (`said`),
whose payloads are the published events.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from deploy.chaos.judge import said
from deploy.chaos.judge.records import (
    Balance,
    CaseRow,
    ChargeRow,
    ClaimRow,
    DeliveryRow,
    DisputeRow,
    InvoiceRow,
    LadderRow,
    Leftover,
    NoteRow,
    PaymentRow,
    PayoutRow,
    SaidAgain,
    ShownPayout,
    Terms,
)

COMPONENTS = (
    "capital",
    "reminder_fee",
    "interest",
    "demand_cost",
    "instalment_cost",
    "late_compensation",
    "filing_fee",
    "filing_work",
    "enforcement_fee",
)
LEFTOVERS = """
  select 'unsent events' as what, coalesce(sum(events), 0) as count, null as example from outbox
  union all select 'parked events', count(*), min(type || ': ' || reason) from parked
  union all select 'timers set aside', count(*), min(kind || ': ' || failed)
    from timers where failed is not null
  union all select 'parcels given up', count(*), min(kind || ': ' || trouble)
    from outbound where given_up
  union all select 'parcels waiting', count(*), min(kind || ': ' || coalesce(trouble, ''))
    from outbound where not given_up
"""
NOUNS = """
  select 'company' as noun, creditor_id as id from creditor
  union all select 'customer', customer_id from customer
  union all select 'article', article_id from article
"""
TOLD = "select claim_id, what, count(*) as count from timeline group by claim_id, what"
MET = """
  select claim_id, count(distinct payment_id) as count from allocation where amount_ore > 0
  group by claim_id
"""
INVOICES = """
  select i.*, coalesce(case_open, handed_over_on is not null) as in_collection from invoice i
"""
RETOLD = """
  select claim_id, what, told_at, count(*) as count from timeline
  group by claim_id, told_at, told_on, what, amount_ore, detail having count(*) > 1
"""
PAYMENTS = """
  select p.payment_id, p.source_key, p.amount_ore, p.paid_on, p.booked_on,
    coalesce(a.met, 0)::bigint as met, coalesce(u.amount_ore, 0)::bigint as waiting,
    coalesce(a.claims, '{}') as claims
  from payment p
  left join (select payment_id, sum(amount_ore + overpaid_ore) as met,
    array_agg(distinct claim_id) as claims from allocation group by payment_id) a
    using (payment_id)
  left join unmatched u using (payment_id)
"""
BALANCES = """
  select account, owner, component, sum(amount_ore)::bigint as amount_ore from posting
  group by account, owner, component
"""
UNBALANCED = """
  select transaction_id from posting group by transaction_id having sum(amount_ore) <> 0
"""


class Databases:
    """The services' databases by name; an async context manager."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = {name: url.replace("+asyncpg", "") for name, url in urls.items()}
        self._open: dict[str, asyncpg.Connection] = {}

    async def __aenter__(self) -> "Databases":
        for name, url in self._urls.items():
            self._open[name] = await asyncpg.connect(
                url, server_settings={"default_transaction_read_only": "on", "jit": "off"}
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._open.values():
            await connection.close()

    async def _ask(self, service: str, sql: str, *values: object) -> Sequence[Any]:
        """Rows of a query; none where the service has no database here."""
        if service not in self._open:
            return []
        rows: Sequence[Any] = await self._open[service].fetch(sql, *values)
        return rows

    # invoicing

    async def invoices(self) -> dict[str, InvoiceRow]:
        """Every issued invoice."""
        return {
            str(row["claim_id"]): InvoiceRow(
                claim_id=str(row["claim_id"]),
                creditor_id=str(row["creditor_id"]),
                number=row["number"],
                ocr=row["ocr"],
                total_ore=row["total_ore"],
                remaining_ore=row["remaining_ore"],
                due_on=row["due_on"],
                credited=row["credited"],
                settled=row["settled"],
                disputed=row["disputes"] > 0,
                reminded=row["reminded"],
                sent=row["sent"],
                in_collection=row["in_collection"],
                filed=row["filed"],
            )
            for row in await self._ask("invoicing", INVOICES)
        }

    async def notes(self) -> tuple[NoteRow, ...]:
        """Every credit note."""
        return tuple(
            NoteRow(
                str(r["claim_id"]),
                str(r["creditor_id"]),
                r["number"],
                r["credit_ore"],
                r["credited_on"],
            )
            for r in await self._ask("invoicing", "select * from credit_note")
        )

    async def nouns(self) -> dict[str, tuple[str, ...]]:
        """Ids of all companies, customers and articles."""
        found: dict[str, tuple[str, ...]] = {}
        for row in await self._ask("invoicing", NOUNS):
            found[row["noun"]] = (*found.get(row["noun"], ()), str(row["id"]))
        return found

    async def settings(self) -> dict[str, dict[str, object]]:
        """What payments, dunning and collections hold of each company's choices."""
        found: dict[str, dict[str, object]] = defaultdict(dict)
        for row in await self._ask("payments", "select * from payout_account"):
            found[str(row["creditor_id"])] |= {"payout_account": row["number"]}
        for row in await self._ask("dunning", "select * from policy"):
            found[str(row["creditor_id"])] |= {
                "reminders": row["reminders"],
                "reminder_days": row["reminder_days"],
                "automatic_collection": row["collection"] == "automatic",
                "collection_after_days": row["collection_after_days"],
            }
        for row in await self._ask("collections", "select * from policy"):
            found[str(row["creditor_id"])] |= {
                "automatic_filing": row["filing"] == "automatic",
                "enforces": row["enforcement"],
            }
        return dict(found)

    async def retold(self) -> tuple[str, ...]:
        """Lines of timelines that stand there more than once."""
        return tuple(
            f"{row['what']} of {row['claim_id']} at {row['told_at']} stands {row['count']}×"
            for row in await self._ask("invoicing", RETOLD)
        )

    async def told(self) -> dict[str, dict[str, int]]:
        """How often each invoice's timeline tells of each thing."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for row in await self._ask("invoicing", TOLD):
            found[str(row["claim_id"])][row["what"]] = row["count"]
        return dict(found)

    async def shown_payouts(self) -> tuple[ShownPayout, ...]:
        """Every payout that invoicing knows of."""
        return tuple(
            ShownPayout(
                payout_id=str(row["payout_id"]),
                creditor_id=str(row["creditor_id"]),
                state="rejected"
                if row["rejected_on"]
                else "settled"
                if row["settled_on"]
                else "ordered",
            )
            for row in await self._ask("invoicing", "select * from payout")
        )

    # payments

    async def claims(self) -> dict[str, ClaimRow]:
        """Every claim with what is open of it."""
        return {
            str(row["claim_id"]): ClaimRow(
                claim_id=str(row["claim_id"]),
                creditor_id=str(row["creditor_id"]),
                ocr=row["ocr"],
                total_ore=row["total_ore"],
                open_ore={name: row[f"{name}_ore"] for name in COMPONENTS},
                credited_ore=row["credited_ore"],
                paid_ore=row["paid_ore"],
                overpaid_ore=row["overpaid_ore"],
                disputed=row["disputes"] > 0,
                terms=Terms(
                    row["issued_on"],
                    row["due_on"],
                    row["debtor_kind"] == "consumer",
                    row["due_date_agreed"],
                    row["reminder_fee_agreed"],
                    row["interest_kind"],
                    row["interest_rate_bp"],
                    row["notice_given"],
                ),
            )
            for row in await self._ask("payments", "select * from claim")
        }

    async def charges(self) -> tuple[ChargeRow, ...]:
        """Every charge that was booked, also those taken back."""
        sql = "select * from charge where state in ('charged', 'reversed')"
        return tuple(
            ChargeRow(
                claim_id=str(row["claim_id"]),
                kind=row["kind"],
                ordinal=row["ordinal"],
                stands=row["state"] == "charged",
                on=row["charged_on"],
                fee_ore=row["fee_ore"] + row["work_ore"],
                interest_ore=row["interest_ore"],
                cause=row["cause"],
                pay_by=row["pay_by"],
            )
            for row in await self._ask("payments", sql)
        )

    async def payments(self) -> tuple[PaymentRow, ...]:
        """Every payment booked, with what it met and what of it waits."""
        return tuple(
            PaymentRow(
                payment_id=str(row["payment_id"]),
                bank_reference=row["source_key"],
                amount_ore=row["amount_ore"],
                paid_on=row["paid_on"],
                booked_on=row["booked_on"],
                met_ore=row["met"],
                waiting_ore=row["waiting"],
                claims=tuple(sorted(map(str, row["claims"]))),
            )
            for row in await self._ask("payments", PAYMENTS)
        )

    async def met(self) -> dict[str, int]:
        """How many payments met something that was owed on each claim."""
        return {str(row["claim_id"]): row["count"] for row in await self._ask("payments", MET)}

    async def payouts(self) -> tuple[PayoutRow, ...]:
        """Every payout; towards the bank it is named by its id without hyphens."""
        return tuple(
            PayoutRow(
                payout_id=str(row["payout_id"]),
                end_to_end_id=row["payout_id"].hex,
                creditor_id=str(row["creditor_id"]),
                amount_ore=row["amount_ore"],
                state=row["state"],
            )
            for row in await self._ask("payments", "select * from payout")
        )

    async def balances(self) -> tuple[Balance, ...]:
        """The sum of each account."""
        return tuple(
            Balance(r["account"], r["owner"] and str(r["owner"]), r["component"], r["amount_ore"])
            for r in await self._ask("payments", BALANCES)
        )

    async def unbalanced(self) -> tuple[str, ...]:
        """Ledger transactions that do not sum to zero."""
        rows = await self._ask("payments", UNBALANCED)
        return tuple(str(row["transaction_id"]) for row in rows)

    # dunning, collections, notifications

    async def ladders(self) -> dict[str, LadderRow]:
        """dunning's view of every claim."""
        return {
            str(row["claim_id"]): LadderRow(
                claim_id=str(row["claim_id"]),
                settled=bool(row["settled"]),
                disputed=row["dispute"] == "open",
                in_collection=bool(row["in_collection"]),
                reminder=row["reminder"] or "none",
            )
            for row in await self._ask("dunning", "select * from claim")
        }

    async def cases(self) -> dict[str, CaseRow]:
        """Every collection case."""
        return {
            str(row["claim_id"]): CaseRow(
                claim_id=str(row["claim_id"]),
                reference=row["number"],
                stage=row["stage"],
            )
            for row in await self._ask("collections", "select * from collection_case")
        }

    async def disputes(self) -> tuple[DisputeRow, ...]:
        """Every objection."""
        return tuple(
            DisputeRow(
                str(row["dispute_id"]),
                str(row["claim_id"]),
                row["objected_on"],
                row["outcome"] is not None,
            )
            for row in await self._ask("collections", "select * from dispute")
        )

    async def deliveries(self) -> tuple[DeliveryRow, ...]:
        """Every letter."""
        return tuple(
            DeliveryRow(
                delivery_id=str(row["delivery_id"]),
                claim_id=str(row["claim_id"]),
                letter=row["letter"],
                ordinal=row["ordinal"],
                state=row["state"],
                doubtful=row["doubtful"],
            )
            for row in await self._ask("notifications", "select * from deliveries")
        )

    # every service

    async def said_again(self) -> tuple[SaidAgain, ...]:
        """Events said more than once of what may be said once."""
        found: list[SaidAgain] = []
        for service, types in said.ONCE.items():
            for kind, fields in types.items():
                rows = await self._ask(service, said.more_of(fields), kind)
                found += [SaidAgain(service, r["type"], str(r["key"]), r["count"]) for r in rows]
        return tuple(found)

    async def said(self) -> dict[str, dict[str, int]]:
        """How often something was said of a claim that may be said anew."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for service, types in said.IN_TURN.items():
            for row in await self._ask(service, said.COUNTS, list(types)):
                found[str(row["key"])][row["type"]] = row["count"]
        return dict(found)

    async def leftovers(self) -> tuple[Leftover, ...]:
        """What each service still has in hand."""
        found: list[Leftover] = []
        for service in self._open:
            rows = await self._ask(service, LEFTOVERS)
            found += [
                Leftover(service, r["what"], int(r["count"]), r["example"] or "") for r in rows
            ]
        return tuple(found)
