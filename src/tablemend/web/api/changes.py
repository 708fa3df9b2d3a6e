"""What changes datasets: applying, undoing, writing to databases."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field, model_validator

from tablemend.records import ChangeSet
from tablemend.store.jobs import Job
from tablemend.store.writes import Write
from tablemend.web.api import places
from tablemend.web.api.body import LARGEST, Body, Limit, Name, Offset, Place
from tablemend.web.api.items import Cell, cells
from tablemend.web.api.page import Page, page
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site

ChangePath = Annotated[str, Path(max_length=500, description="Id of a change set.")]

_TO = "`source` for the table that was read, or the URL of a table; a password is used and never shown."


class Applying(Body):
    """What to apply."""

    run: Name
    keep_rows: bool = Field(default=False, description="Never remove or merge a row.")
    to: Place | None = Field(None, description=_TO)


class Undoing(Body):
    """What to undo: a whole change set, one repair of it, or one cell."""

    change_set: Name
    repair: Name | None = None
    row: Annotated[int, Field(ge=1, le=LARGEST)] | None = None
    column: Name | None = None
    force: bool = Field(default=False, description="Also what has changed again since.")
    to: Place | None = Field(None, description=_TO)

    @model_validator(mode="after")
    def _whole_cell(self) -> Undoing:
        if (self.row is None) != (self.column is None):
            raise ValueError("a cell has a row and a column: name both, or none")
        return self


class Writing(Body):
    """What to write to a database."""

    change_set: Name
    to: Place = Field("source", description=_TO)


def router(site: Site) -> APIRouter:
    """The endpoints of changes."""
    routes = Routes("changes")
    _actions(routes, site)
    _looks(routes, site)
    return routes.router


def _actions(routes: Routes, site: Site) -> None:
    @routes.post("/apply", right="apply", answers=Job, status=202)
    def apply(asked: Applying) -> Any:
        """Carry out the approved repairs of a run as a new version of its dataset."""
        to = places.target(site, asked.to)
        return site.submit("apply", run=asked.run, keep_rows=asked.keep_rows, to=to)

    @routes.post("/undo", right="apply", answers=Job, status=202)
    def undo(asked: Undoing) -> Any:
        """Undo a change set, one repair or one cell of it, also after later changes, as a new version."""
        return site.submit(
            "undo",
            change_set=asked.change_set,
            repair=asked.repair,
            row=asked.row,
            column=asked.column,
            force=asked.force,
            to=places.target(site, asked.to),
        )

    @routes.post("/writes", right="apply", answers=Job, status=202)
    def write_back(asked: Writing) -> Any:
        """Write what a change set changed to the table that was read; rows that others changed are left alone."""
        return site.submit("write_back", change_set=asked.change_set, to=places.target(site, asked.to))


def _looks(routes: Routes, site: Site) -> None:
    @routes.get("/writes", right="read", answers=tuple[Write, ...])
    def list_writes(change_set: Annotated[str | None, Query(max_length=500)] = None) -> Any:
        """List what was written to databases, oldest first."""
        return tuple(site.workspace.writes(change_set))

    @routes.get("/change-sets", right="read", answers=Page[ChangeSet])
    def list_change_sets(
        dataset: Annotated[str | None, Query(max_length=4_000)] = None, limit: Limit = 100, offset: Offset = 0
    ) -> Any:
        """List change sets, newest first."""
        return page(site.workspace.change_sets(dataset)[::-1], offset, limit, lambda each: each)

    @routes.get("/change-sets/{change_set}", right="read", answers=ChangeSet)
    def get_change_set(change_set: ChangePath) -> Any:
        """Show a change set with the outcome of every repair."""
        return site.workspace.store.change_sets.get(change_set)

    @routes.get("/change-sets/{change_set}/cells", right="read", answers=Page[Cell])
    def list_changed_cells(change_set: ChangePath, limit: Limit = 100, offset: Offset = 0) -> Any:
        """List every cell that a change set changed."""
        ws = site.workspace
        return cells(ws.snapshots.read_changes(ws.store.change_sets.get(change_set).changes), offset, limit)
