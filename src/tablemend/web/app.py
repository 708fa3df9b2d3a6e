"""The whole server as one ASGI app."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from a2wsgi import WSGIMiddleware
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from tablemend.web import api, dashboard, rows
from tablemend.web.bundles import Bundles
from tablemend.web.site import Site

THREADS = 12
"""Requests of pages that are worked on at once; measured: enough that one that blocks for seconds holds nobody up."""


def create(site: Site) -> FastAPI:
    """Everything that is served, without sign-in around it."""
    app = FastAPI(
        title="tablemend",
        version=importlib.metadata.version("tablemend"),
        docs_url=None,  # it would load its scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.site = site
    app.include_router(rows.router(site))
    api.include(app, site)
    dash_app = dashboard.make(site)
    app.state.dash = dash_app
    app.mount("/static", StaticFiles(directory=dashboard.folder() / "static"), name="static")
    inner: Any = WSGIMiddleware(dash_app.server, workers=THREADS)
    app.mount("/", Bundles(inner))
    return app
