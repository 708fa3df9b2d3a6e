"""What others change while a page is looked at: told calmly, and shown when asked for, so that nothing typed is lost.

A page marks the state that it was drawn in; its place is drawn anew with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import dash
import msgspec
from dash import ClientsideFunction, Input, Output, State, dcc, html

from tablemend.web.address import Address, parse
from tablemend.web.components import forms
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.identity import require
from tablemend.web.site import Site

Mark = Callable[[Site, Address], str]
"""What tells apart two states of what a page shows at an address."""


def place(page: str, written: int, mark: str) -> html.Div:
    """Where a page keeps how it was drawn: at which counter of writes, in which state."""
    return html.Div(
        [
            dcc.Store(id=f"{page}-seen", data=written),
            dcc.Store(id=f"{page}-due"),
            dcc.Store(id=f"{page}-mark", data=mark),
            html.Div(id=f"{page}-news", role="status"),
        ]
    )


def mark_of(state: Any) -> str:
    """A mark of anything that JSON can hold."""
    return hashlib.sha256(msgspec.json.encode(state)).hexdigest()


def waits(app: dash.Dash, page: str) -> None:
    """Notice writes, once it is quiet for a moment: `due` of the page changes."""
    app.clientside_callback(
        ClientsideFunction("pages", "due"),
        Output(f"{page}-due", "data"),
        Input("live-writes", "data"),
        State(f"{page}-seen", "data"),
        State(f"{page}-seen", "id"),
        prevent_initial_call=True,
    )


def callbacks(app: dash.Dash, site: Site, page: str, mark: Mark) -> None:
    """Say on a page that what it shows has changed since."""
    waits(app, page)

    @app.callback(
        Output(f"{page}-news", "children"),
        Input(f"{page}-due", "data"),
        State(f"{page}-mark", "data"),
        State("address", "pathname"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    def tell(due: int | None, drawn: str, path: str, search: str) -> Any:
        del due
        require("read")
        return news(page, same=mark(site, parse(path, search)) == drawn)


def news(page: str, *, same: bool) -> Any:
    """That it has changed, with the way to see it; nothing where it is the same."""
    if same:
        return None
    told = html.Span("This has changed since it was drawn.")
    return html.Div([told, forms.button(page, "show", "Show")], className="tm-news")


def _show(site: Site, asked: Asked) -> Done:
    del site, asked
    return Done()


ACTIONS = {"show": Action(run=_show, right="read")}
"""What a click on it does."""
