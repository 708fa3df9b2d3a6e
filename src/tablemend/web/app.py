"""The whole server as one ASGI app."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Callable
from typing import Any

import dash
from a2wsgi import WSGIMiddleware
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from tablemend.web import api, dashboard, matrices, rows
from tablemend.web.bundles import Bundles
from tablemend.web.jobs import events
from tablemend.web.jobs.watch import Watch
from tablemend.web.security import OneTimeLinks, SecurityOptions, router, secure
from tablemend.web.site import Site
from tablemend.web.timing import Timed

THREADS = 12
"""Requests of pages that are worked on at once; measured: enough that one that blocks for seconds holds nobody up."""


def create(site: Site, watch: Watch, links: OneTimeLinks, options: SecurityOptions) -> ASGIApp:
    """Everything that is served, behind its protection."""
    app = FastAPI(
        title="tablemend",
        version=importlib.metadata.version("tablemend"),
        docs_url=None,  # it would load its scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.include_router(router(site.base, links, options))
    app.include_router(rows.router(site))
    app.include_router(matrices.router(site))
    api.include(app, site, events.router(site.base, watch))
    pages = dashboard.make(site)
    app.mount("/static", StaticFiles(directory=dashboard.folder() / "static"), name="static")
    inner: Any = WSGIMiddleware(pages.server, workers=THREADS)
    app.mount("/", Bundles(inner))
    return secure(Timed(app, site.times), workspace=site.base, csp=inline_scripts(pages), options=options)


def inline_scripts(pages: dash.Dash) -> Callable[[], str]:
    """The hashes of the scripts that stand in the page itself; they are known once it was asked for."""

    @functools.cache
    def hashes() -> str:
        pages.server.test_client().get("/")
        return " ".join(pages.csp_hashes())

    return hashes
