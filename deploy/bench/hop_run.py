"""Runs the hop: how many events a second one relay moves and one consumer acts on."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import asyncpg
from joserfc.jwk import OKPKey

from deploy.bench.figures import Figures
from deploy.bench.hop import Ticked
from deploy.local.folders import PROJECT
from deploy.local.ports import free_ports
from deploy.local.processes import Household, Program
from plumbing.kafka import create_topics
from plumbing.schema import HISTORY

EVENTS = 200_000
TICK = "create table tick (key uuid primary key, heard int not null) with (fillfactor = 60)"


async def measure_hop(figures: Figures, admin_url: str, bootstrap: str, folder: Path) -> None:
    """Say `EVENTS` ticks first, then let the relay and the consumer run: what they do a second."""
    await create_topics(bootstrap, [(Ticked.topic, 12, 3_600_000)])
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "IDENTITY_PUBLIC_KEY": json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False)),
    }
    for name in ("desk", "shelf"):
        url = await _database(admin_url, f"bench_{name}")
        environment[f"{name.upper()}_DATABASE_URL"] = url
    household = Household(folder / "bench-logs")
    ports = dict(zip(("desk", "shelf"), free_ports(2), strict=True))
    programs = {
        name: Program(
            name=name,
            command=[
                sys.executable,
                "-m",
                "deploy.local.serve",
                f"deploy.bench.hop_{name}",
                str(port),
            ],
            environment=environment,
            folder=PROJECT,
            ready_url=f"http://127.0.0.1:{port}/health/ready",
        )
        for name, port in ports.items()
    }
    await household.start(programs["shelf"])
    await household.start(programs["desk"])
    try:
        async with aiohttp.ClientSession() as http:
            desk, shelf = (f"http://127.0.0.1:{ports[name]}" for name in ("desk", "shelf"))
            begun = time.perf_counter()
            saying = asyncio.ensure_future(http.post(f"{desk}/say/{EVENTS}", timeout=None))
            said_after = 0.0
            while True:
                async with http.get(f"{shelf}/heard") as answer:
                    heard = (await answer.json())["heard"]
                if saying.done() and not said_after:
                    said_after = time.perf_counter() - begun
                if heard == EVENTS:
                    break
                await asyncio.sleep(0.1)
            took = time.perf_counter() - begun
            (await saying).release()
        figures.add("events said, moved and acted on", EVENTS / took, "events/s", "raw Kafka out")
        figures.add("events said", EVENTS / said_after, "events/s", "raw unnest")
    finally:
        await household.stop(("desk", "shelf"))


async def _database(admin_url: str, name: str) -> str:
    admin = await asyncpg.connect(admin_url)
    await admin.execute(f"drop database if exists {name} with (force)")
    await admin.execute(f"create database {name}")
    await admin.close()
    server, _, _ = admin_url.rpartition("/")
    connection = await asyncpg.connect(f"{server}/{name}")
    statements: list[str] = []
    for step in HISTORY:
        step(SimpleNamespace(execute=statements.append))
    for statement in (*statements, TICK):
        await connection.execute(statement)
    await connection.close()
    return f"{server}/{name}".replace("postgresql://", "postgresql+asyncpg://")
