"""The page of a dataset: score, columns, findings, versions, what differs, downloads, recipe, schedule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, dcc, html

from tablemend.records import Source
from tablemend.store.datasets import told_location
from tablemend.web.address import Address, parse
from tablemend.web.components import asking, basics, datasets, following, marks, scores
from tablemend.web.doing import body, drawn, register
from tablemend.web.identity import require
from tablemend.web.page import Page
from tablemend.web.pages.dataset import columns, compare, downloads, findings, recipe, schedule, versions
from tablemend.web.pages.dataset.subject import Subject
from tablemend.web.site import Site

TABS: dict[str, tuple[str, Callable[[Subject], Any]]] = {
    "columns": ("Columns", columns.section),
    "findings": ("Findings", findings.section),
    "versions": ("Versions", versions.section),
    "compare": ("Compare", compare.section),
    "download": ("Download", downloads.section),
    "recipe": ("Recipe and SQL", recipe.section),
    "schedule": ("Schedule", schedule.section),
}
"""The parts of the page, by what the query string calls them."""

ACTIONS = {**schedule.ACTIONS, **following.ACTIONS}


def layout(site: Site, address: Address) -> Any:
    """The page of a dataset, or the list of all."""
    if not address.subject:
        return [basics.header("Datasets"), datasets.table(site.workspace.store.health.all())]
    return [asking.place("dataset"), html.Div(body("dataset", draw(site, address)), id="dataset-body")]


def draw(site: Site, address: Address) -> list[Any]:
    """Head, parts and the chosen part, with the state that they were drawn in."""
    subject = Subject(site, address)
    written = subject.store.writes_counted()
    return [
        following.place("dataset", written, mark(site, address)),
        _head(subject),
        _summary(subject),
        html.Div(chosen(subject)),
    ]


def mark(site: Site, address: Address) -> str:
    """Changes with a version, a scan, a decision and a schedule of the dataset."""
    workspace = site.workspace
    standing = next((each for each in workspace.store.health.all() if each.id == address.subject), None)
    schedules = [(each.id, each.enabled, each.last) for each in workspace.schedules.of(address.subject)]
    shown = standing and (standing.version, standing.score, standing.scan, standing.open, standing.approved)
    return following.mark_of((shown, schedules))


def chosen(subject: Subject) -> list[Any]:
    """The parts to choose from, and the chosen one."""
    name = subject.tab if subject.tab in TABS else "columns"
    return [_tabs(subject, name), _listed(TABS[name][1](subject))]


def _listed(content: Any) -> html.Div:
    found = content if isinstance(content, list) else [content]
    return html.Div([each for each in found if each is not None], className="tm-tab-body")


def _head(subject: Subject) -> Any:
    snapshot = subject.snapshot
    facts = [f"{snapshot.rows:,} rows", f"{len(snapshot.columns):,} columns", f"version {snapshot.version}"]
    facts += [f"key: {', '.join(snapshot.key)}"] if snapshot.key else []
    facts += [f"{snapshot.rejected_count:,} lines rejected"] if snapshot.rejected_count else []
    facts += [f"{snapshot.padded_count:,} short rows padded"] if snapshot.padded_count else []
    note = [html.Div(place(snapshot.source, subject.site.base.snapshots.folder)), html.Div(", ".join(facts))]
    again = asking.button("dataset", "Scan again", "rescan", then="review", dataset=subject.id)
    review = basics.link_button("Review", subject.review(), primary=True) if subject.scan else None
    return basics.header(subject.dataset.name, again, review, note=note, back=("Overview", "/"))


def place(source: Source, data: Path) -> str:
    """Where a table comes from, in words; where the server keeps what was uploaded is nobody's business."""
    parts = [source.kind, told_location(source, data)]
    parts += [f"table {source.table}"] if source.table else []
    parts += [f"sheet {source.sheet}"] if source.sheet else []
    parts += ["a query"] if source.sql else []
    return ", ".join(part for part in parts if part)


def _summary(subject: Subject) -> html.Div:
    overall = None if subject.score is None else subject.score.overall
    parts = [html.Div([marks.score(overall, size="large"), html.Div("score", className="tm-note")])]
    told = scores.dimensions(subject.score)
    return html.Div([*parts, told] if told is not None else parts, className="tm-summary")


def _tabs(subject: Subject, name: str) -> html.Div:
    counts = {"findings": len(subject.findings), "versions": subject.dataset.head}
    links = [
        dcc.Link(
            [title, html.Span(f" {counts[key]:,}", className="tm-note") if key in counts else None],
            href=_tab(subject, key),
            className="tm-tab tm-tab-current" if key == name else "tm-tab",
        )
        for key, (title, _) in TABS.items()
    ]
    nav = html.Nav(links, className="tm-tabs", **{"aria-label": "Parts of the page"})
    return html.Div([nav, _older(subject) if name in ("columns", "findings") else None])


def _tab(subject: Subject, key: str) -> str:
    """The address of a part, whole, so that what it shows first does not change it."""
    if key == "compare" and subject.dataset.head > 1:
        return subject.here(tab=key, before=subject.dataset.head - 1, after=subject.dataset.head)
    return subject.here(tab=key)


def _older(subject: Subject) -> html.P | None:
    """That what is shown is of an older version than the newest, where it is."""
    scanned = subject.scan.version if subject.scan else None
    if scanned is None or scanned == subject.dataset.head:
        return None
    told = f"These are of version {scanned}, which was scanned last. Scan again for what stands now."
    return html.P(told, className="tm-note tm-about")


def callbacks(app: dash.Dash, site: Site) -> None:
    """Change the part of the page with the query string, and show it again when work on it has ended."""
    asking.callbacks(app, site, "dataset")
    register(app, site, "dataset", ACTIONS, draw, name="datasets")
    following.callbacks(app, site, "dataset", mark)

    @app.callback(
        Output("dataset-body", "children", allow_duplicate=True),
        Input("dataset-again", "data"),
        State("address", "pathname"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    def again(done: str | None, path: str | None, search: str | None) -> Any:
        del done
        require("read")
        return turned(site, path, search)

    for function, inputs in (("versions", ("dataset-before", "dataset-after")), ("other", ("dataset-other",))):
        app.clientside_callback(
            ClientsideFunction("pages", function),
            Output("address", "search", allow_duplicate=True),
            *(Input(each, "value") for each in inputs),
            prevent_initial_call=True,
        )


def turned(site: Site, path: str | None, search: str | None) -> Any:
    """The page at an address; nothing where it is that of another page."""
    address = parse(path, search)
    if address.name != "datasets" or not address.subject:
        return dash.no_update
    return body("dataset", drawn(draw, site, address))


PAGE = Page(name="datasets", title="Datasets", layout=layout, callbacks=callbacks, icon="")
