"""Scanning and healing, in the background."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field, model_validator

from tablemend.store.jobs import Job
from tablemend.web.api import places
from tablemend.web.api.body import Body, Name, Place
from tablemend.web.api.routes import Routes
from tablemend.web.site import Site


class Reading(Body):
    """A source, and how it is to be read."""

    source: Place | None = Field(None, description="A URL, a database, or a file that the setting serve_paths allows.")
    upload: Name | None = Field(None, description="Id of an upload.")
    name: Name | None = Field(None, description="Of the dataset.")
    table: Name | None = None
    sql: Place | None = Field(None, description="One SELECT instead of a table.")
    sheet: Name | None = None
    delimiter: Name | None = None
    encoding: Name | None = None

    @property
    def options(self) -> dict[str, str]:
        """How it is to be read."""
        names = ("table", "sql", "sheet", "delimiter", "encoding")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @property
    def named(self) -> int:
        """How many sources are named."""
        return sum(each is not None for each in (self.source, self.upload))

    def place(self, site: Site) -> str:
        """Where the source is; raises NotFound, or SourceNotFound for a file that may not be named."""
        if self.upload is not None:
            return str(site.workspace.uploads.path(self.upload))
        return places.source(site, self.source or "")


class Scanning(Reading):
    """What to scan: one of source, upload and dataset."""

    dataset: Place | None = Field(None, description="The newest version of a dataset, instead of a source.")

    @property
    def named(self) -> int:
        """How many sources are named."""
        return super().named + (self.dataset is not None)

    @model_validator(mode="after")
    def _one(self) -> Scanning:
        if self.named != 1:
            raise ValueError("name one of source, upload and dataset")
        if self.dataset is not None and (self.options or self.name):
            raise ValueError("a dataset is scanned as it is: leave out name and options")
        return self


class Healing(Reading):
    """What to heal: one of source and upload; and who approves."""

    policy: Literal["gate", "all", "none"] = Field(
        "gate", description="What the gate approves; what is likelier right than wrong; nothing."
    )
    keep_rows: bool = Field(default=False, description="Never remove or merge a row.")

    @model_validator(mode="after")
    def _one(self) -> Healing:
        if self.named != 1:
            raise ValueError("name one of source and upload")
        return self


def router(site: Site) -> APIRouter:
    """The endpoints of scans."""
    routes = Routes("scans")

    @routes.post("/scans", right="scan", answers=Job, status=202)
    def scan(asked: Scanning) -> Any:
        """Find what is wrong with a source and propose repairs; nothing is changed."""
        if asked.dataset is not None:
            return site.submit("rescan", dataset=asked.dataset)
        return site.submit("scan", source=asked.place(site), options=asked.options, name=asked.name)

    @routes.post("/heals", right="apply", answers=Job, status=202)
    def heal(asked: Healing) -> Any:
        """Scan, decide by a policy, and apply, in one go."""
        return site.submit(
            "heal",
            source=asked.place(site),
            options=asked.options,
            name=asked.name,
            policy=asked.policy,
            keep_rows=asked.keep_rows,
        )

    return routes.router
