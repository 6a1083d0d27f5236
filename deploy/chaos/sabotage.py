"""Serves one service with one guarantee broken, to see that the judge sees it.

`python -m deploy.chaos.sabotage FAULT services.invoicing.app 8001` is started in the place of
`deploy.local.serve`. It changes plumbing in its own process before serving, and where the fault
needs a crash to show, it kills itself once in the worst moment (once per `SABOTAGE_MARK`, a file).
`honest` breaks nothing and crashes in the same place: the product must stand that.
"""

import importlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import TopicPartition
from fastapi import FastAPI
from sqlalchemy import text

import plumbing.inbox
import plumbing.outbound
from contracts.envelope import Envelope
from deploy.local import serve
from plumbing import kafka
from plumbing.inbox import Inbox
from plumbing.transaction import Transaction

MARK = "SABOTAGE_MARK"
WORST_MOMENT = "SABOTAGE_ON"
"""The type of event at which to crash."""

App = list[FastAPI]
"""Holds the application once it is made."""


def crash_once() -> None:
    """SIGKILL this process, the first time that it comes here."""
    mark = Path(os.environ[MARK])
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def crash_before_commit(app: App) -> None:
    """Nothing is broken: the process dies when all is written and nothing is committed."""
    flush = Transaction.flush

    async def flush_and_die(self: Transaction) -> None:
        said = {event.type for event, _, _ in self._said}
        await flush(self)
        if os.environ[WORST_MOMENT] in said:
            crash_once()

    Transaction.flush = flush_and_die  # type: ignore[method-assign]


def crash_before_hearing(app: App) -> None:
    """Nothing is broken: the process dies when a batch has come and is not acted on."""
    hear = Inbox.__call__

    async def die_and_hear(self: Inbox, records: Sequence[Any]) -> None:
        if hears_it(records):
            crash_once()
        await hear(self, records)

    Inbox.__call__ = die_and_hear  # type: ignore[method-assign]


def drop_inbox(app: App) -> None:
    """Every event is new, however often it comes."""
    plumbing.inbox.HEAR = text("select null as waiting, null as heard where false")


def commit_offset_first(app: App) -> None:
    """The offset is committed when a batch comes, and only then is it acted on."""
    hear = Inbox.__call__

    async def commit_and_hear(self: Inbox, records: Sequence[Any]) -> None:
        after = {
            TopicPartition(record.topic, record.partition): record.offset + 1 for record in records
        }
        for consumer in kafka.consumers_of(app[0].state.broker):
            await consumer.commit(after)
        if hears_it(records):
            crash_once()
        await hear(self, records)

    Inbox.__call__ = commit_and_hear  # type: ignore[method-assign]


def send_before_commit(app: App) -> None:
    """What is said goes to Kafka at once, and the transaction is committed afterwards."""

    async def send(self: Transaction) -> None:
        said, self._said = self._said, []
        producer = await kafka.start_producer(app[0].state.settings.kafka_bootstrap_servers)
        for event, correlation, cause in said:
            envelope = Envelope(
                id=uuid4(),
                type=event.type,
                source=f"/{app[0].state.name}",
                key=event.key,
                time=self.now,
                correlation=correlation,
                cause=cause,
                sequence="0",
            )
            key, value = str(event.key).encode(), event.payload()
            await producer.send_and_wait(event.topic, value, key, headers=envelope.headers())
        await producer.stop()
        if os.environ[WORST_MOMENT] in {event.type for event, _, _ in said}:
            crash_once()

    Transaction._flush_said = send  # type: ignore[method-assign]


def forget_attempts(app: App) -> None:
    """Each attempt towards an outside party is thought to be the first."""
    forgetful = plumbing.outbound.TAKE.text.replace("attempts = attempts + 1", "attempts = 1")
    plumbing.outbound.TAKE = text(forgetful)


def hears_it(records: Sequence[Any]) -> bool:
    """Whether the event of the worst moment is among records."""
    kind = os.environ[WORST_MOMENT].encode()
    return any(name == "ce_type" and value == kind for r in records for name, value in r.headers)


FAULTS: dict[str, Callable[[App], None]] = {
    "honest-sayer": crash_before_commit,
    "honest-hearer": crash_before_hearing,
    "drop-inbox": drop_inbox,
    "commit-offset-first": commit_offset_first,
    "send-before-commit": send_before_commit,
    "forget-attempts": forget_attempts,
}


def main(fault: str, module: str, port: int) -> int:
    """Serve a module's app with a fault; the exit code."""
    made: App = []
    FAULTS[fault](made)
    home = importlib.import_module(module)
    create = home.create_app

    def create_app() -> FastAPI:
        app: FastAPI = create()
        made.append(app)
        return app

    home.create_app = create_app  # type: ignore[attr-defined]
    return serve.run(module, port)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
