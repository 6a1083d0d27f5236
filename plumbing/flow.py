"""The edge of a service: each request goes on in its caller's flow, and none ends untold.

The flow (`x-correlation-id`) is the correlation of everything the request says, and stands in every
line that is logged meanwhile. Who sent none begins a flow. A bug, or trouble such as a database
that is away, is answered as a problem and logged here: what goes further is written down by the
server, with the text of the error.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextvars import ContextVar
from uuid import UUID

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from plumbing.problems import Problem, answer

log = structlog.get_logger()

NUL = b"%00"
"""No column of PostgreSQL can hold it, so that it would look like a bug of ours."""
CANNOT_NOW = "The service cannot answer now"
HEADER = "x-correlation-id"
FLOW: ContextVar[UUID | None] = ContextVar("flow", default=None)
"""Of the request being answered; None at the other doors, where each event has its own."""


class CutOffError(Exception):
    """The answer broke off; the caller must see that it is not whole."""


class ServiceEdge:
    """ASGI middleware around a service; `is_trouble` tells what waiting may mend from a bug."""

    def __init__(self, app: ASGIApp, is_trouble: Callable[[BaseException], bool]) -> None:
        self._app = app
        self._is_trouble = is_trouble

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request in its flow."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        flow, begun = flow_in(Headers(scope=scope)), False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        held = FLOW.set(flow)
        try:
            with structlog.contextvars.bound_contextvars(correlation_id=str(flow)):
                try:
                    if NUL in scope["query_string"] or "\0" in scope["path"]:
                        await answer(Problem(422, "No text holds a NUL"))(scope, receive, send)
                        return
                    await self._app(scope, receive, watched)
                except Exception as error:
                    path = scope["path"]
                    log.error("request_failed", method=scope["method"], path=path, exc_info=error)
                    if begun:
                        raise CutOffError(path) from None
                    away = self._is_trouble(error)
                    problem = (
                        Problem(503, CANNOT_NOW) if away else Problem(500, "The service failed")
                    )
                    await answer(problem)(scope, receive, send)
        finally:
            FLOW.reset(held)


def flow_in(headers: Headers) -> UUID:
    """The caller's flow when he names one (also by W3C Trace Context), else a new one."""
    trace = headers.get("traceparent", "").split("-")
    for named in (headers.get(HEADER, ""), trace[1] if len(trace) == 4 else ""):
        with contextlib.suppress(ValueError):
            return UUID(named)
    return uuid7()
