"""The callbacks of the page Runs."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, ClientsideFunction, Input, Output, State, set_props

from tablemend.web.address import parse
from tablemend.web.doing import Action, Asked, Done, register
from tablemend.web.identity import current, require
from tablemend.web.pages.runs import layout, listing
from tablemend.web.site import Site


def cancel(site: Site, asked: Asked) -> Done:
    """Ask a job to end: whoever asked for it, and whoever may apply."""
    workspace = site.workspace
    if workspace.jobs.get(asked.key).by != current().name:
        require("apply")
    job = workspace.jobs.cancel(asked.key)
    return Done(title="Cancelled" if job.over else "It is asked to end", message=f"{job.verb} {job.subject}")


ACTIONS = {"cancel": Action(run=cancel, right="scan")}


def callbacks(app: dash.Dash, site: Site) -> None:
    """Register them."""
    register(app, site, "runs", ACTIONS, layout.draw)
    app.clientside_callback(
        ClientsideFunction("admin", "filter"),
        Output("address", "search", allow_duplicate=True),
        Input({"kind": "filter", "name": ALL}, "value"),
        State({"kind": "filter", "name": ALL}, "id"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("admin", "jobs"),
        Output("runs-moved", "data"),
        Input("live-jobs", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("runs-redrawn", "data"),
        Input("runs-moved", "data"),
        State("address", "pathname"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    def moved(_: Any, path: str, search: str) -> Any:
        address = parse(path, search)
        if address.name != "runs":
            return dash.no_update
        if address.query.get("job"):
            from tablemend.web.doing import body, drawn

            set_props("runs-body", {"children": body("runs", drawn(layout.draw, site, address))})
        else:
            set_props("runs-live", {"children": listing.moving(site, address)})
        return dash.no_update
