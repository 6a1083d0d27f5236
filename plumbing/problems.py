"""Errors at the HTTP door as `application/problem+json` (RFC 9457), each naming its field."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

MEDIA_TYPE = "application/problem+json"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""What a path may be asked by."""
MOST_FAULTS = 100
LONGEST_NAME = 200
"""Characters of a field's path."""


class Problem(Exception):  # noqa: N818  (RFC 9457 calls it a problem)
    """A refusal told over HTTP. `errors` name fields; other keywords travel as members.

    `headers` are those that its status asks for.
    """

    def __init__(
        self,
        status: int,
        title: str,
        *,
        detail: str | None = None,
        errors: list[dict[str, str]] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.headers: dict[str, str] = {}
        self.body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
        if detail:
            self.body["detail"] = detail
        if errors:
            self.body["errors"] = errors
        self.body.update(members)


def answer(problem: Problem) -> JSONResponse:
    """A problem as it is told over HTTP."""
    return JSONResponse(
        problem.body,
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def not_found_or_allowed(request: Request, error: HTTPException) -> Problem:
    """The problem of a path or a method that is not there; a method's names those that are."""
    problem = Problem(error.status_code, str(error.detail))
    if problem.status == 405:
        problem.headers["allow"] = ", ".join(_allowed(request))
    return problem


def _allowed(request: Request) -> list[str]:
    """The methods that some route takes at the request's path."""
    routes = request.app.router.routes
    asked = {method: {**request.scope, "method": method} for method in METHODS}
    return [
        method
        for method, scope in asked.items()
        if any(route.matches(scope)[0] is Match.FULL for route in routes)
    ]


def invalid(errors: list[dict[str, str]]) -> Problem:
    """The problem of a request with faults, each `{"field", "reason"}`."""
    return Problem(422, "The request is not valid", errors=errors)


def field_errors(error: Any) -> list[dict[str, str]]:
    """pydantic's errors as `{"field", "reason"}`, without the input they met and its own prefix.

    A field of the body goes by its path there; one of the query or path says so. No answer grows
    with what was sent: the first faults are told, and as much of a name as tells it.
    """
    return [
        {
            "field": ".".join(map(str, each["loc"])).removeprefix("body.")[:LONGEST_NAME],
            "reason": each["msg"].removeprefix("Value error, "),
        }
        for each in error.errors()[:MOST_FAULTS]
    ]


def install(app: FastAPI) -> None:
    """Make the app answer every error as a problem."""

    @app.exception_handler(Problem)
    async def on_problem(request: Request, problem: Problem) -> JSONResponse:
        return answer(problem)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(invalid(field_errors(error)))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        return answer(not_found_or_allowed(request, error))
