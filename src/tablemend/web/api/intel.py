"""News and market intelligence: stories scored, told in a brief, compared."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, model_validator
from starlette.responses import Response

from tablemend.intel.brief import Brief
from tablemend.intel.compare import Comparison
from tablemend.intel.story import Rejection
from tablemend.records import Record
from tablemend.store.jobs import Job
from tablemend.web.api import places
from tablemend.web.api.body import Body, Name, Place
from tablemend.web.api.routes import Routes
from tablemend.web.api.runs import RunPath
from tablemend.web.site import Site
from tablemend.workspace.shelf import Shelf

_TEXTS = {"md": "text/markdown", "html": "text/html", "csv": "text/csv"}
_SHUT_IN = "sandbox; default-src 'none'; style-src 'unsafe-inline'"

RunQuery = Annotated[str | None, Query(max_length=500, description="By default the newest.")]
Days = Annotated[float | None, Query(gt=0, allow_inf_nan=False, description="Only stories of the last so many days.")]


class ScoringStories(Body):
    """Stories to score: one of source and upload."""

    source: Place | None = Field(None, description="A URL, or a file that the setting serve_paths allows.")
    upload: Name | None = Field(None, description="Id of an upload.")
    scorecard: Place = Field(
        "brand", description="One that can be chosen, or a file that the setting serve_paths allows."
    )
    gate: Place = Field("intel", description="One that can be chosen, or a file that the setting serve_paths allows.")
    source_name: Name | None = Field(None, description="Put before every id, as NAME:ID.")

    @model_validator(mode="after")
    def _one(self) -> ScoringStories:
        if (self.source is None) == (self.upload is None):
            raise ValueError("name one of source and upload")
        return self


class IntelSummary(Record, frozen=True, kw_only=True):
    """A finished run over stories; `/items` lists them."""

    run: str
    source: str
    source_name: str
    kind: str  # jsonl, json, csv, rss, atom, json feed
    now: datetime  # the moment that ages are counted to
    scorecard: str
    gate: str
    read: int
    counts: dict[str, int]  # promote, monitor, block, rejected: they add up to what was read
    bands: dict[str, int]
    groups: int  # events
    rejected: tuple[Rejection, ...]
    seconds: dict[str, float]  # by stage


def router(site: Site) -> APIRouter:
    """The endpoints of intelligence."""
    routes = Routes("intelligence")
    _scoring(routes, site)
    _telling(routes, site)
    return routes.router


def _scoring(routes: Routes, site: Site) -> None:
    @routes.post("/intel/scores", right="scan", answers=Job, status=202)
    def score_intel(asked: ScoringStories) -> Any:
        """Score the stories of a source, and let the gate decide on what no person has decided."""
        upload = asked.upload
        where = str(site.workspace.uploads.path(upload)) if upload else places.source(site, asked.source or "")
        return site.submit(
            "score_intel",
            items=where,
            scorecard=_named(site, asked.scorecard, site.workspace.configuration.scorecards),
            gate=_named(site, asked.gate, site.workspace.configuration.gates),
            source_name=asked.source_name,
        )


def _telling(routes: Routes, site: Site) -> None:
    @routes.get("/intel/brief", right="read", answers=Brief, media=tuple(_TEXTS.values()))
    def get_brief(
        run: RunQuery = None,
        days: Days = None,
        format: Literal["json", "md", "html", "csv"] = "json",  # noqa: A002
    ) -> Any:
        """Tell a run by band: claims, sources, notes, and who decided what and why."""
        made = site.workspace.brief(run, days=days)
        if format == "json":
            return made
        from tablemend.intel.brief_format import render

        headers = {"Content-Security-Policy": _SHUT_IN} if format == "html" else {}
        return Response(render(made, format), media_type=_TEXTS[format], headers=headers)

    @routes.get("/intel/compare", right="read", answers=Comparison)
    def compare_intel(
        before: Annotated[str, Query(max_length=500)], after: Annotated[str, Query(max_length=500)]
    ) -> Any:
        """Show what differs between two runs: stories, bands, totals, and keys of scorecard, policy and gate."""
        return site.workspace.compare_intel(before, after)

    @routes.get("/intel/runs/{run}", right="read", answers=IntelSummary)
    def get_intel_run(run: RunPath) -> Any:
        """Show a finished run over stories, with the entries that were rejected and why."""
        found = site.workspace.intel(run)
        terms = found.terms
        return IntelSummary(
            run=found.run,
            source=terms.source,
            source_name=terms.source_name,
            kind=terms.kind,
            now=terms.now,
            scorecard=terms.scorecard.name,
            gate=terms.gate.name,
            read=found.read,
            counts=found.counts,
            bands=dict(Counter(str(each.body["band"]) for each in found.items)),
            groups=len({each.body["group"] for each in found.items}),
            rejected=found.rejected,
            seconds=found.seconds,
        )


def _named(site: Site, name: str, shelf: Shelf) -> str:
    """One that can be chosen by its name, or a file that whoever asks may name."""
    chosen = next((each.what for each in shelf.all() if each.name == name), None)
    return places.source(site, name) if chosen is None else chosen
