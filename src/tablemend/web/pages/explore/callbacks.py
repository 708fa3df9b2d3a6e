"""The callbacks of the page Explore."""

from __future__ import annotations

import dash
from dash import ALL, MATCH, ClientsideFunction, Input, Output, State

from tablemend.web.components import following
from tablemend.web.doing import register
from tablemend.web.pages.explore import layout
from tablemend.web.pages.explore.subject import PAGE
from tablemend.web.site import Site

_FIND, _PICK = "find", "pick"
_KINDS = (_FIND, _PICK)


def callbacks(app: dash.Dash, site: Site) -> None:
    """Register them."""
    register(app, site, PAGE, following.ACTIONS, layout.draw)
    following.callbacks(app, site, PAGE, layout.mark)
    app.clientside_callback(
        ClientsideFunction(PAGE, "find"),
        Output({"kind": _FIND, "name": MATCH}, "data"),
        Input({"kind": _FIND, "name": MATCH}, "searchValue"),
        State({"kind": _FIND, "name": MATCH}, "value"),
        State({"kind": _FIND, "name": MATCH}, "id"),
        State({"kind": _FIND, "name": MATCH}, "data"),
        State("explore-about", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction(PAGE, "choose"),
        Output("address", "search", allow_duplicate=True),
        *(Input({"kind": kind, "name": ALL}, "value") for kind in _KINDS),
        *(State({"kind": kind, "name": ALL}, "id") for kind in _KINDS),
        State("explore-about", "data"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction(PAGE, "values"), Output("explore-heatmap", "title"), Input("explore-values", "data")
    )
