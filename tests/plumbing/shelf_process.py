"""A shelf in a process of its own that holds its first batch: to be frozen, and to come back.

It writes `holding` when it has the batch, acts on it once a line comes, and then writes `done`. It
ends with its standard input.
"""

import asyncio
import sys

from tests.plumbing import toy
from tests.plumbing.conftest import running


async def main(url: str, bootstrap: str, public_key: str, group: str, topic: str) -> None:
    """Run the shelf until the standard input ends."""
    toy.BookLent.topic = topic
    shelf = toy.create_shelf(toy.settings(url, bootstrap, public_key), group)
    act, released = shelf.state.inbox._act, asyncio.Event()

    async def hold(items: object) -> None:
        first = not released.is_set()
        if first:
            print("holding", flush=True)  # noqa: T201
            await released.wait()
        await act(items)
        if first:
            print("done", flush=True)  # noqa: T201

    shelf.state.inbox._act = hold
    async with running(shelf):
        while await asyncio.to_thread(sys.stdin.readline):
            released.set()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
