"""The five services as they are, most often without a database: who gets in, and as whose.

Whoever is let in meets a database that is away and hears 503; whoever is not hears so before.
Which company a transaction was bound to is written down.
"""

import contextlib
import importlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from tests.askers import PUBLIC_KEY

NOWHERE = "postgresql+asyncpg://nobody:nothing@127.0.0.1:1/nowhere"
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
ONE = UUID("0190d2f0-0000-7000-8000-000000000001")
"""What every id in a path is."""
SAMPLES: dict[str, Any] = {
    "uuid": str(ONE),
    "date": "2026-07-01",
    "organisation_number": "5566778899",
    "email": "namn@exempel.se",
    "postcode": "11122",
    "vat_percent": 25,
    "number": "991-2346",
    "valid_from": "2026-07-01",
}
"""By the name of a field, or the format of its schema."""
NAMED_ANYWAY = ("claim_id",)
"""Fields that may be left out, and are not."""


@dataclass
class Service:
    """One service: its routes, and what was asked of its database."""

    name: str
    app: FastAPI
    bound_to: list[UUID | None] = field(default_factory=list)
    """The company of each transaction that was begun; None: bound to none."""

    @property
    def routes(self) -> list[tuple[str, str]]:
        """Method and path of everything that it answers, out of the application itself."""
        return sorted({
            (method, str(route.path))
            for route in iter_route_contexts(self.app.routes)
            for method in METHODS.intersection(route.methods or ())
        })  # fmt: skip

    async def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """What is answered to a well-formed request there."""
        self.bound_to.clear()
        query, body = self._well_formed(method, path)
        return await self._http.request(
            method, filled(path), params=query, json=body, headers=headers or {}
        )

    @cached_property
    def _http(self) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=self.app)
        return httpx2.AsyncClient(transport=transport, base_url=f"http://{self.name}")

    def _well_formed(self, method: str, path: str) -> tuple[dict[str, Any], Any]:
        """What the route's own description asks for in query and body."""
        document = self.app.openapi()
        told = document["paths"].get(path, {}).get(method.lower(), {})
        schemas = document.get("components", {}).get("schemas", {})
        query = {
            each["name"]: _sample(each["name"], each["schema"], schemas)
            for each in told.get("parameters", ())
            if each["in"] == "query" and each.get("required")
        }
        content = told.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        return query, None if schema is None else _sample("", schema, schemas)


@contextlib.contextmanager
def service(name: str, database_url: str | None = None) -> Iterator[Service]:
    """A service as its environment describes it; its database is away unless there is one."""
    told = {
        "IDENTITY_PUBLIC_KEY": PUBLIC_KEY,
        "LINK_KEY": "x" * 32,
        "BETALT_DEMO": "1",
        "LOG_LEVEL": "CRITICAL",
        f"{name.upper()}_DATABASE_URL": database_url or NOWHERE,
    }
    with pytest.MonkeyPatch.context() as environment:
        for variable, value in told.items():
            environment.setenv(variable, value)
        app = importlib.import_module(f"services.{name}.app").create_app()
    found = Service(name, app)
    yield found if database_url else _unplugged(found)


def _unplugged(service: Service) -> Service:
    """Let its database be away, and write down for which company it was asked."""

    @contextlib.asynccontextmanager
    async def transaction(
        *, tenant: UUID | None = None, correlation: UUID | None = None
    ) -> AsyncIterator[None]:
        service.bound_to.append(tenant)
        raise OSError("the database is away")
        yield

    database = service.app.state.database
    database.transaction = transaction
    database.connection = transaction
    return service


def filled(path: str) -> str:
    """The path with something in its places that could stand there."""
    for name, value in (("valid_from", "2026-07-01"), ("task_id", "1"), ("parked_id", "1")):
        path = path.replace(f"{{{name}}}", value)
    while "{" in path:
        path = path[: path.index("{")] + str(ONE) + path[path.index("}") + 1 :]
    return path


def _sample(name: str, schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """The simplest value that a JSON Schema lets through."""
    if "$ref" in schema:
        place = schema["$ref"].rpartition("/")[2]
        return _sample(name, schemas.get(place) or schema["$defs"][place], schemas)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _sample(name, schema[choice][0], schemas)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            own = schemas | schema.get("$defs", {})
            named = schema.get("properties", {})
            given = [each for each in named if each in (*schema.get("required", ()), *NAMED_ANYWAY)]
            return {each: _sample(each, named[each], own) for each in given}
        case "array":
            return [_sample(name, schema.get("items", {}), schemas)]
        case "integer" | "number":
            return SAMPLES.get(name) or max(1, schema.get("minimum", 1))
        case "boolean":
            return True
        case _:
            known = SAMPLES.get(name) or SAMPLES.get(schema.get("format", ""))
            return known or "1" * max(3, schema.get("minLength", 1))
