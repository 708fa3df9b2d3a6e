"""Errors as answers: one form for all of them, after RFC 9457."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tablemend import errors
from tablemend.records import Record
from tablemend.web.jobs.failures import told

MEDIA = "application/problem+json"

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
    errors.TablemendError: 422,
}
"""Status of each kind of error; one that is not named has that of the kind above it."""


class Fault(Record, frozen=True, kw_only=True):
    """One thing that is wrong with a request."""

    where: str  # like query.limit or body.run
    message: str


class Problem(Record, frozen=True, kw_only=True):
    """What went wrong, and what to do."""

    type: str  # names the kind of error, like urn:tablemend:not-found
    title: str
    status: int
    detail: str
    hint: str = ""
    errors: tuple[Fault, ...] = ()  # everything that is wrong with the request
    reference: str = ""  # under which the log of the server says more


def status_of(problem: errors.TablemendError) -> int:
    """The status of an error."""
    return next(STATUSES[kind] for kind in type(problem).__mro__ if kind in STATUSES)


def of_error(problem: errors.TablemendError) -> Response:
    """The answer of an error that was raised on purpose."""
    said = told(problem)
    found = Problem(
        type=_kind(type(problem).__name__),
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
            type=_kind("Unexpected"),
            title=said["title"],
            status=500,
            detail=said["message"],
            hint=said["hint"],
            reference=said.get("reference", ""),
        )
    )


def of_request(faults: tuple[Fault, ...]) -> Response:
    """The answer to a request that cannot be understood."""
    first = faults[0] if faults else Fault(where="request", message="it cannot be read")
    return answer(
        Problem(
            type=_kind("InvalidRequest"),
            title="The request cannot be used",
            status=422,
            detail=f"{first.where}: {first.message}",
            hint="/api/v1/openapi.json describes every request.",
            errors=faults,
        )
    )


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as an answer."""
    body = {field: getattr(problem, field) for field in problem.__struct_fields__}
    return Response(msgspec.json.encode(body), problem.status, dict(headers or {}), MEDIA)


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


def faults(problem: RequestValidationError) -> tuple[Fault, ...]:
    """Everything that is wrong with a request."""
    return tuple(
        Fault(where=".".join(str(part) for part in each["loc"]), message=_printable(str(each["msg"])))
        for each in problem.errors()
    )


def _of_http(problem: HTTPException) -> Response:
    titles = {404: "There is no such address", 405: "The address does not take this method"}
    hints = {404: "/api/v1/openapi.json lists the addresses.", 405: "/api/v1/openapi.json lists the methods."}
    found = Problem(
        type=_kind(f"Http{problem.status_code}"),
        title=titles.get(problem.status_code, "The request cannot be used"),
        status=problem.status_code,
        detail=str(problem.detail),
        hint=hints.get(problem.status_code, ""),
    )
    return answer(found, problem.headers)


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _kind(name: str) -> str:
    return "urn:tablemend:" + re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "-", name).lower()
