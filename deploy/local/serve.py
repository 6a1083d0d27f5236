"""One service in one process: `python -m deploy.local.serve services.dunning.app 8003`.

granian's command keeps a supervisor beside its worker: 18 MB more, and a SIGKILL to the one leaves
the other. Here its server runs inside the loop, as fast: what is started serves, what is killed is
gone. SIGTERM ends it politely: requests end, then the application's lifespan.
"""

import asyncio
import gc
import importlib
import signal
import sys

import uvloop
from granian.constants import Interfaces
from granian.errors import FatalError
from granian.log import LogLevels
from granian.server.embed import Server


async def serve(module: str, port: int) -> int:
    """Serve `create_app()` of a module on 127.0.0.1 until told to stop; the exit code.

    Nothing of what makes the application is ever garbage: it is not looked through, then or later.
    """
    gc.disable()
    application = importlib.import_module(module).create_app()
    gc.freeze()
    gc.enable()
    server = Server(
        application,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.error,
        log_access=False,
        websockets=False,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    try:
        await server.serve()
    except FatalError:  # the application could not start, and granian has logged why
        return 1
    return 1 if server.interrupt_children else 0


def run(module: str, port: int) -> int:
    """Serve on a loop of uvloop's (ADR-0019); the exit code."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(module, port))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], int(sys.argv[2])))
