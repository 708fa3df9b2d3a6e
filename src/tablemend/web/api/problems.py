"""Errors of endpoints as answers, each with the status of its kind."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tablemend import errors
from tablemend.web.jobs.failures import told
from tablemend.web.problem import MEDIA, Problem, RequestFault, answer, kind

__all__ = ["MEDIA", "Problem", "RequestFault", "answer", "handle"]

STATUSES: dict[type[errors.TablemendError], int] = {
    errors.NotSignedIn: 401,
    errors.SignInRefused: 401,
    errors.Forbidden: 403,
    errors.TooManyAttempts: 429,
    errors.LimitExceeded: 413,
    errors.NotFound: 404,
    errors.DecisionRefused: 409,
    errors.Conflict: 409,
    errors.Cancelled: 409,
    errors.Unreachable: 502,
    errors.Transient: 503,
    errors.Timeout: 504,
    errors.StorageFull: 507,
    errors.OutputError: 507,
    errors.TablemendError: 422,
}
"""Status of each kind of error; one that is not named has that of the kind above it."""


def status_of(problem: errors.TablemendError) -> int:
    """The status of an error."""
    return next(STATUSES[each] for each in type(problem).__mro__ if each in STATUSES)


def of_error(problem: errors.TablemendError) -> Response:
    """The answer of an error that was raised on purpose."""
    said = told(problem)
    found = Problem(
        type=kind(type(problem).__name__),
        title=said["title"],
        status=status_of(problem),
        detail=said["message"],
        hint=said["hint"],
    )
    return answer(found, {"WWW-Authenticate": "Bearer"} if found.status == 401 else None)


def of_unexpected(problem: Exception) -> Response:
    """The answer of an error that nobody foresaw: a reference into the log, and nothing of the inside."""
    said = told(problem)
    return answer(
        Problem(
            type=kind("Unexpected"),
            title=said["title"],
            status=500,
            detail=said["message"],
            hint=said["hint"],
            reference=said.get("reference", ""),
        )
    )


def of_request(faults: tuple[RequestFault, ...]) -> Response:
    """The answer to a request that cannot be understood."""
    first = faults[0] if faults else RequestFault(where="request", message="it cannot be read")
    return answer(
        Problem(
            type=kind("InvalidRequest"),
            title="The request cannot be used",
            status=422,
            detail=f"{first.where}: {first.message}",
            hint="/api/v1/openapi.json describes every request.",
            errors=faults,
        )
    )


def handle(app: FastAPI) -> None:
    """Let an app answer errors so."""

    async def error(_: Request, problem: Any) -> Response:
        return of_error(problem)

    async def invalid(_: Request, problem: Any) -> Response:
        return of_request(faults(problem))

    async def plain(request: Request, problem: Any) -> Response:
        if not request.url.path.startswith("/api/"):
            return await http_exception_handler(request, problem)
        return _of_http(problem)

    app.add_exception_handler(errors.TablemendError, error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)


def faults(problem: RequestValidationError) -> tuple[RequestFault, ...]:
    """Everything that is wrong with a request."""
    return tuple(
        RequestFault(where=".".join(str(part) for part in each["loc"]), message=_printable(str(each["msg"])))
        for each in problem.errors()
    )


def _of_http(problem: HTTPException) -> Response:
    titles = {404: "There is no such address", 405: "The address does not take this method"}
    hints = {404: "/api/v1/openapi.json lists the addresses.", 405: "/api/v1/openapi.json lists the methods."}
    hint = "Send what /api/v1/openapi.json describes for this address."
    found = Problem(
        type=kind(f"Http{problem.status_code}"),
        title=titles.get(problem.status_code, "The request cannot be used"),
        status=problem.status_code,
        detail=str(problem.detail),
        hint=hints.get(problem.status_code, hint),
    )
    return answer(found, problem.headers)


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
