"""Figures on a page: drawn by Plotly in the browser, with a name, and to be downloaded as SVG or PNG."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dash import dcc, html

from tablemend.web.theme import graph_config

_AXIS = re.compile(r"[xy]axis\d*")
_TALL = 420  # pixels of a figure that does not say


def graph(figure: Mapping[str, Any], *, id: str | dict[str, Any], label: str) -> html.Div:  # noqa: A002
    """The one way to put a figure on a page; `label` says what it shows, and names the files of its downloads."""
    layout = {name: _roomy(name, value) for name, value in figure.get("layout", {}).items()}
    return html.Div(
        [
            dcc.Graph(
                id=id,
                figure={"data": figure.get("data", []), "layout": layout},
                config=graph_config(),
                responsive=True,
                style={"height": f"{layout.get('height', _TALL)}px"},
            ),
            html.Div([_download(kind, label) for kind in ("svg", "png")], className="tm-graph-tools"),
        ],
        className="tm-graph",
        role="figure",
        **{"aria-label": label},
    )


def _roomy(name: str, value: Any) -> Any:
    """An axis makes room for its labels unless it says otherwise."""
    return {"automargin": True} | value if _AXIS.fullmatch(name) else value


def _download(kind: str, label: str) -> html.Button:
    """A button that `graphs.js` answers."""
    return html.Button(
        kind.upper(),
        type="button",
        className="tm-button",
        title=f"Download as {kind.upper()}",
        **{"aria-label": f"Download as {kind.upper()}: {label}", "data-picture": kind, "data-name": _file(label)},
    )


def _file(label: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:80] or "figure"
