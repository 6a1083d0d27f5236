"""Starts a stand-in as the program it is, on free ports, and can kill and restart it."""

import asyncio
import io
import os
import signal
import sys
from pathlib import Path
from typing import Any, Self

import aiohttp
import orjson

from deploy.local.ports import free_ports

ROOT = Path(__file__).parents[2]
TOKEN = "the-filer's-token"


class Program:
    """One stand-in in a folder; `get` and `post` speak to it."""

    def __init__(self, name: str, folder: Path, *options: str) -> None:
        (self.port,) = free_ports(1)
        self.address = f"http://127.0.0.1:{self.port}"
        self._command = [sys.executable, "-m", f"deploy.standins.{name}", "--port", str(self.port)]
        self._command += ["--folder", str(folder), *options]
        self._process: asyncio.subprocess.Process | None = None
        self.http: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession(
            self.address, headers={"Authorization": f"Bearer {TOKEN}"}
        )
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()
        await self.stop(signal.SIGTERM)

    async def start(self) -> None:
        """Start and wait until it is healthy."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = await asyncio.create_subprocess_exec(
            *self._command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(20):
            while True:
                assert self._process.returncode is None, "the program ended at once"
                try:
                    async with self.http.get("/health") as answer:
                        assert answer.status == 200
                        return
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)

    async def stop(self, how: signal.Signals) -> None:
        """End the program with a signal, and wait for its end."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(how)
        await self._process.wait()

    async def kill_and_restart(self) -> None:
        """SIGKILL, then a fresh start in the same folder."""
        await self.stop(signal.SIGKILL)
        await self.start()

    async def get(self, path: str, expect: int = 200) -> Any:
        """JSON from a path."""
        async with self.http.get(path) as answer:
            assert answer.status == expect, await answer.text()
            return await answer.json()

    async def page(self, path: str, expect: int = 200) -> str:
        """Text from a path."""
        async with self.http.get(path) as answer:
            assert answer.status == expect, await answer.text()
            return await answer.text()

    async def post(self, path: str, content: object = None, expect: int = 200) -> Any:
        """Post JSON, and read JSON."""
        body = io.BytesIO(b"" if content is None else orjson.dumps(content))
        async with self.http.post(path, data=body) as answer:
            assert answer.status == expect, await answer.text()
            return await answer.json(content_type=None)

    async def until_nothing_pends(self, kind: str = "pending") -> None:
        """Wait for empty hands, or for hands empty of one kind."""
        async with asyncio.timeout(20):
            while (await self.get("/pending"))[kind]:
                await asyncio.sleep(0.05)
