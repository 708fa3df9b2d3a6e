"""Endpoints: each names the right that it needs and the record that it answers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tablemend.errors import TablemendError
from tablemend.store.jobs import Job
from tablemend.web.api import problems
from tablemend.web.api.problems import Problem, RequestFault
from tablemend.web.api.schema import Schemas, encode
from tablemend.web.identity import require

PREFIX = "/api/v1"

SCHEMAS = Schemas()
"""What the endpoints answer."""

_ERRORS = {
    "401": "Nobody is signed in.",
    "403": "The role does not have the right.",
    "404": "It does not exist.",
    "409": "The state does not allow it.",
    "413": "It is too large.",
    "422": "It cannot be used as it was asked.",
    "500": "Nobody foresaw it.",
    "507": "The disk of the server refuses it.",
}


class Content:
    """An answer that is no record: its media types, and what it is in words of JSON Schema."""

    def __init__(self, *media: str, kind: str = "string") -> None:
        self.media = media
        self.kind = kind


class Guarded(APIRoute):
    """A route that refuses what it does not know, and tells nothing of the inside when it fails."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of a request."""
        inner, known = super().get_route_handler(), _names(self.dependant)

        async def handle(request: Request) -> Response:
            if found := _unusable(request, known):
                return problems.of_request(found)
            try:
                return await inner(request)
            except (TablemendError, HTTPException, RequestValidationError):
                raise
            except Exception as problem:  # noqa: BLE001 - logged under the reference that the answer names
                return problems.of_unexpected(problem)

        return handle


def _names(dependant: Dependant) -> set[str]:
    """The parameters of the query that a route knows."""
    found: set[str] = set()
    for each in dependant.query_params:
        kind: Any = each.field_info.annotation
        is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
        found |= set(kind.model_fields) if is_model else {each.alias}
    return found


def _unusable(request: Request, known: set[str]) -> tuple[RequestFault, ...]:
    """What no endpoint can take: NUL, which the state cannot keep, and misspelt parameters, which would do nothing."""
    path = [RequestFault(where="path", message="it holds a NUL character")] if "\0" in request.scope["path"] else []
    query = [
        RequestFault(where=f"query.{name}", message="it holds NUL" if name in known else "there is no such parameter")
        for name, value in request.query_params.multi_items()
        if name not in known or "\0" in value
    ]
    return (*path, *query)


class Routes:
    """The endpoints of one noun."""

    def __init__(self, tag: str, *, prefix: str = "") -> None:
        self.router = APIRouter(prefix=prefix, tags=[tag], route_class=Guarded)

    def get(self, path: str, **described: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """An endpoint that looks; see `add`."""
        return self.add("GET", path, **described)

    def post(self, path: str, **described: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """An endpoint that does something; see `add`."""
        return self.add("POST", path, **described)

    def put(self, path: str, **described: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """An endpoint that puts something in place; see `add`."""
        return self.add("PUT", path, **described)

    def delete(self, path: str, **described: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """An endpoint that removes something; see `add`."""
        return self.add("DELETE", path, **described)

    def add(
        self, method: str, path: str, *, right: str, answers: Any, status: int = 200, media: Sequence[str] = ()
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a function: its name is the operation, its docstring the summary and description.

        `answers` is the type of what it gives, or `Content` where it gives an answer that is no record; `media` are
        further media types that it may answer. It runs in a thread of its own.
        """

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            summary, _, rest = (function.__doc__ or "").partition("\n")
            endpoint = _answering(function, status)
            endpoint.__doc__ = " ".join(rest.split())  # which is the description, beside the summary
            self.router.add_api_route(
                path,
                endpoint,
                methods=[method],
                status_code=status,
                response_class=Response,
                response_model=None,
                operation_id=function.__name__,
                summary=summary.strip().removesuffix("."),
                dependencies=[Depends(_needs(right))],
                responses=_described(answers, status, media),
                openapi_extra={"x-right": right},
            )
            return function

        return register


def _needs(right: str) -> Callable[[], Coroutine[Any, Any, None]]:
    async def allowed() -> None:
        require(right)

    return allowed


def _answering(function: Callable[..., Any], status: int) -> Callable[..., Response]:
    @wraps(function)
    def called(**given: Any) -> Response:
        found = function(**given)
        if isinstance(found, Response):
            return found
        headers = {"Cache-Control": "no-store"}
        if status == 202 and isinstance(found, Job):
            headers["Location"] = f"{PREFIX}/jobs/{found.id}"
        return Response(encode(found), status, headers, "application/json")

    return called


def _described(answers: Any, status: int, media: Sequence[str]) -> dict[int | str, dict[str, Any]]:
    problem = {"content": {problems.MEDIA: {"schema": SCHEMAS.of(Problem)}}}
    found: dict[int | str, dict[str, Any]] = {code: {"description": text, **problem} for code, text in _ERRORS.items()}
    kinds = {
        name: {"schema": {"type": answers.kind if isinstance(answers, Content) else "string"}}
        for name in (answers.media if isinstance(answers, Content) else media)
    }
    if not isinstance(answers, Content):
        kinds = {"application/json": {"schema": SCHEMAS.of(answers)}} | kinds
    found[status] = {"description": "The job." if status == 202 else "Done.", "content": kinds}
    if status == 202:
        found[status]["headers"] = {"Location": {"description": "Where the job is.", "schema": {"type": "string"}}}
    return found
