"""The page Overview: how every dataset stands, and what is under way."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import dash
import msgspec
from dash import ClientsideFunction, Input, Output, State, dcc, html

from tablemend.store.health import Standing
from tablemend.web.address import Address
from tablemend.web.components import basics, datasets
from tablemend.web.identity import require
from tablemend.web.page import Page
from tablemend.web.site import Site


def layout(site: Site, address: Address) -> Any:
    """The page."""
    del address
    store = site.workspace.store
    seen, standings = store.writes_counted(), store.health.all()
    return [
        dcc.Store(id="overview-seen", data=seen),
        dcc.Store(id="overview-due"),
        dcc.Store(id="overview-mark", data=fingerprint(standings)),
        basics.header("Overview", basics.link_button("Add data", "/add", primary=True), note=note(standings)),
        html.Div(id="overview-jobs", role="status"),
        html.Div(body(standings), id="overview-body"),
    ]


def body(standings: Sequence[Standing]) -> Any:
    """What the page shows of the datasets."""
    if not standings:
        return basics.empty(
            "No data yet",
            "Add a file, a table of a database or an address on the web. tablemend finds what is wrong with it, "
            "proposes repairs, and changes nothing before you approve.",
            basics.link_button("Add data", "/add", primary=True),
            basics.link_button("Try it on the built-in faulty sample", "/add?from=sample"),
        )
    return datasets.table(standings)


def note(standings: Sequence[Standing]) -> str:
    """How much there is, and how much waits."""
    if not standings:
        return "Nothing was scanned here yet."
    number, waiting = len(standings), sum(each.open for each in standings)
    told = f"{number} dataset{'s' if number > 1 else ''}"
    return f"{told}, {waiting:,} item{'' if waiting == 1 else 's'} to review"


def fingerprint(standings: Sequence[Standing]) -> str:
    """Tells apart two states of what is shown; how long ago something was does not count."""
    return hashlib.sha256(msgspec.json.encode(standings)).hexdigest()


def changed(site: Site, mark: str | None) -> tuple[Any, Any]:
    """The body again where something of it has changed, else nothing."""
    require("read")
    standings = site.workspace.store.health.all()
    found = fingerprint(standings)
    return (dash.no_update, dash.no_update) if found == mark else (body(standings), found)


def callbacks(app: dash.Dash, site: Site) -> None:
    """Follow what others decide and what is under way."""
    app.clientside_callback(
        ClientsideFunction("pages", "due"),
        Output("overview-due", "data"),
        Input("live-writes", "data"),
        State("overview-seen", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("pages", "jobs"), Output("overview-jobs", "children"), Input("live-jobs", "data")
    )

    @app.callback(
        Output("overview-body", "children"),
        Output("overview-mark", "data"),
        Input("overview-due", "data"),
        State("overview-mark", "data"),
        prevent_initial_call=True,
    )
    def follow(due: int | None, mark: str | None) -> tuple[Any, Any]:
        del due
        return changed(site, mark)


PAGE = Page(name="", title="Overview", layout=layout, callbacks=callbacks, icon="home")
