"""The page of settings for whoever runs the platform: every variable, its default, what it means.

Made from the services' `Settings`, whose fields' docstrings are what is told.
"""

import json
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from plumbing.settings import ServiceSettings

HEAD = """\
# Settings

Every process reads its settings from environment variables, once, when it starts; it refuses to
start where one is missing or wrong, and names it. The launcher of `make run` sets what a demo
needs. Lists are JSON.

Generated from the code by `python -m deploy.describe`."""
OWN_NAMES = {"database_url": "DATABASE_URL", "database_direct_url": "DATABASE_DIRECT_URL"}
"""Fields that all services have under names of their own: `INVOICING_DATABASE_URL` and so on."""


def settings_page(services: Iterable[str]) -> str:
    """One table for what all services read, and one for each service's own."""
    common = dict(ServiceSettings.model_fields)
    parts = [HEAD, "## Every service but the gateway", _table(common)]
    for service in services:
        settings: type[BaseSettings] = import_module(f"services.{service}.settings").Settings
        shared = common if issubclass(settings, ServiceSettings) else {}
        own = {
            name: field
            for name, field in settings.model_fields.items()
            if name not in shared or field.default != shared[name].default
        }
        if own:
            parts += [f"## {service.capitalize()}", _table(own)]
    return "\n\n".join(parts) + "\n"


def _table(fields: Mapping[str, FieldInfo]) -> str:
    rows = [
        f"| {_variable(name, field)} | {_default(field)} | {_meaning(name, field)} |"
        for name, field in fields.items()
    ]
    return "\n".join(["| Variable | Default | What it is |", "|---|---|---|", *rows])


def _variable(name: str, field: FieldInfo) -> str:
    if name in OWN_NAMES:
        return f"*SERVICE*`_{OWN_NAMES[name]}`"
    return f"`{field.validation_alias or name.upper()}`"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be set"
    value = field.default
    if value is None or value == "":
        return "none"
    written = str(value) if isinstance(value, str | Path) else json.dumps(value)
    return f"`{written}`"


def _meaning(name: str, field: FieldInfo) -> str:
    if not field.description:
        raise ValueError(f"the setting {name} has no docstring")
    return " ".join(field.description.split()).replace("|", "\\|")
