"""The interface for programs: the verbs of the command line over HTTP, under /api/v1."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from tablemend.web.api import problems
from tablemend.web.api.routes import PREFIX, SCHEMAS
from tablemend.web.site import Site

NOUNS = (
    *("datasets", "downloads", "uploads", "scans", "items", "decisions", "changes", "jobs", "runs", "schedules"),
    *("gates", "scorecards", "rules", "recipes", "learning", "intel", "conflicts", "explore"),
    *("cache", "audit", "users", "account", "state"),
)
"""Modules that have endpoints, in the order of the document."""


def include(app: FastAPI, site: Site, *further: APIRouter) -> None:
    """Add every endpoint to an app, further ones too, and the answers to errors; to be called after other parts."""
    routers = [*(import_module(f"{__name__}.{noun}").router(site) for noun in NOUNS), *further]
    for each in routers:
        app.include_router(each, prefix=PREFIX)
    problems.handle(app)
    app.router.routes.append(Route("/api/{rest:path}", _Nothing(routers), include_in_schema=False))
    app.openapi = lambda: document(app)  # type: ignore[method-assign]


class _Nothing:
    """Refuses what no endpoint takes, whatever the method, before the pages answer it."""

    def __init__(self, routers: Sequence[APIRouter]) -> None:
        self._routers = routers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say what is missing: the address, or only the method."""
        request = Request(scope, receive, send)
        methods = _methods(request, self._routers)
        if methods:
            detail = f"{request.url.path} takes {', '.join(methods)}, not {request.method}"
            raise HTTPException(405, detail, {"Allow": ", ".join(methods)})
        raise HTTPException(404, f"nothing is at {request.url.path}")


def _methods(request: Request, routers: Sequence[APIRouter]) -> list[str]:
    """The methods that an address takes."""
    scope = {**request.scope, "root_path": request.scope.get("root_path", "") + PREFIX}
    routes = [route for router in routers for route in router.routes]
    partly = [each for each in routes if isinstance(each, Route) and each.matches(scope)[0] is Match.PARTIAL]
    return sorted({method for each in partly for method in each.methods or ()})


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the records that are answered."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description="The verbs of the command line, for programs. Send a token: `Authorization: Bearer tm_…`.",
            routes=app.routes,
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        clashing = schemas.keys() & SCHEMAS.components.keys()
        if clashing:
            raise TypeError(f"the API describes {', '.join(sorted(clashing))} twice")
        schemas |= SCHEMAS.components
        made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
        app.openapi_schema = made
    return app.openapi_schema
