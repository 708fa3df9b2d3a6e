"""Runs: how they ended, and what was measured during them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from tablemend.records import Finding, Record, Run, RunReport
from tablemend.web.api.body import Limit
from tablemend.web.api.routes import Content, Routes
from tablemend.web.site import Site

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

RunPath = Annotated[str, Path(max_length=500, description="Id of a run.")]
Kind = Annotated[str | None, Query(max_length=100, description="Such as scan, apply, undo or intel.")]
Status = Annotated[
    str | None, Query(max_length=100, description="One of running, completed, failed, partial, cancelled.")
]


class Runs(Record, frozen=True, kw_only=True):
    """The newest runs, and how many there are of each kind and status."""

    items: tuple[Run, ...]
    totals: dict[str, dict[str, int]]  # kind → status → number


def router(site: Site) -> APIRouter:
    """The endpoints of runs."""
    routes = Routes("runs")

    @routes.get("/runs", right="read", answers=Runs)
    def list_runs(kind: Kind = None, status: Status = None, limit: Limit = 20) -> Any:
        """List runs, newest first, and count all by kind and status."""
        ws = site.workspace
        return Runs(items=tuple(ws.runs(kind=kind, status=status, limit=limit)), totals=ws.run_totals())

    @routes.get("/runs/{run}", right="read", answers=RunReport)
    def get_run(run: RunPath) -> Any:
        """Show a run: how it ended, the settings that it went by, and what was measured."""
        return site.workspace.run_report(run)

    @routes.get("/runs/{run}/findings", right="read", answers=tuple[Finding, ...])
    def list_findings(run: RunPath) -> Any:
        """List what a scan found."""
        return site.workspace.findings(run)

    @routes.get("/metrics", right="read", answers=Content("text/plain"))
    def get_metrics(run: Annotated[str | None, Query(max_length=500)] = None) -> Any:
        """Export metrics as text for Prometheus: of one run, or totals and the figures of the newest of each kind."""
        return Response(site.workspace.prometheus(run), media_type=PROMETHEUS)

    return routes.router
