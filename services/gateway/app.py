"""Builds the gateway out of its audiences: companies, debtors, operators, the bank, programs.

It hears nothing and keeps nothing, so it is not built as a service with an inbox: one HTTP
application, one session towards the services, one clockwork in demo mode.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import quote

import aiohttp
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from plumbing import logs
from plumbing.identity import Keys
from plumbing.problems import Problem, field_errors, not_found_or_allowed
from services.gateway import debtor, demo, feeds, public_api, words
from services.gateway.clock import STANDINS, Barrier, Installation
from services.gateway.edge import Edge
from services.gateway.forms import sent_in
from services.gateway.operations import overview
from services.gateway.operations import routers as operators_routers
from services.gateway.seller import routers as seller_routers
from services.gateway.sessions import NotSignedInError, Sessions, page_session
from services.gateway.settings import Settings
from services.gateway.upstream import Upstream

CONNECTIONS = 200


def create_app(settings: Settings | None = None) -> FastAPI:
    """The gateway as an ASGI app; refuses to be built unprotected."""
    settings = settings or Settings()
    logs.configure("gateway", settings.log_level)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=30)
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        ) as http:
            app.state.upstream = Upstream(http, _places(settings), app.state.keys)
            app.state.barrier = Barrier(Installation(app.state.upstream))
            app.state.releasing = asyncio.create_task(app.state.barrier.release())
            yield
            app.state.releasing.cancel()
            await asyncio.gather(app.state.releasing, return_exceptions=True)
            await app.state.barrier.close()

    app = FastAPI(
        title="Betalt", lifespan=lifespan, openapi_url=None, docs_url=None,
        redirect_slashes=False,  # it would lead to whatever host the request names
    )  # fmt: skip
    app.state.name, app.state.settings = "gateway", settings
    app.state.keys = Keys(settings.identity_private_key)
    app.state.sessions = Sessions(
        settings.identity_private_key, secure=settings.origin.startswith("https:")
    )
    app.state.dashboard = overview.Dashboard()
    app.state.documents = public_api.Documents()
    app.add_middleware(Edge, origin=settings.origin)
    _tell_refusals(app)
    _health(app)
    app.mount("/static", StaticFiles(directory=words.FOLDER / "static"), name="static")
    demos = (demo.router, overview.demo_router) if settings.betalt_demo else ()
    programs = (feeds.router, public_api.router)
    for router in (*programs, *operators_routers, debtor.router, *demos, *seller_routers):
        _answer_heads(router)
        app.include_router(router)
    return app


def _answer_heads(router: APIRouter) -> None:
    """What may be got may be asked for its head (RFC 9110 9.1), but for a channel without end."""
    for route in router.routes:
        if isinstance(route, APIRoute) and route.response_class is not EventSourceResponse:
            asked_by = route.methods or set()
            route.methods = asked_by | {"HEAD"} if "GET" in asked_by else asked_by


def _places(settings: Settings) -> dict[str, str]:
    """Where everything answers: services, and the stand-ins that there are."""
    standins = {name: getattr(settings, f"{name}_url") for name in STANDINS}
    return settings.services | {name: url.rstrip("/") for name, url in standins.items() if url}


def _tell_refusals(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def on_problem(request: Request, problem: Problem) -> Response:
        sent = await sent_in(request) if problem.status in words.AWAY else None
        return words.answer(request, problem, session=page_session(request), sent=sent)

    @app.exception_handler(NotSignedInError)
    async def on_nobody(request: Request, error: NotSignedInError) -> Response:
        back = request.url.path if request.method == "GET" else "/"
        return RedirectResponse(f"/demo?tillbaka={quote(back)}", status_code=303)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> Response:
        in_path = any(each["loc"][:1] == ("path",) for each in error.errors())
        problem = Problem(
            404 if in_path else 422, "The request is not valid", errors=field_errors(error)
        )
        if in_path:
            problem.body.pop("errors")
        return words.answer(request, problem, session=page_session(request))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        problem = not_found_or_allowed(request, error)
        return words.answer(request, problem, session=page_session(request))


def _health(app: FastAPI) -> None:
    @app.get("/health/live", include_in_schema=False)
    async def live() -> JSONResponse:
        """The gateway has no task that could die alone."""
        return JSONResponse({"failed": None})

    @app.get("/health/ready", include_in_schema=False)
    async def ready(request: Request) -> JSONResponse:
        """Green once it can ask; a service that is away is its own red light, not this one's."""
        reasons = [] if hasattr(request.app.state, "upstream") else ["not yet started"]
        return JSONResponse({"not_ready": reasons}, status_code=503 if reasons else 200)
