"""Gathers the evidence of one run: its journal, the outside parties' records, the databases."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import aiohttp

from deploy.chaos.judge import journal, parties
from deploy.chaos.judge.databases import Databases
from deploy.chaos.judge.records import Evidence

MAY_TAKE_SECONDS = 300


async def gather(
    file: Path, *, databases: Mapping[str, str], standins: Mapping[str, str]
) -> Evidence:
    """Read everything; to be called when all is quiet.

    `databases` has each service's address, `standins` those of bank, mail and kronofogden.
    """
    timeout = aiohttp.ClientTimeout(total=MAY_TAKE_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as http, Databases(databases) as held:
        disputes = {row.dispute_id: row.claim_id for row in await held.disputes()}
        commands = journal.read(file, disputes)
        bank = await parties.bank(http, standins["bank"])
        messages, cases, unreadable = await parties.kronofogden(http, standins["kronofogden"])
        first, last = (min(commands.days), max(commands.days)) if commands.days else (None, None)
        return Evidence(
            days=tuple(first + timedelta(days=n) for n in range((last - first).days + 1))
            if first and last
            else (),
            companies=commands.companies,
            issued=commands.issued,
            deeds=tuple(commands.deeds),
            commanded=commands.nouns,
            deposits=bank.deposits,
            transfers=bank.transfers,
            bank_balance_ore=bank.balance_ore,
            untaken=bank.untaken,
            mails=await parties.mails(http, standins["mail"]),
            messages=messages,
            unreadable=unreadable,
            kronofogden=cases,
            kept=await held.nouns(),
            settings=await held.settings(),
            invoices=await held.invoices(),
            notes=await held.notes(),
            retold=await held.retold(),
            told=await held.told(),
            shown_payouts=await held.shown_payouts(),
            claims=await held.claims(),
            charges=await held.charges(),
            payments=await held.payments(),
            met=await held.met(),
            payouts=await held.payouts(),
            balances=await held.balances(),
            unbalanced=await held.unbalanced(),
            ladders=await held.ladders(),
            cases=await held.cases(),
            disputes=await held.disputes(),
            deliveries=await held.deliveries(),
            said_again=await held.said_again(),
            said=await held.said(),
            leftovers=await held.leftovers(),
        )
