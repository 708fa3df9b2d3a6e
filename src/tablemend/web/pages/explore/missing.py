"""Names that are not there, with those that are nearest."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from tablemend.errors import NotFound
from tablemend.web.address import Address, path
from tablemend.web.components import basics
from tablemend.web.pages.explore import choosing
from tablemend.web.pages.explore.subject import PAGE, Subject
from tablemend.web.site import Site


def matrix(site: Site, address: Address, problem: NotFound) -> list[Any]:
    """That there is no such matrix or version, with those that there are."""
    known = [dcc.Link(each.name, href=path(PAGE, each.name)) for each in site.workspace.explore.all()]
    return [
        basics.header("There is no such matrix or version", back=("Explore", path(PAGE))),
        basics.notice(address.subject, f"{problem}.", hint=problem.hint or "", color="yellow"),
        _links("There are", known),
    ]


def name(subject: Subject, problem: NotFound) -> list[Any]:
    """That a feature, an entity or a field is not there; the nearest names lead to the same view of them."""
    return [
        choosing.controls(subject),
        basics.notice("There is nothing of that name", f"{problem}.", hint=problem.hint or "", color="yellow"),
        _links("Nearest names", _nearest(subject)),
    ]


def _nearest(subject: Subject) -> list[dcc.Link]:
    given = subject.given
    wanted: list[tuple[str, str, str]] = []
    if given.part in ("feature", "entity"):
        side = {"feature": "features", "entity": "entities"}[given.part]
        wanted = [(given.part, side, getattr(given, given.part))]
    elif given.part in ("together", "heatmap"):
        wanted = [(side, side, each) for side in ("entities", "features") for each in getattr(given, side)]
    for key, side, each in wanted:
        if near := subject.nearest(side, each) if each else []:
            return [dcc.Link(one, href=subject.here(**{key: _with(subject, key, each, one)})) for one in near]
    return []


def _with(subject: Subject, key: str, wrong: str, right: str) -> Any:
    """What is chosen with another name in the place of one."""
    chosen = getattr(subject.given, key)
    return [right if each == wrong else each for each in chosen] if isinstance(chosen, tuple) else right


def _links(title: str, found: list[dcc.Link]) -> Any:
    if not found:
        return None
    return html.Nav(
        [html.Div(title, className="tm-h3"), html.Ul([html.Li(each) for each in found], className="tm-points")],
        **{"aria-label": title},
    )
