"""A service's process: what it runs on, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from deploy.local.folders import PROJECT
from deploy.local.ports import ephemeral_ports

APP = '''
import asyncio
import gc

async def app(scope, receive, send):
    """Answers with the module of the loop that it runs on, and what is never looked through."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("ended politely", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    loop, frozen = type(asyncio.get_running_loop()).__module__, gc.get_freeze_count() > 0
    body = f"{loop} {frozen} {gc.isenabled()}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})

def create_app():
    return app
'''


class Served:
    """A running process of `deploy.local.serve`, and where it answers."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process, self.url = process, url

    async def ask(self) -> str:
        """Its answer, as soon as there is one."""
        async with asyncio.timeout(20), aiohttp.ClientSession() as http:
            while True:
                try:
                    async with http.get(self.url) as answer:
                        return await answer.text()
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    (tmp_path / "toy_app.py").write_text(APP)
    port = ephemeral_ports()["invoicing"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local.serve", "toy_app", str(port)),
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}:{tmp_path}"},
        stdout=asyncio.subprocess.PIPE,
    )
    yield Served(process, f"http://127.0.0.1:{port}/")
    if process.returncode is None:
        process.kill()
        await process.wait()


async def test_a_service_runs_on_uvloop_and_its_modules_are_no_garbage(served: Served) -> None:
    """Single events cost less there (ADR-0019); what comes to be afterwards is collected."""
    assert await served.ask() == "uvloop True True"


async def test_told_to_stop_it_ends_its_lifespan_and_exits_with_zero(served: Served) -> None:
    await served.ask()
    served.process.send_signal(signal.SIGTERM)
    output, _ = await asyncio.wait_for(served.process.communicate(), 20)
    assert b"ended politely" in output
    assert served.process.returncode == 0
