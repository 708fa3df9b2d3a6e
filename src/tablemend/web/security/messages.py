"""What the protection itself answers: a titled message that says what to do."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tablemend.web.problem import Problem, answer, kind

MACHINES = ("/api/", "/_dash-", "/_reload-hash")
"""Paths that scripts and programs ask for: they are told in JSON, never led to another page."""


def for_machines(path: str) -> bool:
    """Whether a path is asked for by a script or a program."""
    return path.startswith(MACHINES)


def problem(
    status: int, name: str, *, title: str, detail: str, hint: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer that says what went wrong and what to do; `name` is that of the kind of error."""
    return answer(Problem(type=kind(name), title=title, status=status, detail=detail, hint=hint), headers)


async def refuse(scope: Scope, receive: Receive, send: Send, response: Response, *, code: int = 4403) -> None:
    """Answer instead of the app; a websocket is closed before it opens."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": code, "reason": ""})
    else:
        await response(scope, receive, send)


def header(scope: Scope, name: str) -> str:
    """One header of a request; empty where it is missing."""
    return Headers(scope=scope).get(name, "")


def unsafe(scope: Scope) -> bool:
    """Whether a request may change something: a websocket counts, as messages follow."""
    return scope["type"] == "websocket" or scope["method"] not in {"GET", "HEAD", "OPTIONS", "TRACE"}


def bearer(scope: Scope) -> str:
    """The token of a request; empty where there is none."""
    kind, _, token = header(scope, "authorization").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
