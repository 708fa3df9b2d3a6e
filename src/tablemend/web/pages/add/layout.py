"""The page Add data: its ways, which have an address each.

All ways are on the page at once, and one is shown: what was typed or uploaded stays while another one is looked at.
"""

from __future__ import annotations

from typing import Any

import dash
from dash import Input, Output, State, html

from tablemend.errors import Forbidden
from tablemend.web.address import Address, parse
from tablemend.web.components import asking, basics, forms
from tablemend.web.doing import box, drawn
from tablemend.web.identity import require
from tablemend.web.pages.add import database, sample, upload, web
from tablemend.web.site import Site

WAYS = {"upload": "Upload a file", "database": "Database", "web": "Web address", "sample": "Faulty sample"}
_DRAW = {"upload": upload.draw, "database": database.draw, "web": web.draw, "sample": sample.draw}


def layout(site: Site, address: Address) -> Any:
    """The page."""
    try:
        require("scan")
    except Forbidden as problem:
        return [basics.header("Add data"), _refused(site, problem)]
    way = _way(address)
    parts = [
        html.Div(box(name, drawn(draw, site, address)), className=f"tm-way tm-way-{name}")
        for name, draw in _DRAW.items()
    ]
    return [
        basics.header("Add data", note="Nothing of the source is changed; a scan finds what is wrong with it."),
        asking.place("add"),
        html.Div([html.Div(_tabs(way), id="add-tabs"), *parts], id="add-ways", className=_shown(way)),
    ]


def _refused(site: Site, problem: Forbidden) -> Any:
    """Why somebody cannot add data, and whom to ask."""
    admins = [each.name for each in site.base.accounts.users() if each.role == "admin" and not each.disabled]
    asked = f" Admins here: {', '.join(admins)}." if admins else ""
    return basics.notice("You can look, but not add data", f"{problem}.", hint=f"{problem.hint}{asked}", color="yellow")


def _way(address: Address) -> str:
    given = address.query.get("from", "upload")
    return given if given in WAYS else "upload"


def _tabs(way: str) -> html.Nav:
    return forms.tabs("/add", "from", WAYS, way)


def _shown(way: str) -> str:
    return f"tm-ways tm-ways-{way}"


def callbacks(app: dash.Dash) -> None:
    """Show the way that the address names."""

    @app.callback(
        Output("add-tabs", "children"),
        Output("add-ways", "className"),
        Input("address", "search"),
        State("address", "pathname"),
        prevent_initial_call=True,
    )
    def turn(search: str, path: str) -> tuple[Any, Any]:
        address = parse(path, search)
        if address.name != "add":
            return dash.no_update, dash.no_update
        return _tabs(_way(address)), _shown(_way(address))
