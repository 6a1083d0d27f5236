"""A platform put on trial: told a story or a scenario, disturbed, brought to rest, and judged."""

import asyncio
import contextlib
import random
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from deploy.chaos.judge.court import judge
from deploy.chaos.judge.docket import Verdict
from deploy.chaos.judge.evidence import gather
from deploy.chaos.killer import Killer
from deploy.chaos.tried import TriedPlatform
from deploy.local.ports import ephemeral_ports
from deploy.local.processes import LaunchError, Program
from deploy.story.client import Client
from deploy.story.journal import Journal
from deploy.story.telling import places_of
from plumbing.identity import Identity, Keys

PATIENCE_SECONDS = 600.0
IMPATIENT = {"OUTBOUND_LEASE_SECONDS": "15", "KAFKA_SESSION_SECONDS": "3"}
"""What a killed process had in hand, parcels and partitions, is free sooner than in production."""
OPERATOR = Identity(UUID("00000000-0000-7000-8000-000000000c05"), frozenset({"operator"}))


class Trial:
    """One platform with its journal."""

    def __init__(
        self, platform: TriedPlatform, client: Client, journal: Journal, seed: int
    ) -> None:
        self.platform = platform
        self.client = client
        self.journal = journal
        self.killer = Killer(platform, random.Random(seed), today=lambda: journal.day)

    async def judge(self, least: Mapping[str, int]) -> Verdict:
        """Wait until all is quiet, gather the evidence and let the judge speak."""
        await self.client.quiet()
        await self.note_day()
        databases = {
            name: url
            for name, url in self.platform.surroundings.database_urls.items()
            if name in self.platform.services and name != "gateway"
        }
        standins = {name: self.platform.url(name) for name in self.platform.standins}
        evidence = await gather(
            self.platform.folder / "journal.jsonl", databases=databases, standins=standins
        )
        return judge(evidence, least)

    @contextlib.asynccontextmanager
    async def sabotaged(
        self, service: str, fault: str, worst_moment: str = ""
    ) -> AsyncIterator[None]:
        """Serve a service with a fault while inside; `honest-…` crashes and breaks nothing."""
        honest = self.platform.honest(service)
        mark = self.platform.folder / f"crashed-{service}-{fault}"
        mark.unlink(missing_ok=True)
        told = {"SABOTAGE_MARK": str(mark), "SABOTAGE_ON": worst_moment}
        command = [sys.executable, "-m", "deploy.chaos.sabotage", fault, *honest.command[-2:]]
        program = replace(honest, command=command, environment={**honest.environment, **told})
        await self._serve(program)
        yield
        await self._serve(honest)

    async def _serve(self, program: Program) -> None:
        async with self.killer.turn(program.name):
            await self.platform.put_in_place(program)

    async def say_again(self, service: str) -> None:
        """Have a service say everything again, as an operator would after a broker was lost."""
        token = Keys(self.platform.keys.identity_private).sign(OPERATOR, service)
        body = {"since": datetime.now(UTC).date()}
        status, answer = await self.client.insist(
            "POST",
            f"{self.platform.url(service)}/ops/say-again",
            body,
            {"Authorization": f"Bearer {token}"},
        )
        if status != 202:
            raise LaunchError(f"{service} would not say everything again: {answer}")

    async def note_day(self) -> None:
        """Write down what day it is."""
        while (today := (await self.client.clock())["today"]) is None:
            await asyncio.sleep(0.2)
        self.journal.day = today
        self.journal.write("clock")


@contextlib.asynccontextmanager
async def on_trial(folder: Path, seed: int = 1) -> AsyncIterator[Trial]:
    """A platform on free ports with its data, logs and journal in this folder."""
    made = TriedPlatform(folder, ephemeral_ports(), environment=IMPATIENT)
    journal = Journal(folder / "journal.jsonl")
    try:
        async with (
            made,
            Client(places_of(made), journal, patience_seconds=PATIENCE_SECONDS) as client,
        ):
            yield Trial(made, client, journal, seed)
    finally:
        journal.close()
