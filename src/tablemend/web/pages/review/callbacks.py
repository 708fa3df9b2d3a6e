"""What happens on the page Review."""

from __future__ import annotations

import functools
import json
from typing import Any

import dash
from dash import ALL, MATCH, ClientsideFunction, Input, Output, State, ctx, html

from tablemend.errors import SettingsError, TablemendError
from tablemend.records import Item
from tablemend.web.components import basics
from tablemend.web.identity import require
from tablemend.web.pages.review import acting, detail, predicting
from tablemend.web.pages.review.layout import head
from tablemend.web.site import Site


def callbacks(app: dash.Dash, site: Site) -> None:
    """Register them."""
    _in_the_browser(app)
    _asking(app)
    _acting(app, site)
    _looking(app, site)
    _predicting(app, site)
    _changing(app, site)
    _proposing(app, site)


def _client(app: dash.Dash, name: str, *bound: Any, **options: Any) -> None:
    """A function of assets/review.js, and what it is bound to."""
    app.clientside_callback(ClientsideFunction("review", name), *bound, **options)


def _in_the_browser(app: dash.Dash) -> None:
    client = functools.partial(_client, app)
    client("load", Output("review-facets", "title"), Input("review-run", "data"))
    client("search", Output("review-search", "error"), Input("review-search", "value"), prevent_initial_call=True)
    client(
        "refresh",
        Output("review-shown", "title"),
        Input("live-writes", "data"),
        Input("review-acted", "data"),
        State("review-run", "data"),
        prevent_initial_call=True,
    )
    client(
        "selected",
        Output("review-selected", "children"),
        *(Output(f"review-{name}", "disabled") for name in ("approve", "reject", "reopen")),
        Input("review-grid", "selectedRows"),
        Input("review-focus", "data"),
    )
    client(
        "look",
        Output("review-look", "data"),
        *(Input(f"review-{name}", "data") for name in ("focus", "acted", "ended")),
        prevent_initial_call=True,
    )
    client(
        "progress",
        Output("review-progress", "children"),
        Output("review-ended", "data"),
        Input("live-job", "data"),
        Input("review-job", "data"),
        State("review-run", "data"),
        prevent_initial_call=True,
    )


def _asking(app: dash.Dash) -> None:
    """What the buttons ask for, with the dialog that may stand between."""
    _client(
        app,
        "act",
        Output("review-act", "data"),
        Output("review-dialog", "opened"),
        Output("review-dialog-info", "data"),
        *(
            Input(f"review-{name}", "n_clicks")
            for name in ("approve", "reject", "reopen", "apply", "undo", "confirm", "confirm-apply", "cancel")
        ),
        State("review-grid", "selectedRows"),
        State("review-focus", "data"),
        State("review-dialog-info", "data"),
        State("review-run", "data"),
        State("review-note", "value"),
        State("review-rating", "value"),
        prevent_initial_call=True,
    )


def _acting(app: dash.Dash, site: Site) -> None:
    @app.callback(
        Output("review-acted", "data"),
        Output("review-job", "data"),
        Output("review-note", "value"),
        Output("review-rating", "value"),
        Input("review-act", "data"),
        prevent_initial_call=True,
    )
    def act(asked: dict[str, Any] | None) -> Any:
        if not asked:
            raise dash.exceptions.PreventUpdate
        done = acting.act(site, asked)
        _tell(*done.notices)
        return done.at, done.job or dash.no_update, "", 0

    @app.callback(
        Output("review-head", "children"),
        Input("review-ended", "data"),
        State("review-run", "data"),
        prevent_initial_call=True,
    )
    def ended(job: str | None, run: dict[str, str]) -> Any:
        if not job:
            raise dash.exceptions.PreventUpdate
        workspace = site.workspace
        _tell(acting.told(workspace.jobs.get(job)))
        return head(workspace, workspace.run(run["run"]))

    @app.callback(
        Output("review-head", "children", allow_duplicate=True),
        Input("live-regained", "data"),
        State("review-run", "data"),
        prevent_initial_call=True,
    )
    def regained(_: Any, run: dict[str, str]) -> Any:
        workspace = site.workspace
        return head(workspace, workspace.run(run["run"]))


def _looking(app: dash.Dash, site: Site) -> None:
    @app.callback(
        Output("review-detail", "children"),
        Input("review-look", "data"),
        State("review-run", "data"),
        prevent_initial_call=True,
    )
    def show(look: dict[str, Any] | None, run: dict[str, str]) -> Any:
        if not look:
            raise dash.exceptions.PreventUpdate
        return shown(site, run["run"], look["item"])

    @app.callback(
        Output({"kind": "review-cells-place", "item": MATCH}, "children"),
        Input({"kind": "review-cells", "item": MATCH}, "n_clicks"),
        State("review-run", "data"),
        State({"kind": "review-cells", "item": MATCH}, "id"),
        prevent_initial_call=True,
    )
    def cells(clicks: int | None, run: dict[str, str], place: dict[str, str]) -> Any:
        if not clicks:
            raise dash.exceptions.PreventUpdate
        start = (clicks - 1) * detail.PAGE
        found, total, removed = predicting.changed_cells(site.working, run["run"], place["item"], start)
        if removed:
            return predicting.removed(found, total)
        if not found:  # past the end: begin again
            return html.P(f"Those were all {total:,}.", className="tm-note")
        return detail.cells(found, total, start)


