"""Clicks that change something: each has a name, needs a right, and redraws the page that it was made on.

A page has one callback for all its clicks. Its output lies in the part that is drawn anew, so that drawing it asks for
nothing: Dash calls back for new inputs only where their outputs were there before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import dash
from dash import ALL, Input, Output, State, ctx, dcc, html, set_props

from tablemend.errors import StateError, TablemendError
from tablemend.records import Record
from tablemend.web import notices
from tablemend.web.address import Address, parse
from tablemend.web.identity import require
from tablemend.web.site import Site


class Asked(Record, frozen=True, kw_only=True):
    """What a click asks for."""

    key: str = ""  # of the thing that it is about
    fields: dict[str, Any] = {}  # what stands in the fields of the page

    def text(self, name: str) -> str:
        """What stands in a field, without blanks around it."""
        return str(self.fields.get(name) or "").strip()


class Done(Record, frozen=True, kw_only=True):
    """What came of a click."""

    title: str = ""  # of a notice; empty: none
    message: Any = ""
    shown: Any = None  # put on the page, such as a secret that is shown once
    redraw: bool = True  # whether what the page shows has changed
    stores: dict[str, Any] = {}  # stores of the page, and what they hold from now on


class Action(Record, frozen=True, kw_only=True):
    """Something that a click does."""

    run: Callable[[Site, Asked], Done]
    right: str = "admin"
    blames: str = ""  # the field that an error is shown at; empty: a notice tells it


Actions = Mapping[str, Action]
Draw = Callable[[Site, Address], Any]


def carry_out(site: Site, actions: Actions, name: str, asked: Asked) -> Done:
    """Do what a click asks for; Forbidden where the right is lacking."""
    action = actions.get(name)
    if action is None:
        raise StateError(f"{name!r} is nothing that can be done here", hint="Reload the page.")
    require(action.right)
    return action.run(site, asked)


def body(page: str, children: Any, shown: Any = None) -> list[Any]:
    """The part of a page that is drawn anew: what it shows, and what a click has to tell."""
    return [
        dcc.Store(id={"kind": "done", "page": page}),
        html.Div(children),
        html.Div(shown, id={"kind": "shown", "page": page}, className="tm-shown", **{"aria-live": "polite"}),
    ]


def box(page: str, drawn: Any) -> html.Div:
    """Around the body."""
    return html.Div(body(page, drawn), id=f"{page}-body")


def register(app: dash.Dash, site: Site, page: str, actions: Actions, draw: Draw, *, name: str = "") -> None:
    """The callbacks of a page: its clicks, and its parts, which the query of its address names.

    `name` is the first part of its path where that is another word than the page.
    """

    @app.callback(
        Output({"kind": "done", "page": page}, "data"),
        Input({"kind": "do", "page": page, "do": ALL, "key": ALL}, "n_clicks"),
        State({"kind": "field", "page": page, "field": ALL}, "value"),
        State({"kind": "field", "page": page, "field": ALL}, "id"),
        State("address", "pathname"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    def click(_: Any, values: list[Any], ids: list[dict[str, str]], path: str, search: str) -> Any:
        if not ctx.triggered_id or not ctx.triggered[0]["value"]:
            return dash.no_update
        fields = {each["field"]: value for each, value in zip(ids, values, strict=True)}
        asked = Asked(key=ctx.triggered_id["key"], fields=fields)
        do = ctx.triggered_id["do"]
        try:
            done = carry_out(site, actions, do, asked)
        except TablemendError as problem:
            blamed = actions[do].blames if do in actions else ""
            if blamed not in fields:
                raise
            _clear(page, fields, but=blamed)
            set_props({"kind": "field", "page": page, "field": blamed}, {"error": said(problem)})
            return dash.no_update
        _show(page, fields, done, draw, site, parse(path, search))
        return dash.no_update

    @app.callback(
        Output(f"{page}-body", "children"),
        Input("address", "search"),
        State("address", "pathname"),
        prevent_initial_call=True,
    )
    def part(search: str, path: str) -> Any:
        address = parse(path, search)
        return body(page, drawn(draw, site, address)) if address.name == (name or page) else dash.no_update


def drawn(draw: Draw, site: Site, address: Address) -> Any:
    """What a page shows at an address, or why it cannot."""
    from tablemend.web.components import basics

    try:
        return draw(site, address)
    except TablemendError as problem:
        return basics.failed(address.name.capitalize(), problem)


def said(problem: TablemendError) -> str:
    """An error as it stands at a field."""
    return f"{problem}. {problem.hint or ''}".strip()


def _show(page: str, fields: Mapping[str, Any], done: Done, draw: Draw, site: Site, address: Address) -> None:
    for name, held in done.stores.items():
        set_props(name, {"data": held})
    if done.title:
        set_props("notices", {"sendNotifications": [notices.done(done.title, done.message)]})
    if done.redraw:
        set_props(f"{page}-body", {"children": body(page, drawn(draw, site, address), done.shown)})
    else:
        _clear(page, fields)
        set_props({"kind": "shown", "page": page}, {"children": done.shown})


def _clear(page: str, fields: Mapping[str, Any], *, but: str = "") -> None:
    """Take errors of an earlier click away; hidden fields have none."""
    for name in fields:
        if name not in (but, "before"):
            set_props({"kind": "field", "page": page, "field": name}, {"error": None})
