"""Schedules: sources that are read again and again; and the alerts that this gives rise to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from msgspec.structs import replace
from pydantic import Field, model_validator

from tablemend.store.alerts import Alert
from tablemend.store.jobs import Job
from tablemend.store.schedules import Schedule
from tablemend.web.api import places
from tablemend.web.api.body import Body, Limit, Name, Place
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site

SchedulePath = Annotated[str, Path(max_length=500, description="Id or name of a schedule.")]
AlertPath = Annotated[str, Path(max_length=500, description="Id of an alert.")]
Text = Annotated[str | None, Query(max_length=500)]


class Scheduling(Body):
    """A source to read again and again."""

    source: Place = Field(description="A URL, a database, or a file that the setting serve_paths allows; no password.")
    interval: Name = Field(description="Like 30s, 15m, 1h, 1d, or a number of seconds.")
    name: Name | None = Field(None, description="Of the schedule and its dataset.")
    threshold: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = Field(
        None, description="An alert is raised where the score is below."
    )
    table: Name | None = None
    sql: Place | None = None
    sheet: Name | None = None
    delimiter: Name | None = None
    encoding: Name | None = None

    @property
    def options(self) -> dict[str, str]:
        """How it is to be read."""
        names = ("table", "sql", "sheet", "delimiter", "encoding")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class Rescheduling(Body):
    """What is to be otherwise; what is not named stays."""

    interval: Name | None = Field(None, description="Like 30s, 15m, 1h, 1d, or a number of seconds.")
    threshold: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None
    no_threshold: bool = Field(default=False, description="Go by the setting alert_threshold instead.")

    @model_validator(mode="after")
    def _one(self) -> Rescheduling:
        if self.no_threshold and self.threshold is not None:
            raise ValueError("there is a threshold or there is none: leave one of them out")
        return self


def router(site: Site) -> APIRouter:
    """The endpoints of schedules and alerts."""
    routes = Routes("schedules and alerts")
    _schedules(routes, site)
    _alerts(routes, site)
    return routes.router


def _schedules(routes: Routes, site: Site) -> None:
    @routes.get("/schedules", right="read", answers=tuple[Schedule, ...])
    def list_schedules() -> Any:
        """List the schedules, oldest first."""
        return tuple(site.workspace.schedules.list())

    @routes.get("/schedules/{schedule}", right="read", answers=Schedule)
    def get_schedule(schedule: SchedulePath) -> Any:
        """Show a schedule."""
        return site.workspace.schedules.get(schedule)

    @routes.post("/schedules", right="admin", answers=Schedule, status=201)
    def add_schedule(asked: Scheduling) -> Any:
        """Read a source again at an interval, first at once."""
        return site.workspace.schedules.add(
            places.source(site, asked.source),
            interval=asked.interval,
            name=asked.name,
            options=asked.options,
            threshold=asked.threshold,
        )

    @routes.put("/schedules/{schedule}", right="admin", answers=Schedule)
    def change_schedule(schedule: SchedulePath, asked: Rescheduling) -> Any:
        """Read a source at another interval, or tell below another score."""
        return site.workspace.schedules.change(
            schedule, interval=asked.interval, threshold=asked.threshold, no_threshold=asked.no_threshold
        )

    @routes.post("/schedules/{schedule}/pause", right="admin", answers=Schedule)
    def pause_schedule(schedule: SchedulePath) -> Any:
        """Do not read a source until it is resumed."""
        return site.workspace.schedules.pause(schedule)

    @routes.post("/schedules/{schedule}/resume", right="admin", answers=Schedule)
    def resume_schedule(schedule: SchedulePath) -> Any:
        """Read a source again; at once if its time has come meanwhile."""
        return site.workspace.schedules.resume(schedule)

    @routes.post("/schedules/{schedule}/run", right="admin", answers=Job, status=202)
    def run_schedule(schedule: SchedulePath) -> Any:
        """Read a source now; its plan stays as it is."""
        return site.workspace.schedules.run_now(schedule)

    @routes.delete("/schedules/{schedule}", right="admin", answers=Schedule)
    def remove_schedule(schedule: SchedulePath) -> Any:
        """Forget a schedule; its dataset and all its versions stay."""
        return site.workspace.schedules.remove(schedule)


def _alerts(routes: Routes, site: Site) -> None:
    @routes.get("/alerts", right="read", answers=tuple[Alert, ...])
    def list_alerts(kind: Text = None, dataset: Text = None, limit: Limit = 100) -> Any:
        """List alerts, newest first, with how each was delivered."""
        return tuple(map(_shown, site.workspace.alerts.recent(kind=kind, dataset=dataset, limit=limit)))

    @routes.get("/alerts/{alert}", right="read", answers=Alert)
    def get_alert(alert: AlertPath) -> Any:
        """Show an alert."""
        return _shown(site.workspace.alerts.get(alert))

    @routes.post("/alerts/test", right="admin", answers=Alert, status=201)
    def test_alerts() -> Any:
        """Raise an alert that only tries whether alerts arrive; the server delivers it as every other."""
        return _shown(site.workspace.alerts.test())


def _shown(alert: Alert) -> Alert:
    """An alert without the process that delivers it."""
    return replace(alert, deliveries=tuple(replace(each, sender=None) for each in alert.deliveries))
