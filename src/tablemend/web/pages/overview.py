"""The page Overview: how every dataset stands, and what is under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, dcc, html

from tablemend.store.health import Standing
from tablemend.web.address import Address
from tablemend.web.components import allowed, basics, datasets, following
from tablemend.web.components.allowed import may
from tablemend.web.identity import require
from tablemend.web.page import Page
from tablemend.web.pages.runs import alerts
from tablemend.web.site import Site


def layout(site: Site, address: Address) -> Any:
    """The page."""
    del address
    store = site.workspace.store
    seen, standings = store.writes_counted(), store.health.all()
    return [
        dcc.Store(id="overview-seen", data=seen),
        dcc.Store(id="overview-due"),
        dcc.Store(id="overview-mark", data=mark(site)),
        basics.header("Overview", _add(), note=html.Span(note(standings), id="overview-note")),
        html.Div(id="overview-jobs", role="status"),
        html.Div([alerts.calm(site), body(standings)], id="overview-body"),
    ]


def _add() -> Any:
    return basics.link_button("Add data", "/add", primary=True) if may("scan") else None


def body(standings: Sequence[Standing]) -> Any:
    """What the page shows of the datasets."""
    if not standings:
        return basics.empty(
            "No data yet",
            "Add a file, a table of a database or an address on the web. tablemend finds what is wrong with it, "
            "proposes repairs, and changes nothing before you approve.",
            _add(),
            basics.link_button("Try it on the built-in faulty sample", "/add?from=sample") if may("scan") else None,
            allowed.note("scan"),
        )
    return datasets.table(standings)


def note(standings: Sequence[Standing]) -> str:
    """How much there is, and how much waits."""
    if not standings:
        return "Nothing was scanned here yet."
    number, waiting = len(standings), sum(each.open for each in standings)
    told = f"{number} dataset{'s' if number > 1 else ''}"
    return f"{told}, {waiting:,} item{'' if waiting == 1 else 's'} to review"


def mark(site: Site) -> str:
    """Tells apart two states of what is shown; how long ago something was does not count."""
    workspace = site.workspace
    told = [(each.id, each.message) for each in workspace.alerts.standing(days=alerts.DAYS)]
    return following.mark_of((workspace.store.health.all(), told))


def changed(site: Site, drawn: str | None) -> tuple[Any, Any, Any]:
    """Body, note and mark again where something of it has changed, else nothing."""
    require("read")
    found = mark(site)
    if found == drawn:
        return dash.no_update, dash.no_update, dash.no_update
    standings = site.workspace.store.health.all()
    return [alerts.calm(site), body(standings)], note(standings), found


def callbacks(app: dash.Dash, site: Site) -> None:
    """Follow what others decide and what is under way."""
    following.waits(app, "overview")
    app.clientside_callback(
        ClientsideFunction("pages", "jobs"), Output("overview-jobs", "children"), Input("live-jobs", "data")
    )

    @app.callback(
        Output("overview-body", "children"),
        Output("overview-note", "children"),
        Output("overview-mark", "data"),
        Input("overview-due", "data"),
        State("overview-mark", "data"),
        prevent_initial_call=True,
    )
    def follow(due: int | None, drawn: str | None) -> tuple[Any, Any, Any]:
        del due
        return changed(site, drawn)


PAGE = Page(name="", title="Overview", layout=layout, callbacks=callbacks, icon="home")
