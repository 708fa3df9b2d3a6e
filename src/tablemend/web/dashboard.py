"""The Dash app: the frame around every page, and the way from an address to a page."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import ClientsideFunction, Input, Output, State, dcc, html

from tablemend.errors import TablemendError
from tablemend.web.address import Address, parse
from tablemend.web.components import basics
from tablemend.web.identity import current, require
from tablemend.web.page import Page
from tablemend.web.site import Site
from tablemend.web.theme import THEME

_log = logging.getLogger(__name__)

_INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}<title>{%title%}</title>
    <link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">{%css%}
    <script src="/static/scheme.js"></script>
  </head>
  <body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>"""
"""`scheme.js` runs before anything is drawn, so that a dark page never flashes white."""


def pages() -> tuple[Page, ...]:
    """Every page, in the order of the navigation."""
    from tablemend.web.pages import add, conflicts, dataset, explore, intelligence, overview, review, runs, settings

    modules = (overview, add, dataset, review, conflicts, explore, intelligence, runs, settings)
    return tuple(module.PAGE for module in modules)


def make(site: Site) -> dash.Dash:
    """The Dash app of a site, with every page."""
    app = dash.Dash(
        "tablemend",
        assets_folder=str(folder() / "assets"),
        serve_locally=True,
        compress=False,  # bundles are compressed once, outside
        title="tablemend",
        update_title="",
        index_string=_INDEX,
        suppress_callback_exceptions=True,
        on_error=_told,
        enable_mcp=False,
        add_log_handler=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    known = {page.name: page for page in pages()}
    app.layout = lambda: _frame(known)
    _route(app, site, known)
    for page in known.values():
        page.callbacks(app, site)
    return app


def folder() -> Path:
    """Where the files that browsers load lie."""
    return Path(__file__).parent


def _frame(known: dict[str, Page]) -> Any:
    """The frame: head, navigation, the place of the page, and what is there on every page."""
    return dmc.MantineProvider(
        [
            dcc.Location(id="address", refresh="callback-nav"),
            dcc.Store(id="live-job"),  # the newest state of a job, from the stream of events
            dcc.Store(id="live-jobs", data={}),  # every job that is under way
            dcc.Store(id="live-writes"),  # the counter of writes: something was decided or applied, by whomever
            dcc.Store(id="live-regained"),  # when the stream was there again after it was cut
            dcc.Store(id="live-state"),  # whether the stream of events is connected
            dmc.NotificationContainer(id="notices", position="bottom-left", className="tm-notices", limit=4),
            html.A("Skip to content", href="#page", className="tm-skip"),
            html.Div(
                [
                    html.Header(_head(), className="tm-top"),
                    html.Nav(_navigation(known), className="tm-nav", id="navigation", **{"aria-label": "Main"}),
                    html.Main(html.Div(id="page"), className="tm-main", id="main", tabIndex=-1),
                ],
                className="tm-frame",
            ),
            _help(),
            html.Div(id="told", **{"aria-live": "polite", "className": "tm-hidden"}),
        ],
        theme=THEME,
        defaultColorScheme="auto",
        id="mantine",
    )


def _head() -> list[Any]:
    return [
        dcc.Link(
            [html.Span(className="tm-logo", **{"aria-hidden": "true"}), "tablemend"], href="/", className="tm-brand"
        ),
        html.Div(id="job-tray", className="tm-tray", role="status"),
        html.Button(
            "?",
            id="help-open",
            className="tm-round",
            type="button",
            title="Keyboard shortcuts (?)",
            **{"aria-label": "Keyboard shortcuts"},
        ),
        dmc.ColorSchemeToggle(
            lightIcon=basics.icon("sun"),
            darkIcon=basics.icon("moon"),
            size="md",
            variant="subtle",
            color="gray",
            **{"aria-label": "Light or dark"},
        ),
        html.Div(id="who"),
    ]


def _navigation(known: dict[str, Page]) -> list[Any]:
    return [
        dcc.Link(
            [basics.icon(page.icon), html.Span(page.title)],
            href=f"/{page.name}",
            className="tm-nav-link",
            id={"kind": "nav", "page": page.name},
        )
        for page in known.values()
        if page.icon
    ]


def _help() -> dmc.Modal:
    keys = (
        ("j / k", "next / previous item"),
        ("space", "select or unselect the item"),
        ("a", "approve what is selected, else the item"),
        ("r", "reject what is selected, else the item"),
        ("w / i / d", "set conflicts to in work, ignored, deleted"),
        ("o", "open it again"),
        ("u", "undo the last apply or decision"),
        ("/", "search"),
        ("Esc", "close, or clear the selection"),
        ("?", "this help"),
    )
    rows = [html.Div([html.Dt(html.Kbd(key)), html.Dd(text)], className="tm-fact") for key, text in keys]
    return dmc.Modal(
        html.Dl(rows, className="tm-facts"),
        id="help",
        title="Keyboard shortcuts",
        opened=False,
        closeButtonProps={"aria-label": "Close"},
    )


def _route(app: dash.Dash, site: Site, known: dict[str, Page]) -> None:
    @app.callback(
        Output("page", "children"),
        Output("who", "children"),
        Input("address", "pathname"),
        State("address", "search"),
    )
    def show(path: str | None, search: str | None) -> Any:
        return _page(site, known, parse(path, search)), _who()

    app.clientside_callback(
        ClientsideFunction("frame", "active"), Output("navigation", "className"), Input("address", "pathname")
    )
    app.clientside_callback(
        ClientsideFunction("frame", "toggle"),
        Output("help", "opened"),
        Input("help-open", "n_clicks"),
        State("help", "opened"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("live", "tray"), Output("job-tray", "children"), Input("live-jobs", "data")
    )
    app.clientside_callback(ClientsideFunction("live", "open"), Output("live-state", "data"), Input("mantine", "id"))


def _page(site: Site, known: dict[str, Page], address: Address) -> Any:
    page = known.get(address.name)
    if page is None:
        return [
            basics.header("There is no such page"),
            html.P(f"Nothing is at /{address.name}.", className="tm-about"),
            basics.link_button("Overview", "/"),
        ]
    try:
        require(page.right)
        return page.layout(site, address)
    except TablemendError as problem:
        return basics.failed(page.title, problem)


def _who() -> Any:
    person = current()
    return html.Form(
        [
            html.Span(person.name, title=f"signed in as {person.role}", className="tm-person"),
            html.Button("Sign out", type="submit", className="tm-plain"),
        ],
        action="/logout",
        method="post",
        className="tm-who",
    )


def _told(problem: Exception) -> Any:
    """Show what went wrong in a callback: in words where it is known, else with a reference into the log."""
    from tablemend.web.notices import failed

    dash.set_props("notices", {"sendNotifications": [failed(problem)]})
    return dash.no_update
