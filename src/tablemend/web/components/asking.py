"""Buttons of a page that hand work to the workers, and following it to its end.

A button carries what it asks for in `data-ask`; a script puts it into a store when the button is pressed. So a page
of a thousand buttons has one callback, which does not run before somebody presses one.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, dcc, html

from tablemend.errors import StateError, TablemendError
from tablemend.web import notices
from tablemend.web.components.allowed import bound
from tablemend.web.identity import require
from tablemend.web.site import Site

ASKED = {"rescan": ("scan", "dataset"), "undo": ("apply", "change_set"), "cancel": ("scan", "job")}
"""What can be asked for here → the right that it takes, and the one argument that it is given.

A browser can send anything: a source or a target would let it name files of the server.
"""


def place(page: str) -> html.Div:
    """Where a page keeps what was asked for, and shows how far it is."""
    return html.Div(
        [
            dcc.Store(id=f"{page}-ask"),
            dcc.Store(id=f"{page}-waiting"),
            dcc.Store(id=f"{page}-again"),
            html.Div(id=f"{page}-progress", role="status", className="tm-progress"),
        ]
    )


def button(page: str, text: str, verb: str, *, then: str = "again", name: str = "", **arguments: Any) -> html.Button:
    """A button that asks for a piece of work; `then` says what follows its end: `again`, `review` or `intel`.

    `name` is what it is called where the text alone does not say what it is about. It is off for whoever may not ask.
    """
    asked = {"page": page, "verb": verb, "then": then, "arguments": arguments}
    told = {"aria-label": name} if name else {}
    made = html.Button(text, type="button", className="tm-button", **{"data-ask": json.dumps(asked)}, **told)
    return bound(made, ASKED[verb][0])


def callbacks(app: dash.Dash, site: Site, page: str) -> None:
    """Hand over what is asked for on a page, and follow it."""

    @app.callback(
        Output(f"{page}-waiting", "data"),  # and none that is there before the page: Dash would call when it is drawn
        Input(f"{page}-ask", "data"),
        State(f"{page}-waiting", "data"),
        prevent_initial_call=True,
    )
    def hand_over(asked: dict[str, Any] | None, waiting: dict[str, Any] | None) -> Any:
        now, said = submit(site, asked, waiting)
        if said is not dash.no_update:
            dash.set_props("notices", {"sendNotifications": said})
        return now

    app.clientside_callback(
        ClientsideFunction("pages", "follow"),
        Output(f"{page}-progress", "children"),
        Input("live-jobs", "data"),
        Input(f"{page}-waiting", "data"),
        State(f"{page}-waiting", "id"),
        prevent_initial_call=True,
    )


def submit(site: Site, asked: dict[str, Any] | None, waiting: dict[str, Any] | None = None) -> tuple[Any, Any]:
    """What the page waits for from now on, and what is said at once."""
    if not asked:
        return dash.no_update, dash.no_update
    verb, arguments = str(asked.get("verb", "")), dict(asked.get("arguments") or {})
    try:
        if verb not in ASKED or set(arguments) != {ASKED[verb][1]}:
            raise StateError(f"{verb!r} cannot be asked for like that here", hint="Reload the page.")
        require(ASKED[verb][0])
        if verb == "cancel":
            site.workspace.jobs.cancel(str(arguments["job"]))
            return dash.no_update, dash.no_update
        job = site.submit(verb, **arguments)
    except TablemendError as problem:
        return waiting or None, [notices.failed(problem)]
    return waiting_for(job.id, str(asked.get("then", "again"))), dash.no_update


def waiting_for(job: str, then: str, *, name: str = "") -> dict[str, Any]:
    """What a page waits for, and what follows; the mark tells two waits for one job apart.

    `name` is what the job works on, where its subject would say less to the person who waits.
    """
    return {"job": job, "then": then, "mark": secrets.token_hex(4)} | ({"name": name} if name else {})
