"""Every event of the house by its wire type: what generators, tools and tests walk over.

An event counts when its class lives in the module of the service that says it, so toys that tests
register are never taken for contracts.
"""

from importlib import import_module

from contracts.envelope import Event

SPEAKERS = ("invoicing", "payments", "dunning", "collections", "notifications")
"""The services that say anything. `contracts.<service>` holds what it says, and nothing else."""


def events() -> dict[str, type[Event]]:
    """Every event that some service says, by wire type, in the order of types."""
    modules = {import_module(f"contracts.{service}").__name__ for service in SPEAKERS}
    said = {name: event for name, event in Event.registry.items() if event.__module__ in modules}
    return dict(sorted(said.items()))


def speaker(event: type[Event]) -> str:
    """The service that says the event: the first word of its type."""
    return event.type.partition(".")[0]


def said_by(service: str) -> tuple[type[Event], ...]:
    """What one service says, in the order of types."""
    return tuple(event for event in events().values() if speaker(event) == service)
