"""The matrices that there are."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from tablemend.store.matrices import Manifest
from tablemend.web.address import path
from tablemend.web.components import basics
from tablemend.web.pages.explore.subject import PAGE
from tablemend.web.site import Site

_NOTE = "Measurements of entities by features, such as cultures by metabolites: every question about them at once."
_HEAD = ("matrix", "version", "entities", "features", "measured", "loaded", "source")
_LOAD = """tablemend explore load cultures.tsv --name cultures \\
  --samples samples.tsv --features metabolites.csv --entity strain"""


def draw(site: Site) -> list[Any]:
    """The newest version of each, or how one is loaded."""
    found = site.workspace.explore.all()
    head = basics.header("Explore", note=_NOTE)
    if not found:
        return [head, _none()]
    return [head, basics.table(_HEAD, [_row(each) for each in found], label="Matrices", numbers=range(1, 5))]


def share(manifest: Manifest) -> str:
    """How much of a matrix was measured."""
    cells = manifest.samples * manifest.features
    return f"{manifest.measured / cells:.1%}" if cells else "–"


def _row(each: Manifest) -> tuple[Any, ...]:
    return (
        dcc.Link(each.name, href=path(PAGE, each.name), className="tm-strong"),
        f"{each.version:,}",
        f"{each.entities:,}",
        f"{each.features:,}",
        share(each),
        basics.when(each.at),
        html.Span(each.source, className="tm-source"),
    )


def _none() -> html.Div:
    how = html.P(
        [
            "A table of measurements is read by ",
            html.Code("tablemend explore load"),
            ": a row a sample and a column a feature, or a row a measurement. Tables about samples and features are "
            "joined to it, and samples become replicates of an entity.",
        ]
    )
    return basics.empty(
        "No matrix yet",
        "A matrix holds what was measured of every feature in every entity, with its replicates.",
        html.Div([how, html.Pre(_LOAD, tabIndex=0, **{"aria-label": "How to load a matrix"})], className="tm-below"),
    )
