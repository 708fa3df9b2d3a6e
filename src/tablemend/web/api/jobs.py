"""Jobs: work that goes on in the background."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from tablemend.store.jobs import Job
from tablemend.web.api.body import Limit
from tablemend.web.api.routes import Routes
from tablemend.web.identity import current, require
from tablemend.web.site import Site

JobPath = Annotated[str, Path(max_length=500, description="Id of a job.")]
Status = Literal["queued", "running", "completed", "failed", "cancelled"]
Text = Annotated[str | None, Query(max_length=4_000)]


def router(site: Site) -> APIRouter:
    """The endpoints of jobs."""
    routes = Routes("jobs")

    @routes.get("/jobs", right="read", answers=tuple[Job, ...])
    def list_jobs(
        status: Status | None = None, verb: Text = None, subject: Text = None, by: Text = None, limit: Limit = 100
    ) -> Any:
        """List jobs, newest first."""
        return tuple(site.workspace.jobs.recent(status=status, verb=verb, subject=subject, by=by, limit=limit))

    @routes.get("/jobs/{job}", right="read", answers=Job)
    def get_job(job: JobPath) -> Any:
        """Show a job: how far it is, or what it gave or why it failed."""
        return site.workspace.jobs.get(job)

    @routes.post("/jobs/{job}/cancel", right="scan", answers=Job)
    def cancel_job(job: JobPath) -> Any:
        """End a job that waits, ask one that runs to end; one that is over stays as it is.

        To cancel a job of somebody else needs the right to apply.
        """
        ws = site.workspace
        if ws.jobs.get(job).by != current().name:
            require("apply")
        return ws.jobs.cancel(job)

    return routes.router
