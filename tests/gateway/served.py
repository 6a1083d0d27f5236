"""An ASGI application on a real port, for as long as a block lasts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from deploy.local.ports import ephemeral_ports


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Its address."""
    port = ephemeral_ports()["gateway"]
    server = Server(
        app, address="127.0.0.1", port=port, interface=Interfaces.ASGI,
        log_level=LogLevels.error, log_access=False, websockets=False,
    )  # fmt: skip
    task = asyncio.create_task(server.serve())
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            break
        except OSError:
            if task.done():
                await task
            await asyncio.sleep(0.02)
    writer.close()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(task, 10)
