"""What happens on the page Conflicts."""

from __future__ import annotations

from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State

from tablemend.conflicts import ruleset
from tablemend.web.components import asking, following
from tablemend.web.conflicts import known
from tablemend.web.doing import register
from tablemend.web.pages.conflicts import acting, layout, runs, whatif
from tablemend.web.pages.conflicts.detail import detail
from tablemend.web.pages.conflicts.listing import DECISIONS
from tablemend.web.pages.conflicts.subject import PAGE
from tablemend.web.site import Site

ACTIONS = {**runs.ACTIONS, **whatif.ACTIONS, **following.ACTIONS}
_VERBS = (*(verb for verb, *_ in DECISIONS), "undo")


def callbacks(app: dash.Dash, site: Site) -> None:
    """Register them."""
    asking.callbacks(app, site, PAGE)
    register(app, site, PAGE, ACTIONS, layout.draw)
    following.callbacks(app, site, PAGE, layout.mark)
    _in_the_browser(app)
    _deciding(app, site)
    _looking(app, site)


def _client(app: dash.Dash, name: str, *bound: Any, **options: Any) -> None:
    """A function of assets/conflicts.js, and what it is bound to."""
    app.clientside_callback(ClientsideFunction("conflicts", name), *bound, **options)


def _in_the_browser(app: dash.Dash) -> None:
    _client(app, "load", Output("conflicts-facets", "title"), Input("conflicts-about", "data"))
    _client(
        app,
        "ready",
        Output("conflicts-all", "title"),
        Input("conflicts-grid", "getRowsRequest"),
        prevent_initial_call=True,
    )
    _client(
        app,
        "narrow",
        Output("conflicts-shown", "title"),
        Input("conflicts-search", "value"),
        Input("conflicts-differ", "value"),
        prevent_initial_call=True,
    )
    _client(
        app,
        "refresh",
        Output("conflicts-selected", "title"),
        Input("conflicts-due", "data"),
        Input("conflicts-acted", "data"),
        prevent_initial_call=True,
    )
    _client(
        app,
        "others",
        Output("conflicts-others", "children"),
        Input("live-jobs", "data"),
        State("conflicts-waiting", "data"),
        State("address", "pathname"),
        prevent_initial_call=True,
    )
    _client(
        app,
        "selected",
        Output("conflicts-selected", "children"),
        *(Output(f"conflicts-{name}", "disabled") for name in _VERBS),
        Input("conflicts-grid", "selectedRows"),
        Input("conflicts-focus", "data"),
        Input("conflicts-everything", "data"),
        Input("conflicts-last", "data"),
    )
    _client(
        app,
        "look",
        Output("conflicts-look", "data"),
        *(Input(f"conflicts-{name}", "data") for name in ("focus", "acted", "due")),
        prevent_initial_call=True,
    )
    _client(
        app,
        "act",
        Output("conflicts-act", "data"),
        *(Input(f"conflicts-{name}", "n_clicks") for name in _VERBS),
        State("conflicts-grid", "selectedRows"),
        State("conflicts-focus", "data"),
        State("conflicts-everything", "data"),
        State("conflicts-last", "data"),
        State("conflicts-note", "value"),
        prevent_initial_call=True,
    )


def _deciding(app: dash.Dash, site: Site) -> None:
    @app.callback(
        Output("conflicts-acted", "data"),
        Output("conflicts-last", "data"),
        Output("conflicts-note", "value"),
        Input("conflicts-act", "data"),
        prevent_initial_call=True,
    )
    def act(asked: dict[str, Any] | None) -> Any:
        if not asked:
            raise dash.exceptions.PreventUpdate
        done = acting.act(site, asked)
        if done.notices:
            dash.set_props("notices", {"sendNotifications": done.notices})
        if done.job:
            dash.set_props(f"{PAGE}-waiting", {"data": asking.waiting_for(done.job, "again")})
            return dash.no_update, "", dash.no_update
        return done.at, done.run or dash.no_update, ""


def _looking(app: dash.Dash, site: Site) -> None:
    @app.callback(
        Output("conflicts-detail", "children"),
        Input("conflicts-look", "data"),
        State("conflicts-about", "data"),
        prevent_initial_call=True,
    )
    def show(look: dict[str, Any] | None, about: dict[str, Any]) -> Any:
        if not look:
            raise dash.exceptions.PreventUpdate
        return shown(site, about["job"], look["item"])


def shown(site: Site, job: str, conflict: str) -> list[Any]:
    """One conflict of a job in detail."""
    conflicts = site.workspace.conflicts
    rules = ruleset.load(conflicts.job(known(site, job)).rules)
    row = conflicts.get(job, conflict, rules=rules)
    return detail(rules, row, conflicts.history(job, conflict, rules=rules))