def _predicting(app: dash.Dash, site: Site) -> None:
    @app.callback(
        Output("review-dialog-text", "children"),
        Output("review-dialog-score", "children"),
        Output("review-predict", "data"),
        Input("review-dialog-info", "data"),
        prevent_initial_call=True,
    )
    def warn(info: dict[str, Any] | None) -> Any:
        if not info:
            raise dash.exceptions.PreventUpdate
        return predicting.warning(info), predicting.under_way(), info["ids"]

    @app.callback(
        Output("review-dialog-score", "children", allow_duplicate=True),
        Input("review-predict", "data"),
        State("review-run", "data"),
        prevent_initial_call=True,
    )
    def predict(ids: list[str] | None, run: dict[str, str]) -> Any:
        if not ids:
            raise dash.exceptions.PreventUpdate
        return predicting.predicted(site.working, run["run"], ids)


def shown(site: Site, run: str, item: str) -> Any:
    """One item of a run in detail."""
    workspace = site.workspace
    found = workspace.store.items.get(item, run)
    end = workspace.ends(run).get(found.id, "applied") if found.applied else ""
    return detail.detail(found, workspace.store.items.decisions(found.id), workspace.gate_of(run), end=end)


def _changing(app: dash.Dash, site: Site) -> None:
    @app.callback(
        Output({"kind": "review-chosen", "item": MATCH}, "children"),
        Input({"kind": "review-alternative", "item": MATCH, "n": ALL}, "n_clicks"),
        State("review-run", "data"),
        prevent_initial_call=True,
    )
    def choose(clicks: list[int | None], run: dict[str, Any]) -> Any:
        if not any(clicks):
            raise dash.exceptions.PreventUpdate
        require("decide")
        asked = ctx.triggered_id
        made = site.working.edit(asked["item"], run=run["run"], alternative=asked["n"])
        _show_anew(run, made)
        return ""

    @app.callback(
        Output({"kind": "review-params-error", "item": MATCH}, "children"),
        Input({"kind": "review-edit", "item": MATCH}, "n_clicks"),
        State({"kind": "review-params", "item": MATCH}, "value"),
        State({"kind": "review-params", "item": MATCH}, "id"),
        State("review-run", "data"),
        prevent_initial_call=True,
    )
    def edit(clicks: int | None, text: str, place: dict[str, str], run: dict[str, Any]) -> Any:
        if not clicks:
            raise dash.exceptions.PreventUpdate
        require("decide")
        try:
            made = site.working.edit(place["item"], run=run["run"], params=_params(text))
        except TablemendError as problem:
            return basics.notice("Not saved", f"{problem}.", hint=problem.hint or "")
        _show_anew(run, made)
        return ""


def _show_anew(run: dict[str, Any], made: Item) -> None:
    """Have the list and the details show an item as it is now."""
    dash.set_props("review-run", {"data": acting.reloaded(run)})
    dash.set_props("review-look", {"data": {"item": made.id, "turn": f"version {made.version} of {made.id}"}})
    _tell(acting.changed(made))


def _proposing(app: dash.Dash, site: Site) -> None:
    @app.callback(
        Output("review-propose-error", "children"),
        Input("review-propose", "n_clicks"),
        State("review-propose-operation", "value"),
        State("review-propose-columns", "value"),
        State("review-propose-params", "value"),
        State("review-run", "data"),
        prevent_initial_call=True,
    )
    def propose(clicks: int | None, operation: str, columns: str, text: str, run: dict[str, Any]) -> Any:
        if not clicks:
            raise dash.exceptions.PreventUpdate
        require("decide")
        named = [each.strip() for each in (columns or "").split(",") if each.strip()]
        try:
            made = site.working.propose((operation or "").strip(), named, _params(text or "{}"), run=run["run"])
        except TablemendError as problem:
            return basics.notice("Not proposed", f"{problem}.", hint=problem.hint or "")
        dash.set_props("review-run", {"data": acting.reloaded(run)})
        _tell(acting.changed(made, "Proposed"))
        return ""


def _tell(*notices: Any) -> None:
    """Show notices; as an output they would have the callback run whenever the page is drawn, since they are there."""
    dash.set_props("notices", {"sendNotifications": list(notices)})


def _params(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise SettingsError(f"the parameters are no JSON: {problem}", hint='Write them like {"value": 1}.') from problem
    if not isinstance(found, dict):
        raise SettingsError("the parameters are no JSON object", hint='Write them like {"value": 1}.')
    return found
