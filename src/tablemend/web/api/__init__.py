"""The interface for programs: every verb of the command line over HTTP, under /api/v1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from tablemend.web.api import problems
from tablemend.web.api.routes import PREFIX, SCHEMAS
from tablemend.web.site import Site

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def include(app: FastAPI, site: Site) -> None:
    """Add every endpoint to an app, and the answers to errors; to be called after other parts under /api."""
    routers = [noun.router(site) for noun in nouns()]
    for each in routers:
        app.include_router(each, prefix=PREFIX)
    problems.handle(app)

    async def nothing(request: Request) -> None:
        """Refuse what no endpoint takes, before the pages answer it."""
        methods = _methods(request, routers)
        if methods:
            detail = f"{request.url.path} takes {', '.join(methods)}, not {request.method}"
            raise HTTPException(405, detail, {"Allow": ", ".join(methods)})
        raise HTTPException(404, f"nothing is at {request.url.path}")

    app.add_api_route("/api/{rest:path}", nothing, methods=METHODS, include_in_schema=False)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]


def _methods(request: Request, routers: Sequence[APIRouter]) -> list[str]:
    """The methods that an address takes."""
    scope = {**request.scope, "root_path": request.scope.get("root_path", "") + PREFIX}
    routes = [route for router in routers for route in router.routes]
    partly = [each for each in routes if isinstance(each, Route) and each.matches(scope)[0] is Match.PARTIAL]
    return sorted({method for each in partly for method in each.methods or ()})


def nouns() -> tuple[Any, ...]:
    """Every noun that has endpoints, in the order of the document."""
    from tablemend.web.api import (
        account,
        audit,
        cache,
        changes,
        datasets,
        decisions,
        downloads,
        gates,
        intel,
        items,
        jobs,
        learning,
        runs,
        scans,
        uploads,
        users,
    )

    reading = (datasets, downloads, uploads, scans, items, decisions, changes)
    return (*reading, jobs, runs, gates, learning, intel, cache, audit, users, account)


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the records that are answered."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description="Every verb of the command line, for programs. Send a token: `Authorization: Bearer tm_…`.",
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
