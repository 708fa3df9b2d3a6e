"""The page Explore: the matrices, and the parts of one, which have an address each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import dcc, html

from tablemend.errors import NotFound
from tablemend.store.matrices import Manifest, MatrixProblem
from tablemend.web.address import Address, path
from tablemend.web.components import basics, following, forms
from tablemend.web.doing import box, drawn
from tablemend.web.exploring import PARTS
from tablemend.web.pages.explore import (
    against,
    choosing,
    compare,
    heatmap,
    listing,
    missing,
    ranking,
    regions,
    strongest,
    together,
    trend,
)
from tablemend.web.pages.explore.subject import COMPARED, PAGE, Subject
from tablemend.web.site import Site

_DRAW: dict[str, Callable[[Subject], Any]] = {
    "feature": ranking.feature,
    "entity": ranking.entity,
    "together": together.section,
    "strongest": strongest.section,
    "heatmap": heatmap.section,
    "compare": compare.section,
    "regions": regions.section,
    "trend": trend.section,
    "against": against.section,
}


def layout(site: Site, address: Address) -> Any:
    """The page."""
    return html.Div(box(PAGE, drawn(draw, site, address)))


def draw(site: Site, address: Address) -> Any:
    """What the page shows at an address, with the state that it was drawn in."""
    place = following.place(PAGE, site.workspace.store.writes_counted(), mark(site, address))
    if not address.subject:
        return [place, *listing.draw(site)]
    try:
        subject = Subject(site, address)
    except NotFound as problem:
        return [place, *missing.matrix(site, address, problem)]
    return [
        place,
        *_head(subject),
        *_body(subject),
    ]


def mark(site: Site, address: Address) -> str:
    """Changes with a new version of a matrix that is shown."""
    found = site.workspace.explore.all()
    every = not address.subject or address.query.get("part") == "against"
    return following.mark_of([(each.name, each.version) for each in found if every or each.name == address.subject])


def _body(subject: Subject) -> list[Any]:
    """The part that is chosen, or which name of it is not there, with what its fields are drawn with."""
    try:
        part = _DRAW[subject.given.part](subject)
    except NotFound as problem:
        part = missing.name(subject, problem)
    about = {"matrix": subject.name, "version": subject.given.version, "drawn": choosing.drawn(subject)}
    about |= {"clears": choosing.CLEARS}
    return [dcc.Store(id="explore-about", data=about), html.Div(part, className="tm-tab-body tm-explored")]


def _head(subject: Subject) -> list[Any]:
    found = subject.manifest
    version = f"version {found.version}" + (f" of {subject.newest}" if found.version < subject.newest else "")
    size = f"{found.entities:,} entities × {found.features:,} features, {listing.share(found)} measured"
    note = [version, ", ", size, ", loaded ", basics.when(found.at), " from ", found.source]
    newest = dcc.Link("Newest version", href=subject.here(version=None), className="tm-button")
    kept = {
        name: subject.address.query[name]
        for name in ("feature", "entity", "entities", *COMPARED)
        if name in subject.address.query
    }
    return [
        basics.header(
            found.name,
            newest if found.version < subject.newest else None,
            note=note,
            back=("Explore", path(PAGE)),
        ),
        _problems(found),
        forms.tabs(path(PAGE, found.name), "part", PARTS, subject.given.part, kept | subject.narrowed),
    ]


def _problems(found: Manifest) -> html.Details | None:
    """What was not as it should be when it was read."""
    if not found.problems:
        return None
    return html.Details(
        [
            html.Summary(f"Found on reading: {', '.join(each.kind for each in found.problems)}"),
            html.Ul([_problem(each) for each in found.problems], className="tm-points"),
        ],
        className="tm-more",
    )


def _problem(each: MatrixProblem) -> html.Li:
    shown = [part for name in each.examples for part in (html.Code(name), ", ")][:-1]
    return html.Li([each.message, *([": ", *shown] if shown else [])])
