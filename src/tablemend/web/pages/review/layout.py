"""The page Review: what there is to decide, one item in detail, and what is selected."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from tablemend.errors import NotFound
from tablemend.records import Run
from tablemend.repair.operations import OPERATIONS
from tablemend.web.address import Address, path
from tablemend.web.components import basics, marks
from tablemend.web.components.allowed import bound, may, note
from tablemend.web.pages.review.grid import grid
from tablemend.web.site import Site
from tablemend.workspace import Workspace

NARROWS = ("check", "column", "decision", "text")
"""What the query of the address may narrow the list by."""

_STORES = ("focus", "look", "act", "job", "dialog-info", "predict", "acted", "ended", "cells-page")
_DECISIONS = (
    *(("", "All"), ("open", "Open"), ("approved", "Approved"), ("applied", "Applied")),
    *(("superseded", "Superseded"), ("rejected", "Rejected"), ("blocked", "Blocked")),
)


def layout(site: Site, address: Address) -> Any:
    """The page of one run, by default the newest one with something to decide."""
    workspace = site.workspace
    runs = workspace.reviewable()
    if not address.subject and not runs:
        return _nothing()
    run = workspace.run(address.subject) if address.subject else runs[0]
    narrowed = {name: address.query[name] for name in NARROWS if name in address.query}
    item = address.query.get("item", "")
    start = narrowed if narrowed or item else {"decision": "open"}
    about = {"run": run.id, "dataset": run.dataset, "kind": run.kind, "narrow": start, "item": item}
    return html.Div(
        [
            dcc.Store(id="review-run", data=about),
            *(dcc.Store(id=f"review-{name}") for name in _STORES),
            html.Div(head(workspace, run), id="review-head"),
            _missing(workspace, run, item) if item else None,
            _toolbar(start),
            html.Div(id="review-progress", className="tm-progress", role="status"),
            html.Div(
                [
                    html.Div(id="review-facets", className="tm-facets", role="group", **{"aria-label": "Groups"}),
                    html.Div(
                        [html.Div(grid(run.kind), className="tm-grid-box"), _selection()],
                        className="tm-grid-side",
                    ),
                    _detail(run),
                ],
                className="tm-review",
            ),
            _dialog(run),
        ],
        className="tm-review-page",
    )


def _missing(workspace: Workspace, run: Run, item: str) -> Any:
    """That the item that the address names is not in the run; nothing where it is."""
    try:
        workspace.store.items.get(item, run.id)
    except NotFound as problem:
        return basics.notice("This item is not in the list", f"{problem}.", hint="Choose another one below.")
    return None


def _nothing() -> Any:
    return html.Div(
        [
            basics.header("Review"),
            basics.empty(
                "There is nothing to review yet",
                "Scan a table: tablemend proposes repairs, each with its evidence, and you decide here.",
                basics.link_button("Add data", "/add", primary=True) if may("scan") else None,
            ),
        ]
    )


def head(workspace: Workspace, run: Run) -> Any:
    """The head of the page: dataset, its score now, and what can be done with all that is approved."""
    if run.kind != "scan" or not run.dataset:
        back = ("Intelligence", path("intelligence", run.id))
        unused = html.Div([_undo(disabled=True), _apply()], hidden=True)  # scripts of the page know them
        return basics.header("Review", unused, note=f"{run.kind} {run.id}", back=back)
    versions = workspace.versions(run.dataset)
    snapshot, now = versions[-1]
    newest = workspace.latest_scan(run.dataset)
    older = html.Span([" A newer scan has its own list: ", dcc.Link(newest.id, href=path("review", newest.id)), "."])
    return basics.header(
        snapshot.source.name,
        _undo(disabled=not workspace.standing_applies(run.dataset)),
        _apply(),
        back=("Dataset", path("datasets", run.dataset)),
        note=[
            "score ",
            marks.score(now.overall if now else None),
            f" · version {snapshot.version} · {snapshot.rows:,} rows · run {run.id}, ",
            basics.when(run.finished or run.started),
            older if newest.id != run.id else "",
        ],
    )


def _undo(*, disabled: bool) -> html.Button:
    given = {"data-key": "u"}
    made = html.Button(
        "Undo last apply", id="review-undo", className="tm-button", type="button", disabled=disabled, title="u", **given
    )
    return bound(made, "apply")


def _apply() -> html.Button:
    kind = "tm-button tm-button-primary"
    return bound(
        html.Button("Apply approved", id="review-apply", className=kind, type="button", disabled=True), "apply"
    )


def _toolbar(start: dict[str, str]) -> Any:
    return html.Div(
        [
            dmc.TextInput(
                id="review-search",
                value=start.get("text", ""),
                placeholder="Search",
                className="tm-search",
                **{"aria-label": "Search items"},
            ),
            html.Div(
                [
                    html.Button(
                        [text, html.Span(className="tm-count")],
                        className="tm-segment",
                        type="button",
                        **{"data-decision": value, "aria-pressed": "false"},
                    )
                    for value, text in _DECISIONS
                ],
                className="tm-segments",
                role="group",
                **{"aria-label": "Decision"},
            ),
            html.Span(id="review-shown", className="tm-note", role="status"),
        ],
        className="tm-toolbar",
    )


def _selection() -> Any:
    def button(name: str, text: str, key: str, right: str, more: str = "") -> html.Button:
        made = html.Button(
            [text, html.Kbd(key)],
            id=f"review-{name}",
            className=f"tm-button {more}".strip(),
            type="button",
            disabled=True,
            **{"data-key": key},
        )
        return bound(made, right)

    return html.Div(
        [
            html.Span("Nothing selected", id="review-selected", role="status"),
            button("approve", "Approve", "a", "approve", "tm-button-primary"),
            button("reject", "Reject", "r", "decide"),
            button("reopen", "Open again", "o", "decide"),
            note("decide") or note("approve"),
        ],
        className="tm-selection",
    )


def _detail(run: Run) -> Any:
    return html.Aside(
        [
            html.Div(_hint(), id="review-detail"),
            html.Div(_note(), id="review-note-box", className="tm-note-box", hidden=not may("decide")),
            _proposing() if run.kind == "scan" and may("decide") else None,
        ],
        className="tm-detail",
        **{"aria-label": "Item"},
    )


def _note() -> list[Any]:
    rating = dmc.Rating(id="review-rating", value=0)
    return [
        dmc.Textarea(
            id="review-note", label="Note", placeholder="Why? (kept with the decision)", autosize=True, minRows=1
        ),
        html.Div(
            [html.Span("Rating of the proposal", id="review-rating-label"), rating],
            className="tm-rating",
            role="group",
            **{"aria-labelledby": "review-rating-label"},
        ),
    ]


def _proposing() -> html.Details:
    return html.Details(
        [
            html.Summary("Propose a repair of your own"),
            dmc.Select(
                id="review-propose-operation",
                label="Operation",
                data=[{"value": name, "label": name.replace("_", " ")} for name in OPERATIONS],
                searchable=True,
            ),
            dmc.TextInput(id="review-propose-columns", label="Columns", placeholder="city, country"),
            dmc.Textarea(
                id="review-propose-params",
                label="Parameters (JSON)",
                placeholder='{"map": {"Barlin": "Berlin"}}',
                autosize=True,
                minRows=2,
            ),
            html.Div(id="review-propose-error", role="alert"),
            html.Button("Propose", id="review-propose", className="tm-button", type="button"),
        ],
        className="tm-more",
    )


def _hint() -> Any:
    return html.P("Choose an item to see why it is proposed, and what it would change. Press ? for the keys.")


def _dialog(run: Run) -> Any:
    apply = html.Button(
        "Approve and apply",
        id="review-confirm-apply",
        className="tm-button tm-button-primary" if run.kind == "scan" else "tm-hidden",
        type="button",
        disabled=run.kind != "scan",
        **{"data-autofocus": "true"},
    )
    return dmc.Modal(
        [
            html.Div(id="review-dialog-text"),
            html.Div(id="review-dialog-score", className="tm-predicted", role="status"),
            html.Div(
                [
                    bound(apply, "apply"),
                    bound(
                        html.Button("Approve only", id="review-confirm", className="tm-button", type="button"),
                        "approve",
                    ),
                    html.Button("Cancel", id="review-cancel", className="tm-button", type="button"),
                ],
                className="tm-actions",
            ),
        ],
        id="review-dialog",
        title="Approve",
        opened=False,
        size="lg",
        closeButtonProps={"aria-label": "Close"},
    )
