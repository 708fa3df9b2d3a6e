"""The kept conflicts of a job: how they stand, the list, one in detail, and what is selected."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
import msgspec
from dash import dcc, html

from tablemend.conflicts.listing import OPEN
from tablemend.web.components import basics
from tablemend.web.components.allowed import bound, may, note
from tablemend.web.pages.conflicts.grid import grid
from tablemend.web.pages.conflicts.subject import Subject

STANDINGS = (
    *((" ".join(OPEN[:2]), "Open"), ("W", "In work"), ("I", "Ignored"), ("R", "Resolved"), ("D", "Deleted")),
    ("", "All"),
)
"""Statuses that can be chosen together, and what they are called."""
NARROWS = ("status", "flag", "money", "differ", "text")
"""What the query of the address may narrow the list by."""
DECISIONS = (
    ("work", "In work", "w", "decide"),
    ("ignore", "Ignore", "i", "decide"),
    ("delete", "Delete", "d", "approve"),
    ("reopen", "Open again", "o", "decide"),
)
"""What can be decided: verb, caption, key, right."""
_STORES = ("focus", "look", "act", "acted", "everything", "last")


def section(subject: Subject) -> Any:
    """The list, or how it comes to be where nothing is kept yet."""
    if not subject.summary.total:
        run = basics.link_button("Run the job", subject.here(part="run"), primary=True) if may("scan") else None
        return basics.empty("No conflicts are kept yet", "A run reads the rows and judges them.", run, note("scan"))
    query = subject.address.query
    narrowed = {name: query[name] for name in NARROWS if name in query}
    item = query.get("conflict", "")
    start = narrowed if narrowed or item else {"status": STANDINGS[0][0]}
    about = {
        "job": subject.name,
        "narrow": start,
        "item": item,
        "summary": msgspec.to_builtins(subject.summary),
    }
    return html.Div(
        [
            dcc.Store(id="conflicts-about", data=about),
            *(dcc.Store(id=f"conflicts-{name}") for name in _STORES),
            _sums(subject),
            _toolbar(subject, start),
            html.Div(
                [
                    html.Div(id="conflicts-facets", className="tm-facets", role="group", **{"aria-label": "Rules"}),
                    html.Div([html.Div(grid(), className="tm-grid-box"), _selection()], className="tm-grid-side"),
                    _detail(),
                ],
                className="tm-review",
            ),
        ],
        className="tm-conflicts",
    )


def _sums(subject: Subject) -> html.Dl:
    """How many are open, and what they cost; a script fills it in, and keeps it up to date."""
    money = (("avoidance", "Can be avoided"), ("recovery", "Billed for both")) if subject.rules.money else ()
    told = (("open", "Open"), ("work", "In work"), *money, ("total", "Kept in all"))
    return html.Dl(
        [html.Div([html.Dt(title), html.Dd("–", **{"data-sum": name})], className="tm-sum") for name, title in told],
        className="tm-sums",
    )


def _toolbar(subject: Subject, start: dict[str, str]) -> html.Div:
    differ = subject.rules.differ.replace("_", " ")
    return html.Div(
        [
            dmc.TextInput(
                id="conflicts-search",
                value=start.get("text", ""),
                placeholder="Search by the beginning of an id",
                className="tm-search",
                debounce=300,
                **{"aria-label": "Search conflicts"},
            ),
            dmc.TextInput(
                id="conflicts-differ",
                value=start.get("differ", ""),
                placeholder=differ.capitalize(),
                className="tm-search-small",
                debounce=300,
                **{"aria-label": f"Only with a row of this {differ}"},
            )
            if differ
            else html.Div(id="conflicts-differ", hidden=True),
            html.Div(
                [
                    html.Button(
                        [text, html.Span(className="tm-count")],
                        className="tm-segment",
                        type="button",
                        **{"data-standing": value, "aria-pressed": "false"},
                    )
                    for value, text in STANDINGS
                ],
                className="tm-segments",
                role="group",
                **{"aria-label": "Status"},
            ),
            html.Span(id="conflicts-shown", className="tm-note", role="status"),
        ],
        className="tm-toolbar",
    )


def _selection() -> html.Div:
    """What is selected, and what can be done with it."""
    return html.Div(
        [
            html.Span("Nothing selected", id="conflicts-selected", role="status"),
            html.Button(
                "All that match",
                id="conflicts-all",
                className="tm-button",
                type="button",
                title="Decide on every conflict that matches, also those that are not listed yet",
                **{"aria-pressed": "false"},
            ),
            *(_button(*each) for each in DECISIONS),
            _button("undo", "Undo", "u", "decide"),
            note("decide") or note("approve"),
        ],
        className="tm-selection",
    )


def _button(name: str, text: str, key: str, right: str) -> html.Button:
    made = html.Button(
        [text, html.Kbd(key)],
        id=f"conflicts-{name}",
        className="tm-button",
        type="button",
        disabled=True,
        **{"data-key": key},
    )
    return bound(made, right)


def _detail() -> html.Aside:
    hint = html.P("Choose a conflict to see why both rows cannot be true. Press ? for the keys.")
    kept = dmc.Textarea(
        id="conflicts-note", label="Note", placeholder="Why? (kept with the decision)", autosize=True, minRows=1
    )
    return html.Aside(
        [
            html.Div(hint, id="conflicts-detail"),
            html.Div(kept, className="tm-note-box", hidden=not may("decide")),
        ],
        className="tm-detail",
        **{"aria-label": "Conflict"},
    )
