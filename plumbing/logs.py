"""Logs: one snake_case event per fact, JSON lines, values as keys; never a person's details.

Errors are told by their type, their place in the code and what `shown` lets through: the text of an
error may quote the input it met, and a database's the rows of a whole batch.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from plumbing.texts import storable

QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_PART = r"[^\s<>\"'(),;:]"
PERSONAL = re.compile(
    rf"(?<!{_PART}){_PART}+@{_PART}+|(?<![\w-])(?:\d{{2}})?\d{{6}}[-+]?\d{{4}}(?![\w-])"
)
"""What looks like an e-mail address or a personal number, wherever it stands.

An address is looked for from where a word begins alone: from everywhere, a long word without one
would take hours.
"""
DRIVERS = ("asyncpg", "sqlalchemy.dialects")
DRIVERS_CLASS = re.compile(r"^<class '[^']*'>: ")
LONGEST = 500


def shown(error: BaseException) -> str:
    """What may be kept of an error, as text that a database takes: never the input it met."""
    if isinstance(error, ValidationError):
        found = error.errors(include_input=False, include_url=False, include_context=False)
        text = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in found)
    elif isinstance(error, UnicodeDecodeError):
        text = "not UTF-8"
    elif isinstance(error, DBAPIError):
        text = _of_driver(error.orig)
    elif type(error).__module__.startswith(DRIVERS):
        text = _of_driver(error)
    else:
        text = str(error).split("\n")[0]
    return PERSONAL.sub("***", storable(text))[:LONGEST]


def _of_driver(error: BaseException | None) -> str:
    """The first line of what it said; of a data error, which quotes what it met, not that either.

    The lines after the first name the values of a row.
    """
    line = DRIVERS_CLASS.sub("", str(error).split("\n")[0])
    state = str(getattr(error, "sqlstate", None) or "22")
    return QUOTED.sub("***", line).partition(": ")[0] if state.startswith("22") else line


def told(error: BaseException) -> str:
    """An error and what led to it, as a traceback is written, with `shown` in place of its text."""
    parts = []
    for each in reversed(list(_chain(error))):
        frames = "".join(traceback.format_tb(each.__traceback__))
        name = f"{type(each).__module__}.{type(each).__qualname__}".removeprefix("builtins.")
        parts.append(f"{frames}{name}: {shown(each)}")
    return "\n\n".join(parts)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def tell_errors(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """structlog's processor that writes `exc_info` without what the error met."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = told(error)
        for each in filter(str, _chain(error)):  # libraries write the text into their line as well
            event["event"] = str(event.get("event")).replace(str(each), shown(each))
    return event


def configure(service: str, level: str = "INFO") -> None:
    """Send structlog and the standard library's loggers to stderr as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                tell_errors,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("aiokafka").setLevel("WARNING")
    # A commit that falls into a rebalance is harmless and logged with a traceback (stack.md 11).
    logging.getLogger("aiokafka.consumer.group_coordinator").setLevel("CRITICAL")
    structlog.contextvars.bind_contextvars(service=service)
