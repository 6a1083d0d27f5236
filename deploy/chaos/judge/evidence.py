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
        commands = journal.read(file, await held.claim_of_dispute())
        deposits, transfers, balance_ore = await parties.bank(http, standins["bank"])
        messages, cases = await parties.kronofogden(http, standins["kronofogden"])
        first, last = (min(commands.days), max(commands.days)) if commands.days else (None, None)
        return Evidence(
            days=tuple(first + timedelta(days=n) for n in range((last - first).days + 1))
            if first and last
            else (),
            companies=commands.companies,
            issued=commands.issued,
            deeds=tuple(commands.deeds),
            deposits=deposits,
            transfers=transfers,
            bank_balance_ore=balance_ore,
            mails=await parties.mails(http, standins["mail"]),
            messages=messages,
            kronofogden=cases,
            invoices=await held.invoices(),
            notes=await held.notes(),
            retold=await held.retold(),
            claims=await held.claims(),
            charges=await held.charges(),
            payments=await held.payments(),
            payouts=await held.payouts(),
            balances=await held.balances(),
            unbalanced=await held.unbalanced(),
            ladders=await held.ladders(),
            cases=await held.cases(),
            deliveries=await held.deliveries(),
            said_again=await held.said_again(),
            leftovers=await held.leftovers(),
        )
