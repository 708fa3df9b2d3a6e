"""The callbacks of the page Intelligence."""

from __future__ import annotations

import dash
from dash import ClientsideFunction, Input, Output

from tablemend.web.components import asking, following
from tablemend.web.doing import register
from tablemend.web.pages.intelligence import layout, scoring
from tablemend.web.site import Site

ACTIONS = {**scoring.ACTIONS, **following.ACTIONS}


def callbacks(app: dash.Dash, site: Site) -> None:
    """Register them."""
    asking.callbacks(app, site, layout.PAGE)
    register(app, site, layout.PAGE, ACTIONS, layout.draw)
    following.callbacks(app, site, layout.PAGE, layout.mark)
    app.clientside_callback(
        ClientsideFunction("pages", "uploaded"),
        Output({"kind": "field", "page": layout.PAGE, "field": "upload"}, "value"),
        Input(f"{layout.PAGE}-upload", "data"),
        prevent_initial_call=True,
    )
