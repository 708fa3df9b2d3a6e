"""One form for every error that is answered to a program, after RFC 9457."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from tablemend.records import Record

MEDIA = "application/problem+json"


class RequestFault(Record, frozen=True, kw_only=True):
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
    errors: tuple[RequestFault, ...] = ()  # everything that is wrong with the request
    reference: str = ""  # under which the log of the server says more


def kind(name: str) -> str:
    """How the type of a problem is written, given the name of the error."""
    return "urn:tablemend:" + re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "-", name).lower()


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as an answer, with every field."""
    body = {field: getattr(problem, field) for field in problem.__struct_fields__}
    return Response(msgspec.json.encode(body), problem.status, dict(headers or {}), MEDIA)
